"""Account flows out of CSV or Parquet, streamed: each row checked by itself, none taken without consent."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import polars as pl
import psycopg
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from afterloan.dates import DayRefused, date_told
from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.intake.files import (
    NUL_REMEDY,
    NUL_WHY,
    BookFileRefused,
    RefusedRow,
    batches,
    check_columns,
    columns_of_file,
    other_length,
)
from afterloan.risk.flows import CATEGORIES
from afterloan.store.acts import begin_act, keep_act
from afterloan.store.server import Store
from afterloan.texts import TextRefused, utf8_file, yaml_told

NEVER_TAKEN = re.compile(
    r"contact|address.?book|phone.?book|friend|follower|social|wechat|weixin|whatsapp|call.?log|sms", re.I
)
"""Names of columns that no file of flows may have: address books and social media are no source here, ever."""
TOO_MUCH = 10**11  # minor units: a billion in one movement is a mistake


class CategoryWords(BaseModel):
    """Which column of the source says what a movement is, and what its words mean here."""

    model_config = ConfigDict(extra="forbid")
    column: str
    words: dict[str, Literal[CATEGORIES]]  # type: ignore[valid-type]


class Outgoing(BaseModel):
    """Which column says that money went out, where amounts have no sign, and by which words."""

    model_config = ConfigDict(extra="forbid")
    column: str
    words: list[str]


class FlowMap(BaseModel):
    """How a source's file is read. `columns`: ours → the source's; `days`: form of its days, e.g. `%y%m%d`.

    `known_after_days`: a source that does not tell when a movement became known, but tells all of a day on a later one.
    """

    model_config = ConfigDict(extra="forbid")
    columns: dict[str, str] = Field(default_factory=dict)
    days: str = "%Y-%m-%d"
    separator: str = Field(default=",", min_length=1, max_length=1)
    out: Outgoing | None = None
    category: list[CategoryWords] = Field(default_factory=list)
    known_after_days: int | None = Field(default=None, ge=0, le=31)


def read_flow_map(path: Path | None) -> FlowMap:
    """A map out of a YAML file. Raises BookFileRefused with the place of what is wrong."""
    if path is None:
        return FlowMap()
    try:
        told = yaml_told(utf8_file(path), str(path)) or {}
        if isinstance(told, dict) and isinstance(told.get("columns"), dict) and True in told["columns"]:
            told["columns"]["on"] = told["columns"].pop(True)  # YAML takes a bare `on` for yes
        return FlowMap.model_validate(told)
    except TextRefused as bad:
        raise BookFileRefused(str(bad)) from bad
    except ValidationError as error:
        first = error.errors()[0]
        raise BookFileRefused(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


@dataclass(frozen=True, slots=True)
class FlowColumns:
    """The columns that a file of flows has."""

    name: str = "flows"
    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(slots=True)
class FlowsRead:
    """What became of a file: rows read, taken, known before, and the refused."""

    read: int = 0
    taken: int = 0
    known: int = 0
    refused: list[RefusedRow] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {"read": self.read, "taken": self.taken, "known_before": self.known, "refused": len(self.refused)}


def read_flows(path: Path, told: FlowMap, report: FlowsRead) -> Iterator[pl.DataFrame]:
    """Frames of good rows: `row`, `reference`, `borrower`, `on`, `known_on`, `amount_fen`, `balance_fen`, `category`,
    `counterparty`; bad rows are in `report`. Raises BookFileRefused for a file that cannot be read, lacks a column,
    says no day of knowledge, or brings people's contacts."""
    of = {
        name: told.columns.get(name, name)
        for name in ("reference", "borrower", "on", "known_on", "amount", "balance", "category", "counterparty")
    }
    _check_flow_columns(path, told, of)
    row = 0
    for frame in batches(path, refuses_lines(path, report, told.separator), told.separator):
        frame = frame.with_row_index("row", offset=row + 1)
        row += len(frame)
        report.read += len(frame)
        ready = _ready(frame, told, of)
        wrong = pl.coalesce(pl.when(bad).then(pl.lit(f"{column}|{why}")) for column, bad, why in RULES)
        ready = ready.with_columns(wrong=wrong)
        for number, value, text in (
            ready.filter(pl.col("wrong").is_not_null())
            .select("row", pl.struct(pl.col("^.*_text$")).alias("texts"), "wrong")
            .iter_rows()
        ):
            column, why = text.split("|")
            report.refused.append(
                RefusedRow(
                    path.name,
                    number,
                    of.get(column, column),
                    str(value.get(f"{column}_text", "")),
                    why,
                    "correct the row and bring the file again",
                )
            )
        yield ready.filter(pl.col("wrong").is_null()).select("row", *TAKEN)


