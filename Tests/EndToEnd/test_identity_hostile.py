"""Who somebody is, when they would rather be somebody else: sign-ins, sessions and keys under attack, at a daemon and
a provider of this file's own."""

import base64
import concurrent.futures
import html
import json
import os
import re
import socket
import threading
import time
import urllib.parse

import postern
import pytest
import web
from conftest import OBJECTS
from lying_provider import ALICE, BOB, Key, LyingProvider, encode
from parts import process

API = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
RULES = {"/public/**": "anyone", "/admin/**": "groups:admins", "/nobody/**": "nobody", "/**": "signed-in"}
COOLDOWN = 30
"""Seconds between two fetches of the keys that tokens of strangers can cause."""


class Rig:
    """A daemon with the sites a, b (one provider, one client) and c (another client), all on names below localhost,
    where plain HTTP is allowed; the second session key is that of another instance's newest."""

    def __init__(self, directory, folder, provider, **more):
        self.port, self.provider = process.free_port(), provider
        self.keys = [postern.secret(), postern.secret()]
        for secret in self.keys:
            web.note(secret)
        site = lambda name, client, **own: {
            "hosts": [self.host(name)], "provider": client, "origin": "folder", "rules": RULES,
            "content": {"not_found": ""}, **own}
        self.config = {
            "listeners": {"plain": {"address": f"127.0.0.1:{self.port}"}}, "session_keys": self.keys,
            "providers": {"one": {"issuer": provider.issuer, "client_id": "postern"},
                          "two": {"issuer": provider.issuer, "client_id": "other"}},
            "origins": {"folder": {"directory": folder}},
            "sites": {"a": site("a", "one"), "b": site("b", "one"), "c": site("c", "two"),
                      "brief": site("brief", "one", session={"idle": "2s", "lifetime": "6s"}),
                      "token": site("token", "one", session={"ends_with_token": True})},
            **more}
        self.directory = directory
        self.start()

    def start(self):
        self.daemon = postern.Postern(self.directory, self.config)

    def stop(self):
        self.daemon.stop()

    def host(self, site="a"):
        return f"{site}.localhost:{self.port}"

    def url(self, path="/", site="a"):
        return f"http://{self.host(site)}{path}"

    def send(self, path, site="a", **options):
        options.setdefault("host", self.host(site))
        return web.request(self.port, path, **options)

    def signed_in(self, site="a", path="/hello.txt"):
        browser = web.Browser()
        answer = browser.open(self.url(path, site))
        assert answer.status == 200, str(answer)
        return browser

    def begun(self, path="/hello.txt", site="a", browser=None):
        """A browser, and the callback's address that the provider sends it to."""
        browser = browser or web.Browser()
        return browser, browser.send(browser.send(self.url(path, site)).location).location

    def jar(self, browser, site="a"):
        return browser.jar(self.url(site=site))

    def is_alive(self):
        return self.daemon.process.is_running() and self.send("/public/").status == 200


@pytest.fixture
def provider():
    one = LyingProvider({"postern": None, "other": None})
    yield one
    one.stop()


@pytest.fixture
def rig(build, folder, provider, request):
    name = "".join(one if one.isalnum() else "-" for one in request.node.name)[:60]
    one = Rig(os.path.join(build, "identity-" + name), folder, provider)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def shared(build, folder):
    """One rig for the tests that leave no trace."""
    provider = LyingProvider({"postern": None, "other": None})
    one = Rig(os.path.join(build, "identity-shared"), folder, provider)
    yield one
    one.stop()
    provider.stop()


def bearer(token):
    web.note(token)
    return {"Authorization": f"Bearer {token}", **API}


def eventually(check, seconds=15):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def assert_way_on(answer, *statuses):
    assert answer.status in (statuses or range(400, 500)), str(answer)
    assert "text/html" in answer.get("content-type", "") and answer.get("cache-control") == "no-store", str(answer)
    assert "href=" in answer.text and not answer.get("location"), str(answer)


# Callbacks


