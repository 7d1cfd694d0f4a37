"""Plans in effect: offered, accepted, running, kept, broken, completed, cancelled; each with its facts and findings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg

from afterloan.dates import NEVER, date_of, day, iso, number_of
from afterloan.facts import (
    FactRefused,
    PlanBroken,
    Reversed,
)
from afterloan.facts.events import Event
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.relief import (
    PLAN_EVENTS,
    HardshipApplied,
    HardshipDecided,
    Means,
    PlanAccepted,
    PlanCancelled,
    PlanCompleted,
    PlanDeclined,
    PlanFailed,
    PlanOffered,
)
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import alone
from afterloan.loan.terms import ArrearsInterest
from afterloan.servicing.booking import take
from afterloan.servicing.difficulty import in_moratorium
from afterloan.servicing.opened import Open, opened, plans_before
from afterloan.store.events import events_of, tell
from afterloan.store.rebuilding import Person
from afterloan.store.relief import event_named
from afterloan.strategy.affordability import Affordable, MonthFlow, affordable
from afterloan.strategy.eligibility import PlanAsked, eligible, relief_rule
from afterloan.strategy.hardship import (
    hardships_of,
)
from afterloan.strategy.planner import Search, candidates, case_of, search
from afterloan.strategy.simulation import ReliefPlan, Simulated, cost_of, effects, seal, simulate
from afterloan.strategy.story import PLANS

Connection = psycopg.Connection[Any]


def find_plans(
    connection: Connection, loan: str, means: Means, on: int, reference: str, flows: Sequence[MonthFlow] = ()
) -> tuple[Affordable, Search, list[PlanOffered]]:
    """Search plans that fit a borrower's means and offer up to three, kept under `reference/1`, `/2`, `/3`.

    Where nothing fits, what the pack allows that asks for least is offered, and says so in its reasons; it is for a
    person to look at, and no message goes out for it.
    """
    it = opened(connection, loan, on)
    able = affordable(means, date_of(on), flows, it.loan.jurisdiction)
    found = search(it.book, it.case(), able.amount_fen, on)
    it.keep([able.finding, found.finding], "plan.search")
    offers = []
    for k, offer in enumerate(found.offers or found.instead, 1):
        it.keep(offer.findings, "plan.offer")
        offers.append(
            keep_offer(
                it,
                offer.simulated,
                f"{reference}/{k}",
                {"reasons": list(offer.reasons), "loss_fen": offer.loss_fen, "fits": bool(found.offers)},
            )
        )
    return able, found, offers


def offer_plan(connection: Connection, loan: str, plan: ReliefPlan, on: int, reference: str) -> PlanOffered:
    """Offer one plan that a person chose, if the pack allows it and it stays below the cap. Raises FactRefused."""
    it = opened(connection, loan, on)
    answer = eligible(plan.asked, it.case())
    it.keep(answer.findings, "plan.offer")
    if not answer.allowed:
        raise FactRefused("plan", plan.kind, answer.reasons[0], "`afterloan plan search` finds what is allowed")
    sim = simulate(it.book, plan, on)
    cap = relief_rule("relief.cost-cap")
    cost = cost_of(sim, reckon_loan(it.book, 0, on).position, on, cap)
    if sim.error or not cost.fits:
        over = max(cost.extra_fen - cost.most_fen, cost.whole_fen - cost.limit_fen)
        raise FactRefused("plan", plan.kind, f"raises the total above the cap by {over} minor units ({cap.clause})",
                          "take fewer periods or a lower rate")  # fmt: skip
    it.keep([cost.finding(cap, on)], "plan.offer")
    return keep_offer(it, sim, reference, {})


def keep_offer(it: Open, sim: Simulated, reference: str, more: dict[str, Any]) -> PlanOffered:
    """Tell an offer with its simulation; how long it stands is the pack's."""
    assert sim.plan is not None
    valid = relief_rule("relief.offer").parameters["valid_days"]
    until = date_of(it.on) + timedelta(days=valid)
    if sim.plan.kind == "settlement":
        until = min(until, sim.plan.does[0].due_on or until)
    offered = PlanOffered(
        borrower=it.loan.borrower_reference, loan=it.loan.reference, on=date_of(it.on), known_on=date_of(it.on),
        reference=reference, plan=sim.plan.kind, does=sim.plan.does, valid_until=until,  # type: ignore[arg-type]
        seal=plan_seal(it.book, sim, it.on),
        simulation=simulation_told(it, sim) | more,
    )  # fmt: skip
    tell(it.connection, offered)
    return offered


