"""Connections: how they are kept, encrypted, chosen between, and let go."""

import os
import re
import socket
import ssl
import time

import postern
import pytest
import web
from conftest import BIG, OBJECTS, s3_origin
from parts import process


def pooled(gateway, trusting, site="path"):
    return web.connect(gateway.ports["tls"], tls=trusting, name=f"{site}.postern.test")


def test_a_connection_is_kept(gateway, trusting):
    with pooled(gateway, trusting) as connection:
        for target, key in (("/hello.txt", "hello.txt"), ("/style.css", "style.css"), ("/empty.txt", "empty.txt")) * 3:
            connection.sendall(web.head("GET", target, gateway.host("path")))
            assert web.read_answer(connection).body == OBJECTS[key]


def test_requests_may_be_pipelined(gateway, trusting):
    targets = ["/hello.txt", "/no-such-thing", "/style.css", "/.auth/me", "/empty.txt", "/hello.txt"]
    with pooled(gateway, trusting) as connection:
        connection.sendall(b"".join(web.head("GET", one, gateway.host("path"), {"Accept": "application/json"})
                                    for one in targets))
        source = connection.makefile("rb")  # one reader, or the buffer of each answer swallows the next

        class Shared:
            def makefile(self, *_):
                return open_again(source)

        answers = [web.read_answer(Shared()) for _ in targets]
    assert [one.status for one in answers] == [200, 404, 200, 401, 200, 200]
    assert answers[0].body == answers[5].body == OBJECTS["hello.txt"] and answers[2].body == OBJECTS["style.css"]


class open_again:
    """A file that its reader cannot close."""

    def __init__(self, file):
        self.file = file

    def close(self):
        pass

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_request_in_single_bytes(gateway, trusting):
    with pooled(gateway, trusting) as connection:
        for byte in web.head("GET", "/hello.txt", gateway.host("path")):
            connection.sendall(bytes([byte]))
        assert web.read_answer(connection).body == OBJECTS["hello.txt"]


def test_http_1_0_and_connection_close(gateway, trusting):
    for text in (f"GET /hello.txt HTTP/1.0\r\nHost: {gateway.host('path')}\r\n\r\n",
                 f"GET /hello.txt HTTP/1.1\r\nHost: {gateway.host('path')}\r\nConnection: close\r\n\r\n"):
        with pooled(gateway, trusting) as connection:
            connection.sendall(text.encode())
            data = b""
            while part := connection.recv(65536):
                data += part
            assert data.startswith(b"HTTP/1.1 200") and data.endswith(OBJECTS["hello.txt"])


@pytest.mark.parametrize("text,statuses", [
    ("GET / HTTP/1.1\r\n\r\n", {400}), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
    ("GET /\r\n\r\n", {400}), ("nonsense\r\n\r\n", {400}), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", {400, 505}),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", {400}),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", {400}),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nBad Field: x\r\n\r\n", {400}),
    ("GET / HTTP/1.1\r\nHost: HOST\r\n folded: x\r\n\r\n", {400}),
    ("GET /" + "a" * 20000 + " HTTP/1.1\r\nHost: HOST\r\n\r\n", {400, 414}),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nX: " + "a" * 70000 + "\r\n\r\n", {400, 431}),
])
def test_what_is_no_request_is_refused_and_the_connection_closed(gateway, trusting, text, statuses):
    with pooled(gateway, trusting) as connection:
        connection.sendall(text.replace("HOST", gateway.host("path")).encode())
        answer = web.read_answer(connection)
        assert answer.status in statuses, str(answer)
        assert connection.recv(1) == b""


