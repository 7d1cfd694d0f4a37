"""What must hold of any loan, whatever its figures are: laws tried on the made-up stories of this folder."""

import copy
from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.terms import Component, State
from tests.loan.golden import book_of
from tests.second.compare import TO_ORDINAL, days_of
from tests.second.reckoner import kind_of
from tests.second.stories import Story, story_of, yuan

PRINCIPAL = Component.PRINCIPAL
ENDED = (State.WRITTEN_OFF, State.SOLD)
NOTHING = {"penalty_resumed": "penalty_held", "acceleration_withdrawn": "accelerated"}
"""Facts that change nothing where that of another kind was never told."""
stories = st.integers(0, 10**6).map(story_of)
after = st.integers(0, 500)


def position(story: Story, on: date) -> Any:
    """The position [1] of a story at the end of a day, as known for ever."""
    told = reckon_book(book_of(story), on.toordinal() - TO_ORDINAL)
    assert told["error"][0] == 0
    return told[0]


def day_after(story: Story, days: int) -> date:
    """A day of the story, or soon after it."""
    lived = days_of(story)
    return date.fromordinal(lived[min(days, len(lived) - 1)])


def also(story: Story, **fact: Any) -> Story:
    """The story with one more fact."""
    return story | {"story": [*story["story"], fact]}


def tells(story: Story, *words: str) -> bool:
    """Whether something of the kind happens in a story."""
    return any(word in fact for fact in story["story"] for word in words)


def asks_for_the_whole_debt(story: Story) -> bool:
    """Where less than the debt may end a loan, or money ends a part of it, the payoff is not the least that does."""
    return not tells(story, "settlement_agreed", "penalty_forgiven")


def keeps_money_waiting(story: Story) -> bool:
    """An order without lines for instalments ahead keeps early money waiting."""
    order = story["set"].get("order", ["in_advance"])
    return len(order[0].split()) == 2 and not any(line.startswith("in_advance") for line in order)


def paid_off(story: Story, on: date, short_fen: int = 0) -> Story | None:
    """The story with its payoff paid at the end of a day, less so much; None where there is nothing to pay off."""
    told = position(story, on)
    if told["state"] in (State.SIGNED, *ENDED) or told["payoff_fen"] - short_fen <= 0:
        return None
    after_money = ("written_off", "sold", "reinstalled", "acceleration_withdrawn")  # told later in the day than money
    if any(f["on"] == on and word in f for f in story["story"] for word in after_money):
        return None
    return also(story, on=on, repaid=yuan(int(told["payoff_fen"]) - short_fen))


