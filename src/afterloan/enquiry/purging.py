"""Whether what tells of a borrower may be purged on a day: since when nothing is owed, until when it is kept, what
stands against it, what would go and what would stay. Nothing is changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.dates import NEVER, date_of, number_of
from afterloan.enquiry.disputes import disputes_on
from afterloan.enquiry.holds import holds_of
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import alone
from afterloan.store.complaints import complaints_on
from afterloan.store.contacts import defaults_of, place_in
from afterloan.store.details import details_of
from afterloan.store.events import borrower_number
from afterloan.store.loans import ALL_OF_BORROWER, loans_now
from afterloan.store.proposals import proposals
from afterloan.store.purging import long_quiet, purged_on, words_left
from afterloan.strategy.retention import KeptThrough, kept_through, shortest

LATER = "select max(known_on) from event where borrower = %s and (kind like 'complaint.%%' or kind like 'bureau.d%%' " \
        "or kind like 'legal.%%')"  # fmt: skip
"""The last day on which a complaint, a dispute or a step of law was heard of."""
WAITS = "select count(*) from waiting join outbox using (action) where borrower = %s"


@dataclass(frozen=True, slots=True)
class ToPurge:
    """A borrower looked at: `since` nothing is owed (None: something is), `kept` until when, `against` what stands
    against a purge in words; `words`: rows that are kept for ever, whose words a purge does not reach.
    """

    borrower: str
    since: date | None
    kept: KeptThrough | None
    against: tuple[str, ...]
    words: dict[str, int]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "borrower": self.borrower, "since": self.since.isoformat() if self.since else None,
            **(self.kept.told() if self.kept else {"kept_through": None, "rule": "", "rules": []}),
            "against": list(self.against), "words": self.words,
        }  # fmt: skip


def to_purge(connection: psycopg.Connection[Any], borrower: str, on: date) -> ToPurge:
    """Look at one borrower. Raises FactRefused (unknown)."""
    number, _ = borrower_number(connection, borrower)
    details = details_of(connection, borrower)
    place = place_in(connection, details.attributes)
    ends, against = _loans(connection, borrower, on)
    never = not ends and not against
    against += _open(connection, borrower, number, on)
    since = _since(connection, number, ends, never) if ends or never else None
    kept: KeptThrough | None = None
    if since is not None:
        lender = str(defaults_of(connection).get("lender_type", ""))
        kept = kept_through("never_borrowed" if never else "former_borrower", since, place.jurisdiction, lender, on)
        if on <= kept.day:
            against.insert(0, f"kept through {kept.day} by {kept.rule.id}")
    before = purged_on(connection, borrower)
    if before is not None and not details.name:
        against.insert(0, f"was purged on {before}")
    return ToPurge(borrower, since, kept, tuple(against), words_left(connection, number))


def _loans(connection: psycopg.Connection[Any], borrower: str, on: date) -> tuple[list[date], list[str]]:
    """When each loan was settled; and, of those that are not, or hold money of the borrower, what they are."""
    names = connection.execute(
        f"select c.reference from contract c where {ALL_OF_BORROWER} order by c.loan", {"of": borrower}
    ).fetchall()
    if not names:
        return [], []
    book, day = loans_now(connection, ALL_OF_BORROWER, {"of": borrower}), number_of(on)
    ends: list[date] = []
    against: list[str] = []
    for k, (loan,) in enumerate(names):
        position = reckon_loan(alone(book, k, day), 0, day).position
        if position["error"] or position["paid_off_on"] == NEVER:
            against.append(f"loan {loan} is not settled")
        elif position["unapplied_fen"]:
            against.append(f"money of loan {loan} waits to be given back")
        else:
            ends.append(date_of(int(position["paid_off_on"])))
    return ends, against


def _since(connection: psycopg.Connection[Any], number: int, ends: list[date], never: bool) -> date:
    later = connection.execute(LATER, (number,)).fetchone()
    known = connection.execute("select known_on from borrower where borrower = %s", (number,)).fetchone()
    assert later is not None and known is not None
    days: list[date] = [*ends, *([known[0]] if never else []), *([later[0]] if later[0] else [])]
    return max(days)


def _open(connection: psycopg.Connection[Any], borrower: str, number: int, on: date) -> list[str]:
    """What is not over yet: each as a sentence's end."""
    waits = connection.execute(WAITS, (number,)).fetchone()
    assert waits is not None
    found = [f"hold {held.hold} since {held.since}" for held in holds_of(connection, borrower, on)]
    found += [f"complaint {c.reference} is not answered" for c in complaints_on(connection, on, borrower, False)]
    found += [
        f"dispute {line.dispute.reference} is not over" for line in disputes_on(connection, on, borrower=borrower)
    ]
    found += [f"proposal {p.reference} waits for a second person" for p in proposals(connection, on, borrower)
              if p.state == "open" and p.verb != PURGE]  # fmt: skip
    return found + ([f"{waits[0]} messages or acts wait to leave"] if waits[0] else [])


PURGE = "person.purge"
"""The verb of a purge: its own proposal is nothing against it."""


def all_to_purge(connection: psycopg.Connection[Any], on: date, after: str = "", most: int = 200) -> Iterator[ToPurge]:
    """Borrowers of whom no money was told for as long as the shortest rule asks, by reference, each looked at."""
    days = min(shortest("former_borrower", on), shortest("never_borrowed", on))
    for borrower in long_quiet(connection, on, days, after, most):
        yield to_purge(connection, borrower, on)