HEAD = "GET /hello.txt HTTP/1.1\r\nHost: HOST\r\n"
CHUNKED = "POST /hello.txt HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n"
FORM = ("POST /.auth/logout HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Transfer-Encoding: chunked\r\n\r\n")
DEFINED = {
    "a bare LF": ("GET /hello.txt HTTP/1.1\nHost: HOST\n\n", 400, True),
    "a bare LF behind a field": (HEAD + "A: b\nC: d\r\n\r\n", 400, True),
    "a bare CR": (HEAD + "A: b\rC: d\r\n\r\n", 400, True),
    "a space before the colon": (HEAD + "A : b\r\n\r\n", 400, True),
    "a folded field": (HEAD + "A: b\r\n c\r\n\r\n", 400, True),
    "NUL in a field": (HEAD + "A: b\0c\r\n\r\n", 400, True),
    "a control byte in a field": (HEAD + "A: b\x07c\r\n\r\n", 400, True),
    "NUL in the target": ("GET /\0 HTTP/1.1\r\nHost: HOST\r\n\r\n", 400, True),
    "one length twice": (HEAD + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400, True),
    "a list of lengths": (HEAD + "Content-Length: 0, 0\r\n\r\n", 400, True),
    "a length with a sign": (HEAD + "Content-Length: +1\r\n\r\nx", 400, True),
    "a coding that is not spoken": (HEAD + "Transfer-Encoding: gzip\r\n\r\n", 501, True),
    "a coding before chunked": (HEAD + "Transfer-Encoding: gzip, chunked\r\n\r\n", {400, 501}, True),
    "chunked that is not last": (HEAD + "Transfer-Encoding: chunked, identity\r\n\r\n", {400, 501}, True),
    "a length and a coding": (CHUNKED.replace("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\n"), 400, True),
    "a chunk size with a sign": (FORM + "+3\r\na=b\r\n0\r\n\r\n", 400, True),
    "a chunk size that is none": (FORM + "0x3\r\na=b\r\n0\r\n\r\n", 400, True),
    "a chunk size beyond 64 bits": (FORM + "10000000000000003\r\na=b\r\n0\r\n\r\n", 400, True),
    "a chunk extension with a bare LF": (FORM + "3;a\n=b\r\na=b\r\n0\r\n\r\n", 400, True),
    "a chunk longer than its size": (FORM + "3\r\na=bc\r\n0\r\n\r\n", 400, True),
    "a malformed body that nobody reads": (CHUNKED + "zz\r\n", 405, True),
    "several Host fields": (HEAD + "Host: HOST\r\n\r\n", 400, True),
    "an absolute target": ("GET http://HOST/hello.txt HTTP/1.1\r\nHost: HOST\r\n\r\n", 200, False),
    "an absolute target of another host": ("GET http://a/hello.txt HTTP/1.1\r\nHost: HOST\r\n\r\n", 400, True),
    "an authority for a target": ("GET HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", 400, True),
    "CONNECT": ("CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", 400, True),
    "TRACE": ("TRACE /hello.txt HTTP/1.1\r\nHost: HOST\r\n\r\n", 405, False),
    "OPTIONS of the server": ("OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", 405, False),
    "OPTIONS of a page": ("OPTIONS /hello.txt HTTP/1.1\r\nHost: HOST\r\n\r\n", 405, False),
    "GET of the server": ("GET * HTTP/1.1\r\nHost: HOST\r\n\r\n", 400, True),
    "an upgrade": (HEAD + "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", 200, False),
    "another expectation": (HEAD + "Expect: tea\r\n\r\n", 417, True),
    "100-continue without content": (HEAD + "Expect: 100-continue\r\n\r\n", 200, False),
    "100-continue for what is refused": (
        "POST /hello.txt HTTP/1.1\r\nHost: HOST\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 405, True),
    "a GET with content": (HEAD + "Content-Length: 1\r\n\r\nx", 400, False),
    "a name with an underscore": (HEAD + "A_b: c\r\n\r\n", 400, True),
}
"""What may be asked in one go, the status of the only answer, and whether the connection ends with it."""


@pytest.mark.parametrize("split", [False, True], ids=["whole", "bytes"])
@pytest.mark.parametrize("what", DEFINED)
def test_each_case_of_the_reference_has_its_answer(gateway, trusting, what, split):
    text, status, ends = DEFINED[what]
    data = text.replace("HOST", gateway.host("path")).encode()
    with pooled(gateway, trusting) as connection:
        try:
            for piece in [data[index:index + 1] for index in range(len(data))] if split else [data]:
                connection.sendall(piece)
        except OSError:
            pass  # refused before its end
        answer = web.read_answer(connection, method=text.split(" ")[0])
        assert answer.status in (status if isinstance(status, set) else {status}), str(answer)
        assert (answer.get("connection") == "close") == ends
        if ends:
            try:
                assert connection.recv(1) == b""
            except ConnectionResetError:
                pass
        else:
            connection.sendall((HEAD + "\r\n").replace("HOST", gateway.host("path")).encode())
            assert web.read_answer(connection).status in (200, 401)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3(gateway, authority, version):
    context = ssl.create_default_context(cafile=authority.certificate)
    context.minimum_version = context.maximum_version = version
    with pooled(gateway, context) as connection:
        assert connection.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
        connection.sendall(web.head("GET", "/hello.txt", gateway.host("path")))
        assert web.read_answer(connection).status == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_refused(gateway, authority):
    context = ssl.create_default_context(cafile=authority.certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        pooled(gateway, context).close()


def test_a_tls_session_is_resumed(gateway, trusting):
    with pooled(gateway, trusting) as first:
        first.sendall(web.head("GET", "/hello.txt", gateway.host("path")))
        web.read_answer(first)
        session = first.session
    plain = socket.create_connection(("127.0.0.1", gateway.ports["tls"]), 5)
    with trusting.wrap_socket(plain, server_hostname="path.postern.test", session=session) as second:
        second.sendall(web.head("GET", "/hello.txt", gateway.host("path")))
        assert web.read_answer(second).status == 200


@pytest.mark.parametrize("name,expected", [
    ("liar.postern.test", "postern.test"), ("www.other.test", "*.other.test"), ("other.test", "*.other.test"),
    ("unknown.test", "postern.test"), (None, "postern.test"), ("a.b.other.test", "postern.test"),
])
def test_the_certificate_is_chosen_by_the_name_asked_for(gateway, authority, name, expected):
    context = ssl.create_default_context(cafile=authority.certificate)
    context.check_hostname = False
    with web.connect(gateway.ports["tls"], tls=context, name=name) as connection:
        names = [value for _, value in connection.getpeercert()["subjectAltName"]]
        assert expected in names, names


def test_plain_text_on_the_tls_port_does_no_harm(gateway, trusting):
    with web.connect(gateway.ports["tls"]) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try:
            assert b"200 OK" not in connection.recv(1000)
        except ConnectionResetError:
            pass
    assert gateway.request("path", "/hello.txt").status == 200


@pytest.mark.skipif(not process.has_ipv6(), reason="this machine has no IPv6")
def test_ipv6(gateway):
    port = gateway.ports["ipv6"]
    assert web.request(port, "/public/", host=f"[::1]:{port}", address="::1").body == OBJECTS["public/index.html"]


def small(folder, listeners, host, **more):
    """A config with one open site out of a folder."""
    return {"session_keys": [postern.secret()], "listeners": listeners, "origins": {"folder": {"directory": folder}},
            "sites": {"open": {"hosts": [host], "origin": "folder", "rules": {"/**": "anyone"}}}, **more}


@pytest.fixture
def own(build, request):
    """A folder for a daemon of the test's own."""
    return os.path.join(build, re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60])


def test_a_unix_socket_and_no_session_key_where_nobody_can_sign_in(own, folder, tmp_path):
    path = str(tmp_path / "postern.sock")
    config = small(folder, {"unix": {"address": f"unix:{path}"}}, "localhost")
    del config["session_keys"]
    with postern.Postern(own, config):
        assert web.request(0, "/hello.txt", host="localhost", address=path).body == OBJECTS["hello.txt"]


def test_the_plain_listener_redirects_to_https(own, folder, authority):
    tls, plain = process.free_ports(2)
    certificate, key = authority.issue("redirect", "app.postern.test")
    listeners = {"tls": {"address": f"127.0.0.1:{tls}", "tls": {"certificate": certificate, "key": f"file:{key}"}},
                 "plain": {"address": f"127.0.0.1:{plain}", "redirect_to_https": True}}
    with postern.Postern(own, small(folder, listeners, "app.postern.test")):
        answer = web.request(plain, "/sub/?a=%20b", host="app.postern.test")
        assert answer.status in (301, 308) and answer.get("location").startswith("https://app.postern.test")
        assert answer.get("location").endswith("/sub/?a=%20b")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_drains_and_exits_0(own, folder, name):
    import signal
    port = process.free_port()
    host = f"localhost:{port}"
    with postern.Postern(own, small(folder, {"plain": {"address": f"127.0.0.1:{port}"}}, host)) as daemon:
        idle = web.connect(port)
        running = socket.socket()
        running.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        running.settimeout(10)
        running.connect(("127.0.0.1", port))
        with idle, running:
            running.sendall(web.head("GET", "/big.bin", host))
            response = web.read_answer(running, body=False)
            assert response.status == 200
            data = response.read(100_000)
            daemon.process.send(getattr(signal, name))
            time.sleep(0.5)
            assert daemon.process.is_running(), "the download was cut off"
            with pytest.raises(OSError):
                web.request(port, "/hello.txt", host=host, timeout=2)
            data += response.read()
            assert data == BIG
        assert daemon.process.wait(5) == 0
        assert "error" not in {one.get("level") for one in daemon.records()}


def test_a_second_daemon_on_the_same_port_or_a_wrong_config_says_so(own, folder):
    port = process.free_port()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        config = small(folder, {"plain": {"address": f"127.0.0.1:{port}"}}, "localhost")
        with postern.Postern(own, config, ready=None) as daemon:
            assert daemon.process.wait(10) == 1
            assert str(port) in daemon.process.log_text()


def test_the_admin_listener(gateway):
    ask = lambda path: web.request(gateway.daemon.admin, path, host="localhost")
    assert ask("/healthz").status == 200
    assert ask("/readyz").status == 200 and ask("/readyz").json()
    assert gateway.request("path", "/hello.txt").status == 200
    metrics = ask("/metrics")
    assert metrics.status == 200 and re.search(r"^postern_\w+(\{[^}]*\})? [0-9.e+]+$", metrics.text, re.M)
    assert all(line.startswith(("#", "postern_")) for line in metrics.text.splitlines() if line)
    assert gateway.request("path", "/metrics").status == 404 and gateway.request("path", "/healthz").status == 404


def test_ini_and_yaml_behave_alike(own, weed, liar):
    answers = []
    for syntax in ("yaml", "ini"):
        port = process.free_port()
        host = f"localhost:{port}"
        config = {"listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "session_keys": [postern.secret()],
                  "providers": {"liar": {"issuer": liar.issuer, "client_id": "postern", "scopes": ["openid", "email"]}},
                  "origins": {"bucket": s3_origin(weed)},
                  "sites": {"docs": {"hosts": [host], "provider": "liar", "origin": "bucket",
                                     "content": {"not_found": "/404.html"},
                                     "rules": {"/public/**": "anyone", "/admin/**": "groups:admins,owners",
                                               "/**": "signed-in"}}}}
        with postern.Postern(own, config, syntax=syntax):
            browser = web.Browser()
            answer = browser.open(f"http://{host}/")
            assert answer.status == 200, str(answer)
            answers.append([
                (one.status, one.body) for one in (
                    *(web.request(port, path, host=host) for path in ("/public/", "/admin/")),
                    *(browser.send(f"http://{host}{path}") for path in ("/", "/admin/", "/no-such-thing", "/sub/")))])
    assert [[status for status, _ in one] for one in answers] == [[200, 302, 200, 200, 404, 200]] * 2
    assert answers[0][0] == answers[1][0] and answers[0][2:] == answers[1][2:]
