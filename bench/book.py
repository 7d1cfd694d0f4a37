"""How fast a book comes in and a day closes, on the embedded PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psycopg

from afterloan.close import close_through
from afterloan.dates import day, iso
from afterloan.facts import Repaid
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.loan.terms import FactKind
from afterloan.servicing.booking import take
from afterloan.store.embedded import stop
from afterloan.store.server import Store, open_store
from bench.memory import Watch, database_server

LOANS = int(os.environ.get("AFTERLOAN_BENCH_LOANS", "1000000"))
MONTHS = 12
REPAID = int(FactKind.REPAID)
LAST = day("2024-12-31")


@contextmanager
def _store() -> Iterator[tuple[Store, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="afterloan-bench-"))
    folder.chmod(0o755)
    os.environ.update(AFTERLOAN_HOME=str(folder), AFTERLOAN_IDLE_MINUTES="0")
    try:
        yield open_store(), folder
    finally:
        stop(folder / "pg")
        shutil.rmtree(folder, ignore_errors=True)


def _figure(name: str, value: float, unit: str, baseline: float) -> dict[str, object]:
    return {"figure": name, "value": value, "unit": unit, "baseline": baseline, "ratio": value / baseline}


FACT_COLUMNS = "loan, shard, kind, on_day, known_on, amount_fen, component, due_on, reference"


def same_copy(store: Store, indexed: bool = True) -> float:
    """Rows a second of one COPY of the repayments, put into text before, into an empty table made like `fact`.

    It has the columns, defaults, checks, keys and indexes of `fact`; without `indexed` only its columns.
    """
    told = f"copy (select {FACT_COLUMNS} from fact where kind = {REPAID} order by fact) to stdout"
    like = "including all" if indexed else ""
    with store.as_owner().connect() as connection:
        with connection.cursor() as cursor, cursor.copy(told) as copy:
            text = b"".join(bytes(part) for part in copy)
        connection.execute("drop table if exists same_fact")
        connection.execute(f"create table same_fact (like fact {like})")
        if not indexed:
            connection.execute(f"alter table same_fact {', '.join(f'alter {c} drop not null' for c in FILLED)}")
        connection.commit()
        started = perf_counter()
        with connection.cursor() as cursor, cursor.copy(f"copy same_fact ({FACT_COLUMNS}) from stdin") as copy:
            copy.write(text)
        connection.commit()
        seconds = perf_counter() - started
        connection.execute("drop table same_fact")
        connection.commit()
        return text.count(b"\n") / seconds


FILLED = ("fact", "count", "every", "unit", "told")
"""Columns of `fact` that its defaults fill."""


def book_and_close() -> list[dict[str, object]]:
    """Import, the first close, and the close of one more day over LOANS loans."""
    figures = []
    with _store() as (store, folder):
        generate(LOANS, MONTHS, 1, folder / "book", workers=os.cpu_count() or 1)
        reports = {r.file.partition(".")[0]: r for r in bring_in(store, folder / "book")}
        repaid = reports["repayments"]
        pace = repaid.read / repaid.seconds
        figures.append(_figure("import_repayments", pace, "rows/s", same_copy(store)))
        figures.append(_figure("import_repayments_no_keys", pace, "rows/s", same_copy(store, indexed=False)))
        figures += closes(store, database_server(folder / "pg"))
    return figures


def closes(store: Store, server: int) -> list[dict[str, object]]:
    """The first close and that of the day after it, and the most memory that they took.

    `close_memory`: this process and its workers; `close_memory_server`: the database's processes, shared buffers
    included. Baseline of both: 2 GB.
    """
    cores = os.cpu_count() or 1
    started = perf_counter()
    with Watch(server) as first_watch:
        close_through(store, LAST, only=True, workers=cores)
    first = perf_counter() - started
    with Watch(server) as watch:
        more = close_through(store, LAST + 1, only=True, workers=cores)
    floor = bare_day(store)
    return [
        _figure("close_first_day", first, "s", floor),
        _figure("close_first_day_memory", first_watch.ours_mb, "MB", 2048),
        _figure(f"close_day_{LOANS}", more.seconds, "s", floor),
        _figure("close_day_memory", watch.ours_mb, "MB", 2048),
        _figure("close_day_memory_server", max(first_watch.server_mb, watch.server_mb), "MB", 2048),
    ]


def bare_day(store: Store) -> float:
    """Seconds to read all packed histories and copy the day's rows once more, by one bare connection each."""
    with store.as_owner().connect() as connection:
        started = perf_counter()
        with connection.cursor() as cursor, cursor.copy("copy history (packed) to stdout (format binary)") as copy:
            for _ in copy:
                pass
        with (
            connection.cursor() as cursor,
            cursor.copy(f"copy (select * from entry where closed_on = '{iso(LAST + 1)}') to stdout") as copy,
        ):
            text = b"".join(bytes(part) for part in copy)
        connection.execute("create table bare_entry (like entry)")
        with connection.cursor() as cursor, cursor.copy("copy bare_entry from stdin") as copy:
            copy.write(text)
        connection.commit()
        return perf_counter() - started


def durable_repayment() -> list[dict[str, object]]:
    """One repayment through the library (fact, reckoning, entries, one durable transaction) against the same rows
    written by a bare SQL script."""
    with _store() as (store, folder):
        generate(2_000, 6, 1, folder / "book")
        bring_in(store, folder / "book")
        close_through(store, day("2024-06-30"), only=True)
        on = day("2024-07-01")
        with psycopg.connect(store.url) as connection:
            found = connection.execute(
                "select loan, shard, product, reference from contract "
                "where signed_on < '2024-06-01' order by loan limit 300"
            ).fetchall()
            take(connection, Repaid(found[0][3], "warm", on, on, 100))
            seconds: list[list[float]] = [[], []]
            for k, (_, _, _, reference) in enumerate(found):
                started = perf_counter()
                taken = take(connection, Repaid(reference, f"library-{k}", on, on, 100))
                connection.commit()
                seconds[1].append(perf_counter() - started)
            for k, (loan, shard, product, _) in enumerate(found):
                started = perf_counter()
                bare_repayment(connection, (loan, shard, product), iso(on), f"bare-{k}", max(taken.entries, 1))
                seconds[0].append(perf_counter() - started)
            base, ours = (float(np.median(s)) * 1e3 for s in seconds)
    return [_figure("durable_repayment", ours, "ms", base)]


def bare_repayment(
    connection: psycopg.Connection[Any], of: tuple[int, int, int], on: str, reference: str, entries: int
) -> None:
    """The rows of one repayment, with nothing looked up, checked or reckoned."""
    loan, shard, product = of
    connection.execute(
        "insert into fact (loan, shard, kind, on_day, known_on, amount_fen, reference) "
        "values (%s, %s, 50, %s, %s, 100, %s)",
        (loan, shard, on, on, reference),
    )
    for _ in range(entries):
        connection.execute(
            "insert into entry (closed_on, shard, loan, product, cause, component, debit, credit, amount_fen) "
            "values (%s, %s, %s, %s, 5, 3, 2110, 1110, 100)",
            (on, shard, loan, product),
        )
    connection.commit()


FIGURES = {"book_and_close": book_and_close, "durable_repayment": durable_repayment}
