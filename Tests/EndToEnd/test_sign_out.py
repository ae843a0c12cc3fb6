"""Signing out: here, at the provider, by the provider in the browser and behind it; and by nobody else."""

import os
import time

import pytest
import web
from identity_rig import Rig, bearer, eventually
from lying_provider import ALICE, BOB, Key, LyingProvider, encode

MOZILLA = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0"}
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def provider(provider):
    provider.refresh = True
    provider.change_claims = lambda claims: {"sid": "session-" + claims["nonce"][:8], **claims}
    return provider


@pytest.fixture(scope="module")
def shared(build, folder):
    """One rig for the tests that leave no trace."""
    provider = LyingProvider({"postern": None, "other": None})
    provider.change_claims = lambda claims: {"sid": "session-" + claims["nonce"][:8], **claims}
    one = Rig(os.path.join(build, "sign-out-shared"), folder, provider)
    yield one
    one.stop()
    provider.stop()


def sign_out(rig, browser, site="a", **headers):
    return browser.send(rig.url("/.auth/logout", site), "POST", {"Content-Length": "0", **headers}, navigation=False)


def id_token(browser, provider):
    """The one of the last sign-in."""
    return [one for one in provider.issued if one.count(".") == 2][-1]


def sid(browser, provider):
    import base64, json
    payload = id_token(browser, provider).split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sid"]


# At the provider


def test_signing_out_goes_on_at_the_provider_and_comes_back(rig, provider):
    browser = rig.signed_in()
    token = id_token(browser, provider)
    answer = sign_out(rig, browser)
    assert answer.status == 303 and answer.get("cache-control") == "no-store"
    assert answer.location.startswith(provider.issuer + "/logout?")
    assert web.query(answer.location) == {
        "id_token_hint": token, "client_id": "postern", "post_logout_redirect_uri": rig.url("/.auth/signed-out")}
    page = browser.open(answer.location)
    assert page.status == 200 and page.url == rig.url("/.auth/signed-out") and "signed out" in page.text


def test_the_refresh_token_is_given_back_the_latest_of_its_line(rig, provider):
    provider.lifetime = 2
    browser = rig.signed_in()
    old = browser.clone()
    time.sleep(2.1)
    assert browser.send(rig.url("/hello.txt")).status == 200 and provider.renewals() == 1
    assert len(provider.refresh_tokens) == 1
    assert sign_out(rig, old).status == 303
    eventually(lambda: not provider.refresh_tokens, 5)
    time.sleep(2.1)
    assert browser.send(rig.url("/hello.txt")).status == 302 and provider.renewals() == 1


def test_a_provider_that_does_not_take_it_back_delays_nobody(rig, provider):
    provider.revocation = lambda: time.sleep(5)
    browser = rig.signed_in()
    begun = time.monotonic()
    assert sign_out(rig, browser).status == 303 and time.monotonic() - begun < 2


def test_a_hint_that_makes_the_address_too_long_is_left_out(rig, provider):
    provider.account = {**ALICE, "groups": ["group-%d" % number for number in range(500)]}
    answer = sign_out(rig, rig.signed_in())
    fields = web.query(answer.location)
    assert "id_token_hint" not in fields and fields["client_id"] == "postern" and len(answer.location) < 7168


def test_other_ways_to_sign_out_at_the_provider(build, folder, provider):
    client = {"issuer": provider.issuer, "client_id": "postern"}
    rig = Rig(os.path.join(build, "sign-out-ways"), folder, provider)
    try:
        for more, expected in (
                ({"sign_out": "none"}, "/.auth/signed-out"),
                ({"sign_out": "cognito", "sign_out_url": provider.issuer + "/cognito"},
                 provider.issuer + "/cognito?client_id=postern&logout_uri=")):
            rig.stop()
            rig.config["providers"]["one"] = {**client, **more}
            rig.start()
            assert sign_out(rig, rig.signed_in()).get("location").startswith(expected)
    finally:
        rig.stop()


def test_what_browsers_are_told_to_throw_away(build, folder, provider):
    rig = Rig(os.path.join(build, "sign-out-data"), folder, provider)
    try:
        assert sign_out(rig, rig.signed_in()).get("clear-site-data") is None
        rig.stop()
        rig.config["sites"]["a"]["session"] = {"clear_site_data": ["cache", "storage"]}
        rig.start()
        assert sign_out(rig, rig.signed_in()).get("clear-site-data") == '"cache", "storage"'
        assert rig.send("/.auth/signed-out").get("clear-site-data") is None
        answer = sign_out(rig, web.Browser())
        assert answer.status == 303 and answer.get("clear-site-data") is None, "it may be another site's doing"
    finally:
        rig.stop()


