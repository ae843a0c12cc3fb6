"""LemonLDAP::NG as an OpenID provider: the portal of Debian's package alone, under starman, with the users of its "Demo"
back-end (dwho, rtyler, msmith; the password is the name)."""

import json
import os
import secrets
import shutil
import subprocess
import time

from .process import PartFailed, Process, answers, clean_environment, free_port, program

SHARE = "/usr/share/lemonldap-ng/portal"
SETTINGS = """\
[all]
logLevel = warn
checkTime = 1
[configuration]
type = File
dirName = {directory}/config
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'config', 'default_expires_in' => 2, 'directory_umask' => '007', \
'cache_root' => '{directory}/cache', 'cache_depth' => 3 }}
[portal]
staticPrefix = /static
templateDir = {share}/templates
languages = en
"""
# Its pages and its static files, in one application.
APPLICATION = """\
use Plack::Builder;
use Lemonldap::NG::Portal::Main;
my $portal = Lemonldap::NG::Portal::Main->run({});
builder { enable 'Static', path => sub { s!^/(static|javascript)/!/$1/! }, root => '%s'; $portal };
"""


def client(client_id, base, *, secret=None, **more):
    """A client at `base`; without a secret a public one. `more` are options of LemonLDAP::NG's, without their common
    beginning."""
    options = {
        "ClientID": client_id, "DisplayName": client_id, "RedirectUris": base + "/.auth/callback",
        "PostLogoutRedirectUris": base + "/.auth/signed-out", "BypassConsent": 1, "LogoutBypassConfirm": 1,
        "IDTokenSignAlg": "RS256", "IDTokenForceClaims": 1, "RefreshToken": 1, "RequirePKCE": 1,
        **({"ClientSecret": secret} if secret else {"Public": 1}), **more}
    return {"oidcRPMetaDataOptions" + name: value for name, value in options.items()}


class LemonLDAP:
    """`clients` are made by `client`. The issuer ends with a slash, as it does by default."""

    def __init__(self, directory, *, clients):
        self.directory, self.clients = str(directory), clients
        for folder in ("config", "cache", "pages", "sessions/lock", "kept/lock"):
            os.makedirs(os.path.join(self.directory, folder))
        os.symlink(SHARE + "/htdocs/static", self.directory + "/pages/static")
        self._write("lemonldap-ng.ini", SETTINGS.format(directory=self.directory, share=SHARE))
        self._write("app.psgi", APPLICATION % (self.directory + "/pages"))
        self.port = free_port()
        self.issuer = f"http://localhost:{self.port}/"
        self.count = 0
        self.rotate()

    def rotate(self):
        """Another signing key, and a new start with it. It publishes one key: the old one is withdrawn at once."""
        if self.count:
            self.process.stop(grace=3)
        made = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                              capture_output=True, text=True)
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=made.stdout, capture_output=True, text=True)
        if made.returncode or public.returncode:
            raise PartFailed("no signing key could be made:\n" + made.stderr + public.stderr)
        self.count += 1
        self._write(f"config/lmConf-{self.count}.json", json.dumps(self._config(made.stdout, public.stdout)))
        self.process = Process(
            "LemonLDAP::NG", [program("starman"), "--host", "127.0.0.1", "--port", str(self.port), "--workers", "2",
                              f"{self.directory}/app.psgi"],
            log=f"{self.directory}/lemonldap.log", append=True, directory=self.directory,
            environment=clean_environment(
                self.directory, LLNG_DEFAULTCONFFILE=f"{self.directory}/lemonldap-ng.ini"),
            ready=answers(f"{self.issuer}.well-known/openid-configuration"), timeout=30)

    def forget_sessions(self):
        """Nobody is signed in at the provider any more, and no refresh token holds."""
        shutil.rmtree(f"{self.directory}/cache")
        os.mkdir(f"{self.directory}/cache")
        for entry in os.scandir(f"{self.directory}/sessions"):
            if entry.is_file():
                os.unlink(entry.path)

    def stop(self):
        self.process.stop(grace=3)

    def _write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as target:
            target.write(text)

    def _config(self, private, public):
        store = lambda folder: {
            "Directory": f"{self.directory}/{folder}", "LockDirectory": f"{self.directory}/{folder}/lock",
            "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}
        names = {f"client{number}": one for number, one in enumerate(self.clients)}
        claims = {"email": "mail", "name": "cn", "preferred_username": "uid", "groups": "groups;array;always"}
        return {
            "cfgNum": self.count, "cfgAuthor": "tests", "cfgVersion": "2.16.1", "cfgDate": int(time.time()),
            "portal": self.issuer, "domain": "localhost", "cookieName": "lemonldap", "securedCookie": 0,
            "authentication": "Demo", "userDB": "Same", "passwordDB": "Demo", "registerDB": "Null",
            "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
            "globalStorage": "Apache::Session::File", "globalStorageOptions": store("sessions"),
            "persistentStorage": "Apache::Session::File", "persistentStorageOptions": store("kept"),
            "localSessionStorage": "Cache::FileCache", "localSessionStorageOptions": {
                "cache_depth": 3, "cache_root": f"{self.directory}/cache", "default_expires_in": 600,
                "directory_umask": "007", "namespace": "sessions"},
            "groups": {"admins": "$uid eq 'dwho'", "staff": "1"}, "macros": {"_whatToTrace": "$_user"},
            "whatToTrace": "_whatToTrace", "locationRules": {}, "exportedHeaders": {}, "exportedVars": {},
            "requireToken": 0, "portalDisplayResetPassword": 0, "portalDisplayRegister": 0,
            "portalDisplayLoginHistory": 0, "skipRenewConfirmation": 1, "key": secrets.token_hex(16), "useSafeJail": 1,
            "userControl": "^[\\w\\.\\-@]+$", "issuerDBOpenIDConnectActivation": 1,
            "issuerDBOpenIDConnectPath": "^/oauth2/", "issuerDBOpenIDConnectRule": 1,
            "oidcServiceMetaDataIssuer": self.issuer, "oidcServicePrivateKeySig": private,
            "oidcServicePublicKeySig": public, "oidcServiceKeyIdSig": "key-" + secrets.token_hex(4),
            "oidcServiceAllowAuthorizationCodeFlow": 1, "oidcServiceAllowOnlyDeclaredScopes": 0,
            "oidcRPMetaDataExportedVars": {name: claims for name in names},
            "oidcRPMetaDataOptionsExtraClaims": {name: {"groups": "groups"} for name in names},
            "oidcRPMetaDataOptions": names,
        }
