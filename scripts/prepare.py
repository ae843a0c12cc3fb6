"""Installs what a purpose needs: `prepare.py build`, or `prepare.py test`, or `prepare.py bench`."""

import os
import sys

import steps
from parts import machine

LOG = os.path.join(steps.ROOT, ".build", "log")
TEST_PACKAGES = ["chromium", "chromium-driver", "libnss3-tools", "glewlwyd", "dbconfig-sqlite3", "curl",
                 "nghttp2-client", "testssl.sh", "prometheus", "buildah", "podman", "runc",
                 "swift-proxy", "swift-account", "swift-container", "swift-object",
                 "debootstrap", "systemd-container", "util-linux",
                 "liblemonldap-ng-portal-perl", "starman", "libgd-securityimage-perl", "libimage-magick-perl",
                 "libstring-random-perl", "libio-string-perl"]
BENCH_PACKAGES = ["nginx", "wrk", "nghttp2-client", "util-linux"]


def prepare(purpose):
    packages = list(steps.BUILD_PACKAGES)
    if purpose != "build":
        packages += steps.PYTHON_PACKAGES + (TEST_PACKAGES if purpose == "test" else BENCH_PACKAGES)
    os.makedirs(LOG, exist_ok=True)
    steps.install_packages(packages, os.path.join(LOG, "apt.log"))
    if purpose != "build":
        steps.prepare_python("Tests/EndToEnd/requirements.txt", os.path.join(LOG, "pip.log"))
    if purpose == "test":
        prepare_machine(os.path.join(LOG, "debootstrap.log"))
    steps.check_swift()


def prepare_machine(log):
    """A small Debian for the tests of the units to boot; it is kept."""
    if machine.is_made(machine.TREE) or machine.cannot_boot():
        return
    with steps.Step("Installing a small Debian, for systemd to boot") as step:
        machine.make(machine.TREE, lambda argv: step.run(argv, log=log))


if __name__ == "__main__":
    try:
        prepare(sys.argv[1])
    except steps.StepFailed as error:
        sys.exit(str(error))
