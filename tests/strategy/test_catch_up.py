"""A ladder that catches up: whatever days were left out, each step once, in order, never early or overtaken."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from afterloan.dates import number_of
from afterloan.facts.ladder import StepLeftOut
from afterloan.facts.outbox import read_body
from afterloan.rules.packs import Finding
from afterloan.strategy.catch_up import STARTS, Reopened, is_unsteady, start_day
from afterloan.strategy.debit import NextTry
from afterloan.strategy.frame import whole_frame
from afterloan.strategy.governor import ANY, Place
from afterloan.strategy.holds import Held, hold_rules
from afterloan.strategy.ladder import Ladder, read_ladder
from afterloan.strategy.plan import DayPlan, KnownBorrowers, plan_day

DUE = date(2025, 5, 10)
BUCKETS = (1, 31, 61, 91, 121, 151, 181, 0)
HEAD = """id: x
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
"""
LADDER = read_ladder(
    HEAD
    + """steps:
  - {id: sms-1, day: 1, do: message.sms, template: overdue-friendly, at: "10:00"}
  - {id: sms-3, day: 3, do: message.sms, template: overdue-firm, at: "10:00"}
  - {id: notice-4, day: 4, do: bureau.notice, at: "10:00"}
  - {id: mail-7, day: 7, do: message.email, template: overdue-firm, at: "10:00"}
  - {id: work-8, day: 8, do: worklist, queue: early}
  - {id: offer-10, day: 10, do: message.push, template: hardship-offer, purpose: service, at: "10:00"}
  - {id: debit, day: [2, 5, 9], do: debit.attempt}
  - {id: work-12, day: 12, do: worklist, queue: early}
  - {id: legal-14, day: 14, do: legal.propose}
  - {id: off-15, day: 15, clock: loan, do: charge_off.propose}
