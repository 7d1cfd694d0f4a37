"""Acts in the store: what was done through a door, kept for ever with who asked it and what was answered.

What of that tells of a person (`facts/act.py`, `part_act`) stands apart, in `asked_words` and `answer_words`: under the
key of the borrower whom the act concerns, or, where it concerns several or a file (`OWN_KEY`), under a key of its own
in `act_key`, which a purge takes away. `asked_at` and `answer_at` read it whole. Seals cover both as they are kept.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts.act import Who, part_act
from afterloan.store.locks import lock_reference, lock_references
from afterloan.store.persons import body_at, enciphered_words, register_of

BEFORE = 0
"""The act of rows that are older than acts: `before acts were kept`."""


@dataclass(frozen=True, slots=True)
class KeptAct:
    """An act on record. `asked` and `answer` are JSON values; `at` is when it was done, `on` the business day."""

    act: int
    reference: str
    verb: str
    who_kind: str
    who: str
    roles: tuple[str, ...]
    door: str
    on: date
    at: datetime
    asked: dict[str, Any]
    answer: dict[str, Any]


OWN_KEY = ("statement.take", "debit.results", "agency.place", "agency.answers")
"""Verbs that take in or make a file about many: what tells of them is under a key of the act."""


OF_FILES = (*OWN_KEY, "book.import")
"""Verbs whose own keys go with the files of jobs; rows of an import that were refused stand under the import's."""


def key_of_act(connection: psycopg.Connection[Any], act: int) -> bytes:
    """The own key of an act, made when it is first asked for. Raises StoreRefused: the keys are not there."""
    connection.execute(
        "insert into act_key (act, key) select %s, %s where not exists (select from act_key where act = %s) "
        "on conflict do nothing",
        (act, register_of(connection).own_key(), act),
    )
    row = connection.execute("select key from act_key where act = %s", (act,)).fetchone()
    assert row is not None
    return bytes(row[0])


def _secret(a: str) -> str:
    return (
        f"coalesce((select (b.name).key from borrower b where b.borrower = {a}.borrower), "
        f"(select k.key from act_key k where k.act = {a}.act))"
    )


def asked_at(a: str) -> str:
    """SQL: what act `a` asked, whole; what is purged of it is left out."""
    return body_at("act.asked", a, "reference", "asked_words", "asked", _secret(a))


def answer_at(a: str) -> str:
    """SQL: what act `a` answered, whole; what is purged of it is left out."""
    return body_at("act.answer", a, "reference", "answer_words", "answer", _secret(a))


COLUMNS = (
    "a.act, a.reference, a.verb, a.who_kind, a.who, a.roles, a.door, a.on_day, a.at, "
    f"{asked_at('a')}, {answer_at('a')} from act a"
)


def _kept(row: tuple[Any, ...]) -> KeptAct:
    return KeptAct(row[0], row[1], row[2], row[3], row[4], tuple(row[5]), *row[6:])


def act_known(connection: psycopg.Connection[Any], reference: str) -> KeptAct | None:
    """The act that was done under a reference, or None."""
    row = connection.execute(f"select {COLUMNS} where a.reference = %s", (reference,)).fetchone()
    return _kept(row) if row else None


def act_numbered(connection: psycopg.Connection[Any], act: int) -> KeptAct | None:
    """The act of a number, or None."""
    row = connection.execute(f"select {COLUMNS} where a.act = %s", (act,)).fetchone()
    return _kept(row) if row else None


def begin_act(connection: psycopg.Connection[Any]) -> int:
    """Number the act of this transaction: facts, events, outbox rows and findings written from now on carry it.

    The number is a default of those tables' column `act` (setting `afterloan.act` of the transaction), so that no
    function that writes has to hand it on.
    """
    row = connection.execute(
        "select a, set_config('afterloan.act', a::text, true) from nextval('act_number') a"
    ).fetchone()
    assert row is not None
    return int(row[0])


@dataclass(frozen=True, slots=True)
class ActParted:
    """What an act asked and answered as it is kept: in clear, and enciphered under a borrower's key or its own."""

    asked: dict[str, Any]
    answer: dict[str, Any]
    asked_words: bytes | None = None
    answer_words: bytes | None = None
    borrower: int | None = None
    own: bytes | None = None


def part_whole(
    connection: psycopg.Connection[Any],
    verb: str,
    reference: str,
    asked: Mapping[str, Any],
    answer: Mapping[str, Any],
    borrowers: Collection[str] = (),
) -> ActParted:
    """What tells of a person, enciphered; nothing is asked of the store where nothing does. Raises StoreRefused.

    `borrowers`: references of those whom the act concerns. Of one who was purged what tells of them is left out.
    """
    (clear, hidden), (said, told) = part_act(verb, asked), part_act(verb, answer)
    if not hidden and not told:
        return ActParted(dict(asked), dict(answer))
    inner = asked.get("asked")
    named = [one.get("borrower") for one in (asked, inner) if isinstance(one, Mapping)]
    whom = set(borrowers) or {name for name in named if isinstance(name, str) and name}
    row = None
    if len(whom) == 1:
        row = connection.execute(
            "select borrower, (name).key from borrower where reference = %s", (next(iter(whom)),)
        ).fetchone()
    elif not whom and verb not in OWN_KEY and str(asked.get("verb", "")) not in OWN_KEY:
        return ActParted(dict(asked), dict(answer))
    borrower, key = row or (None, register_of(connection).own_key())
    if key is None:
        return ActParted(clear, said, borrower=borrower)

    def kept(column: str, personal: dict[str, Any]) -> bytes | None:
        return enciphered_words(bytes(key), f"act.{column}|{reference}", personal, connection) if personal else None

    words = kept("asked", hidden), kept("answer", told)
    return ActParted(clear, said, *words, borrower, None if borrower is not None else key)


