"""Reports are kept as they were made: the same figures again, made anew when something came that belongs into them."""

from datetime import date
from typing import Any

import polars as pl
import psycopg
import pytest

from afterloan.close.today import run_day
from afterloan.dates import day
from afterloan.enquiry.portfolio import portfolio, portfolio_kept
from afterloan.facts import Repaid
from afterloan.report.portfolio import Report
from afterloan.store.record import record
from afterloan.store.reports import report_numbered, reports_told
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan, repaid

APRIL = date(2025, 4, 30)


def book(store: Store) -> None:
    """L1 of 12,000.00 in twelve instalments, the first due on 20 April and paid on its day."""
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-03-20")
        repaid(connection, "L1", "2025-04-20", 110_183)


def same(one: Report, other: Report) -> bool:
    return (one.on, one.known_on) == (other.on, other.known_on) and all(
        one.tables[name].equals(other.tables[name]) and one.tables[name].schema == other.tables[name].schema
        for name in one.tables
    )


def summary(report: Report) -> dict[str, Any]:
    return dict(report.tables["summary"].rows())


def test_a_report_is_made_once_and_comes_back_as_it_was(store: Store) -> None:
    book(store)
    first = portfolio_kept(store, APRIL, APRIL)
    again = portfolio_kept(store, APRIL, APRIL)
    assert again.kept.number == first.kept.number and again.kept.sha256 == first.kept.sha256
    assert same(again.report, portfolio(store, day("2025-04-30"), day("2025-04-30")))
    assert summary(again.report)["received"] == 110_183


def test_what_came_later_leaves_what_was_known_then_and_makes_the_other_anew(store: Store) -> None:
    book(store)
    then, now = portfolio_kept(store, APRIL, APRIL), portfolio_kept(store, APRIL)
    with store.connect() as connection:  # heard of on 3 May: paid on 29 April
        paid, heard = day("2025-04-29"), day("2025-05-03")
        record(connection, Repaid("L1", "R-late", paid, heard, 5_000))
    assert portfolio_kept(store, APRIL, APRIL).kept.number == then.kept.number
    newer = portfolio_kept(store, APRIL)
    assert newer.kept.number > now.kept.number
    assert summary(newer.report)["received"] == 115_183 and summary(now.report)["received"] == 110_183
    with store.connect() as connection:
        handed_out = report_numbered(connection, now.kept.number)
    assert handed_out is not None and same(Report.of(handed_out.content), now.report)


def test_what_was_known_by_then_and_told_late_makes_it_anew(store: Store) -> None:
    book(store)
    then = portfolio_kept(store, APRIL, APRIL)
    with store.connect() as connection:
        repaid(connection, "L1", "2025-04-29", 5_000)
    newer = portfolio_kept(store, APRIL, APRIL)
    assert newer.kept.number > then.kept.number and summary(newer.report)["received"] == 115_183


def test_days_after_its_own_and_contracts_signed_later_are_no_news(store: Store) -> None:
    book(store)
    before = portfolio_kept(store, APRIL)
    with store.connect() as connection:
        repaid(connection, "L1", "2025-05-20", 110_183)
        loan(connection, "L2", "B1", "2025-05-10")
    assert portfolio_kept(store, APRIL).kept.number == before.kept.number


def test_a_contract_signed_by_then_is_news(store: Store) -> None:
    book(store)
    before = portfolio_kept(store, APRIL)
    with store.connect() as connection:
        loan(connection, "L2", "B1", "2025-04-10")
    newer = portfolio_kept(store, APRIL)
    assert newer.kept.number > before.kept.number and summary(newer.report)["loans"] == 2


def test_a_book_without_loans_has_a_report_of_noughts(store: Store) -> None:
    first, again = portfolio_kept(store, APRIL), portfolio_kept(store, APRIL)
    assert first.kept.number == again.kept.number and same(first.report, again.report)
    assert isinstance(first.report.tables["expected"], pl.DataFrame)


def test_the_first_of_a_month_keeps_the_report_of_the_one_before_once(store: Store) -> None:
    book(store)
    lines = list(run_day(store, day("2025-05-01")))
    assert lines[1].startswith("portfolio of 2025-04-30 kept as report 1 (")
    assert list(run_day(store, day("2025-05-01")))[1] == lines[1]
    assert not [line for line in run_day(store, day("2025-05-02")) if line.startswith("portfolio")]
    with store.connect() as connection:
        (kept,) = reports_told(connection, 10)
    assert (kept["on"], kept["known_on"], kept["report"]) == ("2025-04-30", "2025-04-30", 1)


def test_what_was_kept_is_never_changed(store: Store) -> None:
    portfolio_kept(store, APRIL)
    for words in ("update report_kept set sha256 = repeat('0', 64)", "delete from report_kept"):
        with pytest.raises(psycopg.Error), store.connect() as connection:
            connection.execute(words)