def test_a_bad_callback_with_a_token_of_an_unknown_key_is_answered_once(rig, provider):
    """The callback looks for a session to go on with; that must not answer the request a second time."""
    _, back = rig.begun()
    target = back.partition(rig.host())[2]
    for _ in range(3):
        answer = rig.send(target, headers={**web.NAVIGATION, **bearer(provider.token(key=Key("made-up")))})
        assert 400 <= answer.status < 500
    time.sleep(0.3)
    assert rig.is_alive()


def test_a_bad_callback_with_a_session_whose_key_is_withdrawn_is_answered_once(rig, provider):
    browser = rig.signed_in()
    provider.signing = Key()
    provider.published = [provider.signing]
    rig.signed_in()  # shows the daemon the new keys
    _, foreign = rig.begun()
    assert_way_on(browser.send(foreign))
    time.sleep(0.3)
    assert rig.is_alive()


def test_the_same_callback_twice_at_once_exchanges_its_code_once(rig, provider):
    browser, back = rig.begun()
    before = provider.count("/token")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: browser.clone().send(back), range(8)))
    assert provider.count("/token") == before + 1
    assert [one.status for one in answers].count(302) >= 1
    for one in answers:
        if one.status != 302:
            assert_way_on(one)


def test_a_callback_replayed_without_a_session_is_a_page_and_no_second_exchange(rig, provider):
    browser, back = rig.begun()
    twin = browser.clone()
    assert browser.send(back).status == 302
    before = provider.count("/token")
    assert_way_on(twin.send(back))
    assert provider.count("/token") == before


def test_a_bookmarked_callback_of_a_signed_in_browser_goes_to_the_page(rig, provider):
    browser, back = rig.begun("/hello.txt?x=1")
    assert browser.send(back).status == 302
    before = provider.count("/token")
    answer = browser.send(back)
    assert answer.status == 302 and answer.get("location") == "/hello.txt?x=1" and provider.count("/token") == before


def test_a_sign_in_of_somebody_else_is_not_taken_up(rig, provider):
    """Login CSRF: an attacker's callback in a victim's browser, with and without a binding cookie of its own."""
    _, attackers = rig.begun()
    before = provider.count("/token")
    assert_way_on(web.Browser().send(attackers))
    victim = web.Browser()
    victim.send(rig.url("/hello.txt"))
    assert_way_on(victim.send(attackers))
    assert provider.count("/token") == before and not [one for one in rig.jar(victim) if one == "postern"]


def test_an_expired_state_is_a_page_that_does_not_go_on_by_itself(build, folder, provider):
    """With clocks that differ between instances, going on by itself would never end."""
    rig = Rig(os.path.join(build, "identity-expired"), folder, provider, limits={"login_state_lifetime": "1s"})
    try:
        browser, back = rig.begun("/hello.txt?expired")
        time.sleep(2.1)
        answer = browser.send(back)
        assert_way_on(answer)
        assert "http-equiv" not in answer.text and "/.auth/login?return_to=%2Fhello.txt%3Fexpired" in answer.text
        assert provider.count("/token") == 0
    finally:
        rig.stop()


@pytest.mark.parametrize("query", [
    "", "?", "?&", "?&&&", "?=", "?=&=", "?code", "?state", "?code&state", "?code=&state=", "?error", "?error=&state=x",
    "?state=a%00b&code=x", "?code=x&state=%F0%28%8C%28", "?code[]=x&state[]=y", "?CODE=x&STATE=y", "?code=x&state=AAAA",
    "?error=x&state=" + "B" * 3000, "?iss=&code=x&state=y", "?%63ode=x&stat%65=y", "?code=x&state=%ff",
])
def test_a_callback_of_nonsense_is_a_page(shared, query):
    answer = shared.send("/.auth/callback" + query, headers=web.NAVIGATION)
    assert_way_on(answer, 400)
    reference = re.search(r"Reference <code>(\w+)</code>", answer.text)[1]
    lines = lambda: [one for one in shared.daemon.records() if one.get("reference") == reference]
    eventually(lambda: any(one.get("status") == 400 and one.get("outcome") == "sign_in_failed" for one in lines()), 3)
    assert any(one.get("reason") for one in lines()), "the operator learns nothing of why"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_a_callback_is_a_get(shared, method):
    answer = shared.send("/.auth/callback?code=x&state=y", method=method, headers={"Content-Length": "0"})
    assert answer.status == 405 and answer.get("allow") == "GET" and answer.get("cache-control") == "no-store"


