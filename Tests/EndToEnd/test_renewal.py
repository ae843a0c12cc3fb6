"""Sessions that are renewed in passing, by their refresh tokens: once, whoever asks, and by what holds alone."""

import concurrent.futures
import os
import time

import pytest
from identity_rig import Rig, eventually
from lying_provider import ALICE, BOB, Key

LIFE = 4
"""Seconds that tokens live here: too short for a window ahead of their end."""


@pytest.fixture
def provider(provider):
    provider.refresh, provider.lifetime = True, LIFE
    return provider


def token_over(rig, site="a"):
    browser = rig.signed_in(site)
    time.sleep(LIFE + 0.1)
    return browser


def sessions(answer):
    return [line for line in answer.all("set-cookie") if line.startswith("postern") and "browser" not in line]


def test_a_session_is_renewed_in_passing(rig, provider):
    browser = token_over(rig)
    for _ in range(3):
        before = provider.renewals()
        answer = browser.send(rig.url("/hello.txt"))
        assert answer.status == 200 and sessions(answer) and provider.renewals() == before + 1
        answer = browser.send(rig.url("/hello.txt"))
        assert answer.status == 200 and not sessions(answer) and provider.renewals() == before + 1
        time.sleep(LIFE + 0.1)


def test_a_token_that_is_about_to_end_is_renewed_before_it_does(rig, provider):
    provider.lifetime = 20
    browser = rig.signed_in()
    time.sleep(16)
    assert browser.send(rig.url("/hello.txt")).status == 200 and provider.renewals() == 0
    time.sleep(2.5)
    assert sessions(browser.send(rig.url("/hello.txt"))) and provider.renewals() == 1


def test_fifty_requests_at_once_renew_once(rig, provider):
    browser = token_over(rig)
    provider.token_delay = 0.5
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: browser.clone().send(rig.url("/style.css"), navigation=False), range(50)))
    assert {one.status for one in answers} == {200} and provider.renewals() == 1
    assert all(sessions(one) for one in answers)


def test_whoever_holds_the_old_cookie_is_given_the_successor(rig, provider):
    browser = token_over(rig)
    late = browser.clone()
    assert browser.send(rig.url("/hello.txt")).status == 200
    for _ in range(3):
        twin = late.clone()
        answer = twin.send(rig.url("/hello.txt"))
        assert answer.status == 200 and sessions(answer) and provider.renewals() == 1
        assert not sessions(twin.send(rig.url("/hello.txt")))
    time.sleep(LIFE + 0.1)
    assert browser.send(rig.url("/hello.txt")).status == 200 and provider.renewals() == 2
    assert sessions(late.send(rig.url("/hello.txt"))) and provider.renewals() == 2, "two renewals on"


@pytest.mark.parametrize("options", [{"method": "HEAD"}, {"headers": {"Range": "bytes=0-3"}}, {"navigation": False}])
def test_any_request_renews(rig, provider, options):
    browser = token_over(rig)
    assert browser.send(rig.url("/hello.txt"), **options).status in (200, 206) and provider.renewals() == 1


def test_a_revalidation_renews_too(rig, provider):
    browser = rig.signed_in()
    tag = browser.send(rig.url("/hello.txt")).get("etag")
    time.sleep(LIFE + 0.1)
    answer = browser.send(rig.url("/hello.txt"), headers={"If-None-Match": tag})
    assert answer.status == 304 and sessions(answer) and provider.renewals() == 1


def test_a_renewed_session_has_the_new_claims(rig, provider):
    browser = rig.signed_in()
    assert browser.send(rig.url("/admin/")).status == 200
    provider.account = {**ALICE, "groups": ["staff"]}
    time.sleep(LIFE + 0.1)
    assert browser.send(rig.url("/admin/")).status == 403
    assert browser.fetch(rig.url("/.auth/me")).json()["groups"] == ["staff"]


