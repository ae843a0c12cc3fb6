"""`make demo`: a private bucket behind a real sign-in, on this machine.

Installs what is missing, builds Postern, starts SeaweedFS with a bucket that holds a sample site, Canaille as the
OpenID provider, and Postern in front; says where to look, and runs until Ctrl-C. Then it stops what it started.
What it keeps is in .demo, so that the next start takes seconds."""

import argparse
import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.dirname(os.path.abspath(__file__))]

import content  # noqa: E402
import steps  # noqa: E402
from parts import canaille, process, seaweedfs  # noqa: E402
from steps import Step, StepFailed  # noqa: E402

STATE = os.path.abspath(os.environ.get("POSTERN_DEMO_STATE") or os.path.join(ROOT, ".demo"))
LOG = os.path.join(STATE, "log")
WORDS = """amber birch cedar comet coral delta ember fable fjord glade harbor hazel indigo island juniper kestrel lantern
lilac maple meadow nectar north ocean olive orbit pebble pine prairie quartz raven ridge saffron sierra spruce summit
tidal timber tulip valley velvet willow winter zephyr""".split()


def kept(name, make):
    """A small secret of this checkout: made once, readable by its owner alone."""
    path = os.path.join(STATE, name)
    try:
        with open(path, encoding="ascii") as source:
            return source.read().strip()
    except FileNotFoundError:
        value = make()
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as target:
            target.write(value + "\n")
        return value


