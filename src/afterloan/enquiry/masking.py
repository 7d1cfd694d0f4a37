"""What of a person is shown on lists and cases: enough to know them by, not more."""

import re

PHONES = ("mobile", "phone")
DAY = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"


def long_number(least: int) -> re.Pattern[str]:
    """Numbers of `least` digits and more in a sentence, as people write them: +86 139-1234-5678, 6222 0212 …, …123X.

    Neither days (2026-11-27) nor what belongs to a word, a reference or the decimals of an amount: L12345678901.
    """
    more = rf"(?:(?! ?{DAY})[ -]?\d){{{least - 1},}}"
    return re.compile(rf"(?<![A-Za-z0-9_-])(?!(?<=\d[.,])\d{{1,3}}(?!\d))\+?(?!{DAY})\d{more}[Xx]?(?![A-Za-z0-9_])")


OF_PEOPLE = long_number(11)
"""Eleven digits are a phone's, more an account's or an identity's."""


def mask_name(name: str) -> str:
    """`mask_name("王小明") == "王**"`; of a name in Latin letters each word keeps its first: `Wang Xm` is `W*** X*`."""
    name = name.strip()
    if name.isascii():
        return " ".join(word[:1] + "*" * min(len(word) - 1, 3) for word in name.split()) if name else ""
    return name[:1] + "**" if name else ""


def mask_phone(number: str) -> str:
    """`mask_phone("13800001234") == "138****1234"`; of a short one the last two digits."""
    digits = "".join(c for c in number if c.isdigit())
    if number.strip().startswith(("+86", "0086")):  # the country of most is not what tells one from another
        digits = digits.removeprefix("00").removeprefix("86")
    if len(digits) < 9:
        return "*" * max(len(digits) - 2, 0) + digits[-2:]
    return f"{digits[:3]}****{digits[-4:]}"


def last_four(number: str) -> str:
    """`last_four("6222000000000001") == "··0001"`."""
    plain = "".join(c for c in number if c.isalnum())
    return f"··{plain[-4:]}" if plain else ""


def mask_numbers(text: str) -> str:
    """A sentence with its long numbers masked: `mandate signed on card 6222000000000013` ends in `··0013`.

    Amounts and references of ours are shorter than a phone's eleven digits, or begin with a letter.
    """
    return OF_PEOPLE.sub(_masked_number, text)


def _masked_number(found: re.Match[str]) -> str:
    number = found.group()
    told = sum(c.isdigit() for c in number)
    return mask_phone(number) if number.startswith("+") or (told == 11 and number[-1].isdigit()) else last_four(number)


def mask_email(address: str) -> str:
    """`mask_email("li.wei@example.com") == "l****@example.com"`."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}****{at}{domain}" if at else "****"
