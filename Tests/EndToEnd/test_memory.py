"""Streams are streamed: memory does not follow their size, nor the slowness of who reads them."""

import hashlib
import http.server
import os
import socket
import threading
import time

import postern
import pytest
import web
from conftest import s3_origin
from parts import process

GIB = 1 << 30
MIB = 1 << 20
ALLOWED = 8 * MIB


class Zeros(http.server.BaseHTTPRequestHandler):
    """An S3 server with one object of 5 GiB of zeros under every key. It does not look at the signature."""

    protocol_version = "HTTP/1.1"
    size = 5 * GIB
    sent = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        for name, value in (("Content-Length", self.size), ("Content-Type", "application/octet-stream"),
                            ("ETag", '"zeros"'), ("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")):
            self.send_header(name, str(value))
        self.end_headers()
        block, left = memoryview(bytes(MIB)), self.size
        try:
            while left and self.command == "GET":
                count = self.connection.send(block[: min(left, MIB)])
                left -= count
                type(self).sent += count
        except OSError:
            self.close_connection = True

    do_HEAD = do_GET


@pytest.fixture(scope="module")
def daemon(build, weed, tmp_path_factory):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Zeros)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("sparse")
    with open(folder / "sparse.bin", "wb") as target:
        target.truncate(5 * GIB)
    port = process.free_port()
    origins = {"zeros": s3_origin(weed, endpoint=f"http://127.0.0.1:{server.server_address[1]}"),
               "weed": s3_origin(weed), "sparse": {"directory": str(folder)}}
    one = postern.Postern(os.path.join(build, "memory"), {
        "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "workers": 1, "origins": origins,
        "session_keys": [postern.secret()],
        "sites": {name: {"hosts": [f"{name}.test:{port}"], "origin": name, "rules": {"/**": "anyone"}}
                  for name in origins}})
    one.port = port
    one.host = lambda site: f"{site}.test:{port}"
    for site in ("zeros", "sparse"):  # what it needs once
        web.request(port, "/sparse.bin", host=one.host(site), method="HEAD")
    yield one
    one.stop()
    server.shutdown()


def download(daemon, site, target, limit=None):
    """Reads the whole body, or `limit` bytes of it; its length."""
    connection = web.connect(daemon.port, timeout=60)
    connection.sendall(web.head("GET", target, daemon.host(site), {"Connection": "close"}))
    response = web.read_answer(connection, body=False)
    assert response.status == 200
    buffer, total = bytearray(4 * MIB), 0
    while count := response.readinto(buffer):
        total += count
        if limit and total >= limit:
            break
    connection.close()
    return total


@pytest.mark.parametrize("site", ["sparse", "zeros"])
def test_five_gibibytes_pass_without_staying(daemon, site):
    begin = time.monotonic()
    with postern.MemoryWatch(daemon) as memory:
        assert download(daemon, site, "/sparse.bin") == 5 * GIB
    print(f"{site}: {5 * 1024 / (time.monotonic() - begin):.0f} MiB/s, memory grew by {memory.growth / MIB:.1f} MiB")
    assert memory.growth < ALLOWED


def test_a_gibibyte_out_of_a_real_bucket(daemon, weed):
    block = hashlib.shake_128(b"one block").digest(MIB)
    weed.writer.put("gib.bin", [block] * 1024, "application/octet-stream")
    with postern.MemoryWatch(daemon) as memory:
        assert download(daemon, "weed", "/gib.bin") == GIB
    weed.writer.request("DELETE", "gib.bin")
    assert memory.growth < ALLOWED


@pytest.mark.parametrize("site", ["sparse", "zeros"])
def test_a_reader_of_100_kibibytes_a_second_slows_the_store_down(daemon, site):
    Zeros.sent = 0
    readers = []
    for _ in range(8):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        one.settimeout(10)
        one.connect(("127.0.0.1", daemon.port))
        one.sendall(web.head("GET", "/sparse.bin", daemon.host(site)))
        readers.append(one)
    with postern.MemoryWatch(daemon) as memory:
        for _ in range(20):
            time.sleep(0.25)
            for one in readers:
                assert one.recv(25600)
    for one in readers:
        one.close()
    assert memory.growth < ALLOWED
    assert Zeros.sent < 8 * 32 * MIB, "the store was read ahead of its readers"


def test_readers_that_leave_leave_nothing(daemon):
    handles = lambda: len(os.listdir(f"/proc/{daemon.pid}/fd"))
    before, memory = handles(), daemon.resident()
    for _ in range(40):
        assert download(daemon, "zeros", "/sparse.bin", limit=MIB) >= MIB
        assert download(daemon, "sparse", "/sparse.bin", limit=MIB) >= MIB
    end = time.monotonic() + 10
    while handles() > before + 12 and time.monotonic() < end:
        time.sleep(0.2)
    assert handles() <= before + 12, os.popen(f"ls -l /proc/{daemon.pid}/fd").read()
    assert daemon.resident() - memory < ALLOWED


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


H2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def idle_client(port, host, version):
    """A connection that has been served once."""
    one = web.connect(port)
    if version == 1:
        one.sendall(web.head("GET", "/hello.txt", host))
        assert web.read_answer(one).status == 200
        return one
    fields = [(":method", "GET"), (":scheme", "http"), (":authority", host), (":path", "/hello.txt"),
              ("user-agent", "a browser of today, more or less, and of yesterday")]
    block = b"".join(b"\x40" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                     for name, value in fields)
    one.sendall(H2 + len(block).to_bytes(3, "big") + bytes([1, 5, 0, 0, 0, 1]) + block + bytes([0, 0, 0, 4, 1, 0, 0, 0, 0]))
    got = b""
    while b"24 bytes of text." not in got:
        got += one.recv(65536)
    return one


@pytest.mark.parametrize("version, kibibytes", [(1, 3), (2, 12)])
def test_what_an_idle_connection_holds(build, folder, version, kibibytes):
    port = process.free_port()
    host = f"idle.test:{port}"
    tree = {"workers": 1, "listeners": {"plain": {"address": f"127.0.0.1:{port}"}},
            "origins": {"folder": {"directory": folder}}, "log": {"access": "off"},
            "limits": {"connections_per_address": 10_000},
            "sites": {"idle": {"hosts": [host], "origin": "folder", "rules": {"/**": "anyone"}}}}
    with postern.Postern(os.path.join(build, f"idle-{version}"), tree) as daemon:
        first = [idle_client(port, host, version) for _ in range(100)]
        time.sleep(1.5)
        before = resident(daemon.pid)
        many = [idle_client(port, host, version) for _ in range(800)]
        time.sleep(1.5)  # after a second it gives back what it can
        assert (resident(daemon.pid) - before) / len(many) < kibibytes
        for one in first + many:
            one.close()
