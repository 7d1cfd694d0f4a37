"""Numbers of accounts and banks: what they look like, and whether their check digits are right."""

import re

IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
LIKE_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,32}")
ROUTING = re.compile(r"[0-9]{9}")
US_ACCOUNT = re.compile(r"[A-Za-z0-9-]{1,17}")


def plain_account(text: str) -> str:
    """An account number as it is written in files: without blanks, in capitals. `de89 3704 …` is `DE893704…`."""
    return re.sub(r"\s", "", text).upper()


def remainder_97(text: str) -> int:
    """The remainder of an identifier by ISO 7064 mod 97-10: the first four characters moved to the end, A = 10 …

    `remainder_97("DE89370400440532013000") == 1`, which is what right check digits give.
    """
    moved = text[4:] + text[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN with right check digits, written without blanks and in capitals."""
    return IBAN.fullmatch(text) is not None and remainder_97(text) == 1


def looks_like_iban(text: str) -> bool:
    """Whether a text begins as an IBAN does: two letters and two digits. It may still be wrong."""
    return LIKE_IBAN.fullmatch(text) is not None


def is_creditor_id(text: str) -> bool:
    """Whether a text is a SEPA creditor identifier: the business code (characters 5 to 7) does not count.

    `is_creditor_id("DE98ZZZ09999999999")`: DE98 + 09999999999 leaves 1 of 97.
    """
    plain = plain_account(text)
    shape = re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}", plain)
    return shape is not None and remainder_97(plain[:4] + plain[7:]) == 1


def routing_check_digit(routing8: str) -> str:
    """The ninth digit of an ABA routing number: weights 3, 7, 1. `routing_check_digit("09100001") == "9"`.

    0·3 + 9·7 + 1·1 + 0·3 + 0·7 + 0·1 + 0·3 + 1·7 = 71; 80 − 71 = 9.
    """
    total = sum(int(d) * w for d, w in zip(routing8, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return str(-total % 10)


def is_routing(text: str) -> bool:
    """Whether a text is an ABA routing number of nine digits with its check digit."""
    return ROUTING.fullmatch(text) is not None and routing_check_digit(text[:8]) == text[8]
