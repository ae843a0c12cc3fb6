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
from lying_provider import LyingProvider
from parts import process

HOST = "localhost"


class Daemon(postern.Postern):
    """A folder behind one plain listener, and reloads that are waited for."""

    def __init__(self, directory, folder, environment=None):
        self.port = process.free_port()
        super().__init__(directory, {
            "listeners": {"plain": {"address": f"127.0.0.1:{self.port}"}},
            "origins": {"folder": {"directory": folder}}, "session_keys": [postern.secret()],
            "sites": {"docs": {"hosts": [f"{HOST}:{self.port}"], "origin": "folder", "rules": {"/**": "anyone"}}}},
            environment=environment)

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


def test_a_unix_socket_comes_goes_and_comes_back(daemon, tmp_path):
    path = str(tmp_path / "web.sock")
    for _ in range(2):
        daemon.reload(lambda one: one["listeners"].update(unix={"address": f"unix:{path}"}))
        answer = web.request(0, "/hello.txt", host=f"{HOST}:{daemon.port}", address=path)
        assert answer.status == 200
        daemon.reload(lambda one: one["listeners"].pop("unix"))
        with pytest.raises(ConnectionRefusedError):
            web.connect(0, address=path)


def test_an_address_that_covers_another_is_refused_with_the_reason(daemon):
    event = daemon.reload(lambda one: one["listeners"]["plain"].update(address=f"0.0.0.0:{daemon.port}"))
    assert event["level"] == "error" and f"listens on 127.0.0.1:{daemon.port}" in event["faults"][0]
    assert daemon.get().status == 200


def test_the_admin_listener_moves(daemon):
    old, new = daemon.admin, process.free_port()
    tree = copy.deepcopy(daemon.config)
    tree["admin"]["address"] = f"127.0.0.1:{new}"
    daemon.write(tree)
    daemon.process.send(signal.SIGHUP)
    end = time.monotonic() + 5
    while not process.answers(f"http://127.0.0.1:{new}/readyz")():
        assert time.monotonic() < end
        time.sleep(0.02)
    daemon.admin = new
    assert not process.answers(f"http://127.0.0.1:{old}/readyz")()
    # Back again: an address that is free once more can be bound.
    daemon.write(daemon.config)
    daemon.process.send(signal.SIGHUP)
    while not process.answers(f"http://127.0.0.1:{old}/readyz")():
        assert time.monotonic() < end
        time.sleep(0.02)
    daemon.admin = old


def test_a_listener_takes_up_tls_and_another_certificate(daemon, authority, trusting):
    port = process.free_port()
    pairs = [authority.issue(name, HOST) for name in ("reload-a", "reload-b")]
    secure = lambda pair: lambda one: one["listeners"].update(
        other={"address": f"127.0.0.1:{port}", "tls": {"certificate": pair[0], "key": f"file:{pair[1]}"}})
    daemon.reload(lambda one: one["listeners"].update(other={"address": f"127.0.0.1:{port}"}))
    with web.connect(port) as plain:
        seen = []
        for pair in pairs:
            assert daemon.reload(secure(pair))["level"] == "info"
            with web.connect(port, tls=trusting, name=HOST) as connection:
                seen.append(connection.getpeercert()["serialNumber"])
        assert seen[0] != seen[1]
        plain.sendall(web.head("GET", "/hello.txt", f"{HOST}:{daemon.port}"))
        assert web.read_answer(plain).status == 200
    # The file of the certificate as it is now counts, though the config says the same.
    os.replace(pairs[0][0], pairs[1][0])
    os.replace(pairs[0][1], pairs[1][1])
    daemon.reload()
    with web.connect(port, tls=trusting, name=HOST) as connection:
        assert connection.getpeercert()["serialNumber"] == seen[0]


