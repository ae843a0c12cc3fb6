"""Every limit, driven through the program: it takes effect, is counted under the name of its option, and where it ends a
connection it is the reason that the metrics give."""

import contextlib
import json
import os
import re
import socket
import ssl
import time

import postern
import pytest
import web
from parts import process

HOST = "limits.test"
FRAMES = {"headers": 1, "priority": 2, "reset": 3, "settings": 4, "ping": 6, "window": 8, "continuation": 9}


class Program:
    """A daemon with small limits, and what it counts."""

    def __init__(self, directory, folder, authority, limits):
        self.plain, self.tls = process.free_ports(2)
        certificate, key = authority.issue("limits", HOST)
        self.daemon = postern.Postern(directory, {
            "workers": 1,
            "listeners": {
                "plain": {"address": f"127.0.0.1:{self.plain}"},
                "tls": {"address": f"127.0.0.1:{self.tls}", "tls": {"certificate": certificate, "key": f"file:{key}"}}},
            "origins": {"folder": {"directory": folder}}, "limits": limits,
            "sites": {"one": {"hosts": [self.host], "origin": "folder", "rules": {"/**": "anyone"}}}})
        self.open = []

    @property
    def host(self):
        return f"{HOST}:{self.plain}"

    def count(self, metric, label, value, listener):
        text = web.request(self.daemon.admin, "/metrics", host="localhost").text
        found = re.findall(
            rf'^postern_{metric}{{listener="{listener}",{label}="{value}"}} ([0-9]+)$', text, re.M)
        return sum(map(int, found))

    def connect(self, secure=False, buffer=None):
        one = socket.socket()
        one.settimeout(5)
        if buffer:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        one.connect(("127.0.0.1", self.tls if secure else self.plain))
        self.open.append(one)
        return one

    def send(self, data, **options):
        one = self.connect(**options)
        with contextlib.suppress(OSError):
            one.sendall(data)
        return one

    def get(self, target="/hello.txt", fields=None):
        return web.head("GET", target, self.host, fields)

    def post(self, length):
        return web.head("POST", "/.auth/logout", self.host, {
            "Content-Type": "application/x-www-form-urlencoded",
            **({"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)})})

    # HTTP/2

    @staticmethod
    def frame(kind, flags=0, stream=0, payload=b""):
        return len(payload).to_bytes(3, "big") + bytes([FRAMES[kind], flags]) + stream.to_bytes(4, "big") + payload

    PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])

    def head(self, stream, target="/hello.txt", more=b"", flags=5):
        fields = [(":method", "GET"), (":scheme", "http"), (":authority", self.host), (":path", target)]
        return self.frame("headers", flags, stream, b"".join(
            b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
            for name, value in fields) + more)

    def speak(self, *frames):
        return self.send(self.PREFACE + b"".join(frames))


def read_answers(one):
    with contextlib.suppress(OSError):
        while one.recv(65536):
            pass


def slowly(one, piece, pause, count):
    for _ in range(count):
        with contextlib.suppress(OSError):
            one.sendall(piece)
        time.sleep(pause)


def read_slowly(one, size, pause, count):
    for _ in range(count):
        with contextlib.suppress(OSError):
            one.recv(size)
        time.sleep(pause)


CASES = {
    "request_line": ({"request_line": "1KiB"}, lambda it: it.send(it.get("/" + 2000 * "a"))),
    "fields_size": ({"fields_size": "1KiB"}, lambda it: it.send(it.get(fields={"X-A": 2000 * "a"}))),
    "fields_count": ({"fields_count": 10}, lambda it: it.send(it.get(fields={f"X-{one}": "a" for one in range(20)}))),
    "body_size": ({"body_size": "1KiB"}, lambda it: it.send(it.post(None) + b"7d0\r\n" + 2000 * b"a")),
    "connections": ({"connections": 4}, lambda it: [it.connect() for _ in range(6)]),
    "connections_per_address": ({"connections_per_address": 3}, lambda it: [it.connect() for _ in range(5)]),
    "requests_per_connection": ({"requests_per_connection": 2}, lambda it: read_answers(it.send(it.get() + it.get()))),
    "streams_per_connection": ({"streams_per_connection": 2}, lambda it: it.speak(
        it.frame("settings", 1), *(it.head(2 * one + 1, "/big.bin") for one in range(3)))),
    "http2_resets": ({"http2_resets": 20}, lambda it: it.speak(*(
        it.head(2 * one + 1) + it.frame("reset", 0, 2 * one + 1, bytes([0, 0, 0, 8])) for one in range(50)))),
    "http2_refusals": ({"http2_refusals": 20}, lambda it: it.speak(*(
        it.head(2 * one + 1, more=b"\0\x02te\x04gzip") for one in range(50)))),
    "http2_idle_frames": ({"http2_idle_frames": 100}, lambda it: it.speak(200 * it.frame("ping", 0, 0, bytes(8)))),
    "http2_continuations": ({"http2_continuations": 2}, lambda it: it.speak(
        it.head(1, flags=1), 5 * it.frame("continuation", 0, 1))),
    "tls_handshakes": ({"tls_handshakes": 2}, lambda it: [it.connect(secure=True) for _ in range(4)]),
    "tls_handshake_timeout": ({"tls_handshake_timeout": "200ms"}, lambda it: it.connect(secure=True)),
    "head_timeout": ({"head_timeout": "200ms"}, lambda it: it.send(b"GET / HT")),
    "idle_timeout": ({"idle_timeout": "200ms"}, lambda it: it.send(it.get())),
    "read_timeout": ({"read_timeout": "200ms"}, lambda it: it.send(it.post(100) + b"a=")),
    "min_read_rate": ({"read_timeout": "400ms", "min_read_rate": "1MiB"}, lambda it: slowly(
        it.send(it.post(100)), b"a", 0.1, 10)),
    "write_timeout": ({"write_timeout": "300ms"}, lambda it: it.send(it.get("/big.bin"), buffer=4096)),
    "min_write_rate": ({"write_timeout": "400ms", "min_write_rate": "1MiB"}, lambda it: read_slowly(
        it.send(it.get("/big.bin"), buffer=4096), 2000, 0.02, 60)),
    "request_timeout": ({"request_timeout": "600ms"}, lambda it: it.send(it.get("/big.bin"), buffer=4096)),
}
"""What sets each limit low, and what goes beyond it."""


@pytest.fixture
def start(build, folder, authority, request):
    running = []

    def run(limits):
        name = re.sub(r"[^a-z0-9_]+", "-", request.node.name)[:60]
        running.append(Program(os.path.join(build, name), folder, authority, limits))
        return running[0]

    yield run
    for one in running:
        for connection in one.open:
            connection.close()
        one.daemon.stop()


@pytest.mark.parametrize("limit", CASES)
def test_a_limit_ends_its_connection_under_its_own_name(start, limit):
    limits, exceed = CASES[limit]
    program = start(limits)
    begin = time.monotonic()
    exceed(program)
    listener = "tls" if limit.startswith("tls_") else "plain"
    while not program.count("connections_closed_total", "reason", limit, listener):
        if not limit.endswith(("_timeout", "_rate", "_handshakes")):
            for one in program.open:  # who does not end its side is lingered for
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_WR)
        assert time.monotonic() - begin < 6, web.request(program.daemon.admin, "/metrics", host="localhost").text
        time.sleep(0.05)
    assert program.count("limits_reached_total", "limit", limit, listener) >= 1


STREAM_CASES = {
    "fields_size": ({"fields_size": "1KiB"}, lambda it: it.head(1, more=b"\0\x01a\x7f\xd1\x0e" + 2000 * b"a")),
    "fields_count": ({"fields_count": 10}, lambda it: it.head(
        1, more=b"".join(b"\0\x03x-" + bytes([97 + one]) + b"\x01a" for one in range(20)))),
    "write_timeout": ({"write_timeout": "200ms"}, lambda it: it.head(1, "/big.bin") + it.head(3, "/big.bin")),
    "request_timeout": ({"request_timeout": "200ms"}, lambda it: it.head(1, "/big.bin")),
    "streams_per_connection": ({"streams_per_connection": 2}, lambda it: b"".join(
        it.head(2 * one + 1, "/big.bin") for one in range(3))),
}


def test_a_body_that_is_announced_too_large_is_counted_as_well(start):
    program = start({"body_size": "1KiB"})
    one = program.send(program.post(2000) + 2000 * b"a")
    assert web.read_answer(one, method="POST").status == 413
    one.sendall(program.get())
    assert web.read_answer(one).status == 200, "it was dropped, and the connection goes on"
    assert program.count("limits_reached_total", "limit", "body_size", "plain") == 1


@pytest.mark.parametrize("limit", STREAM_CASES)
def test_a_limit_on_a_stream_is_counted_as_well(start, limit):
    limits, frames = STREAM_CASES[limit]
    program = start(limits)
    begin = time.monotonic()
    one = program.speak(frames(program))
    while not program.count("limits_reached_total", "limit", limit, "plain"):
        assert time.monotonic() - begin < 4
        time.sleep(0.05)
    if limit == "write_timeout":
        return  # nobody takes anything there, and the connection ends
    assert not program.count("connections_closed_total", "reason", limit, "plain")
    one.sendall(program.frame("ping", 0, 0, b"12345678"))
    got = b""
    while b"12345678" not in got:
        part = one.recv(65536)
        assert part, "the connection goes on"
        got += part


def test_no_limit_is_left_out():
    page = open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "metrics.md")).read()
    named = re.findall(r"`([a-z0-9_]+)`", re.search(r"^\| `limit` \| (.*) \|$", page, re.M)[1])
    # Two have tests elsewhere: beyond the descriptor limit, and below.
    assert set(named) == set(CASES) | {"descriptors", "drain_timeout"}


