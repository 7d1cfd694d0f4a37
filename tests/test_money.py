"""Amounts: every way in which people and files write them, and none that could mean two sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterloan.money import MOST, AmountRefused, decimals_of, parse_amount, show_amount, show_money, worded


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("0", 0),
        ("1234", 123_400),
        ("1234.5", 123_450),
        ("1234,50", 123_450),
        (" -1234.05 ", -123_405),
        ("+7", 700),
        ("0,5", 50),
        # both marks: the last is the decimal mark
        ("1,234.56", 123_456),
        ("1.234,56", 123_456),
        ("1 234,56", 123_456),
        ("1\u00a0234,5", 123_450),
        ("1'234.56", 123_456),
        ("1 000", 100_000),
        # the same mark twice divides thousands, there is but one decimal mark
        ("1,234,567", 123_456_700),
        ("1.234.567", 123_456_700),
        ("-1,234,567.89", -123_456_789),
    ],
)
def test_what_can_mean_one_sum_is_read(text: str, minor: int) -> None:
    assert parse_amount(text) == minor


@pytest.mark.parametrize("text", ["1,000", "1.000", "12,345", "-999.999", "100.000"])
def test_one_mark_before_three_digits_may_mean_two_sums_and_is_refused(text: str) -> None:
    with pytest.raises(AmountRefused, match="a mark before three digits says either"):
        parse_amount(text)


def test_a_refusal_says_where_what_and_what_to_write() -> None:
    with pytest.raises(AmountRefused) as refused:
        parse_amount("1,000", where="ceiling")
    assert str(refused.value) == (
        "ceiling '1,000': may be 1000.00 or 1.000: a mark before three digits says either; write 1000.00 or 1.00"
    )
    with pytest.raises(AmountRefused, match=r"; write 12345.00 or 12.34$"):
        parse_amount("12.345")
    with pytest.raises(AmountRefused, match=r"金额 '0.505': has more than 2 decimals; write it as 1234.56"):
        parse_amount("0.505", where="金额")
    with pytest.raises(AmountRefused, match=r"larger than any amount here; at most 1000000000000.00"):
        parse_amount("1000000000000.01")


@pytest.mark.parametrize(
    "text",
    ["", ".", ",", "-", "1.", ".5", "1..2", "1,23,456", "1,234,56", "1.234.56", "1,234.567", "0,123,456", "1e3", "NaN",
     "inf", "１２", "1 2", "¥1", "0x10", "1_000", "--1", "1-", "9" * 50, "1,234,5"],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountRefused):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "mark", "minor"),
    [
        ("1.000", ".", 100),  # XML: a decimal number of up to five decimals, so this is one
        ("1.00000", ".", 100),
        ("12.3", ".", 1_230),
        (".5", ".", 50),
        ("7", ".", 700),
        ("1000,", ",", 100_000),  # MT940 always writes the mark
        ("1,000", ",", 100),
    ],
)
def test_where_the_format_fixes_the_mark_nothing_is_ambiguous(text: str, mark: str, minor: int) -> None:
    assert parse_amount(text, mark=mark) == minor


@pytest.mark.parametrize(
    ("text", "mark"), [("1,00", "."), ("1.00", ","), ("1.001", "."), ("1,234.00", "."), (".", ".")]
)
def test_where_the_format_fixes_the_mark_another_is_refused(text: str, mark: str) -> None:
    with pytest.raises(AmountRefused):
        parse_amount(text, mark=mark)


def test_minor_units_are_those_of_the_currency() -> None:
    assert [decimals_of(c) for c in ("CNY", "USD", "EUR", "JPY", "KWD", "CLF", "")] == [2, 2, 2, 0, 3, 4, 2]
    assert parse_amount("1500", decimals_of("JPY")) == 1_500
    assert parse_amount("1.234", decimals_of("KWD")) == 1_234  # our own form of three decimals
    with pytest.raises(AmountRefused, match=r"may be 1234.000 or 1.234"):
        parse_amount("1,234", decimals_of("KWD"))
    with pytest.raises(AmountRefused, match="has decimals; its currency has none; write it as 1234"):
        parse_amount("15.5", decimals_of("JPY"))
    with pytest.raises(AmountRefused, match=r"may be 1000 or 1.000: .*; write 1000 or 1$"):
        parse_amount("1.000", decimals_of("JPY"))
    assert show_amount(-123_405) == "-1234.05" and show_amount(5, 3) == "0.005" and show_amount(-7, 0) == "-7"
    assert show_amount(123_456_789, group=",") == "1,234,567.89" and show_amount(-99_900, group=" ") == "-999.00"


@given(st.integers(-MOST, MOST), st.sampled_from([0, 2, 3, 4]))
def test_what_is_shown_is_read_back(minor: int, decimals: int) -> None:
    assert parse_amount(show_amount(minor, decimals), decimals) == minor
    assert parse_amount(show_amount(minor, decimals), decimals, mark=".") == minor
    if decimals == 2:
        assert parse_amount(show_amount(minor, group=",")) == minor


@given(st.text("0123456789.,'- +e\u00a0五", max_size=20))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        assert abs(parse_amount(text)) <= MOST
    except AmountRefused as refused:
        assert refused.where == "amount" and refused.remedy


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [(123405, "CNY", "1234.05 CNY"), (123405, "JPY", "123405 JPY"), (-123405, "VND", "-123405 VND"),
     (1234567, "KWD", "1234.567 KWD"), (0, "USD", "0.00 USD")],
)  # fmt: skip
def test_an_amount_for_people_has_its_currency_and_that_currencys_decimals(
    minor: int, currency: str, shown: str
) -> None:
    assert show_money(minor, currency) == shown
    assert worded(f"{minor} minor units are owed", currency) == f"{shown} are owed"


def test_only_amounts_that_a_rule_kept_are_worded() -> None:
    assert worded("L-500 minor units, B1.5 minor units", "CNY") == "L-500 minor units, B1.5 minor units"
