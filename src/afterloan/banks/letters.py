"""Names and texts in the letters that a payment scheme carries: transliterated, never dropped, cut to its width."""

import re

from anyascii import anyascii

OUTSIDE_SEPA = re.compile(r"[^A-Za-z0-9/?:().,'+ -]")


def in_ascii(text: str, width: int) -> str:
    """A text in printable ASCII: `in_ascii("José Núñez", 22) == "Jose Nunez"`; blanks in a row become one."""
    plain = re.sub(r"[^ -~]", " ", anyascii(text))
    return re.sub(r" +", " ", plain).strip()[:width].rstrip()


def in_sepa(text: str, width: int) -> str:
    """A text in the letters that every SEPA bank takes: `in_sepa("Größe & Söhne", 70) == "Grosse + Sohne"`.

    Letters, digits and `/ - ? : ( ) . , ' +` (EPC217-08, best practices); all else is put into them or left blank.
    """
    plain = OUTSIDE_SEPA.sub(" ", in_ascii(text.replace("&", "+"), 10_000))
    return re.sub(r" +", " ", plain).strip()[:width].rstrip()
