"""Long steps, shown as they go: what runs, for how long, and the last thing that it said. On a terminal a step is one
line that moves; elsewhere it is a line at its start, one now and then, and one at its end. What a step prints goes to
a log, and the end of that log is shown should it fail.

The standard library alone is used here, by the Python that Debian has."""

import os
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENVIRONMENT = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(ENVIRONMENT, "bin", "python")


def test_environment():
    """The environment of the unit tests: they start a real S3 server for themselves, and must find it."""
    return {**os.environ, "POSTERN_TEST_WEED": os.path.join(ENVIRONMENT, "bin", "weed")}


# What a fresh Debian 12 with Swift and git lacks for a build.
BUILD_PACKAGES = ["pkg-config", "libssl-dev", "libnghttp2-dev", "zlib1g-dev", "libc6-dev", "libstdc++-12-dev",
                  "binutils", "ca-certificates"]
PYTHON_PACKAGES = ["python3-venv", "openssl"]

NO_NETWORK = ("could not resolve", "temporary failure resolving", "temporary failure in name resolution",
              "failed to establish a new connection", "network is unreachable", "unable to connect",
              "could not connect", "failed to connect", "connection timed out", "max retries exceeded")


class StepFailed(Exception):
    """A step did not work out. The text is for the person at the terminal: what failed, and what to do."""


def _clock(seconds):
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


class Step:
    """`with Step("build") as step: step.run([...], log=...)`"""

    FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

    def __init__(self, title):
        self.title, self.status, self.log = title, "", None
        self.live = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.finished = threading.Event()

    def __enter__(self):
        self.started = time.monotonic()
        if not self.live:
            print(f"… {self.title}", flush=True)
        self.thread = threading.Thread(target=self._show, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.finished.set()
        self.thread.join()
        mark = "✔" if kind is None else "✘"
        line = f"{mark} {self.title}  ({_clock(time.monotonic() - self.started)})"
        print(f"\r\x1b[2K{line}" if self.live else line, flush=True)

    def _show(self):
        """The line that moves, ten times a second; without a terminal a sign of life every 20 seconds."""
        frame = 0
        while not self.finished.wait(0.1 if self.live else 20):
            elapsed = _clock(time.monotonic() - self.started)
            status = self.status or self._last_line()
            if self.live:
                frame = (frame + 1) % len(self.FRAMES)
                text = f"{self.FRAMES[frame]} {self.title}  {elapsed}  {status}"
                print("\r\x1b[2K" + text[: shutil.get_terminal_size().columns - 1], end="", flush=True)
            else:
                print(f"  {self.title}: {elapsed}  {status[:100]}", flush=True)

    def _last_line(self):
        if not self.log:
            return ""
        try:
            with open(self.log, "rb") as source:
                source.seek(max(0, os.path.getsize(self.log) - 600))
                lines = source.read().decode("utf-8", "replace").replace("\r", "\n").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        except OSError:
            return ""

    def run(self, argv, *, log, advice="", environment=None, directory=ROOT):
        """Runs the command to its end. A failure tells what it said last, and what may help."""
        self.log = log
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with open(log, "ab") as output:
            begin = output.tell()
            try:
                child = subprocess.Popen(argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=output,
                                         stderr=subprocess.STDOUT, env=environment, start_new_session=True)
            except FileNotFoundError as error:
                raise StepFailed(f"{self.title} failed: the program {argv[0]} is missing. {advice}") from error
            try:
                status = child.wait()
            except BaseException:  # Ctrl-C: take the whole command down with us
                os.killpg(child.pid, 15)
                child.wait()
                raise
        if status:
            with open(log, "rb") as source:
                source.seek(begin)
                said = source.read().decode("utf-8", "replace")
            tail = "\n".join("    " + line for line in said.splitlines()[-20:])
            if any(sign in said.lower() for sign in NO_NETWORK):
                advice = "This machine seems to have no network, or not to reach the server named above. " + advice
            raise StepFailed(f"{self.title} failed (status {status}):\n{tail}\n\n{advice}\nThe whole log: {log}")


def missing_packages(packages):
    """Which of Debian's packages are not installed."""
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *packages],
                           capture_output=True, text=True)
    installed = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    return [one for one in packages if one not in installed]


class no_services_started:
    """Debian's packages start the servers that they bring. While one is installed here, none is: the policy file that
    Debian asks says no. One that is there already is left alone."""

    PATH = "/usr/sbin/policy-rc.d"

    def __enter__(self):
        self.made = False
        if not os.path.exists(self.PATH):
            with open(self.PATH, "w", encoding="ascii") as target:
                target.write("#!/bin/sh\nexit 101\n")
            os.chmod(self.PATH, 0o755)
            self.made = True

    def __exit__(self, *_):
        if self.made:
            os.unlink(self.PATH)


def install_packages(packages, log):
    """Installs what is missing from Debian, and asks for nothing."""
    if not shutil.which("dpkg-query"):
        return  # another distribution: the build says what it misses
    missing = missing_packages(packages)
    if not missing:
        return
    command = "apt-get install -y --no-install-recommends " + " ".join(missing)
    if os.geteuid() != 0:
        raise StepFailed(f"Some of Debian's packages are missing, and only root can install them. Run\n    {command}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = "-oDPkg::Lock::Timeout=120"
    with Step(f"Installing from Debian: {' '.join(missing)}") as step, no_services_started():
        step.run(["apt-get", wait, "update"], log=log, environment=environment)
        step.run(["apt-get", wait, *command.split()[1:]], log=log, environment=environment,
                 advice=f"To see it alone: {command}")


def prepare_python(requirements, log):
    """The virtual environment that the Python programs here share. A file of requirements that it has met already
    costs nothing."""
    path = os.path.join(ROOT, requirements)
    with open(path, "rb") as source:
        wanted = source.read()
    stamp = os.path.join(ENVIRONMENT, "met-" + requirements.replace("/", "-"))
    try:
        with open(stamp, "rb") as source:
            if source.read() == wanted and os.access(PYTHON, os.X_OK):
                return
    except OSError:
        pass
    with Step(f"Installing from PyPI: {requirements}") as step:
        if not os.access(PYTHON, os.X_OK):
            base = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
            step.run([base, "-m", "venv", "--clear", ENVIRONMENT], log=log)
        step.run([PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r", path], log=log)
        with open(stamp, "wb") as target:
            target.write(wanted)


def check_swift():
    if not shutil.which("swift"):
        raise StepFailed("The program `swift` is not on the PATH. Postern needs Swift 6.3: "
                         "https://www.swift.org/install/linux/ says how to get it.")


def build_release(log):
    """Builds the program, or finds that it is built. Its path."""
    check_swift()
    with Step("Building postern (the first time takes some minutes)") as step:
        step.run([os.path.join(ROOT, "scripts", "build")], log=log,
                 advice="To see the build alone: make build")
    return os.path.join(ROOT, ".build", "release", "postern")
