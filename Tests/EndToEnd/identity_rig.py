"""What the tests of identity share: a daemon before a provider that lies on request, and what is asked of both. The
fixtures are in `conftest`."""

import os
import time

import postern
import web
from parts import process

API = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
RULES = {"/public/**": "anyone", "/admin/**": "groups:admins", "/nobody/**": "nobody", "/**": "signed-in"}


class Rig:
    """A daemon with the sites a, b (one provider, one client) and c (another client), all on names below localhost,
    where plain HTTP is allowed; the second session key is that of another instance's newest. With `starts=False` the
    config may be changed before it is started."""

    def __init__(self, directory, folder, provider, starts=True, **more):
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
                      "brief": site("brief", "one", session={"idle": "3s", "lifetime": "8s"}),
                      "open": {"hosts": [self.host("open")], "origin": "folder", "rules": {"/**": "anyone"}},
                      "token": site("token", "one", session={"ends_with_token": True})},
            **more}
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        if starts:
            self.start()

    def start(self, **options):
        self.daemon = postern.Postern(self.directory, self.config, **options)

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


def named(request):
    """A folder's name: of the test's file, and of the test."""
    text = f"{request.module.__name__.removeprefix('test_')}-{request.node.name}"
    return "".join(one if one.isalnum() else "-" for one in text)[:80]
