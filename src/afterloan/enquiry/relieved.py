"""What borrowers see of help they asked for: plans found, an offer, an application and what was decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.furnished import borrower_told
from afterloan.facts import FactRefused
from afterloan.facts.events import Event
from afterloan.facts.relief import PLAN_EVENTS, HardshipApplied, HardshipDecided, Means, PlanOffered
from afterloan.store.acts import act_known
from afterloan.store.contacts import place_in
from afterloan.store.events import events_of
from afterloan.strategy.affordability import affordable
from afterloan.strategy.hardship import hardships_of

NOT_THERE = ("there is nothing of yours under that name", "look at your own loans", "unknown")


@dataclass(frozen=True, slots=True)
class PlansFound:
    """A search as it was answered. `working`: income, spending, debts, reserve and what is left (minor units)."""

    reference: str
    loan: str
    fits: bool
    working: Mapping[str, int]
    offers: tuple[Mapping[str, Any], ...]


def plans_found(connection: psycopg.Connection[Any], borrower: str, reference: str) -> PlansFound:
    """What a borrower's own search found. Raises FactRefused (unknown).

    Income 6,000, living 3,500, debts 400, reserve 600: 1,500 is left a month.
    """
    act = act_known(connection, reference)
    if act is None or act.verb != "plan.search" or (act.who_kind, act.who) != ("borrower", borrower):
        raise FactRefused("plan", "", *NOT_THERE)  # type: ignore[arg-type]
    working = means_working(connection, borrower, Means(**act.asked["means"]), act.on)
    return PlansFound(reference, str(act.asked["loan"]), bool(act.answer["fits"]), working, tuple(act.answer["offers"]))


def means_working(connection: psycopg.Connection[Any], borrower: str, means: Means, on: date) -> dict[str, int]:
    """Income less spending, debts and the reserve of a month: 6,000 − 3,500 − 400 − 600 leaves 1,500."""
    _, attributes = borrower_told(connection, borrower)
    able = affordable(means, on, (), place_in(connection, attributes).jurisdiction)
    told = able.finding.inputs
    working = {name: int(told[f"{name}_fen"]) for name in ("income", "spending", "debts", "reserve")}
    return {**working, "left": able.amount_fen}


@dataclass(frozen=True, slots=True)
class OfferTold:
    """An offer of a plan with all that it does, pays and costs (`simulation`)."""

    reference: str
    loan: str
    plan: str
    offered_on: date
    valid_until: date
    simulation: Mapping[str, Any]


def offers_in(events: Iterable[Event]) -> list[OfferTold]:
    """The offers among a borrower's events, in the order in which they were made."""
    return [
        OfferTold(e.reference, e.loan or "", e.plan, e.on, e.valid_until, e.simulation)
        for e in events if isinstance(e, PlanOffered)
    ]  # fmt: skip


def offer_of(connection: psycopg.Connection[Any], borrower: str, reference: str) -> OfferTold:
    """An offer to a borrower. Raises FactRefused (unknown)."""
    offers = offers_in(events_of(connection, borrower, PLAN_EVENTS))
    found = next((offer for offer in offers if offer.reference == reference), None)
    if found is None:
        raise FactRefused("plan", "", *NOT_THERE)  # type: ignore[arg-type]
    return found


@dataclass(frozen=True, slots=True)
class HardshipSeen:
    """An application: `state` is review, granted or refused; `papers`: what was handed in, by name."""

    reference: str
    cause: str
    told: str
    on: date
    decide_by: date
    state: str
    reasons: tuple[str, ...]
    again_from: date | None
    papers: tuple[str, ...]


def hardship_of(connection: psycopg.Connection[Any], borrower: str, reference: str) -> HardshipSeen:
    """An application of a borrower, and what was decided. Raises FactRefused (unknown)."""
    events = events_of(connection, borrower, (HardshipApplied.KIND, HardshipDecided.KIND))
    decided = {e.of: e for e in events if isinstance(e, HardshipDecided)}
    for e in events:
        if isinstance(e, HardshipApplied) and e.reference == reference:
            said = decided.get(reference)
            return HardshipSeen(
                reference, e.cause, e.told, e.on, e.decide_by, application_state(said), said.reasons if said else (),
                said.again_from if said else None, tuple(p.name for p in e.evidence),
            )  # fmt: skip
    raise FactRefused("hardship", "", *NOT_THERE)  # type: ignore[arg-type]


def application_state(said: HardshipDecided | None) -> str:
    """How an application stands by what was decided of it: review, granted or refused."""
    return "review" if said is None else "granted" if said.granted else "refused"


def hardships_told(connection: psycopg.Connection[Any], borrower: str, on: date) -> dict[str, Any]:
    """The hardship of a borrower on a day: what is open and by when it is decided, what was granted, what refused."""
    now = hardships_of(events_of(connection, borrower, as_of=on, known_on=on), on)
    return {
        "open": {"reference": now.open.reference, "decide_by": now.open.decide_by} if now.open else None,
        "late": now.overdue,
        "granted": {"reference": now.granted.reference, "review_on": now.granted.review_on} if now.granted else None,
        "refused": {"of": now.refused.of, "again_from": now.refused.again_from} if now.refused else None,
    }
