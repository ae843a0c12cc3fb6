"""Postern beside nginx, before the same origin, in one run; `rig.py` says how the two are set up.

Both servers get the same work, and take turns; the order changes every round. The figure to compare is CPU time of the
server's process tree: per request, or per connection. What disturbs a machine only ever adds to it, so the least
disturbed round counts first, and the median is shown beside it."""

import argparse
import json
import math
import os
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import time

from rig import HERE, LARGE, LOAD_CORE, SERVERS, SIZES, Meter, Rig, on_core, process  # first: it knows the way to the tests' modules

import connections  # noqa: E402

RESULTS = os.path.join(HERE, "results")


class LoadFailed(Exception):
    pass


def wrk(server, kind, size, seconds, clients):
    """Requests by HTTP/1.1, as fast as they are answered."""
    done = subprocess.run(
        on_core(LOAD_CORE, [process.program("wrk"), "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", "-s",
                            os.path.join(HERE, "report.lua"), "-H", f"Cookie: {server.cookie(kind)}",
                            server.url(kind, size)]),
        capture_output=True, text=True, timeout=seconds + 30)
    found = re.search(r"^JSON (.*)$", done.stdout, re.M)
    if not found:
        raise LoadFailed(f"wrk: {done.stdout}{done.stderr}")
    said = json.loads(found[1])
    if said["errors"]:
        raise LoadFailed(f"{server.name}, {size}: {said['errors']} of {said['requests']} requests failed")
    return {"requests": said["requests"], "per_second": said["requests"] / said["microseconds"] * 1e6,
            "bytes": said["bytes"], "seconds": said["microseconds"] / 1e6,
            "p50_us": said["p50"], "p99_us": said["p99"]}


def h2load(server, kind, size, seconds, clients, *more, log=None):
    """Requests by HTTP/2."""
    done = subprocess.run(
        on_core(LOAD_CORE, [process.program("h2load"), "-t1", f"-c{clients}", f"-D{seconds}", "--npn-list=h2",
                            "-H", f"cookie: {server.cookie(kind)}", *([f"--log-file={log}"] if log else []), *more,
                            server.url(kind, size)]),
        capture_output=True, text=True, timeout=seconds + 30)
    counts = re.search(r"requests: (\d+) total.* (\d+) succeeded, (\d+) failed", done.stdout)
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    if not counts or not codes:
        raise LoadFailed(f"h2load: {done.stdout}{done.stderr}")
    # Those that the end of the run cut off have no answer.
    requests, wrong = int(codes[1]), sum(map(int, codes.groups()[1:]))
    if not requests or wrong:
        raise LoadFailed(f"{server.name}, {size}: {done.stdout}")
    return {"requests": requests, "per_second": requests / seconds}


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, math.ceil(part * len(values)) - 1)]


# The parts. Each yields rows: what was measured, of whom, and the figure `value`, of which less is better.

def requests_part(rig, servers, options, round_):
    for size in SIZES:
        for server in turns(servers, round_):
            wrk(server, "plain", size, 1, options.connections)
            with Meter(server) as meter:
                said = wrk(server, "plain", size, options.seconds, options.connections)
            yield row("requests", f"HTTP/1.1, {size}", server, meter, said["requests"], **said)


