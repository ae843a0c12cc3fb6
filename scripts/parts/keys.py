"""Signing keys for the providers."""

import json
import secrets
import subprocess

from .process import PartFailed

_PROGRAM = """
import json, sys
from joserfc.jwk import RSAKey
print(json.dumps(RSAKey.generate_key(2048, {"kid": sys.argv[1], "alg": "RS256", "use": "sig"}).as_dict(private=True)))
"""


def new_signing_key(python):
    """A private RSA key as a JWK, made by the Python that has joserfc (it may be another than this one)."""
    made = subprocess.run([str(python), "-c", _PROGRAM, "key-" + secrets.token_hex(4)], capture_output=True, text=True)
    if made.returncode:
        raise PartFailed("no signing key could be made:\n" + made.stderr[-1500:])
    return json.loads(made.stdout)
