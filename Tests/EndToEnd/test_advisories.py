"""What has gone wrong in others that do what Postern does: each test is named by the advisory that it stands for.
`CONFORMANCE.md` has the whole list, with the tests elsewhere that stand for the rest of it."""

import concurrent.futures
import datetime
import http.server
import os
import socket
import ssl
import threading
import time
import urllib.parse

import postern
import pytest
import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from identity_rig import API, Rig, bearer
from lying_provider import ALICE, BOB, Key, LyingProvider
from parts import process

MARKUP = "'\"></title></pre><script>alert(1)</script>"
CONTENT = b"what the bucket holds"


class Bucket(http.server.BaseHTTPRequestHandler):
    """Takes note of what it is asked, and has one object and a page for all others."""

    protocol_version = "HTTP/1.1"
    asked = []

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.asked.append((self.path, self.headers.items()))
        there = self.path.endswith(("/hello.txt", "/404.html"))
        self.send_response(200 if there else 404)
        self.send_header("Content-Length", str(len(CONTENT) if there else 0))
        self.end_headers()
        self.wfile.write(CONTENT if there else b"")

    do_HEAD = do_GET


@pytest.fixture(scope="module")
def provider(module_provider):
    return module_provider


@pytest.fixture(scope="module")
def bucket():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def stranger():
    """Another provider, whose key has the same name as the first one's."""
    one = LyingProvider({"postern": None})
    yield one
    one.stop()


@pytest.fixture(scope="module")
def rig(build, folder, provider, stranger, bucket):
    stranger.first_key = Key(provider.first_key.kid)
    stranger.reset()
    one = Rig.__new__(Rig)
    one.port, one.provider, one.directory = process.free_port(), provider, os.path.join(build, "advisories")
    keys = [postern.secret()]
    rules = {"/public/**": "anyone", "/admin/**": "groups:admins", "/mail/**": "email:*@corp.test", "/**": "signed-in"}
    site = lambda name, provider, origin, **more: {
        "hosts": [one.host(name)], "provider": provider, "origin": origin, "rules": rules, **more}
    one.config = {
        "listeners": {"plain": {"address": f"127.0.0.1:{one.port}"}}, "session_keys": keys,
        "providers": {"one": {"issuer": provider.issuer, "client_id": "postern"},
                      "stranger": {"issuer": stranger.issuer, "client_id": "postern"}},
        "origins": {"folder": {"directory": folder},
                    "bucket": {"s3": {
                        "bucket": "docs-private", "region": "us-east-1", "addressing": "path",
                        "access_key_id": "AKIDTEST",
                        "endpoint": f"http://127.0.0.1:{bucket.server_address[1]}",
                        "secret_access_key": "secret-of-the-bucket-0123456789"}}},
        "sites": {"a": site("a", "one", "folder", content={"not_found": ""}),
                  "b": site("b", "stranger", "folder", content={"not_found": ""}),
                  "s3": site("s3", "one", "bucket", content={"not_found": "/404.html"})}}
    one.start()
    yield one
    one.stop()


@pytest.fixture
def asked():
    Bucket.asked.clear()
    return Bucket.asked


def refused(rig, target, site="a", **options):
    """Nobody's request is sent away, as a navigation and as a script's."""
    fields = options.pop("headers", {})
    answer = rig.send(target, site, headers={**web.NAVIGATION, **fields}, **options)
    assert answer.status in (302, 400, 401), str(answer)
    answer = rig.send(target, site, headers={**API, **fields}, **options)
    assert answer.status in (400, 401), str(answer)


# oauth2-proxy, and the bitly proxy that it comes from


@pytest.mark.parametrize("agent", ["GoogleHC/1.0", "ELB-HealthChecker/2.0", "kube-probe/1.30",
                                   "GoogleStackdriverMonitoring"])
def test_CVE_2026_34457_a_health_checkers_name_opens_nothing(rig, agent):
    refused(rig, "/hello.txt", headers={"User-Agent": agent})
    refused(rig, "/ping", headers={"User-Agent": agent})