""",
    "x",
)
DAYS = {
    "sms-1": (1,), "sms-3": (3,), "notice-4": (4,), "mail-7": (7,), "work-8": (8,), "offer-10": (10,),
    "debit": (2, 5, 9), "work-12": (12,), "legal-14": (14,), "off-15": (15,),
}  # fmt: skip
KINDS = (("sms-1", "sms-3", "mail-7"), ("work-8", "work-12"))
"""Steps of one kind: collection messages on whatever channel, and cases; every other step is a kind of its own."""
LAST = 20


def known(count: int, gap: int = 1, reached: int | None = None, **more: Any) -> KnownBorrowers:
    """One borrower with one loan, `count` days past due, decided `gap` days ago."""
    reached = count - gap if reached is None else reached
    on = number_of(DUE) + count
    told: dict[str, Any] = {
        "borrower": 1, "reference": "B1", "jurisdiction": "CN", "language": "zh-CN", "days_past_due": count,
        "product": 1, "grace_days": 0, "bucket": 1, "bucket_first_day": 1, "arrears_fen": 100_00, "days_to_due": 9_999,
        "gap": gap, "reached": reached, "start": 0, "starts_on": 0, "reopened": "reopened" in more,
        "loans_unsteady": False, **{k: v for k, v in more.items() if k == "start"},
    }  # fmt: skip
    loan = {
        "loan": 7, "borrower": 1, "reference": "L1", "days_past_due": count, "product": 1, "grace_days": 0,
        "reached": reached, "bucket": 1, "bucket_first_day": 1, "arrears_fen": 100_00, "due_today_fen": 0,
        "days_to_due": 9_999, "next_due_fen": 0, "payoff_fen": 900_00, "accelerated": False, "late_penalty_fen": 0,
        "due_on": on - count,
    }  # fmt: skip
    place = Place("CN", ("Asia/Shanghai",), "zh-CN")
    return KnownBorrowers(
        whole_frame(pl.DataFrame([told])), pl.DataFrame([loan]), {1: place}, {}, more.get("held", {}), {},
        {1: BUCKETS}, more.get("reopened", {}), more.get("left_out", {}),
        {1: NextTry(DUE)},
    )  # fmt: skip


def plan(read: KnownBorrowers, count: int, ladder: Ladder = LADDER) -> DayPlan:
    return plan_day(read, {ANY: ladder}, DUE + timedelta(count))


def steps(made: DayPlan) -> list[str]:
    return [action.key.split("/")[1] for action in made.actions]


def findings(made: DayPlan) -> Iterator[Finding]:
    return (told.finding for told in made.findings if told.about == "ladder")


def left(made: DayPlan) -> dict[str, str]:
    return {k: v for f in findings(made) for k, v in f.inputs.get("left_out", {}).items()}


def kind_of(step: str) -> Sequence[str]:
    return next((kind for kind in KINDS if step in kind), (step,))


def model(decided: Iterable[int]) -> tuple[dict[tuple[str, int], int], set[tuple[str, int]]]:
    """What has to be done, worked out step by step from the words of the rule: (step, its day) → the day done."""
    done: dict[tuple[str, int], int] = {}
    out: set[tuple[str, int]] = set()
    ordered = sorted(decided)
    for step, days in DAYS.items():
        for on in days:
            then = next((d for d in ordered if d >= on), None)
            if then is None:
                continue
            newer = [day for other in kind_of(step) for day in DAYS[other] if on < day <= then]
            if newer:
                out.add((step, on))
            else:
                done[step, on] = then
    return done, out


@settings(max_examples=200, deadline=None)
@given(st.sets(st.integers(1, LAST), min_size=1))
def test_each_step_once_in_order_never_early_never_when_overtaken(decided: set[int]) -> None:
    """For any days on which nothing was decided; the borrower was known and current before the first."""
    last, found, told = 0, {}, set()
    for count in sorted(decided):
        made = plan(known(count, gap=count - last), count)
        for action in made.actions:
            body: Any = read_body(action.kind, from_json(action.body.text()))
            step, day = body.step, body.of_day or count
            assert (step, day) not in found and (body.late_days or 0) == count - day >= 0
            found[step, day] = count
        told |= {(text.split(":")[0], int(day)) for text, days in left(made).items() for day in days.split(", ")}
        last = count
    done, out = model(decided)
    assert found == done
    assert told == out  # never silent
    for kind in KINDS:
        order = [(then, on) for (step, on), then in found.items() if step in kind]
        assert [on for _, on in sorted(order)] == sorted(on for _, on in order)


def test_worked_every_day_it_is_the_step_of_the_day_and_nothing_is_told() -> None:
    for count in range(1, LAST + 1):
        read = known(count)
        assert not len(read.frame.filter(is_unsteady()))
        made = plan(read, count)
        assert steps(made) == [step for step, days in DAYS.items() if count in days] and made.findings == []
        assert not any("late_days" in from_json(action.body.text()) for action in made.actions)


def test_ten_old_reminders_are_not_sent_in_one_day() -> None:
    """A fortnight without a decision: one message (mail-7), one case, one debit, and what is of its own kind."""
    made = plan(known(16, gap=16), 16)
    assert sorted(steps(made)) == ["debit", "legal-14", "mail-7", "notice-4", "off-15", "offer-10", "work-12"]
    assert left(made) == {
        "sms-1: mail-7 is newer": "1",
        "sms-3: mail-7 is newer": "3",
        "work-8: work-12 is newer": "8",
        "debit: a later day of the same step": "2, 5",
    }
    finding = next(findings(made))
    assert finding.rule == "catch-up.late" and finding.inputs["not_decided_for"] == 15
    assert finding.inputs["late"]["mail-7"] == 7


def test_a_hold_is_made_up_when_it_ends_and_only_what_it_stopped() -> None:
    """Held from day 5 to day 12: collection and debits rest; on day 13 the newest of each is made up."""
    rule = hold_rules("CN", date(2025, 5, 15))["dispute_open"]
    held = {1: [Held("dispute_open", date(2025, 5, 15), None, rule, "h1")]}
    assert steps(plan(known(7, held=held), 7)) == []
    assert steps(plan(known(8, held=held), 8)) == ["work-8"]  # a dispute does not stop the case
    since = number_of(DUE) + 4
    again = {1: [Reopened(since, "message.email", "collection"), Reopened(since, "debit.attempt", "collection")]}
    made = plan(known(13, reopened=again), 13)
    assert steps(made) == ["mail-7", "debit"]
    assert left(made) == {"debit: a later day of the same step": "5"}


def test_a_message_that_could_not_go_is_made_up_unless_a_newer_one_came() -> None:
    again = {1: [Reopened(number_of(DUE), step="sms-1")]}
    assert steps(plan(known(2, reopened=again), 2)) == ["sms-1", "debit"]
    assert "sms-1" not in steps(plan(known(4, reopened=again), 4))  # sms-3 has been since


def test_a_partial_payment_starts_no_second_round() -> None:
    """35 days past due; the oldest instalment is paid, the next is 5 days late: only the step of day 5."""
    assert steps(plan(known(5, gap=1, reached=4), 5)) == ["debit"]


def test_late_news_is_made_up() -> None:
    """Thought paid until yesterday, when the bank took the money back: 8 days late at once."""
    made = plan(known(8, gap=1, reached=0), 8)
    assert sorted(steps(made)) == ["debit", "mail-7", "notice-4", "work-8"]


def test_what_a_person_left_out_is_not_done_in_this_episode() -> None:
    on = DUE + timedelta(6)
    said = StepLeftOut(
        borrower="B1", on=on, known_on=on, reference="o1", step="mail-7", reason="spoke with him", by="li"
    )
    assert steps(plan(known(7, left_out={1: [said]}), 7)) == []
    before = said.model_copy(update={"on": DUE - timedelta(40), "known_on": DUE - timedelta(40)})
    assert steps(plan(known(7, left_out={1: [before]}), 7)) == ["mail-7"]


def test_a_case_for_early_days_is_not_made_up_where_the_ladder_has_come_further() -> None:
    """First seen 40 days late and with an agency: no case for M2, and none for day 8 instead of it."""
    text = (
        HEAD
        + """segments: [{id: risky, when: "score_band = 'E'"}]
