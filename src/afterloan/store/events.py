"""Events in the store: told once under their reference, read back as they were known on a day.

What of an event tells of a person (`PERSONAL` of its class) stands apart from its body, in the column `words` under
the borrower's own key (`store/persons.py`). `COLUMNS` puts the two together; whoever reads `body` itself has what is in
clear. Seals cover both as they are kept, so a purge leaves them whole.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts import FactRefused
from afterloan.facts.events import Event, event_of
from afterloan.store.ids import as_array
from afterloan.store.persons import body_at, enciphered_words


def body_of(row: str) -> str:
    """SQL: the body of an event under a name of its own, of a borrower `b`, whole."""
    return body_at("event", row, "reference", "words", "body")


BODY = body_of("e")
"""SQL: the body of an event `e` of a borrower `b`, whole."""
FIELDS = f"e.event, e.kind, b.reference, c.reference, e.on_day, e.at, e.known_on, e.reference, {BODY} "
COLUMNS = f"{FIELDS}from event e join borrower b on b.borrower = e.borrower left join contract c on c.loan = e.loan"


@dataclass(frozen=True, slots=True)
class Told:
    """What telling came to: the event's number, and whether it was known before."""

    event: int
    known: bool


def borrower_number(connection: psycopg.Connection[Any], reference: str) -> tuple[int, int]:
    """The number and shard of a borrower. Raises FactRefused."""
    return _owner(connection, reference)[:2]


Owner = tuple[int, int, bytes | None]
"""Number and shard of a borrower, and the key of their row: None once they are purged."""


def _owner(connection: psycopg.Connection[Any], reference: str) -> Owner:
    """The borrower of a reference. Raises FactRefused: there is none."""
    row = connection.execute(
        "select borrower, shard, (name).key from borrower where reference = %s", (reference,)
    ).fetchone()
    if row is None:
        raise _nobody(reference)
    return int(row[0]), int(row[1]), row[2]


def words_of_event(
    connection: psycopg.Connection[Any], key: bytes | None, reference: str, personal: dict[str, Any]
) -> bytes | None:
    """What of an event tells of a person, as it is kept; None where nothing does, or the borrower was purged."""
    if not personal or key is None:
        return None
    return enciphered_words(bytes(key), f"event|{reference}", personal, connection)


def _nobody(reference: str) -> FactRefused:
    return FactRefused("borrower", reference, "no borrower of that reference", "import the borrower first", "unknown")


def _no_loan(loan: str) -> FactRefused:
    return FactRefused("loan", loan, "no contract of that reference", "import the contract first", "unknown")


def _of_another(event: Event) -> FactRefused:
    return FactRefused("loan", event.loan, f"is not a loan of borrower {event.borrower}", "correct one of them")


def _something_else(event: Event, first: Event) -> FactRefused:
    what = f"stands already for something else ({first.KIND} of {first.borrower}, {first.on})"
    return FactRefused("reference", event.reference, what, "give each message a reference of its own", "conflict")


def _loan_of(connection: psycopg.Connection[Any], event: Event, borrower: int) -> int | None:
    if event.loan is None:
        return None
    row = connection.execute("select loan, borrower from contract where reference = %s", (event.loan,)).fetchone()
    if row is None:
        raise _no_loan(event.loan)
    if row[1] != borrower:
        raise _of_another(event)
    return int(row[0])


