"""The journal read back out of the store, for exports and statements."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from afterloan.expected import BadInput
from afterloan.journal.difference import ENTRY
from afterloan.journal.plaintext import EntryLine, beancount, hledger
from afterloan.loan.book import Records
from afterloan.store.server import Store

LINES = (
    "select e.closed_on - date '1970-01-01', c.reference, coalesce(p.code, 'lender'), e.cause, e.debit, e.credit, "
    "e.amount_fen from entry e left join contract c on c.loan = e.loan left join product p on p.number = e.product "
    "order by e.closed_on, e.loan nulls last, p.code, e.cause, e.debit, e.credit, e.entry"
)
FORMS = {"beancount": beancount, "hledger": hledger}


def entry_lines(store: Store) -> Iterator[EntryLine]:
    """All entries in order of day, loan and cause, streamed."""
    with store.connect() as connection, connection.cursor(name="entry_lines") as cursor:
        cursor.itersize = 50_000
        cursor.execute(LINES)
        for row in cursor:
            yield EntryLine(*row)


def export_lines(store: Store, form: str) -> Iterator[str]:
    """The journal as text, a transaction at a time. Raises ValueError for another form."""
    if form not in FORMS:
        raise BadInput(f"form {form!r} is not known; write one of: {', '.join(FORMS)}")
    yield from FORMS[form](entry_lines(store))


def write_whole(lines: Iterator[str], out: Path) -> int:
    """Write text to a file that is there whole or not at all; returns how many pieces were written."""
    waiting = out.with_name(out.name + ".part")
    out.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with waiting.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
    waiting.replace(out)
    return count


ENTRIES_OF = (
    "select loan, product, cause, component, debit, credit, amount_fen, closed_on - date '1970-01-01' "
    "from entry where loan = %s order by closed_on, entry"
)


def entries_of(connection: psycopg.Connection[Any], loan: int) -> tuple[Records, list[int]]:
    """ENTRY [e] of one loan (its number) in order of posting, and the day on which each was closed."""
    rows = connection.execute(ENTRIES_OF, (loan,)).fetchall()
    return np.array([tuple(row[:-1]) for row in rows], ENTRY), [int(row[-1]) for row in rows]


def loan_and_product(connection: psycopg.Connection[Any], loan: str) -> tuple[int, str] | None:
    """The number of a loan and its product's code, or None where there is no such loan."""
    row = connection.execute(
        "select c.loan, p.code from contract c join product p on p.number = c.product where c.reference = %s", (loan,)
    ).fetchone()
    return (int(row[0]), str(row[1])) if row else None


def loan_and_last_day(connection: psycopg.Connection[Any], loan: str) -> tuple[int, str] | None:
    """The number of a loan and the last day closed, else that of its last fact; None where there is no such loan."""
    row = connection.execute(
        "select loan, coalesce((select max(closed_on) from proof), "
        "(select max(on_day) from fact f where f.loan = c.loan))::text from contract c where reference = %s",
        (loan,),
    ).fetchone()
    return (int(row[0]), str(row[1])) if row else None


def sums_by_accounts(connection: psycopg.Connection[Any], through: date = date.max) -> list[tuple[int, int, int]]:
    """(debit account, credit account, sum in minor units) over all entries posted up to a day's close."""
    rows = connection.execute(
        "select debit, credit, sum(amount_fen)::bigint from entry where closed_on <= %s group by 1, 2", (through,)
    ).fetchall()
    return [(int(debit), int(credit), int(total)) for debit, credit, total in rows]
