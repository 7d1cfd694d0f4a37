"""Verbs about bureaus: disputes opened, evidenced, answered, told; a bureau's answer taken."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import psycopg
from pydantic import Field

from afterloan.bureau.places import wrong_sender
from afterloan.enquiry.furnished import bureau_of
from afterloan.facts import FactRefused
from afterloan.facts.bureau import AdverseNoticeDelivered, Bureau, DisputeOpened, FraudConfirmed
from afterloan.facts.events import read_event
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.relief import Evidence
from afterloan.servicing import disputes, rejections
from afterloan.servicing.asked import Asked, AskedFile
from afterloan.servicing.desk import Desk
from afterloan.store.events import tell
from afterloan.store.settings import Setting, set_parts

FRAUD_REVIEW = timedelta(days=30)
"""After this time somebody looks again at the hold of a borrower in whose name another borrowed."""


class NoticeDelivered(Asked):
    """The notice that adverse information on `loan` goes to `bureau` was delivered to the borrower, how, and when."""

    loan: str
    bureau: Bureau
    channel: str = ""
    happened_on: date | None = None


def notice_delivered(desk: Desk, asked: NoticeDelivered, on: date) -> dict[str, Any]:
    """Tell that a notice arrived: the next furnishing with a later day reports the loan, and the task of it ends."""
    (borrower,) = desk.touched.values()
    happened = asked.happened_on or on
    key = f"notice.adverse:{asked.bureau}:{asked.loan}"
    told: dict[str, Any] = {"borrower": borrower, "on": happened, "known_on": on, "reference": desk.reference}
    told |= {"loan": asked.loan, "bureau": asked.bureau, "key": key, "channel": asked.channel}
    tell(desk.connection, read_event(AdverseNoticeDelivered, told))
    return {"loan": asked.loan, "bureau": asked.bureau, "delivered_on": happened.isoformat()}


class ConfirmFraud(Asked):
    """The account `loan` was opened by somebody else; `sha256` names the document that proves it."""

    loan: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    happened_on: date | None = None


def confirm_fraud(desk: Desk, asked: ConfirmFraud, on: date) -> dict[str, Any]:
    """What one person found and proposed, a second confirms: the account is taken back at the bureau.

    Who found it is who proposed it, who confirms is who approves: neither is told as a word. The borrower's treatment
    stops by a hold `fraud_claim`, to be looked at again after a month. Refused without a second person.
    """
    if not desk.proposed_by:
        raise FactRefused(
            "verb", "bureau.fraud_confirmed", "one person found it; another has to confirm",
            f"propose it: `afterloan propose bureau.fraud_confirmed loan={asked.loan} sha256=…`; another approves",
            "needs_second_person",
        )  # fmt: skip
    (borrower,) = desk.touched.values()
    told: dict[str, Any] = {"borrower": borrower, "known_on": on, "loan": asked.loan}
    found = {**told, "on": asked.happened_on or on, "reference": desk.reference, "sha256": asked.sha256}
    found |= {"found_by": desk.proposed_by, "confirmed_by": desk.who.name}
    tell(desk.connection, read_event(FraudConfirmed, found))
    held = {**told, "on": on, "reference": f"{desk.reference}:hold", "hold": "fraud_claim", "by": desk.who.name}
    held |= {"reason": f"fraud confirmed on {asked.loan}", "review_on": on + FRAUD_REVIEW}
    tell(desk.connection, read_event(HoldPlaced, held))
    return {"loan": asked.loan, "found_by": desk.proposed_by, "confirmed_by": desk.who.name, "hold": held["reference"]}


class OpenDispute(Asked):
    """What was furnished of `loan` for some `months` (their last days) is wrong, says `party`.

    `bureau`: that of the borrower's place unless given.
    """

    borrower: str
    loan: str
    bureau: str = ""
    months: tuple[date, ...]
    claims: tuple[str, ...] = ("status",)
    statement: str
    party: Literal["borrower", "bureau", "staff"] = "borrower"


def open_dispute(desk: Desk, asked: OpenDispute, on: date) -> dict[str, Any]:
    """Flag the record, hold treatment until the answer, and start the clock of the law (`answer_by`)."""
    told = asked.model_dump(exclude={"party"}) | {"by": asked.party}
    told |= {"on": on, "known_on": on, "reference": desk.reference}
    told["bureau"] = asked.bureau or bureau_of(desk.connection, asked.borrower)
    event = read_event(DisputeOpened, told)
    assert isinstance(event, DisputeOpened)
    disputes.open_dispute(desk.connection, event)
    dispute = disputes.dispute_of(desk.connection, desk.reference)
    return {"dispute": desk.reference, "loan": asked.loan, "answer_by": dispute.answer_by.isoformat()}


class _OfDispute(Asked):
    """A dispute by its reference `of`."""

    of: str

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose it is."""
        return [disputes.dispute_of(connection, self.of).borrower]


