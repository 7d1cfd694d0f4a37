"""A day decided over a book in the store: one decision a borrower, once, whatever happens meanwhile."""

from datetime import date
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from afterloan.close import close_through
from afterloan.close import decide as decide_module
from afterloan.close.decide import DecideRefused, decide
from afterloan.close.known import clean_days
from afterloan.close.transitions import Transition
from afterloan.dates import day, iso
from afterloan.facts import ChargedOff, Sold, WrittenOff
from afterloan.facts.act import Answer, Who
from afterloan.facts.events import Event
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.limit import LimitSet
from afterloan.facts.promise import PromiseMade
from afterloan.sending.channels import LENDER
from afterloan.sending.templates import render, template_of
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.debits import revoke_mandate
from afterloan.store.events import events_of, tell
from afterloan.store.record import record
from afterloan.store.server import Store
from afterloan.store.settings import Setting, setting
from afterloan.strategy.segments import place_in_line
from tests.strategy.books import borrower, loan, mandate, outbox, repaid

SHORT = """id: short
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
steps:
  - {id: before, day: -1, do: message.push, template: reminder}
  - {id: due, day: 0, do: debit.attempt}
  - {id: late, day: {from: 1, to: 60}, do: message.sms, template: late, at: "07:00"}
  - {id: work, day: 2, do: worklist, queue: early}
  - {id: off, day: 20, clock: loan, do: charge_off.propose}
"""


def use(store: Store, ladder: str = SHORT) -> None:
    with store.connect() as connection:
        connection.execute("insert into setting values ('ladders', %s)", (Jsonb({"CN": ladder}),))


def run(store: Store, first: str, last: str) -> None:
    """Close all days and decide each: a day is decided from the evening before, however late that is done."""
    with store.connect() as connection:
        fresh = connection.execute("select 1 from proof limit 1").fetchone() is None
    if fresh:
        close_through(store, day(first) - 1, only=True)
    close_through(store, day(last))
    for on in range(day(first), day(last) + 1):
        decide(store, on)


def said(store: Store, on: str) -> list[tuple[str, str]]:
    return [(kind, step) for kind, step, _, decided_on, _ in outbox(store) if decided_on == on]


def told(store: Store, *events: Event) -> None:
    with store.connect() as connection:
        for event in events:
            tell(connection, event)


def dated(on: str, **more: Any) -> dict[str, Any]:
    return {"borrower": "B1", "on": date.fromisoformat(on), "known_on": date.fromisoformat(on), **more}


def test_three_late_loans_are_one_contact_that_names_all(store: Store) -> None:
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        mandate(connection, "B1")
        for name in ("L1", "L2", "L3"):
            loan(connection, name, "B1", "2025-04-10")
    run(store, "2025-05-09", "2025-05-12")
    assert said(store, "2025-05-09") == [("message.push", "before")]
    assert said(store, "2025-05-10") == [("debit.attempt", "due")]
    assert said(store, "2025-05-11") == [("message.sms", "late")]
    assert said(store, "2025-05-12") == [("message.sms", "late"), ("worklist", "work")]
    sms = next(body for _, step, _, on, body in outbox(store) if step == "late" and on == "2025-05-11")
    assert sms["values"]["loans"] == ["L1", "L2", "L3"] and sms["values"]["days_past_due"] == 1
    assert sms["values"]["due_on"] == "2025-05-10" and sms["language"] == "zh-CN" and sms["to"] is None
    debit = next(body for kind, *_, body in outbox(store) if kind == "debit.attempt")
    assert debit["amount_fen"] == sum(x["amount_fen"] for x in debit["loans"]) == sms["values"]["arrears_fen"]
    with store.connect() as connection:
        row = connection.execute("select not_before from outbox where body->>'step' = 'late' limit 1").fetchone()
    assert row is not None and row[0].isoformat() == "2025-05-11T00:00:00+00:00"  # 07:00 is moved to 08:00 in Shanghai


def test_a_debit_without_a_mandate_is_told_and_not_decided(store: Store) -> None:
    """B1 never signed one, B2 took his back on 9 May, B3 has one for another loan: no debit on the due date, 10 May.

    What the ladder says next goes on: the message of the 11th asks for the money. B4's stands: only his is tried.
    """
    use(store)
    with store.connect() as connection:
        for k in range(1, 5):
            borrower(connection, f"B{k}")
            loan(connection, f"L{k}", f"B{k}", "2025-04-10")
        loan(connection, "L30", "B3", "2025-05-08")
        mandate(connection, "B2")
        revoke_mandate(connection, "M-B2", date(2025, 5, 9), date(2025, 5, 9))
        mandate(connection, "B3", of="L30")
        mandate(connection, "B4")
    run(store, "2025-05-09", "2025-05-11")
    assert [row[2] for row in outbox(store, "o.kind = 'debit.attempt'")] == ["B4"]
    assert [row[2] for row in outbox(store, "o.body->>'step' = 'late'")] == ["B1", "B2", "B3", "B4"]
    with store.connect() as connection:
        found = connection.execute(
            "select b.reference, f.decided_on::text, f.about, f.rule, f.outcome, f.inputs->>'step' from finding f "
            "join borrower b using (borrower) order by 1"
        ).fetchall()
    told = ("2025-05-10", "debit.attempt", "debit.schedule.cn")
    assert found == [
        ("B1", *told, "no mandate", "due"),
        ("B2", *told, "mandate not in effect", "due"),
        ("B3", *told, "no mandate for this loan", "due"),
    ]


