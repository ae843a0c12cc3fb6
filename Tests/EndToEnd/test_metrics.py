"""What /metrics says: that Prometheus' own tools take it, and that what happens is counted where it belongs."""

import contextlib
import os
import re
import ssl
import subprocess
import time

import postern
import pytest
import web
from capable_provider import CapableProvider
from parts import process
from prometheus_client.parser import text_string_to_metric_families
from scripted_app import App


class Metrics:
    """One answer of /metrics, by Prometheus' own parser."""

    def __init__(self, daemon):
        answer = web.request(daemon.admin, "/metrics", host=f"127.0.0.1:{daemon.admin}")
        assert answer.status == 200 and answer.get("content-type") == "text/plain; version=0.0.4; charset=utf-8"
        self.text = answer.text
        self.families = {one.name: one for one in text_string_to_metric_families(self.text)}

    def value(self, name, **labels):
        """The sum of all samples with these labels."""
        return sum(sample.value for family in self.families.values() for sample in family.samples
                   if sample.name == f"postern_{name}" and labels.items() <= sample.labels.items())


@pytest.fixture(scope="module")
def parts(build, authority):
    """A daemon with TLS, a provider, a folder and an app."""
    provider, app = CapableProvider({"postern": None}), App()
    folder = os.path.join(build, "metrics-folder")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "hello.txt"), "wb") as file:
        file.write(b"hello")
    certificate, key = authority.issue("metrics", "localhost")
    port, secret = process.free_port(), postern.secret()
    web.note(secret)
    daemon = postern.Postern(os.path.join(build, "metrics"), {
        "listeners": {"web": {"address": f"127.0.0.1:{port}",
                              "tls": {"certificate": certificate, "key": f"file:{key}"}}},
        "session_keys": [secret], "providers": {"corp": {"issuer": provider.issuer, "client_id": "postern"}},
        "origins": {"folder": {"directory": folder}, "app": {"http": app.url}},
        "sites": {"docs": {"hosts": [f"localhost:{port}"], "provider": "corp", "origin": "folder",
                           "mounts": {"/app/": "app"}, "rules": {"/public/**": "anyone", "/nobody/**": "nobody", "/**": "signed-in"}}}})
    daemon.url, daemon.port, daemon.authority = f"https://localhost:{port}", port, authority.certificate
    daemon.provider = provider
    yield daemon
    daemon.stop()
    app.stop()
    provider.stop()


@contextlib.contextmanager
def counted(daemon):
    """How much each metric has grown within the block, once it has ended."""
    before = Metrics(daemon)
    growth = {}
    yield lambda name, **labels: growth["after"].value(name, **labels) - before.value(name, **labels)
    growth["after"] = Metrics(daemon)


def signed_in(daemon):
    browser = web.Browser(daemon.authority)
    assert browser.open(daemon.url + "/hello.txt").status == 200
    return browser


