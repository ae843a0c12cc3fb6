"""A lying provider that can more: clients that prove themselves by a key, pushed authorization requests, userinfo, and
its issuer in the callback. All of it is off until a test wants it."""

import base64
import json
import secrets
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from lying_provider import LyingProvider

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verifies(public, alg, text, signature):
    """Whether a signature holds, by the rules of RFC 7518 and nothing of Postern's."""
    try:
        if alg == "EdDSA":
            public.verify(signature, text)
        elif alg.startswith("ES"):
            size = int(alg[2:]) // 8
            if len(signature) != 2 * size:
                return False
            pair = utils.encode_dss_signature(*(int.from_bytes(half, "big") for half in (
                signature[:size], signature[size:])))
            public.verify(pair, text, ec.ECDSA(getattr(hashes, "SHA" + alg[2:])()))
        else:
            digest = getattr(hashes, "SHA" + alg[2:])()
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            public.verify(signature, text, pss if alg.startswith("PS") else padding.PKCS1v15(), digest)
        return True
    except InvalidSignature:
        return False


class CapableProvider(LyingProvider):
    """What a test may set besides: `pushed` (None, "offered", "required", or "broken": offered, and refused), `userinfo`
    (a function from the account's claims to what the endpoint says: a dict, bytes of a JWT, or a status), `sends_issuer`
    (True, or what the callback says in its place), `assertion_algorithms`, `assertion_audience` (the one that it
    takes), `more_metadata`."""

    def __init__(self, clients, keys=None, **more):
        self.client_keys = keys or {}
        super().__init__(clients, **more)

    def reset(self):
        super().reset()
        self.pushed, self.userinfo, self.sends_issuer, self.more_metadata = None, None, False, {}
        self.assertion_algorithms, self.assertion_audience = None, None
        self.requests, self.accounts, self.assertions = {}, {}, []

    def metadata(self):
        document = super().metadata()
        if self.pushed:
            document["pushed_authorization_request_endpoint"] = self.issuer + "/par"
            document["require_pushed_authorization_requests"] = self.pushed == "required"
        if self.userinfo:
            document["userinfo_endpoint"] = self.issuer + "/userinfo"
        if self.sends_issuer:
            document["authorization_response_iss_parameter_supported"] = True
        if self.assertion_algorithms:
            document["token_endpoint_auth_signing_alg_values_supported"] = self.assertion_algorithms
        return {**document, **self.more_metadata}

    def authorize(self, fields):
        if "request_uri" in fields:
            assert set(fields) == {"client_id", "request_uri"}, fields
            pushed = self.requests.pop(fields["request_uri"])
            assert pushed["client_id"] == fields["client_id"]
            fields = pushed
        else:
            assert self.pushed != "required", "the request was not pushed"
        location = super().authorize(fields)
        if not self.sends_issuer:
            return location
        issuer = self.issuer if self.sends_issuer is True else self.sends_issuer
        return location + "&" + urllib.parse.urlencode({"iss": issuer})

    def other(self, method, path, fields, headers):
        path = path.partition("?")[0]
        if path.endswith("/.well-known/openid-configuration"):
            return 200, self.metadata()
        if path == "/par" and method == "POST" and self.pushed:
            return self._push(fields, headers.get("Authorization", ""))
        if path == "/userinfo" and self.userinfo:
            scheme, _, token = headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or token not in self.accounts:
                return 401, {"error": "invalid_token"}
            answer = self.userinfo(dict(self.accounts[token]))
            return (answer, {"error": "as the test wanted it"}) if isinstance(answer, int) else (200, answer)
        return super().other(method, path, fields, headers)

    def _push(self, fields, authorization):
        client = self._client(fields, authorization)
        if client is None or fields.get("client_id") != client:
            return 401, {"error": "invalid_client"}
        if self.pushed == "broken":
            return 400, {"error": "unauthorized_client"}
        assert "request_uri" not in fields and "client_secret" not in self.requests
        uri = "urn:ietf:params:oauth:request_uri:" + secrets.token_urlsafe(16)
        self.requests[uri] = {name: value for name, value in fields.items() if not name.startswith("client_a")}
        return 201, {"request_uri": uri, "expires_in": 60}

    def _client(self, fields, authorization):
        if "client_assertion" not in fields:
            return super()._client(fields, authorization)
        assert fields["client_assertion_type"] == ASSERTION and not authorization and "client_secret" not in fields
        token = fields["client_assertion"]
        self.issued.append(token)
        text, _, signature = token.rpartition(".")
        header, claims = (json.loads(decode(part)) for part in text.split("."))
        self.assertions.append((header, claims))
        client, now = claims["sub"], time.time()
        key = serialization.load_pem_public_key(self.client_keys[client])
        allowed = {rsa.RSAPublicKey: ("RS256", "PS256"), ed25519.Ed25519PublicKey: ("EdDSA",)}
        kinds = next((names for kind, names in allowed.items() if isinstance(key, kind)), ("ES256", "ES384"))
        holds = (header["alg"] in kinds and verifies(key, header["alg"], text.encode(), decode(signature))
                 and claims["iss"] == client and fields.get("client_id", client) == client
                 and claims["aud"] == (self.assertion_audience or self.issuer + "/token")
                 and now - 5 <= claims["exp"] <= now + 300 and claims["iat"] <= now + 5 and len(claims["jti"]) >= 16
                 and [one["jti"] for _, one in self.assertions].count(claims["jti"]) == 1)
        return client if holds else None

    def _tokens(self, asked, client, *more):
        answer = super()._tokens(asked, client, *more)
        self.accounts[answer["access_token"]] = self.account
        return answer
