"""The door of the contact governor: attempts are counted and written under a lock of the borrower."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.facts.contact import (
    Channel,
    ContactAttempted,
    ContactConsented,
    ContactEnded,
    ContactOptedOut,
    ContactWished,
    HoursAgreed,
    ThirdPersonNamed,
    ThirdPersonRefused,
)
from afterloan.facts.events import Event, event_of, read_event
from afterloan.facts.hold import HOLD_KINDS
from afterloan.facts.promise import PromiseMade, PromiseWithdrawn
from afterloan.rules.packs import Finding
from afterloan.store.events import BODY, words_of_event
from afterloan.store.locks import lock_borrowers, lock_setting
from afterloan.store.outbox import put_findings
from afterloan.store.repaid import repaid_by
from afterloan.store.settings import Setting, set_parts, setting
from afterloan.strategy.governor import ContactStanding, Past, Place, Request, Verdict, contact_rules, judge
from afterloan.strategy.places import place_of, zone_known
from afterloan.strategy.promises import Money, holds_on

DEFAULTS = {"jurisdiction": "CN", "zone": "Asia/Shanghai", "language": "zh-CN", "lender_type": None}
DEMANDED = ("legal_notice",)
"""Purposes that the law demands: they go also to a borrower whose place cannot be told."""
SKEW_SECONDS = 300
"""Clocks of two workers may differ by this much: a moment that is a little early is taken as the newest on record."""

PROMISE_KINDS = (PromiseMade.KIND, PromiseWithdrawn.KIND)
"""What places and ends the hold of a promise."""
STANDING_KINDS = (
    ContactConsented.KIND,
    ContactOptedOut.KIND,
    ContactWished.KIND,
    HoursAgreed.KIND,
    ThirdPersonRefused.KIND,
    *HOLD_KINDS,
)
PAST_KINDS = (ContactAttempted.KIND, ContactEnded.KIND)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A contact about to be made. `borrower`: reference; `reference`: unique to the attempt (the action's key).

    `by_ladder`: a ladder sends it by itself; nobody asked for it.
    """

    borrower: str
    channel: str
    purpose: str
    at: datetime
    reference: str
    address: str = ""
    person: str = "borrower"
    who: str = ""
    loans: tuple[str, ...] = ()
    language: str = ""
    tells_debt: bool = True
    prior_consent: bool = False
    response: bool = False
    by: str = Who.rule("drain").name
    by_ladder: bool = False


