"""A ladder tried on the past: the replay of what stands is what was decided, another ladder is counted beside it."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.facts.contact import ContactOptedOut
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.promise import PromiseMade
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.rehearsal.trial import MONTH, TrialRefused, try_ladder
from afterloan.store.events import tell
from afterloan.store.scores import keep_model, keep_scores, keep_step, models_on
from afterloan.store.server import Store
from afterloan.strategy.trial import costs
from tests.close.test_decide import SHORT, run, use
from tests.strategy.books import borrower, loan, mandate, repaid

FIRST, LAST = day("2024-10-24"), day("2024-10-31")


def test_the_replay_of_what_stands_is_what_was_decided(store: Store, tmp_path: Path) -> None:
    generate(300, 12, 7, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    close_through(store, FIRST - 1, only=True)
    with store.connect() as connection:
        late = connection.execute("select reference from borrower order by borrower limit 40").fetchall()
        on = date(2024, 10, 22)
        for k, (who,) in enumerate(late):
            told = {"borrower": who, "on": on, "known_on": on, "reference": f"e{k}"}
            if k % 3 == 0:
                tell(connection, ContactOptedOut(**told, channel="sms"))
            elif k % 3 == 1:
                tell(connection, HoldPlaced(**told, hold="dispute_open", reason="x", review_on=date(2024, 12, 1)))
            else:
                tell(connection, PromiseMade(**told, amount_fen=100, due_on=date(2024, 10, 28)))
    close_through(store, LAST)
    for on_day in range(FIRST, LAST + 1):
        decide(store, on_day)
    trial = try_ladder(store, FIRST, LAST)
    assert trial.stands.steps == trial.was == trial.tried.steps
    assert sum(trial.was.values()) > 60 and len(trial.was) > 6
    with store.connect() as connection:
        rows = connection.execute("select rule, about, count(*) from finding group by 1, 2").fetchall()
    refused = {key: n for key, n in trial.stands.refused.items() if n}
    assert Counter({(rule, about): n for rule, about, n in rows}) == refused


def test_another_grace_and_ladder_beside_what_stands(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
        repaid(connection, "L1", "2025-05-15", 200_000)
    close_through(store, day("2025-06-30"), only=True)
    gentle = """id: gentle
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
steps:
  - {id: s, day: [1, 4], when: conversations_30 = 0, do: message.sms, template: t}
  - {id: early, day: 2, do: message.email, template: t, at: "23:00"}
