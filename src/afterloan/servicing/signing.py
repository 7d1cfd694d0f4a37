"""Verbs that begin a relation: a borrower is taken in, a contract is signed."""

from datetime import date
from typing import Annotated, Any, Literal

import numpy as np
import psycopg
from pydantic import Field

from afterloan.dates import number_of
from afterloan.facts import FactRefused
from afterloan.loan.bounds import why_out_of_bounds
from afterloan.loan.terms import CONTRACT, MAX_INSTALMENTS, MAX_PRINCIPAL_FEN, Method, Unit
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.contracts import NewContract, add_borrower, add_contract, product_of
from afterloan.strategy.attributes import check_attributes

Reference = Annotated[str, Field(pattern=r"^\S(.{0,198}\S)?$")]
Percent = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,5})?$", examples=["0.05"])]
"""A rate in percent as decimal text: "0.05"."""


class TakeIn(Asked):
    """A borrower who is new: the lender's own reference, a name, and attributes as `person.correct` changes them."""

    borrower: Reference
    name: str = Field(min_length=1, max_length=200)
    attributes: dict[str, Any] = Field(default_factory=dict)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Nobody: the borrower is not there yet."""
        return []


def take_in(desk: Desk, asked: TakeIn, on: date) -> dict[str, Any]:
    """Take a borrower in, known from the act's day on; attributes are checked as everywhere."""
    check_attributes(asked.attributes)
    add_borrower(desk.connection, asked.borrower, asked.name, asked.attributes, on)
    return {"borrower": asked.borrower}


class SignContract(Asked):
    """A contract that a borrower signed, under the lender's own reference `loan`. Nothing is paid out by it.

    `rate_percent`: of the product's unit of time (a day, a month, a year) as decimal text; `signed_on`: the act's day
    unless given; instalments fall due every `every` `unit`s, the first on `first_due_on` or one interval after signing;
    `due_dom`: the day of the month, that of signing unless given.
    """

    borrower: str
    loan: Reference
    product: str = Field(min_length=1, max_length=100)
    principal_fen: int = Field(gt=0, le=MAX_PRINCIPAL_FEN)
    rate_percent: Percent
    instalments: int = Field(ge=1, le=MAX_INSTALMENTS)
    signed_on: date | None = None
    first_due_on: date | None = None
    unit: Literal["days", "weeks", "months", "years"] = "months"
    every: int = Field(default=1, ge=1, le=366)
    due_dom: int = Field(default=0, ge=0, le=31)


def sign_contract(desk: Desk, asked: SignContract, on: date) -> dict[str, Any]:
    """Write the contract, known from the act's day on.

    12,000.00 at 0.05 % a day over 12 months: `principal_fen` 1200000, `rate_percent` "0.05". Raises FactRefused: a day
    to come, a first due day not after signing, terms that cannot be reckoned in whole numbers, a schedule of its own.
    """
    signed_on = asked.signed_on or on
    if signed_on > on:
        raise FactRefused("signed_on", signed_on, f"is after {on}", "sign it on the day on which it was signed")
    if asked.first_due_on is not None and asked.first_due_on <= signed_on:
        raise FactRefused("first_due_on", asked.first_due_on, f"is not after {signed_on}", "name a later day")
    number, terms = product_of(desk.connection, asked.product)
    if terms.method == Method.IMPORTED:
        raise FactRefused(
            "product", asked.product, "its schedules are told row by row", "bring it in with `afterloan import`"
        )
    told = NewContract(
        asked.loan, asked.product, asked.principal_fen, terms.rate(asked.rate_percent), signed_on,
        asked.first_due_on, Unit[asked.unit.upper()], asked.every, asked.instalments, asked.due_dom,
    )  # fmt: skip
    why = why_out_of_bounds(terms.record(), _as_reckoned(told))
    if why:
        raise FactRefused("principal_fen", asked.principal_fen, why, "split the contract, or correct its terms")
    add_contract(desk.connection, asked.borrower, number, told, on)
    return {"loan": asked.loan, "borrower": asked.borrower, "product": asked.product}


def _as_reckoned(told: NewContract) -> np.void:
    contract: np.void = np.zeros(1, CONTRACT)[0]
    for name in ("principal_fen", "rate", "unit", "every", "instalments", "due_dom"):
        contract[name] = getattr(told, name)
    contract["signed_on"] = number_of(told.signed_on)
    contract["first_due_on"] = number_of(told.first_due_on) if told.first_due_on else 0
    return contract