steps:
  - {id: work-4, day: 4, segment: risky, do: worklist, queue: early}
  - {id: work-8, day: 8, segment: rest, do: worklist, queue: early}
  - {id: m2-work, bucket: 2, when: not at_agency, do: worklist, queue: middle}
"""
    )
    ladder = read_ladder(text, "x")
    read = known(40, reached=0, start=STARTS)
    assert steps(plan(read, 40, ladder)) == ["m2-work"]
    read.frame = read.frame.with_columns(at_agency=pl.lit(True))
    assert steps(plan(read, 40, ladder)) == []
    risky = known(9, gap=6)
    risky.frame = risky.frame.with_columns(score_band=pl.lit("E"))
    assert steps(plan(risky, 9, ladder)) == ["work-4"]  # the case of day 8 is for others


START = read_ladder(
    HEAD
    + """start: {once: [message, worklist], over_days: 5}
steps:
  - {id: sms-3, day: 3, do: message.sms, template: overdue-firm, at: "10:00"}
  - {id: m2, bucket: 2, do: message.letter, template: overdue-letter, at: "10:00"}
  - {id: m2-work, bucket: 2, every: 7, do: worklist, queue: middle}
  - {id: debit, day: [1, 31], do: debit.attempt}
  - {id: late, day: 40, do: message.email, template: overdue-firm}
""",
    "x",
)


def test_a_borrower_taken_over_begins_by_the_start_rule() -> None:
    """40 days late when first seen: the message of the day, the newest case (day 38); debits count as done."""
    made = plan(known(40, reached=0, start=STARTS), 40, START)
    assert steps(made) == ["m2-work", "late"]
    assert left(made) == {
        "sms-3: late is newer": "3",
        "m2: late is newer": "31",
        "m2-work: a later day of the same step": "31",
        "debit: a later day of the same step": "1",
        "debit: taken as done before the start": "31",
    }
    assert [f.rule for f in findings(made)] == ["catch-up.start"]


def test_starts_are_spread_and_stay_where_they_fell() -> None:
    first = number_of(date(2025, 6, 1))
    found = [start_day(START, f"B{k}", first) - first for k in range(1_000)]
    assert set(found) == {0, 1, 2, 3, 4}
    assert all(140 < found.count(k) < 260 for k in range(5))  # 200 ± 5 × √(1000 × 0.2 × 0.8) = 63
    assert found == [start_day(START, f"B{k}", first) - first for k in range(1_000)]


def test_days_of_grace_move_the_steps_that_count_from_them() -> None:
    text = (
        HEAD
        + """steps:
  - {id: last-day, day: 0, clock: grace, do: message.sms, template: overdue-bureau-warning, at: "10:00"}
  - {id: over, day: 1, clock: grace, do: worklist, queue: early}
"""
    )
    ladder = read_ladder(text, "x")
    for grace in (0, 3, 7):
        found = {}
        for count in range(1, 12):
            read = known(count)
            read.frame = read.frame.with_columns(grace_days=pl.lit(grace, pl.Int64))
            found |= dict.fromkeys(steps(plan(read, count, ladder)), count)
        # 0 days of grace: no last day of it after the due date; the first day late is the first beyond
        assert found == ({"last-day": grace} if grace else {}) | {"over": grace + 1}
