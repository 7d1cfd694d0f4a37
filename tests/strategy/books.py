"""Small books put straight into the store, for tests of decisions."""

from datetime import date
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts import Disbursed, Repaid
from afterloan.facts.debit import MandateSigned
from afterloan.rules.products import builtin
from afterloan.store.contracts import add_borrower
from afterloan.store.debits import sign_mandate
from afterloan.store.events import borrower_number
from afterloan.store.outbox import WORDS
from afterloan.store.persons import put_whole
from afterloan.store.record import record
from afterloan.store.server import Store


def day_of(text: str) -> int:
    return date.fromisoformat(text).toordinal() - 719163


def borrower(connection: psycopg.Connection[Any], reference: str, **attributes: Any) -> int:
    add_borrower(connection, reference, f"Name of {reference}", attributes, date(2025, 1, 1))
    return borrower_number(connection, reference)[0]


def product(connection: psycopg.Connection[Any], code: str = "jiebei-equal") -> int:
    row = connection.execute("select number from product where code = %s", (code,)).fetchone()
    if row is None:
        terms = builtin()[code].model_dump(mode="json")
        row = connection.execute(
            "insert into product (code, terms, known_on) values (%s, %s, '2025-01-01') returning number",
            (code, Jsonb(terms)),
        ).fetchone()
    assert row is not None
    return int(row[0])


def loan(
    connection: psycopg.Connection[Any], reference: str, owner: str, signed: str, principal_fen: int = 1_200_000
) -> None:
    """Twelve equal instalments at 0.05 % a day, due on the day of the month of signing."""
    number = product(connection)
    connection.execute(
        "insert into contract (reference, borrower, shard, product, principal_fen, rate, signed_on, unit, every, "
        "instalments, due_dom, known_on) select %s, borrower, shard, %s, %s, 5000, %s, 3, 1, 12, %s, %s "
        "from borrower where reference = %s",
        (reference, number, principal_fen, signed, int(signed[-2:]), signed, owner),
    )
    record(connection, Disbursed(reference, f"D-{reference}", day_of(signed), day_of(signed), principal_fen))


def repaid(connection: psycopg.Connection[Any], reference: str, on: str, amount_fen: int) -> None:
    day = day_of(on)
    record(connection, Repaid(reference, f"R-{reference}-{on}-{amount_fen}", day, day, amount_fen))


def mandate(connection: psycopg.Connection[Any], owner: str, of: str | None = None) -> None:
    """A mandate over all loans of the borrower or one, signed on 2 January 2025, without a ceiling."""
    on = date(2025, 1, 2)
    told = MandateSigned(
        borrower=owner, loan=of, on=on, known_on=on, reference=f"M-{owner}", account=f"6222-{owner}", source="account",
        rail="gateway",
    )  # fmt: skip
    sign_mandate(connection, told)


def bodies(connection: psycopg.Connection[Any], where: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(key, kind, body as it was put) of actions `o`, in their order."""
    rows = connection.execute(
        f"select o.key, o.kind, o.body, {WORDS} from outbox o join borrower b using (borrower) where {where} "
        "order by o.action"
    ).fetchall()
    return [(key, kind, put_whole(body, words)) for key, kind, body, words in rows]


def outbox(store: Store, where: str = "true") -> list[tuple[Any, ...]]:
    """(kind, step, borrower reference, day, body) of actions, in order of their keys."""
    with store.connect() as connection:
        return connection.execute(
            "select o.kind, o.body->>'step', b.reference, o.decided_on::text, o.body from outbox o "
            f"join borrower b using (borrower) where {where} order by o.key"
        ).fetchall()
