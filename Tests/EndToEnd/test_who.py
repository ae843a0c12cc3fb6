"""Who gets what: other origins' scripts, people who need not sign in, and those who have to do it better."""

import html
import json
import os
import re
import time

import postern
import pytest
import web
from identity_rig import API, Rig
from lying_provider import ALICE, BOB, LyingProvider

APP = "https://app.example.com"
LOCAL = "http://localhost:3000"
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture(scope="module")
def provider(module_provider):
    return module_provider


@pytest.fixture(scope="module")
def rig(build, folder, provider):
    one = Rig(os.path.join(build, "who"), folder, provider, starts=False)
    site = one.config["sites"]["a"]
    site["cors_origins"] = [APP, LOCAL]
    site["rules"] = {**site["rules"], "/secure/**": "acr:mfa,phr", "/recent/**": "max_age:5m",
                     "/both/**": "groups:admins and acr:mfa and max_age:5m",
                     "GET /method/**": "anyone", "HEAD /method/closed": "nobody", "/method/get/**": "nobody",
                     "GET,HEAD /method/get/**": "signed-in"}
    one.start()
    yield one
    one.stop()


def lines_of(rig, path):
    return [one for one in rig.daemon.records() if one.get("kind") == "access" and one["path"] == path]


def logged(rig, path, ask):
    """What `ask` answers, and the access log's line for it, which comes a moment later; as those of earlier tests do, of
    which none comes any more once the log has been quiet for a while."""
    before, quiet = len(lines_of(rig, path)), time.monotonic()
    while time.monotonic() < quiet + 0.2:
        time.sleep(0.02)
        if (now := len(lines_of(rig, path))) > before:
            before, quiet = now, time.monotonic()
    answer = ask()
    end = time.monotonic() + 5
    while len(lines_of(rig, path)) <= before:
        assert time.monotonic() < end, f"no line for {path}"
        time.sleep(0.02)
    return answer, lines_of(rig, path)[-1]


# Other origins


def access(answer):
    return {name.lower(): value for name, value in answer.headers if name.lower().startswith("access-control-")}


@pytest.mark.parametrize("origin", [APP, LOCAL])
@pytest.mark.parametrize("path,status", [("/hello.txt", 401), ("/public/index.html", 200), ("/public/none", 404),
                                         ("/nobody/x", 403), ("/.auth/me", 401)])
def test_a_listed_origin_reads_the_answer_and_its_refusal(rig, path, status, origin):
    answer = rig.send(path, headers={**API, "Origin": origin, "Sec-Fetch-Site": "cross-site"})
    assert answer.status == status
    assert answer.get("access-control-allow-origin") == origin
    assert answer.get("access-control-allow-credentials") == "true" and "Origin" in ", ".join(answer.all("vary"))
    if path == "/hello.txt":
        assert answer.json()["login_url"] == "/.auth/login?return_to=%2Fhello.txt"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", APP + ".evil.example", APP.upper(), APP + "/"])
def test_no_other_origin_is_told_anything(rig, origin):
    answer = rig.send("/hello.txt", headers={**API, "Origin": origin})
    assert answer.status == 401 and access(answer) == {} and answer.get("vary") == "Origin"
    answer = rig.send("/hello.txt", method="OPTIONS", headers={"Origin": origin, **PREFLIGHT})
    assert answer.status == 405 and access(answer) == {}


def test_a_site_that_lists_no_origin_says_nothing_of_it(rig):
    answer = rig.send("/hello.txt", site="b", headers={**API, "Origin": APP})
    assert answer.status == 401 and access(answer) == {} and not answer.get("vary")
    assert rig.send("/hello.txt", site="b", method="OPTIONS", headers={"Origin": APP, **PREFLIGHT}).status == 405


@pytest.mark.parametrize("path", ["/hello.txt", "/nobody/x", "/not/there", "/public/index.html", "/.auth/me"])
def test_a_preflight_is_one_answer_for_all_paths(rig, path):
    answer, line = logged(
        rig, path, lambda: rig.send(path, method="OPTIONS", headers={"Origin": APP, **PREFLIGHT}))
    assert line["outcome"] == "preflight"
    assert answer.status == 204 and answer.body == b"" and not answer.all("set-cookie")
    assert access(answer) == {
        "access-control-allow-origin": APP, "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, HEAD", "access-control-max-age": "600",
        "access-control-allow-headers": answer.get("access-control-allow-headers")}
    assert "Authorization" in answer.get("access-control-allow-headers")


