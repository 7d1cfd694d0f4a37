"""The record of sending: which actions wait, each step of each try, the rate of each channel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts.events import part_body
from afterloan.facts.outbox import BodyRefused, OutboxBody, read_body
from afterloan.store.locks import Space
from afterloan.store.outbox import WORDS
from afterloan.store.persons import put_whole, words_for

FINAL = ("sent", "refused", "dropped")
"""Steps after which nothing follows: done; will not be done; withdrawn or too late."""
DOUBTFUL = ("started", "unknown")
"""Last steps of an action that may or may not have been done."""
LOCK = int(Space.DRAIN_JOB)
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """An action of a job with what is on record of it: the last try's number (0: none), its step and moment."""

    action: int
    key: str
    kind: str
    borrower_number: int
    borrower: str
    name: str
    attributes: dict[str, Any]
    loan: str | None
    body: OutboxBody | BodyRefused
    not_before: datetime
    withdrawn: bool
    number: int
    step: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class SendStep:
    """A line of the record, to be written."""

    action: int
    number: int
    step: str
    channel: str
    at: datetime
    job: int | None = None
    receipt: str = ""
    detail: dict[str, Any] | None = None


def due(connection: psycopg.Connection[Any], kinds: Sequence[str], now: datetime, limit: int) -> list[int]:
    """Up to `limit` actions that nobody has and that are due, oldest first, locked in the caller's transaction."""
    rows = connection.execute(
        "select action from waiting where job is null and kind = any(%s) and not_before <= %s "
        "order by not_before, action limit %s for update skip locked",
        (list(kinds), now, limit),
    ).fetchall()
    return [int(row[0]) for row in rows]


def due_under(connection: psycopg.Connection[Any], key: str, now: datetime) -> tuple[int, str] | None:
    """The action of a key and its kind, if nobody has it and it is due, locked in the caller's transaction."""
    row = connection.execute(
        "select w.action, w.kind from waiting w join outbox o using (action) where o.key = %s and w.job is null "
        "and w.not_before <= %s for update of w skip locked",
        (key, now),
    ).fetchone()
    return (int(row[0]), str(row[1])) if row else None


def drop_job(connection: psycopg.Connection[Any], job: int) -> None:
    """Take a job out of the queue that was done without it; one that a worker has meanwhile stays."""
    connection.execute("delete from procrastinate_jobs where id = %s and status = 'todo'", (job,))


def hand_over(connection: psycopg.Connection[Any], actions: Sequence[int], job: int) -> None:
    """Mark actions as a job's, in the transaction that makes the job."""
    connection.execute("update waiting set job = %s where action = any(%s)", (job, list(actions)))


def give_back(connection: psycopg.Connection[Any], actions: Sequence[int], not_before: datetime) -> None:
    """Let actions wait for another job, not before a moment."""
    connection.execute(
        "update waiting set job = null, not_before = greatest(not_before, %s) where action = any(%s)",
        (not_before, list(actions)),
    )


def finish(connection: psycopg.Connection[Any], actions: Sequence[int]) -> None:
    """Actions wait no more: their end is on record."""
    connection.execute("delete from waiting where action = any(%s)", (list(actions),))


def take_job(connection: psycopg.Connection[Any], job: int) -> bool:
    """Hold a job as long as this connection lives; False when somebody holds it. Released by `leave_job`."""
    row = connection.execute("select pg_try_advisory_lock(%s)", ((LOCK << 40) + job,)).fetchone()
    return bool(row and row[0])


def leave_job(connection: psycopg.Connection[Any], job: int) -> None:
    """Let a job go that `take_job` took."""
    connection.execute("select pg_advisory_unlock(%s)", ((LOCK << 40) + job,))


