"""Credit lines in the store: may a borrower draw, answered at once; changes by people, kept with who and why."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import number_of
from afterloan.facts import FactRefused
from afterloan.facts.events import KINDS, Event, event_of, read_event
from afterloan.facts.hold import HOLD_KINDS
from afterloan.facts.limit import LINE_KINDS, LineChanged
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import State
from afterloan.store.contacts import place_in
from afterloan.store.events import Told, borrower_number, tell
from afterloan.store.loans import ALL_OF_BORROWER, ask, loans_now
from afterloan.store.locks import lock_borrowers
from afterloan.strategy.frame import GONE
from afterloan.strategy.holds import held_on
from afterloan.strategy.restriction import CreditLine, DrawAnswer, line_of, may_draw

PRINCIPAL = 3
LOST = (int(State.CHARGED_OFF), int(State.WRITTEN_OFF), int(State.SOLD))
OWN = "(select borrower from borrower where reference = %(of)s)"
EVENTS = (
    f"select kind, on_day, known_on, reference, body from event where borrower = {OWN} and kind = any(%(kinds)s) "
    "and on_day <= %(on)s order by event"
)


def _events(rows: list[Any]) -> list[Event]:
    found: list[Event] = []
    for kind, on, known_on, reference, body in rows:
        if kind in LINE_KINDS:  # checked when they were told
            told = {"borrower": "-", "on": on, "known_on": known_on, "reference": reference, **body}
            found.append(KINDS[kind].model_construct(**told))
        else:
            found.append(event_of(kind, "-", "-", on, None, known_on, reference, body))
    return found


def is_late(connection: psycopg.Connection[Any], borrower: str, on: date) -> bool:
    """Whether something of a borrower is overdue beyond its grace on a day, by all that is told up to now."""
    day = number_of(on)
    positions = reckon_book(loans_now(connection, ALL_OF_BORROWER, {"of": borrower}), day, day)
    live = positions[(positions["error"] == 0) & ~np.isin(positions["state"], GONE)]
    return bool((live["grace_days_past_due"] > 0).any())


def can_draw(connection: psycopg.Connection[Any], borrower: str, amount_fen: int, on: date) -> DrawAnswer:
    """Whether a borrower may draw `amount_fen` on a day, with all reasons against it; under 5 ms.

    All loans are reckoned anew from what is told up to now: a repayment of a minute ago counts. Raises FactRefused
    for an unknown borrower or an amount that is none.
    """
    if amount_fen <= 0:
        raise FactRefused("amount_fen", amount_fen, "is no amount to draw", "give more than 0 minor units")
    told = {"of": borrower, "on": on, "kinds": [*LINE_KINDS, *HOLD_KINDS]}
    with connection.pipeline():
        happened = connection.execute(EVENTS, told)
        loans = ask(connection, ALL_OF_BORROWER, told)
        known = connection.execute("select clear from borrower where reference = %(of)s", told).fetchone()
        place = place_in(connection, known[0] if known else None)
    if known is None:
        raise FactRefused("borrower", borrower, "no borrower of that reference", "import the borrower first", "unknown")
    events = _events(happened.fetchall())
    held = [h.hold for h in held_on(events, on, place.jurisdiction) if "borrowing" in h.rule.parameters["stops"]]
    day = number_of(on)
    positions = reckon_book(loans.book(), day, day)
    lost = bool(np.isin(positions["state"], LOST).any())
    live = positions[(positions["error"] == 0) & ~np.isin(positions["state"], GONE)]
    late = live[live["grace_days_past_due"] > 0]  # what is paid within grace counts as on time
    answer = may_draw(
        line_of(events, on),
        amount_fen,
        int(live["outstanding_fen"][:, PRINCIPAL].sum()),
        int(late["arrears_fen"].sum()),
        int(late["days_past_due"].max()) if len(late) else 0,
        held,
        lost,
    )
    if (positions["error"] != 0).any():
        reasons = (*answer.reasons, "a loan cannot be reckoned: a person has to look at it")
        return DrawAnswer(False, reasons, answer.limit_fen, 0)
    return answer


def owed_now(
    connection: psycopg.Connection[Any], borrower: str, on: date, reckoned: Mapping[int, int] = MappingProxyType({})
) -> int:
    """What a borrower owes that is due by a day and unpaid, on all loans, as told up to now.

    `reckoned`: what is owed on loans that were reckoned for that day already; where that is something, or where the
    borrower has no other loan, nothing is read anew.
    """
    told = {"of": borrower, "but": list(reckoned)}
    if not reckoned:
        return owed_of(loans_now(connection, ALL_OF_BORROWER, told), number_of(on))
    loans = connection.execute(f"select c.loan from contract c where {ALL_OF_BORROWER}", told).fetchall()
    owed = sum(reckoned.get(loan, 0) for (loan,) in loans)
    if owed or all(loan in reckoned for (loan,) in loans):
        return owed
    return owed_of(loans_now(connection, f"{ALL_OF_BORROWER} and c.loan <> all(%(but)s)", told), number_of(on))


def owed_at(position: np.void) -> int:
    """What is due by the day of a position and unpaid."""
    return int(position["arrears_fen"].sum() + position["due_today_fen"].sum())


def owed_of(book: Book, day: int) -> int:
    """What is due by a day and unpaid on all loans of a book."""
    positions = reckon_book(book, day, day)
    return int(positions["arrears_fen"].sum() + positions["due_today_fen"].sum())


def line_now(connection: psycopg.Connection[Any], borrower: str, on: date) -> CreditLine:
    """A borrower's line on a day, out of its facts."""
    told = {"of": borrower, "on": on, "kinds": list(LINE_KINDS)}
    return line_of(_events(connection.execute(EVENTS, told).fetchall()), on)


def change_line(
    connection: psycopg.Connection[Any],
    kind: type[LineChanged],
    borrower: str,
    on: date,
    reference: str,
    by: str,
    reason: str,
    after_fen: int | None = None,
    rule: str = "person",
    bar: str | None = None,
) -> Told:
    """A person's change of a line, with what stood before and after, in the caller's transaction.

    `after_fen` None: the limit stays. Raises FactRefused. Two changes of one borrower at once wait for each other.
    """
    lock_borrowers(connection, [borrower_number(connection, borrower)[0]])
    before = line_now(connection, borrower, on).limit_fen
    told = {
        "borrower": borrower,
        "on": on,
        "known_on": on,
        "reference": reference,
        "by": by,
        "reason": reason,
        "rule": rule,
        "before_fen": before,
        "after_fen": before if after_fen is None else after_fen,
        **({"bar": bar} if bar else {}),
    }
    return tell(connection, read_event(kind, told))
