"""One event, one message: what a borrower is told of what happened, with the figures of the event, whichever door.

Each is done twice under the same reference and looked at by the night twice: the second time adds nothing.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from afterloan.close import close_through
from afterloan.close.telling import tell_news
from afterloan.dates import day
from afterloan.enquiry.tasks import kinds_sent, tasks
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.outbox import Action, MessageBody
from afterloan.loan.reckon import reckon_book
from afterloan.sending.channels import LENDER, read_setting
from afterloan.sending.drain_work import drain
from afterloan.sending.templates import render, template_of
from afterloan.servicing.booking import book_of
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.store.events import borrower_number
from afterloan.store.outbox import put
from afterloan.store.server import Store
from tests.sending.bankhouse import attempt, bank_at, mandate, rows, run_drain, small_book
from tests.strategy.books import bodies, borrower, loan

LEAD = Who("person", "Wang", ("lead", "specialist", "finance"), "keyboard")
CONSENT = "agreed on the telephone, recorded"
"""How the borrower agreed: a person of the lender's agrees for nobody without it."""


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    """L of 12,000.00, signed on 10 January 2026; instalments of 1,101.15 (tests/golden/lives/0001)."""
    with store.connect() as connection:
        borrower(connection, "B1", jurisdiction="CN", mobile="13900001111")
        loan(connection, "L", "B1", "2026-01-10")
    with desk_of(store, datetime(2026, 2, 16, 2, 0, tzinfo=UTC)) as made:
        yield made


def done(desk: Desk, verb: str, asked: dict[str, Any], reference: str, on: str) -> None:
    for _ in range(2):
        answer = do(desk, LEAD, verb, asked, reference, date.fromisoformat(on))
        assert isinstance(answer, Answer), answer


def told(store: Store) -> list[tuple[str, dict[str, Any]]]:
    """Template and values of every message about something that happened, in order."""
    with store.connect() as connection:
        put = bodies(connection, "o.key like 'news/%'")
    return [(body["template"], body["values"]) for _, _, body in put]


def words(name: str, values: dict[str, Any], language: str = "zh", channel: str = "push") -> str:
    on = date(2026, 3, 1)
    return render(template_of(name, on), language, values, LENDER, channel=channel, on=on).body


def test_a_promise_is_confirmed_and_one_not_kept_is_told_once(desk: Desk) -> None:
    asked = {"borrower": "B1", "amount_fen": 50_000, "due_on": "2026-02-20"}
    done(desk, "promise.make", asked, "P1", "2026-02-16")
    assert told(desk.store) == [("promise-confirmed", {"amount_fen": 50_000, "promise_on": "2026-02-20"})]
    done(desk, "repayment.take", {"loan": "L", "amount_fen": 20_000, "received_on": "2026-02-18"}, "R1", "2026-02-18")
    close_through(desk.store, day("2026-02-23"))
    for on in ("2026-02-22", "2026-02-23", "2026-02-23", "2026-02-24"):  # two days of tolerance: the 22nd still counts
        tell_news(desk.store, day(on))
        assert len(told(desk.store)) == (1 if on == "2026-02-22" else 2), on
    broken = ("promise-broken", {"promised_fen": 50_000, "promise_on": "2026-02-20", "paid_fen": 20_000})
    assert told(desk.store)[1] == broken
    assert "您承诺于2026年2月20日还款500.00元，我们尚未全额收到（已收到200.00元）" in words(*broken)


def test_offers_of_one_search_are_one_message_and_each_step_of_a_plan_is_told(desk: Desk) -> None:
    means = {"income_fen": 400_000, "spending_fen": 200_000}
    done(desk, "plan.search", {"loan": "L", "means": means}, "S", "2026-02-20")
    ((name, values),) = told(desk.store)
    assert name == "plan-offered" and values["plan"] == "reinstalment" and values["instalment_fen"] <= 110_115
    assert "为您准备了以下方案：重新分期" in words(name, values)
    call = MessageBody(template="overdue-early", to=None, purpose="collection", values={}, zone="Asia/Shanghai")
    later = datetime(2026, 2, 25, 2, tzinfo=UTC)
    number, _ = borrower_number(desk.connection, "B1")
    put(desk.connection, [Action("call", number, "message.sms", later, date(2026, 2, 20), None, call)])
    done(desk, "plan.accept", {"of": "S/1", "consent": CONSENT}, "A", "2026-02-20")
    # nothing was paid: what was planned is withdrawn because of the plan, or by its hold, never as cured
    ((why,),) = rows(desk.store, "select body->>'reason' from event where reference = 'withdrawn:call'")
    assert why in ("a plan was agreed: nothing is due now", "hold: plan_running"), why
    gone = "select body->>'reason' from event where reference = 'withdrawn:news/plan.offered/S/1'"
    assert rows(desk.store, gone) == [("a plan was agreed on",)]  # what was offered is news no more
    name, values = told(desk.store)[1]
    assert name == "plan-accepted" and values["first_on"] == "2026-03-10" and len(told(desk.store)) == 2
    done(desk, "plan.watch", {"of": "S/1"}, "W", "2026-04-20")
    assert told(desk.store)[2] == ("plan-broken", {"plan": "reinstalment"})