class TakeEvidence(_OfDispute):
    """A document to the dispute `of`: `what` it shows; `lengthens`: the law gives more days for it."""

    paper: Evidence
    what: str
    lengthens: bool = False


def take_evidence(desk: Desk, asked: TakeEvidence, on: date) -> dict[str, Any]:
    """Keep the document's digest with the dispute."""
    disputes.take_evidence(desk.connection, asked.of, asked.paper, asked.what, on, asked.lengthens)
    return {"dispute": asked.of, "answer_by": disputes.dispute_of(desk.connection, asked.of).answer_by.isoformat()}


class DecideDispute(_OfDispute):
    """The dispute `of` is answered: as the book reckons, for a `reason`."""

    outcome: Literal["corrected", "accurate"]
    reason: str = Field(min_length=1, max_length=4_000)


def decide_dispute(desk: Desk, asked: DecideDispute, on: date) -> dict[str, Any]:
    """Answer it, lift the hold, and ask for word to the borrower and the bureau."""
    by = desk.who.name
    dispute = disputes.decide(desk.connection, desk.reader, asked.of, asked.outcome, asked.reason, by, on)
    return {"dispute": asked.of, "outcome": str(dispute.outcome), "late_days": dispute.late_days(on)}


class Disagree(_OfDispute):
    """The borrower does not agree with the answer to the dispute `of`; `statement` says why."""

    statement: str = Field(min_length=1, max_length=4_000)


def disagree(desk: Desk, asked: Disagree, on: date) -> dict[str, Any]:
    """Keep the statement: the record carries it from the next furnishing on."""
    disputes.disagree(desk.connection, asked.of, asked.statement, on)
    return {"dispute": asked.of}


class Notified(_OfDispute):
    """A `party` was told of the answer to the dispute `of`."""

    party: Literal["borrower", "bureau"]


def notified(desk: Desk, asked: Notified, on: date) -> dict[str, Any]:
    """Keep that the party was told."""
    disputes.notified(desk.connection, asked.of, asked.party, on)
    return {"dispute": asked.of, "party": asked.party}


class TakeRejections(AskedFile):
    """A bureau's answer for a month (its last day)."""

    bureau: str
    month_end: date


def take_rejections(desk: Desk, asked: TakeRejections, on: date) -> dict[str, Any]:
    """One act for the file: each row that was not taken becomes a fact and a task; refused rows leave the others."""
    raw = asked.content
    taken = rejections.take_response(desk.connection, raw, asked.bureau, asked.month_end, on)
    return {"recorded": taken.recorded, "known": taken.known, "refused": [list(row) for row in taken.refused]}


NameOfField = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]


class NameSender(Asked):
    """Who furnishes to `bureau`, as its form asks: identification_number, reporter_name …; none: nothing is kept."""

    bureau: Bureau
    sender: Mapping[NameOfField, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict, max_length=20)


def name_sender(desk: Desk, asked: NameSender, on: date) -> dict[str, Any]:
    """Keep it for every month that is furnished from now on; what is told with a month goes before it.

    Raises FactRefused for what the bureau's form cannot carry.
    """
    wrong = wrong_sender(asked.bureau, asked.sender) if asked.sender else ""
    if wrong:
        raise FactRefused("sender", asked.bureau, wrong, "copy the number that the bureau gave you")
    set_parts(desk.connection, Setting.SENDER, {asked.bureau: dict(asked.sender)})
    return {"bureau": asked.bureau, "sender": dict(asked.sender)}
