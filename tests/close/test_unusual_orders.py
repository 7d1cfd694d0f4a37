"""What happens to the books when the close meets unusual orders of events."""

from pathlib import Path

import psycopg
import pytest

from afterloan.close import close_through
from afterloan.close import day as close_day
from afterloan.close import shard as shard_module
from afterloan.dates import day
from afterloan.facts import Repaid
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.loan.terms import Component, FactKind
from afterloan.servicing.booking import take
from afterloan.store.record import record

THROUGH = day("2024-04-10")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    generate(300, 4, 7, tmp_path / "book")
    return tmp_path / "book"


def a_loan(store):
    with store.connect() as c:
        return c.execute("select reference from contract order by signed_on, loan limit 1").fetchone()[0]


def test_a_first_close_of_one_day_is_killed_and_the_rerun_asks_for_all_days(store, book, monkeypatch):
    bring_in(store, book)
    real = close_day.close_shard

    def dies(connection, reader, shard, first, last):
        if shard == 2:
            raise KeyboardInterrupt
        return real(connection, reader, shard, first, last)

    monkeypatch.setattr(close_day, "close_shard", dies)
    with pytest.raises(KeyboardInterrupt):
        close_through(store, day("2024-03-01"), only=True)
    monkeypatch.setattr(close_day, "close_shard", real)
    assert close_through(store, day("2024-03-05")).failed == []


def test_a_loan_that_had_postings_and_cannot_be_reckoned_any_more(store, book):
    bring_in(store, book)
    close_through(store, day("2024-03-20"))
    with store.connect() as c:  # more facts than a loan may have: 4,097 fees of one fen
        c.execute(
            "insert into fact (loan, shard, kind, on_day, known_on, amount_fen, component, due_on, reference) "
            "select loan, shard, %s, '2024-03-21', '2024-03-21', 1, %s, '2024-03-21', 'fee-' || n "
            "from contract, generate_series(1, 4097) n where reference = %s",
            (int(FactKind.CHARGED), int(Component.FEE), a_loan(store)),
        )
    for n in range(1, 4):
        closed = close_through(store, day("2024-03-20") + n)
        assert closed.failed == []
        assert closed.excepted == 1


def test_money_taken_in_while_days_are_still_open(store, book):
    bring_in(store, book)
    close_through(store, day("2024-03-20"))
    with store.connect() as c:
        take(c, Repaid(a_loan(store), "desk", day("2024-03-25"), day("2024-03-25"), 12_345))
    assert close_through(store, day("2024-03-26")).failed == []


def test_money_taken_in_before_the_first_close(store, book):
    bring_in(store, book)
    with store.connect() as c:
        take(c, Repaid(a_loan(store), "desk", day("2024-03-10"), day("2024-03-10"), 12_345))
    assert close_through(store, day("2024-03-12"), only=True).failed == []


def test_a_fact_committed_between_reading_and_closing(store, book, monkeypatch):
    bring_in(store, book)
    close_through(store, day("2024-03-20"))
    loan = a_loan(store)
    with store.connect() as c:
        of = c.execute("select shard from contract where reference = %s", (loan,)).fetchone()[0]
    real = shard_module.fold

    def fold_then_told(connection, reader, shard):
        n = real(connection, reader, shard)
        if shard == of:
            with psycopg.connect(store.url) as other:
                record(other, Repaid(loan, "between", day("2024-03-20"), day("2024-03-20"), 12_345))
        return n

    monkeypatch.setattr(shard_module, "fold", fold_then_told)
    assert close_through(store, day("2024-03-21")).failed == []
    monkeypatch.setattr(shard_module, "fold", real)
    assert close_through(store, day("2024-03-22")).failed == []
    assert close_through(store, day("2024-03-23")).failed == []
