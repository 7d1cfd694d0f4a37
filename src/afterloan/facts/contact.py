"""Facts of reaching a borrower: attempts and how they ended, consents, wishes, third persons who refused."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field, model_validator

from afterloan.facts.events import Event, Name, hidden

Channel = Literal["call", "ai_call", "visit", "sms", "email", "push", "chat", "letter", "webhook"]
Person = Literal["borrower", "guarantor", "debt_related", "third"]
Purpose = Literal["reminder", "collection", "service", "legal_notice", "locate", "access"]
Outcome = Literal["reached", "unanswered", "invalid", "not_connected", "delivered", "bounced"]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]

VOICE: frozenset[str] = frozenset({"call", "ai_call", "visit"})
"""Channels on which a conversation can come about."""


class ContactAttempted(Event):
    """Somebody was tried: written before the attempt is made, under a lock of the borrower.

    `loans`: the particular debts it is about (references). `prior_consent`: the borrower asked for this very
    contact within the last seven days; `response`: it answers one of the borrower's own.
    """

    KIND: ClassVar[str] = "contact.attempted"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(address="", who="")
    at: AwareDatetime
    channel: Channel
    address: str = ""
    person: Person = "borrower"
    who: str = ""
    purpose: Purpose
    loans: tuple[Name, ...] = ()
    language: str = ""
    by: str = ""
    prior_consent: bool = False
    response: bool = False


class ContactEnded(Event):
    """How an attempt ended: `of` is the attempt's reference. `reached`: the person asked for was spoken with."""

    KIND: ClassVar[str] = "contact.ended"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(note="")
    at: AwareDatetime
    of: Name
    outcome: Outcome
    note: str = ""


class ContactConsented(Event):
    """The borrower agreed to be reached on a channel that needs consent."""

    KIND: ClassVar[str] = "contact.consented"
    channel: Channel


class ContactOptedOut(Event):
    """The borrower no longer wants a channel, or (`all`) to be contacted at all."""

    KIND: ClassVar[str] = "contact.opted_out"
    channel: Channel | Literal["all"]


class ContactWished(Event):
    """The borrower's wish: only between two times of the day, in a language; later wishes replace earlier ones.

    A wish that names a language alone leaves the hours as they are, and one of hours the language; a wish that names
    nothing takes the hours back, as 00:00 to 24:00 does.
    """

    KIND: ClassVar[str] = "contact.wished"
    not_before: Clock | None = None
    not_after: Clock | None = None
    language: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ContactWished":
        if self.not_before and self.not_after and self.not_before >= self.not_after:
            raise ValueError(f"not_before {self.not_before} is not before not_after {self.not_after}")
        return self


class HoursAgreed(Event):
    """The borrower agreed to be contacted between two times although the law's quiet hours cover them."""

    KIND: ClassVar[str] = "contact.hours_agreed"
    not_before: Clock
    not_after: Clock


class ThirdPersonRefused(Event):
    """A contact person asked to be left alone: never again."""

    KIND: ClassVar[str] = "contact.third_person_refused"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(who="-")
    who: Name


class ThirdPersonNamed(Event):
    """The borrower named a person through whom to be found, and how that person stands to the debt."""

    KIND: ClassVar[str] = "contact.third_person_named"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(who="-", address="")
    who: Name
    person: Literal["guarantor", "debt_related", "third"]
    address: str = ""
