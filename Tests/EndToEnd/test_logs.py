"""What stands in the log, and what does not."""

import time

import web

FIELDS = {"time", "site", "method", "path", "status", "bytes", "duration_ms", "outcome"}


def access(gateway, **wanted):
    """The lines of requests with these fields; a line may come a moment after its answer."""
    end = time.monotonic() + 2
    while True:
        found = [one for one in gateway.daemon.records() if one.get("kind") == "access"
                 and all(one.get(name) == value for name, value in wanted.items())]
        if found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def test_a_line_a_request(gateway, liar):
    browser = gateway.signed_in()
    browser.send(gateway.url("liar", "/hello.txt?secret-parameter=hidden-value"))
    line = access(gateway, site="liar", path="/hello.txt", status=200)[-1]
    assert FIELDS <= set(line), FIELDS - set(line)
    assert line["method"] == "GET" and line["bytes"] == 24 and line["sub"] == liar.account["sub"]
    assert "hidden-value" not in gateway.daemon.process.log_text()


def test_every_outcome_has_its_name(gateway, liar):
    browser = gateway.signed_in()
    browser.send(gateway.url("liar", "/no-such-thing"))
    browser.send(gateway.url("liar", "/nobody/"))
    gateway.request("liar", "/only-for-this-test", headers=web.NAVIGATION)
    gateway.request("liar", "/only-for-this-test", headers={"Accept": "application/json"})
    outcome = lambda **wanted: {one["outcome"] for one in access(gateway, site="liar", **wanted)}
    names = [outcome(path="/no-such-thing", status=404), outcome(path="/nobody/", status=403),
             outcome(path="/only-for-this-test", status=302), outcome(path="/only-for-this-test", status=401)]
    assert all(len(one) == 1 for one in names), names
    assert len(set.union(*names)) >= 3, names


def test_errors_have_a_reference(gateway):
    gateway.request("gone", "/hello.txt")
    line = access(gateway, site="gone")[-1]
    assert line["status"] >= 500 and line.get("reference")


def test_a_forged_line_cannot_be_written(gateway):
    gateway.request("path", "/x%0a%7B%22status%22:200%7D", headers={"User-Agent": 'x"}\t{"status":1}'})
    gateway.daemon.records()  # every line is one JSON object
