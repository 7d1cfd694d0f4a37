"""The lender's own account, to which borrowers transfer, and the currency of the book and of its borrowers."""

from dataclasses import dataclass
from typing import Any

import psycopg

from afterloan.store.settings import Setting, setting


@dataclass(frozen=True, slots=True)
class LenderAccount:
    """Name, account number and bank as the lender set them."""

    name: str
    account: str
    bank: str


def account_of_lender(connection: psycopg.Connection[Any]) -> LenderAccount | None:
    """The account that collects; None where the lender named none yet."""
    told = setting(connection, Setting.CREDITOR)
    if not told.get("account"):
        return None
    return LenderAccount(str(told.get("name", "")), str(told["account"]), str(told.get("bank", "")))


HOME = "CNY"
"""The currency of a borrower of whom none is told."""


def currency_of(connection: psycopg.Connection[Any], borrower: str = "", loan: str = "") -> str:
    """The currency in which a borrower (or whoever owes a loan) owes, by ISO 4217; the book's where none is told."""
    row = connection.execute(
        "select b.clear->>'currency' from borrower b where b.reference = %(b)s or b.borrower = "
        "(select c.borrower from contract c where c.reference = %(l)s) limit 1",
        {"b": borrower, "l": loan},
    ).fetchone()
    return str(row[0]) if row and row[0] else HOME
