"""Find borrowers and their loans by what a person has at hand: a name, a number, a reference."""

from typing import Any

import psycopg

MOST = 100
PHONES = ("mobile", "phone")
FOUND = (
    "select b.reference, b.name, coalesce(b.attributes->>'mobile', b.attributes->>'phone', ''), "
    "coalesce((select string_agg(c.reference, ' ' order by c.loan) from contract c where c.borrower = b.borrower), '') "
    "from borrower b where b.reference ilike %(like)s or b.name ilike %(like)s "
    "or exists (select from jsonb_each_text(b.attributes) x where x.value = %(is)s "
    "or (x.key = any(%(phones)s) and %(digits)s <> '' "
    "and regexp_replace(x.value, '[^0-9]', '', 'g') like '%%' || %(digits)s)) "
    "or upper(b.attributes->>'id_number') = upper(%(is)s) "
    "or b.borrower in (select borrower from contract where reference ilike %(like)s) "
    "order by b.reference limit %(most)s"
)
SHORTEST = 4
"""Digits of a phone number that are looked for: its last four find it, three would find half the book."""


def find(connection: psycopg.Connection[Any], words: str) -> list[dict[str, Any]]:
    """Borrowers (at most 100, by reference) found by a part of a name, reference or loan, by a phone's last digits
    (`0013 8000`), or by a whole number of identity, e-mail or other attribute.
    """
    words = words.strip()
    digits = "".join(c for c in words if c.isdigit())
    only_digits = not any(c.isalpha() for c in words) and len(digits) >= SHORTEST
    like = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    told = {"like": f"%{like}%", "is": words, "digits": digits if only_digits else "", "most": MOST,
            "phones": list(PHONES)}  # fmt: skip
    rows = connection.execute(FOUND, told).fetchall()
    return [dict(zip(("borrower", "name", "phone", "loans"), row, strict=True)) for row in rows]
