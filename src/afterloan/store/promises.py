"""A borrower's promises read out of the store and judged by the repayments that stand."""

from datetime import date
from typing import Any

import psycopg

from afterloan.facts.promise import PromiseMade
from afterloan.store.contacts import PROMISE_KINDS, defaults_of
from afterloan.store.events import borrower_number, events_of
from afterloan.store.limits import owed_now
from afterloan.store.repaid import repaid_by
from afterloan.strategy.places import place_of
from afterloan.strategy.promises import Judged, promises_on, taken


def promises_of(connection: psycopg.Connection[Any], borrower: str, on: date) -> list[Judged]:
    """Each promise with its outcome on a day, by due day. Raises FactRefused for an unknown borrower."""
    number, _ = borrower_number(connection, borrower)
    row = connection.execute("select clear from borrower where borrower = %s", (number,)).fetchone()
    place = place_of(row[0] if row else {}, defaults_of(connection))
    events = events_of(connection, borrower, PROMISE_KINDS, on, on)
    return promises_on(events, repaid_by(connection, {number: events}, on)[number], on, place.jurisdiction)


def promise_fits(connection: psycopg.Connection[Any], promise: PromiseMade) -> None:
    """Raises FactRefused for a promise that is worth too little or too far away, by the pack of the borrower's place.

    Whoever took it: an agent, an agency's file, the borrower. What is owed is what is told up to now.
    """
    number, _ = borrower_number(connection, promise.borrower)
    row = connection.execute("select clear from borrower where borrower = %s", (number,)).fetchone()
    place = place_of(row[0] if row else {}, defaults_of(connection))
    owed = owed_now(connection, promise.borrower, promise.on)
    refused = taken(promise.amount_fen, promise.due_on, promise.on, owed, place.jurisdiction)
    if refused is not None:
        raise refused
