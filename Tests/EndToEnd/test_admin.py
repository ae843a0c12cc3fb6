"""The running instance, asked and told: by its commands, over its socket and its listener."""

import json
import os
import re
import signal
import socket
import stat

import postern
import pytest
import web
from identity_rig import API, Rig, eventually, named
from lying_provider import BOB
from parts import process


@pytest.fixture(scope="module")
def folder(build):
    path = os.path.join(build, "admin-folder")
    for key in ("index.html", "hello.txt", "admin/index.html", "public/index.html"):
        os.makedirs(os.path.dirname(os.path.join(path, key)), exist_ok=True)
        with open(os.path.join(path, key), "w", encoding="ascii") as file:
            file.write(key)
    return path


class AdminRig(Rig):
    """With an admin socket in its folder, which needs a short name. `asks` asks like a program, `says` runs a command."""

    def __init__(self, *arguments, ready="/readyz", **options):
        super().__init__(*arguments, starts=False, **options)
        self.ready = ready
        self.config["limits"] = {"decisions": 20}
        self.start()

    def start(self):
        port = process.free_port()
        self.config["admin"] = {"address": f"127.0.0.1:{port}", "socket": "admin.sock"}
        self.daemon = postern.Postern(self.directory, self.config, ready=None)
        self.daemon.admin = port
        eventually(lambda: self.daemon.status(self.ready))

    @property
    def socket(self):
        return os.path.join(self.directory, "admin.sock")

    def says(self, command, *arguments, place=None, status=0):
        where = ("--admin", place) if place else ("--config", self.daemon.path)
        done = postern.run(*command.split(), *where, *arguments)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    def asks(self, path, method="GET", body=None, host=None, private=False, **fields):
        """Raw, over the listener or the socket: the status and the text."""
        if private:
            line = socket.socket(socket.AF_UNIX)
            line.connect(self.socket)
        else:
            line = socket.create_connection(("127.0.0.1", self.daemon.admin))
        body = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {host or '127.0.0.1'}\r\nConnection: close\r\n"
        head += f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
        with line:
            line.sendall((head + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n").encode() + body)
            answer = b""
            while piece := line.recv(65536):
                answer += piece
        head, _, text = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), text.decode()


@pytest.fixture(scope="module")
def rig(build, folder, module_provider):
    one = AdminRig(os.path.join(build, "admin"), folder, module_provider)
    yield one
    one.stop()


def reference(answer):
    found = re.search(r"\b[0-9A-HJKMNP-TV-Z]{10}\b", answer.text)
    assert found, str(answer)
    return found[0]


# MARK: status

def test_status_shows_all_parts_at_a_glance(rig):
    rig.signed_in()
    text = rig.says("status")
    lines = text.splitlines()
    assert re.fullmatch(rf"postern \S+ is ready, up \d+ \w+: 2 workers, process {rig.daemon.pid}", lines[0]), text
    assert re.fullmatch(re.escape(rig.daemon.path) + r", in use for \d+ \w+; log level debug", lines[1]), text
    assert re.search(rf"^a  +\d+ +0 +{re.escape(rig.host())}$", text, re.M), text
    assert re.search(rf"^one  +ready +\d+, seen \d+ s ago +{re.escape(rig.provider.issuer)}$", text, re.M), text
    assert re.search(r"^folder  +ready +- +/", text, re.M), text
    assert re.search(rf"^plain +\d+ +- +127.0.0.1:{rig.port}$", text, re.M), text
    assert re.search(r"^ended early +\d+, kept on disk$", text, re.M), text
    assert "\x1b" not in text and not any(line != line.rstrip() for line in lines)


def test_status_is_one_object_for_programs_the_same_by_command_and_by_both_ways(rig):
    told = [json.loads(rig.says("status", "--json")),
            json.loads(rig.says("status", "--json", place=f"127.0.0.1:{rig.daemon.admin}")),
            json.loads(rig.asks("/status")[1]), json.loads(rig.asks("/status", private=True)[1])]
    for one in told:
        assert one["state"] == "ready" and one["process"] == rig.daemon.pid and one["workers"] == 2
        assert [site["name"] for site in one["sites"]] == list(rig.config["sites"])
        assert {part["state"] for kind in ("providers", "origins") for part in one[kind]} == {"ready"}
        assert one["connections"]["limit"] > 0 and one["sessions"]["kept_on_disk"] is True
        assert set(one) == set(told[0])


def test_status_counts_requests_and_tells_who_failed(rig):
    before = json.loads(rig.says("status", "--json"))
    rig.send("/public/")
    after = json.loads(rig.says("status", "--json"))
    count = lambda one: next(site["requests"] for site in one["sites"] if site["name"] == "a")
    assert count(after) == count(before) + 1


def test_status_works_while_the_config_does_not_hold(rig):
    rig.daemon.write({**rig.daemon.config, "sites": {"a": {"hosts": 17, "nonsense": True}}})
    try:
        assert "is ready" in rig.says("status")
    finally:
        rig.daemon.write(rig.daemon.config)


def test_status_says_what_is_the_matter_with_a_provider(build, folder, module_provider):
    lost = process.free_port()
    one = AdminRig(os.path.join(build, "admin-lost"), folder, module_provider, ready="/healthz", providers={
        "one": {"issuer": module_provider.issuer, "client_id": "postern"},
        "two": {"issuer": f"http://localhost:{lost}", "client_id": "other"}})
    eventually(lambda: "no keys" in one.says("status"))
    text = one.says("status")
    assert " is degraded, up " in text.splitlines()[0], text
    assert re.search(rf"^provider two  http://localhost:{lost}/\S+: .*refused", text, re.M), text
    told = {part["name"]: part for part in json.loads(one.says("status", "--json"))["providers"]}
    assert told["two"]["state"] == "unready" and str(lost) in told["two"]["problem"] and "problem" not in told["one"]
    one.stop()


def test_the_socket_is_found_by_what_a_config_includes_and_what_the_environment_says(rig, tmp_path):
    (tmp_path / "main.yaml").write_text("include: parts/*.yaml\nworkers: nonsense\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "admin.yaml").write_text("admin: {socket: nowhere.sock}\n")
    status = lambda **more: postern.run("status", "--config", tmp_path / "main.yaml", environment=more)
    assert status().returncode == 1 and f"unix:{tmp_path}/parts/nowhere.sock" in status().stderr, status().stderr
    assert "is ready" in status(POSTERN_ADMIN__SOCKET=rig.socket).stdout
    (tmp_path / "main.yaml").write_text("workers: 2\n")
    assert "is ready" in status(RUNTIME_DIRECTORY=rig.directory).stdout


def test_a_command_without_an_instance_fails_and_says_where_it_asked(rig, tmp_path):
    text = rig.says("status", place=str(tmp_path / "none.sock"), status=1)
    assert "no running instance answers" in text and "none.sock" in text
    assert "no running instance" in rig.says("revoke", "--site", "a", place=f"127.0.0.1:{process.free_port()}",
                                             status=1)
    rig.says("status", place="nonsense", status=2)
    missing = postern.run("status", "--config", str(tmp_path / "none.yaml"))
    assert missing.returncode == 78 and "--admin" in missing.stderr


# MARK: why

def test_why_finds_the_rule_that_kept_somebody_out(rig, module_provider):
    module_provider.account = BOB
    browser = rig.signed_in()
    answer = browser.open(rig.url("/admin/?q=secret-query"))
    assert answer.status == 403, str(answer)
    code = reference(answer)
    text = rig.says("why", code)
    assert re.search(rf"^reference  {code}$", text, re.M) and re.search(r"^when +\d{4}-.* UTC, \d+ s ago$", text, re.M)
    assert re.search(rf"^request +GET {re.escape(rig.host())}/admin/$", text, re.M), text
    assert re.search(r"^rule +/admin/\*\*: groups:admins$", text, re.M), text
    assert re.search(r"^ +groups:admins: not met$", text, re.M), text
    assert re.search(r"^answer +403 forbidden, at the stage authorization$", text, re.M), text
    assert re.search(r"^why +The rule asks for groups:admins, and", text, re.M), text
    assert re.search(r"^remedy +\S", text, re.M) and "secret-query" not in text
    told = json.loads(rig.says("why", "--json", code))
    assert (told["status"], told["outcome"], told["site"], told["rule"]) == (403, "forbidden", "a", "/admin/**")
    assert told["verdicts"] == [{"requires": "groups:admins", "verdict": "not met"}] and told["reference"] == code


def test_why_takes_a_reference_as_people_read_it_out(rig):
    code = reference(rig.send("/nobody/x", headers=API))
    spoken = f"{code[:5]}-{code[5:]}".lower().replace("0", "o").replace("1", "l")
    assert json.loads(rig.says("why", "--json", spoken))["reference"] == code


def test_why_tells_what_a_sign_in_failed_on_and_no_secret_of_it(rig):
    _, callback = rig.begun()
    answer = web.Browser().send(callback)
    told = json.loads(rig.says("why", "--json", reference(answer)))
    assert told["outcome"] == "sign_in_failed" and "no browser cookie" in told["detail"], told
    assert "code=" not in json.dumps(told) and "state=" not in json.dumps(told)


@pytest.mark.parametrize("path, fields, outcome", [
    ("/hello.txt", API, "sign_in_required"), ("/nobody/", {}, "forbidden"), ("/%zz", {}, "bad_request")])
def test_why_tells_of_other_answers(rig, path, fields, outcome):
    told = json.loads(rig.says("why", "--json", reference(rig.send(path, headers=fields))))
    assert told["outcome"] == outcome and told["reason"] and told["remedy"], told


def test_why_tells_of_a_request_that_could_not_be_read(rig):
    with socket.create_connection(("127.0.0.1", rig.port)) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        answer = line.recv(4096).decode()
    code = re.search(r"Reference (\w{10})", answer)[1]
    assert "could not be read" in rig.says("why", code)


def test_why_of_a_reference_that_is_not_remembered_fails_with_words(rig):
    assert "No answer with the reference" in rig.says("why", "0000000000", status=1)
    rig.says("why", "short", status=2)
    with web.connect(rig.port) as line:  # one connection, one worker, which remembers 20
        codes = []
        for _ in range(21):
            line.sendall(web.head("GET", "/nobody/x", rig.host(), API))
            codes.append(reference(web.read_answer(line)))
    assert rig.says("why", codes[1]) and rig.says("why", codes[-1])
    assert "No answer" in rig.says("why", codes[0], status=1)


# MARK: The socket and the listener

def test_the_socket_is_its_owners_alone_and_goes_with_its_process(rig, build, folder, module_provider):
    status = os.stat(rig.socket)
    assert stat.S_ISSOCK(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o600
    other = AdminRig(os.path.join(build, "admin-other"), folder, module_provider)
    other.daemon.terminate()
    eventually(lambda: not os.path.exists(other.socket))
    other.stop()


def test_who_takes_over_takes_the_sockets_name_and_who_goes_leaves_it(build, folder, module_provider):
    first = AdminRig(os.path.join(build, "admin-first"), folder, module_provider)
    second = AdminRig(os.path.join(build, "admin-first"), folder, module_provider)
    assert json.loads(first.says("status", "--json"))["process"] == second.daemon.pid
    first.stop()
    assert json.loads(second.says("status", "--json"))["process"] == second.daemon.pid
    second.stop()


def test_a_socket_that_cannot_be_made_keeps_nobody_from_serving(build, folder, module_provider):
    directory = os.path.join(build, "admin-taken")
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "admin.sock"), "w", encoding="ascii") as file:
        file.write("somebody's file")
    one = AdminRig(directory, folder, module_provider)
    assert any("admin socket could not be opened" in line.get("message", "") for line in one.daemon.records())
    assert os.path.getsize(os.path.join(directory, "admin.sock")) == 15
    one.stop()


@pytest.mark.parametrize("path", ["/drain", "/sessions/revoke", "/reload", "/log-level"])
def test_the_listener_changes_nothing(rig, path):
    assert rig.asks(path, "POST", {})[0] == 403
    assert rig.asks(path)[0] == 403
    assert rig.is_alive()


@pytest.mark.parametrize("host, status", [("evil.example", 421), ("localhost", 200), ("[::1]:9180", 200),
                                          ("127.0.0.1.evil.example", 421)])
def test_the_listener_tells_of_people_to_nobody_by_a_name(rig, host, status):
    assert rig.asks("/status", host=host)[0] == status
    assert rig.asks("/why/0000000000", host=host)[0] == (404 if status == 200 else 421)
    assert rig.asks("/healthz", host=host)[0] == 200


@pytest.mark.parametrize("body", [{}, {"user": ""}, {"user": "a", "site": "a"}, {"user": 1}, [], {"everybody": "x"}])
def test_an_order_that_does_not_hold_is_refused(rig, body):
    assert rig.asks("/sessions/revoke", "POST", body, private=True)[0] == 400
    assert rig.asks("/sessions/revoke", private=True)[0] == 405
    assert rig.asks("/sessions/revoke", "POST", {"user": "x" * 20_000}, private=True)[0] == 400


# MARK: revoke

def opens(rig, browser, site="a"):
    return browser.send(rig.url("/hello.txt", site), headers=API).status == 200


def test_a_users_sessions_end_everywhere_and_who_signs_in_again_is_in(rig, module_provider):
    first, second = rig.signed_in(), rig.signed_in("c")
    me = json.loads(first.send(rig.url("/.auth/me")).text)
    other = rig.signed_in()
    assert opens(rig, first) and opens(rig, second, "c")
    text = rig.says("revoke", "--user", me["email"].upper() if me.get("email") else me["sub"])
    assert "are over" in text and "kept on disk" in text
    assert not opens(rig, first) and not opens(rig, second, "c") and not opens(rig, other)
    assert opens(rig, rig.signed_in())
    again = rig.signed_in()
    rig.says("revoke", "--user", me["sub"])
    assert not opens(rig, again)


def test_a_group_or_a_site_ends_and_no_other(rig):
    member = rig.signed_in()
    groups = json.loads(member.send(rig.url("/.auth/me")).text)["groups"]
    rig.says("revoke", "--group", "no-such-group")
    assert opens(rig, member)
    here, there = rig.signed_in("a"), rig.signed_in("b")
    told = json.loads(rig.says("revoke", "--json", "--site", "b"))
    assert told["revoked"] == "site" and told["name"] == "b" and told["kept_on_disk"] is True
    assert opens(rig, here) and not opens(rig, there, "b")
    assert "There is no site" in rig.says("revoke", "--site", "nowhere", status=1)
    if groups:
        rig.says("revoke", "--group", groups[0])
        assert not opens(rig, here)


def test_revoke_takes_one_name(rig):
    rig.says("revoke", status=2)
    rig.says("revoke", "--user", "a", "--site", "a", status=2)


def test_what_was_revoked_stays_so_after_a_sudden_restart(build, folder, module_provider):
    one = AdminRig(os.path.join(build, "admin-restart"), folder, module_provider)
    browser = one.signed_in()
    sub = json.loads(browser.send(one.url("/.auth/me")).text)["sub"]
    one.says("revoke", "--user", sub)
    one.daemon.process.send(signal.SIGKILL)
    one.stop()
    one.start()
    assert not opens(one, browser) and opens(one, one.signed_in())
    one.stop()


# MARK: reload and log level

@pytest.fixture
def own(build, folder, module_provider, request):
    one = AdminRig(os.path.join(build, named(request)[:24]), folder, module_provider)
    yield one
    one.stop()


def test_reload_tells_what_came_of_it(own):
    config = own.daemon.config
    own.daemon.write({**config, "limits": {"decisions": 7}})
    assert "The config is in use." in own.says("reload")
    own.daemon.write({**config, "limits": {"decisions": 7, "decisons": 8}})
    text = own.says("reload", status=78)
    assert "limits.decisons" in text and "decisions" in text and "nothing was changed" in text
    done = postern.run("reload", "--json", "--config", own.daemon.path)
    assert done.returncode == 78 and json.loads(done.stdout)["ok"] is False
    own.daemon.write({**config, "workers": 3})
    assert "workers" in own.says("reload", status=78) and own.is_alive()


def test_a_reload_moves_the_socket_and_what_is_remembered_stays(own):
    code, browser = reference(own.send("/nobody/x", headers=API)), own.signed_in()
    own.says("revoke", "--site", "a")
    moved = {**own.daemon.config["admin"], "socket": "moved.sock"}
    own.daemon.write({**own.daemon.config, "admin": moved})
    assert "in use" in own.says("reload", place=own.socket)
    assert not os.path.exists(own.socket) and os.path.exists(os.path.join(own.directory, "moved.sock"))
    assert json.loads(own.says("why", "--json", code))["reference"] == code
    assert not opens(own, browser)


def test_the_log_level_changes_until_the_config_is_read_again(own):
    level = lambda: json.loads(own.says("status", "--json"))["log_level"]
    assert level() == "debug" and "error" in own.says("log-level", "error") and level() == "error"
    before = len(own.daemon.records())
    own.says("revoke", "--site", "a")
    assert not any(one["kind"] == "event" for one in own.daemon.records()[before:])
    own.says("log-level", "loud", status=2)
    own.says("reload")
    assert level() == "debug"


# MARK: drain

def test_drain_ends_the_process_as_sigterm_does(build, folder, module_provider):
    one = AdminRig(os.path.join(build, "admin-drain"), folder, module_provider)
    assert "Draining" in one.says("drain")
    eventually(lambda: not one.daemon.process.is_running())
    assert one.stop() in (0, None)


def test_health_is_an_exit_status(build, folder, provider):
    one = AdminRig(os.path.join(build, "admin-health"), folder, provider)
    try:
        assert json.loads(one.says("health")) == {"status": "ok"}
        assert json.loads(one.says("health --ready"))["status"] == "ready"
        provider.stop()
        one.daemon.stop()
        assert "no running instance answers" in one.says("health", status=1)
        one.daemon = postern.Postern(one.directory, one.config, ready=None)
        one.daemon.admin = int(one.config["admin"]["address"].rsplit(":", 1)[1])
        eventually(lambda: one.daemon.status("/healthz"))
        one.says("health")
        done = postern.run("health", "--ready", "--config", one.daemon.path)
        assert done.returncode == 1, "it runs, and cannot sign anybody in"
        assert json.loads(done.stdout)["status"] == "degraded"
    finally:
        one.stop()
