"""How fast a day is decided, a draw answered and a ladder tried, on the embedded PostgreSQL."""

import os
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psycopg

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day, iso
from afterloan.facts.limit import LimitSet
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.rehearsal.trial import try_ladder
from afterloan.store.limits import can_draw, change_line
from afterloan.store.server import Store
from bench.book import _figure, _store

LOANS = int(os.environ.get("AFTERLOAN_BENCH_LOANS", "1000000"))
MONTHS = 12
ON = day("2024-12-31")


def bare_decision(store: Store, on: int) -> float:
    """Seconds to read all packed histories and to copy the day's outbox rows once more, by one bare connection."""
    with store.as_owner().connect() as connection:
        started = perf_counter()
        with connection.cursor() as cursor, cursor.copy("copy history (packed) to stdout (format binary)") as copy:
            for _ in copy:
                pass
        day_rows = f"copy (select * from outbox where decided_on = '{iso(on)}') to stdout"
        with connection.cursor() as cursor, cursor.copy(day_rows) as copy:
            text = b"".join(bytes(part) for part in copy)
        connection.execute("create table bare_outbox (like outbox)")
        with connection.cursor() as cursor, cursor.copy("copy bare_outbox from stdin") as copy:
            copy.write(text)
        connection.commit()
        return perf_counter() - started


def second_day(store: Store, folder: Path, loans: int, cores: int) -> float:
    """Seconds to decide the second of two days over so many loans: the first one's traces are in the store."""
    generate(loans, MONTHS, 1, folder / "book", workers=cores)
    bring_in(store, folder / "book")
    close_through(store, ON - 1, only=True, workers=cores)
    decide(store, ON, workers=cores)
    close_through(store, ON, only=True, workers=cores)
    second = decide(store, ON + 1, workers=cores)
    print(second, f"on {cores} cores")
    return second.seconds


def decide_day() -> list[dict[str, object]]:
    """Decide a day over a fifth of LOANS loans and over all of them (growth: 5 is in step); then draws and a trial."""
    cores = os.cpu_count() or 1
    with _store() as (store, folder):
        fifth = second_day(store, folder, LOANS // 5, cores)
    with _store() as (store, folder):
        whole = second_day(store, folder, LOANS, cores)
        floor = bare_decision(store, ON + 1)
        figures = [_figure(f"decide_day_{LOANS}", whole, "s", floor)]
        figures.append(_figure(f"decide_growth_{LOANS // 5}_to_{LOANS}", whole / fifth, "times", 5.0))
        figures += draws(store)
        figures += trial(store, cores)
    return figures


def trial(store: Store, cores: int) -> list[dict[str, object]]:
    """A month of all loans under five days of grace beside what stands; per million loan-months."""
    made = try_ladder(store, day("2024-12-01"), day("2024-12-31"), grace_days=5, workers=cores)
    with store.connect() as connection:
        row = connection.execute("select count(*) from contract where signed_on < '2024-12-31'").fetchone()
    assert row is not None
    months = row[0]
    return [_figure("try_million_loan_months", made.seconds * 1e6 / months, "s", made.stands.loan_days / 1e6)]


def draws(store: Store) -> list[dict[str, object]]:
    """The median of answers to `can_draw`, against one bare look-up of a borrower's contracts."""
    with psycopg.connect(store.url) as connection:
        rows: list[Any] = connection.execute(
            "select b.reference, b.borrower from borrower b order by b.borrower limit 500"
        ).fetchall()
        for k, (who, _) in enumerate(rows):
            change_line(connection, LimitSet, who, date(2024, 12, 1), f"bench-{k}", "bench", "granted", 2_000_000)
        connection.commit()
        can_draw(connection, rows[0][0], 10_000, date(2025, 1, 1))
        seconds: list[list[float]] = [[], []]
        for who, number in rows:
            started = perf_counter()
            can_draw(connection, who, 10_000, date(2025, 1, 1))
            seconds[0].append(perf_counter() - started)
            started = perf_counter()
            connection.execute("select * from contract where borrower = %s", (number,)).fetchall()
            seconds[1].append(perf_counter() - started)
    ours, bare = (float(np.median(s)) * 1e3 for s in seconds)
    return [_figure("can_draw", ours, "ms", bare)]


FIGURES = {"decide": decide_day}
