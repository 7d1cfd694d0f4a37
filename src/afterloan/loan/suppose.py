"""What would be: a loan reckoned with facts that have not happened, through the same door as the real ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.dates import NEVER
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.terms import FACT, Component, FactKind

PRINCIPAL = int(Component.PRINCIPAL)
INTEREST = int(Component.INTEREST)


def told(kind: FactKind, on: int, **fields: int) -> Records:
    """One FACT [1] that might be told: `told(FactKind.REPAID, 20_522, amount_fen=95_397)`."""
    fact = np.zeros(1, FACT)
    fact["kind"], fact["on"], fact["known_on"], fact["gone_on"] = kind, on, on, NEVER
    for name, value in fields.items():
        fact[name] = value
    return fact


def repaid(on: int, amount_fen: int) -> Records:
    """A repayment that might come."""
    return told(FactKind.REPAID, on, amount_fen=amount_fen)


def alone(book: Book, i: int, known_on: int = NEVER) -> Book:
    """Loan `i` as a book of its own, with the facts that stood as known on `known_on`."""
    facts = book.facts[book.fact_at[i] : book.fact_at[i + 1]]
    known = min(known_on, NEVER - 1)
    facts = facts[(facts["known_on"] <= known) & (facts["gone_on"] > known)].copy()
    facts["gone_on"] = NEVER
    promised = book.promised[book.promised_at[i] : book.promised_at[i + 1]]
    return Book(
        book.products,
        book.contracts[i : i + 1],
        promised,
        np.array([0, len(promised)], np.int64),
        facts,
        np.array([0, len(facts)], np.int64),
        book.calendars,
    )


def _in_order(facts: Records) -> Records:
    return facts[np.lexsort((facts["kind"], facts["on"]))]  # stable: what came first stays first


def suppose(book: Book, more: Sequence[Records], i: int = 0) -> Book:
    """Loan `i` of a book with further facts, in order, as a book of one. Nothing given is changed."""
    facts = _in_order(np.concatenate([book.facts[book.fact_at[i] : book.fact_at[i + 1]], *more]))
    promised = book.promised[book.promised_at[i] : book.promised_at[i + 1]]
    at = np.array([0, len(promised)], np.int64), np.array([0, len(facts)], np.int64)
    return Book(book.products, book.contracts[i : i + 1], promised, at[0], facts, at[1], book.calendars)


def side_by_side(books: Sequence[Book]) -> Book:
    """Books of one loan each, with the same products, as one book: alternatives reckoned together."""
    first = books[0]

    def joined(parts: list[Records]) -> tuple[Records, npt.NDArray[np.int64]]:
        return np.concatenate(parts), np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)

    promised, promised_at = joined([b.promised for b in books])
    facts, fact_at = joined([b.facts for b in books])
    contracts = np.concatenate([b.contracts for b in books])
    return Book(first.products, contracts, promised, promised_at, facts, fact_at, first.calendars)


def due_now(position: np.void) -> int:
    """What has fallen due and is unpaid, less money that waits: arrears 953.97 and 12.00 kept unapplied: 941.97."""
    asked = int(position["arrears_fen"].sum() + position["due_today_fen"].sum())
    return max(asked - int(position["unapplied_fen"]), 0)


def owed_by_row(rows: Records) -> npt.NDArray[np.int64]:
    """What each instalment [n] still asks for, `rows` as `reckon_loan` gives them."""
    owed = rows["due_fen"] - rows["paid_fen"] - rows["waived_fen"]
    return np.maximum(owed, 0).sum(axis=1)  # type: ignore[no-any-return]


def ahead(reckoned: Reckoned, on: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Due days and amounts of the instalments after `on`, if all that is past due is paid that day."""
    rows = reckoned.instalments
    owed = owed_by_row(rows)
    mine = (rows["due_on"] > on) & (owed > 0)
    return rows["due_on"][mine], owed[mine]


def keeping(book: Book, on: int, reckoned: Reckoned | None = None) -> list[Records]:
    """Repayments of every instalment after `on` on its due day."""
    days, amounts = ahead(reckoned or reckon_loan(book, 0, on), on)
    return [repaid(int(d), int(a)) for d, a in zip(days, amounts, strict=True)]


def present_value(days: Any, amounts: Any, on: int, ppm_year: int) -> int:
    """What money to come is worth on a day: each amount / (1 + rate × days / 365), rounded half up, summed.

    1,000.00 in 365 days at 10 % a year (100,000 ppm): 909.09.
    """
    days = np.asarray(days, np.int64)
    amounts = np.asarray(amounts, np.int64)
    if len(amounts) == 0:
        return 0
    bottom = 365_000 + (np.maximum(days - on, 0) * ppm_year) // 1_000  # 10^9 fen × 365,000 < 2^49
    return int(((2 * amounts * 365_000 + bottom) // (2 * bottom)).sum())
