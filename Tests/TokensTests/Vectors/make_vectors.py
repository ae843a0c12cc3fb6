#!/usr/bin/env python3
"""Makes tokens.json: key sets and tokens, good and bad, with what a verifier must say to each.

    pip install joserfc cryptography && python3 make_vectors.py

The tokens come from joserfc; where no library would write such a token, its parts are put together
here and signed with `cryptography`. Every run makes new keys, so the whole file changes; the times
in it never do. Private keys are not kept.
"""
import base64
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

NOW = 1_800_000_000
ISSUER = "https://id.example.com"
CLIENT = "postern"
NONCE = "n-0S6_WzA2Mj"
ACCESS_TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"


def b64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def as_json(value):
    return value if isinstance(value, (str, bytes)) else json.dumps(value)


def make_rsa(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def uint(number):
    return b64(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def jwk(key, **members):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": uint(numbers.n), "e": uint(numbers.e), **members}


def signed(header, payload, key, digest=hashes.SHA256()):
    """A token of any header and payload (dict, text or bytes), with a real signature."""
    head = f"{b64(as_json(header))}.{b64(as_json(payload))}"
    return f"{head}.{b64(key.sign(head.encode(), padding.PKCS1v15(), digest))}"


def with_signature(token, signature):
    return token.rsplit(".", 1)[0] + "." + (signature if isinstance(signature, str) else b64(signature))


def raw_rsa(encoded, key):
    """The signature whose opening is exactly `encoded`, well padded or not."""
    private = key.private_numbers()
    n = private.public_numbers.n
    return pow(int.from_bytes(encoded, "big"), private.d, n).to_bytes((n.bit_length() + 7) // 8, "big")


def at_hash(token):
    return b64(hashlib.sha256(token.encode()).digest()[:16])


A, B, STRANGER, LONG = make_rsa(), make_rsa(), make_rsa(), make_rsa(4096)
WEAK = make_rsa(1024)
EC = ec.generate_private_key(ec.SECP256R1())
SIZE = 256
N = A.public_key().public_numbers().n

KEY_SETS = {
    "main": {"keys": [jwk(A, kid="a", alg="RS256", use="sig"), jwk(B, kid="b", use="sig")]},
    "single": {"keys": [jwk(A)]},
    "single-named": {"keys": [jwk(A, kid="a")]},
    "two-nameless": {"keys": [jwk(A), jwk(B)]},
    "one-kid-two-keys": {"keys": [jwk(A, kid="a"), jwk(B, kid="a"), jwk(LONG, kid="long")]},
    "same-key-twice": {"keys": [jwk(A, kid="a"), jwk(A, kid="a", use="sig")]},
    "one-suitable": {
        "keys": [
            ECKey.generate_key("P-256", {"kid": "e"}).as_dict(private=False),
            OKPKey.generate_key("Ed25519", {"kid": "o"}).as_dict(private=False),
            jwk(B, kid="enc", use="enc"),
            jwk(LONG, kid="ps", alg="PS256"),
            jwk(A, kid="a"),
        ]
    },
    "weak": {"keys": [jwk(WEAK, kid="weak")]},
    "long": {"keys": [jwk(LONG, kid="long")]},
    "empty": {"keys": []},
}

GOOD = {
    "iss": ISSUER, "sub": "248289761001", "aud": CLIENT, "exp": NOW + 300, "iat": NOW - 5, "nonce": NONCE,
    "name": "Ada Lovelace", "email": "ada@example.com", "email_verified": True, "groups": ["staff", "editors"],
}
HEAD = {"alg": "RS256", "kid": "a", "typ": "JWT"}
vectors = []


def add(name, token, expect, keys="main", kind="id", nonce=NONCE, access_token=None, **more):
    assert all(v["name"] != name for v in vectors), name
    vectors.append({
        "name": name, "token": token, "expect": expect, "keys": keys, "kind": kind, "nonce": nonce,
        "accessToken": access_token, **more,
    })


def claims(drop=(), **changes):
    return {k: v for k, v in {**GOOD, **changes}.items() if k not in drop}


def head(drop=(), **changes):
    return {k: v for k, v in {**HEAD, **changes}.items() if k not in drop}


def joserfc_token(header, payload, key=A):
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return jwt.encode(header, payload, RSAKey.import_key(pem), algorithms=["RS256"])


def claim(name, expect, drop=(), nonce=NONCE, access_token=None, kind="id", more=None, **changes):
    add(name, joserfc_token(HEAD, claims(drop, **changes)), expect, nonce=nonce, access_token=access_token, kind=kind,
        **(more or {}))


def header(name, expect, drop=(), keys="main", key=A, kind="id", **changes):
    add(name, signed(head(drop, **changes), GOOD, key), expect, keys=keys, kind=kind)


def payload(name, text, expect="not_json_payload"):
    add(name, signed(HEAD, text, A), expect)


# Good ones
TOKEN = joserfc_token(HEAD, GOOD)
add("good", TOKEN, "ok", subject=GOOD["sub"], groups=GOOD["groups"], email=GOOD["email"], displayName=GOOD["name"],
    emailVerified=True, expiresAt=GOOD["exp"], issuedAt=GOOD["iat"])
add("good, second key", joserfc_token(head(kid="b"), GOOD, B), "ok")
add("good, 4096 bits", joserfc_token(head(kid="long"), GOOD, LONG), "ok", keys="long")
add("good, checked again without a nonce", TOKEN, "ok", nonce=None)
add("good, as bearer", TOKEN, "ok", kind="bearer", nonce=None)

# The form
parts = TOKEN.split(".")
add("empty", "", "not_compact")
add("only dots", "..", "not_json_header")
add("one segment", parts[0], "not_compact")
add("two segments", ".".join(parts[:2]), "not_compact")
add("four segments", TOKEN + ".", "not_compact")
add("a dot in front", "." + TOKEN, "not_compact")
add("JWE", jwe.encrypt_compact({"alg": "dir", "enc": "A128GCM"}, b"x", OctKey.import_key(b"0" * 16)), "not_compact")
add("JSON serialisation", json.dumps({"payload": parts[1], "protected": parts[0], "signature": parts[2]}),
    "not_compact")
add("detached payload", f"{parts[0]}..{parts[2]}", "signature")
add("16 KiB less a little", joserfc_token(HEAD, claims(pad="x" * 11500)), "ok")
too_large = joserfc_token(HEAD, claims(pad="x" * 12000))
assert len(too_large) > 16384
add("beyond 16 KiB", too_large, "too_large")
add("nested token as payload", signed(head(cty="JWT"), TOKEN, A), "not_json_payload")
for index, part in enumerate(("header", "payload", "signature")):
    for what, change in {
        "padding": lambda s: s + "=",
        "two paddings": lambda s: s + "==",
        "a space": lambda s: s + " ",
        "a space in front": lambda s: " " + s,
        "a line break": lambda s: s[:4] + "\n" + s[4:],
        "a tab": lambda s: s[:4] + "\t" + s[4:],
        "a NUL": lambda s: s + "\0",
        "a plus": lambda s: "+" + s[1:],
        "a slash": lambda s: "/" + s[1:],
        "a percent sign": lambda s: "%" + s[1:],
        "an umlaut": lambda s: "\u00e4" + s[1:],
        "a full-width digit": lambda s: "\uff11" + s[1:],
    }.items():
        changed = list(parts)
        changed[index] = change(changed[index])
        add(f"{part} with {what}", ".".join(changed), f"encoding_{part}")
# 256 bytes end in a character of which four bits count for nothing, and 4n+1 characters spell nothing.
alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
last = alphabet.index(parts[2][-1])
assert last % 16 == 0
add("signature with unused bits set", TOKEN[:-1] + alphabet[last + 1], "encoding_signature")
add("signature of 4n+1 characters", TOKEN[:-1], "encoding_signature")

# Header: alg
for name, alg in {
    "none": "none", "None": "None", "NONE": "NONE", "nOnE": "nOnE", "empty": "", "array": ["RS256"], "null": None,
    "number": 256, "object": {"alg": "RS256"}, "lower case": "rs256", "space behind": "RS256 ",
    "space before": " RS256",
    "NUL behind": "RS256\0", "full-width R": "\uff32S256", "Cyrillic S": "R\u0405256", "RS384": "RS384",
    "RS512": "RS512", "unknown": "XX256",
}.items():
    expect = "not_json_header" if name == "NUL behind" else "algorithm"
    header(f"alg: {name}", expect, alg=alg)
    if isinstance(alg, str) and alg.lower() == "none":
        add(f"alg: {name}, no signature", f"{b64(json.dumps(head(alg=alg)))}.{b64(json.dumps(GOOD))}.", "algorithm")
header("alg: missing", "algorithm", drop=("alg",))
add("alg: none by a library", jws.serialize_compact(
    {"alg": "none"}, json.dumps(GOOD), OctKey.import_key(b""), algorithms=["none"]), "algorithm")
PEM = A.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
DER = A.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
for name, secret in {
    "PEM": PEM, "PEM without its last line break": PEM.strip(), "DER": DER, "the modulus": N.to_bytes(SIZE, "big"),
    "the JWK": json.dumps(KEY_SETS["main"]["keys"][0]).encode(), "nothing": b"",
}.items():
    text = f"{b64(json.dumps(head(alg='HS256')))}.{b64(json.dumps(GOOD))}"
    add(f"HS256 keyed with {name}", f"{text}.{b64(hmac.digest(secret, text.encode(), 'sha256'))}", "algorithm")
    text = f"{b64(json.dumps(HEAD))}.{b64(json.dumps(GOOD))}"
    add(f"RS256 signed by HMAC with {name}", f"{text}.{b64(hmac.digest(secret, text.encode(), 'sha256'))}",
    "signature")
pem = A.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
for alg in ("RS384", "RS512", "PS256", "PS384", "PS512"):
    add(f"valid {alg}", jwt.encode(head(alg=alg), GOOD, RSAKey.import_key(pem), algorithms=[alg]), "algorithm")
add("valid ES256", jwt.encode(head(alg="ES256"), GOOD, ECKey.generate_key("P-256"), algorithms=["ES256"]), "algorithm")
add("valid EdDSA", jwt.encode(head(alg="EdDSA"), GOOD, OKPKey.generate_key("Ed25519"), algorithms=["EdDSA"]),
    "algorithm")

# Header: the rest
header("crit", "extension", crit=["exp"])
header("crit, empty", "extension", crit=[])
header("b64", "extension", b64=False)
header("b64 true", "extension", b64=True)
header("zip", "extension", zip="DEF")
for name, typ, expect in (
    ("absent", ..., "ok"), ("jwt", "jwt", "ok"), ("application/jwt", "application/jwt", "ok"),
    ("at+jwt", "at+jwt", "type"), ("AT+JWT", "AT+JWT", "type"), ("logout+jwt", "logout+jwt", "type"),
    ("application/at+jwt", "application/at+jwt", "type"), ("secevent+jwt", "secevent+jwt", "type"),
    ("JOSE", "JOSE", "type"), ("empty", "", "type"), ("null", None, "type"), ("array", ["JWT"], "type"),
):
    if typ is ...:
        header(f"typ: {name}", expect, drop=("typ",))
    else:
        header(f"typ: {name}", expect, typ=typ)
header("typ: at+jwt as bearer", "ok", typ="at+jwt", kind="bearer")
header("typ: logout+jwt as bearer", "type", typ="logout+jwt", kind="bearer")
for name, kid, expect in (
    ("unknown", "c", "unknown_key"), ("other case", "A", "unknown_key"), ("space behind", "a ", "unknown_key"),
    ("a path", "../../dev/null", "unknown_key"), ("SQL", "a' OR '1'='1", "unknown_key"),
    ("256 bytes", "k" * 256, "unknown_key"), ("257 bytes", "k" * 257, "key_identifier"),
    ("empty", "", "key_identifier"),
    ("number", 1, "key_identifier"), ("null", None, "key_identifier"), ("array", ["a"], "key_identifier"),
    ("NUL", "a\0", "not_json_header"), ("of the other key", "b", "signature"),
):
    header(f"kid: {name}", expect, kid=kid)
header("kid: absent, two keys", "ambiguous_key", drop=("kid",))
header("kid: absent, one nameless key", "ok", drop=("kid",), keys="single")
header("kid: absent, one named key", "ok", drop=("kid",), keys="single-named")
header("kid: absent, two nameless keys", "ambiguous_key", drop=("kid",), keys="two-nameless")
header("kid: absent, one suitable key of five", "ok", drop=("kid",), keys="one-suitable")
header("kid: absent, no key", "unknown_key", drop=("kid",), keys="empty")
header("kid: named, one nameless key", "unknown_key", keys="single")
header("kid: of an encryption key", "unknown_key", kid="enc", key=B, keys="one-suitable")
header("kid: of a key for PS256", "unknown_key", kid="ps", key=LONG, keys="one-suitable")
header("kid: of an EC key", "unknown_key", kid="e", keys="one-suitable")
header("kid: of two different keys, the first signed", "ambiguous_key", keys="one-kid-two-keys")
header("kid: beside two keys of one name", "ok", kid="long", key=LONG, keys="one-kid-two-keys")
header("kid: of one key listed twice", "ok", keys="same-key-twice")
header("a 1024-bit key", "unknown_key", kid="weak", key=WEAK, keys="weak")
header("no keys", "unknown_key", keys="empty")
stranger = jwk(STRANGER, kid="s")
header("embedded jwk of a stranger", "foreign_key", key=STRANGER, jwk=stranger)
header("embedded jwk, without kid", "foreign_key", drop=("kid",), key=STRANGER, jwk=stranger, keys="single")
header("embedded jwk with its kid", "foreign_key", key=STRANGER, jwk=stranger, kid="s")
header("embedded jwk of the issuer", "foreign_key", jwk=stranger)
header("jku", "foreign_key", key=STRANGER, jku="http://127.0.0.1:9/jwks")
header("jku, signed by the issuer", "foreign_key", jku="http://127.0.0.1:9/jwks")
header("x5u", "foreign_key", key=STRANGER, x5u="http://127.0.0.1:9/x5u")
header("x5c", "signature", key=STRANGER, x5c=[base64.b64encode(b"x" * 300).decode()])
header("unknown member", "ok", whatever={"a": [1]})
for name, text in {
    "array": '["RS256"]', "text": '"RS256"', "number": "1", "null": "null", "nothing": "", "two objects": "{}{}",
    "alg twice": '{"alg":"RS256","kid":"a","alg":"RS256"}', "kid twice": '{"alg":"RS256","kid":"a","kid":"b"}',
    "alg twice, one escaped": '{"alg":"RS256","kid":"a","\\u0061lg":"none"}',
    "unquoted": "{alg:RS256}", "single quotes": "{'alg':'RS256'}", "comment": '{"alg":"RS256",/**/"kid":"a"}',
    "trailing comma": '{"alg":"RS256","kid":"a",}', "truncated": '{"alg":"RS256"', "BOM": '\ufeff{"alg":"RS256"}',
    "depth 33": '{"alg":"RS256","kid":"a","x":' + "[" * 32 + "]" * 32 + "}",
    "a thousand deep": '{"alg":"RS256","kid":"a","x":' + "[" * 1000 + "]" * 1000 + "}",
}.items():
    add(f"header: {name}", signed(text, GOOD, A), "not_json_header")
add("header: depth 32", signed('{"alg":"RS256","kid":"a","x":' + "[" * 31 + "]" * 31 + "}", GOOD, A), "ok")
add("header: not UTF-8", signed(b'{"alg":"RS256","kid":"\xff"}', GOOD, A), "not_json_header")
add("header: UTF-16", signed(json.dumps(HEAD).encode("utf-16"), GOOD, A), "not_json_header")
add("header: space around", signed(' \r\n\t{ "alg" : "RS256" , "kid" : "a" } ', GOOD, A), "ok")
add("header: escaped alg", signed('{"\\u0061lg":"\\u0052S256","kid":"a"}', GOOD, A), "ok")

# The signature
good = base64.urlsafe_b64decode(parts[2] + "==")
number = int.from_bytes(good, "big")
for name, signature in {
    "none": b"", "one byte": b"\x01", "half": good[:128], "255 bytes": good[:-1], "255 bytes from the end": good[1:],
    "257 bytes, zero behind": good + b"\0", "257 bytes, zero before": b"\0" + good, "512 bytes": good + good,
    "0": bytes(SIZE), "1": (1).to_bytes(SIZE, "big"), "2": (2).to_bytes(SIZE, "big"),
    "n - 1": (N - 1).to_bytes(SIZE, "big"), "n": N.to_bytes(SIZE, "big"), "n + 1": (N + 1).to_bytes(SIZE, "big"),
    "n - s": (N - number).to_bytes(SIZE, "big"), "all ones": b"\xff" * SIZE, "reversed": good[::-1],
    "s + n": (number + N).to_bytes(SIZE + 1, "big"),
}.items():
    add(f"signature: {name}", with_signature(TOKEN, signature), "signature")
for position in (0, 1, 63, 64, 127, 128, 200, 254, 255):
    for bit in (0, 7):
        changed = bytearray(good)
        changed[position] ^= 1 << bit
        add(f"signature: bit {bit} of byte {position} flipped", with_signature(TOKEN, bytes(changed)), "signature")
signing_input = TOKEN.rsplit(".", 1)[0].encode()
digest = hashlib.sha256(signing_input).digest()
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def padded(info, kind=1, filler=b"\xff"):
    return b"\0" + bytes([kind]) + filler * (SIZE - 3 - len(info)) + b"\0" + info


right = padded(SHA256_INFO + digest)
assert raw_rsa(right, A) == good
for name, encoded in {
    "DigestInfo without NULL": padded(bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest),
    "bare digest": padded(digest),
    "OID of SHA-512": padded(bytes.fromhex("3031300d060960864801650304020305000420") + digest),
    "OID of SHA-384": padded(bytes.fromhex("3031300d060960864801650304020205000420") + digest),
    "OID of SHA-1": padded(bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(signing_input).digest()),
    "MD5": padded(bytes.fromhex("3020300c06082a864886f70d020505000410") + hashlib.md5(signing_input).digest()),
    "a real SHA-512": padded(bytes.fromhex("3051300d060960864801650304020305000440")
                             + hashlib.sha512(signing_input).digest()),
    "block type 0": padded(SHA256_INFO + digest, kind=0, filler=b"\0"),
    "block type 2": padded(SHA256_INFO + digest, kind=2, filler=b"\x11"),
    "padding of zeros": padded(SHA256_INFO + digest, filler=b"\0"),
    "padding of 0xfe": padded(SHA256_INFO + digest, filler=b"\xfe"),
    "one byte of padding changed": right[:10] + b"\xfe" + right[11:],
    "no zero after the padding": right[:2] + b"\xff" * (SIZE - 2 - 51) + SHA256_INFO + digest,
    "short padding, garbage behind": b"\0\1" + b"\xff" * 8 + b"\0" + SHA256_INFO + digest + b"\x77" * (SIZE - 62),
    "long length in DigestInfo": padded(bytes.fromhex("308131300d060960864801650304020105000420") + digest),
    "garbage in the NULL": padded(bytes.fromhex("3033300f0609608648016503040201050200000420") + digest),
    "digest short by a byte": padded(bytes.fromhex("3030300d06096086480165030402010500041f") + digest[:-1]),
    "digest longer by a byte": padded(bytes.fromhex("3032300d060960864801650304020105000421") + digest + b"\0"),
}.items():
    assert len(encoded) == SIZE, name
    add(f"encoding: {name}", with_signature(TOKEN, raw_rsa(encoded, A)), "signature")
add("encoding: PSS in RS256's clothes",
    with_signature(TOKEN, A.sign(signing_input, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())),
    "signature")
add("encoding: ECDSA in RS256's clothes", with_signature(TOKEN, EC.sign(signing_input, ec.ECDSA(hashes.SHA256()))),
    "signature")
add("signed by the other key", signed(HEAD, GOOD, B), "signature")
add("signed by a stranger", signed(HEAD, GOOD, STRANGER), "signature")
add("payload of another token", ".".join([parts[0], b64(json.dumps(claims(sub="root"))), parts[2]]), "signature")
add("header of another token", ".".join([b64(json.dumps(head(x=1))), parts[1], parts[2]]), "signature")
add("signature over the payload alone", with_signature(
    TOKEN, A.sign(parts[1].encode(), padding.PKCS1v15(), hashes.SHA256())), "signature")

# The payload
for name, text in {
    "array": "[]", "text": '"x"', "number": "1", "null": "null", "nothing": "",
    "trailing junk": json.dumps(GOOD) + "x",
    "lone surrogate": json.dumps(GOOD)[:-1] + ',"x":"\\ud800"}',
    "lone trail": json.dumps(GOOD)[:-1] + ',"x":"\\udc00"}',
    "NUL escape": json.dumps(GOOD)[:-1] + ',"x":"\\u0000"}', "raw control": json.dumps(GOOD)[:-1] + ',"x":"\x01"}',
    "NaN": json.dumps(GOOD)[:-1] + ',"x":NaN}', "Infinity": json.dumps(GOOD)[:-1] + ',"x":Infinity}',
    "1e999": json.dumps(GOOD)[:-1] + ',"x":1e999}', "leading zero": json.dumps(GOOD)[:-1] + ',"x":01}',
    "plus": json.dumps(GOOD)[:-1] + ',"x":+1}', "hex": json.dumps(GOOD)[:-1] + ',"x":0x10}',
    "bare point": json.dumps(GOOD)[:-1] + ',"x":1.}', "True": json.dumps(GOOD)[:-1] + ',"x":True}',
}.items():
    payload(f"payload: {name}", text)
for name in ("iss", "aud", "exp", "nonce", "sub", "iat"):
    payload(f"payload: {name} twice", json.dumps(GOOD)[:-1] + f',"{name}":{json.dumps(GOOD[name])}}}')
payload("payload: not UTF-8", json.dumps(GOOD).encode()[:-1] + b',"x":"\xc3\x28"}')
payload("payload: overlong UTF-8", json.dumps(GOOD).encode()[:-1] + b',"x":"\xc0\xaf"}')
payload("payload: an escaped pair", json.dumps(GOOD)[:-1] + ',"x":"\\ud83d\\ude00"}', "ok")

# Claims: iss
for name, value, expect in (
    ("trailing slash", ISSUER + "/", "issuer"), ("upper-case host", "https://ID.example.com", "issuer"),
    ("prefix", ISSUER[:-1], "issuer"), ("longer", ISSUER + ".evil.test", "issuer"), ("empty", "", "issuer"),
    ("http", ISSUER.replace("https", "http"), "issuer"), ("homoglyph", ISSUER.replace("e", "\u0435"), "issuer"),
    ("port", ISSUER + ":443", "issuer"), ("array", [ISSUER], "malformed_iss"), ("null", None, "malformed_iss"),
    ("number", 1, "malformed_iss"),
):
    claim(f"iss: {name}", expect, iss=value)
claim("iss: missing", "missing_iss", drop=("iss",))

# aud, azp
for name, value, azp, expect in (
    ("list of us", [CLIENT], ..., "ok"), ("another", "other", ..., "audience"),
    ("list of another", ["other"], ..., "audience"),
    ("empty list", [], ..., "audience"), ("empty text", "", ..., "audience"), ("prefix", "poster", ..., "audience"),
    ("longer", CLIENT + "x", ..., "audience"), ("case", "Postern", ..., "audience"),
    ("with space", CLIENT + " ", ..., "audience"),
    ("object", {CLIENT: True}, ..., "malformed_aud"), ("number", 1, ..., "malformed_aud"),
    ("null", None, ..., "malformed_aud"),
    ("true", True, ..., "malformed_aud"), ("list with a number", [CLIENT, 1], CLIENT, "malformed_aud"),
    ("nested list", [[CLIENT]], ..., "malformed_aud"), ("16 entries", [CLIENT] + ["x"] * 15, CLIENT, "ok"),
    ("17 entries", [CLIENT] + ["x"] * 16, CLIENT, "malformed_aud"),
    ("1000 entries", ["x%d" % i for i in range(999)] + [CLIENT], CLIENT, "malformed_aud"),
    ("us and another without azp", [CLIENT, "other"], ..., "authorized_party"),
    ("us twice without azp", [CLIENT, CLIENT], ..., "authorized_party"),
    ("us and another with azp", ["other", CLIENT], CLIENT, "ok"),
    ("us and another, azp the other", [CLIENT, "other"], "other", "authorized_party"),
    ("us, azp us", CLIENT, CLIENT, "ok"), ("us, azp another", CLIENT, "other", "authorized_party"),
    ("us, azp empty", CLIENT, "", "authorized_party"), ("us, azp a list", CLIENT, [CLIENT], "malformed_azp"),
    ("us, azp null", CLIENT, None, "malformed_azp"),
    ("the site's second audience", "api://docs", ..., "ok"),
):
    changes = {"aud": value} if azp is ... else {"aud": value, "azp": azp}
    claim(f"aud: {name}", expect, **changes)
claim("aud: missing", "missing_aud", drop=("aud",))

# exp, nbf, iat, to the second: the skew is 60
for name, changes, expect in (
    ("exp a second away", {"exp": NOW + 1}, "ok"), ("exp now", {"exp": NOW}, "ok"),
    ("exp 59 s ago", {"exp": NOW - 59}, "ok"),
    ("exp 60 s ago", {"exp": NOW - 60}, "expired"), ("exp 61 s ago", {"exp": NOW - 61}, "expired"),
    ("exp 59.5 s ago", {"exp": NOW - 59.5}, "ok"), ("exp 60.5 s ago", {"exp": NOW - 60.5}, "expired"),
    ("exp in 2106", {"exp": 2**32 + 5}, "ok"), ("exp 2^53", {"exp": 2**53}, "ok"),
    ("exp 2^53 + 1", {"exp": 2**53 + 1}, "malformed_exp"), ("exp 2^63 - 1", {"exp": 2**63 - 1}, "malformed_exp"),
    ("exp 2^63", {"exp": 2**63}, "malformed_exp"), ("exp 2^64", {"exp": 2**64}, "malformed_exp"),
    ("exp 1e300", {"exp": 1e300}, "malformed_exp"), ("exp -1e300", {"exp": -1e300}, "malformed_exp"),
    ("exp -1", {"exp": -1}, "malformed_exp"), ("exp 0", {"exp": 0}, "expired"),
    ("exp text", {"exp": str(NOW + 300)}, "malformed_exp"),
    ("exp null", {"exp": None}, "malformed_exp"), ("exp true", {"exp": True}, "malformed_exp"),
    ("exp list", {"exp": [NOW + 300]}, "malformed_exp"), ("exp fraction", {"exp": NOW + 300.25}, "ok"),
    ("exp with exponent", {"exp": 1.8000003e9}, "ok"),
    ("nbf now", {"nbf": NOW}, "ok"), ("nbf 60 s ahead", {"nbf": NOW + 60}, "ok"),
    ("nbf 61 s ahead", {"nbf": NOW + 61}, "not_yet_valid"),
    ("nbf 60.5 s ahead", {"nbf": NOW + 60.5}, "not_yet_valid"), ("nbf text", {"nbf": "0"}, "malformed_nbf"),
    ("nbf 1e300", {"nbf": 1e300}, "malformed_nbf"), ("nbf null", {"nbf": None}, "malformed_nbf"),
    ("nbf 0", {"nbf": 0}, "ok"),
    ("iat 60 s ahead", {"iat": NOW + 60}, "ok"), ("iat 61 s ahead", {"iat": NOW + 61}, "issued_in_future"),
    ("iat a fraction", {"iat": NOW - 0.5}, "ok"), ("iat old", {"iat": NOW - 86400}, "ok"),
    ("iat text", {"iat": "1"}, "malformed_iat"),
    ("iat 1e300", {"iat": 1e300}, "malformed_iat"), ("iat -1", {"iat": -1}, "malformed_iat"),
    ("auth_time a fraction", {"auth_time": 1795408687.66}, "ok"), ("auth_time 0", {"auth_time": 0}, "ok"),
):
    claim(f"time: {name}", expect, **changes)
claim("time: exp missing", "missing_exp", drop=("exp",))
claim("time: iat missing", "missing_iat", drop=("iat",))
claim("time: iat missing in a bearer token", "ok", drop=("iat",), kind="bearer", nonce=None)
for name, age, expect in (("660 s", 660, "ok"), ("661 s", 661, "issued_too_long_ago")):
    claim(f"time: issued {name} ago, 600 allowed", expect, iat=NOW - age, more={"issuedWithin": 600})

# nonce
for name, value, expect in (
    ("other", NONCE[:-1] + "k", "nonce"), ("prefix", NONCE[:-1], "nonce"), ("longer", NONCE + "x", "nonce"),
    ("empty", "", "nonce"),
    ("other case", NONCE.upper(), "nonce"), ("array", [NONCE], "malformed_nonce"), ("null", None, "malformed_nonce"),
):
    add(f"nonce: {name}", joserfc_token(HEAD, claims(nonce=value)), expect)
claim("nonce: missing", "missing_nonce", drop=("nonce",))
add("nonce: missing where none is asked for", joserfc_token(HEAD, claims(drop=("nonce",))), "ok", nonce=None)

# at_hash
for name, value, expect in (
    ("right", at_hash(ACCESS_TOKEN), "ok"), ("of another token", at_hash("x"), "access_token_hash"),
    ("empty", "", "access_token_hash"),
    ("whole digest", b64(hashlib.sha256(ACCESS_TOKEN.encode()).digest()), "access_token_hash"),
    ("padded", at_hash(ACCESS_TOKEN) + "==", "access_token_hash"),
    ("right half", b64(hashlib.sha256(ACCESS_TOKEN.encode()).digest()[16:]), "access_token_hash"),
    ("number", 1, "malformed_at_hash"), ("null", None, "malformed_at_hash"),
):
    claim(f"at_hash: {name}", expect, at_hash=value, access_token=ACCESS_TOKEN)
claim("at_hash: missing", "ok", access_token=ACCESS_TOKEN)
claim("at_hash: wrong, but no access token came", "ok", at_hash="x")
claim("c_hash is not read", "ok", c_hash="x")

# sub
for name, value, expect in (
    ("255 characters", "s" * 255, "ok"), ("256 characters", "s" * 256, "malformed_sub"),
    ("empty", "", "malformed_sub"),
    ("line break", "a\nb", "malformed_sub"), ("DEL", "a\x7f", "malformed_sub"), ("C1", "a\x85", "malformed_sub"),
    ("number", 1, "malformed_sub"), ("null", None, "malformed_sub"), ("umlaut", "j\u00f6rg", "ok"),
):
    claim(f"sub: {name}", expect, sub=value)
claim("sub: missing", "missing_sub", drop=("sub",))

# Other kinds of token
EVENTS = {"http://schemas.openid.net/event/backchannel-logout": {}}
claim("logout token as ID token", "event_token", events=EVENTS)
claim("logout token as bearer", "event_token", events=EVENTS, kind="bearer", nonce=None)
claim("events of null", "event_token", events=None)
add("access token of another audience as bearer", joserfc_token(head(typ="at+jwt"), claims(aud="api")), "audience",
    kind="bearer", nonce=None)
claim("bearer issued to another client for us", "ok", azp="cli", client_id="cli", kind="bearer", nonce=None)
claim("bearer with several audiences and no azp", "ok", aud=["api", CLIENT], kind="bearer", nonce=None)
claim("bearer expired", "expired", exp=NOW - 60, kind="bearer", nonce=None)
claim("bearer of another issuer", "issuer", iss="https://other.example", kind="bearer", nonce=None)
add("bearer with alg none", f"{b64(json.dumps({'alg': 'none'}))}.{b64(json.dumps(GOOD))}.", "algorithm", kind="bearer",
    nonce=None)

# What the identity says
for name, changes, expected in (
    ("groups as text", {"groups": "staff"}, {"groups": ["staff"]}),
    ("groups empty", {"groups": []}, {"groups": []}),
    ("groups with odd entries", {"groups": ["a", 1, None, ["b"], "c d"]}, {"groups": ["a", "c d"]}),
    ("groups an object falls to roles", {"groups": {"a": 1}, "roles": ["r"]}, {"groups": ["r"]}),
    ("groups before roles", {"roles": ["r"]}, {"groups": GOOD["groups"]}),
    ("email_verified as text", {"email_verified": "true"}, {"emailVerified": True}),
    ("email_verified false", {"email_verified": False}, {"emailVerified": False}),
    ("email_verified as text, false", {"email_verified": "false"}, {"emailVerified": False}),
    ("email with a line break", {"email": "a@b\r\nc"}, {"hasNoEmail": True}),
    ("email as list", {"email": ["a@b"]}, {"hasNoEmail": True}),
    ("exp rounded up", {"exp": NOW + 10.25}, {"expiresAt": NOW + 11}),
):
    claim(f"identity: {name}", "ok", more=expected, **changes)
claim("identity: Cognito's groups", "ok", drop=("groups",), more={"groups": ["c"]}, **{"cognito:groups": ["c"]})
claim("identity: no groups", "ok", drop=("groups",), more={"groups": []})
claim("identity: preferred_username for a name", "ok", drop=("name",), more={"displayName": "ada"},
      preferred_username="ada")

document = {
    "now": NOW, "issuer": ISSUER, "audiences": [CLIENT, "api://docs"], "keySets": {k: json.dumps(v) for k, v in KEY_SETS.items()}, "vectors": vectors,
}
path = pathlib.Path(__file__).with_name("tokens.json")
path.write_text(json.dumps(document, indent=0, ensure_ascii=True) + "\n")
print(f"{len(vectors)} vectors, {path.stat().st_size} bytes")
