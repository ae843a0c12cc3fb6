"""What stands before the daemon: proxies that tell who the client is, and TLS with its certificates."""

import os
import re
import shutil
import socket
import ssl
import struct
import time

import postern
import pytest
import web
from parts import process

PREFACE = b"\r\n\r\n\0\r\nQUIT\n"


def config(folder, listeners, hosts, **more):
    return {"session_keys": [postern.secret()], "listeners": listeners, "origins": {"folder": {"directory": folder}},
            "sites": {name: {"hosts": [host], "origin": "folder", "rules": {"/**": "anyone"}, **more.pop(name, {})}
                      for name, host in hosts.items()}, **more}


@pytest.fixture
def own(build, request):
    return os.path.join(build, re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60])


def listener(port, certificates=None, **more):
    pairs = {"tls": {"certificate": [one for one, _ in certificates],
                     "key": [f"file:{two}" for _, two in certificates]}} if certificates else {}
    return {"address": f"127.0.0.1:{port}", **pairs, **more}


def last_record(daemon, count):
    end = time.monotonic() + 5
    while True:
        records = [one for one in daemon.records() if one.get("kind") == "access"]
        if len(records) >= count:
            return records[-1]
        assert time.monotonic() < end, daemon.process.log_text()
        time.sleep(0.02)


def address_in(record):
    return record.get("peer") or record.get("client")


