#!/usr/bin/env python3
"""Makes algorithms.json: tokens signed by every algorithm, right and wrong, and entries of key sets, with what a verifier
must say to each.

    pip install joserfc cryptography && python3 make_algorithm_vectors.py

The good tokens come from joserfc; the others are put together here and signed with `cryptography`, or their signatures
are changed. Every run makes new keys; the times never change. Private keys are not kept.
"""
import base64
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

NOW, ISSUER, CLIENT = 1_800_000_000, "https://id.example.com", "postern"
ACCESS_TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
GOOD = {"iss": ISSUER, "sub": "248289761001", "aud": CLIENT, "exp": NOW + 300, "iat": NOW - 5}


def b64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def uint(number, size=None):
    return b64(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


RSA = rsa.generate_private_key(65537, 2048)
ODD_RSA = rsa.generate_private_key(65537, 2056)
P256, P384, P521 = (ec.generate_private_key(curve()) for curve in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1))
K256 = ec.generate_private_key(ec.SECP256K1())
ED = ed25519.Ed25519PrivateKey.generate()
ED448 = ed448.Ed448PrivateKey.generate()
ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
ED_ORDER = 2**252 + 27742317777372353535851937790883648493


def rsa_jwk(key, **members):
    public = key.public_key().public_numbers()
    return {"kty": "RSA", "n": uint(public.n), "e": uint(public.e), **members}


def ec_jwk(key, curve, size, **members):
    public = key.public_key().public_numbers()
    return {"kty": "EC", "crv": curve, "x": uint(public.x, size), "y": uint(public.y, size), **members}


def raw(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def ed_jwk(**members):
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw(ED)), **members}


KEYS = {
    "rsa": (RSA, rsa_jwk(RSA, kid="rsa")), "odd": (ODD_RSA, rsa_jwk(ODD_RSA, kid="odd")),
    "p256": (P256, ec_jwk(P256, "P-256", 32, kid="p256")), "p384": (P384, ec_jwk(P384, "P-384", 48, kid="p384")),
    "ed": (ED, ed_jwk(kid="ed")),
}
ALGORITHMS = {"RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "ES256": "p256", "ES384": "p384",
              "EdDSA": "ed"}
tokens, entries, key_sets = [], [], []


def key_set(keys):
    text = json.dumps({"keys": keys})
    if text not in key_sets:
        key_sets.append(text)
    return key_sets.index(text)


def add(name, token, expect, algorithms, keys=None, access_token=None):
    assert all(one["name"] != name for one in tokens), name
    keys = [jwk for _, jwk in KEYS.values()] if keys is None else keys
    tokens.append({"name": name, "token": token, "expect": expect, "algorithms": algorithms,
                   "keys": key_set(keys), "accessToken": access_token})


def entry(name, jwk, expect):
    entries.append({"name": name, "entry": json.dumps(jwk), "expect": expect})


def library(alg, claims=GOOD, kid=None):
    kid = kid or ALGORITHMS[alg]
    key = KEYS[kid][0]
    imported = (RSAKey if kid in ("rsa", "odd") else OKPKey if kid == "ed" else ECKey).import_key(pem(key))
    return jwt.encode({"alg": alg, "kid": kid, "typ": "JWT"}, claims, imported, algorithms=[alg])


def signed(header, sign, claims=GOOD):
    text = f"{b64(json.dumps(header))}.{b64(json.dumps(claims))}"
    return f"{text}.{b64(sign(text.encode()))}"


def with_signature(token, signature):
    return token.rsplit(".", 1)[0] + "." + b64(signature)


GOOD_TOKENS = {alg: library(alg) for alg in ALGORITHMS}
EVERY = list(ALGORITHMS)

