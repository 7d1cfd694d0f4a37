"""Where money that came in went: by component of the debt and by the bucket it met, what waits, what was given back.

Read off the journal alone, so that it adds up to the cash account to the cent, by day or by month.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import psycopg

from afterloan.expected import BadInput
from afterloan.journal.accounts import Account
from afterloan.loan.terms import Cause, Component

CASH = Account.CASH_CLEARING
POOL = (Account.UNAPPLIED, Account.SUSPENSE, Account.REFUNDS_DUE, Account.TRANSFERS)
"""Where money stands that came in and met no debt yet: of a loan, of nobody known, to be given back, on its way."""
LONGEST = {"day": 400, "month": 3_700}
"""Days that are told at most, by day and by month."""
FLOWS = (
    "select {at} as at, e.cause, e.component, e.debit, e.credit, "
    "case when {meets} then coalesce(b.to_bucket, 0) else -1 end as bucket, sum(e.amount_fen)::bigint "
    "from entry e left join lateral (select t.to_bucket from transition t where {meets} and t.loan = e.loan "
    "and t.closed_on < e.closed_on order by t.closed_on desc, t.kind desc limit 1) b on true "
    "where e.closed_on between %(first)s and %(last)s and (e.debit = any(%(money)s) or e.credit = any(%(money)s)) "
    "group by 1, 2, 3, 4, 5, 6 order by 1"
)
MEETS = "((e.debit = any(%(pool)s)) <> (e.credit = any(%(pool)s)) and e.debit <> %(cash)s and e.credit <> %(cash)s)"
BALANCES = (
    "select coalesce(sum(case when debit = %(cash)s then amount_fen when credit = %(cash)s then -amount_fen end), 0)"
    "::bigint, coalesce(sum(case when credit = any(%(pool)s) then amount_fen else 0 end "
    "- case when debit = any(%(pool)s) then amount_fen else 0 end), 0)::bigint "
    "from entry where closed_on <= %(on)s and (debit = any(%(money)s) or credit = any(%(money)s))"
)
ASKED = {"pool": [int(a) for a in POOL], "cash": int(CASH), "money": [int(CASH), *(int(a) for a in POOL)]}


@dataclass(slots=True)
class CashOf:
    """One day or month (`at`: its first day), in minor units.

    `received` of borrowers, `applied` by component, `recovered` after a write-off, `refunded`; `paid_out` to borrowers,
    `sold` for a price; `waits`: what stands unapplied at its end; `cash`: by how much the cash account moved.
    """

    at: date
    received: int = 0
    applied: Counter[str] = field(default_factory=Counter)
    buckets: Counter[int] = field(default_factory=Counter)
    recovered: int = 0
    refunded: int = 0
    paid_out: int = 0
    sold: int = 0
    waits: int = 0

    @property
    def met(self) -> int:
        """What met debt, of all components and written-off ones."""
        return sum(self.applied.values()) + self.recovered

    @property
    def kept(self) -> int:
        """By how much what waits grew: received − met − refunded."""
        return self.received - self.met - self.refunded

    @property
    def cash(self) -> int:
        """By how much the cash account moved: received + sold − refunded − paid out."""
        return self.received + self.sold - self.refunded - self.paid_out

    def told(self) -> dict[str, Any]:
        """JSON values."""
        plain = {name: getattr(self, name) for name in
                 ("received", "recovered", "refunded", "paid_out", "sold", "waits", "met", "kept", "cash")}  # fmt: skip
        applied = {f"{one.name.lower()}_fen": self.applied[one.name.lower()] for one in Component}
        buckets = {f"M{bucket}" if bucket else "current": fen for bucket, fen in sorted(self.buckets.items())}
        return {"at": self.at, **{f"{name}_fen": fen for name, fen in plain.items()}, "applied": applied,
                "by_bucket_fen": buckets}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cash:
    """The days or months, and their proof: the accounts before, after, and what the parts say is missing (0)."""

    rows: list[CashOf]
    total: CashOf
    cash_before: int
    cash_after: int
    waits_before: int
    waits_after: int

    @property
    def difference(self) -> int:
        """What the parts do not explain of both accounts' moves: 0 in a whole book."""
        cash = self.cash_after - self.cash_before - self.total.cash
        waits = self.waits_after - self.waits_before - self.total.kept
        return abs(cash) + abs(waits)

    def told(self) -> dict[str, Any]:
        """JSON values."""
        names = ("cash_before", "cash_after", "waits_before", "waits_after", "difference")
        return {**{f"{name}_fen": getattr(self, name) for name in names}, "total": self.total.told(),
                "data": [row.told() for row in self.rows]}  # fmt: skip


