"""Cases that people work on: open while something is overdue, in a queue, in somebody's hands, with an agency."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import polars as pl
import psycopg

from afterloan.dates import NEVER, iso, number_of
from afterloan.facts import FactRefused
from afterloan.facts.contact import ContactAttempted, ContactEnded
from afterloan.facts.events import event_of
from afterloan.facts.outbox import AgencyBody
from afterloan.facts.placement import AgencyPlaced, AgencyRecalled, CaseAssigned
from afterloan.facts.promise import PromiseMade
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import State
from afterloan.rules.trifles import trifles_fen, without_trifles
from afterloan.store.contacts import Attempt, admit, defaults_of
from afterloan.store.events import tell
from afterloan.store.held import HELD_KINDS, held_by
from afterloan.store.ids import one_of
from afterloan.store.locks import lock_borrowers
from afterloan.store.outbox import readable
from afterloan.store.promises import promise_fits
from afterloan.store.read import read_loans
from afterloan.store.scores import latest_scores
from afterloan.strategy.agency_file import AgencyRowRefused, Returned, write_placements
from afterloan.strategy.columns import UNSCORED
from afterloan.strategy.frame import loan_frame, of_borrowers
from afterloan.strategy.holds import Held, stopped
from afterloan.strategy.places import place_of
from afterloan.strategy.worklist import KEPT_DAYS, TASK_QUEUES, priority_fen, worth_rule

OVERDUE = (int(State.OVERDUE), int(State.CHARGED_OFF), int(State.WRITTEN_OFF))


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case: since when, in which queue, what it is worth working once, who has it, what stops it."""

    borrower: str
    name: str
    queue: str
    opened_on: str
    days_past_due: int
    arrears_fen: int
    priority_fen: int
    assigned_to: str
    agency: str
    holds: str
    loans: str

    def told(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


QUEUED = (
    "select q.borrower, q.queue, b.reference, b.name, b.clear from (select distinct q.borrower, q.queue from ("
    "select o.borrower, o.body->>'queue' as queue, "
    "rank() over (partition by o.borrower order by o.decided_on desc) as turn from outbox o "
    "where o.kind = 'worklist' and o.decided_on between %(first)s and %(on)s "
    "and not (o.body->>'queue' = any(%(tasks)s)) "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key and e.known_on <= %(on)s)"
    ") q where q.turn = 1) q join borrower b using (borrower) order by q.borrower, q.queue"
)
"""The queues into which the last day that had a word on it put a borrower: one day's queues stand side by side."""
HANDS = (
    "select borrower, kind, on_day, known_on, reference, body from event where borrower = any(%s) and kind = any(%s) "
    "and on_day <= %s order by event"
)
KINDS = ["case.assigned", "agency.placed", "agency.recalled", *HELD_KINDS]


def open_cases(
    connection: psycopg.Connection[Any], reader: adbc.Connection, on: date, queue: str | None = None
) -> list[OpenCase]:
    """The cases open at the end of a day, of a queue or all, the most worth first.

    A ladder's worklist step puts a borrower into a queue; the case is open while a loan is overdue beyond its grace
    and closes by being cured, whatever the step said. A later day's step moves it on (early, middle, late); steps of
    one day put it into several, and each is a case of its own, in hands of its own. Tasks of people never move it.
    """
    told = {"first": on - timedelta(days=KEPT_DAYS), "on": on, "tasks": list(TASK_QUEUES)}
    rows = connection.execute(QUEUED, told).fetchall()
    rows = [row for row in rows if queue in (None, row[1])]
    if not rows:
        return []
    numbers = list(dict.fromkeys(row[0] for row in rows))
    owed = owed_of_cases(connection, reader, numbers, on)
    hands = hands_of(connection, numbers, on)
    defaults = defaults_of(connection)
    places = {number: place_of(attributes, defaults).jurisdiction for number, *_, attributes in rows}
    held = held_of(connection, hands, on, places)
    found = []
    for number, its_queue, reference, name, _ in rows:
        if number not in owed:
            continue
        row = owed[number]
        assigned, agency, _ = hands.get(number, ({}, "", []))
        holds = " ".join(h.hold for h in held.get(number, ()))
        worth = priority_fen(row, worth_rule(on))
        found.append(
            OpenCase(
                reference, name, its_queue, iso(row["opened_on"]), row["days_past_due"], row["arrears_fen"], worth,
                assigned.get(its_queue, ""), agency, holds, row["references"],
            )
        )  # fmt: skip
    return sorted(found, key=lambda c: (-c.priority_fen, c.borrower, c.queue))