@pytest.mark.parametrize("path", ["/.auth/logout", "/.auth/login", "/.auth/signed-out", "/.auth", "/.AUTH/me"])
def test_pages_for_people_are_shown_to_no_script_of_another_origin(rig, path):
    assert access(rig.send(path, headers={"Origin": APP})) == {}
    assert rig.send(path, method="OPTIONS", headers={"Origin": APP, **PREFLIGHT}).status in (404, 405)


def test_a_bearer_token_is_taken_from_another_origin(rig, provider):
    token = provider.token(ALICE)
    web.note(token)
    answer = rig.send("/hello.txt", headers={**API, "Origin": APP, "Authorization": f"Bearer {token}"})
    assert answer.status == 200 and answer.get("access-control-allow-origin") == APP
    assert "private" in answer.get("cache-control")
    answer = rig.send("/hello.txt", headers={**API, "Origin": APP, "Authorization": "Bearer garbage"})
    assert answer.status == 401 and answer.get("access-control-allow-origin") == APP
    assert "WWW-Authenticate" in answer.get("access-control-expose-headers")


# People who need not sign in


def test_a_public_page_knows_who_is_there(rig):
    browser = rig.signed_in()
    answer, line = logged(rig, "/public/", lambda: browser.send(rig.url("/public/?known")))
    assert answer.status == 200 and line["sub"] == ALICE["sub"]
    assert browser.fetch(rig.url("/.auth/me")).json()["sub"] == ALICE["sub"]
    answer, line = logged(rig, "/public/", lambda: rig.send("/public/"))
    assert answer.status == 200 and "sub" not in line


@pytest.mark.parametrize("kind", ["nonsense", "changed", "another site's", "twice", "over", "signed out"])
def test_a_session_that_does_not_hold_closes_no_public_page(rig, kind):
    browser = rig.signed_in("brief" if kind == "over" else "a")
    site = "brief" if kind == "over" else "a"
    name = "postern"
    value = rig.jar(browser, site)[name].value
    if kind == "over":
        time.sleep(4)
    if kind == "signed out":
        browser.submit(rig.url("/.auth/logout"), {})
    line = {"nonsense": f"{name}=nonsense", "changed": f"{name}={value[:-9]}AAAAAAAAA",
            "another site's": f"{name}={rig.jar(rig.signed_in('b'), 'b')[name].value}",
            "twice": f"{name}={value}; {name}={value}"}.get(kind, f"{name}={value}")
    answer, record = logged(
        rig, "/public/", lambda: rig.send("/public/", site=site, headers={**web.NAVIGATION, "Cookie": line}))
    assert answer.status == 200 and not answer.all("set-cookie") and not answer.get("location"), str(answer)
    assert "sub" not in record
    assert rig.send("/.auth/me", site=site, headers={**API, "Cookie": line}).status == 401


def test_a_public_page_is_served_while_the_keys_are_not_there(build, folder, provider):
    own = LyingProvider({"postern": None, "other": None})
    rig = Rig(os.path.join(build, "who-keys"), folder, own)
    browser = rig.signed_in()
    rig.stop()
    own.failing = True
    rig.daemon = postern.Postern(rig.directory, rig.config, ready="/healthz")
    try:
        assert browser.send(rig.url("/public/")).status == 200
        assert browser.send(rig.url("/hello.txt")).status == 503
    finally:
        rig.stop()
        own.stop()


def test_a_public_answer_that_renews_a_cookie_is_for_one_browser(rig):
    """The site's sessions are renewed after half of their three seconds, on public pages too."""
    browser = rig.signed_in("brief")
    answer = browser.send(rig.url("/public/index.html", "brief"))
    assert not answer.all("set-cookie") and "private" not in answer.get("cache-control", "")
    time.sleep(1.8)
    answer = browser.send(rig.url("/public/index.html", "brief"))
    assert answer.status == 200 and answer.all("set-cookie"), "used, and so renewed"
    assert "private" in answer.get("cache-control")
    time.sleep(1.8)
    assert browser.send(rig.url("/hello.txt", "brief")).status == 200, "it goes on, for it was used"


