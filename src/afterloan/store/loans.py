"""Reads a few loans as a transaction sees them, what it told itself included: the one reader of loans row by row.

Whole shards are read from packed histories, and those are packed by a reader in bulk (`store.read`); the statements of
both are the ones written here, so a column is named once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import NEVER
from afterloan.loan.book import Book, Offsets, Records
from afterloan.loan.terms import CONTRACT, FACT, PROMISED
from afterloan.rules.products import ProductTerms

REVERSED = 90
EPOCH = "date '1970-01-01'"
ONE_LOAN = "c.loan = %(of)s"
ALL_OF_BORROWER = "c.borrower = (select borrower from borrower where reference = %(of)s)"
ALL_OF_THESE = "c.loan = any(%(of)s::bigint[])"
OTHERS_OF_BORROWER = "c.borrower = (select borrower from contract where loan = %(of)s) and c.loan <> %(of)s"
"""Conditions on `contract c`."""


def _columns(names: Sequence[str], table: str, told: Mapping[str, str]) -> str:
    return ", ".join(f'{told.get(name, f"{table}.{name}")} as "{name}"' for name in names)


def _day(column: str, none: int = 0) -> str:
    return f"coalesce({column} - {EPOCH}, {none})"


CONTRACT_COLUMNS = _columns(
    CONTRACT.names or (), "c", {"signed_on": _day("c.signed_on"), "first_due_on": _day("c.first_due_on")}
)
FACT_COLUMNS = _columns(
    FACT.names or (),
    "f",
    {
        "on": _day("f.on_day"),
        "known_on": _day("f.known_on"),
        "gone_on": _day("r.known_on", NEVER),
        "due_on": _day("f.due_on"),
        "from_on": _day("f.from_on"),
    },
)
PROMISED_COLUMNS = _columns(PROMISED.names or (), "p", {"due_on": _day("p.due_on")})


def contracts_sql(where: str) -> str:
    """Contracts (columns of CONTRACT) for which a condition on `contract c` holds, by loan."""
    return f"select {CONTRACT_COLUMNS} from contract c where {where} order by c.loan"


def facts_sql(where: str) -> str:
    """Facts (`loan`, columns of FACT) of such contracts, by loan and in the order of the reckoning."""
    return _facts_sql("join contract c using (loan) ", where)


def facts_of_shard_sql(shard: int) -> str:
    """The same of all contracts of a shard: a fact carries its shard, so no contract is looked up for each loan."""
    return _facts_sql("", f"f.shard = {shard}")


def _facts_sql(joined: str, where: str) -> str:
    # C order of references: the order of facts must not depend on the database's language
    return (
        f"select f.loan, {FACT_COLUMNS} from fact f {joined}left join fact r on r.of_fact = f.fact "
        f'where {where} and f.kind <> {REVERSED} order by f.loan, f.on_day, f.kind, f.reference collate "C"'
    )


def promised_sql(where: str) -> str:
    """Rows of imported schedules (`loan`, columns of PROMISED) of such contracts, by loan and number."""
    return (
        f"select p.loan, {PROMISED_COLUMNS} from promised p join contract c using (loan) where {where} "
        "order by p.loan, p.number"
    )


def offsets(loans: Any, of: Any) -> Offsets:
    """Where each of `loans` (sorted) begins in the sorted column `of`, and where the last ends."""
    return np.concatenate([np.searchsorted(of, loans, "left"), [len(of)]]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class LoansAsked:
    """Loans that were asked for, in the caller's pipeline; `book` takes the answers."""

    connection: psycopg.Connection[Any]
    contracts: psycopg.Cursor[Any]
    facts: psycopg.Cursor[Any]
    promised: psycopg.Cursor[Any]
    newest: psycopg.Cursor[Any]

    def book(self) -> Book:
        """The loans, sorted by number, with the products that they name."""
        contracts = _records(self.contracts.fetchall(), CONTRACT)
        facts, promised = self.facts.fetchall(), self.promised.fetchall()
        (newest,) = self.newest.fetchone() or (0,)
        table, calendars = product_table_now(self.connection, newest)
        loans = contracts["loan"]
        return Book(
            table,
            contracts,
            _records([row[1:] for row in promised], PROMISED),
            offsets(loans, _first(promised)),
            _records([row[1:] for row in facts], FACT),
            offsets(loans, _first(facts)),
            calendars,
        )


def _records(rows: Sequence[Any], kind: Any) -> Records:
    return np.array(rows, kind) if rows else np.zeros(0, kind)


def _first(rows: Sequence[Any]) -> Any:
    return np.array([row[0] for row in rows], np.int64)


def ask(connection: psycopg.Connection[Any], where: str, told: Mapping[str, Any]) -> LoansAsked:
    """Ask for the loans for which a condition on `contract c` holds; `told`: its parameters."""
    return LoansAsked(
        connection,
        connection.execute(contracts_sql(where), told),
        connection.execute(facts_sql(where), told),
        connection.execute(promised_sql(where), told),
        connection.execute("select coalesce(max(number), 0) from product"),
    )


def loans_now(connection: psycopg.Connection[Any], where: str, told: Mapping[str, Any]) -> Book:
    """The loans for which a condition on `contract c` holds, as this transaction sees them, in one exchange."""
    with connection.pipeline():
        asked = ask(connection, where, told)
    return asked.book()


_TABLES: dict[Any, Any] = {}


def product_table_now(connection: psycopg.Connection[Any], newest: int) -> Any:
    """The product table of a book, read again only when products were added (`newest`: the highest number)."""
    key = (connection.info.host, connection.info.port, connection.info.dbname, newest)
    if key not in _TABLES:
        _TABLES[key] = product_table(products(connection))
    return _TABLES[key]


_PRODUCTS: dict[Any, tuple[dict[int, ProductTerms], Any]] = {}


def products_kept(connection: psycopg.Connection[Any]) -> tuple[dict[int, ProductTerms], Any]:
    """The products of the book by number and their table, read and checked again only when one was added: a night asks
    for each shard."""
    row = connection.execute(
        "select count(*), md5(coalesce(string_agg(terms::text, ' ' order by number), '')) from product"
    ).fetchone()
    info = connection.info
    key = (info.host, info.port, info.dbname, row)
    if key not in _PRODUCTS:
        terms = products(connection)
        _PRODUCTS.clear()
        _PRODUCTS[key] = (terms, product_table(terms))
    return _PRODUCTS[key]


def products(connection: psycopg.Connection[Any]) -> dict[int, ProductTerms]:
    """The products of the book by number."""
    rows = connection.execute("select number, terms from product order by number").fetchall()
    return {number: ProductTerms.model_validate(terms) for number, terms in rows}


def product_table(terms: dict[int, ProductTerms]) -> tuple[Records, Any]:
    """PRODUCT records by number (row 0 is empty), and the calendars they name [c, days since 1970-01-01]."""
    from afterloan.loan.terms import PRODUCT
    from afterloan.rules.calendars import business_days

    names = sorted({t.calendar for t in terms.values() if t.calendar})
    rows = {name: k for k, name in enumerate(names)}
    table = np.zeros(max(terms, default=0) + 1, PRODUCT)
    for number, t in terms.items():
        table[number] = t.record(rows)
    days = 366 * 90
    calendars = np.zeros((len(names), days), bool)
    for name, k in rows.items():
        calendars[k] = business_days(name, 0, days)
    return table, calendars
