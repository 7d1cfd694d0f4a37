"""The case, Today and the answers to Why over small books told by hand."""

from datetime import UTC, date, datetime

import adbc_driver_postgresql.dbapi as adbc
import pytest

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.enquiry.case import CaseTold, case_told, seen_now, told_since
from afterloan.enquiry.masking import last_four, mask_name, mask_phone
from afterloan.enquiry.tasks import Task
from afterloan.enquiry.today import clocks_of, today_told
from afterloan.enquiry.why import why_of_case, why_worth
from afterloan.facts import FactRefused
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.promise import PromiseMade
from afterloan.store.events import tell
from afterloan.store.server import Store
from afterloan.strategy.next_acts import VERBS
from tests.enquiry.test_worklist import three_late_borrowers
from tests.strategy.books import repaid

ON = date(2025, 5, 14)
TWO = datetime(2025, 5, 14, 6, tzinfo=UTC)
ALL = dict.fromkeys(VERBS.values(), True)


def case(store: Store, on: date = ON, known_on: date | None = None, borrower: str = "B1") -> CaseTold:
    with store.connect() as connection:
        return case_told(connection, borrower, on, known_on or on, TWO, ALL, "en")


def test_what_is_owed_adds_up_and_every_answer_to_why_says_the_same(store: Store) -> None:
    three_late_borrowers(store)
    told = case(store)
    # 12,000.00 at 0.05 % a day from 10 April: 30 days of interest = 180.00 in the first instalment
    assert told.owed.parts["interest"] == 18_000
    assert told.owed.due_fen == sum(told.owed.parts.values()) == told.loans[0].due_fen
    assert (told.owed.days_past_due, told.owed.bucket, told.loans[0].state) == (4, 1, "overdue")
    assert told.next.trouble == "forgot" and told.next.acts[0].act == "call"
    with store.connect() as connection:
        due = why_of_case(connection, told, "due:L1", "en")
        days = why_of_case(connection, told, "days", "en")
        assert f"{told.owed.due_fen / 100:,.2f}" in due.sentence
        assert any("180.00" in line for _, line, _ in due.working)
        assert days.sentence == "4 days past due on 2025-05-14: the oldest unpaid instalment fell due on 2025-05-10."
        assert why_of_case(connection, told, "contact:call:collection", "en").sentence.startswith("May be contacted")
        assert why_of_case(connection, told, "trouble", "zh").rules[0].rule == "next-acts.trouble"
        assert ("2025-05-14", "worklist: short work", False) in why_of_case(
            connection, told, "day:2025-05-14", "en"
        ).working
        with pytest.raises(FactRefused, match="is no loan of this borrower"):
            why_of_case(connection, told, "due:L2", "en")
        with pytest.raises(FactRefused, match="nothing of that name is explained"):
            why_of_case(connection, told, "weather", "en")


def test_as_known_then_and_what_was_told_since(store: Store) -> None:
    three_late_borrowers(store)
    before = case(store)
    with store.connect() as connection:
        repaid(connection, "L1", "2025-05-14", before.owed.due_fen)
    after = case(store)
    then = case(store, known_on=date(2025, 5, 13))
    assert after.owed.due_fen == 0 and after.next.acts == ()
    assert then.owed.due_fen == before.owed.due_fen
    with store.connect() as connection:
        assert told_since(connection, "B1", before.seen) == ["money"]
        assert told_since(connection, "B1", after.seen) == []
        assert seen_now(connection, "B1") == after.seen
        told = {"borrower": "B1", "on": ON, "known_on": ON}
        tell(connection, HoldPlaced(**told, reference="h1", hold="lawyer", reason="letter", review_on=ON))
        assert told_since(connection, "B1", after.seen) == ["hold.placed"]
        assert told_since(connection, "B1", "rubbish") == ["page"]
    held = case(store)
    assert [h.hold for h in held.holds] == ["lawyer"]
    with store.connect() as connection:
        assert "contact" in why_of_case(connection, held, "hold:h1", "en").sentence


def test_a_day_at_the_desk_in_figures(store: Store) -> None:
    three_late_borrowers(store)
    with store.connect() as connection:
        told = {"borrower": "B2", "on": ON, "known_on": ON, "by": "li"}
        tell(connection, PromiseMade(**told, reference="p1", amount_fen=50_000, due_on=date(2025, 5, 15)))
    close_through(store, day("2025-05-14"))
    decide(store, day("2025-05-15"))
    on = date(2025, 5, 15)
    with store.connect() as connection, adbc.connect(store.url) as reader:
        today = today_told(connection, reader, on, on, ("message.sms",))
    assert today.proof is not None and (today.proof.closed_on, today.proof.difference) == (ON, 0)
    assert today.proof.loans_in == 3
    assert today.decided is not None and today.decided.decided_on == on
    assert [(q.queue, q.cases, q.free) for q in today.queues] == [("early", 3, 3)]
    assert (today.promises_due, today.promises_due_fen) == (1, 50_000)
    # grace ended on the 14th: three loans came into M1 that day
    assert [(f.bucket, f.came, f.left) for f in today.flow] == [(1, 3, 0)]


def test_clocks_by_what_runs_out_first() -> None:
    def task(key: str, queue: str, due: date | None) -> Task:
        return Task(key, queue, "B1", "N", "", ON, due, "x")

    days = (date(2025, 5, 13), date(2025, 5, 17), date(2025, 5, 18))
    told = clocks_of([task("a", "money", None), *(task(str(day), "dispute", day) for day in days)], ON)
    assert [(c.queue, c.late, c.soon, c.open) for c in told] == [("dispute", 1, 1, 3), ("money", 0, 0, 1)]


def test_worth_is_worked_out_line_by_line() -> None:
    # 1,000.00 at 10 days: × 250 / 1000 = 250.00, less 6.00; one promise broken halves it first: 125.00 − 6.00
    assert why_worth(100_000, 10, 0, ON, "en").working[0][1] == "1,000.00 × 250 / 1000 − 6.00 = 244.00"
    assert why_worth(100_000, 10, 1, ON, "en").working[0][1] == "1,000.00 × 250 / 1000 / 2 − 6.00 = 119.00"


def test_masks() -> None:
    assert (mask_name("王小明"), mask_name("Wang Xm"), mask_name("")) == ("王**", "W*** X*", "")
    assert (mask_phone("138 0000 1234"), mask_phone("12345")) == ("138****1234", "***45")
    assert mask_phone("+86 138 0000 1234") == "138****1234"
    assert last_four("6222 0001") == "··0001"
