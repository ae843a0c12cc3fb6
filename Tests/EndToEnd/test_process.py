"""The process and its signals, on daemons that a test starts, stops and starts again."""

import os
import signal
import socket
import subprocess
import time
import urllib.request

import postern
import pytest
import web
from lying_provider import LyingProvider
from parts import process


def wait_until(condition, seconds=5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def daemon(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "hello.txt").write_text("hello\n")
    port = process.free_port()
    config = {"listeners": {"web": {"address": f"127.0.0.1:{port}"}},
              "origins": {"folder": {"directory": str(tmp_path / "site")}},
              "sites": {"docs": {"hosts": [f"localhost:{port}"], "origin": "folder", "rules": {"/**": "anyone"}}},
              "log": {"level": "info", "format": "json", "access": f"file:{tmp_path}/access.log"}}
    with postern.Postern(tmp_path / "run", config) as running:
        running.log = tmp_path / "access.log"
        running.port = port
        running.get = lambda path: process.answers(f"http://localhost:{port}{path}")()
        yield running


def test_usr1_opens_the_access_log_again(daemon, tmp_path):
    daemon.get("/hello.txt")
    assert wait_until(lambda: daemon.log.read_text().count("/hello.txt") == 1)
    moved = tmp_path / "access.log.1"
    daemon.log.rename(moved)
    daemon.process.send(signal.SIGUSR1)
    assert wait_until(lambda: daemon.log.exists() and "opened again" in daemon.process.log_text())
    daemon.get("/hello.txt?second")
    assert wait_until(lambda: daemon.log.read_text().count("/hello.txt") == 1)
    assert moved.read_text().count("/hello.txt") == 1


def test_a_second_term_does_not_wait_for_what_runs(daemon, tmp_path):
    with open(tmp_path / "site" / "big.bin", "wb") as file:
        file.truncate(64 << 20)
    with socket.create_connection(("127.0.0.1", daemon.port), 5) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET /big.bin HTTP/1.1\r\nHost: localhost:{daemon.port}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        daemon.terminate()
        assert wait_until(lambda: "draining" in daemon.process.log_text())
        assert daemon.process.is_running()
        daemon.terminate()
        assert daemon.process.wait(5) == 0


def test_a_worker_that_cannot_start_ends_the_daemon(tmp_path):
    (tmp_path / "site").mkdir()
    config = {"listeners": {"web": {"address": "127.0.0.1:0"}}, "workers": 8,
              "origins": {"folder": {"directory": str(tmp_path / "site")}},
              "sites": {"docs": {"hosts": ["localhost"], "origin": "folder", "rules": {"/**": "anyone"}}}}
    path = tmp_path / "postern.yaml"
    path.write_text(postern.to_yaml(config))
    done = subprocess.run(["prlimit", "--nofile=40:40", postern.BINARY, "serve", "--config", path],
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 1 and "a worker could not start" in done.stderr


def test_metrics_tell_of_the_process(daemon):
    daemon.get("/hello.txt")
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.admin}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    assert "\npostern_ready 1\n" in text and "\npostern_workers 2\n" in text
    started = float(next(one for one in text.splitlines() if one.startswith("postern_start_time_seconds ")).split()[1])
    assert abs(started - time.time()) < 60


def test_a_session_that_cannot_be_checked_can_be_ended(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "hello.txt").write_text("hello\n")
    provider, port = LyingProvider({"postern": None}), process.free_port()
    config = {"listeners": {"web": {"address": f"127.0.0.1:{port}"}}, "session_keys": [postern.secret()],
              "providers": {"liar": {"issuer": provider.issuer, "client_id": "postern"}},
              "origins": {"folder": {"directory": str(tmp_path / "site")}},
              "sites": {"docs": {"hosts": [f"localhost:{port}"], "provider": "liar", "origin": "folder"}}}
    url, browser = f"http://localhost:{port}", web.Browser()
    try:
        with postern.Postern(tmp_path / "first", config):
            assert browser.open(url + "/hello.txt").status == 200
        provider.stop()
        copy = browser.clone()
        with postern.Postern(tmp_path / "second", config, ready="/healthz") as daemon:
            assert copy.send(url + "/hello.txt").status == 503
            assert browser.send(url + "/.auth/logout", method="POST", headers={"Origin": url}).status == 303
            provider.start()
            assert wait_until(lambda: daemon.status("/readyz"), 15)
            assert copy.fetch(url + "/hello.txt").status == 401
    finally:
        provider.stop()


@pytest.mark.parametrize("page", ["login", "login?return_to=/hello.txt", "callback?code=a&state=b"])
def test_nobody_is_sent_to_sign_in_where_there_is_no_provider(daemon, page):
    answer = web.request(daemon.port, f"/.auth/{page}", host=f"localhost:{daemon.port}", headers=web.NAVIGATION)
    assert answer.status == 404, str(answer)


def test_no_thread_runs_but_its_own(daemon):
    daemon.get("/hello.txt")
    time.sleep(1.2)  # What is kept on disk is looked at once a second.
    assert daemon.threads() <= postern.THREADS, daemon.threads()


def test_there_is_a_worker_for_each_processor_that_the_process_may_use(tmp_path):
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, list(allowed)[:1])
    try:
        with postern.Postern(tmp_path, {
                "workers": "auto", "listeners": {"web": {"address": f"127.0.0.1:{process.free_port()}"}},
                "origins": {"folder": {"directory": str(tmp_path)}},
                "sites": {"docs": {"hosts": ["localhost"], "origin": "folder", "rules": {"/**": "anyone"}}}}) as one:
            assert "\npostern_workers 1\n" in web.request(one.admin, "/metrics", host="localhost").text
    finally:
        os.sched_setaffinity(0, allowed)