def test_a_session_that_is_used_on_public_pages_alone_does_not_idle_away(rig, provider):
    """Its tokens are to be renewed, which public pages do not wait for."""
    provider.refresh, provider.lifetime = True, 1
    browser, renewals = rig.signed_in("brief"), provider.renewals()
    for _ in range(3):
        time.sleep(1.6)
        answer = browser.send(rig.url("/public/", "brief"))
        assert answer.status == 200 and len(answer.all("set-cookie")) == 1, "used, and so renewed"
    assert provider.renewals() == renewals
    assert browser.send(rig.url("/hello.txt", "brief")).status == 200 and provider.renewals() == renewals + 1


def test_a_bearer_token_on_a_public_page_is_looked_at_and_never_asked_for(rig, provider):
    token = provider.token(BOB)
    web.note(token)
    answer, line = logged(
        rig, "/public/", lambda: rig.send("/public/", headers={**API, "Authorization": f"Bearer {token}"}))
    assert answer.status == 200 and line["sub"] == BOB["sub"]
    assert rig.send("/public/?bad", headers={**API, "Authorization": "Bearer garbage"}).status == 200


# By method


def test_a_rule_may_be_for_one_method(rig):
    assert rig.send("/method/x").status == 404 and rig.send("/method/x", method="HEAD").status == 404
    assert rig.send("/method/closed").status == 404 and rig.send("/method/closed", method="HEAD").status == 403
    assert rig.send("/method/get/x", headers=API).status == 401
    assert rig.send("/method/get/x", headers=API, method="POST").status == 405


# Signing in better


def careful(provider, acr="mfa"):
    """A provider that signs in by a password a day ago, and does better where it is asked to."""
    def change(claims):
        asked = [fields for path, fields, _ in provider.calls if path == "/authorize"][-1]
        claims["acr"] = acr if "acr_values" in asked else "pwd"
        if "max_age" not in asked:
            claims["auth_time"] = int(time.time()) - 86400
        return claims
    provider.change_claims = change


def asked(provider):
    return [fields for path, fields, _ in provider.calls if path == "/authorize"]


def test_a_stronger_sign_in_is_asked_for_and_leads_to_the_page(rig, provider):
    careful(provider)
    browser = rig.signed_in()
    before = len(asked(provider))
    answer = browser.send(rig.url("/secure/page?x=1"))
    assert answer.status == 302 and web.query(answer.location)["acr_values"] == "mfa phr"
    assert "max_age" not in web.query(answer.location) and "claims" not in web.query(answer.location)
    answer = browser.open(rig.url("/secure/page?x=1"))
    assert answer.status == 404 and answer.url.endswith("/secure/page?x=1"), "let in, and there is nothing"
    assert len(asked(provider)) == before + 1, "asked once"
    assert browser.send(rig.url("/secure/page")).status == 404 and browser.send(rig.url("/hello.txt")).status == 200


def test_who_comes_to_such_a_page_first_is_asked_at_once(rig, provider):
    careful(provider)
    browser, before = web.Browser(), len(asked(provider))
    assert browser.open(rig.url("/both/page")).status == 404
    assert len(asked(provider)) == before + 1
    assert (asked(provider)[-1]["acr_values"], asked(provider)[-1]["max_age"]) == ("mfa", "300")


def test_a_recent_sign_in_is_asked_for(rig, provider):
    careful(provider)
    browser = rig.signed_in()
    answer = browser.send(rig.url("/recent/x"))
    assert answer.status == 302 and web.query(answer.location)["max_age"] == "300"
    assert browser.open(rig.url("/recent/x")).status == 404
    provider.change_claims = lambda claims: {**claims, "auth_time": int(time.time()) - 300}
    assert web.Browser().open(rig.url("/recent/x")).status == 404, "five minutes are five minutes"


def test_a_time_of_sign_in_may_have_a_fraction(rig, provider):
    """As Canaille has it (a NumericDate, RFC 7519 section 2)."""
    provider.change_claims = lambda claims: {**claims, "auth_time": time.time() - 200}
    assert web.Browser().open(rig.url("/recent/x")).status == 404
    provider.change_claims = lambda claims: {**claims, "auth_time": time.time() - 400}
    assert web.Browser().open(rig.url("/recent/x")).status == 403


