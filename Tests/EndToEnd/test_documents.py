"""What the documents say is tried: each config in them is one that `postern check` finds nothing wrong with, and each
link leads somewhere.

A block of `yaml` or `ini` in a document is a whole config. One that is a part of a config names the section that it
belongs to behind the language, as in ```yaml sites.docs, or a full stop for the top: it is tried within the last whole
config before it on its page, where there is one."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import textwrap

import postern
import pytest
import yaml
from parts import certificates

PAGES = sorted(
    [name for name in os.listdir(postern.ROOT) if name.endswith(".md")]
    + [os.path.relpath(os.path.join(directory, name), postern.ROOT)
       for top in ("docs", "examples", "systemd") for directory, _, names in os.walk(os.path.join(postern.ROOT, top))
       for name in names if name.endswith(".md")])
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>yaml|ini)(?: +(?P<section>\S+))? *\n(?P<text>.*?)^(?P=indent)``` *$",
                   re.MULTILINE | re.DOTALL)
BASE = """\
listeners: {web: {address: "127.0.0.1:8080"}}
trusted_proxies: [127.0.0.1]
session_keys: [file:/etc/postern/session.key]
providers: {corp: {issuer: "https://id.example.com", client_id: postern}}
origins: {docs: {directory: /srv/docs}, archive: {directory: /srv/archive}}
sites: {docs: {hosts: [docs.example.com], provider: corp, origin: docs}}
"""
"""What a part of a config is tried in, on a page without a whole one before it."""

# An admin listener that others reach is what a container needs, and says what it must not do without.
TO_BE_EXPECTED = "the admin listener can be reached from other machines"


def read(page):
    with open(os.path.join(postern.ROOT, page), encoding="utf-8") as source:
        return source.read()


def blocks():
    """Each config in a document: its page with the line, its language, its section and its text."""
    for page in PAGES:
        content, whole = read(page), BASE
        for found in FENCE.finditer(content):
            line, text = content.count("\n", 0, found.start()) + 1, textwrap.dedent(found["text"])
            if found["section"]:
                text = placed(whole, found["section"], text)
            elif found["language"] == "yaml":
                whole = text
            yield pytest.param(found["language"], text, id=f"{page}:{line}")
    for name in ("postern.yaml", "postern.ini"):
        yield pytest.param(name.partition(".")[2], read(f"config/{name}"), id=f"config/{name}")


def placed(whole, section, part):
    """The config with the part in its section."""
    tree = yaml.load(whole, yaml.BaseLoader)
    node = tree
    for name in filter(None, section.split(".")):
        node = node.setdefault(name, {})
    merge(node, yaml.load(part, yaml.BaseLoader))
    return postern.to_yaml(tree)


def merge(node, more):
    for key, value in more.items():
        if isinstance(value, dict):
            merge(node.setdefault(key, {}), value)
        else:
            node[key] = value


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """An authority, a certificate and its key."""
    authority = certificates.Authority(tmp_path_factory.mktemp("authority"))
    return authority.certificate, *authority.issue("docs", "docs.example.com")


@pytest.fixture
def machine(pair):
    """A place for the files that a config names, with a short name: sockets' paths have 107 bytes."""
    place = Machine(tempfile.mkdtemp(prefix="docs-"), *pair)
    yield place
    shutil.rmtree(place.root)


class Machine:
    """What a config points to is there: files below a directory of its own, credentials, the environment."""

    KINDS = {"certificate": "certificate", "key": "key", "client_key": "key", "ca_file": "authority",
             "client_ca": "authority", "logo": "logo"}
    PATH = re.compile(r"(?<![\w/.*])/(?:etc|srv|var|run|usr|home)/[\w./-]+")

    def __init__(self, root, authority, certificate, key):
        self.root = root
        self.sources = {"authority": authority, "certificate": certificate, "key": key}
        # one of ECS's, so that credentials are found where a config names none
        self.environment = {"CREDENTIALS_DIRECTORY": os.path.join(root, "credentials"),
                            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/credentials"}

    def content(self, kind):
        if kind == "logo":
            return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
        if kind not in self.sources:
            return "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9f0a1b2"
        with open(self.sources[kind], encoding="ascii") as source:
            return source.read()

    def add(self, path, kind):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as target:
            target.write(self.content(kind))

    def prepare(self, text):
        """The config with its paths moved here, and all that it names made."""
        text = self.PATH.sub(lambda found: self.root + found[0], text)
        key = ""
        for line in text.splitlines():
            line = re.sub(r"(^|\s)[#;].*", "", line)
            named = re.match(r"\s*(?:- )?(\w+)\s*[:=](?:\s|$)", line)
            key = named[1] if named else key
            kind = self.KINDS.get(key, "secret")
            for how, name in re.findall(r"\b(env|credential):([\w.-]+)", line):
                if how == "env":
                    self.environment[name] = self.content(kind)
                else:
                    self.add(os.path.join(self.environment["CREDENTIALS_DIRECTORY"], name), kind)
            for path in re.findall(re.escape(self.root) + r"[\w./-]*", line):
                if kind != "secret" or f"file:{path}" in line and key != "access":
                    self.add(path, kind)
                elif key in ("directory", "state_directory"):
                    os.makedirs(path, exist_ok=True)
                else:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
        return text

    def check(self, text, language):
        """What `postern check` has to say, as a list of faults."""
        path = os.path.join(self.root, "postern." + language)
        with open(path, "w", encoding="utf-8") as target:
            target.write(self.prepare(text))
        os.chmod(path, 0o600)
        done = postern.run("check", "--config", path, "--format", "json", environment=self.environment)
        return json.loads(done.stdout)["faults"], done.returncode


@pytest.mark.parametrize("language, text", list(blocks()))
def test_each_config_of_the_documents_holds(language, text, machine):
    faults, status = machine.check(text, language)
    faults = [one for one in faults if TO_BE_EXPECTED not in one["message"]]
    assert not faults and status == 0, "\n".join(f"line {one['line']}: {one['key']}: {one['message']}" for one in faults)


def test_a_config_that_does_not_hold_is_noticed(machine):
    """The test above would be nothing without it."""
    faults, status = machine.check(placed(BASE, "sites.docs", "rules: {/a/**: grups:x}"), "yaml")
    assert status == 78 and "grups" in faults[0]["message"] + faults[0]["key"]


def anchors(page):
    """The names that a page's headings have on the web."""
    text = re.sub(r"^( *)```.*?^\1```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES)
def test_each_link_between_documents_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        assert os.path.exists(os.path.join(postern.ROOT, other)), f"{page} links to {target}"
        if anchor and other.endswith(".md"):
            assert anchor in anchors(other), f"{page} links to {target}"


def test_the_index_names_each_page_of_the_documents():
    listed = {os.path.normpath(os.path.join("docs", one)) for one in re.findall(r"\]\(([^)#\s]+\.md)", read("docs/README.md"))}
    assert {page for page in PAGES if page.startswith("docs/")} - {"docs/README.md"} <= listed