def test_every_part_of_the_session_is_cleared_with_its_own_attributes(rig, provider):
    provider.account = {**ALICE, "blob": encode(os.urandom(4500))}
    browser = rig.signed_in()
    names = list(rig.jar(browser))
    assert len(names) >= 3
    set_lines = {line.split("=")[0]: line for one in browser.history for line in one.all("set-cookie")}
    lines = sign_out(rig, browser).all("set-cookie")
    assert sorted(line.split("=")[0] for line in lines) == sorted(names)
    strip = lambda line: [one for one in line.split("; ")[1:] if not one.startswith("Max-Age")]
    for line in lines:
        name = line.split("=")[0]
        assert line.startswith(name + "=;") and "Max-Age=0" in line and strip(line) == strip(set_lines[name])
    assert not rig.jar(browser), "nothing is left"


# By nobody else


def test_a_browser_that_says_null_needs_the_token_of_the_form(rig):
    browser = rig.signed_in()
    page = browser.send(rig.url("/.auth/logout"))
    fields = web.form(page.text)
    assert fields["token"] and "form-action 'self' https: http" in page.get("content-security-policy")
    stranger = web.form(rig.signed_in().send(rig.url("/.auth/logout")).text)
    post = lambda form, **headers: browser.clone().send(
        rig.url("/.auth/logout"), "POST", {"Content-Type": "application/x-www-form-urlencoded", **headers},
        "&".join(f"{name}={value}" for name, value in form.items()).encode(), navigation=False)
    for form in ({}, stranger, {"token": ""}, {"token": fields["token"][:-1]}, {"token": "A" * 43}):
        answer = post(form, **MOZILLA, Origin="null")
        assert answer.status == 400 and not answer.all("set-cookie"), form
    assert browser.send(rig.url("/hello.txt")).status == 200
    assert post(fields, **{"Sec-Fetch-Site": "cross-site"}).status == 400
    assert post(fields, Origin="https://evil.test").status == 400
    assert post(fields, **MOZILLA, Origin="null").status == 303
    assert browser.send(rig.url("/hello.txt")).status == 302
    browser.jar(rig.url()).clear()
    assert post(fields, **MOZILLA, Origin="null").status == 303, "nobody is signed out already"


def test_a_client_that_says_nothing_is_believed_for_its_cookie_stays_at_home(rig):
    browser = rig.signed_in()
    answer = browser.send(rig.url("/.auth/logout"), "POST", {"Content-Length": "0", **MOZILLA}, navigation=False)
    assert answer.status == 303
    assert browser.send(rig.url("/hello.txt")).status == 302


# A new sign-in


def test_a_new_sign_in_ends_the_copies_of_the_session_before(rig, provider):
    browser = rig.signed_in()
    copy = browser.clone()
    assert browser.open(rig.url("/.auth/login?return_to=/hello.txt")).status == 200
    assert copy.clone().send(rig.url("/hello.txt")).status == 302
    copy = browser.clone()
    provider.account = BOB
    assert browser.open(rig.url("/.auth/login?prompt=select_account")).status == 200
    assert browser.fetch(rig.url("/.auth/me")).json()["sub"] == BOB["sub"]
    assert copy.send(rig.url("/hello.txt")).status == 302


def test_tabs_that_sign_in_at_once_do_not_end_each_others_sessions(rig):
    browser = web.Browser()
    browser.send(rig.url("/hello.txt"))  # the cookie that ties sign-ins to the browser
    backs = [browser.send(browser.send(rig.url(f"/hello.txt?{tab}")).location).location for tab in range(6)]
    assert browser.send(backs[0]).status == 302
    first = rig.jar(browser)["postern"].value
    for tab, back in enumerate(backs[1:], 1):
        answer = browser.send(back)
        assert answer.status == 302 and answer.get("location") == f"/hello.txt?{tab}"
        assert rig.jar(browser)["postern"].value == first
    assert browser.send(rig.url("/hello.txt")).status == 200


# Behind the browser


def logout_token(provider, key=None, header=None, **change):
    now = int(time.time())
    claims = {"iss": provider.issuer, "aud": "postern", "iat": now, "exp": now + 120, "jti": encode(os.urandom(12)),
              "events": {EVENT: {}}, **change}
    token = (key or provider.signing).sign(
        {name: value for name, value in claims.items() if value is not None}, **{"typ": "logout+jwt", **(header or {})})
    web.note(token)
    return token