def test_a_debit_made_up_late_needs_a_mandate_too(store: Store) -> None:
    """Nothing was decided on the due date, 10 May: on the 13th the debit is made up for B2; B1 is told why not."""
    use(store, SHORT.replace("{id: due, day: 0,", "{id: due, day: 1,"))
    with store.connect() as connection:
        for name in ("B1", "B2"):
            borrower(connection, name)
            loan(connection, f"L-{name}", name, "2025-04-10")
        mandate(connection, "B2")
    run(store, "2025-05-09", "2025-05-10")
    close_through(store, day("2025-05-12"))
    decide(store, day("2025-05-13"))
    assert [row[2] for row in outbox(store, "o.kind = 'debit.attempt'")] == ["B2"]
    with store.connect() as connection:
        found = connection.execute(
            "select b.reference, f.outcome from finding f join borrower b using (borrower) "
            "where f.about = 'debit.attempt'"
        ).fetchall()
        (late,) = connection.execute(
            "select f.inputs->'late' from finding f join borrower b using (borrower) "
            "where f.about = 'ladder' and b.reference = 'B1'"
        ).fetchone() or (None,)
    assert found == [("B1", "no mandate")] and late == {"work": 2}  # the case is late, no debit is said to be


def test_a_cure_ends_it_and_withdraws_what_waits_for_people(store: Store) -> None:
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    run(store, "2025-05-11", "2025-05-12")
    with store.connect() as connection:
        repaid(connection, "L1", "2025-05-13", 200_000)
    close_through(store, day("2025-05-13"))
    done = decide(store, day("2025-05-14"))
    assert (done.actions, done.withdrawn) == (0, 1)
    with store.connect() as connection:
        gone = connection.execute(
            "select reference, body->>'reason' from event where kind = 'action.withdrawn'"
        ).fetchall()
    assert gone == [("withdrawn:short/work/B1/2025-05-12", "cured")]
    assert decide(store, day("2025-05-14")).withdrawn == 1 and len(outbox(store)) == 3


def test_deciding_twice_adds_nothing_and_needs_the_day_before(store: Store) -> None:
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    with pytest.raises(DecideRefused, match="2025-05-11 cannot be decided: no day is closed; close 2025-05-10 first"):
        decide(store, day("2025-05-11"))
    close_through(store, day("2025-05-10"), only=True)
    assert decide(store, day("2025-05-11")).actions == 1
    again = decide(store, day("2025-05-11"))
    assert (again.actions, again.shards, again.known) == (1, 0, store.shards())
    assert "is decided already: 1 action; nothing was added" in str(again)
    assert len(outbox(store)) == 1
    with pytest.raises(DecideRefused, match="the last day closed is 2025-05-10"):
        decide(store, day("2025-05-13"))


def test_killed_between_shards_and_run_again_ends_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    use(store)
    with store.connect() as connection:
        for k in range(12):
            borrower(connection, f"B{k}")
            loan(connection, f"L{k}", f"B{k}", "2025-04-10")
    close_through(store, day("2025-05-10"), only=True)
    real, count = decide_module._copy, 0

    def dying(*args: Any) -> None:
        nonlocal count
        real(*args)
        count += 1
        if count in (3, 5):  # dies after a COPY of a shard, before its commit
            raise RuntimeError("killed")

    monkeypatch.setattr(decide_module, "_copy", dying)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="killed"):
            decide(store, day("2025-05-11"))
    assert 0 < len(outbox(store)) < 12
    done = decide(store, day("2025-05-11"), workers=2)
    assert done.actions == 12 and done.known > 0
    assert [row[2] for row in outbox(store)] == sorted(f"B{k}" for k in range(12))


