"""What the tests share: the real parts, started once, and one daemon with a site for every purpose."""

import hashlib
import os
import shutil
import ssl
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "scripts"), os.path.join(ROOT, "demo")]

import postern  # noqa: E402
import web  # noqa: E402
from chromium import Chromium  # noqa: E402
from identity_rig import Rig, named  # noqa: E402
from lying_provider import LyingProvider  # noqa: E402
from parts import canaille as canaille_part  # noqa: E402
from parts import certificates, glewlwyd as glewlwyd_part, process, seaweedfs  # noqa: E402

SECRET = "client-secret-0123456789-abcdefghij"
PASSWORD = "alice-Password-1"
KEYS = ["public", "basic", "post"]

# Keys that are easy to get wrong on the way from a URL to a signed request.
ODD_KEYS = [
    "odd/with space.txt", "odd/plus+sign.txt", "odd/100%.txt", "odd/%20literal.txt", "odd/tilde~.txt",
    "odd/and&amp.txt", "odd/it's \"quoted\".txt", "odd/été – 中文 😀.txt", "odd/dots...txt", "odd/.hidden",
    "odd/a=b;c,d@e$f!.txt", "odd/(round) [square].txt", "odd/hash#question?.txt", "odd/star*.txt", "odd/colon:x.txt",
]
BIG = b"".join(hashlib.shake_128(b"big %d" % n).digest(1 << 20) for n in range(12))
OBJECTS = {
    "index.html": b"<!doctype html><title>home</title><link rel=stylesheet href=/style.css><h1>Home</h1>\n",
    "404.html": b"<!doctype html><title>lost</title><h1>Nothing here, said the site</h1>\n",
    "style.css": b"h1 { color: rgb(1, 2, 3); }\n",
    "sub/index.html": b"<!doctype html><title>sub</title><h1>Sub</h1>\n",
    "hello.txt": b"Hello, 24 bytes of text.",
    "empty.txt": b"",
    "data.json": b'{"a": 1}\n',
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>\n',
    "big.bin": BIG,
    "admin/index.html": b"<h1>admins</h1>\n",
    "public/index.html": b"<h1>public</h1>\n",
    **{key: key.encode() for key in ODD_KEYS},
}
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".txt": "text/plain; charset=utf-8",
         ".json": "application/json", ".svg": "image/svg+xml"}


@pytest.fixture(scope="session")
def build():
    """What a run leaves for a look afterwards: logs, configs, screenshots."""
    path = os.path.join(ROOT, ".build", "end-to-end", os.environ.get("POSTERN_TEST_HALF", ""))
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


@pytest.fixture(scope="session", autouse=True)
def binary():
    if not os.access(postern.BINARY, os.X_OK):
        pytest.exit(f"{postern.BINARY} is missing: make build", returncode=3)


@pytest.fixture(scope="session")
def authority(build):
    return certificates.Authority(os.path.join(build, "tls"))


@pytest.fixture
def trusting(authority):
    """A client's TLS context that trusts the test authority: the test's own, for tests change it."""
    return ssl.create_default_context(cafile=authority.certificate)


@pytest.fixture(scope="session")
def weed(build):
    server = seaweedfs.SeaweedFS(os.path.join(build, "seaweedfs"), python=sys.executable)
    for key, body in OBJECTS.items():
        server.writer.put(key, body, TYPES.get(os.path.splitext(key)[1], "application/octet-stream"))
        server.writer.put("prefixed/" + key, body) if key in ("index.html", "hello.txt") else None
    web.SEEN.update({server.secret_key, server.writer.secret_key})
    yield server
    server.stop()


