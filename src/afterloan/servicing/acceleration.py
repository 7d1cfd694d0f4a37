"""The rest of a loan called due at once by notice, or the notice withdrawn: check, finding, fact, books and letter."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.dates import date_of
from afterloan.facts import Accelerated, AccelerationWithdrawn, FactRefused
from afterloan.facts.outbox import Action, MessageBody, MessageValue
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import alone, suppose, told
from afterloan.loan.terms import FactKind
from afterloan.servicing.booking import FactTaken, take
from afterloan.servicing.withdrawal import Gone, withdraw
from afterloan.store.contacts import defaults_of
from afterloan.store.legal import LegalCase, called_due_key, case_of
from afterloan.store.loans import ONE_LOAN, loans_now
from afterloan.store.locks import lock_borrowers
from afterloan.store.outbox import put, put_findings
from afterloan.strategy.acceleration import debt_of, may_accelerate, may_withdraw
from afterloan.strategy.legal import StepAnswer
from afterloan.strategy.places import place_of

Connection = psycopg.Connection[Any]


def accelerate(connection: Connection, fact: Accelerated) -> FactTaken:
    """Call the rest of a loan due on `fact.on`, the day its notice names, when the pack's preconditions are met.

    The notice is a letter, sent like every other; until it is delivered no court is asked for the whole
    (`store/legal.py`). The same fact again is answered with what it came to. Raises FactRefused naming what is missing.
    """
    on = date_of(fact.on)
    case = case_of(connection, fact.loan, on)
    lock_borrowers(connection, [case.number])
    if not _known(connection, fact.reference):
        answer = may_accelerate(case.claim, case.steps, debt_of(case.reckoned, fact.on))
        _judge(connection, case, answer, "send the demand first, or wait; the findings say what the pack asks for")
    done = take(connection, fact)
    _forget_reminders(connection, case, on)
    put(connection, [_letter(connection, case, called_due_key(fact.reference), "called-due", done, fact)])
    return done


def _letter(
    connection: Connection, case: LegalCase, key: str, template: str, done: FactTaken,
    fact: Accelerated | AccelerationWithdrawn,
) -> Action:  # fmt: skip
    """A letter of the day on which the fact became known, with the sums that it makes of the loan."""
    place = place_of(dict(case.attributes), defaults_of(connection))
    on, position = date_of(fact.known_on), done.reckoned.position
    moment = datetime.combine(on, time(10), ZoneInfo(place.zones[0])).astimezone(UTC)
    values: dict[str, MessageValue] = {
        "payoff_fen": int(position["payoff_fen"]), "arrears_fen": int(position["arrears_fen"].sum()),
        "days_past_due": int(position["days_past_due"]), "due_on": date_of(fact.on).isoformat(), "loans": [case.loan],
    }  # fmt: skip
    body = MessageBody(template=template, to=None, purpose="legal_notice", values=values, zone=place.zones[0])
    return Action(key, case.number, "message.letter", moment, on, case.loan_number, body)


REMINDERS = (
    "select o.key from outbox o where o.borrower = %s and o.not_before >= %s::date "
    "and (o.body->>'purpose' = 'reminder' or o.body->>'reminds' = 'true') and o.body->'values'->'loans' ? %s "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key) order by o.action"
)


def _forget_reminders(connection: Connection, case: LegalCase, on: date) -> None:
    """Withdraw reminders of instalments of the loan that are still to leave: none falls due any more."""
    rows = connection.execute(REMINDERS, (case.number, on, case.loan)).fetchall()
    withdraw(connection, [Gone(str(key), case.number, "called due") for (key,) in rows], on)


def withdraw_acceleration(connection: Connection, fact: AccelerationWithdrawn) -> FactTaken:
    """Withdraw it: arrears are met and no suit has begun. From that day the loan stands as if never called due.

    Raises FactRefused naming what is missing.
    """
    on = date_of(fact.on)
    case = case_of(connection, fact.loan, on)
    lock_borrowers(connection, [case.number])
    if not _known(connection, fact.reference):
        book = alone(loans_now(connection, ONE_LOAN, {"of": case.loan_number}), 0, fact.known_on)
        then = reckon_loan(suppose(book, [told(FactKind.ACCELERATION_WITHDRAWN, fact.on)]), 0, fact.on).position
        arrears = int(then["arrears_fen"].sum())
        answer = may_withdraw(case.claim, case.steps, debt_of(case.reckoned, fact.on), arrears)
        _judge(connection, case, answer, "take the money first; after suit has begun, withdraw the suit")
    done = take(connection, fact)
    _call_back_notice(connection, case, on)
    key = f"called-due-withdrawn:{fact.reference}"
    put(connection, [_letter(connection, case, key, "called-due-withdrawn", done, fact)])
    return done


NOTICES = (
    "select o.key from outbox o join waiting w using (action) where o.loan = %s and o.key like 'called-due:%%' "
    "order by o.action"
)


def _call_back_notice(connection: Connection, case: LegalCase, on: date) -> None:
    """A notice that has not left leaves no more: the loan is not called due."""
    rows = connection.execute(NOTICES, (case.loan_number,)).fetchall()
    withdraw(connection, [Gone(str(key), case.number, "called due no longer") for (key,) in rows], on)


def _known(connection: Connection, reference: str) -> bool:
    return connection.execute("select from fact where reference = %s", (reference,)).fetchone() is not None


def _judge(connection: Connection, case: LegalCase, answer: StepAnswer, remedy: str) -> None:
    put_findings(connection, [(case.number, case.loan_number, "legal", f) for f in answer.findings])
    if not answer.allowed:
        raise FactRefused("loan", case.loan, "; ".join(answer.why), remedy)