def test_a_hold_stops_a_promise_pauses_and_both_end(store: Store) -> None:
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    on = {"reason": "says it was paid", "review_on": date(2025, 6, 10)}
    told(store, HoldPlaced(**dated("2025-05-11"), reference="h1", hold="dispute_open", **on))
    told(store, HoldLifted(**dated("2025-05-13"), reference="h1-up", of="h1", reason="it was not"))
    told(store, PromiseMade(**dated("2025-05-14"), reference="p1", amount_fen=10_000, due_on=date(2025, 5, 16)))
    run(store, "2025-05-11", "2025-05-20")
    late = [on for kind, step, _, on, _ in outbox(store) if step == "late"]
    # the hold is known on the evening of the 11th and lifted on that of the 13th: it stops the 12th and the 13th;
    # the promise of the 14th stops the 15th until its day, the 16th, and two days of tolerance have passed
    assert late == ["2025-05-11", "2025-05-14", "2025-05-19", "2025-05-20"]
    assert said(store, "2025-05-12") == [("worklist", "work")]
    with store.connect() as connection:
        found = connection.execute(
            "select decided_on::text, about, rule, inputs->>'reference' from finding order by 1"
        ).fetchall()
    assert found[0] == ("2025-05-12", "message.sms", "hold.dispute-open", "h1")
    assert [row[0] for row in found if row[2] == "hold.promise-pending"] == [
        "2025-05-15", "2025-05-16", "2025-05-17", "2025-05-18"]  # fmt: skip