def owed_of_cases(
    connection: psycopg.Connection[Any], reader: adbc.Connection, numbers: list[int], on: date
) -> dict[int, dict[str, Any]]:
    """Borrowers with a loan overdue beyond its grace: columns of the frame, `opened_on`, `references`."""
    where = one_of("c.borrower", numbers)
    book = read_loans(connection, reader, where)
    day = number_of(on)
    told = connection.execute(
        "select c.borrower, c.reference, b.clear from contract c join borrower b using (borrower) "
        f"where {where} order by c.loan"
    ).fetchall()
    lender = defaults_of(connection)
    most = [trifles_fen(place_of(attributes or {}, lender).jurisdiction) for _, _, attributes in told]
    positions = without_trifles(reckon_book(book, day, day), np.array(most, np.int64))
    owners = np.array([row[0] for row in told], np.int64)
    of_product = book.contracts["product"].astype(np.int64)
    grace = book.products["grace_bureau_days"][of_product].astype(np.int64)
    overdue = np.isin(positions["state"], OVERDUE) & (positions["oldest_unpaid_on"] < NEVER)
    since = np.where(overdue, positions["oldest_unpaid_on"] + grace + 1, NEVER)
    marks = pl.DataFrame({"borrower": owners, "since": since, "reference": [row[1] for row in told], "late": overdue})
    marks = (
        marks.filter("late")
        .group_by("borrower")
        .agg(pl.col("since").min().alias("opened_on"), pl.col("reference").sort().str.join(" ").alias("references"))
    )
    loans = loan_frame(positions, owners, book.products, of_product, day)
    frame = of_borrowers(loans).join(marks, on="borrower", how="inner")
    chances = {n: by["cure"].ppm for n, by in latest_scores(connection, numbers, on, ("cure",)).items()}
    chance = pl.col("borrower").replace_strict(chances, default=UNSCORED, return_dtype=pl.Int64)
    frame = frame.with_columns(not_cured_ppm=chance if chances else pl.lit(UNSCORED))
    return {row["borrower"]: row for row in frame.iter_rows(named=True)}


Hands = tuple[dict[str, str], str, list[Any]]
"""Who has a borrower in each queue, the agency, and the holds that were told."""


def hands_of(connection: psycopg.Connection[Any], numbers: list[int], on: date) -> dict[int, Hands]:
    """Who has borrowers (store numbers) on a day, and what was told of their holds and promises."""
    found: dict[int, Hands] = {}
    for number, kind, day, known_on, reference, body in connection.execute(HANDS, (numbers, KINDS, on)).fetchall():
        assigned, agency, events = found.get(number, ({}, "", []))
        event = event_of(kind, "-", "-", day, None, known_on, reference, body)
        if isinstance(event, CaseAssigned):
            assigned = {**assigned, event.queue: event.to}
        elif isinstance(event, AgencyPlaced):
            agency = event.agency if event.until >= on else ""  # its term is over: `enquiry/tasks.py`
        elif isinstance(event, AgencyRecalled):
            agency = ""
        else:
            events = [*events, event]
        found[number] = (assigned, agency, events)
    return found


def held_of(
    connection: psycopg.Connection[Any], hands: Mapping[int, Hands], on: date, places: Mapping[int, str]
) -> dict[int, list[Held]]:
    """The holds in effect of borrowers out of what `hands_of` read; `places`: the jurisdiction that binds each."""
    return held_by(connection, {number: events for number, (_, _, events) in hands.items()}, on, places)


def share_out(
    connection: psycopg.Connection[Any], cases: Sequence[OpenCase], people: Sequence[str], on: date, by: str
) -> int:
    """Give the unassigned cases to people, the most worth first, each to who has fewest; returns how many.

    Told once a day and case: the same call again assigns nothing new. Raises FactRefused without people.
    """
    if not people:
        raise FactRefused("people", "", "nobody to give cases to", "name at least one person")
    load = {person: sum(c.assigned_to == person for c in cases) for person in people}
    given = 0
    for case in cases:
        if case.assigned_to or case.agency:
            continue
        person = min(people, key=lambda p: (load[p], people.index(p)))
        told: dict[str, Any] = {
            "borrower": case.borrower,
            "on": on,
            "known_on": on,
            "reference": f"assign:{case.borrower}:{case.queue}:{on}",
        }
        given += not tell(connection, CaseAssigned(**told, queue=case.queue, to=person, by=by)).known
        load[person] += 1
    return given


PROPOSED = (
    "select o.key, b.reference, b.name, o.body, b.borrower, b.clear from outbox o "
    "join borrower b using (borrower) where o.kind = 'agency.place' and o.decided_on <= %s "
    "and not exists (select from event e where e.reference in ('withdrawn:' || o.key, 'place:' || o.key)) "
    # whoever finished its task keeps the case here
    "and coalesce((select d.kind from event d where d.borrower = o.borrower and d.kind in ('task.done', "
    "'task.reopened') and d.body->>'of' = o.key order by d.event desc limit 1), '') <> 'task.done' "
    "order by o.action"
)