def defaults_of(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """The lender's own place: setting `place`, else DEFAULTS."""
    return with_defaults(setting(connection, Setting.PLACE))


def with_defaults(place: Mapping[str, Any]) -> dict[str, Any]:
    """What the setting `place` says, and DEFAULTS where it says nothing."""
    return {**DEFAULTS, **place}


def place_in(connection: psycopg.Connection[Any], attributes: Mapping[str, Any] | None) -> Place:
    """Where a borrower with these attributes is, the lender's own place where they say nothing."""
    return place_of(attributes or {}, defaults_of(connection))


def set_defaults(connection: psycopg.Connection[Any], **told: Any) -> None:
    """Set the lender's place: `jurisdiction`, `zone`, `language`, `lender_type`. Raises FactRefused."""
    unknown = set(told) - set(DEFAULTS)
    if unknown:
        raise FactRefused("place", sorted(unknown)[0], "is no part of a place", f"there are: {', '.join(DEFAULTS)}")
    if "zone" in told:
        zone_known(told["zone"])
    lock_setting(connection, Setting.PLACE)
    set_parts(connection, Setting.PLACE, {**defaults_of(connection), **told})


def standing_of(events: Iterable[Event], on: date, place: Place, money: Sequence[Money] = ()) -> ContactStanding:
    """What the events of a borrower (in order) say of how they may be contacted on a day.

    `money`: the repayments that stand, for the promises among the events: while one is pending nobody presses.
    """
    consents: set[str] = set()
    out: set[str] = set()
    refused: set[str] = set()
    wished: tuple[str, str] | None = None
    agreed: tuple[str, str] | None = None
    language = ""
    events = list(events)
    for event in events:
        if isinstance(event, ContactConsented):
            consents.add(event.channel)
            if "all" in out:  # who wanted nothing and now agrees to one channel still wants no other
                out = set(get_args(Channel))
            out.discard(event.channel)
        elif isinstance(event, ContactOptedOut):
            out.add(event.channel)
            consents = set() if event.channel == "all" else consents - {event.channel}
        elif isinstance(event, ContactWished):
            if event.not_before or event.not_after or not event.language:  # a language says nothing of hours
                wished = (event.not_before or "00:00", event.not_after or "24:00")
            language = event.language or language
        elif isinstance(event, HoursAgreed):
            agreed = (event.not_before, event.not_after)
        elif isinstance(event, ThirdPersonRefused):
            refused.add(event.who)
    holds = holds_on(events, money, on, place.jurisdiction)
    lost = any(h.hold == "deceased" for h in holds)
    return ContactStanding(
        frozenset(consents),
        frozenset(out),
        wished if wished != ("00:00", "24:00") else None,
        agreed,
        language,
        frozenset(refused),
        lost,
        tuple(h.rule for h in holds),
    )


def named_persons(events: Iterable[Event]) -> dict[str, str]:
    """The persons whom the borrower named, and how each stands to the debt: guarantor, debt_related or third."""
    return {event.who: event.person for event in events if isinstance(event, ThirdPersonNamed)}


def _stranger(attempt: Attempt, events: Iterable[Event]) -> str:
    """Why a person who is not the borrower may not be contacted, whatever the law of the place; empty: on file so."""
    if attempt.person == "borrower":
        return ""
    named = named_persons(events)
    if attempt.who not in named:
        how = f"`afterloan contact name {attempt.borrower} WHO --person {attempt.person}`"
        return f"{attempt.who or 'the person'} was named by nobody; if the borrower did: {how}"
    if named[attempt.who] != attempt.person:
        return f"{attempt.who} is on file as {named[attempt.who]}, not as {attempt.person}"
    return ""


def past_of(events: Iterable[Event]) -> list[Past]:
    """The attempts among a borrower's events, each with how it ended (the first word told of it)."""
    events = list(events)
    ended: dict[str, str] = {}
    for event in events:
        if isinstance(event, ContactEnded):
            ended.setdefault(event.of, event.outcome)
    return [
        Past(
            e.at,
            e.channel,
            e.person,
            e.who,
            e.address,
            e.loans,
            ended.get(e.reference, ""),
            e.prior_consent,
            e.response,
        )
        for e in events
        if isinstance(e, ContactAttempted)
    ]


def _request(attempt: Attempt, place: Place, at: datetime) -> Request:
    return Request(
        at,
        attempt.channel,
        attempt.purpose,
        place.zones,
        attempt.person,
        attempt.who,
        attempt.address,
        attempt.loans,
        attempt.language,
        attempt.tells_debt,
        attempt.prior_consent,
        attempt.response,
        attempt.by_ladder,
    )


@dataclass(slots=True)
class _Known:
    """A borrower as read under the lock."""

    number: int
    shard: int
    place: Place
    events: list[Event] = field(default_factory=list)
    money: Sequence[Money] = ()
    keys: set[str] = field(default_factory=set)
    key: bytes | None = None
    """Of the borrower's row, under which what tells of a person is kept."""


def admit(connection: psycopg.Connection[Any], attempt: Attempt) -> Verdict:
    """Ask the governor in the caller's transaction, which must be READ COMMITTED; see `admit_many`."""
    return admit_many(connection, [attempt])[0]


def admit_many(connection: psycopg.Connection[Any], attempts: Sequence[Attempt]) -> list[Verdict]:
    """A verdict for each attempt; those allowed are on record as `contact.attempted`, refusals as findings.

    The borrowers stay locked until the caller's transaction ends, so no two workers count the same attempt.
    A reference that was allowed before is answered so again and written once; a refused one is judged anew.
    Raises FactRefused for an unknown borrower or a field that cannot be.
    """
    known = _lock(connection, sorted({a.borrower for a in attempts}))
    verdicts: list[Verdict] = []
    rows: list[tuple[Any, ...]] = []
    findings: list[tuple[int, int | None, str, Finding]] = []
    for attempt in attempts:
        borrower = known[attempt.borrower]
        verdict, event = _judge(attempt, borrower)
        verdicts.append(verdict)
        findings.extend((borrower.number, None, f"contact.{attempt.channel}", f) for f in verdict.findings)
        if event is not None:
            borrower.events.append(event)
            borrower.keys.add(event.reference)
            rows.append(_row(connection, borrower, event))
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT, rows)
    if findings:
        put_findings(connection, findings)
    return verdicts


def would_admit(connection: psycopg.Connection[Any], attempts: Sequence[Attempt]) -> list[Verdict]:
    """The governor's verdict on each attempt by itself, with nothing locked and nothing written.

    What a screen shows beforehand; whoever then acts is asked again by `admit`. Raises FactRefused (unknown).
    """
    known = _read(connection, sorted({a.borrower for a in attempts}))
    return [_judge(attempt, known[attempt.borrower])[0] for attempt in attempts]


