"""How Spark's local mode grows from one task at a time to two: `make spark`, or `python -m bench.spark LOANS DAYS`.

A book is generated and closed on one day; its snapshot is closed for some days more, by `local[1]` and by `local[2]`,
each in a process of its own. The first run of a process is not counted: workers start and read compiled code in it.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3


def one(master: str, snapshot: str, days: int) -> None:
    from afterloan.cluster.jobs import spark_close
    from afterloan.cluster.session import spark_session
    from afterloan.cluster.taken import told_in

    through = told_in(Path(snapshot)).as_of + days
    with spark_session("bench", master) as session, tempfile.TemporaryDirectory() as out:
        found = [spark_close(session, snapshot, f"{out}/{run}", through) for run in range(RUNS + 1)]
    print(min(done.seconds for done in found[1:]))


def embedded(store: object, through: int, workers: int) -> float:
    from afterloan.close import close_through

    started = time.monotonic()
    assert not close_through(store, through, workers=workers).failed  # type: ignore[arg-type]
    return time.monotonic() - started


def main(loans: int, days: int) -> None:
    import os

    from afterloan.close import close_through
    from afterloan.cluster.session import missing
    from afterloan.dates import date_of, day
    from afterloan.enquiry.snapshot import take_snapshot
    from afterloan.generate import generate
    from afterloan.intake.book import bring_in
    from afterloan.store.embedded import stop
    from afterloan.store.server import open_store

    if missing():
        raise SystemExit(missing())
    with tempfile.TemporaryDirectory(prefix="afterloan-spark-") as folder:
        os.environ["AFTERLOAN_HOME"] = f"{folder}/home"
        os.environ.pop("AFTERLOAN_DATABASE_URL", None)
        store, on = open_store(), day("2025-10-30")
        try:
            generate(loans, 24, 3, Path(folder) / "book")
            bring_in(store, Path(folder) / "book")
            assert not close_through(store, on, only=True, workers=2).failed
            started = time.monotonic()
            taken = take_snapshot(store, Path(folder) / "snapshot", known_on=date_of(on + days))
            print(f"snapshot: {time.monotonic() - started:.1f} s; {taken}")
            here = embedded(store, on + days, 2)
        finally:
            store.close()
            stop(Path(folder) / "home" / "pg")
        told = {}
        for master in ("local[1]", "local[2]"):
            words = [sys.executable, "-m", "bench.spark", "--one", master, f"{folder}/snapshot", str(days)]
            done = subprocess.run(words, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(done.stderr[-4_000:])
            told[master] = float(done.stdout.split()[-1])
        print(f"embedded, two workers, with writing into PostgreSQL and proof: {here:.1f} s")
        print(f"{loans:,} loans, {days} days: local[1] {told['local[1]']:.1f} s, local[2] {told['local[2]']:.1f} s,")
        print(f"scaling {told['local[1]'] / told['local[2]']:.2f} (wished: 1.7)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        asked = [int(word) for word in sys.argv[1:]]
        main(*(asked + [100_000, 31][len(asked) :]))
