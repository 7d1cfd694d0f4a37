"""The rest of a loan called due at once, or the notice withdrawn: check, finding, fact and books in one go."""

from datetime import date
from typing import Any

import psycopg

from afterloan.dates import date_of
from afterloan.facts import Accelerated, AccelerationWithdrawn, FactRefused
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import alone, suppose, told
from afterloan.loan.terms import FactKind
from afterloan.servicing.booking import FactTaken, take
from afterloan.servicing.withdrawal import Gone, withdraw
from afterloan.store.legal import LegalCase, case_of
from afterloan.store.loans import ONE_LOAN, loans_now
from afterloan.store.locks import lock_borrowers
from afterloan.store.outbox import put_findings
from afterloan.strategy.acceleration import debt_of, may_accelerate, may_withdraw
from afterloan.strategy.legal import StepAnswer

Connection = psycopg.Connection[Any]


def accelerate(connection: Connection, fact: Accelerated) -> FactTaken:
    """Call the rest of a loan due on `fact.on`, the day its notice names, when the pack's preconditions are met.

    The same fact again is answered with what it came to. Raises FactRefused naming what is missing.
    """
    on = date_of(fact.on)
    case = case_of(connection, fact.loan, on)
    lock_borrowers(connection, [case.number])
    if not _known(connection, fact.reference):
        answer = may_accelerate(case.claim, case.steps, debt_of(case.reckoned, fact.on))
        _judge(connection, case, answer, "send the demand first, or wait; the findings say what the pack asks for")
    done = take(connection, fact)
    _forget_reminders(connection, case, on)
    return done


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
    return take(connection, fact)


def _known(connection: Connection, reference: str) -> bool:
    return connection.execute("select from fact where reference = %s", (reference,)).fetchone() is not None


def _judge(connection: Connection, case: LegalCase, answer: StepAnswer, remedy: str) -> None:
    put_findings(connection, [(case.number, case.loan_number, "legal", f) for f in answer.findings])
    if not answer.allowed:
        raise FactRefused("loan", case.loan, "; ".join(answer.why), remedy)