PATHS_SAID = ["X-Forwarded-Uri", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Original-URL", "X-Original-Uri",
              "X-Rewrite-URL", "X-Envoy-Original-Path", "X-Auth-Request-Redirect", "X-HTTP-Method-Override",
              "X-Forwarded-Method"]


@pytest.mark.parametrize("name", PATHS_SAID)
def test_CVE_2026_40575_CVE_2023_27487_CVE_2026_33495_no_field_says_which_path_is_meant(rig, name):
    for value in ("/public/", "/public/index.html", "OPTIONS"):
        refused(rig, "/admin/", headers={name: value})
    answer = rig.send("/public/", headers={**web.NAVIGATION, name: "/admin/"})
    assert answer.status == 200


@pytest.mark.parametrize("target", ["/public/#/../hello.txt", "/hello.txt#/public/", "/admin/#/public/",
                                    "/public/%23/../../admin/",
                                    "/public#/../admin/"])
def test_CVE_2026_41059_CVE_2021_32779_CVE_2021_39206_a_fragment_widens_no_rule(rig, target):
    answer = rig.send(target, headers=API)
    assert answer.status in (400, 401, 404), str(answer)
    assert "%23" in target or answer.status == 400


@pytest.mark.parametrize("address", ["a@evil.test@corp.test", "a@corp.test@evil.test", "a@evilcorp.test",
                                     "a@sub.corp.test",
                                     "a@corp.test.evil.test", "a@corp.test.", "@corp.test", "corp.test",
                                     "a@corp.test\u0000",
                                     "a@corp.test ", ["a@corp.test"], {"a@corp.test": True}])
def test_CVE_2026_40574_CVE_2021_21291_an_address_is_of_a_domain_or_is_not(rig, provider, address):
    """The second is also vouch-proxy's (pull request 335)."""
    answer = rig.send("/mail/", headers=bearer(provider.token({**BOB, "email": address})))
    assert answer.status in (401, 403), str(answer)
    assert rig.send("/mail/", headers=bearer(provider.token({**BOB, "email": "a@Corp.Test"}))).status == 404, "let in"


@pytest.mark.parametrize("target", ["/hello.txt?x=/public/", "/hello.txt?/public/", "/admin/?/../public/",
                                    "/?path=/public/index.html"])
def test_CVE_2025_54576_a_query_is_no_part_of_the_path(rig, target):
    refused(rig, target)


@pytest.mark.parametrize("groups", ["admins,staff", "staff,admins", "staff admins", ["staff,admins"], ["Admins"],
                                    ["admins "],
                                    [["admins"]], {"admins": True}, ["admin"], "*", ["*"], "", None])
def test_CVE_2021_21411_CVE_2026_26308_a_group_is_one_of_a_list_and_nothing_else(rig, provider, groups):
    answer = rig.send("/admin/", headers=bearer(provider.token({**BOB, "groups": groups})))
    assert answer.status in (401, 403), str(answer)


def test_CVE_2025_64484_CVE_2017_6413_nothing_that_a_client_says_of_itself_reaches_the_origin(rig, provider, asked):
    """Also GHSA-w9mr and CVE-2024-45410, for `Connection` takes no field away, and CVE-2026-41181, for the page of what
    is missing is asked for as the object is."""
    names = ["X-Forwarded-Email", "x-forwarded-user", "X-Auth-Request-User", "OIDC-CLAIM-email", "Remote-User",
             "X-Amz-Security-Token", "X-Amz-Meta-A", "X-Amz-Date", "Forwarded"]
    said = {name: "mallory" for name in names} | {
        "Connection": "close, X-Amz-Date, X-Amz-Security-Token, x-forwarded-user",
        "Cookie": "postern-x=1; other=mallory", **bearer(provider.token())}
    for more in ({"X_Forwarded_Email": "mallory"}, {"Connection": "close, Authorization"}, {"Connection": "host"},
                 {"Connection": "Cookie"}):
        answer = rig.send("/hello.txt", "s3", headers={**said, **more})
        assert answer.status == 400, f"{more} {answer}"
    assert not asked
    assert rig.send("/hello.txt", "s3", headers=said).body == CONTENT
    assert rig.send("/missing.txt", "s3", headers=said).status == 404
    assert rig.send("/public/missing.txt", "s3", headers=said).status == 404
    assert len(asked) >= 3
    for path, fields in asked:
        names = {name.lower() for name, _ in fields}
        assert names <= {"host", "authorization", "x-amz-date", "x-amz-content-sha256",
                         "accept-encoding"}, (path, names)
        assert not any("mallory" in value or "Bearer" in value for _, value in fields)
        assert {"authorization", "x-amz-date", "host"} <= names


