"""Cases with agencies: what ladders propose for one, what is placed and until when, and what each agency came to."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.store.acts import answer_at
from afterloan.store.events import body_of

PROPOSED = (
    "select o.key, b.reference, b.name, o.decided_on, coalesce((o.body->>'amount_fen')::bigint, 0), "
    "coalesce((o.body->>'days_past_due')::int, 0), coalesce((select string_agg(x->>'loan', ' ') "
    "from jsonb_array_elements(o.body->'loans') x), '') from outbox o join borrower b using (borrower) "
    "where o.kind = 'agency.place' and o.decided_on <= %(on)s and not exists (select from event e "
    "where e.reference in ('withdrawn:' || o.key, 'place:' || o.key) and e.known_on <= %(on)s) "
    "and coalesce((select d.kind from event d where d.borrower = o.borrower and d.kind in ('task.done', "
    "'task.reopened') and d.body->>'of' = o.key and d.known_on <= %(on)s order by d.event desc limit 1), '') "
    "<> 'task.done' order by o.action limit %(most)s"
)
PLACED = (
    "select e.reference, b.reference, b.name, e.body->>'agency', e.on_day, (e.body->>'until')::date, "
    "(e.body->>'arrears_fen')::bigint, array_to_string(array(select jsonb_array_elements_text(e.body->'loans')), ' '), "
    f"r.on_day, {body_of('r')} from event e join borrower b using (borrower) "
    "left join event r on r.reference = 'recall:' || e.reference and r.known_on <= %(on)s "
    "where e.kind = 'agency.placed' and e.known_on <= %(on)s "
    "order by (r.on_day is not null), (e.body->>'until')::date, e.event limit %(most)s"
)
OF_EACH = (
    "with p as (select e.body->>'agency' as agency, e.reference, (e.body->>'arrears_fen')::bigint as fen, "
    "not exists (select from event r where r.reference = 'recall:' || e.reference and r.known_on <= %(on)s) "
    "and (e.body->>'until')::date >= %(on)s as here from event e where e.kind = 'agency.placed' "
    "and e.known_on <= %(on)s), "
    "a as (select asked->>'agency' as agency, sum((answer->>'against_rules')::int) as against, count(*) as files, "
    "sum((answer->>'taken')::int) as taken, sum((answer->>'rows_refused')::int) as refused from act "
    "where verb = 'agency.answers' and on_day <= %(on)s group by 1) "
    "select coalesce(p.agency, a.agency), count(p.reference), count(p.reference) filter (where p.here), "
    "coalesce(sum(p.fen) filter (where p.here), 0)::bigint, coalesce(max(a.files), 0)::int, "
    "coalesce(max(a.taken), 0)::int, coalesce(max(a.refused), 0)::int, coalesce(max(a.against), 0)::int "
    "from p full join a using (agency) group by 1 order by 1"
)
FILES = (
    "select act, asked->>'agency', on_day, (answer->>'cases')::int, who from act where verb = 'agency.place' "
    "and on_day <= %(on)s order by act desc limit %(most)s"
)


@dataclass(frozen=True, slots=True)
class ForAgency:
    """A case that a ladder proposes for an agency: what is owed in all, in minor units, and how late."""

    key: str
    borrower: str
    name: str
    since: date
    amount_fen: int
    days_past_due: int
    loans: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A case with an agency: what stood open then, until when; `back_on`, `why`: when and why it came back."""

    placement: str
    borrower: str
    name: str
    agency: str
    on: date
    until: date
    arrears_fen: int
    loans: str
    back_on: date | None
    why: str


@dataclass(frozen=True, slots=True)
class AgencyToDate:
    """What an agency came to: cases ever `placed`, `here` now with what stood open, its files, their rows.

    `against_rules`: contacts that it told of which the governor would have refused.
    """

    agency: str
    placed: int
    here: int
    arrears_fen: int
    files: int
    taken: int
    refused: int
    against_rules: int


@dataclass(frozen=True, slots=True)
class FileOut:
    """A file of placed cases for an agency: the act that made it, of how many cases, by whom."""

    act: int
    agency: str
    on: date
    cases: int
    by: str


@dataclass(frozen=True, slots=True)
class Agencies:
    """All of it on a day."""

    proposed: list[ForAgency]
    placed: list[Placed]
    each: list[AgencyToDate]
    files: list[FileOut]

    def told(self) -> dict[str, Any]:
        """JSON values; names are left to the borrower's own page."""
        rows = {name: [asdict(one) for one in getattr(self, name)] for name in self.__slots__}
        for one in (*rows["proposed"], *rows["placed"]):
            del one["name"]
        return rows


def _why_told(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of PLACED with the reason out of what was told of its return; nothing where it is not back."""
    return (*row[:-1], row[-1].get("reason", ""))


def agencies_on(connection: psycopg.Connection[Any], on: date, most: int = 200) -> Agencies:
    """Cases proposed for agencies, cases with them, what each came to, and the files that went out, on a day."""
    told = {"on": on, "most": most}
    return Agencies(
        [ForAgency(*row) for row in connection.execute(PROPOSED, told).fetchall()],
        [Placed(*_why_told(row)) for row in connection.execute(PLACED, told).fetchall()],
        [AgencyToDate(*row) for row in connection.execute(OF_EACH, told).fetchall()],
        [FileOut(*row) for row in connection.execute(FILES, told).fetchall()],
    )


def file_of(connection: psycopg.Connection[Any], act: int) -> tuple[str, str] | None:
    """The agency and the text of a file that an act made; None where the act made none, or it was purged."""
    row = connection.execute(
        f"select a.asked->>'agency', {answer_at('a')} from act a where a.act = %s and a.verb = 'agency.place'", (act,)
    ).fetchone()
    return (str(row[0]), str(row[1]["text"])) if row and "text" in row[1] else None
