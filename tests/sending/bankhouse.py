"""A simulated bank on a port of its own, and a small book whose borrower lets us debit."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from fastapi import FastAPI

from afterloan.banks.words import BankStatement
from afterloan.close import close_through
from afterloan.dates import day
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.debit import MandateSigned
from afterloan.facts.outbox import Action, read_body
from afterloan.rehearsal.bank.server import bank_app
from afterloan.rehearsal.bank.simulator import Bank, Habits
from afterloan.rehearsal.serving import at_free_port, quiet_server
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.money import Imported, import_lines, lines_in_turn, source_of
from afterloan.store.debits import sign_mandate
from afterloan.store.events import BODY
from afterloan.store.outbox import put
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """A server of an application in a thread; gives its address."""
    with at_free_port(quiet_server(app)) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def bank_at(today: str, habits: Habits = Habits(), callback: str = "", secret: str = "") -> Iterator[tuple[Bank, str]]:
    """A bank as a server: the bank itself, to look into, and its address."""
    bank = Bank(7, date.fromisoformat(today), habits)
    with served(bank_app(bank, callback, secret)) as url:
        yield bank, url


def mandate(reference: str, account: str, source: str = "card", on: str = "2025-04-01", **more: Any) -> MandateSigned:
    told = {"borrower": "B1", "on": date.fromisoformat(on), "known_on": date.fromisoformat(on), **more}
    return MandateSigned(reference=reference, account=account, source=source, **told)


def small_book(store: Store, *mandates: MandateSigned, closed: str | None = "2025-05-09") -> None:
    """B1 with loan L1 of 12,000.00 signed on 2025-04-10: the first instalment falls due on 2025-05-10."""
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
        for told in mandates:
            sign_mandate(connection, told)
    if closed:
        close_through(store, day(closed))


FINANCE = Who("person", "chen", ("finance",), "keyboard")


def asked_at_the_door(store: Store, verb: str, asked: dict[str, Any], on: date) -> Answer | Refused:
    """One act of finance through the door, under a reference that nobody had before."""
    with desk_of(store) as desk:
        return do(desk, FINANCE, verb, asked, f"{verb}:{time.monotonic_ns()}", on)


def did(store: Store, verb: str, asked: dict[str, Any], on: date) -> Mapping[str, Any]:
    """The body of the answer of an act of finance that is not refused."""
    answer = asked_at_the_door(store, verb, asked, on)
    assert isinstance(answer, Answer), answer
    return answer.body


def import_statement(store: Store, told: BankStatement, file: str, on: date) -> Imported:
    """A whole statement taken in, in a transaction of its own."""
    named = (told.account, source_of(told), told.currency)
    with store.connect() as connection:
        return import_lines(connection, *named, lines_in_turn(told), told.refused, file, on)


def at(text: str) -> datetime:
    """A moment in Shanghai told as `2025-05-10 09:30`, in UTC."""
    return datetime.fromisoformat(text + "+08:00").astimezone(UTC)


def attempt(store: Store, key: str, moment: str, **body: Any) -> None:
    """Put a debit of B1 into the outbox."""
    with store.connect() as connection:
        row = connection.execute("select borrower from borrower where reference = 'B1'").fetchone()
        assert row is not None
        put(
            connection,
            [
                Action(
                    key, row[0], "debit.attempt", at(moment), at(moment).date(), None, read_body("debit.attempt", body)
                )
            ],
        )


def run_drain(store: Store, url: str, moment: str) -> Any:
    """Send what is due at a moment."""
    return drain(store, only=("debit",), moment=at(moment), told=read_setting({"debit": {"url": url}}))


def rows(store: Store, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with store.connect() as connection:
        return connection.execute(sql, values).fetchall()


TOLD = f"select {BODY} from event e join borrower b using (borrower) where kind = %s order by event"


def told(store: Store, kind: str) -> list[dict[str, Any]]:
    """Bodies of the events of a kind, in order."""
    return [r[0] for r in rows(store, TOLD, kind)]


def money(store: Store) -> list[tuple[Any, ...]]:
    """(kind, day, amount, reference) of what came in on loans, without the disbursement."""
    return rows(
        store,
        "select kind, on_day::text, amount_fen, reference from fact where kind <> 0 and reference not like 'D-%%' "
        "order by fact",
    )
