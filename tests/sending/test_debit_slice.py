"""From a mandate to money on the loan, through a real bank server: once, in order, whatever the bank does."""

from datetime import date

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.facts.act import Answer, Who
from afterloan.rehearsal.bank.simulator import Habits
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.connect import reader_to
from afterloan.store.debits import owed_today
from afterloan.store.server import Store
from tests.sending.bankhouse import at, attempt, bank_at, mandate, money, rows, run_drain, small_book, told

LEAD = Who("person", "Wang", ("lead",), "keyboard")


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


def test_an_empty_account_is_asked_once_a_day_whatever_times_the_step_names(store: Store) -> None:
    """It was asked at 09:31, 15:01 and 20:01 before: three fees of the bank for the borrower, and no money."""
    small_book(store, mandate("M1", "Z1"))
    with bank_at("2025-05-10") as (_, url):
        attempt(store, "k1", "2025-05-10 09:30", **{"with": {"again_at": ["15:00", "20:00"]}})
        for moment in ("09:31", "12:00", "15:01", "20:01", "20:30"):
            run_drain(store, url, f"2025-05-10 {moment}")
        attempt(store, "k2", "2025-05-11 09:30")
        run_drain(store, url, "2025-05-11 09:31")
    tried = rows(store, "select at from event where kind = 'debit.attempted' order by event")
    assert [t[0] for t in tried] == [at("2025-05-10 09:31")]
    assert len(told(store, "debit.failed")) == 1 and not money(store)
    said = rows(store, "select outcome from finding where about = 'debit.attempt' order by finding")
    assert said[-1] == ("waits until 2025-05-13",)


def tasks(store: Store) -> list[str]:
    told = "select key from outbox where kind = 'task' and body->>'queue' = 'debits' order by action"
    return [key for (key,) in rows(store, told)]


def test_after_the_tries_of_the_pack_a_person_is_asked_once_and_may_let_it_go_on(store: Store) -> None:
    """10 May whole, 13th, 20th and 3 June half; the fourth failure is the last and makes the task, once."""
    small_book(store, mandate("M1", "Z1"))
    with bank_at("2025-05-10") as (bank, url):
        for k, on in enumerate(("05-10", "05-13", "05-20", "06-03", "06-04", "07-01")):
            bank.advance(date.fromisoformat(f"2025-{on}"))
            late = (date.fromisoformat(f"2025-{on}") - date(2025, 5, 10)).days
            loans = [{"loan": "L1", "amount_fen": 1, "payoff_fen": 1, "days_past_due": late}]
            attempt(store, f"k{k}", f"2025-{on} 09:30", loans=loans)
            run_drain(store, url, f"2025-{on} 09:31")
            assert len(tasks(store)) == (k >= 3), on
        tried = rows(store, "select on_day::text, (body->>'amount_fen')::int from event where kind = 'debit.attempted'")
        assert [on for on, _ in tried] == ["2025-05-10", "2025-05-13", "2025-05-20", "2025-06-03"]
        assert tried[1][1] == tried[0][1] // 2
        with desk_of(store, at("2025-07-02 08:00")) as desk:
            asked = {"of": "M1", "reason": "has work again"}
            assert isinstance(do(desk, LEAD, "mandate.resume", asked, "R1", date(2025, 7, 2)), Answer)
        bank.advance(date(2025, 7, 2))
        bank.balances["Z1"] = 10_000_000
        attempt(store, "k9", "2025-07-02 09:30")
        run_drain(store, url, "2025-07-02 09:31")
    assert len(money(store)) == 1 and due_on(store, "2025-07-02") == 0


