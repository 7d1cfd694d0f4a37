"""The holds of a borrower on a day, and what each stops."""

from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.furnished import borrower_told
from afterloan.store.contacts import defaults_of
from afterloan.store.events import events_of
from afterloan.store.held import HELD_KINDS, held_by
from afterloan.strategy.holds import Held
from afterloan.strategy.places import place_of


def holds_of(connection: psycopg.Connection[Any], borrower: str, on: date) -> list[Held]:
    """The holds in effect. Raises FactRefused (unknown) for a borrower who is not there."""
    number, attributes = borrower_told(connection, borrower)
    place = place_of(attributes, defaults_of(connection))
    events = events_of(connection, borrower, HELD_KINDS, on)
    return held_by(connection, {number: events}, on, {number: place.jurisdiction})[number]
