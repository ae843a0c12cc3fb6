"""Who gets in where, and how those who do not are told."""

import time

import pytest
import web
from lying_provider import ALICE, BOB, Key

API = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


@pytest.fixture
def alice(gateway, liar):
    return gateway.signed_in()


@pytest.fixture
def bob(gateway, liar):
    liar.account = BOB
    return gateway.signed_in()


def status(browser, gateway, path):
    return browser.send(gateway.url("liar", path)).status


def test_anyone_needs_no_sign_in(gateway):
    assert gateway.request("liar", "/public/").status == 200


def test_the_most_specific_pattern_decides(gateway, alice, bob):
    assert status(alice, gateway, "/admin/") == 200
    assert status(bob, gateway, "/admin/") == 403
    assert status(bob, gateway, "/admin/open/x") == 404, "signed-in is more specific there, and the object is missing"
    assert status(bob, gateway, "/") == 200


def test_an_encoded_path_meets_the_same_rule(gateway, bob):
    for path in ("/%61dmin/", "/admin/%69ndex.html"):
        assert status(bob, gateway, path) == 403
    for path in ("//admin/", "/./admin/", "/public/../admin/", "/public/%2e%2e/admin/"):
        assert status(bob, gateway, path) in (400, 403, 404)


def test_nobody_is_nobody(gateway, alice):
    assert status(alice, gateway, "/nobody/") == 403


def test_an_email_by_its_domain(gateway, alice, bob):
    assert status(alice, gateway, "/mail/") == 404, "let in, and the object is missing"
    assert status(bob, gateway, "/mail/") == 403


def test_an_unverified_email_is_none(gateway, liar):
    liar.account = {**ALICE, "email_verified": False}
    assert status(gateway.signed_in(), gateway, "/mail/") == 403


def test_a_claim(gateway, liar, alice):
    assert status(alice, gateway, "/claim/") == 403
    liar.account = {**ALICE, "department": "optics"}
    assert status(gateway.signed_in(), gateway, "/claim/") == 404


def test_both_halves_of_a_rule_must_hold(gateway, alice, bob):
    assert status(alice, gateway, "/both/") == 404
    assert status(bob, gateway, "/both/") == 403


def test_a_site_without_rules_is_for_who_has_signed_in(gateway):
    assert gateway.request("bare", "/", headers=web.NAVIGATION).status == 302
    assert gateway.signed_in("bare").send(gateway.url("bare", "/")).status == 200


def test_the_refusal_names_the_account_and_offers_another(gateway, bob):
    answer = bob.send(gateway.url("liar", "/admin/"))
    assert answer.status == 403 and "text/html" in answer.get("content-type")
    assert BOB["email"] in answer.text or BOB["name"] in answer.text
    assert "/.auth/" in answer.text, "no way on"
    assert answer.get("cache-control") == "no-store"


@pytest.mark.parametrize("headers", [
    API, {"Accept": "application/json"}, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Accept": "image/*"},
    {"X-Requested-With": "XMLHttpRequest", "Accept": "*/*"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Accept": "text/html"},
])
def test_what_is_no_navigation_gets_401(gateway, headers):
    answer = gateway.request("liar", "/hello.txt?q=1", headers=headers)
    assert answer.status == 401, str(answer)
    content = answer.json()
    assert content["error"] == "sign_in_required" and "/.auth/login" in content["login_url"]
    assert answer.get("cache-control") == "no-store"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_navigation_is_sent_to_the_provider(gateway, liar, method):
    answer = gateway.request("liar", "/deep/page.html?a=1&b=%20x", headers=web.NAVIGATION, method=method)
    assert answer.status == 302 and answer.get("cache-control") == "no-store"
    assert answer.get("location").startswith(liar.issuer + "/authorize?")
    asked = web.query(answer.get("location"))
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert asked["client_id"] == "postern" and "openid" in asked["scope"].split()
    assert asked["redirect_uri"] == gateway.url("liar", "/.auth/callback")
    assert asked["state"] and asked["nonce"] and len(asked["code_challenge"]) == 43
    assert answer.body == b"" or method == "GET"


