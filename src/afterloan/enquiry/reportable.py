"""What a bureau is to be told of loans for a month, by what was heard of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import psycopg

from afterloan.bureau.disputes import Dispute, disputes_of
from afterloan.bureau.history import continued
from afterloan.bureau.reportable import reportable
from afterloan.bureau.words import KINDS, not_theirs, said
from afterloan.dates import number_of
from afterloan.facts.bureau import BureauRejected, FurnishedBefore
from afterloan.facts.events import Event, event_of
from afterloan.loan.book import Book
from afterloan.risk.classification import TIERS, cn_classes
from afterloan.store.events import COLUMNS as EVENT_COLUMNS
from afterloan.store.furnished import Furnishing


def reckoned(book: Book, month_end: date, of: Furnishing, heard: "Heard") -> pl.DataFrame:
    """What a bureau is to be told of a book's loans for a month, with the words of events."""
    happened = [h for h in heard.happened if h[2] <= month_end]
    words = said(happened, heard.disputes, of.bureau, month_end)
    tiers = _tiers(book, number_of(month_end), number_of(of.known_on)) if of.bureau != "metro2" else None
    rows = reportable(book, number_of(month_end), of.bureau, number_of(of.known_on), words, tiers)
    if of.bureau == "metro2":
        rows = continued(rows, month_end, {key: told.status for key, told in heard.before.items()})
    return rows.filter(~pl.col("loan").is_in(list(heard.not_theirs)))


def _tiers(book: Book, at: int, known_on: int) -> list[str]:
    """The class of five of each loan, as the books have it; "" for what was not lent or has ended."""
    return [TIERS[tier] if tier >= 0 else "" for tier in cn_classes(book, at, known_on).tolist()]


@dataclass(frozen=True, slots=True)
class Heard:
    """What events say about a shard's loans by a day: (loan, kind, on, body), disputes by loan, proven frauds."""

    happened: list[tuple[int, str, date, str]]
    disputes: list[tuple[int, Dispute]]
    not_theirs: set[int]
    rejected: set[tuple[int, date, int]]
    before: dict[tuple[int, date], FurnishedBefore]
    """What a former system told the bureau of a loan in a month."""


HEARD = (*KINDS, BureauRejected.KIND, FurnishedBefore.KIND)
"""The kinds of events that bear on what a bureau is told."""


def hear(connection: psycopg.Connection[Any], shard: int, bureau: str, known_on: date) -> Heard:
    """The events of a shard that bear on what a bureau is told, as known on a day."""
    rows = connection.execute(
        f"select c.loan, {EVENT_COLUMNS} where e.shard = %s and e.kind = any(%s) and e.known_on <= %s "
        "order by e.on_day, e.at nulls first, e.event",
        (shard, list(HEARD), known_on),
    ).fetchall()
    return heard_of([(row[0], event_of(*row[2:])) for row in rows], bureau)


def heard_of(told: Sequence[tuple[int | None, Event]], bureau: str) -> Heard:
    """What events of HEARD say to a bureau, each with the number of its loan, in order of their days."""
    events = [event for _, event in told]
    number: dict[str, Any] = {event.reference: loan for loan, event in told}
    disputes = [(number[name], dispute) for name, dispute in disputes_of(events).items()]
    before: dict[tuple[Any, date], FurnishedBefore] = {
        (loan, e.month_end): e for loan, e in told if isinstance(e, FurnishedBefore) and e.bureau == bureau
    }
    happened = [(loan, e.KIND, e.on, json.dumps(e.body())) for loan, e in told if loan]
    rejected = {(number[e.reference], e.month_end, e.turn) for e in events if isinstance(e, BureauRejected)}
    return Heard(happened, disputes, not_theirs(happened), rejected, before)
