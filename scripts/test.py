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
END_TO_END = os.path.join(steps.ROOT, "Tests", "EndToEnd")
# The tests end to end wait more than they work, so two halves of them run at a time: those of signing in and out and of
# what people see, and all others. Each ends with a look at what its daemons left.
IDENTITY = {"advisories", "browser", "canaille", "cloudfront", "doctor", "glewlwyd", "identity_hostile", "journeys",
            "keys", "lemonldap", "newcomer", "pages", "providers", "relying_party", "renewal", "revocations", "rotation",
            "rules", "sign_in", "sign_out", "who"}
LAST = "zz_afterwards"
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


def halves():
    """The files of each half, in their order."""
    names = sorted(name[5:-3] for name in os.listdir(END_TO_END) if name.startswith("test_") and name.endswith(".py"))
    names.remove(LAST)
    for half in ([name for name in names if name in IDENTITY], [name for name in names if name not in IDENTITY]):
        yield [os.path.join("Tests", "EndToEnd", f"test_{name}.py") for name in (*half, LAST)]


def end_to_end(options):
    """Runs both halves; whether one failed, and pytest's summaries. The second's output comes when the first has ended."""
    log = os.path.join(LOG, "end-to-end.log")
    commands = [[steps.PYTHON, "-m", "pytest", *files, *options] for files in halves()]
    environments = [{**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "POSTERN_TEST_HALF": str(n)} for n in (0, 1)]
    begin = time.monotonic()
    with open(log, "wb") as output:
        second = subprocess.Popen(commands[1], cwd=steps.ROOT, stdout=output, stderr=subprocess.STDOUT, env=environments[1])
    status, said = run("pytest, identity", commands[0], environments[0])
    second_status = second.wait()
    with open(log, encoding="utf-8", errors="replace") as source:
        second_said = source.read()
    print(f"\n── pytest, the others\n{second_said}── pytest, the others: "
          f"{'passed' if second_status == 0 else f'FAILED with status {second_status}'} after {time.monotonic() - begin:.0f} s")
    pattern = r"^=+ .* in [0-9.:]+s?.*=+$"
    return bool(status or second_status), [summary(said, pattern), summary(second_said.splitlines(), pattern)]


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
    whole, summaries = end_to_end(sys.argv[1:])
    print(f"\n{time.monotonic() - begin:.0f} s in all")
    print(summary(unit_said, r"Test run with \d+ test"))
    print(summary(fuzz_said, r"^\d+ (of \d+ )?fuzz targets"))
    if fuzz:
        print(*findings(fuzz_said), sep="\n")
    print(*summaries, sep="\n")
    return 1 if unit or fuzz or whole else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except steps.StepFailed as error:
        sys.exit(str(error))
