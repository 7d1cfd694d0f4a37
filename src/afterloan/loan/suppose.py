"""What would be: a loan reckoned with facts that have not happened, through the same door as the real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.compiled import records
from afterloan.dates import NEVER
from afterloan.loan.book import Book, Records
from afterloan.loan.columns import F_KIND, F_ON, I_DUE, I_DUE_ON, I_PAID, I_WAIVED, as_rows
from afterloan.loan.reckon import Reckoned, finish_rows, reckon_loan, reckon_many
from afterloan.loan.terms import FACT, LIFE, POSITION, RATE_SCALE, Component, FactKind, Per

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


def _joined(first: Records, more: Sequence[Records]) -> Records:
    """Facts and further ones in order of day and kind; of equals, what came first stays first."""
    facts = np.empty(len(first) + sum(len(m) for m in more), FACT)
    at = len(first)
    facts[:at] = first
    for m in more:
        facts[at : at + len(m)] = m
        at += len(m)
    rows = as_rows(facts)
    keys = rows[:, F_ON] * 100 + rows[:, F_KIND]
    if (keys[1:] >= keys[:-1]).all():
        return facts
    return facts[np.argsort(keys, kind="stable")]


def suppose(book: Book, more: Sequence[Records], i: int = 0) -> Book:
    """Loan `i` of a book with further facts, in order, as a book of one. Nothing given is changed."""
    facts = _joined(book.facts[book.fact_at[i] : book.fact_at[i + 1]], more)
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


def ends_debt(position: np.void) -> int:
    """What the borrower pays to owe nothing: the payoff, and what is left of a claim that was written off.

    Written off 1,050.50, of which 100.00 came back: the books ask for nothing, the borrower owes 950.50.
    """
    return int(position["payoff_fen"]) + int(position["claim_fen"])


def due_now(position: np.void) -> int:
    """What has fallen due and is unpaid, less money that waits: arrears 953.97 and 12.00 kept unapplied: 941.97."""
    asked = sum(position["arrears_fen"].tolist()) + sum(position["due_today_fen"].tolist())
    return max(asked - int(position["unapplied_fen"]), 0)


def owed_by_row(rows: Records) -> npt.NDArray[np.int64]:
    """What each instalment [n] still asks for, `rows` as `reckon_loan` gives them."""
    owed = rows["due_fen"] - rows["paid_fen"] - rows["waived_fen"]
    return np.maximum(owed, 0).sum(axis=1)


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


@cache
def _factors(rate: int, per_days: int) -> npt.NDArray[np.int64]:
    """What 1 is worth after 0 … 4,000 days, in parts of 10^9, each day's share rounded down once."""
    whole = RATE_SCALE * per_days
    worth = [10**9]
    for _ in range(4_000):
        worth.append(worth[-1] * whole // (whole + rate))
    return np.array(worth, np.int64)


def daily_rate(book: Book, i: int = 0) -> tuple[int, int]:
    """The contract rate of a loan as (rate on RATE_SCALE, days it is for): 0.05 % a day is (5,000, 1)."""
    per = int(book.products["per"][book.contracts["product"][i]])
    return int(book.contracts["rate"][i]), {int(Per.DAY): 1, int(Per.MONTH): 30, int(Per.YEAR): 365}[per]


def present_value(days: Any, amounts: Any, on: int, rate: tuple[int, int]) -> int:
    """What money to come is worth on a day, discounted day by day at a rate (as `daily_rate` gives it), in minor units.

    1,000.00 in 30 days at 0.05 % a day: 1,000 / 1.0005^30 = 985.12. Each amount is rounded half up, then summed.
    """
    days = np.asarray(days, np.int64)
    amounts = np.asarray(amounts, np.int64)
    worth = _factors(*rate)[np.clip(days - on, 0, 4_000)]
    return int(((amounts * worth + 500_000_000) // 1_000_000_000).sum())  # 10^9 fen × 10^9 < 2^63


@dataclass(frozen=True, slots=True)
class Asks:
    """What a loan asks for from a day on: due now, days and amounts [n] after it, its position."""

    now_fen: int
    days: npt.NDArray[np.int64]
    amounts: npt.NDArray[np.int64]
    position: np.void


class Scratch:
    """Room for reckoning many futures of loans one after another; the answers are those of `reckon_loan`."""

    def __init__(self, book: Book) -> None:
        """`book`: where the products come from; all futures share them."""
        self.products = records(book.products.copy())
        self.positions = np.zeros(1, POSITION)
        self.lives = np.zeros(1, LIFE)
        self.rate = daily_rate(book)

    def asks(self, book: Book, on: int) -> Asks:
        """What loan 0 of a book asks for from `on` on, if all that is past due is paid that day."""
        self.positions.view(np.int64)[:] = 0
        positions, lives, contracts = records(self.positions), records(self.lives), records(book.contracts)
        reckon_many(
            self.products, contracts, records(book.promised), book.promised_at, records(book.facts), book.fact_at,
            book.calendars, on, NEVER - 1, 0, 1, positions, lives,
        )  # fmt: skip
        position = self.positions[0].copy()
        if position["error"]:
            none = np.zeros(0, np.int64)
            return Asks(0, none, none, position)
        finish_rows(self.products, contracts, 0, lives)
        rows = self.lives["rows"][0, : int(self.lives["count"][0])]
        owed = rows[:, I_DUE : I_DUE + 4] - rows[:, I_PAID : I_PAID + 4] - rows[:, I_WAIVED : I_WAIVED + 4]
        owed = np.maximum(owed, 0).sum(axis=1)
        mine = (rows[:, I_DUE_ON] > on) & (owed > 0)
        return Asks(due_now(position), rows[mine, I_DUE_ON], owed[mine], position)
