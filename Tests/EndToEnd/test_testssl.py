"""What testssl.sh, of Debian, finds at a default listener for TLS.

Debian's has no grades yet. Grade A+ (SSL Labs' rating guide, which later ones go by) wants TLS 1.2 and 1.3 alone, forward
secrecy and authenticated encryption everywhere, no known attack, a chain that holds, and Strict-Transport-Security for
180 days: each of it is a finding here, and none may be worse than OK or INFO."""

import json
import os
import subprocess

import postern
import pytest
from parts import process
from pki import Authority, Responder

HOST, ADDRESS = "docs.example.test", "127.0.0.77"


@pytest.fixture(scope="module")
def findings(build, folder, tmp_path_factory):
    if os.getuid() != 0:
        pytest.skip("testssl.sh asks for the host without its port, and port 443 needs root")
    if not process.port_is_free(443, ADDRESS):
        pytest.skip(f"{ADDRESS}:443 is taken")
    authority, responder = Authority(tmp_path_factory.mktemp("ca")), Responder()
    chain, key, certificate = authority.issue("docs", HOST, responder.url, days=89)
    responder.answer = lambda: authority.response(certificate)
    own = os.path.join(build, "testssl")
    with postern.Postern(own, {
            "listeners": {"public": {"address": f"{ADDRESS}:443", "tls": {"certificate": chain, "key": f"file:{key}"}}},
            "origins": {"folder": {"directory": folder}},
            "sites": {"docs": {"hosts": [HOST], "origin": "folder", "rules": {"/**": "anyone"}}}}):
        report = os.path.join(own, "report.json")
        done = subprocess.run(
            ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--add-ca", authority.path,
             "--ip", ADDRESS, "-p", "-s", "-f", "-P", "-S", "-h", "-U", "--jsonfile", report, f"https://{HOST}/"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, cwd=own)
        assert os.path.exists(report), done.stdout + done.stderr
    responder.stop()
    with open(report, encoding="utf-8") as source:
        yield {one["id"].split(" ")[0]: one for one in json.load(source)}


# openssl s_client, which testssl.sh saves a session with, leaves at the end of its input: most often before the ticket
# of TLS 1.3 has come, whatever the server. That sessions are resumed has tests of its own (test_server.py).
TOO_QUICK = ("sessionresumption_ticket", "check failed because of connect problem")


def test_nothing_is_found_to_be_amiss(findings):
    bad = {name: one["finding"] for name, one in findings.items() if one["severity"] not in ("OK", "INFO")}
    assert not set(bad.items()) - {TOO_QUICK}, bad


@pytest.mark.parametrize("name,expected", [
    ("TLS1_2", "offered"), ("TLS1_3", "offered with final"), ("TLS1", "not offered"), ("TLS1_1", "not offered"),
    ("SSLv3", "not offered"), ("ALPN_HTTP2", "h2"), ("OCSP_stapling", "offered"), ("HSTS_time", "180 days"),
    ("TLS_session_ticket", "valid for 7200 seconds"), ("PFS", "offered"), ("secure_client_renego", "not vulnerable"),
    ("cert_chain_of_trust", "passed"),
])
def test_findings_by_name(findings, name, expected):
    found = next(one for key, one in findings.items() if key == name or key.startswith(name + "_"))
    assert expected in found["finding"], found