def write_secret(name, value):
    with open(os.open(os.path.join(STATE, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        target.write(value + "\n")


def new_password():
    return "-".join(secrets.choice(WORDS) for _ in range(3)) + f"-{secrets.randbelow(90) + 10}"


def listener(port):
    """Who listens on the port, as `name (process N)`; empty where that is not to be seen."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as source:
                rows = [line.split() for line in source.readlines()[1:]]
        except OSError:
            continue
        inodes |= {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if any(os.readlink(f"/proc/{entry}/fd/{one}") in inodes for one in os.listdir(f"/proc/{entry}/fd")):
                with open(f"/proc/{entry}/comm", encoding="utf-8") as source:
                    return f"{source.read().strip()} (process {entry})"
        except OSError:
            continue
    return ""


def check_port(port):
    if all(process.port_is_free(port, host) for host in ("127.0.0.1", "::1")[: 2 if process.has_ipv6() else 1]):
        return
    holder = listener(port)
    raise StepFailed(f"Port {port} is taken{' by ' + holder if holder else ''}.\n"
                     f"Choose another one:  make demo PORT={port + 10}")


def only_one():
    """Two demos of one checkout would share their data. The lock goes when this program does."""
    lock = open(os.path.join(STATE, "lock"), "a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        raise StepFailed(f"A demo of this checkout is running already (process {lock.read().strip() or 'unknown'}). "
                         "Stop it first, with Ctrl-C in its terminal.") from None
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


class Demo:
    def __init__(self, port):
        self.port = port
        self.lock = self.weed = self.provider = self.postern = None
        suffix = "" if port == 80 else f":{port}"
        self.hosts = ["localhost" + suffix, "127.0.0.1" + suffix]
        self.url = "http://" + self.hosts[0]

    def prepare(self):
        os.makedirs(LOG, exist_ok=True)
        steps.install_packages(steps.BUILD_PACKAGES + steps.PYTHON_PACKAGES, os.path.join(LOG, "apt.log"))
        steps.prepare_python("demo/requirements.txt", os.path.join(LOG, "pip.log"))
        self.binary = steps.build_release(os.path.join(LOG, "build.log"))

    def start_bucket(self):
        with Step("Starting the S3 server (SeaweedFS)") as step:
            self.weed = seaweedfs.SeaweedFS(os.path.join(STATE, "seaweedfs"), bucket="observatory",
                                            python=steps.PYTHON)
            mark = os.path.join(STATE, "filled.json")
            wanted = content.fingerprint()
            try:
                with open(mark, encoding="ascii") as source:
                    filled = json.load(source)
            except (OSError, ValueError):
                filled = {}
            if filled.get("fingerprint") != wanted or self.weed.writer.get("index.html") is None:
                digest = content.fill(self.weed.writer, lambda key: setattr(step, "status", "storing " + key))
                filled = {"fingerprint": wanted, "sha256": digest}
                with open(mark, "w", encoding="ascii") as target:
                    json.dump(filled, target)
            self.checksum = filled["sha256"]

    def start_provider(self):
        with Step("Starting the OpenID provider (Canaille)"):
            self.passwords = {name: kept(f"{name}.password", new_password) for name in ("alice", "bob")}
            secret = kept("client.secret", lambda: secrets.token_urlsafe(32))
            addresses = ["http://" + host for host in self.hosts]
            self.provider = canaille.Canaille(
                os.path.join(STATE, "canaille"), python=steps.PYTHON, name="Northlight Observatory",
                port=self.port + 1 if process.port_is_free(self.port + 1) else None,
                users=[canaille.person("alice", self.passwords["alice"], "Alice Aster"),
                       canaille.person("bob", self.passwords["bob"], "Bob Birk")],
                groups={"staff": ["alice", "bob"], "admins": ["alice"]},
                clients=[canaille.client(
                    "postern", [one + "/.auth/callback" for one in addresses], name="Staff pages", secret=secret,
                    method="client_secret_basic", after_logout=[one + "/.auth/signed-out" for one in addresses])])

    def start_postern(self):
        with Step("Starting Postern"):
            admin = process.free_port()
            self._write_config(admin)
            self.postern = process.Process(
                "Postern", [self.binary, "serve", "--config", os.path.join(STATE, "postern.yaml")],
                log=os.path.join(LOG, "postern.log"), environment=process.clean_environment(STATE), directory=STATE,
                ready=process.answers(f"http://127.0.0.1:{admin}/readyz"), death=signal.SIGTERM, timeout=30)

    def _write_config(self, admin):
        kept("session.key", lambda: subprocess.run([self.binary, "secret"], check=True, capture_output=True, text=True,
                                                   env=process.clean_environment(STATE)).stdout.strip())
        write_secret("s3.id", self.weed.access_key)
        write_secret("s3.secret", self.weed.secret_key)
        values = {
            "PORT": self.port, "ADMIN_PORT": admin, "STATE": STATE, "ISSUER": self.provider.issuer,
            "BUCKET": self.weed.bucket, "S3_ENDPOINT": self.weed.endpoint,
            "HOSTS": ", ".join(f'"{host}"' for host in self.hosts),
            "IPV6": f"  ipv6:\n    address: \"[::1]:{self.port}\"" if process.has_ipv6() else "",
        }
        with open(os.path.join(ROOT, "config", "demo.yaml.in"), encoding="utf-8") as source:
            text = source.read()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        with open(os.path.join(STATE, "postern.yaml"), "w", encoding="utf-8") as target:
            target.write(text)

    def tell(self):
        rows = [
            "", "Postern is in front of a private bucket.", "",
            f"Open       {self.url}/",
            f"Sign in    alice   {self.passwords['alice']}",
            f"or         bob     {self.passwords['bob']}   (not in the group admins)", "",
            "Try        a page further in:       /handbook/first-night.html?from=box",
            "           for admins alone:        /admin/",
            "           without a sign-in:       /public/",
            "           200 MB, with SHA-256:    /downloads/sky-survey.dat",
            f"           {self.checksum}", "",
            "The bucket itself lets nobody in:",
            f"           curl -i {self.weed.endpoint}/observatory/index.html", "",
            f"Config     {os.path.relpath(STATE)}/postern.yaml",
            f"Logs       {os.path.relpath(LOG)}/",
            "Stop       Ctrl-C", "",
        ]
        width = max(map(len, rows)) + 4
        print("\n┌" + "─" * width + "┐")
        for row in rows:
            print("│  " + row.ljust(width - 2) + "│")
        print("└" + "─" * width + "┘")
        if os.environ.get("SSH_CONNECTION"):
            print(f"From another machine: ssh -L {self.port}:localhost:{self.port} "
                  f"-L {self.provider.port}:localhost:{self.provider.port} THIS-MACHINE, and open the same URL there.")
        sys.stdout.flush()

    def watch(self, stopped):
        """Until it is stopped, or until a part ends by itself."""
        parts = [self.weed.process, self.provider.process, self.postern]
        while not stopped.wait(0.5):
            for one in parts:
                if not one.is_running():
                    raise StepFailed(f"{one.name} ended by itself with status {one.child.returncode}. It said last:\n"
                                     f"{one.log_tail()}\n\nThe whole log: {one.log_path}")

    def stop(self):
        """Stops what this program has started, and nothing else."""
        if not (self.weed or self.provider or self.postern):
            return
        print("\nStopping.", flush=True)
        process.stop_all([self.postern, self.provider and self.provider.process], grace=5)
        if self.weed:
            self.weed.stop()
        print("Stopped.", flush=True)


class Stopped(BaseException):
    """Ctrl-C, or a polite kill, while the demo was still starting."""


def main():
    parser = argparse.ArgumentParser(prog="demo", description="A private bucket behind a real sign-in.")
    parser.add_argument("--port", type=int, default=8080, help="where Postern listens (default: 8080)")
    port = parser.parse_args().port
    if not 0 < port < 65536:
        parser.error(f"{port} is no port")
    stopped, started = threading.Event(), threading.Event()

    def on_signal(*_):
        if started.is_set():
            stopped.set()
        elif not stopped.is_set():
            stopped.set()
            raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    os.makedirs(LOG, exist_ok=True)
    demo, begin, status = Demo(port), time.monotonic(), 0
    try:
        demo.lock = only_one()
        check_port(port)
        demo.prepare()
        demo.start_bucket()
        demo.start_provider()
        demo.start_postern()
        demo.tell()
        print(f"Ready after {time.monotonic() - begin:.0f} s.", flush=True)
        started.set()
        demo.watch(stopped)
    except (StepFailed, process.PartFailed) as error:
        print(f"\n{error}", file=sys.stderr)
        status = 1
    except Stopped:
        status = 130
    finally:
        started.set()  # from here on a second Ctrl-C does not cut the stopping short
        demo.stop()
    return status


if __name__ == "__main__":
    sys.exit(main())
