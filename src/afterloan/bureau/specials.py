"""What plans and endings say beside the status: special transactions of the PBoC, special comments of Metro 2."""

import numpy as np

from afterloan.bureau.cells import PAID_OFF, SOLD, WRITTEN_OFF, Cells, month_before
from afterloan.bureau.packs import rule
from afterloan.dates import NEVER
from afterloan.loan.book import Book
from afterloan.loan.terms import FactKind

RULES = {"metro2": "us.metro2.special", "pboc": "cn.pboc.special", "neutral": "cn.pboc.special"}


def specials(book: Book, cells: Cells, bureau: str, known_on: int = NEVER) -> dict[int, str]:
    """Special codes by loan number; loans without one are not there. The PBoC's are several, `1,11`; Metro 2's is one.

    An extension in March: `1` in March's record; Metro 2 carries `CO` from then on.
    """
    if not len(cells):
        return {}
    p = rule(RULES[bureau]).parameters
    at = int(cells["month_end"][0])
    facts = book.facts
    standing = (facts["on"] <= at) & (facts["known_on"] <= known_on) & (facts["gone_on"] > min(known_on, NEVER - 1))
    owner = np.repeat(np.arange(len(book)), np.diff(book.fact_at))
    found: dict[int, list[str]] = {}
    for when, since in (("month", month_before(at) + 1), ("ever", 0)):
        for kind, code in p[when].items():
            mine = standing & (facts["on"] >= since) & (facts["kind"] == FactKind[kind])
            for row in np.unique(owner[mine]).tolist():
                found.setdefault(row, []).append(code)
    _endings(book, cells, standing, owner, p, found)
    one = bureau == "metro2"
    return {
        int(cells["loan"][row]): codes[0] if one else ",".join(sorted(set(codes), key=int))
        for row, codes in found.items()
    }


def _endings(
    book: Book, cells: Cells, standing: Cells, owner: Cells, p: dict[str, str], found: dict[int, list[str]]
) -> None:
    """Settled for less than was owed, or before its time; not what was written off or sold."""
    ended = (cells["ended_on"] <= cells["month_end"]) & ~np.isin(cells["state"], [WRITTEN_OFF, SOLD])
    agreed = np.zeros(len(cells), bool)
    agreed[owner[standing & (book.facts["kind"] == FactKind.SETTLEMENT_AGREED)]] = True
    early = ended & ~agreed & (cells["periods_before"] > 1) & (cells["state"] == PAID_OFF)
    for rows, code in ((ended & agreed, p["settled_for_less"]), (early, p["settled_early"])):
        for row in np.flatnonzero(rows).tolist() if code else []:
            found.setdefault(row, []).insert(0, code)
