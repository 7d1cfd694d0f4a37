"""Money that waits: each line of a statement that no loan has, with the loans it may be for, and why each may be it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.find import find
from afterloan.enquiry.masking import last_four, mask_name
from afterloan.store.limits import owed_of
from afterloan.store.loans import loans_now
from afterloan.store.persons import called
from afterloan.store.statements import unmatched_lines

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/-]{1,119}")
MOST_LINES = 100
MOST_CANDIDATES = 4
MOST_FOUND = 10
MOST_DECIDED = 20
COLUMNS = (
    "select c.reference, b.reference, b.name, c.reference = any(%(words)s), b.reference = any(%(words)s), "
    "coalesce(b.words @> %(called)s::bigint[], false) from contract c join borrower b using (borrower) where "
)
LOANS = (
    f"{COLUMNS} (c.reference = any(%(words)s) or b.reference = any(%(words)s) "
    "or b.words @> %(called)s::bigint[]) "
    "and not exists (select from transition t where t.loan = c.loan and t.kind in (6, 10)) order by c.loan limit 40"
)
"""Loans named by a line, by their own number, their borrower's, or the payer's name; those that have ended left out."""
LOANS_OF = f"{COLUMNS} b.reference = any(%(borrowers)s) order by c.loan limit {MOST_FOUND}"
DECIDED = (
    "select l.line, l.booked_on, l.amount_fen, m.how, array_agg(c.reference order by m.match), m.by, m.note, "
    "m.matched_on from statement_standing m join statement_line l using (line) left join contract c on c.loan = m.loan "
    "where m.how <> 'debit' and m.how = any(%(by_hand)s) and m.matched_on <= %(on)s "
    "group by l.line, l.booked_on, l.amount_fen, m.how, m.by, m.note, m.matched_on "
    f"order by max(m.match) desc limit {MOST_DECIDED}"
)
BY_HAND = ("person", "split", "set aside")
"""How lines stand that a person decided."""
LAST = (
    "select statement, known_on, count(*), count(*) filter (where not exists "
    "(select from statement_standing m where m.line = l.line)) from statement_line l where known_on = "
    "(select max(known_on) from statement_line where known_on <= %s) and known_on <= %s "
    "group by statement, known_on order by max(line) desc limit 1"
)


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


@dataclass(frozen=True, slots=True)
class DecidedLine:
    """A line that a person decided: to which loans it was given (none: set aside), by whom, with which words."""

    line: str
    booked_on: date
    amount_fen: int
    how: str
    loans: tuple[str, ...]
    by: str
    note: str
    on: date


@dataclass(frozen=True, slots=True)
class LastStatement:
    """The statement that came last: its name, when it was taken in, how many lines it had and how many of them wait."""

    name: str
    on: date
    lines: int
    waiting: int


def last_statement(connection: psycopg.Connection[Any], on: date) -> LastStatement | None:
    """The statement taken in last up to a day; None where none ever was."""
    row = connection.execute(LAST, (on, on)).fetchone()
    return LastStatement(*row) if row else None


def decided_lines(connection: psycopg.Connection[Any], on: date) -> list[DecidedLine]:
    """Lines that people decided and that stand so, the newest first: what may be undone."""
    rows = connection.execute(DECIDED, {"on": on, "by_hand": list(BY_HAND)}).fetchall()
    return [
        DecidedLine(f"#{line}", booked, amount, how, tuple(loan for loan in loans if loan), by, note, decided)
        for line, booked, amount, how, loans, by, note, decided in rows
    ]


def loans_for(connection: psycopg.Connection[Any], line: str, words: str, on: date) -> list[LineCandidate]:
    """Loans that a person looks for by what is at hand (a name, a number, a phone's last digits), as candidates for a
    line that waits; empty where nobody is found or the line waits no more.
    """
    row = _row_of(connection, line)
    borrowers = [one["borrower"] for one in find(connection, words)] if row else []
    if row is None or not borrowers:
        return []
    told = {"words": _words(row), "called": called(connection, str(row["name"] or "")), "borrowers": borrowers}
    found = connection.execute(LOANS_OF, told).fetchall()
    return sorted((_candidate(connection, one, int(row["amount_fen"]), on) for one in found), key=_sureness)


def waiting_line(connection: psycopg.Connection[Any], line: str, on: date) -> WaitingLine | None:
    """One line that waits, `#12`, as `waiting_lines` tells it; None where none of that name waits."""
    row = _row_of(connection, line)
    return None if row is None else _line(connection, row, on)


def _row_of(connection: psycopg.Connection[Any], line: str) -> dict[str, Any] | None:
    return next((one for one in unmatched_lines(connection) if f"#{one['line']}" == line), None)


def _words(row: Mapping[str, Any]) -> list[str]:
    return WORD.findall(f"{row['end_to_end']} {row['text']} {row['mandate']}")


def waiting_lines(connection: psycopg.Connection[Any], on: date) -> list[WaitingLine]:
    """Lines that wait for a person, with at most four loans each that they may be for, the surest first.

    742.20 came with the words "repay L15587": L15587 by its number, owing 642.20: nothing left of it, 100.00 over.
    """
    return [_line(connection, row, on) for row in unmatched_lines(connection)[:MOST_LINES]]


def _line(connection: psycopg.Connection[Any], row: Mapping[str, Any], on: date) -> WaitingLine:
    words = _words(row)
    payer = str(row["name"] or "")
    told = {"words": words, "called": called(connection, payer)}
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