def test_a_closed_account_ends_the_mandate(store: Store) -> None:
    small_book(store, mandate("M1", "X1"))
    with bank_at("2025-05-10") as (_, url):
        attempt(store, "k1", "2025-05-10 09:30")
        run_drain(store, url, "2025-05-10 09:31")
        attempt(store, "k2", "2025-05-10 15:00")
        run_drain(store, url, "2025-05-10 15:01")
    assert [t["reason"] for t in told(store, "debit.failed")] == ["account_closed"]
    assert [(t["of"], t["by"], t["reason"]) for t in told(store, "mandate.revoked")] == [
        ("M1", "debit.reasons", "account_closed")
    ]
    assert len(told(store, "debit.attempted")) == 1
    said = rows(store, "select outcome from finding where about = 'debit.attempt' order by finding")
    assert said[-1] == ("mandate not in effect",)
    (task,) = rows(store, "select body->>'why' from outbox where kind = 'task'")
    assert task[0].startswith("no debit is tried again (account closed): talk to the borrower")


def test_a_mandate_revoked_since_the_decision_is_a_task_and_no_failure(store: Store) -> None:
    """Decided in the evening, revoked at night, drained in the morning: nothing failed, one task whatever follows."""
    small_book(store, mandate("M1", "X1"))
    with desk_of(store, at("2025-05-10 08:00")) as desk:
        revoked = {"of": "M1", "reason": "by phone"}
        assert isinstance(do(desk, LEAD, "mandate.revoke", revoked, "R1", date(2025, 5, 10)), Answer)
    with bank_at("2025-05-10") as (_, url):
        for k in range(2):
            attempt(store, f"k{k}", f"2025-05-10 09:3{k}")
            done = run_drain(store, url, f"2025-05-10 09:3{k + 1}")
            assert (done.total("refused"), done.total("dropped")) == (0, 1)
    (task,) = rows(store, "select body->>'why' from outbox where kind = 'task'")
    assert task[0].startswith("no mandate is in effect any more: ask the borrower for one")


def test_a_debit_that_a_hold_stops_is_as_the_hold_wants_it_and_no_failure(store: Store) -> None:
    """Decided in the evening, the hardship is told at night: dropped with its reason, not refused."""
    small_book(store, mandate("M1", "X1"))
    with desk_of(store, at("2025-05-10 08:00")) as desk:
        held = {
            "borrower": "B1",
            "hold": "hardship_review",
            "reason": "has lost his work",
            "review_on": date(2025, 6, 10),
        }
        assert isinstance(do(desk, LEAD, "hold.place", held, "H1", date(2025, 5, 10)), Answer)
    with bank_at("2025-05-10") as (_, url):
        attempt(store, "k1", "2025-05-10 09:30")
        done = run_drain(store, url, "2025-05-10 09:31")
    assert (done.total("refused"), done.total("dropped")) == (0, 1)
    assert dict(done.reasons) == {"debit: dropped: held: hardship review": 1}
    assert told(store, "debit.attempted") == []


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


def test_the_standard_ladder_debits_on_the_due_date_and_then_when_the_pack_says(store: Store) -> None:
    """Close, decide, drain: the ladder's own action; after an empty account none before the third day, then half."""
    small_book(store, mandate("M1", "6222001"))
    assert decide(store, day("2025-05-10")).actions > 0
    owed = due_on(store, "2025-05-10")
    with bank_at("2025-05-10") as (bank, url):
        bank.balances["6222001"] = 0
        run_drain(store, url, "2025-05-10 09:31")
        bank.balances["6222001"] = 2_000_000
        for on in ("2025-05-11", "2025-05-12", "2025-05-13"):
            close_through(store, day(on) - 1)
            decide(store, day(on))
            bank.advance(date.fromisoformat(on))
            run_drain(store, url, f"{on} 09:31")
    decided = rows(store, "select decided_on::text from outbox where kind = 'debit.attempt' order by action")
    assert decided == [("2025-05-10",), ("2025-05-13",)]
    assert [t["reason"] for t in told(store, "debit.failed")] == ["insufficient_funds"]
    assert [m[2] for m in money(store)] == [owed // 2] and due_on(store, "2025-05-13") == owed - owed // 2
