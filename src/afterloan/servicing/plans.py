"""Verbs of quotes and plans: given, executed, searched, offered, accepted, declined, watched, cancelled."""

from datetime import date
from typing import Any, Literal, Self

import psycopg
from pydantic import Field, model_validator

from afterloan.dates import iso, number_of
from afterloan.facts import FactRefused
from afterloan.facts.act import Refused, Who
from afterloan.facts.relief import Means, PlanOffered, QuoteGiven
from afterloan.servicing import protection, quotes, relief
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.servicing.may import ALL_ROLES
from afterloan.store.relief import event_named
from afterloan.store.server import Store
from afterloan.strategy.quote import Want

Connection = psycopg.Connection[Any]


class GiveQuote(Asked):
    """An early repayment of `loan` on `for_on` (today unless told).

    `want`: `full`; `amount` (repay `amount_fen`); `instalment` (pay until no instalment asks for more than
    `amount_fen`); `month` (end in the month of `end_by`).
    """

    loan: str
    want: Literal["full", "amount", "instalment", "month"] = "full"
    amount_fen: int = Field(default=0, ge=0)
    end_by: date | None = None
    for_on: date | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.want in ("amount", "instalment") and not self.amount_fen:
            raise ValueError(f"want {self.want}: amount_fen is missing")
        if self.want == "month" and self.end_by is None:
            raise ValueError("want month: end_by is missing")
        return self

    def wish(self) -> Want:
        """What the quote is worked out for."""
        if self.want == "month":
            assert self.end_by is not None
            return Want("month", number_of(self.end_by))
        return Want(self.want, self.amount_fen)


def give_quote(desk: Desk, asked: GiveQuote, on: date) -> dict[str, Any]:
    """Quote the repayment and keep the quote under the act's reference; amounts in minor units, before and after."""
    when = number_of(asked.for_on or on)
    made = quotes.give_quote(desk.connection, asked.loan, asked.wish(), when, number_of(on), desk.reference)
    return {"loan": asked.loan, "reference": desk.reference, **made.plain()}


class _OfEvent(Asked):
    """What was told before, by its reference `of`."""

    of: str


class ExecuteQuote(_OfEvent):
    """The quote `of` is executed: its money has come."""

    def borrowers(self, connection: Connection) -> list[str]:
        """Whose loan it is."""
        return [event_named(connection, self.of, QuoteGiven).borrower]


def execute_quote(desk: Desk, asked: ExecuteQuote, on: date) -> dict[str, Any]:
    """Execute a quote exactly as given; where it no longer holds, `done` is false and a fresh one is kept."""
    done = quotes.execute_quote(desk.connection, asked.of, number_of(on), desk.reference)
    return {"done": done.done, "reference": done.reference, "why": done.why, "pay_fen": done.quote.pay_fen}


class SearchPlans(Asked):
    """Plans for `loan` that the borrower can afford: what the borrower states of a month."""

    loan: str
    means: Means


def search_plans(desk: Desk, asked: SearchPlans, on: date) -> dict[str, Any]:
    """Offer up to three plans, kept under `reference/1`, `/2`, `/3`; `refused` counts the others by reason."""
    able, found, offers = relief.find_plans(desk.connection, asked.loan, asked.means, number_of(on), desk.reference)
    return {
        "affordable_fen": able.amount_fen,
        "tried": found.tried,
        "refused": found.refused,
        "fits": bool(found.offers),
        "offers": [_offer(o) for o in offers],
    }


def _offer(offered: PlanOffered) -> dict[str, Any]:
    told = {
        "reference": offered.reference,
        "plan": offered.plan,
        "does": [step.model_dump(mode="json") for step in offered.does],
    }
    return {**told, "valid_until": offered.valid_until.isoformat(), **offered.simulation}


class OfferPlan(Asked):
    """The plan `plan` for `loan`, with its figures: `periods`, `amount_fen` (settlement, waiver), `until`, the rate."""

    loan: str
    plan: str
    periods: int = Field(default=0, ge=0, le=120)
    amount_fen: int = Field(default=0, ge=0)
    until: date | None = None
    rate_permille: int = Field(default=1_000, ge=0, le=1_000)


