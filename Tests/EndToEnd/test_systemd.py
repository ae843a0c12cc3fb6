"""The units, in a machine that systemd has booted: set up by the commands of their README, before SeaweedFS and Canaille,
up to a page for somebody who has signed in; then what an operator does with a service, and what goes wrong with one."""

import ctypes
import hashlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time

import load
import postern
import pytest
import web
from conftest import PASSWORD, ROOT
from parts import canaille, certificates, machine, process, seaweedfs

SECRET = "client-secret-of-the-units-0123456789"
HOST = "docs.postern.test"
URL = f"https://{HOST}"
OBJECTS = {"index.html": b"<!doctype html><title>home</title><h1>In the bucket</h1>\n", "public/hello.txt": b"hello\n",
           "public/big.bin": hashlib.shake_128(b"big").digest(16 << 20)}
SOURCE = "/root/postern"
CAN_BIND, NOTHING = f"{1 << 10:016x}", f"{0:016x}"  # CAP_NET_BIND_SERVICE, and no capability
UNITS = ["postern.service", "postern.socket", "postern-http.socket"]

pytestmark = [
    pytest.mark.skipif(machine.cannot_boot() is not None, reason=str(machine.cannot_boot())),
    pytest.mark.skipif(postern.SANITIZED, reason="the sandbox lets no sanitizer do its work"),
]


def commands(section):
    """The shell commands of a section of systemd/README.md."""
    with open(os.path.join(ROOT, "systemd", "README.md"), encoding="utf-8") as source:
        text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", source.read(), re.M | re.S)[1]
    return re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)


def libraries(binary):
    """The folders of shared libraries that the program needs, and Debian has not: none, where Swift is linked in."""
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    return {os.path.dirname(path) for path in re.findall(r"=> (/\S+)", listed)
            if not re.match(r"(/usr)?/lib(64)?/", path)}


