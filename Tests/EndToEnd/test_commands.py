"""The command line, for people and for programs."""

import base64
import json
import os
import urllib.request

import fastjsonschema
import postern
import pytest
import yaml
from parts import process

GOOD = {
    "listeners": {"public": {"address": "127.0.0.1:8443"}},
    "session_keys": ["file:session.key"],
    "providers": {"corp": {"issuer": "https://id.example.com", "client_id": "postern"}},
    "origins": {"folder": {"directory": "/srv"}},
    "sites": {"docs": {"hosts": ["localhost:8443"], "provider": "corp", "origin": "folder"}},
}


@pytest.fixture
def check(tmp_path):
    def run(text, *arguments, name="postern.yaml", environment=None):
        (tmp_path / "session.key").write_text(postern.secret() + "\n")
        path = tmp_path / name
        path.write_text(text if isinstance(text, str) else postern.to_yaml(text))
        os.chmod(path, 0o600)
        return postern.run("check", "--config", path, *arguments, cwd=tmp_path, environment=environment)

    return run


def test_secret_prints_a_fresh_key_every_time():
    keys = {postern.run("secret").stdout for _ in range(5)}
    assert len(keys) == 5
    for one in keys:
        assert one.endswith("\n") and one.count("\n") == 1
        text = one.strip()
        decoded = bytes.fromhex(text) if len(text) == 64 else base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        assert len(decoded) >= 32


def test_version_names_what_is_linked_in():
    done = postern.run("version")
    assert done.returncode == 0
    for name in ("postern", "swift", "openssl", "nghttp2", "zlib"):
        assert name in done.stdout.lower(), done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["check", "--help"], ["secret", "--help"],
                                       ["version", "--help"], ["explain", "--help"], ["doctor", "--help"]])
def test_help_works_everywhere(arguments):
    done = postern.run(*arguments)
    assert done.returncode == 0 and "usage" in done.stdout.lower()


@pytest.mark.parametrize("arguments", [["--no-such-flag"], ["serve", "--no-such-flag"], ["no-such-command"],
                                       ["check", "--format", "xml"], ["secret", "more"], ["serve", "--config"],
                                       ["explain"], ["explain", "--format", "xml", "/"],
                                       ["doctor", "--format", "xml"], ["doctor", "more"]])
