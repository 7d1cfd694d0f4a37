"""Bring a book in from files, streamed: good rows load, bad rows are told with row, column, value and remedy.

Every batch commits by itself and a reference is taken once, so an import that was killed and runs again
ends as if it had not been killed.
"""

import csv
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psycopg
import pyarrow.parquet as pq

from afterloan.dates import number_of
from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.facts.words import AGREED, GIVEN, WAYS
from afterloan.intake.files import (
    NUL_REMEDY,
    NUL_WHY,
    BookFileRefused,
    FileReport,
    HasColumns,
    RefusedRow,
    find_file,
    other_length,
)
from afterloan.intake.forms import FORMS
from afterloan.intake.paid_out import ABOVE_CONTRACT, TOO_MUCH_OUT, know_taken_back, pay_outs_taken_back
from afterloan.intake.sheets import ATTRIBUTE, FIGURES, FIGURES_ON, LEFT_OUT, FileMap, Sheet, columns_for
from afterloan.intake.told import TOLD_FILES, bring_told
from afterloan.loan.bounds import why_out_of_bounds
from afterloan.loan.terms import (
    CONTRACT,
    MAX_INSTALMENTS,
    MAX_PRINCIPAL_FEN,
    RATE_SCALE,
    FactKind,
    Unit,
)
from afterloan.money import show_amount
from afterloan.rules.products import ProductTerms, builtin, load_products
from afterloan.store.acts import act_known, begin_act, keep_act, resume_act
from afterloan.store.believed import last_day_believed
from afterloan.store.details import NAME, BorrowerDetails, change_details, details_of, latest
from afterloan.store.events import borrower_number
from afterloan.store.ids import as_array, as_text_array
from afterloan.store.locks import lock_borrowers, lock_reference
from afterloan.store.persons import COLUMNS, register_of
from afterloan.store.refusals import ImportRefusal, keep_import_refusals
from afterloan.store.server import Store
from afterloan.strategy.attributes import check_attributes
from afterloan.strategy.places import places_known, what_is_wrong

IMPORTER = Who("rule", "import", ("rule",), "import")
"""Who imports where no person is told."""

REFUSALS = "refused.csv"
Progress = Callable[[str, int, int], None]
"""Called with file, rows done, rows in all (0: not known)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch."""

    read: int
    loaded: int
    changed: int
    refused: list[RefusedRow]


@dataclass(frozen=True, slots=True)
class RowRule:
    """A check of one column: rows where `bad` is true are refused."""

    column: str
    bad: pl.Expr
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FileKind:
    """A file of a book: its columns, what they must hold, and the statements that take a batch in."""

    name: str
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    prepare: Callable[["Brought"], tuple[list[pl.Expr], list[RowRule]]]
    incoming: str
    load: str
    unmatched: tuple[tuple[str, str, str, str], ...]  # SQL condition, column, reason, remedy
    differs: str
    last: Callable[["Brought", pl.DataFrame], dict[int, "LastLook"]] | None = None
    """A last look at rows that are right by themselves: row → why it cannot be taken."""
    changes: Callable[[psycopg.Connection[Any], pl.DataFrame, str], tuple[int, list[RefusedRow]]] | None = None
    """What rows of other content come to that the store has already: how many were changed by them, and the refused."""
    before: Callable[[psycopg.Connection[Any], frozenset[str]], object] | None = None
    """What a batch's transaction does before it takes rows in, knowing what the same book takes back."""
    kept: Callable[[psycopg.Connection[Any], pl.DataFrame], pl.DataFrame] | None = None
    """Rows as they go to the server, where something in them is enciphered."""
    ahead: Callable[["Brought"], pl.Expr] | None = None
    """What is worked out of each row once, as column AHEAD, before the rules that speak of it are asked: Polars works
    a Python function out anew for each rule in which it stands."""
    straight: int | None = None
    """The kind of fact of which a row is one by itself: a batch of new ones goes straight into the table."""


@dataclass(frozen=True, slots=True)
class LastLook:
    """Why a row cannot be taken that is right column by column."""

    column: str
    value: str
    reason: str
    remedy: str


@dataclass(slots=True)
class Brought:
    """The columns of a file that is being read."""

    columns: list[str]
    products: dict[str, ProductTerms]
    believed: date = date.max
    """The last day that is believed of something that happened (`store/believed.py`)."""


AHEAD = "__ahead"
WHOLE = r"^-?\d{1,15}$"
MONEY = r"^\d{1,13}(\.\d{1,2})?$"
DAY = r"^\d{4}-\d{2}-\d{2}$"


