"""What is told of a borrower is checked by what it means: numbers that can be dialled, identities that can be."""

from typing import Any

import pytest

from afterloan.facts import FactRefused
from afterloan.strategy.attributes import check_attributes, check_digit

GOOD: list[dict[str, Any]] = [
    {"mobile": "+86 138 0013 8000"},
    {"mobile": "13800138000"},
    {"phone": "010-62345678"},
    {"phone": "+1 (212) 555-0123"},
    {"phone": "+49 30 901820"},
    {"mobile": "made-up-17"},  # the generated book says so of itself
    {"email": "li@example.com"},
    # the example of GB 11643 itself: 167 leaves 2 by 11, and the third sign of 10X98765432 is X
    {"id_type": "10", "id_number": "11010519491231002X"},
    {"id_number": "11010519491231002x"},
    {"id_type": "20", "id_number": "E12345678"},
    {"ssn": "123-45-6789", "date_birth": "1980-02-29", "currency": "USD"},
    {"jurisdiction": "US", "timezone": ["America/New_York", "America/Chicago"], "language": "en"},
    {"city": "西安", "reach": "app", "income_yuan": 6000, "phone2": "see note"},  # the lender's own: kept as they are
    {"pay_day": 1},
    {"pay_day": "31"},
    {"mobile": None},
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"mobile": "138001380"}, "is no mobile number within a country"),
    ({"mobile": "+86 128 0013"}, r"is no number of country \+86"),
    ({"mobile": "call me"}, "is no phone number"),
    ({"phone": "+0123456789"}, "has not 8 to 15 digits"),
    ({"phone": "+1 212 555 012"}, r"is no number of country \+1"),
    ({"email": "li at example.com"}, "is no e-mail address"),
    ({"address": "1 High Street\nLondon"}, "write it in one line"),
    ({"address": "  "}, "is empty"),
    ({"id_type": "10", "id_number": "110105194912310021"}, "its last sign does not fit the others"),
    ({"id_type": "10", "id_number": "11010519491331002X"}, "born on 1949-13-31, which is no day"),
    ({"id_type": "10", "id_number": "E12345678"}, "has not the 18 signs"),
    ({"ssn": "000-12-3456"}, "is no social security number"),
    ({"date_birth": "1980-02-30"}, "is no day of birth"),
    ({"currency": "RMB"}, "there are: .*CNY"),
    ({"jurisdiction": "cn"}, "there are: CN, EU, IN, UK, US"),
    ({"jurisdiction": ["CN"]}, "is no text"),
    ({"timezone": {"zone": "Asia/Shanghai"}}, "no such zone"),
    ({"timezone": 8}, "no such zone"),
    ({"time_zone": "America/New_York"}, "it is called timezone here"),
    ({"tz": "America/New_York"}, "it is called timezone here"),
    ({"jurisdicton": "US"}, "it is called jurisdiction here"),
    ({"language": "Chinese"}, "is no language tag"),
    ({"pay_day": 0}, "is no day of a month"),
    ({"pay_day": "32"}, "write a whole number from 1 to 31"),
    ({"pay_day": "Friday"}, "is no day of a month"),
    ({"pay_day": 2.5}, "is no text"),
    ({"payday": 5}, "it is called pay_day here"),
]


@pytest.mark.parametrize("told", GOOD, ids=str)
def test_what_can_be(told: dict[str, Any]) -> None:
    check_attributes(told)


@pytest.mark.parametrize(("told", "why"), BAD, ids=str)
def test_what_cannot_be_is_refused_with_what_to_write(told: dict[str, Any], why: str) -> None:
    with pytest.raises(FactRefused, match=why):
        check_attributes(told)


def test_the_check_digit_of_the_standard() -> None:
    # 7+9+0+5+0+20+2+9+24+27+7+18+30+5+0+0+4 = 167 = 15 × 11 + 2: the third sign
    assert check_digit("11010519491231002") == "X"
