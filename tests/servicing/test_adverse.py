"""A line that a person makes worse: the borrower is told the principal reasons of a list, or a task that it lacks."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from afterloan.enquiry.tasks import tasks
from afterloan.facts import limit as facts
from afterloan.facts.act import Answer, Refused, Who
from afterloan.sending.channels import LENDER
from afterloan.sending.templates import render, template_of
from afterloan.servicing.adverse import WorseLine, worse
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store
from tests.sending.bankhouse import rows
from tests.strategy.books import borrower, loan

LEAD = Who("person", "Wang", ("lead",), "keyboard")
ON = date(2026, 2, 16)


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    """B1 in China, U1 in the United States; a line of 20,000.00 each, set on 16 February 2026."""
    with store.connect() as connection:
        borrower(connection, "B1", jurisdiction="CN", mobile="13900001111")
        loan(connection, "L1", "B1", "2026-02-10")
        borrower(connection, "U1", jurisdiction="US", language="en", timezone="America/New_York", address="1 Main St")
    with desk_of(store, datetime(2026, 2, 16, 2, 0, tzinfo=UTC)) as made:
        for who in ("B1", "U1"):
            assert isinstance(change(made, who, "set", f"set-{who}", after_fen=2_000_000), Answer)
        yield made


def change(desk: Desk, who: str, what: str, reference: str = "c1", **asked: Any) -> Answer | Refused:
    told = {"borrower": who, "change": what, "reason": "the committee of 13 February, item 4", **asked}
    return do(desk, LEAD, "limit.change", told, reference, ON)


def messages(desk: Desk) -> list[tuple[str, str, dict[str, Any]]]:
    return rows(desk.store, "select kind, body->>'purpose', body from outbox where kind like 'message.%%' order by 1")


def test_a_lowered_line_is_told_with_its_reasons_and_never_with_our_own_words(desk: Desk) -> None:
    """20,000.00 to 15,000.00. Done twice, told once; what the committee said stays with us."""
    for _ in range(2):
        done = change(desk, "B1", "reduce", after_fen=1_500_000, reasons=["late_elsewhere", "debt_high"])
        assert isinstance(done, Answer), done
    assert done.body["reasons"] == ["在其他机构的还款有逾期或曾有逾期", "负债相对收入偏高"]
    [(kind, purpose, body)] = messages(desk)
    assert (kind, purpose, body["template"]) == ("message.push", "legal_notice", "limit-decreased")
    text = render(template_of("limit-decreased", ON), "zh", body["values"], LENDER, channel="push", on=ON).body
    assert text.splitlines()[2] == (
        "您的额度有以下变化：额度由20,000.00元调整为15,000.00元。"
        "具体原因：在其他机构的还款有逾期或曾有逾期；负债相对收入偏高。"
    )
    assert "committee" not in str(body)


def test_where_the_law_wants_a_letter_it_is_one_in_the_language_of_the_borrower(desk: Desk) -> None:
    done = change(desk, "U1", "reduce", after_fen=1_500_000, reasons=["income_unproved"])
    assert isinstance(done, Answer), done
    [(kind, _, body)] = messages(desk)
    assert kind == "message.letter" and body["values"]["within_days"] == 30
    text = render(template_of("limit-decreased", ON), "en", body["values"], LENDER, channel="letter", on=ON).body
    assert "it goes from CNY 20,000.00 to CNY 15,000.00. The specific reasons: Income could not be verified." in text


@pytest.mark.parametrize(
    ("what", "asked", "kind", "template"),
    [
        ("reduce", {"after_fen": 1_500_000}, "limit.reduced", "limit-decreased"),
        ("set", {"after_fen": 1_500_000}, "limit.reduced", "limit-decreased"),
        ("freeze", {}, "limit.frozen", "limit-decreased"),
        ("bar", {"bar": "fraud"}, "borrowing.barred", "restriction-notice"),
    ],
)
def test_every_worse_line_without_a_reason_is_a_task_that_says_by_when(
    desk: Desk, what: str, asked: dict[str, Any], kind: str, template: str
) -> None:
    done = change(desk, "B1", what, **asked)
    assert isinstance(done, Answer) and messages(desk) == []
    key = f"news/{kind}/c1"
    assert done.body["notice_missing"] == [f"unsent:{key}"]
    [task] = tasks(desk.connection, (), ON)
    [(body,)] = rows(desk.store, "select body from outbox where kind = 'task'")
    assert (task.key, body["queue"], body["template"]) == (f"unsent:{key}", "unsent-notice", template)
    assert body["why"] == (
        "no reason is named that the borrower can be told; within 30 days of 2026-02-16 (limits.notice-of-decrease)"
    )


def test_whom_nobody_may_write_to_is_a_task_with_the_reasons_named(desk: Desk) -> None:
    held = {"borrower": "B1", "hold": "deceased", "reason": "told by the family", "review_on": "2026-05-01"}
    assert isinstance(do(desk, LEAD, "hold.place", held, "h1", ON), Answer)
    done = change(desk, "B1", "freeze", reasons=["insolvent"])
    assert isinstance(done, Answer) and messages(desk) == [] and len(done.body["notice_missing"]) == 1


@pytest.mark.parametrize(
    ("what", "asked", "says"),
    [
        ("reduce", {"after_fen": 1, "reasons": ["we do not like him"]}, "is no reason of the list"),
        ("set", {"after_fen": 3_000_000, "reasons": ["unused"]}, "gets no worse"),
        ("reduce", {"after_fen": 1, "by_score": True}, "no model is approved or in use"),
        ("reduce", {"after_fen": 1, "reasons": ["unused"] * 5}, "at most 4"),
    ],
)
def test_what_cannot_be_told_is_refused_and_the_line_stays(
    desk: Desk, what: str, asked: dict[str, Any], says: str
) -> None:
    try:
        told = str(change(desk, "B1", what, **asked))
    except ValueError as error:
        told = str(error)
    assert says in told
    assert rows(desk.store, "select count(*) from event where kind like 'limit.%%' and reference = 'c1'") == [(0,)]


def test_what_is_worse() -> None:
    assert worse(facts.LimitSet, 200, 150) == WorseLine("limit.reduced", 200, 150)
    assert worse(facts.LimitSet, 150, 200) is None and worse(facts.LimitRestored, 0, 200) is None
