"""What a borrower owes on a day, as a message tells it: due today or next, in arrears since when."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import psycopg

from afterloan.dates import number_of
from afterloan.facts import FactRefused
from afterloan.rules.trifles import trifles_fen
from afterloan.store.contacts import place_in
from afterloan.store.details import details_of
from afterloan.store.events import borrower_number
from afterloan.store.owed import loans_held, owed_on_day
from afterloan.strategy.figures import Figures, figures_of, values_of

ABOUT_MONEY = ("reminder", "collection")
"""Purposes of messages that tell what is owed, and are asked again before they leave."""


def figures_on(connection: psycopg.Connection[Any], borrower: str, on: date) -> Figures:
    """The figures of a borrower on a day, known up to now. Raises FactRefused: nobody can say what is owed."""
    number, _ = borrower_number(connection, borrower)
    place = place_in(connection, details_of(connection, borrower, on).attributes)
    owed = owed_on_day(loans_held(connection, [number]), {number: trifles_fen(place.jurisdiction)}, number_of(on))
    if number in owed.unreckoned:
        remedy = "look at the loan first: `afterloan explain` says what is wrong"
        raise FactRefused("borrower", borrower, "what is owed cannot be reckoned", remedy)
    return figures_of(owed.loans.get(number, []), owed.on)


def message_values(figures: Figures, purpose: str) -> Mapping[str, Any]:
    """The figures under the names of the templates, as a message for a purpose tells them; {} for one without money."""
    if purpose not in ABOUT_MONEY:
        return {}
    return values_of(figures, purpose == "reminder", purpose != "reminder")
