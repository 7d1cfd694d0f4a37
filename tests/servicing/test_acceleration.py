"""Calling a loan due and withdrawing it: the fact, the books, the notice, and no reminder afterwards."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import NEVER, day
from afterloan.facts import Accelerated, AccelerationWithdrawn, FactRefused, Repaid, Reversed
from afterloan.money import show_amount
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.servicing import legal
from afterloan.servicing.acceleration import accelerate, withdraw_acceleration
from afterloan.servicing.booking import take
from afterloan.servicing.desk import desk_of
from afterloan.servicing.receipts import take as take_receipts
from afterloan.store.events import tell
from afterloan.store.server import Store
from tests.sending.test_letter import words_of
from tests.servicing.test_legal import keep, late
from tests.strategy.books import outbox
from tests.strategy.test_legal_steps import taken


def demanded(store: Store, **more: Any) -> None:
    """A loan of 12,000.00 at 0.05 % a day, due on the 10th, on which nothing was paid; a demand delivered on 1 May."""
    with store.connect() as connection:
        late(connection, **more)
        for event in taken("demand_letter", ("delivered", date(2025, 5, 1)), on=date(2025, 4, 20)):
            tell(connection, event.model_copy(update={"borrower": "B", "loan": "L"}))


def test_called_due_in_the_books_and_no_reminder_afterwards(store: Store) -> None:
    demanded(store)
    on = day("2025-06-20")
    close_through(store, on - 1)
    with store.connect() as connection:
        fact = Accelerated("L", "acc-1", on, on)
        with pytest.raises(FactRefused, match="the borrower has until 2025-05-16 to answer the demand"):
            accelerate(connection, Accelerated("L", "acc-0", day("2025-05-16"), day("2025-05-16")))
        done = accelerate(connection, fact)
        p = done.reckoned.position
        assert p["next_due_on"] == NEVER and p["days_past_due"] == 130 and done.entries > 0
        assert p["payoff_fen"] == p["arrears_fen"].sum() + p["due_today_fen"].sum()
        assert accelerate(connection, fact).recorded.known
        found = connection.execute("select rule, outcome from finding").fetchall()
        assert ("cn.acceleration", "met") in found
    # the next instalment would have been due on 10 July: nobody is told "due in three days", or "due today" on 20 June
    for number in range(on, day("2025-07-11")):
        decide(store, number)
        close_through(store, number)
    assert not [step for _, step, *_ in outbox(store) if step in ("remind-3", "remind-1", "due-today", "debit-0")]


def test_a_reminder_that_waits_is_withdrawn(store: Store) -> None:
    """On 7 July "due in three days" is planned for 10:00: all arrears were met. That morning the money is taken back by
    its bank, and the loan is called due."""
    demanded(store)
    on = day("2025-07-07")
    with store.connect() as connection:
        take(connection, Repaid("L", "r", day("2025-06-20"), day("2025-06-20"), 600_000))
    close_through(store, on - 1)
    decide(store, on)
    assert "remind-3" in [step for _, step, *_ in outbox(store)]
    with store.connect() as connection:
        take(connection, Reversed("L", "back", on, on, "r"))
        accelerate(connection, Accelerated("L", "acc", on, on))
        told = connection.execute("select body->>'key', body->>'reason' from event where kind = 'action.withdrawn'")
        assert [(key.split("/")[1], why) for key, why in told.fetchall()] == [("remind-3", "called due")]


def test_withdrawn_once_arrears_are_met(store: Store) -> None:
    demanded(store)
    on = day("2025-06-20")
    close_through(store, on - 1)
    with store.connect() as connection:
        accelerate(connection, Accelerated("L", "acc", on, on))
        connection.commit()
        with pytest.raises(FactRefused, match="minor units of arrears are not met"):
            withdraw_acceleration(connection, AccelerationWithdrawn("L", "w1", on, on))
        take(connection, Repaid("L", "r", on, on, 600_000))
        connection.commit()
        done = withdraw_acceleration(connection, AccelerationWithdrawn("L", "w2", on, on))
    p = done.reckoned.position
    assert p["accelerated_on"] == NEVER and p["days_past_due"] == 0 and p["next_due_on"] == day("2025-07-10")
    assert close_through(store, on + 30)  # and the books are proved on every day after it


def letters(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select key, body->>'template', body->'values'->'payoff_fen', body->>'purpose' from outbox "
        "where kind = 'message.letter' order by action"
    ).fetchall()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_notice_leaves_as_a_letter_and_counts_once_it_is_delivered(
    store: Store, tmp_path: Path, language: str
) -> None:
    demanded(store, address="1 West Lake Road", language=language)
    on = day("2025-06-20")
    with store.connect() as connection:
        done = accelerate(connection, Accelerated("L", "acc", on, on))
        accelerate(connection, Accelerated("L", "acc", on, on))
        owed = int(done.reckoned.position["payoff_fen"])
        # 12,000.00 lent on 10 January at 0.05 % a day, and penalty: more than 161 nights of interest, 966.00
        assert owed > 1_296_600
        assert letters(connection) == [("called-due:acc", "called-due", owed, "legal_notice")]
        with pytest.raises(FactRefused, match="the notice that called it due has not been delivered"):
            legal.propose(connection, "L", "payment_order", date(2025, 6, 21), "clerk", "unpaid")
    moment = datetime(2025, 6, 20, 3, tzinfo=UTC)  # 11:00 in Hangzhou
    told = read_setting({"letter": {"use": "folder", "folder": str(tmp_path)}})
    assert drain(store, ["letter"], moment, told=told).total("sent") == 1
    text = "".join(words_of(next(tmp_path.rglob("*.pdf")).read_bytes(), tmp_path).split())
    assert ("全部提前到期" if language == "zh" else "thewholeloanisdueasof") in text and show_amount(owed) in text
    with desk_of(store, moment) as desk:
        rows = [{"key": "called-due:acc", "status": "delivered", "at": moment.isoformat()}]
        take_receipts(desk.connection, rows, moment)
        assert legal.propose(desk.connection, "L", "payment_order", date(2025, 6, 21), "clerk", "unpaid")


def test_what_proves_a_notice_that_no_receipt_tells_of_counts(store: Store) -> None:
    demanded(store)
    on = day("2025-06-20")
    with store.connect() as connection:
        accelerate(connection, Accelerated("L", "acc", on, on))
        keep(connection, "notice")
        assert legal.propose(connection, "L", "payment_order", date(2025, 6, 21), "clerk", "unpaid")


def test_a_notice_that_has_not_left_stays_and_the_withdrawal_is_told(store: Store) -> None:
    demanded(store)
    on = day("2025-06-20")
    with store.connect() as connection:
        accelerate(connection, Accelerated("L", "acc", on, on))
        take(connection, Repaid("L", "r", on, on, 600_000))
        withdraw_acceleration(connection, AccelerationWithdrawn("L", "w", on, on))
        assert [(key, template) for key, template, *_ in letters(connection)] == [
            ("called-due:acc", "called-due"), ("called-due-withdrawn:w", "called-due-withdrawn"),
        ]  # fmt: skip
        gone = connection.execute("select body->>'key' from event where kind = 'action.withdrawn'").fetchall()
        assert gone == [("called-due:acc",)]
