"""A thousand reloads while clients ask all the time: nothing that they ask is lost, no connection is cut, and nothing
grows. The configs differ in all that a reload can change; every fourth does not hold."""

import copy
import os
import signal
import socket
import ssl
import time
import urllib.request

import load
import postern
import web
from conftest import OBJECTS, s3_origin
from parts import process

RELOADS = int(os.environ.get("POSTERN_TEST_RELOADS", 1000))
SMALL = {f"/{name}": OBJECTS[name] for name in ("hello.txt", "data.json")}
# Of a process that has seen every variant often: what is left is the allocator's own.
ALLOWED = 8 << 20


class Daemon(postern.Postern):
    def __init__(self, directory, config):
        super().__init__(directory, config)
        self.seen = 0

    def reload(self, config):
        """Whether the config was taken."""
        replacement = self.path + ".new"
        with open(os.open(replacement, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
            target.write(config)
        os.rename(replacement, self.path)
        self.process.send(signal.SIGHUP)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with open(self.process.log_path, encoding="utf-8") as file:
                file.seek(self.seen)
                text = file.read()
            lines = [line for line in text.splitlines() if "the config was read again" in line]
            if lines:
                self.seen += len(text.encode())
                return "is in use" in lines[0]
            time.sleep(0.003)
        raise AssertionError("no word of the reload")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {one.rsplit(" ", 1)[0]: float(one.rsplit(" ", 1)[1]) for one in lines if not one.startswith("#")}


def variants(base, taken, spare, spare_key, others):
    """The configs that take turns, each as text, and whether it holds."""
    def of(*changes):
        tree = copy.deepcopy(base)
        for change in changes:
            change(tree)
        return postern.to_yaml(tree)

    site = lambda tree: tree["sites"]["docs"]
    certificate, key = others
    yield of(), True
    yield of(lambda one: one["listeners"].update(spare={"address": f"127.0.0.1:{spare}"}),
             lambda one: one["limits"].update(origin_connections=100, idle_timeout="50s", connections=4000)), True
    yield of(lambda one: one["providers"]["liar"].update(scopes=["openid", "email"]),
             lambda one: one["session_keys"].insert(0, spare_key)), True
    yield of(lambda one: site(one).update(orgin="folder")), False
    yield of(lambda one: one["listeners"]["secure"]["tls"].update(certificate=certificate, key=f"file:{key}"),
             lambda one: one["log"].update(access="stderr", format="text", level="info")), True
    yield of(lambda one: one["listeners"].update(renamed=one["listeners"].pop("plain")),
             lambda one: one["sites"].update(more={**site(one), "hosts": ["more.test"]}),
             lambda one: one["origins"].update(again=one["origins"]["bucket"])), True
    yield of(lambda one: site(one)["rules"].update({"/closed/**": "nobody"}),
             lambda one: one["limits"].update(origin_connect_timeout="4s", request_timeout="2h"),
             lambda one: one.update(trusted_proxies=["10.0.0.0/8"])), True
    yield of(lambda one: one["listeners"].update(taken={"address": f"127.0.0.1:{taken}"})), False


def test_a_thousand_reloads_under_load_lose_no_request(build, folder, weed, authority, module_provider):
    plain, secure, spare = process.free_ports(3)
    certificate, key = authority.issue("reloads", "localhost")
    others = authority.issue("reloads-2", "localhost")
    keys = [postern.secret(), postern.secret()]
    web.SEEN.update(keys)
    base = {
        "workers": 2,
        "listeners": {"plain": {"address": f"127.0.0.1:{plain}"},
                      "secure": {"address": f"127.0.0.1:{secure}",
                                 "tls": {"certificate": certificate, "key": f"file:{key}"}}},
        "log": {"level": "info", "format": "json", "access": "off"}, "limits": {"idle_timeout": "1m"},
        "session_keys": keys[:1], "providers": {"liar": {"issuer": module_provider.issuer, "client_id": "postern"}},
        "origins": {"folder": {"directory": folder}, "bucket": s3_origin(weed)},
        "sites": {"docs": {"hosts": [f"localhost:{plain}", f"localhost:{secure}"], "provider": "liar",
                           "origin": "folder", "mounts": {"/bucket/": "bucket"},
                           "rules": {"/hello.txt": "anyone", "/data.json": "anyone", "/bucket/**": "anyone",
                                     "/**": "signed-in"}}}}
    tls = ssl.create_default_context(cafile=authority.certificate)
    h2 = ssl.create_default_context(cafile=authority.certificate)
    h2.set_alpn_protocols(["h2"])
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, Daemon(os.path.join(build, "reloads"), base) as daemon:
        base["admin"] = {"address": f"127.0.0.1:{daemon.admin}"}
        texts = list(variants(
            base, taken.getsockname()[1], spare, keys[1], others))
        browser = web.Browser()
        assert browser.open(f"http://localhost:{plain}/sub/index.html").status == 200
        cookies = {"Cookie": browser.cookie_header(f"http://localhost:{plain}/")}
        bucket = {f"/bucket{path}": body for path, body in SMALL.items()}
        page = {"/sub/index.html": OBJECTS["sub/index.html"]}
        clients = [
            load.Fresh("fresh", plain, f"localhost:{plain}", SMALL, pause=0.04),
            load.Kept("kept", plain, f"localhost:{plain}", SMALL, pause=0.02),
            load.Kept("signed in", plain, f"localhost:{plain}", page, headers=cookies, pause=0.04),
            load.Kept("bucket", plain, f"localhost:{plain}", bucket, pause=0.04),
            load.Fresh("fresh by TLS", secure, f"localhost:{secure}", SMALL, tls=tls, pause=0.1),
            load.Kept("kept by TLS", secure, f"localhost:{secure}", SMALL, tls=tls, pause=0.04),
            load.Multiplexed("multiplexed", plain, f"localhost:{plain}", SMALL, pause=0.02),
            load.Multiplexed("multiplexed by TLS", secure, f"localhost:{secure}", SMALL, tls=h2, pause=0.02)]
        results, before, warm = [], daemon.metrics(), None
        with load.Load(*clients) as running:
            for index in range(RELOADS):
                text, holds = texts[index % len(texts)]
                assert daemon.reload(text) == holds, (index, daemon.process.log_tail())
                results.append(holds)
                if running.lost:
                    break
                if index == RELOADS // 2:
                    warm = daemon.descriptors(), daemon.resident()
            assert running.lost == []
            assert daemon.reload(texts[0][0])
            after = daemon.descriptors(), daemon.resident()
        assert running.lost == []
        # Whoever keeps a connection has had one, from the first reload to the last.
        assert {one.name: one.connections for one in clients if not isinstance(one, load.Fresh)} == {
            one.name: 1 for one in clients if not isinstance(one, load.Fresh)}
        assert all(count > 20 for count in running.done.values()), running.done
        print(f"{len(results)} reloads, {sum(running.done.values())} requests; (descriptors, bytes) {warm} -> {after}")
        assert after[0] <= warm[0] + 10 and after[1] < warm[1] + ALLOWED
        counted = daemon.metrics()
        assert counted['postern_reloads_total{result="ok"}'] == sum(results) + 1
        assert counted['postern_reloads_total{result="failed"}'] == len(results) - sum(results)
        assert all(counted.get(name, -1) >= value for name, value in before.items() if "_total" in name)
        served = sum(value for name, value in counted.items()
                     if name.startswith("postern_requests_total{") and 'outcome="served"' in name)
        assert served >= sum(running.done.values())