@pytest.fixture(scope="session")
def folder(build):
    path = os.path.join(build, "folder")
    for key, body in OBJECTS.items():
        target = os.path.join(path, *key.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(body)
    return path


@pytest.fixture(scope="session")
def liar(build):
    provider = LyingProvider({"postern": None, "postern-basic": SECRET, "postern-post": SECRET})
    yield provider
    provider.stop()


@pytest.fixture(autouse=True)
def honest(request):
    """Every test finds the provider honest."""
    yield
    for name in ("liar", "module_provider"):
        if name in request.fixturenames:
            request.getfixturevalue(name).reset()


@pytest.fixture
def provider():
    """One of the test's own."""
    one = LyingProvider({"postern": None, "other": None})
    yield one
    one.stop()


@pytest.fixture(scope="module")
def module_provider():
    """One of the file's own."""
    one = LyingProvider({"postern": None, "other": None})
    yield one
    one.stop()


@pytest.fixture
def rig(build, folder, provider, request):
    one = Rig(os.path.join(build, named(request)), folder, provider)
    yield one
    one.stop()


@pytest.fixture
def browser(build, request):
    one = Chromium(os.path.join(build, "chromium", named(request)), None,
                   os.path.join(build, "pictures", named(request)))
    yield one
    one.picture("end")
    one.close()


@pytest.fixture(scope="session")
def ports():
    return dict(zip(("tls", "plain", "ipv6"), process.free_ports(3)))


def sign_in_hosts(provider, port):
    return {kind: f"{provider}-{kind}.postern.test:{port}" for kind in KEYS}


@pytest.fixture(scope="session")
def canaille(build, authority, ports):
    """Over TLS, by the test authority."""
    hosts = sign_in_hosts("canaille", ports["tls"])
    methods = {"public": "none", "basic": "client_secret_basic", "post": "client_secret_post"}
    provider = canaille_part.Canaille(
        os.path.join(build, "canaille"), python=sys.executable, certificate=authority.issue("canaille", "localhost"),
        users=[canaille_part.person("alice", PASSWORD, "Alice Aster"),
               canaille_part.person("bob", PASSWORD, "Bob Birk")],
        groups={"staff": ["alice", "bob"], "admins": ["alice"]},
        clients=[canaille_part.client(
            f"postern-{kind}", [f"https://{hosts[kind]}/.auth/callback"], name="Postern", method=methods[kind],
            secret=SECRET if kind != "public" else None, after_logout=[f"https://{hosts[kind]}/.auth/signed-out"])
            for kind in KEYS])
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def glewlwyd(build, ports):
    hosts = sign_in_hosts("glewlwyd", ports["tls"])
    provider = glewlwyd_part.Glewlwyd(
        os.path.join(build, "glewlwyd"), python=sys.executable,
        users={"alice": (PASSWORD, "Alice Aster", ["staff", "admins"]), "bob": (PASSWORD, "Bob Birk", ["staff"])},
        clients={f"postern-{kind}": SECRET if kind != "public" else None for kind in KEYS},
        redirect_uris=[f"https://{host}/.auth/callback" for host in hosts.values()],
        after_logout=[f"https://{host}/.auth/signed-out" for host in hosts.values()])
    yield provider
    provider.stop()


def s3_origin(weed, **more):
    return {"s3": {"bucket": weed.bucket, "region": "us-east-1", "endpoint": weed.endpoint, "addressing": "path",
                   "access_key_id": weed.access_key, "secret_access_key": weed.secret_key, **more}}


class Gateway:
    """The shared daemon, and how to reach its sites."""

    def __init__(self, daemon, ports, authority, keys):
        self.daemon, self.ports, self.authority, self.keys = daemon, ports, authority, keys

    def host(self, site):
        return f"{site}.postern.test:{self.ports['tls']}"

    def url(self, site, path="/"):
        return f"https://{self.host(site)}{path}"

    def browser(self):
        return web.Browser(self.authority.certificate)

    def request(self, site, target, **options):
        options.setdefault("tls", ssl.create_default_context(cafile=self.authority.certificate))
        return web.request(self.ports["tls"], target, host=self.host(site), **options)

    def signed_in(self, site="liar", path="/"):
        browser = self.browser()
        answer = browser.open(self.url(site, path))
        assert answer.status == 200, str(answer)
        return browser

    def cookies_named(self, browser, site):
        return browser.jar(self.url(site))


RULES = {
    "/public/**": "anyone", "/admin/**": "groups:admins", "/admin/open/*": "signed-in", "/nobody/**": "nobody",
    "/mail/**": "email:*@example.org,carol@third.test", "/claim/**": "claim:department=optics",
    "/both/**": "groups:staff and email:*@example.org", "/**": "signed-in",
}


@pytest.fixture(scope="session")
def gateway(build, ports, authority, weed, folder, liar, canaille, glewlwyd):
    tls = ports["tls"]
    first = authority.issue("postern", "postern.test", *[
        f"{name}.postern.test" for name in (
            ["liar", "liar-basic", "liar-post", "short", "path", "virtual", "directory", "denied", "gone", "prefix",
             "bare"]
            + [f"{provider}-{kind}" for provider in ("canaille", "glewlwyd") for kind in KEYS])])
    second = authority.issue("second", "other.test", "*.other.test")
    keys = [postern.secret(), postern.secret()]
    for secret in [*keys, SECRET, PASSWORD]:
        web.note(secret)
    site = lambda name, provider, origin="bucket", **more: {
        "hosts": [f"{name}.postern.test:{tls}"], "provider": provider, "origin": origin, "rules": RULES,
        "content": {"not_found": "/404.html"}, **more}
    open_site = lambda name, origin: {
        "hosts": [f"{name}.postern.test:{tls}"], "origin": origin, "provider": "liar",
        "content": {"not_found": "/404.html"}, "rules": {"/**": "anyone", "/private/**": "signed-in"}}
    auth = {"public": {"client_auth": "none"}, "basic": {"client_auth": "basic", "client_secret": SECRET},
            "post": {"client_auth": "post", "client_secret": SECRET}}
    config = {
        "listeners": {
            "tls": {"address": f"127.0.0.1:{tls}",
                    "tls": {"certificate": [first[0], second[0]],
                            "key": [f"file:{first[1]}", f"file:{second[1]}"]}},
            "plain": {"address": f"127.0.0.1:{ports['plain']}"},
            **({"ipv6": {"address": f"[::1]:{ports['ipv6']}"}} if process.has_ipv6() else {}),
        },
        "session_keys": keys,
        "providers": {
            "liar": {"issuer": liar.issuer, "client_id": "postern", "client_auth": "none"},
            "liar-basic": {"issuer": liar.issuer, "client_id": "postern-basic", **auth["basic"]},
            "liar-post": {"issuer": liar.issuer, "client_id": "postern-post", **auth["post"]},
            **{f"canaille-{kind}": {
                "issuer": canaille.issuer, "client_id": f"postern-{kind}", "ca_file": authority.certificate,
                "scopes": ["openid", "profile", "email", "groups"], **auth[kind]} for kind in KEYS},
            **{f"glewlwyd-{kind}": {
                "issuer": glewlwyd.issuer, "client_id": f"postern-{kind}", "scopes": ["openid", "profile"],
                **auth[kind]} for kind in KEYS},
        },
        "origins": {
            "bucket": s3_origin(weed),
            "virtual": s3_origin(weed, addressing="virtual",
                                 endpoint=f"http://{seaweedfs.DOMAIN}:{weed.port}"),
            "folder": {"directory": folder},
            "denied": s3_origin(weed, secret_access_key="not-the-secret-of-this-key-0123456789"),
            "gone": s3_origin(weed, endpoint=f"http://127.0.0.1:{process.free_port()}"),
            "prefix": s3_origin(weed, prefix="prefixed/"),
        },
        "sites": {
            "liar": site("liar", "liar"), "liar-basic": site("liar-basic", "liar-basic"),
            "liar-post": site("liar-post", "liar-post"),
            "short": site("short", "liar", session={"idle": "3s", "lifetime": "8s"}),
            **{f"{provider}-{kind}": site(f"{provider}-{kind}", f"{provider}-{kind}")
               for provider in ("canaille", "glewlwyd") for kind in KEYS},
            "path": open_site("path", "bucket"), "virtual": open_site("virtual", "virtual"),
            "directory": open_site("directory", "folder"), "denied": open_site("denied", "denied"),
            "gone": open_site("gone", "gone"), "prefix": open_site("prefix", "prefix"),
            "bare": {"hosts": [f"bare.postern.test:{tls}"], "provider": "liar", "origin": "bucket"},
            "local": {"hosts": [f"localhost:{ports['plain']}", f"[::1]:{ports['ipv6']}"], "provider": "liar",
                      "origin": "bucket", "rules": RULES},
        },
    }
    daemon = postern.Postern(
        os.path.join(build, "gateway"), config,
        hosts={f"{weed.bucket}.{seaweedfs.DOMAIN}": "127.0.0.1", seaweedfs.DOMAIN: "127.0.0.1"})
    yield Gateway(daemon, ports, authority, keys)
    daemon.stop()
