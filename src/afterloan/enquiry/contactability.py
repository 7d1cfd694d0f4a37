"""How a borrower may be contacted at a moment: every channel and purpose at once, and nothing recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.enquiry.furnished import borrower_told
from afterloan.enquiry.rules import RuleTold, rule_told
from afterloan.facts.contact import ThirdPersonNamed
from afterloan.store.contacts import Attempt, defaults_of, place_in, would_admit
from afterloan.store.events import events_of
from afterloan.strategy.governor import Verdict

CHANNELS = ("call", "visit", "sms", "email", "chat", "letter")
PURPOSES = ("collection", "service", "legal_notice")
PHONES = ("mobile", "phone")
ASKED = "only asked"
"""The reference of an attempt that is not made."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether one channel may be used now. `next_at`: the next permitted moment; None: waiting does not help.

    `rules`: every rule that refuses, the weightiest first; empty where it is allowed or no rule says so.
    """

    channel: str
    purpose: str
    who: str
    allowed: bool
    why: str
    next_at: datetime | None
    rules: tuple[RuleTold, ...]

    def told(self) -> dict[str, Any]:
        """JSON values; the moment in the borrower's own zone."""
        return asdict(self) | {"next_at": self.next_at.isoformat() if self.next_at else None}


@dataclass(frozen=True, slots=True)
class Contactability:
    """All answers for a borrower at a moment (on the borrower's clock, in the first of `zones`)."""

    borrower: str
    at: datetime
    jurisdiction: str
    zones: tuple[str, ...]
    language: str
    answers: tuple[Reach, ...]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        plain: dict[str, Any] = {
            "borrower": self.borrower,
            "at": self.at.isoformat(),
            "jurisdiction": self.jurisdiction,
        }
        plain |= {"zones": list(self.zones), "language": self.language}
        return plain | {"answers": [answer.told() for answer in self.answers]}

    def of(self, channel: str, purpose: str = "collection") -> Reach:
        """The answer for the borrower by a channel and a purpose."""
        return next(a for a in self.answers if (a.channel, a.purpose, a.who) == (channel, purpose, ""))


def contactability(
    connection: psycopg.Connection[Any],
    borrower: str,
    at: datetime,
    channels: Sequence[str] = CHANNELS,
    purposes: Sequence[str] = PURPOSES,
) -> Contactability:
    """Ask the governor about each channel and purpose, and about calling each person whom the borrower named.

    Nothing is recorded: who then contacts is judged again, on record. Raises FactRefused (unknown).
    """
    _, attributes = borrower_told(connection, borrower)
    place = place_in(connection, attributes)
    zone = ZoneInfo(place.zones[0])
    number = next((str(attributes[name]) for name in PHONES if attributes.get(name)), "")
    attempts = [
        Attempt(borrower, channel, purpose, at, ASKED, number if channel == "call" else "", language=place.language)
        for channel in channels
        for purpose in purposes
    ]
    attempts += _persons(connection, borrower, at)
    verdicts = would_admit(connection, attempts)
    answers = tuple(_reach(a, v, zone) for a, v in zip(attempts, verdicts, strict=True))
    return Contactability(borrower, at.astimezone(zone), place.jurisdiction, place.zones, place.language, answers)


def _persons(connection: psycopg.Connection[Any], borrower: str, at: datetime) -> list[Attempt]:
    """A call to each person named, asking only to pass a request on; to a guarantor, about the debt."""
    named = {
        e.who: e for e in events_of(connection, borrower, [ThirdPersonNamed.KIND]) if isinstance(e, ThirdPersonNamed)
    }
    return [
        Attempt(
            borrower, "call", "locate" if e.person == "third" else "collection", at, ASKED, e.address, e.person, e.who,
            tells_debt=e.person != "third",
        )
        for e in named.values()
    ]  # fmt: skip


def _reach(attempt: Attempt, verdict: Verdict, zone: ZoneInfo) -> Reach:
    rules = tuple(told for f in verdict.findings if (told := rule_told(f.rule)) is not None)
    next_at = verdict.next_at.astimezone(zone) if verdict.next_at else None
    return Reach(attempt.channel, attempt.purpose, attempt.who, verdict.allowed, verdict.why, next_at, rules)


@dataclass(frozen=True, slots=True)
class MayCall:
    """Whether an agent may call a borrower now, in a row of a list."""

    allowed: bool
    why: str
    next_at: datetime | None


def may_call(connection: psycopg.Connection[Any], borrowers: Iterable[str], at: datetime) -> dict[str, MayCall]:
    """For many borrowers (references): whether each may be called about the debt at a moment; nothing is recorded."""
    attempts = [Attempt(borrower, "call", "collection", at, ASKED) for borrower in borrowers]
    verdicts = would_admit(connection, attempts)
    zone = ZoneInfo(str(defaults_of(connection)["zone"]))
    return {
        a.borrower: MayCall(v.allowed, v.why, v.next_at.astimezone(zone) if v.next_at else None)
        for a, v in zip(attempts, verdicts, strict=True)
    }


def at_noon(on: date, zone: str) -> datetime:
    """Noon of a day at a place: the moment of a page that looks at another day than today's."""
    return datetime(on.year, on.month, on.day, 12, tzinfo=ZoneInfo(zone))