def of_job(connection: psycopg.Connection[Any], job: int) -> list[Waiting]:
    """The actions of a job, in order, each with the last line of its record."""
    rows = connection.execute(
        "select o.action, o.key, o.kind, o.borrower, b.reference, b.name, b.attributes, c.reference, o.body, "
        "w.not_before, exists (select from event e where e.reference = 'withdrawn:' || o.key), "
        f"coalesce(s.number, 0), coalesce(s.step, ''), s.at, {WORDS} "
        "from waiting w join outbox o using (action) join borrower b using (borrower) "
        "left join contract c on c.loan = o.loan left join lateral "
        "(select number, step, at from sending where sending.action = o.action order by entry desc limit 1) s on true "
        "where w.job = %s order by o.action",
        (job,),
    ).fetchall()
    whole = [(*row[:8], put_whole(row[8], row[-1]), *row[9:-1]) for row in rows]
    return [Waiting(*_read(row, 2, 8)) for row in whole]


def _read(row: tuple[Any, ...], kind: int, place: int) -> list[Any]:
    """A row with its body (at `place`) as the record of its kind, or why it cannot be read: it holds up nobody."""
    told = list(row)
    try:
        told[place] = read_body(row[kind], row[place])
    except BodyRefused as refusal:
        told[place] = refusal
    return told


def withdrawn_now(connection: psycopg.Connection[Any], keys: Sequence[str]) -> set[str]:
    """Which of these actions were withdrawn."""
    names = [f"withdrawn:{key}" for key in keys]
    rows = connection.execute("select reference from event where reference = any(%s)", (names,)).fetchall()
    return {row[0].removeprefix("withdrawn:") for row in rows}


def write(connection: psycopg.Connection[Any], steps: Iterable[SendStep]) -> None:
    """Write lines of the record. A second end of an action is a mistake of ours and breaks the transaction."""
    # one JSON text for all rows: arrays of JSON cost five times as much to write
    rows = [_line(s) for s in steps]
    if rows:
        connection.execute(
            "insert into sending (action, number, step, channel, at, job, receipt, detail) "
            "select * from jsonb_to_recordset(%s) as n(action bigint, number smallint, step text, channel text, "
            "at timestamptz, job bigint, receipt text, detail jsonb)",
            (Jsonb(rows),),
        )


def _line(s: SendStep) -> dict[str, Any]:
    return {
        "action": s.action,
        "number": s.number,
        "step": s.step,
        "channel": s.channel,
        "at": s.at.isoformat(),
        "job": s.job,
        "receipt": s.receipt,
        "detail": s.detail or {},
    }


