"""HTTP/2 as others speak it: curl, nghttp, h2load and Python's h2; and what it may carry and an origin must not see."""

import collections
import http.server
import os
import re
import socket
import ssl
import subprocess
import threading
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import postern
import pytest
import web
from conftest import BIG, OBJECTS, s3_origin
from parts import process

MIB = 1 << 20


class Bucket(http.server.BaseHTTPRequestHandler):
    """An S3 server that counts what reaches it. Every key has 24 MiB of zeros, but `/…/small`: five bytes. It does
    not look at the signature."""

    protocol_version = "HTTP/1.1"
    wbufsize = 0
    seen, sent = [], collections.Counter()

    def log_message(self, *_):
        pass

    def do_GET(self):
        type(self).seen.append(self.path)
        size = 5 if "small" in self.path else 24 * MIB
        self.send_response(200)
        for name, value in (("Content-Length", size), ("ETag", '"zeros"'), ("Content-Type", "text/plain"),
                            ("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")):
            self.send_header(name, str(value))
        self.end_headers()
        try:
            while size:
                count = self.connection.send(bytes(min(size, 65536)))
                size -= count
                type(self).sent[self.path] += count
        except OSError:
            self.close_connection = True


@pytest.fixture(scope="module")
def bucket():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def start(build, authority, folder, bucket):
    running = []

    def begin(name, **limits):
        tls, plain = process.free_ports(2)
        certificate, key = authority.issue(f"http2-{name}", "localhost", "files.test", "zeros.test")
        one = postern.Postern(os.path.join(build, f"http2-{name}"), {
            "listeners": {"tls": {"address": f"127.0.0.1:{tls}",
                                  "tls": {"certificate": [certificate], "key": [f"file:{key}"]}},
                          "plain": {"address": f"127.0.0.1:{plain}"}},
            "origins": {"files": {"directory": folder}, "zeros": {"s3": {
                "bucket": "zeros", "region": "us-east-1", "addressing": "path",
                "endpoint": f"http://127.0.0.1:{bucket.server_address[1]}",
                "access_key_id": "nobody", "secret_access_key": "nothing"}}},
            "sites": {name: {"hosts": [f"{name}.test:{port}" for port in (tls, plain)], "origin": name,
                             "rules": {"/**": "anyone"}} for name in ("files", "zeros")},
            "limits": limits, "session_keys": [postern.secret()]})
        one.tls, one.plain, one.authority = tls, plain, authority.certificate
        running.append(one)
        return one

    yield begin
    for one in running:
        one.stop()


@pytest.fixture(scope="module")
def daemon(start):
    return start("shared")


def accesses(daemon):
    return [record for record in daemon.records() if record.get("kind") == "access"]


# Command line clients

def curl(daemon, path, *arguments, tls=True, site="files"):
    port = daemon.tls if tls else daemon.plain
    scheme = "https" if tls else "http"
    return subprocess.run(
        ["curl", "-sS", "--cacert", daemon.authority, "--max-time", "20", "--connect-to",
         f"{site}.test:{port}:127.0.0.1:{port}", *arguments, f"{scheme}://{site}.test:{port}{path}"],
        capture_output=True, timeout=30)


@pytest.mark.parametrize("tls", [True, False])
def test_curl_gets_objects(daemon, tls):
    version = "--http2" if tls else "--http2-prior-knowledge"
    for key in ("hello.txt", "big.bin", "empty.txt"):
        got = curl(daemon, f"/{key}", version, "-w", "%{stderr}%{http_version} %{http_code}", tls=tls)
        assert (got.stdout, got.stderr) == (OBJECTS[key], b"2 200")
    got = curl(daemon, "/big.bin", version, "-r", "1000-1999", tls=tls)
    assert got.stdout == BIG[1000:2000]
    got = curl(daemon, "/hello.txt", version, "-I", tls=tls)
    assert got.stdout.startswith(b"HTTP/2 200") and b"content-length: 24" in got.stdout


def test_curl_that_asks_for_an_upgrade_gets_http_1(daemon):
    got = curl(daemon, "/hello.txt", "--http2", "-w", "%{stderr}%{http_version}", tls=False)
    assert (got.stdout, got.stderr) == (OBJECTS["hello.txt"], b"1.1")


def test_curl_that_speaks_only_http_1_is_answered_so(daemon):
    got = curl(daemon, "/hello.txt", "--http1.1", "-w", "%{stderr}%{http_version}")
    assert (got.stdout, got.stderr) == (OBJECTS["hello.txt"], b"1.1")


def test_curl_sends_a_body_that_nobody_wants(daemon):
    got = curl(daemon, "/hello.txt", "--http2", "-w", "%{stderr}%{http_version} %{http_code}", "--data-binary",
               "@" + postern.BINARY)
    assert got.stderr.endswith(b"2 405"), got