def cash_between(
    connection: psycopg.Connection[Any], first: date, last: date, by: Literal["day", "month"] = "day"
) -> Cash:
    """What came in from a day to another, by day or month, and where it went.

    1,300.00 came in, an instalment of 1,092.00 took it: principal 940.00, interest 152.00; 208.00 waits. Raises
    BadInput: no span of days, or too long a one.
    """
    if not 0 <= (last - first).days < LONGEST[by]:
        raise BadInput(f"{first} to {last} is not 1 to {LONGEST[by]} days; name a later last day, or a nearer one")
    at = "e.closed_on" if by == "day" else "date_trunc('month', e.closed_on)::date"
    sql = FLOWS.format(at=at, meets=MEETS)
    rows: dict[date, CashOf] = {}
    total = CashOf(first)
    for day, cause, component, debit, credit, bucket, fen in connection.execute(
        sql, {"first": first, "last": last, **ASKED}
    ).fetchall():
        for row in (rows.setdefault(day, CashOf(day)), total):
            _add(row, (cause, component, bucket), debit, credit, int(fen))
    before, after = (_balances(connection, on) for on in (date.fromordinal(first.toordinal() - 1), last))
    waits = before[1]
    for row in rows.values():
        waits += row.kept
        row.waits = waits
    total.waits = after[1]
    return Cash(list(rows.values()), total, before[0], after[0], before[1], after[1])


def _balances(connection: psycopg.Connection[Any], on: date) -> tuple[int, int]:
    """The cash account and what waits, at the close of a day."""
    row = connection.execute(BALANCES, {"on": on, **ASKED}).fetchone()
    assert row is not None, "a sum has a row"
    return int(row[0]), int(row[1])


def _add(row: CashOf, why: tuple[int, int, int], debit: int, credit: int, fen: int) -> None:
    """Put one sum of entries where it belongs. What is taken back is booked the other way round: it lessens it."""
    cause, component, bucket = why
    if CASH in (debit, credit):
        came = fen if debit == CASH else -fen
        if cause == Cause.REFUNDED:
            row.refunded -= came
        elif cause == Cause.DISBURSED:
            row.paid_out -= came
        elif debit in POOL or credit in POOL:
            row.received += came
        else:
            row.sold += came
    elif (debit in POOL) != (credit in POOL):
        met = fen if debit in POOL else -fen
        if cause == Cause.RECOVERED:
            row.recovered += met
        else:
            row.applied[Component(component).name.lower()] += met
        row.buckets[bucket] += met


CSV_COLUMNS = (
    "at", "received", "principal", "interest", "fee", "penalty", "recovered", "refunded", "waits", "paid_out", "sold",
    "cash",
)  # fmt: skip


def as_csv(cash: Cash) -> str:
    """The rows and their sum as CSV, in minor units; a bucket is not told here."""
    lines = [",".join(f"{name}_fen" if name != "at" else name for name in CSV_COLUMNS)]
    for row, at in [*((one, str(one.at)) for one in cash.rows), (cash.total, "total")]:
        values = [row.applied[name] if name in ("principal", "interest", "fee", "penalty") else getattr(row, name)
                  for name in CSV_COLUMNS[1:]]  # fmt: skip
        lines.append(",".join((at, *map(str, values))))
    return "\n".join(lines) + "\n"
