"""What stands in the log, and what does not."""

import web

FIELDS = {"time", "site", "method", "path", "status", "bytes", "duration", "outcome"}


def access(gateway, **wanted):
    return [one for one in gateway.daemon.records() if "status" in one and "outcome" in one
            and all(one.get(name) == value for name, value in wanted.items())]


def test_a_line_a_request(gateway, liar):
    browser = gateway.signed_in()
    browser.send(gateway.url("liar", "/hello.txt?secret-parameter=hidden-value"))
    line = [one for one in access(gateway, site="liar", path="/hello.txt") if one["status"] == 200][-1]
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