def _row_of(
    connection: psycopg.Connection[Any], event: Event, owner: Owner, loan: int | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The columns of an event's row from its shard to its words, and its body as it stands in clear."""
    borrower, shard, key = owner
    clear, personal = event.parted()
    words = words_of_event(connection, key, event.reference, personal)
    return (shard, borrower, loan, event.KIND, event.on, event.at, event.known_on, event.reference, words), clear


def tell(connection: psycopg.Connection[Any], event: Event) -> Told:
    """Record an event in the caller's transaction; the same again is `known` and writes nothing.

    Raises FactRefused: unknown borrower or loan, or a reference that stands for something else.
    """
    owner = _owner(connection, event.borrower)
    values, clear = _row_of(connection, event, owner, _loan_of(connection, event, owner[0]))
    made = connection.execute(
        "insert into event (shard, borrower, loan, kind, on_day, at, known_on, reference, words, body) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (reference) do nothing returning event",
        (*values, Jsonb(clear)),
    ).fetchone()
    if made is not None:
        return Told(int(made[0]), False)
    first = connection.execute(f"select {COLUMNS} where e.reference = %s", (event.reference,)).fetchone()
    assert first is not None
    stored = event_of(*first[1:])
    if not event.is_told_by(stored):
        raise _something_else(event, stored)
    return Told(int(first[0]), True)


@dataclass(slots=True)
class _Stored:
    """What the store has of what a batch of events names: borrowers, contracts, and events under the references."""

    borrowers: dict[str, Owner]
    loans: dict[str, tuple[int, int]]  # number and borrower
    events: dict[str, tuple[int, Event]]

    @classmethod
    def of(cls, connection: psycopg.Connection[Any], events: Sequence[Event]) -> "_Stored":
        """Three questions for a batch, instead of three for each of its events."""
        people = "select reference, borrower, shard, (name).key from borrower where reference = any(%s)"
        contracts = "select reference, loan, borrower from contract where reference = any(%s)"
        told = f"select {COLUMNS} where e.reference = any(%s)"
        names = [event.reference for event in events]
        return cls(
            {r: (n, s, k) for r, n, s, k in connection.execute(people, ([e.borrower for e in events],))},
            {r: (n, b) for r, n, b in connection.execute(contracts, ([e.loan for e in events if e.loan],))},
            {row[7]: (row[0], event_of(*row[1:])) for row in connection.execute(told, (names,)).fetchall()},
        )

    def refused(self, event: Event) -> FactRefused | None:
        """Why an event cannot be told, as `tell` says it."""
        borrower = self.borrowers.get(event.borrower)
        if borrower is None:
            return _nobody(event.borrower)
        if event.loan is not None and event.loan not in self.loans:
            return _no_loan(event.loan)
        if event.loan is not None and self.loans[event.loan][1] != borrower[0]:
            return _of_another(event)
        first = self.events.get(event.reference)
        return _something_else(event, first[1]) if first is not None and not event.is_told_by(first[1]) else None

    def values(self, connection: psycopg.Connection[Any], event: Event) -> tuple[Any, ...]:
        """The columns of an event's row."""
        loan = self.loans[event.loan][0] if event.loan is not None else None
        values, clear = _row_of(connection, event, self.borrowers[event.borrower], loan)
        return (*values, json.dumps(clear))


INSERT_MANY = (
    "insert into event (shard, borrower, loan, kind, on_day, at, known_on, reference, words, body) "
    "select shard, borrower, loan, kind, on_day, at, known_on, reference, words, body from rows from ("
    "unnest(%s::int[], %s::bigint[], %s::bigint[], %s::text[], %s::date[], %s::timestamptz[], %s::date[], %s::text[], "
    "%s::bytea[]), jsonb_array_elements(%s::jsonb)) with ordinality as told "
    "(shard, borrower, loan, kind, on_day, at, known_on, reference, words, body, nth) order by nth "
    "on conflict (reference) do nothing returning reference, event"
)


def tell_rows(
    connection: psycopg.Connection[Any], rows: Sequence[Sequence[Event]]
) -> list[tuple[Told, ...] | FactRefused]:
    """Record the events of many rows in the caller's transaction, in a few statements; each as `tell` would.

    A row is told whole or not at all: its refusal stands in its place. 1,000 rows take some 60 ms, told one by one a
    second.
    """
    stored = _Stored.of(connection, [event for row in rows for event in row])
    answers: list[FactRefused | None] = []
    new: list[Event] = []
    for row in rows:
        answers.append(next((why for event in row if (why := stored.refused(event)) is not None), None))
        if answers[-1] is None:
            fresh = [event for event in row if event.reference not in stored.events]
            new += fresh
            stored.events |= {event.reference: (0, event) for event in fresh}
    numbers = _insert(connection, [stored.values(connection, event) for event in new])
    if len(numbers) < len(new):  # another process told one of them between the question and the writing
        raise psycopg.errors.SerializationFailure("an event of the batch was told by somebody else meanwhile")
    known = {name: Told(number, True) for name, (number, _) in stored.events.items()}
    told: list[tuple[Told, ...] | FactRefused] = []
    for row, refusal in zip(rows, answers, strict=True):
        told.append(refusal or tuple(_first_told(event.reference, numbers, known) for event in row))
    return told


def _first_told(reference: str, numbers: dict[str, int], known: dict[str, Told]) -> Told:
    """What telling came to; of two rows of a batch that say the same the second was known."""
    if reference not in numbers:
        return known[reference]
    known[reference] = Told(numbers[reference], True)
    return Told(numbers.pop(reference), False)


def _insert(connection: psycopg.Connection[Any], values: list[tuple[Any, ...]]) -> dict[str, int]:
    if not values:
        return {}
    *columns, bodies = zip(*values, strict=True)
    # one JSON list: in an array of texts each quote mark of each body is escaped by itself
    told = [*map(list, columns), f"[{','.join(bodies)}]"]
    return {name: int(number) for name, number in connection.execute(INSERT_MANY, told)}


def events_of(
    connection: psycopg.Connection[Any],
    borrower: str,
    kinds: Sequence[str] | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
) -> list[Event]:
    """A borrower's events in order of day, moment and telling; `known_on`: only what was known by that day."""
    rows = connection.execute(
        f"select {COLUMNS} where b.reference = %s and (%s::text[] is null or e.kind = any(%s)) "
        "and (%s::date is null or e.on_day <= %s) and (%s::date is null or e.known_on <= %s) "
        "order by e.on_day, e.at nulls first, e.event",
        (borrower, *[list(kinds) if kinds else None] * 2, *[as_of] * 2, *[known_on] * 2),
    ).fetchall()
    return [event_of(*row[1:]) for row in rows]


OF_MANY = (
    f"select e.borrower, {FIELDS}from (select distinct unnest(%s::bigint[]) as number) as asked "
    "cross join lateral (select * from event "
    "where borrower = asked.number and kind = any(%s) and known_on <= %s offset 0) e "
    "join borrower b on b.borrower = e.borrower left join contract c on c.loan = e.loan where e.on_day <= %s "
    "order by e.on_day, e.at nulls first, e.event"
)
"""Events of some borrowers, each looked up by their number (`offset 0`: this is not planned otherwise).

The day stands outside: inside, all events of the kinds were walked by kind and day, once for each borrower."""


def events_of_many(
    connection: psycopg.Connection[Any], borrowers: Iterable[int], kinds: Sequence[str], on: date
) -> dict[int, list[Event]]:
    """By borrower (store number) the events of some kinds up to a day, as known that day; each list as `events_of`.

    One question for all of them; who has none is not among the answers.
    """
    found: dict[int, list[Event]] = {}
    rows = connection.execute(OF_MANY, (as_array(borrowers), list(kinds), on, on)).fetchall()
    for number, _, *told in rows:
        found.setdefault(number, []).append(event_of(*told))
    return found
