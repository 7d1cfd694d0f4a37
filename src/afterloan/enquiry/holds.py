"""The holds of a borrower on a day, and what each stops."""

from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.furnished import borrower_told
from afterloan.facts.hold import HOLD_KINDS
from afterloan.store.contacts import defaults_of
from afterloan.store.events import events_of
from afterloan.strategy.holds import Held, held_on
from afterloan.strategy.places import place_of


def holds_of(connection: psycopg.Connection[Any], borrower: str, on: date) -> list[Held]:
    """The holds in effect. Raises FactRefused (unknown) for a borrower who is not there."""
    _, attributes = borrower_told(connection, borrower)
    place = place_of(attributes, defaults_of(connection))
    return list(held_on(events_of(connection, borrower, HOLD_KINDS, on), on, place.jurisdiction))
