"""Installs what a purpose needs: `prepare.py build`, or `prepare.py test`, or `prepare.py bench`."""

import os
import sys

import steps

LOG = os.path.join(steps.ROOT, ".build", "log")
TEST_PACKAGES = ["chromium", "chromium-driver", "libnss3-tools", "glewlwyd", "dbconfig-sqlite3", "curl",
                 "nghttp2-client", "testssl.sh", "prometheus",
                 "swift-proxy", "swift-account", "swift-container", "swift-object",
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
    steps.check_swift()


if __name__ == "__main__":
    try:
        prepare(sys.argv[1])
    except steps.StepFailed as error:
        sys.exit(str(error))
