"""Clients that keep asking for something, each on a thread of its own, and that count every request that was not
answered in full. They do what RFC 9110, 9112 and 9113 ask of a client, and none of them tries anything twice."""

import collections
import http.client
import socket
import ssl
import threading
import time

import hpack
import hyperframe.frame as frames
import web


class Lost(Exception):
    """A request that was not answered as it should have been."""


class Client(threading.Thread):
    """`objects` maps paths to what they hold; `pause` is what lies between two requests, in seconds; `headers` go with
    each request of HTTP/1.1."""

    def __init__(self, name, port, host, objects, *, tls=None, pause=0.01, headers=None):
        super().__init__(name=name, daemon=True)
        self.headers = headers or {}
        self.port, self.host, self.objects, self.tls, self.pause = port, host, objects, tls, pause
        self.done, self.lost, self.connections, self.stopped = 0, [], 0, threading.Event()

    def run(self):
        while not self.stopped.is_set():
            try:
                self.serve()
            except (OSError, ssl.SSLError, Lost, http.client.HTTPException, EOFError) as error:
                self.lost.append(f"{self.name}, after {self.done}: {error!r}")

    def connect(self, timeout=20):
        connection = web.connect(self.port, tls=self.tls, name=self.host.split(":")[0], timeout=timeout)
        self.connections += 1
        return connection

    def paths(self):
        while not self.stopped.is_set():
            yield from self.objects

    def check(self, path, status, body):
        if status != 200 or bytes(body) != self.objects[path]:
            raise Lost(f"{path}: {status}, {len(body)} of {len(self.objects[path])} bytes")
        self.done += 1
        self.stopped.wait(self.pause)


class Fresh(Client):
    """HTTP/1.1, a connection for each request."""

    def serve(self):
        for path in self.paths():
            with self.connect() as connection:
                connection.sendall(web.head("GET", path, self.host, {"Connection": "close"}))
                answer = web.read_answer(connection)
            self.check(path, answer.status, answer.body)


class Kept(Client):
    """HTTP/1.1, one connection for as long as the server keeps it. It does not try again where the server closes it
    without an answer: that is a request lost."""

    def serve(self):
        with self.connect() as connection:
            for path in self.paths():
                connection.sendall(web.head("GET", path, self.host, self.headers))
                answer = web.read_answer(connection)
                self.check(path, answer.status, answer.body)
                if (answer.get("connection") or "").lower() == "close":
                    return


class Slow(Client):
    """HTTP/1.1, an object that is taken over `seconds`."""

    seconds = 3

    def serve(self):
        path, whole = max(self.objects.items(), key=lambda one: len(one[1]))
        with self.connect() as connection:
            connection.sendall(web.head("GET", path, self.host))
            response = web.read_answer(connection, body=False)
            body, start = bytearray(), time.monotonic()
            while part := response.read(65536):
                body += part
                time.sleep(max(0, start + self.seconds * len(body) / len(whole) - time.monotonic()))
            self.check(path, response.status, body)


class Multiplexed(Client):
    """HTTP/2, `streams` at a time. After a GOAWAY it asks for nothing more there, and what the GOAWAY leaves must be
    answered. A request that is refused could be sent again; here it counts as lost."""

    streams = 8

    def serve(self):
        with self.connect() as self.connection:
            self.bodies, self.wanted, self.statuses, self.taken = collections.defaultdict(bytearray), {}, {}, 0
            self.encoder, self.decoder, self.last, self.next, self.rest = hpack.Encoder(), hpack.Decoder(), None, 1, b""
            self.connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames.SettingsFrame(
                0, settings={frames.SettingsFrame.INITIAL_WINDOW_SIZE: 1 << 30}).serialize())
            self.widen(1 << 24)
            paths = self.paths()
            while True:
                while self.last is None and len(self.wanted) < self.streams and (path := next(paths, None)):
                    self.ask(path)
                if not self.wanted:
                    return
                self.read()

    def widen(self, count):
        window = frames.WindowUpdateFrame(0)
        window.window_increment = count
        self.connection.sendall(window.serialize())

    def ask(self, path):
        block = self.encoder.encode([
            (":method", "GET"), (":scheme", "https" if self.tls else "http"), (":authority", self.host),
            (":path", path)])
        self.connection.sendall(frames.HeadersFrame(
            self.next, data=block, flags=["END_HEADERS", "END_STREAM"]).serialize())
        self.wanted[self.next] = path
        self.next += 2

    def read(self):
        data = self.connection.recv(1 << 16)
        if not data:
            raise Lost(f"the connection ended, and {len(self.wanted)} requests were open; GOAWAY {self.last}")
        data, at = self.rest + data, 0
        while len(data) - at >= 9:
            frame, length = frames.Frame.parse_frame_header(memoryview(data)[at:at + 9])
            if len(data) - at < 9 + length:
                break
            frame.parse_body(memoryview(data)[at + 9:at + 9 + length])
            at += 9 + length
            self.take(frame)
        self.rest = data[at:]

    def take(self, frame):
        if isinstance(frame, frames.HeadersFrame):
            self.statuses[frame.stream_id] = int(dict(self.decoder.decode(frame.data))[":status"])
        elif isinstance(frame, frames.DataFrame):
            self.bodies[frame.stream_id] += frame.data
            self.taken += len(frame.data)
            if self.taken > 1 << 22:
                self.widen(self.taken)
                self.taken = 0
        elif isinstance(frame, (frames.SettingsFrame, frames.PingFrame)) and "ACK" not in frame.flags:
            if isinstance(frame, frames.PingFrame):
                answer = frames.PingFrame(0, opaque_data=frame.opaque_data, flags=["ACK"])
            else:
                answer = frames.SettingsFrame(0, flags=["ACK"])
            self.connection.sendall(answer.serialize())
        elif isinstance(frame, frames.GoAwayFrame):
            self.last = frame.last_stream_id
            refused = [path for stream, path in self.wanted.items() if stream > self.last]
            if frame.error_code or refused:
                raise Lost(f"GOAWAY {frame.error_code}, last {self.last}, refused: {refused}")
        elif isinstance(frame, frames.RstStreamFrame):
            raise Lost(f"stream {frame.stream_id} was reset: {frame.error_code}")
        if "END_STREAM" in frame.flags and not isinstance(frame, frames.SettingsFrame):
            self.check(self.wanted.pop(frame.stream_id), self.statuses.pop(frame.stream_id),
                       self.bodies.pop(frame.stream_id, b""))


class Load:
    """Several clients for as long as a block of code runs."""

    def __init__(self, *clients):
        self.clients = clients

    def __enter__(self):
        for one in self.clients:
            one.start()
        return self

    def __exit__(self, *_):
        for one in self.clients:
            one.stopped.set()
        for one in self.clients:
            one.join(30)

    @property
    def lost(self):
        return [line for one in self.clients for line in one.lost]

    @property
    def done(self):
        return {one.name: one.done for one in self.clients}
