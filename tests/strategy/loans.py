"""One small loan in memory, with facts told in words."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from afterloan.dates import NEVER, day
from afterloan.loan.book import Book, Records
from afterloan.loan.suppose import told as fact
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, FactKind, Unit
from afterloan.rules.products import ProductTerms, builtin


def fen(text: str) -> int:
    whole, _, cents = str(text).partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


def told(kind: FactKind, on: str, known_on: str = "", **fields: Any) -> Records:
    for name in ("due_on", "from_on"):
        if isinstance(fields.get(name), str):
            fields[name] = day(fields[name])
    made = fact(kind, day(on), **fields)
    made["known_on"] = day(known_on or on)
    return made


def repaid(on: str, amount: str, known_on: str = "") -> Records:
    return told(FactKind.REPAID, on, known_on, amount_fen=fen(amount))


def loan(
    principal: str, rate_percent: str, signed_on: str, instalments: int, facts: Sequence[Records],
    product: str = "jiebei-equal", **changed: Any,
) -> Book:  # fmt: skip
    """A monthly loan paid out on the day it is signed. Without interest 1,200.00 in twelve is 100.00 each."""
    terms = ProductTerms.model_validate(builtin()[product].model_dump(mode="json") | changed)
    contract = np.zeros(1, CONTRACT)
    contract["loan"], contract["principal_fen"], contract["rate"] = 1, fen(principal), terms.rate(rate_percent)
    contract["signed_on"], contract["unit"], contract["every"] = day(signed_on), Unit.MONTHS, 1
    contract["instalments"] = instalments
    every = [told(FactKind.DISBURSED, signed_on, amount_fen=fen(principal)), *facts]
    joined = np.concatenate(every).astype(FACT)
    joined["fact"] = np.arange(1, len(joined) + 1)
    joined["gone_on"] = NEVER
    joined = joined[np.lexsort((joined["kind"], joined["on"]))]
    products = np.array([terms.record()], dtype=terms.record().dtype)
    at = np.array([0, len(joined)], np.int64)
    return Book(products, contract, np.zeros(0, PROMISED), np.zeros(2, np.int64), joined, at, np.zeros((0, 1), bool))
