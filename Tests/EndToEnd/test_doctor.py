"""postern doctor: the config against the world, right and wrong. No daemon is started: what it asks, it asks by itself."""

import http.server
import json
import os
import socket
import threading
import time

import lying_provider
import postern
import pytest
from conftest import KEYS, PASSWORD, SECRET, s3_origin, sign_in_hosts
from faulty_bucket import FaultyBucket, keys
from lying_provider import Key
from parts import process

AUTH = {"public": {"client_auth": "none"}, "basic": {"client_auth": "basic", "client_secret": SECRET},
        "post": {"client_auth": "post", "client_secret": SECRET}}


class Doctor:
    """Runs it, and keeps what it printed."""

    def __init__(self, directory, folder):
        self.directory, self.folder = str(directory), folder
        self.keys = [postern.secret()]

    def config(self, providers=None, origins=None, *, hosts=("localhost:8080",), **more):
        """An open site for each origin, and one for all the providers."""
        origins = origins or {"folder": {"directory": self.folder}}
        sites = {f"site-{name}": {"hosts": [f"{name}.localhost:8080"], "origin": name, "rules": {"/**": "anyone"}}
                 for name in origins}
        if providers:
            sites["in"] = {"hosts": list(hosts), "provider": list(providers), "origin": list(origins)[0]}
        return {"listeners": {"web": {"address": "127.0.0.1:8080"}}, "session_keys": self.keys,
                "providers": providers or {}, "origins": origins, "sites": sites, **more}

    def run(self, config, *arguments, environment=None, timeout=30):
        path = os.path.join(self.directory, "postern.yaml")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
            target.write(postern.to_yaml(config))
        done = postern.run("doctor", "--config", path, *arguments, timeout=timeout,
                           environment={"STATE_DIRECTORY": self.directory, **(environment or {})})
        for secret in [*self.keys, SECRET, PASSWORD, keys()["secret_access_key"]]:
            assert secret not in done.stdout + done.stderr
        return done

    def __call__(self, config, **more):
        """What came of each check, and the sentences, by part and check."""
        self.done = self.run(config, "--format", "json", **more)
        report = json.loads(self.done.stdout)
        assert report["ok"] == (self.done.returncode == 0) and self.done.returncode in (0, 1), self.done
        found = {}
        for one in report["checks"]:
            assert one["message"] and bool(one["remedy"]) == (one["result"] != "ok"), one
            found.setdefault(one["part"].partition(".")[2] or one["part"], []).append(
                (one["check"], one["result"], one["message"] + " " + one["remedy"]))
        return {part: Found(rows) for part, rows in found.items()}


class Found(list):
    def results(self, check):
        return [result for name, result, _ in self if name == check]

    def words(self, check):
        return " ".join(words for name, _, words in self if name == check)

    def __getitem__(self, check):
        """The one result of a check."""
        (result,) = self.results(check)
        return result


@pytest.fixture
def doctor(tmp_path, folder):
    return Doctor(tmp_path, folder)


class Bucket(FaultyBucket):
    """One that lets itself be listed, or not, and whose objects may be forbidden."""

    lists, forbidden = True, ()

    def refusal(self, request):
        if refused := super().refusal(request):
            return refused
        if request.key in self.forbidden or not self.lists and request.key not in self.objects:
            return 403, "AccessDenied"
        return None


@pytest.fixture
def bucket():
    one = Bucket({"index.html": b"home", "site": b""})
    yield one
    one.stop()