def test_the_own_page_about_the_session_renews_it(rig, provider):
    browser = token_over(rig)
    answer = browser.fetch(rig.url("/.auth/me"))
    assert answer.status == 200 and answer.json()["sub"] == ALICE["sub"] and sessions(answer)


def test_a_refresh_token_that_stays_is_used_again(rig, provider):
    provider.rotate = False
    browser = token_over(rig)
    for count in (1, 2):
        assert sessions(browser.send(rig.url("/hello.txt"))) and provider.renewals() == count
        time.sleep(LIFE + 0.1)


def test_without_a_new_id_token_the_claims_stay(rig, provider):
    provider.renews_id_token = False
    browser = rig.signed_in()
    provider.account = {**ALICE, "groups": ["other"]}
    time.sleep(LIFE + 0.1)
    assert sessions(browser.send(rig.url("/admin/"))) and provider.renewals() == 1
    assert browser.send(rig.url("/admin/")).status == 200 and provider.renewals() == 1


def test_a_session_that_ends_with_its_token_ends_where_no_new_one_comes(rig, provider):
    provider.renews_id_token = False
    browser = token_over(rig, "token")
    assert browser.send(rig.url("/hello.txt", "token")).status == 302
    assert "postern" not in rig.jar(browser, "token")


def test_a_session_that_ends_with_its_token_goes_on_with_a_new_one(rig, provider):
    browser = token_over(rig, "token")
    assert sessions(browser.send(rig.url("/hello.txt", "token"))) and provider.renewals() == 1
    assert browser.send(rig.url("/hello.txt", "token")).status == 200
    provider.failing = True
    time.sleep(LIFE + 0.1)
    assert browser.fetch(rig.url("/hello.txt", "token")).status == 401, "over, and the provider is down"
    provider.failing = False
    eventually(lambda: browser.send(rig.url("/hello.txt", "token")).status == 200)


@pytest.mark.parametrize("answer", [
    (400, {"error": "invalid_grant"}), (400, None), (403, {"error": "invalid_code"}), (400, {"error": "invalid_request"})])
def test_a_refusal_ends_the_session(rig, provider, answer):
    browser = token_over(rig)
    provider.refuse = answer
    for _ in range(5):
        assert browser.clone().send(rig.url("/hello.txt")).status == 302
        assert browser.clone().fetch(rig.url("/hello.txt")).status == 401
    assert provider.renewals() == 1, "a dead refresh token is shown once"
    assert any("refused" in one["message"] and one.get("reason") for one in rig.daemon.records() if one["kind"] == "event")


@pytest.mark.parametrize("answer", [
    (500, {"error": "server_error"}), (503, None), (429, {"error": "slow_down"}), (401, {"error": "invalid_client"}),
    (400, {"error": "unauthorized_client"}), (404, None), (200, {"nothing": "here"}), (302, None)])
def test_a_trouble_of_the_provider_ends_nothing(rig, provider, answer):
    browser = token_over(rig)
    provider.refuse = answer
    for _ in range(20):
        assert browser.send(rig.url("/hello.txt")).status == 200
    assert provider.renewals() <= 2
    provider.refuse = None
    eventually(lambda: sessions(browser.send(rig.url("/hello.txt"))))


def test_a_dead_provider_is_not_asked_by_every_request(rig, provider):
    browsers = [rig.signed_in() for _ in range(4)]
    time.sleep(LIFE + 0.1)
    provider.refuse = (500, None)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        for browser in browsers:
            assert browser.send(rig.url("/hello.txt")).status == 200
    assert provider.renewals() <= 4


def test_a_silent_provider_is_waited_for_once(rig, provider):
    browser = token_over(rig)
    provider.token_delay = 30
    begun = time.monotonic()
    assert browser.send(rig.url("/hello.txt")).status == 200
    assert time.monotonic() - begun < 5
    begun = time.monotonic()
    for _ in range(5):
        assert browser.send(rig.url("/hello.txt")).status == 200
    assert time.monotonic() - begun < 1


