"""The numbers the generator draws from are those the source gives when it is measured again."""

from pathlib import Path

import numpy as np
import pytest

from afterloan.generate.calibrate import beta_classes, measure, quantiles, read_payments
from afterloan.generate.habits import calibration, habits

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "instalments"


@pytest.mark.skipif(not DATA.exists(), reason="the payment records are not here")
def test_measuring_the_source_again_gives_the_numbers_in_the_file():
    again = measure(DATA)
    told = calibration().measured.model_dump()
    for name, value in again.items():
        assert list(told[name]) == value if isinstance(value, list) else told[name] == value, name
    assert set(again) == set(told)


def test_shares_by_hand(tmp_path):
    # client 1: three payments, one 2 days late; client 2: one payment, 4 days early, 30.00 of 120.00;
    # the card (version 0) counts nowhere
    (tmp_path / "instalments.csv").write_text(
        "SK_ID_PREV,SK_ID_CURR,NUM_INSTALMENT_VERSION,NUM_INSTALMENT_NUMBER,DAYS_INSTALMENT,DAYS_ENTRY_PAYMENT,"
        "AMT_INSTALMENT,AMT_PAYMENT\n"
        "10,1,1,1,-90,-90,100,100\n10,1,1,2,-60,-58,100,100\n11,1,1,1,-50,-50,80,80\n"
        "20,2,1,1,-90,-94,120,30\n30,3,0,1,-90,-10,5,5\n"
    )
    (tmp_path / "previous_loans.csv").write_text(
        "SK_ID_PREV,DAYS_LAST_DUE_1ST_VERSION,DAYS_LAST_DUE\n10,-10,-60\n11,-50,-50\n20,-30,-90\n30,-5,-90\n"
    )
    told = measure(tmp_path)
    assert told["payments"] == 4 == read_payments(tmp_path).height
    assert told["late_ppm_of_payments"] == 250_000
    assert told["late_days"] == [2] * 101 and told["early_days"] == [4] * 101
    assert told["part_permille"] == [250] * 101
    # r = 1/4 of rows pay part: s = 0.25 / 1.75 = 0.142857
    assert told["split_ppm_of_instalments"] == 142_857
    # loan 10 by 50 days and loan 20 by 60 ended early, loan 11 did not; the card is not asked
    assert told["payoff_ppm_of_loans"] == 666_667
    assert told["clients_with_loans"] == [1, 1, 0, 0, 0, 0, 0, 0]


def test_classes_have_the_mean_and_spread_asked_for():
    # Beta(2, 18): mean 0.1, variance 2·18 / (20²·21) = 0.0042857
    classes = np.array(beta_classes(0.1, 0.1 * 0.9 / 21)) / 1e6
    assert classes.mean() == pytest.approx(0.1, abs=1e-6)
    assert classes.var() == pytest.approx(0.0042857, rel=0.1)
    assert (np.diff(classes) > 0).all()


def test_quantiles_are_by_nearest_rank():
    assert quantiles(np.arange(101)) == list(range(101))


def test_the_record_holds_what_the_file_says():
    record, told = habits()[0], calibration()
    assert list(record["late_days"]) == list(told.measured.late_days)
    assert record["bounced"] == told.chosen.bounced_ppm_of_debits
    assert sum(told.measured.late_ppm_by_class) / 20 == pytest.approx(told.measured.late_ppm_of_payments, abs=1)
