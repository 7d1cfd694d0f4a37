"""`python -m tests.second --stories 40000`: stories one after another; a difference is shrunk and printed."""

import argparse
import sys
import time

from tests.second.compare import as_yaml, differences, differs, shrunk
from tests.second.stories import story_of

AT_ONCE = 50


def main() -> int:
    """Exit code 1 when the two reckonings differed."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--stories", type=int, default=2_000)
    words.add_argument("--first", type=int, default=1)
    words.add_argument("--show", type=int, default=5, help="so many differences are shrunk and shown")
    words.add_argument("--stop", type=int, default=20)
    given = words.parse_args()
    started, found = time.monotonic(), []
    last = given.first + given.stories
    for at in range(given.first, last, AT_ONCE):
        seeds = range(at, min(at + AT_ONCE, last))
        told = [story_of(seed) for seed in seeds]
        for k, _ in differences(told):
            found.append(seeds[k])
            if len(found) <= given.show:
                least = shrunk(told[k])
                wrong = differs(least)
                assert wrong
                print(f"--- seed {seeds[k]}\n{as_yaml(least, wrong)}", flush=True)
        done = seeds[-1] + 1 - given.first
        if done % 1_000 < AT_ONCE or len(found) >= given.stop:
            print(f"{done:,} stories, {len(found)} differ ({time.monotonic() - started:.0f} s)", flush=True)
        if len(found) >= given.stop:
            break
    print(f"seeds that differ: {found}" if found else "no story differs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
