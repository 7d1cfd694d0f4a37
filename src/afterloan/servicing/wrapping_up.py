"""Verbs that end a conversation: its outcome and all that was agreed in it, in one act, and a call-back by itself."""

from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, model_validator

from afterloan.facts import FactRefused
from afterloan.facts.contact import Channel, ContactAttempted, ContactEnded, ContactOptedOut
from afterloan.facts.events import Event, read_event
from afterloan.facts.hold import HoldKind, HoldPlaced
from afterloan.facts.person import CallBackAgreed, CaseNoted
from afterloan.facts.promise import PromiseMade
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.contacts import Attempt, admit, place_in
from afterloan.store.details import details_of
from afterloan.store.events import events_of, tell
from afterloan.store.promises import promise_fits

Ending = Literal[
    "will_pay", "cannot_pay", "will_not", "disputes", "wrong_person", "stop", "no_answer", "wrong_number", "call_back"
]
OUTCOMES: dict[str, str] = {
    "will_pay": "reached",
    "cannot_pay": "reached",
    "will_not": "reached",
    "disputes": "reached",
    "wrong_person": "invalid",
    "stop": "reached",
    "no_answer": "unanswered",
    "wrong_number": "invalid",
    "call_back": "reached",
}
"""What each ending is as the outcome of a contact: only who was asked for counts as reached."""


class PromiseTaken(Asked):
    """What was promised in the conversation."""

    amount_fen: int = Field(gt=0, le=10**12)
    due_on: date
    loan: str | None = None


class HoldAsked(Asked):
    """What pauses from now on, and why."""

    hold: HoldKind
    reason: str = Field(min_length=1, max_length=2_000)
    ends_on: date | None = None
    review_on: date | None = None


class WrapUp(Asked):
    """How a conversation with `borrower` ended, and what was agreed.

    `of`: the attempt on record; empty: it was not asked for before, and is put on record now. `call_back_at` needs the
    ending call_back; a promise needs will_pay or cannot_pay.
    """

    borrower: str
    ending: Ending
    at: AwareDatetime
    of: str = ""
    channel: Channel = "call"
    address: str = ""
    note: str = Field("", max_length=4_000)
    promise: PromiseTaken | None = None
    hold: HoldAsked | None = None
    call_back_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _fits(self) -> "WrapUp":
        if self.promise and self.ending not in ("will_pay", "cannot_pay", "call_back"):
            raise ValueError(f"promise: nobody promises who {self.ending.replace('_', ' ')}; choose another ending")
        if (self.ending == "call_back") != (self.call_back_at is not None):
            raise ValueError("call_back_at: goes with the ending call_back, and that with it")
        return self


def wrap_up(desk: Desk, asked: WrapUp, on: date) -> dict[str, Any]:
    """Tell all of it, or nothing. A contact that broke a rule happened all the same: it is kept, and the answer says.

    The events are named after the act: `REFERENCE/ended`, `/promise`, `/hold`, `/call-back`, `/note`, `/stop`.
    """
    against = _on_record(desk, asked, on)
    of = asked.of or f"{desk.reference}/attempt"
    ended: dict[str, Any] = {"at": asked.at, "of": of, "outcome": OUTCOMES[asked.ending], "note": asked.note[:500]}
    told = {"ended": _told(desk, asked, on, "ended", ContactEnded, **ended)}
    by = {"by": desk.who.name}
    if asked.promise:
        promise = {**asked.promise.model_dump(), "at": asked.at, "channel": asked.channel, **by}
        told["promise"] = _told(desk, asked, on, "promise", PromiseMade, **promise)
    if asked.hold:
        told["hold"] = _told(desk, asked, on, "hold", HoldPlaced, **asked.hold.model_dump(), **by)
    if asked.ending == "stop":
        told["stop"] = _told(desk, asked, on, "stop", ContactOptedOut, channel=asked.channel)
    if asked.call_back_at:
        back = {"at": asked.call_back_at, "call_on": _day_there(desk, asked, on), "note": asked.note[:500], **by}
        told["call_back"] = _told(desk, asked, on, "call-back", CallBackAgreed, **back)
    if asked.note:
        told["note"] = _told(desk, asked, on, "note", CaseNoted, text=asked.note, **by)
    return {"borrower": asked.borrower, "ending": asked.ending, "against_rule": against, "told": told}


def _on_record(desk: Desk, asked: WrapUp, on: date) -> str:
    """The attempt on record; returns the rule that it broke, "" for none. Raises FactRefused (unknown)."""
    if asked.of:
        kinds = [ContactAttempted.KIND, ContactEnded.KIND]
        told = events_of(desk.connection, asked.borrower, kinds)
        if not any(e.reference == asked.of for e in told):
            raise FactRefused("of", asked.of, "no contact of that reference with this borrower", "leave it out",
                              "unknown")  # fmt: skip
        if any(isinstance(e, ContactEnded) and e.of == asked.of for e in told):
            raise FactRefused("of", asked.of, "was wrapped up already", "look at the case again", "conflict")
        return ""
    name = f"{desk.reference}/attempt"
    attempt = Attempt(asked.borrower, asked.channel, "collection", asked.at, name, asked.address, by=desk.who.name)
    verdict = admit(desk.connection, attempt)
    if verdict.allowed:
        return ""
    more = {"channel": asked.channel, "purpose": "collection", "at": asked.at, "address": asked.address}
    _told(desk, asked, on, "attempt", ContactAttempted, by=desk.who.name, **more)
    return verdict.rule or verdict.why


def _told(desk: Desk, asked: WrapUp, on: date, part: str, kind: type[Event], **more: Any) -> str:
    """Tell one part under a name of its own; returns the name."""
    name = f"{desk.reference}/{part}"
    event = read_event(kind, {"borrower": asked.borrower, "on": on, "known_on": on, "reference": name, **more})
    if isinstance(event, PromiseMade):
        promise_fits(desk.connection, event)
    tell(desk.connection, event)
    return name


def _day_there(desk: Desk, asked: WrapUp, on: date) -> date:
    assert asked.call_back_at is not None
    return _local_day(desk, asked.borrower, asked.call_back_at, on)


def _local_day(desk: Desk, borrower: str, at: datetime, on: date) -> date:
    """The borrower's own day of a moment. Raises FactRefused for one that is over."""
    attributes = details_of(desk.connection, borrower, on, on).attributes
    day = at.astimezone(ZoneInfo(place_in(desk.connection, attributes).zones[0])).date()
    if day < on:
        raise FactRefused("call_back_at", at.isoformat(), "is over", "agree on a moment to come")
    return day


class CallBack(Asked):
    """`borrower` asked to be called back `at` a moment."""

    borrower: str
    at: AwareDatetime
    note: str = Field("", max_length=500)


def call_back(desk: Desk, asked: CallBack, on: date) -> dict[str, Any]:
    """A task of that day; done by the next contact, or by a person."""
    day = _local_day(desk, asked.borrower, asked.at, on)
    told = {"borrower": asked.borrower, "on": on, "known_on": on, "reference": desk.reference, "by": desk.who.name}
    done = tell(desk.connection, read_event(CallBackAgreed, {**told, "at": asked.at, "call_on": day,
                                                             "note": asked.note}))  # fmt: skip
    return {"borrower": asked.borrower, "event": done.event, "call_on": day.isoformat()}