"""
    trial = try_ladder(store, day("2025-05-01"), day("2025-05-31"), gentle, grace_days=7)
    # due 10 May, paid 15 May: days past due 1 to 5 are lived through (the payment of the 15th is known on the 16th);
    # the e-mail of day 2 may not go at 23:00: it waits and goes the next morning, told as made up
    assert trial.tried.steps == {("message.sms", "s"): 2, ("message.email", "early"): 1}
    assert trial.tried.refused == {("cn.gbt45251.quiet-hours", "message.email"): 1, ("catch-up.late", "ladder"): 1}
    assert trial.tried.cost_tenths_fen == 90 + costs(date(2025, 5, 1)).get("message.email", 0)  # 2 × 4.5 fen
    # three days of grace are over: penalty for five days; within seven days of grace: none
    # the first instalment is about 109,000; overdue principal about 91,000 × 0.075 % × 5 days = 3.4 yuan
    assert 300 < trial.stands.penalty_income_fen < 400 and trial.tried.penalty_income_fen == 0
    assert trial.held_still == ("conversations_30",)
    assert "taken as it was" in trial.assumption
    rows = {(r["what"], r["name"]): r for r in trial.rows()}
    assert rows["borrowers reached by", "message.sms"]["tried"] == 1  # one borrower, on two days
    assert rows["actions", "message.sms"]["tried"] == 2 and rows["actions", "message.sms"]["was"] == 0


def test_another_grace_moves_the_messages(store: Store) -> None:
    """Due 10 May, paid on the 18th (8 days past due, known on the 19th), under the ladder that comes along.

    Three days of grace: a word on day 1, the last day of grace on 3, the notice on 4, a firm word on 7, a case on 8.
    Seven days of grace: a word on day 1, the last day of grace on day 7, the notice on 8, and then it is paid.
    B2 pays as late and never signed a mandate: no debit is counted for him, but what refuses it.
    """
    with store.connect() as connection:
        borrower(connection, "B1")
        mandate(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
        repaid(connection, "L1", "2025-05-18", 200_000)
        borrower(connection, "B2")
        loan(connection, "L2", "B2", "2025-04-10")
        repaid(connection, "L2", "2025-05-18", 200_000)
    close_through(store, day("2025-06-01"), only=True)
    trial = try_ladder(store, day("2025-05-01"), day("2025-05-31"), grace_days=7)
    before = ("message.push", "remind-3"), ("message.sms", "remind-1"), ("message.push", "due-today")
    # nothing was sent in this history, so the debit of B1 stays to be tried from day 0 to the eighth
    both = dict.fromkeys(before, 2) | {("debit.attempt", "debit-0"): 1, ("debit.attempt", "debit-1"): 8}
    both |= {("message.sms", "grace-1"): 2, ("message.sms", "last-day"): 2, ("bureau.notice", "bureau-notice"): 2}
    assert trial.tried.refused["debit.schedule.cn", "debit.attempt"] == 1
    assert trial.tried.steps == both
    # B1 and B2, each by two steps of SMS (the reminder and those of grace)
    assert {r["name"]: r["tried"] for r in trial.rows() if r["what"].startswith("borrowers")}["message.sms"] == 2
    assert trial.stands.steps == both | {("message.sms", "firm-7"): 2, ("worklist", "work-8"): 2}


def test_a_message_refused_its_hour_is_counted_as_the_real_days_send_it(store: Store) -> None:
    """Three ladders' days with a step at 23:00 on the last of a month's days of trial: it goes on the next."""
    late = SHORT.replace('message.sms, template: late, at: "07:00"', 'message.email, template: late, at: "23:00"')
    late = late.replace("{from: 1, to: 60}", "1")
    use(store, late)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    run(store, "2025-05-09", "2025-05-13")
    trial = try_ladder(store, day("2025-05-09"), day("2025-05-13"))
    assert ("message.email", "late") in trial.was  # due the 10th, refused on the 11th at 23:00, sent on the 12th
    assert trial.stands.steps == trial.was
    # the 11th as the last day of one month of the trial and the 12th as the first of the next
    long = try_ladder(store, day("2025-05-12") - MONTH, day("2025-05-13"))
    assert long.stands.steps["message.email", "late"] == 1


def test_a_ladder_by_scores_is_tried_with_what_the_models_said_then(store: Store) -> None:
    """B1 was scored `high` on 12 May, two days after the due date: a case from the 13th on, none before."""
    ladder = SHORT.replace("day: 2, do: worklist", "day: [2, 3, 4], when: \"score_band = 'high'\", do: worklist")
    use(store, ladder)
    with store.connect() as connection:
        number = borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
        keep_model(connection, "a" * 64, "early_warning", {}, "wang", date(2025, 5, 1))
        model = models_on(connection, date(2025, 5, 1))[0].model
        keep_step(connection, model, "promoted", date(2025, 5, 1), "wang", {})
        keep_scores(connection, model, date(2025, 5, 12), [(number, 400_000, 400_000, "high", "")])
    close_through(store, day("2025-05-31"), only=True)
    trial = try_ladder(store, day("2025-05-09"), day("2025-05-20"))
    assert trial.stands.steps["worklist", "work"] == 2  # days 3 and 4 past due: the 13th and 14th


def test_bureau_entries_are_month_ends_overdue_beyond_grace(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-03-28")
    close_through(store, day("2025-06-30"), only=True)
    trial = try_ladder(store, day("2025-04-01"), day("2025-06-30"), grace_days=0)
    # due 28 April, never paid: 2 days past due on 30 April (within three days of grace), 33 on 31 May, 63 on 30 June
    assert (trial.stands.bureau_entries, trial.tried.bureau_entries) == (2, 3)


def test_what_cannot_be_tried_is_refused(store: Store) -> None:
    with pytest.raises(TrialRefused, match="2025-02-01 to 2025-01-01 is no span"):
        try_ladder(store, day("2025-02-01"), day("2025-01-01"))
    with pytest.raises(TrialRefused, match="grace of 91 days: give 0 to 90"):
        try_ladder(store, day("2025-01-01"), day("2025-01-01"), grace_days=91)