@pytest.mark.parametrize("path", ["/secure/x", "/recent/x", "/both/x"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_provider_that_does_not_do_it_ends_in_a_page_and_no_loop(rig, provider, path, signed_in):
    provider.change_claims = lambda claims: {**claims, "acr": "pwd", "auth_time": int(time.time()) - 86400}
    browser = rig.signed_in() if signed_in else web.Browser()
    before = len(asked(provider))
    answer = browser.open(rig.url(path))
    assert answer.status == 403 and "/.auth/callback" in answer.url, str(answer)
    assert ALICE["email"] in answer.text and "prompt=select_account" in answer.text
    assert len(asked(provider)) == before + 1
    assert browser.send(rig.url("/hello.txt")).status == 200, "signed in for everything else"
    answer = browser.send(rig.url(path))
    assert answer.status == 302, "who tries again is asked again"
    assert browser.open(answer.location).status == 403
    assert any(one.get("message") == "a sign-in was not what the rule demands" for one in rig.daemon.records())


@pytest.mark.parametrize("claims", [{"acr": None, "auth_time": None}, {"acr": ["pwd"], "auth_time": "soon"},
                                    {"acr": 5, "auth_time": 10 ** 18}])
def test_claims_that_are_none_are_no_stronger_sign_in(rig, provider, claims):
    provider.change_claims = lambda made: {**made, **claims}
    answer = web.Browser().open(rig.url("/both/x"))
    assert answer.status in (400, 403), str(answer)


def test_signing_in_again_helps_nobody_who_is_not_in_the_group(rig, provider):
    careful(provider)
    provider.account = BOB
    browser = rig.signed_in()
    answer = browser.send(rig.url("/both/x"))
    assert answer.status == 403 and BOB["email"] in answer.text


def test_a_script_is_told_that_more_is_needed(rig, provider):
    careful(provider)
    browser = rig.signed_in()
    answer = browser.fetch(rig.url("/both/x?a=b"))
    assert answer.status == 401 and answer.json()["error"] == "insufficient_user_authentication"
    assert answer.get("www-authenticate") == (
        'Bearer error="insufficient_user_authentication", acr_values="mfa", max_age="300"')
    login = answer.json()["login_url"]
    assert login == "/.auth/login?return_to=%2Fboth%2Fx%3Fa%3Db"
    assert web.query(browser.send(rig.url(login)).location)["acr_values"] == "mfa"
    assert browser.open(rig.url(login)).status == 404 and browser.fetch(rig.url("/both/x")).status == 404


def test_a_bearer_token_meets_the_demand_or_is_challenged(rig, provider):
    def ask(**claims):
        token = provider.token(ALICE, **claims)
        web.note(token)
        return rig.send("/both/x", headers={**web.NAVIGATION, "Authorization": f"Bearer {token}"})
    assert ask(acr="mfa", auth_time=int(time.time())).status == 404
    answer = ask(acr="pwd", auth_time=int(time.time()))
    assert answer.status == 401 and "login_url" not in answer.json() and not answer.get("location")
    assert 'error="insufficient_user_authentication"' in answer.get("www-authenticate")


def test_a_provider_that_reads_claims_is_told_that_nothing_else_will_do(build, folder):
    class Reader(LyingProvider):
        def metadata(self):
            return {**super().metadata(), "claims_parameter_supported": True}

    own = Reader({"postern": None, "other": None})
    rig = Rig(os.path.join(build, "who-claims"), folder, own, starts=False)
    try:
        rig.config["sites"]["a"]["rules"] = {"/**": "acr:mfa,phr"}
        rig.start()
        answer = rig.send("/x", headers=web.NAVIGATION)
        assert json.loads(web.query(answer.location)["claims"]) == {
            "id_token": {"acr": {"essential": True, "values": ["mfa", "phr"]}}}
    finally:
        rig.stop()
        own.stop()


# Another account


def test_who_is_not_let_in_comes_in_by_another_account(rig, provider):
    provider.account = BOB
    browser = rig.signed_in()
    answer = browser.send(rig.url("/admin/index.html?q"))
    assert answer.status == 403
    link = html.unescape(re.search(r'href="([^"]*prompt=select_account[^"]*)"', answer.text)[1])
    started = browser.send(rig.url(link))
    assert started.status == 302 and web.query(started.location)["prompt"] == "select_account"
    provider.account = ALICE
    answer = browser.open(started.location)
    assert answer.status == 200 and answer.url == rig.url("/admin/index.html?q"), "the session was still there"
    assert browser.fetch(rig.url("/.auth/me")).json()["sub"] == ALICE["sub"]
