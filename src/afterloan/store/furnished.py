"""What was furnished to bureaus, in the store: rows are added, read back, and never changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import psycopg

from afterloan.bureau.reportable import COUNTS, DAYS, DELETED, MONEY, TEXTS
from afterloan.store.events import BODY
from afterloan.store.persons import opened_rows
from afterloan.store.read import watermark
from afterloan.store.settings import Setting, setting

SCHEMA: dict[str, Any] = {
    "furnishing": pl.Int64,
    "bureau": pl.String,
    "shard": pl.Int32,
    "borrower": pl.Int64,
    "loan": pl.Int64,
    "month_end": pl.Date,
    "turn": pl.Int64,
    "record": pl.String,
    "adverse": pl.Boolean,
    **dict.fromkeys(TEXTS, pl.String),
    **dict.fromkeys(DAYS, pl.Date),
    **dict.fromkeys(("principal_fen", *MONEY), pl.Int64),
    **dict.fromkeys(COUNTS, pl.Int64),
}
COLUMNS = ", ".join(SCHEMA)


@dataclass(frozen=True, slots=True)
class Furnishing:
    """A file to a bureau: its number, whose, of which month, as known when, and the transactions it had seen."""

    number: int
    bureau: str
    month_end: date
    known_on: date
    mark: str
    new: bool


def sender_of(connection: psycopg.Connection[Any], bureau: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Who furnishes to a bureau: as the lender keeps it (`settings.sender`), and over it what is told this time."""
    kept: dict[str, Any] = setting(connection, Setting.SENDER).get(bureau, {})
    return {**kept, **told}


def begin(connection: psycopg.Connection[Any], bureau: str, month_end: date, known_on: date) -> Furnishing:
    """The furnishing of a month as known on a day: begun now, or the one that was begun before."""
    connection.execute(
        "insert into furnishing (bureau, month_end, known_on, mark) values (%s, %s, %s, %s::text::xid8) "
        "on conflict (bureau, month_end, known_on) do nothing",
        (bureau, month_end, known_on, watermark(connection)),
    )
    row = connection.execute(
        "select f.furnishing, f.mark::text, not exists (select 1 from furnished r where r.furnishing = f.furnishing) "
        "from furnishing f where bureau = %s and month_end = %s and known_on = %s",
        (bureau, month_end, known_on),
    ).fetchone()
    assert row is not None
    return Furnishing(int(row[0]), bureau, month_end, known_on, str(row[1]), bool(row[2]))


def seen_before(connection: psycopg.Connection[Any], furnishing: Furnishing, shard: int) -> tuple[str, date]:
    """What the last furnishing of a shard to that bureau had seen: transaction number, day; ("0", …) for none."""
    row = connection.execute(
        "select f.mark::text, f.known_on from furnishing f join furnishing_shard s using (furnishing) "
        "where bureau = %s and furnishing < %s and s.shard = %s order by furnishing desc limit 1",
        (furnishing.bureau, furnishing.number, shard),
    ).fetchone()
    return (str(row[0]), row[1]) if row else ("0", date.min)


def done(connection: psycopg.Connection[Any], furnishing: Furnishing, shard: int) -> bool:
    """Note that a shard of a furnishing is through, in the transaction that makes it so; False: it was before."""
    made = connection.execute(
        "insert into furnishing_shard (furnishing, shard) values (%s, %s) on conflict do nothing",
        (furnishing.number, shard),
    )
    return made.rowcount > 0


