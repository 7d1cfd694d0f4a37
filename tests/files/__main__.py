"""Spoil files for a long time: `python -m tests.files --each 20000`; what was found is printed with how to see it."""

import argparse
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.files.kinds import KINDS, Kind
from tests.files.spoil import spoilt
from tests.files.told import outcome


def run(kind: Kind, each: int, first: int) -> Counter[str]:
    """How often a form was read or refused; raises what no reader may raise, with the smallest file that does."""
    counts: Counter[str] = Counter()

    @seed(first)
    @settings(max_examples=each, database=None, deadline=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate, Phase.shrink])  # fmt: skip
    @given(st.sampled_from(kind.samples).flatmap(spoilt))
    def spoil(data: bytes) -> None:
        counts[outcome(kind, data)] += 1

    spoil()
    return counts


def main() -> None:
    """Every form, or those named; exit code 1 where a reader fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("kinds", nargs="*")
    asked = parser.parse_args()
    failed = 0
    for kind in KINDS:
        if asked.kinds and kind.name not in asked.kinds:
            continue
        try:
            print(f"{kind.name}: {dict(sorted(run(kind, asked.each, asked.seed).items()))}", flush=True)
        except Exception as error:
            failed += 1
            notes = " ".join(getattr(error, "__notes__", []))
            print(f"{kind.name}: FAILED: {type(error).__name__}: {str(error)[:200]} {notes[:600]}", flush=True)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
