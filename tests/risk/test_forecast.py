"""Forecasts: counted by hand, on worlds whose truth is known, and of a book: nobody is lost on the way."""

from collections.abc import Iterator

import numpy as np
import pytest

from afterloan.dates import NEVER, day, iso
from afterloan.enquiry.forecasting import forecast_book, forecast_loan, month_ends_until, states_of, states_of_book
from afterloan.facts import FactRefused
from afterloan.risk.forecast import (
    LATE,
    NOT_YET,
    STATES,
    back_test,
    forecast,
    hazards,
    own_forecast,
    own_path,
    passings,
    roll_rates,
    run,
    state_of,
    stays_of,
)
from afterloan.store.server import Store
from tests.risk.book import generated, whole

S = len(STATES)


def world(n: int, months: int, seed: int, ages: bool = False, shocks: bool = False) -> np.ndarray:
    """Loans that pass by known chances; `ages`: the first year is three times as dangerous; `shocks`: months differ."""
    rng = np.random.Generator(np.random.Philox(seed))
    states = np.full((n, months), NOT_YET)
    start = rng.integers(0, months - 6, n)
    for k in range(months):
        states[start == k, k] = 0
        if k == 0:
            continue
        for i in np.flatnonzero(start < k):
            age = k - start[i]
            bad = 0.03 * (3 if ages and age <= 12 else 1) * (float(1 + (k % 7 == 0)) if shocks else 1)
            at, draw = states[i, k - 1], rng.uniform()
            if at in (5, 6):
                states[i, k] = at
            elif at == 0:
                states[i, k] = 1 if draw < bad else (6 if draw > 0.98 else 0)
            else:
                states[i, k] = 0 if draw < 0.4 else min(at + 1, 5)
    return states


def test_by_hand() -> None:
    # ten loans current; in a month one comes to 1-29, and one that was there comes back: 1 of it and half a loan that
    # nobody has yet seen go on to 30-59, two thirds and one third
    states = np.array([[0, 0]] * 9 + [[0, 1]] + [[1, 0]])
    rates = roll_rates(passings(states))
    assert rates[0, :2].tolist() == pytest.approx([0.9, 0.1]) and rates[1, [0, 2]].tolist() == pytest.approx(
        [2 / 3, 1 / 3]
    )
    assert rates[5].tolist() == np.eye(S)[5].tolist() and rates[2].tolist() == np.eye(S)[3].tolist()
    assert stays_of(np.array([[0, 0, 0, 0, 1, 0]])).tolist() == [[1, 2, 3, 3, 1, 1]]
    told = state_of(np.array([0, 1, 29, 30, 89, 90, 5, 5]), np.arange(8) == 6, np.arange(8) == 7)
    assert told.tolist() == [0, 1, 1, 2, 3, 4, 5, 6]
    # one loan that is current: after two months .9 × .9 + .1 × 2/3 = .8767 of it are current
    hazard = np.broadcast_to(rates[:, None, None, :], (S, 4, 3, S))
    assert run(hazard, np.array([0]), np.array([3]), np.array([1]), 2)[:, 0].tolist() == pytest.approx(
        [1, 0.9, 0.81 + 0.1 * 2 / 3]
    )


def test_nobody_is_lost_and_the_ended_stay() -> None:
    told = forecast(world(800, 20, 1), 12, draws=20)
    assert told.expected.sum(axis=1) == pytest.approx(np.full(13, told.expected[0].sum()))
    for end in (5, 6):
        assert (np.diff(told.expected[:, end]) >= -1e-9).all()
    assert (told.low <= told.expected + 1e-6).all() and (told.high >= told.expected - 1e-6).all()
    assert (told.low[0] == told.high[0]).all(), "today is known"


def test_hazards_lean_on_the_roll_rates_where_little_was_seen() -> None:
    seen = passings(world(600, 20, 2))
    told, rates = hazards(seen), roll_rates(seen)
    assert told.sum(axis=-1) == pytest.approx(np.ones(told.shape[:-1]))
    unseen = seen.count.sum(axis=(0, 4)) == 0
    assert (
        unseen.any() and np.abs(told[unseen] - np.broadcast_to(rates[:, None, None], told.shape)[unseen]).max() < 1e-12
    )


