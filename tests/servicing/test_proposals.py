"""Proposals end as they should: agreed to, turned down, taken back or lapsed, once, and whoever made them is told."""

import threading
from collections.abc import Iterator
from datetime import date

import pytest

from afterloan.desk.keyboard.doing import kinds_sent
from afterloan.enquiry.lists import listed
from afterloan.enquiry.tasks import Task, tasks
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.store.server import Store
from tests.servicing.test_door import AGENT, FINANCE, LEAD, MONEY, count, done, refused
from tests.strategy.books import borrower, loan

ON = date(2026, 2, 10)
UNDO = {"of": "bank-1", "reason": "booked twice"}
NO = {"proposal": "undo-1", "reason": "the second line is another payment"}


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2026-01-10")
    with desk_of(store) as made:
        done(do(made, FINANCE, "repayment.take", MONEY, "bank-1", ON))
        done(propose(made, FINANCE, "repayment.reverse", UNDO, "undo-1", ON))
        yield made


def approvals(desk: Desk, on: date) -> list[Task]:
    return [t for t in tasks(desk.connection, kinds_sent(), on) if t.queue in ("approval", "proposal-ended")]


def test_an_open_proposal_says_what_it_would_do_and_is_a_task_of_those_who_may_agree(desk: Desk) -> None:
    (row,) = listed(desk.connection, "proposals", ON)
    assert (row["proposal"], row["borrower"], row["what"], row["by"]) == ("undo-1", "B1", "repayment.reverse", "Chen")
    # 7 days from 02-10; without the 100.00 all is owed: 12,000.00 and 31 nights at 0.05 % a day, 186.00
    assert (row["until"], row["waits_for"]) == ("2026-02-17", "finance, lead")
    assert row["would"]["loan"] == "L1" and row["would"]["payoff_fen"] == 1_218_600
    (task,) = approvals(desk, ON)
    assert (task.key, task.borrower, task.waits_for, task.due_on) == (
        "proposal:undo-1", "B1", "finance, lead", date(2026, 2, 17),
    )  # fmt: skip
    assert "`afterloan refuse undo-1 --reason …`" in task.todo and "payoff_fen 1218600" in task.what
    done(approve(desk, LEAD, "undo-1", ON))
    assert approvals(desk, ON) == [] and listed(desk.connection, "proposals", ON) == []


def test_a_proposal_turned_down_stays_down_and_its_maker_is_told_why(desk: Desk) -> None:
    said = refused(do(desk, FINANCE, "proposal.refuse", NO, "no-1", ON))
    assert said.where == "who" and "afterloan withdraw" in said.remedy
    assert refused(do(desk, AGENT, "proposal.refuse", NO, "no-1", ON)).kind == "forbidden"
    assert refused(do(desk, LEAD, "proposal.refuse", {**NO, "proposal": "undo-9"}, "no-1", ON)).kind == "unknown"
    told = done(do(desk, LEAD, "proposal.refuse", NO, "no-1", ON)).body
    assert told == {
        "proposal": "undo-1", "verb": "repayment.reverse", "proposed_by": "Chen", "reason": NO["reason"],
        "borrower": "B1", "refused_by": "Wang",
    }  # fmt: skip
    facts = count(desk.connection, "fact")
    late = refused(approve(desk, LEAD, "undo-1", ON))
    assert (late.kind, late.why) == ("conflict", f"was refused by Wang on 2026-02-10: {NO['reason']}")
    again = refused(propose(desk, FINANCE, "repayment.reverse", UNDO, "undo-1", ON))
    assert again.why == late.why and count(desk.connection, "fact") == facts
    assert refused(do(desk, LEAD, "proposal.refuse", NO, "no-2", ON)).kind == "conflict"
    assert listed(desk.connection, "proposals", ON) == []
    (row,) = listed(desk.connection, "ended-proposals", ON)
    assert (row["state"], row["ended_by"], row["why"]) == ("refused", "Wang", NO["reason"])
    # its maker sees it for as many days as it could have been agreed to: until 02-17
    (task,) = approvals(desk, date(2026, 2, 17))
    assert (task.queue, task.assigned_to) == ("proposal-ended", "Chen") and NO["reason"] in task.what
    assert approvals(desk, date(2026, 2, 18)) == []


