"""When descriptors run out new clients are turned away, and the running ones finish. Memory that is not there ends a
program, and so what clients can make this one use is bounded by its limits: docs/reference.md says by how much, and the
loads here are the worst that the limits allow."""

import functools
import hashlib
import http.server
import re
import resource
import socket
import ssl
import subprocess
import threading
import time

import hpack
import hyperframe.frame as frames
import postern
import pytest
import web
from parts import process
from test_process import wait_until

KIB, MIB = 1 << 10, 1 << 20
CONNECTIONS = 60
# What the reference names for a connection with its streams; and room for what a worker keeps, and the allocator does
# not give back.
STREAMS = 100
PER_CONNECTION, PER_WORKER = 448 * KIB + STREAMS * (8 + 4) * KIB, 24 * MIB


@pytest.fixture
def daemon(authority, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "small.txt").write_bytes(b"x" * 1000)
    with open(site / "big.bin", "wb") as file:
        file.truncate(64 * MIB)
    plain, tls = process.free_ports(2)
    certificate, key = authority.issue("exhaustion", "localhost")
    with postern.Postern(tmp_path / "run", {
            "listeners": {"plain": {"address": f"127.0.0.1:{plain}"},
                          "tls": {"address": f"127.0.0.1:{tls}",
                                  "tls": {"certificate": certificate, "key": f"file:{key}"}}},
            "workers": 1, "limits": {"connections": CONNECTIONS}, "log": {"access": "off"},
            "origins": {"folder": {"directory": str(site)}},
            "sites": {"docs": {"hosts": [f"localhost:{plain}", f"localhost:{tls}"], "origin": "folder",
                               "rules": {"/**": "anyone"}}}}) as one:
        one.plain, one.tls = plain, tls
        one.context = ssl.create_default_context(cafile=authority.certificate)
        for _ in range(20):  # what it needs once
            web.request(plain, "/big.bin", host=f"localhost:{plain}")
            web.request(tls, "/small.txt", host=f"localhost:{tls}", tls=one.context)
        yield one


def serves(daemon):
    try:
        return web.request(
            daemon.tls, "/small.txt", host=f"localhost:{daemon.tls}", tls=daemon.context).status == 200
    except (OSError, web.http.client.HTTPException):  # there may be no room yet
        return False


def slow_socket(port):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(10)
    one.connect(("127.0.0.1", port))
    return one


def fields(count, size):
    return "".join(f"X-{index}: {'a' * size}\r\n" for index in range(count))


def half_a_head(daemon):
    one = slow_socket(daemon.plain)
    one.sendall(f"GET /big.bin HTTP/1.1\r\nHost: localhost:{daemon.plain}\r\n{fields(90, 340)}".encode())
    return one


def slow_reader(daemon):
    one = half_a_head(daemon)
    one.sendall(b"\r\n")
    return one


def half_a_body(daemon):
    one = slow_socket(daemon.plain)
    one.sendall(web.head("POST", "/.auth/logout", f"localhost:{daemon.plain}", {"Content-Length": "65536"})
                + b"a" * 65000)
    return one


def half_a_handshake(daemon):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        daemon.context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    one = slow_socket(daemon.tls)
    one.sendall(outgoing.read())
    return one


def slow_reader_over_tls(daemon):
    one = daemon.context.wrap_socket(slow_socket(daemon.tls), server_hostname="localhost")
    one.sendall(web.head("GET", "/big.bin", f"localhost:{daemon.tls}"))
    return one


def streams(path, window, more=()):
    """As many requests as one connection may have open; the heads are repeated by their index, a byte a field."""
    @functools.cache
    def bytes_for(port):
        encoder = hpack.Encoder()
        data = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames.SettingsFrame(
            0, settings={frames.SettingsFrame.INITIAL_WINDOW_SIZE: window}).serialize()
        for index in range(STREAMS):
            head = [(":method", "GET"), (":scheme", "http"), (":authority", f"localhost:{port}"),
                    (":path", path), *more]
            data += frames.HeadersFrame(2 * index + 1, data=encoder.encode(head),
                                        flags=["END_HEADERS", "END_STREAM"]).serialize()
        return data

    def open_them(daemon):
        one = slow_socket(daemon.plain)
        one.sendall(bytes_for(daemon.plain))
        return one
    return open_them


LARGE = [("x", "a" * 3900)] * 8
LOADS = {
    "half a head": half_a_head, "slow readers": slow_reader, "half a body": half_a_body,
    "half a handshake": half_a_handshake, "slow readers over TLS": slow_reader_over_tls,
    "streams with large heads and no window": streams("/small.txt", 0, LARGE),
    "streams with large heads that nobody reads": streams("/big.bin", 1 << 20, LARGE),
    "streams with long paths and no window": streams("/" + "a" * 3800, 0),
    "streams with the longest paths": streams("/" + "a" * 8100, 0, LARGE[:1]),
}


