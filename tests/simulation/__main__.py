"""`python -m tests.simulation --seeds 200`: worlds one after another; a failing seed is the bug report."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from afterloan.store.embedded import stop
from afterloan.store.server import open_store
from tests.simulation.happenings import Happenings
from tests.simulation.run import Disagreement, Run
from tests.simulation.world import world_of


def main() -> int:
    """Exit code 1 when a seed failed."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seeds", type=int, default=20)
    words.add_argument("--first", type=int, default=1)
    words.add_argument("--loans", type=int, default=16)
    words.add_argument("--days", type=int, default=150)
    words.add_argument("--kills", type=int, default=2)
    given = words.parse_args()
    failed = []
    compared = messages = 0
    happened = Happenings()
    with tempfile.TemporaryDirectory(prefix="afterloan-simulation-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        os.environ.update(AFTERLOAN_HOME=home, AFTERLOAN_IDLE_MINUTES="0")
        os.environ.pop("AFTERLOAN_DATABASE_URL", None)
        server = open_store().as_owner()
        for seed in range(given.first, given.first + given.seeds):
            started = time.monotonic()
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f"create database seed{seed}")
                connection.execute(f"alter database seed{seed} set synchronous_commit = off")  # we kill clients only
            store = open_store(server.url.replace("/postgres?", f"/seed{seed}?"))
            run = Run(world_of(seed, given.loans, given.days), store, Path(home) / f"seed{seed}", given.kills)
            try:
                agreed = run.run()
                compared, messages = compared + agreed, messages + run.contacts.checked
                left = f"{run.contacts.checked:,} messages and {run.debits.seen:,} debits"
                told = f"{agreed:,} comparisons agree, {left} in order"
            except Disagreement as wrong:
                failed.append(seed)
                told = f"FAILED: {wrong}"
            happened.add(run.happened)
            print(f"seed {seed}: {told} ({time.monotonic() - started:.1f} s)", flush=True)
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f"drop database seed{seed} with (force)")
        stop(Path(home) / "pg")
    years = (given.seeds - len(failed)) * given.days / 365
    lived = f"{years:,.1f} book-years, {years * given.loans:,.0f} loan-years"
    print(f"{lived}: {compared:,} comparisons, {messages:,} messages")
    print(f"How often each kind of thing happened:\n{happened.table()}")
    print(f"failed seeds: {failed}" if failed else "no seed failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