def back_channel(rig, token, site="a", **headers):
    return rig.send("/.auth/backchannel-logout", site, method="POST", body=f"logout_token={token}".encode(),
                    headers={"Content-Type": "application/x-www-form-urlencoded", **headers})


def test_the_provider_ends_a_session_by_its_sid(rig, provider):
    other = rig.signed_in()
    browser = rig.signed_in()
    answer = back_channel(rig, logout_token(provider, sid=sid(browser, provider), sub=ALICE["sub"]))
    assert answer.status == 200 and answer.get("cache-control") == "no-store" and answer.body == b""
    for _ in range(4):
        assert browser.clone().send(rig.url("/hello.txt")).status == 302
        assert other.send(rig.url("/hello.txt")).status == 200
    rig.stop()
    rig.start()
    assert browser.send(rig.url("/hello.txt")).status == 302 and other.send(rig.url("/hello.txt")).status == 200


def test_the_provider_ends_all_sessions_of_an_account_and_a_later_one_holds(rig, provider):
    browsers = [rig.signed_in(), rig.signed_in("b")]
    provider.account = BOB
    bob = rig.signed_in()
    provider.account = ALICE
    assert back_channel(rig, logout_token(provider, sub=ALICE["sub"])).status == 200
    assert browsers[0].send(rig.url("/hello.txt")).status == 302
    assert browsers[1].send(rig.url("/hello.txt", "b")).status == 302
    assert bob.send(rig.url("/hello.txt")).status == 200
    assert browsers[0].open(rig.url("/hello.txt")).status == 200


def test_a_session_that_came_without_a_sid_ends_by_its_sub(rig, provider):
    provider.change_claims = lambda claims: claims
    browser = rig.signed_in()
    assert back_channel(rig, logout_token(provider, sid="of-the-provider", sub=ALICE["sub"])).status == 200
    assert browser.send(rig.url("/hello.txt")).status == 302


def test_another_clients_sessions_stay(rig, provider):
    browser, other = rig.signed_in(), rig.signed_in("c")
    assert back_channel(rig, logout_token(provider, sub=ALICE["sub"], aud="other"), "c").status == 200
    assert other.send(rig.url("/hello.txt", "c")).status == 302
    assert browser.send(rig.url("/hello.txt")).status == 200


def test_a_logout_token_is_taken_once_and_not_again_after_a_restart(rig, provider):
    token = logout_token(provider, sub=ALICE["sub"])
    assert back_channel(rig, token).status == 200
    assert back_channel(rig, token).status == 400
    rig.stop()
    rig.start()
    assert back_channel(rig, token).status == 400


def test_a_logout_token_as_older_providers_make_it_is_taken(shared):
    provider = shared.provider
    for change, header in (({"exp": None}, {}), ({}, {"typ": "JWT"}), ({}, {"typ": None}), ({"aud": ["postern"]}, {}),
                           ({"exp": int(time.time()) - 50}, {}), ({"aud": ["x", "postern"]}, {})):
        assert back_channel(shared, logout_token(provider, header=header, sub="nobody", **change)).status == 200


NOW = int(time.time())
FAULTS = {
    "another issuer": {"iss": "https://evil.test"}, "no issuer": {"iss": None}, "another audience": {"aud": "other"},
    "no audience": {"aud": None}, "no iat": {"iat": None}, "iat ahead": {"iat": NOW + 9000, "exp": NOW + 9999},
    "over": {"exp": NOW - 600}, "old and without exp": {"iat": NOW - 600, "exp": None},
    "two days old": {"iat": NOW - 2 * 86400, "exp": NOW + 9999}, "no jti": {"jti": None}, "an empty jti": {"jti": ""},
    "a jti that is no text": {"jti": 7}, "a long jti": {"jti": "x" * 256}, "neither sub nor sid": {"sub": None},
    "a sub that is no text": {"sub": 7}, "a sid that is no text": {"sid": ["x"]}, "no events": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}}, "an event that is no object": {"events": {EVENT: True}},
    "events that are a list": {"events": [EVENT]}, "a nonce": {"nonce": "n"}, "an empty nonce": {"nonce": ""},
}
HEADERS = {"of an access token": {"typ": "at+jwt"}, "another algorithm": {"alg": "none"}, "symmetric": {"alg": "HS256"},
           "critical": {"crit": ["exp"]}, "an unknown key": {"kid": "made-up"}}


