"""An app beside the content: what reaches it, who it is told asks, and what becomes of its answers."""

import hashlib
import http.client
import os
import socket
import ssl
import time

import postern
import pytest
import web
from capable_provider import CapableProvider
from joserfc import jwt
from joserfc.jwk import KeySet
from parts import process
from scripted_app import App
from test_http2 import Client

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
LIMITS = {"origin_first_byte_timeout": "1s", "origin_idle_timeout": "1s", "read_timeout": "1s", "min_read_rate": "64B"}
RULES = {"/echo/public/**": "anyone", "/cookies": "anyone", "/echo/admin/**": "groups:admins",
         "POST /echo/writers": "groups:writers", "/**": "signed-in"}


@pytest.fixture(scope="module")
def app():
    one = App()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def secure(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("app", "localhost"))
    one = App(tls=context)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def daemon(build, app, secure, authority):
    provider, local = CapableProvider({"postern": None}), App(build)
    folder = os.path.join(build, "apps-folder")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "hello.txt"), "wb") as file:
        file.write(b"hello")
    port, secret = process.free_port(), postern.secret()
    web.note(secret)

    def site(name, **more):
        return {"hosts": [f"{name}:{port}"], "provider": "liar", "origin": name.split(".")[0], **more}

    one = postern.Postern(os.path.join(build, "apps"), {
        "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "session_keys": [secret], "limits": LIMITS,
        "providers": {"liar": {"issuer": provider.issuer, "client_id": "postern"}},
        "origins": {
            "app": {"http": app.url, "upload_size": "1MiB"}, "roomy": {"http": app.url, "upload_size": "1GiB"},
            "secure": {"http": secure.url, "ca_file": authority.certificate}, "distrusted": {"http": secure.url},
            "folder": {"directory": folder}, "gone": {"http": f"http://127.0.0.1:{process.free_port()}"},
            "base": {"http": app.url + "/base/", "pass_host": False, "forwarded": True,
                     "identity": {"user": "X-WebAuth-User", "assertion": ""}},
            "unix": {"http": "http://app.internal", "socket": local.path}},
        "sites": {"app": {**site("localhost", rules=RULES, cors_origins=["https://friend.test"]), "origin": "app"},
                  "gone": site("gone.localhost", rules={"/**": "anyone"}), "base": site("base.localhost"),
                  "mixed": {**site("mixed.localhost", rules={"/**": "anyone"}), "origin": "folder",
                            "mounts": {"/shop/": "app"}},
                  **{one: site(f"{one}.localhost", rules={"/**": "anyone"}) for one in ("unix", "roomy", "secure", "distrusted")}}})
    one.port, one.url = port, f"http://localhost:{port}"
    yield one
    one.stop()
    provider.stop()
    local.stop()


@pytest.fixture(scope="module")
def alice(daemon):
    browser = web.Browser()
    assert browser.open(daemon.url + "/echo/start").status == 200
    return browser


def post(browser, daemon, path, body=b"", method="POST", **headers):
    return browser.send(daemon.url + path, method, body=body, navigation=False,
                        headers={"Sec-Fetch-Site": "same-origin", **headers})


def raw(daemon, alice, head, body=b"", timeout=20):
    """Exact bytes with alice's cookies, on a connection that is returned."""
    connection = web.connect(daemon.port, timeout=timeout)
    cookie = f"Cookie: {alice.cookie_header(daemon.url)}\r\n"
    connection.sendall((head.rstrip() + f"\r\nHost: localhost:{daemon.port}\r\n" + cookie).encode() + b"\r\n" + body)
    return connection


# What reaches the app

@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_passes(daemon, app, alice, method):
    body = b"x=1" if method in ("POST", "PUT", "PATCH", "DELETE") else b""
    answer = post(alice, daemon, f"/echo/{method}", body, method)
    asked = app.last(f"/echo/{method}")
    assert answer.status == 200 and asked.method == method and asked.body == body, str(answer)
    assert asked.all("content-length") == ([str(len(body))] if body else []) and not asked.all("transfer-encoding")


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "M-SEARCH", "get"])
def test_other_methods_do_not(daemon, app, alice, method):
    answer = post(alice, daemon, "/echo/other", b"", method)
    assert answer.status == 405 and answer.get("allow") == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    assert not app.count("/echo/other")