def test_promtool_finds_nothing_to_say(parts):
    signed_in(parts)
    done = subprocess.run(["promtool", "check", "metrics"], input=Metrics(parts).text, capture_output=True, text=True,
                          timeout=30)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_reference_has_every_metric_and_every_label_value(parts):
    metrics = Metrics(parts)
    with open(os.path.join(postern.ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
        rows = [line.split(" | ") for line in file if line.startswith("| `")]
    listed = {row[0][3:-1]: row[1] for row in rows if len(row) == 4}
    shown = {name + ("_total" if one.type == "counter" else ""): one for name, one in metrics.families.items()}
    assert {name: one.type for name, one in shown.items()} == listed
    values = {row[0][3:-1]: row[1] for row in rows if len(row) == 2}
    for family in shown.values():
        for sample in family.samples:
            for label, value in sample.labels.items():
                named = label in ("site", "listener", "provider", "origin") or family.name == "postern_build_info"
                assert named or f"`{value}`" in values[label], (sample.name, label, value)


def test_a_sign_in_is_counted_at_its_provider(parts):
    with counted(parts) as grown:
        browser = signed_in(parts)
        browser.send(parts.url + "/hello.txt")
        web.Browser(parts.authority).send(parts.url + "/.auth/callback?code=a&state=made-up")
    assert grown("sign_ins_total", provider="corp", step="started") == 1
    assert grown("sign_ins_total", provider="corp", step="completed") == 1
    assert grown("sign_ins_total", provider="", step="failed") == 1
    # In the sign-in itself, and once on each worker that sees the session.
    assert 2 <= grown("token_checks_total", provider="corp", check="verified") <= 3
    assert grown("session_cache_lookups_total") >= 2 and Metrics(parts).value("session_cache_entries") >= 1
    assert grown("provider_requests_total", provider="corp", result="ok") >= 1
    assert grown("provider_request_duration_seconds_count", provider="corp") >= 1
    assert grown("stage_duration_seconds_count", stage="sign_in") == 1
    assert grown("stage_duration_seconds_count", stage="own_pages") == 2
    assert grown("stage_duration_seconds_count", stage="origin") == 2
    assert grown("requests_total", site="docs", outcome="sign_in_failed") == 1


def test_the_provider_is_watched(parts):
    metrics = Metrics(parts)
    assert metrics.value("key_set_fetches_total", provider="corp", result="ok") >= 1
    assert 0 <= metrics.value("key_set_age_seconds", provider="corp") < 600
    refused = web.request(parts.port, "/hello.txt", host=f"localhost:{parts.port}",
                          tls=ssl.create_default_context(cafile=parts.authority), headers={"Authorization": "Bearer a.b.c"})
    assert refused.status == 401
    assert Metrics(parts).value("token_checks_total", provider="corp", check="refused") >= 1


def test_origins_are_counted_by_their_answers(parts):
    browser = signed_in(parts)
    with counted(parts) as grown:
        browser.send(parts.url + "/hello.txt")
        browser.send(parts.url + "/missing.txt")
        for path in ("echo/1", "echo/2", "closes"):
            browser.send(parts.url + "/app/" + path)
    assert grown("origin_requests_total", origin="folder", answer="found") == 1
    assert grown("origin_requests_total", origin="folder", answer="not_found") >= 1
    assert grown("origin_requests_total", origin="app", answer="found") == 2
    assert grown("origin_requests_total", origin="app", answer="failed") == 1
    assert grown("origin_first_byte_seconds_count", origin="app") == 3
    assert grown("requests_total", site="docs", outcome="origin_failed") == 1


def test_tls_and_the_loops_are_counted(parts):
    with counted(parts) as grown:
        context = ssl.create_default_context(cafile=parts.authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        web.request(parts.port, "/public/", host=f"localhost:{parts.port}", tls=context)
        web.Browser(parts.authority).send(parts.url + "/public/")
    assert grown("tls_versions_total", listener="web", version="TLSv1.2") == 1
    assert grown("tls_versions_total", listener="web", version="TLSv1.3") == 1
    assert grown("tls_cipher_suites_total", listener="web") == 2
    for loop in ("worker", "control"):
        assert grown("event_loop_lag_seconds_count", loop=loop) >= 1
    metrics = Metrics(parts)
    build = next(one for one in metrics.families["postern_build_info"].samples)
    version = postern.run("version").stdout.splitlines()[0].split()[1]
    assert build.value == 1 and build.labels["version"] == version


OUTCOMES = {
    "not_found": ("/public/missing", 404, {}), "forbidden": ("/nobody/", 403, {}),
    "sign_in_failed": ("/.auth/callback?code=a&state=made-up", 400, {}), "origin_failed": ("/app/closes", 502, {}),
    "bad_request": ("/public/", 400, {"Content-Length": "1"}), "unknown_host": ("/public/", 421, {"Host": "elsewhere.test"}),
    "method_not_allowed": ("/public/", 405, {"method": "DELETE"}),
    "sign_in_required": ("/hello.txt", 401, {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
    "bad_token": ("/hello.txt", 401, {"Authorization": "Bearer a.b.c", "Accept": "application/json"}),
}


def asked(daemon, path, host, method, fields):
    """Over TLS to the site's own name, whatever the host that is asked for."""
    context = ssl.create_default_context(cafile=daemon.authority)
    with web.connect(daemon.port, tls=context, name="localhost") as connection:
        connection.sendall(web.head(method, path, host, {**fields, "Connection": "close"}))
        return web.read_answer(connection, method, f"https://{host}{path}")


def logged(daemon, reference):
    end = time.monotonic() + 3
    while True:
        found = [one for one in daemon.records() if one.get("reference") == reference and one.get("kind") == "access"]
        if found or time.monotonic() > end:
            return found
        time.sleep(0.03)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_page_metric_and_log_have_the_same_word(parts, outcome):
    path, status, fields = OUTCOMES[outcome]
    fields = {**web.NAVIGATION, **fields}
    host, method = fields.pop("Host", f"localhost:{parts.port}"), fields.pop("method", "GET")
    if path.startswith("/app/"):
        fields["Cookie"] = signed_in(parts).cookie_header(parts.url)
    with counted(parts) as grown:
        answer = asked(parts, path, host, method, fields)
    assert answer.status == status, str(answer)
    if "json" in answer.get("content-type"):
        said = answer.json()
        reference, word = said["reference"], said.get("outcome", said["error"])
    else:
        reference, word = re.search(r"<code>(\w+)</code> <code>(\w+)</code>", answer.text).groups()
    assert word == outcome
    assert [one["outcome"] for one in logged(parts, reference)] == [outcome]
    assert grown("requests_total", outcome=outcome) == 1
