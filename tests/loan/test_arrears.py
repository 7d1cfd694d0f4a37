"""How late a loan is agrees with what its evenings showed, whatever happens to it."""

from hypothesis import given, settings

from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import FactKind
from tests.loan.lives import PLANS, START, Life, lives

ENDS = (FactKind.WAIVED, FactKind.SETTLEMENT_AGREED, FactKind.CHARGED_OFF, FactKind.WRITTEN_OFF, FactKind.SOLD)


@given(lives(FactKind.CHARGED, FactKind.RATE_CHANGED, *ENDS, *PLANS))
@settings(max_examples=80, deadline=None)
def test_the_worst_is_the_most_that_any_evening_has_shown(life: Life) -> None:
    book = life.book()
    worst = 0
    for on in range(START, START + 480):
        (position,) = reckon_book(book, on)
        worst = max(worst, int(position["days_past_due"]))
        assert (on - START, int(position["worst_days_past_due"])) == (on - START, worst)
