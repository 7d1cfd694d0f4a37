"""Amounts of money as people and files write them: one parser and one printer, in whole minor units of a currency."""

import re

from afterloan.expected import ExpectedFailure

MOST = 10**14
"""No amount here is larger (in minor units): 1,000,000,000,000.00; sums of such still fit 64 bits."""
LONGEST = 40
"""Characters of the longest text that is looked at as an amount."""
WITHOUT = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
WITH_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
DECIMALS = {**dict.fromkeys(WITHOUT, 0), **dict.fromkeys(WITH_THREE, 3), "CLF": 4, "UYW": 4}
"""Decimals of the currencies that do not have two (ISO 4217)."""

DIGITS = re.compile(r"([+-]?)([0-9]+)")
ONE_MARK = re.compile(r"([+-]?)([0-9]+)([.,])([0-9]+)")
BLANKS = " \u00a0\u2009\u202f"
GROUPED = re.compile(
    rf"([+-]?)([1-9][0-9]{{0,2}}(?:([.,'’{BLANKS}])[0-9]{{3}})(?:\3[0-9]{{3}})*)(?:(?!\3)[.,]([0-9]+))?"
)


class AmountRefused(ExpectedFailure, ValueError):
    """A text that is not taken as an amount: `where` it stands, the `value`, the `reason`, what to do (`remedy`)."""

    def __init__(self, where: str, value: str, reason: str, remedy: str) -> None:
        """`where`: the name of the field, column or option, as its reader knows it."""
        super().__init__(f"{where} {value!r}: {reason}; {remedy}")
        self.where, self.value, self.reason, self.remedy = where, value, reason, remedy


def decimals_of(currency: str) -> int:
    """Decimals of a currency by its ISO 4217 code: `decimals_of("CNY") == 2`, `decimals_of("JPY") == 0`."""
    return DECIMALS.get(currency, 2)


def parse_amount(text: str, decimals: int = 2, *, mark: str = "", where: str = "amount") -> int:
    """Whole minor units of an amount: `parse_amount("1234.5") == parse_amount("1.234,50") == 123450`.

    `mark`: the decimal mark where a file format fixes it (`.` in XML and JSON, `,` in MT940); groups are then refused,
    the decimals may be left away (`1000,`) and zeros beyond the smallest unit mean nothing (`1.00000`). Without it a
    person may have written either mark, and thousands in groups (`1,234.56`, `1 234,56`, `1'234.56`, `1,234,567`).
    `1,000` and `1.000` may then be one thousand or one: they are refused, not guessed. Raises AmountRefused.
    """
    told = text.strip()
    if len(told) > LONGEST:
        raise AmountRefused(where, told[:LONGEST] + "…", "is too long for an amount", _write(decimals))
    sign, whole, part = _fixed(told, mark, where) if mark else _free(told, where, decimals)
    if len(part) > decimals and (not mark or part[decimals:].strip("0")):
        reason = f"has more than {decimals} decimals" if decimals else "has decimals; its currency has none"
        raise AmountRefused(where, told, reason, _write(decimals))
    minor = int((whole or "0") + part[:decimals].ljust(decimals, "0"))
    if minor > MOST:
        raise AmountRefused(where, told, "is larger than any amount here", f"at most {show_amount(MOST, decimals)}")
    return -minor if sign == "-" else minor


def _fixed(told: str, mark: str, where: str) -> tuple[str, str, str]:
    """Sign, whole part and decimals of a text whose decimal mark is known."""
    found = re.fullmatch(rf"([+-]?)([0-9]*)(?:{re.escape(mark)}([0-9]*))?", told)
    if found is None or not (found[2] or found[3]):
        raise AmountRefused(
            where, told, "is no amount", f"write digits with {mark!r} before the decimals, nothing else"
        )
    return found[1], found[2], found[3] or ""


def _free(told: str, where: str, decimals: int) -> tuple[str, str, str]:
    """Sign, whole part and decimals of a text that a person wrote."""
    if found := DIGITS.fullmatch(told):
        return found[1], found[2], ""
    grouped = GROUPED.fullmatch(told)
    if found := ONE_MARK.fullmatch(told):
        # 1.234 of a currency with three decimals is our own form
        if grouped and not (decimals == 3 and found[3] == "."):
            large, small = (
                show_amount(int(n), decimals)
                for n in (found[2] + found[4] + "0" * decimals, found[2] + found[4][:decimals].ljust(decimals, "0"))
            )
            reason = f"may be {large} or {found[2]}.{found[4]}: a mark before three digits says either"
            raise AmountRefused(where, told, reason, f"write {large} or {small}")
        return found[1], found[2], found[4]
    if grouped is None:
        raise AmountRefused(where, told, "is no amount", _write(decimals))
    return grouped[1], re.sub(r"[^0-9]", "", grouped[2]), grouped[4] or ""


def _write(decimals: int) -> str:
    return f"write it as {show_amount(1234 * 10**decimals + 5678 // 10 ** (4 - decimals), decimals)}"


def show_amount(minor: int, decimals: int = 2, group: str = "") -> str:
    """An amount in major units: `show_amount(-123405) == "-1234.05"`, `show_amount(123405, group=",") == "1,234.05"`.

    What is shown without groups is read back by `parse_amount` with the same decimals.
    """
    size = abs(int(minor))
    whole = f"{size // 10**decimals:,}".replace(",", group)
    part = f".{size % 10**decimals:0{decimals}d}" if decimals else ""
    return ("-" if minor < 0 else "") + whole + part


def show_money(minor: int, currency: str, group: str = "") -> str:
    """An amount for people with its currency and its decimals: `show_money(123405, "CNY") == "1234.05 CNY"`.

    `show_money(123405, "JPY", ",") == "123,405 JPY"`: the yen has no smaller unit.
    """
    return f"{show_amount(minor, decimals_of(currency), group)} {currency}"


WORDED = re.compile(r"(?<![\w.-])(-?[0-9]+) minor units\b")


def worded(text: str, currency: str) -> str:
    """A reason that a rule keeps, as people read it: `worded("500 minor units are overdue", "CNY")` is 5.00 CNY …

    A rule does not know whose money it weighs; who shows its reason does (docs/DECISIONS.md).
    """
    return WORDED.sub(lambda found: show_money(int(found[1]), currency), text)
