"""What a new ID token costs: Postern's check of its RS256 signature, and of all of it, beside what `openssl speed` says of the
signature alone on the same machine, in turns. In microseconds of CPU."""

import json
import os
import re
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "Tests", "EndToEnd"), os.path.join(ROOT, "scripts")]

from lying_provider import LyingProvider  # noqa: E402

PROGRAM = os.path.join(ROOT, ".build", "release", "Signatures")


def openssl():
    said = subprocess.run(["openssl", "speed", "-seconds", "1", "rsa2048"], capture_output=True, text=True, check=True).stdout
    return 1e6 / float(re.search(r"rsa\s+2048 bits\s+\S+\s+\S+\s+\S+\s+([0-9.]+)", said)[1])


def main():
    subprocess.run(["swift", "build", "-c", "release", "--product", "Signatures"], cwd=ROOT, check=True,
                   env={**os.environ, "POSTERN_BENCH": "1"}, stdout=subprocess.DEVNULL)
    provider = LyingProvider({"postern": None})
    try:
        arguments = [PROGRAM, provider.token(), json.dumps({"keys": [provider.first_key.jwk()]}), provider.issuer, "postern",
                     str(int(time.time()))]
        rounds = []
        for _ in range(5):
            own = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
            rounds.append((openssl(), *map(float, own)))
            print("openssl speed {:.1f}, the signature {:.1f}, the whole token {:.1f}".format(*rounds[-1]), flush=True)
    finally:
        provider.stop()
    best = [min(column) for column in zip(*rounds)]
    middle = [statistics.median(column) for column in zip(*rounds)]
    print(f"the signature: {best[1] / best[0]:.2f} times openssl's (median {middle[1] / middle[0]:.2f}); "
          f"the whole token: {best[2] / best[0]:.2f} ({middle[2] / middle[0]:.2f})")


if __name__ == "__main__":
    main()
