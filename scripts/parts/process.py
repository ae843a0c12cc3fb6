"""Child processes: started with an environment of their own, waited for, stopped with all their children."""

import ctypes
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class PartFailed(Exception):
    """A part did not come up, or ended by itself. The text says which, and shows the end of its log."""


def clean_environment(home, **extra):
    """What a part gets to see. The caller's certificates, proxies, and settings of other programs stay outside:
    SSL_CERT_FILE would overrule a test authority, and Canaille reads every variable that begins with its name."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "TERM") if name in os.environ}
    return {"LANG": "C.UTF-8", **kept, "HOME": str(home), **extra}


_given = set()
# Where two processes look for ports at a time, the one takes odd ones and the other even ones.
_half = os.environ.get("POSTERN_TEST_HALF")
_candidates = range(11_000, 32_000) if _half is None else range(11_000 + int(_half), 32_000, 2)


def free_ports(count):
    """Ports that nobody listens on now, and each given once. They lie below those that the system gives to outgoing
    connections, which could take one before its server does, and above those that browsers refuse."""
    ports = []
    while len(ports) < count:
        port = random.choice(_candidates)
        if port not in _given and port_is_free(port) and (not has_ipv6() or port_is_free(port, "::1")):
            _given.add(port)
            ports.append(port)
    return ports


def free_port():
    return free_ports(1)[0]


def port_is_free(port, host="127.0.0.1"):
    """Whether a server could listen on the port: a try, so that a half-closed old connection does not count."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
        return True


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
        return True
    except OSError:
        return False


def answers(url, statuses=(200,), host=None):
    """A check that is true once the address answers with one of the statuses. Certificates are not looked at."""
    context = ssl._create_unverified_context() if url.startswith("https:") else None
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=context)] if context else [])
    )

    def check():
        request = urllib.request.Request(url, headers={"Host": host} if host else {})
        try:
            with opener.open(request, timeout=2) as response:
                return response.status in statuses
        except urllib.error.HTTPError as error:
            return error.code in statuses
        except (OSError, ValueError):
            return False

    return check


def listens(port, host="127.0.0.1"):
    def check():
        try:
            socket.create_connection((host, port), 0.5).close()
            return True
        except OSError:
            return False

    return check


class Process:
    """A running part. It leads a process group of its own, so that a Ctrl-C reaches this program alone, and so that
    stopping it takes its children along. Should this program be killed, the kernel ends the part too."""

    def __init__(self, name, argv, *, log, environment, ready=None, directory=None, timeout=60, death=signal.SIGKILL,
                 append=False, descriptors=()):
        self.name = name
        self.log_path = str(log)
        os.makedirs(os.path.dirname(self.log_path), exist_ok=True)
        with open(self.log_path, "ab" if append else "wb") as output:
            self.started = time.monotonic()
            self.child = subprocess.Popen(
                [str(one) for one in argv],
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=descriptors,
                preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, death),
            )
        if ready:
            try:
                self.wait_until(ready, timeout)
            except BaseException:
                self.stop(grace=1)
                raise

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child.poll() is None

    def wait_until(self, ready, timeout=60):
        end = time.monotonic() + timeout
        while not ready():
            if not self.is_running():
                raise PartFailed(f"{self.name} ended with status {self.child.returncode}:\n{self.log_tail()}")
            if time.monotonic() > end:
                raise PartFailed(f"{self.name} was not ready within {timeout} s:\n{self.log_tail()}")
            time.sleep(0.03)

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as source:
            return source.read()

    def log_tail(self, lines=20):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def send(self, signal_number):
        if self.is_running():
            self.child.send_signal(signal_number)

    def wait(self, seconds):
        """The exit status, or None when the process is still there."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        """Ends whatever is left of the process group."""
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        return self.wait(5)

    def stop(self, grace=5):
        self.send(signal.SIGTERM)
        if self.wait(grace) is None:
            self.kill()
        return self.child.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def stop_all(processes, grace=4):
    """Stops several parts together: all are asked, then all are waited for, then what is left is killed."""
    processes = [one for one in processes if one]
    for one in processes:
        one.send(signal.SIGTERM)
    end = time.monotonic() + grace
    for one in processes:
        one.wait(max(0, end - time.monotonic()))
    for one in processes:
        one.kill()


def family(pid):
    """The process and everything that descends from it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as source:
                    parents[int(entry)] = int(source.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def cpu_seconds(pid):
    """User and system time of the process tree so far, in seconds."""
    ticks = 0
    for one in family(pid):
        try:
            with open(f"/proc/{one}/stat", encoding="ascii", errors="replace") as source:
                fields = source.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid, field="VmRSS"):
    """Resident memory of one process (VmHWM: the most it ever had), in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as source:
        for line in source:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise PartFailed(f"process {pid} has no {field}")


def program(name, beside=None):
    """Where an executable is: beside the given python, or on the PATH (Debian's sbin folders included)."""
    if beside:
        candidate = os.path.join(os.path.dirname(str(beside)), name)
        if os.access(candidate, os.X_OK):
            return candidate
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise PartFailed(f"the program {name} is missing")
    return found
