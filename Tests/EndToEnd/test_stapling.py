"""OCSP stapling: what openssl's client sees of it, with responders that are good, dead, slow and hostile."""

import os
import re
import shutil
import subprocess
import time

import postern
import pytest
import web
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from parts import process
from pki import DELEGATE, Authority, Responder

HOST = "docs.test"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def responder():
    one = Responder()
    yield one
    one.stop()


@pytest.fixture
def own(build, request):
    return os.path.join(build, re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60])


def serve(own, folder, pair, **tls):
    port = process.free_port()
    daemon = postern.Postern(own, {
        "session_keys": [postern.secret()], "origins": {"folder": {"directory": folder}},
        "listeners": {"public": {"address": f"127.0.0.1:{port}",
                                 "tls": {"certificate": pair[0], "key": f"file:{pair[1]}", **tls}}},
        "sites": {"docs": {"hosts": [f"{HOST}:{port}"], "origin": "folder", "rules": {"/**": "anyone"}}}})
    daemon.port = port
    return daemon


def seen(daemon, authority, *options):
    """What `openssl s_client -status` prints of a new connection."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}", "-servername", HOST, "-status",
         "-CAfile", authority.path, "-verify_return_error", *options],
        input=b"", capture_output=True, timeout=20)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def is_good(text):
    return "OCSP Response Status: successful" in text and "Cert Status: good" in text


def is_bare(text):
    return "OCSP response: no response sent" in text and "Verify return code: 0 (ok)" in text


def wait_for(check, seconds=10):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def metric(daemon, pattern):
    text = web.request(daemon.admin, "/metrics", host="localhost").text
    found = re.search(pattern + r" (\d+)", text)
    return int(found[1]) if found else 0


def says(daemon, text):
    return wait_for(lambda: text in daemon.process.log_text())


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_certificate_that_names_a_responder_is_stapled(own, folder, authority, responder, version):
    pair = authority.issue("docs", HOST, responder.url)
    responder.answer = lambda: authority.response(pair[2])
    with serve(own, folder, pair) as daemon:
        says(daemon, "an OCSP response is stapled")
        for _ in range(6):  # by both workers
            assert is_good(seen(daemon, authority, version))
        fields, question = responder.requests[0]
        assert fields["Content-Type"] == "application/ocsp-request" and len(responder.requests) == 1
        assert ocsp.load_der_ocsp_request(question).serial_number == pair[2].serial_number
        assert metric(daemon, r'postern_ocsp_missing\{listener="public"\}') == 0
        assert metric(daemon, r'postern_ocsp_responses_total\{listener="public",result="ok"\}') == 1


def test_openssls_own_responder_is_believed(own, folder, authority, tmp_path):
    port = process.free_port()
    pair = authority.issue("docs", HOST, f"http://127.0.0.1:{port}")
    delegate, key = authority.signer(DELEGATE)
    signer = tmp_path / "signer.pem"
    signer.write_bytes(delegate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    index = tmp_path / "index.txt"
    serial = f"{pair[2].serial_number:X}"
    index.write_text(f"V\t391231235959Z\t\t{serial if len(serial) % 2 == 0 else '0' + serial}\tunknown\t/CN={HOST}\n")
    log = tmp_path / "ocsp.log"
    other = process.Process(
        "openssl ocsp", ["openssl", "ocsp", "-port", str(port), "-index", str(index), "-CA", authority.path, "-rsigner",
                         str(signer), "-nmin", "5", "-ignore_err"],
        log=str(log), environment=process.clean_environment(tmp_path),
        ready=lambda: log.exists() and "waiting" in log.read_text())  # a connection without a request ends it
    try:
        with serve(own, folder, pair) as daemon:
            says(daemon, "an OCSP response is stapled")
            assert is_good(seen(daemon, authority))
    finally:
        other.stop(grace=1)


def test_a_response_is_fetched_again_before_it_ends_and_kept_while_it_holds(own, folder, authority, responder):
    pair = authority.issue("docs", HOST, responder.url)
    responder.answer = lambda: authority.response(pair[2], life=4)
    with serve(own, folder, pair) as daemon:
        says(daemon, "an OCSP response is stapled")
        wait_for(lambda: len(responder.requests) >= 3)
        # Half of its time is left when the responder begins to fail, then it ends.
        responder.answer = lambda: b"not now"
        says(daemon, "no new OCSP response; the last one is stapled until it expires")
        assert is_good(seen(daemon, authority))
        says(daemon, "no OCSP response to staple")
        assert is_bare(seen(daemon, authority)), "an expired response is not shown"
        assert metric(daemon, r'postern_ocsp_missing\{listener="public"\}') == 1
        responder.answer = lambda: authority.response(pair[2])
        wait_for(lambda: is_good(seen(daemon, authority)), 20)


def test_a_dead_responder_keeps_nobody_from_being_served(own, folder, authority):
    pair = authority.issue("docs", HOST, f"http://127.0.0.1:{process.free_port()}/")
    with serve(own, folder, pair) as daemon:
        assert is_bare(seen(daemon, authority))
        says(daemon, "no OCSP response to staple")


def test_must_staple_without_a_response_is_an_error_in_the_log(own, folder, authority, responder):
    pair = authority.issue("docs", HOST, responder.url, must_staple=True)
    responder.answer = lambda: b""
    with serve(own, folder, pair) as daemon:
        says(daemon, "must-staple")
        assert any(one.get("level") == "error" and "must-staple" in str(one) for one in daemon.records())
        assert is_bare(seen(daemon, authority))
        assert metric(daemon, r'postern_ocsp_missing\{listener="public"\}') == 1
        assert metric(daemon, r'postern_ocsp_responses_total\{listener="public",result="failed"\}') >= 1


def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "4000")
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b"\x30")
            handler.wfile.flush()
            time.sleep(0.5)
    except OSError:
        pass


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(4096):
            handler.wfile.write(b"\x30" * 65536)
    except OSError:
        pass


def status(code):
    def answer(handler):
        handler.send_response(code)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    return answer


HOSTILE = {
    "garbage": lambda a, c: b"\x30\x82" + b"\xff" * 500,
    "nothing": lambda a, c: b"",
    "announced as huge": lambda a, c: lambda handler: (handler.send_response(200), handler.send_header(
        "Content-Length", str(1 << 40)), handler.end_headers()),
    "endless": lambda a, c: endless,
    "a drip": lambda a, c: drip,
    "a redirect": lambda a, c: status(302),
    "an error": lambda a, c: status(500),
    "try later": lambda a, c: ocsp.OCSPResponseBuilder.build_unsuccessful(
        ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(serialization.Encoding.DER),
    "expired": lambda a, c: a.response(c, age=7200, life=3600),
    "of tomorrow": lambda a, c: a.response(c, age=-86400, life=3600),
    "unknown": lambda a, c: a.response(c, ocsp.OCSPCertStatus.UNKNOWN),
    "revoked": lambda a, c: a.response(c, ocsp.OCSPCertStatus.REVOKED),
    "of another certificate": lambda a, c: a.response(a.issue("other", "other.test")[2]),
    "by another authority": lambda a, c: a.response(c, signer=(lambda b: (b.certificate, b.key))(
        Authority(os.path.join(a.directory, "b"), "Another authority"))),
    "by an authority of the same name": lambda a, c: a.response(c, signer=(lambda b: (b.certificate, b.key))(
        Authority(os.path.join(a.directory, "c")))),
    "by one that is not authorized": lambda a, c: a.response(c, signer=a.signer()),
    "by one whose time is over": lambda a, c: a.response(c, signer=a.signer(DELEGATE, days=-1)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_does_not_hold_is_not_stapled(own, folder, authority, responder, kind):
    pair = authority.issue("docs", HOST, responder.url)
    answer = HOSTILE[kind](authority, pair[2])
    responder.answer = lambda: answer
    with serve(own, folder, pair) as daemon:
        before = daemon.resident()
        wait_for(lambda: responder.requests)
        if kind != "a drip":
            says(daemon, "the certificate is revoked" if kind == "revoked" else "no OCSP response to staple")
        assert is_bare(seen(daemon, authority))
        assert daemon.resident() - before < 8 << 20
        responder.answer = lambda: authority.response(pair[2])
        wait_for(lambda: is_good(seen(daemon, authority)), 20)


def test_a_delegated_responder_is_believed(own, folder, authority, responder):
    pair = authority.issue("docs", HOST, responder.url)
    responder.answer = lambda: authority.response(pair[2], signer=authority.signer(DELEGATE))
    with serve(own, folder, pair) as daemon:
        says(daemon, "an OCSP response is stapled")
        assert is_good(seen(daemon, authority))


def test_a_certificate_that_is_revoked_while_it_is_served_loses_its_response(own, folder, authority, responder):
    pair = authority.issue("docs", HOST, responder.url)
    responder.answer = lambda: authority.response(pair[2], life=4)
    with serve(own, folder, pair) as daemon:
        wait_for(lambda: is_good(seen(daemon, authority)))
        responder.answer = lambda: authority.response(pair[2], ocsp.OCSPCertStatus.REVOKED)
        says(daemon, "the certificate is revoked")
        assert is_bare(seen(daemon, authority))


def test_stapling_can_be_switched_off_and_needs_the_issuer(own, folder, authority, responder):
    pair = authority.issue("docs", HOST, responder.url)
    with serve(own + "-off", folder, pair, ocsp_stapling=False) as daemon:
        assert is_bare(seen(daemon, authority))
    alone = authority.issue("alone", HOST, responder.url, chain=False)
    with serve(own + "-alone", folder, alone) as daemon:
        says(daemon, "the chain lacks the certificate's issuer")
        assert is_bare(seen(daemon, authority))
    assert not responder.requests


def test_a_renewed_certificate_comes_with_its_response(own, folder, authority, responder):
    first, second = (authority.issue(name, HOST, responder.url, must_staple=True) for name in ("first", "second"))
    known = {one[2].serial_number: one[2] for one in (first, second)}
    responder.answer = lambda: authority.response(
        known[ocsp.load_der_ocsp_request(responder.requests[-1][1]).serial_number])
    with serve(own, folder, first) as daemon:
        wait_for(lambda: is_good(seen(daemon, authority)))
        for source, target in zip(second, first[:2]):
            shutil.copy(source, target + ".new")
            os.rename(target + ".new", target)
        serial = f"{second[2].serial_number:X}"
        text = wait_for(lambda: (text := seen(daemon, authority)) and serial in text.upper().replace(":", "") and text)
        assert is_good(text), "its first handshake has the response"