@given(stories, after, st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_the_payoff_closes_to_nothing_and_one_cent_less_leaves_one(story: Story, days: int, part: int) -> None:
    assume(asks_for_the_whole_debt(story))
    on = day_after(story, days)
    paid, short = paid_off(story, on), paid_off(story, on, 1)
    assume(paid and short)
    assert paid and short
    closed = position(paid, on)
    assert (closed["payoff_fen"], closed["state"]) == (0, State.PAID_OFF)
    assert closed["outstanding_fen"].sum() == 0 and closed["unapplied_fen"] == 0
    left = position(short, on)
    assert left["payoff_fen"] == 1 and left["state"] != State.PAID_OFF
    payoff = int(position(story, on)["payoff_fen"])
    rest = 1 + part % (payoff - 1)  # paid in two parts of one day it is no less
    in_part = paid_off(story, on, rest)
    assert in_part and position(in_part, on)["payoff_fen"] == rest


@given(stories, after)
@settings(max_examples=60, deadline=None)
def test_paid_off_stays_paid_off(story: Story, days: int) -> None:
    on = day_after(story, days)
    story = story | {"story": [fact for fact in story["story"] if fact["on"] <= on]}
    paid = paid_off(story, on)
    assume(paid)
    assert paid
    closed = position(paid, on)
    for later in (1, 31, 400):
        told = position(paid, on + timedelta(later))
        assert (told["state"], told["payoff_fen"], told["days_past_due"]) == (State.PAID_OFF, 0, 0)
        same = ["penalty_income_fen", "paid_off_on", "unapplied_fen", "instalments_left"]
        if story["set"].get("payoff_interest") != "scheduled":  # interest that was signed is earned as time brings it
            same.append("interest_income_fen")
        for name in same:
            assert told[name] == closed[name]


@given(stories, after, st.integers(1, 30), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_a_fact_taken_back_was_never_there(story: Story, days: int, which: int, later: int) -> None:
    assume(len(story["story"]) > 1)
    k = 1 + which % (len(story["story"]) - 1)
    back = copy.deepcopy(story)
    fact = back["story"][k]
    fact["gone_on"] = fact.get("known_on", fact["on"]) + timedelta(later)
    never = story | {"story": story["story"][:k] + story["story"][k + 1 :]}
    on = day_after(story, days)
    assert position(back, on) == position(never, on)


@given(stories, after, st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_a_change_to_the_same_rate_changes_nothing(story: Story, days: int, at: int) -> None:
    assume(not any("rate_changed" in fact for fact in story["story"]))
    on = day_after(story, days)
    same = also(story, on=day_after(story, at), rate_changed=story["contract"]["rate_percent"])
    assert position(same, on) == position(story, on)


@given(stories, after, st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_adding_nothing_changes_nothing(story: Story, days: int, at: int) -> None:
    nothing = [word for word, kind in NOTHING.items() if not tells(story, kind)]
    assume(nothing)
    on = day_after(story, days)
    for word in nothing:
        assert position(also(story, on=day_after(story, at), **{word: True}), on) == position(story, on)


@given(stories, after, st.integers(1, 60), st.integers(1, 2_000_000))
@settings(max_examples=60, deadline=None)
def test_what_is_told_of_later_days_changes_no_day_before_them(story: Story, days: int, gap: int, fen: int) -> None:
    on = day_after(story, days)
    then = on + timedelta(gap)
    told = position(story, on)
    for fact in ({"repaid": yuan(fen)}, {"rate_changed": "0.01"}, {"charged_off": "stops"}, {"written_off": True}):
        assert position(also(story, on=then, **fact), on) == told


@given(stories, after)
@settings(max_examples=60, deadline=None)
def test_rows_ask_exactly_for_the_balance(story: Story, days: int) -> None:
    on = day_after(story, days)
    told = reckon_loan(book_of(story), 0, on.toordinal() - TO_ORDINAL)
    assume(told.position["state"] not in ENDED)
    rows = told.instalments
    asked = rows["due_fen"] - rows["paid_fen"] - rows["waived_fen"]
    more = asked[:, PRINCIPAL].sum() - told.position["outstanding_fen"][PRINCIPAL]
    becomes = any(f["on"] <= on < f["due_on"] for f in story["story"] if "capitalised_until" in f)
    assert more >= 0 if becomes else more == 0  # interest that will be principal by then is asked for too
    assert (asked.sum(axis=1) >= 0).all() and (np.diff(rows["due_on"]) >= 0).all()


@given(stories, after)
@settings(max_examples=100, deadline=None)
def test_state_arrears_days_past_due_and_payoff_agree(story: Story, days: int) -> None:
    told = position(story, day_after(story, days))
    state, late, arrears = State(int(told["state"])), int(told["days_past_due"]), int(told["arrears_fen"].sum())
    owed, waiting = int(told["outstanding_fen"].sum()), int(told["unapplied_fen"])
    assert (told["outstanding_fen"] >= 0).all() and (told["arrears_fen"] >= 0).all() and told["payoff_fen"] >= 0
    assert late == 0 or arrears > 0 or tells(story, "plan_broken")  # which counts from arrears that a plan had moved
    assert told["worst_days_past_due"] >= late >= told["grace_days_past_due"]
    if state == State.PAID_OFF:
        assert owed == 0 and told["payoff_fen"] == 0 and late == 0
    if state == State.CURRENT:
        assert late == 0 and (owed + told["accrued_interest_fen"] - waiting > 0 or keeps_money_waiting(story))
    if state in (State.IN_GRACE, State.OVERDUE):
        assert late > 0 and (state == State.OVERDUE) == (told["grace_days_past_due"] > 0)
    if state not in ENDED:
        earned = int(told["accrued_interest_fen"])
        if story["product"] != "flat" and "accrual" not in story["set"]:
            earned = max(earned, 0)
        if story["product"] != "imported" and not {"charges", "payoff_interest"} & set(story["set"]):
            assert told["payoff_fen"] == max(owed + earned - waiting, 0)
        assert owed == 0 or waiting <= 0 or keeps_money_waiting(story)  # below nothing: given back without cover


@given(stories, after, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_changes_nothing(story: Story, days: int, chance: Any) -> None:
    shuffled = list(story["story"])
    chance.shuffle(shuffled)
    # several agreements of one kind on one day follow each other as told
    kinds = [(fact["on"], kind_of(fact)) for fact in shuffled if "repaid" not in fact]
    assume(len(kinds) == len(set(kinds)))
    on = day_after(story, days)
    assert position(story | {"story": shuffled}, on) == position(story, on)
