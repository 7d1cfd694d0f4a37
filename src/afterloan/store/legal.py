"""A loan's claim as the store knows it: its steps, its evidence, what interrupted the period, who may approve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.dates import date_of, number_of
from afterloan.facts import FactRefused
from afterloan.facts.events import Event
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.legal import LegalStepEnded, LegalStepStarted, LimitationInterrupted
from afterloan.facts.promise import PromiseMade
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.terms import FactKind
from afterloan.store.contacts import defaults_of
from afterloan.store.events import events_of
from afterloan.store.read import read_loans
from afterloan.store.settings import Setting, set_parts, setting
from afterloan.strategy.holds import held_on, stopped
from afterloan.strategy.legal import LegalClaim, LegalStep, evidence_of, step_rules, steps_of
from afterloan.strategy.limitation import Interruption, Limitation, enforcement_until, limitation, rule_of
from afterloan.strategy.places import place_of

PLANS = {FactKind.DEFERRED, FactKind.EXTENDED, FactKind.REINSTALLED, FactKind.INTEREST_ONLY, FactKind.SETTLEMENT_AGREED}


@dataclass(frozen=True, slots=True)
class LegalCase:
    """One loan before the law on a day: numbers and references, the claim, its steps, how the loan is reckoned."""

    borrower: str
    name: str
    number: int
    loan: str
    loan_number: int
    attributes: Mapping[str, Any]
    claim: LegalClaim
    steps: Sequence[LegalStep]
    events: Sequence[Event]
    reckoned: Reckoned


LOAN = (
    "select c.loan, b.borrower, b.reference, b.name, b.attributes from contract c join borrower b using (borrower) "
    "where c.reference = %s"
)


def case_of(connection: psycopg.Connection[Any], reader: adbc.Connection, loan: str, on: date) -> LegalCase:
    """The case of a loan as it stands on a day. Raises FactRefused for an unknown loan."""
    row = connection.execute(LOAN, (loan,)).fetchone()
    if row is None:
        raise FactRefused("loan", loan, "no contract of that reference", "import the contract first", "unknown")
    number, owner, borrower, name, attributes = row
    day = number_of(on)
    reckoned = reckon_loan(read_loans(connection, reader, f"c.loan = {int(number)}"), 0, day, day)
    everything = events_of(connection, borrower, None, on, on)
    mine = [e for e in everything if e.loan == loan]
    place = place_of(attributes or {}, defaults_of(connection))
    steps = steps_of(mine)
    last_due = date_of(int(max(reckoned.instalments["due_on"]))) if len(reckoned.instalments) else on
    happened = interruptions(connection, int(number), loan, everything, place.jurisdiction, on)
    rule = rule_of(place.jurisdiction, "limitation", on)
    holds = held_on([e for e in everything if isinstance(e, HoldPlaced | HoldLifted)], on, place.jurisdiction)
    hold = stopped(holds).get("legal")
    position = reckoned.position
    off_books = max(int(position["written_off_fen"].sum()) - int(position["recovered_fen"]), 0)
    claim = LegalClaim(
        on=on,
        jurisdiction=place.jurisdiction,
        days_past_due=int(position["days_past_due"]) or (9_999 if off_books else 0),
        payoff_fen=int(position["payoff_fen"]) + off_books,
        evidence=evidence_of(mine, on),
        period=limitation(last_due, happened, rule, on) if rule else None,
        enforceable_until=_enforceable(steps, happened, place.jurisdiction, on),
        province=str((attributes or {}).get("province", "any")),
        held=hold.hold if hold else "",
    )
    return LegalCase(borrower, name, int(owner), loan, int(number), attributes or {}, claim, steps, mine, reckoned)


def _enforceable(
    steps: Sequence[LegalStep], happened: Sequence[Interruption], jurisdiction: str, on: date
) -> date | None:
    rule = rule_of(jurisdiction, "enforcement.limit", on)
    ends = [o.perform_by for s in steps for o in s.outcomes if o.perform_by is not None]
    return enforcement_until(max(ends), happened, rule, on) if rule and ends else None


MONEY = (
    "select f.on_day, f.kind, f.reference from fact f where f.loan = %s and f.on_day <= %s "
    "and not exists (select from fact r where r.of_fact = f.fact) and f.kind = any(%s)"
)
DEMANDS = (
    "select e.on_day, e.reference from event e join outbox o on o.key = e.body->>'key' "
    "where e.borrower = (select borrower from contract where reference = %s) and e.kind = 'message.delivered' "
    "and e.on_day <= %s and o.body->>'purpose' in ('collection', 'legal_notice') "
    "and (o.body->'values'->'loans' is null or o.body->'values'->'loans' ? %s)"
)


def interruptions(
    connection: psycopg.Connection[Any], number: int, loan: str, events: Sequence[Event], jurisdiction: str, on: date
) -> list[Interruption]:
    """What began the period of a loan anew: money, plans, demands that reached the borrower, steps, promises."""
    found = []
    for day, kind, reference in connection.execute(MONEY, (number, on, [50, *map(int, PLANS)])).fetchall():
        money = "debit_taken" if reference.startswith("debit:") else "part_payment"
        found.append(Interruption(day, money if kind == FactKind.REPAID else "instalment_plan", reference))
    found += [
        Interruption(d, "demand_received", r) for d, r in connection.execute(DEMANDS, (loan, on, loan)).fetchall()
    ]
    rules = step_rules(jurisdiction, on)
    for event in events:
        if isinstance(event, PromiseMade) and event.loan in (None, loan):
            found.append(Interruption(event.on, "request_for_delay", event.reference))
        elif event.loan != loan:
            continue
        elif isinstance(event, LimitationInterrupted):
            found.append(Interruption(event.on, event.cause, event.reference))
        elif isinstance(event, LegalStepEnded) and event.step == "demand_letter" and event.outcome == "delivered":
            found.append(Interruption(event.on, "demand_received", event.reference))
        elif isinstance(event, LegalStepStarted) and event.step in rules and rules[event.step].parameters["interrupts"]:
            found.append(Interruption(event.on, str(rules[event.step].parameters["interrupts"]), event.reference))
    return found


def period_of(case: LegalCase) -> Limitation:
    """The period of limitation of a case. Raises FactRefused where the packs know none."""
    if case.claim.period is None:
        place = case.claim.jurisdiction
        raise FactRefused("jurisdiction", place, "no period of limitation in the packs", "have a lawyer write the rule")
    return case.claim.period


def people(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Who may approve, and in which roles: setting `legal_people`."""
    return setting(connection, Setting.PEOPLE)


def appoint(connection: psycopg.Connection[Any], person: str, roles: Sequence[str]) -> None:
    """Give a person the roles in which they may approve; none: they may approve nothing any more."""
    set_parts(connection, Setting.PEOPLE, {person: list(roles)})


def check_role(connection: psycopg.Connection[Any], person: str, role: str) -> None:
    """Raises FactRefused unless the person was appointed to that role."""
    if role not in people(connection).get(person, ()):
        raise FactRefused(
            "by", person, f"is not appointed as {role}", "`afterloan legal people` shows and appoints", "forbidden"
        )


def contract_told(connection: psycopg.Connection[Any], loan: int) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A loan's product, the product's terms and the contract as they were told, for the papers of a court."""
    row = connection.execute(
        "select p.code, p.terms, to_jsonb(c) - 'told' from contract c join product p on p.number = c.product "
        "where c.loan = %s",
        (loan,),
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