def test_an_offer_that_has_ended_is_not_sent(desk: Desk) -> None:
    means = {"income_fen": 400_000, "spending_fen": 200_000}
    done(desk, "plan.search", {"loan": "L", "means": means}, "S", "2026-02-20")
    ((_, values),) = told(desk.store)
    late = datetime.fromisoformat(f"{values['reply_by']}T10:00:00+08:00") + timedelta(days=1)
    drain(desk.store, told=read_setting({}), moment=late)
    assert rows(desk.store, "select step, detail->>'why' from sending") == [("dropped", "the offer has ended")]


def test_an_offer_beyond_what_the_borrower_can_spare_is_no_message(desk: Desk) -> None:
    means = {"income_fen": 200_000, "spending_fen": 200_000}  # nothing to spare: what asks for least still does not fit
    done(desk, "plan.search", {"loan": "L", "means": means}, "S", "2026-02-20")
    offers = rows(desk.store, "select body->'simulation'->'fits' from event where kind = 'plan.offered'")
    assert offers and {fits for (fits,) in offers} == {False}
    assert told(desk.store) == []

    # it is a person's task, once, until a later search fits
    def shown(on: str) -> list[tuple[str, str, str]]:
        open_tasks = tasks(desk.connection, kinds_sent(), date.fromisoformat(on))
        return [(t.borrower, t.loans, t.what) for t in open_tasks if t.queue == "plan"]

    ((who, of, what),) = shown("2026-02-20")
    assert (who, of) == ("B1", "L") and what.startswith("no plan fits the 0.00 CNY a month that the borrower can pay")
    done(desk, "plan.search", {"loan": "L", "means": means | {"income_fen": 400_000}}, "S2", "2026-02-21")
    assert len(shown("2026-02-20")) == 1 and shown("2026-02-21") == []


def test_paid_off_is_confirmed_and_cured_is_welcomed(desk: Desk) -> None:
    done(desk, "repayment.take", {"loan": "L", "amount_fen": 110_115, "received_on": "2026-02-12"}, "R1", "2026-02-12")
    close_through(desk.store, day("2026-02-12"))
    for _ in range(2):
        tell_news(desk.store, day("2026-02-13"))
    ((name, values),) = told(desk.store)
    assert (name, values) == ("welcome-back", {"next_due_on": "2026-03-10", "amount_fen": 110_115})
    # 11,084.85 are left; ten days' interest at 0.05 % a day: 55.42 (half a fen up)
    done(
        desk, "repayment.take", {"loan": "L", "amount_fen": 1_114_027, "received_on": "2026-02-20"}, "R2", "2026-02-20"
    )
    close_through(desk.store, day("2026-02-20"))
    for _ in range(2):
        tell_news(desk.store, day("2026-02-21"))
    name, values = told(desk.store)[1]
    assert name == "settlement-confirmed" and len(told(desk.store)) == 2
    assert values == {"loans": ["L"], "paid_fen": 110_115 + 1_114_027, "decided_on": "2026-02-20"}
    assert "您的借款（L）已于2026年2月20日结清，共支付12,241.42元。" in words(name, values)


def pay_what_is_due(desk: Desk, on: str) -> int:
    """Pay on a day all that falls due then and before; how much it was."""
    p = reckon_book(book_of(desk.connection, "L"), day(on))[0]
    amount = int((p["due_today_fen"] + p["arrears_fen"]).sum())
    done(desk, "repayment.take", {"loan": "L", "amount_fen": amount, "received_on": on}, f"R-{on}", on)
    return amount


def agree(desk: Desk, plan: dict[str, Any], on: str) -> str:
    """Offer a plan and accept it; its reference."""
    answer = do(desk, LEAD, "plan.offer", {"loan": "L", **plan}, "S", date.fromisoformat(on))
    assert isinstance(answer, Answer), answer
    done(desk, "plan.accept", {"of": "S", "consent": CONSENT}, "A", on)
    return "S"


def test_a_plan_completed_while_the_loan_goes_on_is_told(desk: Desk) -> None:
    """Two instalments paid in time under a waiver of penalties: it is completed, the loan goes on."""
    of = agree(desk, {"plan": "penalty_waiver", "periods": 2, "amount_fen": 100}, "2026-02-20")
    for on in ("2026-02-20", "2026-03-10", "2026-04-10"):
        pay_what_is_due(desk, on)
    done(desk, "plan.watch", {"of": of}, "W", "2026-04-11")
    name, values = told(desk.store)[-1]
    assert (name, values) == ("plan-completed", {"plan": "penalty_waiver"})
    assert "您已按约完成方案（减免罚息）" in words(name, values)


