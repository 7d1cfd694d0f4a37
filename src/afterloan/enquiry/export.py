"""Take a book out as files: everything that can be brought in, in the same form; or one of the lists of the desk."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import yaml

from afterloan.enquiry.lists import LISTS, listed
from afterloan.expected import BadInput
from afterloan.facts.words import AGREED, GIVEN, WAYS
from afterloan.loan.terms import RATE_SCALE, FactKind
from afterloan.rules.products import ProductTerms, builtin
from afterloan.store.connect import reader_to
from afterloan.store.persons import open_here, opened
from afterloan.store.server import Store
from afterloan.texts import plain_cell

FACT = (
    'select f.reference, c.reference as contract, f.on_day::text as "on", f.known_on::text as known_on, {more} '
    "from fact f join contract c using (loan) where f.kind = {kind} order by f.fact"
)
COMPONENT = "case f.component when 0 then 'penalty' when 1 then 'fee' when 2 then 'interest' else 'principal' end"
PERCENT = f"trim(trailing '.' from trim(trailing '0' from ({{}}::numeric * 100 / {RATE_SCALE})::numeric(12, 5)::text))"


def _words(words: dict[str, int], column: str) -> str:
    """SQL that says a number's word."""
    return f"case {column} " + " ".join(f"when {number} then '{word}'" for word, number in words.items()) + " end"


def _ways(start: str) -> str:
    return _words({word: way for word, way in WAYS.items() if word.startswith(start)}, "f.component")


WAY = (
    f"case f.kind when {int(FactKind.REINSTALLED)} then {_ways('interest_')} "
    f"when {int(FactKind.CHARGED_OFF)} then {_ways('then_')} "
    f"when {int(FactKind.CHARGE_ENDED)} then {_ways('charge_')} "
    f"when {int(FactKind.INTEREST_ONLY)} then {_ways('rows_')} else '' end"
)
QUERIES = {
    "borrowers": (
        "select reference, known_on::text as known_on, (name).key, (name).value as name, "
        "(attributes).value as attributes from borrower order by borrower"
    ),
    "contracts": (
        "select c.reference, b.reference as borrower, p.code as product, c.principal_fen, "
        f"{PERCENT.format('c.rate')} as rate_percent, c.signed_on::text as signed_on, "
        "coalesce(c.first_due_on::text, '') as first_due_on, "
        "case c.unit when 1 then 'days' when 2 then 'weeks' when 3 then 'months' else 'years' end as unit, "
        "c.every, c.instalments, c.due_dom, c.grace_principal, c.grace_interest, c.interest_free, "
        "c.known_on::text as known_on from contract c join borrower b using (borrower) "
        "join product p on p.number = c.product order by c.loan"
    ),
    "instalments": (
        "select c.reference as contract, p.number, p.due_on::text as due_on, "
        "p.principal_fen, p.interest_fen, p.fee_fen "
        "from promised p join contract c using (loan) order by p.loan, p.number"
    ),
    "disbursements": FACT.format(kind=10, more="f.amount_fen"),
    "repayments": FACT.format(kind=50, more="f.amount_fen"),
    **{name: FACT.format(kind=int(kind), more="f.amount_fen") for name, kind in GIVEN.items()},
    "charges": FACT.format(kind=30, more=f"f.amount_fen, {COMPONENT} as component, f.due_on::text as due_on"),
    "waivers": FACT.format(kind=40, more=f"f.amount_fen, {COMPONENT} as component"),
    "rate_changes": FACT.format(kind=20, more=f"{PERCENT.format('f.amount_fen')} as rate_percent"),
    "agreements": (
        'select f.reference, c.reference as contract, f.on_day::text as "on", f.known_on::text as known_on, '
        f"{_words(AGREED, 'f.kind')} as kind, f.amount_fen, {WAY} as way, coalesce(f.due_on::text, '') as due_on, "
        "f.count, f.every, case f.unit when 1 then 'days' when 2 then 'weeks' when 3 then 'months' when 4 then 'years' "
        "else '' end as unit, coalesce(f.from_on::text, '') as from_on from fact f join contract c using (loan) "
        f"where f.kind = any(array{sorted(AGREED.values())}) order by f.fact"
    ),
    "reversals": (
        "select f.reference, o.reference as of, f.known_on::text as known_on "
        "from fact f join fact o on o.fact = f.of_fact order by f.fact"
    ),
}


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written and its rows."""

    file: str
    rows: int


FORMS = ("csv", "parquet")
PRODUCTS = "products"
TABLES = (PRODUCTS, *QUERIES)
"""Every table of a book that is taken out."""
IMPERSONAL = (PRODUCTS,)
"""Tables that tell of nobody; every other names a borrower, or a loan of one."""
TAKEN_OUT = "taken-out.yaml"
"""The file of an export that says who took what out of which state of the book; whoever brings it in passes over it."""
MOST_LISTED = 200_000
"""Rows of a list that are taken out, the first of its order."""
STATE = (
    "select (select coalesce(max(act), 0) from act), (select coalesce(max(fact), 0) from fact), "
    "(select coalesce(max(event), 0) from event), (select coalesce(max(entry), 0) from entry)"
)


@dataclass(frozen=True, slots=True)
class TakenOut:
    """The files that were written, and the book's state that all of them tell: its last act, fact, event, entry."""

    written: list[Written]
    state: dict[str, int]


