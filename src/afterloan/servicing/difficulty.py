"""Hardship, breathing space and flags in effect: what is told, held and given back, in one transaction."""

from collections.abc import Sequence
from typing import Any

import psycopg

from afterloan.dates import NEVER, date_of, number_of
from afterloan.facts import (
    FactRefused,
    PenaltyHeld,
    PenaltyResumed,
    RateChanged,
)
from afterloan.facts.events import read_event
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.relief import (
    HardshipApplied,
    HardshipDecided,
    VulnerabilityRead,
)
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import ahead, alone, due_now
from afterloan.loan.terms import FactKind
from afterloan.servicing.booking import take
from afterloan.store.events import events_of, tell
from afterloan.store.loans import ONE_LOAN, loans_now
from afterloan.store.outbox import put_findings
from afterloan.store.relief import event_named, hold_loan, loans_of
from afterloan.strategy.affordability import MonthFlow, affordable
from afterloan.strategy.hardship import (
    breathing_space,
    decision,
    flags_of,
    hardships_of,
    may_apply,
    review_hold,
)
from afterloan.strategy.simulation import month_edges

Connection = psycopg.Connection[Any]


def apply_for_hardship(connection: Connection, applied: HardshipApplied) -> None:
    """Take an application: the hold on collection, and penalty interest held on every loan, in one transaction."""
    on = number_of(applied.on)
    may_apply(events_of(connection, applied.borrower, as_of=applied.on, known_on=applied.known_on), applied.on)
    tell(connection, applied)
    tell(connection, review_hold(applied))
    for loan in [applied.loan] if applied.loan else loans_of(connection, applied.borrower):
        take(connection, PenaltyHeld(loan, f"{applied.reference}/penalty/{loan}", on, on))


def decide_hardship(
    connection: Connection, of: str, on: int, by: str, reference: str, granted: bool | None = None,
    reasons: Sequence[str] = (),
    flows: Sequence[MonthFlow] = (),
    by_one: bool = False,
) -> HardshipDecided:  # fmt: skip
    """Decide an application; the holds of the review end. Raises FactRefused.

    `by_one`: one person decides, so otherwise than the rule says is refused (`needs_second_person`).
    """
    applied: HardshipApplied = event_named(connection, of, HardshipApplied)
    events = events_of(connection, applied.borrower, as_of=date_of(on), known_on=date_of(on))
    now = hardships_of(events, date_of(on))
    if now.open is None or now.open.reference != of:
        raise FactRefused("hardship", of, "is decided already", "see `afterloan hardship show`")
    loans = [applied.loan] if applied.loan else loans_of(connection, applied.borrower)
    asked, number = 0, 0
    for loan in loans:
        held = hold_loan(connection, loan)
        number = held.borrower
        asked += _asked_a_month(alone(loans_now(connection, ONE_LOAN, {"of": held.loan}), 0, on), on)
    able = affordable(applied.means, date_of(on), flows)
    decided, finding = decision(applied, able, asked, date_of(on), by, reference, granted, reasons)
    if by_one and decided.granted != finding.inputs["by_rule"]:
        says = "grant" if finding.inputs["by_rule"] else "refuse"
        raise FactRefused(
            "granted", decided.granted, f"the rule says {says}: otherwise two people decide",
            "propose it with the reasons; a lead agrees", "needs_second_person",
        )  # fmt: skip
    tell(connection, decided)
    hold = f"{of}/hold"
    tell(connection, HoldLifted(borrower=applied.borrower, loan=applied.loan, on=date_of(on), known_on=date_of(on),
                                reference=f"{hold}/lifted", of=hold, reason="decided", by=by))  # fmt: skip
    standing = in_moratorium(connection, applied.borrower, loans)
    for loan in loans:
        if loan not in standing:
            take(connection, PenaltyResumed(loan, f"{of}/penalty/{loan}/resumed", on, on))
    put_findings(connection, [(number, None, "hardship", able.finding), (number, None, "hardship", finding)])
    return decided


def _asked_a_month(book: Book, on: int) -> int:
    """What the contract asks for now and in the next month."""
    now = reckon_loan(book, 0, on)
    if now.position["error"] or now.position["paid_off_on"] != NEVER:
        return 0
    days, amounts = ahead(now, on)
    return due_now(now.position) + int(amounts[days < month_edges(on, 1)[1]].sum())


def start_breathing_space(
    connection: Connection, borrower: str, jurisdiction: str, on: int, reference: str
) -> HoldPlaced:
    """A moratorium begins: hold, no interest and no penalty on any loan, in one transaction."""
    events = events_of(connection, borrower, as_of=date_of(on), known_on=date_of(on))
    hold, finding = breathing_space(events, borrower, date_of(on), reference, jurisdiction)
    tell(connection, hold)
    for loan in stop_interest(connection, hold, on):
        held = hold_loan(connection, loan)
        put_findings(connection, [(held.borrower, held.loan, "breathing_space", finding)])
    return hold


