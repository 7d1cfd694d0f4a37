"""Facts of collecting from a borrower's own account: mandates, attempts under them, and what the bank said."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from afterloan.facts.events import Event, Name, hidden

Rail = Literal["gateway", "pain008", "nacha", "batch_csv"]
"""How an attempt leaves: through the HTTP gateway, or collected into a file of one of three forms."""
Source = Literal["wallet", "account", "card"]
AttemptId = Annotated[str, Field(pattern=r"^D[A-Z2-7]{14}$")]
"""`D` and 14 letters of base 32: fits the 15 characters of a NACHA individual number and ISO's 35."""
Amount = Annotated[int, Field(gt=0, le=10**12)]


class MandateSigned(Event):
    """The borrower let us collect from one source. `reference` is the mandate's own; `on` the day it was signed.

    `loan` None: for all loans of the borrower; else for that one only. `ceiling_fen`: most in one debit;
    `ceiling_month_fen`: most in a calendar month (None: no limit agreed). Of several the lower `turn` is tried first.
    `account_type` matters where the scheme asks for it (NACHA). `less_allowed`: whether less than is owed may be
    asked for.
    """

    KIND: ClassVar[str] = "mandate.signed"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(account="-", bank="", holder="")
    source: Source
    account: Annotated[str, Field(min_length=1, max_length=34, pattern=r"^[A-Za-z0-9._-]+$")]
    bank: Annotated[str, Field(max_length=35)] = ""
    holder: Annotated[str, Field(max_length=70)] = ""
    rail: Rail = "gateway"
    ceiling_fen: Amount | None = None
    ceiling_month_fen: Amount | None = None
    turn: Annotated[int, Field(ge=0, le=99)] = 0
    account_type: Literal["current", "savings"] = "current"
    less_allowed: bool = True


class MandateRevoked(Event):
    """The authority ended: by the borrower, or because the bank said that it will never be honoured again."""

    KIND: ClassVar[str] = "mandate.revoked"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="")
    of: Name
    by: str = "borrower"
    reason: str = ""


class MandateResumed(Event):
    """A person looked at a mandate (`of`) that rested after failures: debits under it are tried again from `at` on."""

    KIND: ClassVar[str] = "mandate.resumed"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    of: Name
    at: AwareDatetime
    by: Name
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class DebitPart(BaseModel):
    """The share of a debit that is for one loan."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    loan: Name
    amount_fen: Amount


class DebitAttempted(Event):
    """The bank is about to be asked, told before the asking: what was told may have been sent, and nothing else was.

    `reference` is the attempt's identity everywhere: idempotency key, end-to-end id, NACHA individual number.
    `parts` sum to `amount_fen`. `represents`: the failed attempt whose money this one asks for again.
    """

    KIND: ClassVar[str] = "debit.attempted"
    reference: AttemptId
    at: AwareDatetime
    mandate: Name
    rail: Rail
    amount_fen: Amount
    parts: Annotated[tuple[DebitPart, ...], Field(min_length=1, max_length=100)]
    action: str = ""
    represents: AttemptId | None = None

    @model_validator(mode="after")
    def _whole(self) -> "DebitAttempted":
        total = sum(part.amount_fen for part in self.parts)
        if total != self.amount_fen:
            raise ValueError(f"parts sum to {total}, the debit is of {self.amount_fen}")
        return self


class DebitFiled(Event):
    """An attempt was written into a file for the bank."""

    KIND: ClassVar[str] = "debit.filed"
    of: AttemptId
    file: Name


class DebitOutcome(Event):
    """What the bank said of an attempt; `of` is the attempt, `bank_reference` the bank's own name for it."""

    of: AttemptId
    bank_reference: Annotated[str, Field(max_length=140)] = ""


class DebitSucceeded(DebitOutcome):
    """Money was taken on `on`: all of the attempt, or part of it where the bank takes what is there."""

    KIND: ClassVar[str] = "debit.succeeded"
    amount_fen: Amount


class DebitFailed(DebitOutcome):
    """No money was taken. `reason` is a word of ours (pack debit/reasons), `code` what the bank wrote."""

    KIND: ClassVar[str] = "debit.failed"
    reason: Annotated[str, Field(min_length=1, max_length=40)]
    code: Annotated[str, Field(max_length=40)] = ""


class DebitReturned(DebitOutcome):
    """Money taken before went back, days later: refused by the payer, or never there."""

    KIND: ClassVar[str] = "debit.returned"
    reason: Annotated[str, Field(min_length=1, max_length=40)]
    code: Annotated[str, Field(max_length=40)] = ""