def test_an_iss_of_another_issuer_ends_the_sign_in_before_the_exchange(rig, provider):
    """RFC 9207: a mix-up."""
    for iss in ("https://evil.test", provider.issuer + "/", "", provider.issuer.upper()):
        provider.change_answer = lambda answer: {**answer, "iss": iss}
        browser, back = rig.begun()
        before = provider.count("/token")
        assert_way_on(browser.send(back))
        assert provider.count("/token") == before
    provider.change_answer = lambda answer: {**answer, "iss": provider.issuer}
    rig.signed_in()


def test_a_stranger_cannot_have_a_sign_in_of_one_site_end_at_another(rig):
    browser, back = rig.begun(site="a")
    for site in ("b", "c"):
        browser.cookies[rig.host(site).split(":")[0]] = dict(rig.jar(browser, "a"))
        assert_way_on(browser.send(back.replace(rig.host("a"), rig.host(site))))


def test_the_provider_is_asked_for_another_account_only_where_that_was_wanted(rig):
    asked = lambda path: web.query(web.Browser().send(rig.url(path)).location)
    assert "prompt" not in asked("/hello.txt")
    assert asked("/.auth/login?prompt=select_account")["prompt"] == "select_account"
    for value in ("none", "consent", "select_account%20consent", "x&scope=admin"):
        fields = asked("/.auth/login?prompt=" + value)
        assert "prompt" not in fields and fields["scope"] == "openid email profile"
    assert asked("/.auth/login?scope=admin&redirect_uri=https://evil.test")["redirect_uri"] == rig.url("/.auth/callback")


# Keys


def withdraw(rig, provider):
    """The provider takes its key away, and a sign-in shows the daemon."""
    provider.signing = Key()
    provider.published = [provider.signing]
    return rig.signed_in()


def test_a_withdrawn_key_ends_its_sessions_also_after_their_tokens_are_over(rig, provider):
    """The token of the first session is over before anybody shows the session again."""
    provider.lifetime = 3
    shown, unseen = rig.signed_in(), rig.signed_in()
    copy = unseen.clone()
    provider.lifetime = 3600
    withdraw(rig, provider)
    assert shown.send(rig.url("/hello.txt")).status == 302
    time.sleep(3.2)
    for _ in range(4):  # whichever worker answers
        assert copy.clone().send(rig.url("/hello.txt")).status == 302
        assert copy.clone().fetch(rig.url("/.auth/me")).status == 401


def test_a_key_that_went_after_the_token_was_over_ends_nothing(rig, provider):
    provider.change_claims = lambda claims: {**claims, "exp": claims["iat"] + 1}
    browser = rig.signed_in()
    time.sleep(2)
    provider.change_claims = lambda claims: claims
    withdraw(rig, provider)
    for _ in range(4):
        assert browser.send(rig.url("/hello.txt")).status == 200


def test_a_key_under_the_old_name_ends_what_the_old_one_signed(rig, provider):
    browser = rig.signed_in()
    provider.signing = Key(provider.first_key.kid)
    provider.published = [provider.signing, Key()]
    token = provider.token(key=provider.published[1])
    assert rig.send("/hello.txt", headers=bearer(token)).status == 200, "makes the daemon look"
    assert browser.send(rig.url("/hello.txt")).status == 302


def test_every_sign_in_sees_a_key_that_was_changed_a_moment_before(rig, provider):
    for _ in range(4):
        withdraw(rig, provider)


def test_strangers_do_not_keep_sign_ins_from_seeing_new_keys(rig, provider):
    assert rig.send("/hello.txt", headers=bearer(provider.token(key=Key("made-up")))).status == 401
    withdraw(rig, provider)


