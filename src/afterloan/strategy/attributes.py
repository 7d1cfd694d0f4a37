"""What is told of a borrower by name (phone, address, number of identity …), checked where it enters the house."""

import re
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from afterloan.facts import FactRefused
from afterloan.strategy.places import OF_PLACE, check_place

KNOWN = {
    "jurisdiction": "whose law holds for the borrower: a place of the contact rules",
    "timezone": "where the borrower's clock is, one IANA name or a list of them",
    "language": "the language of messages, as zh-CN or en",
    "mobile": "the number of texts and calls",
    "phone": "another number",
    "email": "the address of e-mails",
    "address": "the postal address of letters",
    "chat": "the address of chat messages",
    "webhook": "where webhooks are posted",
    "id_type": "the kind of identity document as the bureau counts them; 10 is the Chinese identity card",
    "id_number": "the number of the identity document",
    "ssn": "the social security number of the United States",
    "date_birth": "the day of birth",
    "currency": "the currency in which the borrower owes, ISO 4217",
    "province": "of the court and its fees",
    "surname": "as the bureau asks for it",
    "first_name": "as the bureau asks for it",
    "city": "of the postal address",
    "state": "of the postal address",
    "zip": "of the postal address",
    "region": "of the lender's own segments",
    "score_band": "of a score from elsewhere: A, B, C …; a model in use goes before it",
    "five_tier": "the class told to the bureau",
    "pay_day": "the day of the month on which wages come: 1 to 31, in shorter months the last",
}
"""Attributes that the house reads. Others are the lender's own and kept as they are."""
OTHER_NAMES = {"tz": "timezone", "zone": "timezone", "lang": "language", "locale": "language", "mail": "email"}
MADE_UP = re.compile(r"made-up-\w{1,40}|\+8612\d{9}")
"""Numbers of a generated book: they reach nobody, for no network of China has those under 12."""
CHINESE_ID = "10"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"
"""GB 11643: the weights of the first 17 digits, and the last sign by the remainder of their sum by 11."""
NATIONAL = {
    "86": (re.compile(r"1[3-9]\d{9}"), re.compile(r"0[1-9]\d{8,10}|400\d{7}")),
    "1": (re.compile(r"[2-9]\d{2}[2-9]\d{6}"), re.compile(r"1?[2-9]\d{2}[2-9]\d{6}")),
    "91": (re.compile(r"0?[6-9]\d{9}"), re.compile(r"0[1-9]\d{8,9}")),
    "44": (re.compile(r"07\d{9}"), re.compile(r"0[1-9]\d{8,9}")),
}
"""Numbers as they are dialled within a country, by its code: mobile ones, others. China, North America, India, Britain;
of all others the length with the code is checked (E.164)."""
BLANKS = str.maketrans("", "", " \u00a0-().")


def check_attributes(told: Mapping[str, Any]) -> None:
    """Refuse attributes that would mislead who reads them; what is None is taken away and not looked at.

    Raises FactRefused naming the attribute, its value and what to write.
    `check_attributes({"timezone": "America/New_york"})` is refused: the name ends in York.
    """
    for name, value in told.items():
        if value is None:
            continue
        _check_name(name, value)
        if name in KNOWN and name != "timezone" and not isinstance(value, str | int):
            raise FactRefused(name, value, "is no text", "write one text")
        if name in OF_PLACE:
            check_place(name, value)
        elif name in CHECKS:
            CHECKS[name](name, str(value).strip())
    id_type = str(told.get("id_type") or "")
    if told.get("id_number") is not None:
        _check_id(str(told["id_number"]).strip(), id_type)


def _check_name(name: str, value: Any) -> None:
    """Refuse a name of ours that is mistyped: nobody would read it, and a zone would be taken for ours."""
    meant = None if name in KNOWN else _meant(name)
    if meant is not None:
        raise FactRefused(name, value, "is no attribute that is read", f"it is called {meant} here")