def test_nghttp_gets_many_at_once(daemon):
    run = subprocess.run(
        ["nghttp", "-ns", "-m", "50", "-H", f":authority: files.test:{daemon.tls}",
         f"https://127.0.0.1:{daemon.tls}/big.bin"], capture_output=True, text=True, timeout=60)
    assert len(re.findall(r" 200 +\S+ /big.bin", run.stdout)) == 50, run.stdout + run.stderr


@pytest.mark.parametrize("path,count,streams", [("/hello.txt", 20000, 100), ("/big.bin", 60, 20)])
def test_h2load_loses_nothing(daemon, path, count, streams):
    run = subprocess.run(
        ["h2load", "-n", str(count), "-c", "10", "-m", str(streams), "-H", f":authority: files.test:{daemon.tls}",
         f"https://127.0.0.1:{daemon.tls}{path}"], capture_output=True, text=True, timeout=120)
    assert f"{count} succeeded, 0 failed, 0 errored, 0 timeout" in run.stdout, run.stdout + run.stderr
    assert f"status codes: {count} 2xx" in run.stdout


# Python's h2

class Client:
    """A connection that Python's h2 speaks on. `stalled` streams are not acknowledged."""

    def __init__(self, port, *, tls=None, name="files.test", strict=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # windows come in two small writes
        if tls:
            tls.set_alpn_protocols(["h2", "http/1.1"])
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
            assert self.socket.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=strict, normalize_outbound_headers=strict))
        self.h2.initiate_connection()
        self.authority = f"{name}:{port}"
        self.status, self.bodies, self.ended, self.resets = {}, collections.defaultdict(bytearray), set(), {}
        self.stalled, self.goaways, self.closed = set(), [], False
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def get(self, path, method="GET", fields=(), end=True, **pseudo):
        stream = self.h2.get_next_available_stream_id()
        head = {"method": method, "scheme": "https", "authority": self.authority, "path": path, **pseudo}
        self.h2.send_headers(stream, [(f":{name}", value) for name, value in head.items()] + list(fields), end)
        self.flush()
        return stream

    def read(self):
        """One read; False at the end of the connection."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.h2.receive_data(data):
            stream = getattr(event, "stream_id", None)
            if isinstance(event, h2.events.ResponseReceived):
                self.status[stream] = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[stream] += event.data
                if stream in self.stalled:
                    self.h2.increment_flow_control_window(event.flow_controlled_length)
                else:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(stream)
            elif isinstance(event, h2.events.StreamReset):
                self.resets[stream] = event.error_code
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.goaways.append((event.last_stream_id, event.error_code))
        try:
            self.flush()
        except OSError:
            pass
        return True

    def finish(self, *streams):
        while not all(one in self.ended or one in self.resets for one in streams):
            if not self.read():
                return False
        return True


def test_python_gets_objects(daemon, trusting):
    with Client(daemon.tls, tls=trusting) as client:
        streams = {client.get(f"/{key}"): key for key in ("hello.txt", "style.css", "empty.txt", "big.bin") * 2}
        assert client.finish(*streams)
        for stream, key in streams.items():
            assert client.status[stream] == 200 and bytes(client.bodies[stream]) == OBJECTS[key]


def test_the_log_says_2(daemon, trusting):
    with Client(daemon.tls, tls=trusting) as client:
        stream = client.get("/no-such-thing-http2")
        assert client.finish(stream) and client.status[stream] == 404
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        mine = [one for one in accesses(daemon) if one["path"] == "/no-such-thing-http2"]
        if mine:
            break
        time.sleep(0.05)
    assert [(one["version"], one["status"], one["site"]) for one in mine] == [("2", 404, "files")]


def test_a_stream_that_is_not_read_slows_its_origin_and_no_other(daemon, trusting):
    with Client(daemon.tls, tls=trusting, name="zeros.test") as client:
        slow = client.get("/stalled.bin")
        client.stalled.add(slow)
        while len(client.bodies[slow]) < 65535:
            assert client.read()
        fast = [client.get(f"/fast-{index}.bin") for index in range(2)]
        assert client.finish(*fast), client.goaways
        assert all(len(client.bodies[one]) == 24 * MIB for one in fast)
        assert len(client.bodies[slow]) == 65535
        # What the kernel and one buffer on either side hold, and no more.
        sent = sum(count for path, count in Bucket.sent.items() if "stalled" in path)
        assert sent < 16 * MIB, sent
        # It goes on when it is wanted.
        client.stalled.discard(slow)
        client.h2.increment_flow_control_window(1 << 30, slow)
        client.flush()
        assert client.finish(slow) and len(client.bodies[slow]) == 24 * MIB


@pytest.mark.parametrize("count", [50, 300])
def test_streams_share_fairly(start, daemon, trusting, count):
    if count > 100:
        daemon = start("hundreds", streams_per_connection=400)
    with Client(daemon.tls, tls=trusting) as client:
        client.read()  # how many streams there may be
        streams = [client.get("/big.bin") for _ in range(count)]
        while sum(map(len, client.bodies.values())) < 30 * MIB:
            assert client.read()
        counts = [len(client.bodies[one]) for one in streams]
        assert min(counts) > 30 * MIB / count / 3 and max(counts) < 4 * min(counts), counts


def test_a_client_with_wide_windows_is_heard_while_it_is_sent_a_lot(daemon, trusting):
    with Client(daemon.tls, tls=trusting) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 << 10)
        client.read()
        client.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1 << 28})
        client.h2.increment_flow_control_window(1 << 30)
        large = [client.get("/big.bin") for _ in range(60)]
        received = lambda: sum(map(len, client.bodies.values()))
        while received() < 4 * MIB:
            assert client.read()
        before = received()
        small = client.get("/hello.txt")
        assert client.finish(small) and client.status[small] == 200
        assert received() - before < 12 * MIB, "another request is answered beside what is sent"
        for one in large:
            client.h2.reset_stream(one, h2.errors.ErrorCodes.CANCEL)
        before, last = received(), client.get("/hello.txt")
        assert client.finish(last) and client.status[last] == 200
        assert received() - before < 12 * MIB, "what is taken back is sent no longer"


def test_a_stream_that_is_taken_back_ends_at_the_origin(daemon, trusting):
    with Client(daemon.tls, tls=trusting, name="zeros.test") as client:
        for index in range(20):
            stream = client.get(f"/taken-back-{index}.bin")
            while len(client.bodies[stream]) < 30000:
                assert client.read()
            client.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
            client.flush()
        stream = client.get("/small")
        assert client.finish(stream) and client.status[stream] == 200
    assert sum(count for path, count in Bucket.sent.items() if "taken-back" in path) < 20 * 16 * MIB


# What HTTP/1 cannot say

UNSPEAKABLE = [
    {"fields": [("x", "a\r\nx-evil: b")]}, {"fields": [("x", "a\nb")]}, {"fields": [("x", "a\rb")]},
    {"fields": [("x", "a\0b")]}, {"fields": [("x:y", "a")]}, {"fields": [("x\r\ny", "a")]}, {"fields": [("x y", "a")]},
    {"fields": [("", "a")]}, {"fields": [("X-Upper", "a")]}, {"fields": [("x_y", "a")]},
    {"fields": [("transfer-encoding", "chunked")]}, {"fields": [("connection", "close")]},
    {"fields": [("upgrade", "h2c")]}, {"fields": [("te", "gzip")]}, {"fields": [("host", "other.test")]},
    {"fields": [("content-length", "5")]}, {"fields": [("content-length", "0"), ("content-length", "5")]},
    {"fields": [(":foo", "a")]}, {"fields": [(":path", "/evil")]}, {"fields": [("x", "x\r\n:path : /evil")]},
    {"method": "GET / HTTP/1.1\r\nX: y"}, {"method": "GE T"}, {"method": ""}, {"method": "CONNECT"},
    {"path": "/a b"}, {"path": "/a\tb"}, {"path": "/ HTTP/1.1\r\nX: y"}, {"path": "/a#b"}, {"path": "//evil.test/"},
    {"path": "/a/../b"}, {"path": "/%2e%2e/b"}, {"path": "/%zz"}, {"path": "*"}, {"path": ""}, {"path": "evil"},
    {"path": "http://other.test/"}, {"scheme": "http://evil/?"}, {"scheme": "ftp"}, {"scheme": "HTTPS"},
    {"authority": "zeros.test/x"}, {"authority": "u@zeros.test"}, {"authority": "zeros test"},
    {"authority": "zeros.test:x"}, {"authority": ""}, {"authority": "other.test"},
]


@pytest.mark.parametrize("change", UNSPEAKABLE, ids=lambda change: repr(change)[:60])
def test_what_http_1_cannot_say_never_reaches_an_origin(daemon, trusting, change):
    before = len(Bucket.seen)
    with Client(daemon.tls, tls=trusting, name="zeros.test", strict=False) as client:
        stream = client.get(**{"path": "/small", **change})
        assert client.finish(stream)
        assert client.status.get(stream, 400) in (400, 404, 405, 421), client.status
        assert client.resets.get(stream, 1) == 1
        assert len(Bucket.seen) == before
        # The next request on the same connection is a request like any.
        stream = client.get("/small")
        assert client.finish(stream) and client.status[stream] == 200
        assert len(Bucket.seen) == before + 1


def test_a_body_that_is_longer_than_told_never_reaches_an_origin(daemon, trusting):
    before = len(Bucket.seen)
    with Client(daemon.tls, tls=trusting, name="zeros.test", strict=False) as client:
        stream = client.get("/small", method="POST", fields=[("content-length", "3")], end=False)
        client.h2.send_data(stream, b"GET /evil HTTP/1.1\r\nhost: a\r\n\r\n", end_stream=True)
        client.flush()
        assert client.finish(stream)
    assert len(Bucket.seen) == before


# Attacks, by raw frames

def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def block(authority, path="/stalled.bin", more=b""):
    fields = [(":method", "GET"), (":scheme", "https"), (":authority", authority), (":path", path)]
    return b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                    for name, value in fields) + more


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4)
ATTACKS = {
    "rapid reset": lambda n, a: frame(1, 5, 2 * n + 1, block(a)) + frame(3, 0, 2 * n + 1, bytes([0, 0, 0, 8])),
    "made you reset": lambda n, a: frame(1, 5, 2 * n + 1, block(a)) + 2 * frame(8, 0, 2 * n + 1, b"\x7f\xff\xff\xff"),
    "malformed heads": lambda n, a: frame(1, 5, 2 * n + 1, block(a, more=b"\0\x02te\x04gzip")),
    "ping": lambda n, a: frame(6, 0, 0, bytes(8)),
    "settings": lambda n, a: frame(4, 0, 0, bytes([0, 1, 0, 0, 16 * (n & 1), 0])),
    "priority": lambda n, a: frame(2, 0, 2 * n + 1, bytes(4) + b"\x10"),
    "unknown": lambda n, a: frame(77, 0, 0, b"x"),
    "window": lambda n, a: frame(8, 0, 0, bytes([0, 0, 0, 1])),
    "empty data": lambda n, a: (frame(1, 4, 1, block(a)) if n == 0 else b"") + frame(0, 0, 1),
    "continuation": lambda n, a: (frame(1, 1, 1, block(a)) if n == 0 else b"") + frame(9, 0, 1, b"\x82" * 8),
    "bombs": lambda n, a: frame(1, 5, 2 * n + 1, block(
        a, more=b"\x40\x01x\x7f\x81\x1e" + b"v" * 4000 + b"\xbe" * 12000)),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_its_connection_and_harms_no_other(start, name, attacked=[]):
    if not attacked:
        attacked.append(start("attacked"))
    daemon = attacked[0]
    authority = f"zeros.test:{daemon.plain}"
    slowest, stop = [0.0], threading.Event()

    def well_behaved():
        with Client(daemon.plain) as client:
            while not stop.is_set():
                begin = time.monotonic()
                stream = client.get("/hello.txt")
                assert client.finish(stream) and client.status[stream] == 200
                slowest[0] = max(slowest[0], time.monotonic() - begin)
        slowest.append("done")

    web.request(daemon.plain, "/hello.txt", host=f"files.test:{daemon.plain}")
    other = threading.Thread(target=well_behaved)
    other.start()
    cpu = process.cpu_seconds(daemon.pid)
    with postern.MemoryWatch(daemon) as watch:
        with socket.create_connection(("127.0.0.1", daemon.plain), timeout=10) as attacker:
            sent, got = 0, b""
            try:
                attacker.sendall(PREFACE)
                for batch in range(1000):
                    attacker.sendall(b"".join(ATTACKS[name](batch * 20 + one, authority) for one in range(20)))
                    sent += 20
                while part := attacker.recv(65536):
                    got += part
            except OSError:
                pass
        time.sleep(0.2)
    stop.set()
    other.join(20)
    assert slowest[-1] == "done" and slowest[0] < 2, slowest
    assert sent < 20000 or got.rfind(b"\x07\0\0\0\0\0") > 0 or not got
    assert watch.growth < 12 * MIB, watch.growth
    assert process.cpu_seconds(daemon.pid) - cpu < 3
    with Client(daemon.plain) as client:
        stream = client.get("/hello.txt")
        assert client.finish(stream) and client.status[stream] == 200


# The end

def test_a_daemon_that_goes_down_finishes_what_runs(start, trusting):
    daemon = start("drained")
    slow = subprocess.Popen(
        ["curl", "-sS", "--http2", "--cacert", daemon.authority, "--limit-rate", "12M", "--connect-to",
         f"files.test:{daemon.tls}:127.0.0.1:{daemon.tls}", f"https://files.test:{daemon.tls}/big.bin"],
        stdout=subprocess.PIPE)
    with Client(daemon.tls, tls=trusting) as idle:
        stream = idle.get("/hello.txt")
        assert idle.finish(stream)
        assert slow.stdout.read(1000) == BIG[:1000]
        daemon.terminate()
        while idle.read():
            pass
        assert idle.goaways == [(2**31 - 1, 0), (stream, 0)]
    assert slow.stdout.read() == BIG[1000:] and slow.wait(20) == 0
    assert daemon.process.wait(10) == 0
