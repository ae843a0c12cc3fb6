"""LemonLDAP::NG as the provider: sign-in, renewal and sign-out, and every way in which it is not like others. It has no
`iss` in its callbacks, no pushed requests and no back-channel logout."""

import os
import re
import time

import postern
import pytest
import web
from parts import lemonldap, process
from identity_rig import eventually

SECRETS = {"cut": "lemon-secret-~~~-0123456789", "encoded": "lemon-secret?0123456789",
           "wrong": "not-the-one-0123456789"}
SECRET = "lemon-secret-0123456789"
BRIEF = 3
"""Seconds that the tokens of the sites "brief" and "framed" live."""
SITES = ["public", "basic", "post", "cut-basic", "cut-post", "encoded-basic", "encoded-post", "wrong-basic",
         "wrong-post", "unregistered", "brief", "framed", "framed-sid"]
RULES = {"/public/**": "anyone", "/admin/**": "groups:admins", "/**": "signed-in"}


class Daemon(postern.Postern):
    def __init__(self, directory, folder, provider, port):
        self.port, self.provider = port, provider
        key = postern.secret()
        for one in (key, SECRET, *SECRETS.values()):
            web.note(one)
        providers = {}
        for site in SITES:
            secret = SECRETS.get(site.split("-")[0], SECRET)
            method = site.rsplit("-", 1)[-1] if site.endswith(("basic", "post")) else "none"
            providers[site] = {
                "issuer": provider.issuer, "client_id": site, "client_auth": method,
                "scopes": ["openid", "profile", "email", "groups"],
                **({"client_secret": secret} if method != "none" else {})}
        super().__init__(directory, {
            "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "session_keys": [key], "providers": providers,
            "origins": {"folder": {"directory": folder}},
            "sites": {site: {"hosts": [f"{site}.localhost:{port}"], "provider": site, "origin": "folder",
                             "rules": RULES} for site in SITES}})

    def url(self, site, path="/hello.txt"):
        return f"http://{site}.localhost:{self.port}{path}"

    def signed_in(self, site, path="/hello.txt", user="dwho", browser=None):
        browser = browser or web.Browser()
        page = come_in(browser, browser.open(self.url(site, path)), user)
        assert page.status == 200 and page.url == self.url(site, path), str(page)
        return browser


def come_in(browser, page, user="dwho"):
    """From the provider's page with the password to wherever the browser is sent."""
    fields = {**web.form(page.text), "user": user, "password": user}
    assert "password" in web.form(page.text), str(page)
    fields.pop("stayconnected", None)
    page = browser.submit(page.url, fields)
    return browser.open(page.location) if page.get("location") else page


def sign_out(daemon, site, browser):
    return browser.send(daemon.url(site, "/.auth/logout"), "POST", {"Content-Length": "0"}, navigation=False)


@pytest.fixture(scope="module")
def port():
    return process.free_port()


@pytest.fixture(scope="module")
def lemon(build, port):
    clients = []
    for site in SITES:
        base = f"http://{site}.localhost:{port}"
        name = site.split("-")[0]
        secret = SECRETS[name] if name in ("cut", "encoded") else SECRET if site.endswith(("basic", "post")) else None
        more = {}
        if site in ("brief", "framed"):
            more.update(AccessTokenExpiration=BRIEF, IDTokenExpiration=BRIEF)
        if site.startswith("framed"):
            more.update(LogoutUrl=base + "/.auth/frontchannel-logout", LogoutType="front",
                        LogoutSessionRequired=int(site == "framed-sid"))
        if site == "unregistered":
            more.update(RedirectUris="http://elsewhere.localhost/callback")
        clients.append(lemonldap.client(site, base, secret=secret, **more))
    one = lemonldap.LemonLDAP(os.path.join(build, "lemonldap"), clients=clients)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def daemon(build, lemon, port):
    path = os.path.join(build, "lemonldap-folder")
    for name, body in {"hello.txt": b"hello", "other.txt": b"other", "admin/index.html": b"admins"}.items():
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        with open(os.path.join(path, name), "wb") as file:
            file.write(body)
    one = Daemon(os.path.join(build, "lemonldap-postern"), path, lemon, port)
    yield one
    one.stop()


# Sign-in


