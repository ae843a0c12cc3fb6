"""Traces: taken up from a request, passed on to apps, and in the access log."""

import os
import re
import time

import postern
import pytest
import web
from parts import process
from scripted_app import App

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FIELDS = {"Traceparent": f"00-{TRACE}-{PARENT}-01", "Tracestate": "vendor=value"}


@pytest.fixture(scope="module")
def app():
    one = App()
    yield one
    one.stop()


@pytest.fixture
def daemon(build, app, request):
    started = []

    def start(**traces):
        port, folder = process.free_port(), os.path.join(build, "traces-folder")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "hello.txt"), "wb") as file:
            file.write(b"hello")
        one = postern.Postern(os.path.join(build, "traces", request.node.name), {
            "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "traces": traces, "workers": 1,
            "origins": {"app": {"http": app.url}, "folder": {"directory": folder}},
            "sites": {"docs": {"hosts": [f"localhost:{port}"], "origin": "folder", "mounts": {"/app/": "app"},
                               "rules": {"/**": "anyone"}}}})
        one.get = lambda path, **fields: web.request(port, path, host=f"localhost:{port}", headers=fields)
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()


def logged(daemon, path, seconds=3):
    end = time.monotonic() + seconds
    while True:
        found = [one for one in daemon.records() if one.get("path") == path]
        if found or time.monotonic() > end:
            return found[-1].get("trace_id")
        time.sleep(0.03)


def told(app, path):
    asked = app.last(path)
    return asked.all("traceparent"), asked.all("tracestate")


def test_a_trace_is_taken_up_and_passed_on(daemon, app):
    one = daemon()
    assert one.get("/app/echo/a", **FIELDS).status == 200
    assert told(app, "/echo/a") == ([FIELDS["Traceparent"]], [FIELDS["Tracestate"]])
    assert logged(one, "/app/echo/a") == TRACE
    assert one.get("/hello.txt", **FIELDS).status == 200
    assert logged(one, "/hello.txt") == TRACE
    one.get("/app/echo/b", **{**FIELDS, "Traceparent": "00-nothing"})
    assert told(app, "/echo/b") == ([], []) and logged(one, "/app/echo/b") is None
    one.get("/app/echo/c")
    assert told(app, "/echo/c") == ([], []) and logged(one, "/app/echo/c") is None


def test_a_strangers_trace_is_not_taken_up_where_proxies_have_them(daemon, app):
    one = daemon(**{"from": "trusted_proxies"})
    one.get("/app/echo/d", **FIELDS)
    assert told(app, "/echo/d") == ([], []) and logged(one, "/app/echo/d") is None


def test_a_trace_begins_where_there_is_none(daemon, app):
    one = daemon(begin=True)
    one.get("/app/echo/e")
    (parent,), state = told(app, "/echo/e")
    trace = re.fullmatch("00-([0-9a-f]{32})-[0-9a-f]{16}-01", parent)[1]
    assert state == [] and logged(one, "/app/echo/e") == trace
    one.get("/app/echo/f")
    assert trace not in told(app, "/echo/f")[0][0]
    one.get("/app/echo/g", **FIELDS)
    assert told(app, "/echo/g")[0] == [FIELDS["Traceparent"]]
    one.get("/hello.txt")
    assert logged(one, "/hello.txt") is None