TAKEN = ("reference", "borrower", "on", "known_on", "amount_fen", "balance_fen", "category", "counterparty")
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2099, 12, 31)


def _is_day(name: str) -> pl.Expr:
    return pl.col(name).is_between(FIRST_DAY, LAST_DAY).fill_null(False)


RULES = (
    *((name, pl.col(f"{name}_text").str.contains("\0", literal=True), NUL_WHY)
      for name in ("reference", "borrower", "counterparty")),
    ("reference", pl.col("reference").is_null() | (pl.col("reference") == ""), "is empty"),
    ("borrower", pl.col("borrower").is_null() | (pl.col("borrower") == ""), "is empty"),
    ("on", ~_is_day("on"), "is no day in the form of the map"),
    ("known_on", ~_is_day("known_on") | (pl.col("known_on") < pl.col("on")), "is no day, or before the movement"),
    ("amount", pl.col("amount_fen").is_null() | (pl.col("amount_fen") == 0) | (pl.col("amount_fen").abs() > TOO_MUCH),
     "is no amount"),
    ("balance", pl.col("balance_fen").is_null() & (pl.col("balance_text").fill_null("") != ""), "is no amount"),
)  # fmt: skip


def refuses_lines(path: Path, report: FlowsRead, separator: str = ",") -> Callable[[int, str], None]:
    """Puts lines that have another number of columns than the first one among the refused rows."""
    columns = len(columns_of_file(path, separator))
    return lambda number, text: report.refused.append(other_length(path, number, text, columns))


def _check_flow_columns(path: Path, told: FlowMap, of: Mapping[str, str]) -> None:
    columns, _ = check_columns(path, FlowColumns(), told.separator)
    taken = [name for name in columns if NEVER_TAKEN.search(name)]
    if taken:
        raise BookFileRefused(
            f"{path.name}: column {taken[0]}: people's contacts and social media are taken from "
            "nobody; bring the file without it"
        )
    for name in ("reference", "borrower", "on", "amount"):
        if of[name] not in columns:
            raise BookFileRefused(f"{path.name}: column {of[name]} is missing (found: {', '.join(columns)})")
    for name in [c.column for c in told.category] + ([told.out.column] if told.out else []):
        if name not in columns:
            raise BookFileRefused(f"{path.name}: the map names column {name}: not there ({', '.join(columns)})")
    if of["known_on"] not in columns and told.known_after_days is None:
        raise BookFileRefused(
            f"{path.name}: says of no movement when it became known; bring known_on, or say "
            "`known_after_days` in the map"
        )


def _minor(name: str) -> pl.Expr:
    """Minor units of a decimal text with two places at most; null where it is none."""
    text = pl.col(name).str.strip_chars()
    value = text.cast(pl.Decimal(20, 4), strict=False) * 100
    return pl.when(text.str.contains(r"^[+-]?\d{1,13}(\.\d{1,2}0*)?$")).then(value.cast(pl.Int64, strict=False))


