"""From a mandate to money on the loan, through a real bank server: once, in order, whatever the bank does."""

from datetime import date

from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.rehearsal.bank.simulator import Habits
from afterloan.store.connect import reader_to
from afterloan.store.debits import owed_today
from afterloan.store.server import Store
from tests.sending.bankhouse import at, attempt, bank_at, mandate, money, rows, run_drain, small_book, told


def due_on(store: Store, on: str) -> int:
    with store.connect() as connection, reader_to(store.url) as reader:
        (number,) = connection.execute("select borrower from borrower where reference = 'B1'").fetchone()
        owed = owed_today(connection, reader, [number], date.fromisoformat(on))
    return sum(o.amount_fen for o in owed.get(number, []))


def test_a_debit_on_the_due_date_pays_the_instalment(store: Store) -> None:
    small_book(store, mandate("M1", "6222001"))
    with bank_at("2025-05-10") as (bank, url):
        bank.balances["6222001"] = 2_000_000
        owed = due_on(store, "2025-05-10")
        assert owed > 100_000
        attempt(store, "k1", "2025-05-10 09:30")
        done = run_drain(store, url, "2025-05-10 09:31")
        assert done.total("sent") == 1
        assert bank.balances["6222001"] == 2_000_000 - owed
    (tried,) = told(store, "debit.attempted")
    assert tried["amount_fen"] == owed and tried["parts"] == [{"loan": "L1", "amount_fen": owed}]
    (paid,) = money(store)
    assert paid[1:3] == ("2025-05-10", owed) and paid[3].startswith("debit:D")
    assert due_on(store, "2025-05-10") == 0
    # the open day of the book is the debit's own: its entries are there at once and balance
    entries = rows(store, "select sum(amount_fen) from entry where closed_on = '2025-05-10'")
    assert entries[0][0] >= owed


def test_the_wallet_is_empty_so_the_card_is_asked_in_the_same_round(store: Store) -> None:
    small_book(store, mandate("M1", "Z1", "wallet"), mandate("M2", "6222001", "card"))
    with bank_at("2025-05-10") as (bank, url):
        bank.balances["6222001"] = 2_000_000
        attempt(store, "k1", "2025-05-10 09:30")
        run_drain(store, url, "2025-05-10 09:31")
        run_drain(store, url, "2025-05-10 09:32")
    assert [t["mandate"] for t in told(store, "debit.attempted")] == ["M1", "M2"]
    assert [t["reason"] for t in told(store, "debit.failed")] == ["insufficient_funds"]
    assert len(money(store)) == 1 and due_on(store, "2025-05-10") == 0


def test_a_failed_debit_is_tried_again_at_the_times_of_the_step_and_no_more(store: Store) -> None:
    small_book(store, mandate("M1", "Z1"))
    with bank_at("2025-05-10") as (_, url):
        attempt(store, "k1", "2025-05-10 09:30", **{"with": {"again_at": ["15:00", "20:00"]}})
        for moment in ("09:31", "12:00", "15:01", "20:01", "20:30"):
            run_drain(store, url, f"2025-05-10 {moment}")
    tried = rows(store, "select at from event where kind = 'debit.attempted' order by event")
    assert [t[0] for t in tried] == [at(f"2025-05-10 {m}") for m in ("09:31", "15:01", "20:01")]
    assert len(told(store, "debit.failed")) == 3 and not money(store)


def test_a_closed_account_ends_the_mandate(store: Store) -> None:
    small_book(store, mandate("M1", "X1"))
    with bank_at("2025-05-10") as (_, url):
        attempt(store, "k1", "2025-05-10 09:30")
        run_drain(store, url, "2025-05-10 09:31")
        attempt(store, "k2", "2025-05-10 15:00")
        run_drain(store, url, "2025-05-10 15:01")
    assert [t["reason"] for t in told(store, "debit.failed")] == ["account_closed"]
    assert [(t["of"], t["by"], t["reason"]) for t in told(store, "mandate.revoked")] == [
        ("M1", "bank", "account_closed")
    ]
    assert len(told(store, "debit.attempted")) == 1
    said = rows(store, "select outcome from finding where about = 'debit.attempt' order by finding")
    assert said[-1] == ("mandate not in effect",)


def test_a_lost_answer_is_asked_after_and_never_sent_again(store: Store) -> None:
    small_book(store, mandate("M1", "6222001"))
    with bank_at("2025-05-10", Habits(lost=1000)) as (bank, url):
        bank.balances["6222001"] = 2_000_000
        attempt(store, "k1", "2025-05-10 09:30")
        assert run_drain(store, url, "2025-05-10 09:31").total("unknown") == 1
        assert not money(store)
        run_drain(store, url, "2025-05-10 09:45")
        assert len(bank.debits) == 1
    assert len(told(store, "debit.attempted")) == 1 and len(money(store)) == 1
    assert due_on(store, "2025-05-10") == 0


def test_the_standard_ladder_debits_on_the_due_date_and_again_the_same_day(store: Store) -> None:
    """Close, decide, drain: the ladder's own action, its times of the day, the money, and nothing left to do."""
    small_book(store, mandate("M1", "6222001"))
    assert decide(store, day("2025-05-10")).actions > 0
    with bank_at("2025-05-10") as (bank, url):
        bank.balances["6222001"] = 0
        run_drain(store, url, "2025-05-10 09:31")
        bank.balances["6222001"] = 2_000_000  # the salary comes at noon
        run_drain(store, url, "2025-05-10 12:00")
        assert not money(store)
        run_drain(store, url, "2025-05-10 15:01")
    assert [t["reason"] for t in told(store, "debit.failed")] == ["insufficient_funds"]
    assert len(money(store)) == 1 and due_on(store, "2025-05-10") == 0