def test_where_everything_is_right_it_says_so(doctor, ports, authority, weed, canaille, glewlwyd, liar, tmp_path):
    class App(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=app.serve_forever, args=(0.05,), daemon=True).start()
    providers, sites = {"liar": {"issuer": liar.issuer, "client_id": "postern"}}, {}
    for kind in KEYS:
        providers[f"canaille-{kind}"] = {"issuer": canaille.issuer, "client_id": f"postern-{kind}",
                                         "ca_file": authority.certificate, **AUTH[kind]}
        providers[f"glewlwyd-{kind}"] = {"issuer": glewlwyd.issuer, "client_id": f"postern-{kind}",
                                         "scopes": ["openid", "profile"], **AUTH[kind]}
        for name in ("canaille", "glewlwyd"):
            sites[f"{name}-{kind}"] = {"hosts": [sign_in_hosts(name, ports["tls"])[kind]], "origin": "bucket",
                                       "provider": f"{name}-{kind}"}
    sites["liar"] = {"hosts": ["liar.postern.test"], "provider": "liar", "origin": "prefixed",
                     "mounts": {"/files/": "folder"}}
    certificate, key = authority.issue("doctor", "*.postern.test", days=90)
    config = {
        "listeners": {"tls": {"address": f"127.0.0.1:{ports['tls']}", "tls": {"certificate": certificate,
                                                                             "key": "file:" + key}}},
        "session_keys": doctor.keys, "providers": providers, "sites": sites,
        "origins": {"bucket": s3_origin(weed), "prefixed": s3_origin(weed, prefix="prefixed/"),
                    "folder": {"directory": doctor.folder}, "app": {"http": f"http://127.0.0.1:{app.server_port}"}}}
    found = doctor(config)
    text = doctor.run(config)
    app.shutdown()
    app.server_close()
    wrong = [(part, row) for part, rows in found.items() for row in rows if row[1] != "ok"]
    assert not wrong and doctor.done.returncode == 0, (wrong, doctor.done.stderr)
    for name in providers:
        assert {one for one, _, _ in found[name]} == {"discovery", "clock", "keys", "callback", "client"}, name
    assert {one for one, _, _ in found["bucket"]} == {"credentials", "bucket", "clock", "object", "missing_object"}
    assert "prefixed/index.html" in found["prefixed"].words("object")
    assert [one for one, _, _ in found["folder"]] == ["directory", "object"]
    assert [one for one, _, _ in found["app"]] == ["connection"]
    assert [one for one, _, _ in found["tls"]] == ["certificate", "names"]
    assert [one for one, _, _ in found["machine"]] == ["session_keys", "state_directory", "open_files"]
    assert os.listdir(tmp_path) == ["postern.yaml"], "nothing is left behind"
    assert text.returncode == 0
    *lines, last = text.stdout.splitlines()
    assert all(line.startswith("ok       ") for line in lines) and last == f"{len(lines)} ok", text.stdout


@pytest.mark.parametrize("name", ["canaille", "glewlwyd"])
def test_what_a_real_provider_does_not_know(doctor, ports, authority, canaille, glewlwyd, name):
    issuer = {"canaille": canaille, "glewlwyd": glewlwyd}[name].issuer
    config = doctor.config(
        {"right": {"issuer": issuer, "client_id": "postern-basic", "scopes": ["openid"],
                   "ca_file": authority.certificate, "client_auth": "basic", "client_secret": "another-secret-012345"}},
        hosts=["unknown.postern.test"], trusted_proxies=["127.0.0.1"])
    found = doctor(config)["right"]
    assert found["discovery"] == found["keys"] == "ok"
    assert found["callback"] == "failed", found
    assert "https://unknown.postern.test/.auth/callback" in found.words("callback")
    assert found["client"] == "failed" and "client_secret" not in found.words("callback"), found
    assert doctor.done.returncode == 1


# A provider that does as it is told

def one_provider(doctor, provider, **more):
    return doctor(doctor.config({"liar": {"issuer": provider.issuer, "client_id": "postern", **more}}))["liar"]


def test_a_provider_that_is_not_there_or_another(doctor, provider):
    config = doctor.config({
        "gone": {"issuer": f"http://localhost:{process.free_port()}", "client_id": "a"},
        "other": {"issuer": provider.issuer + "/other", "client_id": "a"},
        "slash": {"issuer": provider.issuer + "/", "client_id": "a"}})
    found = doctor(config)
    for name in ("gone", "other", "slash"):
        assert [(check, result) for check, result, _ in found[name]] == [("discovery", "failed")], found[name]
    assert "404" in found["other"].words("discovery") and "exactly" in found["slash"].words("discovery")


def test_keys_that_no_token_is_verified_by(doctor, provider):
    provider.published = [Key(alg="ES256")]
    found = one_provider(doctor, provider)
    assert found["keys"] == "failed" and "RS256" in found.words("keys")
    provider.published = [Key(alg="ES256"), Key()]
    assert one_provider(doctor, provider)["keys"] == "ok"