def _ready(frame: pl.DataFrame, told: FlowMap, of: Mapping[str, str]) -> pl.DataFrame:
    def text(name: str) -> pl.Expr:
        here = of[name] in frame.columns
        return (pl.col(of[name]).str.strip_chars() if here else pl.lit(None, pl.String)).alias(f"{name}_text")

    out = frame.select("row", *(text(n) for n in of), *(pl.col(c.column).alias(f"_{c.column}") for c in told.category))
    days = {n: pl.col(f"{n}_text").str.to_date(told.days, strict=False) for n in ("on", "known_on")}
    if told.known_after_days is not None:
        days["known_on"] = days["on"] + pl.duration(days=told.known_after_days)
    amount = _minor("amount_text")
    if told.out is not None:
        gone = pl.Series(frame[told.out.column].is_in(told.out.words))
        amount = pl.when(gone).then(-amount.abs()).otherwise(amount)
    words = [
        pl.col(f"_{c.column}").str.strip_chars().replace_strict(c.words, default=None, return_dtype=pl.String)
        for c in told.category
    ]
    if not words:
        words = [pl.when(pl.col("category_text").is_in(CATEGORIES)).then("category_text")]
    return out.with_columns(
        reference=pl.col("reference_text"), borrower=pl.col("borrower_text"), **days, amount_fen=amount,
        balance_fen=_minor("balance_text"), category=pl.coalesce(*words, pl.lit("other")),
        counterparty=pl.col("counterparty_text").fill_null(""),
    ).drop([f"_{c.column}" for c in told.category])  # fmt: skip


def bring_flows(store: Store, path: Path, source: str, told: FlowMap, who: Who, on: date) -> FlowsRead:
    """Take a file of a source into the book, batch by batch; a row is taken once under its reference.

    Refused row by row: what cannot be read, borrowers who are not there, and movements of whom no consent to this
    source holds on the day on which they became known. One act for the file.
    """
    report = FlowsRead()
    with store.connect(autocommit=True) as connection, connection.transaction():
        act = begin_act(connection)
        for frame in read_flows(path, told, report):
            _take(connection, frame, source, path.name, report)
        asked = {"file": path.name, "source": source}
        keep_act(
            connection, act, f"flows:{source}:{path.name}:{on}:{act}", "flows.bring", who, on, asked, report.told()
        )
    return report


INCOMING = (
    "create temp table if not exists flow_in (row integer, reference text, borrower text, on_day date, known_on date, "
    "amount_fen bigint, balance_fen bigint, category text, counterparty text) on commit drop"
)
UNMATCHED = (
    "select i.row, i.borrower, b.borrower is null from flow_in i left join borrower b on b.reference = i.borrower "
    "where b.borrower is null or not exists (select from flow_consent c where c.borrower = b.borrower "
    "and c.source = %(source)s and c.on_day <= i.known_on and (c.ended_on is null or c.ended_on > i.known_on))"
)
LOAD = (
    "insert into flow (source, reference, borrower, on_day, known_on, amount_fen, balance_fen, category, counterparty) "
    "select %(source)s, i.reference, b.borrower, i.on_day, i.known_on, i.amount_fen, i.balance_fen, i.category, "
    "i.counterparty from flow_in i join borrower b on b.reference = i.borrower where not (i.row = any(%(bad)s)) "
    "on conflict (source, reference) do nothing"
)


def _take(connection: psycopg.Connection[Any], frame: pl.DataFrame, source: str, file: str, report: FlowsRead) -> None:
    connection.execute(INCOMING)
    connection.execute("truncate flow_in")
    with connection.cursor() as cursor, cursor.copy("copy flow_in from stdin") as copy:
        for row in frame.select("row", *TAKEN).iter_rows():
            copy.write_row(row)
    bad = []
    for row, borrower, unknown in connection.execute(UNMATCHED, {"source": source}).fetchall():
        why = "no borrower of that reference" if unknown else f"no consent to source {source} holds on that day"
        remedy = "import the borrower first" if unknown else "bring it first: `afterloan risk flows FILE --consents`"
        report.refused.append(RefusedRow(file, row, "borrower", borrower, why, remedy))
        bad.append(row)
    done = connection.execute(LOAD, {"source": source, "bad": bad})
    report.taken += done.rowcount
    report.known += len(frame) - len(bad) - done.rowcount