@pytest.mark.parametrize("site", ["public", "basic", "post"])
def test_a_sign_in_for_every_kind_of_client(daemon, site):
    browser = daemon.signed_in(site, "/hello.txt?at=lemon")
    me = browser.fetch(daemon.url(site, "/.auth/me")).json()
    assert me["name"] == "Doctor Who" and me["email"] == "dwho@badwolf.org"
    assert sorted(me["groups"]) == ["admins", "staff", "timelords", "users"]
    assert browser.send(daemon.url(site, "/admin/")).status == 200
    other = daemon.signed_in(site, user="rtyler")
    assert other.send(daemon.url(site, "/admin/")).status == 403


@pytest.mark.parametrize("kind", ["cut", "encoded"])
def test_a_secret_that_it_cannot_read_by_basic_works_by_post(daemon, kind):
    """It takes Basic credentials by \\w+, so what follows a + or a / of theirs is lost to it; nor does it undo their
    encoding (RFC 6749 section 2.3.1)."""
    browser = web.Browser()
    page = come_in(browser, browser.open(daemon.url(f"{kind}-basic")))
    assert_failed(daemon, f"{kind}-basic", browser, page)
    daemon.signed_in(f"{kind}-post")


@pytest.mark.parametrize("method", ["basic", "post"])
def test_a_wrong_client_secret_is_a_page(daemon, method):
    """401 by Basic and 400 by post."""
    browser = web.Browser()
    page = come_in(browser, browser.open(daemon.url(f"wrong-{method}")))
    assert_failed(daemon, f"wrong-{method}", browser, page)


def assert_failed(daemon, site, browser, page):
    assert page.url.startswith(daemon.url(site, "/.auth/callback")) and page.status == 400, str(page)
    assert "href=" in page.text and page.get("cache-control") == "no-store"
    assert "postern" not in browser.jar(daemon.url(site))
    event = [one for one in daemon.records() if one.get("message") == "a sign-in failed"][-1]
    assert event["site"] == site and "invalid_client" in event["reason"] and event["reference"] in page.text


def test_a_redirect_uri_that_it_does_not_know_stays_its_own_page(daemon, lemon):
    """It sends nobody back with an error, so nothing of Postern's may count on one."""
    browser = web.Browser()
    page = browser.open(daemon.url("unregistered"))
    assert "password" in web.form(page.text) and page.url.startswith(lemon.issuer)
    page = come_in(browser, page)
    assert page.url.startswith(lemon.issuer) and not page.get("location"), str(page)
    daemon.signed_in("public")


def test_a_sign_in_that_was_left_is_resumed_with_another_and_both_end_on_a_page(daemon, lemon):
    """It remembers an authorization request in a cookie, and goes on with the one that it remembers."""
    browser = web.Browser()
    first = browser.open(daemon.url("public", "/hello.txt"))
    second = browser.open(daemon.url("public", "/other.txt"))
    page = come_in(browser, second)
    assert page.status == 200 and page.body in (b"hello", b"other"), str(page)
    page = come_in(browser, first)
    assert page.status < 500
    for path, body in (("/hello.txt", b"hello"), ("/other.txt", b"other")):
        assert browser.open(daemon.url("public", path)).body == body


def test_somebody_who_is_signed_in_there_needs_no_password_at_the_next_site(daemon):
    browser = daemon.signed_in("public")
    page = browser.open(daemon.url("post"))
    assert page.status == 200 and page.url == daemon.url("post")


def test_another_account_is_asked_for_and_it_offers_none(daemon, lemon):
    """`prompt=select_account` is nothing to it: whoever is signed in there comes back as the same."""
    browser = daemon.signed_in("public", user="rtyler")
    page = browser.open(daemon.url("public", "/.auth/login?prompt=select_account&return_to=/hello.txt"))
    assert page.status == 200 and page.body == b"hello", str(page)
    assert browser.fetch(daemon.url("public", "/.auth/me")).json()["sub"] == "rtyler"


def test_a_code_is_good_once(daemon, lemon):
    browser = web.Browser()
    page = browser.open(daemon.url("public"))
    fields = {**web.form(page.text), "user": "dwho", "password": "dwho"}
    answer = browser.submit(page.url, fields)
    while not answer.location.startswith(daemon.url("public", "/.auth/callback")):
        answer = browser.send(answer.location)
    callback, copy = answer.location, browser.clone()
    assert "iss" not in web.query(callback), "it does not name itself, and need not"
    assert browser.open(callback).status == 200
    assert copy.send(callback).status == 400


