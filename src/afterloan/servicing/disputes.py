"""A dispute in the store: opened where something was furnished, answered as the book reckons, told to all parties."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Literal

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg

from afterloan.bureau.disputes import LAW, Dispute, disputes_of, may_decide, may_open, wrong_months
from afterloan.bureau.packs import rule
from afterloan.enquiry.furnished import told_months
from afterloan.enquiry.reportable import hear, reckoned
from afterloan.facts import FactRefused
from afterloan.facts.bureau import BorrowerDisagreed, DisputeDecided, DisputeNotified, DisputeOpened, EvidenceReceived
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.outbox import Action, DisputeAnswerBody, DisputeTask, MessageBody, MessageValue, OutboxBody
from afterloan.facts.relief import Evidence
from afterloan.store.events import Told, borrower_number, events_of, tell
from afterloan.store.furnished import Furnishing
from afterloan.store.outbox import put, put_findings
from afterloan.store.read import read_loans

KINDS = ("bureau.dispute_opened", "bureau.evidence_received", "bureau.dispute_decided", "bureau.borrower_disagreed",
         "bureau.dispute_notified")  # fmt: skip
EVIDENCE = ("application/pdf", "image/png", "image/jpeg")
LARGEST = 10 * 1024 * 1024


def open_dispute(connection: psycopg.Connection[Any], event: DisputeOpened) -> Told:
    """Record a dispute in the caller's transaction: the flag, a hold until the answer, a task with the clock.

    Raises FactRefused: another person's account, a month never furnished; nothing is then kept.
    """
    row = connection.execute(
        "select b.reference from contract c join borrower b using (borrower) where c.reference = %s", (event.loan,)
    ).fetchone()
    months = told_months(connection, event.bureau, event.loan)["month_end"].to_list()
    may_open(event, str(row[0]) if row else None, months)
    told = tell(connection, event)
    if not told.known:
        dispute = disputes_of([event])[event.reference]
        tell(connection, _hold(dispute, event.known_on))
        _act(connection, dispute, event.known_on, "task", "open",
             DisputeTask(queue="bureau-dispute", loans=(dispute.loan,), dispute=dispute.reference,
                         answer_by=dispute.answer_by))  # fmt: skip
        values: dict[str, MessageValue] = {"reference": dispute.reference, "reply_by": dispute.answer_by.isoformat()}
        letter = MessageBody(template="dispute-opened", purpose="service", response=True, to=None, values=values)
        _act(connection, dispute, event.known_on, "message.letter", "opened-borrower", letter)
    return told


def _hold(dispute: Dispute, known_on: date) -> HoldPlaced:
    return HoldPlaced(
        borrower=dispute.borrower, loan=dispute.loan, on=dispute.opened_on, known_on=known_on, hold="dispute_open",
        reference=f"hold:{dispute.reference}", review_on=dispute.answer_by, reason=f"dispute {dispute.reference}",
    )  # fmt: skip


def _act(
    connection: psycopg.Connection[Any], dispute: Dispute, on: date, kind: str, step: str, body: OutboxBody
) -> None:
    borrower, _ = borrower_number(connection, dispute.borrower)
    row = connection.execute("select loan from contract where reference = %s", (dispute.loan,)).fetchone()
    key = f"dispute:{dispute.reference}:{step}"
    put(
        connection, [Action(key, borrower, kind, datetime.combine(on, time(8), UTC), on, row[0] if row else None, body)]
    )


def dispute_of(connection: psycopg.Connection[Any], reference: str) -> Dispute:
    """A dispute as it stands. Raises FactRefused."""
    row = connection.execute(
        "select b.reference from event e join borrower b using (borrower) where e.reference = %s and e.kind = %s",
        (reference, KINDS[0]),
    ).fetchone()
    if row is None:
        raise FactRefused(
            "dispute", reference, "no dispute of that reference", "`afterloan bureau dispute list` has them", "unknown"
        )
    return disputes_of(events_of(connection, str(row[0]), KINDS))[reference]


def take_evidence(
    connection: psycopg.Connection[Any], reference: str, paper: Evidence, what: str, on: date, lengthens: bool = False
) -> Told:
    """Record a document to an open dispute by its hash. Raises FactRefused: wrong type or size, dispute answered."""
    dispute = dispute_of(connection, reference)
    if paper.type not in EVIDENCE:
        raise FactRefused("evidence", what, "is neither PDF, PNG nor JPEG", "send it as one of these")
    if paper.bytes > LARGEST:
        raise FactRefused("evidence", what, f"has {paper.bytes} bytes", "send at most 10 MB; split or scan it smaller")
    if dispute.decided_on:
        raise FactRefused("dispute", reference, f"was answered on {dispute.decided_on}", "open a new dispute with it")
    return tell(connection, EvidenceReceived(
        borrower=dispute.borrower, loan=dispute.loan, on=on, known_on=on,
        reference=f"evidence:{reference}:{paper.sha256[:16]}",
        of=reference, what=what, sha256=paper.sha256, lengthens=lengthens,
    ))  # fmt: skip


def wrong_of(connection: psycopg.Connection[Any], reader: adbc.Connection, dispute: Dispute, on: date) -> list[date]:
    """The disputed months in which what was furnished is not what the book reckons, as known on a day."""
    row = connection.execute("select loan, shard from contract where reference = %s", (dispute.loan,)).fetchone()
    assert row is not None, "a dispute is of a loan that is there"
    book = read_loans(connection, reader, f"c.loan = {int(row[0])}")
    told = told_months(connection, dispute.bureau, dispute.loan)
    heard = hear(connection, int(row[1]), dispute.bureau, on)
    of = Furnishing(0, dispute.bureau, on, on, "0", True)
    now = [reckoned(book, month, of, heard) for month in dispute.months]
    return wrong_months(pl.concat(now), told, dispute.months)


def decide(
    connection: psycopg.Connection[Any], reader: adbc.Connection, reference: str,
    outcome: Literal["corrected", "accurate"], reason: str, by: str, on: date,
) -> Dispute:  # fmt: skip
    """Answer a dispute in the caller's transaction: only as the book reckons.

    `corrected`: the next furnishing amends the months, since they differ. `accurate`: nothing is amended. Both lift the
    hold and ask for word to the borrower and the bureau. Raises FactRefused where the answer is not the book's.
    """
    dispute = dispute_of(connection, reference)
    if dispute.decided_on:
        raise FactRefused("dispute", reference, f"was answered on {dispute.decided_on}", "open a new dispute")
    wrong = wrong_of(connection, reader, dispute, on)
    may_decide(outcome, wrong)
    decided = DisputeDecided(
        borrower=dispute.borrower, loan=dispute.loan, on=on, known_on=on, reference=f"decided:{reference}",
        of=reference,
        outcome=outcome, reason=reason, by=by,
    )  # fmt: skip
    tell(connection, decided)
    tell(connection, HoldLifted(
        borrower=dispute.borrower, loan=dispute.loan, on=on, known_on=on, reference=f"lifted:{reference}",
        of=f"hold:{reference}", reason=f"dispute answered: {outcome}", by=by,
    ))  # fmt: skip
    _answer(connection, dispute, outcome, reason, wrong, on)
    return dispute_of(connection, reference)


def _answer(
    connection: psycopg.Connection[Any], dispute: Dispute, outcome: str, reason: str, wrong: Sequence[date], on: date
) -> None:
    """The finding, and word to both parties."""
    law = rule(LAW[dispute.bureau])
    months = [m.isoformat() for m in wrong]
    finding = law.finding(on, outcome, dispute=dispute.reference, loan=dispute.loan, wrong_months=months,
                          answer_by=dispute.answer_by.isoformat(), late_days=dispute.late_days(on))  # fmt: skip
    borrower, _ = borrower_number(connection, dispute.borrower)
    put_findings(connection, [(borrower, None, "bureau.dispute", finding)])
    word = {"corrected": "corrected", "accurate": "confirmed"}[outcome]
    values: dict[str, MessageValue] = {"reference": dispute.reference, "outcome": word, "reason": reason}
    letter = MessageBody(template="dispute-decided", purpose="service", response=True, to=None, values=values)
    _act(connection, dispute, on, "message.letter", "answer-borrower", letter)
    told = DisputeAnswerBody(
        bureau=dispute.bureau, dispute=dispute.reference, outcome=outcome,  # type: ignore[arg-type]
        reason=reason, months=tuple(wrong), loans=(dispute.loan,),
    )  # fmt: skip
    _act(connection, dispute, on, "bureau.dispute_answer", "answer-bureau", told)


def notified(
    connection: psycopg.Connection[Any],
    reference: str,
    party: Literal["borrower", "bureau"],
    on: date,
    channel: str = "",
) -> Told:
    """Record that a party was told of the answer. Raises FactRefused before there is one."""
    dispute = dispute_of(connection, reference)
    if dispute.decided_on is None:
        raise FactRefused("dispute", reference, "is not answered yet", "decide it first")
    return tell(connection, DisputeNotified(
        borrower=dispute.borrower, loan=dispute.loan, on=on, known_on=on, reference=f"notified:{reference}:{party}",
        of=reference, party=party, channel=channel,
    ))  # fmt: skip


def disagree(connection: psycopg.Connection[Any], reference: str, statement: str, on: date) -> Told:
    """Record that the borrower does not agree; the record then carries the statement's code. Raises FactRefused."""
    dispute = dispute_of(connection, reference)
    if dispute.decided_on is None:
        raise FactRefused("dispute", reference, "is not answered yet", "wait for the answer")
    return tell(connection, BorrowerDisagreed(
        borrower=dispute.borrower, loan=dispute.loan, on=on, known_on=on, reference=f"disagreed:{reference}",
        of=reference, statement=statement,
    ))  # fmt: skip