def place_with(connection: psycopg.Connection[Any], agency: str, on: date, by: str, most: int = 10_000) -> str:
    """Place what ladders proposed with an agency: facts in the caller's transaction, and the file for the agency.

    What was withdrawn or placed before is left out: called again the file has a header only. A borrower whom a hold
    keeps from agencies on the day is left out too, whenever the hold came: the proposal waits until it ends.
    """
    rows = []
    found = connection.execute(PROPOSED, (on,)).fetchall()[:most]
    lock_borrowers(connection, {row[4] for row in found})
    held = _kept_from_agencies(connection, {row[4]: row[5] for row in found}, on)
    for key, borrower, name, told_body, number, _ in found:
        if number in held:
            continue
        body = readable(connection, AgencyBody, key, number, "agency.place", told_body, on)
        if body is None:
            continue
        until = on + timedelta(days=body.words.days)
        loans = tuple(x.loan for x in body.loans)
        told: dict[str, Any] = {"borrower": borrower, "on": on, "known_on": on, "reference": f"place:{key}"}
        owed = body.amount_fen
        tell(connection, AgencyPlaced(**told, agency=agency, until=until, arrears_fen=owed, loans=loans, by=by))
        rows.append((f"place:{key}", borrower, name, " ".join(loans), owed, body.days_past_due, until.isoformat()))
    return write_placements(rows)


def _kept_from_agencies(
    connection: psycopg.Connection[Any], attributes: dict[int, dict[str, Any]], on: date
) -> set[int]:
    """Of borrowers (numbers with attributes) those whom a hold in effect keeps from agencies."""
    hands, defaults = hands_of(connection, list(attributes), on), defaults_of(connection)
    places = {number: place_of(attributes[number], defaults).jurisdiction for number in hands}
    held = held_of(connection, hands, on, places)
    return {number for number, holds in held.items() if "agency" in stopped(holds)}


def placement_of(connection: psycopg.Connection[Any], placement: str) -> tuple[str, str, date, date, date | None]:
    """(borrower, agency, on, until, recalled on) of a placement. Raises FactRefused."""
    row = connection.execute(
        "select b.reference, e.body->>'agency', e.on_day, (e.body->>'until')::date, "
        "(select r.on_day from event r where r.reference = 'recall:' || e.reference) "
        "from event e join borrower b using (borrower) where e.reference = %s and e.kind = 'agency.placed'",
        (placement,),
    ).fetchone()
    if row is None:
        raise FactRefused(
            "placement", placement, "no placement of that reference", "give it as it was sent out", "unknown"
        )
    return (row[0], row[1], row[2], row[3], row[4])


@dataclass(frozen=True, slots=True)
class FileTaken:
    """What an agency's file came to: rows taken, known before, refused; contacts that broke a rule."""

    taken: int
    known: int
    refused: list[AgencyRowRefused]
    against_rules: int


def take_returns(
    connection: psycopg.Connection[Any], agency: str, rows: Sequence[Returned], known_on: date
) -> FileTaken:
    """Take an agency's rows in, each by itself: a refused row leaves the others.

    An agency's contacts are told afterwards, so they are recorded even where the governor would have refused them;
    the finding that it would have stays and is counted.
    """
    taken = known = against = 0
    refused: list[AgencyRowRefused] = []
    for row in rows:
        try:
            with connection.transaction():
                _fits(connection, agency, row)
                before, broke = _take(connection, agency, row, known_on)
        except FactRefused as error:
            refused.append(AgencyRowRefused(row.line, error.column, str(error)))
            continue
        known += before
        taken += not before
        against += broke and not before
    return FileTaken(taken, known, refused, against)


def _fits(connection: psycopg.Connection[Any], agency: str, row: Returned) -> None:
    borrower, whose, on, until, back = placement_of(connection, row.placement)
    if whose != agency:
        raise FactRefused("placement", row.placement, f"is with {whose}, not with {agency}", "send it in their file")
    if borrower != row.borrower:
        raise FactRefused("borrower", row.borrower, f"the placement is of {borrower}", "correct one of them")
    last = min(until, back) if back else until
    if not on <= row.on <= last:
        raise FactRefused("on", row.on.isoformat(), f"outside the placement, {on} to {last}", "correct the day")


def _take(connection: psycopg.Connection[Any], agency: str, row: Returned, known_on: date) -> tuple[bool, bool]:
    name = f"{agency}:{row.reference}"
    told: dict[str, Any] = {
        "borrower": row.borrower,
        "on": row.on,
        "known_on": max(known_on, row.on),
        "reference": name,
    }
    if row.kind == "promise":
        assert row.due_on is not None
        promise = PromiseMade(**told, amount_fen=row.amount_fen, due_on=row.due_on, by=agency)
        promise_fits(connection, promise)
        return tell(connection, promise).known, False
    if row.kind == "return":
        told["reference"] = f"recall:{row.placement}"
        reason = row.note or "returned by the agency"
        return tell(connection, AgencyRecalled(**told, of=row.placement, reason=reason, by=agency)).known, False
    assert row.at is not None
    seen = connection.execute("select 1 from event where reference = %s", (name,)).fetchone()
    if seen is not None:
        return True, False
    attempt = Attempt(row.borrower, row.channel, "collection", row.at, name, by=agency)
    verdict = admit(connection, attempt)
    if not verdict.allowed:
        more: dict[str, Any] = {"channel": row.channel, "purpose": "collection", "by": agency, "at": row.at}
        tell(connection, ContactAttempted(**told, **more))
    end = {**told, "reference": f"{name}:end", "at": row.at, "of": name, "outcome": row.outcome, "note": row.note[:500]}
    tell(connection, ContactEnded(**end))
    return False, not verdict.allowed
