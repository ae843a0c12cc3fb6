"""Canaille renews sessions, and ends its own when somebody signs out; what is odd about it besides is named where it
matters."""

import os
import re
import sys
import time

import postern
import pytest
import web
from conftest import OBJECTS, PASSWORD
from parts import canaille, process

LIFE = 4
"""Seconds that its ID tokens last here."""


class Daemon(postern.Postern):
    def __init__(self, directory, folder, provider, host):
        self.base = f"http://{host}"
        super().__init__(directory, {
            "listeners": {"plain": {"address": f"127.0.0.1:{host.rsplit(':', 1)[1]}"}},
            "session_keys": [postern.secret()], "origins": {"folder": {"directory": folder}},
            "providers": {"one": {"issuer": provider.issuer, "client_id": "postern",
                                  "scopes": ["openid", "profile", "email", "groups"]}},
            "sites": {"a": {"hosts": [host], "provider": "one", "origin": "folder",
                            "rules": {"/public/**": "max_age:5m", "/**": "signed-in"}}}})

    def come_in(self, browser=None, path="/hello.txt"):
        """A browser that has signed in, and the page where it ended."""
        time.sleep(1.1)  # Of two tokens of a second for one person it makes one, and fails.
        browser = browser or web.Browser()
        page = browser.open(self.base + path)
        for _ in range(4):
            if page.url.startswith(self.base):
                break
            fields = web.form(page.text)
            fields.update({name: value for name, value in (("login", "alice"), ("password", PASSWORD)) if name in fields})
            page = browser.submit(page.url, fields)
            page = browser.open(page.location) if page.get("location") else page
        return browser, page

    def renewals(self):
        """Those to which it gave no ID token, as it does."""
        text = web.request(self.admin, "/metrics", host="localhost").text
        found = re.search(r'postern_session_renewals_total\{[^}]*renewal="without_token"\} (\d+)', text)
        return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def host():
    return f"canaille.localhost:{process.free_port()}"


@pytest.fixture(scope="module")
def brief(build, host):
    """One whose ID tokens do not last."""
    one = canaille.Canaille(
        os.path.join(build, "canaille-brief"), python=sys.executable, lifetime=LIFE,
        users=[canaille.person("alice", PASSWORD, "Alice Aster")], groups={"staff": ["alice"]},
        clients=[canaille.client("postern", [f"http://{host}/.auth/callback"], name="Postern",
                                 after_logout=[f"http://{host}/.auth/signed-out"])])
    yield one
    one.stop()


@pytest.fixture(scope="module")
def daemon(build, folder, brief, host):
    one = Daemon(os.path.join(build, "canaille-postern"), folder, brief, host)
    yield one
    one.stop()


def test_a_session_is_renewed_by_a_refresh_token_that_is_good_once(daemon):
    """The answer has a new refresh token, and no ID token."""
    browser, page = daemon.come_in()
    assert page.body == OBJECTS["hello.txt"]
    copy, before = browser.clone(), daemon.renewals()
    time.sleep(LIFE + 0.1)
    for one in (browser, copy, browser):
        assert one.send(daemon.base + "/hello.txt").status == 200 and daemon.renewals() == before + 1
    me = browser.fetch(daemon.base + "/.auth/me").json()
    assert me["name"] == "Alice Aster" and me["groups"] == ["staff"]
    assert not [one for one in daemon.records() if one.get("level") == "warning"]


def test_a_time_of_sign_in_with_a_fraction_is_one(daemon):
    _, page = daemon.come_in(path="/public/index.html")
    assert page.status == 200 and page.body == OBJECTS["public/index.html"], str(page)


def test_signing_out_ends_its_session_too(daemon):
    browser, _ = daemon.come_in()
    fields = web.form(browser.send(daemon.base + "/.auth/logout").text)
    answer = browser.submit(daemon.base + "/.auth/logout", fields)
    assert answer.status == 303
    page = browser.open(answer.location)
    assert page.url == daemon.base + "/.auth/signed-out" and page.status == 200, str(page)
    page = browser.open(daemon.base + "/hello.txt")
    assert not page.url.startswith(daemon.base) and "login" in web.form(page.text), "who comes back is asked who it is"