@pytest.mark.parametrize("target", ["//evil.test", "/\\evil.test", "/\t/evil.test", "/%09/evil.test", "/%5cevil.test",
                                    "https:evil.test",
                                    "https://evil.test", "/%2f/evil.test", "/.evil.test/..//evil.test", "///evil.test",
                                    "%0a//evil.test",
                                    "/;@evil.test//", "javascript:alert(1)"])
@pytest.mark.parametrize("name", ["return_to", "rd", "redirect", "logout", "target_link_uri",
                                  "post_logout_redirect_uri"])
def test_CVE_2019_14857_CVE_2020_4037_signing_out_leads_to_no_other_site(rig, provider, name, target):
    """And CVE-2020-5233, CVE-2020-11053, CVE-2021-32786, CVE-2021-39191, CVE-2022-23527 in the same place."""
    fields = urllib.parse.urlencode({name: target}).encode()
    answer = rig.send("/.auth/logout?" + fields.decode(), method="POST", body=fields, headers={
        "Content-Type": "application/x-www-form-urlencoded", "Origin": rig.url("")})
    assert answer.status in (303, 400), str(answer)
    location = answer.get("location", "/")
    assert "evil" not in location and "javascript" not in location
    for path in ("/.auth/signed-out?", "/.auth/me?", "/.auth/logout?"):
        answer = rig.send(path + fields.decode(), headers=web.NAVIGATION)
        assert answer.get("location") is None or "evil" not in answer.get("location")


# mod_auth_openidc


@pytest.mark.parametrize("headers", [web.NAVIGATION, API, {}])
def test_CVE_2025_31492_CVE_2022_29228_a_refusal_is_all_there_is_and_asks_the_origin_nothing(rig, asked, headers):
    with web.connect(rig.port) as connection:
        connection.sendall(web.head("GET", "/hello.txt", rig.host("s3"), headers)
                           + web.head("GET", "/.auth/me", rig.host("s3"), {"Connection": "close", **API}))
        everything = b""
        while part := connection.recv(65536):
            everything += part
    first, _, rest = everything.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in first.lower().split(b"\r\n")
                  if line.startswith(b"content-length:"))
    assert first.split(b" ")[1] in (b"302", b"401") and rest[length:].startswith(b"HTTP/1.1 401 ")
    assert everything.count(b"HTTP/1.1 ") == 2 and CONTENT not in everything and not asked


OWN = ["login", "callback", "logout", "me", "signed-out", "backchannel-logout", "frontchannel-logout", "nothing", ""]


@pytest.mark.parametrize("body", [[("Content-Length", "0")], [], [("Content-Length", "0"), ("Content-Type", "")],
                                  [("Content-Length", "0"), ("Content-Type", "application/x-www-form-urlencoded")],
                                  [("Transfer-Encoding", "chunked")]])
@pytest.mark.parametrize("path", ["/.auth/" + name for name in OWN] + ["/hello.txt", "/public/"])
def test_CVE_2025_3891_CVE_2021_20718_a_post_of_nothing_is_answered(rig, path, body):
    data = b"0\r\n\r\n" if body and body[0][0] == "Transfer-Encoding" else b""
    answer = rig.send(path, method="POST", headers=[*body, ("Connection", "close")], body=data)
    assert 200 <= answer.status < 500, str(answer)
    assert rig.is_alive()


