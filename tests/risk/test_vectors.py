"""Classes against the vectors of RULES 6.5, 6.9 and 6.10, and against histories reckoned by the engine."""

import numpy as np
import pytest

from afterloan.dates import day, iso
from afterloan.loan.terms import FactKind
from afterloan.risk.classification import (
    TIERS,
    class_rule,
    cn_class,
    cn_class_of,
    cn_classes,
    cn_tier,
    eu_default_on,
    eu_defaulted,
    eu_exit_on,
    eu_forbearance,
    eu_material,
    eu_material_since,
    eu_probation,
    ifrs9_stage,
    in_class,
    us_class,
)
from afterloan.rules.packs import rules_of
from tests.strategy.loans import loan, repaid, told

DUE = day("2026-01-10")


@pytest.mark.parametrize(
    ("on", "technical", "want"),
    [
        ("2026-01-10", False, "normal"),
        ("2026-01-11", False, "special_mention"),
        ("2026-01-17", True, "normal"),
        ("2026-01-18", True, "special_mention"),
        ("2026-04-10", False, "special_mention"),
        ("2026-04-11", False, "substandard"),
        ("2026-10-07", False, "substandard"),
        ("2026-10-08", False, "doubtful"),
        ("2027-01-05", False, "doubtful"),
        ("2027-01-06", False, "loss"),
    ],
)
def test_general_loan_due_on_10_january(on: str, technical: bool, want: str) -> None:
    assert TIERS[cn_tier(np.array([day(on) - DUE]), False, technical)[0]] == want


def test_card_boundaries() -> None:
    tiers = cn_tier(np.array([90, 91, 120, 121, 180, 181]), True)
    assert [TIERS[k] for k in tiers] == [
        "special_mention", "substandard", "substandard", "doubtful", "doubtful", "loss",
    ]  # fmt: skip


def test_upgrade_needs_both_six_months_and_two_periods() -> None:
    cured = day("2026-05-01")
    told = {"was_worst": 120, "cured_on": cured}
    assert cn_class_of(0, day("2026-10-31"), kept=5, **told).name == "substandard"  # a day short of six months
    assert cn_class_of(0, day("2026-11-01"), kept=1, **told).name == "substandard"  # a period short
    assert cn_class_of(0, day("2026-11-01"), kept=2, **told).name == "normal"
    assert cn_class_of(0, day("2026-11-01"), kept=6, missed=1, **told).name == "substandard"
    assert cn_class_of(0, day("2026-05-02"), was_worst=90, cured_on=cured).name == "normal"  # never non-performing


def test_restructured_is_observed_for_a_year() -> None:
    told = {"plan_on": day("2026-03-01"), "plan_first_due": day("2026-04-01"), "plan_kept": 12}
    assert cn_class_of(0, day("2027-03-31"), **told).name == "special_mention"
    assert cn_class_of(0, day("2027-04-01"), **told).name == "normal"
    assert cn_class_of(0, day("2027-04-01"), **told | {"plan_kept": 1}).name == "special_mention"
    assert cn_class_of(0, day("2027-04-01"), **told | {"plan_missed": 1}).name == "substandard"


def test_eu_limits_and_days() -> None:
    since = day("2026-01-15")
    assert iso(eu_default_on(since)) == "2026-04-16"
    assert iso(eu_default_on(since, first_day_counts=True)) == "2026-04-15"
    arrears, exposure = np.array([15_000, 9_000, 15_000]), np.array([200_000, 200_000, 2_000_000])
    assert eu_material(arrears, exposure).tolist() == [True, False, False]
    assert iso(eu_exit_on(day("2026-05-01"))) == "2026-08-01"


def test_eu_forbearance() -> None:
    bad = eu_forbearance(day("2026-05-01"), 12_000)
    assert (bad.name, iso(bad.held_until)) == ("default", "2027-05-01")
    mild = eu_forbearance(day("2026-05-01"), 8_000)
    assert (mild.name, iso(mild.held_until)) == ("forborne_performing", "2028-05-01")
    granted = day("2026-05-01")
    assert eu_probation(granted, day("2028-04-30"), 30, False).name == "forborne_performing"
    assert eu_probation(granted, day("2028-05-01"), 30, False).name == "performing"
    assert eu_probation(granted, day("2027-01-01"), 31, False).name == "non_performing"
    assert eu_probation(granted, day("2027-01-01"), 0, True).name == "non_performing"


