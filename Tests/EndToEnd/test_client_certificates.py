"""Mutual TLS: whom a listener lets in that asks clients for certificates, and what a certificate does not do."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time

import postern
import pytest
import web
from cryptography.x509.oid import ExtendedKeyUsageOID
from lying_provider import LyingProvider
from parts import process
from pki import Authority

HOST = "docs.test"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture
def clients(tmp_path):
    return Authority(tmp_path / "clients", "Clients' authority")


@pytest.fixture
def server(tmp_path):
    return Authority(tmp_path / "server", "Server's authority")


@pytest.fixture
def daemon(build, request, folder, clients, server):
    """Two listeners for the same site: `required` and `optional`."""
    ports = dict(zip(("required", "optional"), process.free_ports(2)))
    chain, key, _ = server.issue("docs", HOST)
    provider = LyingProvider({"postern": None})
    tls = lambda **more: {"certificate": chain, "key": f"file:{key}", "client_ca": clients.path, **more}
    with postern.Postern(os.path.join(build, re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60]), {
            "session_keys": [postern.secret()], "origins": {"folder": {"directory": folder}},
            "providers": {"own": {"issuer": provider.issuer, "client_id": "postern"}},
            "listeners": {
                "required": {"address": f"127.0.0.1:{ports['required']}", "tls": tls()},
                "optional": {"address": f"127.0.0.1:{ports['optional']}", "tls": tls(client_certificates="optional")}},
            "sites": {"docs": {"hosts": [f"{HOST}:{port}" for port in ports.values()], "origin": "folder",
                               "provider": "own", "rules": {"/**": "signed-in", "/hello.txt": "anyone"}}}}) as one:
        one.ports = ports
        yield one
    provider.stop()


@pytest.fixture(params=VERSIONS, ids=["TLSv1_2", "TLSv1_3"])
def context(request, server):
    """Makes a client's context, with a certificate or without."""
    def make(pair=None):
        one = ssl.create_default_context(cafile=server.path)
        one.minimum_version = one.maximum_version = request.param
        if pair:
            one.load_cert_chain(*pair)
        return one
    return make


def ask(daemon, listener, context, target="/hello.txt", session=None):
    """The status, whether the session was resumed, and the session; or None where TLS was refused."""
    port = daemon.ports[listener]
    try:
        plain = socket.create_connection(("127.0.0.1", port), 10)
        with context.wrap_socket(plain, server_hostname=HOST, session=session) as one:
            one.sendall(web.head("GET", target, f"{HOST}:{port}"))
            return web.read_answer(one).status, one.session_reused, one.session
    except (ssl.SSLError, ConnectionError):
        return None


def test_who_is_let_in(daemon, context, clients, server):
    good = context(clients.client("good"))
    refused = {
        "a stranger's": context(server.client("stranger")),
        "a namesake's": context(Authority(clients.directory + "-2", "Clients' authority").client("namesake")),
        "an old one": context(clients.client("old", days=-1)),
        "a server's": context(clients.client("servers", usage=ExtendedKeyUsageOID.SERVER_AUTH)),
    }
    for listener in ("required", "optional"):
        assert ask(daemon, listener, good)[0] == 200
        for name, one in refused.items():
            assert ask(daemon, listener, one) is None, (listener, name)
    assert ask(daemon, "required", context()) is None
    assert ask(daemon, "optional", context())[0] == 200
    reasons = [one["reason"] for one in daemon.records() if one.get("message") == "a client's certificate was refused"]
    assert len(reasons) <= 9 and any("showed no certificate" in one for one in reasons)
    assert any("expired" in one for one in reasons) and any("authority" in one for one in reasons), reasons
    for listener, count in (("required", 5), ("optional", 4)):
        wait_for(lambda: f'connections_closed_total{{listener="{listener}",reason="certificate"}} {count}\n' in web.request(
            daemon.admin, "/metrics", host="localhost").text)


def test_a_flood_of_refusals_is_a_line_and_not_a_flood(daemon, context):
    nobody = context()
    for _ in range(40):
        assert ask(daemon, "required", nobody) is None
    lines = [one for one in daemon.records() if one.get("message") == "a client's certificate was refused"]
    assert 1 <= len(lines) <= 2 and all(one["times"] == 1 and one["peer"] for one in lines), "one of each worker"


def test_a_certificate_signs_nobody_in(daemon, context, clients):
    good = context(clients.client("good"))
    for listener in ("required", "optional"):
        assert ask(daemon, listener, good, "/secret.txt")[0] == 302


def test_http2_asks_for_it_too(daemon, clients, server):
    certificate, key = clients.client("good")
    curl = ["curl", "-sS", "--http2", "--cacert", server.path, "--resolve",
            f"{HOST}:{daemon.ports['required']}:127.0.0.1", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
            f"https://{HOST}:{daemon.ports['required']}/hello.txt"]
    done = subprocess.run([*curl, "--cert", certificate, "--key", key], capture_output=True, text=True, timeout=20)
    assert done.stdout == "2 200", done.stderr
    assert subprocess.run(curl, capture_output=True, timeout=20).returncode != 0


def test_a_session_is_resumed_only_where_its_certificate_would_be_taken(daemon, context, clients):
    good, nobody = context(clients.client("good")), context()
    _, _, session = ask(daemon, "required", good)
    for _ in range(6):  # by both workers
        status, resumed, session = ask(daemon, "required", good, session=session)
        assert status == 200 and resumed
    # Without a certificate at the one listener is no way into the other.
    _, _, bare = ask(daemon, "optional", nobody)
    assert ask(daemon, "optional", nobody, session=bare)[1]
    assert ask(daemon, "required", nobody, session=bare) is None


def test_a_session_ends_with_the_certificate_that_it_began_with(daemon, context, clients):
    brief = context(clients.client("brief", days=0, seconds=4))
    _, _, session = ask(daemon, "required", brief)
    status, resumed, session = ask(daemon, "required", brief, session=session)
    assert status == 200 and resumed
    time.sleep(5)
    assert ask(daemon, "required", brief, session=session) is None
    assert ask(daemon, "optional", brief, session=session) is None


def test_authorities_that_change_on_disk_count_for_old_sessions_too(daemon, context, clients):
    old, new = context(clients.client("old")), Authority(clients.directory + "-new", "New clients' authority")
    _, _, session = ask(daemon, "required", old)
    assert ask(daemon, "required", old, session=session)[1]
    with open(clients.path, "w", encoding="ascii") as target:
        target.write("no certificate\n")
    wait_for(lambda: "new certificates were refused" in daemon.process.log_text())
    assert ask(daemon, "required", old)[0] == 200, "the authorities before stay"
    _, _, session = ask(daemon, "required", old)
    shutil.copy(new.path, clients.path + ".new")
    os.rename(clients.path + ".new", clients.path)
    renewed = context(new.client("new"))
    wait_for(lambda: ask(daemon, "required", renewed))
    for _ in range(6):
        assert ask(daemon, "required", old, session=session) is None
        assert ask(daemon, "required", renewed)[0] == 200


def wait_for(check, seconds=15):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.1)
