"""An app behind Postern that does as the path says, well or badly, byte by byte; what reached it is kept."""

import json
import os
import socket
import struct
import threading
import time


class Asked:
    """One request as it came over the wire."""

    def __init__(self, head):
        self.head = head
        line, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = line.split(" ")
        self.fields = [(name.lower(), value.strip()) for name, _, value in (one.partition(":") for one in fields if one)]
        self.body, self.whole = b"", False

    def all(self, name):
        return [value for one, value in self.fields if one == name.lower()]

    def get(self, name):
        return next(iter(self.all(name)), None)


class App:
    """On a TCP port, or a Unix socket in `directory`; with `tls`, an SSLContext, over TLS."""

    def __init__(self, directory=None, tls=None):
        self.tls = tls
        self.asked, self.lock, self.connections = [], threading.Lock(), 0
        if directory:
            self.path = os.path.join(directory, "app.sock")
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
            self.listener.listen(64)
        else:
            self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            # What an app does not take is felt soon.
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            self.port = self.listener.getsockname()[1]
            self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def last(self, target):
        with self.lock:
            return [one for one in self.asked if one.target == target][-1]

    def count(self, target):
        with self.lock:
            return sum(one.target == target for one in self.asked)

    def wait(self, target, ready=lambda one: True, seconds=5):
        """The request of that target, once it is there and `ready`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self.lock:
                for one in self.asked:
                    if one.target == target and ready(one):
                        return one
            time.sleep(0.01)
        raise AssertionError(f"{target} did not come")

    def serve(self, connection):
        connection.settimeout(20)
        if self.tls:
            try:
                connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError:
                return
        stream = connection.makefile("rb")
        try:
            while self.answer(connection, stream):
                pass
        except (OSError, ValueError):
            pass
        finally:
            stream.close()
            connection.close()

    @staticmethod
    def take(asked, stream, limit=None):
        """The body, as the framing says and to the letter."""
        if asked.get("transfer-encoding") == "chunked":
            while True:
                size = int(stream.readline().strip(), 16)
                asked.body += App.exactly(stream, size)
                assert App.exactly(stream, 2) == b"\r\n"
                if size == 0:
                    break
        else:
            left = int(asked.get("content-length") or 0)
            while left and (limit is None or len(asked.body) < limit):
                piece = stream.read1(min(left, 65536))
                if not piece:
                    raise ValueError("cut")
                asked.body += piece
                left -= len(piece)
            if left:
                return
        asked.whole = True

    @staticmethod
    def exactly(stream, size):
        data = stream.read(size)
        if len(data) != size:
            raise ValueError("cut")
        return data

    def answer(self, connection, stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return False
            head += line
        asked = Asked(head[:-4])
        with self.lock:
            self.asked.append(asked)
        kind = asked.target.split("?")[0].strip("/").split("/")

        def send(text, body=b""):
            connection.sendall(text.replace("\n", "\r\n").encode() + body)

        match kind[0] if kind[0] != "base" else kind[1]:
            case "early":
                send("HTTP/1.1 413 Content Too Large\nContent-Length: 5\nConnection: close\n\n", b"small")
                time.sleep(0.05)
                return False
            case "early-and-stays":
                send("HTTP/1.1 200 OK\nContent-Length: 5\n\n", b"early")
                time.sleep(0.3)
                return False
            case "closes":
                self.take(asked, stream, limit=1000)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case "stalls":
                time.sleep(3)
                return False
            case "duplex":
                send("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n")
                for _ in range(3):
                    piece = stream.read1(65536)
                    send(f"{len(piece):x}\n", piece + b"\r\n")
                send("0\n\n")
                return False
            case "slow":
                time.sleep(3)
                return False
            case "switch":
                send("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: upgrade\n\n")
                return False
        self.take(asked, stream)
        match kind[0] if kind[0] != "base" else kind[1]:
            case "echo":
                text = json.dumps({"method": asked.method, "target": asked.target, "fields": asked.fields,
                                   "body": asked.body.decode("latin-1") if len(asked.body) < 5000 else len(asked.body)})
                send(f"HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: {len(text)}\n\n",
                     text.encode() if asked.method != "HEAD" else b"")
            case "status":
                text = f"the app says {kind[1]}".encode() if kind[1] not in ("204", "304") else b""
                send(f"HTTP/1.1 {kind[1]} Thus\nContent-Type: text/plain\nX-App: yes\nServer: leaky\n"
                     f"Cache-Control: public, max-age=60\nContent-Length: {len(text)}\n\n", text)
            case "cookies":
                send("HTTP/1.1 200 OK\nSet-Cookie: theirs=1; Path=/\nSet-Cookie: postern=stolen\n"
                     "Set-Cookie: __Host-postern.1=stolen\nSet-Cookie: postern-browser=stolen\nSet-Cookie: postern2=1\n"
                     "Content-Length: 0\n\n")
            case "hops":
                send("HTTP/1.1 200 OK\nConnection: x-secret, keep-alive\nX-Secret: 1\nKeep-Alive: timeout=9\n"
                     "Upgrade: h2c\nAlt-Svc: h3=\":443\"\nProxy-Authenticate: Basic\nTrailer: x\nX-Kept: 1\n"
                     "Content-Length: 2\n\n", b"ok")
            case "interim":
                send("HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\n"
                     "Content-Length: 2\n\n", b"ok")
            case "huge":
                send("HTTP/1.1 200 OK\n" + "".join(f"X-{one}: {'a' * 1000}\n" for one in range(90)) + "\n")
            case "both":
                send("HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked\n\n", b"0\r\n\r\n")
            case "short":
                send("HTTP/1.1 200 OK\nContent-Length: 100\n\n", b"ten bytes.")
                return False
            case "until-close":
                send("HTTP/1.0 200 OK\nContent-Type: text/plain\n\n", b"until the end")
                return False
            case "split":
                send("HTTP/1.1 200 OK\nContent-Length: 2\n\n", b"okHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nevil!!")
            case _:
                send("HTTP/1.1 404 Not Found\nContent-Length: 7\n\n", b"no such" if asked.method != "HEAD" else b"")
        return asked.get("connection") != "close"
