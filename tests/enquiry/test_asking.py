"""What people ask all day: who is this, what does he owe, what waits, what became of it."""

from datetime import UTC, date, datetime

import pytest

from afterloan.enquiry.borrowers import borrower_page
from afterloan.enquiry.find import find
from afterloan.enquiry.lists import LISTS, NEWEST, listed, outbox_page
from afterloan.enquiry.tasks import task_of
from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Who
from afterloan.facts.outbox import Action, DisputeTask
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.store.outbox import put
from afterloan.store.server import Store
from tests.sending.messages_kit import NOON
from tests.strategy.books import borrower, loan, repaid

ON = date(2026, 3, 13)
LI = Who("person", "Li", ("agent",), "keyboard")
WANG = Who("person", "Wang", ("lead",), "keyboard")


def test_a_borrower_is_found_by_what_a_person_has_at_hand(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1", mobile="+86 138 0013 8000", id_type="10", id_number="11010519491231002X")
        borrower(connection, "B2", mobile="13900139000", city="100%")
        loan(connection, "L-A", "B1", "2026-01-10")

        def found(words: str) -> list[str]:
            return [row["borrower"] for row in find(connection, words)]

        for words in ("name of b1", "B1", "l-a", "13800138000", "138-0013-8000", "8000", "11010519491231002x"):
            assert found(words) == ["B1"], words
        assert found("Name of") == ["B1", "B2"] and found("9000") == ["B2"]
        assert found("000") == []  # three digits are no phone number: half the book has them
        assert found("%") == [] and found("_") == []
        assert find(connection, "B1")[0] == {
            "borrower": "B1", "name": "Name of B1", "phone": "+86 138 0013 8000", "loans": "L-A"}  # fmt: skip


def test_a_whole_reference_finds_whose_it_is_and_nobody_of_whose_it_is_a_part(store: Store) -> None:
    with store.connect() as connection:
        for name in ("B1", "B10", "B100"):
            borrower(connection, name, email=f"{name}@example.cn", note='a "quoted" word')
        loan(connection, "B10-7", "B100", "2026-01-10")

        def found(words: str) -> list[str]:
            return [row["borrower"] for row in find(connection, words)]

        assert found("B10") == ["B10"] and found("b10") == ["B10", "B100"], "as it is written, or by its letters"
        assert found("B10-7") == ["B100"] and found("10") == ["B10", "B100"]
        assert found("B10@example.cn") == ["B10"] and found('a "quoted" word') == ["B1", "B10", "B100"]
        assert found("\\") == [] and found('"') == [] and found("\0B1\0") == ["B1"]


def test_the_outbox_is_read_page_by_page_by_the_database(store: Store) -> None:
    at = datetime(2026, 3, 12, 2, tzinfo=UTC)
    with store.connect() as connection:
        numbers = {name: borrower(connection, name) for name in ("B1", "B2")}
        for k in range(7):
            name, kind = ("B1", "message.sms") if k % 2 == 0 else ("B2", "debit.attempt")
            connection.execute(
                "insert into outbox (key, borrower, kind, not_before, decided_on) values (%s, (select borrower from "
                "borrower where reference = %s), %s, %s, %s)",
                (f"k{k}", name, kind, at, date(2026, 3, 12)),
            )
        assert numbers

        def walked(**wanted: str) -> list[str]:
            keys: list[str] = []
            place: int | None = NEWEST
            while place is not None:
                rows, place = outbox_page(connection, ON, 2, before=place, **wanted)
                assert len(rows) <= 2 and all("action" not in row for row in rows)
                keys += [row["key"] for row in rows]
            return keys

        assert walked() == ["k6", "k5", "k4", "k3", "k2", "k1", "k0"]
        assert walked(borrower="B2") == ["k5", "k3", "k1"] and walked(kind="message") == ["k6", "k4", "k2", "k0"]
        assert walked(state="waiting") == walked() and walked(state="sent") == []
        assert outbox_page(connection, date(2026, 3, 11), 2) == ([], None), "nothing was decided by then"


def test_the_page_of_a_borrower_shows_details_as_of_a_day_and_what_each_loan_owes(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1", city="西安")
        loan(connection, "L-A", "B1", "2026-01-10", 120_000)
        repaid(connection, "L-A", "2026-02-10", 10_000)
    with desk_of(store) as desk:
        asked = {"borrower": "B1", "reason": "moved", "attributes": {"city": "成都"}, "since": "2026-03-01"}
        assert isinstance(do(desk, WANG, "person.correct", asked, "c1", ON), Answer)
        page = borrower_page(desk.connection, "B1", ON, ON)
        assert page.attributes["city"] == "成都"
        assert [(c["since"], c["by"], c["reason"], c["before"]) for c in page.changes] == [
            ("2026-03-01", "Wang", "moved", {"city": "西安"})]  # fmt: skip
        assert borrower_page(desk.connection, "B1", date(2026, 2, 28), ON).attributes["city"] == "西安"
        (owed,) = page.loans
        # twelve instalments of 1,200.00 at 0.05 % a day; the first, due on 10 February, was paid but for some yuan,
        # the second on 10 March not at all: late since 10 February, 31 days
        assert (owed["loan"], owed["state"], owed["days_past_due"]) == ("L-A", "overdue", 31)
        assert owed["next_due_on"] == "2026-04-10" and owed["arrears_fen"] > 10_000
        with pytest.raises(FactRefused, match="no borrower of that reference"):
            borrower_page(desk.connection, "B9", ON, ON)


def test_lists_show_what_waits_for_a_second_person_until_it_is_done(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L-A", "B1", "2026-01-10", 120_000)
    with desk_of(store) as desk:
        asked = {"loan": "L-A", "amount_fen": 100, "component": "penalty", "due_on": "2026-03-13"}
        assert isinstance(propose(desk, LI, "charge.make", asked, "p1", ON), Answer)
        (row,) = listed(desk.connection, "proposals", ON, "B1")
        assert (row["proposal"], row["what"], row["by"], row["loan"]) == ("p1", "charge.make", "Li", "L-A")
        assert isinstance(approve(desk, WANG, "p1", ON), Answer)
        assert listed(desk.connection, "proposals", ON) == []
        for what in LISTS:
            listed(desk.connection, what, ON)
        with pytest.raises(FactRefused, match="there are: exceptions, findings"):
            listed(desk.connection, "nothing", ON)


def test_a_task_shows_what_to_do_and_what_was_done_with_it(store: Store) -> None:
    with store.connect() as connection:
        number = borrower(connection, "B1")  # current: no loan at all
        body = DisputeTask(queue="bureau-dispute", loans=("L-A",), dispute="D1", answer_by=date(2026, 4, 2))
        put(connection, [Action("t", number, "task", NOON, ON, None, body)])
    with desk_of(store) as desk:
        for verb, asked in (
            ("task.assign", {"of": "t", "to": "Zhao"}),
            ("task.done", {"of": "t", "how": "answered"}),
            ("task.reopen", {"of": "t", "reason": "the bureau asked again"}),
            ("task.done", {"of": "t", "how": "answered again"}),
        ):
            assert isinstance(do(desk, LI, verb, asked, f"{verb}:{asked}", ON), Answer)
        task, history = task_of(desk.connection, "t", [], ON)
        assert (task.what, task.due_on, task.assigned_to, task.done_by) == (
            "answer dispute D1", date(2026, 4, 2), "Zhao", "Li")  # fmt: skip
        assert task.todo == "`afterloan bureau dispute decide D1 --outcome corrected|accurate --reason …`"
        assert [(row["what"], row["words"]) for row in history] == [
            ("given to Zhao", ""),
            ("done", "answered"),
            ("opened again", "the bureau asked again"),
            ("done", "answered again"),
        ]
        with pytest.raises(FactRefused, match="no task of that key"):
            task_of(desk.connection, "none", [], ON)
