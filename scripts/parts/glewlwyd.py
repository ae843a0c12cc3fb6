"""Glewlwyd as an OpenID provider: Debian's package with a sqlite database, set up by its own REST interface. Its
signing key can change while it runs."""

import http.cookiejar
import json
import os
import shutil
import sqlite3
import urllib.error
import urllib.request

from .keys import new_signing_key
from .process import PartFailed, Process, answers, clean_environment, free_port, program

SHARE = "/usr/share/glewlwyd/webapp"
MODULES = "/usr/lib/glewlwyd"
SCHEMA = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "application/javascript", ".json": "application/json",
    ".png": "image/png", ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".ico": "image/x-icon",
    ".svg": "image/svg+xml",
}


class Glewlwyd:
    """`users` maps a name to (password, full name, groups); `clients` maps an id to its secret, None for a public
    client."""

    def __init__(self, directory, *, python, users, clients, redirect_uris, after_logout=()):
        self.directory, self.python = str(directory), str(python)
        os.makedirs(os.path.join(self.directory, "none"), exist_ok=True)
        self.port = free_port()
        self.base = f"http://localhost:{self.port}"
        self.issuer = self.base + "/api/oidc"
        self._prepare()
        self.process = Process(
            "Glewlwyd", [program("glewlwyd"), f"--config-file={self.directory}/glewlwyd.conf"],
            log=f"{self.directory}/glewlwyd.log", environment=clean_environment(self.directory),
            ready=answers(f"http://127.0.0.1:{self.port}/config"), directory=self.directory)
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.keys = [new_signing_key(self.python)]
        try:
            self._set_up(users, clients, list(redirect_uris), list(after_logout))
        except BaseException:
            self.stop()
            raise

    def _prepare(self):
        with open(SCHEMA, encoding="utf-8") as source:
            database = sqlite3.connect(f"{self.directory}/glewlwyd.db")
            database.executescript(source.read())
            database.close()
        # Its file server follows no link out of its folder, and Debian's pages are full of them: serve a copy.
        pages = f"{self.directory}/webapp"
        shutil.copytree(SHARE, pages, ignore=lambda _, names: {"config.json"} & set(names))
        config = os.path.realpath(f"{SHARE}/config.json")
        shutil.copy(f"{config}/config.json" if os.path.isdir(config) else config, f"{pages}/config.json")
        types = ",\n".join('{ extension = "%s" mime_type = "%s" }' % pair for pair in TYPES.items())
        with open(f"{self.directory}/glewlwyd.conf", "w", encoding="utf-8") as target:
            target.write(f"""\
port={self.port}
bind_address="127.0.0.1"
external_url="{self.base}"
login_url="login.html"
api_prefix="api"
static_files_path="{pages}/"
allow_origin="*"
allow_methods="GET, POST, PUT, DELETE, OPTIONS"
allow_headers="Origin, X-Requested-With, Content-Type, Accept, Bearer, Authorization, DPoP"
expose_headers="Content-Encoding, Authorization"
log_mode="console"
log_level="WARNING"
cookie_secure=0
cookie_same_site="empty"
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
allow_multiple_user_per_session=true
login_api_enabled=true
add_x_frame_option_header_deny=true
max_post_size=16778240
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{MODULES}/user"
user_middleware_module_path="{self.directory}/none"
client_module_path="{MODULES}/client"
user_auth_scheme_module_path="{MODULES}/scheme"
plugin_module_path="{MODULES}/plugin"
use_secure_connection=false
secure_connection_key_file="unused"
secure_connection_pem_file="unused"
hash_algorithm="SHA512"
database={{ type="sqlite3" path="{self.directory}/glewlwyd.db" }};
static_files_mime_types=(
{types}
)
""")

    def _call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.base}/api{path}", data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=20) as response:
                text = response.read()
                is_json = response.headers.get("Content-Type", "").startswith("application/json")
                return json.loads(text) if text and is_json else None
        except urllib.error.HTTPError as error:
            raise PartFailed(
                f"Glewlwyd answered {method} {path} with {error.code} {error.read()[:300]!r}\n"
                f"{self.process.log_tail()}") from error

    def _allow_property(self, module, name, **access):
        settings = self._call("GET", f"/mod/{module}/database")
        settings["parameters"]["data-format"][name] = {"multiple": True, "read": True, "write": True, **access}
        self._call("PUT", f"/mod/{module}/database", settings)
        self._call("PUT", f"/mod/{module}/database/reset")

    def _set_up(self, users, clients, redirect_uris, after_logout):
        self._call("POST", "/auth", {"username": "admin", "password": "password"})
        for scope in ("profile", "offline_access"):
            self._call("POST", "/scope", {"name": scope, "display_name": scope, "description": scope,
                                          "password_required": False, "scheme": {}})
        self._allow_property("user", "groups", **{"profile-read": True, "profile-write": False})
        self._allow_property("client", "post_logout_redirect_uris")
        for name, (password, full_name, groups) in users.items():
            self._call("POST", "/user/", {
                "username": name, "password": password, "name": full_name, "email": f"{name}@example.org",
                "enabled": True, "scope": ["openid", "profile", "offline_access", "g_profile"], "groups": groups})
        for client_id, secret in clients.items():
            self.add_client(client_id, secret, redirect_uris, after_logout)
        self.plugin = {"module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "enabled": True,
                       "parameters": self._parameters()}
        self._call("POST", "/mod/plugin", self.plugin)

    def add_client(self, client_id, secret, redirect_uris, after_logout, **more):
        client = {
            "client_id": client_id, "name": client_id, "enabled": True, "redirect_uri": redirect_uris,
            "authorization_type": ["code", "refresh_token"], "scope": [],
            "post_logout_redirect_uris": after_logout, "confidential": secret is not None,
            "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"] if secret else ["none"], **more}
        self._call("POST", "/client/", {**client, "client_secret": secret} if secret else client)

    def _parameters(self):
        claim = lambda name, source: {"name": name, "user-property": source, "type": "string", "mandatory": True,
                                      "scope": []}
        return {
            "iss": self.issuer, "oauth-as-iss-id": True, "jwks-show": True, **self._key_parameters(),
            "access-token-duration": 300, "refresh-token-duration": 3600, "code-duration": 60,
            "refresh-token-rolling": False, "refresh-token-one-use": "always", "allow-non-oidc": False,
            "auth-type-code-enabled": True, "auth-type-code-revoke-replayed": True, "auth-type-token-enabled": False,
            "auth-type-password-enabled": False, "auth-type-client-enabled": False,
            "auth-type-implicit-enabled": False, "auth-type-none-enabled": False, "auth-type-device-enabled": False,
            "auth-type-refresh-enabled": True, "subject-type": "public", "pkce-allowed": True, "pkce-required": True,
            "pkce-method-plain-allowed": False, "request-parameter-allow": True,
            "request-parameter-allow-encrypted": False, "request-uri-allow-https-non-secure": False,
            "client-pubkey-parameter": "pubkey", "client-jwks-parameter": "jwks",
            "client-jwks_uri-parameter": "jwks_uri", "oauth-par-allowed": True, "oauth-par-required": False,
            "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:", "oauth-par-duration": 90,
            "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
            "name-claim": "mandatory", "email-claim": "mandatory", "scope-claim": "no",
            "address-claim": {"type": "no"},
            "claims": [claim("groups", "groups"), claim("preferred_username", "username")],
            "session-management-allowed": True, "session-cookie-name": "GLEWLWYD2_OIDC_SID",
            "session-cookie-expiration": 2419200, "front-channel-logout-allowed": True,
            "back-channel-logout-allowed": True, "allowed-scope": ["openid", "profile", "offline_access"],
        }

    def _key_parameters(self):
        return {"jwks-private": json.dumps({"keys": self.keys}), "default-kid": self.keys[0]["kid"]}

    def rotate(self, keep_old=True):
        """Another signing key, at once; the old one stays published, or is withdrawn."""
        self.keys = [new_signing_key(self.python)] + (self.keys if keep_old else [])
        self._change(**self._key_parameters())

    def set_lifetime(self, seconds):
        """Of ID tokens and access tokens that it gives from now on."""
        self._change(**{"access-token-duration": seconds})

    def _change(self, **parameters):
        self.plugin["parameters"].update(parameters)
        # The administrator's session does not last as long as the tests.
        self._call("POST", "/auth", {"username": "admin", "password": "password"})
        self._call("PUT", "/mod/plugin/oidc", self.plugin)
        self._call("PUT", "/mod/plugin/oidc/reset")

    def stop(self):
        self.process.stop(grace=2)
