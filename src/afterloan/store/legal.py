"""A loan's claim as the store knows it: its steps, its evidence, what interrupted the period, who may approve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import NEVER, date_of, number_of
from afterloan.facts import FactRefused
from afterloan.facts.events import Event, event_of
from afterloan.facts.legal import LegalStepEnded, LegalStepStarted, LimitationInterrupted
from afterloan.facts.promise import PromiseMade
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.terms import Component, FactKind
from afterloan.store.contacts import defaults_of
from afterloan.store.events import COLUMNS, events_of
from afterloan.store.held import HELD_KINDS, held_by
from afterloan.store.loans import ONE_LOAN, loans_now
from afterloan.strategy.course import LegalStep, step_rules, steps_of, title_of
from afterloan.strategy.holds import stopped
from afterloan.strategy.legal import LegalClaim, evidence_of, owed_by_law, roles_known
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


def case_of(connection: psycopg.Connection[Any], loan: str, on: date) -> LegalCase:
    """The case of a loan as it stands on a day, as this transaction sees it. Raises FactRefused for an unknown loan."""
    row = connection.execute(LOAN, (loan,)).fetchone()
    if row is None:
        raise FactRefused("loan", loan, "no contract of that reference", "import the contract first", "unknown")
    number, owner, borrower, name, attributes = row
    day = number_of(on)
    reckoned = reckon_loan(loans_now(connection, ONE_LOAN, {"of": number}), 0, day, day)
    everything = events_of(connection, borrower, None, on, on)
    mine = [e for e in everything if e.loan == loan]
    place = place_of(attributes or {}, defaults_of(connection))
    steps = [replace(s, outcomes=tuple(o for o in s.outcomes if o.on <= on)) for s in steps_of(mine)]
    happened = interruptions(connection, {int(number): place.jurisdiction}, on).get(int(number), [])
    told = [e for e in everything if e.KIND in HELD_KINDS]
    hold = stopped(held_by(connection, {owner: told}, on, {owner: place.jurisdiction})[owner]).get("legal")
    position = reckoned.position
    claim = LegalClaim(
        on=on,
        jurisdiction=place.jurisdiction,
        days_past_due=days_late(position, day),
        payoff_fen=owed_by_law(position).total_fen,
        evidence=evidence_of(mine, on),
        period=period_of_loan(reckoned, happened, place.jurisdiction, on),
        enforceable_until=enforceable_until(steps, happened, place.jurisdiction, on, int(position["oldest_unpaid_on"])),
        province=str((attributes or {}).get("province", "any")),
        held=hold.hold if hold else "",
        ahead_fen=principal_ahead(position),
        off_books_fen=int(position["claim_fen"]),
        unnoticed=position["accelerated_on"] != NEVER and _unnoticed(connection, int(number), mine, on),
    )
    return LegalCase(borrower, name, int(owner), loan, int(number), attributes or {}, claim, steps, mine, reckoned)


def called_due_key(reference: str) -> str:
    """The key of the letter that calls a loan due, by the reference of its fact."""
    return f"called-due:{reference}"


NOTICE = (
    "select o.decided_on, "
    "exists (select from event e where e.reference = 'delivered:' || o.key and e.on_day <= %(on)s) "
    "from outbox o where o.loan = %(loan)s and o.key like 'called-due:%%' and o.decided_on <= %(on)s "
    "and not exists (select from event w where w.reference = 'withdrawn:' || o.key) order by o.action desc limit 1"
)


def _unnoticed(connection: psycopg.Connection[Any], loan: int, mine: Sequence[Event], on: date) -> bool:
    """Whether our letter that called a loan due has not arrived: no receipt, no evidence of notice kept since."""
    letter = connection.execute(NOTICE, {"loan": loan, "on": on}).fetchone()
    if letter is None or letter[1]:
        return False
    return "notice" not in evidence_of([e for e in mine if e.on >= letter[0]], on)


def days_late(position: np.void, day: int) -> int:
    """Days past due; of a debt that was written off: those of its last evening in the books and all since."""
    if int(position["claim_fen"]) > 0:
        return int(position["worst_days_past_due"]) + day - int(position["written_off_on"])
    return int(position["days_past_due"])


def principal_ahead(position: np.void) -> int:
    """Principal that has not fallen due, in minor units; nothing of a debt off the books, which is due as a whole."""
    due = int(position["arrears_fen"][Component.PRINCIPAL] + position["due_today_fen"][Component.PRINCIPAL])
    return max(int(position["outstanding_fen"][Component.PRINCIPAL]) - due, 0)


def period_of_loan(
    reckoned: Reckoned, happened: Sequence[Interruption], jurisdiction: str, on: date
) -> Limitation | None:
    """The period of limitation of a loan; None where the packs of the place know none."""
    rule = rule_of(jurisdiction, "limitation", on)
    last_due = date_of(int(max(reckoned.instalments["due_on"]))) if len(reckoned.instalments) else on
    return limitation(last_due, happened, rule, on) if rule else None


def enforceable_until(
    steps: Sequence[LegalStep], happened: Sequence[Interruption], jurisdiction: str, on: date,
    unpaid_on: int = NEVER,
) -> date | None:  # fmt: skip
    """Until when enforcement of the title in force may be applied for; None without one.

    Of a judgment in parts it runs from the day of the part that is unpaid (`unpaid_on`, a day's number), from that of
    the last while none is.
    """
    rule, title = rule_of(jurisdiction, "enforcement.limit", on), title_of(steps, step_rules(jurisdiction, on))
    if rule is None or title is None:
        return None
    since = title.perform_by
    if title.told.instalments:
        since = max(since, date_of(unpaid_on) if unpaid_on != NEVER else title.told.instalments[-1].due_on)
    return enforcement_until(since, happened, rule, on)


MONEY = (
    "select f.loan, f.on_day, f.kind, f.reference from fact f where f.loan = any(%(loans)s) and f.on_day <= %(on)s "
    "and f.known_on <= %(on)s and not exists (select from fact r where r.of_fact = f.fact and r.known_on <= %(on)s) "
    "and f.kind = any(%(kinds)s)"
)
DEMANDS = (
    "select c.loan, e.on_day, e.reference from contract c join event e on e.borrower = c.borrower "
    "join outbox o on o.key = e.body->>'key' where c.loan = any(%(loans)s) and e.kind = 'message.delivered' "
    "and e.on_day <= %(on)s and e.known_on <= %(on)s and o.body->>'purpose' in ('collection', 'legal_notice') "
    "and (o.body->'values'->'loans' is null or o.body->'values'->'loans' ? c.reference)"
)
TOLD = (
    "select c.loan, e.on_day, e.reference, e.kind, e.body from contract c join event e on e.borrower = c.borrower "
    "where c.loan = any(%(loans)s) and (e.loan = c.loan or e.loan is null and e.kind = %(promise)s) "
    "and e.kind = any(%(told)s) and e.on_day <= %(on)s and e.known_on <= %(on)s"
)


def interruptions(
    connection: psycopg.Connection[Any], loans: Mapping[int, str], on: date
) -> dict[int, list[Interruption]]:
    """What began the period of each loan anew: money, plans, demands that reached the borrower, steps, promises.

    `loans`: jurisdiction by number in the store. Bulk: three questions, however many loans.
    """
    found: dict[int, list[Interruption]] = {}
    kinds = [PromiseMade.KIND, LimitationInterrupted.KIND, LegalStepEnded.KIND, LegalStepStarted.KIND]
    asked: dict[str, Any] = {"loans": list(loans), "on": on, "kinds": [int(FactKind.REPAID), *map(int, PLANS)]}
    asked |= {"promise": PromiseMade.KIND, "told": kinds}
    for loan, day, kind, reference in connection.execute(MONEY, asked).fetchall():
        money = "debit_taken" if reference.startswith("debit:") else "part_payment"
        cause = money if kind == FactKind.REPAID else "instalment_plan"
        found.setdefault(loan, []).append(Interruption(day, cause, reference))
    for loan, day, reference in connection.execute(DEMANDS, asked).fetchall():
        found.setdefault(loan, []).append(Interruption(day, "demand_received", reference))
    for loan, day, reference, kind, body in connection.execute(TOLD, asked).fetchall():
        cause = _cause(kind, body, loans[loan], on)
        if cause:
            found.setdefault(loan, []).append(Interruption(day, cause, reference))
    return found


def _cause(kind: str, body: Mapping[str, Any], jurisdiction: str, on: date) -> str:
    """By which word of the pack an event interrupts a period; empty: by none."""
    if kind == PromiseMade.KIND:
        return "request_for_delay"
    if kind == LimitationInterrupted.KIND:
        return str(body["cause"])
    if kind == LegalStepEnded.KIND:
        return "demand_received" if (body["step"], body["outcome"]) == ("demand_letter", "delivered") else ""
    rule = step_rules(jurisdiction, on).get(body["step"])
    return str(rule.parameters["interrupts"] or "") if rule else ""


LEGAL = (
    f"select b.name, b.clear, x.* from (select {COLUMNS} where e.kind like 'legal.%%' and e.loan is not null "
    "and e.on_day <= %(on)s) x (event, kind, borrower, loan, on_day, at, known_on, reference, body) "
    "join borrower b on b.reference = x.borrower order by x.loan, x.on_day, x.at nulls first, x.event"
)


@dataclass(frozen=True, slots=True)
class LoanSteps:
    """The legal steps of one loan, without its reckoning: of whom, under which law, in the order of proposals."""

    borrower: str
    name: str
    loan: str
    jurisdiction: str
    steps: Sequence[LegalStep]


def all_steps(connection: psycopg.Connection[Any], on: date) -> list[LoanSteps]:
    """The steps of every loan that has any, as they stood on a day, in one question; nothing is reckoned."""
    found: dict[str, tuple[str, str, Mapping[str, Any], list[Event]]] = {}
    for name, attributes, *told in connection.execute(LEGAL, {"on": on}).fetchall():
        event = event_of(*told[1:])
        assert event.loan is not None
        found.setdefault(event.loan, (event.borrower, name, attributes or {}, []))[3].append(event)
    lender = defaults_of(connection)
    return [
        LoanSteps(borrower, name, loan, place_of(attributes, lender).jurisdiction, steps_of(events))
        for loan, (borrower, name, attributes, events) in found.items()
    ]


def period_of(case: LegalCase) -> Limitation:
    """The period of limitation of a case. Raises FactRefused where the packs know none."""
    if case.claim.period is None:
        place = case.claim.jurisdiction
        raise FactRefused("jurisdiction", place, "no period of limitation in the packs", "have a lawyer write the rule")
    return case.claim.period


ROLES = (
    "select distinct on (person, role) person, role, given from appointment where on_day <= %(on)s "
    "and (%(person)s::text is null or person = %(person)s) order by person, role, on_day desc, appointment desc"
)


def people(connection: psycopg.Connection[Any], on: date, person: str | None = None) -> dict[str, list[str]]:
    """Who may approve on a day, and in which roles: the last word of the lender's appointments up to it."""
    found: dict[str, list[str]] = {}
    for name, role, given in connection.execute(ROLES, {"on": on, "person": person}).fetchall():
        found.setdefault(name, [])
        if given:
            found[name].append(role)
    return found


def appoint(connection: psycopg.Connection[Any], person: str, roles: Sequence[str], on: date) -> None:
    """From `on` a person has these roles of approval and no others; none: they may approve nothing any more.

    Raises FactRefused for a role that no rule of the packs asks for.
    """
    known = roles_known()
    for role in roles:
        if role not in known:
            raise FactRefused("role", role, "no such role", f"there are: {', '.join(sorted(known))}", "unknown")
    now = set(people(connection, on, person).get(person, ()))
    changed = [(person, role, on, role in roles) for role in sorted({*roles, *now}) if (role in roles) != (role in now)]
    with connection.cursor() as cursor:
        cursor.executemany("insert into appointment (person, role, on_day, given) values (%s, %s, %s, %s)", changed)


def check_role(connection: psycopg.Connection[Any], person: str, role: str, on: date) -> None:
    """Raises FactRefused for a role that there is not (unknown), or that the person does not have on the day."""
    if role not in roles_known():
        known = ", ".join(sorted(roles_known()))
        raise FactRefused("role", role, "no such role", f"there are: {known}", "unknown")
    if role not in people(connection, on, person).get(person, ()):
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
