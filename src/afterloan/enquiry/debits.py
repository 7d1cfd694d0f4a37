"""Debits of the last weeks and how each stands; the files in which they left and what came back of each."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from afterloan.enquiry.masking import last_four, mask_name
from afterloan.facts import FactRefused
from afterloan.facts.debit import MandateSigned
from afterloan.store.events import body_of

WEEKS = 5
"""Weeks of debits that are looked at: older ones are read in the borrower's story."""
STATES = ("waiting", "asked", "filed", "succeeded", "presumed", "failed", "returned")
"""waiting: for a file · asked: of the gateway, no answer yet · filed: no answer yet · presumed: paid by silence."""
MOST_FILES = 40

TOLD = """
select e.reference, e.at, b.reference as borrower, b.name, (e.body->>'amount_fen')::bigint as amount_fen,
    e.body->>'mandate' as mandate, e.body->>'rail' as rail,
    array(select part->>'loan' from jsonb_array_elements(e.body->'parts') part) as loans,
    f.body->>'file' as file, f.on_day as collected_on,
    coalesce(r.body->>'reason', n.body->>'reason', '') as reason,
    coalesce(r.known_on, s.known_on, n.known_on) as answered_on,
    case when r.event is not null then 'returned'
         when s.event is not null then case when a.verb = 'debit.presume_paid' then 'presumed' else 'succeeded' end
         when n.event is not null then 'failed'
         when f.event is not null then 'filed'
         when e.body->>'rail' = 'gateway' then 'asked' else 'waiting' end as state
from event e join borrower b using (borrower)
left join lateral (select * from event x where x.kind = 'debit.filed' and x.body->>'of' = e.reference
    and x.known_on <= %(on)s order by x.event limit 1) f on true
left join lateral (select * from event x where x.kind = 'debit.succeeded' and x.body->>'of' = e.reference
    and x.known_on <= %(on)s order by x.event limit 1) s on true
left join lateral (select * from event x where x.kind = 'debit.failed' and x.body->>'of' = e.reference
    and x.known_on <= %(on)s order by x.event limit 1) n on true
left join lateral (select * from event x where x.kind = 'debit.returned' and x.body->>'of' = e.reference
    and x.known_on <= %(on)s order by x.event limit 1) r on true
left join act a on a.act = s.act
where e.kind = 'debit.attempted' and e.on_day > %(since)s and e.known_on <= %(on)s
"""
FILES = f"""
select file, rail, min(collected_on) as collected_on, count(*) as debits, sum(amount_fen)::bigint as total_fen,
    count(*) filter (where state = 'filed') as open,
    count(*) filter (where state in ('succeeded', 'presumed')) as taken,
    count(*) filter (where state in ('failed', 'returned')) as back
from ({TOLD}) d where file is not null group by file, rail order by 3 desc, 1 desc limit {MOST_FILES}
"""


@dataclass(frozen=True, slots=True)
class DebitLine:
    """One debit: under which mandate, for which loans, in which file, how it stands, why it did not, since when."""

    debit: str
    at: datetime
    borrower: str
    name: str
    amount_fen: int
    mandate: str
    rail: str
    loans: tuple[str, ...]
    file: str
    collected_on: date | None
    reason: str
    answered_on: date | None
    state: str


@dataclass(frozen=True, slots=True)
class DebitFile:
    """A file of debits that left, for collection on a day: how many of how much, and what was heard of them."""

    file: str
    rail: str
    collected_on: date
    debits: int
    total_fen: int
    open: int
    taken: int
    back: int


@dataclass(frozen=True, slots=True)
class DebitsTold:
    """Debits since a day, the newest first: a window of those in a state, and (count, amount) of each state."""

    since: date
    lines: tuple[DebitLine, ...]
    total: int
    states: dict[str, tuple[int, int]]
    files: tuple[DebitFile, ...]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        states = {name: {"debits": n, "amount_fen": fen} for name, (n, fen) in self.states.items()}
        return {**asdict(self), "states": states}


