"""The servers that are compared: nginx as the origin (static files), nginx as a plain reverse proxy, and Postern with its
whole pipeline: a session cookie from a real sign-in, its ID token verified for every request, SigV4 towards the origin
(which does not look at it). Each has one worker. A server under load has core 0 for itself; what loads it, and the
origin, share core 1."""

import hashlib
import os
import resource
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(ROOT, "Tests", "EndToEnd"), os.path.join(ROOT, "scripts")]

import postern  # noqa: E402
import web  # noqa: E402
from lying_provider import LyingProvider  # noqa: E402
from parts import certificates, process  # noqa: E402

SIZES = {"1 KiB": ("1k.bin", 1 << 10), "256 KiB": ("256k.bin", 1 << 18)}
LARGE = {"10 MiB": ("10m.bin", 10 << 20), "1 GiB": ("1g.bin", 1 << 30)}
SERVERS = ("nginx", "postern")
SERVER_CORE, LOAD_CORE = 0, 1
FILES = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1 << 17)

ORIGIN = """        location / {{ root {root}; etag on; }}"""
PROXY = """        location / {
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_set_header Cookie "";
            proxy_pass http://origin;
        }"""


def on_core(core, argv):
    return ["taskset", "-c", str(core), *argv]


def content(name, size):
    """A block at a time, 1 MiB at most."""
    block = hashlib.shake_128(name.encode()).digest(min(size, 1 << 20))
    for _ in range(size // len(block)):
        yield block


class Server:
    """One of the two: its process tree, its ports, and what it wants to be asked."""

    def __init__(self, name, child, ports, prefix, cookies):
        self.name, self.process, self.ports, self.prefix, self.cookies = name, child, ports, prefix, cookies

    @property
    def pid(self):
        return self.process.pid

    def path(self, size):
        return self.prefix + (SIZES | LARGE)[size][0]

    def url(self, kind, size):
        return f"{'http' if kind != 'tls' else 'https'}://localhost:{self.ports[kind]}{self.path(size)}"

    def cookie(self, kind):
        return self.cookies["tls" if kind == "tls" else "plain"]

    def proportional_bytes(self):
        """Memory of the process tree, what it shares divided among those that share it (PSS)."""
        total = 0
        for pid in process.family(self.pid):
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as source:
                total += next(int(line.split()[1]) << 10 for line in source if line.startswith("Pss:"))
        return total


class Rig:
    """The origin, the provider, and any number of the two servers before them."""

    def __init__(self, run):
        self.run, self.count, self.servers = run, 0, []
        objects = os.path.join(run, "objects")
        os.makedirs(os.path.join(objects, "bench"))
        for name, size in (SIZES | LARGE).values():
            with open(os.path.join(objects, "bench", name), "wb") as target:
                target.writelines(content(name, size))
        self.authority = certificates.Authority(os.path.join(run, "tls"))
        self.pair = self.authority.issue("server", "localhost")
        self.provider = LyingProvider({"postern": None})
        self.origin_ports = self._ports()
        self.origin = self._nginx("origin", self.origin_ports, ORIGIN.format(root=objects), LOAD_CORE)

    @staticmethod
    def _ports():
        return dict(zip(("plain", "tls", "h2c"), process.free_ports(3)))

    def _nginx(self, name, ports, location, core):
        folder = os.path.join(self.run, name)
        os.makedirs(folder)
        with open(os.path.join(HERE, "nginx.conf.in"), encoding="utf-8") as source:
            text = source.read()
        for key, value in (("RUN", folder), ("PORT", ports["plain"]), ("TLS", ports["tls"]), ("H2C", ports["h2c"]),
                           ("ORIGIN", self.origin_ports["plain"]), ("LOCATION", location), ("FILES", FILES),
                           ("CERTIFICATE", self.pair[0]), ("KEY", self.pair[1])):
            text = text.replace(f"@{key}@", str(value))
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as target:
            target.write(text)
        return process.Process(
            f"nginx ({name})", on_core(core, [process.program("nginx"), "-p", folder, "-c", config]),
            log=os.path.join(folder, "output.log"), environment=process.clean_environment(folder),
            ready=process.listens(ports["plain"]))

    def start(self, name):
        """A fresh server of that name, checked."""
        self.count += 1
        make = self._start_nginx if name == "nginx" else self._start_postern
        server = make(f"{name}-{self.count}", self._ports())
        self.servers.append(server)
        self._check(server)
        return server

    def _start_nginx(self, folder, ports):
        child = self._nginx(folder, ports, PROXY, SERVER_CORE)
        cookie = "session=" + "x" * 1400
        return Server("nginx", child, ports, "/bench/", {"plain": cookie, "tls": cookie})

    def _start_postern(self, folder, ports):
        listen = {"address": f"127.0.0.1:{ports['plain']}"}
        daemon = postern.Postern(os.path.join(self.run, folder), {
            "listeners": {"plain": listen, "h2c": {"address": f"127.0.0.1:{ports['h2c']}"},
                          "tls": {"address": f"127.0.0.1:{ports['tls']}",
                                  "tls": {"certificate": self.pair[0], "key": f"file:{self.pair[1]}"}}},
            "workers": 1, "session_keys": [postern.secret()],
            "providers": {"own": {"issuer": self.provider.issuer, "client_id": "postern"}},
            "origins": {"bench": {"s3": {
                "bucket": "bench", "region": "us-east-1", "endpoint": f"http://127.0.0.1:{self.origin_ports['plain']}",
                "addressing": "path", "access_key_id": "BENCHKEY", "secret_access_key": "bench-secret-0123456789"}}},
            "sites": {"bench": {"hosts": [f"localhost:{port}" for port in ports.values()], "provider": "own",
                                "origin": "bench", "session": {"idle": "12h"}}},
            "log": {"level": "warning", "access": "off"},
            "limits": {"connections": 100_000, "connections_per_address": 100_000, "idle_timeout": "10m",
                       "requests_per_connection": 1_000_000_000},
        })
        for pid in process.family(daemon.pid):
            for task in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(task), {SERVER_CORE})
        cookies = {}
        for kind, url in (("plain", f"http://localhost:{ports['plain']}/"), ("tls", f"https://localhost:{ports['tls']}/")):
            browser = web.Browser(self.authority.certificate)
            assert browser.open(url + "1k.bin").status == 200, "the sign-in did not work"
            cookies[kind] = browser.cookie_header(url)
        return Server("postern", daemon.process, ports, "/", cookies)

    def _check(self, server):
        """It serves the right bytes, and Postern none of them without the session."""
        tls = web.Browser(self.authority.certificate).context
        for kind in ("plain", "tls"):
            ask = lambda size, **fields: web.request(
                server.ports[kind], server.path(size), host=f"localhost:{server.ports[kind]}", headers=fields,
                tls=tls if kind == "tls" else None)
            for size, (name, count) in SIZES.items():
                answer = ask(size, Cookie=server.cookie(kind))
                assert answer.status == 200 and answer.body == b"".join(content(name, count)), answer
            assert server.name == "nginx" or ask("1 KiB").status == 302

    def end(self, server):
        self.servers.remove(server)
        process.stop_all([server.process], grace=3)

    def stop(self):
        self.provider.stop()
        process.stop_all([*[one.process for one in self.servers], self.origin], grace=3)


def busy(core):
    """Seconds for which the core has been busy, whoever it was."""
    with open("/proc/stat", encoding="ascii") as source:
        fields = next(line.split()[1:] for line in source if line.startswith(f"cpu{core} "))
    user, nice, system, _, _, interrupt, soft, stolen = map(int, fields[:8])
    return (user + nice + system + interrupt + soft + stolen) / os.sysconf("SC_CLK_TCK")


class Meter:
    """CPU time of a server's process tree while a block runs, and what others took of its core meanwhile."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self._began, self._cpu, self._busy = time.monotonic(), process.cpu_seconds(self.server.pid), busy(SERVER_CORE)
        return self

    def __exit__(self, *_):
        self.cpu = process.cpu_seconds(self.server.pid) - self._cpu
        self.seconds = time.monotonic() - self._began
        self.disturbance = max(0.0, busy(SERVER_CORE) - self._busy - self.cpu) / self.seconds
