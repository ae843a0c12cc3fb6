"""Canaille as an OpenID provider: sqlite, server-side login forms, groups as a claim."""

import hashlib
import json
import os
import secrets
import subprocess

from .keys import new_signing_key
from .process import PartFailed, Process, answers, clean_environment, free_port, port_is_free, program

FILL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "canaille_fill.py")


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def person(name, password, full_name, **more):
    given, _, family_name = full_name.partition(" ")
    return {"user_name": name, "password": password, "given_name": given, "family_name": family_name,
            "formatted_name": full_name, "display_name": given, "emails": [f"{name}@example.org"], **more}


def client(client_id, redirect_uris, *, name, secret=None, method="none", after_logout=()):
    made = {
        "client_id": client_id, "client_name": name, "redirect_uris": list(redirect_uris),
        "post_logout_redirect_uris": list(after_logout), "token_endpoint_auth_method": method,
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "scope": ["openid", "profile", "email", "groups"],
        "client_uri": "http://localhost",  # among the trusted names, so no page asks for consent
    }
    return {**made, "client_secret": secret} if secret else made


# Its ID tokens last an hour, and it has no setting for that: in one process, where that can be changed.
SHORT_LIVED = """
import sys, time
from canaille import create_app
from canaille.oidc.provider import OIDCGrantMixin
from werkzeug.serving import run_simple
seconds, own = int(sys.argv[1]), OIDCGrantMixin.get_client_claims
OIDCGrantMixin.get_client_claims = lambda self, client: {**own(self, client), "exp": int(time.time()) + seconds}
run_simple("127.0.0.1", int(sys.argv[2]), create_app(), threaded=True)
"""


class Canaille:
    """`users`, `groups` (name to user names) and `clients` are written once, and again whenever they change. `lifetime`
    is its ID tokens', in seconds, where it is not Canaille's own; without a `certificate`."""

    def __init__(self, directory, *, python, users, groups, clients, name="Sign-in", port=None, certificate=None,
                 lifetime=None):
        self.directory, self.python, self.name, self.certificate = str(directory), str(python), name, certificate
        self.lifetime = lifetime
        os.makedirs(self.directory, exist_ok=True)
        self.state = self._state(port)
        self.port = self.state["port"]
        self.issuer = f"{'https' if certificate else 'http'}://localhost:{self.port}"
        self.environment = clean_environment(
            self.directory, CANAILLE_CONFIG=f"{self.directory}/config.toml", PYTHONWARNINGS="ignore")
        self._write_config()
        self._fill({"users": users, "groups": groups, "clients": clients})
        self._run()

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _state(self, port):
        try:
            with open(self._path("state.json"), encoding="utf-8") as source:
                state = json.load(source)
        except FileNotFoundError:
            state = {"secret": secrets.token_urlsafe(32), "keys": [new_signing_key(self.python)], "old_keys": []}
        wanted = port or state.get("port")
        state["port"] = wanted if wanted and port_is_free(wanted) else free_port()
        return state

    def _save(self):
        with open(os.open(self._path("state.json"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
            json.dump(self.state, target)

    def _write_config(self):
        self._save()
        text = f"""\
SECRET_KEY = {_toml(self.state["secret"])}
SERVER_NAME = "localhost:{self.port}"
PREFERRED_URL_SCHEME = "{'https' if self.certificate else 'http'}"
[CANAILLE]
NAME = {_toml(self.name)}
LANGUAGE = "en"
EMAIL_CONFIRMATION = false
CAPTCHA_ENABLED = false
ENABLE_INTRUDER_LOCKOUT = false
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{self.directory}/canaille.sqlite"
[CANAILLE_OIDC]
REQUIRE_NONCE = true
TRUSTED_DOMAINS = ["127.0.0.1", "localhost"]
ACTIVE_JWKS = {_toml(self.state["keys"])}
INACTIVE_JWKS = {_toml(self.state["old_keys"])}
"""
        with open(os.open(self._path("config.toml"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
            target.write(text)

    def _call(self, argv, text=None):
        done = subprocess.run(argv, input=text, capture_output=True, text=True, env=self.environment,
                              cwd=self.directory)
        if done.returncode:
            raise PartFailed(f"Canaille could not be set up:\n{(done.stdout + done.stderr)[-3000:]}")

    def _fill(self, content):
        text = json.dumps(content, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        try:
            with open(self._path("filled"), encoding="ascii") as source:
                if source.read() == digest:
                    return
        except FileNotFoundError:
            pass
        if os.path.exists(self._path("canaille.sqlite")):
            os.unlink(self._path("canaille.sqlite"))
        self._call([program("canaille", self.python), "install"])
        self._call([self.python, "-P", FILL], text)  # its own folder holds a module of Canaille's name
        with open(self._path("filled"), "w", encoding="ascii") as target:
            target.write(digest)

    def _run(self):
        argv = [program("canaille", self.python), "run", "--bind", f"127.0.0.1:{self.port}"]
        if self.lifetime:
            argv = [self.python, "-P", "-c", SHORT_LIVED, str(self.lifetime), str(self.port)]
        if self.certificate:
            argv += ["--certfile", self.certificate[0], "--keyfile", self.certificate[1]]
        # asked by its own name: any other is not found
        self.process = Process(
            "Canaille", argv, log=self._path("canaille.log"), environment=self.environment, directory=self.directory,
            ready=answers(f"{self.issuer.replace('localhost', '127.0.0.1')}/.well-known/openid-configuration",
                          statuses=(200, 400, 404)), append=True)

    def rotate(self, keep_old=True):
        """Another signing key. Canaille reads its keys when it starts, so it is started again."""
        self.state["old_keys"] = self.state["keys"] if keep_old else []
        self.state["keys"] = [new_signing_key(self.python)]
        self.stop()
        self._write_config()
        self._run()

    def stop(self):
        self.process.stop(grace=3)
