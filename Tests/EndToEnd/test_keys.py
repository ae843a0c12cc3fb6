"""The provider's keys and the provider itself: late, gone, changed, withdrawn."""

import os
import time

import postern
import pytest
import web
from conftest import KEYS, OBJECTS, PASSWORD, s3_origin
from lying_provider import ALICE, Key, LyingProvider
from parts import process


@pytest.fixture
def provider():
    one = LyingProvider({"postern": None})
    yield one
    one.stop()


@pytest.fixture
def daemon(build, request, weed, provider):
    """A daemon of the test's own, at a provider of its own; `start` may be told not to wait for readiness."""
    started = []

    def start(ready="/readyz"):
        port = process.free_port()
        name = "".join(one if one.isalnum() else "-" for one in request.node.name)[:50]
        one = postern.Postern(os.path.join(build, name), {
            "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "session_keys": [postern.secret()],
            "providers": {"liar": {"issuer": provider.issuer, "client_id": "postern"}},
            "origins": {"bucket": s3_origin(weed)},
            "sites": {"docs": {"hosts": [f"localhost:{port}"], "provider": "liar", "origin": "bucket",
                               "rules": {"/public/**": "anyone", "/**": "signed-in"}}}}, ready=ready)
        one.url = f"http://localhost:{port}"
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()


def eventually(check, seconds=15):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.2)


def test_it_starts_with_the_provider_down_and_recovers(daemon, provider):
    provider.stop()
    one = daemon(ready="/healthz")
    assert not one.status("/readyz"), "ready without keys"
    browser = web.Browser()
    assert browser.send(one.url + "/public/").status == 200, "what needs no sign-in works"
    answer = browser.send(one.url + "/hello.txt")
    assert answer.status in (502, 503), str(answer)
    assert "text/html" in answer.get("content-type") and answer.get("cache-control") == "no-store"
    provider.start()
    eventually(lambda: one.status("/readyz"))
    assert browser.open(one.url + "/hello.txt").body == OBJECTS["hello.txt"]


def test_sessions_go_on_while_the_provider_is_down(daemon, provider):
    one, browser = daemon(), web.Browser()
    assert browser.open(one.url + "/hello.txt").status == 200
    provider.stop()
    time.sleep(1)
    for _ in range(6):
        assert browser.send(one.url + "/hello.txt").status == 200
    provider.start()


def test_a_provider_that_fails_in_the_exchange_is_a_page(daemon, provider):
    one, browser = daemon(), web.Browser()
    back = browser.send(browser.send(one.url + "/hello.txt").location).location
    provider.failing = True
    answer = browser.send(back)
    assert 400 <= answer.status < 600 and answer.status != 500 and "text/html" in answer.get("content-type")
    assert "href=" in answer.text or "<form" in answer.text
    provider.failing = False
    assert browser.open(one.url + "/hello.txt").status == 200


def test_a_new_key_is_fetched_when_a_token_names_it(daemon, provider):
    one, first = daemon(), web.Browser()
    assert first.open(one.url + "/hello.txt").status == 200
    provider.signing = Key()
    provider.published = [provider.signing, provider.first_key]
    second = web.Browser()
    assert second.open(one.url + "/hello.txt").status == 200
    assert first.send(one.url + "/hello.txt").status == 200, "the old key still counts"


def test_a_withdrawn_key_ends_what_it_signed(daemon, provider):
    one, first = daemon(), web.Browser()
    assert first.open(one.url + "/hello.txt").status == 200
    provider.signing = Key()
    provider.published = [provider.signing]
    assert web.Browser().open(one.url + "/hello.txt").status == 200  # makes the daemon look at the keys
    eventually(lambda: all(first.send(one.url + "/hello.txt").status == 302 for _ in range(4)))


