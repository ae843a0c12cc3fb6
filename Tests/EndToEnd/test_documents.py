"""What the documents say is tried: each config in them is one that `postern check` finds nothing wrong with, and each
link leads somewhere.

A block of `yaml` or `ini` in a document is a whole config. One that is a part of a config names the section that it
belongs to behind the language, as in ```yaml sites.docs, or a full stop for the top: it is tried within the last whole
config before it on its page, where there is one."""

import json
import os
import re
import textwrap

import postern
import pytest
import yaml
from checked_config import machine, pair  # noqa: F401

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


@pytest.mark.parametrize("language, text", list(blocks()))
def test_each_config_of_the_documents_holds(language, text, machine):  # noqa: F811
    faults, status = machine.check(text, language)
    assert not faults and status == 0, "\n".join(f"line {one['line']}: {one['key']}: {one['message']}" for one in faults)


def test_a_config_that_does_not_hold_is_noticed(machine):  # noqa: F811
    """The test above would be nothing without it."""
    faults, status = machine.check(placed(BASE, "sites.docs", "rules: {/a/**: grups:x}"), "yaml")
    assert status == 78 and "grups" in faults[0]["message"] + faults[0]["key"]


@pytest.mark.parametrize("page", [page for page in PAGES if "```json\n" in read(page)])
def test_each_json_of_the_documents_is_json(page):
    for text in re.findall(r"^ *```json\n(.*?)^ *``` *$", read(page), re.MULTILINE | re.DOTALL):
        json.loads(text)


@pytest.mark.parametrize("page", PAGES)
def test_each_command_and_each_metric_of_the_documents_is_there(page):
    commands = set(re.findall(r"^  (\S+) ", postern.run("--help").stdout.partition("SUBCOMMANDS:")[2], re.MULTILINE))
    said = set(re.findall(r"(?:^|[`/ ])postern ([a-z][a-z-]*)\b(?=[^`\n]*`)", read(page), re.MULTILINE))
    said |= {one for block in re.findall(r"^ *```sh\n(.*?)^ *```", read(page), re.MULTILINE | re.DOTALL)
             for one in re.findall(r"(?:^|bin/|\()postern ([a-z][a-z-]*)", block, re.MULTILINE)}
    assert "check" in commands and said - {"reference"} <= commands
    metrics = set(re.findall(r"`(postern_\w+)", read("docs/metrics.md")))
    assert {one for one in re.findall(r"`(postern_[a-z_]+[a-z])[`{]", read(page))} <= metrics


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
