"""Reloads: the config is read again at SIGHUP, as a whole or not at all, and nobody who is served meanwhile notices."""

import copy
import json
import os
import re
import signal
import socket
import time
import urllib.request

import postern
import pytest
import web
from parts import process

HOST = "localhost"


class Daemon(postern.Postern):
    """A folder behind one plain listener, and reloads that are waited for."""

    def __init__(self, directory, folder, **more):
        self.port = process.free_port()
        self.results = 0
        super().__init__(directory, {
            "listeners": {"plain": {"address": f"127.0.0.1:{self.port}"}},
            "origins": {"folder": {"directory": folder}}, "session_keys": [postern.secret()],
            "sites": {"docs": {"hosts": [f"{HOST}:{self.port}"], "origin": "folder", "rules": {"/**": "anyone"}}},
            **more})

    def metrics(self):
        """Every sample, by its name with labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {one.rsplit(" ", 1)[0]: float(one.rsplit(" ", 1)[1]) for one in lines if not one.startswith("#")}

    def reloads(self):
        """How many there have been."""
        metrics = self.metrics()
        return sum(metrics.get(f'postern_reloads_total{{result="{one}"}}', 0) for one in ("ok", "failed"))

    def reload(self, change=None, *, text=None):
        """Writes what `change` makes of the config, or `text`, and answers the event that tells what came of it; nil
        where the log does not tell it in JSON."""
        if change:
            tree = copy.deepcopy(self.config)
            change(tree)
            self.config = tree
            self.write(tree)
        if text is not None:
            with open(self.path, "w", encoding="utf-8") as file:
                file.write(text)
        count, known = self.reloads(), len(self.process.log_text())
        self.process.send(signal.SIGHUP)
        end = time.monotonic() + 10
        while self.reloads() <= count:
            assert time.monotonic() < end, "no word of the reload"
            time.sleep(0.02)
        lines = [one for one in self.process.log_text()[known:].splitlines() if "the config was read again" in one]
        return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None

    def get(self, path="/hello.txt", port=None):
        return web.request(port or self.port, path, host=f"{HOST}:{self.port}")


@pytest.fixture(scope="module")
def daemon(build, folder):
    with Daemon(os.path.join(build, "reload"), folder) as one:
        yield one


@pytest.fixture(autouse=True)
def as_it_was(request):
    """Every test finds the config that the daemon began with."""
    if "daemon" not in request.fixturenames:
        yield
        return
    daemon = request.getfixturevalue("daemon")
    before = copy.deepcopy(daemon.config)
    yield
    daemon.config = before
    daemon.write(before)
    assert daemon.reload()["level"] == "info"


def site(tree):
    return tree["sites"]["docs"]


def test_a_rule_holds_once_it_is_reloaded(daemon):
    assert daemon.get().status == 200
    assert daemon.reload(lambda one: site(one).update(rules={"/**": "nobody"}))["level"] == "info"
    assert daemon.get().status == 403


def test_a_connection_stays_and_its_next_request_goes_by_the_new_config(daemon):
    with web.connect(daemon.port) as connection:
        def ask():
            connection.sendall(web.head("GET", "/hello.txt", f"{HOST}:{daemon.port}"))
            return web.read_answer(connection).status
        assert ask() == 200
        daemon.reload(lambda one: site(one).update(rules={"/**": "nobody"}))
        assert ask() == 403


def test_a_request_ends_by_the_config_that_it_began_with(daemon):
    with web.connect(daemon.port) as connection:
        connection.sendall(web.head("GET", "/big.bin", f"{HOST}:{daemon.port}"))
        response = web.read_answer(connection, body=False)
        first = response.read(100_000)
        daemon.reload(lambda one: one.update(sites={"other": {**site(one), "hosts": ["other.test"]}}))
        assert daemon.get().status == 421
        assert len(first) + len(response.read()) == int(response.getheader("content-length"))


def test_a_listener_comes_and_goes(daemon):
    port = process.free_port()
    daemon.reload(lambda one: one["listeners"].update(second={"address": f"127.0.0.1:{port}"}))
    with web.connect(port) as kept:
        kept.sendall(web.head("GET", "/hello.txt", f"{HOST}:{daemon.port}"))
        assert web.read_answer(kept).status == 200
        daemon.reload(lambda one: one["listeners"].pop("second"))
        with pytest.raises(ConnectionRefusedError):
            web.connect(port)
        # Whoever is connected gets one more answer, which says that it is the last.
        kept.sendall(web.head("GET", "/hello.txt", f"{HOST}:{daemon.port}"))
        answer = web.read_answer(kept)
        assert answer.status == 200 and answer.get("connection") == "close"
    assert daemon.get().status == 200


def test_a_broken_config_changes_nothing_and_the_log_says_where_it_is_broken(daemon):
    event = daemon.reload(lambda one: site(one).update(rules={"/**": "nobody"}, orgin="folder"))
    assert event["level"] == "error" and "nothing was changed" in event["message"]
    assert len(event["faults"]) == 1 and re.search(r"postern\.yaml:\d+: sites\.docs\.orgin: ", event["faults"][0])
    assert daemon.get().status == 200
    event = daemon.reload(text="listeners: [")
    assert event["level"] == "error" and event["faults"]
    os.rename(daemon.path, daemon.path + ".away")
    event = daemon.reload()
    assert "does not exist" in event["faults"][0]
    os.rename(daemon.path + ".away", daemon.path)


def test_what_cannot_be_opened_refuses_the_whole_reload(daemon, tmp_path):
    taken = socket.create_server(("127.0.0.1", 0))
    port = process.free_port()
    with taken:
        event = daemon.reload(lambda one: (
            one["listeners"].update(free={"address": f"127.0.0.1:{port}"},
                                    taken={"address": f"127.0.0.1:{taken.getsockname()[1]}"}),
            site(one).update(rules={"/**": "nobody"})))
    assert event["level"] == "error" and "listeners.taken.address" in event["faults"][0]
    assert daemon.get().status == 200
    with pytest.raises(ConnectionRefusedError):
        web.connect(port)


@pytest.mark.parametrize("key, value", [("workers", 3), ("state_directory", "/tmp/postern-elsewhere")])
def test_what_a_running_process_cannot_change_refuses_the_reload(daemon, key, value):
    event = daemon.reload(lambda one: (one.update({key: value}), site(one).update(rules={"/**": "nobody"})))
    assert event["level"] == "error" and len(event["faults"]) == 1
    assert f"{key}: cannot change while the process runs. Restart" in event["faults"][0]
    assert daemon.get().status == 200


def test_counters_go_on_though_names_come_and_go(daemon):
    def counters():
        return {name: value for name, value in daemon.metrics().items()
                if re.match(r"postern_\w+_(total|count|bucket|sum)\b", name)}

    def grown(before, after):
        assert set(before) <= set(after) and all(after[name] >= before[name] for name in before)
        return after

    daemon.get()
    mine = 'postern_requests_total{site="docs",outcome="served"}'
    seen = counters()
    count = seen[mine]
    renamed = lambda one: (one.update(sites={"renamed": site(one)}),
                           one.update(listeners={"elsewhere": one["listeners"]["plain"]}))
    assert daemon.reload(renamed)["level"] == "info"
    daemon.get()
    seen = grown(seen, counters())
    assert seen[mine] == count and seen['postern_requests_total{site="renamed",outcome="served"}'] == 1
    back = lambda one: (one.update(sites={"docs": one["sites"]["renamed"]}),
                        one.update(listeners={"plain": one["listeners"]["elsewhere"]}))
    assert daemon.reload(back)["level"] == "info"
    daemon.get()
    seen = grown(seen, counters())
    assert seen[mine] == count + 1
    assert seen['postern_reloads_total{result="ok"}'] >= 2
    assert abs(daemon.metrics()["postern_config_loaded_time_seconds"] - time.time()) < 5


def test_the_log_follows_the_config(daemon, tmp_path):
    path = tmp_path / "access.log"
    daemon.reload(lambda one: one["log"].update(access=f"file:{path}", format="text", level="warning"))
    assert daemon.get("/hello.txt?in-the-file").status == 200
    end = time.monotonic() + 5
    while "/hello.txt" not in path.read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert path.read_text().split()[1] == "access"
    known = len(daemon.process.log_text())
    daemon.reload(lambda one: site(one).update(rules={"/**": "nobody"}))
    assert daemon.get().status == 403 and len(daemon.process.log_text()) == known