@pytest.mark.parametrize("fault", [*FAULTS, *HEADERS, "another key", "garbage", "an ID token"])
def test_a_logout_token_that_does_not_hold_ends_nothing(shared, fault):
    provider = shared.provider
    browser = shared.signed_in()
    if fault == "garbage":
        token = "a.b.c"
    elif fault == "an ID token":
        token = provider.token()
    elif fault == "another key":
        token = logout_token(provider, Key(provider.signing.kid), sub=ALICE["sub"])
    else:
        token = logout_token(provider, header=HEADERS.get(fault), **{"sub": ALICE["sub"], **FAULTS.get(fault, {})})
    answer = back_channel(shared, token)
    assert answer.status == 400 and answer.json()["error"] == "invalid_request", str(answer)
    assert answer.get("cache-control") == "no-store"
    assert browser.send(shared.url("/hello.txt")).status == 200


def test_a_logout_token_comes_in_a_form_and_alone(shared):
    token = logout_token(shared.provider, sub="nobody")
    send = lambda body, kind="application/x-www-form-urlencoded": shared.send(
        "/.auth/backchannel-logout", method="POST", body=body, headers={"Content-Type": kind}).status
    assert send(f"logout_token={token}".encode(), "text/plain") == 400
    assert send(f"logout_token={token}&logout_token={token}".encode()) == 400
    assert send(b"") == 400 and send(b"logout_token=") == 400 and send(b"logout_token=%zz") == 400
    assert send(b"x=" + b"y" * 70_000) == 413
    assert shared.send("/.auth/backchannel-logout").status == 405
    assert send(f"logout_token={token}".encode(), "application/x-www-form-urlencoded; charset=utf-8") == 200


def test_a_logout_token_by_a_new_key_has_the_keys_fetched(rig, provider):
    browser = rig.signed_in()
    provider.signing = Key()
    provider.published.append(provider.signing)
    assert back_channel(rig, logout_token(provider, sub=ALICE["sub"])).status == 200
    assert browser.send(rig.url("/hello.txt")).status == 302


def test_a_logout_token_is_nobodys_credential(shared):
    token = logout_token(shared.provider, sub=ALICE["sub"])
    assert shared.send("/hello.txt", headers=bearer(token)).status == 401


# In a frame


def frame(rig, browser, destination="iframe", **query):
    pairs = "&".join(f"{name}={value}" for name, value in query.items())
    return browser.send(rig.url("/.auth/frontchannel-logout?" + pairs), navigation=False,
                        headers={"Sec-Fetch-Dest": destination} if destination else {})


def test_the_provider_ends_a_session_in_a_frame(rig, provider):
    browser = rig.signed_in()
    copy = browser.clone()
    answer = frame(rig, browser, iss=provider.issuer, sid=sid(browser, provider))
    assert answer.status == 200 and answer.get("cache-control") == "no-store"
    assert f"frame-ancestors {provider.issuer};" in answer.get("content-security-policy")
    assert "postern" not in rig.jar(browser) and copy.send(rig.url("/hello.txt")).status == 302


def test_a_frame_ends_no_other_session(rig, provider):
    browser = rig.signed_in()
    mine = sid(browser, provider)
    for query, destination in (
            ({"iss": provider.issuer, "sid": "other"}, "iframe"), ({"iss": "https://evil.test", "sid": mine}, "iframe"),
            ({}, "iframe"), ({}, None), ({"sid": mine}, "iframe"), ({"iss": provider.issuer}, "iframe"),
            ({"iss": provider.issuer, "sid": mine}, "document")):
        answer = frame(rig, browser, destination, **query)
        assert answer.status in (200, 400) and not answer.all("set-cookie"), query
    assert frame(rig, web.Browser(), iss=provider.issuer, sid=mine).status == 200, "without the cookie nothing ends"
    assert browser.send(rig.url("/hello.txt")).status == 200


def test_a_session_without_a_sid_ends_in_a_frame_that_says_to_be_one(rig, provider):
    provider.change_claims = lambda claims: claims
    browser = rig.signed_in()
    assert frame(rig, browser, None).status == 200 and browser.send(rig.url("/hello.txt")).status == 200
    assert frame(rig, browser).status == 200 and browser.send(rig.url("/hello.txt")).status == 302


def test_other_pages_may_not_be_framed(shared):
    for path in ("/.auth/logout", "/.auth/signed-out"):
        assert "frame-ancestors 'none'" in shared.send(path).get("content-security-policy")
