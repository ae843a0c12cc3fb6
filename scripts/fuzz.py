"""Builds the fuzz targets with libFuzzer and AddressSanitizer, and runs them: `fuzz.py [--target NAME] [--seconds N]`.

As many targets run at a time as there are cores, each from its seeds in Fuzz/Seeds and from what earlier runs have found. A finding fails the
run; the input that led to it is kept, and its path and how to run it again are told."""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time

import steps

SEEDS = os.path.join(steps.ROOT, "Fuzz", "Seeds")
DICTIONARIES = os.path.join(steps.ROOT, "Fuzz", "Dictionaries")
SCRATCH = os.path.join(steps.ROOT, ".build-fuzz")
PROGRAM = os.path.join(SCRATCH, "release", "Fuzz")
JOBS = os.cpu_count() or 2
# What strangers' bytes meet first: where the time is short, these have most of it.
FIRST = ("http1_request", "http2")


def targets():
    return sorted(name for name in os.listdir(SEEDS) if os.path.isdir(os.path.join(SEEDS, name)))


def build():
    with steps.Step("Building the fuzz targets (the first time takes some minutes)") as step:
        step.run(["swift", "build", "--configuration", "release", "--product", "Fuzz", "--scratch-path", SCRATCH,
                  "--sanitize", "address", "-Xswiftc", "-sanitize=fuzzer", "-Xswiftc", "-parse-as-library"],
                 log=os.path.join(SCRATCH, "log", "build.log"), environment={**os.environ, "POSTERN_FUZZ": "1"})


def start(target, options, inputs, log):
    # Swift's own backtracer would take the signal that libFuzzer waits for, and no input would be kept.
    environment = {**os.environ, "POSTERN_FUZZ_TARGET": target, "SWIFT_BACKTRACE": "enable=no"}
    with open(log, "wb") as output:
        return subprocess.run([PROGRAM, *options, *inputs], cwd=SCRATCH, env=environment, stdin=subprocess.DEVNULL,
                              stdout=output, stderr=subprocess.STDOUT).returncode


def said(log):
    with open(log, encoding="utf-8", errors="replace") as source:
        return source.read()


def dictionary(target):
    for name in (target, target.split("_")[0]):
        path = os.path.join(DICTIONARIES, name + ".dict")
        if os.path.exists(path):
            return [f"-dict={path}"]
    return []


def fuzz(target, seconds, seed):
    """Runs one target for that long; what to say of it, and whether it failed. Seed 0 is another at every run."""
    corpus, findings = (os.path.join(SCRATCH, kind, target) for kind in ("corpus", "findings"))
    for directory in (corpus, findings):
        os.makedirs(directory, exist_ok=True)
    log = os.path.join(SCRATCH, "log", target + ".log")
    status = start(target, [f"-max_total_time={seconds}", "-timeout=25", "-rss_limit_mb=2048",
                            f"-artifact_prefix={findings}/", "-print_final_stats=1", f"-seed={seed}", *dictionary(target)],
                   [corpus, os.path.join(SEEDS, target)], log)
    text = said(log)
    if status:
        return failure(target, log, text), True
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    rate = re.search(r"stat::average_exec_per_sec:\s*(\d+)", text)
    covered = re.findall(r"cov: (\d+)", text)
    return (f"{target}: {runs and runs[1]} inputs, {rate and rate[1]} a second, "
            f"{covered[-1] if covered else '?'} edges"), False


def failure(target, log, text):
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines)
                  if re.search(r"Fatal error|does not hold|==\d+== ?ERROR|runtime error", line)), max(0, len(lines) - 20))
    artifact = re.search(r"Test unit written to (\S+)", text)
    shown = "\n".join("    " + line[:1000] for line in lines[first:first + 25])
    again = (f"The input: {artifact[1]}\nTo run it again: scripts/python3 scripts/fuzz.py --replay {target} {artifact[1]}"
             if artifact else "No input was kept.")
    return f"{target}: FAILED\n{shown}\n{again}\nThe whole log: {log}"


def share(chosen, seconds):
    """How long each target runs, so that those of `FIRST` have that long each, and the others that long together."""
    others = [target for target in chosen if target not in FIRST]
    each = max(1, seconds * JOBS // max(1, len(others)))
    return {target: seconds for target in FIRST if target in chosen} | {target: each for target in others}


def run(times, seed):
    """Fuzzes each target for its number of seconds; how many of them failed."""
    build()
    spans = sorted(set(times.values()), reverse=True)
    print(f"Fuzzing {len(times)} target{'s' * (len(times) != 1)} for {' or '.join(map(str, spans))} s each, "
          f"{JOBS} at a time", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for text, has_failed in pool.map(lambda target: fuzz(target, times[target], seed), times):
            print(text, flush=True)
            failed += has_failed
    return failed


def replay(target, path):
    build()
    log = os.path.join(SCRATCH, "log", target + "-replay.log")
    status = start(target, [], [os.path.abspath(path)], log)
    print(said(log))
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=targets(), action="append", help="this one alone; may come more than once")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--total", type=int, help=f"instead: for each of {' and '.join(FIRST)}, and for all others together")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"), help="run one input, and show all that is said")
    arguments = parser.parse_args()
    if arguments.replay:
        return replay(*arguments.replay)
    begin = time.monotonic()
    chosen = arguments.target or targets()
    times = share(chosen, arguments.total) if arguments.total else dict.fromkeys(chosen, arguments.seconds)
    # What a short run tries is the same every time, so that a failure of the gate can be had again.
    failed = run(times, seed=1 if arguments.total else 0)
    print(f"{failed} of {len(chosen)} fuzz targets failed" if failed else f"{len(chosen)} fuzz targets found nothing",
          f"in {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except steps.StepFailed as error:
        sys.exit(str(error))