INSERT = (
    "insert into event (shard, borrower, kind, on_day, at, known_on, reference, body, words) "
    "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def _row(connection: psycopg.Connection[Any], borrower: _Known, event: Event) -> tuple[Any, ...]:
    clear, personal = event.parted()
    words = words_of_event(connection, borrower.key, event.reference, personal)
    told = (event.KIND, event.on, event.at, event.known_on, event.reference)
    return (borrower.shard, borrower.number, *told, Jsonb(clear), words)


def _judge(attempt: Attempt, borrower: _Known) -> tuple[Verdict, ContactAttempted | None]:
    if attempt.reference in borrower.keys:
        return Verdict(True, "on record already"), None
    if borrower.place.wrong and attempt.purpose not in DEMANDED:
        return Verdict(False, f"where the borrower is cannot be told: {borrower.place.wrong}"), None
    stranger = _stranger(attempt, borrower.events)
    if stranger:
        return Verdict(False, stranger), None
    past = past_of(borrower.events)
    newest = max((p.at for p in past), default=attempt.at)
    early = (newest - attempt.at).total_seconds()
    at = newest if 0 < early <= SKEW_SECONDS else attempt.at
    request = _request(attempt, borrower.place, at)
    on = request.at.astimezone(ZoneInfo(borrower.place.zones[0])).date()
    rules = contact_rules(borrower.place.jurisdiction, on, borrower.place.lender_type)
    verdict = judge(request, past, standing_of(borrower.events, on, borrower.place, borrower.money), rules)
    if not verdict.allowed:
        return verdict, None
    return verdict, _attempted(attempt, at, on)


def _attempted(attempt: Attempt, at: datetime, on: date) -> ContactAttempted:
    told = {
        "borrower": attempt.borrower,
        "on": on,
        "known_on": on,
        "at": at.astimezone(UTC),
        "reference": attempt.reference,
        "channel": attempt.channel,
        "address": attempt.address,
        "person": attempt.person,
        "who": attempt.who,
        "purpose": attempt.purpose,
        "loans": attempt.loans,
        "language": attempt.language,
        "by": attempt.by,
        "prior_consent": attempt.prior_consent,
        "response": attempt.response,
    }
    event = read_event(ContactAttempted, told)
    assert isinstance(event, ContactAttempted)
    return event


def _lock(connection: psycopg.Connection[Any], references: list[str]) -> dict[str, _Known]:
    """The borrowers as `_read` tells, locked in order of their numbers before anything is read of them."""
    rows = connection.execute("select borrower from borrower where reference = any(%s)", (references,)).fetchall()
    lock_borrowers(connection, (row[0] for row in rows))
    return _read(connection, references)


def _read(connection: psycopg.Connection[Any], references: list[str]) -> dict[str, _Known]:
    """The borrowers with all that was ever told of contacting them."""
    defaults = defaults_of(connection)
    found = connection.execute(
        "select reference, borrower, shard, (name).key, clear from borrower where reference = any(%s)", (references,)
    ).fetchall()
    known = {row[0]: _Known(row[1], row[2], place_of(row[4], defaults), key=row[3]) for row in found}
    for reference in references:
        if reference not in known:
            raise FactRefused(
                "borrower", reference, "no borrower of that reference", "import the borrower first", "unknown"
            )
    of = {k.number: (reference, k) for reference, k in known.items()}
    # a new statement: under locks its snapshot is taken after they were had
    rows = connection.execute(
        f"select e.borrower, e.kind, e.on_day, e.at, e.known_on, e.reference, {BODY} from event e "
        "join borrower b using (borrower) where e.borrower = any(%s) and e.kind = any(%s) order by e.event",
        (list(of), [*STANDING_KINDS, *PROMISE_KINDS, *PAST_KINDS, ThirdPersonNamed.KIND]),
    ).fetchall()
    for number, kind, on, at, known_on, key, body in rows:
        reference, borrower = of[number]
        borrower.events.append(event_of(kind, reference, "-", on, at, known_on, key, body))
        borrower.keys.add(key)
    money = repaid_by(connection, {borrower.number: borrower.events for borrower in known.values()})
    for borrower in known.values():
        borrower.money = money[borrower.number]
    return known


def withdrawn(connection: psycopg.Connection[Any], key: str) -> bool:
    """Whether an action of the outbox was withdrawn and must not be done."""
    row = connection.execute("select 1 from event where reference = %s", (f"withdrawn:{key}",)).fetchone()
    return row is not None
