"""Where the logs go: a reader that does not read, a disk that is full, systemd's journal. The daemon serves on."""

import json
import os
import socket
import subprocess
import time

import postern
import pytest
import web
from parts import process
from test_metrics import Metrics

REQUESTS = 1200
LONG = "x" * 400


class Daemon:
    """A folder for anybody. `wrapper` is a command that runs the program with its standard streams."""

    def __init__(self, directory, access, wrapper=(), environment=None):
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, "hello.txt"), "wb") as file:
            file.write(b"hello")
        self.port, self.admin = process.free_ports(2)
        path = os.path.join(directory, "postern.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(postern.to_yaml({
                "listeners": {"web": {"address": f"127.0.0.1:{self.port}"}}, "workers": 1,
                "admin": {"address": f"127.0.0.1:{self.admin}"}, "origins": {"folder": {"directory": str(directory)}},
                "sites": {"docs": {"hosts": [f"localhost:{self.port}"], "origin": "folder",
                                   "rules": {"/**": "anyone"}}},
                "log": {"access": access}}))
        self.process = process.Process(
            "postern", [*wrapper, postern.BINARY, "serve", "--config", path], log=os.path.join(directory, "events.log"),
            environment=process.clean_environment(
                str(directory), **{"STATE_DIRECTORY": str(directory), **(environment or {})}),
            ready=process.answers(f"http://127.0.0.1:{self.admin}/readyz"), timeout=20)

    def get(self, path="/hello.txt"):
        return web.request(self.port, path, host=f"localhost:{self.port}")

    def flood(self, count):
        """So many requests on one connection, with long lines in the log; all of them are answered."""
        text = f"GET /{LONG} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode()
        with web.connect(self.port) as connection:
            stream = connection.makefile("rb")
            for _ in range(0, count, 20):
                connection.sendall(text * 20)
                for _ in range(20):
                    status = stream.readline()
                    assert status.startswith(b"HTTP/1.1 404"), status
                    length = 0
                    while (line := stream.readline()) not in (b"\r\n", b""):
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    stream.read(length)

    def dropped(self, log="access"):
        return Metrics(self).value("log_lines_dropped_total", log=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop(grace=5)


def test_a_reader_that_does_not_read_stops_nothing(tmp_path):
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with Daemon(tmp_path / "run", "stdout", ["sh", "-c", 'exec "$@" > "$0"', fifo]) as daemon:
        daemon.flood(REQUESTS)
        assert daemon.get().status == 200
        dropped = daemon.dropped()
        assert 0 < dropped < REQUESTS and daemon.dropped("events") == 0
        # The reader is back: what was kept comes, whole, and what is new after it.
        text, end = b"", time.monotonic() + 10
        while b"/back.txt" not in text and time.monotonic() < end:
            daemon.get("/back.txt")
            try:
                text += os.read(reader, 1 << 20)
            except BlockingIOError:
                time.sleep(0.01)
        lines = [json.loads(line) for line in text[:text.rindex(b"\n")].splitlines()]
        assert sum(LONG in one["path"] for one in lines) + dropped >= REQUESTS
    os.close(reader)


def test_a_full_disk_stops_nothing(tmp_path):
    with Daemon(tmp_path / "run", "file:/dev/full") as daemon:
        daemon.flood(40)
        assert daemon.get().status == 200
        # Lines go out at the end of a turn of the loop, which may be a moment after the answer.
        end = time.monotonic() + 5
        while daemon.dropped() < 41 and time.monotonic() < end:
            time.sleep(0.02)
        assert daemon.dropped() == 41
    assert LONG not in daemon.process.log_text()


@pytest.fixture
def journal(tmp_path):
    """Journald's socket, and the commands that show it to a program where journald has its own."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("a mount namespace is refused here")
    directory = tmp_path / "journal"
    directory.mkdir()
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(directory / "socket"))
    ear.settimeout(5)
    script = ("mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind \"$0\" /run/systemd/journal && "
              "exec \"$@\"")
    yield ear, ["unshare", "--mount", "sh", "-c", script, str(directory)]
    ear.close()


def hear(ear, **wanted):
    """The first entry with these fields."""
    while True:
        entry = dict(line.split("=", 1) for line in ear.recv(65536).decode().splitlines())
        if wanted.items() <= entry.items():
            return entry


def test_the_journal_gets_entries_with_fields(tmp_path, journal):
    ear, wrapper = journal
    directory = tmp_path / "run"
    directory.mkdir()
    events = directory / "events.log"
    events.touch()
    stream = f"{events.stat().st_dev}:{events.stat().st_ino}"
    with Daemon(str(directory), "journald", wrapper, {"JOURNAL_STREAM": stream}) as daemon:
        serving = hear(ear, MESSAGE="serving")
        assert serving["PRIORITY"] == "6" and serving["POSTERN_KIND"] == "event" and serving["POSTERN_WORKERS"] == "1"
        assert daemon.get().status == 200
        entry = hear(ear, POSTERN_KIND="access")
        assert entry["MESSAGE"] == f"GET localhost:{daemon.port}/hello.txt 200 served"
        assert entry["SYSLOG_IDENTIFIER"] == "postern" and entry["PRIORITY"] == "6"
        assert entry["POSTERN_SITE"] == "docs" and entry["POSTERN_STATUS"] == "200"
        # A journal that is too slow is no reason to wait; one that is back gets what was kept.
        daemon.flood(REQUESTS)
        assert daemon.get().status == 200
        assert daemon.dropped() > 0
        ear.setblocking(False)
        end = time.monotonic() + 10
        found = None
        while not found and time.monotonic() < end:
            daemon.get("/back.txt")
            try:
                found = hear(ear, POSTERN_PATH="/back.txt")
            except BlockingIOError:
                pass
        assert found
    assert events.read_text() == ""


def test_without_a_journal_its_lines_go_to_standard_output(tmp_path):
    hidden = [] if not os.path.exists("/run/systemd/journal/socket") else pytest.skip("a journal runs here")
    with Daemon(tmp_path / "run", "journald", hidden) as daemon:
        assert daemon.get().status == 200
    lines = [json.loads(line) for line in daemon.process.log_text().splitlines()]
    assert any(one.get("path") == "/hello.txt" for one in lines)
    assert any("no journal" in one.get("message", "") and one["level"] == "warning" for one in lines)
