"""What came in and where it went, held against the journal's own cash account."""

from datetime import date

import pytest

from afterloan.close import close_through
from afterloan.dates import day
from afterloan.enquiry.books import sums_by_accounts
from afterloan.enquiry.cash import Cash, as_csv, cash_between
from afterloan.expected import BadInput
from afterloan.facts import Refunded, Repaid, Reversed
from afterloan.journal.accounts import Account
from afterloan.journal.balances import balances
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan


def cash(store: Store, first: str, last: str, by: str = "day") -> Cash:
    with store.connect() as connection:
        return cash_between(connection, date.fromisoformat(first), date.fromisoformat(last), by)  # type: ignore[arg-type]


@pytest.fixture
def book(store: Store) -> Store:
    """12,000.00 at 0.05 % a day paid out on 10 April; the instalment of 10 May comes in parts, then far too much."""
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    close_through(store, day("2025-05-11"), only=True)
    with store.connect() as connection:
        for name, on, fen in (
            ("r0", "2025-05-12", 18_000),
            ("r1", "2025-05-20", 50_000),
            ("r2", "2025-05-22", 1_300_000),
        ):
            record(connection, Repaid("L1", name, day(on), day(on), fen))
    close_through(store, day("2025-05-22"))
    with store.connect() as connection:
        record(connection, Refunded("L1", "f1", day("2025-06-02"), day("2025-06-02"), 5_000))
        record(connection, Reversed("L1", "t1", day("2025-06-03"), day("2025-06-03"), "r0"))
    close_through(store, day("2025-06-03"))
    return store


def test_each_day_says_where_its_money_went_and_adds_up_to_the_cash_account(book: Store) -> None:
    told = cash(book, "2025-05-12", "2025-06-30")
    assert told.difference == 0
    days = {row.at.isoformat(): row for row in told.rows}
    first = days["2025-05-12"]
    # interest of the first instalment: 12,000.00 x 0.05 % x 30 days = 180.00; within grace, so in no bucket
    assert (first.received, dict(first.applied), dict(first.buckets)) == (18_000, {"interest": 18_000}, {0: 18_000})
    late = days["2025-05-20"]
    assert late.received == late.met == 50_000 and dict(late.buckets) == {1: 50_000}, "in M1 the evening before"
    assert late.applied["penalty"] > 0 and late.applied["principal"] == 50_000 - late.applied["penalty"]
    much = days["2025-05-22"]
    assert much.received == 1_300_000 and much.waits == much.kept == 1_300_000 - much.met > 0, "the rest waits"
    assert days["2025-06-02"].refunded == 5_000 and days["2025-06-02"].waits == much.waits - 5_000
    back = days["2025-06-03"]
    assert (back.received, back.waits) == (-18_000, told.waits_after), "the bank took it back"
    with book.connect() as connection:
        account = balances(sums_by_accounts(connection))[Account.CASH_CLEARING]
    # -12,000.00 + 180.00 + 500.00 + 13,000.00 - 50.00 - 180.00 = 1,450.00
    assert told.cash_after == account == 145_000
    assert (told.total.cash, told.cash_before) == (1_345_000, -1_200_000)
    whole = cash(book, "2025-04-01", "2025-06-30", "month")
    assert [row.at.isoformat() for row in whole.rows] == ["2025-05-01", "2025-06-01"]
    assert whole.rows[0].paid_out == 1_200_000 and whole.difference == 0
    assert whole.total.cash == whole.cash_after == account

    lines = as_csv(cash(book, "2025-05-12", "2025-06-03")).splitlines()
    assert lines[0].startswith("at,received_fen,principal_fen") and lines[1].startswith("2025-05-12,18000,0,18000,")
    assert lines[-1].startswith("total,1350000,") and len(lines) == 7
    for first, last in (("2025-05-02", "2025-05-01"), ("2024-01-01", "2025-12-31")):
        with pytest.raises(BadInput, match="days"):
            cash(book, first, last)
