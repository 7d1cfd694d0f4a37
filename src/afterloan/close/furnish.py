"""Furnish a month to a bureau: reckon what is reportable, hold it against what was told, tell the difference."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import polars as pl
import psycopg

from afterloan.bureau import pboc
from afterloan.bureau.amendments import in_file, records
from afterloan.bureau.metro2.rows import segments
from afterloan.bureau.packs import rule
from afterloan.bureau.places import form, missing, reports_to, wrong_sender
from afterloan.bureau.reportable import BUREAUS, difference
from afterloan.close.bureau_file import ENDINGS, Piece, kept_piece, piece_of, write_file
from afterloan.close.workers import each_shard_in_order
from afterloan.dates import number_of
from afterloan.enquiry.reportable import Heard, hear, reckoned
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Who
from afterloan.facts.bureau import CorrectionFurnished, FurnishedBefore
from afterloan.facts.outbox import Action, FormerTask, FormField, MessageBody, NoticeTask, RefusedTask
from afterloan.loan.book import Book, part
from afterloan.loan.reckon import reckon_book
from afterloan.store import furnished
from afterloan.store.acts import act_of_rule
from afterloan.store.contacts import defaults_of
from afterloan.store.events import borrower_number, tell
from afterloan.store.furnished import Furnishing
from afterloan.store.loans import product_table, products
from afterloan.store.locks import lock_furnishing
from afterloan.store.outbox import put, put_findings
from afterloan.store.posted import last_closed
from afterloan.store.read import fold, read_shard
from afterloan.store.server import Store
from afterloan.strategy.places import places_known

NOTICE = {"metro2": "us.notice.adverse", "pboc": "cn.notice.adverse", "neutral": "cn.notice.adverse"}


class FurnishRefused(ExpectedFailure, ValueError):
    """A month that cannot be furnished: why, and what can be done."""


@dataclass(slots=True)
class Furnished:
    """What furnishing a month came to: the file, rows told, of them amended, held for want of notice, refused.

    `elsewhere`: loans of borrowers whose place has another bureau. `refused`: (loan, field, reason).
    """

    bureau: str
    month_end: date
    known_on: date
    file: Path
    reportable: int = 0
    told: int = 0
    amended: int = 0
    held: int = 0
    gone: int = 0
    excepted: int = 0
    elsewhere: int = 0
    in_file: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: "Furnished") -> None:
        """The counts of some shards more."""
        for name in ("reportable", "told", "amended", "held", "gone", "excepted", "elsewhere"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.refused += other.refused


@dataclass(frozen=True, slots=True)
class OfShard:
    """What furnishing one shard comes to, row by row.

    `reckoned`: what the month says of every account; `told`: what goes out (with `turn`, `again`, `gone`, `record`);
    `held`: what waits for the notice before it; `refused`: (loan, field, reason) that the form cannot carry, `unfit`:
    their rows; `broken`: loans that cannot be reckoned; `who`: whose each loan is; `first`: the furnishing had
    nothing of the shard before.
    """

    reckoned: pl.DataFrame
    told: pl.DataFrame
    held: pl.DataFrame
    refused: list[tuple[str, str, str]]
    unfit: pl.DataFrame
    broken: set[int]
    who: pl.DataFrame
    first: bool


def furnish(
    store: Store, month_end: date, bureau: str, folder: Path, known_on: date | None = None,
    sender: Mapping[str, Any] | None = None, workers: int = 1,
) -> Furnished:  # fmt: skip
    """Furnish a month to a bureau and write its file. Killed anywhere and run again, the end is the same.

    `known_on`: as known at the end of that day (the month's last day unless given). Running it twice tells nothing
    twice: the second time the difference is empty and the file has the same bytes. `workers` (processes) are not part
    of the answer. Raises FurnishRefused.
    """
    known_on = known_on or month_end
    with store.connect() as connection:
        sender = furnished.sender_of(connection, bureau, sender or {})
        refuse_month(month_end, bureau, known_on, sender)
        refuse_open(connection, month_end)
        furnishing = furnished.begin(connection, bureau, month_end, known_on)
    file = folder / f"{bureau}-{month_end}-{known_on}.{ENDINGS[bureau]}"
    made = Furnished(bureau, month_end, known_on, file)
    shards = each_shard_in_order(store, workers, _furnish_one, furnishing, sender, file)
    with closing(shards):
        made.in_file = write_file(store, _counted(shards, made), file, furnishing, sender)
    return made


def _counted(shards: Iterable[tuple[Furnished, Piece]], made: Furnished) -> Iterator[Piece]:
    """The pieces of the file, each when its shard's counts are added."""
    for one, piece in shards:
        made.add(one)
        yield piece


def _furnish_one(
    connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int, furnishing: Furnishing,
    sender: dict[str, Any], file: Path,
) -> tuple[Furnished, Piece]:  # fmt: skip
    """Furnish a shard and commit it; its counts, and what it is in the file."""
    made = Furnished(furnishing.bureau, furnishing.month_end, furnishing.known_on, file)
    table = product_table(products(connection))
    fold(connection, reader, shard)
    connection.commit()
    found = furnish_shard(connection, reader, shard, table, furnishing, sender, made)
    connection.commit()
    if found is not None and found.first:  # these are all the rows that are kept of it
        return made, piece_of(found.told, found.who, furnishing, sender)
    return made, kept_piece(connection, shard, furnishing, sender)


def furnish_shard(
    connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int, table: Any, furnishing: Furnishing,
    sender: dict[str, Any], made: Furnished,
) -> OfShard | None:  # fmt: skip
    """One shard as an act of the night, in the caller's transaction; None where nothing is lent there."""
    name = f"furnish:{furnishing.bureau}:{furnishing.month_end}:{furnishing.known_on}:{shard}"
    asked = {"bureau": furnishing.bureau, "month_end": str(furnishing.month_end), "shard": shard}
    with act_of_rule(connection, Who.rule("night"), "bureau.furnish", name, furnishing.known_on, asked):
        return _furnish_shard(connection, reader, shard, table, furnishing, sender, made)


def wrong_month(month_end: date, bureau: str, known_on: date) -> str:
    """Why a bureau cannot be told of a month as known on a day; "" where it can: no such bureau, no end, not over."""
    if bureau not in BUREAUS:
        return f"bureau {bureau!r} is not known here; there are: {', '.join(BUREAUS)}"
    if date.fromordinal(month_end.toordinal() + 1).day != 1:
        return f"{month_end} is not the last day of a month; name that day"
    if known_on < month_end:
        return f"known_on {known_on} is before {month_end}: the month is not over; wait for it"
    return ""


def refuse_month(month_end: date, bureau: str, known_on: date, sender: Mapping[str, Any]) -> None:
    """Raises FurnishRefused: no month to tell that bureau of, a sender without its number."""
    if wrong := wrong_month(month_end, bureau, known_on):
        raise FurnishRefused(wrong)
    if wrong := wrong_sender(bureau, sender):
        raise FurnishRefused(f"sender: {wrong}; keep it once by `afterloan bureau sender`, or name it this time")


def refuse_open(connection: psycopg.Connection[Any], month_end: date) -> None:
    """A month is told of when its books are closed and proved, not before. Raises FurnishRefused."""
    last = last_closed(connection)
    if last is None or last < month_end:
        stands = f"the last day closed is {last}" if last else "no day is closed yet"
        raise FurnishRefused(
            f"{month_end} is not closed, {stands}: a month is furnished from closed books; "
            f"close it first: afterloan close --through {month_end}"
        )


def _furnish_shard(
    connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int, table: Any, furnishing: Furnishing,
    sender: dict[str, Any], made: Furnished,
) -> OfShard | None:  # fmt: skip
    """One shard: everything it tells, holds and asks for commits together; one at a time for a bureau."""
    lock_furnishing(connection, furnishing.bureau, shard)
    book = read_shard(connection, reader, shard, table)
    if not len(book):
        return None
    heard = hear(connection, shard, furnishing.bureau, furnishing.known_on)
    who = furnished.identities(connection, shard)
    now = reckoned(book, furnishing.month_end, furnishing, heard)
    elsewhere = _elsewhere(connection, shard, furnishing.bureau, who)
    made.elsewhere += int(now["loan"].is_in(list(elsewhere)).sum())
    now = now.filter(~pl.col("loan").is_in(list(elsewhere)))
    made.reportable += len(now)
    told = furnished.told(connection, furnishing.bureau, shard, furnishing.month_end)
    before, told_before = _earlier(connection, book, shard, furnishing, heard, now)
    changed = difference(pl.concat([now, before]), pl.concat([told, told_before]), heard.rejected)
    changed = _not_told_before(changed, heard)
    alive, broken = _alive(book, changed, furnishing)
    made.excepted += len(broken)
    changed = changed.filter(~pl.col("loan").is_in(list(broken)))
    alive -= heard.not_theirs
    changed = records(changed, furnishing.bureau, alive, heard.not_theirs, furnishing.month_end)
    free, held = _gate(connection, changed, who, furnishing, made)
    fit, refused = _fit(connection, free, who, furnishing, sender, made)
    rows = fit.join(who.select("loan", "borrower"), "loan").with_columns(
        furnishing=pl.lit(furnishing.number), bureau=pl.lit(furnishing.bureau), shard=pl.lit(shard)
    )
    made.told += furnished.add(connection, rows)
    made.amended += int((rows["turn"] > 0).sum())
    made.gone += int(rows["gone"].sum())
    _tell_corrections(connection, rows.filter(pl.col("turn") > 0), who, furnishing, heard)
    first = furnished.done(connection, furnishing, shard)
    unfit = free.join(fit, ["loan", "month_end"], "anti")
    return OfShard(now, rows, held, refused, unfit, broken, who, first)


def _not_told_before(changed: pl.DataFrame, heard: Heard) -> pl.DataFrame:
    """The rows without those that a former system has told in the same words; in other words they are corrections.

    Told of May as `1` before the book came here and reckoned as `1` here: the bureau hears nothing. As `2`: amended.
    """
    if not heard.before:
        return changed
    keys = list(heard.before)
    told = pl.DataFrame(
        [(loan, month, heard.before[loan, month].status) for loan, month in keys],
        schema={"loan": pl.Int64, "month_end": pl.Date, "told_as": pl.String},
        orient="row",
    )
    both = changed.join(told, ["loan", "month_end"], "left")
    first = (pl.col("turn") == 0) & pl.col("told_as").is_not_null() & ~pl.col("gone")
    both = both.filter(~(first & (pl.col("told_as") == pl.col("status"))))
    return both.with_columns(turn=pl.when(first).then(1).otherwise("turn").cast(pl.Int64)).drop("told_as")


def _elsewhere(connection: psycopg.Connection[Any], shard: int, bureau: str, who: pl.DataFrame) -> set[int]:
    """Loans of borrowers whose place has another bureau. An account that was told here stays here when people move."""
    own = str(defaults_of(connection)["jurisdiction"])
    others = not_of_bureau(bureau, own, who["loan"].to_list(), who["jurisdiction"].to_list())
    return set(others) - furnished.ever_told(connection, bureau, shard, others)


def not_of_bureau(bureau: str, own: str, loans: Sequence[int], places: Sequence[str | None]) -> list[int]:
    """The loans whose borrowers live where another bureau is told; `own`: the lender's place, where none is known."""
    known = places_known()
    others = {p for p in set(places) if not reports_to(bureau, p if p is not None and p in known else own)}
    return [loan for loan, place in zip(loans, places, strict=True) if place in others] if others else []


def _alive(book: Book, changed: pl.DataFrame, furnishing: Furnishing) -> tuple[set[int], set[int]]:
    """Of the loans with something to tell: those paid out as known by now, and those that cannot be reckoned.

    What cannot be reckoned is not amended: the close lists it with its reason.
    """
    rows = np.flatnonzero(np.isin(book.contracts["loan"], changed["loan"].unique().to_numpy()))
    seen = reckon_book(part(book, rows), number_of(furnishing.month_end), number_of(furnishing.known_on))
    loans = book.contracts["loan"][rows]
    fine = seen["error"] == 0
    return set(loans[fine & (seen["disbursed_fen"] > 0)].tolist()), set(loans[~fine].tolist())


def _earlier(
    connection: psycopg.Connection[Any],
    book: Book,
    shard: int,
    furnishing: Furnishing,
    heard: "Heard",
    now: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Earlier months of the loans of which something old was told since: reckoned again, and as furnished."""
    last = date.fromordinal(furnishing.month_end.replace(day=1).toordinal() - 1)
    touched: list[int] = []
    if heard.before or furnished.told_up_to(connection, furnishing.bureau, shard, last):
        seen = furnished.seen_before(connection, furnishing, shard)
        touched = furnished.touched(connection, shard, seen, furnishing.known_on, last)
    told = furnished.told(connection, furnishing.bureau, shard, last, touched)
    few = part(book, np.flatnonzero(np.isin(book.contracts["loan"], told["loan"].unique().to_numpy())))
    months = told["month_end"].unique().sort().to_list()
    ours = pl.concat([now.clear(), *(reckoned(few, month, furnishing, heard) for month in months)])
    former = _of_former(connection, book, furnishing, heard, told, touched, now.clear())
    return pl.concat([ours, former]), told


def _of_former(
    connection: psycopg.Connection[Any], book: Book, furnishing: Furnishing, heard: Heard, told: pl.DataFrame,
    touched: list[int], none: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """Months that only a former system told, of loans of which something about them became known afterwards.

    Where the book reckons the month as it was told, without the news, its history is whole: what it reckons with the
    news is a correction. Where it reckons the month otherwise even then, a person looks at it, once.
    """
    here = set(told.select("loan", "month_end").iter_rows())
    late = furnished.told_after(connection, [(k[0], k[1], e.known_on) for k, e in heard.before.items()], touched)
    found = [none]
    for loan, month in sorted(late - here):
        said = heard.before[loan, month]
        one = part(book, np.flatnonzero(book.contracts["loan"] == loan))
        then = reckoned(one, month, replace(furnishing, known_on=said.known_on), heard)
        now = reckoned(one, month, furnishing, heard)
        if then["status"].to_list() == [said.status]:
            found.append(now)
        elif now["status"].to_list() != [said.status]:
            put(connection, [_look_at(connection, loan, month, said, furnishing, now)])
    return pl.concat(found)


def _look_at(
    connection: psycopg.Connection[Any], loan: int, month: date, said: FurnishedBefore, furnishing: Furnishing,
    now: pl.DataFrame,
) -> Action:  # fmt: skip
    reckons = now["status"].to_list() or ["nothing"]
    why = (
        f"{month} was told as {said.status} by the former system; late news came since, and this book reckons "
        f"{reckons[0]}, but not from a whole history: correct it there, or leave it"
    )
    key = f"former:{furnishing.bureau}:{said.loan}:{month}"
    number, _ = borrower_number(connection, said.borrower)
    at = datetime.combine(furnishing.known_on, time(8), UTC)
    task = FormerTask(queue="bureau-former", loans=(said.loan,), bureau=furnishing.bureau, month_end=month, why=why)
    return Action(key, number, "task", at, furnishing.known_on, loan, task)


def _tell_corrections(
    connection: psycopg.Connection[Any], rows: pl.DataFrame, who: pl.DataFrame, furnishing: Furnishing, heard: Heard
) -> None:
    """A fact for every amended month, and word to the borrower whose dispute it answers."""
    of = {loan: d.reference for loan, d in heard.disputes if d.outcome == "corrected" and d.bureau == furnishing.bureau}
    names = who.select("loan", "reference", "person")
    for row in rows.join(names, "loan").iter_rows(named=True):
        key = f"{furnishing.bureau}:{row['reference']}:{row['month_end']}:{row['turn']}"
        event = CorrectionFurnished(
            borrower=row["person"], loan=row["reference"], on=furnishing.known_on, known_on=furnishing.known_on,
            reference=f"corrected:{key}", bureau=furnishing.bureau, month_end=row["month_end"],  # type: ignore[arg-type]
            record=row["record"], of=of.get(row["loan"]),
        )  # fmt: skip
        tell(connection, event)


def _gate(
    connection: psycopg.Connection[Any], rows: pl.DataFrame, who: pl.DataFrame, furnishing: Furnishing, made: Furnished
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hold back what is adverse for the first time and was not announced to the borrower; ask for the notice.

    The rows that may go, and those that are held.
    """
    law = rule(NOTICE[furnishing.bureau])
    if not law.parameters["before_first"]:
        return rows, rows.clear()
    bad = rows.filter(pl.col("adverse"))["loan"].to_list()
    free = announced(connection, bad, furnishing)
    held = rows.filter(pl.col("adverse") & ~pl.col("loan").is_in(list(free)))
    asked = held.join(who.select("loan", "reference", "borrower"), "loan")
    at = datetime.combine(furnishing.known_on, time(8), UTC)
    actions, findings = [], []
    for row in asked.iter_rows(named=True):
        key = notice_key(furnishing.bureau, row["reference"])
        values = {"loans": [row["reference"]], "bureau": furnishing.bureau, "month_end": str(row["month_end"]),
                  "days_past_due": row["days_past_due"], "arrears_fen": row["overdue_fen"]}  # fmt: skip
        body = MessageBody(template="bureau-adverse-notice", purpose="legal_notice", to=None, values=values)
        task = NoticeTask(queue="bureau-notice", loans=(row["reference"],), notice=key)
        about = (furnishing.known_on, row["loan"])
        actions.append(Action(key, row["borrower"], "notice.adverse", at, *about, body))
        actions.append(Action(f"task:{key}", row["borrower"], "task", at, *about, task))
        finding = law.finding(
            furnishing.known_on, "held: notice not delivered", loan=row["reference"], bureau=furnishing.bureau,
            month_end=str(row["month_end"]), status=row["status"], notice=key,
        )  # fmt: skip
        findings.append((row["borrower"], row["loan"], "bureau.held", finding))
    put(connection, actions)
    put_findings(connection, findings)
    made.held += len(held)
    return rows.join(held.select("loan", "month_end"), ["loan", "month_end"], "anti"), held


def notice_key(bureau: str, loan: str) -> str:
    """The key of the notice before the first adverse report of a loan."""
    return f"notice.adverse:{bureau}:{loan}"


ANNOUNCED = (
    "with bad as (select loan, borrower, reference from contract where loan = any(%(l)s)) "
    "select loan from furnished where bureau = %(b)s and adverse and loan = any(%(l)s) union "
    # borrower by borrower: of each kind there are more events in the book than any shard should read
    "select c.loan from bad c cross join lateral (select from event e where e.borrower = c.borrower and ("
    "e.kind = 'bureau.furnished_before' and e.loan = c.loan and e.body->>'bureau' = %(b)s "
    "and (e.body->>'adverse')::boolean or "
    "e.kind = 'bureau.notice_delivered' and e.loan = c.loan and e.body->>'bureau' = %(b)s or "
    "e.kind = 'contact.ended' and e.body->>'of' = 'notice.adverse:' || %(b)s || ':' || c.reference "
    "and e.body->>'outcome' in ('delivered', 'reached')) "
    "and e.kind in ('bureau.furnished_before', 'bureau.notice_delivered', 'contact.ended') "
    "and e.known_on <= %(k)s limit 1) e union "
    "select c.loan from bad c join outbox o on o.borrower = c.borrower and o.kind = 'bureau.notice' "
    "and o.body->'values'->'loans' ? c.reference where exists (select from event e "
    "where e.reference = 'delivered:' || o.key and e.known_on <= %(k)s)"
)


def announced(connection: psycopg.Connection[Any], loans: list[int], furnishing: Furnishing) -> set[int]:
    """Which loans may be reported as adverse: told adversely before (here, or by a former system), or a notice was
    delivered by the day.

    The ladder's word before reporting (`bureau.notice`) is such a notice for the loans that it names: the borrower is
    not told a second time.
    """
    rows = connection.execute(ANNOUNCED, {"b": furnishing.bureau, "l": loans, "k": furnishing.known_on}).fetchall()
    return {int(row[0]) for row in rows}


def _fit(
    connection: psycopg.Connection[Any], rows: pl.DataFrame, who: pl.DataFrame, furnishing: Furnishing,
    sender: dict[str, Any], made: Furnished,
) -> tuple[pl.DataFrame, list[tuple[str, str, str]]]:  # fmt: skip
    """Leave out the rows that the bureau's format cannot carry (a name missing, too long …), each with a task.

    The rows that it carries, and (loan, field, reason) of those that it does not.
    """
    lines = in_file(rows)
    if furnishing.bureau == "metro2":
        refused = [tuple(row) for row in segments(lines, who, sender)[1].iter_rows()]
    elif furnishing.bureau == "pboc":
        refused = pboc.records(lines, who, str(sender.get("account_type", "D1")))[1]
    else:
        refused = []
    told = _ask_for(connection, refused, who, furnishing)
    made.refused += told
    return rows.filter(~pl.col("loan").is_in([loan for loan, _, _ in refused])), told


def _ask_for(
    connection: psycopg.Connection[Any], refused: list[tuple[int, str, str]], who: pl.DataFrame, furnishing: Furnishing
) -> list[tuple[str, str, str]]:
    """One task a borrower and month for what the form refused: why, what is missing, and the command that adds it."""
    if not refused:
        return []
    names = {row["loan"]: row for row in who.iter_rows(named=True)}
    at = datetime.combine(furnishing.known_on, time(8), UTC)
    by_borrower: dict[int, list[tuple[int, str, str]]] = {}
    for row in refused:
        by_borrower.setdefault(names[row[0]]["borrower"], []).append(row)
    actions = []
    for borrower, rows in by_borrower.items():
        first = names[rows[0][0]]
        lacking = missing(furnishing.bureau, first["name"], json.loads(first["attributes"]))
        told = tuple(dict.fromkeys(names[loan]["reference"] for loan, _, _ in rows))
        body = RefusedTask(
            queue="bureau-refused",
            loans=told,
            bureau=furnishing.bureau,
            month_end=furnishing.month_end,
            field=rows[0][1],
            reason="; ".join(dict.fromkeys(f"{field}: {reason}" for _, field, reason in rows)),
            missing=tuple(need.any_of for need in lacking),
            form=tuple(FormField(**asked) for asked in form(first["person"], lacking)),
        )
        key = f"task:bureau.refused:{furnishing.bureau}:{first['person']}:{furnishing.month_end}"
        actions.append(Action(key, borrower, "task", at, furnishing.known_on, rows[0][0], body))
    put(connection, actions)
    return [(names[loan]["reference"], field, reason) for loan, field, reason in refused]
