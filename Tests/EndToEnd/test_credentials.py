"""Where the credentials of a bucket come from: every source through the release binary, what happens as they end, and
while they cannot be renewed."""

import json
import os
import socket
import time
import urllib.error
import urllib.request

import postern
import pytest
import web
from credential_services import CredentialServices
from parts import process


@pytest.fixture
def services():
    one = CredentialServices()
    web.note(one.token)
    yield one
    for issued in one.issued:
        for secret in issued[1:]:
            web.note(secret)
    one.stop()


class Daemon(postern.Postern):
    def __init__(self, directory, services, environment, ready="/readyz", **s3):
        self.port = process.free_port()
        s3 = {"bucket": "bucket", "region": "eu-west-1", "endpoint": services.url, "addressing": "path", **s3}
        super().__init__(directory, {
            "listeners": {"plain": {"address": f"127.0.0.1:{self.port}"}}, "origins": {"bucket": {"s3": s3}},
            "sites": {"docs": {"hosts": [f"localhost:{self.port}"], "origin": "bucket", "rules": {"/**": "anyone"}}}},
            environment=environment, ready=ready)

    def get(self, method="GET"):
        return web.request(self.port, "/hello.txt", host=f"localhost:{self.port}", method=method).status

    def readyz(self):
        """The status, and what is said of the origin."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=5) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        return status, json.loads(body)["origins"]["bucket"]

    def metric(self, name, more=""):
        wanted = f'postern_{name}{{origin="bucket"{more}}} '
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=5) as answer:
            return next((int(line[len(wanted):]) for line in answer.read().decode().splitlines()
                         if line.startswith(wanted)), 0)

    def event(self, message):
        """The first event of that message, or None. What the config's reader says comes before any event."""
        lines = [line for line in self.process.log_text().splitlines() if line.startswith("{")]
        return next((one for one in map(json.loads, lines) if one.get("message") == message), None)

    def loads(self, result):
        return self.metric("credential_loads_total", f',result="{result}"')


@pytest.fixture
def daemon(build, services, request):
    started = []

    def start(environment, **more):
        name = "".join(one if one.isalnum() else "-" for one in request.node.name)[:60]
        started.append(Daemon(os.path.join(build, "credentials", name), services, environment, **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def until(condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.1)


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "secret-of-the-environment"}
FILE = """[default]
aws_access_key_id = AKIAFILE
aws_secret_access_key = secret-of-the-shared-file

[role]
role_arn = arn:aws:iam::123456789012:role/docs
source_profile = default
"""


@pytest.fixture
def sources(tmp_path, services):
    """An environment for each source."""
    token = tmp_path / "token"
    token.write_text(services.token + "\n")
    shared = tmp_path / "shared"
    shared.write_text(FILE)
    web.note("secret-of-the-environment")
    web.note("secret-of-the-shared-file")
    return {
        "environment": KEYS, "profile": {"AWS_SHARED_CREDENTIALS_FILE": str(shared)},
        "web_identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ENDPOINT_URL_STS": services.url,
                         "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/docs"},
        "container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": services.url + "/role",
                      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)},
        "instance": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": services.url},
    }


def test_each_source_gives_what_requests_are_signed_with(sources, services, daemon):
    for name, environment in sources.items():
        one = daemon(environment)
        assert one.get() == 200, name
        key, token = services.signed[-1]
        if name in ("environment", "profile"):
            assert (key, token) == ({"environment": "AKIAENV", "profile": "AKIAFILE"}[name], None)
            assert one.metric("credentials_expire_timestamp_seconds") == 0
        else:
            assert (key, token) == services.issued[-1][::2], name
            assert 3500 < one.metric("credentials_expire_timestamp_seconds") - time.time() < 3700
        assert (one.loads("ok"), one.metric("credentials_valid"), one.readyz()) == (1, 1, (200, "ready"))
        event = one.event("credentials are loaded")
        assert (event["source"], event["origins"]) == (name, "bucket")
        one.stop()


def test_the_order_is_that_of_the_sdks_and_one_can_be_named(sources, services, daemon):
    everything = {name: value for environment in sources.values() for name, value in environment.items()}
    for name in sources:
        one = daemon(everything, credentials=name)
        assert one.get() == 200
        event = one.event("credentials are loaded")
        assert event["source"] == name
        one.stop()
    one = daemon(everything)
    assert one.get() == 200 and services.signed[-1][0] == "AKIAENV"


def test_a_profile_may_name_a_role(sources, services, daemon):
    one = daemon({**sources["profile"], **KEYS}, profile="role", sts_endpoint=services.url)
    assert one.get() == 200
    assert services.signed[-1] == services.issued[-1][::2]


def test_new_ones_are_there_before_the_first_end(sources, services, daemon):
    """Half of their life passes."""
    services.life = 6
    one = daemon(sources["container"])
    first = services.issued[-1]
    assert one.get() == 200 and services.signed[-1] == first[::2]
    until(lambda: len(services.issued) > 2)
    until(lambda: one.get() == 200 and services.signed[-1][0] != first[0])
    assert one.readyz() == (200, "ready") and one.loads("failed") == 0


def test_what_the_bucket_does_not_take_any_more_is_loaded_anew_at_once(sources, services, daemon):
    one = daemon(sources["container"])
    assert one.get() == 200
    first = services.issued.pop()
    assert one.get() == 502, "the request itself has failed, and says so"
    until(lambda: one.get() == 200, seconds=5)
    assert services.signed[-1][0] != first[0] and len(services.issued) == 1
    services.issued.clear()
    for _ in range(20):
        one.get()
    assert services.issued == [], "and not again within ten seconds"
    web.note(first[1])
    web.note(first[2])


def test_while_they_cannot_be_renewed_the_last_ones_serve_until_they_end(sources, services, daemon):
    services.life = 5
    one = daemon(sources["container"])
    assert one.get() == 200
    services.fail = True
    until(lambda: one.loads("failed") > 0)
    assert one.get() == 200 and one.readyz() == (200, "degraded") and one.metric("credentials_valid") == 1
    until(lambda: one.metric("credentials_valid") == 0)
    for method in ("GET", "HEAD"):
        assert one.get(method) == 503, "never a 404"
    assert one.readyz() == (503, "degraded")
    assert one.event("credentials could not be renewed, and the last ones serve on")["level"] == "warning"
    until(lambda: one.event("there are no credentials, and requests are answered with 503"))
    services.fail, services.life = False, 3600
    until(lambda: one.get() == 200, seconds=40)
    assert one.readyz() == (200, "ready")


def test_without_credentials_it_serves_and_says_so(services, daemon):
    one = daemon({"AWS_EC2_METADATA_DISABLED": "true"}, ready="/healthz")
    until(lambda: one.get() == 503)
    assert one.readyz() == (503, "degraded") and one.get("HEAD") == 503
    event = one.event("there are no credentials, and requests are answered with 503")
    assert (event["level"], event["reason"]) == ("error", "no source has any")
    assert services.signed == []


def test_a_metadata_service_that_never_answers_holds_nothing_up(services, daemon):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        one = daemon({"AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint}, ready="/healthz")
        assert one.get() == 503
        until(lambda: one.event("serving"))
        assert time.monotonic() - begun < 6
        assert "hop limit" in one.event("there are no credentials, and requests are answered with 503")["reason"]