class Rig:
    """The machine, with a provider and a bucket in its network."""

    def __init__(self, directory):
        self.directory = directory
        self.machine = self.weed = self.provider = self.within = None
        self.binds = [(os.path.join(ROOT, name), f"{SOURCE}/{name}") for name in ("systemd", "config")]
        self.binds += [(postern.BINARY, f"{SOURCE}/.build/release/postern")]
        self.binds += [(path, path) for path in libraries(postern.BINARY)]

    def start(self):
        self.machine = machine.Machine(machine.TREE, log=os.path.join(self.directory, "machine.log"), binds=self.binds)
        self.within = self.machine.network()
        self.within.__enter__()
        self.authority = certificates.Authority(os.path.join(self.directory, "tls"))
        self.weed = seaweedfs.SeaweedFS(os.path.join(self.directory, "seaweedfs"), python=sys.executable)
        for key, body in OBJECTS.items():
            self.weed.writer.put(key, body, "text/html; charset=utf-8" if key.endswith(".html") else "text/plain")
        self.provider = canaille.Canaille(
            os.path.join(self.directory, "canaille"), python=sys.executable,
            users=[canaille.person("alice", PASSWORD, "Alice Aster")], groups={"staff": ["alice"]},
            clients=[canaille.client("postern", [f"{URL}/.auth/callback"], name="Postern", secret=SECRET,
                                     method="client_secret_basic", after_logout=[f"{URL}/.auth/signed-out"])])
        for secret in (SECRET, PASSWORD, self.weed.secret_key):
            web.note(secret)

    def stop(self):
        if self.machine and self.machine.leader:
            # Looked through for secrets at the end of the run, as the daemons' logs are.
            with open(os.path.join(self.directory, "postern-journal.log"), "w", encoding="utf-8") as target:
                target.write(self.machine.run("journalctl", "-o", "short-precise", "--no-pager", check=False))
        for part in (self.provider, self.weed):
            if part:
                part.stop()
        if self.within:
            self.within.__exit__()
        if self.machine:
            self.machine.stop()

    # What somebody has who sets Postern up.

    def prepare(self):
        one = self.machine
        one.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
        # What the sandbox refuses ends the process here, so that it is not overlooked.
        for unit in ("postern", "postern@"):
            self.drop_in("strict", unit, SystemCallErrorNumber="kill")
            if folders := libraries(postern.BINARY):
                self.drop_in("libraries", unit, ExecPaths=" ".join(folders))
        chain, key = self.authority.issue("postern", HOST)
        for path, name in ((chain, "/etc/postern/tls/fullchain.pem"), (key, "/etc/postern/credentials/tls-key")):
            with open(path, encoding="ascii") as source:
                one.write(name, source.read(), 0o644 if path == chain else 0o600)
        one.write("/etc/postern/credentials/corp", SECRET, 0o600)
        one.write("/etc/postern/credentials/s3", self.weed.secret_key, 0o600)

    def config(self, *, systemd=False, **more):
        at = (lambda name, port: f"systemd:{name}") if systemd else (lambda name, port: f"0.0.0.0:{port}")
        return {
            "listeners": {
                "public": {"address": at("https", 443), "tls": {"certificate": "/etc/postern/tls/fullchain.pem",
                                                                "key": "credential:tls-key"}},
                "plain": {"address": at("http", 80), "redirect_to_https": True}},
            "admin": {"address": "127.0.0.1:9180", "reuse_port": True}, "workers": 2, "session_keys": ["credential:session"],
            "log": {"level": "debug", "format": "json", "access": "stdout"},
            "providers": {"corp": {"issuer": self.provider.issuer, "client_id": "postern",
                                   "client_secret": "credential:corp",
                                   "scopes": ["openid", "profile", "email", "groups"]}},
            "origins": {"docs": {"s3": {"bucket": self.weed.bucket, "region": "us-east-1", "addressing": "path",
                                        "endpoint": self.weed.endpoint, "access_key_id": self.weed.access_key,
                                        "secret_access_key": "credential:s3"}}},
            "sites": {"docs": {"hosts": [HOST], "provider": "corp", "origin": "docs",
                               "rules": {"/public/**": "anyone", "/**": "signed-in"}}},
            **more}

    def configure(self, **options):
        self.machine.write("/etc/postern/postern.yaml", postern.to_yaml(self.config(**options)))

    def follow(self, section):
        """What was said."""
        said = ""
        for block in commands(section):
            said += self.machine.run("sh", "-euc", block, directory=SOURCE)
            if "config/postern.yaml" in block:
                self.configure()
        return said

    # What one sees from outside.

    def show(self, *names):
        text = self.machine.run("systemctl", "show", "postern", *(f"-p{name}" for name in names))
        return dict(line.split("=", 1) for line in text.splitlines())

    @property
    def pid(self):
        """As it is seen from here: the machine counts its processes for itself."""
        inside = self.show("MainPID")["MainPID"]
        for one in process.family(self.machine.leader):
            try:
                with open(f"/proc/{one}/status", encoding="ascii") as source:
                    if re.search(r"^NSpid:.*\t(\d+)$", source.read(), re.M)[1] == inside:
                        return one
            except (OSError, TypeError):
                continue
        raise AssertionError("the service does not run")

    def status(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as source:
            return dict(line.rstrip("\n").split(":\t", 1) for line in source)

    def permissions(self):
        status = self.status()
        return {name: status[name].strip() for name in ("NoNewPrivs", "Seccomp", "CapEff", "CapBnd")}

    def user(self):
        return int(self.status()["Uid"].split()[0])

    def exposure(self, at_most):
        self.machine.run("systemd-analyze", "security", f"--threshold={at_most * 10:.0f}", "postern.service")

    def thread(self, name):
        for one in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{one}/comm", encoding="ascii") as source:
                if source.read().strip() == name:
                    return int(one)
        raise AssertionError(f"there is no thread {name}")

    def journal(self, since=None, unit="postern"):
        """The service's entries, and systemd's about it."""
        text = self.machine.run("journalctl", "-u", unit, "-o", "json", "--no-pager",
                                *(["--after-cursor", since] if since else []))
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def cursor(self):
        return self.journal()[-1]["__CURSOR"]

    def messages(self, since=None):
        """What the entries say, with the fields of the program's own."""
        return [" ".join(str(value) for name, value in one.items() if name == "MESSAGE" or name.startswith("POSTERN_"))
                for one in self.journal(since)]

    def fetch(self, path="/public/hello.txt", **options):
        return web.request(443, path, host=HOST, tls=ssl.create_default_context(cafile=self.authority.certificate),
                           **options)

    def answers(self):
        try:
            return self.fetch().body == OBJECTS["public/hello.txt"]
        except OSError:
            return False

    def signed_in(self):
        time.sleep(1.1)  # Of two tokens of a second for one person Canaille makes one, and fails.
        browser = web.Browser(self.authority.certificate)
        page = browser.open(URL + "/")
        while not page.url.startswith(URL):
            fields = web.form(page.text)
            fields.update({name: value for name, value in (("login", "alice"), ("password", PASSWORD)) if name in fields})
            page = browser.submit(page.url, fields)
            page = browser.open(page.location) if page.get("location") else page
        assert page.status == 200 and page.body == OBJECTS["index.html"], str(page)
        return browser

    def drop_in(self, name, unit="postern", **settings):
        self.machine.write(f"/etc/systemd/system/{unit}.service.d/{name}.conf", "[Service]\n" + "".join(
            f"{name}={value}\n" for name, value in settings.items()))
        self.machine.run("systemctl", "daemon-reload")


def eventually(check, seconds=20):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
    return found


class Held:
    """A thread that a debugger has stopped, as if its loop were stuck; all others of its process go on."""

    SEIZE, INTERRUPT, WAIT_ALL = 0x4206, 0x4207, 0x40000000
    LIBC = ctypes.CDLL(None, use_errno=True)
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    LIBC.ptrace.restype = ctypes.c_long

    def __init__(self, thread):
        self.thread = thread
        for request in (self.SEIZE, self.INTERRUPT):
            assert self.LIBC.ptrace(request, thread, None, None) == 0, os.strerror(ctypes.get_errno())
        os.waitpid(thread, self.WAIT_ALL)

    def has_ended(self):
        """The process's end waits for who holds its thread to take note."""
        try:
            found, status = os.waitpid(self.thread, self.WAIT_ALL | os.WNOHANG)
        except ChildProcessError:
            return True
        return found and not os.WIFSTOPPED(status)


@pytest.fixture(scope="module")
def rig(build):
    one = Rig(os.path.join(build, "systemd"))
    try:
        one.start()
        one.prepare()
        one.follow("Set-up")
        yield one
    finally:
        one.stop()


@pytest.fixture(scope="module")
def sockets(rig):
    """Its ports held by systemd from now on."""
    rig.configure(systemd=True)
    rig.follow("Sockets")
    return rig


def test_the_readme_leads_to_a_page_for_who_has_signed_in(rig):
    assert rig.show("ActiveState", "SubState", "StatusText", "Type", "NRestarts") == {
        "ActiveState": "active", "SubState": "running", "StatusText": "serving", "Type": "notify", "NRestarts": "0"}
    assert web.request(80, "/x", host=HOST).location == URL + "/x"
    browser = rig.signed_in()
    assert browser.fetch(URL + "/.auth/me").json()["name"] == "Alice Aster"
    assert json.loads(rig.machine.run("postern", "status", "--json"))["state"] == "ready"


def test_the_units_hold(rig):
    assert rig.machine.run("systemd-analyze", "verify", *(f"{SOURCE}/systemd/{name}" for name in UNITS)) == ""
    rig.exposure(at_most=1.5)


def test_the_service_may_do_little(rig):
    assert rig.permissions() == {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": CAN_BIND, "CapBnd": CAN_BIND}
    assert rig.show("LimitCORE", "LimitNOFILE") == {"LimitCORE": "0", "LimitNOFILE": "65536"}
    for name in ("/var/lib/private/postern", "/run/postern", "/var/log/private/postern"):
        status = os.stat(rig.machine.path(name))
        assert status.st_uid == rig.user() >= 61184, name


def test_an_end_that_was_forced_is_followed_by_a_start(rig):
    os.kill(rig.pid, signal.SIGKILL)
    eventually(lambda: rig.show("NRestarts", "ActiveState") == {"NRestarts": "1", "ActiveState": "active"})
    assert rig.answers()


def test_what_was_signed_out_stays_so_and_sessions_stay(rig):
    goes, stays = rig.signed_in(), rig.signed_in()
    copy = goes.clone()
    page = goes.open(URL + "/.auth/logout")
    assert goes.submit(URL + "/.auth/logout", web.form(page.text)).status in (302, 303)
    rig.machine.run("systemctl", "restart", "postern")
    assert copy.fetch(URL + "/.auth/me").status == 401
    assert stays.fetch(URL + "/.auth/me").status == 200


def test_a_reload_takes_a_changed_config_into_use_or_nothing_of_it(rig):
    rig.configure()
    rig.machine.run("systemctl", "restart", "postern")
    browser, before = rig.signed_in(), rig.pid
    site = rig.config()["sites"]["docs"]
    rig.configure(sites={"docs": {**site, "rules": {"/**": "signed-in"}}})
    rig.machine.run("systemctl", "reload", "postern")
    assert rig.fetch().status == 302 and browser.fetch(URL + "/.auth/me").status == 200
    since = rig.cursor()
    rig.configure(sites={"docs": {**site, "origin": "nowhere"}})
    with pytest.raises(process.PartFailed):
        rig.machine.run("systemctl", "reload", "postern")
    assert any("sites.docs.origin" in one and "nowhere" in one for one in rig.messages(since))
    assert rig.fetch().status == 302
    rig.configure()
    rig.machine.run("systemctl", "kill", "-s", "HUP", "postern")
    eventually(rig.answers)
    eventually(lambda: rig.show("ActiveState", "SubState", "StatusText") == {
        "ActiveState": "active", "SubState": "running", "StatusText": "serving"})
    assert rig.pid == before and browser.fetch(URL + "/.auth/me").status == 200


def test_a_log_file_is_opened_again(rig):
    rig.configure(log={"level": "debug", "format": "json", "access": "file:/var/log/postern/access.log"})
    rig.machine.run("systemctl", "restart", "postern")
    assert rig.answers()
    folder = rig.machine.path("/var/log/private/postern")
    os.rename(f"{folder}/access.log", f"{folder}/access.log.1")
    rig.machine.run("systemctl", "kill", "-s", "USR1", "postern")
    eventually(lambda: os.path.exists(f"{folder}/access.log"))
    assert rig.answers()
    eventually(lambda: '"path":"/public/hello.txt"' in open(f"{folder}/access.log", encoding="utf-8").read())


def test_the_journal_has_requests_and_events_as_entries(rig):
    since = rig.cursor()
    rig.configure(log={"access": "journald"})
    rig.machine.run("systemctl", "restart", "postern")
    assert rig.answers()

    def entry(**wanted):
        return eventually(lambda: [one for one in rig.journal(since) if wanted.items() <= one.items()])[-1]

    one = entry(POSTERN_KIND="access", POSTERN_PATH="/public/hello.txt")
    assert one["MESSAGE"] == f"GET {HOST}/public/hello.txt 200 served" and one["PRIORITY"] == "6"
    assert one["POSTERN_OUTCOME"] == "served" and one["POSTERN_STATUS"] == "200" and one["_TRANSPORT"] == "journal"
    assert one["SYSLOG_IDENTIFIER"] == "postern" and one["_SYSTEMD_UNIT"] == "postern.service"
    one = entry(POSTERN_KIND="event", MESSAGE="serving")
    assert one["PRIORITY"] == "6" and one["POSTERN_WORKERS"] == "2"


def test_a_config_is_checked_with_its_credentials(rig):
    assert "postern.yaml: fine" in rig.follow("Checking a config")


def test_with_sockets_the_service_may_do_less(sockets):
    sockets.exposure(at_most=1.1)
    assert sockets.permissions() == {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": NOTHING, "CapBnd": NOTHING}
    assert web.request(80, "/x", host=HOST).location == URL + "/x"
    sockets.signed_in()


def clients(rig):
    """All of whom are to be answered, whatever becomes of the service."""
    found = []
    for kind in (load.Fresh, load.Fresh, load.Kept, load.Slow, load.Multiplexed):
        tls = ssl.create_default_context(cafile=rig.authority.certificate)
        if kind is load.Multiplexed:
            tls.set_alpn_protocols(["h2"])
        path = "public/big.bin" if kind is load.Slow else "public/hello.txt"
        found.append(kind(f"{kind.__name__} {len(found)}", 443, HOST, {"/" + path: OBJECTS[path]}, tls=tls))
        found[-1].seconds = 1.5
    return load.Load(*found)


def test_a_restart_under_load_refuses_nobody(sockets):
    with clients(sockets) as running:
        for _ in range(2):
            time.sleep(0.5)
            before = sockets.pid
            sockets.machine.run("systemctl", "restart", "postern")
            assert sockets.pid != before
        time.sleep(0.5)
    assert running.lost == []
    assert all(count >= 2 for count in running.done.values()), running.done


def test_a_stop_waits_for_what_runs_and_who_comes_starts_it_again(sockets):
    since = sockets.cursor()
    with web.connect(443, tls=ssl.create_default_context(cafile=sockets.authority.certificate), name=HOST) as connection:
        connection.sendall(web.head("GET", "/public/big.bin", HOST))
        answer = web.read_answer(connection, body=False)
        sockets.machine.run("systemctl", "--no-block", "stop", "postern")
        eventually(lambda: sockets.show("SubState", "StatusText") == {"SubState": "stop-sigterm", "StatusText": "draining"})
        assert answer.read() == OBJECTS["public/big.bin"]
    eventually(lambda: sockets.show("ActiveState")["ActiveState"] == "inactive")
    assert sockets.show("Result", "ExecMainStatus", "NRestarts") == {
        "Result": "success", "ExecMainStatus": "0", "NRestarts": "0"}
    assert any("Deactivated successfully" in one for one in sockets.messages(since))
    assert sockets.answers() and sockets.show("ActiveState")["ActiveState"] == "active"


def test_a_config_that_does_not_hold_is_not_tried_for_ever(sockets):
    since = sockets.cursor()
    sockets.configure(systemd=True, workers="many")
    sockets.machine.run("systemctl", "restart", "postern", check=False)
    assert sockets.show("ActiveState", "Result", "ExecMainStatus", "NRestarts") == {
        "ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78", "NRestarts": "0"}
    assert any(" workers: " in one and "'many'" in one for one in sockets.messages(since))
    # Who comes starts it a few times more.
    assert not sockets.answers()
    eventually(lambda: "failed" in sockets.machine.run("systemctl", "is-active", "postern.socket", check=False))
    assert len([one for one in sockets.messages(since) if "Starting postern.service" in one]) <= 11
    sockets.configure(systemd=True)
    sockets.machine.run("systemctl", "restart", "postern")
    assert sockets.answers()


@pytest.mark.parametrize("name", ["worker-1", "postern"], ids=["worker", "control"])
def test_a_loop_that_is_stuck_is_seen_and_the_service_started_anew(sockets, name):
    sockets.drop_in("watchdog", WatchdogSec="2s")
    sockets.machine.run("systemctl", "restart", "postern")
    # As long as all is well nothing happens.
    begin = time.monotonic()
    while time.monotonic() - begin < 2.5:
        assert sockets.answers()
        time.sleep(0.1)
    assert sockets.show("NRestarts")["NRestarts"] == "0"
    since, begin, held = sockets.cursor(), time.monotonic(), Held(sockets.thread(name))
    eventually(held.has_ended)
    assert 1 < time.monotonic() - begin < 6
    eventually(lambda: sockets.show("NRestarts", "ActiveState") == {"NRestarts": "1", "ActiveState": "active"})
    assert sockets.answers()
    said = sockets.messages(since)
    assert any("Watchdog timeout (limit 2s)" in one for one in said), said
    assert any("workers do not answer" in one for one in said) == (name != "postern")


def test_two_instances_take_turns_and_lose_no_request(sockets):
    with clients(sockets) as running:
        time.sleep(0.5)
        said = sockets.follow("Two instances")
        for goes, comes in (("b", "a"), ("a", "b")):
            time.sleep(0.5)
            sockets.machine.run("systemctl", "start", f"postern@{comes}")
            sockets.machine.run("systemctl", "stop", f"postern@{goes}")
        time.sleep(0.5)
    assert running.lost == [], said
    assert all(count >= 2 for count in running.done.values()), running.done
    active = sockets.machine.run("systemctl", "list-units", "postern*.service", "--plain", "--no-legend", "--state=active")
    assert [line.split()[0] for line in active.splitlines()] == ["postern@b.service"]
    sockets.signed_in()