@pytest.mark.parametrize("target, sent", [
    ("/echo/a%20b?x=%2F..&y=a+b", "/echo/a%20b?x=%2F..&y=a+b"), ("/echo/%61?x", "/echo/a?x"),
    ("/echo/caf%C3%A9/", "/echo/caf%C3%A9/"), ("/echo/%2561", "/echo/%2561"), ("/echo/@me:1,2=3", "/echo/@me:1,2=3"),
    ("/echo/a;x=1", "/echo/a%3Bx=1")])
def test_a_path_goes_on_encoded_once_and_its_query_as_it_was(daemon, app, alice, target, sent):
    assert alice.send(daemon.url + target).json()["target"] == sent


@pytest.mark.parametrize("target", ["/echo/../x", "/echo//x", "/echo/%2e%2e/x", "/echo/a%2Fb", "/echo/a%5Cb", "/echo/%00"])
def test_a_path_that_could_be_another_does_not(daemon, app, alice, target):
    assert alice.send(daemon.url + target).status in (400, 404)
    assert not [one for one in app.asked if one.target == target]


def test_fields_of_the_client_that_lie_or_are_secret_do_not_reach_the_app(daemon, app, alice):
    lies = {
        "X-Postern-User": "root", "x-postern-EMAIL": "a@b", "X-Postern-Groups": "admins", "X-Postern-Assertion": "e30.e30.",
        "X.Postern.User": "root", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil",
        "X-Forwarded-User": "root", "X-Forwarded-Prefix": "/evil", "Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6",
        "X-Auth-Request-User": "root", "Remote-User": "root", "X-Remote-User": "root", "X-WebAuth-User": "root",
        "X-Original-URL": "/admin", "X-Rewrite-URL": "/admin", "Authorization": "Basic cm9vdDpyb290",
        "Connection": "x-mine", "X-Mine": "1", "TE": "trailers", "Keep-Alive": "9", "Proxy-Authorization": "Basic eA==",
        "Upgrade": "websocket", "X-Kept": "kept", "Cookie": alice.cookie_header(daemon.url) + "; theirs=2; a=b=c"}
    answer = web.request(daemon.port, "/echo/lies", host=f"localhost:{daemon.port}", headers=lies)
    fields = dict(answer.json()["fields"])
    assert len(fields) == len(answer.json()["fields"])
    assertion = fields.pop("x-postern-assertion")
    assert fields == {
        "host": f"localhost:{daemon.port}", "x-kept": "kept", "cookie": "theirs=2; a=b=c", "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http", "x-forwarded-host": f"localhost:{daemon.port}", "x-postern-user": "alice-1",
        "x-postern-email": "alice@example.org", "x-postern-groups": "staff,admins"}
    assert assertion.count(".") == 2


@pytest.mark.parametrize("name", ["X_Postern_User", "X-Postern_User", "Remote_User"])
def test_underscores_are_refused(daemon, alice, name):
    answer = alice.send(daemon.url + "/echo/underscores", headers={name: "root"})
    assert answer.status == 400


def test_strangers_have_no_identity_and_lies_give_them_none(daemon, app):
    answer = web.request(daemon.port, "/echo/public/a", host=f"localhost:{daemon.port}",
                         headers={"X-Postern-User": "root", "X-Postern-Assertion": "a.b.c"})
    names = {name for name, _ in answer.json()["fields"]}
    assert answer.status == 200 and not [one for one in names if one.startswith("x-postern")]


# Who asks

def test_the_assertion_holds_by_the_published_keys(daemon, alice):
    keys = alice.send(daemon.url + "/.auth/keys")
    assert keys.get("content-type") == "application/jwk-set+json"
    text = dict(alice.send(daemon.url + "/echo/jwt").json()["fields"])["x-postern-assertion"]
    web.note(text)
    token = jwt.decode(text, KeySet.import_key_set(keys.json()), algorithms=["EdDSA"])
    claims = token.claims
    assert token.header == {"alg": "EdDSA", "typ": "JWT", "kid": keys.json()["keys"][0]["kid"]}
    now = time.time()
    assert claims["iat"] - 5 < now < claims["exp"] == claims["iat"] + 300
    assert {name: claims[name] for name in ("iss", "aud", "sub", "name", "email", "email_verified", "groups")} == {
        "iss": daemon.url, "aud": "app", "sub": "alice-1", "name": "Alice Aster", "email": "alice@example.org",
        "email_verified": True, "groups": ["staff", "admins"]}
    assert len(claims["sid"]) == 22
    # It is not made anew for every request.
    assert dict(alice.send(daemon.url + "/echo/jwt").json()["fields"])["x-postern-assertion"] == text