@pytest.mark.parametrize("query", ["&", "&&&", "=", "=&=", "code", "code=&state=&iss=", "iss=", "state=", "error=",
                                   "error&error_description=",
                                   "code=&code=", "%", "%00", "&=&code=&", "logout_token=", "sid=&iss=", "return_to=",
                                   "prompt=&provider="])
@pytest.mark.parametrize("path", ["/.auth/" + name for name in OWN] + ["/hello.txt", "/public/"])
def test_mod_auth_openidc_2026_05_22_and_2026_08_20_empty_parameters_are_answered(rig, path, query):
    """And CVE-2023-27496 (Envoy): a callback without a state."""
    answer = rig.send(f"{path}?{query}", headers=web.NAVIGATION)
    assert 200 <= answer.status < 500, str(answer)
    assert "callback" not in path or answer.status == 400
    assert rig.daemon.process.is_running()


FORMAT = "%n%s%25n%x%1$s%{x}n${x}{0}"


def test_CVE_2021_32785_what_is_asked_is_no_format_of_anything(rig, provider):
    told = urllib.parse.quote(FORMAT)
    for path in ("/.auth/callback?code=x&state=" + told, "/.auth/login?return_to=/" + told, "/public/" + told):
        answer = rig.send(path, headers={**web.NAVIGATION, "User-Agent": FORMAT, "Referer": "http://x/" + told,
                                         "Cookie": f"postern={FORMAT}"})
        assert 200 <= answer.status < 500
    answer = rig.send("/hello.txt", headers=bearer(provider.token(key=Key(FORMAT))))
    assert answer.status == 401
    answer = rig.send("/admin/", headers=bearer(provider.token({**BOB, "email": FORMAT, "name": FORMAT,
                                                                "sub": FORMAT})))
    assert answer.status == 403
    assert rig.is_alive()
    assert any("%25n%25s" in one.get("path", "") for one in rig.daemon.records()), "as it came"


def test_CVE_2021_32792_CVE_2019_1010247_CVE_2024_21496_nothing_that_comes_in_is_markup_on_a_page(rig, provider):
    said = urllib.parse.quote(MARKUP)
    pages = [rig.send(path + said, headers={**web.NAVIGATION, "Accept-Language": MARKUP,
                                            "Referer": "http://x/" + said}) for path in (
        "/.auth/callback?error=", "/.auth/callback?state=", "/.auth/callback?error=x&error_description=",
        "/.auth/logout?return_to=/",
        "/.auth/signed-out?return_to=/", "/.auth/frontchannel-logout?iss=", "/public/", "/.auth/")]
    provider.account = {**BOB, "name": MARKUP, "email": MARKUP, "preferred_username": MARKUP}
    browser = rig.signed_in()
    pages += [browser.send(rig.url("/admin/" + said)), browser.send(rig.url("/.auth/logout?return_to=/" + said))]
    assert pages[-2].status == 403 and "&lt;script&gt;" in pages[-2].text, "it names the account"
    for page in pages:
        assert page.status < 500 and "<script" not in page.text and "'\"></title>" not in page.text, str(page)


# Envoy


JUNK = ["Bearer", "Bearer ", "Bearer null", "Bearer undefined", "Bearer a.b.c", "Bearer ..",
        "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic Og==",
        "Negotiate x", "bearer", "Bearer\tx"]


@pytest.mark.parametrize("field, value", [("Authorization", one) for one in JUNK] + [("Cookie", one) for one in (
    "postern=1", "postern=null", "postern=", "postern=true; postern-browser=1", "IdToken=x; BearerToken=y",
    "session=1")])
def test_CVE_2022_29226_whatever_is_brought_is_not_enough_by_being_there(rig, field, value):
    refused(rig, "/hello.txt", headers={field: value})