def test_only_who_made_a_proposal_takes_it_back(desk: Desk) -> None:
    assert refused(do(desk, LEAD, "proposal.withdraw", NO, "back-1", ON)).kind == "forbidden"
    assert done(do(desk, FINANCE, "proposal.withdraw", NO, "back-1", ON)).body["withdrawn_by"] == "Chen"
    assert "was withdrawn by Chen" in refused(approve(desk, LEAD, "undo-1", ON)).why
    assert refused(do(desk, LEAD, "proposal.refuse", NO, "no-1", ON)).kind == "conflict"
    assert approvals(desk, ON) == []  # whoever took it back knows


def test_a_proposal_lapses_after_the_days_of_the_pack(desk: Desk) -> None:
    said = refused(approve(desk, LEAD, "undo-1", date(2026, 2, 18)))
    assert (said.kind, said.why) == ("conflict", "lapsed: it could be agreed to until 2026-02-17")
    assert listed(desk.connection, "proposals", date(2026, 2, 18)) == []
    (task,) = approvals(desk, date(2026, 2, 18))
    assert (task.queue, task.assigned_to) == ("proposal-ended", "Chen")
    done(approve(desk, LEAD, "undo-1", date(2026, 2, 17)))
    # what is done answers as the first time, on any later day, and can no longer be turned down
    assert done(approve(desk, LEAD, "undo-1", date(2026, 3, 1))).known
    said = refused(do(desk, LEAD, "proposal.refuse", NO, "no-1", ON))
    assert said.kind == "conflict" and "it is done" in said.why


def test_of_agreeing_and_turning_down_at_the_same_moment_one_happens(store: Store, desk: Desk) -> None:
    for n in range(6):
        name, of = f"race-{n}", f"bank-r{n}"
        done(do(desk, FINANCE, "repayment.take", MONEY, of, ON))
        done(propose(desk, FINANCE, "repayment.reverse", {**UNDO, "of": of}, name, ON))
        answers: dict[str, Answer | Refused] = {}
        start = threading.Barrier(2)

        def agree(
            name: str = name, answers: dict[str, Answer | Refused] = answers, b: threading.Barrier = start
        ) -> None:
            with desk_of(store) as own:
                b.wait()
                answers["agree"] = approve(own, LEAD, name, ON)

        def turn_down(
            name: str = name, answers: dict[str, Answer | Refused] = answers, b: threading.Barrier = start
        ) -> None:
            with desk_of(store) as own:
                b.wait()
                answers["no"] = do(own, LEAD, "proposal.refuse", {**NO, "proposal": name}, f"no-{name}", ON)

        threads = [threading.Thread(target=agree), threading.Thread(target=turn_down)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        happened = [key for key, answer in answers.items() if isinstance(answer, Answer)]
        assert len(happened) == 1, answers
        row = desk.connection.execute("select count(*) from fact where kind <> 0 and of_fact is not null and "
                                      "reference like %s", (f"{name}%",)).fetchone()  # fmt: skip
        assert row == (1 if happened == ["agree"] else 0,)


def test_a_loss_that_was_turned_down_is_not_booked(store: Store) -> None:
    with store.connect(autocommit=True) as connection:
        borrower(connection, "B2")
        loan(connection, "L2", "B2", "2024-01-10")
    with desk_of(store) as desk:
        for person, roles in (("Hu", ["head_of_risk"]), ("Fang", ["finance"])):
            done(propose(desk, LEAD, "people.appoint", {"person": person, "roles": roles}, f"a-{person}", ON))
            done(approve(desk, Who("person", "Chen", ("lead",), "keyboard"), f"a-{person}", ON))
        asked = {"loan": "L2", "what": "sale", "price_fen": 100}
        proposal = str(done(do(desk, LEAD, "loss.propose", asked, "s-1", ON)).body["proposal"])
        (task,) = approvals(desk, ON)
        assert task.waits_for == "head_of_risk, finance" and f"legal refuse-loss {proposal}" in task.todo
        fang = Who("person", "Fang", ("finance",), "keyboard")
        done(do(desk, fang, "loss.refuse", {"proposal": proposal, "reason": "the price is too low"}, "n-1", ON))
        said = refused(do(desk, fang, "loss.approve", {"proposal": proposal, "role": "finance"}, "y-1", ON))
        assert said.kind == "conflict" and "the price is too low" in said.why
        assert approvals(desk, ON) == [] and listed(desk.connection, "proposals", ON) == []
        anew = str(done(do(desk, LEAD, "loss.propose", asked, "s-2", date(2026, 2, 11))).body["proposal"])
        assert anew != proposal
