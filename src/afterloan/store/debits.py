"""Mandates and debits in the store: what stands, what was tried, what is owed today."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.dates import number_of
from afterloan.facts import FactRefused
from afterloan.facts.debit import (
    DebitAttempted,
    DebitFailed,
    DebitFiled,
    DebitOutcome,
    DebitReturned,
    DebitSucceeded,
    MandateResumed,
    MandateRevoked,
    MandateSigned,
)
from afterloan.facts.events import Event, event_of
from afterloan.loan.reckon import reckon_book
from afterloan.store.events import BODY, COLUMNS, FIELDS, Told, events_of, tell
from afterloan.store.ids import as_array, one_of
from afterloan.store.locks import lock_borrowers
from afterloan.store.read import read_loans
from afterloan.strategy.debit import FAILED, PENDING, RETURNED, SUCCEEDED, Mandate, Owed, Tried
from afterloan.strategy.mandates import checked_mandate

OUTCOMES = (DebitSucceeded.KIND, DebitFailed.KIND, DebitReturned.KIND)
KINDS = (MandateSigned.KIND, MandateRevoked.KIND, MandateResumed.KIND, DebitAttempted.KIND, *OUTCOMES)


@dataclass(frozen=True, slots=True)
class MandateStanding:
    """A borrower's mandates with their facts, and every attempt with how it stands."""

    mandates: tuple[Mandate, ...]
    signed: dict[str, MandateSigned]
    tried: tuple[Tried, ...]


def lock_borrower(connection: psycopg.Connection[Any], borrower: int) -> None:
    """Nobody else acts on this borrower until the transaction ends."""
    lock_borrowers(connection, [borrower])


def standing_of(connection: psycopg.Connection[Any], borrower: str) -> MandateStanding:
    """A borrower's mandates and attempts, as this transaction sees them."""
    return fold_events(events_of(connection, borrower, KINDS))


def fold_events(events: Iterable[Event]) -> MandateStanding:
    """What the events of one borrower come to. The order in which results arrived makes no difference.

    Money that was taken and went back is `returned`; an attempt of which both a failure and a success were told
    has succeeded, for the money is there; the last `revoked` of a mandate is nothing but its first.
    """
    told = list(events)
    signed = {e.reference: e for e in told if isinstance(e, MandateSigned)}
    revoked: dict[str, date] = {}
    for e in told:
        if isinstance(e, MandateRevoked):
            revoked[e.of] = min(e.on, revoked.get(e.of, e.on))
    resumed = {e.of: e.at for e in told if isinstance(e, MandateResumed)}
    mandates = tuple(
        Mandate(
            reference=e.reference,
            source=e.source,
            rail=e.rail,
            loan=e.loan,
            ceiling_fen=e.ceiling_fen,
            ceiling_month_fen=e.ceiling_month_fen,
            turn=e.turn,
            signed_on=e.on,
            revoked_on=revoked.get(e.reference),
            less_allowed=e.less_allowed,
            resumed_at=resumed.get(e.reference),
        )
        for e in signed.values()
    )
    return MandateStanding(mandates, signed, _tried(told))


_SIGNED = {name: told.default for name, told in MandateSigned.model_fields.items() if not told.is_required()}


def mandate_told(reference: str, loan: str | None, signed_on: date, body: Mapping[str, Any]) -> Mandate:
    """The mandate of a `mandate.signed` as its row has it: its fields were checked when it was told.

    Of a borrower of whom no more was told than mandates it is what `fold_events` makes of them.
    """
    told = {**_SIGNED, **body}
    return Mandate(
        reference, told["source"], told["rail"], loan, told["ceiling_fen"], told["ceiling_month_fen"], told["turn"],
        signed_on, less_allowed=told["less_allowed"],
    )  # fmt: skip


def _tried(told: Sequence[Event]) -> tuple[Tried, ...]:
    outcomes: dict[str, dict[str, DebitOutcome]] = {}
    for e in told:
        if isinstance(e, DebitOutcome):
            outcomes.setdefault(e.of, {})[e.KIND] = e
    first: dict[str, str] = {}
    found: list[Tried] = []
    for e in told:
        if isinstance(e, DebitAttempted):
            first[e.reference] = first.get(e.represents or "", e.represents or e.reference)
            parts = tuple((part.loan, part.amount_fen) for part in e.parts)
            fresh = Tried(e.reference, e.mandate, e.at, e.amount_fen, first=first[e.reference], parts=parts)
            found.append(_with(fresh, outcomes.get(e.reference, {})))
    return tuple(found)


