"""`python -m fuzz`: explore for some minutes, with fresh seeds."""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sys
import time

from . import explore

explore.single_threaded()
# No program comes twice.
os.environ["DRAGONGRAD_CACHE"] = "0"

from .fuzzers import FUZZERS  # noqa: E402


def main() -> int:
    """Run each fuzzer for its share of the time; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", choices=[*FUZZERS], nargs="*", default=[*FUZZERS])
    parser.add_argument("--seed", type=int, help="where to begin; a fresh one by default", default=None)
    parser.add_argument("--count", type=int, help="how many cases of each, instead of minutes")
    given = parser.parse_args()
    first = random.SystemRandom().randrange(2**40) * 1000 if given.seed is None else given.seed
    share = sum(FUZZERS[name].share for name in given.only)
    found = 0
    for name in given.only:
        fuzzer = FUZZERS[name]
        print(f"{name}: from seed {first}", flush=True)
        fuzzer.prepare()
        start = time.monotonic()
        until = start + given.minutes * 60 * fuzzer.share / share if given.count is None else float("inf")
        seeds = itertools.count(first) if given.count is None else range(first, first + given.count)
        report = explore.explore(fuzzer.draw, seeds, until, fuzzer.refusals, lambda t: print(t, flush=True))
        found += len(report.failures)
        endings = ", ".join(f"{n} {kind}" for kind, n in report.endings.most_common())
        print(f"{name}: {endings}; {len(report.failures)} told, {report.repeated} like them; "
              f"{time.monotonic() - start:.0f} s")  # fmt: skip
        for text, n in report.refused.most_common(12):
            print(f"    refused {n} times: {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