@pytest.mark.skipif(postern.SANITIZED, reason="a sanitizer's memory is not the program's")
@pytest.mark.parametrize("load", LOADS)
def test_memory_is_bounded_by_the_limits(daemon, load):
    with postern.MemoryWatch(daemon) as memory:
        many = [LOADS[load](daemon) for _ in range(CONNECTIONS - 2)]
        time.sleep(1.5)
    print(f"{load}: {memory.growth / KIB / len(many):.0f} KiB a connection")
    assert memory.growth < CONNECTIONS * PER_CONNECTION + PER_WORKER, memory.growth / MIB
    for one in many:
        one.close()
    assert wait_until(lambda: serves(daemon))


@pytest.mark.skipif(postern.SANITIZED, reason="a sanitizer's memory is not the program's")
def test_what_the_reference_names_is_enough(daemon):
    """With no more memory than that the daemon outlives all of these loads, one after the other."""
    with open(f"/proc/{daemon.pid}/status") as status:
        data = next(int(line.split()[1]) * KIB for line in status if line.startswith("VmData"))
    most = data + CONNECTIONS * PER_CONNECTION + PER_WORKER
    resource.prlimit(daemon.pid, resource.RLIMIT_DATA, (most, most))
    for load in LOADS.values():
        many = [load(daemon) for _ in range(CONNECTIONS - 2)]
        time.sleep(0.5)
        for one in many:
            one.close()
        assert wait_until(lambda: serves(daemon))
    assert daemon.process.is_running()


class Bucket(http.server.BaseHTTPRequestHandler):
    """An S3 server whose every object comes in ten pieces, a quarter of a second apart."""

    protocol_version = "HTTP/1.1"
    piece = hashlib.shake_128(b"piece").digest(100_000)

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(10 * len(self.piece)))
        self.end_headers()
        for _ in range(10):
            self.wfile.write(self.piece)
            time.sleep(0.25)


class Slow(Bucket):
    """One small object, 20 ms later."""

    def do_GET(self):
        time.sleep(0.02)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


@pytest.mark.parametrize("queue, served", [("48MiB", True), ("1MiB", False)])
def test_all_streams_that_clients_may_have_wait_for_a_slow_bucket(tmp_path, queue, served):
    bucket = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    bucket.request_queue_size = 128
    threading.Thread(target=bucket.serve_forever, daemon=True).start()
    port = process.free_port()
    config = {"listeners": {"web": {"address": f"127.0.0.1:{port}"}}, "workers": 1,
              "limits": {"origin_connections": 32, "origin_queue": queue},
              "origins": {"slow": {"s3": {"bucket": "slow", "region": "us-east-1", "addressing": "path",
                                          "endpoint": f"http://127.0.0.1:{bucket.server_address[1]}",
                                          "access_key_id": "nobody", "secret_access_key": "nothing"}}},
              "sites": {"docs": {"hosts": [f"localhost:{port}"], "origin": "slow", "rules": {"/**": "anyone"}}}}
    try:
        with postern.Postern(tmp_path / "run", config) as one:
            done = subprocess.run(
                ["h2load", "-n", "2500", "-c", "25", "-m", "100", f"http://localhost:{port}/a"],
                capture_output=True, text=True, timeout=60)
            codes = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, (\d+) 5xx", done.stdout)
            good, refused = map(int, codes.groups())
            assert good + refused == 2500
            assert (refused == 0) == served
            assert good >= 150, "who is in line is served all the same"
            assert one.process.is_running()
    finally:
        bucket.shutdown()


def test_running_downloads_from_a_bucket_finish_when_descriptors_run_out(tmp_path):
    bucket = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=bucket.serve_forever, daemon=True).start()
    port = process.free_port()
    host = f"localhost:{port}"
    config = {"listeners": {"web": {"address": f"127.0.0.1:{port}"}},
              "limits": {"connections": 100_000, "connections_per_address": 100_000},
              "origins": {"slow": {"s3": {"bucket": "slow", "region": "us-east-1", "addressing": "path",
                                          "endpoint": f"http://127.0.0.1:{bucket.server_address[1]}",
                                          "access_key_id": "nobody", "secret_access_key": "nothing"}}},
              "sites": {"docs": {"hosts": [host], "origin": "slow", "rules": {"/**": "anyone"}}}}
    try:
        with postern.Postern(tmp_path / "run", config) as one:
            resource.prlimit(one.pid, resource.RLIMIT_NOFILE, (100, 100))
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(web.request(port, "/a", host=host)))
                       for _ in range(8)]
            for each in threads:
                each.start()
            time.sleep(0.5)
            flood = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(400)]
            for each in threads:
                each.join(20)
            assert [answer.body for answer in answers] == [10 * Bucket.piece] * 8
            assert one.process.is_running()
            for each in flood:
                each.close()
            end = time.monotonic() + 5
            while True:
                try:
                    assert web.request(port, "/a", host=host).status == 200
                    break
                except OSError:
                    assert time.monotonic() < end
                    time.sleep(0.05)
    finally:
        bucket.shutdown()
