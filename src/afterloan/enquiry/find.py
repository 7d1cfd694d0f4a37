"""Find borrowers and their loans by what a person has at hand: a name, a number, a reference."""

from typing import Any

import psycopg

MOST = 100
FOUND = (
    "select b.reference, b.name, coalesce(b.attributes->>'phone', ''), "
    "coalesce((select string_agg(c.reference, ' ' order by c.loan) from contract c where c.borrower = b.borrower), '') "
    "from borrower b where b.reference ilike %(like)s or b.name ilike %(like)s "
    "or exists (select from jsonb_each_text(b.attributes) x where x.value = %(is)s) "
    "or regexp_replace(coalesce(b.attributes->>'phone', ''), '[^0-9]', '', 'g') = %(digits)s "
    "or b.borrower in (select borrower from contract where reference ilike %(like)s) "
    "order by b.reference limit %(most)s"
)


def find(connection: psycopg.Connection[Any], words: str) -> list[dict[str, Any]]:
    """Borrowers (at most 100, by reference) of whom a name, reference, loan or attribute has these words in it."""
    digits = "".join(c for c in words if c.isdigit()) or "-"
    like = words.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    told = {"like": f"%{like}%", "is": words.strip(), "digits": digits, "most": MOST}
    rows = connection.execute(FOUND, told).fetchall()
    return [dict(zip(("borrower", "name", "phone", "loans"), row, strict=True)) for row in rows]