@pytest.mark.parametrize("place", ["User-Agent", "Accept", "X-Anything", "Cookie", "Authorization", "Referer",
                                   "Accept-Language", "Origin"])
@pytest.mark.parametrize("value", [b"\x80", b"\xff\xfe", b"\xc3\x28", b"caf\xe9", b"\xf0\x9f\x98\x80"])
def test_CVE_2023_27488_bytes_that_are_no_text_change_no_decision(rig, place, value):
    for path, statuses in (("/hello.txt", {302, 400, 401}), ("/public/", {200, 400, 401})):
        with web.connect(rig.port) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {rig.host()}\r\n{place}: ".encode() + value
                               + b"\r\nConnection: close\r\n\r\n")
            answer = web.read_answer(connection)
        assert answer.status in statuses, str(answer)


@pytest.mark.parametrize("scheme", ["http", "HTTP", "hTTp"])
def test_CVE_2023_35944_CVE_2026_48794_a_site_is_the_same_however_its_address_is_spelled(rig, scheme):
    """Upper case, a dot at its end, the whole address as the target: a site's rules, or no site."""
    for host in (rig.host(), rig.host().upper(), rig.host().replace("localhost", "LocalHost"),
                 rig.host().replace("localhost", "localhost.")):
        for target in ("/hello.txt", f"{scheme}://{host}/hello.txt", f"{scheme}://{host.upper()}/admin/"):
            answer = rig.send(target, headers=web.NAVIGATION, host=host)
            assert answer.status in (302, 400, 421), f"{host} {target} {answer}"
    answer = rig.send(f"{scheme}://{rig.host('b')}/hello.txt", headers=web.NAVIGATION)
    assert answer.status in (302, 400, 421)


@pytest.mark.parametrize("target", ["/public/..;/admin/", "/public/..%2fadmin/", "/public/..%2Fadmin/",
                                    "/public/..%5cadmin/", "/public/%2e%2e/admin/",
                                    "/public/%2e%2e%2fadmin/", "/public/..%252fadmin/", "/public/.%2e/admin/",
                                    "/public//../admin/", "/public/;/../admin/",
                                    "/public/%00/../admin/", "/public\\..\\admin/", "/%70ublic/../admin/",
                                    "/public/..%c0%afadmin/"])
def test_CVE_2019_9901_CVE_2026_33494_CVE_2026_3872_CVE_2026_34908_one_path_for_rule_and_origin(
        rig, asked, target):
    for site in ("a", "s3"):
        answer = rig.send(target, site, headers=API)
        assert answer.status in (400, 401, 404), str(answer)
    for path, _ in asked:
        assert "admin/" not in path or "%2" in path or "%5C" in path or "%3B" in path, path
        assert "/../" not in path


def test_CVE_2019_9900_a_zero_byte_ends_no_field(rig):
    for line in (b"X-A: a\0b", b"Cookie: postern=a\0b", b"Authorization: Bearer a\0b", b"Ho\0st: x"):
        with web.connect(rig.port) as connection:
            connection.sendall(f"GET /public/ HTTP/1.1\r\nHost: {rig.host()}\r\n".encode() + line + b"\r\n\r\n")
            assert web.read_answer(connection).status == 400


def test_CVE_2024_45809_a_client_that_leaves_while_keys_are_fetched_harms_nobody(build, folder):
    provider = LyingProvider({"postern": None, "other": None})
    rig = Rig(os.path.join(build, "advisories-leaving"), folder, provider)
    try:
        browser = rig.signed_in()
        provider.keys_delay = 0.5
        for failing in (False, True):
            provider.failing = failing
            fields = bearer(provider.token(key=Key("made-up")))
            for _ in range(20):
                connection = web.connect(rig.port)
                connection.sendall(web.head("GET", "/hello.txt", rig.host(), fields))
                time.sleep(0.01)
                connection.close()
            assert browser.send(rig.url("/hello.txt")).status == 200
            time.sleep(1)
        assert rig.is_alive()
        provider.failing = False
        two = [("Authorization", f"Bearer {provider.token()}") for _ in range(2)]
        assert rig.send("/hello.txt", headers=[*two, ("Connection", "close")]).status in (400, 401)
    finally:
        rig.stop()
        provider.stop()


