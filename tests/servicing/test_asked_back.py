"""Money that is asked back before it is believed; money nobody knows the owner of stands in the books until they do."""

from datetime import date
from typing import Any

import pytest

from afterloan.close import close_through
from afterloan.dates import number_of
from afterloan.enquiry.books import sums_by_accounts
from afterloan.enquiry.refunds import refunds_due
from afterloan.facts.act import Answer, Refused, Who
from afterloan.journal.accounts import Account
from afterloan.journal.balances import balances
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.servicing.money import give_line
from afterloan.store.legal import case_of
from afterloan.store.server import Store
from afterloan.store.statements import unmatched_lines
from tests.sending.bankhouse import import_statement
from tests.servicing.test_bank_statements import line, statement
from tests.strategy.books import borrower, loan

ON = date(2026, 2, 10)
CLERK = Who("person", "Chen", ("finance", "operator"), "keyboard")


def repay(
    store: Store, amount_fen: int, on: date = ON, received_on: date | None = None, **more: Any
) -> Answer | Refused:
    asked = {"loan": "L1", "amount_fen": amount_fen, "received_on": received_on or on, **more}
    with desk_of(store) as desk:
        return do(desk, CLERK, "repayment.take", asked, f"R{amount_fen}{on}{len(more)}", on)


@pytest.fixture
def book(store: Store) -> Store:
    """6,000.00 lent to B1 on 10 January 2026."""
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2026-01-10", 600_000)
    return store


def test_far_more_than_is_owed_is_asked_back_and_leaves_nothing(book: Store) -> None:
    told = repay(book, 99_999_900)
    assert isinstance(told, Refused) and told.kind == "invalid" and told.where == "amount"
    assert "would wait" in told.why and "--more-than-owed" in told.remedy
    with book.connect() as connection:
        assert connection.execute("select count(*) from fact where kind = 50").fetchone() == (0,)
    assert isinstance(repay(book, 99_999_900, more_than_owed="sold his house; the bank confirmed it"), Answer)


def test_a_little_more_than_is_owed_passes(book: Store) -> None:
    assert isinstance(repay(book, 650_000), Answer)


def test_days_that_have_not_come_are_refused(book: Store) -> None:
    told = repay(book, 10_000, ON, date(2026, 2, 11))
    assert isinstance(told, Refused) and (told.where, told.kind) == ("known_on", "invalid")
    far = repay(book, 10_000, date(2099, 1, 1))
    assert isinstance(far, Refused) and (far.where, far.kind) == ("on", "too_early")
    assert "366 days ahead" in far.why


def test_money_for_a_loan_not_paid_out_waits_with_its_reason(book: Store) -> None:
    with book.connect() as connection:
        connection.execute(
            "insert into contract (reference, borrower, shard, product, principal_fen, rate, signed_on, unit, every, "
            "instalments, due_dom, known_on) select 'L2', borrower, shard, product, 100000, 5000, '2026-01-20', 3, 1, "
            "12, 20, '2026-01-20' from contract where reference = 'L1'"
        )
    with desk_of(book) as desk:
        asked = {"loan": "L2", "amount_fen": 5_000, "received_on": ON}
        told = do(desk, CLERK, "repayment.take", asked, "R1", ON)
    assert isinstance(told, Refused) and told.kind == "too_early" and "nothing was paid out on it yet" in told.why
    done = import_statement(book, statement(line("X1", 5_000, "loan L2")), "st.xml", ON)
    ((_, match),) = done.unmatched
    assert "nothing was paid out on it yet" in match.how


def shown(store: Store, *accounts: Account) -> list[int]:
    with store.connect() as connection:
        ledger = balances(sums_by_accounts(connection))
    return [ledger[account] for account in accounts]