def keep_act(
    connection: psycopg.Connection[Any],
    act: int,
    reference: str,
    verb: str,
    who: Who,
    on: date,
    asked: dict[str, Any],
    answer: dict[str, Any],
    borrowers: Collection[str] = (),
) -> None:
    """Write the act in the caller's transaction, with what it told; `borrowers`: whom it concerns, by reference."""
    parted = part_whole(connection, verb, reference, asked, answer, borrowers)
    connection.execute(KEEP, _row(act, reference, verb, who, on, parted))
    if parted.own is not None:
        connection.execute("insert into act_key (act, key) values (%s, %s)", (act, parted.own))


KEEP = (
    "insert into act (act, reference, verb, who_kind, who, roles, door, on_day, at, asked, answer, borrower, "
    "asked_words, answer_words) values (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp(), %s, %s, %s, %s, %s)"
)


def _row(act: int, reference: str, verb: str, who: Who, on: date, parted: ActParted) -> tuple[Any, ...]:
    return (
        act, reference, verb, who.kind, who.name, list(who.roles), who.door, on, Jsonb(parted.asked),
        Jsonb(parted.answer), parted.borrower, parted.asked_words, parted.answer_words,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleLook:
    """A look of a rule that changed nothing: under which reference, what it asked, what it answered."""

    reference: str
    asked: dict[str, Any]
    answer: dict[str, Any]


def keep_looks(connection: psycopg.Connection[Any], who: Who, verb: str, on: date, looks: Sequence[RuleLook]) -> None:
    """Keep many looks of a rule as acts in the caller's transaction, in their order; one that is known stays as it is.

    Each is what `act_of_rule` keeps where nothing is written inside, in four exchanges for all of them. Of such a look
    nothing tells of a person: that is asserted.
    """
    names = [look.reference for look in looks]
    lock_references(connection, names)
    known = connection.execute("select reference from act where reference = any(%s)", (names,)).fetchall()
    had = {name for (name,) in known}
    new = [look for look in looks if look.reference not in had]
    if not new:
        return
    numbers = connection.execute("select nextval('act_number') from generate_series(1, %s)", (len(new),)).fetchall()
    rows = []
    for (act,), look in zip(numbers, new, strict=True):
        assert not part_act(verb, look.asked)[1] and not part_act(verb, look.answer)[1], look
        rows.append(_row(act, look.reference, verb, who, on, ActParted(look.asked, look.answer)))
    with connection.cursor() as cursor:
        cursor.executemany(KEEP, rows)


def same_asked(verb: str, had: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether what is asked was asked before under a reference, or was before what tells of a person was purged."""
    return had == asked or had == part_act(verb, asked)[0]


def resume_act(connection: psycopg.Connection[Any], act: int) -> None:
    """What is written from now on in this transaction belongs to an act that is on record already."""
    connection.execute("select set_config('afterloan.act', %s, true)", (str(act),))


@contextmanager
def act_of_rule(
    connection: psycopg.Connection[Any], who: Who, verb: str, reference: str, on: date, asked: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """What a rule of ours does inside, in the caller's transaction, as one act; what is put into the dict is answered.

    Under a reference that is known (a shard redone, a step run again) what is new belongs to the act that is there.
    `act_of_rule(connection, Who.rule("night"), "day.decide", "decide:2026-01-01:7", date(2026, 1, 1), {"shard": 7})`
    """
    lock_reference(connection, reference)
    before = act_known(connection, reference)
    told: dict[str, Any] = {}
    if before is not None:
        resume_act(connection, before.act)
        yield told
        return
    act = begin_act(connection)
    yield told
    keep_act(connection, act, reference, verb, who, on, asked, told)


@contextmanager
def acts_of_job(
    connection: psycopg.Connection[Any], who: Who, verb: str, reference: str, on: date, asked: dict[str, Any]
) -> Iterator[None]:
    """All transactions inside belong to one act: for a connection that commits by itself and a job of many steps.

    The act is kept before the first step, so that a job that is killed leaves no row without it; done again, it goes
    on under the same act.
    """
    before = act_known(connection, reference)
    if before is None:
        with connection.transaction():
            number = begin_act(connection)
            keep_act(connection, number, reference, verb, who, on, asked, {})
    else:
        number = before.act
    connection.execute("select set_config('afterloan.act', %s, false)", (str(number),))
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("select set_config('afterloan.act', '', false)")


@contextmanager
def act_within(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """An act may be done inside; what the transaction writes afterwards belongs to what it belonged to before."""
    row = connection.execute("select coalesce(current_setting('afterloan.act', true), '')").fetchone()
    assert row is not None
    yield
    connection.execute("select set_config('afterloan.act', %s, true)", (row[0],))
