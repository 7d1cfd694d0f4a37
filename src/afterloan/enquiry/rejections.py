"""What bureaus did not take: each line with its reason, what mends it, and when it went or goes out again."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.bureau.reportable import TOLD
from afterloan.store.events import BODY

PERSON = ("name", "surname", "first_name", "id_type", "id_number", "ssn", "date_birth", "address", "city", "state",
          "zip", "phone", "mobile")  # fmt: skip
"""Fields about the person: they are mended where the borrower's details are."""
REJECTED = (
    "select e.reference, e.known_on, b.reference, c.reference, e.body->>'bureau', (e.body->>'month_end')::date, "
    f"(e.body->>'turn')::int, coalesce(e.body->>'field', ''), e.body->>'code', {BODY}, "
    "r.status, f.known_on, f.furnishing "
    "from event e join borrower b using (borrower) join contract c on c.loan = e.loan "
    "left join lateral (select status from furnished x where x.loan = e.loan and x.bureau = e.body->>'bureau' "
    "and x.month_end = (e.body->>'month_end')::date and x.turn = (e.body->>'turn')::int limit 1) r on true "
    "left join lateral (select x.turn, x.furnishing from furnished x join furnishing g using (furnishing) "
    "where x.loan = e.loan and x.bureau = e.body->>'bureau' and g.known_on <= %(on)s "
    "and x.month_end = (e.body->>'month_end')::date and x.turn > (e.body->>'turn')::int order by x.turn limit 1) a "
    "on true left join furnishing f on f.furnishing = a.furnishing "
    "where e.kind = 'bureau.rejected' and e.known_on <= %(on)s and %(bureau)s in ('', e.body->>'bureau') "
    "order by (a.turn is not null), e.known_on desc, e.event limit %(most)s"
)


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that a bureau did not take; `told`: the status that was told.

    `again_on`: the day as known on which it was told once more, in the file `again`; None: it waits for the next file.
    """

    reference: str
    known_on: date
    borrower: str
    loan: str
    bureau: str
    month_end: date
    turn: int
    field: str
    code: str
    reason: str
    told: str
    again_on: date | None
    again: int | None

    @property
    def line(self) -> str:
        """The line of the bureau's file, by which the rejection is named."""
        return self.reference.rpartition(":")[2]

    @property
    def mends(self) -> str:
        """Where it is mended: person (the borrower's details), book (a fact of the loan), asked (ask the bureau)."""
        return mends(self.field)

    def as_told(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "line": self.line, "mends": self.mends}


def rejected_lines(
    connection: psycopg.Connection[Any], on: date, bureau: str = "", most: int = 500
) -> list[RejectedLine]:
    """Lines that bureaus, or one, did not take, as known on a day: those that wait first, the newest on top."""
    rows = connection.execute(REJECTED, {"on": on, "bureau": bureau, "most": most}).fetchall()
    return [RejectedLine(*_with_reason(row)) for row in rows]


def _with_reason(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of REJECTED with the reason out of what was told."""
    return (*row[:9], row[9].get("reason", "-"), *row[10:])


def mends(field: str) -> str:
    """Where what a bureau says of a field is mended: `mends("id_number") == "person"`, `mends("status") == "book"`."""
    name = field.strip().lower().replace(" ", "_")
    if name in PERSON:
        return "person"
    stems = {column.removesuffix("_fen") for column in TOLD}
    return "book" if name.removesuffix("_fen") in stems else "asked"
