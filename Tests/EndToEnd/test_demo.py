"""The demo, as a newcomer sees it: one command, one address, one password."""

import os
import re
import signal
import subprocess
import time

import chromium
import content
import postern
import pytest
from parts import process


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as source:
            return source.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Demo:
    def __init__(self, state, port):
        self.output = open(state / "output.txt", "w+", encoding="utf-8")
        self.child = subprocess.Popen(
            ["make", "-C", postern.ROOT, "demo", f"PORT={port}", f"STATE={state}/kept"], stdout=self.output,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.begin = time.monotonic()

    def text(self):
        with open(self.output.name, encoding="utf-8") as source:
            return source.read()

    def wait_for(self, sign, seconds=180):
        while sign not in self.text():
            assert self.child.poll() is None, self.text()
            assert time.monotonic() < self.begin + seconds, self.text()
            time.sleep(0.1)
        return time.monotonic() - self.begin

    def interrupt(self):
        """As Ctrl-C does: to everything in the terminal's foreground."""
        children = process.family(self.child.pid)
        os.killpg(self.child.pid, signal.SIGINT)
        self.child.wait(20)
        end = time.monotonic() + 2  # orphans wait to be buried by process 1
        while (left := [one for one in children if is_alive(one)]) and time.monotonic() < end:
            time.sleep(0.1)
        return left


def test_the_demo_from_its_start_to_ctrl_c(state, build):
    port = process.free_port()
    demo = Demo(state, port)
    try:
        demo.wait_for("Ready after")
        user, password = re.search(r"Sign in\s+(\S+)\s+(\S+)", demo.text()).groups()
        browser = chromium.Chromium(os.path.join(build, "chromium", "demo"), pictures=os.path.join(
            build, "pictures", "demo"))
        try:
            url = f"http://localhost:{port}/"
            assert url in demo.text()
            deep = url + "handbook/first-night.html?from=box&q=a%20b"
            browser.open(deep)
            chromium.at_canaille(browser, user, password, url)
            assert browser.url == deep
            browser.open(url)
            browser.picture("home")
            assert browser.style("body", "margin-top") == "0px", "the style sheet is applied"
            assert all(browser.script("return [...document.images].map(i => i.complete && i.naturalWidth > 0)"))
            browser.until(lambda: "Alice Aster" in browser.driver.find_element("css selector", ".who").text)
            browser.open(url + "gallery/")
            browser.until(lambda: all(browser.script("return [...document.images].map(i => i.naturalWidth > 0)")))
            browser.open(url + "admin/")
            assert "Duty desk" in browser.script("return document.querySelector('h1').innerText")
            browser.open(url + "no/such/page")
            assert "Nothing in view" in browser.script("return document.body.innerText")
            browser.open(url + "downloads/")
            size = browser.ask("return (await (await fetch('sky-survey.dat')).blob()).size")
            assert size == content.DOWNLOAD_BLOCKS * content.BLOCK
        finally:
            browser.close()
    finally:
        left = demo.interrupt()
    assert not left, f"still running: {left}"
    assert "Stopped." in demo.text()


def test_a_second_start_takes_seconds(state):
    demo = Demo(state, process.free_port())
    try:
        assert demo.wait_for("Ready after") < 30
    finally:
        assert not demo.interrupt()


def test_a_taken_port_is_named_with_who_has_it_and_what_to_do(state):
    import socket
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = Demo(state, port)
        assert demo.child.wait(30) != 0
        assert f"Port {port} is taken by" in demo.text() and f"(process {os.getpid()})" in demo.text()
        assert "make demo PORT=" in demo.text()