def test_CVE_2025_64763_CVE_2026_71324_what_follows_a_connect_is_no_tunnel_and_no_request(rig, asked):
    for line in (f"CONNECT {rig.host('s3')} HTTP/1.1", "CONNECT /hello.txt HTTP/1.1", "CONNECT 127.0.0.1:1 HTTP/1.1"):
        with web.connect(rig.port) as connection:
            connection.sendall(f"{line}\r\nHost: {rig.host('s3')}\r\n\r\n".encode()
                               + web.head("GET", "/public/hello.txt", rig.host("s3")))
            everything = b""
            while part := connection.recv(65536):
                everything += part
        assert everything.startswith(b"HTTP/1.1 400 "), everything[:200]
        assert everything.count(b"HTTP/1.1 ") == 1 and not asked


# Pomerium, Ory Oathkeeper, Traefik, Authelia and others


@pytest.mark.parametrize("path", ["/metrics", "/debug/pprof/", "/debug", "/healthz", "/readyz", "/stats", "/ping",
                                  "/.well-known/jwks.json",
                                  "/oauth2/userinfo", "/oauth2/auth", "/.pomerium/", "/server-status", "/config_dump"])
def test_CVE_2022_24797_nothing_of_the_operators_is_on_a_public_listener(rig, path):
    refused(rig, path)


def test_CVE_2024_39315_CVE_2021_29651_no_page_and_no_address_has_a_token(rig, provider):
    provider.refresh = True
    browser = rig.signed_in()
    pages = [browser.fetch(rig.url("/.auth/me")), *(browser.send(rig.url(path)) for path in (
        "/.auth/me", "/.auth/logout", "/.auth/login?return_to=/hello.txt", "/admin/", "/hello.txt"))]
    tokens = [one for one in provider.issued if one]
    for page in pages:
        assert not any(one in page.text or one in page.get("location", "") for one in tokens), str(page)
    for answer in browser.history:
        assert not any(one in answer.url for one in tokens if "." in one), answer.url


def test_CVE_2026_33496_CVE_2021_32701_a_verdict_is_of_one_issuer_whatever_its_key_is_called(rig, provider, stranger):
    """Two providers with keys of the same name: what one has signed is nothing at the other's site, before and after
    it was found to hold at its own."""
    theirs, ours = stranger.token(ALICE), provider.token(ALICE)
    for _ in range(3):
        assert rig.send("/hello.txt", headers=bearer(theirs)).status == 401
        assert rig.send("/hello.txt", "b", headers=bearer(ours)).status == 401
        assert rig.send("/hello.txt", headers=bearer(ours)).status == 200
        assert rig.send("/hello.txt", "b", headers=bearer(theirs)).status == 200
    posing = stranger.token({**ALICE, "iss": provider.issuer})
    assert rig.send("/hello.txt", headers=bearer(posing)).status == 401


def test_CVE_2026_71326_of_many_renewals_at_once_each_is_its_owners(rig, provider):
    provider.refresh, provider.lifetime, before = True, 2, provider.renewals()
    provider.refresh_tokens.clear()
    people = [{**ALICE, "sub": sub} for sub in ("a", "a|b", "a:b", "a/b", "b", "ab", "a b", "a\\b")]
    browsers = []
    for provider.account in people:
        browsers.append(rig.signed_in())
    time.sleep(2.1)
    names = {}
    tokens = provider._tokens

    def own(asked, client, renewal=False):
        """Each refresh token is its own account's."""
        with lock:
            provider.account = names[asked["nonce"]]
            return tokens(asked, client, renewal)

    lock = threading.Lock()
    provider.lifetime = 3600
    for asked in provider.refresh_tokens.values():
        names[asked["nonce"]] = people[len(names)]
    assert len(names) == len(people)
    provider.lock, provider._tokens = threading.RLock(), own
    try:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            found = list(pool.map(lambda one: one.clone().fetch(rig.url("/.auth/me")).json()["sub"], browsers * 4))
        assert found == [one["sub"] for one in people] * 4
        assert provider.renewals() - before == len(people)
    finally:
        del provider._tokens


