"""Whether a lender's day is under control: what was proved, decided, sent, who is needed where, what runs out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.enquiry.lists import listed
from afterloan.enquiry.rules import RuleTold, rule_told
from afterloan.enquiry.tasks import Task, tasks
from afterloan.enquiry.worklist import QueueTotal, queue_totals

SOON = timedelta(days=3)
MOST_REFUSALS = 8


@dataclass(frozen=True, slots=True)
class ProvedDay:
    """A day that was proved: contracts in = closed + excepted."""

    closed_on: date
    loans_in: int
    closed: int
    excepted: int

    @property
    def difference(self) -> int:
        """Loans that are neither closed nor excepted; a proved day has none."""
        return self.loans_in - self.closed - self.excepted


@dataclass(frozen=True, slots=True)
class DayDecided:
    """What a day came to: borrowers looked at, actions asked for, what became of them, refused by rules, withdrawn."""

    decided_on: date
    borrowers: int
    actions: int
    refused: int
    withdrawn: int
    sent: int
    waiting: int
    dropped: int


@dataclass(frozen=True, slots=True)
class BucketFlow:
    """Loans that came into a bucket on the last closed day and that left it for a better one or were paid."""

    bucket: int
    came: int
    left: int


@dataclass(frozen=True, slots=True)
class RefusalTold:
    """A rule that refused, how often on the day, with its clause (None: a ladder's own condition)."""

    name: str
    times: int
    rule: RuleTold | None


@dataclass(frozen=True, slots=True)
class Clock:
    """A kind of task with a clock: how many are late, end soon, are open in all; the nearest day."""

    queue: str
    late: int
    soon: int
    open: int
    nearest: date | None


@dataclass(frozen=True, slots=True)
class TodayTold:
    """A day at the desk. `proof` and `decided` None: nothing yet."""

    on: date
    proof: ProvedDay | None
    decided: DayDecided | None
    queues: tuple[QueueTotal, ...]
    flow: tuple[BucketFlow, ...]
    promises_due: int
    promises_due_fen: int
    clocks: tuple[Clock, ...]
    refusals: tuple[RefusalTold, ...]
    approvals: int

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


PROOF = (
    "select closed_on, loans_in, closed, excepted from proof where closed_on <= %(known)s "
    "order by closed_on desc limit 1"
)
DECIDED = (
    "select decided_on, sum(borrowers)::bigint, sum(actions)::bigint, sum(refused)::bigint, sum(withdrawn)::bigint "
    "from decided where decided_on = (select max(decided_on) from decided where decided_on <= %(known)s) group by 1"
)
SENT = (
    "select case when exists (select from event w where w.reference = 'withdrawn:' || o.key) then 'dropped' "
    "when s.step is null then 'waiting' when s.step = 'sent' then 'sent' when s.step in ('refused', 'dropped') "
    "then 'dropped' else 'waiting' end, count(*) from outbox o left join lateral (select step from sending "
    "where action = o.action order by entry desc limit 1) s on true "
    "where o.decided_on = %(on)s and o.kind <> all(%(people)s) group by 1"
)
FOR_PEOPLE = ["worklist", "task", "agency.place", "legal.propose", "charge_off.propose", "legal.file"]
"""Kinds of the outbox that people work through: nothing is sent."""
FLOW = (
    "select from_bucket, to_bucket, count(distinct loan) from transition where closed_on = %(closed)s "
    "and from_bucket <> to_bucket group by 1, 2"
)
PROMISES = (
    "select count(*), coalesce(sum((e.body->>'amount_fen')::bigint), 0)::bigint from event e "
    "where e.kind = 'promise.made' and e.on_day <= %(on)s and (e.body->>'due_on')::date = %(on)s "
    "and not exists (select from event w where w.borrower = e.borrower and w.kind = 'promise.withdrawn' "
    "and w.body->>'of' = e.reference and w.on_day <= %(on)s)"
)
REFUSALS = (
    "select rule, count(*) from finding where decided_on = %(on)s and outcome in ('refused', 'stopped', 'held') "
    "group by 1 order by 2 desc, 1 limit %(most)s"
)


def today_told(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    on: date,
    known_on: date,
    sent: Iterable[str],
    mine: Iterable[str] = (),
) -> TodayTold:
    """A day at the desk. `sent`: kinds of the outbox that a channel sends; `mine`: who looks, for approvals."""
    told: dict[str, Any] = {"on": on, "known": min(on, known_on), "most": MOST_REFUSALS}
    proved = connection.execute(PROOF, told).fetchone()
    proof = ProvedDay(*proved) if proved else None
    promises = connection.execute(PROMISES, told).fetchone()
    assert promises is not None
    refusals = tuple(RefusalTold(rule, n, rule_told(rule)) for rule, n in connection.execute(REFUSALS, told).fetchall())
    proposals = [row for row in listed(connection, "proposals", on) if row["by"] not in set(mine)]
    return TodayTold(
        on, proof, _decided(connection, told), tuple(queue_totals(connection, reader, on)),
        _flow(connection, proof.closed_on) if proof else (), promises[0], promises[1],
        clocks_of(tasks(connection, sent, on), on), refusals, len(proposals),
    )  # fmt: skip


def _decided(connection: psycopg.Connection[Any], told: dict[str, Any]) -> DayDecided | None:
    row = connection.execute(DECIDED, told).fetchone()
    if row is None:
        return None
    states = dict(connection.execute(SENT, {"on": row[0], "people": FOR_PEOPLE}).fetchall())
    on, borrowers, actions, refused, withdrawn = row
    return DayDecided(
        on,
        borrowers,
        actions,
        refused,
        withdrawn,
        states.get("sent", 0),
        states.get("waiting", 0),
        states.get("dropped", 0),
    )


def _flow(connection: psycopg.Connection[Any], closed_on: date) -> tuple[BucketFlow, ...]:
    """By bucket from M1 on: loans that rolled into it, and that left it for a better one."""
    came: Counter[int] = Counter()
    left: Counter[int] = Counter()
    for before, after, n in connection.execute(FLOW, {"closed": closed_on}).fetchall():
        came[after] += n if after > before else 0
        left[before] += n if after < before else 0
    buckets = sorted(b for b in {*came, *left} if b > 0 and (came[b] or left[b]))
    return tuple(BucketFlow(bucket, came[bucket], left[bucket]) for bucket in buckets)


def clocks_of(open_tasks: Iterable[Task], on: date) -> tuple[Clock, ...]:
    """Open tasks by queue, those whose clock runs out first on top.

    On 14 May a task due on the 13th is late, one due on the 17th ends soon, one due on the 18th is only open.
    """
    by: dict[str, list[Task]] = {}
    for task in open_tasks:
        by.setdefault(task.queue, []).append(task)
    found = []
    for queue, its in by.items():
        days = sorted(task.due_on for task in its if task.due_on)
        late = sum(day < on for day in days)
        soon = sum(on <= day <= on + SOON for day in days)
        found.append(Clock(queue, late, soon, len(its), days[0] if days else None))
    return tuple(sorted(found, key=lambda c: (c.nearest or date.max, c.queue)))