def http2_part(rig, servers, options, round_):
    for size in SIZES:
        for server in turns(servers, round_):
            load = lambda seconds: h2load(server, "tls", size, seconds, options.connections // 4, "-m4")
            load(1)
            with Meter(server) as meter:
                said = load(options.seconds)
            yield row("http2", f"HTTP/2 over TLS, {size}", server, meter, said["requests"], **said)


def large_part(rig, servers, options, round_):
    """What has come of an object when the time is over counts as well."""
    for size, clients in zip(LARGE, (16, 4)):
        for kind, name in (("plain", "HTTP/1.1"), ("tls", "HTTP/1.1 over TLS")):
            for server in turns(servers, round_):
                wrk(server, kind, size, 1, clients)
                with Meter(server) as meter:
                    said = wrk(server, kind, size, options.seconds, clients)
                gibibytes = said["bytes"] / (1 << 30)
                yield {"part": "large", "what": f"CPU a GiB, {name}, {size}", "server": server.name,
                       "value": meter.cpu / gibibytes * 1e3, "unit": "ms of CPU", "disturbance": meter.disturbance, **said}
                yield {"part": "large", "what": f"time a GiB, {name}, {size}", "server": server.name,
                       "value": said["seconds"] / gibibytes * 1e3, "unit": "ms", "disturbance": meter.disturbance}


def handshakes_part(rig, servers, options, round_):
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        tls = connections.context(rig.authority, version=version)
        for resumed in (False, True):
            for server in turns(servers, round_):
                with Meter(server) as meter:
                    count = connections.handshakes(server, tls, options.seconds, resumed)
                name = f"TLS {version.name[-3:].replace('_', '.')} connection, {'resumed' if resumed else 'full'}"
                yield row("handshakes", name, server, meter, count)


def latency_part(rig, servers, options, round_):
    """At half of what the slower of the two can do: each client sends at fixed times, whatever is still unanswered (32 requests
    at most)."""
    most = min(h2load(one, "tls", "1 KiB", 2, 16, "-m4")["per_second"] for one in servers)
    rate = max(1, int(most / 2 / 16))
    for server in turns(servers, round_):
        log = os.path.join(rig.run, "latency.log")
        if os.path.exists(log):
            os.remove(log)
        with Meter(server) as meter:
            said = h2load(server, "tls", "1 KiB", options.seconds, 16, "-m32", f"--rps={rate}", log=log)
        with open(log, encoding="ascii") as source:
            times = [int(line.split()[2]) for line in source]
        yield {"part": "latency", "what": f"p99 of HTTP/2 over TLS, 1 KiB, at half load", "server": server.name,
               "value": quantile(times, 0.99), "unit": "µs", "p50_us": quantile(times, 0.5),
               "p999_us": quantile(times, 0.999), "per_second": said["per_second"], "aim": rate * 16,
               "disturbance": meter.disturbance}


def first_byte_part(rig, servers, options, round_):
    """Four clients, each with one request at a time. An answer of 1 KiB comes in one piece: its last byte comes with its
    first. Slices of a second, many: in a long one p99 tells of whoever else had a core meanwhile."""
    for server in turns(servers, round_) * (2 * options.seconds):
        with Meter(server) as meter:
            said = wrk(server, "plain", "1 KiB", 1, 4)
        for name in ("p50", "p99"):
            yield {"part": "first_byte", "what": f"{name} of the first byte, HTTP/1.1, 1 KiB, 4 clients",
                   "server": server.name, "value": said[f"{name}_us"], "unit": "µs", "disturbance": meter.disturbance}


def idle_part(rig, servers, options, round_):
    """With fresh servers, for memory that was given back once is not measured twice."""
    if not connections.can_hold(options.idle):
        print(f"idle: this machine's limit of descriptors does not allow {options.idle} connections", flush=True)
        return
    for kind, protocol, name in (("plain", "http/1.1", "HTTP/1.1"), ("h2c", "h2", "HTTP/2"),
                                 ("tls", "http/1.1", "HTTP/1.1 over TLS"), ("tls", "h2", "HTTP/2 over TLS")):
        for which in turns(SERVERS, round_):
            server = rig.start(which)
            tls = connections.context(rig.authority, protocol) if kind == "tls" else None
            with connections.held(server, kind, protocol, 200, tls):
                pass
            time.sleep(0.3)
            before = server.proportional_bytes()
            with connections.held(server, kind, protocol, options.idle, tls):
                time.sleep(0.5)
                grown = server.proportional_bytes() - before
            rig.end(server)
            yield {"part": "idle", "what": f"an idle connection, {name}", "server": which,
                   "value": grown / options.idle / 1024, "unit": "KiB", "disturbance": 0}


PARTS = {"requests": requests_part, "http2": http2_part, "large": large_part, "handshakes": handshakes_part,
         "latency": latency_part, "first_byte": first_byte_part, "idle": idle_part}
ONCE = {"idle"}


def turns(things, round_):
    return list(things)[:: 1 if round_ % 2 == 0 else -1]


def row(part, what, server, meter, count, **more):
    return {"part": part, "what": what, "server": server.name, "value": meter.cpu / count * 1e6, "unit": "µs of CPU",
            "count": count, "disturbance": meter.disturbance, **more}


def table(rows):
    """The report, and the ratios."""
    lines = ["| what | unit | nginx: best (median) | Postern: best (median) | ratio: best (median) |",
             "| --- | --- | ---: | ---: | ---: |"]
    ratios = {}
    for what in dict.fromkeys(row["what"] for row in rows):
        of = {server: [row for row in rows if (row["what"], row["server"]) == (what, server)] for server in SERVERS}
        best = {server: min(row["value"] for row in of[server]) for server in SERVERS}
        median = {server: statistics.median(row["value"] for row in of[server]) for server in SERVERS}
        ratio = {"best": best["postern"] / best["nginx"], "median": median["postern"] / median["nginx"]}
        ratios[what] = ratio
        lines.append(f"| {what} | {of['nginx'][0]['unit']} | " + " | ".join(
            f"{best[server]:.1f} ({median[server]:.1f})" for server in SERVERS)
            + f" | {ratio['best']:.2f} ({ratio['median']:.2f}) |")
    worst = max(row["disturbance"] for row in rows)
    lines += ["", f"Others took up to {worst:.0%} of the servers' core meanwhile"
              + (": a quieter machine tells more." if worst > 0.1 else ".")]
    return "\n".join(lines), ratios


def main():
    parser = argparse.ArgumentParser(description="Postern beside nginx: CPU time, latency, memory.")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections; measured once")
    options = parser.parse_args()
    parts = options.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    if os.cpu_count() < 2:
        sys.exit("Two cores are needed: one for the server under load, one for what loads it.")
    os.sched_setaffinity(0, {LOAD_CORE})
    run = os.path.join(RESULTS, "run")
    shutil.rmtree(run, ignore_errors=True)
    os.makedirs(run)
    rig, rows = Rig(run), []
    try:
        servers = [rig.start(name) for name in SERVERS] if set(parts) - ONCE else []
        for number in range(options.rounds):
            for part in parts:
                if part in ONCE and number:
                    continue
                for one in PARTS[part](rig, servers, options, number):
                    rows.append(one)
                    print(f"round {number + 1}  {one['what']:<42} {one['server']:<8} {one['value']:9.1f} {one['unit']}",
                          flush=True)
    except LoadFailed as failure:
        sys.exit(str(failure))
    finally:
        rig.stop()
    text, ratios = table(rows)
    stamp = time.strftime("%Y-%m-%dT%H%M%S")
    with open(os.path.join(RESULTS, f"{stamp}.json"), "w", encoding="utf-8") as target:
        json.dump({"rows": rows, "ratios": ratios, "options": vars(options)}, target, indent=1)
    with open(os.path.join(RESULTS, f"{stamp}.md"), "w", encoding="utf-8") as target:
        target.write(text + "\n")
    print(f"\n{text}\n\nWritten to bench/results/{stamp}.md and .json")


if __name__ == "__main__":
    main()
