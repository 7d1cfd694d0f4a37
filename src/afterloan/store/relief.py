"""Read what relief rests on inside one transaction: a loan held against other tellers, the offers and quotes given."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.facts import FactRefused
from afterloan.facts.events import Event, event_of
from afterloan.store.contacts import place_in
from afterloan.store.events import COLUMNS


@dataclass(frozen=True, slots=True)
class HeldLoan:
    """A loan that nobody else can tell a fact of until the transaction ends: number, borrower, place, other numbers."""

    loan: int
    reference: str
    borrower: int
    borrower_reference: str
    jurisdiction: str


def hold_loan(connection: psycopg.Connection[Any], reference: str) -> HeldLoan:
    """Hold a loan: a new fact of it waits, since its row refers to the contract. Raises FactRefused."""
    connection.execute("select hold_contract(%s)", (reference,))
    row = connection.execute(
        "select c.loan, b.borrower, b.reference, b.attributes "
        "from contract c join borrower b using (borrower) where c.reference = %s",
        (reference,),
    ).fetchone()
    if row is None:
        raise FactRefused("loan", reference, "no contract of that reference", "import the contract first", "unknown")
    return HeldLoan(int(row[0]), reference, int(row[1]), str(row[2]), place_in(connection, row[3]).jurisdiction)


def event_named(connection: psycopg.Connection[Any], reference: str, cls: type[Event]) -> Any:
    """The event of a class under a reference. Raises FactRefused."""
    row = connection.execute(
        f"select {COLUMNS} where e.reference = %s and e.kind = %s", (reference, cls.KIND)
    ).fetchone()
    if row is None:
        raise FactRefused("reference", reference, f"no {cls.KIND} of that reference", "use the one it was given under")
    return event_of(*row[1:])


def loans_of(connection: psycopg.Connection[Any], borrower: str) -> list[str]:
    """The references of a borrower's loans, in order of signing."""
    rows = connection.execute(
        "select c.reference from contract c join borrower b using (borrower) where b.reference = %s "
        "order by c.signed_on, c.loan",
        (borrower,),
    ).fetchall()
    return [str(r[0]) for r in rows]


HARDSHIPS = (
    "select e.reference, b.reference as borrower, e.on_day as applied_on, e.body->>'cause' as cause, "
    "(e.body->>'decide_by')::date as decide_by, (e.body->>'review_on')::date as review_on, d.on_day as decided_on, "
    "(d.body->>'granted')::boolean as granted from event e join borrower b using (borrower) "
    "left join event d on d.borrower = e.borrower and d.kind = 'hardship.decided' and d.body->>'of' = e.reference "
    "and d.on_day <= %(on)s where e.kind = 'hardship.applied' and e.on_day <= %(on)s "
    "and (%(decided)s or d.event is null) order by d.event is not null, e.body->>'decide_by', e.event limit %(most)s"
)


def hardships_on(
    connection: psycopg.Connection[Any], on: date, decided: bool = False, most: int = 200
) -> list[dict[str, Any]]:
    """Applications of all borrowers as of a day, the one to be decided first on top; `decided`: those that were too."""
    cursor = connection.execute(HARDSHIPS, {"on": on, "decided": decided, "most": most})
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