for alg, token in GOOD_TOKENS.items():
    add(f"{alg}", token, "ok", [alg])
    add(f"{alg} among all", token, "ok", EVERY)
    add(f"{alg} where it is not asked for", token, "algorithm", [other for other in EVERY if other != alg])
    add(f"{alg} where nothing is", token, "algorithm", [])
    add(f"{alg}, the key for it alone", token, "ok", EVERY, [{**KEYS[ALGORITHMS[alg]][1], "alg": alg, "use": "sig"}])
    add(f"{alg}, key_ops", token, "ok", EVERY, [{**KEYS[ALGORITHMS[alg]][1], "key_ops": ["verify"]}])
    add(f"{alg}, key_ops to sign", token, "unknown_key", EVERY, [{**KEYS[ALGORITHMS[alg]][1], "key_ops": ["sign"]}])
    add(f"{alg}, key for encryption", token, "unknown_key", EVERY, [{**KEYS[ALGORITHMS[alg]][1], "use": "enc"}])
    # Its signature under every other algorithm's name.
    parts, header = token.split("."), {"kid": ALGORITHMS[alg], "typ": "JWT"}
    for other in EVERY:
        if other == alg:
            continue
        renamed = f"{b64(json.dumps({'alg': other, **header}))}.{parts[1]}.{parts[2]}"
        add(f"{alg} called {other}", renamed,
            "signature" if ALGORITHMS[other] == ALGORITHMS[alg] else "unknown_key", EVERY)
        if ALGORITHMS[other] == ALGORITHMS[alg]:
            add(f"{alg}, the key for {other} alone", token, "unknown_key", EVERY,
                [{**KEYS[ALGORITHMS[alg]][1], "alg": other}])
    for name in ("none", "HS256", "HS384", "HS512", alg.lower() if alg != "EdDSA" else "EDDSA", alg + " "):
        renamed = f"{b64(json.dumps({'alg': name, **header}))}.{parts[1]}.{parts[2]}"
        add(f"{alg} called {name!r}", renamed, "algorithm", EVERY)
    good = unb64(parts[2])
    for name, signature in {
        "empty": b"", "one byte": b"\1", "a byte less": good[:-1], "a byte less in front": good[1:],
        "a byte more": good + b"\0", "a byte more in front": b"\0" + good, "twice": good + good, "zero": bytes(len(good)),
        "ones": b"\xff" * len(good), "half of it zero": bytes(len(good) // 2) + good[len(good) // 2:],
        "the other half zero": good[:len(good) // 2] + bytes(len(good) // 2), "backwards": good[::-1],
    }.items():
        add(f"{alg}, signature {name}", with_signature(token, signature), "signature", EVERY)
    for position in range(0, len(good), max(1, len(good) // 16)):
        changed = bytearray(good)
        changed[position] ^= 0x10
        add(f"{alg}, signature changed at {position}", with_signature(token, bytes(changed)), "signature", EVERY)
    other_claims = b64(json.dumps({**GOOD, "sub": "root"}))
    add(f"{alg}, other claims", f"{parts[0]}.{other_claims}.{parts[2]}", "signature", EVERY)

for alg in ("PS384", "PS512", "ES512", "ES256K", "Ed25519", "Ed448", "RSA1_5", "RSA-OAEP", "dir", "A128KW"):
    add(f"called {alg}", signed({"alg": alg, "kid": "rsa"}, lambda text: RSA.sign(
        text, padding.PKCS1v15(), hashes.SHA256())), "algorithm", EVERY)

# PSS: exactly MGF1 of the same digest, and a salt of its length
for name, pss, digest in (
    ("no salt", padding.PSS(padding.MGF1(hashes.SHA256()), 0), hashes.SHA256()),
    ("a salt of 20", padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256()),
    ("a salt of 31", padding.PSS(padding.MGF1(hashes.SHA256()), 31), hashes.SHA256()),
    ("a salt of 33", padding.PSS(padding.MGF1(hashes.SHA256()), 33), hashes.SHA256()),
    ("the longest salt", padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH), hashes.SHA256()),
    ("MGF1 of SHA-1", padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256()),
    ("MGF1 of SHA-512", padding.PSS(padding.MGF1(hashes.SHA512()), 32), hashes.SHA256()),
    ("SHA-384", padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384()),
    ("SHA-1", padding.PSS(padding.MGF1(hashes.SHA1()), 20), hashes.SHA1()),
):
    add(f"PS256 with {name}", signed({"alg": "PS256", "kid": "rsa"}, lambda text: RSA.sign(text, pss, digest)),
        "signature", EVERY)
for alg in ("RS256", "PS256"):
    add(f"{alg}, a modulus of 2056 bits", library(alg, kid="odd"), "ok", EVERY)

# ECDSA: r and s, each in as many bytes as the order has, and in 1 ... n - 1
for alg, size, key, digest in (("ES256", 32, P256, hashes.SHA256()), ("ES384", 48, P384, hashes.SHA384())):
    token, n = GOOD_TOKENS[alg], ORDERS[alg]
    good = unb64(token.rsplit(".", 1)[1])
    r, s = int.from_bytes(good[:size], "big"), int.from_bytes(good[size:], "big")
    der = key.sign(token.rsplit(".", 1)[0].encode(), ec.ECDSA(digest))

    def pair(first, second, size=size):
        return first.to_bytes(size, "big") + second.to_bytes(size, "big")

    # Both s and n - s are signatures (FIPS 186-5), and JWS prefers neither.
    add(f"{alg}, n - s", with_signature(token, pair(r, n - s)), "ok", EVERY)
    for name, signature in {
        "as DER": der, "r of zero": pair(0, s), "s of zero": pair(r, 0), "both zero": pair(0, 0), "r of n": pair(n, s),
        "s of n": pair(r, n), "both n": pair(n, n), "r of 1": pair(1, s), "s of 1": pair(r, 1), "both 1": pair(1, 1),
        "n - r": pair(n - r, s), "r of n - 1": pair(n - 1, s), "r of n + 1": pair(n + 1, s),
        "s and r": pair(s, r), "halves a byte longer": pair(r, s, size + 1),
        "halves of the other curve": pair(r, s, 48) if size == 32 else good[:64], "of ES512's length": bytes(4) + good,
    }.items():
        add(f"{alg}, {name}", with_signature(token, signature), "signature", EVERY)
    if size == 32:
        # Small r and s appear in practice: 1 in 256 begins with a zero byte.
        count = 0
        while count < 2:
            text = token.rsplit(".", 1)[0].encode()
            pairs = decode_dss_signature(key.sign(text, ec.ECDSA(digest)))
            if min(pairs) < 2**248:
                count += 1
                add(f"{alg}, a half with a leading zero, {count}", with_signature(token, pair(*pairs)), "ok", EVERY)
                if count == 1:
                    short = b"".join(half.to_bytes((half.bit_length() + 7) // 8, "big") for half in pairs)
                    add(f"{alg}, its leading zero left out", with_signature(token, short), "signature", EVERY)
    for name, wrong in (("another digest", hashes.SHA512()), ("SHA-1", hashes.SHA1())):
        signature = pair(*decode_dss_signature(key.sign(token.rsplit(".", 1)[0].encode(), ec.ECDSA(wrong))))
        add(f"{alg} with {name}", with_signature(token, signature), "signature", EVERY)
add("ES256 by a key of P-384", jwt.encode({"alg": "ES256", "kid": "p384"}, GOOD, ECKey.import_key(pem(P256)),
                                          algorithms=["ES256"]), "unknown_key", EVERY)
add("ES384 by a key of P-256", jwt.encode({"alg": "ES384", "kid": "p256"}, GOOD, ECKey.import_key(pem(P384)),
                                          algorithms=["ES384"]), "unknown_key", EVERY)

# Ed25519: S below the group's order (RFC 8032 section 5.1.7), and no key of small order
token = GOOD_TOKENS["EdDSA"]
good = unb64(token.rsplit(".", 1)[1])
scalar = int.from_bytes(good[32:], "little")
for times in (1, 2, 8):
    if scalar + times * ED_ORDER < 2**256:
        add(f"EdDSA, S and {times} times the order",
            with_signature(token, good[:32] + (scalar + times * ED_ORDER).to_bytes(32, "little")), "signature", EVERY)
for bit in (5, 6, 7):
    changed = bytearray(good)
    changed[63] ^= 1 << bit
    add(f"EdDSA, S with bit {bit} of its last byte", with_signature(token, bytes(changed)), "signature", EVERY)
PRIME = 2**255 - 19
D = -121665 * pow(121666, -1, PRIME) % PRIME


def torsion():
    """The y of the eight points of small order: of order 8 where y^4 has the root that doubling twice to zero needs."""
    ys = {0, 1, PRIME - 1}
    # x = y * sqrt(-1) or its kin doubles to a point of order 4: d y^4 + 2 y^2 - 1 = 0 for a = -1.
    root = pow(1 + D, (PRIME + 3) // 8, PRIME)
    if root * root % PRIME != (1 + D) % PRIME:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert root * root % PRIME == (1 + D) % PRIME
    for sign in (root, -root):
        square = (-1 + sign) * pow(D, -1, PRIME) % PRIME
        y = pow(square, (PRIME + 3) // 8, PRIME)
        if y * y % PRIME != square:
            y = y * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
        if y * y % PRIME == square:
            ys |= {y, PRIME - y}
    return ys


SMALL = sorted(torsion())
assert len(SMALL) == 5, SMALL
for y in [*SMALL, PRIME, PRIME + 1]:
    for sign in (0, 1):
        x = (y | sign << 255).to_bytes(32, "little")
        entry(f"Ed25519, a point of small order: {x.hex()}", ed_jwk(x=b64(x)), "point")
print("small order:", ", ".join(hex(y) for y in SMALL))

# at_hash is the left half of the algorithm's own digest
for alg, digest in {"RS256": "sha256", "RS384": "sha384", "RS512": "sha512", "PS256": "sha256", "ES256": "sha256",
                    "ES384": "sha384", "EdDSA": "sha512"}.items():
    for one in ("sha256", "sha384", "sha512"):
        value = hashlib.new(one, ACCESS_TOKEN.encode()).digest()
        add(f"{alg}, at_hash of {one}", library(alg, {**GOOD, "at_hash": b64(value[:len(value) // 2])}),
            "ok" if one == digest else "access_token_hash", EVERY, access_token=ACCESS_TOKEN)

# Keys that are named, or not
everything = [{name: value for name, value in jwk.items() if name != "kid"} for _, jwk in KEYS.values()]
without_kid = signed({"alg": "ES256"}, lambda text: b"".join(
    half.to_bytes(32, "big") for half in decode_dss_signature(P256.sign(text, ec.ECDSA(hashes.SHA256())))))
add("no kid, one key that fits", without_kid, "ok", EVERY, everything)
one_name = [{**jwk, "kid": "one"} for name, (_, jwk) in KEYS.items() if name != "odd"]
for alg, kid in ALGORITHMS.items():
    key = KEYS[kid][0]
    imported = (RSAKey if kid == "rsa" else OKPKey if kid == "ed" else ECKey).import_key(pem(key))
    add(f"{alg}, one kid for keys of all kinds", jwt.encode(
        {"alg": alg, "kid": "one"}, GOOD, imported, algorithms=[alg]), "ok", EVERY, one_name)

# Entries of key sets
for name, (_, jwk) in KEYS.items():
    entry(f"{name}", jwk, "ok")
    entry(f"{name}, for another kind's algorithm", {**jwk, "alg": "ES256" if name != "p256" else "RS256"}, "algorithm")
    entry(f"{name}, for HS256", {**jwk, "alg": "HS256"}, "algorithm")
    entry(f"{name}, to encrypt", {**jwk, "use": "enc"}, "use")
    entry(f"{name}, key_ops to encrypt", {**jwk, "key_ops": ["encrypt"]}, "use")
    entry(f"{name}, key_ops empty", {**jwk, "key_ops": []}, "use")
    entry(f"{name}, with its private part", {**jwk, "d": "AQAB"}, "private_member")
    entry(f"{name}, with a symmetric one", {**jwk, "k": "AQAB"}, "private_member")
    entry(f"{name}, kty in another case", {**jwk, "kty": jwk["kty"].swapcase()}, "kind")
    for member in ("x", "y", "n", "e", "crv"):
        if member not in jwk:
            continue
        reason = {"x": "point", "y": "point", "n": "modulus", "e": "exponent", "crv": "curve"}[member]
        for what, value in (("null", None), ("a number", 1), ("empty", ""), ("padded", jwk[member] + "="),
                            ("with a line break", jwk[member] + "\n"), ("short", jwk[member][:2 if member == "crv" else 8])):
            entry(f"{name}, {member} {what}", {**jwk, member: value}, "modulus" if (member, what) == ("n", "short")
                  else "ok" if (member, what) == ("e", "short") else reason)
        entry(f"{name}, no {member}", {k: v for k, v in jwk.items() if k != member}, reason)
for name, jwk, size, curve in (("P-256", KEYS["p256"][1], 32, ec.SECP256R1), ("P-384", KEYS["p384"][1], 48, ec.SECP384R1)):
    x, y = (int.from_bytes(unb64(jwk[member]), "big") for member in "xy")
    p = {32: 2**256 - 2**224 + 2**192 + 2**96 - 1, 48: 2**384 - 2**128 - 2**96 + 2**32 - 1}[size]
    for what, (px, py) in {
        "off the curve": (x, y ^ 1), "off the curve, x": (x ^ 1, y), "the origin": (0, 0), "x of p": (p, y), "y of p": (x, p),
        "all ones": (256**size - 1, 256**size - 1), "swapped": (y, x),
    }.items():
        entry(f"{name}, {what}", {**jwk, "x": uint(px, size), "y": uint(py, size)}, "point")
    entry(f"{name}, -y is another key", {**jwk, "y": uint(p - y, size)}, "ok")
    entry(f"{name}, x with a leading zero", {**jwk, "x": b64(b"\0" + unb64(jwk["x"]))}, "point")
    entry(f"{name}, y with a zero behind", {**jwk, "y": b64(unb64(jwk["y"]) + b"\0")}, "point")
entry("P-256 called P-384", {**KEYS["p256"][1], "crv": "P-384"}, "point")
entry("P-384 called P-256", {**KEYS["p384"][1], "crv": "P-256"}, "point")
entry("P-521", ec_jwk(P521, "P-521", 66), "curve")
entry("secp256k1", ec_jwk(K256, "secp256k1", 32), "curve")
entry("secp256k1 called P-256", ec_jwk(K256, "P-256", 32), "point")
entry("Ed448", {"kty": "OKP", "crv": "Ed448", "x": b64(raw(ED448))}, "curve")
entry("X25519", ed_jwk(crv="X25519"), "curve")
entry("Ed25519 in 31 bytes", ed_jwk(x=b64(raw(ED)[:31])), "point")
entry("Ed25519 in 33 bytes", ed_jwk(x=b64(raw(ED) + b"\0")), "point")
entry("oct", {"kty": "oct", "k": b64(b"0" * 32)}, "kind")
for bits in (512, 1024, 1536):
    number = (1 << bits - 1) + 12345
    entry(f"RSA of {bits} bits", {"kty": "RSA", "n": uint(number), "e": "AQAB"}, "modulus")
for exponent in (1, 2, 3, 17, 65535, 65536, 2**64 + 1):
    entry(f"RSA, e of {exponent}", {**KEYS["rsa"][1], "e": uint(exponent)}, "exponent")

document = {"now": NOW, "issuer": ISSUER, "audience": CLIENT, "keySets": key_sets, "tokens": tokens, "entries": entries}
path = pathlib.Path(__file__).with_name("algorithms.json")
path.write_text(json.dumps(document, indent=0, ensure_ascii=True) + "\n")
print(f"{len(tokens)} tokens, {len(entries)} entries, {path.stat().st_size} bytes")
