"""`make test`: all set-up, and all tests. First the program is built as it ships, then come the unit tests, a minute of the
fuzz targets, and the tests end to end. The last lines are the runners' own."""

import os
import re
import subprocess
import sys
import time

import prepare
import steps

FUZZ_SECONDS = 60
LOG = os.path.join(steps.ROOT, ".build", "log")


def run(title, argv, environment=None):
    """Runs a command with its output on the terminal; its status, and what it said."""
    print(f"\n── {title}", flush=True)
    begin, said = time.monotonic(), []
    child = subprocess.Popen(argv, cwd=steps.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", env=environment)
    for line in child.stdout:
        print(line, end="", flush=True)
        said.append(line.rstrip("\n"))
    status = child.wait()
    print(f"── {title}: {'passed' if status == 0 else f'FAILED with status {status}'} after "
          f"{time.monotonic() - begin:.0f} s", flush=True)
    return status, said


def summary(lines, pattern):
    found = [line for line in lines if re.search(pattern, line)]
    return found[-1] if found else "no summary"


def findings(lines):
    """What the fuzz targets said that failed: their names, and what stands indented below."""
    kept, keeping = [], False
    for line in lines:
        keeping = re.search(r"^\w+: FAILED", line) or (keeping and re.search(r"^( |The input|To run|No input|The whole)", line))
        if keeping:
            kept.append(line)
    return kept


def main():
    begin = time.monotonic()
    os.makedirs(LOG, exist_ok=True)
    prepare.prepare("test")
    steps.build_release(os.path.join(LOG, "release.log"))
    with steps.Step("Building the unit tests (some minutes)") as step:
        step.run(["swift", "build", "--build-tests", "--explicit-target-dependency-import-check", "error"],
                 log=os.path.join(LOG, "tests.log"))
    unit, unit_said = run("swift test", ["swift", "test", "--skip-build", "--parallel"], steps.test_environment())
    fuzz, fuzz_said = run("fuzz", [sys.executable, os.path.join(steps.ROOT, "scripts", "fuzz.py"),
                                   "--total", str(FUZZ_SECONDS)])
    whole, whole_said = run("pytest", [steps.PYTHON, "-m", "pytest", "Tests/EndToEnd", *sys.argv[1:]],
                            {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    print(f"\n{time.monotonic() - begin:.0f} s in all")
    print(summary(unit_said, r"Test run with \d+ test"))
    print(summary(fuzz_said, r"^\d+ (of \d+ )?fuzz targets"))
    if fuzz:
        print(*findings(fuzz_said), sep="\n")
    print(summary(whole_said, r"^=+ .* in [0-9.:]+s?.*=+$"))
    return 1 if unit or fuzz or whole else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except steps.StepFailed as error:
        sys.exit(str(error))
