"""A machine with systemd as its first process: Debian in a folder, booted by systemd-nspawn with processes, files and a
network of its own. For root alone."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import time

from .process import PartFailed, Process, clean_environment, program

TREE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), ".build", "machine",
                    "debian")
# Of Debian: systemd, and what Postern needs besides.
PACKAGES = ["systemd", "systemd-sysv", "dbus", "ca-certificates", "curl", "libnghttp2-14", "libssl3", "libstdc++6", "zlib1g"]
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_POWER_OFF = signal.SIGRTMIN + 4  # as systemd(1) has it


def _release():
    with open("/etc/os-release", encoding="utf-8") as source:
        return re.search(r"^VERSION_CODENAME=(\w+)", source.read(), re.M)[1]


def _command(path):
    """What makes Debian there, from the server that this machine installs from."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)",
                             "Created-By: Packages"], capture_output=True, text=True, check=True).stdout
    release = _release()
    servers = [line.split()[0] for line in listed.splitlines() if line.split()[1:] == [release, "main"]]
    # what it mounts in the tree goes with its own namespace
    return [program("unshare"), "--mount", program("debootstrap"), "--variant=minbase", "--include=" + ",".join(PACKAGES),
            release, path, *servers[:1]]


def is_made(path):
    """Whether Debian is there, with these packages."""
    try:
        with open(path + ".packages", encoding="ascii") as source:
            return source.read().split() == PACKAGES
    except OSError:
        return False


def make(path, run):
    """Makes Debian there, anew where it was half made or lacks something. `run` is given the command."""
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    run(_command(path))
    with open(path + ".packages", "w", encoding="ascii") as target:
        target.write("\n".join(PACKAGES) + "\n")


def cannot_boot():
    """Why no machine can be booted here; None where one can."""
    if os.geteuid() != 0:
        return "only root can boot a machine"
    if subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"],
                      capture_output=True).returncode:
        return "this container may not have namespaces of its own"
    return None


class Machine:
    """A booted one. `binds` are folders and files that it sees: (here, there). Nothing that happens in it changes the
    tree."""

    def __init__(self, tree, *, log, binds=(), timeout=60):
        self.leader = None
        arguments = ["-q", "-D", tree, "--boot", "--register=no", "--keep-unit", "--private-network", "--console=pipe",
                     "--volatile=overlay", "--link-journal=no", "--resolv-conf=off", "--timezone=off",
                     "-M", "postern-" + os.urandom(3).hex()]
        # Asked to end, it shuts the machine down; ended at once it would leave it running.
        self.process = Process(
            "systemd-nspawn", [program("systemd-nspawn"), *arguments, *(f"--bind-ro={here}:{there}" for here, there in binds)],
            log=log, environment=clean_environment("/nonexistent"), death=signal.SIGTERM)
        try:
            self.process.wait_until(self._is_up, timeout)
        except BaseException:
            self.stop()
            raise

    def _is_up(self):
        self.leader = self.leader or self._first_process()
        return self.leader and self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded")

    def _first_process(self):
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as source:
                    parent = int(source.read().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and os.readlink(f"/proc/{entry}/exe").endswith("/systemd"):
                    return int(entry)
            except OSError:
                continue
        return None

    def path(self, name):
        """The machine's file, as it is seen from here."""
        return f"/proc/{self.leader}/root{name}"

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as target:
            os.fchmod(target.fileno(), mode)
            target.write(text)

    def run(self, *argv, check=True, directory="/", timeout=60):
        """A command in the machine: what it printed."""
        done = subprocess.run(
            [program("nsenter"), "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-r", f"--wd={self.path(directory)}",
             *map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"})
        if check and done.returncode:
            raise PartFailed(f"{' '.join(map(str, argv))} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def network(self):
        """Within a `with`, this thread and what it starts are in the machine's network, and not in this one's."""
        return _Network(self.leader)

    def stop(self):
        if self.leader and self.process.is_running():
            os.kill(self.leader, _POWER_OFF)
            if self.process.wait(20) is None:
                os.kill(self.leader, signal.SIGKILL)  # takes all that runs in the machine along
        self.process.stop(grace=10)


class _Network:
    def __init__(self, leader):
        self.theirs = os.open(f"/proc/{leader}/ns/net", os.O_RDONLY)

    def __enter__(self):
        self.ours = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._enter(self.theirs)

    def __exit__(self, *_):
        self._enter(self.ours)
        os.close(self.ours)
        os.close(self.theirs)

    @staticmethod
    def _enter(namespace):
        if _LIBC.setns(namespace, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
