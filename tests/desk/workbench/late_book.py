"""A served book of three borrowers who are four days late, in the queue early; the clock is at 14 May 2025, 10:00."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import psycopg
import pytest
from httpx import Response

from afterloan.banks.words import Result, reference_of
from afterloan.facts.act import Who
from afterloan.facts.debit import DebitAttempted, DebitFiled, DebitPart, MandateSigned
from afterloan.servicing.debits import take_result
from afterloan.store.acts import begin_act, keep_act
from afterloan.store.events import tell
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.databases import dropped, made
from tests.desk.web.served import Served
from tests.enquiry.test_worklist import three_late_borrowers
from tests.sending.bankhouse import did as asked
from tests.strategy.books import borrower, loan

COPIES = itertools.count()
ROOMS = (
    "/",
    "/worklist",
    "/cases/B1",
    "/cases/B1/relief",
    "/tasks",
    "/approvals",
    "/money",
    "/money/debits",
    "/money/mandates",
    "/money/refunds",
    "/strategy",
    "/bureau",
    "/bureau/rejections",
    "/bureau/loans/L1",
    "/legal",
    "/agencies",
    "/legal/L1",
    "/risk",
    "/finance",
    "/finance/cash",
    "/finance/days/2025-05-13",
    "/search",
    "/cases/B1/why?about=due",
)
"""A page of each room."""


@pytest.fixture(scope="session")
def late_book(server: Store) -> str:
    """The name of a database with the book, made once; nobody stays connected to what is copied."""
    store = made(server, "late_book")
    three_late_borrowers(store)
    with store.connect() as connection:
        pinned = [{"borrower": "B1", "kind": "late", "title": {"en": "The late one", "zh": "逾期的人"}}]
        set_parts(connection, Setting.CLOCK, {"on": "2025-05-14", "pinned": pinned})
    store.close()
    return "late_book"


@contextmanager
def copied(server: Store, late_book: str) -> Iterator[Store]:
    """A copy of the book, which goes away."""
    name = f"late{next(COPIES)}"
    with psycopg.connect(server.url, autocommit=True) as connection:  # a closed pool may be a moment late
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (late_book,))
    fresh = made(server, name, late_book)
    yield fresh
    fresh.close()
    dropped(server, name)


@pytest.fixture
def store(server: Store, late_book: str) -> Iterator[Store]:
    """A copy of the book for one test."""
    with copied(server, late_book) as fresh:
        yield fresh


@pytest.fixture
def late(store: Store) -> Served:
    return Served(store)


class Desk:
    """Somebody who sat down at the desk, and what a page of theirs shows."""

    def __init__(self, served: Served, seat: str) -> None:
        self.served, self.browser = served, served.sat("desk", seat)

    def page(self, path: str, language: str = "en") -> str:
        answer = self.browser.get(path, headers={"accept-language": language})
        assert answer.status_code == 200, answer.text[:2_000]
        return answer.text

    def token(self, path: str, action: str) -> dict[str, str]:
        """The hidden fields of the form with an action on a page."""
        form = self.page(path).split(f'action="{action}')[1].split("</form>")[0]
        return {
            name: form.split(f'name="{name}" value="')[1].split('"')[0]
            for name in ("token", "seen", "shown")
            if f'name="{name}" value="' in form
        }

    def post(self, path: str, part: bool = True, **fields: str) -> Response:
        headers = {"accept-language": "en"} | ({"hx-request": "true"} if part else {})
        answer: Response = self.browser.post(path, data=fields, headers=headers)
        return answer


@pytest.fixture
def desk(late: Served) -> Desk:
    return Desk(late, "agent")


def debits_of_all_states(store: Store) -> None:
    """M9 has two mandates and seven debits of 100.00 each, one in every state; and 50.00 too much on a loan paid off.

    D0 waits, D1 was asked of the gateway, D2 to D6 stand in file F-1 of the 12th: D2 no answer, D3 taken, D4 presumed,
    D5 failed, D6 taken and returned.
    """
    on, names = date(2025, 5, 12), [reference_of(f"debit {k}") for k in range(7)]
    with store.connect() as connection:
        borrower(connection, "M9")
        loan(connection, "ML9", "M9", "2025-04-10")
        for name, rail in (("MANDATE-1", "pain008"), ("MANDATE-2", "gateway")):
            tell(connection, MandateSigned(borrower="M9", on=date(2025, 4, 20), known_on=date(2025, 4, 20),
                 reference=name, account="6222001234", source="account", rail=rail, ceiling_fen=50_000))  # fmt: skip
        for k, name in enumerate(names):
            at = datetime(2025, 5, 12, 2, k, tzinfo=UTC)
            mandate, rail = ("MANDATE-2", "gateway") if k == 1 else ("MANDATE-1", "pain008")
            tell(connection, DebitAttempted(borrower="M9", on=on, known_on=on, at=at,
                 reference=name, mandate=mandate, rail=rail, amount_fen=10_000,
                 parts=(DebitPart(loan="ML9", amount_fen=10_000),)))  # fmt: skip
            if k > 1:
                tell(connection, DebitFiled(borrower="M9", on=on, known_on=on, reference=f"{name}:filed", of=name,
                     file="F-1"))  # fmt: skip
        set_parts(connection, Setting.CREDITOR, {"name": "Lender", "account": "DE89370400440532013000",
                                                 "bank": "COBADEFFXXX", "scheme_id": "DE98ZZZ09999999999"})  # fmt: skip
    did = {3: "succeeded", 5: "failed", 6: "succeeded"}
    results = tuple(Result(names[k], what, on, 10_000, "AM04", "iso20022") for k, what in did.items())  # type: ignore[arg-type]
    back = Result(names[6], "returned", on, 10_000, "MD06", "iso20022")
    asked(store, "debit.results", {"message": "R-1", "results": [*results, back]}, date(2025, 5, 13))
    presumed = Result(names[4], "succeeded", on, 10_000, scheme="pain008", note="presumed")
    with store.connect() as connection, connection.transaction():
        act = begin_act(connection)
        take_result(connection, presumed, date(2025, 5, 13))
        keep_act(connection, act, "silence", "debit.presume_paid", Who.rule("night"), date(2025, 5, 13), {}, {})
