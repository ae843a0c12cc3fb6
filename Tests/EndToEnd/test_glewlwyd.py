"""Glewlwyd renews sessions, and ends them: by way of the browser, and behind it."""

import json
import os
import re
import time
import urllib.parse

import postern
import pytest
import web
from conftest import OBJECTS, PASSWORD
from identity_rig import eventually
from parts import process


class Daemon(postern.Postern):
    """Over plain HTTP: Glewlwyd sends logout tokens to no server whose certificate the system does not trust."""

    def __init__(self, directory, folder, provider):
        self.provider, self.base = provider, f"http://ended.localhost:{process.free_port()}"
        host = self.base.removeprefix("http://")
        provider.add_client(
            "postern-ended", None, [self.base + "/.auth/callback"], [self.base + "/.auth/signed-out"],
            backchannel_logout_uri=self.base.replace("ended.", "") + "/.auth/backchannel-logout",
            backchannel_logout_session_required="1")
        super().__init__(directory, {
            "listeners": {"plain": {"address": f"127.0.0.1:{host.rsplit(':', 1)[1]}"}},
            "session_keys": [postern.secret()], "origins": {"folder": {"directory": folder}},
            "providers": {"one": {"issuer": provider.issuer, "client_id": "postern-ended",
                                  "scopes": ["openid", "profile"]}},
            "sites": {"a": {"hosts": [host, host.replace("ended.", "")], "provider": "one", "origin": "folder"}}})

    def signed_in(self):
        """As the provider's own page does it, by its interface."""
        browser = web.Browser()
        there = browser.send(self.base + "/hello.txt").location
        browser.send(there)
        call(browser, "POST", f"{self.provider.base}/api/auth", {"username": "alice", "password": PASSWORD})
        call(browser, "PUT", f"{self.provider.base}/api/auth/grant/postern-ended", {"scope": "openid profile"})
        end = browser.open(there + "&g_continue")
        assert end.body == OBJECTS["hello.txt"], str(end)
        return browser

    def renewals(self):
        """Those to which it gave no ID token, as it does."""
        text = web.request(self.admin, "/metrics", host="localhost").text
        found = re.search(r'postern_session_renewals_total\{[^}]*renewal="without_token"\} (\d+)', text)
        return int(found[1]) if found else 0

    def lets_in(self, browser):
        return browser.clone().send(self.base + "/hello.txt").status == 200


def call(browser, method, url, content=None):
    answer = browser.send(url, method, {"Content-Type": "application/json"},
                          json.dumps(content).encode() if content else b"")
    assert answer.status == 200, str(answer)
    return answer


@pytest.fixture(scope="module")
def daemon(build, folder, glewlwyd):
    one = Daemon(os.path.join(build, "glewlwyd-ended"), folder, glewlwyd)
    yield one
    one.stop()


def test_signing_out_ends_all_that_came_of_one_sign_in_there_and_nothing_else(daemon, glewlwyd):
    """Two browsers' worth of cookies by one session of the provider's, and a third by another of the same account. Its
    page has a button, which does what is done here: so the first is signed out by the browser, and the second by the
    logout token that the provider sends then."""
    first, third = daemon.signed_in(), daemon.signed_in()
    second = first.clone()
    second.jar(daemon.base).clear()
    there = second.send(daemon.base + "/hello.txt").location
    assert second.open(there + "&g_continue").body == OBJECTS["hello.txt"], "without a password"
    answer = first.send(daemon.base + "/.auth/logout", "POST", {"Content-Length": "0"}, navigation=False)
    assert answer.status == 303 and answer.location.startswith(glewlwyd.issuer), str(answer)
    assert daemon.lets_in(second) and daemon.lets_in(third)
    there = urllib.parse.parse_qs(urllib.parse.urlsplit(first.send(answer.location).location).query)
    assert there["callback_url"] == [daemon.base + "/.auth/signed-out"], "it knows where to send people back to"
    call(first, "DELETE", f"{glewlwyd.issuer}/session/{there['sid'][0]}")
    eventually(lambda: not daemon.lets_in(second))
    assert daemon.lets_in(third), "another sid"
    assert not [one for one in daemon.records() if "sign-out by the provider was refused" in one.get("message", "")]


def test_a_session_that_begins_after_the_logout_token_holds(daemon, glewlwyd):
    browser = daemon.signed_in()
    answer = browser.send(daemon.base + "/.auth/logout", "POST", {"Content-Length": "0"}, navigation=False)
    there = urllib.parse.parse_qs(urllib.parse.urlsplit(browser.send(answer.location).location).query)
    call(browser, "DELETE", f"{glewlwyd.issuer}/session/{there['sid'][0]}")
    time.sleep(1.1)
    again = daemon.signed_in()
    assert daemon.lets_in(again)


def test_a_session_is_renewed_by_a_refresh_token_that_is_good_once(daemon, glewlwyd):
    """The answer has a new refresh token, and no ID token. It takes none back from a client without a secret."""
    glewlwyd.set_lifetime(3)
    try:
        browser = daemon.signed_in()
    finally:
        glewlwyd.set_lifetime(300)
    copy, before = browser.clone(), daemon.renewals()
    time.sleep(3.1)
    for one in (browser, copy, browser):
        assert one.send(daemon.base + "/hello.txt").status == 200 and daemon.renewals() == before + 1
    me = browser.fetch(daemon.base + "/.auth/me").json()
    assert me["name"] == "Alice Aster" and sorted(me["groups"]) == ["admins", "staff"]
    assert browser.send(daemon.base + "/.auth/logout", "POST", {"Content-Length": "0"}, navigation=False).status == 303
    assert not daemon.lets_in(copy)
    eventually(lambda: [one["reason"] for one in daemon.records() if "given back" in one.get("message", "")])
    assert {one["reason"] for one in daemon.records() if "given back" in one.get("message", "")} == {"401"}
