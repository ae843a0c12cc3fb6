"""Postern beside nginx, before the same origin, in one run.

Three servers with one worker each: nginx as the origin (static files), nginx as a plain reverse proxy, and Postern
with its whole pipeline: a session cookie from a real sign-in, its ID token verified for every request, SigV4 towards
the origin (which does not look at it). Both servers get the same request, cookie and all. A server under load has core
0 for itself; wrk and the origin share core 1. The two take turns, the order changes every round.

The figure to compare is the CPU time per request of the server's process tree. What disturbs a machine only ever adds
to it, so the least disturbed round counts first, and the median is shown beside it."""

import argparse
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(ROOT, "Tests", "EndToEnd"), os.path.join(ROOT, "scripts")]

import postern  # noqa: E402
import web  # noqa: E402
from lying_provider import LyingProvider  # noqa: E402
from parts import process  # noqa: E402

SIZES = {"1 KiB": ("1k.bin", 1 << 10), "256 KiB": ("256k.bin", 1 << 18)}
SERVER_CORE, LOAD_CORE = 0, 1
RESULTS = os.path.join(HERE, "results")


def on_core(core, argv):
    return ["taskset", "-c", str(core), *argv]


class Nginx:
    def __init__(self, run, name, port, origin, location, core):
        folder = os.path.join(run, name)
        os.makedirs(folder)
        with open(os.path.join(HERE, "nginx.conf.in"), encoding="utf-8") as source:
            text = source.read()
        for key, value in (("RUN", folder), ("PORT", port), ("ORIGIN", origin), ("LOCATION", location)):
            text = text.replace(f"@{key}@", str(value))
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as target:
            target.write(text)
        self.port = port
        self.process = process.Process(
            f"nginx ({name})", on_core(core, [process.program("nginx"), "-p", folder, "-c", config]),
            log=os.path.join(folder, "output.log"), environment=process.clean_environment(folder),
            ready=process.listens(port))


ORIGIN = """        location / {{ root {root}; etag on; }}"""
PROXY = """        location / {
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_set_header Cookie "";
            proxy_pass http://origin;
        }"""