def test_a_plan_completed_because_the_loan_is_paid_off_is_one_message(desk: Desk) -> None:
    """The confirmation of settlement says that nothing is owed; that the plan is done too is no second message."""
    of = agree(desk, {"plan": "reinstalment", "periods": 2}, "2026-02-20")
    before = len(told(desk.store))
    pay_what_is_due(desk, "2026-03-10")
    pay_what_is_due(desk, "2026-04-10")
    close_through(desk.store, day("2026-04-10"))
    done(desk, "plan.watch", {"of": of}, "W", "2026-04-11")
    tell_news(desk.store, day("2026-04-11"))
    assert rows(desk.store, "select 1 from event where kind = 'plan.completed'") == [(1,)]
    assert [name for name, _ in told(desk.store)[before:]] == ["settlement-confirmed"]


def test_a_debit_that_failed_is_told_with_its_next_day_and_not_while_another_source_follows(store: Store) -> None:
    small_book(store, mandate("M1", "Z1", "wallet"), mandate("M2", "Z2", "card"))
    with bank_at("2025-05-10") as (_, url):
        attempt(store, "k1", "2025-05-10 09:30")
        run_drain(store, url, "2025-05-10 09:31")
        run_drain(store, url, "2025-05-10 09:32")
    assert len(rows(store, "select from event where kind = 'debit.failed'")) == 2  # the wallet, then the card
    ((name, values),) = told(store)  # of the wallet nothing is told: the card was tried next
    assert name == "debit-failed" and values["debit_on"] == "2025-05-13" and values["account_tail"] == "Z2"
    assert "原因：账户余额不足" in words(name, values) and "我们将于2025年5月13日再次尝试" in words(name, values)


def test_a_third_person_is_asked_only_when_named_and_is_told_of_no_debt(desk: Desk) -> None:
    asked = {"borrower": "B1", "who": "brother", "caller": "王芳"}
    refused = do(desk, LEAD, "contact.ask_person", asked, "T0", date(2026, 2, 16))
    assert isinstance(refused, Refused) and refused.kind == "unknown"
    named = {"borrower": "B1", "who": "brother", "person": "third", "address": "13900002222"}
    done(desk, "contact.name_person", named, "N", "2026-02-16")
    done(desk, "contact.ask_person", asked, "T1", "2026-02-16")
    ((_, _, body),) = bodies(desk.connection, "o.key like 'third-%'")
    values = {"name": "Name of B1", "caller": "王芳"}
    assert (body["to"], body["purpose"], body["who"]) == ("13900002222", "locate", "brother")
    assert body["values"] == values
    (there,) = rows(desk.store, "select body from outbox where key like 'third-%%'")
    assert there == ({"person": "third", "purpose": "locate", "template": "third-person", "values": {}},)
    assert "我想联系Name of B1" in words("third-person", values)


@pytest.mark.parametrize("door", ["hold.place", "person.died"])
def test_nobody_writes_to_the_dead(desk: Desk, door: str) -> None:
    hold = {"borrower": "B1", "hold": "deceased", "reason": "told by the family", "review_on": "2026-05-01"}
    died = {"borrower": "B1", "source": "told by the family"}
    done(desk, door, hold if door == "hold.place" else died, "H", "2026-02-16")
    done(desk, "promise.make", {"borrower": "B1", "amount_fen": 30_000, "due_on": "2026-02-20"}, "P", "2026-02-16")
    assert told(desk.store) == []


def test_a_limit_that_is_restored_is_told_once_with_what_it_is_now(desk: Desk) -> None:
    """20,000.00 frozen on the 16th and given back in part, 15,000.00, on the 20th: one message, in both languages."""
    done(desk, "limit.change", {"borrower": "B1", "change": "set", "reason": "assessed", "after_fen": 2_000_000}, "L1",
         "2026-02-16")  # fmt: skip
    done(desk, "limit.change", {"borrower": "B1", "change": "freeze", "reason": "late"}, "L2", "2026-02-16")
    assert told(desk.store) == []
    back = {"borrower": "B1", "change": "restore", "reason": "clean again", "after_fen": 1_500_000}
    done(desk, "limit.change", back, "L3", "2026-02-20")
    for _ in range(2):
        tell_news(desk.store, day("2026-02-21"))
    (restored,) = told(desk.store)
    assert restored == ("limit-restored", {"after_fen": 1_500_000})
    assert "您的额度已恢复为15,000.00元" in words(*restored)
    assert "Your credit line is restored to CNY 15,000.00" in words(*restored, language="en")
