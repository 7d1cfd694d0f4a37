"""What a hardship that was granted gives at once: a hold until its review day, and plans within what can be paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

import psycopg

from afterloan.counting import counted
from afterloan.dates import NEVER, number_of
from afterloan.facts.events import Event
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.outbox import Action, HardshipTask
from afterloan.facts.relief import HardshipApplied, HardshipDecided, PlanAccepted, PlanOffered
from afterloan.loan.reckon import reckon_loan
from afterloan.money import show_amount
from afterloan.servicing import relief
from afterloan.servicing.debits import place_of_borrower
from afterloan.servicing.opened import opened as open_loan
from afterloan.store.events import borrower_number, events_of, tell
from afterloan.store.outbox import put
from afterloan.store.relief import event_named, loans_of
from afterloan.strategy.affordability import affordable
from afterloan.strategy.hardship import hardships_of
from afterloan.strategy.planner import together
from afterloan.strategy.story import CAUSES

Connection = psycopg.Connection[Any]
GRANTED: Literal["hardship_granted"] = "hardship_granted"


@dataclass(frozen=True, slots=True)
class Protected:
    """What a grant came to: until when it protects, the offers, and whether one of them fits what can be paid."""

    until: date
    affordable_fen: int
    offers: tuple[PlanOffered, ...]
    fits: bool


def protect(connection: Connection, applied: HardshipApplied, decided: HardshipDecided, on: date) -> Protected:
    """Place the hold of a grant and offer plans at once, in the decision's transaction.

    Until the review day no queue, no reminder, no collection and no debit; a plan that is accepted takes its place.
    Where no plan fits what the borrower can pay, what the pack allows is offered all the same, said to be too much, and
    a person looks at it (queue `hardship`).
    """
    _hold(connection, applied, f"{decided.reference}/hold", on, f"hardship granted: {CAUSES[applied.cause][0]}")
    able = affordable(applied.means, on).amount_fen
    live = [loan for loan in _loans(connection, applied) if _owes(connection, loan, on)]
    offers, fits = _offered(connection, applied, live, able, on, decided.reference)
    if live and not fits:
        _ask_a_person(connection, applied, able, offers, decided.reference, on)
    return Protected(applied.review_on, able, tuple(offers), fits)


def _hold(connection: Connection, applied: HardshipApplied, reference: str, on: date, reason: str) -> None:
    tell(
        connection,
        HoldPlaced(
            borrower=applied.borrower, loan=applied.loan, on=on, known_on=on, reference=reference, hold=GRANTED,
            reason=reason, ends_on=max(applied.review_on, on), review_on=max(applied.review_on, on),
        ),
    )  # fmt: skip


def _loans(connection: Connection, applied: HardshipApplied) -> list[str]:
    return [applied.loan] if applied.loan else loans_of(connection, applied.borrower)


def _owes(connection: Connection, loan: str, on: date) -> bool:
    position = reckon_loan(open_loan(connection, loan, number_of(on)).book, 0, number_of(on)).position
    return bool(not position["error"] and position["payoff_fen"] > 0 and position["written_off_on"] == NEVER)


def _offered(
    connection: Connection, applied: HardshipApplied, live: list[str], able: int, on: date, reference: str
) -> tuple[list[PlanOffered], bool]:
    """The offers kept, and whether together they fit: of several loans, one combination for all of them."""
    day = number_of(on)
    if len(live) == 1:
        _, found, kept = relief.find_plans(connection, live[0], applied.means, day, f"{reference}/{live[0]}")
        return kept, bool(found.offers)
    opened = [open_loan(connection, loan, day) for loan in live]
    picked = together([it.book for it in opened], [it.case() for it in opened], able, day) if opened else []
    offers: list[PlanOffered] = []
    if picked is None:
        for loan in live:
            offers += relief.find_plans(connection, loan, applied.means, day, f"{reference}/{loan}")[2]
        return offers, False
    for it, sim in zip(opened, picked, strict=True):
        if sim.plan is not None:
            more = {"reasons": ["with the plans of the other loans it stays within what is affordable"]}
            offers.append(relief.keep_offer(it, sim, f"{reference}/{it.loan.reference}/1", more))
    return offers, True


def _ask_a_person(
    connection: Connection, applied: HardshipApplied, able: int, offers: list[PlanOffered], reference: str, on: date
) -> None:
    number, _ = borrower_number(connection, applied.borrower)
    zone, _ = place_of_borrower(connection, number)
    allowed = (
        f"{counted(len(offers), 'plan that asks for more is', 'plans that ask for more are')} offered all the same"
        if offers
        else "the pack allows none"
    )
    why = f"no plan fits {show_amount(able)} a month; {allowed}: look for reduced payments, a pause or another way"
    body = HardshipTask(queue="hardship", loans=tuple(_loans(connection, applied)), of=applied.reference, why=why)
    at = datetime.combine(on, time(8), ZoneInfo(zone))
    put(connection, [Action(f"hardship:{reference}", number, "task", at, on, None, body)])


# -- the plan that takes its place --------------------------------------------------------------------------------


def end_with_plan(connection: Connection, borrower: str, on: date, reference: str) -> int:
    """A plan begins: the hold of a grant ends where every loan that it covers has one; how many holds ended.

    Then what was agreed is reminded of and debited, and nothing else: `plan_running` protects.
    """
    events = events_of(connection, borrower, as_of=on, known_on=on)
    ended = 0
    for hold in _granted(events):
        loans = [hold.loan] if hold.loan else loans_of(connection, borrower)
        if all(_has_plan(events, loan, on) or not _owes(connection, loan, on) for loan in loans):
            tell(
                connection,
                HoldLifted(
                    borrower=borrower, loan=hold.loan, on=on, known_on=on, of=hold.reference, reason="a plan runs",
                    reference=f"{hold.reference}/lifted/{reference}",
                ),
            )  # fmt: skip
            ended += 1
    return ended


def hold_again(connection: Connection, of: str, on: date) -> bool:
    """A plan broke while the grant still stands: it protects again until its review day; whether it does."""
    offered: PlanOffered = event_named(connection, of, PlanOffered)
    events = events_of(connection, offered.borrower, as_of=on, known_on=on)
    granted = hardships_of(events, on).granted
    if granted is None or _granted(events):
        return False
    _hold(connection, granted, f"{of}/hardship-again", on, "the plan ended; the hardship granted stands")
    return True


def _granted(events: Sequence[Event]) -> list[HoldPlaced]:
    lifted = {e.of for e in events if isinstance(e, HoldLifted)}
    return [e for e in events if isinstance(e, HoldPlaced) and e.hold == GRANTED and e.reference not in lifted]


def _has_plan(events: Sequence[Event], loan: str, on: date) -> bool:
    accepted = [e.of for e in events if isinstance(e, PlanAccepted) and e.loan == loan]
    return any(relief.plan_state(events, of, on) == "running" for of in accepted)


def told_of(done: Protected) -> dict[str, Any]:
    """What the door answers of a grant."""
    return {
        "protected_until": done.until.isoformat(),
        "affordable_fen": done.affordable_fen,
        "fits": done.fits,
        "offers": [{"reference": o.reference, "loan": o.loan, "plan": o.plan} for o in done.offers],
    }