@pytest.mark.parametrize("name, holds", [("localhost", True), ("localhost\0.evil.test", False), ("evil.test", False)])
def test_CVE_2025_66220_CVE_2026_47778_a_zero_byte_ends_no_name_in_a_certificate(build, folder, name, holds):
    directory = os.path.join(build, "advisories-certificate")
    certificate, key = certificate_for(directory, name)
    provider = LyingProvider({"postern": None}, certificate=(certificate, key))
    port = process.free_port()
    daemon = postern.Postern(directory, {
        "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "session_keys": [postern.secret()],
        "providers": {"one": {"issuer": provider.issuer, "client_id": "postern", "ca_file": certificate}},
        "origins": {"folder": {"directory": folder}},
        "sites": {"a": {"hosts": [f"localhost:{port}"], "provider": "one", "origin": "folder"}}}, ready="/healthz")
    try:
        end = time.monotonic() + 10
        told = lambda: [one["message"] for one in daemon.records() if "provider's keys" in one.get("message", "")]
        while not told():
            assert time.monotonic() < end
            time.sleep(0.05)
        assert ("are loaded" in told()[0]) == holds
    finally:
        daemon.stop()
        provider.stop()


def certificate_for(directory, name):
    """A certificate that is its own authority, for one name, whatever bytes that has."""
    os.makedirs(directory, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256()))
    paths = [os.path.join(directory, file) for file in ("certificate.pem", "key.pem")]
    for path, data in zip(paths, (made.public_bytes(Encoding.PEM),
                                  key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))):
        with open(path, "wb") as file:
            file.write(data)
    return paths


def test_CVE_2026_54762_a_secret_that_cannot_be_read_opens_nothing(rig, tmp_path):
    config = {**rig.config, "admin": {"address": "127.0.0.1:0"}}
    for change in ({"session_keys": ["file:/nonexistent/key"]},
                   {"providers": {**config["providers"], "one": {**config["providers"]["one"], "client_auth": "post",
                                                                 "client_secret": "file:/nonexistent/secret"}}}):
        path = tmp_path / "postern.yaml"
        path.write_text(postern.to_yaml({**config, **change}))
        done = postern.run("serve", "--config", path)
        assert done.returncode != 0 and "/nonexistent/" in done.stderr + done.stdout


def records(hello, size):
    """The same ClientHello in TLS records of `size` bytes."""
    assert hello[0] == 22
    body = hello[5:]
    return [b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
            for part in (body[at:at + size] for at in range(0, len(body), size))]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_CVE_2026_32305_a_client_hello_in_pieces_meets_the_same_site(gateway, authority, size):
    """The certificate is that of the name asked for, and the site's rules hold."""
    name = "liar.postern.test"
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context(cafile=authority.certificate).wrap_bio(incoming, outgoing, server_hostname=name)
    with socket.create_connection(("127.0.0.1", gateway.ports["tls"]), 10) as connection:
        def turn(step, *arguments):
            first = True
            while True:
                try:
                    return step(*arguments)
                except ssl.SSLWantReadError:
                    data = outgoing.read()
                    if data and data[0] == 22 and data[5] == 1:
                        data = b"".join(records(data, size))
                    connection.sendall(data)
                    incoming.write(connection.recv(65536))

        turn(tls.do_handshake)
        assert (("DNS", name) in tls.getpeercert()["subjectAltName"])
        tls.write(web.head("GET", "/hello.txt", gateway.host("liar"), {"Connection": "close", **API}))
        connection.sendall(outgoing.read())
        assert turn(tls.read, 65536).startswith(b"HTTP/1.1 401 ")
