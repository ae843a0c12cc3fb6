"""Clients that mean harm. Each test attacks a daemon of this file's own with small limits, sees that a good client is
served all the while and that memory stays bounded, and that afterwards everything is as before."""

import contextlib
import os
import re
import resource
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

import postern
import pytest
import web
from parts import process

MIB = 1 << 20
HOST = "good.test"
LIMITS = {
    "head_timeout": "2s", "idle_timeout": "2s", "read_timeout": "1s", "write_timeout": "2s", "tls_handshake_timeout": "2s",
    "connections": 800, "connections_per_address": 500, "fields_count": 20, "fields_size": "4KiB", "request_line": "1KiB",
    "body_size": "2KiB", "requests_per_connection": 1_000_000,
}
ENEMY = "127.0.0.66"


class Target:
    """The daemon under attack, and what it has open."""

    def __init__(self, daemon, plain, tls, context):
        self.daemon, self.plain, self.tls, self.context = daemon, plain, tls, context

    def host(self, secure=False):
        return f"{HOST}:{self.tls if secure else self.plain}"

    def ask(self, target="/hello.txt", secure=False, **options):
        return web.request(self.tls if secure else self.plain, target, host=self.host(secure),
                           tls=self.context if secure else None, timeout=5, **options)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.pid}/fd"))

    def metric(self, name):
        text = web.request(self.daemon.admin, "/metrics", host="localhost").text
        return sum(float(one) for one in re.findall(rf"^postern_{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", text, re.M))

    def closed(self, *reasons):
        text = web.request(self.daemon.admin, "/metrics", host="localhost").text
        found = re.findall(
            rf'^postern_connections_closed_total{{[^}}]*reason="(?:{"|".join(reasons)})"}} ([0-9.e+]+)$', text, re.M)
        return sum(map(float, found))


def start(directory, folder, authority, limits=None, **more):
    plain, tls = process.free_ports(2)
    certificate, key = authority.issue("hostility", HOST)
    tree = {
        "listeners": {"plain": {"address": f"127.0.0.1:{plain}"},
                      "tls": {"address": f"127.0.0.1:{tls}", "tls": {"certificate": certificate, "key": f"file:{key}"}}},
        "origins": {"folder": {"directory": folder}}, "limits": {**LIMITS, **(limits or {})},
        "sites": {"good": {"hosts": [f"{HOST}:{plain}", f"{HOST}:{tls}"], "origin": "folder", "rules": {"/**": "anyone"}}}, **more}
    daemon = postern.Postern(directory, tree)
    return Target(daemon, plain, tls, ssl.create_default_context(cafile=authority.certificate))


@pytest.fixture(scope="module")
def target(build, folder, authority):
    one = start(os.path.join(build, "hostility"), folder, authority)
    for _ in range(50):  # what it needs once
        one.ask()
        one.ask(secure=True)
        one.ask("/big.bin", secure=True)
    yield one
    one.daemon.stop()


class Good:
    """A client that asks all the time, and counts what goes wrong."""

    def __init__(self, target):
        self.target, self.done, self.times, self.failures = target, threading.Event(), [], []

    def __enter__(self):
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def _run(self):
        while not self.done.is_set():
            for secure in (False, True):
                begin = time.monotonic()
                try:
                    answer = self.target.ask(secure=secure)
                    if answer.status != 200:
                        self.failures.append(str(answer.status))
                except (OSError, web.http.client.HTTPException) as error:
                    self.failures.append(repr(error))
                self.times.append(time.monotonic() - begin)
            time.sleep(0.01)

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