def _with(tried: Tried, said: dict[str, DebitOutcome]) -> Tried:
    taken, failed, back = (said.get(kind) for kind in OUTCOMES)
    if isinstance(taken, DebitSucceeded):
        if isinstance(back, DebitReturned):
            return replace(tried, state=RETURNED, reason=back.reason)
        return replace(tried, state=SUCCEEDED, taken_fen=taken.amount_fen)
    if isinstance(back, DebitReturned):
        return replace(tried, state=RETURNED, reason=back.reason)
    if isinstance(failed, DebitFailed):
        return replace(tried, state=FAILED, reason=failed.reason)
    assert tried.state == PENDING
    return tried


TOLD_BEFORE = (
    f"select e.borrower, {FIELDS}from (select distinct unnest(%s::bigint[]) as number) as asked "
    "cross join lateral (select * from event "
    "where borrower = asked.number and kind = any(%s) and known_on < %s offset 0) e "
    "join borrower b on b.borrower = e.borrower left join contract c on c.loan = e.loan order by e.event"
)
"""Each borrower is looked up by number (`offset 0`: this is not planned otherwise), never all events of a kind."""


def debits_told(connection: psycopg.Connection[Any], borrowers: Sequence[int], day: date) -> dict[int, list[Event]]:
    """Mandates and attempts of those of some borrowers (numbers) who have any, as told before a day, in their order."""
    rows = connection.execute(TOLD_BEFORE, (as_array(borrowers), list(KINDS), day)).fetchall()
    found: dict[int, list[Event]] = {}
    for number, _, *told in rows:
        found.setdefault(number, []).append(event_of(*told))
    return found


def pay_day_of(attributes: Any) -> int | None:
    """The day of the month on which a borrower is paid, where it is known (attribute `pay_day`, 1 to 31)."""
    told = str((attributes or {}).get("pay_day") or "")
    return int(told) if told.isdecimal() and 1 <= int(told) <= 31 else None


def attempt_of(connection: psycopg.Connection[Any], reference: str) -> DebitAttempted:
    """An attempt by its reference. Raises FactRefused when there is none."""
    row = connection.execute(
        f"select {COLUMNS} where e.reference = %s and e.kind = %s", (reference, DebitAttempted.KIND)
    ).fetchone()
    if row is None:
        raise FactRefused(
            "of",
            reference,
            "no debit attempt of that reference",
            "ask the bank which debit it means; nothing was taken in",
        )
    event = event_of(*row[1:])
    assert isinstance(event, DebitAttempted)
    return event


def account_of(connection: psycopg.Connection[Any], mandate: str) -> str:
    """The account of a mandate; "" where there is no such mandate, or its borrower was purged."""
    row = connection.execute(
        f"select {BODY} from event e join borrower b using (borrower) where e.reference = %s", (mandate,)
    ).fetchone()
    return str(row[0].get("account", "")) if row else ""


def outcomes_of(connection: psycopg.Connection[Any], attempt: DebitAttempted) -> dict[str, DebitOutcome]:
    """What was told of an attempt so far, by kind."""
    rows = connection.execute(
        f"select {COLUMNS} where e.body->>'of' = %s and e.kind = any(%s)", (attempt.reference, list(OUTCOMES))
    ).fetchall()
    found = [event_of(*row[1:]) for row in rows]
    return {e.KIND: e for e in found if isinstance(e, DebitOutcome)}


def owed_today(
    connection: psycopg.Connection[Any], reader: adbc.Connection, borrowers: Sequence[int], today: date
) -> dict[int, list[Owed]]:
    """Arrears and what falls due today of some borrowers' loans (numbers), reckoned to the day from committed facts."""
    if not borrowers:
        return {}
    where = one_of("c.borrower", borrowers)
    book = read_loans(connection, reader, where)
    if not len(book):
        return {}
    as_of = number_of(today)
    rows = connection.execute(
        "select loan, borrower, reference from contract where loan = any(%s)", (book.contracts["loan"].tolist(),)
    ).fetchall()
    names = {loan: (borrower, reference) for loan, borrower, reference in rows}
    found: dict[int, list[Owed]] = {}
    for position in reckon_book(book, as_of, as_of):
        amount = int(position["arrears_fen"].sum() + position["due_today_fen"].sum())
        if not position["error"] and amount > 0:
            borrower, reference = names[int(position["loan"])]
            found.setdefault(borrower, []).append(Owed(reference, amount, int(position["days_past_due"])))
    return found


def sign_mandate(connection: psycopg.Connection[Any], mandate: MandateSigned) -> Told:
    """Record a mandate; the same again is known. Raises FactRefused, also for numbers that its rail cannot carry.

    An account on the rail pain008 is kept as it stands in files: without blanks, an IBAN in capitals.
    """
    return tell(connection, checked_mandate(mandate))


