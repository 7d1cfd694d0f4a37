"""Charge-offs, write-offs and sales: proposed with their evidence, approved by people, booked once."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import psycopg

from afterloan.counting import counted
from afterloan.dates import NEVER, date_of, number_of
from afterloan.facts import ChargedOff, FactRefused, Sold, WrittenOff
from afterloan.facts.act import Who
from afterloan.facts.events import Event
from afterloan.facts.legal import EvidenceKept, LossApproved, LossProposed, LossRefused
from afterloan.facts.outbox import LossBody
from afterloan.rules.packs import Rule
from afterloan.servicing.booking import take
from afterloan.store.events import borrower_number, events_of, tell
from afterloan.store.legal import LegalCase, case_of, check_role
from afterloan.store.locks import lock_borrowers
from afterloan.store.outbox import put_findings, readable
from afterloan.strategy.limitation import rule_of

Connection = psycopg.Connection[Any]


def propose_loss(connection: Connection, loan: str, what: str, on: date, by: str, price_fen: int = 0) -> str:
    """Propose a charge-off, write-off or sale, once the pack's day-count is reached and its evidence is kept.

    Returns the proposal's reference; that of the one which waits for people, where there is one. Raises FactRefused:
    too early, evidence missing, off the books or charged off already.
    """
    case = case_of(connection, loan, on)
    for old in _proposed(connection, case.borrower):
        if (old.loan, old.what) == (loan, what) and on <= old.on + _good_for(on):
            return old.reference
    rule = _rule(case, on)
    blocked = [why for why in _unmet(case, rule, what) if why]
    finding = {"what": what, "days_past_due": case.claim.days_past_due, "least": _least_days(rule.parameters, what)}
    finding |= {"why": blocked} if blocked else {}
    found = rule.finding(on, "blocked" if blocked else "met", **finding)
    put_findings(connection, [(case.number, case.loan_number, "legal", found)])
    if blocked:
        raise FactRefused("loan", loan, "; ".join(blocked), "wait, keep what proves it, or change the lender's pack")
    reference = f"loss:{loan}:{what}:{on}"
    told: dict[str, Any] = {"borrower": case.borrower, "loan": loan, "on": on, "known_on": on, "reference": reference}
    told |= {
        "what": what,
        "by": by,
        "reason": f"{counted(case.claim.days_past_due, 'day')} past due",
        "price_fen": price_fen,
    }
    told["evidence"] = tuple(sorted({e.sha256 for e in case.events if isinstance(e, EvidenceKept)}))
    tell(connection, LossProposed(**told))
    return reference


def _rule(case: LegalCase, on: date) -> Rule:
    rule = rule_of(case.claim.jurisdiction, "loss", on) or rule_of("ANY", "loss", on)
    assert rule is not None
    return rule


def _unmet(case: LegalCase, rule: Rule, what: str) -> Iterable[str]:
    """Each precondition of a loss in turn: empty when it is met, else what is missing."""
    position, claim = case.reckoned.position, case.claim
    off = int(position["written_off_on"])
    yield f"it left the books on {date_of(off)} already" if off != NEVER else ""
    charged = int(position["charged_off_on"])
    if what == "charge_off" and charged != NEVER:
        yield f"it was charged off on {date_of(charged)} already"
    yield "" if claim.payoff_fen or off != NEVER else "nothing is owed"
    if what == "sale":  # the buyer judges what he buys
        return
    least = _least_days(rule.parameters, what)
    if claim.days_past_due < least:
        yield f"{counted(claim.days_past_due, 'day')} past due, the pack asks for {least}"
    if what == "write_off":
        for one in rule.parameters.get("evidence", ()):
            yield f"no evidence of {one} is kept" if one not in claim.evidence else ""
        pursued = rule.parameters.get("pursued", ())
        delivered = {s.name for s in case.steps for o in s.outcomes if o.outcome == "delivered"}
        if pursued and not set(pursued) & {*claim.evidence, *delivered}:
            yield f"nothing kept proves that it was pursued: one of {', '.join(pursued)}"


def _proposed(connection: Connection, borrower: str) -> list[LossProposed]:
    """Proposals that still wait: a loss that happened has a fact, and one that was turned down is over."""
    events = events_of(connection, borrower, [LossProposed.KIND, LossRefused.KIND])
    refused = {e.of for e in events if isinstance(e, LossRefused)}
    booked = connection.execute(
        "select reference from fact where reference = any(%s)", ([f"fact:{e.reference}" for e in events],)
    ).fetchall()
    gone = {reference for (reference,) in booked} | {f"fact:{of}" for of in refused}
    return [e for e in events if isinstance(e, LossProposed) and f"fact:{e.reference}" not in gone]


def _good_for(on: date) -> timedelta:
    rule = rule_of("ANY", "approval", on)
    assert rule is not None
    return timedelta(int(rule.parameters["good_for_days"]))


LOSSES = (
    "select o.key, o.borrower, o.body from outbox o where o.kind = 'charge_off.propose' and o.decided_on = %s "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key) order by o.action"
)


def propose_losses_from_ladder(connection: Connection, on: date) -> list[str]:
    """Turn the ladder's `charge_off.propose` of a day into proposals of what the place's pack knows of.

    A pack with `charge_off_after_days` charges off first; the others write off. Returns the references; what is too
    early is a finding and no proposal.
    """
    made = []
    for key, borrower, told in connection.execute(LOSSES, (on,)).fetchall():
        body = readable(connection, LossBody, key, borrower, "charge_off.propose", told, on)
        by = Who.rule(body.ladder or "ladder").name if body else ""
        for loan in [about.loan for about in body.loans] if body else []:
            rule = rule_of(case_of(connection, loan, on).claim.jurisdiction, "loss", on)
            what = "charge_off" if rule and "charge_off_after_days" in rule.parameters else "write_off"
            try:
                made.append(propose_loss(connection, loan, what, on, by))
            except FactRefused:
                continue  # its finding says why
    return made


def _least_days(told: dict[str, Any], what: str) -> int:
    if what == "charge_off" and "charge_off_after_days" in told:
        return int(told["charge_off_after_days"]["closed_end"])
    return int(told.get("write_off_after_days", 0))


def approve_loss(connection: Connection, proposal: str, on: date, by: str, role: str) -> bool:
    """A person agrees; with the last approval that the pack demands the fact is recorded. Returns whether it was.

    Raises FactRefused: unknown proposal, turned down, not appointed, own proposal, the same person in two roles.
    """
    told, events = _loss(connection, proposal)
    if _booked(connection, proposal):
        return True
    _not_refused(proposal, events)
    check_role(connection, by, role, on)
    if by == told.by:
        raise FactRefused("by", by, "proposed this", "somebody else must approve it")
    fresh = on - _good_for(on)
    said = {e.role: e.by for e in events if isinstance(e, LossApproved) and e.of == proposal and e.on >= fresh}
    if by in said.values() and said.get(role) != by:
        raise FactRefused(
            "by", by, "has approved in another role", "a second person must approve", "needs_second_person"
        )
    case = case_of(connection, str(told.loan), on)
    rule = _rule(case, on)
    roles: Sequence[str] = rule.parameters["approvals"]
    if role not in roles:
        raise FactRefused("role", role, "does not decide it", f"it takes: {', '.join(roles)}", "forbidden")
    blocked = [why for why in _unmet(case, rule, told.what) if why]
    if blocked:
        raise FactRefused("proposal", proposal, "; ".join(blocked), "propose it again once that is mended")
    same: dict[str, Any] = {"borrower": told.borrower, "loan": told.loan, "on": on, "known_on": on, "of": proposal}
    tell(connection, LossApproved(**same, what=told.what, by=by, role=role, reference=f"approved:{proposal}:{role}"))
    said[role] = by
    if not set(roles) <= set(said):
        return False
    _take_loss(connection, told, on)
    return True


def refuse_loss(connection: Connection, proposal: str, on: date, by: str, reason: str) -> LossRefused:
    """A named person turns a loss down. Raises FactRefused: unknown, turned down before, booked already."""
    told, events = _loss(connection, proposal)
    if _booked(connection, proposal):
        raise FactRefused("proposal", proposal, "is booked", "`afterloan reverse` takes a fact back", "conflict")
    _not_refused(proposal, events)
    same: dict[str, Any] = {"borrower": told.borrower, "loan": told.loan, "on": on, "known_on": on, "of": proposal}
    refusal = LossRefused(**same, what=told.what, by=by, reason=reason, reference=f"refused:{proposal}")
    tell(connection, refusal)
    return refusal


def _loss(connection: Connection, proposal: str) -> tuple[LossProposed, list[Event]]:
    """A proposed loss with what people said of it, its borrower locked. Raises FactRefused (unknown)."""
    row = connection.execute(
        "select b.reference from event e join borrower b using (borrower) where e.reference = %s and e.kind = %s",
        (proposal, LossProposed.KIND),
    ).fetchone()
    if row is None:
        raise FactRefused("proposal", proposal, "no such proposal of a loss", "`afterloan story` shows them", "unknown")
    number, _ = borrower_number(connection, row[0])
    lock_borrowers(connection, [number])
    events = events_of(connection, row[0], [LossProposed.KIND, LossApproved.KIND, LossRefused.KIND])
    return next(e for e in events if isinstance(e, LossProposed) and e.reference == proposal), list(events)


def _not_refused(proposal: str, events: Iterable[Event]) -> None:
    for event in events:
        if isinstance(event, LossRefused) and event.of == proposal:
            why = f"was refused by {event.by} on {event.on}: {event.reason}"
            raise FactRefused("proposal", proposal, why, "propose it anew if it is right", "conflict")


def _booked(connection: Connection, proposal: str) -> bool:
    return connection.execute("select from fact where reference = %s", (f"fact:{proposal}",)).fetchone() is not None


def _take_loss(connection: Connection, told: LossProposed, on: date) -> None:
    day = number_of(on)
    name = (told.loan, f"fact:{told.reference}", day, day)
    if told.what == "sale":
        take(connection, Sold(*name, told.price_fen))
    else:
        take(connection, WrittenOff(*name) if told.what == "write_off" else ChargedOff(*name))
