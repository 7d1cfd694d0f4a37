"""Holds: which are in effect on a day, and which parts of a treatment they stop."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from afterloan.facts.events import Event
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.legal import LegalStepEnded, LegalStepStarted, LegalTakenOver
from afterloan.facts.person import BorrowerDied, InsolvencyClosed, InsolvencyOpened, LawyerEngaged, LawyerLeft
from afterloan.rules.packs import PackRefused, Rule, in_force, rules_of

ANY = "ANY"
STOPS = (
    "contact",
    "reminder",
    "collection",
    "service",
    "debit",
    "worklist",
    "agency",
    "legal",
    "bureau",
    "charge_off",
    "limit",
    "borrowing",
)


CAUSED = {BorrowerDied.KIND: "deceased", InsolvencyOpened.KIND: "insolvency", LawyerEngaged.KIND: "lawyer"}
"""The hold that a fact of the borrower places."""
COURT = ("payment_order", "small_claim", "suit", "enforcement")
"""Legal steps during which a court has the case."""
GOES_ON = ("issued",)
"""Outcomes of a legal step with which the court still has the case: an order that may be objected to."""
ENDS = (HoldLifted, InsolvencyClosed, LawyerLeft, LegalStepEnded)
"""Facts that end a hold, by the reference in their `of` (a legal step's: its proposal)."""


@dataclass(frozen=True, slots=True)
class Held:
    """A hold in effect: its kind, since when, its last day (None: until lifted), its rule, the fact's reference."""

    hold: str
    since: date
    until: date | None
    rule: Rule
    reference: str
    review_on: date | None = None


@cache
def hold_rules(jurisdiction: str, on: date) -> dict[str, Rule]:
    """The rule of each hold that binds on a day: that of the place before the general one. Raises PackRefused."""
    found: dict[str, Rule] = {}
    for rule in in_force(rules_of("holds"), jurisdiction, on) + in_force(rules_of("holds"), ANY, on):
        unknown = set(rule.parameters["stops"]) - set(STOPS)
        if unknown:
            raise PackRefused(f"holds: rule {rule.id}: stops {sorted(unknown)[0]!r}; there are: {', '.join(STOPS)}")
        found.setdefault(rule.parameters["hold"], rule)
    return found


def last_day(event: HoldPlaced, rule: Rule) -> date | None:
    """The last day of a hold: as told, and no later than the pack's longest."""
    longest = rule.parameters.get("max_days")
    ends = [event.on + timedelta(days=longest - 1)] if longest else []
    if event.ends_on:
        ends.append(event.ends_on)
    return min(ends, default=None)


def held_on(events: Iterable[Event], on: date, jurisdiction: str = ANY) -> list[Held]:
    """The holds in effect on a day, in order of their start.

    Breathing space of 1 March in the United Kingdom (60 days): in effect on 29 April, no longer on the 30th.
    """
    events = list(events)
    lifted: dict[str, date] = {}
    for event in events:
        if isinstance(event, ENDS) and not (isinstance(event, LegalStepEnded) and event.outcome in GOES_ON):
            lifted[event.of] = min(event.on, lifted.get(event.of, event.on))
    rules = hold_rules(jurisdiction, on)
    found = []
    for event in events:
        hold = hold_of(event)
        if hold not in rules or event.on > on:
            continue
        until = _until(event, rules[hold])
        name = event.of if isinstance(event, LegalStepStarted) else event.reference
        if (until is not None and on > until) or lifted.get(name, date.max) <= on:
            continue
        review = event.review_on if isinstance(event, HoldPlaced) else None
        found.append(Held(hold, event.on, until, rules[hold], event.reference, review))
    return sorted(found, key=lambda h: (h.since, h.reference))


def _until(event: Event, rule: Rule) -> date | None:
    """The last day of the hold that a fact places; None: until another fact ends it."""
    if isinstance(event, LegalTakenOver):
        return event.ended_on
    return last_day(event, rule) if isinstance(event, HoldPlaced) else None


def hold_of(event: Event) -> str:
    """The hold that a fact places; empty where it places none.

    A death, insolvency proceedings, a lawyer and a step before a court place theirs by being told: nobody has to
    remember it. Which steps are before a court is `COURT`.
    """
    if isinstance(event, HoldPlaced):
        return event.hold
    if isinstance(event, LegalStepStarted | LegalTakenOver):
        return "litigation" if event.step in COURT else ""
    return CAUSED.get(event.KIND, "")


def stopped(held: Iterable[Held]) -> dict[str, Held]:
    """What is stopped, and by which hold (the first that does)."""
    found: dict[str, Held] = {}
    for hold in held:
        for what in hold.rule.parameters["stops"]:
            found.setdefault(what, hold)
    return found
