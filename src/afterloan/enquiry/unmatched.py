"""Money that waits: each line of a statement that no loan has, with the loans it may be for, and why each may be it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.masking import last_four, mask_name
from afterloan.store.limits import owed_of
from afterloan.store.loans import loans_now
from afterloan.store.statements import unmatched_lines

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/-]{1,119}")
MOST_LINES = 100
MOST_CANDIDATES = 4
LOANS = (
    "select c.reference, b.reference, b.name, c.reference = any(%(words)s), b.reference = any(%(words)s), "
    "%(name)s <> '' and b.name = %(name)s from contract c join borrower b using (borrower) "
    "where (c.reference = any(%(words)s) or b.reference = any(%(words)s) or (%(name)s <> '' and b.name = %(name)s)) "
    "and not exists (select from transition t where t.loan = c.loan and t.kind in (6, 10)) order by c.loan limit 40"
)
"""Loans named by a line, by their own number, their borrower's, or the payer's name; those that have ended left out."""


@dataclass(frozen=True, slots=True)
class LineCandidate:
    """A loan that a line may be for: `signs` say why; what it owes by the day, and what would be left of that."""

    loan: str
    borrower: str
    name: str
    signs: tuple[str, ...]
    due_fen: int
    left_fen: int
    over_fen: int


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A line that waits, the oldest first. `held`: why it was not even tried."""

    line: str
    booked_on: date
    amount_fen: int
    currency: str
    name: str
    account: str
    text: str
    held: str
    candidates: tuple[LineCandidate, ...]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self) | {"booked_on": self.booked_on.isoformat()}


def waiting_lines(connection: psycopg.Connection[Any], on: date) -> list[WaitingLine]:
    """Lines that wait for a person, with at most four loans each that they may be for, the surest first.

    742.20 came with the words "repay L15587": L15587 by its number, owing 642.20: nothing left of it, 100.00 over.
    """
    return [_line(connection, row, on) for row in unmatched_lines(connection)[:MOST_LINES]]


def _line(connection: psycopg.Connection[Any], row: Mapping[str, Any], on: date) -> WaitingLine:
    words = WORD.findall(f"{row['end_to_end']} {row['text']} {row['mandate']}")
    payer = str(row["name"] or "")
    told = {"words": words, "name": payer}
    found = connection.execute(LOANS, told).fetchall() if words or payer else []
    amount = int(row["amount_fen"])
    candidates = sorted((_candidate(connection, one, amount, on) for one in found), key=_sureness)
    return WaitingLine(
        f"#{row['line']}", row["booked_on"], amount, row["currency"], mask_name(payer),
        last_four(str(row["counter_account"] or "")), str(row["text"] or ""), str(row["held"] or ""),
        tuple(candidates[:MOST_CANDIDATES]),
    )  # fmt: skip


def _candidate(
    connection: psycopg.Connection[Any], one: tuple[str, str, str, bool, bool, bool], amount_fen: int, on: date
) -> LineCandidate:
    loan, borrower, name, by_loan, by_borrower, by_name = one
    due = owed_of(loans_now(connection, "c.reference = %(loan)s", {"loan": loan}), number_of(on))
    told = {"loan": by_loan, "borrower": by_borrower, "name": by_name, "amount": amount_fen > 0 and due == amount_fen}
    signs = tuple(sign for sign, there in told.items() if there)
    return LineCandidate(
        loan, borrower, mask_name(name), signs, due, max(due - amount_fen, 0), max(amount_fen - due, 0)
    )


def _sureness(one: LineCandidate) -> tuple[bool, bool, bool, str]:
    return ("loan" not in one.signs, "borrower" not in one.signs, "amount" not in one.signs, one.loan)