def test_the_client_is_the_rightmost_address_that_is_no_trusted_proxys(own, folder):
    port = process.free_port()
    tree = config(folder, {"plain": listener(port)}, {"docs": "docs.test"}, trusted_proxies=["127.0.0.1", "10.0.0.0/8"])
    cases = [
        ({}, "127.0.0.1"), ({"X-Forwarded-For": "192.0.2.1"}, "192.0.2.1"),
        ({"X-Forwarded-For": "6.6.6.6, 192.0.2.1, 10.0.0.3"}, "192.0.2.1"),
        ({"X-Forwarded-For": "nonsense\", 2001:db8::1"}, "2001:db8::1"), ({"X-Forwarded-For": "nonsense"}, "127.0.0.1"),
        ({"Forwarded": 'for="_x", for="[2001:db8::2]:80";proto=https'}, "2001:db8::2"),
        ({"Forwarded": "for=6.6.6.6", "X-Forwarded-For": "192.0.2.9"}, "192.0.2.9"),
    ]
    with postern.Postern(own, tree) as daemon:
        for count, (fields, expected) in enumerate(cases, 1):
            assert web.request(port, "/hello.txt", host="docs.test", headers=fields).status == 200
            assert address_in(last_record(daemon, count)) == expected, fields
        answer = web.request(port, "/hello.txt", host="backend", headers={"X-Forwarded-Host": "docs.test"})
        assert answer.status == 200
        answer = web.request(port, "/hello.txt", host="docs.test", headers={"X-Forwarded-Host": "other.test"})
        assert answer.status == 200
        # From another address nothing of it counts.
        plain = socket.create_connection(("127.0.0.1", port), 5, source_address=("127.0.0.9", 0))
        with plain:
            plain.sendall(web.head("GET", "/hello.txt", "docs.test", {
                "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}))
            answer = web.read_answer(plain)
            assert answer.status == 200 and answer.get("strict-transport-security") is None
        assert address_in(last_record(daemon, len(cases) + 3)) == "127.0.0.9"


@pytest.mark.parametrize("trusted, expected", [(["unix:"], "192.0.2.1"), (["127.0.0.0/8"], "unix")])
def test_a_proxy_on_a_unix_socket_is_believed_where_the_config_names_it(own, folder, tmp_path, trusted, expected):
    path = str(tmp_path / "postern.sock")
    tree = config(folder, {"unix": {"address": f"unix:{path}"}}, {"docs": "docs.test"}, trusted_proxies=trusted)
    with postern.Postern(own, tree) as daemon:
        answer = web.request(0, "/hello.txt", host="docs.test", address=path, headers={
            "X-Forwarded-For": "6.6.6.6, 192.0.2.1", "X-Forwarded-Proto": "https"})
        assert answer.status == 200
        assert (answer.get("strict-transport-security") is not None) == (expected != "unix")
        assert address_in(last_record(daemon, 1)) == expected


def test_connections_on_a_unix_socket_are_shared_by_the_workers(own, folder, tmp_path):
    path = str(tmp_path / "postern.sock")
    tree = config(folder, {"unix": {"address": f"unix:{path}"}}, {"docs": "docs.test"}, workers=4)
    with postern.Postern(own, tree):
        for _ in range(200):
            assert web.request(0, "/hello.txt", host="docs.test", address=path).status == 200


def test_strict_transport_security_goes_with_https_alone(own, folder, authority):
    tls, plain = process.free_ports(2)
    pair = authority.issue("hsts", "docs.test", "off.test", "localhost")
    hosts = {"docs": f"docs.test:{tls}", "off": f"off.test:{tls}", "local": f"localhost:{tls}"}
    tree = config(folder, {"tls": listener(tls, [pair]), "plain": listener(plain)}, hosts, off={"hsts": "0"},
                  trusted_proxies=["127.0.0.1"])
    tree["sites"]["docs"]["hosts"].append(f"docs.test:{plain}")
    context = ssl.create_default_context(cafile=authority.certificate)
    ask = lambda host, path="/hello.txt": web.request(tls, path, host=f"{host}:{tls}", tls=context)
    with postern.Postern(own, tree):
        assert ask("docs.test").get("strict-transport-security") == "max-age=15552000"
        assert ask("docs.test", "/nothing").get("strict-transport-security") == "max-age=15552000"
        assert ask("off.test").get("strict-transport-security") is None
        assert ask("localhost").get("strict-transport-security") is None
        answer = web.request(plain, "/hello.txt", host=f"docs.test:{plain}")
        assert answer.status == 200 and answer.get("strict-transport-security") is None
        answer = web.request(plain, "/hello.txt", host=f"docs.test:{plain}", headers={"X-Forwarded-Proto": "https"})
        assert answer.get("strict-transport-security") == "max-age=15552000"


def v2(client, destination="10.0.0.1", rest=b"", command=0x21):
    body = socket.inet_aton(client) + socket.inet_aton(destination) + struct.pack("!HH", 1234, 443) + rest
    return PREFACE + bytes([command, 0x11]) + struct.pack("!H", len(body)) + body


@pytest.mark.parametrize("secure", [False, True])
def test_proxy_headers(own, folder, authority, secure):
    port = process.free_port()
    pair = authority.issue("proxied", "docs.test")
    tree = config(folder, {"edge": listener(port, [pair] if secure else None, proxy_protocol=True)},
                  {"docs": f"docs.test:{port}"}, trusted_proxies=["127.0.0.1"], limits={"head_timeout": "500ms"})
    context = ssl.create_default_context(cafile=authority.certificate)

    def ask(header, source="127.0.0.1", slowly=False):
        plain = socket.create_connection(("127.0.0.1", port), 5, source_address=(source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in ([bytes([one]) for one in header] if slowly else [header]):
            plain.sendall(piece)
        with context.wrap_socket(plain, server_hostname="docs.test") if secure else plain as connection:
            connection.sendall(web.head("GET", "/hello.txt", f"docs.test:{port}", {"Connection": "close"}))
            return web.read_answer(connection)

    line = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n"
    with postern.Postern(own, tree) as daemon:
        for count, (header, client) in enumerate([
                (line, "192.0.2.7"), (v2("192.0.2.8"), "192.0.2.8"), (v2("192.0.2.8", command=0x20), "127.0.0.1"),
                (b"PROXY UNKNOWN\r\n", "127.0.0.1"), (v2("192.0.2.9", rest=b"\x04\0\2\0\0"), "192.0.2.9")]):
            assert ask(header).status == 200
            assert ask(header, slowly=True).status == 200
            assert address_in(last_record(daemon, 2 * count + 2)) == client
        for header, source in ((b"", "127.0.0.1"), (line, "127.0.0.2"), (b"PROXY TCP4 a b 1 2\r\n", "127.0.0.1"),
                               (line[:-2] + b"\n", "127.0.0.1"), (v2("192.0.2.8", rest=b"\x03\0\x04abcd"), "127.0.0.1")):
            with pytest.raises((OSError, web.http.client.HTTPException)):
                ask(header, source)
        refused = [one for one in daemon.records() if one.get("outcome") == "proxy_refused"]
        assert "127.0.0.2" in {address_in(one) for one in refused}
        metrics = web.request(daemon.admin, "/metrics", host="localhost").text
        assert re.search(r'connections_closed_total\{.*reason="proxy"\} [1-9]', metrics)
        assert ask(line).status == 200


# TLS

def serving(port, context, name="docs.test"):
    """The certificate's serial number that a new connection sees."""
    with web.connect(port, tls=context, name=name) as connection:
        return connection.getpeercert()["serialNumber"]


def test_a_host_of_another_certificate_is_misdirected(own, folder, authority):
    port = process.free_port()
    pairs = [authority.issue("shared", "one.test", "two.test"), authority.issue("alone", "three.test")]
    tree = config(folder, {"tls": listener(port, pairs)}, {name: f"{name}.test:{port}" for name in ("one", "two", "three")})
    context = ssl.create_default_context(cafile=authority.certificate)
    with postern.Postern(own, tree) as daemon:
        for name, host, status in (("one", "one", 200), ("one", "two", 200), ("one", "three", 421), ("three", "one", 421),
                                   ("three", "three", 200)):
            with web.connect(port, tls=context, name=f"{name}.test") as connection:
                connection.sendall(web.head("GET", "/hello.txt", f"{host}.test:{port}"))
                assert web.read_answer(connection).status == status, (name, host)
        context.check_hostname = False
        with web.connect(port, tls=context) as connection:
            connection.sendall(web.head("GET", "/hello.txt", f"three.test:{port}"))
            assert web.read_answer(connection).status == 200, "a client that names no host"
        assert "misdirected" in {one.get("outcome") for one in daemon.records()}


def wait_for(check, seconds=10):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_renewed_certificates_are_taken_up_and_broken_ones_refused(own, folder, authority, tmp_path):
    port = process.free_port()
    certificate, key = str(tmp_path / "chain.pem"), str(tmp_path / "key.pem")

    def install(pair):
        for source, target in zip(pair, (certificate, key)):
            shutil.copy(source, target + ".new")
            os.chmod(target + ".new", 0o600)
            os.rename(target + ".new", target)

    install(authority.issue("renew-1", "docs.test"))
    other = authority.issue("renew-2", "docs.test")
    context = ssl.create_default_context(cafile=authority.certificate)
    tree = config(folder, {"tls": listener(port, [(certificate, key)])}, {"docs": f"docs.test:{port}"})
    ask = lambda: web.request(port, "/hello.txt", host=f"docs.test:{port}", tls=context).status
    with postern.Postern(own, tree) as daemon:
        first = serving(port, context)
        with web.connect(port, tls=context, name="docs.test") as old:
            old.sendall(web.head("GET", "/hello.txt", f"docs.test:{port}"))
            assert web.read_answer(old).status == 200
            session = old.session
            # The new certificate without its key does not hold.
            shutil.copy(other[0], certificate)
            wait_for(lambda: "new certificates were refused" in daemon.process.log_text())
            assert serving(port, context) == first and ask() == 200
            install(other)
            wait_for(lambda: serving(port, context) != first)
            assert all(serving(port, context) != first for _ in range(20)), "every worker has it"
            assert ask() == 200
            old.sendall(web.head("GET", "/hello.txt", f"docs.test:{port}"))
            assert web.read_answer(old).status == 200, "connections stay"
        plain = socket.create_connection(("127.0.0.1", port), 5)
        with context.wrap_socket(plain, server_hostname="docs.test", session=session) as resumed:
            assert resumed.session_reused, "tickets hold on"
        with open(key, "w", encoding="ascii") as target:
            target.write("no key\n")
        wait_for(lambda: daemon.process.log_text().count("new certificates were refused") == 2)
        os.remove(certificate)
        time.sleep(0.5)
        assert ask() == 200


def test_sessions_are_resumed_by_any_worker(own, folder, authority):
    port = process.free_port()
    tree = config(folder, {"tls": listener(port, [authority.issue("resume", "docs.test")])},
                  {"docs": f"docs.test:{port}"}, workers=4)
    with postern.Postern(own, tree):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context(cafile=authority.certificate)
            context.maximum_version = version
            with web.connect(port, tls=context, name="docs.test") as first:
                first.sendall(web.head("GET", "/hello.txt", f"docs.test:{port}"))
                web.read_answer(first)
                session = first.session
            for _ in range(24):  # by four workers, as the kernel spreads them
                plain = socket.create_connection(("127.0.0.1", port), 5)
                with context.wrap_socket(plain, server_hostname="docs.test", session=session) as one:
                    assert one.session_reused
                    one.sendall(web.head("GET", "/hello.txt", f"docs.test:{port}"))
                    assert web.read_answer(one).status == 200


@pytest.mark.parametrize("offered,expected", [
    ("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384", None), ("AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", None),
])
def test_the_servers_order_of_ciphers_counts_and_old_ones_are_refused(gateway_of_one, offered, expected):
    port, authority = gateway_of_one
    context = ssl.create_default_context(cafile=authority.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(offered)
    if expected:
        with web.connect(port, tls=context, name="docs.test") as connection:
            assert connection.cipher()[0] == expected
    else:
        with pytest.raises(ssl.SSLError):
            web.connect(port, tls=context, name="docs.test").close()


@pytest.fixture(scope="module")
def gateway_of_one(build, folder, authority):
    port = process.free_port()
    tree = config(folder, {"tls": listener(port, [authority.issue("ciphers", "docs.test")])}, {"docs": f"docs.test:{port}"})
    with postern.Postern(os.path.join(build, "ciphers"), tree):
        yield port, authority
