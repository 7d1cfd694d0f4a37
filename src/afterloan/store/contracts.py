"""Writes new borrowers and contracts, one at a time; whole books come in through `intake`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.facts import FactRefused
from afterloan.loan.terms import Unit
from afterloan.rules.products import ProductTerms, builtin
from afterloan.store.persons import COLUMNS, VALUES, register_of


@dataclass(frozen=True, slots=True)
class NewContract:
    """A contract as it was signed. `rate` on RATE_SCALE for the product's unit of time; an instalment falls due every
    `every` `unit`s, the first on `first_due_on` or one interval after `signed_on`; `due_dom` 0: on the day of signing.
    """

    reference: str
    product: str
    principal_fen: int
    rate: int
    signed_on: date
    first_due_on: date | None
    unit: Unit
    every: int
    instalments: int
    due_dom: int


def add_borrower(
    connection: psycopg.Connection[Any], reference: str, name: str, attributes: Mapping[str, Any], known_on: date
) -> None:
    """Write a borrower who is new. Raises FactRefused (conflict) for a reference that stands for somebody."""
    done = connection.execute(
        f"insert into borrower (reference, known_on, {COLUMNS}) values (%(reference)s, %(known_on)s, {VALUES}) "
        "on conflict (reference) do nothing",
        {"reference": reference, "known_on": known_on, **asdict(register_of(connection).kept(name, attributes))},
    )
    if done.rowcount == 0:
        raise FactRefused(
            "borrower", reference, "stands already for a borrower", "give each borrower a reference of its own; "
            "details of one who is there are changed by `person.correct`", "conflict",
        )  # fmt: skip


def product_of(connection: psycopg.Connection[Any], code: str) -> tuple[int, ProductTerms]:
    """The number and terms of a product of the book; one that comes with afterloan is taken into the book on first use.

    Raises FactRefused (unknown).
    """
    if (found := _product(connection, code)) is not None:
        return found
    terms = builtin().get(code)
    if terms is None:
        known = sorted({*builtin(), *(r[0] for r in connection.execute("select code from product").fetchall())})
        raise FactRefused("product", code, "no such product", f"there are: {', '.join(known)}", "unknown")
    connection.execute(
        "insert into product (code, terms, known_on) values (%s, %s, current_date) on conflict (code) do nothing",
        (code, terms.model_dump_json()),
    )
    made = _product(connection, code)
    assert made is not None
    return made


def _product(connection: psycopg.Connection[Any], code: str) -> tuple[int, ProductTerms] | None:
    row = connection.execute("select number, terms from product where code = %s", (code,)).fetchone()
    return (int(row[0]), ProductTerms.model_validate(row[1])) if row else None


def add_contract(
    connection: psycopg.Connection[Any], borrower: str, product: int, told: NewContract, known_on: date
) -> int:
    """Write a contract of a borrower; its number. Raises FactRefused (conflict) for a reference that is taken."""
    row = connection.execute(
        "insert into contract (reference, borrower, shard, product, principal_fen, rate, signed_on, first_due_on, "
        "unit, every, instalments, due_dom, known_on) "
        "select %s, borrower, shard, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s from borrower where reference = %s "
        "on conflict (reference) do nothing returning loan",
        (
            told.reference, product, told.principal_fen, told.rate, told.signed_on, told.first_due_on,
            int(told.unit), told.every, told.instalments, told.due_dom, known_on, borrower,
        ),
    ).fetchone()  # fmt: skip
    if row is None:
        raise FactRefused(
            "loan", told.reference, "stands already for a contract", "give each contract a reference of its own",
            "conflict",
        )  # fmt: skip
    return int(row[0])
