"""What leaves asks again what is owed: the money in a message is that of the moment at which it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import psycopg

from afterloan.dates import number_of
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.rules.trifles import trifles_fen, without_trifles
from afterloan.sending.drain import Dropped, Item, SendRefused, message_of
from afterloan.store.loans import loans_now
from afterloan.store.locks import lock_borrowers
from afterloan.strategy.figures import figures_of, values_of
from afterloan.strategy.frame import loan_frame
from afterloan.strategy.places import place_of
from afterloan.strategy.plan import loans_of

ABOUT_MONEY = ("collection", "reminder")
"""Purposes of messages that depend on what is owed."""
OF_BORROWERS = "c.borrower = any(%(of)s)"
PAID = Dropped("paid")
NOT_RECKONED = SendRefused("what is owed cannot be reckoned: a person has to look at the loan first")


def ask_again(
    connection: psycopg.Connection[Any], items: Sequence[Item], defaults: Mapping[str, Any], now: datetime
) -> list[Item | Dropped | SendRefused]:
    """Each message with the money that is owed now, in the caller's transaction; borrowers stay locked until its end.

    Dropped as paid: nothing is due any more, or the instalment that a reminder names was paid or moved. 100.00 three
    days overdue of which 60.00 came in this morning leaves as 40.00. Messages of other purposes stay as they are, and
    so do those to a borrower of whom no loan is in the book: that debt is kept elsewhere.
    """
    numbers = sorted({i.borrower_number for i in items if message_of(i).purpose in ABOUT_MONEY})
    if not numbers:
        return list(items)
    lock_borrowers(connection, numbers)
    book = loans_now(connection, OF_BORROWERS, {"of": numbers})
    names = connection.execute(
        "select c.loan, c.borrower, c.reference from contract c where c.borrower = any(%s) order by c.loan", (numbers,)
    ).fetchall()
    owners = {borrower for _, borrower, _ in names}
    most = {i.borrower_number: trifles_fen(place_of(dict(i.attributes), dict(defaults)).jurisdiction) for i in items}
    standing: dict[date, _Owed] = {}
    answers: list[Item | Dropped | SendRefused] = []
    for item in items:
        if item.borrower_number not in owners or message_of(item).purpose not in ABOUT_MONEY:
            answers.append(item)
            continue
        zone = ZoneInfo(message_of(item).zone or place_of(dict(item.attributes), dict(defaults)).zones[0])
        on = now.astimezone(zone).date()
        if on not in standing:
            standing[on] = _Owed(book, names, most, on)
        answers.append(standing[on].of(item))
    return answers


class _Owed:
    """What borrowers owe on a day of theirs, with all that is told up to now."""

    def __init__(self, book: Book, names: list[tuple[int, int, str]], most: Mapping[int, int], on: date) -> None:
        day = number_of(on)
        positions = reckon_book(book, day, day + 1)  # the lender's day may be a day ahead of the borrower's
        owners = np.array([borrower for _, borrower, _ in names], np.int64)
        positions = without_trifles(positions, np.array([most[n] for n in owners.tolist()], np.int64))
        self.unreckoned = set(owners[positions["error"] != 0].tolist())
        product = book.contracts["product"].astype(np.int64)
        told = pl.DataFrame(
            {"loan": [n for n, _, _ in names], "reference": [r for _, _, r in names]},
            schema={"loan": pl.Int64, "reference": pl.String},
        )
        loans = loan_frame(positions, owners, book.products, product, day).join(told, on="loan", how="left")
        self.on, self.loans = day, loans_of(loans, sorted(set(owners.tolist())))

    def of(self, item: Item) -> Item | Dropped | SendRefused:
        """The message with today's money, or why it does not leave."""
        if item.borrower_number in self.unreckoned:
            return NOT_RECKONED
        loans = self.loans.get(item.borrower_number)
        if loans is None:
            return PAID
        body = message_of(item)
        purpose, values = body.purpose, body.values
        reminds = purpose == "reminder" if body.reminds is None else body.reminds
        owed = figures_of(loans, self.on)
        new = values_of(owed, reminds, purpose != "reminder")
        if not owed.owed_fen and not (reminds and new["due_on"] is not None):
            return PAID
        if reminds and values.get("due_on") is not None and new["due_on"] != values["due_on"]:
            return PAID  # the instalment it names was paid or moved
        fresh = {name: new[name] for name in values if name in new}
        return replace(item, body=body.model_copy(update={"values": {**values, **fresh}}))