def take_tokens(connection: psycopg.Connection[Any], channel: str, wanted: int, rate: int, now: datetime) -> int:
    """How many of `wanted` actions the channel may do now at `rate` a second; the bucket holds one second's worth.

    At 10 a second a fresh bucket gives 10 of 15, and half a second later 5. Written in the caller's transaction.
    """
    full = rate * MILLION
    connection.execute("insert into bucket values (%s, %s, %s) on conflict (channel) do nothing", (channel, full, now))
    row = connection.execute("select tokens_ppm, at from bucket where channel = %s for update", (channel,)).fetchone()
    assert row is not None
    passed = max(now - row[1], timedelta(0))
    micros = passed // timedelta(microseconds=1)
    tokens = min(full, row[0] + micros * rate)
    granted = min(wanted, tokens // MILLION)
    connection.execute(
        "update bucket set tokens_ppm = %s, at = greatest(at, %s) where channel = %s",
        (tokens - granted * MILLION, now, channel),
    )
    return int(granted)


@dataclass(frozen=True, slots=True)
class TellRow:
    """An event about to be told of a borrower's store number; `reference` decides whether it is known."""

    borrower: int
    kind: str
    on: date
    at: datetime
    reference: str
    body: dict[str, Any]
    loan: str | None = None


def tell_rows(connection: psycopg.Connection[Any], rows: Sequence[TellRow]) -> set[str]:
    """Tell events in one statement; returns the references that are new. Those known are left as they are."""
    if not rows:
        return set()
    parted = [part_body(r.kind, r.body) for r in rows]
    kept = words_for(
        connection,
        [(r.borrower, f"event|{r.reference}", personal) for r, (_, personal) in zip(rows, parted, strict=True)],
    )
    told = [
        {
            "borrower": r.borrower,
            "kind": r.kind,
            "on_day": r.on.isoformat(),
            "at": r.at.isoformat(),
            "reference": r.reference,
            "body": parted[k][0],
            "words": None if (words := kept[k]) is None else f"\\x{words.hex()}",
            "loan": r.loan,
            "row": k,
        }
        for k, r in enumerate(rows)
    ]
    made = connection.execute(
        "insert into event (shard, borrower, loan, kind, on_day, at, known_on, reference, body, words) "
        "select b.shard, b.borrower, c.loan, n.kind, n.on_day, n.at, n.on_day, n.reference, n.body, n.words "
        "from jsonb_to_recordset(%s) as n(borrower bigint, kind text, on_day date, at timestamptz, reference text, "
        "body jsonb, loan text, row int, words bytea) join borrower b using (borrower) "
        "left join contract c on c.reference = n.loan order by n.row "
        "on conflict (reference) do nothing returning reference",
        (Jsonb(told),),
    ).fetchall()
    return {row[0] for row in made}


def put_back_lost(connection: psycopg.Connection[Any], now: datetime, pause: timedelta) -> int:
    """Actions whose job ended or lost its worker wait again; returns how many. In a transaction of its own.

    A running job is held by its worker's connection (`take_job`), so a free lock means that the worker is gone.
    A job that began less than a second ago may not have taken its lock yet and is left alone.
    """
    dead = [
        int(row[0])
        for row in connection.execute(
            "select j.id from procrastinate_jobs j where j.status = 'doing' and not exists (select from "
            "procrastinate_events e where e.job_id = j.id and e.type = 'started' "
            "and e.at > now() - interval '1 second') "
            "and pg_try_advisory_xact_lock(%s + j.id) for update skip locked",
            (LOCK << 40,),
        ).fetchall()
    ]
    for job in dead:
        connection.execute("select procrastinate_finish_job_v1(%s, 'failed', false)", (job,))
    failed = connection.execute(
        "update waiting w set job = null, not_before = greatest(not_before, %s) where job is not null "
        "and not job = any(%s) and not exists (select from procrastinate_jobs j where j.id = w.job "
        "and j.status in ('todo', 'doing'))",
        (now + pause, dead),
    ).rowcount
    lost = connection.execute("update waiting set job = null where job = any(%s)", (dead,)).rowcount
    return failed + lost


def next_due(connection: psycopg.Connection[Any], kinds: Sequence[str]) -> datetime | None:
    """When the next action that nobody has is due."""
    row = connection.execute(
        "select min(not_before) from waiting where job is null and kind = any(%s)", (list(kinds),)
    ).fetchone()
    return row[0] if row else None


def record_of(connection: psycopg.Connection[Any], key: str) -> list[tuple[int, str, datetime, str, dict[str, Any]]]:
    """The record of an action: (try, step, moment, receipt, detail), in order."""
    return connection.execute(
        "select number, step, at, receipt, detail from sending join outbox using (action) where key = %s "
        "order by entry",
        (key,),
    ).fetchall()


@dataclass(frozen=True, slots=True)
class KnownSends:
    """An action that a receipt speaks of: its last try and step, and whether a job has it now."""

    action: int
    key: str
    kind: str
    borrower_number: int
    loan: str | None
    body: OutboxBody | BodyRefused
    number: int
    step: str
    channel: str
    busy: bool


def named(connection: psycopg.Connection[Any], names: Sequence[str]) -> dict[str, KnownSends]:
    """Actions by key or by token (md5 of the key), under the name that was asked for."""
    rows = connection.execute(
        "select n.name, o.action, o.key, o.kind, o.borrower, c.reference, o.body, coalesce(s.number, 0), "
        "coalesce(s.step, ''), coalesce(s.channel, ''), exists (select from waiting w where w.action = o.action "
        "and w.job is not null) from unnest(%s::text[]) n(name) "
        "join outbox o on o.action = coalesce((select action from outbox where key = n.name), "
        "(select action from outbox where md5(key) = n.name)) left join contract c on c.loan = o.loan "
        "left join lateral (select number, step, channel from sending where sending.action = o.action "
        "order by entry desc limit 1) s on true",
        (list(set(names)),),
    ).fetchall()
    return {row[0]: KnownSends(*_read(row, 3, 6)[1:]) for row in rows}