def test_the_hold_out_misses_only_what_is_tested_and_is_off_until_switched_on(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        mandate(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    salt = next(f"s{k}" for k in range(99) if place_in_line(f"s{k}", "B1") < 500)
    use(store, SHORT.replace("steps:", f"arms: {{salt: {salt}, hold_out_permille: 500}}\nsteps:"))
    run(store, "2025-05-09", "2025-05-09")
    assert said(store, "2025-05-09") == [
        ("message.push", "before")
    ]  # the ladder proposes a share; nobody switched it on
    with desk_of(store) as desk:
        asked = {"ladder": "short", "permille": 500, "reason": "the effect of reminders is measured until June"}
        lead = Who("person", "Wang", ("lead",), "keyboard")
        assert isinstance(do(desk, lead, "hold_out.switch", asked, "s1", date(2025, 5, 9)), Answer)
    with store.connect() as connection:
        assert setting(connection, Setting.HOLD_OUT)["short"]["by"] == "Wang"
    run(store, "2025-05-10", "2025-05-12")
    run(store, "2025-05-30", "2025-05-30")
    # no reminder and no case; the debit that was agreed, and what the books ask for
    done = {(kind, step) for kind, step, _, on, _ in outbox(store) if on > "2025-05-09"}
    assert done == {("debit.attempt", "due"), ("charge_off.propose", "off")}


def test_a_loan_counts_for_itself_where_the_step_says_so(store: Store) -> None:
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
        loan(connection, "L2", "B1", "2025-04-15")
    run(store, "2025-05-30", "2025-05-31")
    run(store, "2025-06-04", "2025-06-04")
    off = [(on, [x["loan"] for x in body["loans"]]) for _, step, _, on, body in outbox(store) if step == "off"]
    assert off == [("2025-05-30", ["L1"]), ("2025-06-04", ["L2"])]  # 10 May + 20, 15 May + 20


def test_a_line_is_frozen_and_the_borrower_told(store: Store) -> None:
    use(store)
    line = {"by": "credit", "reason": "assessment", "rule": "person"}
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    told(store, LimitSet(**dated("2025-04-01"), reference="l1", before_fen=0, after_fen=2_000_000, **line))
    run(store, "2025-05-13", "2025-05-15")
    with store.connect() as connection:
        changes = events_of(connection, "B1", ["limit.frozen"])
        assert [(c.on.isoformat(), c.rule, c.by, c.before_fen, c.after_fen) for c in changes] == [  # type: ignore[attr-defined]
            (
                "2025-05-14",
                "limits.freeze-when-overdue",
                "limits.freeze-when-overdue",
                2_000_000,
                2_000_000,
            )  # 10 May + 4 days
        ]
        assert changes[0].reason.startswith("4 days past due, ")  # type: ignore[attr-defined]
        repaid(connection, "L1", "2025-05-16", 120_000)
    notice = [body for *_, body in outbox(store) if body.get("template") == "limit-decreased"]
    assert len(notice) == 1 and notice[0]["values"]["change"] == "limit.frozen"
    with store.connect() as connection:
        for k, due in enumerate(("2025-06-10", "2025-07-10")):
            repaid(connection, "L1", due, 110_000 + k)
    close_through(store, day("2025-06-15"))
    assert decide(store, day("2025-06-15")).changes == 0  # 30 days clean: what restores is the rule of rebuilding


def test_who_is_months_late_is_not_reminded_of_what_is_due_tomorrow_on_the_same_loan(store: Store) -> None:
    """The loan of the 10th is 29 days late on 8 June, that of the 20th is not late: only it is reminded of."""
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        mandate(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
        loan(connection, "L2", "B1", "2025-05-20")
    run(store, "2025-06-08", "2025-06-11")
    assert [step for kind, step in said(store, "2025-06-09")] == ["late"]  # L1 would be due on the 10th
    assert ("debit.attempt", "due") in said(store, "2025-06-10")  # the debit is tried all the same
    run(store, "2025-06-12", "2025-06-19")
    reminded = [body["values"]["loans"] for _, step, _, on, body in outbox(store) if step == "before"]
    assert reminded == [["L2"]]


RESTRICT = SHORT.replace(
    "  - {id: off,",
    "  - {id: restrict, day: {from: 3, to: 90}, when: not barred and limit_fen > 0, do: limit.restrict}\n  - {id: off,",
)


def test_a_bar_on_new_borrowing_is_told_once_by_its_own_notice(store: Store) -> None:
    """Barred 3 days past due: one restriction notice that says why, and none on the days after, nor for the freeze."""
    use(store, RESTRICT)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    line = {"by": "credit", "reason": "assessment", "rule": "person"}
    told(store, LimitSet(**dated("2025-04-01"), reference="l1", before_fen=0, after_fen=2_000_000, **line))
    run(store, "2025-05-13", "2025-05-16")
    with store.connect() as connection:
        barred = events_of(connection, "B1", ["borrowing.barred"])
    assert [e.on.isoformat() for e in barred] == ["2025-05-13"]  # 10 May + 3 days
    notices = [(on, body) for *_, on, body in outbox(store) if body.get("template") == "restriction-notice"]
    assert [on for on, _ in notices] == ["2025-05-13"]
    values = notices[0][1]["values"]
    said = render(template_of("restriction-notice", date(2025, 5, 13)), "en", values, LENDER, channel="push",
                  on=date(2025, 5, 13))  # fmt: skip
    assert values["change"] == "borrowing.barred" and "3 days" in said.body


def test_the_day_is_that_of_the_evening_before(store: Store) -> None:
    """A repayment of the day itself is not known when the day is decided, also when it is decided late."""
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
        repaid(connection, "L1", "2025-05-11", 200_000)
    close_through(store, day("2025-05-10"), only=True)
    close_through(store, day("2025-05-12"))
    assert decide(store, day("2025-05-11")).actions == 1
    assert decide(store, day("2025-05-12")).actions == 0
    assert iso(day("2025-05-12")) == "2025-05-12"


@pytest.mark.parametrize(
    ("lost", "withdrawn"),
    [
        (ChargedOff, {("charge_off.propose", "charged off")}),
        (WrittenOff, {("charge_off.propose", "written off")}),  # the claim is pursued: the work on it stays
        (Sold, {("charge_off.propose", "sold"), ("worklist", "sold")}),
    ],
)
def test_a_loss_is_no_cure_and_withdraws_what_it_makes_superfluous(
    store: Store, lost: type[ChargedOff | WrittenOff | Sold], withdrawn: set[tuple[str, str]]
) -> None:
    # due 10 May, never paid: work from the 12th, proposed for charge-off on the 30th, lost on the 31st
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    run(store, "2025-05-12", "2025-05-30")
    on = day("2025-05-31")
    with store.connect() as connection:
        record(connection, lost("L1", "X1", on, on, **({"amount_fen": 100} if lost is Sold else {})))
    close_through(store, on)
    assert decide(store, on + 1).withdrawn == len(withdrawn)
    with store.connect() as connection:
        gone = connection.execute(
            "select o.kind, e.body->>'reason' from event e join outbox o on e.reference = 'withdrawn:' || o.key"
        ).fetchall()
    assert set(gone) == withdrawn


def test_clean_days_count_from_a_cure_that_no_loss_followed(store: Store) -> None:
    # cured on day 100; written off on day 150 and never cured since: not clean, however long ago the cure
    with store.connect() as connection:
        number = borrower(connection, "B1")
        for name in ("L1", "L2"):
            loan(connection, name, "B1", "2025-04-10")
        loans = [row[0] for row in connection.execute("select loan from contract order by loan").fetchall()]

        def told(of: int, kind: Transition, on: int) -> None:
            connection.execute(
                "insert into transition values (%s, 0, %s, %s, 1, 0, 9, 100)", (iso(on), loans[of], int(kind))
            )

        def clean(on: int) -> list[int]:
            return clean_days(connection, [number], on)["clean_days"].to_list()

        assert clean(100) == []
        told(0, Transition.CURED, 100)
        assert clean(130) == [30]
        told(1, Transition.PAID_OFF, 120)  # on time: no cure
        assert clean(130) == [30]
        told(0, Transition.WRITTEN_OFF, 150)
        assert clean(150) == [50] and clean(200) == [0]
        told(0, Transition.CURED, 210)
        assert clean(250) == [40]
        told(1, Transition.RE_AGED, 260)  # a plan moved the arrears: nobody has paid them yet
        assert clean(270) == [0]
        told(1, Transition.CURED, 300)  # now they are met
        assert clean(310) == [10]
