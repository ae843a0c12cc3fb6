"""The last tests of a run, of what all the others left: no log of any daemon holds a cookie, a code, a token or a secret
that was in play (the daemons log at the level `debug`), and the gateway has the threads that it should have."""

import glob
import os

import postern
import web
from conftest import SECRET


def test_no_log_holds_a_secret(build, gateway, liar, weed):
    gateway.signed_in()
    secrets = {one for one in web.SEEN | set(liar.issued) | {SECRET, weed.secret_key, *gateway.keys} if len(one) >= 16}
    parts = {piece for one in secrets if one.count(".") == 2 for piece in one.split(".")[1:] if len(piece) >= 16}
    assert len(secrets) > 15, "the run had too little in play to prove anything"
    logs = [path for path in glob.glob(os.path.join(build, "**", "*-*.log"), recursive=True)]
    assert logs
    size = 0
    for path in logs:
        with open(path, encoding="utf-8", errors="replace") as source:
            text = source.read()
        size += len(text)
        found = [one for one in secrets | parts if one in text]
        assert not found, f"{path} holds {len(found)} secrets, one of them {found[0][:8]}… ({len(found[0])} characters)"
    print(f"{len(secrets)} secrets, {len(logs)} logs, {size} characters")
    assert size > 10_000


def test_no_thread_runs_but_its_own(gateway):
    """The runtime's own pool of threads is not used: it would end the process where descriptors have run out."""
    gateway.signed_in()
    assert gateway.daemon.threads() <= postern.THREADS, gateway.daemon.threads()