def test_wrong_usage_is_2_and_goes_to_stderr(arguments):
    done = postern.run(*arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stderr and not done.stdout


def test_a_good_config_is_0(check):
    done = check(GOOD)
    assert done.returncode == 0, done.stderr
    done = check(GOOD, "--format", "json")
    assert done.returncode == 0 and json.loads(done.stdout) is not None


def test_a_good_ini_file_is_0(check):
    done = check(postern.ini(GOOD), name="postern.ini")
    assert done.returncode == 0, done.stderr


FAULTS = """\
listeners:
  public:
    adress: 127.0.0.1:8443
admin:
  address: nonsense
workers: many
session_keys: [file:no-such-file]
providers:
  corp:
    issuer: ftp://id.example.com
    client_id: postern
    client_auth: carrier-pigeon
origins:
  folder:
    directory: relative/path
sites:
  docs:
    hosts: [localhost:8443]
    provider: crop
    origin: missing
    session:
      idle: soon
    rules:
      /admin/**: grups:admins
"""
FAULTY_LINES = {3: "adress", 5: "address", 6: "workers", 10: "issuer", 12: "client_auth", 15: "directory",
                19: "provider", 20: "origin", 22: "idle", 24: "/admin/**"}


def test_every_fault_is_reported_at_once_as_text(check):
    done = check(FAULTS)
    assert done.returncode == 78
    for line, key in FAULTY_LINES.items():
        assert any(f"postern.yaml:{line}:" in one and key in one for one in done.stderr.splitlines()), (
            f"line {line}, {key}:\n{done.stderr}")
    assert "address" in next(one for one in done.stderr.splitlines() if "adress" in one), "the nearest known key"
    assert "corp" in next(one for one in done.stderr.splitlines() if "crop" in one)
    assert "no-such-file" in done.stderr


def find_faults(content):
    """The list of faults, wherever the report keeps it."""
    if isinstance(content, list):
        return content
    return next(value for value in content.values() if isinstance(value, list))


def test_every_fault_is_reported_at_once_as_json(check):
    done = check(FAULTS, "--format", "json")
    assert done.returncode == 78
    faults = find_faults(json.loads(done.stdout))
    assert set(FAULTY_LINES) <= {one.get("line") for one in faults}, done.stdout
    assert all(one.get("key") and one.get("message") and one.get("file") for one in faults)


def test_faults_of_an_ini_file_have_their_lines_too(check):
    done = check("[listeners.public]\nadress = 127.0.0.1:80\n\n[sites.docs]\nhosts = a\nprovider = x\norigin = y\n",
                 name="postern.ini")
    assert done.returncode == 78
    assert "postern.ini:2:" in done.stderr and "postern.ini:6:" in done.stderr


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: b: c", "sites: {", "\t- x", "a: 1\na: 2\n", "\x00\x01"])
def test_what_is_no_config_is_78_and_never_a_crash(check, text):
    done = check(text)
    assert done.returncode == 78 and done.stderr


TWENTY = """\
include: [more.ini, ./more.ini]
listenrs: {}
workers: many
trusted_proxies: [nowhere]
admin:
  address: 127.0.0.1
  port: 9180
log:
  level: loud
  format: xml
  access: file
limits:
  request_line: 8 kilobytes
  connection: 5
providers:
  corp:
    issuer: http://id.example.com
    client_auth: magic
origins:
  docs:
    s3:
      region: eu central
      endpoint: s3.example.com
      addressing: virtul
sites:
  docs:
    hosts: [docs.example.com/x]
    orgin: docs
    session:
      idle: soon
    rules:
      admin: nobody
"""


def test_twenty_faults_of_files_and_variables_are_found_in_one_run(check, tmp_path):
    (tmp_path / "more.ini").write_text("workers = 2\n[sites.docs.session]\nlifetime = later\n")
    environment = {"POSTERN_LIMITS__IDLE_TIMEOUT": "soon", "POSTERN_SITES__DOCS__PROVIDR": "corp"}
    expected = {("postern.yaml", line) for line in (1, 2, 3, 4, 6, 7, 9, 10, 11, 13, 14, 17, 18, 22, 23, 24, 27, 28,
                                                   30, 32)}
    expected |= {("more.ini", 1), ("more.ini", 3)} | {("$" + name, None) for name in environment}
    done = check(TWENTY, "--format", "json", environment=environment)
    found = {(os.path.basename(one["file"]), one["line"]) for one in json.loads(done.stdout)["faults"]}
    assert done.returncode == 78 and expected <= found, expected - found
    done = check(TWENTY, environment=environment)
    lines = done.stderr.splitlines()
    for file, line in expected:
        start = f"{file}:{line}: " if line else f"{file}: "
        assert any(one.startswith(start) or f"/{start}" in one for one in lines), (start, done.stderr)
    assert "more.ini:1: workers: the key stands here again, after" in done.stderr
    assert "Did you mean 'PROVIDER'?" in done.stderr


def test_serve_goes_by_included_files_and_variables(tmp_path):
    """What a container does: a mounted config, and what differs from place to place in variables."""
    (tmp_path / "session.key").write_text(postern.secret() + "\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("hello")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "docs.yaml").write_text(
        "sites: {docs: {hosts: [localhost], origin: folder, rules: {/**: anyone}}}\n"
        f"origins: {{folder: {{directory: {tmp_path}/site}}}}\n")
    port = process.free_port()
    config = {"include": ["conf.d/*.yaml"], "session_keys": ["file:session.key"]}
    environment = {"POSTERN_LISTENERS__WEB__ADDRESS": f"127.0.0.1:{port}", "POSTERN_LOG_LEVEL": "warning",
                   "POSTERN_SITES__DOCS__HOSTS": f"localhost:{port}"}
    with postern.Postern(tmp_path, config, environment=environment, ready="/healthz"):
        with urllib.request.urlopen(f"http://localhost:{port}/", timeout=5) as answer:
            assert answer.read() == b"hello"


def schema():
    with open(os.path.join(postern.ROOT, "docs", "postern.schema.json"), encoding="utf-8") as source:
        return json.load(source)


def test_the_schema_lets_the_repository_s_config_through():
    with open(os.path.join(postern.ROOT, "config", "postern.yaml"), encoding="utf-8") as source:
        fastjsonschema.compile(schema())(yaml.safe_load(source))


def test_the_schema_lets_every_default_and_example_through():
    def walk(node):
        if "examples" in node:
            validate = fastjsonschema.compile(node)
            for value in node["examples"] + ([node["default"]] if "default" in node else []):
                validate(value)
                yield value
        for inner in node.get("properties", {}).values():
            yield from walk(inner)
        if isinstance(node.get("additionalProperties"), dict):
            yield from walk(node["additionalProperties"])

    assert len(list(walk(schema()))) > 200


@pytest.mark.parametrize("change", [
    {"wrokers": 1}, {"workers": 0}, {"workers": "many"}, {"log": {"level": "loud"}}, {"limits": {"idle_timeout": "60"}},
    {"limits": {"request_line": "8 KB"}}, {"listeners": {"a b": {"address": "127.0.0.1:1"}}}, {"listeners": {"a": {}}},
    {"sites": {"docs": {**GOOD["sites"]["docs"], "hsts": True}}}, {"origins": []}, {"log": {"level": ["info"]}},
    {"sites": {"docs": {**GOOD["sites"]["docs"], "rules": {"/**": {"groups": "a"}}}}}, {"session_keys": {"a": "b"}},
])
def test_what_the_schema_refuses_does_not_hold(check, change):
    validate = fastjsonschema.compile(schema())
    validate(GOOD)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        validate({**GOOD, **change})
    assert check({**GOOD, **change}).returncode == 78


def test_a_missing_file_is_a_fault(tmp_path):
    for command in ("check", "serve"):
        done = postern.run(command, "--config", tmp_path / "missing.yaml")
        assert done.returncode in (1, 78) and "missing.yaml" in done.stderr


def test_serve_refuses_a_faulty_config_in_the_same_words(check, tmp_path):
    checked = check(FAULTS)
    served = postern.run("serve", "--config", tmp_path / "postern.yaml", cwd=tmp_path)
    assert served.returncode == 78
    assert set(checked.stderr.splitlines()) & set(served.stderr.splitlines())


def test_a_site_over_plain_http_on_a_public_host_is_a_fault(check):
    config = {**GOOD, "sites": {"docs": {**GOOD["sites"]["docs"], "hosts": ["docs.example.com"]}}}
    done = check(config)
    assert done.returncode == 78 and "docs" in done.stderr


def test_secrets_by_environment_and_credential(check, tmp_path):
    (tmp_path / "corp").write_text("a-secret-for-the-client\n")
    for reference in ("env:CLIENT", "credential:corp"):
        provider = {**GOOD["providers"]["corp"], "client_auth": "basic", "client_secret": reference}
        environment = {"CLIENT": "a-secret-for-the-client", "CREDENTIALS_DIRECTORY": str(tmp_path)}
        done = check({**GOOD, "providers": {"corp": provider}}, environment=environment)
        assert done.returncode == 0, done.stderr
        assert check({**GOOD, "providers": {"corp": provider}}).returncode == 78
        assert "a-secret-for-the-client" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["postern.yaml", "postern.ini", "demo.yaml.in"])
def test_the_configs_of_the_repository_hold_together(check, tmp_path, name):
    """The samples name files that are not here: those faults, and no others."""
    with open(os.path.join(postern.ROOT, "config", name), encoding="utf-8") as source:
        text = source.read()
    if name == "demo.yaml.in":
        values = {"PORT": "8080", "ADMIN_PORT": "9180", "STATE": str(tmp_path), "ISSUER": "http://localhost:8081",
                  "BUCKET": "observatory", "S3_ENDPOINT": "http://127.0.0.1:8333", "HOSTS": '"localhost:8080"',
                  "IPV6": '  ipv6:\n    address: "[::1]:8080"'}
        for one, value in values.items():
            text = text.replace(f"@{one}@", value)
        for one in ("client.secret", "s3.id", "s3.secret"):
            (tmp_path / one).write_text("some-text-or-other\n")
        done = check(text)
        assert done.returncode == 0, done.stderr
        return
    done = check(text, "--format", "json", name=name)
    faults = [] if done.returncode == 0 else find_faults(json.loads(done.stdout))
    others = [one for one in faults if one.get("severity") != "warning"
              and not any(sign in one["message"] for sign in ("/etc/", "/srv/", "No such file", "environment",
                                                              "credential", "CREDENTIALS_DIRECTORY"))]
    assert not others, others


RULES = {**GOOD, "sites": {"docs": {
    **GOOD["sites"]["docs"], "content": {"fallback": "/app.html"},
    "rules": {"/public/**": "anyone", "/old/**": "nobody", "/admin/**": "groups:admins and email:*@example.com",
              "/vault/**": "max_age:5m"}}}}
ALICE = {"iss": "https://id.example.com", "sub": "1", "email": "alice@example.com", "email_verified": True,
         "groups": ["staff", "admins"], "auth_time": 1}
URL = "http://localhost:8443"


@pytest.fixture
def explain(tmp_path):
    def run(url, *arguments, claims=None, config=RULES):
        (tmp_path / "session.key").write_text(postern.secret() + "\n")
        (tmp_path / "postern.yaml").write_text(postern.to_yaml(config))
        if claims is not None:
            (tmp_path / "claims.json").write_text(claims if isinstance(claims, str) else json.dumps(claims))
            arguments = (*arguments, "--claims", "claims.json")
        return postern.run("explain", "--config", "postern.yaml", *arguments, url, cwd=tmp_path)

    return run


@pytest.mark.parametrize("path, claims, expected", [
    ("/public/x", None, {"rule": "/public/**", "requires": "anyone", "let_in": True}),
    ("/x", None, {"requires": "signed-in", "let_in": False}),
    ("/x", ALICE, {"requires": "signed-in", "let_in": True, "who": "alice@example.com, groups staff, admins"}),
    ("/admin/x?y=1#z", ALICE, {"path": "/admin/x", "rule": "/admin/**", "let_in": True}),
    ("/admin/x", {**ALICE, "groups": ["staff"]}, {"let_in": False, "status": 403}),
    ("/admin/x", {**ALICE, "email": "alice@example.org"}, {"let_in": False, "status": 403}),
    ("/vault/x", ALICE, {"let_in": False}),
    ("/old/x", ALICE, {"let_in": False, "status": 403}),
    ("/a/../b", ALICE, {"status": 400}),
])
def test_explain_says_who_is_let_in(explain, path, claims, expected):
    done = explain(URL + path, "--format", "json", claims=claims)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {name: answer.get(name) for name in expected} == expected
    assert answer["site"] == "docs" and answer["host"] == "localhost:8443"
    if answer.get("status"):
        assert answer["looks_up"] == []


def test_explain_says_what_is_looked_up(explain):
    done = explain("/guide", claims=ALICE)
    names = ["/srv/guide ", "/srv/guide/index.html ", "/srv/app.html ", "/srv/404.html "]
    assert done.returncode == 0 and [done.stdout.count(name) for name in names] == [1] * 4, done.stdout
    assert [done.stdout.index(name) for name in names] == sorted(done.stdout.index(name) for name in names)


def test_explain_says_why_each_part_of_a_rule_is_met_or_not(explain):
    done = explain("/admin/x", claims={**ALICE, "groups": []})
    assert "groups:admins: not met" in done.stdout and "email:*@example.com: met" in done.stdout, done.stdout


def test_explain_knows_methods_and_postern_s_own_pages(explain):
    assert json.loads(explain("/x", "--format", "json", "--method", "POST").stdout)["status"] == 405
    assert "page of Postern's own: callback" in explain("/.auth/callback").stdout


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "nonsense", "", "ftp://localhost:8443/", "http://[::1/"])
def test_explain_of_what_is_no_url_of_a_site_is_1(explain, url):
    done = explain(url)
    assert done.returncode == 1 and done.stderr and not done.stdout


@pytest.mark.parametrize("claims", ["", "[]", "nonsense", '{"a": 1, "a": 2}', "1" * 300_000])
def test_explain_of_what_are_no_claims_is_1(explain, claims):
    done = explain("/x", claims=claims)
    assert done.returncode == 1 and "claims.json" in done.stderr


def test_explain_by_a_config_that_does_not_hold_is_78(explain):
    done = explain("/x", config={**RULES, "session_keys": []})
    assert done.returncode == 78 and done.stderr and not done.stdout