def stop_interest(connection: Connection, hold: HoldPlaced, on: int) -> list[str]:
    """No interest and no penalty on any loan of a breathing space's borrower from a day on; returns the loans.

    Raises FactRefused where another stands on one of them: its end would bring interest back under this one.
    """
    loans = loans_of(connection, hold.borrower)
    for loan in loans:
        hold_loan(connection, loan)
    for loan in in_moratorium(connection, hold.borrower, loans):
        what, remedy = f"a breathing space stands on {loan} already", "let it stand, or tell its end first"
        raise FactRefused("hold", hold.hold, what, remedy, "conflict")
    for loan in loans:
        take(connection, PenaltyHeld(loan, f"{hold.reference}/penalty/{loan}", on, on))
        take(connection, RateChanged(loan, f"{hold.reference}/rate/{loan}", on, on, 0, while_kept=True))
    return list(loans)


INTEREST_STOPPED = (
    "select f.reference from fact f where f.reference = any(%s) "
    "and not exists (select from fact r where r.reference = f.reference || '/resumed')"
)


def in_moratorium(connection: Connection, borrower: str, loans: Sequence[str]) -> list[str]:
    """Those of a borrower's loans on which a breathing space stands: it stopped interest, its end was not told yet."""
    holds = [e for e in events_of(connection, borrower, [HoldPlaced.KIND]) if isinstance(e, HoldPlaced)]
    spaces = [hold.reference for hold in holds if hold.hold == "breathing_space"]
    stopped = {f"{of}/rate/{loan}": loan for of in spaces for loan in loans}
    rows = connection.execute(INTEREST_STOPPED, (list(stopped),)).fetchall() if stopped else []
    return sorted({stopped[name] for (name,) in rows})


def rate_before(book: Book, began: int) -> int:
    """The rate of loan 0 of a book that returns when a moratorium that `began` on a day ends.

    What stood before it: the contract's own, or what a plan gave. A change of the contract's own since then counts
    unless a plan's rate stood; where the plan was broken since, the contract's own it is.
    """
    changes = book.facts[book.facts["kind"] == FactKind.RATE_CHANGED]
    broken = book.facts["on"][book.facts["kind"] == FactKind.PLAN_BROKEN]
    if (broken >= began).any():
        own = changes[changes["component"] == 0]
        return int(own["amount_fen"][-1] if len(own) else book.contracts["rate"][0])
    earlier, since = changes[changes["on"] < began], changes[(changes["on"] >= began) & (changes["component"] == 0)]
    if len(since) and not (len(earlier) and earlier["component"][-1]):
        return int(since["amount_fen"][-1])
    return int(earlier["amount_fen"][-1] if len(earlier) else book.contracts["rate"][0])


def end_breathing_space(connection: Connection, of: str, on: int) -> None:
    """A moratorium ends (its last day is over, or it is ended early): the contract's rate and penalties return."""
    hold: HoldPlaced = event_named(connection, of, HoldPlaced)
    if hold.hold != "breathing_space":
        raise FactRefused("hold", of, f"is a hold for {hold.hold.replace('_', ' ')}", "name a breathing space")
    resume_interest(connection, hold, on)
    if hold.ends_on is None or date_of(on) <= hold.ends_on:
        tell(connection, HoldLifted(borrower=hold.borrower, on=date_of(on), known_on=date_of(on),
                                    reference=f"{of}/lifted", of=of, reason="ended early"))  # fmt: skip


def resume_interest(connection: Connection, hold: HoldPlaced, on: int) -> None:
    """The contract's rate and penalties return on every loan on which a breathing space stopped them.

    Penalties of a loan whose borrower's hardship is under review stay held until that is decided.
    """
    of = hold.reference
    loans = loans_of(connection, hold.borrower)
    events = events_of(connection, hold.borrower, as_of=date_of(on), known_on=date_of(on))
    review = hardships_of(events, date_of(on)).open
    under_review = () if review is None else (review.loan,) if review.loan else tuple(loans)
    for loan in loans:
        held = hold_loan(connection, loan)
        book = loans_now(connection, ONE_LOAN, {"of": held.loan})
        rate = rate_before(alone(book, 0, on), number_of(hold.on))
        if loan not in under_review:
            take(connection, PenaltyResumed(loan, f"{of}/penalty/{loan}/resumed", on, on))
        take(connection, RateChanged(loan, f"{of}/rate/{loan}/resumed", on, on, rate, while_kept=True))


def read_flags(
    connection: Connection, borrower: str, by: str, role: str, why: str, on: int, reference: str
) -> list[str]:
    """Keep that somebody reads a borrower's flags, in which role and why; the references of those that stand."""
    if not why.strip():
        raise FactRefused("why", why, "is empty", "say what the flags are needed for")
    told = {"borrower": borrower, "on": date_of(on), "known_on": date_of(on), "reference": reference}
    tell(connection, read_event(VulnerabilityRead, {**told, "by": by, "role": role, "why": why}))
    events = events_of(connection, borrower, as_of=date_of(on), known_on=date_of(on))
    return [f.reference for f in flags_of(events, date_of(on))]
