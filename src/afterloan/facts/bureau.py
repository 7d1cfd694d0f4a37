"""Facts between the lender, a borrower and a bureau: notices, rejections, disputes and what came of them."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from afterloan.facts.events import Event, Name, hidden

Bureau = Literal["metro2", "pboc", "neutral"]
Claim = Literal["status", "amount", "date", "account", "identity", "fraud"]
"""What a dispute says is wrong. There is no claim "please delete": accurate data cannot be disputed away."""
Text = Annotated[str, Field(min_length=1, max_length=4_000)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AdverseNoticeDelivered(Event):
    """The borrower was told beforehand that adverse information on `loan` goes to a bureau. `key`: the action's."""

    KIND: ClassVar[str] = "bureau.notice_delivered"
    loan: Name
    bureau: Bureau
    key: Name
    channel: str = ""


class FurnishedBefore(Event):
    """What a bureau was told of `loan` for a month before it was in this book. `status`: the bureau's own word."""

    KIND: ClassVar[str] = "bureau.furnished_before"
    loan: Name
    bureau: Bureau
    month_end: date
    status: Annotated[str, Field(min_length=1, max_length=40)]
    adverse: bool = False


class BureauRejected(Event):
    """A bureau did not take what was furnished of a loan for a month; `turn`: which report of that month."""

    KIND: ClassVar[str] = "bureau.rejected"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    loan: Name
    bureau: Bureau
    month_end: date
    turn: Annotated[int, Field(ge=0)]
    field: str = ""
    code: str
    reason: str


class DisputeOpened(Event):
    """Somebody says that what was furnished of `loan` for `months` is wrong. `by`: borrower, bureau or staff."""

    KIND: ClassVar[str] = "bureau.dispute_opened"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(statement="-")
    loan: Name
    bureau: Bureau
    months: Annotated[tuple[date, ...], Field(min_length=1, max_length=120)]
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]
    statement: Text
    by: Literal["borrower", "bureau", "staff"]
    after_free_report: bool = False


class EvidenceReceived(Event):
    """A document to a dispute (`of`: its reference), named by its SHA-256; it may lengthen the clock."""

    KIND: ClassVar[str] = "bureau.evidence_received"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(what="-")
    of: Name
    what: Text
    sha256: Hash
    lengthens: bool = False


class FraudConfirmed(Event):
    """The account was opened by somebody else: proven by a document, found by one person and confirmed by another."""

    KIND: ClassVar[str] = "bureau.fraud_confirmed"
    loan: Name
    sha256: Hash
    found_by: Name
    confirmed_by: Name

    @model_validator(mode="after")
    def _two_people(self) -> "FraudConfirmed":
        if self.found_by == self.confirmed_by:
            raise ValueError("found_by and confirmed_by are one person; a second one must confirm")
        return self


class DisputeDecided(Event):
    """A dispute was answered. What is amended is not said here: it is what the book reckons otherwise."""

    KIND: ClassVar[str] = "bureau.dispute_decided"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    of: Name
    outcome: Literal["corrected", "accurate"]
    reason: Text
    by: Name


class BorrowerDisagreed(Event):
    """The borrower does not agree with the answer to a dispute; the statement goes with the record."""

    KIND: ClassVar[str] = "bureau.borrower_disagreed"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(statement="-")
    of: Name
    statement: Text


class CorrectionFurnished(Event):
    """An amended record of a month went to the bureau. `record`: 212, 213, 214 or the Metro 2 act."""

    KIND: ClassVar[str] = "bureau.correction_furnished"
    loan: Name
    bureau: Bureau
    month_end: date
    record: str
    of: Name | None = None


class DisputeNotified(Event):
    """A party was told of the answer to a dispute."""

    KIND: ClassVar[str] = "bureau.dispute_notified"
    of: Name
    party: Literal["borrower", "bureau"]
    channel: str = ""


class GuarantorPaid(Event):
    """A guarantor or another person paid debt of `loan` (special transaction 2)."""

    KIND: ClassVar[str] = "bureau.guarantor_paid"
    loan: Name


class AssetsTaken(Event):
    """Debt of `loan` was settled with assets (special transaction 3)."""

    KIND: ClassVar[str] = "bureau.assets_taken"
    loan: Name


class SpecialTransaction(Event):
    """Another special transaction of the PBoC's list on `loan`: an extension (1), a haircut (11), a deferral (16) …"""

    KIND: ClassVar[str] = "bureau.special_transaction"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(text="")
    loan: Name
    code: Annotated[str, Field(pattern=r"^\d{1,2}$")]
    months_moved: Annotated[int, Field(ge=-120, le=120)] = 0
    amount_fen: Annotated[int, Field(ge=0, le=10**12)] = 0
    text: str = ""
