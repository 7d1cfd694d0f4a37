"""Standing and road maps: milestones by hand, wording that promises nothing, maps redrawn as facts arrive."""

import re
from datetime import date
from typing import Any

import numpy as np
import pytest

from afterloan.dates import NEVER, day, iso
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.limit import BarLifted, BorrowingBarred, LimitFrozen, LimitReduced, LimitRestored, LimitSet
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import FactKind
from afterloan.rebuilding.lessons import lessons
from afterloan.rebuilding.road_map import marked, road_map
from afterloan.rebuilding.standing import last_month, lines_standing, of_frame, standing_frame
from afterloan.rebuilding.words import money, words
from tests.strategy.loans import loan, repaid, told

ON = day("2026-06-20")


def late() -> Any:
    """1,200.00 without interest, instalments of 100.00 from 10 February; April's is paid for last: 10 May is unpaid."""
    return loan(
        "1200.00", "0", "2026-01-10", 12,
        [repaid("2026-02-10", "100.00"), repaid("2026-03-10", "100.00"), repaid("2026-04-10", "100.00")],
    )  # fmt: skip


def ways(plan: Any = None) -> dict[str, Any]:
    return {w.name: w for w in road_map(late(), 0, ON, plan)}


def test_pay_now_by_hand() -> None:
    """10 May and 10 June are due: 200.00. Seven instalments of 100.00 follow. Without interest there is no cost."""
    way = ways()["pay_now"]
    assert way.pays[0] == (ON, 20_000)
    assert [iso(d) for d, _ in way.pays[1:]] == [f"2026-{m:02d}-10" for m in range(7, 13)] + ["2027-01-10"]
    assert (way.total_fen, way.cost_fen, iso(way.ends_on)) == (90_000, 0, "2027-01-10")
    said = [(m.kind, iso(m.on)) for m in way.milestones]
    assert ("current", "2026-06-20") in said
    # cured on 20 June; two payments on time after it are 10 July and 10 August; thirty days are over before that
    assert ("limit_apply", "2026-08-10") in said
    assert ("retention", "2031-06-20") in said  # five years from the day it is wholly paid
    months = [m.values for m in way.milestones if m.kind == "month"]
    assert [(m["month"], m["code"]) for m in months] == [("2026-06", "M"), ("2026-07", "N")]


def test_doing_nothing_counts_on() -> None:
    """Unpaid since 10 May: 61 days on 10 July, 91 on 9 August; at month ends 51, 82, 113, 143, 174, 204 days."""
    way = ways()["nothing"]
    grows = {iso(m.on): m.values["days"] for m in way.milestones if m.kind == "grows"}
    assert grows == {"2026-07-10": 61, "2026-08-09": 91, "2026-11-07": 181}
    assert [m.values["code"] for m in way.milestones if m.kind == "month"] == ["2", "3", "4", "5", "6", "7"]
    assert [(iso(m.on), m.values["code"]) for m in way.milestones if m.kind == "class"] == [
        ("2026-08-09", "substandard")
    ]


def test_three_parts_end_current_and_all_ways_repay_the_principal() -> None:
    plan = [told(FactKind.REINSTALLED, "2026-06-20", count=18, due_on="2026-07-10", component=1)]
    found = ways(plan)
    assert list(found) == ["pay_now", "pay_in_parts", "plan", "nothing"]
    for name in ("pay_now", "pay_in_parts", "plan"):
        assert found[name].total_fen == 90_000, name  # no interest: nothing but the principal
    parts = found["pay_in_parts"]
    assert parts.pays[0] == (ON, 6_667)  # 200.00 in three
    assert any(m.kind == "current" and iso(m.on) == "2026-08-19" for m in parts.milestones)
    assert {a for _, a in found["plan"].pays} == {5_000}  # 900.00 over eighteen
    # the plan ends the arrears by itself on the day it is signed; what it asks for first is told like in every way
    first = found["plan"].milestones
    assert [(iso(m.on), m.values["amount"]) for m in first if m.kind == "pay"] == [("2026-07-10", 5_000)]
    # arrears of 200.00 moved into the plan are collected by its fourth instalment
    assert next(iso(m.on) for m in found["plan"].milestones if m.kind == "retention") == "2031-10-10"


def test_no_way_for_a_loan_that_is_over() -> None:
    assert road_map(loan("100.00", "0", "2026-01-10", 1, [repaid("2026-02-01", "100.00")]), 0, ON) == []


def test_a_map_is_marked_as_facts_arrive() -> None:
    drawn = [m.plain() for m in ways()["pay_now"].milestones]
    paid = loan(
        "1200.00", "0", "2026-01-10", 12,
        [repaid(f"2026-0{m}-10", "100.00") for m in (2, 3, 4)] + [repaid("2026-06-20", "200.00")],
    )  # fmt: skip
    before = {m.milestone["kind"]: m.state for m in marked(drawn, 30_000, paid, 0, day("2026-06-25"))}
    assert (before["pay"], before["current"], before["limit_apply"]) == ("kept", "kept", "ahead")
    missed = {m.milestone["kind"]: m.state for m in marked(drawn, 30_000, late(), 0, day("2026-06-25"))}
    assert (missed["pay"], missed["current"]) == ("missed", "missed")