def _frame(rows: Sequence[Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def told(
    connection: psycopg.Connection[Any], bureau: str, shard: int, month_end: date, loans: Sequence[int] | None = None
) -> pl.DataFrame:
    """Rows furnished for one month of a shard (all turns), or of some loans for it and all months before."""
    if loans is None:
        where, more = "month_end = %s", ()
    else:
        where, more = "month_end <= %s and loan = any(%s)", (list(loans),)  # type: ignore[assignment]
    return _frame(
        connection.execute(
            f"select {COLUMNS} from furnished where bureau = %s and shard = %s and {where} order by furnished",
            (bureau, shard, month_end, *more),
        ).fetchall()
    )


def of_borrower(connection: psycopg.Connection[Any], borrower: int, bureau: str | None = None) -> pl.DataFrame:
    """All rows furnished about a borrower, oldest first."""
    return _frame(
        connection.execute(
            f"select {COLUMNS} from furnished where borrower = %s and (%s::text is null or bureau = %s) "
            "order by loan, month_end, turn",
            (borrower, bureau, bureau),
        ).fetchall()
    )


def of_file(connection: psycopg.Connection[Any], furnishing: int, shard: int) -> pl.DataFrame:
    """The rows of one file in one shard, by loan and month."""
    return _frame(
        connection.execute(
            f"select {COLUMNS} from furnished where furnishing = %s and shard = %s order by loan, month_end, turn",
            (furnishing, shard),
        ).fetchall()
    )


def rows_of_shards(connection: psycopg.Connection[Any], furnishing: int, shards: int) -> list[int]:
    """How many rows a furnishing has in each of a book's shards."""
    told = connection.execute(
        "select shard, count(*) from furnished where furnishing = %s group by shard", (furnishing,)
    ).fetchall()
    found = dict(told)
    return [int(found.get(shard, 0)) for shard in range(shards)]


def add(connection: psycopg.Connection[Any], rows: pl.DataFrame) -> int:
    """Add rows (columns of SCHEMA) in the caller's transaction; returns how many."""
    if not len(rows):
        return 0
    text = rows.select(list(SCHEMA)).write_csv(include_header=False, null_value="\\N", quote_style="necessary")
    # an empty text is written as "" and nothing else: \N alone stands for none
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy furnished ({COLUMNS}) from stdin (format csv, null '\\N')") as copy,
    ):
        copy.write(text)
    return len(rows)


def told_up_to(connection: psycopg.Connection[Any], bureau: str, shard: int, month_end: date) -> bool:
    """Whether anything of a shard was ever furnished to a bureau for a month or one before."""
    row = connection.execute(
        "select exists (select from furnished where bureau = %s and shard = %s and month_end <= %s)",
        (bureau, shard, month_end),
    ).fetchone()
    return bool(row and row[0])


def touched(
    connection: psycopg.Connection[Any], shard: int, seen: tuple[str, date], known_on: date, before: date
) -> list[int]:
    """Loans of a shard of which something about days up to `before` was told, or became known, since what was seen."""
    mark, day = seen
    rows = connection.execute(
        "select distinct loan from fact where shard = %(s)s and (on_day <= %(b)s or kind = 90) "
        "and (told >= %(m)s::text::xid8 or known_on between %(d)s::date + 1 and %(k)s) "
        "union select loan from event where shard = %(s)s and loan is not null and kind like 'bureau.%%' "
        "and (told >= %(m)s::text::xid8 or known_on between %(d)s::date + 1 and %(k)s)",
        {"s": shard, "m": mark, "b": before, "d": max(day, date(1970, 1, 1)), "k": known_on},
    ).fetchall()
    return [int(row[0]) for row in rows]


TOLD_AFTER = (
    "select distinct b.loan, b.month_end from unnest(%(loans)s::bigint[], %(ends)s::date[], %(known)s::date[]) "
    "b(loan, month_end, known_on) join fact f on f.loan = b.loan and f.known_on > b.known_on "
    "and (f.on_day <= b.month_end or f.kind = 90) where b.loan = any(%(touched)s)"
)


def told_after(
    connection: psycopg.Connection[Any], months: Sequence[tuple[int, date, date]], touched: Sequence[int]
) -> set[tuple[int, date]]:
    """Of months (loan, its end, when it was told) of touched loans those of which a fact became known afterwards."""
    if not months or not touched:
        return set()
    loans, ends, known = (list(column) for column in zip(*months, strict=True))
    told = {"loans": loans, "ends": ends, "known": known, "touched": list(touched)}
    return {(int(loan), end) for loan, end in connection.execute(TOLD_AFTER, told).fetchall()}


IDENTITY = {"loan": pl.Int64, "reference": pl.String, "borrower": pl.Int64, "person": pl.String, "name": pl.String,
            "attributes": pl.String, "jurisdiction": pl.String, "method": pl.String, "unit": pl.Int64,
            "every": pl.Int64, "instalments": pl.Int64}  # fmt: skip


def identities(
    connection: psycopg.Connection[Any], shard: int | None, loans: Sequence[int] | None = None
) -> pl.DataFrame:
    """Who owes each loan, and its contract in words, by loan (IDENTITY): of a shard or of some loans."""
    with connection.cursor(binary=True) as cursor:
        contracts = cursor.execute(
            "select c.loan, c.reference, c.borrower, p.terms->>'method', c.unit, c.every, c.instalments "
            "from contract c join product p on p.number = c.product "
            "where (%s::int is null or c.shard = %s) and (%s::bigint[] is null or c.loan = any(%s)) order by c.loan",
            (shard, shard, *[list(loans) if loans is not None else None] * 2),
        ).fetchall()
        people = cursor.execute(
            "select borrower, reference, clear->>'jurisdiction', (name).key, (name).value, (attributes).key, "
            "(attributes).value from borrower where borrower = any(%s)",
            (list({row[2] for row in contracts}),),
        ).fetchall()
    opened = opened_rows([row[3:] for row in people], connection)
    told = ("loan", "reference", "borrower", "method", "unit", "every", "instalments")
    owed = _by_column(contracts, told, IDENTITY)
    who = _by_column(people, ("borrower", "person", "jurisdiction"), IDENTITY).with_columns(
        pl.Series("name", [name for name, _ in opened], pl.String),
        pl.Series("attributes", [text for _, text in opened], pl.String),
    )
    return owed.join(who, "borrower", maintain_order="left").select(list(IDENTITY))


def _by_column(rows: Sequence[tuple[Any, ...]], names: Sequence[str], schema: Mapping[str, Any]) -> pl.DataFrame:
    """The first columns of rows as a table: a column at a time, which takes a third of the time of row by row."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return pl.DataFrame([pl.Series(n, c, schema[n]) for n, c in zip(names, columns, strict=False)])


def ever_told(connection: psycopg.Connection[Any], bureau: str, shard: int, loans: Sequence[int]) -> set[int]:
    """Which of some loans of a shard a bureau was ever told of."""
    rows = connection.execute(
        "select distinct loan from furnished where bureau = %s and shard = %s and loan = any(%s)",
        (bureau, shard, list(loans)),
    ).fetchall()
    return {int(row[0]) for row in rows}


def files(connection: psycopg.Connection[Any], newest: int | None = None) -> Iterator[tuple[Any, ...]]:
    """Furnishings with their counts, the oldest first: number, bureau, month, known on, rows; every one, or the newest.

    Only rows of the furnishings that are told are counted.
    """
    yield from connection.execute(
        "with f as (select * from furnishing order by furnishing desc limit %s) "
        "select f.furnishing, f.bureau, f.month_end, f.known_on, "
        "(select count(*) from furnished r where r.furnishing = f.furnishing) from f order by 1",
        (newest,),
    )


LAST_OF_EACH = (
    "select distinct on (r.loan, r.month_end) r.*, f.mark::text as mark, f.known_on from furnished r "
    "join furnishing f using (furnishing) where r.bureau = %(b)s and r.loan = any(%(l)s) and r.month_end <= %(m)s "
    "order by r.loan, r.month_end, r.turn desc"
)


def last_of_each(
    connection: psycopg.Connection[Any], bureau: str, loans: Sequence[int], month_end: date
) -> pl.DataFrame:
    """What a bureau was last told of each month of some loans up to one; `mark`, `known_on`: of that furnishing."""
    named = ", ".join(("mark", "known_on", *SCHEMA))
    rows = connection.execute(
        f"select {named} from ({LAST_OF_EACH}) x", {"b": bureau, "l": list(loans), "m": month_end}
    ).fetchall()
    return pl.DataFrame(rows, schema={"mark": pl.String, "known_on": pl.Date, **SCHEMA}, orient="row")


SINCE = (
    "with told as (select * from unnest(%(n)s::int[], %(loans)s::bigint[], %(ends)s::date[], %(marks)s::text[], "
    "%(days)s::date[]) t(n, loan, until, mark, known)) "
    "select t.n, f.known_on, f.on_day, f.kind::text, f.amount_fen, f.reference, null::enciphered_body "
    "from told t join fact f using (loan) "
    "where (f.on_day <= t.until or f.kind = 90) and f.known_on <= %(k)s "
    "and (f.known_on > t.known or f.told >= t.mark::xid8) union all "
    f"select t.n, e.known_on, e.on_day, e.kind, 0, e.reference, {BODY} "
    "from told t join event e using (loan) join borrower b on b.borrower = e.borrower "
    "where e.kind like 'bureau.%%' and e.kind <> 'bureau.correction_furnished' and e.known_on <= %(k)s "
    "and (e.known_on > t.known or e.told >= t.mark::xid8) order by 1, 2, 3, 6"
)

SAYS = ("field", "code", "reason", "outcome")
"""What an event of a bureau says in words."""


def since_told(
    connection: psycopg.Connection[Any], told: Sequence[tuple[int, date, str, date]], known_on: date
) -> list[list[tuple[date, date, str, int, str, str]]]:
    """What became known of each (loan, month end, mark, known on) since it was told, about days up to that month end.

    One list each, of (known on, on, kind, amount in minor units, reference, what an event says): facts by the number of
    their kind, events by its name. The mark is that of the furnishing: what was told on its day but after it is since.
    """
    found: list[list[tuple[date, date, str, int, str, str]]] = [[] for _ in told]
    if not told:
        return found
    loans, ends, marks, days = (list(column) for column in zip(*told, strict=True))
    asked = {"n": list(range(len(told))), "loans": loans, "ends": ends, "marks": marks, "days": days, "k": known_on}
    for n, *row in connection.execute(SINCE, asked).fetchall():
        words = " ".join(str(row[5][name]) for name in SAYS if (row[5] or {}).get(name) is not None)
        found[n].append((row[0], row[1], row[2], int(row[3]), row[4], words))
    return found


def last_month(
    connection: psycopg.Connection[Any], bureau: str, before: date
) -> tuple[date, int, int, int, int] | None:
    """The month last furnished to a bureau before one: its end, accounts, of them adverse, balance, overdue.

    None where nothing was furnished. Accounts that were taken back are not counted.
    """
    row = connection.execute(
        "with m as (select max(month_end) as at from furnishing where bureau = %(b)s and month_end < %(m)s) "
        "select m.at, count(x.loan), count(*) filter (where x.adverse), coalesce(sum(x.balance_fen), 0), "
        "coalesce(sum(x.overdue_fen), 0) from m left join lateral (select distinct on (loan) loan, adverse, "
        "balance_fen, overdue_fen, record from furnished where bureau = %(b)s and month_end = m.at "
        "order by loan, turn desc) x on not x.record = any(%(d)s) where m.at is not null group by m.at",
        {"b": bureau, "m": before, "d": list(DELETED)},
    ).fetchone()
    return (row[0], *(int(value) for value in row[1:])) if row else None
