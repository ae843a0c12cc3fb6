"""The program under test: started from a config that a test gives as a tree, in an environment of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading

import yaml
from parts import process

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("POSTERN_BINARY") or os.path.join(ROOT, ".build", "release", "postern")
SANITIZED = "POSTERN_SANITIZED" in os.environ


class Plain(yaml.SafeDumper):
    """No anchors: every value is written out where it is used."""

    def ignore_aliases(self, _):
        return True


def to_yaml(tree):
    return yaml.dump(tree, Dumper=Plain, sort_keys=False, allow_unicode=True)


def secret():
    return run("secret").stdout.strip()


def run(*arguments, environment=None, cwd="/", timeout=30):
    """A command that ends by itself: its status, and what it printed."""
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=timeout,
                          env=process.clean_environment("/nonexistent", **(environment or {})))


# What systemd does for a service with sockets (sd_listen_fds(3)): they lie at descriptor 3 and upwards, and the program
# is told how many there are, what they are called and whose they are.
PASS_SOCKETS = """
import fcntl, os, sys
names, numbers, *argv = sys.argv[1:]
high = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 100) for one in numbers.split(",")]
for place, one in enumerate(high):
    os.dup2(one, 3 + place)
    os.close(one)
os.closerange(3 + len(high), 100)
os.environ.update(LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names, LISTEN_PID=str(os.getpid()))
os.execvp(argv[0], argv)
"""

# The threads that a daemon has: the control loop, the workers, and those that wait for disks, names, logs and configs.
THREADS = {"postern", "worker-", "revocations", "resolver", "reader", "log-writer", "config"}


class Postern:
    """A running daemon. `hosts` gives names their addresses for it alone, by a file that it sees as /etc/hosts;
    `sockets` are passed to it, as (name, socket)."""

    count = 0

    def __init__(self, directory, config, *, name="postern", environment=None, hosts=None, ready="/readyz",
                 syntax="yaml", sockets=()):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.admin = process.free_port()
        self.config = {"admin": {"address": f"127.0.0.1:{self.admin}"},
                       "log": {"level": "debug", "format": "json", "access": "stdout"}, "workers": 2, **config}
        self.path = os.path.join(self.directory, f"postern.{syntax}")
        self.write(self.config)
        Postern.count += 1
        argv = [BINARY, "serve", "--config", self.path]
        lines = "".join(f"{address} {host}\n" for host, address in (hosts or {}).items())
        self.borrowed = None
        if hosts and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
            self.borrowed = BorrowedHosts(lines)
        elif hosts:
            names = os.path.join(self.directory, "hosts")
            with open(names, "w", encoding="ascii") as target:
                target.write("127.0.0.1 localhost\n::1 localhost\n" + lines)
            argv = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', names, *argv]
        if sockets:
            argv = [sys.executable, "-c", PASS_SOCKETS, ":".join(name for name, _ in sockets),
                    ",".join(str(one.fileno()) for _, one in sockets), *argv]
        self.process = process.Process(
            "postern", argv, log=os.path.join(self.directory, f"{name}-{Postern.count}.log"),
            environment=process.clean_environment(
                self.directory, **{"STATE_DIRECTORY": os.path.join(self.directory, "state"), **(environment or {})}),
            directory=self.directory,
            ready=process.answers(f"http://127.0.0.1:{self.admin}{ready}") if ready else None, timeout=20,
            descriptors=[one.fileno() for _, one in sockets])

    def write(self, config):
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
            target.write(ini(config) if self.path.endswith(".ini") else to_yaml(config))

    @property
    def pid(self):
        return self.process.pid

    def threads(self):
        """The names of its threads, without the numbers at their ends."""
        names = set()
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/comm", encoding="ascii") as file:
                names.add(file.read().strip().rstrip("0123456789"))
        return names

    def status(self, path):
        return process.answers(f"http://127.0.0.1:{self.admin}{path}")()

    def records(self):
        """The log's lines as JSON; a line that is none is a failure."""
        return [json.loads(line) for line in self.process.log_text().splitlines() if line.strip()]

    def resident(self):
        """In bytes. A sanitizer's memory is not the program's: with one there is nothing to measure."""
        return 0 if SANITIZED else process.resident_bytes(self.pid)

    def terminate(self):
        self.process.send(signal.SIGTERM)

    def stop(self):
        if self.borrowed:
            self.borrowed.give_back()
        return self.process.stop(grace=5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class BorrowedHosts:
    """Names in the machine's own /etc/hosts, for as long as a daemon runs that cannot have a file of its own (a mount
    namespace is refused in some containers)."""

    PATH, MARK = "/etc/hosts", "  # for a test of Postern, %d"

    def __init__(self, lines):
        self.mark = self.MARK % os.getpid()
        with open(self.PATH, "a", encoding="utf-8") as target:
            target.write("".join(line + self.mark + "\n" for line in lines.splitlines()))

    def give_back(self):
        with open(self.PATH, "r+", encoding="utf-8") as file:  # in place: it may be mounted
            rest = [line for line in file if not line.rstrip("\n").endswith(self.mark)]
            file.seek(0)
            file.writelines(rest)
            file.truncate()


def ini(tree):
    """The same config as an INI file: a section is a dotted path, a list is separated by commas."""
    sections = {}

    def walk(path, node):
        for name, value in node.items():
            if isinstance(value, dict):
                walk([*path, name], value)
            else:
                text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                text = text.lower() if isinstance(value, bool) else text
                sections.setdefault(".".join(path), []).append((name, text))

    walk([], tree)
    lines = []
    for path in sorted(sections):
        lines += ([f"[{path}]"] if path else []) + [f"{name} = {value}" for name, value in sections[path]] + [""]
    return "\n".join(lines)


class MemoryWatch:
    """The most memory that a process had resident, sampled while a block of code runs."""

    def __init__(self, daemon):
        self.daemon, self.most, self.done = daemon, 0, threading.Event()

    def __enter__(self):
        self.before = self.daemon.resident()
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()
        return self

    def _sample(self):
        while not self.done.wait(0.05):
            self.most = max(self.most, self.daemon.resident())

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    @property
    def growth(self):
        return max(self.most, self.daemon.resident()) - self.before


def have(name):
    return shutil.which(name) is not None
