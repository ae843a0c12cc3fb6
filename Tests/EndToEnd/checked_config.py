"""A machine for a config that names files: they are all there, and `postern check` is asked about it."""

import json
import os
import re
import shutil
import tempfile

import postern
import pytest
from parts import certificates

# An admin listener that others reach is what a container needs, and says what it must not do without.
TO_BE_EXPECTED = "the admin listener can be reached from other machines"


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
            if key == "include":
                for directory in re.findall(r"([\w.-]+)/", line):
                    os.makedirs(os.path.join(self.root, directory), exist_ok=True)
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
        faults = json.loads(done.stdout)["faults"]
        return [one for one in faults if TO_BE_EXPECTED not in one["message"]], done.returncode