class Bench:
    def __init__(self, run):
        objects = os.path.join(run, "objects")
        os.makedirs(os.path.join(objects, "bench"))
        for name, size in SIZES.values():
            with open(os.path.join(objects, "bench", name), "wb") as target:
                target.write(hashlib.shake_128(name.encode()).digest(size))
        origin, proxy, public = process.free_ports(3)
        self.provider = LyingProvider({"postern": None})
        self.origin = Nginx(run, "origin", origin, origin, ORIGIN.format(root=objects), LOAD_CORE)
        self.proxy = Nginx(run, "proxy", proxy, origin, PROXY, SERVER_CORE)
        self.postern = postern.Postern(os.path.join(run, "postern"), {
            "listeners": {"public": {"address": f"127.0.0.1:{public}"}}, "workers": 1,
            "session_keys": [postern.secret()],
            "providers": {"own": {"issuer": self.provider.issuer, "client_id": "postern"}},
            "origins": {"bench": {"s3": {
                "bucket": "bench", "region": "us-east-1", "endpoint": f"http://127.0.0.1:{origin}",
                "addressing": "path", "access_key_id": "BENCHKEY", "secret_access_key": "bench-secret-0123456789"}}},
            "sites": {"bench": {"hosts": [f"localhost:{public}"], "provider": "own", "origin": "bench",
                                "session": {"idle": "12h"}}},
            "log": {"level": "warning", "access": "off"},
        })
        for pid in process.family(self.postern.pid):
            for task in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(task), {SERVER_CORE})
        browser = web.Browser()
        url = f"http://localhost:{public}/"
        assert browser.open(url + "1k.bin").status == 200, "the sign-in did not work"
        self.cookie = browser.cookie_header(url)
        self.servers = {
            "nginx": (self.proxy.process.pid, f"http://localhost:{proxy}/bench/"),
            "postern": (self.postern.pid, url),
        }
        self.check()

    def check(self):
        """Both serve the same bytes, and Postern none of them without the session."""
        for name, size in SIZES.values():
            for _, base in self.servers.values():
                port, path = int(base.split(":")[2].split("/")[0]), "/" + base.split("/", 3)[3]
                answer = web.request(port, path + name, host=f"localhost:{port}", headers={"Cookie": self.cookie})
                assert answer.status == 200 and answer.body == hashlib.shake_128(name.encode()).digest(size), answer
        port = int(self.servers["postern"][1].split(":")[2].split("/")[0])
        assert web.request(port, "/1k.bin", host=f"localhost:{port}").status == 302

    def load(self, url, seconds, connections):
        done = subprocess.run(
            on_core(LOAD_CORE, [process.program("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
                                os.path.join(HERE, "report.lua"), "-H", f"Cookie: {self.cookie}", url]),
            capture_output=True, text=True, timeout=seconds + 30)
        found = re.search(r"^JSON (.*)$", done.stdout, re.M)
        if not found:
            sys.exit(f"wrk failed: {done.stdout}{done.stderr}")
        return json.loads(found[1])

    def measure(self, server, size, seconds, connections):
        pid, base = self.servers[server]
        url = base + SIZES[size][0]
        self.load(url, 1, connections)
        before, others = process.cpu_seconds(pid), busy(SERVER_CORE)
        said = self.load(url, seconds, connections)
        spent = process.cpu_seconds(pid) - before
        if said["errors"]:
            sys.exit(f"{server}, {size}: {said['errors']} of {said['requests']} requests failed")
        return {
            "server": server, "size": size, "cpu_us": spent / said["requests"] * 1e6,
            "per_second": said["requests"] / said["microseconds"] * 1e6, "p50_us": said["p50"], "p99_us": said["p99"],
            "requests": said["requests"], "disturbance": max(0.0, busy(SERVER_CORE) - others - spent) / seconds,
        }

    def stop(self):
        self.provider.stop()
        process.stop_all([self.postern.process, self.proxy.process, self.origin.process], grace=3)


def busy(core):
    """Seconds for which the core has been busy, whoever it was."""
    with open("/proc/stat", encoding="ascii") as source:
        fields = next(line.split()[1:] for line in source if line.startswith(f"cpu{core} "))
    user, nice, system, _, _, interrupt, soft, stolen = map(int, fields[:8])
    return (user + nice + system + interrupt + soft + stolen) / os.sysconf("SC_CLK_TCK")


def table(rows):
    """The report, and the ratios."""
    lines = ["| object | server | CPU per request, µs: best (median) | requests/s: best (median) | p50 / p99, µs |",
             "| --- | --- | ---: | ---: | ---: |"]
    ratios = {}
    for size in SIZES:
        best = {}
        for server in ("nginx", "postern"):
            runs = [row for row in rows if (row["size"], row["server"]) == (size, server)]
            cpu, speed = [row["cpu_us"] for row in runs], [row["per_second"] for row in runs]
            quiet = min(runs, key=lambda row: row["cpu_us"])
            best[server] = (min(cpu), statistics.median(cpu))
            lines.append(f"| {size} | {server} | {min(cpu):.1f} ({statistics.median(cpu):.1f}) "
                         f"| {max(speed):,.0f} ({statistics.median(speed):,.0f}) "
                         f"| {quiet['p50_us']} / {quiet['p99_us']} |")
        ratios[size] = {"best": best["postern"][0] / best["nginx"][0], "median": best["postern"][1] / best["nginx"][1]}
    lines.append("")
    lines += [f"{size}: Postern takes {one['best']:.2f} times nginx's CPU per request (median {one['median']:.2f})"
              for size, one in ratios.items()]
    worst = max(row["disturbance"] for row in rows)
    if worst > 0.1:
        lines.append(f"Others took up to {worst:.0%} of the servers' core meanwhile: a quieter machine tells more.")
    return "\n".join(lines), ratios


def main():
    parser = argparse.ArgumentParser(description="CPU time per request, beside nginx's.")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if os.cpu_count() < 2:
        sys.exit("Two cores are needed: one for the server under load, one for what loads it.")
    os.sched_setaffinity(0, {LOAD_CORE})
    run = os.path.join(RESULTS, "run")
    shutil.rmtree(run, ignore_errors=True)
    os.makedirs(run)
    bench, rows = Bench(run), []
    try:
        for number in range(options.rounds):
            for size in SIZES:
                for server in ("nginx", "postern")[:: 1 if number % 2 == 0 else -1]:
                    row = bench.measure(server, size, options.seconds, options.connections)
                    rows.append(row)
                    print(f"round {number + 1}  {size:>7}  {server:<8} {row['cpu_us']:7.1f} µs of CPU a request  "
                          f"{row['per_second']:9,.0f} requests/s", flush=True)
    finally:
        bench.stop()
    text, ratios = table(rows)
    stamp = time.strftime("%Y-%m-%dT%H%M%S")
    with open(os.path.join(RESULTS, f"{stamp}.json"), "w", encoding="utf-8") as target:
        json.dump({"rows": rows, "ratios": ratios, "options": vars(options)}, target, indent=1)
    with open(os.path.join(RESULTS, f"{stamp}.md"), "w", encoding="utf-8") as target:
        target.write(text + "\n")
    print(f"\n{text}\n\nWritten to bench/results/{stamp}.md and .json")


if __name__ == "__main__":
    main()