LIES = {
    "another subject": lambda claims: {**claims, **BOB}, "another audience": lambda claims: {**claims, "aud": "other"},
    "another issuer": lambda claims: {**claims, "iss": "http://localhost:1"},
    "another nonce": lambda claims: {**claims, "nonce": "made-up"},
    "another party": lambda claims: {**claims, "azp": "other"},
    "over": lambda claims: {**claims, "exp": int(time.time()) - 100},
    "issued long ago": lambda claims: {**claims, "iat": int(time.time()) - 700},
    "issued in the future": lambda claims: {**claims, "iat": int(time.time()) + 100},
    "no subject": lambda claims: {**claims, "sub": None}, "no time": lambda claims: {**claims, "iat": None},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_new_id_token_that_does_not_hold_ends_the_session(rig, provider, lie):
    browser = token_over(rig)
    provider.change_renewal = LIES[lie]
    assert browser.clone().send(rig.url("/hello.txt")).status == 302
    provider.change_renewal = lambda claims: claims
    assert browser.send(rig.url("/hello.txt")).status == 302


def test_a_new_id_token_without_a_nonce_and_with_another_time_of_sign_in_holds(rig, provider):
    browser = token_over(rig)
    provider.change_renewal = lambda claims: {**claims, "nonce": None, "auth_time": 0}
    assert sessions(browser.send(rig.url("/hello.txt")))


def test_a_new_id_token_by_another_key_has_the_keys_fetched(rig, provider):
    browser = token_over(rig)
    provider.signing = Key()
    provider.published = [provider.first_key, provider.signing]
    assert sessions(browser.send(rig.url("/hello.txt")))
    provider.signing = Key()
    time.sleep(LIFE + 0.1)
    assert browser.send(rig.url("/hello.txt")).status == 302, "a key that the provider does not publish"


def test_a_session_that_was_signed_out_is_not_renewed(rig, provider):
    browser = rig.signed_in()
    copy = browser.clone()
    assert browser.send(rig.url("/.auth/logout"), "POST", {"Content-Length": "0"}).status == 303
    time.sleep(LIFE + 0.1)
    assert copy.send(rig.url("/hello.txt")).status == 302 and provider.renewals() == 0


def test_a_sign_out_while_a_renewal_is_under_way_ends_what_comes_of_it(rig, provider):
    browser = token_over(rig)
    provider.token_delay, copies = 1, [browser.clone() for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(copy.send, rig.url("/hello.txt")) for copy in copies]
        time.sleep(0.4)
        assert browser.submit(rig.url("/.auth/logout"), {}).status == 303
        assert {one.result().status for one in asked} == {302}
    assert provider.renewals() == 1
    assert all(copy.send(rig.url("/hello.txt")).status == 302 for copy in copies)
    eventually(lambda: not provider.refresh_tokens)


def test_another_instances_renewal_does_not_end_the_session_at_once(build, folder, rig, provider):
    """The other instance has rotated the refresh token, and what this one has is spent."""
    provider.lifetime = 30
    browser = rig.signed_in()
    time.sleep(27.5)
    late = browser.clone()
    other = Rig(os.path.join(build, "renewal-other"), folder, provider, starts=False)
    try:
        other.config.update(session_keys=rig.keys, sites={
            **other.config["sites"], "a": {**other.config["sites"]["a"], "hosts": [rig.host(), other.host()]}})
        other.start()
        assert sessions(browser.send(other.url("/hello.txt")))
        answer = late.send(rig.url("/hello.txt"))
        assert answer.status == 200 and not sessions(answer), "to the end of its ID token"
        assert browser.send(rig.url("/hello.txt")).status == 200
        time.sleep(3)
        answer = late.send(rig.url("/hello.txt"))
        assert answer.status == 302 and not sessions(answer), "the cookie may be the other's by now"
        assert browser.send(rig.url("/hello.txt")).status == 200
    finally:
        other.stop()
