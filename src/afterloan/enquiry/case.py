"""One borrower's case as a person works on it: what is owed, what happened, what may be done, in one question."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.contactability import Contactability, Reach, contactability
from afterloan.enquiry.debits import mandates_on
from afterloan.enquiry.furnished import borrower_told, bureau_of, told_months
from afterloan.enquiry.masking import PHONES, last_four, mask_name, mask_numbers, mask_phone
from afterloan.enquiry.positions import date_or_none, state_of
from afterloan.enquiry.story import records
from afterloan.facts.contact import VOICE, ContactAttempted, ContactEnded
from afterloan.facts.debit import DebitFailed, DebitReturned
from afterloan.facts.events import Event
from afterloan.facts.hold import HOLD_KINDS
from afterloan.facts.relief import HardshipApplied, HardshipDecided
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import Component
from afterloan.store.cases import hands_of
from afterloan.store.contacts import place_in
from afterloan.store.debits import pay_day_of
from afterloan.store.details import details_of
from afterloan.store.events import events_of
from afterloan.store.limits import line_now
from afterloan.store.loans import ALL_OF_BORROWER, loans_now
from afterloan.store.promises import promises_of
from afterloan.store.worklist import queued
from afterloan.strategy.affordability import affordable
from afterloan.strategy.holds import Held, held_on, stopped
from afterloan.strategy.next_acts import ContactNow, NextActs, Situation, next_acts
from afterloan.strategy.promises import BROKEN, KEPT, PENDING, Judged
from afterloan.strategy.restriction import CreditLine
from afterloan.strategy.story import StoryLine

PARTS = {"principal": Component.PRINCIPAL, "interest": Component.INTEREST, "penalty": Component.PENALTY,
         "fees": Component.FEE}  # fmt: skip
SITUATION_KINDS = (
    ContactAttempted.KIND, ContactEnded.KIND, DebitFailed.KIND, DebitReturned.KIND, HardshipApplied.KIND,
    HardshipDecided.KIND, *HOLD_KINDS,
)  # fmt: skip
RECENT = timedelta(days=30)
MONTHS = 6
"""Months of the bureau that are shown of each loan."""


@dataclass(frozen=True, slots=True)
class CaseLoan:
    """A loan as it stands on the day. `due_fen`: due by the day and unpaid, `parts` of it by component.

    `grace_left`: days in which payment still counts as on time; `next_on` None: nothing more falls due.
    """

    loan: str
    product: str
    state: str
    days_past_due: int
    bucket: int
    due_fen: int
    parts: Mapping[str, int]
    payoff_fen: int
    next_on: date | None
    next_fen: int
    grace_left: int
    worst_days_past_due: int


@dataclass(frozen=True, slots=True)
class OwedTold:
    """All loans together: what is due by the day, `parts` by component, what ends everything, the worst of them."""

    due_fen: int
    parts: Mapping[str, int]
    payoff_fen: int
    days_past_due: int
    bucket: int
    grace_left: int


@dataclass(frozen=True, slots=True)
class BureauMonth:
    """What a bureau was told of a loan and a month."""

    loan: str
    month: str
    status: str
    overdue_fen: int
    record: str


@dataclass(frozen=True, slots=True)
class CaseTold:
    """A borrower's case on a day as known on another. `seen`: the newest event and fact: how a stale page is known.

    `owners`: in whose hands, by queue, "" for nobody's. `account`: last four of the account under mandate.
    """

    borrower: str
    name: str
    phone: str
    account: str
    on: date
    known_on: date
    seen: str
    owed: OwedTold
    loans: tuple[CaseLoan, ...]
    line: CreditLine
    bureau: str
    months: tuple[BureauMonth, ...]
    holds: tuple[Held, ...]
    promises: tuple[Judged, ...]
    mandates: tuple[Mapping[str, Any], ...]
    owners: Mapping[str, str]
    agency: str
    contact: Contactability
    next: NextActs
    timeline: tuple[StoryLine, ...]
    pay_day: int | None

    def told(self) -> dict[str, Any]:
        """JSON values."""
        plain = asdict(replace(self, holds=(), promises=()))
        holds = [{"hold": h.hold, "since": str(h.since), "until": str(h.until or ""), "rule": h.rule.id,
                  "reference": h.reference} for h in self.holds]  # fmt: skip
        promises = [{"reference": p.promise.reference, "amount_fen": p.promise.amount_fen, "paid_fen": p.paid_fen,
                     "due_on": str(p.promise.due_on), "outcome": p.outcome} for p in self.promises]  # fmt: skip
        more = {"holds": holds, "promises": promises, "contact": self.contact.told(), "next": self.next.told()}
        return {**plain, **more, "on": self.on.isoformat(), "known_on": self.known_on.isoformat()}


def case_told(
    connection: psycopg.Connection[Any],
    borrower: str,
    on: date,
    known_on: date,
    now: datetime,
    may: Mapping[str, bool],
    language: str = "zh",
) -> CaseTold:
    """The case. `now`: the moment of the question to the governor; `may`: verbs that who looks may do.

    Raises FactRefused (unknown). 1,190.00 principal and 71.00 interest due on the 8th with 23.50 of penalty: due
    1,284.50.
    """
    number, _ = borrower_told(connection, borrower)
    details = details_of(connection, borrower, on, known_on)
    place = place_in(connection, details.attributes)
    loans = _loans(connection, borrower, on, known_on)
    events = events_of(connection, borrower, SITUATION_KINDS, on, known_on)
    holds = tuple(held_on(events, on, place.jurisdiction))
    promises = tuple(promises_of(connection, borrower, min(on, known_on)))
    reach = contactability(connection, borrower, now)
    owed, pay_day = _owed(loans), pay_day_of(details.attributes)
    situation = _situation(on, owed, loans, events, holds, promises, reach, pay_day)
    mandates = tuple(
        m.told() for m in reversed(mandates_on(connection, min(on, known_on), borrower)) if m.revoked_on is None
    )
    hands = hands_of(connection, [number], on).get(number, ({}, "", []))
    stands = {one.queue: "" for one in queued(connection, [number], min(on, known_on))} if owed.due_fen else {}
    whose = {**stands, **{queue: person for queue, person in hands[0].items() if person or queue in stands}}
    bureau = bureau_of(connection, borrower)
    told = (x for x in records(connection, borrower, language, known_on) if x.on <= on)
    lines = [replace(line, text=mask_numbers(line.text)) for line in told]
    phone = next((str(details.attributes[name]) for name in PHONES if details.attributes.get(name)), "")
    return CaseTold(
        borrower, mask_name(details.name), mask_phone(phone) if phone else "",
        last_four(str(mandates[0].get("account", ""))) if mandates else "", on, known_on, _seen(connection, number),
        owed, loans, line_now(connection, borrower, on), bureau, _months(connection, bureau, loans, known_on), holds,
        promises, mandates, whose, hands[1], reach, next_acts(situation, may), tuple(reversed(lines)), pay_day,
    )  # fmt: skip


def _seen(connection: psycopg.Connection[Any], number: int) -> str:
    row = connection.execute(
        "select (select coalesce(max(event), 0) from event where borrower = %s), "
        "(select coalesce(max(f.fact), 0) from fact f join contract c using (loan) where c.borrower = %s)",
        (number, number),
    ).fetchone()
    assert row is not None
    return f"{row[0]}.{row[1]}"


def seen_now(connection: psycopg.Connection[Any], borrower: str) -> str:
    """The newest event and fact of a borrower: other than what a page was made of, something was told since."""
    return _seen(connection, borrower_told(connection, borrower)[0])


NEWS = (
    "select e.kind from event e where e.borrower = %(of)s and e.event > %(event)s "
    "and not e.kind in ('case.noted', 'case.assigned', 'task.assigned') order by e.event limit 20"
)


def told_since(connection: psycopg.Connection[Any], borrower: str, seen: str) -> list[str]:
    """Kinds of what was told of a borrower since a page was made (`seen`); `money` for facts of their loans.

    Notes and hand-overs change nothing about what may be agreed and are left out.
    """
    number, _ = borrower_told(connection, borrower)
    event, _, fact = seen.partition(".")
    if not (event.isdecimal() and fact.isdecimal()):
        return ["page"]
    kinds = [row[0] for row in connection.execute(NEWS, {"of": number, "event": int(event)}).fetchall()]
    money = connection.execute(
        "select exists (select from fact f join contract c using (loan) where c.borrower = %s and f.fact > %s)",
        (number, int(fact)),
    ).fetchone()
    return list(dict.fromkeys(kinds)) + (["money"] if money and money[0] else [])


def _loans(connection: psycopg.Connection[Any], borrower: str, on: date, known_on: date) -> tuple[CaseLoan, ...]:
    contracts = connection.execute(
        f"select c.reference, p.code from contract c join product p on p.number = c.product where {ALL_OF_BORROWER} "
        "order by c.loan",
        {"of": borrower},
    ).fetchall()
    if not contracts:
        return ()
    book = loans_now(connection, ALL_OF_BORROWER, {"of": borrower})
    positions = reckon_book(book, number_of(on), number_of(known_on))
    return tuple(_loan(name, product, book, k, positions[k]) for k, (name, product) in enumerate(contracts))


def _loan(name: str, product: str, book: Book, k: int, p: np.void) -> CaseLoan:
    due = p["arrears_fen"] + p["due_today_fen"]
    days, grace = int(p["days_past_due"]), int(book.products["grace_bureau_days"][book.contracts["product"][k]])
    return CaseLoan(
        name, product, state_of(p), days, int(p["bucket"]), int(due.sum()),
        {part: int(due[int(c)]) for part, c in PARTS.items()}, int(p["payoff_fen"]),
        date_or_none(p["next_due_on"]), int(p["next_due_fen"]),
        max(grace - days, 0) if days else 0, int(p["worst_days_past_due"]),
    )  # fmt: skip


def _owed(loans: tuple[CaseLoan, ...]) -> OwedTold:
    parts = {part: sum(loan.parts[part] for loan in loans) for part in PARTS}
    worst = max(loans, key=lambda loan: loan.days_past_due, default=None)
    return OwedTold(
        sum(loan.due_fen for loan in loans), parts, sum(loan.payoff_fen for loan in loans),
        worst.days_past_due if worst else 0, worst.bucket if worst else 0, worst.grace_left if worst else 0,
    )  # fmt: skip


def _situation(
    on: date, owed: OwedTold, loans: tuple[CaseLoan, ...], events: list[Event], holds: tuple[Held, ...],
    promises: tuple[Judged, ...], reach: Contactability, pay_day: int | None,
) -> Situation:  # fmt: skip
    outcomes = [p.outcome for p in promises]
    applied = [e for e in events if isinstance(e, HardshipApplied)]
    decided = {e.of for e in events if isinstance(e, HardshipDecided)}
    means = applied[-1].means if applied else None
    names = {h.hold for h in holds}
    return Situation(
        on, owed.due_fen, owed.days_past_due, max((loan.worst_days_past_due for loan in loans), default=0),
        outcomes.count(KEPT), outcomes.count(BROKEN), PENDING in outcomes, _conversations(events, on),
        sum(isinstance(e, DebitFailed | DebitReturned) and on - e.on <= RECENT for e in events),
        applied[-1].on if applied else None, any(e.reference not in decided for e in applied),
        "plan_running" in names, affordable(means, on).amount_fen if means else None, pay_day,
        _now(reach.of("call")), _now(reach.of("sms")), stopped(holds),
    )  # fmt: skip


def _conversations(events: list[Event], on: date) -> int:
    voice = {e.reference for e in events if isinstance(e, ContactAttempted) and e.channel in VOICE}
    return sum(
        isinstance(e, ContactEnded) and e.outcome == "reached" and e.of in voice and on - e.on <= RECENT for e in events
    )


def _now(reach: Reach) -> ContactNow:
    return ContactNow(reach.allowed, reach.why, reach.rules[0].rule if reach.rules else "", reach.next_at)


def _months(
    connection: psycopg.Connection[Any], bureau: str, loans: tuple[CaseLoan, ...], known_on: date
) -> tuple[BureauMonth, ...]:
    found = []
    for loan in loans:
        rows = [r for r in told_months(connection, bureau, loan.loan).to_dicts() if r["month_end"] <= known_on]
        found += [
            BureauMonth(loan.loan, f"{r['month_end']:%Y-%m}", str(r["status"]), int(r["overdue_fen"] or 0), r["record"])
            for r in rows[-MONTHS:]
        ]
    return tuple(found)