@pytest.mark.parametrize("offset, result", [(0, "ok"), (45, "warning"), (-90, "failed"), (90, "failed")])
def test_a_provider_with_another_clock(doctor, provider, offset, result, monkeypatch):
    monkeypatch.setattr(lying_provider._Handler, "date_time_string", lambda _: time.strftime(
        "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset)))
    found = one_provider(doctor, provider)
    assert found["clock"] == result, found
    assert not offset or ("ahead" if offset > 0 else "behind") in found.words("clock")


@pytest.mark.parametrize("error, result, word", [
    ("login_required", "ok", "registered"), ("consent_required", "ok", "registered"),
    ("temporarily_unavailable", "warning", "registered"), ("unauthorized_client", "failed", "code flow"),
    ("invalid_scope", "failed", "scopes"), (None, "ok", "registered")])
def test_what_comes_back_to_the_callback(doctor, provider, error, result, word):
    provider.error = error
    found = one_provider(doctor, provider)
    assert found["callback"] == result and word in found.words("callback"), found
    (fields,) = [fields for path, fields, _ in provider.calls if path == "/authorize"]
    assert fields["prompt"] == "none" and fields["redirect_uri"] == "http://localhost:8080/.auth/callback"


@pytest.mark.parametrize("location, status, result", [
    ("/error?error=redirect_mismatch", 200, "failed"), ("/login?client_id=a", 200, "ok"), ("/refused", 400, "failed"),
    ("/broken", 500, "failed"), ("https://sign-in.example.com/x", 200, "ok"), ("/authorize", 200, "ok"),
    ("//evil.example.com/", 200, "ok")])
def test_where_else_a_provider_leads(doctor, provider, location, status, result):
    provider.authorize = lambda fields: location
    provider.other = lambda *_: (status, {"page": "of the provider"})
    found = one_provider(doctor, provider)
    assert found["callback"] == result, found


@pytest.mark.parametrize("client, auth, result", [
    ("postern", {}, "ok"), ("nobody", {}, "failed"), ("secretive", {}, "failed"),
    ("secretive", {"client_secret": SECRET}, "ok"), ("secretive", {"client_secret": SECRET, "client_auth": "post"}, "ok"),
    ("secretive", {"client_secret": "another-secret-012345"}, "failed")])
def test_whether_the_client_proves_itself(doctor, provider, client, auth, result):
    provider.clients["secretive"] = SECRET
    provider.clients.setdefault("nobody", "a secret that is not told")
    found = one_provider(doctor, provider, client_id=client, **auth)
    assert found["client"] == result, found
    provider.exchange = lambda *_: (503, {})
    assert one_provider(doctor, provider)["client"] == "failed"


def test_a_provider_without_sites_is_asked_for_its_keys_alone(doctor, provider):
    config = doctor.config({"liar": {"issuer": provider.issuer, "client_id": "postern"}})
    del config["sites"]["in"]
    assert [check for check, _, _ in doctor(config)["liar"]] == ["discovery", "clock", "keys"]


# Buckets

def test_buckets_of_a_real_service_with_the_wrong_name_or_secret(doctor, weed):
    found = doctor(doctor.config(origins={
        "secret": s3_origin(weed, secret_access_key="not-the-secret-of-this-key-0123456789"),
        "id": s3_origin(weed, access_key_id="AKIDOFNOBODY"),
        "name": s3_origin(weed, bucket="another-bucket"),
        "gone": s3_origin(weed, endpoint=f"http://127.0.0.1:{process.free_port()}"),
        "empty": s3_origin(weed, prefix="nothing/here/")}))
    assert found["secret"]["object"] == "failed" and "secret access key" in found["secret"].words("object")
    assert found["id"]["object"] == "failed" and "access key id" in found["id"].words("object")
    assert found["name"].results("bucket") != ["ok"], found["name"]
    assert found["gone"].results("bucket") == ["failed"] and not found["gone"].results("object")
    assert found["empty"]["object"] == "warning" and found["empty"]["missing_object"] == "ok"


@pytest.mark.parametrize("lists, forbidden, results", [
    (True, [], ["ok", "ok", "ok"]), (True, ["index.html"], ["ok", "failed", "ok"]),
    (False, ["site"], ["warning", "ok", "warning"]), (False, ["site", "index.html"], ["warning", "failed", "warning"])])
def test_the_rights_that_a_bucket_gives(doctor, bucket, lists, forbidden, results):
    bucket.lists, bucket.forbidden = lists, forbidden
    found = doctor(doctor.config(origins={"bucket": bucket.origin()}))["bucket"]
    assert [found[check] for check in ("bucket", "object", "missing_object")] == results, found
    assert results[1] == "ok" or "s3:GetObject" in found.words("object")
    assert all(one.method in ("GET", "HEAD") for one in bucket.requests)


@pytest.mark.parametrize("offset, result", [(0, "ok"), (200, "warning"), (-3600, "failed")])
def test_a_bucket_with_another_clock(doctor, bucket, offset, result):
    bucket.offset = offset
    found = doctor(doctor.config(origins={"bucket": bucket.origin()}))["bucket"]
    assert found["clock"] == result, found
    assert found["object"] == "ok", "serve signs by the bucket's clock, and so does this"


def test_a_bucket_in_another_region(doctor, bucket):
    bucket.always["site"] = lambda answer: answer.error(301, "PermanentRedirect", x_amz_bucket_region="eu-west-3")
    found = doctor(doctor.config(origins={"bucket": bucket.origin()}))["bucket"]
    assert found["bucket"] == "failed" and "eu-west-3" in found.words("bucket")


def test_credentials_are_found_as_serve_finds_them(doctor, bucket, tmp_path):
    origin = bucket.origin()
    for key in keys():
        del origin["s3"][key]
    config = doctor.config(origins={"bucket": origin})
    environment = {f"AWS_{key.upper()}": value for key, value in keys().items()}
    found = doctor(config, environment=environment)["bucket"]
    assert found["credentials"] == found["object"] == "ok" and "environment" in found.words("credentials")
    origin["s3"]["credentials"] = "web_identity"
    found = doctor(config)["bucket"]
    assert found["credentials"] == "failed" and not found.results("bucket"), found


# Directories, apps, listeners, the machine

def test_what_is_not_there_is_told(doctor, tmp_path, authority):
    (tmp_path / "empty").mkdir()
    old = authority.issue("soon", "docs.example.com", days=3)
    config = doctor.config(
        origins={"empty": {"directory": str(tmp_path / "empty")},
                 "app": {"http": f"http://127.0.0.1:{process.free_port()}"}}, state_directory="/proc/postern")
    config["listeners"]["tls"] = {"address": "127.0.0.1:8443", "tls": {"certificate": old[0], "key": "file:" + old[1]}}
    config["sites"]["other"] = {"hosts": ["other.example.com"], "origin": "empty", "rules": {"/**": "anyone"}}
    found = doctor(config)
    assert found["empty"]["directory"] == "ok" and found["empty"]["object"] == "warning"
    assert found["app"]["connection"] == "failed"
    assert found["tls"]["certificate"] == "warning" and found["tls"]["names"] == "warning"
    assert "other.example.com" in found["tls"].words("names")
    assert found["machine"]["state_directory"] == "failed" and "/proc/postern" in found["machine"].words("state_directory")


def test_who_never_answers_is_waited_for_only_so_long(doctor):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config = doctor.config(
            {"silent": {"issuer": f"http://localhost:{port}", "client_id": "a"}},
            {"app": {"http": f"http://127.0.0.1:{port}"}},
            limits={"provider_timeout": "500ms", "origin_first_byte_timeout": "500ms"})
        began = time.monotonic()
        found = doctor(config)
        assert time.monotonic() - began < 10
    assert found["silent"]["discovery"] == "failed" and "in time" in found["silent"].words("discovery")
    assert found["app"]["connection"] == "failed"


def test_a_config_that_does_not_hold_is_78_and_nobody_is_asked(doctor, provider):
    config = doctor.config({"liar": {"issuer": provider.issuer, "client_id": "postern"}}, wrokers=1)
    done = doctor.run(config)
    assert done.returncode == 78 and "workers" in done.stderr and not done.stdout
    assert not provider.calls