class Service:
    """Hears what the daemon tells its service manager (sd_notify(3))."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(10)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def expect(self, key):
        while True:
            words = self.next()
            if key in words:
                return words


def test_the_service_manager_hears_of_it(build, folder, tmp_path):
    service = Service(tmp_path / "notify")
    with service.socket, Daemon(tmp_path / "run", folder, environment={"NOTIFY_SOCKET": service.path}) as daemon:
        service.expect("READY")
        for text, status in ((None, "serving"), ("listeners: [", "serving; the last reload was refused")):
            now = time.monotonic_ns() // 1000
            daemon.reload(text=text)
            assert now < int(service.expect("RELOADING")["MONOTONIC_USEC"]) < now + 5_000_000
            assert service.expect("READY")["STATUS"] == status


@pytest.fixture
def private(folder, provider, tmp_path):
    """One that is signed in to."""
    with Daemon(tmp_path / "private", folder) as one:
        one.url = f"http://{HOST}:{one.port}"
        assert one.reload(lambda tree: (
            tree.update(providers={"liar": {"issuer": provider.issuer, "client_id": "postern"}}),
            site(tree).update(provider="liar", rules={"/**": "signed-in"})))["level"] == "info"
        # At once: a reload waits for a new provider's keys.
        one.browser = signed_in(one)
        yield one


def signed_in(one):
    browser = web.Browser()
    assert browser.open(one.url + "/hello.txt").status == 200
    return browser


def goes_on(one):
    return one.browser.send(one.url + "/hello.txt").status == 200


def test_what_a_new_provider_was_asked_before_it_was_in_use_is_counted_as_its_own(private):
    counted = private.metrics()
    assert counted['postern_key_set_fetches_total{provider="liar",result="ok"}'] == 1
    assert not any(name.startswith("postern_key_set_fetches_total{provider=\"\"") for name in counted)


def test_a_provider_that_stays_as_it_was_is_not_asked_again(private, provider):
    count = provider.count("/jwks")
    provider.failing = True
    assert private.reload(lambda one: site(one).update(rules={"/hello.txt": "signed-in"}))["level"] == "info"
    assert goes_on(private) and provider.count("/jwks") == count


def test_sessions_go_on_where_their_provider_has_changed_and_is_down(private, provider):
    provider.failing = True
    event = private.reload(lambda one: one["providers"]["liar"].update(scopes=["openid", "email"]))
    assert event["level"] == "info" and goes_on(private)


def test_a_new_issuer_ends_the_sessions_of_the_old(private):
    other = LyingProvider({"postern": None})
    try:
        private.reload(lambda one: one["providers"]["liar"].update(issuer=other.issuer))
        assert not goes_on(private)
        signed_in(private)
    finally:
        other.stop()


def test_a_session_lasts_as_long_as_the_key_that_sealed_it(private):
    old, new = private.config["session_keys"][0], postern.secret()
    web.note(new)
    before = private.browser.clone()
    private.reload(lambda one: one.update(session_keys=[new, old]))
    assert goes_on(private)
    private.reload(lambda one: one.update(session_keys=[new]))
    private.browser = before
    assert not goes_on(private)


def test_a_sign_in_that_has_begun_is_completed_after_a_reload(private, provider):
    browser = web.Browser()
    start = browser.send(private.url + "/hello.txt")
    back = browser.send(start.location)
    private.reload(lambda one: one["providers"]["liar"].update(scopes=["openid", "profile"]))
    assert browser.open(back.location).status == 200


def test_a_secret_is_read_anew_though_the_config_says_the_same(private, tmp_path):
    secret = tmp_path / "secret"
    other = LyingProvider({"postern": "a-secret-of-this-test-0123456789"})
    secret.write_text("another-than-the-provider-knows-0123")
    secret.chmod(0o600)
    try:
        private.reload(lambda one: one["providers"]["liar"].update(
            issuer=other.issuer, client_secret=f"file:{secret}"))
        assert web.Browser().open(private.url + "/hello.txt").status >= 400
        secret.write_text("a-secret-of-this-test-0123456789")
        private.reload()
        signed_in(private)
    finally:
        other.stop()


def test_a_provider_that_is_down_does_not_stand_in_the_way_of_a_reload(private, provider):
    dead = LyingProvider({"postern": None})
    dead.stop()
    event = private.reload(lambda one: (
        one["providers"].update(dead={"issuer": dead.issuer, "client_id": "postern"}),
        one["sites"].update(more={**site(one), "hosts": [f"127.0.0.1:{private.port}"], "provider": "dead"})))
    assert event["level"] == "info" and goes_on(private)