def _text(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars()


def _fen(b: Brought, name: str) -> tuple[pl.Expr, RowRule]:
    """An amount: `name` in major units as decimal text, or `name_fen` in minor units."""
    if f"{name}_fen" in b.columns:
        column = f"{name}_fen"
        value = _text(column).cast(pl.Int64, strict=False)
        remedy = "write whole minor units, e.g. 120000"
    else:
        column = name
        parts = _text(column).str.split_exact(".", 1)
        whole = parts.struct.field("field_0").cast(pl.Int64, strict=False) * 100
        cents = parts.struct.field("field_1").fill_null("0").str.pad_end(2, "0").cast(pl.Int64, strict=False)
        value = pl.when(_text(column).str.contains(MONEY)).then(whole + cents)
        remedy = "write major units with at most two decimals and no separators, e.g. 1200.00"
    bad = value.is_null() | (value <= 0) | (value > MAX_PRINCIPAL_FEN)
    return value.alias(f"{name}_fen"), RowRule(
        column, bad, f"is no amount between 0.01 and {show_amount(MAX_PRINCIPAL_FEN, group=',')}", remedy
    )


def _fen_or_nothing(b: Brought, name: str) -> tuple[pl.Expr, RowRule]:
    if name not in b.columns and f"{name}_fen" not in b.columns:
        return pl.lit(0, pl.Int64).alias(f"{name}_fen"), RowRule(name, pl.lit(False), "", "")
    value, rule = _fen(b, name)
    empty = _text(rule.column).is_null() | (_text(rule.column) == "")
    zero = value.fill_null(0) if rule.column != name else pl.when(empty).then(0).otherwise(value)
    bad = ~empty & (value.is_null() | (value < 0) | (value > MAX_PRINCIPAL_FEN))
    return zero.alias(f"{name}_fen"), RowRule(rule.column, bad, rule.reason, rule.remedy)


def _day(b: Brought, name: str, otherwise: pl.Expr | None = None) -> tuple[pl.Expr, RowRule]:
    if name not in b.columns:
        assert otherwise is not None
        return otherwise.alias(name), RowRule(name, pl.lit(False), "", "")
    text = _text(name)
    value = pl.when(text.str.contains(DAY)).then(text.str.to_date("%Y-%m-%d", strict=False))
    bad = value.is_null() | (value < pl.date(1970, 1, 1)) | (value > pl.date(2099, 12, 31))
    if otherwise is not None:
        empty = text.is_null() | (text == "")
        return pl.when(empty).then(otherwise).otherwise(value).alias(name), RowRule(
            name, ~empty & bad, "is no day from 1970 to 2099", "write YYYY-MM-DD, or leave it empty"
        )
    return value.alias(name), RowRule(name, bad, "is no day from 1970 to 2099", "write YYYY-MM-DD")


def _name(column: str) -> tuple[pl.Expr, RowRule]:
    bad = pl.col(column).is_null() | (_text(column).str.len_chars() == 0) | (_text(column).str.len_chars() > 200)
    return _text(column).alias(column), RowRule(
        column, bad, "is empty or longer than 200", "give each row a name of its own"
    )


def _whole(b: Brought, name: str, low: int, high: int, otherwise: int | None) -> tuple[pl.Expr, RowRule]:
    if name not in b.columns:
        return pl.lit(otherwise, pl.Int64).alias(name), RowRule(name, pl.lit(False), "", "")
    value = pl.when(_text(name).str.contains(WHOLE)).then(_text(name)).cast(pl.Int64, strict=False)
    empty = _text(name).is_null() | (_text(name) == "")
    bad = value.is_null() | (value < low) | (value > high)
    if otherwise is not None:
        return pl.when(empty).then(otherwise).otherwise(value).alias(name), RowRule(
            name, ~empty & bad, f"is no whole number from {low} to {high}", "correct it or leave it empty"
        )
    return value.alias(name), RowRule(name, bad, f"is no whole number from {low} to {high}", "correct it")


def _word(b: Brought, name: str, words: dict[str, int], otherwise: int | None) -> tuple[pl.Expr, RowRule]:
    if name not in b.columns:
        assert otherwise is not None
        return pl.lit(otherwise, pl.Int64).alias(name), RowRule(name, pl.lit(False), "", "")
    text = _text(name).str.to_lowercase()
    value = text.replace_strict(words, default=None, return_dtype=pl.Int64)
    empty = text.is_null() | (text == "")
    known = f"write one of: {', '.join(word for word in words if not word.startswith(chr(0)))}"
    if otherwise is not None:
        return pl.when(empty).then(otherwise).otherwise(value).alias(name), RowRule(
            name, ~empty & value.is_null(), "is not known", known
        )
    return value.alias(name), RowRule(name, value.is_null(), "is not known", known)


def _rate(b: Brought) -> tuple[pl.Expr, RowRule]:
    """A percent as text to RATE_SCALE: five decimals of a percent at most."""
    text = _text("rate_percent")
    parts = text.str.split_exact(".", 1)
    decimals = 5  # RATE_SCALE is 10^7: one percent is 10^5
    whole = parts.struct.field("field_0").cast(pl.Int64, strict=False) * (RATE_SCALE // 100)
    cents = parts.struct.field("field_1").fill_null("0").str.pad_end(decimals, "0").cast(pl.Int64, strict=False)
    value = pl.when(text.str.contains(r"^\d{1,3}(\.\d{1,5})?0*$")).then(whole + cents)
    bad = value.is_null() | (value > 2 * RATE_SCALE)
    return value.alias("rate"), RowRule(
        "rate_percent", bad, "is no percent from 0 to 200 with at most five decimals", "write it as 0.0456"
    )


def _gather(*pairs: tuple[pl.Expr, RowRule]) -> tuple[list[pl.Expr], list[RowRule]]:
    return [expression for expression, _ in pairs], [rule for _, rule in pairs if rule.reason]


def _late(first: str, second: str) -> RowRule:
    return RowRule(second, pl.col(second) < pl.col(first), f"is before {first}", "correct one of the two days")


PLACE_WORDS = {
    "timezone": ("the timezone is no zone that there is", "write an IANA name, e.g. Asia/Shanghai"),
    "jurisdiction": ("the jurisdiction is in no pack", f"there are: {', '.join(sorted(places_known()))}"),
    "language": ("the language is no language tag", "write it as zh-CN or en"),
}


@lru_cache(4096)
def _place_holds(name: str, text: str) -> bool:
    """Whether a part of a place, as text out of JSON (a list of zones with its brackets), can be."""
    return not what_is_wrong({name: json.loads(text) if text.startswith("[") else text})


NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def _is_kept_json(text: str) -> bool:
    """Whether a text is a JSON object that the store can keep: no NUL and no half of a sign in it, as no text may."""
    try:
        told = json.loads(text)
        json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and NUL_IN_JSON.search(text) is None


def _of_place(attributes: pl.Expr, without: pl.Expr, name: str, reason: str, remedy: str) -> RowRule:
    told = pl.when(without).then(None).otherwise(attributes).str.json_path_match(f"$.{name}")
    holds = told.map_elements(lambda text: _place_holds(name, text), return_dtype=pl.Boolean)
    return RowRule("attributes", told.is_not_null() & ~holds.fill_null(True), reason, remedy)


def _attributes(b: Brought) -> tuple[pl.Expr, pl.Expr]:
    """The attributes of a row as text, and whether there are none."""
    attributes = _text("attributes") if "attributes" in b.columns else pl.lit("{}")
    return attributes, attributes.is_null() | (attributes == "")


def _attributes_kept(b: Brought) -> pl.Expr:
    """Whether the attributes of a row are a JSON object that the store can keep."""
    return _attributes(b)[0].map_elements(_is_kept_json, return_dtype=pl.Boolean).fill_null(False)


def _borrowers(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    name = _text("name").fill_null("") if "name" in b.columns else pl.lit("")
    attributes, empty = _attributes(b)
    expressions, rules = _gather(_name("reference"), _day(b, "known_on", pl.date(1970, 1, 1)))
    shape = ~empty & ~pl.col(AHEAD)
    rules.append(RowRule("attributes", shape, "is no JSON object", 'write {"city": "…"} or leave it empty'))
    rules += [_of_place(attributes, empty | shape, name, *told) for name, told in PLACE_WORDS.items()]
    return [
        *expressions,
        name.alias("name"),
        pl.when(empty).then(pl.lit("{}")).otherwise(attributes).alias("attributes"),
    ], rules


def _attributes_wrong(b: Brought, ready: pl.DataFrame) -> dict[int, LastLook]:
    """Borrowers with an attribute that would mislead who reads it: a phone, a number of identity that is none …"""
    found: dict[int, LastLook] = {}
    for row, text in ready.filter(pl.col("attributes") != "{}").select("row", "attributes").iter_rows():
        try:
            check_attributes(json.loads(text))
        except FactRefused as wrong:
            found[row] = LastLook("attributes", f"{wrong.column} {wrong.value}", wrong.reason, wrong.remedy)
    return found


def _contracts(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    units = {unit.name.lower(): int(unit) for unit in Unit}
    signed = _text("signed_on").str.to_date("%Y-%m-%d", strict=False)
    return _gather(
        _name("reference"),
        _name("borrower"),
        _word(b, "product", {code: k for k, code in enumerate(b.products)}, None),
        _fen(b, "principal"),
        _rate(b),
        _day(b, "signed_on"),
        _day(b, "first_due_on", pl.lit(None, pl.Date)),
        _word(b, "unit", units, int(Unit.MONTHS)),
        _whole(b, "every", 1, 366, 1),
        _whole(b, "instalments", 1, MAX_INSTALMENTS, None),
        _whole(b, "due_dom", 0, 31, 0),
        _whole(b, "grace_principal", 0, MAX_INSTALMENTS, 0),
        _whole(b, "grace_interest", 0, MAX_INSTALMENTS, 0),
        _whole(b, "interest_free", 0, MAX_INSTALMENTS, 0),
        _day(b, "known_on", signed),
    )


ALIKE = ("product", "rate", "unit", "every", "instalments", "gap")


SPLIT = "split the contract, or correct principal, rate or interval"


def _out_of_bounds(b: Brought, ready: pl.DataFrame) -> dict[int, LastLook]:
    """Contracts whose principal, rate and periods together cannot be reckoned in whole numbers of 64 bits.

    Contracts of the same terms are looked at once, with the largest principal; all of them only if that fails.
    """
    gap = (pl.col("first_due_on") - pl.col("signed_on")).dt.total_days().fill_null(0).alias("gap")
    rows = ready.with_columns(gap)
    most = rows.sort("principal_fen").group_by(ALIKE).last()
    terms = [product.record() for product in b.products.values()]
    wrong = [row for row in most.iter_rows(named=True) if _why(terms, row)]
    if not wrong:
        return {}
    alike = rows.join(pl.DataFrame(wrong, schema=most.schema).select(ALIKE), ALIKE, "semi")
    found = {row["row"]: _why(terms, row) for row in alike.iter_rows(named=True)}
    return {row: LastLook("principal", "", why, SPLIT) for row, why in found.items() if why}


def _why(terms: list[np.void], row: dict[str, Any]) -> str:
    contract = np.zeros(1, CONTRACT)[0]
    for name in ("principal_fen", "rate", "unit", "every", "instalments", "due_dom"):
        contract[name] = row[name]
    for name in ("signed_on", "first_due_on"):
        contract[name] = number_of(row[name]) if row[name] else 0
    return why_out_of_bounds(terms[row["product"]], contract)


def _instalments(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    return _gather(
        _name("contract"),
        _whole(b, "number", 1, 190, None),
        _day(b, "due_on"),
        _fen_or_nothing(b, "principal"),
        _fen_or_nothing(b, "interest"),
        _fen_or_nothing(b, "fee"),
    )


def _money_fact(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    on = _text("on").str.to_date("%Y-%m-%d", strict=False)
    return _gather(_name("reference"), _name("contract"), _day(b, "on"), _day(b, "known_on", on), _fen(b, "amount"))


def _reversals(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    return _gather(_name("reference"), _name("of"), _day(b, "known_on"))


def _charges(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    expressions, rules = _money_fact(b)
    more, also = _gather(_word(b, "component", {"fee": 1, "penalty": 0}, None), _day(b, "due_on"))
    return expressions + more, rules + also


def _waivers(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    expressions, rules = _money_fact(b)
    words = {"penalty": 0, "fee": 1, "interest": 2, "principal": 3}
    more, also = _gather(_word(b, "component", words, None))
    return expressions + more, rules + also


def _rate_changes(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    on = _text("on").str.to_date("%Y-%m-%d", strict=False)
    return _gather(_name("reference"), _name("contract"), _day(b, "on"), _day(b, "known_on", on), _rate(b))


def _agreements(b: Brought) -> tuple[list[pl.Expr], list[RowRule]]:
    """Plans, charge-offs, write-offs and sales; the shape of each kind is `afterloan.facts`."""
    on = _text("on").str.to_date("%Y-%m-%d", strict=False)
    expressions, rules = _gather(
        _name("reference"),
        _name("contract"),
        _day(b, "on"),
        _day(b, "known_on", on),
        _word(b, "kind", AGREED, None),
        _fen_or_nothing(b, "amount"),
        _word(b, "way", WAYS, 0),
        _day(b, "due_on", pl.lit(None, pl.Date)),
        _whole(b, "count", 0, MAX_INSTALMENTS, 0),
        _whole(b, "every", 0, 366, 0),
        _word(b, "unit", {unit.name.lower(): int(unit) for unit in Unit}, 0),
        _day(b, "from_on", pl.lit(None, pl.Date)),
    )
    kind = _text("kind").str.to_lowercase()
    count = pl.col("count") if "count" in b.columns else pl.lit("0")
    bare = count.cast(pl.String).fill_null("").is_in(["", "0"])
    dated = _text("due_on").fill_null("") != "" if "due_on" in b.columns else pl.lit(False)
    counted = kind.is_in(["interest_only", "extended", "penalty_forgiven", "cycles_agreed"]) | (
        (kind == "deferred") & ~dated
    )
    rules.append(RowRule("count", counted & bare, "is missing", "say over how many instalments"))
    way = _text("way").fill_null("") if "way" in b.columns else pl.lit("")
    rules.append(
        RowRule("way", (kind == "charge_ended") & (way == ""), "is missing", "say which charge, e.g. charge_1")
    )
    needs_day = kind.is_in(["settlement_agreed", "capitalised_until"]) | ((kind == "reinstalled") & ~bare)
    rules.append(RowRule("due_on", needs_day & ~dated, "is missing", "say until or from which day"))
    amount = "amount_fen" if "amount_fen" in b.columns else "amount"
    empty = _text(amount).fill_null("").is_in(["", "0"]) if amount in b.columns else pl.lit(True)
    paid = kind.is_in(["settlement_agreed", "penalty_forgiven"])
    unpriced = _text(amount).fill_null("") == "" if amount in b.columns else pl.lit(True)  # sold for nothing: 0
    rules.append(RowRule("amount", (kind == "sold") & unpriced, "is missing", "write the price, 0 if there was none"))
    rules.append(RowRule("amount", paid & empty, "is missing", "write the amount agreed on"))
    return expressions, rules


def _details_changed(
    connection: psycopg.Connection[Any], ready: pl.DataFrame, file: str
) -> tuple[int, list[RefusedRow]]:
    """Borrowers whom the store has otherwise: a row with a later `known_on` changes them from that day on.

    What the row does not name stays. A row that says what was known on its own day is old news and known. A row of
    other content that is not later than what was told of these fields last is refused: which of the two is right?
    """
    rows = {row["row"]: row for row in ready.iter_rows(named=True)}
    there = connection.execute(
        "select i.row, f.reference, f.known_on, f.name, f.attributes from incoming i join borrower f using (reference) "
        "order by f.borrower"
    ).fetchall()
    found = [(row, *told) for row, *told, name, fields in there if _otherwise(rows[row], name, fields)]
    lock_borrowers(connection, [borrower_number(connection, reference)[0] for _, reference, _ in found])
    changed, refused = 0, []
    for row, reference, first_known in found:
        done = _change(connection, rows[row], reference, first_known, f"{file} row {row}")
        if isinstance(done, LastLook):
            refused.append(RefusedRow(file, row, done.column, done.value, done.reason, done.remedy))
        else:
            changed += done
    return changed, refused


def _otherwise(row: dict[str, Any], name: str, attributes: dict[str, Any]) -> bool:
    """Whether a row tells a name, or an attribute, that the store does not have of its borrower."""
    wanted = json.loads(row["attributes"])
    return row["name"] not in ("", name) or any(
        field not in attributes or attributes[field] != value for field, value in wanted.items()
    )


def _enciphered(connection: psycopg.Connection[Any], ready: pl.DataFrame) -> pl.DataFrame:
    """Borrowers with their columns as a row of the store holds them."""
    register = register_of(connection)
    kept = register.all_kept(
        [(name, json.loads(text)) for name, text in ready.select("name", "attributes").iter_rows()]
    )
    return ready.with_columns(
        pl.Series("name", [one.name for one in kept], pl.String),
        pl.Series("attributes", [one.attributes for one in kept], pl.String),
        pl.Series("clear", [one.clear for one in kept], pl.String),
        pl.Series("told", [as_text_array(one.told) for one in kept], pl.String),
        pl.Series("words", [as_array(one.words) for one in kept], pl.String),
    )


def _change(
    connection: psycopg.Connection[Any], row: dict[str, Any], borrower: str, first_known: date, place: str
) -> bool | LastLook:
    """Whether a row changed a borrower; LastLook: it says other things, and not later ones."""
    wanted = {field: value for field, value in json.loads(row["attributes"]).items() if field != NAME}
    wanted |= {NAME: row["name"]} if row["name"] else {}
    known_on = row["known_on"]
    now, then = details_of(connection, borrower), details_of(connection, borrower, known_on, known_on)
    if _differs(then, wanted) == [] or (fields := _differs(now, wanted)) == []:
        return False
    last = max(first_known, latest(now.changes, fields))
    if not last < known_on <= date.today():
        told = " ".join(f"--attribute {f}={wanted[f]}" if f != NAME else f"--name {wanted[f]}" for f in fields)
        return LastLook(
            "known_on", str(known_on), f"{', '.join(fields)} of {borrower} are otherwise since {last}",
            f"write the later day from which it holds, or correct it: `afterloan correct {borrower} --reason … {told}`",
        )  # fmt: skip
    who, name = IMPORTER.name, f"details:{borrower}:{known_on}:{sha256(row['attributes'].encode()).hexdigest()[:12]}"
    change_details(connection, borrower, wanted, known_on, known_on, who, f"told by {place}", name)
    return True


def _differs(details: BorrowerDetails, wanted: dict[str, Any]) -> list[str]:
    """The fields of which a row says something else."""
    has = {**details.attributes, NAME: details.name}
    return sorted(field for field, value in wanted.items() if has.get(field) != value)


NO_CONTRACT = ("c.loan is null", "contract", "no contract of that reference", "import it first, or correct the name")
NO_CHARGE = (
    f"i.kind = {int(FactKind.CHARGE_ENDED)} and i.way >= "
    "(select jsonb_array_length(coalesce(p.terms->'charges', '[]')) from product p where p.number = c.product)",
    "way",
    "the product has no charge of that number",
    "count the charges in the product's terms: the first is charge_1",
)


def _fact(
    name: str, kind: int, prepare: Any, needed: tuple[str, ...], amount: str, extra: tuple[str, ...] = ()
) -> FileKind:
    component = "i.component" if "component" in extra else "0"
    due = "i.due_on" if "due_on" in extra else "null::date"
    columns = f"row int, reference text, contract text, on_day date, known_on date, {amount} bigint"
    columns += ", component smallint" if "component" in extra else ""
    columns += ", due_on date" if "due_on" in extra else ""
    return FileKind(
        name,
        needed,
        ("known_on",),
        prepare,
        columns,
        "insert into fact (loan, shard, kind, on_day, known_on, amount_fen, component, due_on, reference) "
        f"select c.loan, c.shard, {kind}, i.on_day, i.known_on, i.{amount}, {component}, {due}, i.reference "
        "from incoming i join contract c on c.reference = i.contract on conflict (reference) do nothing",
        (NO_CONTRACT,),
        f"(f.loan, f.kind, f.on_day, f.known_on, f.amount_fen, f.component, f.due_on) is distinct from "
        f"(c.loan, {kind}::smallint, i.on_day, i.known_on, i.{amount}, {component}::smallint, {due})",
        straight=kind if amount == "amount_fen" and not extra else None,
    )


MONEY_FACT = ("reference", "contract", "on", "amount")
FACT_KNOWN = "incoming i join contract c on c.reference = i.contract join fact f on f.reference = i.reference"


def _paid_out(kind: FileKind) -> FileKind:
    """Pay-outs as facts, but none above its contract's amount."""
    load = kind.load.replace(" on conflict", f" where not {ABOVE_CONTRACT} on conflict")
    unmatched = (*kind.unmatched, TOO_MUCH_OUT)
    return replace(kind, load=load, unmatched=unmatched, before=know_taken_back, straight=None)


KINDS = (
    FileKind(
        "borrowers",
        ("reference",),
        ("name", "known_on", "attributes"),
        _borrowers,
        "row int, reference text, known_on date, name enciphered_text, attributes enciphered_fields, clear jsonb, "
        "told text[], words bigint[]",
        f"insert into borrower (reference, known_on, {COLUMNS}) select reference, known_on, {COLUMNS} from incoming "
        "on conflict (reference) do nothing",
        (),
        "",
        _attributes_wrong,
        _details_changed,
        kept=_enciphered,
        ahead=_attributes_kept,
    ),
    FileKind(
        "contracts",
        ("reference", "borrower", "product", "principal", "rate_percent", "signed_on", "instalments"),
        ("first_due_on", "unit", "every", "due_dom", "grace_principal", "grace_interest", "interest_free", "known_on"),
        _contracts,
        "row int, reference text, borrower text, product int, principal_fen bigint, rate bigint, signed_on date, "
        "first_due_on date, unit smallint, every int, instalments int, due_dom smallint, grace_principal int, "
        "grace_interest int, interest_free int, known_on date",
        "insert into contract (reference, borrower, shard, product, principal_fen, rate, signed_on, first_due_on, "
        "unit, every, instalments, due_dom, grace_principal, grace_interest, interest_free, known_on) "
        "select i.reference, b.borrower, b.shard, i.product, i.principal_fen, i.rate, i.signed_on, i.first_due_on, "
        "i.unit, i.every, i.instalments, i.due_dom, i.grace_principal, i.grace_interest, i.interest_free, i.known_on "
        "from incoming i join borrower b on b.reference = i.borrower order by i.row on conflict (reference) do nothing",
        (("b.borrower is null", "borrower", "no borrower of that reference", "import the borrower first"),),
        "(f.borrower, f.product, f.principal_fen, f.rate, f.signed_on, f.first_due_on, f.instalments) is distinct from "
        "(b.borrower, i.product, i.principal_fen, i.rate, i.signed_on, i.first_due_on, i.instalments)",
        _out_of_bounds,
    ),
    FileKind(
        "instalments",
        ("contract", "number", "due_on"),
        ("principal", "interest", "fee"),
        _instalments,
        "row int, contract text, number int, due_on date, principal_fen bigint, interest_fen bigint, fee_fen bigint",
        "insert into promised (loan, number, due_on, principal_fen, interest_fen, fee_fen) "
        "select c.loan, i.number, i.due_on, i.principal_fen, i.interest_fen, i.fee_fen "
        "from incoming i join contract c on c.reference = i.contract on conflict (loan, number) do nothing",
        (NO_CONTRACT,),
        "(f.due_on, f.principal_fen, f.interest_fen, f.fee_fen) is distinct from "
        "(i.due_on, i.principal_fen, i.interest_fen, i.fee_fen)",
    ),
    _paid_out(_fact("disbursements", int(FactKind.DISBURSED), _money_fact, MONEY_FACT, "amount_fen")),
    _fact("repayments", 50, _money_fact, ("reference", "contract", "on", "amount"), "amount_fen"),
    *(_fact(name, int(kind), _money_fact, MONEY_FACT, "amount_fen") for name, kind in GIVEN.items()),
    _fact(
        "charges",
        30,
        _charges,
        ("reference", "contract", "on", "amount", "component", "due_on"),
        "amount_fen",
        ("component", "due_on"),
    ),
    _fact(
        "waivers", 40, _waivers, ("reference", "contract", "on", "amount", "component"), "amount_fen", ("component",)
    ),
    _fact("rate_changes", 20, _rate_changes, ("reference", "contract", "on", "rate_percent"), "rate"),
    FileKind(
        "agreements",
        ("reference", "contract", "on", "kind"),
        ("known_on", "amount", "way", "due_on", "count", "every", "unit", "from_on"),
        _agreements,
        "row int, reference text, contract text, on_day date, known_on date, kind smallint, amount_fen bigint, "
        "way smallint, due_on date, count smallint, every smallint, unit smallint, from_on date",
        "insert into fact (loan, shard, kind, on_day, known_on, amount_fen, component, due_on, count, every, unit, "
        "from_on, reference) select c.loan, c.shard, i.kind, i.on_day, i.known_on, i.amount_fen, i.way, i.due_on, "
        "i.count, i.every, i.unit, i.from_on, i.reference "
        f"from incoming i join contract c on c.reference = i.contract where not ({NO_CHARGE[0]}) "
        "on conflict (reference) do nothing",
        (NO_CONTRACT, NO_CHARGE),
        "(f.loan, f.kind, f.on_day, f.known_on, f.amount_fen, f.component, f.due_on, f.count, f.every, f.unit, "
        "f.from_on) is distinct from (c.loan, i.kind, i.on_day, i.known_on, i.amount_fen, i.way, i.due_on, i.count, "
        "i.every, i.unit, i.from_on)",
    ),
    FileKind(
        "reversals",
        ("reference", "of", "known_on"),
        (),
        _reversals,
        "row int, reference text, of_ref text, known_on date",
        "insert into fact (loan, shard, kind, on_day, known_on, amount_fen, of_fact, reference) "
        "select o.loan, o.shard, 90, o.on_day, i.known_on, 0, o.fact, i.reference "
        "from incoming i join fact o on o.reference = i.of_ref "
        "where o.kind <> 90 and i.known_on >= o.known_on on conflict do nothing",
        (
            ("o.fact is null", "of", "no fact of that reference", "import it first, or correct the name"),
            ("o.kind = 90", "of", "is itself a reversal", "record the original again under a new reference"),
            ("i.known_on < o.known_on", "known_on", "is before we knew of what it takes back", "correct the day"),
            (
                "exists (select from fact x where x.of_fact = o.fact and x.reference <> i.reference)",
                "of",
                "was taken back before",
                "nothing is left to reverse",
            ),
        ),
        "(f.kind, f.known_on, f.of_fact) is distinct from (90::smallint, i.known_on, o.fact)",
    ),
)
JOINS = {
    "borrowers": ("incoming i", "incoming i join borrower f on f.reference = i.reference"),
    "contracts": (
        "incoming i left join borrower b on b.reference = i.borrower",
        "incoming i join borrower b on b.reference = i.borrower join contract f on f.reference = i.reference",
    ),
    "instalments": (
        "incoming i left join contract c on c.reference = i.contract",
        "incoming i join contract c on c.reference = i.contract "
        "join promised f on (f.loan, f.number) = (c.loan, i.number)",
    ),
    "reversals": (
        "incoming i left join fact o on o.reference = i.of_ref",
        "incoming i join fact o on o.reference = i.of_ref join fact f on f.reference = i.reference",
    ),
}
BALANCES = "balances"
"""A file of figures of another system, which a check compares with the reckoning; nothing of it is kept."""
TAKEN = (*(kind.name for kind in KINDS), *(kind.name for kind in TOLD_FILES))
FILES = (*TAKEN, BALANCES)
"""Every file of a book by its name, in the order in which they are taken."""
FIGURES_FILE = FileKind(BALANCES, ("contract",), (*FIGURES, FIGURES_ON), lambda _: ([], []), "", "", (), "")
BOOK_FILES: dict[str, HasColumns] = {
    **{kind.name: kind for kind in KINDS},
    **{kind.name: kind for kind in TOLD_FILES},
    BALANCES: FIGURES_FILE,
}
"""Every file of a book with its columns."""


def maps_checked(told: object) -> dict[str, FileMap]:
    """How files are to be read, as JSON or YAML told it. Raises BookFileRefused saying what is wrong where."""
    if not isinstance(told, Mapping) or not told:
        raise BookFileRefused("a map names each file: `loans.csv: {kind: contracts, columns: {reference: Loan No}}`")
    found: dict[str, FileMap] = {}
    for file, one in told.items():
        if not isinstance(one, Mapping) or not set(one) <= {"kind", "columns", "fixed", "written"}:
            raise BookFileRefused(f"map of {file}: has kind, columns, fixed and written, nothing else")
        columns, fixed, written = (one.get(name) or {} for name in ("columns", "fixed", "written"))
        if not (isinstance(columns, Mapping) and isinstance(fixed, Mapping)):
            raise BookFileRefused(
                f"map of {file}: columns and fixed name a header, or a value, for each column of ours"
            )
        kind = str(one.get("kind") or LEFT_OUT)
        if kind != LEFT_OUT and kind not in BOOK_FILES:
            raise BookFileRefused(f"map of {file}: kind {kind} is none; there are: {', '.join(BOOK_FILES)}")
        ours = set(columns_for(BOOK_FILES[kind])) if kind else set()
        for name in (*columns, *fixed):
            if kind and str(name).removesuffix("_fen") not in ours and not str(name).startswith(ATTRIBUTE):
                raise BookFileRefused(
                    f"map of {file}: {name} is no column of {kind}; there are: {', '.join(sorted(ours))}"
                )
        both = next((name for name in columns if name in fixed), None)
        if both is not None:
            raise BookFileRefused(f"map of {file}: {both} has a column and a fixed value; take one out")
        for name, forms in FORMS.items():
            if (
                not isinstance(written, Mapping)
                or set(written) - set(FORMS)
                or written.get(name, forms[0]) not in forms
            ):
                known = "; ".join(f"{what}: {', '.join(all_of)}" for what, all_of in FORMS.items())
                raise BookFileRefused(f"map of {file}: written says how days and numbers stand in the file: {known}")
        texts = [{str(k): str(v) for k, v in part.items()} for part in (columns, fixed, written)]
        found[str(file)] = FileMap(kind, *texts)
    return found


FACT_JOINS = ("incoming i left join contract c on c.reference = i.contract", FACT_KNOWN)
OTHER_CONTENT = ("stands already for something else", "give each row a reference of its own")


PRODUCTS = "products.yaml"
"""The file of a book that holds its products."""


def take_products(store: Store, folder: Path) -> dict[str, ProductTerms]:
    """The products of a book folder (products.yaml) over those that come with afterloan, all in the store.

    Raises FileRefused when a code stands for other terms already.
    """
    products = builtin()
    file = folder / PRODUCTS
    if file.exists():
        products.update({product.code: product for product in load_products(file)})
    with store.connect() as connection:
        for product in products.values():
            connection.execute(
                "insert into product (code, terms, known_on) values (%s, %s, current_date) on conflict do nothing",
                (product.code, product.model_dump_json()),
            )
            row = connection.execute("select terms from product where code = %s", (product.code,)).fetchone()
            if row is None or ProductTerms.model_validate(row[0]).record().tobytes() != product.record().tobytes():
                raise BookFileRefused(
                    f"{file}: product {product.code}: other terms are in the store under this code; "
                    "terms of signed contracts do not change: give the new terms a new code"
                )
    return products


HAPPENED = ("signed_on", "on", "known_on")
"""Days of what has happened; those on which something falls due may lie as far ahead as a contract reaches."""


def _no_text(frame: pl.DataFrame, kind: FileKind) -> list[RowRule]:
    """Rules for a sign that no text of the store may have: one such would end the whole file."""
    ours = {*kind.needed, *kind.optional}
    return [
        RowRule(name, pl.col(name).str.contains("\0", literal=True).fill_null(False), NUL_WHY, NUL_REMEDY)
        for name, held in frame.schema.items()
        if held == pl.String and name in ours
    ]


def judge(
    frame: pl.DataFrame, kind: FileKind, brought: Brought, file: str, first_row: int
) -> tuple[pl.DataFrame, list[RefusedRow]]:
    """Split a frame into rows ready to load and rows refused, each with its first reason."""
    expressions, rules = kind.prepare(brought)
    rules = [*_no_text(frame, kind), *rules]
    reason = pl.lit(None, pl.Int32)
    for k in range(len(rules) - 1, -1, -1):
        reason = pl.when(rules[k].bad.fill_null(True)).then(pl.lit(k, pl.Int32)).otherwise(reason)
    rows = pl.int_range(first_row, first_row + len(frame), dtype=pl.Int32).alias("row")
    known = frame if kind.ahead is None else frame.with_columns(kind.ahead(brought).alias(AHEAD))
    judged = known.with_columns(reason.alias("__reason"), rows)
    ready = judged.filter(pl.col("__reason").is_null()).select("row", *expressions)
    refused = [
        RefusedRow(file, row["row"], rule.column, str(row.get(rule.column) or ""), rule.reason, rule.remedy)
        for row in judged.filter(pl.col("__reason").is_not_null()).iter_rows(named=True)
        for rule in (rules[row["__reason"]],)
    ]
    for second, first in (("known_on", "on"), ("due_on", "on")):
        if {first, second} <= set(ready.columns):
            late = ready.filter(pl.col(second) < pl.col(first))
            refused += [
                RefusedRow(
                    file,
                    row["row"],
                    second,
                    str(row[second]),
                    f"is before {first}, {row[first]}",
                    "correct one of them",
                )
                for row in late.iter_rows(named=True)
            ]
            ready = ready.filter((pl.col(second) >= pl.col(first)).fill_null(True))  # an empty day is no late one
    for name in HAPPENED:
        if name in ready.columns:
            why_ahead = f"is after {brought.believed}, the furthest day that is believed"
            ahead = ready.filter(pl.col(name) > brought.believed)
            refused += [
                RefusedRow(file, row["row"], name, str(row[name]), why_ahead, "correct the day")
                for row in ahead.iter_rows(named=True)
            ]
            ready = ready.filter((pl.col(name) <= brought.believed).fill_null(True))
    if kind.last and len(ready):
        refused_rows = kind.last(brought, ready)
        refused += [RefusedRow(file, row, x.column, x.value, x.reason, x.remedy) for row, x in refused_rows.items()]
        ready = ready.filter(~pl.col("row").is_in(list(refused_rows)))
    return ready, refused


STRAIGHT = "copy fact (loan, shard, kind, on_day, known_on, amount_fen, reference) from stdin (format csv)"


def load_straight(connection: psycopg.Connection[Any], kind: int, ready: pl.DataFrame) -> pl.DataFrame:
    """Write a batch's facts of one kind straight into the table; what is left is to be taken in row by row.

    That is what names a contract that is not there, or a reference that stands in the batch before it; where one stands
    in the store already, nothing was written and all rows are left. Nearly all of a batch is new, and a table takes
    COPY at three times the pace of INSERT ... ON CONFLICT.
    """
    ends = [ready["reference"][0], ready["reference"][-1]]  # a file that was in once is seen by its ends
    if connection.execute("select from fact where reference = any(%s) limit 1", (ends,)).fetchone() is not None:
        return ready
    named = ready["contract"].unique().to_list()
    found = connection.execute("select reference, loan, shard from contract where reference = any(%s)", (named,))
    schema = {"contract": pl.String, "loan": pl.Int64, "shard": pl.Int64}
    loans = pl.DataFrame(found.fetchall(), schema=schema, orient="row")
    told = ready.join(loans, on="contract", how="left", maintain_order="left")
    new = told["loan"].is_not_null() & told["reference"].is_first_distinct()
    rows = told.filter(new).select(
        "loan", "shard", pl.lit(kind).alias("kind"), "on", "known_on", "amount_fen", "reference"
    )
    try:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(STRAIGHT) as copy:
            copy.write(rows.write_csv(include_header=False, quote_style="necessary").encode())
    except psycopg.errors.UniqueViolation:
        return ready
    return ready.filter(~new)


def load(
    connection: psycopg.Connection[Any],
    kind: FileKind,
    ready: pl.DataFrame,
    file: str,
    taken_back: frozenset[str] = frozenset(),
) -> tuple[int, int, list[RefusedRow]]:
    """Take a batch in, in one transaction: rows new to the store, rows changed, and those that the store refused."""
    if kind.straight is not None and len(ready):
        rest = load_straight(connection, kind.straight, ready)
        if len(rest) < len(ready):
            if not len(rest):
                return len(ready), 0, []
            more, changed, worse = load(connection, replace(kind, straight=None), rest, file)
            return len(ready) - len(rest) + more, changed, worse
    names = [column.split()[0] for column in kind.incoming.split(", ")]
    sent = kind.kept(connection, ready) if kind.kept is not None else ready
    renamed = sent.rename({"on": "on_day", "of": "of_ref"}, strict=False).select(names)
    connection.execute(f"create temp table incoming ({kind.incoming}) on commit drop")
    with connection.cursor() as cursor, cursor.copy("copy incoming from stdin (format csv)") as copy:
        copy.write(renamed.write_csv(include_header=False, quote_style="necessary").encode())
    if kind.before is not None:
        kind.before(connection, taken_back)
    loaded = connection.execute(kind.load).rowcount
    if loaded == len(ready):
        return loaded, 0, []
    if kind.changes is not None:
        return loaded, *kind.changes(connection, ready, file)
    left, known = JOINS.get(kind.name, FACT_JOINS)
    refused: list[RefusedRow] = []
    key = "of_ref" if kind.name == "reversals" else "reference" if "reference" in names else "contract"
    for condition, column, reason, remedy in kind.unmatched:
        shown = {"of": "of_ref", "amount": "amount_fen"}.get(column, column)
        found = connection.execute(f"select i.row, i.{shown}::text from {left} where {condition}").fetchall()
        told = {row: show_amount(int(value)) if column == "amount" else value for row, value in found}
        refused += [RefusedRow(file, row, column, value, reason, remedy) for row, value in told.items()]
    refused_rows = {r.row for r in refused}
    key = "reference" if "reference" in names else "contract"
    found = connection.execute(f"select i.row, i.{key} from {known} where {kind.differs}").fetchall()
    refused += [RefusedRow(file, row, key, value, *OTHER_CONTENT) for row, value in found if row not in refused_rows]
    return loaded, 0, refused


def bring_in(
    store: Store, folder: Path, progress: Progress | None = None, threads: int = 4, who: Who = IMPORTER,
    told: Mapping[str, FileMap] | None = None,
) -> list[FileReport]:  # fmt: skip
    """Import the book in `folder`; rows refused are written to `refused.csv` there (removed when there are none).

    `told`: how its files are to be read, by their name; None where they and their columns have a book's own names.
    One act for the run: every fact that is new carries it. Raises BookFileRefused for a folder without a book or a
    file that cannot be read; files before it are in.
    """
    sheets = sheets_of(folder, told)
    totals = {sheet.name: _rows(sheet.path) for sheet in sheets}
    reports: dict[str, FileReport] = {}
    run = begin_run(store, who, folder.name, sheets)
    for report in bring_sheets(store, sheets, folder, run, threads):
        reports[report.file] = report
        if progress:
            progress(report.file, report.read, totals[report.file])
    return list(reports.values())


def sheets_of(folder: Path, told: Mapping[str, FileMap] | None = None) -> list[Sheet]:
    """The files of a book's folder in the order in which they are taken. Raises BookFileRefused where there is none.

    `told`: how its files are to be read, by their name; None where they and their columns have a book's own names.
    """
    if not folder.is_dir():
        raise BookFileRefused(
            f"{folder}: no such folder; name the folder that holds contracts.csv or contracts.parquet"
        )
    if told is not None:
        missing = next((name for name in told if not (folder / name).is_file()), None)
        if missing is not None:
            raise BookFileRefused(f"{folder}: {missing} is not there; send it again")
        named = [Sheet(folder / name, one.kind, one) for name, one in told.items() if one.kind != LEFT_OUT]
        found = [sheet for kind in FILES for sheet in named if sheet.kind == kind]
    else:
        found = [Sheet(path, name) for name in FILES if (path := find_file(folder, name))]
    if not [sheet for sheet in found if sheet.kind in TAKEN]:
        raise BookFileRefused(f"{folder}: no book here; it needs files named {', '.join(TAKEN)} with .csv or .parquet")
    return found


def bring_sheets(
    store: Store, sheets: Sequence[Sheet], folder: Path, act: int, threads: int = 1,
    refused: list[RefusedRow] | None = None,
) -> Iterator[FileReport]:  # fmt: skip
    """Take the files of a book in under the act of the run; what became of a file so far, after each of its batches.

    Refused rows are written to `refused.csv` in `folder`, and wait as tasks. Given up between two batches it leaves
    what is in; begun again it goes on. Raises BookFileRefused: files before the one that cannot be read are in.
    """
    refused = refused if refused is not None else []
    products = _product_numbers(store, take_products(store, folder))
    try:
        yield from _each_sheet(store, sheets, products, threads, act, refused)
    finally:
        write_refusals(folder / REFUSALS, refused)
        _keep_refusals(store, act, refused)
    with store.connect(autocommit=True) as connection:
        connection.execute("select count_rows()")


def _each_sheet(
    store: Store, sheets: Sequence[Sheet], products: dict[str, ProductTerms], threads: int, act: int,
    refused: list[RefusedRow],
) -> Iterator[FileReport]:  # fmt: skip
    kinds = {kind.name: kind for kind in KINDS}
    events = {kind.name: kind for kind in TOLD_FILES}
    paid_out, reversed_by = (
        [sheet for sheet in sheets if sheet.kind == kind] for kind in ("disbursements", "reversals")
    )
    taken_back = pay_outs_taken_back(store, paid_out, reversed_by)
    for sheet in sheets:
        if sheet.kind in kinds:
            yield from _bring_file(store, kinds[sheet.kind], sheet, products, threads, act, refused, taken_back)
        elif sheet.kind in events:
            yield from bring_told(store, events[sheet.kind], sheet, act, refused)


def begin_run(
    store: Store, who: Who, folder: str, sheets: Sequence[Sheet], name: str = "", on: date | None = None
) -> int:
    """The act of a run, on record before its first row, so that a run that is killed leaves none without it.

    `name`: a run of that name goes on under the act that it began with. `on`: the business day of the act.
    """
    with store.connect() as connection:
        reference = f"import:{name}"
        if name:
            lock_reference(connection, reference)
            before = act_known(connection, reference)
            if before is not None:
                return before.act
        act = begin_act(connection)
        asked = {"folder": folder, "files": [sheet.name for sheet in sheets]}
        keep_act(
            connection, act, reference if name else f"import:{act}", "book.import", who, on or date.today(), asked, {}
        )
    return act


def _rows(path: Path) -> int:
    """How many rows a Parquet file has; 0: not known."""
    return pq.ParquetFile(path).metadata.num_rows if path.suffix == ".parquet" else 0


MOST_KEPT = 10_000
"""Refused rows of one run that wait as tasks; `refused.csv` has them all."""


def _keep_refusals(store: Store, act: int, refused: list[RefusedRow]) -> None:
    """Refused rows wait where people see their tasks, until a later run of the same file takes them, or somebody is
    done with them. A sign that the store cannot keep (NUL) stands as \\0 in the value."""
    with store.connect() as connection:
        rows = [
            ImportRefusal(r.file, r.row, r.column, r.value[:500].replace("\0", "\\0"), r.reason, r.remedy)
            for r in refused[:MOST_KEPT]
        ]
        keep_import_refusals(connection, act, rows)


def _product_numbers(store: Store, products: dict[str, ProductTerms]) -> dict[str, ProductTerms]:
    """Products placed so that the position of a code is its number in the store."""
    with store.connect() as connection:
        rows = connection.execute("select number, code from product order by number").fetchall()
    placed: dict[str, ProductTerms] = {}
    for number, code in rows:
        while len(placed) < number:
            placed[f"\0{len(placed)}"] = products[code] if code in products else next(iter(products.values()))
        placed[code] = products.get(code) or next(iter(products.values()))
    return placed


def _bring_file(
    store: Store, kind: FileKind, sheet: Sheet, products: dict[str, ProductTerms], threads: int, act: int,
    refused: list[RefusedRow], taken_back: frozenset[str],
) -> Iterator[FileReport]:  # fmt: skip
    started = time.monotonic()
    columns, ignored = sheet.checked(kind)
    with store.connect() as connection:
        brought = Brought(columns, products, last_day_believed(connection))
    report = FileReport(sheet.name, ignored_columns=ignored)
    before = len(refused)

    def bad_line(number: int, text: str) -> None:
        refused.append(other_length(sheet.path, number, text, len(columns)))
        report.read += 1

    def take(frame: pl.DataFrame, first_row: int) -> Taken:
        ready, bad = judge(frame, kind, brought, sheet.name, first_row)
        with store.connect() as connection:
            connection.execute("set local synchronous_commit = on")
            resume_act(connection, act)
            loaded, changed, worse = load(connection, kind, ready, sheet.name, taken_back if kind.before else NOTHING)
        told = [replace(row, column=sheet.header(row.column)) for row in bad + worse]
        return Taken(len(frame), loaded, changed, told)

    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        row = 1
        for frame in sheet.frames(bad_line):
            waiting.append(pool.submit(take, frame, row))
            row += len(frame)
            while len(waiting) > threads:
                yield _count(report, refused, waiting.pop(0).result())
        for job in waiting:
            yield _count(report, refused, job.result())
    report.refused = len(refused) - before
    report.known = report.read - report.loaded - report.changed - report.refused
    report.seconds = time.monotonic() - started
    yield report


NOTHING: frozenset[str] = frozenset()


def _count(report: FileReport, refused: list[RefusedRow], done: Taken) -> FileReport:
    report.read += done.read
    report.loaded += done.loaded
    report.changed += done.changed
    refused.extend(done.refused)
    return report


def write_refusals(path: Path, refused: list[RefusedRow]) -> None:
    """The refusal file, whole: file, row, column, value, reason, remedy; none when nothing was refused."""
    if not refused:
        path.unlink(missing_ok=True)
        return
    waiting = path.with_suffix(".part")
    with waiting.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "row", "column", "value", "reason", "remedy"))
        for r in sorted(refused, key=lambda r: (r.file, r.row)):
            writer.writerow((r.file, r.row, r.column, r.value, r.reason, r.remedy))
    waiting.replace(path)
