"""What to do next: three people, each other acts; and what may not be done with the clause and what is missing."""

from dataclasses import replace
from datetime import UTC, date, datetime

from afterloan.strategy.holds import Held, hold_rules
from afterloan.strategy.next_acts import VERBS, ContactNow, Situation, next_acts, trouble_of

ON = date(2025, 5, 14)
ALL = dict.fromkeys(VERBS.values(), True)
FORGOT = Situation(ON, 128_450, 8, worst_days_past_due=8)
CANNOT = replace(FORGOT, days_past_due=24, worst_days_past_due=24, told_on=date(2025, 4, 24), affordable_fen=150_000)
WILL_NOT = replace(FORGOT, days_past_due=40, worst_days_past_due=40, promises_broken=2, conversations_30=3)


def acts(s: Situation) -> list[str]:
    return [act.act for act in next_acts(s, ALL).acts]


def test_the_one_who_forgot_is_called_the_one_who_cannot_is_offered_a_plan_the_one_who_will_not_both() -> None:
    assert [trouble_of(s)[0] for s in (FORGOT, CANNOT, WILL_NOT)] == ["forgot", "cannot", "will_not"]
    assert acts(FORGOT) == ["call", "promise", "message", "plan"]
    assert acts(CANNOT) == ["plan", "hardship", "promise", "call"]
    assert acts(WILL_NOT) == ["call", "promise", "plan", "hardship"]
    # 1,284.50 × 500 / 1000 = 642.25
    assert next_acts(FORGOT, ALL).acts[0].worth_fen == 64_225


def test_the_kind_is_a_finding_with_what_it_was_judged_by() -> None:
    kind, finding = trouble_of(CANNOT)
    assert (kind, finding.rule, finding.outcome) == ("cannot", "next-acts.trouble", "cannot")
    assert finding.inputs["difficulty_told_days"] == 20 and finding.inputs["days_past_due"] == 24
    assert trouble_of(replace(CANNOT, told_on=date(2025, 2, 12)))[0] == "unknown"  # 91 days ago
    assert trouble_of(replace(CANNOT, told_on=date(2025, 2, 13)))[0] == "cannot"  # 90 days ago
    assert trouble_of(replace(FORGOT, days_past_due=10, worst_days_past_due=10))[0] == "forgot"
    assert trouble_of(replace(FORGOT, days_past_due=11, worst_days_past_due=11))[0] == "unknown"
    assert trouble_of(replace(FORGOT, promises_broken=1))[0] == "unknown"
    assert trouble_of(replace(FORGOT, debits_failed_30=2))[0] == "cannot"


def test_what_the_governor_refuses_is_named_with_the_clause_and_the_next_moment() -> None:
    again = datetime(2025, 5, 15, 0, tzinfo=UTC)
    no = ContactNow(False, "3 conversations on 2025-05-14 already", "cn.gbt45251.conversations", again)
    found = next_acts(replace(FORGOT, call=no), ALL)
    assert [act.act for act in found.acts] == ["promise", "message", "plan", "hardship"]
    assert found.not_now is not None
    assert (found.not_now.act, found.not_now.rule, found.not_now.next_at) == ("call", no.rule, again)
    assert found.not_now.missing == {"why": no.why}


def test_a_legal_step_lacks_days_and_a_hold_stops_it() -> None:
    # 121 days are needed, 40 have passed
    lacks = next_acts(WILL_NOT, ALL).not_now
    assert lacks is not None and (lacks.act, lacks.blocked, lacks.missing) == ("legal", "too_early", {"days": 81})
    late = replace(WILL_NOT, days_past_due=121)
    assert "legal" in acts(late)
    rule = hold_rules("CN", ON)["dispute_open"]
    held = {"legal": Held("dispute_open", ON, None, rule, "h1")}
    stopped = next_acts(replace(late, held=held), ALL).not_now
    assert stopped is not None and (stopped.act, stopped.blocked, stopped.rule) == ("legal", "held", rule.id)


def test_nobody_is_offered_what_is_not_theirs_and_who_owes_nothing_is_left_in_peace() -> None:
    only = next_acts(FORGOT, {"promise.make": True})
    assert [act.act for act in only.acts] == ["promise"] and only.not_now is None
    nothing = next_acts(replace(FORGOT, owed_fen=0), ALL)
    assert nothing.acts == () and nothing.not_now is None


def test_what_stands_already_is_not_asked_for_again() -> None:
    pending = next_acts(replace(FORGOT, promise_pending=True), ALL)
    assert "promise" not in [act.act for act in pending.acts]
    assert pending.not_now is not None and pending.not_now.rule == "hold.promise-pending"
    assert "plan" not in acts(replace(CANNOT, plan_running=True))
    assert "hardship" not in acts(replace(CANNOT, hardship_open=True))