def test_india_example_of_the_regulator() -> None:
    due = day("2021-03-31")
    want = {
        "2021-03-31": "sma-0",
        "2021-04-29": "sma-0",
        "2021-04-30": "sma-1",
        "2021-05-30": "sma-2",
        "2021-06-29": "npa",
    }
    for on, name in want.items():
        assert in_class(np.array([day(on) - due]), np.array([True])) == [name], on
    assert in_class(np.array([0]), np.array([False])) == ["standard"]
    # partly paid: the oldest unpaid is 45 days old, but the running arrears had reached 95: still NPA
    assert in_class(np.array([45]), np.array([True]), np.array([95])) == ["npa"]


def test_ifrs9_and_us() -> None:
    assert ifrs9_stage(np.array([0, 30, 31, 90, 91])).tolist() == [1, 1, 2, 2, 3]
    assert ifrs9_stage(np.array([0, 0]), np.array([True, False]), np.array([False, True])).tolist() == [3, 2]
    assert us_class(np.array([89, 90, 119, 120])) == ["pass", "substandard", "substandard", "loss"]
    assert us_class(np.array([120, 179, 180]), open_end=True) == ["substandard", "substandard", "loss"]


def test_history_holds_a_cured_loan_back() -> None:
    """Missed from 10 April 2025 on, 100 days late, then wholly paid: substandard for six months and two periods."""
    book = loan("1200.00", "0", "2025-03-10", 12, [repaid("2025-07-19", "400.00")])  # due 04-10 … 07-10: 400.00
    book = loan(
        "1200.00", "0", "2025-03-10", 12,
        [repaid("2025-07-19", "400.00"), *[repaid(f"2025-{m:02d}-10", "100.00") for m in range(8, 13)],
         repaid("2026-01-10", "100.00"), repaid("2026-02-10", "100.00")],
    )  # fmt: skip
    assert cn_class(book, 0, day("2025-07-18")).name == "substandard"  # 99 days
    assert cn_class(book, 0, day("2025-07-19")).name == "substandard"
    assert cn_class(book, 0, day("2026-01-18")).name == "substandard"
    assert cn_class(book, 0, day("2026-01-19")).name == "normal"  # six months on, six periods kept
    assert cn_classes(book, day("2026-01-18")).tolist() == [2]
    assert cn_classes(book, day("2026-01-19")).tolist() == [0]


def test_a_plan_does_not_make_a_bad_loan_good() -> None:
    """100 days late, then arranged anew: the arrears are gone, the class is not."""
    plan = told(FactKind.REINSTALLED, "2025-07-19", count=12, due_on="2025-08-10", component=1)
    book = loan("1200.00", "0", "2025-03-10", 12, [plan])
    found = cn_class(book, 0, day("2025-07-20"))
    assert found.name == "substandard"
    assert {f.rule for f in found.findings} == {"cn.class.general", "cn.class.upgrade", "cn.class.restructured"}
    assert cn_classes(book, day("2025-07-20")).tolist() == [2]


def test_eu_material_since_over_a_history() -> None:
    """One unpaid instalment is 100.00, not above the limit; the second is due on 10 May: 200.00 on the 11th."""
    book = loan("1200.00", "0", "2025-03-10", 12, [])
    assert iso(int(eu_material_since(book, day("2025-06-01"))[0])) == "2025-05-11"
    # 2025-05-11 + 91 days = 2025-08-10
    assert eu_defaulted(book, day("2025-08-09")).tolist() == [False]
    assert eu_defaulted(book, day("2025-08-10")).tolist() == [True]
    eased = loan(
        "1200.00", "0", "2025-03-10", 12, [repaid("2025-07-01", "200.00")]
    )  # 100.00 left: the count starts anew
    assert iso(int(eu_material_since(eased, day("2025-08-10"))[0])) == "2025-07-11"


def test_every_rule_names_source_and_confidence() -> None:
    for folder in ("classification", "relief", "rebuilding"):
        for rule in rules_of(folder):
            assert rule.source, rule.id
            if rule.confidence in ("M", "I") and rule.status == "in_force":
                assert rule.confidence == "M", f"{rule.id}: an inference of ours is never in force"
    assert class_rule("cn.class.general").parameters["starts"][1] == 1
