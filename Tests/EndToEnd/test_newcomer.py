"""A newcomer's ways to a signed-in page, step by step as the documents have them: their own commands and configs are
run, with a host, a provider and a bucket put in as a reader would put in theirs."""

import os
import re
import shutil
import subprocess
import sys
import textwrap

import postern
import pytest
from chromium import Chromium, at_canaille
from conftest import PASSWORD, SECRET
from parts import canaille, containers, process

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+) *\n(?P<text>.*?)^(?P=indent)``` *$", re.MULTILINE | re.DOTALL)
NAMES = ("readme", "quick", "container")


@pytest.fixture(scope="module")
def ports():
    """Of each way: the site's, and the admin listener's."""
    return {name: process.free_ports(2) for name in NAMES}


def base(name, ports):
    if name == "quick":
        return f"http://localhost:{ports[name][0]}"
    return f"https://{name}.postern.test:{ports[name][0]}"


@pytest.fixture(scope="module")
def provider(build, ports):
    """Registered with it: the addresses that the documents name."""
    bases = [base(name, ports) for name in NAMES]
    one = canaille.Canaille(
        os.path.join(build, "canaille-newcomer"), python=sys.executable,
        users=[canaille.person("alice", PASSWORD, "Alice Aster")], groups={"admins": ["alice"]},
        clients=[canaille.client(
            "postern", [f"{one}/.auth/callback" for one in bases], name="Postern", method="client_secret_basic",
            secret=SECRET, after_logout=[f"{one}/.auth/signed-out" for one in bases])])
    yield one
    one.stop()


class Walk:
    """A document's blocks, run one after the other in a directory that stands for the reader's machine."""

    def __init__(self, directory, edits, environment):
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(os.path.join(directory, "usr/local/bin"))
        os.makedirs(os.path.join(directory, "srv"))
        self.directory, self.edits, self.daemon = directory, edits, None
        self.environment = process.clean_environment(
            directory, STATE_DIRECTORY=os.path.join(directory, "state"), **environment)
        self.environment["PATH"] = os.path.join(directory, "usr/local/bin") + ":" + self.environment["PATH"]

    def edited(self, text):
        """The text with what a reader replaces replaced."""
        for old, new in self.edits.items():
            text = text.replace(old, new)
        return re.sub(r"(?<![\w./])/(etc/postern|srv|usr/local/bin)\b", lambda found: self.directory + found[0], text)

    def go(self, page, heading, ready):
        """Runs what stands below the heading, up to the next of its rank."""
        with open(os.path.join(postern.ROOT, page), encoding="utf-8") as source:
            content = source.read()
        rank = re.match("#+", heading)[0]
        section = content[content.index(f"\n{heading}\n"):]
        section = re.split(rf"^{rank} ", section[len(heading) + 2:], maxsplit=1, flags=re.MULTILINE)[0]
        for old in self.edits:
            assert old in section or old in content, f"{page} does not say {old} any more"
        before = 0
        for block in FENCE.finditer(section):
            text = self.edited(textwrap.dedent(block["text"]))
            if block["language"] == "yaml":
                named = re.findall(r"`(/[\w./-]+\.yaml)`", section[before:block.start()])
                if named:  # what comes after the walk is for another day
                    with open(self.edited(named[-1]), "w", encoding="utf-8") as target:
                        target.write(text)
            elif block["language"] == "sh":
                self.commands(text, ready)
            before = block.end()
        assert self.daemon, f"{page} starts nothing"

    def commands(self, text, ready):
        lines = text.splitlines()
        serve = next((line for line in lines if line.startswith("postern serve")), None)
        done = subprocess.run(["sh", "-eu", "-c", "\n".join(line for line in lines if line != serve)], cwd=self.directory,
                              env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        assert "warning" not in done.stderr, done.stderr
        if serve:
            self.daemon = process.Process(
                "postern", serve.split(), log=os.path.join(self.directory, "postern-walk.log"),
                environment=self.environment, directory=self.directory, ready=process.answers(ready), timeout=20)


@pytest.fixture
def walk(build, request):
    started = []

    def start(edits, **environment):
        one = Walk(os.path.join(build, "newcomer", request.node.name), edits, environment)
        started.append(one)
        return one

    yield start
    for one in started:
        if one.daemon:
            assert one.daemon.stop() == 0


def sign_in(build, name, url, authority, title):
    """In a browser that has never been here."""
    browser = Chromium(os.path.join(build, "chromium", "newcomer-" + name), authority and authority.certificate,
                       os.path.join(build, "pictures", "newcomer-" + name))
    try:
        browser.open(url + "/")
        at_canaille(browser, "alice", PASSWORD, url)
        browser.until(lambda: browser.driver.title == title)
        browser.picture("signed-in")
    finally:
        browser.close()


def test_the_readme_leads_to_a_signed_in_page(build, ports, provider, weed, authority, walk):
    port, admin = ports["readme"]
    here = walk({
        "make build": "true", ".build/release/postern": postern.BINARY,  # which is how `make test` has built it
        "THE CLIENT SECRET": SECRET, "https://id.example.com": provider.issuer,
        "0.0.0.0:443": f"127.0.0.1:{port}", "127.0.0.1:9180": f"127.0.0.1:{admin}",
        "hosts: [docs.example.com]": f"hosts: [readme.postern.test:{port}]",
        "bucket: docs-private": f"bucket: {weed.bucket}", "https://s3.eu-central-1.amazonaws.com": weed.endpoint,
    }, AWS_ACCESS_KEY_ID=weed.access_key, AWS_SECRET_ACCESS_KEY=weed.secret_key)
    certificate, key = authority.issue("newcomer", "readme.postern.test")
    shutil.copy(certificate, os.path.join(here.directory, "fullchain.pem"))
    shutil.copy(key, os.path.join(here.directory, "privkey.pem"))
    here.go("README.md", "## Five minutes to your own bucket", f"http://127.0.0.1:{admin}/readyz")
    assert os.stat(os.path.join(here.directory, "etc/postern/session.key")).st_mode & 0o077 == 0
    sign_in(build, "readme", base("readme", ports), authority, "home")


def test_the_quick_start_leads_to_a_signed_in_page(build, ports, provider, walk):
    port, admin = ports["quick"]
    here = walk({"THE CLIENT SECRET": SECRET, "https://id.example.com": provider.issuer,
                 "127.0.0.1:8080": f"127.0.0.1:{port}", "localhost:8080": f"localhost:{port}",
                 "127.0.0.1:9180": f"127.0.0.1:{admin}"})
    shutil.copy(postern.BINARY, os.path.join(here.directory, "usr/local/bin/postern"))
    here.go("docs/quick-start.md", "## On your machine", f"http://127.0.0.1:{admin}/readyz")
    sign_in(build, "quick", base("quick", ports), None, "Handbook")


@pytest.fixture(scope="module")
def machine():
    if not containers.is_possible():
        pytest.skip("this machine lets no containers be made")
    one = containers.Containers(os.path.join(postern.ROOT, ".build", "containers"))
    yield one
    one.stop()


IMAGE = "localhost/postern:test"


@pytest.fixture(scope="module")
def image(machine, tmp_path_factory):
    """The Dockerfile's image, of the release binary alone: others need more libraries. Its first stage, which builds the
    program, would take as long as everything else: in its place stands the program that the same script has built here."""
    if "POSTERN_BINARY" in os.environ:
        pytest.skip("the image is made of the release binary")
    context = tmp_path_factory.mktemp("context")
    with open(os.path.join(postern.ROOT, "Dockerfile"), encoding="utf-8") as source:
        content = source.read()
    first, second = [found.start() for found in re.finditer("^FROM ", content, re.MULTILINE)][:2]
    assert "AS build" in content[first:second] and "RUN scripts/build" in content[first:second]
    (context / "Dockerfile").write_text(content[:first] + "FROM scratch AS build\nCOPY out /out\n\n" + content[second:])
    (context / "out").mkdir()
    subprocess.run(["strip", "-o", context / "out" / "postern", postern.BINARY], check=True)
    (context / "scripts").mkdir()
    shutil.copy(os.path.join(postern.ROOT, "scripts", "image-root"), context / "scripts")
    machine.build(str(context), IMAGE)
    return IMAGE


def test_the_image_is_small_and_has_what_it_needs_alone(machine, image):
    size = machine.compressed_size(image)
    assert size < 60 << 20, f"{size >> 20} MiB"
    about = machine.inspect(image)
    assert about("{{.Config.User}}") == "10001:10001"
    assert about("{{.Config.Entrypoint}}") == "[/usr/bin/postern]"
    assert about("{{.HealthCheck.Test}}") == "[CMD /usr/bin/postern health]"
    with open(os.path.join(postern.ROOT, ".dockerignore"), encoding="utf-8") as source:
        assert {".git", ".build", ".venv", ".demo"} <= set(source.read().split())


def test_what_the_image_is_built_of_is_copied():
    """Each target's directory must be there for the package to be read at all."""
    with open(os.path.join(postern.ROOT, "Dockerfile"), encoding="utf-8") as source:
        copied = [name for line in re.findall(r"^COPY (?!--)(.*) \S+$", source.read(), re.MULTILINE) for name in line.split()]
    with open(os.path.join(postern.ROOT, "Package.swift"), encoding="utf-8") as source:
        paths = re.findall(r'path: "([^"]+)"', source.read().split("// The fuzz targets")[0])
    assert {"Package.swift", "scripts/build", "Sources", "Tests"} <= set(copied)
    assert all(path.split("/")[0] in copied for path in paths)
    assert all(os.path.exists(os.path.join(postern.ROOT, name)) for name in copied)


def test_the_container_leads_to_a_signed_in_page(build, ports, provider, weed, authority, machine, image):
    port, admin = ports["container"]
    files = os.path.join(build, "newcomer", "container")
    os.makedirs(os.path.join(files, "tls"))
    certificate, key = authority.issue("container", "container.postern.test")
    shutil.copy(certificate, os.path.join(files, "tls", "fullchain.pem"))
    shutil.copy(key, os.path.join(files, "tls", "privkey.pem"))
    with open(os.path.join(postern.ROOT, "docs", "containers.md"), encoding="utf-8") as source:
        config = next(one["text"] for one in FENCE.finditer(source.read()) if one["language"] == "yaml")
    for old, new in {
        "0.0.0.0:8443": f"127.0.0.1:{port}", "127.0.0.1:9180": f"127.0.0.1:{admin}",
        "https://id.example.com": provider.issuer, "https://docs.example.com": base("container", ports),
        "docs.example.com": f"container.postern.test:{port}", "bucket: docs-private": f"bucket: {weed.bucket}",
        "region: eu-central-1": f"region: us-east-1\n      endpoint: {weed.endpoint}",
    }.items():
        assert old in config, f"docs/containers.md does not say {old} any more"
        config = config.replace(old, new)
    for name, text in {"postern.yaml": config, "session.key": postern.secret()}.items():
        with open(os.path.join(files, name), "w", encoding="utf-8") as target:
            target.write(text)
    for directory, _, names in os.walk(files):
        for name in [".", *names]:
            os.chown(os.path.join(directory, name), 10001, 10001)
    name = f"postern-newcomer-{port}"
    daemon = machine.run(
        image, name=name, log=os.path.join(build, "newcomer", "container-1.log"), options=[
            f"--volume={files}:/etc/postern:ro", f"--env=POSTERN_CLIENT_SECRET={SECRET}",
            f"--env=AWS_ACCESS_KEY_ID={weed.access_key}", f"--env=AWS_SECRET_ACCESS_KEY={weed.secret_key}"],
        ready=process.answers(f"http://127.0.0.1:{admin}/readyz"))
    try:
        sign_in(build, "container", base("container", ports), authority, "home")
        for command in (["check"], ["doctor"], ["health"], ["health", "--ready"], ["status"], ["revoke", "--user", "nobody"]):
            done = machine.execute(name, "/usr/bin/postern", *command)
            assert done.returncode == 0, done.stdout + done.stderr
        assert machine.execute(name, "/bin/sh", "-c", "true").returncode != 0, "there is no shell"
        assert "revocations are kept on disk" in daemon.log_text()
    finally:
        assert daemon.stop(grace=10) == 0
