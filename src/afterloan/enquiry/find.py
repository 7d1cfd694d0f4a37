"""Find borrowers and their loans by what a person has at hand: a name, a number, a reference."""

from collections.abc import Mapping
from typing import Any

import psycopg

from afterloan.store.persons import (
    PHONES,
    TAIL,
    digits_of,
    has_name,
    hashes_of,
    name_asked,
    tail,
    whole,
    with_words,
)

MOST = 100
LOOKED_AT = 5_000
"""Most borrowers whose names or phones are opened to look whether they are meant."""
WHOLE = (
    "select borrower from borrower where reference = %(is)s "
    "union select borrower from contract where reference = %(is)s "
    "union select borrower from borrower where words @> %(word)s::bigint[]"
)
"""Whose reference, loan, number of identity or other attribute is just that: each by an index."""
PART = (
    "select borrower from borrower where reference ilike %(like)s "
    "union select borrower from contract where reference ilike %(like)s"
)
"""Whose reference or loan has that in it: the book is gone through once."""
NUMBERED = "select borrower from borrower where borrower in ({}) order by reference limit %(most)s"
FOUND = (
    "select b.reference, b.name, b.attributes, "
    "coalesce((select string_agg(c.reference, ' ' order by c.loan) from contract c where c.borrower = b.borrower), '') "
    "from borrower b where b.borrower = any(%(of)s::bigint[]) order by b.reference limit %(most)s"
)
SHORTEST = TAIL
"""Digits of a phone number that are looked for: its last four find it, three would find half the book."""


def find(connection: psycopg.Connection[Any], words: str) -> list[dict[str, Any]]:
    """Borrowers (at most 100, by reference) found by a name, a part of a reference or loan, by a phone's last digits
    (`0013 8000`), or by a whole number of identity, e-mail or other attribute.

    A whole reference or number finds whose it is, at once, and nobody of whose it is only a part. Names stand
    enciphered, so a name is found by what was hashed of it: the beginnings of its words (three letters or more), any
    two Chinese characters that follow each other, or the first one alone.
    """
    words = words.replace("\0", "").strip()
    like = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    told = {"is": words, "like": f"%{like}%", "most": MOST, "word": hashes_of(connection, [whole(words)])}
    of = [row[0] for row in connection.execute(NUMBERED.format(WHOLE), told).fetchall()]
    if not of:
        of = [row[0] for row in connection.execute(NUMBERED.format(PART), told).fetchall()]
        of += _called(connection, words) + _with_phone(connection, _phone(words))
    rows = connection.execute(FOUND, {"of": of, "most": MOST}).fetchall() if of else []
    return [
        {"borrower": reference, "name": name, "phone": _shown(attributes), "loans": loans}
        for reference, name, attributes, loans in rows
    ]


def _called(connection: psycopg.Connection[Any], words: str) -> list[int]:
    """Numbers of those whose name has all of these words."""
    asked = name_asked(words)
    if not asked:
        return []
    return [number for number, _, name, _ in with_words(connection, asked, LOOKED_AT) if has_name(name, words)]


def _with_phone(connection: psycopg.Connection[Any], digits: str) -> list[int]:
    """Numbers of those one of whose phones ends so."""
    found = with_words(connection, [tail(digits)], LOOKED_AT) if digits else []
    return [
        number for number, _, _, told in found if any(digits_of(told.get(name)).endswith(digits) for name in PHONES)
    ]


def _shown(attributes: Mapping[str, Any]) -> str:
    return str(next((attributes[name] for name in PHONES if attributes.get(name) is not None), ""))


def _phone(words: str) -> str:
    """The digits of a phone number, or of its end; "" for what is none."""
    digits = "".join(c for c in words if c.isdecimal() and c.isascii())
    return digits if len(digits) >= SHORTEST and not any(c.isalpha() for c in words) else ""
