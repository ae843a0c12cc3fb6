"""A daemon and a provider of a test's own, before a folder: for tests that need a config of their own."""

import os
import time

import postern
import pytest
import web
from capable_provider import CapableProvider
from parts import process

SECRET = "a-secret-of-this-file-0123456789"
HELLO = {"index.html": b"home", "hello.txt": b"hello", "admin/index.html": b"admins"}
RULES = {"/public/**": "anyone", "/admin/**": "groups:admins", "/**": "signed-in"}


@pytest.fixture
def folder(build):
    path = os.path.join(build, "providers-folder")
    for key, body in HELLO.items():
        os.makedirs(os.path.dirname(os.path.join(path, key)), exist_ok=True)
        with open(os.path.join(path, key), "wb") as file:
            file.write(body)
    return path


@pytest.fixture
def provider():
    one = CapableProvider({"postern": None, "secretive": SECRET})
    yield one
    one.stop()


class Daemon(postern.Postern):
    """One site, and what a test asks for."""

    def __init__(self, directory, folder, providers, at=None, ready="/readyz", **site):
        self.port = process.free_port()
        keys = [postern.secret()]
        web.note(keys[0])
        super().__init__(directory, {
            "listeners": {"plain": {"address": f"127.0.0.1:{self.port}"}}, "session_keys": keys,
            "providers": providers, "origins": {"folder": {"directory": folder}},
            "sites": {"docs": {"hosts": [f"localhost:{self.port}"], "provider": at or list(providers)[0],
                               "origin": "folder", "rules": RULES, **site}}}, ready=ready)
        self.url = f"http://localhost:{self.port}"

    def bearer(self, token, path="/hello.txt"):
        return web.request(self.port, path, host=f"localhost:{self.port}",
                           headers={"Authorization": "Bearer " + token})

    def event(self, message, seconds=5):
        """The latest event of that message, once there is one."""
        end = time.monotonic() + seconds
        while True:
            found = [one for one in self.records() if message in one.get("message", "")]
            if found:
                return found[-1]
            assert time.monotonic() < end, f"no event: {message}"
            time.sleep(0.05)


@pytest.fixture
def daemon(build, request, folder):
    started = []

    def start(providers, **more):
        name = "".join(one if one.isalnum() else "-" for one in request.node.name)[:60]
        started.append(Daemon(os.path.join(build, "providers", name), folder, providers, **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def signed_in(one, path="/hello.txt"):
    browser = web.Browser()
    answer = browser.open(one.url + path)
    assert answer.status == 200, str(answer)
    return browser