def bring_out(store: Store, folder: Path, form: str = "csv", tables: Sequence[str] = ()) -> list[Written]:
    """Write the whole book, or some tables, to `folder` as CSV or Parquet; kinds without rows get no file.

    `bring_in` of the whole gives the same book. Raises BadInput for another form, or no such table.
    """
    return take_out(store, folder, form, tables).written


def take_out(store: Store, folder: Path, form: str = "csv", tables: Sequence[str] = ()) -> TakenOut:
    """The same, with the book's state. All is read at one moment: what is told meanwhile is in no file."""
    wanted = _checked(form, tables)
    folder.mkdir(parents=True, exist_ok=True)
    with store.connect() as connection:
        open_here(connection)
    with _one_moment(store) as cursor:
        cursor.execute(STATE)
        state = dict(zip(("act", "fact", "event", "entry"), map(int, cursor.fetchone()), strict=True))
        written = [_products(cursor, folder)] if PRODUCTS in wanted else []
        for name in (one for one in QUERIES if one in wanted):
            cursor.execute(QUERIES[name])
            batches = cursor.fetch_record_batch()
            rows = _write(_opened(batches) if name == "borrowers" else batches, folder / f"{name}.{form}", form)
            written.append(Written(f"{name}.{form}", rows))
    return TakenOut([w for w in written if w.rows], state)


def _opened(batches: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Borrowers with names and attributes as text."""
    schema = pa.schema([(name, pa.string()) for name in ("reference", "name", "known_on", "attributes")])

    def each() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            keys, names, fields = (batch.column(part).to_pylist() for part in ("key", "name", "attributes"))
            name = [opened(key, value, None).decode() for key, value in zip(keys, names, strict=True)]
            attributes = [opened(key, value, None).decode() for key, value in zip(keys, fields, strict=True)]
            told = [batch.column("reference"), name, batch.column("known_on"), [text or "{}" for text in attributes]]
            yield pa.record_batch([pa.array(column, pa.string()) for column in told], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, each())


def _checked(form: str, tables: Sequence[str]) -> set[str]:
    if form not in FORMS:
        raise BadInput(f"form {form!r} is not known; write csv or parquet")
    strange = sorted(set(tables) - set(TABLES))
    if strange:
        raise BadInput(f"tables {', '.join(strange)}: no such table of a book; there are {', '.join(TABLES)}")
    return set(tables or TABLES)


@contextmanager
def _one_moment(store: Store) -> Iterator[Any]:
    """A cursor that sees the book as it is at one moment, whatever others write meanwhile."""
    with reader_to(store.url) as reader, reader.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read read only")
        try:
            yield cursor
        finally:
            cursor.execute("rollback")


def list_out(store: Store, folder: Path, what: str, on: date, form: str = "csv") -> Written:
    """Write a list that people go through (`enquiry/lists.py`) as of a day, its first 200,000 rows.

    In CSV a text that a spreadsheet would take for a formula has an apostrophe before it. Raises BadInput.
    """
    if what not in LISTS:
        raise BadInput(f"list {what!r}: no such list; there are {', '.join(LISTS)}")
    _checked(form, ())
    folder.mkdir(parents=True, exist_ok=True)
    with store.connect() as connection:
        rows = listed(connection, what, on, most=MOST_LISTED)
    path = folder / f"{what}.{form}"
    if rows:
        _write(_as_batches(rows, form), path, form)
    return Written(path.name, len(rows))


def _as_batches(rows: Sequence[dict[str, Any]], form: str) -> pa.RecordBatchReader:
    """Rows as Arrow: whole numbers as such, all else as text."""
    plain = [{name: _cell(value, form) for name, value in row.items()} for row in rows]
    numbers = {name for name in plain[0] if all(isinstance(row[name], int | None) for row in plain)}
    columns = {
        name: pa.array([row[name] for row in plain], pa.int64())
        if name in numbers
        else pa.array([None if row[name] is None else str(row[name]) for row in plain], pa.string())
        for name in plain[0]
    }
    return pa.table(columns).to_reader()


def _cell(value: Any, form: str) -> str | int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return plain_cell(text) if form == "csv" else text


def _write(batches: pa.RecordBatchReader, path: Path, form: str) -> int:
    waiting = path.with_suffix(".part")
    rows = 0
    make = pa_csv.CSVWriter if form == "csv" else pq.ParquetWriter
    with make(waiting, batches.schema) as writer:
        for batch in batches:
            rows += batch.num_rows
            writer.write_batch(batch)
    if rows:
        waiting.replace(path)
    else:
        waiting.unlink()
    return rows


def _products(cursor: Any, folder: Path) -> Written:
    cursor.execute("select terms::text from product order by number")
    told = [json.loads(row[0]) for row in cursor.fetchall()]
    known = builtin()
    own = [terms for terms in told if known.get(terms["code"]) != ProductTerms.model_validate(terms)]
    if own:
        text = yaml.safe_dump(own, allow_unicode=True, sort_keys=False)
        (folder / "products.yaml").write_text(text, encoding="utf-8")
    return Written("products.yaml", len(own))