def bring_consents(store: Store, path: Path, who: Who, on: date) -> FlowsRead:
    """Take consents: `borrower`, `source`, `uses` (limit collect fraud research, blanks between), `on`, and `ended_on`
    where it was withdrawn. One act for the file; a consent told before is known."""
    report = FlowsRead()
    check_columns(path, FlowColumns("consents", ("borrower", "source", "uses", "on"), ("ended_on",)))
    with store.connect(autocommit=True) as connection, connection.transaction():
        act = begin_act(connection)
        for frame in batches(path, refuses_lines(path, report)):
            for row in frame.iter_rows(named=True):
                report.read += 1
                _consent(connection, path.name, row, report)
        keep_act(
            connection,
            act,
            f"consents:{path.name}:{on}:{act}",
            "flows.bring",
            who,
            on,
            {"file": path.name},
            report.told(),
        )
    return report


USES = ("limit", "collect", "fraud", "research")


@dataclass(frozen=True, slots=True)
class Consent:
    """One row of a file of consents, read: which borrower agreed to which source for which uses, from when until when.

    Of `on` the first day on which it holds, of `ended_on` the first on which it does so no longer.
    """

    borrower: str
    source: str
    uses: tuple[str, ...]
    on: date
    ended_on: date | None


def read_consent(row: Mapping[str, Any]) -> Consent:
    """A row of text as a consent. Raises FactRefused naming the column."""
    told = {name: str(value or "").strip() for name, value in row.items()}
    for name in ("borrower", "source", "uses", "on"):
        if not told[name]:
            raise FactRefused(name, "", "is empty", "fill it in")
    odd = next((name for name, value in told.items() if "\0" in value), None)
    if odd is not None:
        raise FactRefused(odd, told[odd].replace("\0", "\\0"), NUL_WHY, NUL_REMEDY)
    uses = tuple(sorted(set(told["uses"].split())))
    if not set(uses) <= set(USES):
        raise FactRefused("uses", told["uses"], f"names no use that there is: {', '.join(USES)}", "correct the row")
    on, ended_on = _day_of(told, "on"), _day_of(told, "ended_on") if told.get("ended_on") else None
    if ended_on is not None and ended_on < on:
        raise FactRefused("ended_on", ended_on, f"is before {on}, when it began", "correct one of the two days")
    return Consent(told["borrower"], told["source"], uses, on, ended_on)


def _day_of(told: Mapping[str, str], name: str) -> date:
    try:
        return date_told(told[name])
    except DayRefused as error:
        raise FactRefused(name, told[name], "is no day", "write YYYY-MM-DD") from error


def _consent(connection: psycopg.Connection[Any], file: str, row: Mapping[str, Any], report: FlowsRead) -> None:
    """Keep the consent of a row, or put the row among the refused."""
    try:
        known = _keep_consent(connection, read_consent(row))
    except FactRefused as wrong:
        value = str(wrong.value or "")
        report.refused.append(RefusedRow(file, report.read, wrong.column, value, wrong.reason, wrong.remedy))
        return
    report.known += known
    report.taken += not known


def _keep_consent(connection: psycopg.Connection[Any], told: Consent) -> bool:
    """Whether it was known before. A consent once told is only ever ended; raises FactRefused for anything else."""
    found = connection.execute("select borrower from borrower where reference = %s", (told.borrower,)).fetchone()
    if found is None:
        raise FactRefused("borrower", told.borrower, "no borrower of that reference", "import the borrower first")
    key = (found[0], told.source, told.on)
    where = "where borrower = %s and source = %s and on_day = %s"
    before = connection.execute(f"select uses, ended_on from flow_consent {where} for update", key).fetchone()
    if before is None:
        connection.execute(
            "insert into flow_consent (borrower, source, on_day, uses, ended_on) values (%s, %s, %s, %s, %s)",
            (*key, list(told.uses), told.ended_on),
        )
        return False
    if sorted(before[0]) != list(told.uses):
        why = f"was told as {' '.join(sorted(before[0]))} before"
        raise FactRefused("uses", " ".join(told.uses), why, "end the old one, and tell the new from its own day on")
    if told.ended_on is None or told.ended_on == before[1]:
        return True
    if before[1] is not None:
        raise FactRefused("ended_on", told.ended_on, f"was told as {before[1]} before", "correct the row")
    connection.execute(f"update flow_consent set ended_on = %s {where}", (told.ended_on, *key))
    return False