def test_unknown_keys_do_not_make_it_hammer_the_provider(daemon, provider):
    one = daemon()
    before = provider.count("/jwks")
    for _ in range(30):
        token = provider.token(ALICE, key=Key("made-up"))
        answer = web.request(int(one.url.rsplit(":", 1)[1]), "/hello.txt", host=one.url[7:],
                             headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 401
    assert provider.count("/jwks") - before <= 3


def test_made_up_keys_do_not_stand_in_the_way_of_a_sign_in(daemon, provider):
    """Anybody may send tokens with unknown keys; a sign-in just after the provider changed its key still works."""
    one = daemon()
    for _ in range(5):
        token = provider.token(ALICE, key=Key("made-up"))
        web.request(int(one.url.rsplit(":", 1)[1]), "/", host=one.url[7:], headers={"Authorization": f"Bearer {token}"})
    provider.signing = Key()
    provider.published = [provider.signing, provider.first_key]
    assert web.Browser().open(one.url + "/hello.txt").status == 200


def test_an_empty_key_set_does_not_replace_a_good_one(daemon, provider):
    one, browser = daemon(), web.Browser()
    assert browser.open(one.url + "/hello.txt").status == 200
    provider.failing = True
    token = provider.token(ALICE, key=Key("made-up"))
    web.request(int(one.url.rsplit(":", 1)[1]), "/", host=one.url[7:], headers={"Authorization": f"Bearer {token}"})
    time.sleep(0.5)
    assert browser.send(one.url + "/hello.txt").status == 200


def test_glewlwyd_changes_its_key_while_it_runs(gateway, glewlwyd):
    first = glewlwyd_session(gateway, glewlwyd)
    url = gateway.url("glewlwyd-public", "/hello.txt")
    assert first.send(url).status == 200
    glewlwyd.rotate(keep_old=True)
    second = glewlwyd_session(gateway, glewlwyd)
    assert second.send(url).status == 200 and first.send(url).status == 200
    glewlwyd.rotate(keep_old=False)
    third = glewlwyd_session(gateway, glewlwyd)
    assert third.send(url).status == 200
    eventually(lambda: all(first.send(url).status == 302 and second.send(url).status == 302 for _ in range(3)))


def glewlwyd_session(gateway, glewlwyd):
    """A sign-in as the provider's own page does it, by its interface."""
    import json
    browser = gateway.browser()
    there = browser.send(gateway.url("glewlwyd-public", "/hello.txt")).location
    browser.send(there)
    as_json = {"Content-Type": "application/json"}
    answer = browser.send(f"{glewlwyd.base}/api/auth", "POST", as_json,
                          json.dumps({"username": "alice", "password": PASSWORD}).encode())
    assert answer.status == 200, str(answer)
    answer = browser.send(f"{glewlwyd.base}/api/auth/grant/postern-public", "PUT", as_json,
                          json.dumps({"scope": "openid profile"}).encode())
    assert answer.status == 200, str(answer)
    end = browser.open(there + "&g_continue")
    assert end.body == OBJECTS["hello.txt"], str(end)
    return browser


@pytest.mark.parametrize("kind", KEYS)
def test_canaille_without_a_browser_for_every_kind_of_client(gateway, canaille, kind):
    browser = gateway.browser()
    page = browser.open(gateway.url(f"canaille-{kind}", "/hello.txt?at=canaille"))
    for _ in range(4):
        if page.url.startswith(gateway.url(f"canaille-{kind}", "/")):
            break
        fields = web.form(page.text)
        fields.update({name: value for name, value in (("login", "alice"), ("password", PASSWORD)) if name in fields})
        page = browser.submit(page.url, fields)
        page = browser.open(page.location) if page.get("location") else page
    assert page.body == OBJECTS["hello.txt"] and page.url.endswith("/hello.txt?at=canaille"), str(page)
    me = browser.fetch(gateway.url(f"canaille-{kind}", "/.auth/me")).json()
    assert me["name"] == "Alice Aster" and sorted(me["groups"]) == ["admins", "staff"]
