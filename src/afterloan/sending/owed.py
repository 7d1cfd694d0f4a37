"""What leaves asks again what is owed: the money in a message is that of the moment at which it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.owing import ABOUT_MONEY
from afterloan.rules.trifles import trifles_fen
from afterloan.sending.drain import Dropped, Item, SendRefused, message_of
from afterloan.store.locks import lock_borrowers
from afterloan.store.owed import OwedOnDay, loans_held, owed_on_day
from afterloan.strategy.figures import figures_of, values_of
from afterloan.strategy.places import place_of

PAID = Dropped("paid")
NOT_RECKONED = SendRefused("what is owed cannot be reckoned: a person has to look at the loan first")


def ask_again(
    connection: psycopg.Connection[Any], items: Sequence[Item], defaults: Mapping[str, Any], now: datetime
) -> list[Item | Dropped | SendRefused]:
    """Each message with the money that is owed now, in the caller's transaction; borrowers stay locked until its end.

    Dropped as paid: nothing is past due any more (nor ahead, of which it reminds), or the instalment that a reminder
    names was paid or moved. 100.00 three days overdue of which 60.00 came in this morning leaves as 40.00. Messages of
    other purposes stay as they are, and so do those to a borrower of whom no loan is in the book: that debt is kept
    elsewhere.
    """
    numbers = sorted({i.borrower_number for i in items if message_of(i).purpose in ABOUT_MONEY})
    if not numbers:
        return list(items)
    lock_borrowers(connection, numbers)
    held = loans_held(connection, numbers)
    owners = held.owners
    most = {i.borrower_number: trifles_fen(place_of(dict(i.attributes), dict(defaults)).jurisdiction) for i in items}
    standing: dict[date, OwedOnDay] = {}
    answers: list[Item | Dropped | SendRefused] = []
    for item in items:
        if item.borrower_number not in owners or message_of(item).purpose not in ABOUT_MONEY:
            answers.append(item)
            continue
        zone = ZoneInfo(message_of(item).zone or place_of(dict(item.attributes), dict(defaults)).zones[0])
        on = now.astimezone(zone).date()
        if on not in standing:
            standing[on] = owed_on_day(held, most, number_of(on))
        answers.append(_of(standing[on], item))
    return answers


def _of(owed: OwedOnDay, item: Item) -> Item | Dropped | SendRefused:
    """The message with the day's money, or why it does not leave."""
    if item.borrower_number in owed.unreckoned:
        return NOT_RECKONED
    loans = owed.loans.get(item.borrower_number)
    if loans is None:
        return PAID
    body = message_of(item)
    purpose, values = body.purpose, body.values
    reminds = purpose == "reminder" if body.reminds is None else body.reminds
    figures = figures_of(loans, owed.on)
    new = values_of(figures, reminds, purpose != "reminder")
    if not figures.arrears_fen and not (reminds and new["due_on"] is not None):
        return PAID  # what falls due today is reminded of, never pressed for
    if reminds and values.get("due_on") is not None and new["due_on"] != values["due_on"]:
        return PAID  # the instalment it names was paid or moved
    fresh = {name: new[name] for name in values if name in new}
    return replace(item, body=body.model_copy(update={"values": {**values, **fresh}}))
