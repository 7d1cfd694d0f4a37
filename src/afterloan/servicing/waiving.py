"""Giving up a part of what is owed: no more than is owed, so that nothing is promised that does nothing."""

from datetime import date
from typing import Any, Literal

import psycopg
from pydantic import Field

from afterloan.dates import number_of
from afterloan.facts import FactRefused, Waived
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import Component
from afterloan.money import show_amount
from afterloan.servicing.asked import Asked
from afterloan.servicing.booking import book_of
from afterloan.servicing.desk import Desk
from afterloan.servicing.telling import took


class Waive(Asked):
    """Give up `amount_fen` of the `component` owed on `loan`, from `happened_on` (else today); `reason` says why."""

    loan: str
    amount_fen: int = Field(gt=0)
    component: Literal["penalty", "fee", "interest", "principal"]
    reason: str = Field(min_length=1, max_length=2_000)
    happened_on: date | None = None


def waive(desk: Desk, asked: Waive, on: date) -> dict[str, Any]:
    """Record the waiver; one beyond what is owed is refused, with what could be waived.

    20.00 of penalty where 12.35 is owed: refused, `12.35 of penalty is owed that can be given up`.
    """
    part, known = Component[asked.component.upper()], number_of(on)
    before = _waived(desk.connection, asked.loan, part, known)
    happened = number_of(asked.happened_on or on)
    told = took(desk, Waived(asked.loan, desk.reference, happened, known, asked.amount_fen, part))
    given = _waived(desk.connection, asked.loan, part, known) - before
    if given < asked.amount_fen:
        raise FactRefused(
            "amount_fen",
            asked.amount_fen,
            f"{show_amount(given)} of {asked.component} is owed that can be given up",
            "waive that much, or wait until more is charged" if given else "nothing is to be waived",
        )
    return told


def _waived(connection: psycopg.Connection[Any], loan: str, part: Component, on: int) -> int:
    """What was given up of a component by a day, as this transaction sees the loan (minor units)."""
    position = reckon_loan(book_of(connection, loan), 0, on, on).position
    return int(position["waived_fen"][int(part)])
