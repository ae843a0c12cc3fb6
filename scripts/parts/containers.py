"""Images that are built, and containers that run, where no registry is reached: the base image is made here, of Debian's
own packages, under the name that a Dockerfile calls it by. Buildah builds, podman runs, as root."""

import os
import shutil
import subprocess

from .process import PartFailed, Process, clean_environment

BASE = "docker.io/library/debian:bookworm-slim"
MIRROR = "http://deb.debian.org/debian"


def is_possible():
    """Whether this machine lets containers be made."""
    try:
        return os.geteuid() == 0 and not subprocess.run(
            ["unshare", "--mount", "--pid", "--net", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"],
            capture_output=True).returncode
    except OSError:
        return False


class Containers:
    """A store of images of its own, in `directory`, where it is found again the next time."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.running = []
        os.makedirs(self.directory, exist_ok=True)
        storage = os.path.join(self.directory, "storage.conf")
        self.environment = clean_environment(
            self.directory, CONTAINERS_STORAGE_CONF=storage, BUILDAH_ISOLATION="chroot",
            PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        for driver in ("overlay", "vfs"):  # where the store lies on an overlay itself, there is no other on top
            with open(storage, "w", encoding="utf-8") as target:
                target.write(f'[storage]\ndriver = "{driver}"\ngraphroot = "{self.directory}/{driver}"\n'
                             f'runroot = "{self.directory}/run"\n')
            if subprocess.run(["buildah", "images"], env=self.environment, capture_output=True).returncode == 0:
                break
        if self._ask("buildah", "images", "-q", "--filter", f"reference={BASE}") == "":
            self._make_base()

    def _ask(self, *argv, timeout=300):
        done = subprocess.run(argv, env=self.environment, cwd=self.directory, capture_output=True, text=True,
                              timeout=timeout)
        if done.returncode:
            raise PartFailed(f"{' '.join(argv[:3])} failed:\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout.strip()

    def _make_base(self):
        root = os.path.join(self.directory, "root")
        shutil.rmtree(root, ignore_errors=True)
        # what it mounts in the tree goes with its own namespace
        self._ask("unshare", "--mount", "debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root,
                  self._mirror(), timeout=900)
        container = self._ask("buildah", "from", "scratch")
        place = self._ask("buildah", "mount", container)
        self._ask("cp", "-ax", root + "/.", place)
        self._ask("buildah", "config", "--cmd", "/bin/bash", container)
        self._ask("buildah", "commit", "-q", "--rm", container, BASE)
        shutil.rmtree(root)

    @staticmethod
    def _mirror():
        """Where this machine has its own packages from."""
        try:
            with open("/etc/apt/sources.list.d/debian.sources", encoding="utf-8") as source:
                return next(line.split()[1] for line in source if line.startswith("URIs:"))
        except (OSError, StopIteration):
            return MIRROR

    def build(self, context, name):
        """Docker's format, for the other knows no HEALTHCHECK."""
        self._ask("buildah", "bud", "-q", "--pull-never", "--format", "docker", "-t", name, context, timeout=900)

    def inspect(self, name):
        """What the image says of itself, as Go templates have it."""
        return lambda template: self._ask("podman", "image", "inspect", "--format", template, name)

    def compressed_size(self, name):
        """In bytes, as a registry has it."""
        target = os.path.join(self.directory, "pushed")
        shutil.rmtree(target, ignore_errors=True)
        self._ask("buildah", "push", "-q", name, f"oci:{target}:image")
        size = sum(os.path.getsize(os.path.join(directory, one)) for directory, _, names in os.walk(target) for one in names)
        shutil.rmtree(target)
        return size

    def run(self, image, *command, name, log, options=(), ready=None):
        """A container in this machine's network, with nothing that it does not need. Health checks need a systemd that
        keeps their time: whoever wants one asks `execute`."""
        argv = ["podman", "--cgroup-manager=cgroupfs", "--runtime=runc", "run", "--rm", f"--name={name}", "--no-healthcheck",
                "--network=host", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges",
                "--ulimit=nofile=4096:4096", "--ulimit=nproc=1024:1024", *options, image, *command]
        self.running.append(name)
        return Process(name, argv, log=log, environment=self.environment, directory=self.directory, ready=ready)

    def execute(self, name, *argv):
        """A command within a container that runs: its status, and what it printed."""
        return subprocess.run(["podman", "--cgroup-manager=cgroupfs", "--runtime=runc", "exec", name, *argv],
                              env=self.environment, capture_output=True, text=True, timeout=30)

    def stop(self):
        for name in self.running:
            subprocess.run(["podman", "--cgroup-manager=cgroupfs", "--runtime=runc", "rm", "-f", "-t", "1", name],
                           env=self.environment, capture_output=True)