def test_a_new_key_is_seen_by_the_first_bearer_token_that_names_it(rig, provider):
    provider.signing = Key()
    provider.published = [provider.signing, provider.first_key]
    assert rig.send("/hello.txt", headers=bearer(provider.token())).status == 200


def test_a_flood_of_made_up_keys_causes_one_fetch_and_is_refused_at_once(rig, provider):
    token = provider.token(key=Key("made-up"))
    start, _, rest = token.partition(".")
    tokens = []
    for number in range(10_000):
        header = encode(json.dumps({"alg": "RS256", "kid": f"k{number}"}).encode())
        tokens.append(f"{header}.{rest}")
    before = provider.count("/jwks")
    pipeline = 100

    def flood(part):
        with web.connect(rig.port) as connection:
            source = connection.makefile("rb")
            for first in range(0, len(part), pipeline):
                batch = part[first:first + pipeline]
                connection.sendall(b"".join(web.head("GET", "/hello.txt", rig.host(), {
                    "Authorization": f"Bearer {one}", **API}) for one in batch))
                for _ in batch:
                    line = source.readline()
                    assert line.startswith(b"HTTP/1.1 401"), line
                    length = 0
                    while (field := source.readline()) != b"\r\n":
                        if field.lower().startswith(b"content-length:"):
                            length = int(field.split(b":")[1])
                    source.read(length)

    resident, begin = rig.daemon.resident(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(flood, [tokens[one::10] for one in range(10)]))
    assert time.monotonic() - begin < COOLDOWN, "this machine is too slow for this test"
    assert provider.count("/jwks") - before == 1
    assert rig.daemon.resident() - resident < 16 << 20
    junk = "; ".join(f"postern={encode(os.urandom(300))}" for _ in range(1))
    for _ in range(50):
        assert rig.send("/hello.txt", headers={**web.NAVIGATION, "Cookie": junk}).status == 302
    assert provider.count("/jwks") - before == 1


def test_an_empty_key_set_is_no_key_set(rig, provider):
    browser = rig.signed_in()
    before, provider.published = provider.count("/jwks"), []
    assert rig.send("/hello.txt", headers=bearer(provider.token(key=Key("made-up")))).status == 401
    assert provider.count("/jwks") == before + 1
    for _ in range(4):
        assert browser.send(rig.url("/hello.txt")).status == 200
    assert rig.daemon.status("/readyz")


def test_a_session_of_another_instance_with_a_key_that_this_one_has_not_seen(rig, provider, build):
    """Two instances share their session keys; the provider changes its key, and the first to see it is the other."""
    config = {**rig.config, "listeners": {"plain": {"address": f"127.0.0.1:{process.free_port()}"}}}
    other_port = int(config["listeners"]["plain"]["address"].rsplit(":", 1)[1])
    config["sites"] = {"a": {**rig.config["sites"]["a"], "hosts": [f"a.localhost:{other_port}"]}}
    with postern.Postern(os.path.join(build, "identity-other-instance"), config):
        provider.signing = Key()
        provider.published = [provider.signing, provider.first_key]
        browser = web.Browser()
        assert browser.open(f"http://a.localhost:{other_port}/hello.txt").status == 200
    assert browser.send(rig.url("/hello.txt")).status == 200


def test_a_session_whose_key_cannot_be_looked_up_now_is_kept(rig, provider, build):
    config = {**rig.config, "listeners": {"plain": {"address": f"127.0.0.1:{process.free_port()}"}}}
    other_port = int(config["listeners"]["plain"]["address"].rsplit(":", 1)[1])
    config["sites"] = {"a": {**rig.config["sites"]["a"], "hosts": [f"a.localhost:{other_port}"]}}
    with postern.Postern(os.path.join(build, "identity-other-instance"), config):
        provider.signing = Key()
        provider.published = [provider.signing, provider.first_key]
        browser = web.Browser()
        assert browser.open(f"http://a.localhost:{other_port}/hello.txt").status == 200
    provider.failing = True
    answer = browser.send(rig.url("/hello.txt"))
    assert answer.status == 503 and answer.get("retry-after") and "href=" in answer.text
    assert "postern" in rig.jar(browser), "the session was thrown away"
    provider.failing = False