def offer_plan(desk: Desk, asked: OfferPlan, on: date) -> dict[str, Any]:
    """Offer a plan that a person chose, where the pack allows it."""
    today, until = number_of(on), asked.until.isoformat() if asked.until else ""
    plan = relief.plan_named(
        desk.connection, asked.loan, asked.plan, today, asked.periods, asked.amount_fen, until, asked.rate_permille
    )
    return _offer(relief.offer_plan(desk.connection, asked.loan, plan, today, desk.reference))


class _OfPlan(_OfEvent):
    """A plan by the reference of its offer."""

    def borrowers(self, connection: Connection) -> list[str]:
        """Whose plan it is."""
        return [event_named(connection, self.of, PlanOffered).borrower]


class AcceptPlan(_OfPlan):
    """The borrower accepts the offer `of`.

    `consent`: how the borrower agreed, where somebody accepts for them: "on the phone, 14:05, heard the whole offer".
    """

    consent: str = Field(default="", max_length=2_000)


def accept_plan(desk: Desk, asked: AcceptPlan, on: date) -> dict[str, Any]:
    """Run the plan exactly as offered; where the loan changed since, `done` is false and a fresh offer is made."""
    if desk.who.kind == "person" and ALL_ROLES not in desk.who.roles and not asked.consent.strip():
        raise FactRefused("consent", "", "nobody agrees for the borrower", "say how and when the borrower agreed")
    done = relief.accept_plan(desk.connection, asked.of, number_of(on), desk.reference)
    if done.done and done.why != "known already":
        protection.end_with_plan(desk.connection, next(iter(desk.touched.values())), on, desk.reference)
    return {"done": done.done, "why": done.why, "fresh_offer": done.fresh.reference if done.fresh else ""}


class DeclinePlan(_OfPlan):
    """The borrower declines the offer `of`."""

    reason: str = Field(default="", max_length=2_000)


def decline_plan(desk: Desk, asked: DeclinePlan, on: date) -> dict[str, Any]:
    """Keep that an offer was declined."""
    relief.decline_plan(desk.connection, asked.of, number_of(on), desk.reference, asked.reason)
    return {"plan": asked.of}


class CancelPlan(_OfPlan):
    """The running plan `of` is taken back; `reason` says why."""

    reason: str = Field(min_length=1, max_length=2_000)


def cancel_plan(desk: Desk, asked: CancelPlan, on: date) -> dict[str, Any]:
    """Reverse the plan's facts: the contract is as if it had not been."""
    relief.cancel_plan(desk.connection, asked.of, number_of(on), desk.reference, asked.reason, desk.who.name)
    return {"plan": asked.of}


class WatchPlan(_OfPlan):
    """Look at the running plan `of`."""


def watch_plan(desk: Desk, asked: WatchPlan, on: date) -> dict[str, Any]:
    """Whether the plan is kept, broken (what it gave on condition returns) or completed (its hold ends)."""
    kept = relief.watch_plan(desk.connection, asked.of, number_of(on))
    if kept.state == "broken":
        protection.hold_again(desk.connection, asked.of, on)
    missed = {"missed_on": iso(kept.missed_on), "missed_fen": kept.missed_fen} if kept.missed_on else {}
    return {"plan": asked.of, "state": kept.state, "kept": kept.kept, **missed}


def watch_plans(store: Store, on: date) -> dict[str, str]:
    """Look at every running plan of the book: the state of each by its reference; a refusal holds up no other.

    Each is an act of its own, `watch:PLAN:DAY`: run again on the same day it answers as before and changes nothing.
    """
    night = Who.rule("night")
    with desk_of(store) as desk:
        found = {}
        for of in relief.plans_running(desk.connection, on):
            answer = do(desk, night, "plan.watch", {"of": of}, f"watch:{of}:{on}", on)
            found[of] = "refused" if isinstance(answer, Refused) else str(answer.body["state"])
    return found