def test_unmatched_money_stands_in_the_books_until_it_is_given_or_set_aside(book: Store) -> None:
    """500.00 and 70.00 came and nobody knows whose; both wait, 570.00. 500.00 are given to the loan on 12 February:
    they meet it or wait there, and 70.00 are left. Cash is the same before and after."""
    import_statement(book, statement(line("X1", 50_000, "hello"), line("X2", 7_000, "?")), "st.xml", ON)
    assert not close_through(book, number_of(ON), only=True).failed
    lent = -600_000
    assert shown(book, Account.SUSPENSE, Account.CASH_CLEARING) == [-57_000, lent + 57_000]
    with book.connect() as connection:
        give_line(connection, "X1", "L1", "Chen", date(2026, 2, 12), note="he called")
    assert not close_through(book, number_of(date(2026, 2, 12))).failed
    assert shown(book, Account.SUSPENSE, Account.CASH_CLEARING) == [-7_000, lent + 57_000]


FINANCE = Who("person", "Chen", ("finance",), "keyboard")
SECOND = Who("person", "Fang", ("finance",), "keyboard")


def test_money_of_nobody_goes_back_to_its_payer_with_a_second_person_and_out_of_the_books(book: Store) -> None:
    """70.00 came for nobody: sent back on 12 February, nothing waits and cash is what was lent out."""
    import_statement(book, statement(line("X2", 7_000, "?")), "st.xml", ON)
    asked = {"line": "X2", "to": "6222009", "note": "the payer is no borrower of ours"}
    on = date(2026, 2, 12)
    with desk_of(book) as desk:
        first = do(desk, FINANCE, "statement.send_back", asked, "back-1", on)
        assert isinstance(first, Refused) and first.kind == "needs_second_person"
        assert isinstance(propose(desk, FINANCE, "statement.send_back", asked, "back-1", on), Answer)
        done = approve(desk, SECOND, "back-1", on)
        assert isinstance(done, Answer) and (done.body["amount_fen"], done.body["to"]) == (7_000, "6222009")
        assert unmatched_lines(desk.connection) == []
        again = do(desk, CLERK, "statement.send_back", asked | {"to": "other"}, "back-2", on)
        assert isinstance(again, Refused) and again.why.startswith("was set aside: sent back to 6222009")
    assert not close_through(book, number_of(on)).failed
    assert shown(book, Account.SUSPENSE, Account.CASH_CLEARING) == [0, -600_000]


def test_a_refund_that_came_back_waits_again_and_no_more_than_was_given_can_come_back(book: Store) -> None:
    """The loan is paid with 50.00 too much, 50.00 are given back on the 12th and come back on the 20th."""
    with desk_of(book) as desk:
        owed = owed_now_whole(book, date(2026, 2, 11))
        money = {"loan": "L1", "amount_fen": owed + 5_000, "received_on": "2026-02-11"}
        assert isinstance(do(desk, FINANCE, "repayment.take", money, "p-1", date(2026, 2, 11)), Answer)
        given = {"loan": "L1", "amount_fen": 5_000, "account": "6222"}
        assert isinstance(do(desk, CLERK, "refund.pay", given, "g-1", date(2026, 2, 12)), Answer)
        assert refunds_due(book, date(2026, 2, 19)) == []
        more = do(desk, FINANCE, "refund.return", {"loan": "L1", "amount_fen": 5_001}, "r-0", date(2026, 2, 20))
        assert isinstance(more, Refused) and more.where == "amount_fen" and "5000 minor units were given" in more.why
        back = {"loan": "L1", "amount_fen": 5_000, "reason": "account closed"}
        done = do(desk, FINANCE, "refund.return", back, "r-1", date(2026, 2, 20))
        assert isinstance(done, Answer) and done.body["unapplied_fen"] == 5_000
    (due,) = refunds_due(book, date(2026, 3, 2))
    assert (due.amount_fen, due.since, due.days) == (5_000, date(2026, 2, 20), 10)


def owed_now_whole(book: Store, on: date) -> int:
    with book.connect() as connection:
        return case_of(connection, "L1", on).claim.payoff_fen