@lru_cache(maxsize=4_096)
def _meant(name: str) -> str | None:
    """The name of ours that somebody wanted to write; a book has the same few names in every row."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    meant = OTHER_NAMES.get(plain) or next((k for k in KNOWN if k.replace("_", "") == plain), None)
    if meant is None and name.isalpha():
        meant = next(iter(get_close_matches(name, KNOWN, 1, 0.9)), None)
    return meant


def _check_phone(name: str, value: str) -> None:
    """E.164: a code and 8 to 15 digits in all; within a country whose numbers we know, one that can be dialled."""
    digits = value.translate(BLANKS)
    if MADE_UP.fullmatch(value):
        return
    remedy = "write it with the country's code, e.g. +86 138 0013 8000"
    if not re.fullmatch(r"\+?\d{5,20}", digits):
        raise FactRefused(name, value, "is no phone number", remedy)
    if not digits.startswith("+"):
        kinds = 1 if name == "mobile" else 2
        if not any(plan.fullmatch(digits) for plans in NATIONAL.values() for plan in plans[:kinds]):
            raise FactRefused(name, value, f"is no {name} number within a country that is known here", remedy)
        return
    if not re.fullmatch(r"\+[1-9]\d{7,14}", digits):
        raise FactRefused(name, value, "has not 8 to 15 digits with its country's code", remedy)
    code = next((code for code in NATIONAL if digits.startswith(f"+{code}")), "")
    within = digits[1 + len(code) :]
    if code and not any(plan.fullmatch(form) for plan in NATIONAL[code] for form in (within, f"0{within}")):
        raise FactRefused(name, value, f"is no number of country +{code}", remedy)


def _check_email(name: str, value: str) -> None:
    if not re.fullmatch(r"[^\s@,;<>]{1,64}@[^\s@,;<>]{1,190}", value):
        raise FactRefused(name, value, "is no e-mail address", "write one address, e.g. name@example.com")


def _check_line(name: str, value: str) -> None:
    if not value or len(value) > 500 or not value.isprintable():
        raise FactRefused(name, value, "is empty, longer than 500 or holds a control sign", "write it in one line")


def _check_ssn(name: str, value: str) -> None:
    digits = value.replace("-", "")
    if not re.fullmatch(r"\d{9}", digits) or digits[:3] in ("000", "666") or digits[5:] == "0000":
        raise FactRefused(name, value, "is no social security number", "write nine digits, e.g. 123-45-6789")


def _check_birth(name: str, value: str) -> None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) or not _is_day(value):
        raise FactRefused(name, value, "is no day of birth", "write YYYY-MM-DD")


def _check_currency(name: str, value: str) -> None:
    if value not in CURRENCIES:
        raise FactRefused(name, value, "is no currency that is known here", f"there are: {', '.join(CURRENCIES)}")


def _check_pay_day(name: str, value: str) -> None:
    if not re.fullmatch(r"0?[1-9]|[12]\d|3[01]", value):
        raise FactRefused(name, value, "is no day of a month", "write a whole number from 1 to 31; 31 is the last day")


CURRENCIES = (
    "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "INR", "JPY",
    "KRW", "KZT", "MOP", "MXN", "MYR", "NGN", "NOK", "NZD", "PHP", "PKR", "PLN", "RON", "RUB", "SAR", "SEK", "SGD",
    "THB", "TRY", "TWD", "UAH", "USD", "UZS", "VND", "ZAR",
)  # fmt: skip
CHECKS = {
    "mobile": _check_phone,
    "phone": _check_phone,
    "email": _check_email,
    "address": _check_line,
    "chat": _check_line,
    "webhook": _check_line,
    "ssn": _check_ssn,
    "date_birth": _check_birth,
    "currency": _check_currency,
    "pay_day": _check_pay_day,
}


def _is_day(text: str) -> bool:
    try:
        return 1900 <= date.fromisoformat(text).year <= 2099
    except ValueError:
        return False


def check_digit(seventeen: str) -> str:
    """The last sign of a Chinese identity number by GB 11643.

    11010519491231002: 1×7+1×9+0+1×5+0+5×4+1×2+9×1+4×6+9×3+1×7+2×9+3×10+1×5+0+0+2×2 = 167 = 15×11 + 2, so X.
    """
    return CHECK[sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True)) % 11]


def _check_id(value: str, id_type: str) -> None:
    """A Chinese identity number wants 18 signs, a day of birth and its check digit; other documents some signs."""
    name = "id_number"
    looks_so = re.fullmatch(r"\d{17}[\dXx]", value)
    if id_type == CHINESE_ID and not looks_so:
        raise FactRefused(name, value, "has not the 18 signs of a Chinese identity card", "write it as on the card")
    if looks_so and id_type in ("", CHINESE_ID):
        born = f"{value[6:10]}-{value[10:12]}-{value[12:14]}"
        if not _is_day(born):
            raise FactRefused(name, value, f"says born on {born}, which is no day", "write it as on the card")
        if check_digit(value[:17]) != value[17].upper():
            raise FactRefused(name, value, "its last sign does not fit the others", "one is mistyped: see the card")
    elif not re.fullmatch(r"[\w -]{4,40}", value):
        raise FactRefused(name, value, "is no number of an identity document", "write 4 to 40 letters and digits")