def revoke_mandate(
    connection: psycopg.Connection[Any], reference: str, on: date, known_on: date, by: str = "borrower", why: str = ""
) -> Told:
    """End a mandate from `on`. Raises FactRefused for one that is not there."""
    row = connection.execute(
        "select b.reference from event e join borrower b using (borrower) where e.reference = %s and e.kind = %s",
        (reference, MandateSigned.KIND),
    ).fetchone()
    if row is None:
        raise FactRefused(
            "mandate", reference, "no mandate of that reference", "see `afterloan mandate list`", "unknown"
        )
    name = f"{reference}:revoked:{on.isoformat()}"
    return tell(
        connection,
        MandateRevoked(borrower=row[0], on=on, known_on=known_on, reference=name, of=reference, by=by, reason=why),
    )


@dataclass(frozen=True, slots=True)
class ToFile:
    """An attempt that waits for its file, with the mandate it is under and the borrower's name."""

    attempt: DebitAttempted
    mandate: MandateSigned
    name: str


def to_file(connection: psycopg.Connection[Any], rail: str, file: str | None = None) -> list[ToFile]:
    """Attempts of a rail that stand in no file yet (or those of `file`), in order of telling."""
    rows = connection.execute(
        f"select {COLUMNS} where e.kind = %s and e.body->>'rail' = %s and ("
        "exists (select from event f where f.kind = 'debit.filed' and f.body->>'of' = e.reference "
        "and f.body->>'file' = %s) "
        "or (%s::text is null and not exists (select from event f where f.kind = any(%s) "
        "and f.body->>'of' = e.reference))"
        ") order by e.event",
        (DebitAttempted.KIND, rail, file or "", file, [DebitFiled.KIND, *OUTCOMES]),
    )
    found: list[ToFile] = []
    for row in rows.fetchall():
        attempt = event_of(*row[1:])
        assert isinstance(attempt, DebitAttempted)
        told = connection.execute(f"select b.name, {COLUMNS} where e.reference = %s", (attempt.mandate,)).fetchone()
        assert told is not None
        mandate = event_of(*told[2:])
        assert isinstance(mandate, MandateSigned)
        found.append(ToFile(attempt, mandate, mandate.holder or told[0] or attempt.borrower))
    return found


def unanswered(connection: psycopg.Connection[Any], before: datetime, rail: str = "gateway") -> list[DebitAttempted]:
    """Attempts made before a moment of which nothing was heard."""
    rows = connection.execute(
        f"select {COLUMNS} where e.kind = %s and e.at < %s and e.body->>'rail' = %s and not exists "
        "(select from event f where f.kind = any(%s) and f.body->>'of' = e.reference) order by e.event",
        (DebitAttempted.KIND, before, rail, list(OUTCOMES)),
    ).fetchall()
    found = [event_of(*row[1:]) for row in rows]
    return [e for e in found if isinstance(e, DebitAttempted)]


def filed_unanswered(connection: psycopg.Connection[Any], rail: str, by: date) -> list[tuple[DebitAttempted, date]]:
    """Attempts of a rail that stand in a file for collection by a day, of which nothing was heard, with that day."""
    rows = connection.execute(
        f"select (select min(f.on_day) from event f where f.kind = %s and f.body->>'of' = e.reference), {COLUMNS} "
        "where e.kind = %s and e.body->>'rail' = %s and exists "
        "(select from event f where f.kind = %s and f.body->>'of' = e.reference and f.on_day <= %s) and not exists "
        "(select from event f where f.kind = any(%s) and f.body->>'of' = e.reference) order by e.event",
        (DebitFiled.KIND, DebitAttempted.KIND, rail, DebitFiled.KIND, by, list(OUTCOMES)),
    ).fetchall()
    found = [(event_of(*row[2:]), row[0]) for row in rows]
    return [(event, on) for event, on in found if isinstance(event, DebitAttempted)]


def files_before(connection: psycopg.Connection[Any], rail: str, message: str | None) -> int:
    """How many debits of a rail were ever filed before a file (None: up to now)."""
    row = connection.execute(
        "select count(*) from event f join event a on a.reference = f.body->>'of' where f.kind = %s "
        "and a.body->>'rail' = %s and (%s::text is null or f.event < "
        "(select min(g.event) from event g where g.kind = %s and g.body->>'file' = %s))",
        (DebitFiled.KIND, rail, message, DebitFiled.KIND, message),
    ).fetchone()
    assert row is not None
    return int(row[0])


def day_of(moment: datetime, zone: str) -> date:
    """The civil day of a moment at a place."""
    return moment.astimezone(ZoneInfo(zone)).date()
