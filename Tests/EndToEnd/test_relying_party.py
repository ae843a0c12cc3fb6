"""The OpenID Foundation's tests of relying parties, basic and config profile, made again: each under its name there.
`CONFORMANCE.md` has the whole list, with the tests of other files."""

import base64
import hmac
import json

import pytest
import web
from lying_provider import ALICE, Key
from own_daemon import SECRET, daemon, folder, provider, signed_in  # noqa: F401: fixtures


@pytest.fixture
def party(daemon, provider):
    """A relying party, confidential, that asks userinfo too where a test says so."""
    provider.userinfo = lambda account: {"sub": account["sub"], "groups": ["admins"]}
    start = lambda ready="/readyz", **more: daemon({"suite": {
        "issuer": provider.issuer, "client_id": "secretive", "client_secret": SECRET, **more}}, ready=ready)
    return start


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def refused(one, provider):
    """A sign-in that ends on a page, without a session; the reason in the log."""
    browser = web.Browser()
    answer = browser.open(one.url + "/hello.txt")
    assert answer.status == 400 and "Try again" in answer.text, str(answer)
    assert browser.send(one.url + "/.auth/me").status == 401
    assert provider.count("/userinfo") == 0, "nothing more is asked after an ID token that does not hold"
    return one.event("a sign-in failed")["reason"]


def changed(provider, **claims):
    provider.change_claims = lambda good: {**good, **claims}


# Basic

def test_oidcc_client_test(party, provider):
    signed_in(party())
    assert provider.count("/token") == 1


def test_oidcc_client_test_invalid_iss(party, provider):
    changed(provider, iss="https://other.example")
    assert refused(party(), provider) == "ID token: issuer"


def test_oidcc_client_test_missing_sub(party, provider):
    changed(provider, sub=None)
    assert refused(party(), provider) == "ID token: missing_sub"


def test_oidcc_client_test_invalid_aud(party, provider):
    changed(provider, aud="other")
    assert refused(party(), provider) == "ID token: audience"


def test_oidcc_client_test_missing_aud(party, provider):
    changed(provider, aud=None)
    assert refused(party(), provider) == "ID token: missing_aud"


def test_oidcc_client_test_missing_iat(party, provider):
    changed(provider, iat=None)
    assert refused(party(), provider) == "ID token: missing_iat"


def without_kid(provider):
    provider.change_token = lambda token: provider.signing.sign(claims_of(token), kid=None)


def test_oidcc_client_test_kid_absent_single_jwks(party, provider):
    without_kid(provider)
    signed_in(party())


def test_oidcc_client_test_kid_absent_multiple_jwks(party, provider):
    without_kid(provider)
    provider.published = [provider.signing, Key()]
    assert refused(party(), provider) == "ID token: ambiguous_key"


def test_oidcc_client_test_idtoken_sig_rs256(party, provider):
    signed_in(party(signing_algorithms="RS256"))


def test_oidcc_client_test_idtoken_sig_none(party, provider):
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    provider.change_token = lambda token: f"{head}.{token.split('.')[1]}."
    assert refused(party(), provider) == "ID token: algorithm"


def test_oidcc_client_test_invalid_sig_rs256(party, provider):
    stranger = Key(provider.signing.kid)
    provider.change_token = lambda token: stranger.sign(claims_of(token))
    assert refused(party(), provider) == "ID token: signature"


def test_oidcc_client_test_invalid_sig_hs256(party, provider):
    """Signed with the client's secret, and with the public key as one."""
    one = party()
    for secret in (SECRET.encode(), json.dumps(provider.signing.jwk()).encode()):
        def change(token, secret=secret):
            head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
            text = f"{head}.{token.split('.')[1]}"
            return text + "." + base64.urlsafe_b64encode(
                hmac.digest(secret, text.encode(), "sha256")).rstrip(b"=").decode()
        provider.change_token = change
        assert refused(one, provider) == "ID token: algorithm"


def test_oidcc_client_test_invalid_sig_es256(party, provider):
    provider.signing = Key(alg="ES256")
    provider.published = [provider.signing]
    stranger = Key(provider.signing.kid, alg="ES256")
    provider.change_token = lambda token: stranger.sign(claims_of(token))
    assert refused(party(signing_algorithms="ES256"), provider) == "ID token: signature"


def test_oidcc_client_test_userinfo_invalid_sub(party, provider):
    provider.userinfo = lambda account: {"sub": account["sub"] + "x", "groups": ["admins"]}
    answer = web.Browser().open(party(userinfo=True).url + "/hello.txt")
    assert answer.status == 400 and provider.count("/userinfo") == 1


def test_oidcc_client_test_userinfo_bearer_header(party, provider):
    signed_in(party(userinfo=True))
    (path, fields, headers), = [call for call in provider.calls if call[0] == "/userinfo"]
    assert lower(headers)["authorization"].startswith("Bearer ") and not fields


def test_oidcc_client_test_nonce_invalid(party, provider):
    changed(provider, nonce="another-nonce-of-somebody")
    assert refused(party(userinfo=True), provider) == "ID token: nonce"


def test_oidcc_client_test_scope_userinfo_claims(party, provider):
    provider.userinfo = lambda account: {**ALICE, "sub": account["sub"]}
    provider.account = {"sub": ALICE["sub"]}
    me = signed_in(party(userinfo=True)).send(party_url(provider) + "/.auth/me").json()
    assert me["name"] == ALICE["name"] and me["email"] == ALICE["email"] and me["groups"] == ALICE["groups"]


def party_url(provider):
    """Where the last sign-in came from: its redirect URI's site."""
    asked = [fields for path, fields, _ in provider.calls if path == "/authorize"][-1]
    return asked["redirect_uri"].rpartition("/.auth/")[0]


def test_oidcc_client_test_client_secret_basic(party, provider):
    signed_in(party(client_auth="basic"))
    (path, fields, headers), = [call for call in provider.calls if call[0] == "/token"]
    assert lower(headers)["authorization"].startswith("Basic ") and "client_secret" not in fields


# Config

def test_oidcc_client_test_discovery_openid_config(party, provider):
    signed_in(party())
    assert provider.count("/.well-known/openid-configuration") == 1


def test_oidcc_client_test_discovery_jwks_uri_keys(party, provider):
    signed_in(party())
    assert provider.count("/jwks") == 1


@pytest.mark.parametrize("issuer", ["https://other.example", "{}/", "{}/x", "HTTP://LOCALHOST"])
def test_oidcc_client_test_discovery_issuer_mismatch(party, provider, issuer):
    provider.more_metadata = {"issuer": issuer.replace("{}", provider.issuer)}
    one = party(ready="/healthz")
    assert "is not this provider's metadata" in one.event("could not be fetched")["reason"]
    assert not one.status("/readyz")
    assert web.Browser().send(one.url + "/hello.txt").status == 503


def test_oidcc_client_test_signing_key_rotation_just_before_signing(party, provider):
    one = party()
    provider.signing = Key()
    provider.published = [provider.signing]
    signed_in(one)


def test_oidcc_client_test_signing_key_rotation(party, provider):
    one = party()
    signed_in(one)
    provider.signing = Key()
    provider.published = [provider.signing, *provider.published]
    signed_in(one)
