"""Find borrowers and their loans by what a person has at hand: a name, a number, a reference."""

import json
from typing import Any

import psycopg

MOST = 100
WHOLE = (
    "select borrower from borrower where reference = %(is)s "
    "union select borrower from contract where reference = %(is)s "
    "union select borrower from borrower where attributes @? %(path)s::jsonpath "
    "union select borrower from borrower where upper(attributes->>'id_number') = upper(%(is)s)"
)
"""Whose reference, loan, number of identity or other attribute is just that: each by an index."""
PART = (
    "select borrower from borrower where reference ilike %(like)s or name ilike %(like)s "
    "union select borrower from contract where reference ilike %(like)s"
)
"""Whose name, reference or loan has that in it: the book is gone through once."""
PHONES = ("mobile", "phone")
BY_TAIL = "".join(
    " union select borrower from borrower where "
    f"reverse(regexp_replace(attributes->>'{name}', '[^0-9]', '', 'g')) like %(tail)s"
    for name in PHONES
)
FOUND = (
    "select b.reference, b.name, coalesce(b.attributes->>'mobile', b.attributes->>'phone', ''), "
    "coalesce((select string_agg(c.reference, ' ' order by c.loan) from contract c where c.borrower = b.borrower), '') "
    "from borrower b where b.borrower in ({}) order by b.reference limit %(most)s"
)
SHORTEST = 4
"""Digits of a phone number that are looked for: its last four find it, three would find half the book."""


def find(connection: psycopg.Connection[Any], words: str) -> list[dict[str, Any]]:
    """Borrowers (at most 100, by reference) found by a part of a name, reference or loan, by a phone's last digits
    (`0013 8000`), or by a whole number of identity, e-mail or other attribute.

    A whole reference or number finds whose it is, at once, and nobody of whose it is only a part.
    """
    words = words.replace("\0", "").strip()
    like = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    told = {"is": words, "like": f"%{like}%", "most": MOST, "path": f"$.* ? (@ == {json.dumps(words)})"}
    rows = connection.execute(FOUND.format(WHOLE), told).fetchall()
    if not rows:
        tail = _phone(words)
        parts = PART + BY_TAIL if tail else PART
        rows = connection.execute(FOUND.format(parts), told | {"tail": f"{tail[::-1]}%"}).fetchall()
    return [dict(zip(("borrower", "name", "phone", "loans"), row, strict=True)) for row in rows]


def _phone(words: str) -> str:
    """The digits of a phone number, or of its end; "" for what is none."""
    digits = "".join(c for c in words if c.isdecimal() and c.isascii())
    return digits if len(digits) >= SHORTEST and not any(c.isalpha() for c in words) else ""
