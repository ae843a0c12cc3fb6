"""`make bench`: installs and builds what the measurement needs, then runs it."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import prepare  # noqa: E402
import steps  # noqa: E402

if __name__ == "__main__":
    try:
        prepare.prepare("bench")
        if not os.environ.get("POSTERN_BINARY"):
            steps.build_release(os.path.join(prepare.LOG, "release.log"))
    except steps.StepFailed as error:
        sys.exit(str(error))
    os.execv(steps.PYTHON, [steps.PYTHON, os.path.join(ROOT, "bench", "measure.py"), *sys.argv[1:]])
