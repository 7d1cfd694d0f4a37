"""What plans and endings say beside the status: special transactions of the PBoC, special comments of Metro 2."""

import numpy as np
import numpy.typing as npt

from afterloan.bureau.cells import PAID_OFF, SOLD, WRITTEN_OFF, Cells, month_before
from afterloan.bureau.packs import rule
from afterloan.dates import NEVER
from afterloan.loan.book import Book, part
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import FactKind

SETTLEMENT_AGREED = int(FactKind.SETTLEMENT_AGREED)
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
    _endings(book, cells, standing & (facts["kind"] == SETTLEMENT_AGREED), owner, known_on, p, found)
    one = bureau == "metro2"
    return {
        int(cells["loan"][row]): codes[0] if one else ",".join(sorted(set(codes), key=int))
        for row, codes in found.items()
    }


def _endings(
    book: Book,
    cells: Cells,
    agreements: Cells,
    owner: Cells,
    known_on: int,
    p: dict[str, str],
    found: dict[int, list[str]],
) -> None:
    """Settled for less than was owed, or before its time; not what was written off or sold.

    A settlement that lapsed, after which all was repaid, was not for less: something must have been given up.
    """
    ended = (cells["ended_on"] <= cells["month_end"]) & ~np.isin(cells["state"], [WRITTEN_OFF, SOLD])
    agreed = np.zeros(len(cells), bool)
    agreed[owner[agreements]] = True
    settled = np.flatnonzero(ended & agreed)
    given_up = reckon_book(part(book, settled), int(cells["month_end"][0]), known_on)["waived_fen"].sum(axis=1)
    agreed[settled] = given_up > 0
    early = ended & ~agreed & (cells["periods_before"] > 1) & (cells["state"] == PAID_OFF)
    early[early] = _had_more_to_come(book, cells, np.flatnonzero(early), known_on)
    for rows, code in ((ended & agreed, p["settled_for_less"]), (early, p["settled_early"])):
        for row in np.flatnonzero(rows).tolist() if code else []:
            found.setdefault(row, []).insert(0, code)


def _had_more_to_come(book: Book, cells: Cells, rows: npt.NDArray[np.int64], known_on: int) -> npt.NDArray[np.bool_]:
    """Whether an instalment was still ahead of loans `rows` on the evening before they ended."""
    found = np.zeros(len(rows), np.bool_)
    eves = cells["ended_on"][rows] - 1
    for eve in np.unique(eves):
        mine = np.flatnonzero(eves == eve)
        seen = reckon_book(part(book, rows[mine]), int(eve), known_on)
        found[mine] = seen["next_due_on"] < NEVER
    return found