def debits_on(
    connection: psycopg.Connection[Any], on: date, state: str = "", first: int = 0, most: int = 50
) -> DebitsTold:
    """Debits of the last weeks up to a day as known then.

    Asked on the 10th, filed for the 12th, nothing heard: `filed`. Taken on the 12th, back on the 15th: `returned`.
    """
    told = {"on": on, "since": on - timedelta(weeks=WEEKS), "state": state, "first": first, "most": most}
    counted = connection.execute(
        f"select state, count(*), sum(amount_fen)::bigint from ({TOLD}) d group by state", told
    ).fetchall()
    states = {name: (int(n), int(fen)) for name, n, fen in sorted(counted, key=lambda row: STATES.index(row[0]))}
    rows = connection.execute(
        f"select * from ({TOLD}) d where %(state)s in ('', state) order by at desc, reference "
        "limit %(most)s offset %(first)s", told
    ).fetchall()  # fmt: skip
    total = sum(n for name, (n, _) in states.items() if state in ("", name))
    files = tuple(DebitFile(*row) for row in connection.execute(FILES, told).fetchall())
    return DebitsTold(told["since"], tuple(_line(*row) for row in rows), total, states, files)  # type: ignore[arg-type]


def _line(
    debit: str, at: datetime, borrower: str, name: str, amount_fen: int, mandate: str, rail: str, loans: list[str],
    file: str | None, collected_on: date | None, reason: str, answered_on: date | None, state: str,
) -> DebitLine:  # fmt: skip
    return DebitLine(
        debit, at, borrower, mask_name(name), amount_fen, mandate, rail, tuple(loans), file or "", collected_on,
        reason, answered_on, state,
    )  # fmt: skip


def rail_of_file(connection: psycopg.Connection[Any], file: str) -> str:
    """By which rail a file of debits left. Raises FactRefused (unknown)."""
    row = connection.execute(
        "select e.body->>'rail' from event f join event e on e.reference = f.body->>'of' "
        "where f.kind = 'debit.filed' and f.body->>'file' = %s limit 1",
        (file,),
    ).fetchone()
    if row is None:
        raise FactRefused("file", file, "no file of that name", "GET /v1/debit-files lists them", "unknown")
    return str(row[0])


MANDATES = f"""
select m.reference, b.reference, b.name, c.reference, m.on_day, {body_of("m")},
    (select min(r.on_day) from event r where r.kind = 'mandate.revoked' and r.body->>'of' = m.reference
        and r.known_on <= %(on)s)
from event m join borrower b using (borrower) left join contract c on c.loan = m.loan
where m.kind = '{MandateSigned.KIND}' and m.known_on <= %(on)s and (%(of)s::text is null or b.reference = %(of)s)
order by m.event desc limit %(most)s offset %(first)s
"""


@dataclass(frozen=True, slots=True)
class MandateLine:
    """A mandate as known on a day: whose account (its last four), by which rail, for which loan (None: all).

    `ceiling_fen`: most in one debit, `ceiling_month_fen`: in a calendar month (None: not agreed).
    """

    mandate: str
    borrower: str
    name: str
    source: str
    account: str
    rail: str
    loan: str | None
    ceiling_fen: int | None
    signed_on: date
    revoked_on: date | None
    ceiling_month_fen: int | None = None
    account_type: str = "current"
    turn: int = 0
    less_allowed: bool = True
    bank: str = ""
    holder: str = ""

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def mandates_on(
    connection: psycopg.Connection[Any], on: date, borrower: str | None = None, first: int = 0, most: int | None = None
) -> list[MandateLine]:
    """Mandates (of one borrower) as known on a day, the newest first; or a window of them."""
    told = {"on": on, "of": borrower, "first": first, "most": most}
    return [
        MandateLine(
            name, of, mask_name(who), body["source"], last_four(body.get("account", "-")), body.get("rail", "gateway"),
            loan, body.get("ceiling_fen"), signed_on, revoked_on, body.get("ceiling_month_fen"),
            body.get("account_type", "current"), body.get("turn", 0), body.get("less_allowed", True),
            body.get("bank", ""), mask_name(body.get("holder", "")),
        )
        for name, of, who, loan, signed_on, body, revoked_on in connection.execute(MANDATES, told).fetchall()
    ]  # fmt: skip


def mandates_counted(connection: psycopg.Connection[Any], on: date) -> int:
    """How many mandates are known on a day."""
    row = connection.execute(
        "select count(*) from event where kind = %s and known_on <= %s", (MandateSigned.KIND, on)
    ).fetchone()
    assert row is not None
    return int(row[0])
