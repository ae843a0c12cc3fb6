"""`make sanitize-address` and `make sanitize-thread`: the unit tests, and the tests end to end, with a program that
watches its own memory or its threads. What a sanitizer reports fails the run, and stays in .build-asan or .build-tsan
below `reports`."""

import os
import shlex
import shutil
import sys

import prepare
import steps
import test

TESTS = os.path.join(steps.ROOT, "Tests")
# They measure time, or memory as the kernel counts it, and a sanitizer takes its share of both.
SKIPPED_UNIT_TESTS = ["longDownloadLeavesRoomForOthers"]
SKIPPED_FILES = ["test_memory.py", "test_demo.py", "test_architecture.py"]


class Sanitizer:
    def __init__(self, kind):
        self.kind = kind
        self.scratch = os.path.join(steps.ROOT, {"address": ".build-asan", "thread": ".build-tsan"}[kind])
        self.reports = os.path.join(self.scratch, "reports")
        self.variable = {"address": "ASAN_OPTIONS", "thread": "TSAN_OPTIONS"}[kind]

    def options(self, name, leaks=False):
        log = f"log_path={self.reports}/{name}"
        if self.kind == "address":
            # The unit tests start hundreds of loops, which live as long as their process does.
            return f"{log}:detect_leaks={int(leaks)}"
        return f"{log}:halt_on_error=0:suppressions={TESTS}/Sanitizers/thread.supp"

    def build(self):
        arguments = ["--sanitize", self.kind, "--scratch-path", self.scratch]
        with steps.Step(f"Building with the {self.kind} sanitizer (some minutes)") as step:
            step.run(["swift", "build", "--build-tests", *arguments],
                     log=os.path.join(self.scratch, "log", "build.log"))
        return arguments

    def program(self):
        """The program as the tests start it: with the sanitizer's options, which their environment leaves out."""
        path = os.path.join(self.scratch, "postern")
        with open(path, "w", encoding="utf-8") as target:
            target.write(f"#!/bin/sh\n{self.variable}={shlex.quote(self.options('program', leaks=True))}\n"
                         f"LSAN_OPTIONS=print_suppressions=0:suppressions={shlex.quote(TESTS)}/Sanitizers/leak.supp\n"
                         f"export {self.variable} LSAN_OPTIONS\nexec {shlex.quote(self.scratch)}/debug/postern \"$@\"\n")
        os.chmod(path, 0o755)
        return path

    def found(self):
        return sorted(os.path.join(self.reports, name) for name in os.listdir(self.reports))

    def run(self, arguments):
        prepare.prepare("test")
        shutil.rmtree(self.reports, ignore_errors=True)
        os.makedirs(self.reports)
        swift = self.build()
        skipped = [word for name in SKIPPED_UNIT_TESTS for word in ("--skip", name)]
        # One test at a time: side by side they are too slow for the timeouts that they are about.
        unit, _ = test.run(f"swift test, {self.kind} sanitizer",
                           ["swift", "test", "--skip-build", "--no-parallel", *swift, *skipped],
                           {**steps.test_environment(), self.variable: self.options("tests")})
        ignored = [f"--ignore=Tests/EndToEnd/{name}" for name in SKIPPED_FILES]
        whole, _ = test.run(f"pytest, {self.kind} sanitizer",
                            [steps.PYTHON, "-m", "pytest", "Tests/EndToEnd", *ignored, *arguments],
                            {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "POSTERN_BINARY": self.program()})
        reports = self.found()
        for path in reports:
            with open(path, encoding="utf-8", errors="replace") as source:
                print(f"\n── {path}\n" + source.read(6000), flush=True)
        print(f"\n{len(reports)} reports of the {self.kind} sanitizer" + (f" in {self.reports}" if reports else ""))
        return 1 if unit or whole or reports else 0


if __name__ == "__main__":
    try:
        sys.exit(Sanitizer(sys.argv[1]).run(sys.argv[2:]))
    except steps.StepFailed as error:
        sys.exit(str(error))
