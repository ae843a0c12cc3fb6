"""Who gets what: other origins' scripts, people who need not sign in, and those who have to do it better."""

import os
import time

import postern
import pytest
import web
from lying_provider import ALICE, BOB, LyingProvider
from test_identity_hostile import API, Rig

APP = "https://app.example.com"
LOCAL = "http://localhost:3000"
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture(scope="module")
def provider():
    one = LyingProvider({"postern": None, "other": None})
    yield one
    one.stop()


@pytest.fixture(autouse=True)
def honest_provider(provider):
    yield
    provider.reset()


@pytest.fixture(scope="module")
def rig(build, folder, provider):
    one = Rig(os.path.join(build, "who"), folder, provider)
    one.stop()
    one.config["sites"]["a"]["cors_origins"] = [APP, LOCAL]
    one.start()
    yield one
    one.stop()


def lines_of(rig, path):
    return [one for one in rig.daemon.records() if one.get("kind") == "access" and one["path"] == path]


def logged(rig, path, ask):
    """What `ask` answers, and the access log's line for it, which comes a moment later."""
    before = len(lines_of(rig, path))
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
    assert answer.get("access-control-allow-credentials") == "true" and "Origin" in answer.get("vary")
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


def test_a_bearer_token_on_a_public_page_is_looked_at_and_never_asked_for(rig, provider):
    token = provider.token(BOB)
    web.note(token)
    answer, line = logged(
        rig, "/public/", lambda: rig.send("/public/", headers={**API, "Authorization": f"Bearer {token}"}))
    assert answer.status == 200 and line["sub"] == BOB["sub"]
    assert rig.send("/public/?bad", headers={**API, "Authorization": "Bearer garbage"}).status == 200