@contextlib.contextmanager
def under_attack(target, memory=24 * MIB, slowest=2.0):
    """What must hold while the block attacks, and after it."""
    handles, open_before = target.descriptors(), target.metric("connections_open")
    with postern.MemoryWatch(target.daemon) as watch, Good(target) as good:
        yield good
        end = time.monotonic() + 0.3
        while time.monotonic() < end or len(good.times) < 4:
            time.sleep(0.05)
    assert not good.failures, good.failures[:5]
    times = sorted(good.times)
    assert times[len(times) * 95 // 100] < slowest, times[-5:]
    assert watch.growth < memory, f"memory grew by {watch.growth / MIB:.1f} MiB"
    end = time.monotonic() + 12
    while target.descriptors() > handles + 8 or target.metric("connections_open") > open_before + 2:
        assert time.monotonic() < end, (handles, target.descriptors(), target.metric("connections_open"))
        time.sleep(0.1)
    assert target.daemon.process.is_running()


def enemy(port, timeout=5, source=ENEMY, buffer=None):
    one = socket.socket()
    one.settimeout(timeout)
    if buffer:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.bind((source, 0))
    one.connect(("127.0.0.1", port))
    return one


def is_closed(one):
    try:
        while one.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def all_closed(connections, seconds):
    """Whether the other side ends all of them in time; reads what comes."""
    end, left = time.monotonic() + seconds, list(connections)
    for one in left:
        one.setblocking(False)
    while left and time.monotonic() < end:
        for one in select.select(left, [], [], 0.2)[0] if len(left) < 900 else left:
            try:
                if not one.recv(65536):
                    left.remove(one)
            except BlockingIOError:
                pass
            except OSError:
                left.remove(one)
    return not left


def trickle(connections, pieces, pause):
    for piece in pieces:
        for one in connections:
            try:
                one.send(piece)
            except OSError:
                pass
        time.sleep(pause)


# Slowness

def test_slowloris(target):
    with under_attack(target):
        before = target.closed("head_timeout")
        many = [enemy(target.plain) for _ in range(300)]
        begin = time.monotonic()
        for one in many:
            one.sendall(f"GET /hello.txt HTTP/1.1\r\nHost: {target.host()}\r\n".encode())
        trickle(many, [b"X-a: b\r\n"] * 8, 0.25)
        assert all_closed(many, 3) and time.monotonic() - begin < 5, "a trickle extends nothing"
        for one in many:
            one.close()
        while target.closed("head_timeout") - before < 300:
            assert time.monotonic() - begin < 8
            time.sleep(0.1)


def test_slow_tls_handshakes(target):
    with under_attack(target):
        many = [enemy(target.tls) for _ in range(200)]
        trickle(many, [bytes([one]) for one in b"\x16\x03\x01\x02\x00\x01\x00\x01"], 0.25)
        assert all_closed(many, 3)
        for one in many:
            one.close()


def test_connections_that_say_nothing(target):
    with under_attack(target):
        many = [enemy(port) for port in (target.plain, target.tls) for _ in range(100)]
        assert all_closed(many, 4)
        for one in many:
            one.close()


def test_slow_post_to_logout(target):
    with under_attack(target):
        many = [enemy(target.plain) for _ in range(200)]
        for one in many:
            one.sendall(web.head("POST", "/.auth/logout", target.host(), {"Content-Length": "2000"}))
        begin = time.monotonic()
        trickle(many, [b"a"] * 6, 0.4)  # never a pause as long as the read timeout
        answers = [one.recv(100) for one in many]
        assert all(one.startswith(b"HTTP/1.1 408") for one in answers), answers[:3]
        assert time.monotonic() - begin < 5
        for one in many:
            one.close()


def test_slow_readers_of_a_large_object(target):
    with under_attack(target, memory=64 * MIB):
        before = target.closed("min_write_rate", "write_timeout")
        many = [enemy(target.plain, buffer=2048) for _ in range(60)]
        for one in many:
            one.sendall(web.head("GET", "/big.bin", target.host()))
        for _ in range(30):
            for one in many:
                try:
                    one.recv(1)
                except OSError:
                    pass
            time.sleep(0.15)  # some 6 bytes a second, each of them
        end = time.monotonic() + 4
        while target.closed("min_write_rate", "write_timeout") - before < 60:
            assert time.monotonic() < end
            time.sleep(0.1)
        for one in many:
            one.close()


def test_reader_of_100_kibibytes_a_second_is_fine(target):
    with under_attack(target):
        before = target.closed("min_write_rate", "write_timeout")
        one = enemy(target.plain, buffer=16384, source="127.0.0.1")
        one.sendall(web.head("GET", "/big.bin", target.host()))
        for _ in range(50):  # over two windows of the write timeout
            assert one.recv(10240)
            time.sleep(0.1)
        assert target.closed("min_write_rate", "write_timeout") == before
        one.close()


# Floods

def answer_to(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass  # it may have been refused and closed before the last byte
    text = b""
    try:
        while part := connection.recv(65536):
            text += part
    except OSError:
        pass
    return text


def test_limits_of_a_request_at_them_and_one_past(target):
    host = target.host()
    line = lambda count: f"GET /{'a' * (count - len('GET / HTTP/1.1'))} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    fields = lambda count: (f"GET /hello.txt HTTP/1.1\r\nHost: {host}\r\n"
                            + "".join(f"x-{one}: y\r\n" for one in range(count - 1)) + "\r\n").encode()
    form = lambda count, more="": (f"POST /.auth/logout HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                                   f"Content-Length: {count}\r\n{more}\r\n" + "a" * count).encode()
    chunked = lambda count: (f"POST /.auth/logout HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                             f"Transfer-Encoding: chunked\r\n\r\n{count:x}\r\n{'a' * count}\r\n0\r\n\r\n").encode()
    size = lambda count: f"GET /hello.txt HTTP/1.1\r\nHost: {host}\r\nX: {'a' * count}\r\n\r\n".encode()
    with under_attack(target):
        def status(data):
            with contextlib.closing(enemy(target.plain, source="127.0.0.1")) as one:
                one.sendall(data)
                return one.recv(65536)[9:12]

        assert (status(line(1024)), status(line(1025))) == (b"404", b"414")
        assert (status(fields(20)), status(fields(21))) == (b"200", b"431")
        assert (status(form(2048)), status(form(2049))) == (b"303", b"413")
        assert (status(chunked(2048)), status(chunked(2049))) == (b"303", b"413")
        assert status(form(2049, "Expect: 100-continue\r\n")) == b"413", "and no 100 before"
        least, most = 0, 4096  # the host's field counts, too
        assert status(size(least)) == b"200" and status(size(most)) == b"431"
        while most - least > 1:
            middle = (least + most) // 2
            found = status(size(middle))
            assert found in (b"200", b"431")
            least, most = (middle, most) if found == b"200" else (least, middle)
        assert 4096 - 80 < most + len(f"Host: {host}\r\nX: ") <= 4096 + 8, most
        assert status(b"GET /hello.txt HTTP/1.1\r\nHost: " + host.encode() + b"\r\n") == b"408"


def test_header_floods(target):
    with under_attack(target):
        for _ in range(60):
            one = enemy(target.plain)
            text = answer_to(one, f"GET / HTTP/1.1\r\nHost: {target.host()}\r\n".encode() + b"a: b\r\n" * 20_000)
            assert text == b"" or text.startswith(b"HTTP/1.1 431"), text[:100]
            one.close()
            one = enemy(target.plain)
            text = answer_to(one, b"GET /" + b"a" * 500_000)
            assert text == b"" or text.startswith(b"HTTP/1.1 414"), text[:100]
            one.close()


def test_pipelining_floods(target):
    flood = web.head("GET", "/hello.txt", target.host()) * 5000
    with under_attack(target):
        for reads in (True, False):
            many = [enemy(target.plain, buffer=None if reads else 2048) for _ in range(8)]
            counts = [0] * len(many)

            def run(index):
                one = many[index]
                one.setblocking(False)
                left, end = memoryview(flood), time.monotonic() + (30 if reads and postern.SANITIZED else 4)
                while time.monotonic() < end and counts[index] < 5000:
                    readable, writable, _ = select.select([one] if reads else [], [one] if left else [], [], 0.1)
                    try:
                        if writable:
                            left = left[one.send(left):]
                        if readable:
                            part = one.recv(1 << 18)
                            if not part:
                                return
                            counts[index] += part.count(b"HTTP/1.1 200")
                    except BlockingIOError:
                        pass
                    except OSError:
                        return

            threads = [threading.Thread(target=run, args=(index,)) for index in range(len(many))]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            # A head that two reads have cut in two is not counted.
            assert not reads or min(counts) > 4500, counts
            for one in many:
                one.close()


def test_more_connections_than_an_address_may_have(target):
    with under_attack(target):
        before = target.closed("connections_per_address")
        many = [enemy(target.plain) for _ in range(700)]
        end = time.monotonic() + 3
        while target.closed("connections_per_address") - before < 200:
            assert time.monotonic() < end
            time.sleep(0.05)
        with contextlib.closing(enemy(target.plain)) as one:
            assert answer_to(one, web.head("GET", "/hello.txt", target.host())) == b""
        for one in many:
            one.close()


def test_more_connections_than_there_may_be_in_all(target):
    """The good client, too, finds no room then: but what runs goes on, and there is room as soon as they are gone."""
    running = enemy(target.plain, source="127.0.0.1", buffer=4096)
    running.sendall(web.head("GET", "/big.bin", target.host()))
    before = target.closed("connections", "displaced")
    many = [enemy(target.plain, source=f"127.0.0.{70 + index % 4}") for index in range(1300)]
    end = time.monotonic() + 3
    while target.closed("connections", "displaced") - before < 400:
        assert time.monotonic() < end, target.closed("connections", "displaced") - before
        time.sleep(0.05)
    assert running.recv(4096)
    for one in many:
        one.close()
    begin = time.monotonic()
    while True:
        try:
            assert target.ask().status == 200
            break
        except (OSError, web.http.client.HTTPException):
            assert time.monotonic() - begin < 1
    assert running.recv(4096)
    running.close()


@pytest.mark.parametrize("when", ["from the start", "later"])
def test_connections_beyond_the_descriptor_limit(build, folder, authority, tmp_path, monkeypatch, when):
    if when == "from the start":
        wrapper = tmp_path / "postern"
        wrapper.write_text(f'#!/bin/sh\nulimit -n 128\nexec {postern.BINARY} "$@"\n', encoding="ascii")
        wrapper.chmod(0o755)
        monkeypatch.setattr(postern, "BINARY", str(wrapper))
    one = start(os.path.join(build, "hostility-files"), folder, authority,
                limits={"connections": 100_000, "connections_per_address": 100_000, "head_timeout": "20s"})
    if when == "later":  # what it did not reckon with
        resource.prlimit(one.daemon.pid, resource.RLIMIT_NOFILE, (128, 128))
    else:
        assert "limit of file descriptors" in one.daemon.process.log_text()
    try:
        running = [enemy(one.plain, buffer=4096, source="127.0.0.1") for _ in range(4)]
        for each in running:
            each.sendall(web.head("GET", "/big.bin", one.host()))
            assert each.recv(1000)
        busy = process.cpu_seconds(one.daemon.pid)
        many = [enemy(one.plain) for _ in range(600)]
        time.sleep(1)
        assert process.cpu_seconds(one.daemon.pid) - busy < 0.8, "it spins"
        assert one.descriptors() <= 128 and one.daemon.process.is_running()
        if when == "from the start":
            assert one.descriptors() < 110 and one.daemon.status("/healthz"), "descriptors are kept for the rest"
        for each in running:
            assert each.recv(1000), "what runs goes on"
        for each in many:
            each.close()
        begin = time.monotonic()
        while True:
            try:
                assert one.ask(secure=True).status == 200
                break
            except (OSError, web.http.client.HTTPException):
                assert time.monotonic() - begin < 3
                time.sleep(0.05)
        for each in running:
            each.close()
    finally:
        one.daemon.stop()


# TLS

def test_tls_handshake_flood(target):
    done, failed = threading.Event(), []
    context = ssl.create_default_context(cafile=target.context and None)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def flood():
        while not done.is_set():
            try:
                with context.wrap_socket(enemy(target.tls), server_hostname=HOST):
                    pass
            except OSError as error:
                failed.append(error)

    with under_attack(target) as good:
        threads = [threading.Thread(target=flood, daemon=True) for _ in range(4)]
        for one in threads:
            one.start()
        time.sleep(2.5)
        done.set()
        for one in threads:
            one.join()
        assert len(good.times) > 6


def ended(connections):
    """Which of them the other side has ended by now."""
    poll = select.poll()
    for one in connections:
        poll.register(one, select.POLLIN)
    readable = {number for number, _ in poll.poll(300)}
    return [one for one in connections if one.fileno() in readable and is_closed(one)]


def wait_until(check, seconds=5):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_handshakes_beyond_the_limit_end_the_oldest(build, folder, authority):
    one = start(os.path.join(build, "handshakes"), folder, authority, {"tls_handshakes": 10}, workers=1)
    begin = lambda: enemy(one.tls)
    try:
        silent = [begin() for _ in range(10)]
        wait_until(lambda: one.metric("tls_handshakes_open") == 10)
        assert not ended(silent)
        silent.append(begin())
        wait_until(lambda: ended(silent) == silent[:1])
        assert one.closed("tls_handshakes") == 1
        assert one.ask(secure=True).status == 200, "who finishes is let in"
        wait_until(lambda: ended(silent) == silent[:2])
        for each in silent:
            each.close()
        wait_until(lambda: one.metric("tls_handshakes_open") == 0)
    finally:
        one.daemon.stop()


def test_handshakes_that_do_not_go_on_keep_nobody_out(build, folder, authority):
    hello = bytes.fromhex("16030100f8010000f40303") + os.urandom(32)
    one = start(os.path.join(build, "silent-handshakes"), folder, authority,
                {"tls_handshakes": 40, "tls_handshake_timeout": "60s"})
    one.ask(secure=True)
    try:
        with under_attack(one) as good:
            held = []
            for _ in range(400):
                held.append(enemy(one.tls))
                held[-1].sendall(hello)
                time.sleep(0.005)
            assert one.metric("tls_handshakes_open") <= 80
            for each in held:
                each.close()
            assert len(good.times) > 6
        assert one.closed("tls_handshakes") >= 300
    finally:
        one.daemon.stop()


@pytest.mark.skipif(postern.SANITIZED, reason="a sanitizer takes the time that handshakes have")
def test_honest_clients_that_come_all_at_once_are_all_let_in(build, folder, authority):
    one = start(os.path.join(build, "many-handshakes"), folder, authority,
                {"tls_handshakes": 30, "connections": 2000, "connections_per_address": 2000}, workers=1)
    try:
        done = subprocess.run(
            ["h2load", "-n", "200", "-c", "200", f"https://127.0.0.1:{one.tls}/hello.txt",
             "-H", f":authority: {one.host(True)}"],
            capture_output=True, text=True, timeout=60)
        assert "status codes: 200 2xx" in done.stdout, done.stdout + done.stderr
        assert one.closed("tls_handshakes") == 0
    finally:
        one.daemon.stop()


def test_half_of_a_handshake_and_gone(target):
    hello = bytes.fromhex("16030100f8010000f40303") + os.urandom(32)
    with under_attack(target):
        for round_ in range(400):
            one = enemy(target.tls)
            one.sendall(hello[: round_ % len(hello) + 1])
            if round_ % 2:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()


def test_renegotiation_is_refused(target):
    with under_attack(target):
        child = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{target.tls}", "-servername", HOST, "-tls1_2", "-legacy_renegotiation"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            time.sleep(0.5)
            child.stdin.write(b"R\n")
            child.stdin.flush()
            text, _ = child.communicate(timeout=5)
        finally:
            child.kill()
        assert b"no renegotiation" in text, text[-500:]


# Leaving

PHASES = [
    b"", b"G", b"GET /hello.txt HTTP/1.1\r\nHost: ", b"GET /big.bin HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"POST /.auth/logout HTTP/1.1\r\nHost: HOST\r\nContent-Length: 100\r\n\r\nabc",
    b"POST /.auth/logout HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    b"GET /hello.txt HTTP/1.1\r\nHost: HOST\r\n\r\n" * 50,
]


@pytest.mark.parametrize("how", ["half-close", "reset", "close"])
def test_leaving_at_each_phase(target, how):
    with under_attack(target):
        many = []
        for secure in (False, True):
            for phase in PHASES:
                for _ in range(12):
                    one = enemy(target.tls if secure else target.plain)
                    if secure:
                        one = target.context.wrap_socket(one, server_hostname=HOST)
                    one.sendall(phase.replace(b"HOST", target.host(secure).encode()))
                    many.append(one)
        busy = process.cpu_seconds(target.daemon.pid)
        for one in many:
            if how == "half-close":
                socket.socket.shutdown(one, socket.SHUT_WR)
            elif how == "reset":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.close()
            else:
                one.close()
        time.sleep(0.5)
        assert process.cpu_seconds(target.daemon.pid) - busy < 0.8, "it spins"
        for one in many:
            one.close()
