"""The repayments that stand of borrowers who promised some, as promises are judged by them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import psycopg

from afterloan.facts.events import Event
from afterloan.facts.promise import PromiseMade
from afterloan.loan.terms import FactKind
from afterloan.strategy.promises import Money

STANDING = (
    "select c.borrower, f.on_day, f.amount_fen, c.reference, f.known_on from fact f join contract c using (loan) "
    "where c.borrower = any(%(of)s) and f.kind = %(kind)s and (%(known)s::date is null or f.known_on <= %(known)s) "
    "and not exists (select from fact r where r.of_fact = f.fact "
    "and (%(known)s::date is null or r.known_on <= %(known)s)) order by f.on_day, f.fact"
)


def repaid_by(
    connection: psycopg.Connection[Any], events: Mapping[int, Iterable[Event]], known_on: date | None = None
) -> dict[int, list[Money]]:
    """By borrower (store number) the repayments that stand, as known on a day or now; minor units.

    `events`: what was told of each borrower. Money is read only of those who promised some: of the others there is
    nothing to judge, and [] stands for theirs.
    """
    found: dict[int, list[Money]] = {number: [] for number in events}
    promised = [number for number, told in events.items() if any(isinstance(e, PromiseMade) for e in told)]
    if promised:
        asked = {"of": promised, "kind": int(FactKind.REPAID), "known": known_on}
        for borrower, *money in connection.execute(STANDING, asked).fetchall():
            found[borrower].append(Money(*money))
    return found