def test_what_the_drain_timeout_cuts_is_logged_so(start):
    program = start({"drain_timeout": "300ms"})
    one = program.send(program.get("/big.bin"), buffer=4096)
    assert one.recv(100).startswith(b"HTTP/1.1 200")
    program.daemon.stop()
    lines = [json.loads(line) for line in program.daemon.process.log_text().splitlines() if line.startswith("{")]
    assert [line["outcome"] for line in lines if line["kind"] == "access"][-1] == "draining"


def test_refusals_are_told_to_the_operator_in_few_lines(start):
    program = start({"connections_per_address": 3})
    many = [program.connect() for _ in range(300)]
    end = time.monotonic() + 5
    while program.count("connections_closed_total", "reason", "connections_per_address", "plain") < 297:
        assert time.monotonic() < end
        time.sleep(0.05)
    lines = [line for line in program.daemon.process.log_text().splitlines() if "went beyond a limit" in line]
    assert len(lines) == 1, lines
    event = json.loads(lines[0])
    assert (event["limit"], event["peer"], event["listener"], event["times"]) == (
        "connections_per_address", "127.0.0.1", "plain", 1)
    assert event["level"] == "warning" and many


def test_idle_connections_of_one_listener_make_room_for_clients_of_another(start):
    program = start({"connections": 10})
    for _ in range(10):
        program.send(program.get()).recv(1)
    for number in range(3):
        one = program.connect(secure=True)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(one, server_hostname=HOST) as secure:
            secure.sendall(web.head("GET", "/hello.txt", f"{HOST}:{program.tls}"))
            assert secure.recv(100).startswith(b"HTTP/1.1 "), number
        assert program.count("connections_closed_total", "reason", "displaced", "plain") >= 1


def test_handshakes_that_do_not_go_on_make_room_where_connections_are_at_their_limit(start):
    program = start({"connections": 10, "tls_handshakes": 100, "tls_handshake_timeout": "60s"})
    for _ in range(10):
        program.connect(secure=True)
    time.sleep(0.5)
    one = program.send(program.get())
    assert one.recv(100).startswith(b"HTTP/1.1 200")
    assert program.count("connections_closed_total", "reason", "tls_handshakes", "tls") == 1
