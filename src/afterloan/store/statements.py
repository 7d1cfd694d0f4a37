"""Lines of bank statements in the store: taken in once, matched once, the rest listed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from afterloan.facts import FactRefused
from afterloan.facts.debit import MandateSigned

COLUMNS = (
    "account",
    "bank_reference",
    "booked_on",
    "amount_fen",
    "currency",
    "end_to_end",
    "mandate",
    "name",
    "counter_account",
    "text",
    "reason",
    "file",
    "known_on",
)


def put_line(connection: psycopg.Connection[Any], values: Sequence[Any]) -> tuple[int, bool]:
    """Keep a line (values of COLUMNS); returns its number and whether it was there. Raises FactRefused.

    The bank's reference on the account is the identity: another amount or day under it is refused.
    """
    row = connection.execute(
        f"insert into statement_line ({', '.join(COLUMNS)}) values ({', '.join(['%s'] * len(COLUMNS))}) "
        "on conflict (account, bank_reference) do nothing returning line",
        tuple(values),
    ).fetchone()
    if row is not None:
        return int(row[0]), False
    account, reference, booked_on, amount = values[:4]
    first = connection.execute(
        "select line, booked_on, amount_fen from statement_line where account = %s and bank_reference = %s",
        (account, reference),
    ).fetchone()
    assert first is not None
    if (first[1], first[2]) != (booked_on, amount):
        raise FactRefused(
            "bank_reference",
            reference,
            f"stands already for {first[2]} minor units of {first[1]}, now {amount} of {booked_on}",
            "ask the bank which is right",
        )
    return int(first[0]), True


def is_matched(connection: psycopg.Connection[Any], line: int) -> bool:
    """Whether a line has found its loan or was set aside."""
    row = connection.execute("select 1 from statement_match where line = %s", (line,)).fetchone()
    return row is not None


def put_match(
    connection: psycopg.Connection[Any],
    line: int,
    how: str,
    loan: str | None,
    fact: str,
    by: str,
    on: date,
    note: str = "",
) -> None:
    """Say what a line came to."""
    connection.execute(
        "insert into statement_match (line, how, borrower, loan, fact, by, note, matched_on) "
        "select %s, %s, c.borrower, c.loan, %s, %s, %s, %s from (select 1) x "
        "left join contract c on c.reference = %s",
        (line, how, fact, by, note, on, loan),
    )


def loans_named(connection: psycopg.Connection[Any], words: Sequence[str]) -> list[int]:
    """Numbers of the loans whose reference is among words."""
    rows = connection.execute("select loan from contract where reference = any(%s) order by loan", (list(words),))
    return [row[0] for row in rows.fetchall()]


def loans_of_named(connection: psycopg.Connection[Any], words: Sequence[str], mandate: str) -> list[int]:
    """Numbers of the loans of the borrower whose reference is among words, or who signed the mandate."""
    rows = connection.execute(
        "select c.loan from contract c join borrower b using (borrower) where b.reference = any(%s) "
        "union select c.loan from event e join contract c on c.borrower = e.borrower "
        "and (e.loan is null or e.loan = c.loan) "
        "where e.kind = %s and e.reference = %s order by 1",
        (list(words), MandateSigned.KIND, mandate),
    )
    return [row[0] for row in rows.fetchall()]


def loans_of_name(connection: psycopg.Connection[Any], name: str, most: int = 200) -> list[int]:
    """Numbers of the loans of borrowers who bear a name."""
    if not name.strip():
        return []
    rows = connection.execute(
        "select c.loan from contract c join borrower b using (borrower) where b.name = %s order by c.loan limit %s",
        (name.strip(), most),
    )
    return [row[0] for row in rows.fetchall()]


def unmatched_lines(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Lines that wait for a person, oldest first."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        cursor.execute(
            "select line, account, bank_reference, booked_on, amount_fen, name, counter_account, end_to_end, mandate, "
            "text "
            "from statement_line l where not exists (select from statement_match m where m.line = l.line) "
            "order by booked_on, line"
        )
        return cursor.fetchall()


def line_of(connection: psycopg.Connection[Any], bank_reference: str, account: str | None = None) -> dict[str, Any]:
    """One line by the bank's reference. Raises FactRefused: none, or several accounts have it."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        cursor.execute(
            "select l.*, m.how, m.fact from statement_line l left join statement_match m using (line) "
            "where bank_reference = %s and (%s::text is null or account = %s)",
            (bank_reference, account, account),
        )
        rows = cursor.fetchall()
    if len(rows) != 1:
        reason = "no line of that reference" if not rows else f"{len(rows)} accounts have a line of that reference"
        raise FactRefused("bank_reference", bank_reference, reason, "see `afterloan unmatched`; name the account")
    return rows[0]


def loans_with_outside_money(connection: psycopg.Connection[Any]) -> list[int]:
    """Numbers of the loans that got money by debit or by statement."""
    rows = connection.execute(
        "select distinct loan from fact where reference like 'debit:%%' or reference like 'bank:%%' order by loan"
    )
    return [row[0] for row in rows.fetchall()]
