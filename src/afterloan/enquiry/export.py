"""Take a book out as files: everything that can be brought in, in the same form."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import yaml

from afterloan.expected import BadInput
from afterloan.facts.words import AGREED, GIVEN, WAYS
from afterloan.loan.terms import RATE_SCALE, FactKind
from afterloan.rules.products import ProductTerms, builtin
from afterloan.store.connect import reader_to
from afterloan.store.server import Store

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
        "select reference, name, known_on::text as known_on, attributes::text as attributes "
        "from borrower order by borrower"
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


def bring_out(store: Store, folder: Path, form: str = "csv") -> list[Written]:
    """Write the whole book to `folder` as CSV or Parquet, streamed; kinds without rows get no file.

    `bring_in` of what this writes gives the same book. Raises ValueError for another form.
    """
    if form not in ("csv", "parquet"):
        raise BadInput(f"form {form!r} is not known; write csv or parquet")
    folder.mkdir(parents=True, exist_ok=True)
    written = [_products(store, folder)]
    with reader_to(store.url) as reader, reader.cursor() as cursor:
        for name, sql in QUERIES.items():
            cursor.execute(sql)
            rows = _write(cursor.fetch_record_batch(), folder / f"{name}.{form}", form)
            if rows:
                written.append(Written(f"{name}.{form}", rows))
    return [w for w in written if w.rows]


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


def _products(store: Store, folder: Path) -> Written:
    with store.connect() as connection:
        told = [row[0] for row in connection.execute("select terms from product order by number").fetchall()]
    known = builtin()
    own = [terms for terms in told if known.get(terms["code"]) != ProductTerms.model_validate(terms)]
    if own:
        text = yaml.safe_dump(own, allow_unicode=True, sort_keys=False)
        (folder / "products.yaml").write_text(text, encoding="utf-8")
    return Written("products.yaml", len(own))
