"""An OpenID provider that does what a test tells it: by the book as long as nothing else is asked for, and then it
lies, loses its keys, or is gone. It signs nobody in: who asks is the account that the test has chosen."""

import base64
import hashlib
import http.server
import json
import secrets
import socketserver
import ssl
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALICE = {"sub": "alice-1", "name": "Alice Aster", "email": "alice@example.org", "email_verified": True,
         "groups": ["staff", "admins"]}
BOB = {"sub": "bob-2", "name": "Bob Birk", "email": "bob@other.test", "email_verified": True, "groups": ["staff"]}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Key:
    """A key of the provider's, for one algorithm."""

    def __init__(self, kid=None, alg="RS256"):
        self.kid, self.alg = kid or "key-" + secrets.token_hex(4), alg
        self.hash = getattr(hashes, f"SHA{alg[2:]}")() if alg != "EdDSA" else None
        if alg == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        elif alg.startswith("ES"):
            self.private = ec.generate_private_key({"ES256": ec.SECP256R1, "ES384": ec.SECP384R1}[alg]())
        else:
            self.private = rsa.generate_private_key(65537, 2048)

    def jwk(self):
        public = self.private.public_key()
        entry = {"use": "sig", "alg": self.alg, "kid": self.kid}
        if self.alg == "EdDSA":
            return {"kty": "OKP", "crv": "Ed25519", "x": encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)),
                    **entry}
        numbers = public.public_numbers()
        if self.alg.startswith("ES"):
            size = int(self.alg[2:]) // 8
            return {"kty": "EC", "crv": "P-" + self.alg[2:], "x": encode(numbers.x.to_bytes(size, "big")),
                    "y": encode(numbers.y.to_bytes(size, "big")), **entry}
        return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **entry}

    def sign(self, claims, **header):
        fields = {"alg": self.alg, "typ": "JWT", "kid": self.kid, **header}
        fields = {name: value for name, value in fields.items() if value is not None}
        text = f"{encode(json.dumps(fields).encode())}.{encode(json.dumps(claims).encode())}"
        return f"{text}.{encode(self._signature(text.encode()))}"

    def _signature(self, text):
        if self.alg == "EdDSA":
            return self.private.sign(text)
        if self.alg.startswith("ES"):
            pair = utils.decode_dss_signature(self.private.sign(text, ec.ECDSA(self.hash)))
            return b"".join(half.to_bytes(int(self.alg[2:]) // 8, "big") for half in pair)
        pss = padding.PSS(padding.MGF1(self.hash), self.hash.digest_size)
        return self.private.sign(text, pss if self.alg.startswith("PS") else padding.PKCS1v15(), self.hash)


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class LyingProvider:
    """`clients` maps a client id to its secret, None for a public one.

    What a test may change while it runs: `account` (the claims of who signs in), `error` (an error code instead of a
    code), `change_claims` and `change_token` (functions over what is issued), `lifetime` of tokens in seconds,
    `refresh` (whether refresh tokens are given), `signing`, `published` keys. Of renewals: `rotate` (each gives a new
    refresh token, and takes the old one back), `renews_id_token`, `change_renewal` (over the claims of their ID tokens),
    `refuse` (a status and a body in place of tokens), `token_delay` (seconds before the token endpoint answers), and
    `keys_delay` (before the key set does);
    `revocation` is called before a refresh token is taken back.
    `reset()` undoes all of it. `calls` has every request that came: (path, form fields, header fields)."""

    def __init__(self, clients, port=0, certificate=None):
        self.clients, self.certificate = clients, certificate
        self.lock = threading.Lock()
        self.issued, self.codes, self.refresh_tokens, self.calls = [], {}, {}, []
        self.server, self.port = None, port
        self.first_key = Key()
        self.reset()
        self.start()

    def reset(self):
        self.account, self.error, self.lifetime, self.refresh = ALICE, None, 3600, False
        self.change_claims = lambda claims: claims
        self.change_token = lambda token: token
        self.change_answer = lambda answer: answer
        self.signing, self.published = self.first_key, [self.first_key]
        self.failing = False
        self.rotate, self.renews_id_token, self.refuse, self.token_delay = True, True, None, 0
        self.keys_delay = 0
        self.change_renewal = lambda claims: claims
        self.revocation = lambda: None

    def start(self):
        handler = type("Handler", (_Handler,), {"provider": self})
        self.server = _Server(("127.0.0.1", self.port), handler)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.issuer = f"{'https' if self.certificate else 'http'}://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def count(self, path):
        with self.lock:
            return sum(1 for one, _, _ in self.calls if one == path)

    def renewals(self):
        with self.lock:
            return sum(1 for _, fields, _ in self.calls if fields.get("grant_type") == "refresh_token")

    # what it issues

    def token(self, account=None, audience="postern", key=None, lifetime=None, **more):
        """A signed ID token, for use as a bearer token or to put in another's place."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": audience, "iat": now, "exp": now + (lifetime or self.lifetime),
                  **(account or self.account), **more}
        made = (key or self.signing).sign({name: value for name, value in claims.items() if value is not None})
        self.issued.append(made)
        return made

    def metadata(self):
        return {
            "issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/jwks",
            "end_session_endpoint": self.issuer + "/logout", "revocation_endpoint": self.issuer + "/revoke", "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        }

    def authorize(self, fields):
        """Where the browser goes with the code, or with the error."""
        assert fields["response_type"] == "code" and fields["code_challenge_method"] == "S256"
        assert "openid" in fields["scope"].split() and fields["client_id"] in self.clients
        answer = {"state": fields["state"]}
        if self.error:
            answer.update(error=self.error, error_description="As the test wanted it <b>loud</b>")
        else:
            answer["code"] = secrets.token_urlsafe(24)
            with self.lock:
                self.codes[answer["code"]] = fields
                self.issued.append(answer["code"])
        return fields["redirect_uri"] + "?" + urllib.parse.urlencode(self.change_answer(answer))

    def other(self, method, path, fields, headers):
        """Status and content of what only some providers have; bytes are a JWT."""
        return 404, {"error": "no such page"}

    def exchange(self, fields, authorization):
        """Status and JSON of the token endpoint."""
        client = self._client(fields, authorization)
        if client is None:
            return 401, {"error": "invalid_client"}
        renewal = fields.get("grant_type") == "refresh_token"
        if renewal and self.refuse:
            return self.refuse
        with self.lock:
            asked = (self.codes.pop(fields.get("code"), None) if not renewal
                     else self.refresh_tokens.pop(fields.get("refresh_token"), None) if self.rotate
                     else self.refresh_tokens.get(fields.get("refresh_token")))
        if asked is None or asked["client_id"] != client:
            return 400, {"error": "invalid_grant"}
        if fields["grant_type"] == "authorization_code":
            challenge = encode(hashlib.sha256(fields.get("code_verifier", "").encode()).digest())
            if challenge != asked["code_challenge"] or fields.get("redirect_uri") != asked["redirect_uri"]:
                return 400, {"error": "invalid_grant"}
        answer = self._tokens(asked, client, renewal)
        if renewal and not self.renews_id_token:
            del answer["id_token"]
        return 200, answer

    def _client(self, fields, authorization):
        if authorization.startswith("Basic "):
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            name, secret = urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(secret)
        else:
            name, secret = fields.get("client_id"), fields.get("client_secret")
        known = name in self.clients and self.clients[name] == (secret or None)
        return name if known else None

    def _tokens(self, asked, client, renewal=False):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": client, "iat": now, "exp": now + self.lifetime, "auth_time": now,
                  "nonce": asked["nonce"], **self.account}
        if renewal:
            claims = self.change_renewal(claims)
        claims = {name: value for name, value in self.change_claims(claims).items() if value is not None}
        answer = {"access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "expires_in": self.lifetime,
                  "id_token": self.change_token(self.signing.sign(claims))}
        with self.lock:
            if self.refresh and (self.rotate or not renewal):
                answer["refresh_token"] = secrets.token_urlsafe(24)
                self.refresh_tokens[answer["refresh_token"]] = asked
            self.issued += [answer["id_token"], answer["access_token"], answer.get("refresh_token", "")]
        return answer


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider = None

    def log_message(self, *_):
        pass

    def _answer(self, status, content=None, location=None):
        is_token = isinstance(content, bytes)
        body = content if is_token else json.dumps(content).encode() if content is not None else b""
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/jwt" if is_token else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self, path, fields):
        with self.provider.lock:
            self.provider.calls.append((path, fields, dict(self.headers)))

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        fields = dict(urllib.parse.parse_qsl(parts.query))
        self._note(parts.path, fields)
        if self.provider.failing:
            return self._answer(503, {"error": "as the test wanted it"})
        if parts.path == "/.well-known/openid-configuration":
            return self._answer(200, self.provider.metadata())
        if parts.path == "/jwks":
            time.sleep(self.provider.keys_delay)
            return self._answer(200, {"keys": [key.jwk() for key in self.provider.published]})
        if parts.path == "/logout":
            return self._answer(302, location=fields.get("post_logout_redirect_uri", "/nowhere"))
        if parts.path == "/authorize":
            return self._answer(302, location=self.provider.authorize(fields))
        return self._answer(*self.provider.other(self.command, self.path, fields, self.headers))

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        fields = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
        path = urllib.parse.urlsplit(self.path).path
        self._note(path, fields)
        if self.provider.failing:
            return self._answer(503, {"error": "as the test wanted it"})
        if path == "/revoke":
            self.provider.revocation()
            known = self.provider._client(fields, self.headers.get("Authorization", ""))
            if known and fields.get("token_type_hint") == "refresh_token":
                self.provider.refresh_tokens.pop(fields.get("token"), None)
            return self._answer(200 if known else 401)
        if path == "/token":
            time.sleep(self.provider.token_delay)
            return self._answer(*self.provider.exchange(fields, self.headers.get("Authorization", "")))
        return self._answer(*self.provider.other(self.command, self.path, fields, self.headers))
