"""Hardship: an application checked, decided with reasons, held meanwhile; flags that few may read; breathing space."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from afterloan.counting import counted
from afterloan.facts import FactRefused
from afterloan.facts.events import Event
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.relief import (
    Evidence,
    HardshipApplied,
    HardshipDecided,
    Means,
    VulnerabilityCleared,
    VulnerabilityFlagged,
)
from afterloan.rules.packs import Finding, in_force, rules_of
from afterloan.strategy.affordability import Affordable
from afterloan.strategy.eligibility import relief_rule
from afterloan.strategy.story import CAUSES


def application(
    borrower: str, loan: str | None, on: date, reference: str, cause: str, told: str, means: Means,
    evidence: Sequence[Evidence] = (), review_on: date | None = None,
) -> HardshipApplied:  # fmt: skip
    """An application with its deadline and review date. Raises FactRefused for wrong evidence."""
    check_evidence(evidence, cause)
    p = relief_rule("hardship.deadline").parameters
    return HardshipApplied(
        borrower=borrower, loan=loan, on=on, known_on=on, reference=reference, cause=cause, told=told, means=means,  # type: ignore[arg-type]
        evidence=tuple(evidence), review_on=review_on or on + timedelta(days=p["review_days"]),
        decide_by=on + timedelta(days=p["decide_days"]),
    )  # fmt: skip


def check_evidence(evidence: Sequence[Evidence], cause: str) -> None:
    """Refuse documents that the pack does not take: type, size, number; and causes that need one."""
    p = relief_rule("hardship.evidence").parameters
    if cause not in p["needed"]:
        raise FactRefused("cause", cause, "not a cause", f"there are: {', '.join(p['needed'])}")
    if len(evidence) > p["most_files"]:
        why = f"{counted(len(evidence), 'document was', 'documents were')} sent; {p['most_files']} are taken at most"
        raise FactRefused("evidence", "", why, "leave the others out")
    for e in evidence:
        if e.type not in p["types"]:
            raise FactRefused("evidence", e.name, f"type {e.type} is not taken", f"send one of {', '.join(p['types'])}")
        if not p["least_bytes"] <= e.bytes <= p["most_bytes"]:
            limits = f"{p['least_bytes']} to {p['most_bytes']} bytes"
            raise FactRefused("evidence", e.name, f"{e.bytes} bytes; taken are {limits}", "scan it again")
    digests = [e.sha256 for e in evidence]
    if len(set(digests)) != len(digests):
        twice = next(e.name for e in evidence if digests.count(e.sha256) > 1)
        raise FactRefused("evidence", twice, "was sent twice", "send each once")
    if len(evidence) < p["needed"][cause]:
        why = f"{CAUSES[cause][0]} asks for {counted(p['needed'][cause], 'document')}; {len(evidence) or 'none'} came"
        raise FactRefused("evidence", "", why, f"add what shows it: {', '.join(p['types'])}")


def review_hold(applied: HardshipApplied) -> HoldPlaced:
    """The hold on collection while the application is under review."""
    return HoldPlaced(
        borrower=applied.borrower, loan=applied.loan, on=applied.on, known_on=applied.known_on,
        reference=f"{applied.reference}/hold", hold="hardship_review",
        reason=f"hardship applied: {CAUSES[applied.cause][0]}",
        review_on=applied.decide_by,
    )  # fmt: skip


def decision(
    applied: HardshipApplied, able: Affordable, asked_fen: int, on: date, by: str, reference: str,
    granted: bool | None = None, reasons: Sequence[str] = (),
) -> tuple[HardshipDecided, Finding]:  # fmt: skip
    """Granted when the contract asks for more a month than is affordable; a person may decide otherwise, with reasons.

    1,000.00 asked for, 600.00 affordable: granted.
    """
    rule = relief_rule("hardship.deadline")
    by_rule = asked_fen > able.amount_fen
    outcome = by_rule if granted is None else granted
    if granted is not None and granted != by_rule and not reasons:
        raise FactRefused("reasons", "", "differs from what the rule says", "give the reasons for the decision")
    why = list(reasons) or [
        f"within a month the contract asks for {asked_fen} minor units, {able.amount_fen} minor units are affordable"
    ]
    if on > applied.decide_by:
        why.append(f"decided after the deadline of {applied.decide_by}")
    again = None if outcome else on + timedelta(days=rule.parameters["again_days"])
    decided = HardshipDecided(
        borrower=applied.borrower, loan=applied.loan, on=on, known_on=on, reference=reference, of=applied.reference,
        granted=outcome, reasons=tuple(why), by=by, again_from=again,
    )  # fmt: skip
    told = {
        "asked_fen": asked_fen,
        "affordable_fen": able.amount_fen,
        "by_rule": by_rule,
        "late": on > applied.decide_by,
    }
    return decided, rule.finding(on, "granted" if outcome else "refused", **told)


@dataclass(frozen=True, slots=True)
class Hardships:
    """A borrower's hardships on a day: the one open (no decision yet), the last one granted and not yet reviewed."""

    open: HardshipApplied | None
    granted: HardshipApplied | None
    refused: HardshipDecided | None
    overdue: bool = False


