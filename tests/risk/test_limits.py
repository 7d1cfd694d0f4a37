"""Lines set anew: by hand, against a linear program, on the book; no line below what is drawn, no step too wide."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from afterloan.enquiry.lines_tried import line_policy, lines_of_book, lines_of_table
from afterloan.risk.declared import Declaration
from afterloan.risk.limits import (
    MILLION,
    REASONS,
    LinePolicy,
    Lines,
    allot,
    bounds,
    chance_drawn,
    expected_default,
    set_lines,
    told_lines,
)
from afterloan.risk.model import fit, parts
from afterloan.store.models import write_folder
from afterloan.store.scores import keep_model, keep_scores, keep_step
from afterloan.store.server import Store
from tests.risk.book import generated
from tests.risk.test_models_on_tables import afterloan, people

FREE = LinePolicy(unit_fen=1)


def lines(limit: list[int], drawn: list[int], pd: list[int]) -> Lines:
    n = len(limit)
    as_ints = [np.array(told, np.int64) for told in (limit, drawn, pd)]
    long, none = np.full(n, 999), np.full(n, -1)
    return Lines(*as_ints, np.zeros(n, bool), none, long, long, np.zeros(n, bool), np.zeros(n, np.int64))


def book(n: int, seed: int) -> Lines:
    rng = np.random.Generator(np.random.Philox(seed))
    limit = rng.integers(1_000, 50_000, n) * 100
    told = lines(
        limit.tolist(), (limit * rng.uniform(0, 1.1, n)).astype(int).tolist(), rng.integers(0, MILLION, n).tolist()
    )
    return replace(
        told, late=rng.uniform(size=n) < 0.1, days_since_change=rng.integers(0, 200, n),
        means_fen=np.where(rng.uniform(size=n) < 0.5, rng.integers(0, 60_000, n) * 100, -1),
        budget=rng.integers(0, 3, n), safe=rng.uniform(size=n) < 0.5,
    )  # fmt: skip


def test_by_hand() -> None:
    # three lines of 10,000.00: 1 %, 2 %, 3 %; a fifth at most. Lowest 8,000.00 each = 24,000.00, 6,000.00 are left: the
    # safest gets 4,000.00 (→ 12,000.00), the next 2,000.00 (→ 10,000.00), the last nothing (→ 8,000.00)
    told = lines([1_000_000] * 3, [0, 0, 0], [10_000, 20_000, 30_000])
    after = set_lines(told, FREE)
    assert after.after_fen.tolist() == [1_200_000, 1_000_000, 800_000] and after.price_ppm == {0: 20_000}
    # expected with who defaults: 100 + 200 + 300 = 600.00 before, 120 + 200 + 240 = 560.00 after
    assert expected_default(told.limit_fen, told.pd_ppm) == 60_000
    assert expected_default(after.after_fen, told.pd_ppm) == 56_000
    gone = np.array([False, False, True])
    # a third of the limit before, 8 of 30 after: 26.67 %, that is 20 % less
    shares = told_lines(told, after, gone)
    assert (shares["default_share_before_ppm"], shares["default_share_after_ppm"]) == (333_333, 266_666)
    assert allot(np.array([10, 10, 10]), np.array([30, 10, 20]), 15)[0].tolist() == [0, 10, 5]


def test_what_is_drawn_late_changed_lately_or_beyond_the_means_holds_a_line() -> None:
    told = lines([1_000_000] * 6, [950_000, 1_200_000, 0, 0, 0, 0], [900_000, 900_000, 10_000, 10_000, 10_000, -1])
    told = replace(
        told,
        late=np.array([False, False, True, False, False, False]),
        days_since_change=np.array([999, 999, 999, 89, 999, 999]),
        means_fen=np.array([-1, -1, -1, -1, 1_100_000, -1]),
    )
    low, high, why = bounds(told, FREE)
    assert low.tolist() == [950_000, 1_000_000, 800_000, 1_000_000, 800_000, 1_000_000]
    assert high.tolist() == [1_200_000, 1_200_000, 1_000_000, 1_000_000, 1_100_000, 1_000_000]
    assert [REASONS[k] for k in why] == ["drawn", "drawn", "late", "changed_lately", "means", "unscored"]
    young = replace(told, days_in_band=np.full(6, 59))
    assert (bounds(young, FREE)[0] == bounds(young, FREE)[1]).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_price_meets_the_budget_as_well_as_a_linear_program(seed: int) -> None:
    told = book(200, seed)
    low, high, _ = bounds(told, FREE)
    after = set_lines(told, FREE)
    assert ((after.after_fen >= low) & (after.after_fen <= high)).all()
    for budget in range(3):
        at = told.budget == budget
        total = min(int(told.limit_fen[at].sum()), int(high[at].sum()))
        assert int(after.after_fen[at].sum()) == total
        best = linprog(
            told.pd_ppm[at] / MILLION, A_eq=np.ones((1, at.sum())), b_eq=[total],
            bounds=list(zip(low[at].tolist(), high[at].tolist(), strict=True)), method="highs",
        )  # fmt: skip
        mine = float((told.pd_ppm[at] / MILLION * after.after_fen[at]).sum())
        assert mine == pytest.approx(best.fun, rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_no_line_goes_below_what_is_drawn_or_wider_than_a_step(seed: int) -> None:
    told, policy = book(300, seed), LinePolicy(unit_fen=10_000, margin_ppm=100_000)
    chance = np.random.Generator(np.random.Philox(seed)).integers(0, MILLION, 300)
    after = set_lines(told, policy, chance).after_fen
    assert (after >= np.minimum(told.drawn_fen, told.limit_fen)).all()
    assert (np.abs(after - told.limit_fen) * 5 <= told.limit_fen).all()
    still = told.late | (told.days_since_change < 90)
    assert (after[still] <= told.limit_fen[still]).all()
    assert (after[told.days_since_change < 90] == told.limit_fen[told.days_since_change < 90]).all()
    known = (told.means_fen >= 0) & (after > told.limit_fen)
    assert (after[known] <= told.means_fen[known]).all()
    assert (set_lines(told, policy, chance).after_fen != set_lines(told, policy).after_fen)[told.safe].any()
    assert (set_lines(told, policy, chance).after_fen == set_lines(told, policy).after_fen)[~told.safe].all()


def test_chance_is_even_and_the_same_each_time() -> None:
    drawn = chance_drawn(np.arange(100_000), 20_000)
    assert drawn.min() >= 0 and drawn.max() < MILLION
    assert np.array_equal(drawn, chance_drawn(np.arange(100_000), 20_000))
    # tenths of an even draw of 100,000 hold 10,000 each; four spreads are 4 × √(100,000 × .1 × .9) = 380
    assert np.abs(np.bincount(drawn // 100_000) - 10_000).max() < 380
    assert (drawn != chance_drawn(np.arange(100_000), 20_001)).mean() > 0.99


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("limits"), "t_limits", loans=400) as store:
        yield store


def test_the_book_is_looked_at_by_the_model_in_use(book_store: Store) -> None:
    with book_store.connect() as connection:
        (last,) = connection.execute("select max(known_on) from fact").fetchone() or (date.max,)
        on = last + timedelta(days=120)  # lines set on the last day may change again
        rows = connection.execute("select distinct borrower from event where kind = 'limit.set' order by 1").fetchall()
        keep_model(connection, "f" * 64, "limit", {"leads": "champion", "groups": "1"}, "li", last)
        (model,) = connection.execute("select max(model) from model").fetchone() or (0,)
        keep_step(connection, model, "promoted", last, "wang", {})
        for k, day in enumerate((on - timedelta(days=61), on - timedelta(days=30), on - timedelta(days=1))):
            # borrowers of even number stood in A all along, the others came to D a day ago
            told = [(b, 10_000 * (1 + b % 7), 0, "A" if b % 2 == 0 else ("B" if k < 2 else "D"), "") for (b,) in rows]
            keep_scores(connection, model, day, told)
    policy, safe = line_policy("ANY", on)
    assert (policy.step_ppm, policy.between_days, policy.band_days, safe) == (200_000, 90, 60, ("A", "B"))
    tried = lines_of_book(book_store, on, policy, safe)
    assert set(tried.bands) == {"A", "D"} and tried.told()["below_drawn"] == 0
    moved = tried.after.after_fen != tried.lines.limit_fen
    assert not moved[np.array(tried.bands) == "D"].any(), "a day in the band is not two months"
    assert moved.any() and tried.told()["after_fen"] <= tried.told()["before_fen"]
    change = next(c for c in tried.changes() if c["how"] == "lower")
    assert change["after_fen"] >= min(change["drawn_fen"], change["before_fen"])
    # with a margin, chance moves lines of the safe bands alone, the same each time it is asked
    more = replace(policy, margin_ppm=100_000)
    drawn = lines_of_book(book_store, on, more, safe)
    assert drawn.by_chance_fen is not None and (drawn.by_chance_fen[np.array(drawn.bands) == "A"] != 0).any()
    assert not drawn.by_chance_fen[np.array(drawn.bands) == "D"].any()
    assert np.array_equal(drawn.after.after_fen, lines_of_book(book_store, on, more, safe).after.after_fen)
    told = {c["borrower"]: c["by_chance_fen"] for c in drawn.changes()}
    assert any(told.values()) and not any(c["by_chance_fen"] for c in tried.changes())
    # the day before, the oldest score of these borrowers is 60 days old; a score after the day is not read
    assert lines_of_book(book_store, on - timedelta(days=2), policy, safe).told()["raised"] == 0


def test_a_table_is_tried_at_the_keyboard(tmp_path: Path) -> None:
    fresh = people(800, 32).drop("truth")
    rows = fresh.with_columns(line=1000 + fresh["id"] % 9 * 500, drawn=500 + fresh["id"] % 3 * 100)
    rows.write_csv(tmp_path / "new.csv")
    model = fit(people(800, 31).drop("truth"), "outcome", Declaration())
    write_folder(tmp_path / "model", parts(model))
    words = ["limits", str(tmp_path / "model"), str(tmp_path / "new.csv"), "--label", "outcome", "--try"]
    done = afterloan(*words, "--limit", "line", "--drawn", "drawn", "--step", "20", "--json")
    narrow = json.loads(done.stdout)
    policy = LinePolicy(step_ppm=500_000)
    wide = lines_of_table(model, rows, "line", "drawn", "outcome", policy).told()
    assert narrow["before_fen"] == narrow["after_fen"] == wide["after_fen"] and narrow["below_drawn"] == 0
    # who defaults is known here: less of the limit stands with them, and the wider the step the less
    assert wide["change_ppm"] < narrow["change_ppm"] < -20_000
    lost = afterloan(*words, "--limit", "nothing")
    assert lost.returncode == 1 and "column 'nothing'" in lost.stderr and "Traceback" not in lost.stderr
