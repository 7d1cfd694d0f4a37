"""Reports of a bureau on borrowers' accounts with other lenders, out of CSV or Parquet: refused row by row."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from afterloan.facts.act import Who
from afterloan.intake.files import NUL_WHY, BookFileRefused, RefusedRow, batches, check_columns
from afterloan.intake.flows import FIRST_DAY, LAST_DAY, NEVER_TAKEN, FlowColumns, FlowsRead, refuses_lines
from afterloan.store.acts import begin_act, keep_act
from afterloan.store.server import Store

NEEDED = ("borrower", "known_on", "account")
TEXTS = ("kind", "months")
DAYS = ("opened_on", "ends_on")
MONEY = ("granted", "balance", "overdue", "worst_overdue")
OPTIONAL = (*DAYS, "active", *MONEY, "prolonged", *TEXTS)
TAKEN = (
    "borrower", "known_on", "account", "opened_on", "is_active", "is_card", "granted_fen", "balance_fen", "overdue_fen",
    "worst_overdue_fen", "prolonged", "ends_on", "months",
)  # fmt: skip
YES, NO = ("true", "1", "yes", "active"), ("false", "0", "no", "closed", "")
MONTHS = r"^(\d{4}-(0[1-9]|1[0-2]):[0-5]( |$))*$"
TOO_MUCH = 10**13  # minor units


def _told(name: str) -> pl.Expr:
    return pl.col(f"{name}_text")


def _is_day(name: str) -> pl.Expr:
    return pl.col(name).is_between(FIRST_DAY, LAST_DAY).fill_null(False)


RULES = (
    *((n, _told(n).str.contains("\0", literal=True), NUL_WHY) for n in ("borrower", "account")),
    ("borrower", _told("borrower") == "", "is empty"),
    ("known_on", ~_is_day("known_on"), "is no day"),
    ("opened_on", pl.col("is_account") & ~_is_day("opened_on"), "is no day"),
    ("opened_on", pl.col("is_account") & (pl.col("opened_on") > pl.col("known_on")), "is after the day of the report"),
    ("ends_on", (_told("ends_on") != "") & ~_is_day("ends_on"), "is no day"),
    ("active", ~_told("active").is_in([*YES, *NO]), f"is none of {', '.join(w for w in (*YES, *NO) if w)}"),
    *((n, (_told(n) != "") & (pl.col(f"{n}_fen").is_null() | (pl.col(f"{n}_fen") > TOO_MUCH)), "is no amount")
      for n in MONEY),
    ("prolonged", (_told("prolonged") != "") & pl.col("prolonged").is_null(), "is no number of times"),
    ("months", ~_told("months").str.contains(MONTHS), "is not written like `2025-05:0 2025-04:2` (0 in order … 5)"),
)  # fmt: skip


def read_reports(path: Path, report: FlowsRead) -> Iterator[pl.DataFrame]:
    """Frames of good rows, `row` and TAKEN; bad rows are in `report`.

    A row is an account in a report: `borrower`, `known_on` (the day on which the report was fetched), `account` (empty:
    the report names none), `opened_on`, `active`, `kind` (`card`, or anything), amounts in major units, `ends_on`,
    `months` as `2025-05:0 2025-04:2`: 0 in order, 1 up to 30 days late … 5 over 120 days or lost; a month that is not
    told is not known.
    Raises BookFileRefused for a file that cannot be read, lacks a column, or brings people's contacts.
    """
    columns, _ = check_columns(path, FlowColumns("bureau", NEEDED, OPTIONAL))
    taken = [name for name in columns if NEVER_TAKEN.search(name)]
    if taken:
        raise BookFileRefused(f"{path.name}: column {taken[0]}: people's contacts are taken from nobody")
    row = 0
    for frame in batches(path, refuses_lines(path, report)):
        frame = frame.with_row_index("row", offset=row + 1)
        row += len(frame)
        report.read += len(frame)
        ready = _ready(frame)
        wrong = pl.coalesce(pl.when(bad).then(pl.lit(f"{column}|{why}")) for column, bad, why in RULES)
        ready = ready.with_columns(wrong=wrong)
        for told in ready.filter(pl.col("wrong").is_not_null()).iter_rows(named=True):
            column, why = told["wrong"].split("|")
            value, remedy = str(told[f"{column}_text"]), "correct the row and bring the file again"
            report.refused.append(RefusedRow(path.name, told["row"], column, value, why, remedy))
        yield ready.filter(pl.col("wrong").is_null()).select("row", *TAKEN)


def _ready(frame: pl.DataFrame) -> pl.DataFrame:
    there = set(frame.columns)
    texts = [
        (pl.col(n).fill_null("").str.strip_chars() if n in there else pl.lit("")).alias(f"{n}_text")
        for n in (*NEEDED, *OPTIONAL)
    ]
    out = frame.select("row", *texts)
    days = {n: _told(n).str.to_date("%Y-%m-%d", strict=False) for n in ("known_on", *DAYS)}
    return out.with_columns(
        **days,
        **{f"{n}_fen": _minor(n) for n in MONEY},
        borrower=_told("borrower"), account=_told("account"), is_account=_told("account") != "",
        is_active=_told("active").str.to_lowercase().is_in(YES), is_card=_told("kind").str.to_lowercase() == "card",
        active_text=_told("active").str.to_lowercase(), months=_told("months"),
        prolonged=pl.when(_told("prolonged").str.contains(r"^\d{1,4}$")).then(_told("prolonged")).cast(pl.Int32),
    )  # fmt: skip


def _minor(name: str) -> pl.Expr:
    """Minor units of an amount of nothing or more with two places at most; null where it is none."""
    value = _told(name).cast(pl.Decimal(20, 4), strict=False) * 100
    return pl.when(_told(name).str.contains(r"^\d{1,13}(\.\d{1,2}0*)?$")).then(value.cast(pl.Int64, strict=False))


def bring_reports(store: Store, path: Path, source: str, who: Who, on: date) -> FlowsRead:
    """Take a bureau's reports into the book; an account of a report is taken once. One act for the file.

    Refused row by row: what cannot be read, borrowers who are not there, reports fetched on a day on which no consent
    of the borrower to this source holds, and an account that the same report told otherwise before.
    """
    report = FlowsRead()
    with store.connect(autocommit=True) as connection, connection.transaction():
        act = begin_act(connection)
        for frame in read_reports(path, report):
            _take(connection, frame, source, path.name, report)
        asked = {"file": path.name, "source": source}
        reference = f"bureau:{source}:{path.name}:{on}:{act}"
        keep_act(connection, act, reference, "bureau.bring", who, on, asked, report.told())
    return report


INCOMING = (
    "create temp table if not exists report_in (row integer, borrower text, known_on date, account text, "
    "opened_on date, is_active boolean, is_card boolean, granted_fen bigint, balance_fen bigint, overdue_fen bigint, "
    "worst_overdue_fen bigint, prolonged integer, ends_on date, months text) on commit drop"
)
SAME = ", ".join(TAKEN[3:])
UNMATCHED = (
    "select i.row, i.borrower, i.account, b.borrower is null, a.borrower is not null from report_in i "
    "left join borrower b on b.reference = i.borrower "
    "left join bureau_account a on a.borrower = b.borrower and a.source = %(source)s and a.known_on = i.known_on "
    "and a.account = i.account "
    f"and ({', '.join(f'a.{n}' for n in TAKEN[3:])}) is distinct from ({', '.join(f'i.{n}' for n in TAKEN[3:])}) "
    "where b.borrower is null or a.borrower is not null or not exists (select from flow_consent c "
    "where c.borrower = b.borrower and c.source = %(source)s and c.on_day <= i.known_on "
    "and (c.ended_on is null or c.ended_on > i.known_on)) order by i.row"
)
LOAD = (
    f"insert into bureau_account (source, borrower, known_on, account, {SAME}) "
    f"select %(source)s, b.borrower, i.known_on, i.account, {', '.join(f'i.{n}' for n in TAKEN[3:])} "
    "from report_in i join borrower b on b.reference = i.borrower where not (i.row = any(%(bad)s)) "
    "on conflict (borrower, source, known_on, account) do nothing"
)


def _take(connection: psycopg.Connection[Any], frame: pl.DataFrame, source: str, file: str, report: FlowsRead) -> None:
    connection.execute(INCOMING)
    connection.execute("truncate report_in")
    with connection.cursor() as cursor, cursor.copy("copy report_in from stdin") as copy:
        for row in frame.iter_rows():
            copy.write_row(row)
    bad = []
    for row, borrower, account, unknown, otherwise in connection.execute(UNMATCHED, {"source": source}).fetchall():
        told = _why(file, row, borrower, account, source, unknown, otherwise)
        report.refused.append(told)
        bad.append(row)
    done = connection.execute(LOAD, {"source": source, "bad": bad})
    report.taken += done.rowcount
    report.known += len(frame) - len(bad) - done.rowcount


def _why(
    file: str, row: int, borrower: str, account: str, source: str, unknown: bool, otherwise: bool
) -> RefusedRow:  # fmt: skip
    if unknown:
        return RefusedRow(file, row, "borrower", borrower, "no borrower of that reference", "import the borrower first")
    if otherwise:
        why = "was told otherwise in the same report before"
        return RefusedRow(file, row, "account", account, why, "bring a later report under its own day")
    remedy = "bring it first: `afterloan risk flows FILE --consents`"
    return RefusedRow(file, row, "borrower", borrower, f"no consent to source {source} holds on that day", remedy)
