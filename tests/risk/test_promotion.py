"""Each gate refuses the case built for it, and a good model passes them all; reasons say what is true of the score."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from afterloan.risk.explain import changes_of, codes_of, reasons_of
from afterloan.risk.fair import fairness
from afterloan.risk.features.declared import Feature
from afterloan.risk.model import Model, of_parts, parts
from afterloan.risk.outcomes import PURPOSES
from afterloan.risk.promotion import Weighed, error_beyond_chance, evidence, gain_of, gates
from afterloan.risk.stability import stability, words_apart
from afterloan.risk.training import OUTCOME, bands_of, train

N = 8_000


def drawn(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True probabilities, outcomes drawn from them, borrowers with two rows each."""
    rng = np.random.Generator(np.random.Philox(seed))
    p = 1 / (1 + np.exp(-rng.normal(-2, 1, N)))
    return p, (rng.uniform(size=N) < p).astype(np.int64), np.arange(N) // 2


def good() -> Weighed:
    p, bad, who = drawn()
    weak = np.full(N, bad.mean())
    weak[: N // 2] += 0.001
    return evidence(p, weak, bad, who, {"sex": 0.95}, {"sex": 0.94}, 0.02, 3)


def failed(e: Weighed) -> list[str]:
    return [g.name for g in gates(e) if not g.passed]


def test_a_better_fair_stable_calibrated_model_passes() -> None:
    assert failed(good()) == []


def test_each_gate_refuses_its_case() -> None:
    p, bad, who = drawn()
    same = evidence(p, p, bad, who, {"sex": 0.95}, {"sex": 0.95}, 0.02, 3)
    assert failed(same) == ["gain"]  # no better than what is there
    twice = evidence(np.minimum(p * 1.5, 1), None, bad, who, {}, {}, 0.02, 3)
    assert failed(twice) == ["calibration"]  # says half as much again as what comes
    assert failed(replace(good(), impact={"sex": 0.79})) == ["fairness by sex"]  # below four fifths
    assert failed(replace(good(), impact={"sex": 0.91})) == ["fairness by sex"]  # .03 below the one in use
    assert failed(replace(good(), unstable=0.1)) == ["stability"]
    assert failed(replace(good(), shadow_days=0)) == ["shadow"]


def test_rows_of_one_borrower_are_drawn_together() -> None:
    # each borrower twice over: the interval of borrowers is wider than that of rows taken as independent
    p, bad, _ = drawn(2)
    p, bad = np.repeat(p[:400], 8), np.repeat(bad[:400], 8)
    low, _, high = gain_of(p, None, bad, np.arange(3_200) // 8)
    low_rows, _, high_rows = gain_of(p, None, bad, np.arange(3_200))
    assert (high - low) > 2 * (high_rows - low_rows)


def test_chance_is_not_taken_for_a_fault_of_calibration() -> None:
    p, bad, _ = drawn(3)
    assert abs(error_beyond_chance(p, bad)) < 0.005
    assert error_beyond_chance(np.minimum(p + 0.05, 1), bad) > 0.03


def test_figures_by_hand() -> None:
    # -.1 × log(.4/.5) + .1 × log(.6/.5) = .0223 + .0182
    assert stability([0.5, 0.5], [0.4, 0.6]) == pytest.approx(0.0405, abs=5e-5)
    assert words_apart(np.array(["a", "b"] * 50), np.array(["a"] * 40 + ["b"] * 60)) == pytest.approx(0.0405, abs=5e-5)
    well = np.array([True] * 80 + [False] * 20 + [True] * 60 + [False] * 40 + [True] * 5)
    told = fairness("sex", well, np.array(["w"] * 100 + ["m"] * 100 + ["x"] * 5))
    assert told.impact == pytest.approx(0.75) and told.shares["x"] == 1.0  # five rows are told, not judged
    edges = {"A": 0.005, "B": 0.012, "C": 0.03, "D": 0.08}
    assert bands_of(np.array([0.004, 0.005, 0.05, 0.9]), edges).tolist() == ["A", "B", "D", "E"]


FEATURES = [
    Feature(name="days_past_due", source="x", rule="max(x)", group="own_history", reason="late_now", sign=1, act=True),
    Feature(
        name="days_since_money",
        source="x",
        rule="max(x)",
        group="own_history",
        reason="no_money_lately",
        sign=1,
        act=True,
    ),
    Feature(name="plans_360", source="x", rule="max(x)", group="own_history", reason="had_plan", sign=1),
    Feature(name="noise", source="x", rule="max(x)", group="own_history", reason="debt_here"),
]


def trained() -> Model:
    """A small model of who does not cure: three figures whose part in it is known, and one that says nothing."""
    rng = np.random.Generator(np.random.Philox(5))
    n = 6_000
    late, money, plans = rng.integers(0, 60, n), rng.integers(0, 90, n), rng.integers(0, 2, n)
    odds = -4 + 0.06 * late + 0.02 * money + 0.8 * plans
    bad = rng.uniform(size=n) < 1 / (1 + np.exp(-odds))
    days = [date(2024, 1, 1) + timedelta(30 * (k % 12)) for k in range(n)]
    panel = pl.DataFrame(
        {
            "borrower": np.arange(n), "as_of": days, "until": [d + timedelta(20) for d in days],
            "days_past_due": late * 1.0,
            "days_since_money": money * 1.0, "plans_360": plans * 1.0, "noise": rng.normal(size=n),
            OUTCOME: bad.astype(int),
        }
    )  # fmt: skip
    return train(panel, PURPOSES["cure"], FEATURES)


@pytest.fixture(scope="module")
def model() -> Model:
    return trained()


def people() -> pl.DataFrame:
    rng = np.random.Generator(np.random.Philox(9))
    return pl.DataFrame(
        {
            "days_past_due": rng.integers(0, 60, 60) * 1.0, "days_since_money": rng.integers(0, 90, 60) * 1.0,
            "plans_360": rng.integers(0, 2, 60) * 1.0, "noise": rng.normal(size=60),
        }
    )  # fmt: skip


@pytest.mark.parametrize("leads", ["champion", "challenger"])
def test_a_reason_names_a_figure_whose_change_moves_the_score_as_told(model: Model, leads: str) -> None:
    model = of_parts(parts(model))
    model.card["leads"] = leads
    rows = people()
    seen = 0
    for i, found in enumerate(reasons_of(model, rows, FEATURES)):
        row = rows[i]
        now = model.probabilities(row)[leads][0]
        for reason in found:
            better = row.with_columns(pl.lit(0.0).alias(reason.feature))
            if reason.code != "debt_here":
                assert reason.value == row[reason.feature][0]
                assert model.probabilities(better)[leads][0] < now, reason
                seen += 1
        for change in changes_of(model, row, FEATURES):
            other = row.with_columns(pl.lit(v).alias(k) for k, v in change.values.items())
            assert model.probabilities(other)[leads][0] == pytest.approx(change.probability)
            assert change.probability < now and change.code in ("late_now", "no_money_lately")
    assert seen > 60


def test_reasons_of_many_are_those_of_one(model: Model) -> None:
    rows = people()
    assert codes_of(model, rows, FEATURES).to_list() == [
        " ".join(r.code for r in found) for found in reasons_of(model, rows, FEATURES)
    ]


def test_no_outcome_of_the_measured_days_was_learnt_from(model: Model) -> None:
    assert model.card["trained_through"] < min(model.card["measured_on"])
    assert max(model.card["learnt_from"]) < min(model.card["measured_on"])