def test_the_model_comes_nearer_than_roll_rates_where_age_matters() -> None:
    model = roll = 0.0
    for seed in range(4):
        told = back_test(world(1_500, 30, 10 + seed, ages=True), 6)
        model += abs(told.model[0] - told.came)
        roll += abs(told.roll[0] - told.came)
        assert told.model[1] <= told.came <= told.model[2]
    assert model < roll


def test_the_interval_holds_what_comes() -> None:
    inside = [
        told.model[1] <= told.came <= told.model[2]
        for told in (back_test(world(500, 26, 50 + s, shocks=True), 6) for s in range(12))
    ]
    assert sum(inside) >= 9  # 11.4 are expected of 12; fewer than 9 by chance once in five hundred


def test_the_path_of_one_loan_is_a_chance_in_each_month() -> None:
    told = own_path(world(800, 20, 3), 2, 5, 1, 6)
    assert told.sum(axis=1) == pytest.approx(np.ones(7)) and told[0, 2] == 1.0
    # after a month .4 are back and .6 a state further, whatever their age
    assert told[1, 0] == pytest.approx(0.4, abs=0.08) and told[1, 3] == pytest.approx(0.6, abs=0.08)


def test_one_loans_path_is_that_of_loans_like_it_with_its_interval() -> None:
    states = world(800, 20, 3)
    own = np.array([NOT_YET] * 14 + [0, 0, 0, 0, 1, 2])  # five months on book, for one month 30 to 59 days late
    told = own_forecast(states, own, 6)
    assert np.allclose(told.expected, own_path(states, 2, 5, 1, 6))
    assert (told.low <= told.expected + 1e-9).all() and (told.expected <= told.high + 1e-9).all()
    assert told.high[1, 0] - told.low[1, 0] > 0.01 and told.expected[0, 2] == told.low[0, 2] == 1.0


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("forecast"), "t_forecast", loans=500) as store:
        yield store


def test_the_book_is_read_at_its_month_ends(book_store: Store) -> None:
    assert [iso(k) for k in month_ends_until(day("2026-03-10"), 2)] == ["2026-01-31", "2026-02-28"]
    assert [iso(k) for k in month_ends_until(day("2026-03-31"), 1)] == ["2026-03-31"]
    last = day("2025-12-31")
    ends = month_ends_until(last, 20)
    states = states_of_book(book_store, ends)
    contracts = whole(book_store).book.contracts
    assert ((states != NOT_YET).sum(axis=0) == [(contracts["signed_on"] <= end).sum() for end in ends]).all()
    told = forecast_book(book_store, last, 6)
    assert told.month_ends[-1] == last < NEVER
    now = np.bincount(states[states[:, -1] != NOT_YET, -1], minlength=S)
    assert told.ahead.expected[0].tolist() == now.tolist()
    # six months ago nobody had yet been 30 days late; what was not yet seen was not said to be impossible
    assert told.back.came == np.isin(states[states[:, -7] != NOT_YET, -1], LATE).sum()
    assert told.back.model[1] <= told.back.came <= told.back.model[2]


def test_a_loan_that_runs_has_a_path_and_one_that_is_over_has_none(book_store: Store) -> None:
    last = day("2025-12-31")
    book, ends = whole(book_store).book, month_ends_until(last, 24)
    now = states_of(book, ends)[:, -1]
    with book_store.connect() as connection:
        names = dict(connection.execute("select loan, reference from contract").fetchall())
    runs, over = (names[int(book.contracts["loan"][np.flatnonzero(now == state)[0]])] for state in (0, 6))
    told = forecast_loan(book_store, runs, last, 6).told()
    assert told["as_of"] == "2025-12-31" and told["path"][0]["current"] == [1.0, 1.0, 1.0]
    for row in told["path"]:
        assert sum(v[0] for k, v in row.items() if k != "month") == pytest.approx(1.0, abs=0.001)
    with pytest.raises(FactRefused, match="is closed on 2025-12-31"):
        forecast_loan(book_store, over, last, 6)
    with pytest.raises(FactRefused, match="no contract of that reference"):
        forecast_loan(book_store, "NOBODY", last, 6)
