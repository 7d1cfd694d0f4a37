"""`python -m tests.cases [--causes] [FILE …]`: independent cases against the engine, as a table by source and level.

`--causes` adds the failing loan lives by cause, as docs/cases.md holds them.
Without files: all of ../shared/cases that is there. Last line: `passed N of M`; exit code 1 when a named file
cannot be read.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.cases import causes, loans
from tests.cases.result import CaseResult

SHARED = Path(os.environ.get("AFTERLOAN_SHARED", Path(__file__).parents[3] / "shared"))


def run(path: Path) -> list[CaseResult]:
    """The cases of one file, by its form. Raises ValueError for a form that is not known."""
    if path.suffix == ".jsonl":
        return loans.run(path)
    told = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(told, dict) and "daycount" in told:
        from tests.cases import rates

        return rates.run(told)
    if isinstance(told, dict) and all("results" in case for case in told.values()):
        from tests.cases import actus

        return actus.run(told, path.stem)
    raise ValueError(f"{path.name}: no cases of a known form (loan lives as .jsonl, ACTUS, apr.json)")


def found() -> list[Path]:
    """The case files that lie beside the project."""
    folder = SHARED / "cases"
    return [*sorted(folder.glob("*.jsonl")), *sorted(folder.glob("actus/*.json")), *sorted(folder.glob("apr.json"))]


def show(results: Iterable[CaseResult]) -> tuple[int, int]:
    """Print the table, the failing ids with their first difference, and the closing line."""
    groups: dict[tuple[str, str], list[CaseResult]] = defaultdict(list)
    for result in results:
        groups[result.source, result.level].append(result)
    for (source, level), group in sorted(groups.items()):
        print(f"{source:12} {level} {sum(r.passed for r in group)} of {len(group)}")
    everything = [r for group in groups.values() for r in group]
    for r in everything:
        if not r.passed:
            print(f"differs {r.id}: {r.why[:200]}")
    passed = sum(r.passed for r in everything)
    print(f"passed {passed} of {len(everything)}")
    return passed, len(everything)


def main(arguments: list[str]) -> int:
    """Run the files named, or all that lie beside the project."""
    paths = [Path(a) for a in arguments if a != "--causes"] or found()
    if not paths:
        print(f"no case files: {SHARED / 'cases'} is not there; name a file", file=sys.stderr)
        return 0
    results: list[CaseResult] = []
    for path in paths:
        try:
            results += run(path)
        except (OSError, ValueError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
    show(results)
    if "--causes" in arguments:
        print("\n".join(causes.table(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