def plan_seal(book: Book, sim: Simulated, on: int) -> str:
    """What an offer rests on, as a digest."""
    assert sim.plan is not None
    return seal(
        book,
        on,
        [*sim.days.tolist(), *sim.amounts.tolist()],
        json.dumps([sim.plan.kind, [step.model_dump(mode="json") for step in sim.plan.does]], sort_keys=True),
    )


def simulation_told(it: Open, sim: Simulated) -> dict[str, Any]:
    """What signing does, in plain values: cost, total, payments, and what it does to the loan's standing."""
    assert sim.plan is not None
    now = simulate(it.book, None, it.on)
    return {
        "total_fen": sim.total_fen, "cost_fen": sim.cost_fen, "now_fen": sim.now_fen, "highest_fen": sim.highest_fen,
        "ends_on": iso(sim.ends_on), "without_plan_total_fen": now.total_fen, "without_plan_now_fen": now.now_fen,
        "pays": [[iso(int(d)), int(a)] for d, a in zip(sim.days, sim.amounts, strict=True)],
        "effects": effects(it.book, sim.plan, it.on, it.loan.jurisdiction),
    }  # fmt: skip


def plan_of(offered: PlanOffered) -> ReliefPlan:
    """The plan of an offer."""
    return ReliefPlan(offered.plan, PlanAsked(offered.plan), offered.does)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting came to: done; or why not, with the fresh offer that took its place."""

    done: bool
    why: str = ""
    fresh: PlanOffered | None = None


def accept_plan(connection: Connection, of: str, on: int, reference: str) -> Accepted:
    """Accept an offer: its facts stand from the day of the offer, exactly as simulated, or a fresh offer is made."""
    offered: PlanOffered = event_named(connection, of, PlanOffered)
    assert offered.loan is not None
    it = opened(connection, offered.loan, on)
    state = plan_state(it.events, of, date_of(on))
    if state == "running":
        return Accepted(True, "known already")
    _must_be(state, "offered", of)
    if date_of(on) > offered.valid_until:
        raise FactRefused("offer", of, f"it was valid until {offered.valid_until}", "ask for a new offer")
    if any(
        plan_state(it.events, e.of, date_of(on)) == "running"
        for e in it.events
        if isinstance(e, PlanAccepted) and e.loan == offered.loan
    ):
        raise FactRefused("plan", of, "another plan is running on this loan", "complete or cancel it first")
    gives_a_rate = any(step.fact == "RateChanged" for step in offered.does)
    if gives_a_rate and in_moratorium(connection, it.loan.borrower_reference, [offered.loan]):
        why = "it gives a rate, and a breathing space stands on the loan: no interest runs before its end"
        raise FactRefused("plan", of, why, "accept it once the space has ended, or a plan without a rate", "conflict")
    start = number_of(offered.on)
    sim = simulate(it.book, plan_of(offered), start)
    if plan_seal(it.book, sim, start) != offered.seal:
        fresh = keep_offer(it, simulate(it.book, plan_of(offered), on), reference, {"instead_of": of})
        return Accepted(False, "something was told of the loan since the offer", fresh)
    for fact in plan_of(offered).facts(offered.loan, of, start, on):
        take(it.connection, fact)
    _run(it, offered, reference, sim.ends_on)
    return Accepted(True)


def _run(it: Open, offered: PlanOffered, reference: str, ends_on: int) -> None:
    step = _step(it, offered.reference)
    tell(it.connection, PlanAccepted(reference=reference, **step))
    tell(
        it.connection,
        HoldPlaced(
            borrower=it.loan.borrower_reference, loan=it.loan.reference, on=date_of(it.on), known_on=date_of(it.on),
            reference=f"{offered.reference}/hold", hold="plan_running",
            reason=f"plan accepted: {PLANS[offered.plan][0]}",
            review_on=date_of(max(ends_on, it.on)),
        ),
    )  # fmt: skip


def _step(it: Open, of: str) -> dict[str, Any]:
    on = date_of(it.on)
    return {"borrower": it.loan.borrower_reference, "loan": it.loan.reference, "on": on, "known_on": on, "of": of}


ENDS = {
    PlanDeclined: "declined",
    PlanFailed: "broken",
    PlanCompleted: "completed",
    PlanCancelled: "cancelled",
}


def plan_state(events: Sequence[Event], of: str, on: date) -> str:
    """Where a plan stands by its facts: offered, expired, withdrawn, running, declined, broken, completed, cancelled.

    An offer is withdrawn once another one of the loan is accepted: it was made for the contract as it was.
    """
    state, until, loan = "unknown", date.max, None
    for event in events:
        if event.on > on:
            continue
        if isinstance(event, PlanOffered) and event.reference == of:
            state, until, loan = "offered", event.valid_until, event.loan
        elif isinstance(event, PlanAccepted) and event.of == of:
            state = "running"
        elif isinstance(event, PlanAccepted) and event.loan == loan and state == "offered" and event.on <= until:
            state = "withdrawn"
        for kind, name in ENDS.items():
            if isinstance(event, kind) and event.of == of:
                state = name
    return "expired" if state == "offered" and on > until else state


def _must_be(state: str, wanted: str, of: str) -> None:
    if state != wanted:
        raise FactRefused("plan", of, f"is {state}, not {wanted}", "see `afterloan plan show`")


def decline_plan(connection: Connection, of: str, on: int, reference: str, reason: str = "") -> None:
    """The borrower declines an offer."""
    offered: PlanOffered = event_named(connection, of, PlanOffered)
    assert offered.loan is not None
    it = opened(connection, offered.loan, on)
    _must_be(plan_state(it.events, of, date_of(on)), "offered", of)
    tell(it.connection, PlanDeclined(reference=reference, reason=reason, **_step(it, of)))


def cancel_plan(connection: Connection, of: str, on: int, reference: str, reason: str, by: str = "") -> None:
    """Take a running plan back: its facts are reversed, the contract is as if it had not been."""
    offered: PlanOffered = event_named(connection, of, PlanOffered)
    assert offered.loan is not None
    it = opened(connection, offered.loan, on)
    _must_be(plan_state(it.events, of, date_of(on)), "running", of)
    for k in range(1, len(offered.does) + 1):
        take(it.connection, Reversed("-", f"{reference}/{k}", on, on, f"{of}/{k}"))
    tell(it.connection, PlanCancelled(reference=reference, reason=reason, by=by, **_step(it, of)))
    _lift(it, f"{of}/hold", f"plan cancelled: {reason}")


def _lift(it: Open, hold: str, reason: str) -> None:
    on = date_of(it.on)
    tell(it.connection, HoldLifted(borrower=it.loan.borrower_reference, loan=it.loan.reference, on=on, known_on=on,
                                       reference=f"{hold}/lifted/{it.on}", of=hold, reason=reason))  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlanKept:
    """How a running plan is kept on a day: state, what was missed and since when, periods kept so far."""

    state: str
    kept: int = 0
    missed_on: int = 0
    missed_fen: int = 0


def how_kept(book: Book, offered: PlanOffered, on: int) -> PlanKept:
    """Whether a running plan is kept, broken or completed by a day, from the loan as reckoned."""
    start = number_of(offered.on)
    now = reckon_loan(book, 0, on)
    if now.position["paid_off_on"] != NEVER:
        return PlanKept("completed")
    if offered.plan == "settlement":
        until = number_of(offered.does[0].due_on or offered.on)
        return PlanKept("broken", 0, until, offered.does[0].amount_fen) if on > until else PlanKept("running")
    late = relief_rule("relief.offer").parameters["broken_after_days"]
    rows = now.instalments
    mine = rows[(rows["due_on"] > start) & (rows["due_on"] <= on) & (rows["due_fen"].sum(axis=1) > 0)]
    missed = mine[(mine["cleared_on"] > mine["due_on"] + late) & (mine["due_on"] + late < on)]
    kept = int((mine["cleared_on"] <= on).sum())
    if len(missed):
        first = missed[0]
        owed = int((first["due_fen"] - first["paid_fen"] - first["waived_fen"]).sum())
        return PlanKept("broken", kept, int(first["due_on"]), max(owed, 0))
    periods = offered.does[0].count
    if offered.plan in ("deferral", "interest_only", "penalty_waiver") and periods and kept >= periods:
        return PlanKept("completed", kept)
    return PlanKept("running", kept)


def watch_plan(connection: Connection, of: str, on: int) -> PlanKept:
    """Look at a running plan: broken, what it gave on condition returns; completed, the hold is lifted."""
    offered: PlanOffered = event_named(connection, of, PlanOffered)
    assert offered.loan is not None
    it = opened(connection, offered.loan, on)
    state = plan_state(it.events, of, date_of(on))
    if state != "running":
        return PlanKept(state)
    kept = how_kept(it.book, offered, on)
    if kept.state == "broken":
        stands = bool(in_moratorium(connection, it.loan.borrower_reference, [offered.loan]))
        take(it.connection, PlanBroken(offered.loan, f"{of}/broken", on, on, stands))
        tell(it.connection, PlanFailed(reference=f"{of}/failed", missed_on=date_of(kept.missed_on),
                                       missed_fen=kept.missed_fen, **_step(it, of)))  # fmt: skip
        _lift(it, f"{of}/hold", "plan broken")
    elif kept.state == "completed":
        tell(it.connection, PlanCompleted(reference=f"{of}/completed", **_step(it, of)))
        _lift(it, f"{of}/hold", "plan completed")
    return kept


RUNNING = (
    "select a.body->>'of' from event a where a.kind = %s and a.on_day <= %s and not exists (select 1 from event e "
    "where e.borrower = a.borrower and e.kind = any(%s) and e.body->>'of' = a.body->>'of') order by a.event"
)


def plans_running(connection: Connection, on: date) -> list[str]:
    """The references of the plans accepted by a day that have not ended, in the order of their acceptance."""
    kinds = [PlanDeclined.KIND, PlanFailed.KIND, PlanCompleted.KIND, PlanCancelled.KIND]
    return [str(row[0]) for row in connection.execute(RUNNING, (PlanAccepted.KIND, on, kinds)).fetchall()]


def plan_for_map(connection: Connection, person: Person, loan: str, on: int) -> list[Any] | None:
    """The facts of the plan that a road map shows: the last offer that stands, else a re-instalment the pack allows."""
    i = person.row(loan)
    base = alone(person.book, i, on)
    events = events_of(connection, person.reference, list(PLAN_EVENTS), date_of(on), date_of(on))
    told = events_of(
        connection, person.reference, [HardshipApplied.KIND, HardshipDecided.KIND], date_of(on), date_of(on)
    )
    for event in reversed(events):
        if isinstance(event, PlanOffered) and event.loan == loan:
            state = plan_state(events, event.reference, date_of(on))
            if state == "running":
                return None  # the loan as it stands has it
            if state == "offered":
                return plan_of(event).records(on)
    now = reckon_loan(base, 0, on)
    hardship = hardships_of(told, date_of(on)).granted is not None
    case = case_of(now, date_of(on), person.jurisdiction, hardship, plans_before(events, loan))
    for plan in candidates(base, now, case, on):
        if plan.kind == "reinstalment" and plan.asked.periods == 12 and eligible(plan.asked, case).allowed:
            return plan.records(on)
    return None


def plan_named(
    connection: Connection, loan: str, kind: str, on: int, periods: int = 0, amount_fen: int = 0, until: str = "",
    rate_permille: int = 1_000,
) -> ReliefPlan:  # fmt: skip
    """A plan by its name and figures, for a loan as it stands. Raises FactRefused."""
    from afterloan.strategy.planner import next_due
    from afterloan.strategy.simulation import (
        deferral,
        extension,
        interest_only,
        penalty_waiver,
        re_age,
        reinstalment,
        settlement,
    )

    it = opened(connection, loan, on)
    now = reckon_loan(it.book, 0, on)
    rate = int(it.book.contracts["rate"][0])
    first = next_due(now, on)
    try:
        last = day(until) if until else on
    except ValueError as error:
        raise FactRefused("until", until, "is not a day", "write it as YYYY-MM-DD") from error
    makes: dict[str, Any] = {
        "deferral": lambda: deferral(periods),
        "reinstalment": lambda: reinstalment(periods, first),
        "rate_cut": lambda: reinstalment(
            periods, first, ArrearsInterest.SPREAD, (rate * rate_permille * 2 + 1_000) // 2_000, rate_permille
        ),
        "interest_only": lambda: interest_only(periods),
        "extension": lambda: extension(periods),
        "penalty_waiver": lambda: penalty_waiver(amount_fen, periods),
        "settlement": lambda: settlement(amount_fen, last, on, int(now.position["payoff_fen"])),
        "re_age": re_age,
    }
    if kind not in makes:
        raise FactRefused("plan", kind, "no such plan", f"there are: {', '.join(makes)}", "unknown")
    if kind not in ("settlement", "re_age") and periods < 1:
        raise FactRefused("periods", periods, f"{kind} asks for a number of periods", "give --periods")
    if kind == "penalty_waiver" and amount_fen < 1:
        raise FactRefused("amount", amount_fen, "a waiver asks for the penalties it gives up", "give --amount")
    return makes[kind]()  # type: ignore[no-any-return]


def plans_told(connection: psycopg.Connection[Any], borrower: str, on: date) -> list[dict[str, Any]]:
    """The plans that were ever offered to a borrower, each with where it stands on a day."""
    events = events_of(connection, borrower, list(PLAN_EVENTS), on, on)
    return [
        {"reference": e.reference, "loan": e.loan, "plan": e.plan, "offered_on": e.on, "valid_until": e.valid_until,
         "state": plan_state(events, e.reference, on)}
        for e in events if isinstance(e, PlanOffered)
    ]  # fmt: skip