def test_curl_without_any_hint_counts_as_a_navigation(gateway):
    assert gateway.request("liar", "/", headers={"Accept": "*/*", "User-Agent": "curl/8"}).status == 302


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(gateway, alice, method):
    answer = alice.send(gateway.url("liar", "/hello.txt"), method)
    assert answer.status == 405, str(answer)
    assert {"GET", "HEAD"} <= {one.strip() for one in answer.get("allow").split(",")}


def test_an_unknown_host_is_misdirected(gateway, trusting):
    answer = web.request(gateway.ports["tls"], "/", host=f"liar.postern.test:{gateway.ports['tls'] + 1}", tls=trusting)
    assert answer.status == 421 and answer.get("cache-control") == "no-store"
    assert web.request(gateway.ports["plain"], "/", host="elsewhere.test").status == 421


def test_me_says_who_it_is(gateway, alice):
    content = alice.fetch(gateway.url("liar", "/.auth/me")).json()
    assert (content["sub"], content["name"], content["email"]) == (ALICE["sub"], ALICE["name"], ALICE["email"])
    assert sorted(content["groups"]) == sorted(ALICE["groups"]) and content["expires_at"]
    assert gateway.request("liar", "/.auth/me", headers=API).status == 401


def test_the_auth_paths_are_never_looked_up_in_the_bucket(gateway, weed, alice):
    weed.writer.put(".auth/anything", b"from the bucket")
    assert b"from the bucket" not in alice.send(gateway.url("liar", "/.auth/anything")).body


# bearer tokens


def bearer(gateway, token, path="/hello.txt"):
    web.note(token)
    return gateway.request("liar", path, headers={"Authorization": f"Bearer {token}", **API})


def test_a_bearer_token_opens_like_a_session(gateway, liar):
    answer = bearer(gateway, liar.token(ALICE))
    assert answer.status == 200 and not answer.all("set-cookie"), str(answer)
    assert bearer(gateway, liar.token(BOB), "/admin/").status == 403
    assert bearer(gateway, liar.token(ALICE), "/admin/").status == 200


def bad_tokens(liar):
    good = liar.token(ALICE)
    start, payload, signature = good.split(".")
    return {
        "expired": liar.token(ALICE, lifetime=-3600), "for another": liar.token(ALICE, audience="another"),
        "by a stranger": liar.token(ALICE, key=Key(liar.signing.kid)), "another issuer": liar.token(
            ALICE, iss="https://elsewhere.test"), "garbage": "garbage", "no signature": f"{start}.{payload}.",
        "cut": good[:-8], "two parts": f"{start}.{payload}",
        "algorithm none": "eyJhbGciOiJub25lIn0." + payload + ".",
    }


@pytest.mark.parametrize("kind", ["expired", "for another", "by a stranger", "another issuer", "garbage",
                                  "no signature", "cut", "two parts", "algorithm none"])
def test_a_bad_bearer_token_is_401(gateway, liar, kind):
    answer = bearer(gateway, bad_tokens(liar)[kind])
    assert answer.status == 401, str(answer)
    challenge = answer.get("www-authenticate", "")
    assert challenge.startswith("Bearer") and 'error="invalid_token"' in challenge


def test_a_bad_bearer_token_is_401_for_a_navigation_too(gateway, liar):
    answer = gateway.request("liar", "/", headers={**web.NAVIGATION, "Authorization": "Bearer garbage"})
    assert answer.status == 401


def test_every_error_carries_a_reference_that_the_log_has(gateway, bob):
    answer = bob.send(gateway.url("liar", "/admin/?reference-test"))
    time.sleep(0.2)
    references = [one["reference"] for one in gateway.daemon.records()
                  if one.get("path") == "/admin/" and one.get("status") == 403 and one.get("reference")]
    assert any(one in answer.text for one in references), str(answer)
