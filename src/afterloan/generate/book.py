"""Generate a book: borrowers in chunks, each lived through compiled code, written as they come."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.compiled import records
from afterloan.dates import day, iso, months_later, year_month_day
from afterloan.expected import ExpectedFailure
from afterloan.generate.chance import BLOCK, keys_of_block
from afterloan.generate.chunk import Chunk
from afterloan.generate.flows import flow_tables
from afterloan.generate.habits import Offer, habits, offer
from afterloan.generate.known import known_tables
from afterloan.generate.lives import (
    BORROWER,
    EVENT,
    EVENTS,
    RECEIPT,
    RECEIPTS_BESIDES,
    count_loans,
    live_borrowers,
)
from afterloan.generate.write import Pages, tables_of
from afterloan.loan.terms import CONTRACT, FACT, LIFE, PROMISED
from afterloan.loan.waterfall import unfold
from afterloan.rules.products import builtin

MAX_LOANS = 100_000_000
MAX_MONTHS = 120
CHUNK = 16_384  # borrowers
AHEAD = 2  # chunks each worker may be ahead of the writer
PRODUCTS = ("jiebei-equal", "jiebei-interest-first")
PRODUCT_SHARES = np.array((82, 18), np.int64)
Progress = Callable[[int, int], None]
"""Called with loans written and loans in all."""


class BookRefused(ExpectedFailure, ValueError):
    """A book that cannot be generated as asked for."""


@dataclass(frozen=True, slots=True)
class BookWritten:
    """What was written: rows by file, and the seconds it took."""

    folder: Path
    first_day: int
    last_day: int
    borrowers: int
    loans: int
    repayments: int
    reversals: int
    told_twice: int
    told_late: int
    seconds: float

    def __str__(self) -> str:
        """For people: what lies where, how fast it came."""
        return (
            f"{self.loans:,} loans of {self.borrowers:,} borrowers, {iso(self.first_day)} to {iso(self.last_day)}: "
            f"{self.repayments:,} repayments ({self.reversals:,} taken back, {self.told_late:,} told late, "
            f"{self.told_twice:,} told twice) in {self.folder}; {self.seconds:,.1f} s, "
            f"{self.loans_per_second:,} loans a second\nnext: afterloan import {self.folder}"
        )

    @property
    def loans_per_second(self) -> int:
        """Loans a second, with everything written."""
        return int(self.loans / max(self.seconds, 1e-9))


@dataclass(frozen=True, slots=True)
class Share:
    """The borrowers of a book: `keys` uint64 [n], `loans` int8 [n], `first_loan` int64 [n], numbered from 1."""

    keys: npt.NDArray[np.uint64]
    loans: npt.NDArray[np.int8]
    first_loan: npt.NDArray[np.int64]


def borrowers_of(seed: int, loans: int) -> Share:
    """The borrowers who have `loans` loans between them; the last one may come short."""
    shares = habits()[0]["clients_with_loans"]
    keys: list[npt.NDArray[np.uint64]] = []
    counts: list[npt.NDArray[np.int8]] = []
    total = 0
    while total < loans:
        key = keys_of_block(seed, len(keys))
        count = np.zeros(BLOCK, np.int8)
        with np.errstate(over="ignore"):
            count_loans(key, shares, count)
        keys.append(key)
        counts.append(count)
        total += int(count.sum())
    count = np.concatenate(counts)
    ends = np.cumsum(count, dtype=np.int64)
    n = int(np.searchsorted(ends, loans)) + 1
    first_loan = ends[:n] - count[:n] + 1
    count[n - 1] -= ends[n - 1] - loans
    return Share(np.concatenate(keys)[:n], count[:n], first_loan)


def generated_products() -> npt.NDArray[np.void]:
    """The products that are lent, PRODUCT [2], ready for the reckoning."""
    terms = builtin()
    products = np.array([terms[code].record() for code in PRODUCTS])
    view = records(products)
    for k in range(len(products)):
        unfold(view[k])
    return products


def live_chunk(share: Share, low: int, high: int, first_day: int, last_day: int, offered: Offer) -> Chunk:
    """Borrowers `low … high-1` with all their loans and receipts. Pure: the same whatever the other chunks are."""
    borrowers = np.zeros(high - low, BORROWER)
    borrowers["loans"] = share.loans[low:high]
    borrowers["first_loan"] = share.first_loan[low:high]
    loans = int(borrowers["loans"].sum())
    contracts = np.zeros(loans, CONTRACT)
    receipts = np.zeros(loans * (2 * int(offered.terms.max()) + RECEIPTS_BESIDES), RECEIPT)
    with np.errstate(over="ignore"):
        count = live_borrowers(
            records(habits()),
            share.keys[low:high],
            (offered.principals_fen, offered.principal_shares, offered.terms, offered.term_shares),
            PRODUCT_SHARES,
            records(generated_products()),
            np.zeros((0, 0), np.bool_),
            records(np.zeros(0, PROMISED)),
            first_day,
            last_day,
            records(np.zeros(1, LIFE)),
            records(np.zeros(1, FACT)),
            records(np.zeros(EVENTS, EVENT)),
            records(borrowers),
            records(contracts),
            records(receipts),
        )
    return Chunk(low + 1, borrowers, contracts, receipts[:count])


def _chunks(
    share: Share, first_day: int, last_day: int, size: int, workers: int, with_flows: bool
) -> Iterator[tuple[Chunk, Any]]:
    """All chunks with their tables, in order of borrowers, a few lived ahead by threads."""
    offered = offer()
    lows = range(0, len(share.keys), size)

    def one(low: int) -> tuple[Chunk, Any]:
        chunk = live_chunk(share, low, min(low + size, len(share.keys)), first_day, last_day, offered)
        tables = tables_of(chunk, PRODUCTS) | known_tables(chunk, last_day)
        return chunk, tables | flow_tables(chunk, first_day, last_day) if with_flows else tables

    with ThreadPoolExecutor(workers) as pool:
        waiting = [pool.submit(one, low) for low in lows[: workers * AHEAD]]
        for k in range(len(lows)):
            yield waiting.pop(0).result()
            if k + workers * AHEAD < len(lows):
                waiting.append(pool.submit(one, lows[k + workers * AHEAD]))


def _refuse(loans: int, months: int, seed: int, format: str, out: Path) -> None:
    if not 1 <= loans <= MAX_LOANS:
        raise BookRefused(f"--loans {loans}: write a number from 1 to {MAX_LOANS:,}")
    if not 1 <= months <= MAX_MONTHS:
        raise BookRefused(f"--months {months}: write a number from 1 to {MAX_MONTHS}")
    if not 0 <= seed < 2**64:
        raise BookRefused(f"--seed {seed}: write a whole number from 0 to 18446744073709551615")
    if format not in ("parquet", "csv"):
        raise BookRefused(f"--format {format}: write parquet or csv")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BookRefused(f"--out {out}: is there already and not empty; name a new folder or empty this one")


def generate(
    loans: int,
    months: int,
    seed: int,
    out: Path,
    format: str = "parquet",
    progress: Progress | None = None,
    *,
    first_day: int | None = None,
    workers: int = 2,
    chunk: int = CHUNK,
    with_flows: bool = False,
) -> BookWritten:
    """Write a book of `loans` loans over `months` months to the new folder `out`, in the files that import takes.

    The first day is 2024-01-01 unless given. The same loans, months, seed and first day give the same rows
    whatever `workers` and `chunk` are. Raises BookRefused for what cannot be generated.
    `generate(1000, 12, 1, Path("book")).loans == 1000`.
    """
    _refuse(loans, months, seed, format, out)
    started = perf_counter()
    first = day("2024-01-01") if first_day is None else first_day
    last = int(months_later(first, months, int(year_month_day(first)[2]))) - 1
    share = borrowers_of(seed, loans)
    done = told_twice = told_late = reversals = repayments = 0
    with Pages(out, format) as pages:
        for lived, tables in _chunks(share, first, last, chunk, workers, with_flows):
            pages.add(tables)
            done += len(lived.contracts)
            repayments += len(lived.receipts)
            reversals += int((lived.receipts["bounced_on"] > 0).sum())
            told_twice += int(lived.receipts["twice"].sum())
            told_late += int((lived.receipts["known_on"] > lived.receipts["on"]).sum())
            if progress is not None:
                progress(done, loans)
    seconds = perf_counter() - started
    return BookWritten(out, first, last, len(share.keys), done, repayments, reversals, told_twice, told_late, seconds)
