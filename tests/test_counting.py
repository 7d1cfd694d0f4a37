"""Numbers with what they count: one loan, two loans; and in sentences that were filled in."""

import pytest

from afterloan.counting import agreeing, counted


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (counted(1, "loan"), "1 loan"),
        (counted(0, "loan"), "0 loans"),
        (counted(1200, "loan"), "1,200 loans"),
        (counted(-1, "day"), "-1 day"),
        (counted(2, "entry", "entries"), "2 entries"),
        (counted(1, "row waits", "rows wait"), "1 row waits"),
        (agreeing("1 days past due, 11 days, 21 days"), "1 day past due, 11 days, 21 days"),
        (agreeing("1.1 days, 2026-01-1 days, 10:1 days"), "1.1 days, 2026-01-1 days, 10:1 days"),
        (agreeing("1 entries of 1 loans in 1 months"), "1 entry of 1 loan in 1 month"),
        (agreeing("1 daysaver"), "1 daysaver"),
    ],
)
def test_a_one_is_followed_by_one(told: str, said: str) -> None:
    assert told == said