def test_rules_know_the_methods_of_an_app(daemon, app, alice):
    assert alice.send(daemon.url + "/echo/writers").status == 200
    assert post(alice, daemon, "/echo/writers", b"x").status == 403
    assert [one.method for one in app.asked if one.target == "/echo/writers"] == ["GET"]


@pytest.mark.parametrize("headers", [web.NAVIGATION, {"Accept": "application/json"}])
def test_a_post_without_a_session_is_no_redirect(daemon, app, headers):
    answer = web.request(daemon.port, "/echo/nobody", host=f"localhost:{daemon.port}", method="POST", body=b"x=1",
                         headers=headers)
    assert answer.status == 401 and answer.json()["error"] == "sign_in_required" and not app.count("/echo/nobody")


@pytest.mark.parametrize("headers, status", [
    ({"Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "none"}, 200), ({}, 200),
    ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Origin": "https://evil.test"}, 403), ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "https://friend.test"}, 200)])
def test_another_sites_page_changes_nothing(daemon, app, alice, headers, status):
    before = app.count("/echo/forged")
    answer = alice.send(daemon.url + "/echo/forged", "POST", body=b"x=1", headers=headers, navigation=False)
    assert answer.status == status and app.count("/echo/forged") == before + (status == 200)
    assert alice.send(daemon.url + "/echo/forged", headers={**headers, "Sec-Fetch-Mode": "navigate"}).status == 200


def test_a_listed_origin_may_ask_for_all_methods(daemon, alice):
    answer = web.request(daemon.port, "/echo/cors", host=f"localhost:{daemon.port}", method="OPTIONS", headers={
        "Origin": "https://friend.test", "Access-Control-Request-Method": "PUT"})
    assert answer.status == 204 and "PUT" in answer.get("access-control-allow-methods")


# Uploads

@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_is_passed_on_whole(daemon, app, alice, chunked):
    body = os.urandom(700_000)
    sent = body
    if chunked:
        sent = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (
            body[at:at + 9001] for at in range(0, len(body), 9001))) + b"0\r\n\r\n"
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    with raw(daemon, alice, f"POST /echo/large?{chunked} HTTP/1.1\r\n{framing}", sent) as connection:
        assert web.read_answer(connection).status == 200
    asked = app.last(f"/echo/large?{chunked}")
    assert hashlib.sha256(asked.body).digest() == hashlib.sha256(body).digest()
    assert asked.get("transfer-encoding") == ("chunked" if chunked else None)
    assert asked.get("content-length") == (None if chunked else str(len(body)))


def test_an_upload_begins_before_it_has_ended(daemon, app, alice):
    with raw(daemon, alice, "POST /echo/begun HTTP/1.1\r\nContent-Length: 10", b"hello") as connection:
        app.wait("/echo/begun", lambda one: one.body == b"hello")
        connection.sendall(b"world")
        assert web.read_answer(connection).json()["body"] == "helloworld"


def test_a_client_that_waits_is_told_to_go_on(daemon, app, alice):
    with raw(daemon, alice, "POST /echo/waits HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5") as connection:
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert web.read_answer(connection).json()["body"] == "hello"
    assert not app.last("/echo/waits").all("expect")


@pytest.mark.parametrize("framing", ["Content-Length: 1048577", "Transfer-Encoding: chunked"])
def test_an_upload_beyond_the_limit_is_refused(daemon, app, alice, framing):
    body = b"x" * 1_048_577
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if "chunked" in framing else b""
    with raw(daemon, alice, f"POST /echo/beyond HTTP/1.1\r\n{framing}") as connection:
        try:
            connection.sendall(sent)
        except OSError:
            pass
        assert web.read_answer(connection).status == 413
    assert not [one for one in app.asked if one.target == "/echo/beyond" and one.whole]
    with raw(daemon, alice, "POST /echo/within HTTP/1.1\r\nContent-Length: 1048576", body[1:]) as connection:
        assert web.read_answer(connection).status == 200


@pytest.mark.parametrize("pieces, pause", [(1, 0), (20, 0.1)])
def test_a_slow_upload_is_ended_on_both_sides(daemon, app, alice, pieces, pause):
    target = f"/echo/slow-{pieces}"
    with raw(daemon, alice, f"POST {target} HTTP/1.1\r\nContent-Length: 1000") as connection:
        try:
            for _ in range(pieces):
                connection.sendall(b"x")
                time.sleep(pause)
        except OSError:
            pass
        answer = web.read_answer(connection)
        assert answer.status == 408
    assert not app.last(target).whole


def test_an_upload_that_breaks_off_never_looks_whole(daemon, app, alice):
    for framing, sent in (("Content-Length: 100", b"half"), ("Transfer-Encoding: chunked", b"4\r\nhalf\r\n")):
        target = f"/echo/broken?{len(sent)}"
        connection = raw(daemon, alice, f"POST {target} HTTP/1.1\r\n{framing}", sent)
        app.wait(target)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        time.sleep(0.2)
        assert not app.last(target).whole


@pytest.mark.parametrize("framing", [
    "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: +5",
    "Transfer-Encoding: chunked, identity", "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Content-Length: 5, 5", "Content_Length: 5"])
def test_framing_that_two_could_read_in_two_ways_reaches_nobody(daemon, app, alice, framing):
    smuggled = b"0\r\n\r\nGET /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    with raw(daemon, alice, f"POST /echo/framing HTTP/1.1\r\n{framing}", smuggled) as connection:
        assert web.read_answer(connection).status in (400, 501)
    assert not app.count("/echo/framing") and not app.count("/echo/smuggled")


# Answers

@pytest.mark.parametrize("status", [200, 201, 202, 204, 301, 303, 400, 401, 403, 404, 409, 418, 422, 500, 503])
def test_an_answer_goes_back_as_it_is(daemon, alice, status):
    answer = alice.send(daemon.url + f"/status/{status}")
    assert answer.status == status and answer.get("x-app") == "yes" and answer.get("server") is None
    assert answer.text == ("" if status == 204 else f"the app says {status}")
    assert answer.get("cache-control") == "private, max-age=60" and len(answer.all("content-length")) == (status != 204)


def test_fields_of_the_apps_connection_stay_there(daemon, alice):
    answer = alice.send(daemon.url + "/hops")
    names = {name.lower() for name, _ in answer.headers}
    assert answer.body == b"ok" and "x-kept" in names
    assert not names & {"x-secret", "keep-alive", "upgrade", "alt-svc", "proxy-authenticate", "trailer"}


def test_an_app_sets_its_own_cookies_and_not_posterns(daemon):
    answer = web.request(daemon.port, "/cookies", host=f"localhost:{daemon.port}")
    assert answer.all("set-cookie") == ["theirs=1; Path=/", "postern2=1"]


def test_what_comes_before_the_answer_is_passed_over(daemon, alice):
    assert alice.send(daemon.url + "/interim").body == b"ok"


def test_an_answer_may_end_with_its_connection(daemon, alice):
    assert alice.send(daemon.url + "/until-close").text == "until the end"


@pytest.mark.parametrize("path, status", [("/switch", 502), ("/huge", 502), ("/both", 502), ("/slow", 504), ("/stalls", 504)])
def test_an_app_that_answers_badly_or_not_ends_in_a_page(daemon, alice, path, status):
    answer = alice.send(daemon.url + path)
    assert answer.status == status and "Reference" in answer.text


def test_an_answer_that_is_cut_does_not_look_whole(daemon, alice):
    with raw(daemon, alice, "GET /short HTTP/1.1") as connection:
        connection.settimeout(5)
        data = b""
        try:
            while piece := connection.recv(65536):
                data += piece
        except OSError:
            pass
        assert b"content-length: 100" in data and data.endswith(b"ten bytes.")


def test_what_an_app_says_unasked_is_nobodys_answer(daemon, alice):
    for _ in range(5):
        assert alice.send(daemon.url + "/split").body == b"ok"
        assert alice.send(daemon.url + "/echo/after-split").json()["target"] == "/echo/after-split"


# An app that does not take the upload

def test_an_answer_before_the_uploads_end_goes_back(daemon, alice):
    for path, status in (("/early", 413), ("/early-and-stays", 200)):
        with raw(daemon, alice, f"POST {path} HTTP/1.1\r\nContent-Length: 1000000", b"x" * 100_000) as connection:
            assert web.read_answer(connection).status == status


def test_an_app_that_closes_within_an_upload_is_asked_once(daemon, app, alice):
    alice.send(daemon.url + "/echo/keeps-a-connection")
    body = b"x" * 500_000
    with raw(daemon, alice, f"POST /closes HTTP/1.1\r\nContent-Length: {len(body)}") as connection:
        try:
            connection.sendall(body)
        except OSError:
            pass
        assert web.read_answer(connection).status == 502
    assert app.count("/closes") == 1


def test_an_app_that_takes_nothing_times_out(daemon, app, alice):
    body = b"x" * 1_048_576
    started = time.monotonic()
    with raw(daemon, alice, f"POST /stalls HTTP/1.1\r\nContent-Length: {len(body)}") as connection:
        connection.settimeout(10)
        try:
            connection.sendall(body)
        except OSError:
            pass
        assert web.read_answer(connection).status == 504
    assert time.monotonic() - started < 5


def test_both_ways_go_on_at_once(daemon, alice):
    with raw(daemon, alice, "POST /duplex HTTP/1.1\r\nContent-Length: 9", b"one") as connection:
        response = web.read_answer(connection, body=False)
        assert response.read(3) == b"one"
        connection.sendall(b"two")
        assert response.read(3) == b"two"
        connection.sendall(b"end")
        assert response.read() == b"end"


def test_an_app_that_is_gone_is_a_502_and_comes_back(daemon, alice, build):
    answer = alice.send(f"http://gone.localhost:{daemon.port}/")
    assert answer.status == 502 and "Reference" in answer.text


# HTTP/2

def cookie(daemon, alice):
    return [("cookie", alice.cookie_header(daemon.url))]


def test_an_upload_by_http_2_is_framed_anew(daemon, app, alice):
    with Client(daemon.port, name="localhost") as client:
        known = client.get("/echo/h2-known", "POST", cookie(daemon, alice) + [("content-length", "5")], end=False)
        client.h2.send_data(known, b"hello", end_stream=True)
        unknown = client.get("/echo/h2-unknown", "PUT", cookie(daemon, alice), end=False)
        client.h2.send_data(unknown, b"0\r\n\r\nGET /echo/smuggled HTTP/1.1\r\n\r\n", end_stream=True)
        client.flush()
        assert client.finish(known, unknown) and client.status == {known: 200, unknown: 200}
    assert app.last("/echo/h2-known").get("content-length") == "5"
    assert app.last("/echo/h2-unknown").get("transfer-encoding") == "chunked"
    assert app.last("/echo/h2-unknown").body.startswith(b"0\r\n\r\nGET") and not app.count("/echo/smuggled")


@pytest.mark.parametrize("fields", [
    [("transfer-encoding", "chunked")], [("connection", "x-postern-user")], [("content-length", "4")],
    [("x_postern_user", "root")], [("x-a", "b\r\nx-postern-user: root")], [("x-a\r\nx-postern-user", "root")],
    [(":path", "/echo/two")], [("host", "other.test")]])
def test_http_2_carries_nothing_that_http_1_could_not(daemon, app, alice, fields):
    with Client(daemon.port, name="localhost", strict=False) as client:
        stream = client.get("/echo/h2-smuggled", "POST", cookie(daemon, alice) + fields, end=False)
        client.h2.send_data(stream, b"hello", end_stream=True)
        client.flush()
        client.finish(stream)
        assert client.status.get(stream) in (None, 400, 501)
    assert not [one for one in app.asked if one.target == "/echo/h2-smuggled" and one.whole]
    assert not [one for one in app.asked if "root" in one.head.decode("latin-1")]


def upload(client, stream, size, seconds):
    """Sends as the windows let it; what went out in that time."""
    sent, end = 0, time.monotonic() + seconds
    while sent < size and time.monotonic() < end:
        if room := min(client.h2.local_flow_control_window(stream), 16_000, size - sent):
            client.h2.send_data(stream, b"x" * room, end_stream=sent + room == size)
            client.flush()
            sent += room
            continue
        client.socket.settimeout(max(end - time.monotonic(), 0.01))
        try:
            client.read()
        except TimeoutError:
            pass
    client.socket.settimeout(10)
    return sent


def test_an_upload_that_an_app_does_not_take_stops_no_other_stream(daemon, app):
    with Client(daemon.port, name="roomy.localhost") as client:
        stalled = client.get("/stalls", "POST", end=False)
        # More than the kernel takes for it.
        assert upload(client, stalled, 64_000_000, 0.4) < 64_000_000
        other = client.get("/echo/h2-other", "POST", end=False)
        assert upload(client, other, 300_000, 5) == 300_000
        assert client.finish(other) and client.status[other] == 200 and stalled not in client.ended
    assert len(app.last("/echo/h2-other").body) == 300_000


# Other ways to an app

def test_a_base_path_the_apps_own_host_and_other_names(daemon, app, alice):
    browser = web.Browser()
    answer = browser.open(f"http://base.localhost:{daemon.port}/echo/x?y=1")
    fields = dict(answer.json()["fields"])
    assert answer.json()["target"] == "/base/echo/x?y=1" and fields["host"] == f"127.0.0.1:{app.port}"
    assert fields["x-forwarded-host"] == f"base.localhost:{daemon.port}" and fields["x-webauth-user"] == "alice-1"
    assert fields["forwarded"] == f'for=127.0.0.1;host="base.localhost:{daemon.port}";proto=http'
    assert not {"x-postern-user", "x-postern-assertion"} & set(fields)
    again = browser.send(f"http://base.localhost:{daemon.port}/echo/x", headers={"X-WebAuth-User": "root"})
    assert dict(again.json()["fields"])["x-webauth-user"] == "alice-1"


def test_an_app_on_a_unix_socket(daemon):
    answer = web.request(daemon.port, "/echo/unix", host=f"unix.localhost:{daemon.port}", method="POST", body=b"a")
    assert answer.status == 200 and answer.json()["body"] == "a"


def test_an_app_over_tls_takes_and_sends_much(daemon, secure):
    body = os.urandom(3_000_000)
    answer = web.request(daemon.port, "/echo/tls", host=f"secure.localhost:{daemon.port}", method="PUT", body=body)
    assert answer.json()["body"] == len(body) and secure.last("/echo/tls").body == body
    assert secure.last("/echo/tls").get("x-forwarded-proto") == "http"
    # An end that TLS does not vouch for may be anybody's.
    with pytest.raises(http.client.IncompleteRead):
        web.request(daemon.port, "/until-close", host=f"secure.localhost:{daemon.port}")


def test_an_app_whose_certificate_does_not_hold_gets_nothing(daemon, secure):
    answer = web.request(daemon.port, "/echo/distrusted", host=f"distrusted.localhost:{daemon.port}", method="POST", body=b"x")
    assert answer.status == 502 and not secure.count("/echo/distrusted")


def test_an_app_may_have_a_part_of_a_site(daemon, app):
    def ask(path, **more):
        return web.request(daemon.port, path, host=f"mixed.localhost:{daemon.port}", **more)

    assert ask("/hello.txt").body == b"hello" and ask("/hello.txt", method="POST", body=b"x").status == 405
    answer = ask("/shop/echo/x%20y?z", method="POST", body=b"x", headers={"X-Forwarded-Prefix": "/lie"})
    fields = answer.json()["fields"]
    assert answer.json()["target"] == "/echo/x%20y?z" and ["x-forwarded-prefix", "/shop"] in fields
    assert sum(name == "x-forwarded-prefix" for name, _ in fields) == 1
    away = ask("/shop?a=b")
    assert (away.status, away.get("location")) == (308, "/shop/?a=b")
    assert ask("/shop/nowhere").text == "no such" and ask("/shopping").status == 404
    told = postern.run("explain", "--config", daemon.path, f"http://mixed.localhost:{daemon.port}/shop/a", "--method", "PUT")
    assert f"{app.url}/a" in told.stdout and "PUT" in told.stdout, told