# Renewal


def over(daemon, browser, site="brief"):
    time.sleep(BRIEF + 0.2)
    return browser.send(daemon.url(site))


def test_a_session_is_renewed_by_a_refresh_token_that_stays(daemon):
    """It gives a new ID token and no new refresh token."""
    browser = daemon.signed_in("brief")
    for _ in range(2):
        answer = over(daemon, browser)
        assert answer.status == 200 and any(one.startswith("postern=") for one in answer.all("set-cookie")), str(answer)
    assert browser.fetch(daemon.url("brief", "/.auth/me")).json()["sub"] == "dwho"


def test_a_refresh_token_of_a_session_that_is_over_there_ends_it_here(daemon, lemon):
    """Its word for that is `invalid_request`."""
    browser = daemon.signed_in("brief")
    lemon.forget_sessions()
    answer = over(daemon, browser)
    assert answer.status == 302 and answer.location.startswith(lemon.issuer), str(answer)
    event = [one for one in daemon.records() if "refused" in one.get("message", "")][-1]
    assert "invalid_request" in event["reason"]


# Sign-out


@pytest.mark.parametrize("site", ["public", "basic"])
def test_signing_out_ends_the_session_there_too(daemon, lemon, site):
    """Straight away: it asks nothing, and sends the browser back."""
    browser = daemon.signed_in(site)
    copy = browser.clone()
    answer = sign_out(daemon, site, browser)
    assert answer.status == 303 and answer.location.startswith(lemon.issuer + "oauth2/logout?"), str(answer)
    page = browser.open(answer.location)
    assert page.status == 200 and page.url == daemon.url(site, "/.auth/signed-out"), str(page)
    assert copy.send(daemon.url(site)).status == 302, "a copy of the cookie opens nothing"
    assert "password" in web.form(browser.open(daemon.url(site)).text), "nobody is signed in there"


def logout_frames(lemon, browser):
    page = browser.open(lemon.issuer + "?logout=1")
    return [one.replace("&amp;", "&") for one in re.findall(r'<iframe[^>]*src="([^"]*)"', page.text)]


def framed(browser, url):
    return browser.send(url, navigation=False, headers={
        "Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-site"})


def test_its_logout_page_ends_the_session_in_a_frame(daemon, lemon):
    browser = daemon.signed_in("framed")
    frames = logout_frames(lemon, browser)
    assert frames == [daemon.url("framed", "/.auth/frontchannel-logout")], frames
    answer = framed(browser, frames[0])
    assert answer.status == 200, str(answer)
    assert browser.send(daemon.url("framed")).status == 302


def test_a_sid_that_no_token_had_ends_nothing(daemon, lemon):
    """In its frames the `sid` is the account, and its ID tokens have none: to be set to go without one."""
    browser = daemon.signed_in("framed-sid")
    frames = logout_frames(lemon, browser)
    assert web.query(frames[0]) == {"iss": lemon.issuer, "sid": "dwho"}
    framed(browser, frames[0])
    assert browser.send(daemon.url("framed-sid")).status == 200


def test_it_has_no_back_channel(daemon, lemon):
    """Its metadata says so; what the daemon's other providers have does no harm here."""
    metadata = web.request(lemon.port, "/.well-known/openid-configuration", host=f"localhost:{lemon.port}").json()
    assert not metadata.get("backchannel_logout_supported")


# Keys: last, for the provider starts anew


def test_its_new_key_takes_the_place_of_the_old_one_at_once(daemon, lemon):
    """It publishes one key: what the old one signed is over when the new one is known, and whoever is signed in there
    comes back without a password."""
    first, second = daemon.signed_in("public"), daemon.signed_in("brief")
    lemon.rotate()
    assert first.send(daemon.url("public")).status == 200, "nothing has said so yet"
    daemon.signed_in("public", browser=web.Browser(), user="rtyler")
    eventually(lambda: first.send(daemon.url("public")).status == 302)
    page = first.open(daemon.url("public"))
    assert page.status == 200 and page.url == daemon.url("public"), str(page)
    answer = over(daemon, second)
    assert answer.status == 200, "renewed: the new ID token is by the new key"