def hardships_of(events: Iterable[Event], on: date) -> Hardships:
    """What the facts say of a borrower's hardships on a day; a grant lasts until its review date."""
    applied: dict[str, HardshipApplied] = {}
    open_, granted, refused = None, None, None
    for event in events:
        if event.on > on:
            continue
        if isinstance(event, HardshipApplied):
            applied[event.reference] = open_ = event
        elif isinstance(event, HardshipDecided) and event.of in applied:
            open_ = None if open_ and open_.reference == event.of else open_
            granted, refused = (applied[event.of], None) if event.granted else (None, event)
    if granted and on > granted.review_on:
        granted = None
    return Hardships(open_, granted, refused, bool(open_ and on > open_.decide_by))


def may_apply(events: Iterable[Event], on: date) -> None:
    """Refuse a second application while one is open, or before the day named in a refusal."""
    now = hardships_of(events, on)
    if now.open:
        raise FactRefused("hardship", now.open.reference, "is still open", f"it is decided by {now.open.decide_by}")
    if now.refused and now.refused.again_from and on < now.refused.again_from:
        why = f"hardship was refused on {now.refused.on}"
        raise FactRefused("on", on, why, f"apply again from {now.refused.again_from} on")


# --- breathing space


def breathing_space(
    events: Iterable[Event], borrower: str, on: date, reference: str, jurisdiction: str
) -> tuple[HoldPlaced, Finding]:
    """The hold of a moratorium: 60 days in the United Kingdom, once in twelve months. Raises FactRefused."""
    rule = next((r for r in in_force(rules_of("relief"), jurisdiction, on) if "breathing_days" in r.parameters), None)
    if rule is None:
        raise FactRefused("jurisdiction", jurisdiction, "knows no breathing space", "apply for hardship instead")
    p = rule.parameters
    before = [e.on for e in events if isinstance(e, HoldPlaced) and e.hold == "breathing_space" and e.on <= on]
    recent = [d for d in before if (on - d).days < 365]
    if len(recent) >= p["most_in_a_year"]:
        free = min(recent) + timedelta(days=365)
        raise FactRefused("on", on, f"breathing space was granted on {min(recent)}", f"possible again from {free}")
    ends = on + timedelta(days=p["breathing_days"] - 1)
    hold = HoldPlaced(
        borrower=borrower, on=on, known_on=on, reference=reference, hold="breathing_space", reason=rule.clause,
        ends_on=ends,
    )  # fmt: skip
    return hold, rule.finding(on, f"granted until {ends}", before=[str(d) for d in before])


# --- vulnerable customers


def flags_of(events: Iterable[Event], on: date) -> list[VulnerabilityFlagged]:
    """The flags that stand on a day; one past its review date still stands until it is cleared."""
    events = list(events)
    cleared = {e.of for e in events if isinstance(e, VulnerabilityCleared) and e.on <= on}
    return [e for e in events if isinstance(e, VulnerabilityFlagged) and e.on <= on and e.reference not in cleared]
