"""One instance goes and another takes over, under load: no request is lost. By sockets that are passed to both, and by
SO_REUSEPORT."""

import hashlib
import http.server
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import load
import postern
import pytest
import web
from conftest import OBJECTS
from lying_provider import LyingProvider
from parts import process
from test_process import wait_until

MIB = 1 << 20
SMALL = {"/hello.txt": b"hello\n", "/some.bin": hashlib.shake_128(b"some").digest(200_000)}
MEDIUM = {"/medium.bin": hashlib.shake_128(b"medium").digest(2 * MIB)}
BIG = {"/big.bin": hashlib.shake_128(b"big").digest(16 * MIB)}


def listening(address="127.0.0.1"):
    one = socket.create_server((address, 0), backlog=1024, family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    return one


@pytest.fixture
def site(tmp_path):
    for path, body in {**SMALL, **MEDIUM, **BIG}.items():
        (tmp_path / "site").mkdir(exist_ok=True)
        (tmp_path / "site" / path[1:]).write_bytes(body)
    return tmp_path / "site"


@pytest.fixture
def running():
    """Daemons that are stopped whatever happens."""
    all_of_them = []
    yield all_of_them
    for one in all_of_them:
        one.stop()


NOTICE = "another instance listens at the same address"


class Pair:
    """A site at a plain and a TLS listener, and its instances, one after the other."""

    def __init__(self, tmp_path, site, authority, running, *, passed):
        self.tmp_path, self.running, self.passed, self.count = tmp_path, running, passed, 0
        if passed:
            self.sockets = [("web", listening()), ("secure", listening())]
            self.plain, self.tls = (one.getsockname()[1] for _, one in self.sockets)
            places = [{"address": "systemd:web"}, {"address": "systemd:secure"}]
        else:
            self.sockets = []
            self.plain, self.tls = process.free_ports(2)
            places = [{"address": f"127.0.0.1:{port}", "reuse_port": True} for port in (self.plain, self.tls)]
        certificate, key = authority.issue("takeover", "localhost")
        self.config = {
            "listeners": {"plain": places[0],
                          "secure": {**places[1], "tls": {"certificate": certificate, "key": f"file:{key}"}}},
            "origins": {"folder": {"directory": str(site)}},
            "sites": {"docs": {"hosts": [f"localhost:{self.plain}", f"localhost:{self.tls}"], "origin": "folder",
                               "rules": {"/**": "anyone"}}}}

    def start(self, **options):
        self.count += 1
        one = postern.Postern(self.tmp_path / f"instance-{self.count}", self.config, sockets=self.sockets, **options)
        self.running.append(one)
        return one

    def clients(self, authority):
        for kind, port in (("plain", self.plain), ("tls", self.tls)):
            host = f"localhost:{port}"
            tls = ssl.create_default_context(cafile=authority.certificate) if kind == "tls" else None
            yield load.Fresh(f"fresh {kind}", port, host, SMALL, tls=tls)
            yield load.Kept(f"kept {kind}", port, host, SMALL, tls=tls)
            yield load.Kept(f"seldom {kind}", port, host, SMALL, tls=tls, pause=0.7)
            yield load.Slow(f"slow {kind}", port, host, BIG, tls=tls)
            tls = ssl.create_default_context(cafile=authority.certificate) if tls else None
            if tls:
                tls.set_alpn_protocols(["h2"])
            yield load.Multiplexed(f"multiplexed {kind}", port, host, {**SMALL, **MEDIUM}, tls=tls, pause=0.02)


@pytest.mark.parametrize("passed", [True, False], ids=["passed", "reuse_port"])
def test_takeovers_under_load_lose_no_request(tmp_path, site, authority, running, passed):
    pair = Pair(tmp_path, site, authority, running, passed=passed)
    old, instances = pair.start(), []
    with load.Load(*pair.clients(authority)) as clients:
        for _ in range(3):
            time.sleep(1.5)
            new = pair.start()
            time.sleep(0.3)
            old.terminate()
            assert wait_until(lambda: not process.answers(f"http://127.0.0.1:{old.admin}/readyz")(), 1)
            assert old.process.wait(25) == 0, old.process.log_tail()
            instances.append(old)
            old = new
        time.sleep(0.5)
    assert clients.lost == []
    for one in instances:
        assert {line["outcome"] for line in one.records() if line["kind"] == "access"} == {"served"}
        complaints = [line["message"] for line in one.records() if line.get("level") in ("error", "warning")]
        assert [one for one in complaints if not one.startswith(NOTICE)] == []
    assert all(count >= 2 for count in clients.done.values()), clients.done


def test_curl_loses_nothing_in_a_takeover(tmp_path, site, authority, running):
    """An independent client that keeps its connections, over HTTP/1.1 and HTTP/2."""
    pair = Pair(tmp_path, site, authority, running, passed=True)
    old = pair.start()
    transfers = []
    for version in ("--http1.1", "--http2"):
        url = f"https://localhost:{pair.tls}/some.bin?[1-12000]"
        transfers.append(subprocess.Popen(
            ["curl", "-sS", version, "--cacert", authority.certificate, "--parallel", "--parallel-max", "8",
             "--fail", "-o", "/dev/null", "-w", "%{http_code} %{size_download}\n", url],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for _ in range(2):
        time.sleep(0.3)
        new = pair.start()
        old.terminate()
        assert all(one.poll() is None for one in transfers), "it was over too soon to tell"
        assert old.process.wait(25) == 0
        old = new
    for one in transfers:
        output, errors = one.communicate(timeout=60)
        assert one.returncode == 0, errors
        assert output.split("\n")[:-1] == ["200 200000"] * 12000


def test_a_passed_socket_keeps_who_comes_while_no_instance_runs(tmp_path, site, authority, running):
    pair = Pair(tmp_path, site, authority, running, passed=True)
    first = pair.start()
    first.terminate()
    assert first.process.wait(10) == 0
    with web.connect(pair.plain) as early:
        early.sendall(web.head("GET", "/hello.txt", f"localhost:{pair.plain}"))
        pair.start()
        assert web.read_answer(early).body == SMALL["/hello.txt"]


def test_workers_take_turns_at_a_passed_socket(tmp_path, site, authority, running):
    pair = Pair(tmp_path, site, authority, running, passed=True)
    pair.config["workers"] = 4
    daemon = pair.start()
    open_connections = []
    try:
        for _ in range(80):
            one = web.connect(pair.plain)
            open_connections.append(one)
            one.sendall(web.head("GET", "/hello.txt", f"localhost:{pair.plain}"))
            assert web.read_answer(one).status == 200
            time.sleep(0.002)
        counts = {}
        for task in os.listdir(f"/proc/{daemon.pid}/task"):
            with open(f"/proc/{daemon.pid}/task/{task}/comm") as name, open(
                    f"/proc/{daemon.pid}/task/{task}/status") as status:
                if name.read().startswith("worker"):
                    switches = next(line for line in status if line.startswith("voluntary_ctxt_switches"))
                    counts[task] = int(switches.split()[1])
    finally:
        for one in open_connections:
            one.close()
    # Nobody sits idle while others have connections: each has been woken about as often.
    assert len(counts) == 4 and min(counts.values()) * 3 > max(counts.values()) and min(counts.values()) >= 15, counts


def test_several_sockets_of_one_name_and_an_admin_socket(tmp_path, site, authority, running):
    pair = Pair(tmp_path, site, authority, running, passed=True)
    admin = socket.socket(socket.AF_UNIX)
    admin.bind(str(tmp_path / "admin.sock"))
    admin.listen()
    pair.sockets += [("admin", admin), ("web", listening())]
    second = pair.sockets[-1][1].getsockname()[1]
    pair.config["sites"]["docs"]["hosts"].append(f"localhost:{second}")
    pair.config["admin"] = {"address": "systemd:admin"}
    one = pair.start(ready=None)
    ask = lambda path: web.request(0, path, host="localhost", address=str(tmp_path / "admin.sock")).status
    assert ask("/readyz") == 200
    for port in (pair.plain, second):
        assert web.request(port, "/hello.txt", host=f"localhost:{port}").body == SMALL["/hello.txt"]
    with open(f"/proc/{one.pid}/environ", "rb") as environment:
        assert b"LISTEN_FDS=4" in environment.read()
    other = pair.start(ready=None)
    one.terminate()
    assert one.process.wait(10) == 0
    assert ask("/readyz") == 200
    other.terminate()
    assert other.process.wait(10) == 0


@pytest.mark.parametrize("names,config,expected", [
    (["web"], {"plain": "systemd:wbe"}, ["systemd:wbe: no socket of this name was passed, but web",
                                         "the socket web (127.0.0.1:", "was passed, and is unused"]),
    ([], {"plain": "systemd:web"}, ["listeners.plain.address: systemd:web: no sockets were passed to this process"]),
    (["web", "other"], {"plain": "systemd:web"}, ["the socket other (127.0.0.1:"]),
])
def test_sockets_and_config_that_do_not_fit_are_faults(tmp_path, site, running, names, config, expected):
    tree = {"listeners": {name: {"address": address} for name, address in config.items()},
            "origins": {"folder": {"directory": str(site)}},
            "sites": {"docs": {"hosts": ["localhost"], "origin": "folder", "rules": {"/**": "anyone"}}}}
    daemon = postern.Postern(tmp_path / "run", tree, ready=None, sockets=[(name, listening()) for name in names])
    running.append(daemon)
    assert daemon.process.wait(10) == 78
    for line in expected:
        assert line in daemon.process.log_text(), daemon.process.log_text()
    # What is passed is not known before the start: the config itself holds.
    assert postern.run("check", "--config", daemon.path).returncode == 0


@pytest.mark.parametrize("kind,message", [
    ("datagram", "is no stream socket"), ("connected", "does not listen"), ("file", "is no socket")])
def test_what_is_no_listening_socket_is_refused(tmp_path, site, running, kind, message):
    one, other = socket.socketpair()
    passed = {"datagram": lambda: socket.socket(type=socket.SOCK_DGRAM), "connected": lambda: one,
              "file": lambda: open("/dev/null")}[kind]()
    tree = {"listeners": {"web": {"address": "systemd:web"}}, "origins": {"folder": {"directory": str(site)}},
            "sites": {"docs": {"hosts": ["localhost"], "origin": "folder", "rules": {"/**": "anyone"}}}}
    daemon = postern.Postern(tmp_path / "run", tree, ready=None, sockets=[("web", passed)])
    running.append(daemon)
    assert daemon.process.wait(10) == 1
    assert f"the socket web that was passed (descriptor 3) {message}" in daemon.process.log_text()


@pytest.mark.skipif(not postern.have("systemd-socket-activate"), reason="there is no systemd-socket-activate")
def test_systemd_socket_activate_starts_it(tmp_path, site, running):
    port = process.free_port()
    tree = {"listeners": {"web": {"address": "systemd:web"}}, "origins": {"folder": {"directory": str(site)}},
            "sites": {"docs": {"hosts": [f"localhost:{port}"], "origin": "folder", "rules": {"/**": "anyone"}}}}
    path = tmp_path / "postern.yaml"
    path.write_text(postern.to_yaml(tree))
    with process.Process(
            "activate", ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "--fdname=web", postern.BINARY, "serve",
                         "--config", path], log=tmp_path / "activate.log",
            environment=process.clean_environment(tmp_path)) as activated:
        activated.wait_until(lambda: "Listening on" in activated.log_text(), 10)
        for _ in range(3):
            assert web.request(port, "/hello.txt", host=f"localhost:{port}").body == SMALL["/hello.txt"]
        activated.send(signal.SIGTERM)
        assert activated.wait(10) == 0


def test_a_second_instance_says_that_it_is_not_alone(tmp_path, site, authority, running):
    pair = Pair(tmp_path, site, authority, running, passed=False)
    first, second = pair.start(), pair.start()
    assert NOTICE not in first.process.log_text() and second.process.log_text().count(NOTICE) == 2


def test_a_second_instance_is_refused_where_reuse_port_is_false(tmp_path, site, authority, running):
    pair = Pair(tmp_path, site, authority, running, passed=False)
    pair.start()
    for one in pair.config["listeners"].values():
        one["reuse_port"] = False
    second = pair.start(ready=None)
    assert second.process.wait(10) == 1
    assert f"listeners.plain.address: cannot listen on 127.0.0.1:{pair.plain}" in second.process.log_text()


def test_who_is_within_the_handshake_is_served(tmp_path, site, authority, running):
    pair = Pair(tmp_path, site, authority, running, passed=False)
    daemon = pair.start()
    context = ssl.create_default_context(cafile=authority.certificate)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with web.connect(pair.tls) as connection:
        with pytest.raises(ssl.SSLWantReadError):
            session.do_handshake()
        hello = outgoing.read()
        connection.sendall(hello[:100])
        time.sleep(0.2)
        daemon.terminate()
        assert wait_until(lambda: "draining" in daemon.process.log_text())
        time.sleep(2.5)
        connection.sendall(hello[100:])

        def step(call):
            while True:
                try:
                    result = call()
                    connection.sendall(outgoing.read())
                    return result
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(connection.recv(65536))

        step(session.do_handshake)
        step(lambda: session.write(web.head("GET", "/hello.txt", f"localhost:{pair.tls}")))
        answer = b""
        while SMALL["/hello.txt"] not in answer:
            answer += step(lambda: session.read(65536))
        assert answer.startswith(b"HTTP/1.1 200") and b"\r\nconnection: close\r\n" in answer.lower()
    assert daemon.process.wait(10) == 0


class SlowBucket(http.server.BaseHTTPRequestHandler):
    """An S3 server that thinks for a second, and then sends slowly."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        time.sleep(1)
        self.send_response(200)
        self.send_header("Content-Length", "40")
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        for _ in range(4):
            self.wfile.write(b"0123456789")
            time.sleep(0.3)


def test_origin_fetches_and_sign_ins_that_are_half_done_are_finished(tmp_path, running):
    bucket = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowBucket)
    threading.Thread(target=bucket.serve_forever, daemon=True).start()
    provider, port = LyingProvider({"postern": None}), process.free_port()
    url = f"http://localhost:{port}"
    config = {"listeners": {"web": {"address": f"127.0.0.1:{port}", "reuse_port": True}},
              "session_keys": [postern.secret()],
              "providers": {"liar": {"issuer": provider.issuer, "client_id": "postern"}},
              "origins": {"slow": {"s3": {"bucket": "slow", "region": "us-east-1", "addressing": "path",
                                          "endpoint": f"http://127.0.0.1:{bucket.server_address[1]}",
                                          "access_key_id": "nobody", "secret_access_key": "nothing"}}},
              "sites": {"docs": {"hosts": [f"localhost:{port}"], "provider": "liar", "origin": "slow",
                                 "rules": {"/open/**": "anyone"}}}}

    def slowly(answer):
        time.sleep(1.5)
        return answer

    try:
        daemon = postern.Postern(tmp_path / "first", config)
        running.append(daemon)
        finished, goes_on, later = {}, web.Browser(), web.Browser()
        callback = goes_on.send(goes_on.send(url + "/open/a").url and goes_on.send(url + "/x").location).location
        unused = later.send(later.send(url + "/x").location).location
        provider.change_answer = slowly

        def fetch():
            finished["fetch"] = web.request(port, "/open/a", host=f"localhost:{port}")

        def sign_in():
            finished["sign-in"] = goes_on.send(callback)

        threads = [threading.Thread(target=fetch), threading.Thread(target=sign_in)]
        for one in threads:
            one.start()
        time.sleep(0.5)
        successor = postern.Postern(tmp_path / "second", config)
        running.append(successor)
        daemon.terminate()
        for one in threads:
            one.join(20)
        assert finished["fetch"].body == b"0123456789" * 4
        assert finished["sign-in"].status == 302 and finished["sign-in"].location == url + "/x"
        assert daemon.process.wait(10) == 0
        # What one instance began the other one ends, and what it sealed the other one opens.
        provider.reset()
        assert later.send(unused).status == 302
        assert goes_on.fetch(url + "/x").status == later.fetch(url + "/x").status == 200
    finally:
        provider.stop()
        bucket.shutdown()


def test_the_service_manager_hears_when_it_serves_and_when_it_goes(tmp_path, site, authority, running):
    for kind in ("path", "abstract"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            name = str(tmp_path / "notify.sock") if kind == "path" else f"@postern-test-{os.getpid()}"
            manager.bind(name.replace("@", "\0"))
            manager.settimeout(10)
            daemon = Pair(tmp_path, site, authority, running, passed=True).start(
                ready=None, environment={"NOTIFY_SOCKET": name})
            assert manager.recv(4096).decode().split("\n")[0] == "READY=1"
            daemon.terminate()
            assert manager.recv(4096).decode().split("\n")[0] == "STOPPING=1"
            assert daemon.process.wait(10) == 0


def test_a_provider_that_hangs_does_not_keep_the_sockets_for_ever(tmp_path, site, running):
    """Where another instance may be serving nothing is taken before the providers were looked at; once."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        web_socket = listening()
        port = web_socket.getsockname()[1]
        config = {"listeners": {"web": {"address": "systemd:web"}}, "session_keys": [postern.secret()],
                  "limits": {"provider_timeout": "1s"},
                  "providers": {"slow": {"issuer": f"http://127.0.0.1:{hanging.getsockname()[1]}",
                                         "client_id": "postern"}},
                  "origins": {"folder": {"directory": str(site)}},
                  "sites": {"docs": {"hosts": [f"localhost:{port}"], "provider": "slow", "origin": "folder",
                                     "rules": {"/**": "anyone"}}}}
        start = time.monotonic()
        running.append(postern.Postern(tmp_path / "run", config, ready=None, sockets=[("web", web_socket)]))
        assert web.request(port, "/hello.txt", host=f"localhost:{port}").body == SMALL["/hello.txt"]
        assert 0.9 < time.monotonic() - start < 5
