"""Cash and provision to come: a loan by hand, a book whose past is tried against what came, nothing made of nothing."""

from collections.abc import Iterator

import numpy as np
import pytest

from afterloan.dates import NEVER, day
from afterloan.enquiry.forecasting import cash_of, forecast_book, money_of_book, month_ends_until
from afterloan.loan.due_rows import owners_of_facts
from afterloan.loan.terms import FactKind
from afterloan.risk.forecast import NOT_YET, STATES
from afterloan.risk.forecast_money import MoneyPast, forecast_money, money_rates, money_seen, run_money
from afterloan.store.server import Store
from tests.risk.book import generated, whole

S = len(STATES)


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("money"), "t_forecast_money", loans=2_000) as store:
        yield store


def of(states: list[list[int]], principal: list[list[int]], cash: list[list[int]], left: list[list[int]]) -> MoneyPast:
    coverage = np.zeros(S)
    coverage[:2] = [0.01, 0.2]
    return MoneyPast(np.array(states), np.array(principal), np.array(left), np.array(cash), coverage)


def test_by_hand() -> None:
    # four loans of 1,000.00 that are current: three pay 110.00, 100.00 of it principal, one pays nothing and is late
    past = of(
        [[0, 0]] * 3 + [[0, 1]],
        [[100_000, 90_000]] * 3 + [[100_000, 100_000]],
        [[0, 11_000]] * 3 + [[0, 0]],
        [[10, 9]] * 4,
    )
    rates = money_rates(money_seen(past), by_cell=False)
    assert rates.passing[0, 0, 0, :2].tolist() == pytest.approx([0.75, 0.25])
    assert (rates.kept[0, 0, 0, 0], rates.cash[0, 0, 0, 0]) == (pytest.approx(0.9), pytest.approx(0.11))
    # 2,700.00 are current now and 1,000.00 late: .75 × 2,700 × .11 = 222.75 come in; 1,822.50 stay current
    path = run_money(rates, past, 1)
    assert path.cash.tolist() == [0.0, pytest.approx(22_275)]
    # whoever is late was not seen to pass on but to 30-59, where half a loan is taken to have gone: all of it
    assert path.principal[1, :3].tolist() == pytest.approx([182_250, 67_500, 100_000])
    told = forecast_money(past, 1, draws=0, by_cell=False)
    assert told.provision[:, 0].tolist() == pytest.approx([0.01 * 270_000 + 0.2 * 100_000, 1_822.5 + 13_500])


def test_the_last_instalments_bring_what_is_left() -> None:
    """Loans of ten equal instalments, all paying: by instalments left each month's cash is that of the schedule."""
    rng = np.random.Generator(np.random.Philox(1))
    n, months = 3_000, 14
    start = rng.integers(-9, months, n)
    age = np.arange(months)[None, :] - start[:, None]
    left = np.clip(10 - age, 0, 10)
    states = np.where(age < 0, NOT_YET, np.where(left == 0, 6, 0))
    principal = np.where(age < 0, 0, 1_000 * left)
    cash = np.where((age >= 1) & (age <= 10), 1_050, 0)
    past = MoneyPast(states, principal, left, cash, np.zeros(S))
    told = run_money(money_rates(money_seen(past)), past, 10)
    here = states[:, -1] == 0
    due = [1_050 * int((left[here, -1] >= k).sum()) for k in range(1, 11)]
    assert told.cash[1:] == pytest.approx(due, rel=0.05, abs=0.02 * due[0])
    assert told.principal[-1, 0] < 0.02 * told.principal[0, 0], "after ten months nothing is left"
    by_roll = run_money(money_rates(money_seen(past), by_cell=False), past, 10)
    assert abs(by_roll.cash[-1] - due[-1]) > 3 * abs(told.cash[-1] - due[-1]), "roll rates alone do not know the end"


def test_cash_is_every_repayment_that_stands_once(book_store: Store) -> None:
    book, ends = whole(book_store).book, month_ends_until(day("2025-12-31"), 12)
    cash, facts = cash_of(book, ends), book.facts
    stands = (facts["kind"] == int(FactKind.REPAID)) & (facts["gone_on"] == NEVER)
    inside = stands & (facts["on"] > ends[0]) & (facts["on"] <= ends[-1])
    assert cash.sum() == facts["amount_fen"][inside].sum() > 0 and not cash[:, 0].any()
    first = int(owners_of_facts(book)[inside][0])
    assert cash[first].sum() == facts["amount_fen"][inside & (owners_of_facts(book) == first)].sum()


def test_a_books_past_is_tried_and_what_came_lies_near(book_store: Store) -> None:
    told = forecast_book(book_store, day("2025-12-31"), 12).told()
    assert len(told["money"]) == 13 and told["money"][0]["cash_fen"] == [0, 0, 0]
    for row in told["money"][1:]:
        for name in ("cash_fen", "provision_fen"):
            expected, low, high = row[name]
            assert 0 <= low <= expected <= high
    back = told["money_back_test"]
    came, said = back["came_fen"], back["said_fen"]
    assert came["cash"] > 0 and came["provision"] > 0
    off = {name: abs(said["cash"][name][0] - came["cash"]) / came["cash"] for name in ("model", "roll_rates")}
    assert off["model"] < 0.1 and off["model"] <= off["roll_rates"], off
    assert abs(said["provision"]["model"][0] - came["provision"]) < 0.4 * came["provision"]


def test_what_stands_today_is_what_the_forecast_begins_with(book_store: Store) -> None:
    ends = month_ends_until(day("2025-12-31"), 24)
    past = money_of_book(book_store, ends)
    told = forecast_money(past, 3, draws=5)
    stood = np.bincount(past.states[past.states[:, -1] != NOT_YET, -1],
                        past.principal[past.states[:, -1] != NOT_YET, -1], minlength=S)  # fmt: skip
    assert told.provision[0, 0] == pytest.approx(float(stood @ past.coverage))
    assert told.provision[0, 0] == told.provision[0, 1] == told.provision[0, 2], "today is known"
