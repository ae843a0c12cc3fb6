"""`make sanitize-address` and `make sanitize-thread`: the unit tests, and the tests end to end, with a program that
watches its own memory or its threads. `sanitize.py address unit` or `... end-to-end` runs one kind of them. What a
sanitizer reports fails the run, and stays in .build-asan or .build-tsan below `reports`."""

import os
import re
import shlex
import shutil
import sys

import prepare
import steps
import test

SUPPRESSIONS = os.path.join(steps.ROOT, "Tests", "Sanitizers")
# They measure time, or memory as the kernel counts it, and a sanitizer takes its share of both; or they start no
# program that is watched.
SKIPPED_UNIT_TESTS = ["longDownloadLeavesRoomForOthers"]
SKIPPED_FILES = ["test_memory.py", "test_demo.py", "test_architecture.py", "test_differential.py"]
# So many objects lost at one place of ours were lost one by one. Less is what a worker and a daemon hold until they
# end, whose parts know one another.
LEAKED = 100


class Sanitizer:
    def __init__(self, kind):
        self.kind = kind
        self.scratch = os.path.join(steps.ROOT, {"address": ".build-asan", "thread": ".build-tsan"}[kind])
        self.reports = os.path.join(self.scratch, "reports")
        self.variable = {"address": "ASAN_OPTIONS", "thread": "TSAN_OPTIONS"}[kind]
        self.arguments = ["--sanitize", kind, "--scratch-path", self.scratch]

    def options(self, name, leaks=False):
        # A report does not change how a program ends: tests ask for that. Reports are looked at afterwards.
        common = f"log_path={self.reports}/{name}:exitcode=0"
        if self.kind == "address":
            # The unit tests start hundreds of loops, which live as long as their process does.
            return f"{common}:detect_leaks={int(leaks)}"
        return f"{common}:suppressions={SUPPRESSIONS}/thread.supp"

    def build(self):
        with steps.Step(f"Building with the {self.kind} sanitizer (some minutes)") as step:
            step.run(["swift", "build", "--build-tests", *self.arguments],
                     log=os.path.join(self.scratch, "log", "build.log"))

    def unit(self, arguments):
        skipped = [word for name in SKIPPED_UNIT_TESTS for word in ("--skip", name)]
        # One test at a time: side by side they are too slow for the timeouts that they are about.
        return test.run(f"swift test, {self.kind} sanitizer",
                        ["swift", "test", "--skip-build", "--no-parallel", *self.arguments, *skipped, *arguments],
                        {**steps.test_environment(), self.variable: self.options("tests")})[0]

    def end_to_end(self, arguments):
        ignored = [f"--ignore=Tests/EndToEnd/{name}" for name in SKIPPED_FILES]
        return test.run(f"pytest, {self.kind} sanitizer",
                        [steps.PYTHON, "-m", "pytest", "Tests/EndToEnd", *ignored, *arguments],
                        {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "POSTERN_SANITIZED": self.kind,
                         "POSTERN_BINARY": self.program()})[0]

    def program(self):
        """The program as the tests start it: with the sanitizer's options, which their environment leaves out."""
        path = os.path.join(self.scratch, "postern")
        with open(path, "w", encoding="utf-8") as target:
            target.write(f"#!/bin/sh\n{self.variable}={shlex.quote(self.options('program', leaks=True))}\n"
                         f"LSAN_OPTIONS=print_suppressions=0:suppressions={shlex.quote(SUPPRESSIONS)}/leak.supp\n"
                         f"export {self.variable} LSAN_OPTIONS\nexec {shlex.quote(self.scratch)}/debug/postern \"$@\"\n")
        os.chmod(path, 0o755)
        return path

    def findings(self):
        """The reports that say something: path, and the part that does."""
        for name in sorted(os.listdir(self.reports)):
            path = os.path.join(self.reports, name)
            with open(path, encoding="utf-8", errors="replace") as source:
                text = source.read()
            if "LeakSanitizer" not in text:
                yield path, text
                continue
            many = [block for block in text.split("\n\n") if "/Sources/" in block
                    and int((re.search(r"leak of \d+ byte\(s\) in (\d+) object", block) or [0, 0])[1]) >= LEAKED]
            if many:
                yield path, "\n\n".join(many)

    def run(self, kinds, arguments):
        prepare.prepare("test")
        shutil.rmtree(self.reports, ignore_errors=True)
        os.makedirs(self.reports)
        self.build()
        failed = [kind for kind in kinds if {"unit": self.unit, "end-to-end": self.end_to_end}[kind](arguments)]
        findings = list(self.findings())
        for path, text in findings:
            print(f"\n── {path}\n{text[:6000]}", flush=True)
        print(f"\nThe {self.kind} sanitizer found {len(findings) or 'nothing'}"
              + (f": {self.reports}" if findings else "") + (f"; failed: {', '.join(failed)}" if failed else ""))
        return 1 if failed or findings else 0


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    kinds = [rest.pop(0)] if rest and rest[0] in ("unit", "end-to-end") else ["unit", "end-to-end"]
    try:
        sys.exit(Sanitizer(kind).run(kinds, rest))
    except steps.StepFailed as error:
        sys.exit(str(error))