PROMISES = re.compile(
    r"will be (restored|deleted|removed|granted|lifted|approved)|guarantee|we promise|"
    r"将(会)?(恢复|删除|消除)|保证|承诺(恢复|删除)|一定(恢复|能)",
    re.I,
)


def every_text(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else []
    return [text for part in parts for text in every_text(part)]


def test_wording_promises_nothing_that_no_rule_carries() -> None:
    texts = every_text(words()) + [t for lesson in lessons().values() for t in lesson.text.values()]
    assert len(texts) > 40
    assert not [t for t in texts if PROMISES.search(t)]
    assert PROMISES.search("your limit will be restored")  # the test can fail
    for way in ways().values():
        for m in way.milestones:
            for language in ("en", "zh"):
                said = m.told(language)
                assert not PROMISES.search(said)
                if m.kind.startswith("limit") and not m.automatic:
                    assert "may be applied for" in said or "可申请" in said
    assert not [t for t in texts if re.search(r"credit repair|征信修复|信用修复|洗白服务", t, re.I)]


def test_every_word_is_there_in_both_languages() -> None:
    def walk(here: Any, path: str) -> None:
        if isinstance(here, dict) and "en" in here:
            assert here.get("zh"), path
            assert set(re.findall(r"{(\w+)}", here["en"])) == set(re.findall(r"{(\w+)}", here["zh"])), path
        else:
            for name, part in here.items():
                walk(part, f"{path}.{name}")

    walk(words(), "")


# --- standing


def test_standing_says_what_since_when_by_which_rule_and_what_lifts_it() -> None:
    frame = standing_frame(late(), np.array([7]), ON)
    things = {s.what: s for s in of_frame(frame, {1: "L1"})}
    assert (things["arrears"].since, things["arrears"].amount_fen, things["arrears"].days) == (
        date(2026, 5, 10),
        20_000,
        41,
    )
    assert things["class"].code == "special_mention"
    assert (things["mark"].code, things["mark"].since) == ("1", date(2026, 5, 31))
    assert {s.lifted_by for s in things.values()} == {"pay_arrears", "keep_paying", "time"}
    assert "200.00" in things["arrears"].told("zh")
    assert all(s.rule and s.loan == "L1" for s in things.values())


def test_nothing_stands_against_who_pays() -> None:
    book = loan("1200.00", "0", "2026-05-10", 12, [repaid("2026-06-10", "100.00")])
    assert len(standing_frame(book, np.array([7]), ON)) == 0


def test_standing_for_a_book_is_that_of_each_loan() -> None:
    from afterloan.loan.suppose import side_by_side

    books = [late(), loan("1200.00", "0", "2026-01-10", 12, []), loan("1200.00", "0", "2026-05-10", 12, [])]
    joint = side_by_side(books)
    joint.contracts["loan"] = [1, 2, 3]
    whole = standing_frame(joint, np.array([7, 8, 9]), ON)
    for k, book in enumerate(books):
        alone = standing_frame(book, np.array([7 + k]), ON).drop("loan")
        assert whole.filter(borrower=7 + k).drop("loan").equals(alone)


def line(kind: Any, on: date, before: int, after: int, **more: Any) -> Any:
    told = {"borrower": "B1", "on": on, "known_on": on, "reference": f"{kind.KIND}-{on}", "by": "rule", "reason": "r",
            "rule": "limits.x", "before_fen": before, "after_fen": after}  # fmt: skip
    return kind(**told, **more)


def test_limits_bars_and_holds_with_their_rules() -> None:
    events = [
        line(LimitSet, date(2026, 1, 1), 0, 1_000_000),
        line(LimitReduced, date(2026, 2, 1), 1_000_000, 400_000),
        line(LimitFrozen, date(2026, 3, 1), 400_000, 400_000),
        line(BorrowingBarred, date(2026, 4, 1), 400_000, 400_000, bar="overdue"),
        HoldPlaced(borrower="B1", on=date(2026, 4, 1), known_on=date(2026, 4, 1), reference="h", hold="dispute_open",
                   reason="r", review_on=date(2026, 5, 1)),
    ]  # fmt: skip
    things = {s.what: s for s in lines_standing(events, date(2026, 4, 2))}
    assert set(things) == {"freeze", "reduced", "bar", "hold"}
    assert things["freeze"].rule == "limits.x"
    events += [
        line(LimitRestored, date(2026, 6, 1), 400_000, 1_000_000),
        line(BarLifted, date(2026, 6, 1), 1_000_000, 1_000_000, bar="overdue"),
        HoldLifted(borrower="B1", on=date(2026, 6, 1), known_on=date(2026, 6, 1), reference="hl", of="h", reason="r"),
    ]
    assert lines_standing(events, date(2026, 6, 1)) == []


@pytest.mark.parametrize(("on", "want"), [("2026-03-30", "2026-02-28"), ("2026-03-31", "2026-03-31")])
def test_last_month(on: str, want: str) -> None:
    assert iso(last_month(day(on))) == want


def test_money() -> None:
    assert (money(132_450), money(-5)) == ("1,324.50", "-0.05")
    assert NEVER > ON
    assert reckon_loan(late(), 0, ON).position["days_past_due"] == 41
