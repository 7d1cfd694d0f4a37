"""What of a person is shown on lists and cases: enough to know them by, not more."""

import re

PHONES = ("mobile", "phone")


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

    Eleven digits are a phone's, more are an account's or an identity's; amounts and references of ours are shorter or
    begin with a letter.
    """
    return re.sub(r"(?<![A-Za-z0-9_.,+-])\d{11,}(?![A-Za-z0-9_])", _masked_number, text)


def _masked_number(found: re.Match[str]) -> str:
    number = found.group()
    return mask_phone(number) if len(number) == 11 else last_four(number)


def mask_email(address: str) -> str:
    """`mask_email("li.wei@example.com") == "l****@example.com"`."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}****{at}{domain}" if at else "****"
