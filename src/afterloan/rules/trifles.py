"""What a loan may lack and still count as paid: one tolerance for ladder, worklist, class, bureau and standing."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.dates import NEVER
from afterloan.loan.book import taken
from afterloan.loan.terms import State
from afterloan.rules.packs import rules_of

LATE = (int(State.IN_GRACE), int(State.OVERDUE))


@cache
def trifles_fen(jurisdiction: str) -> int:
    """What a loan of a place may lack in all and count as paid, in minor units: `trifles_fen("CN") == 1000`."""
    most = {rule.jurisdiction: int(rule.parameters["most_fen"]) for rule in rules_of("trifles")}
    return most.get(jurisdiction, most["ANY"])


def lacks_a_trifle(positions: npt.NDArray[Any], most_fen: int | npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which POSITION [n] are past due with no more than `most_fen` (one sum, or one each) of arrears in all."""
    small = (positions["days_past_due"] > 0) & (positions["arrears_fen"].sum(axis=1) <= most_fen)
    return np.asarray(small, bool)


def without_trifles(
    positions: npt.NDArray[Any], most_fen: int | npt.NDArray[np.int64], *, written_over: bool = False
) -> npt.NDArray[Any]:
    """The same positions with those that lack a trifle as current: 2.87 short for 21 days are 0 days past due.

    What is owed stays owed. A loan that was charged off or written off is lost, whatever is left of it.
    `written_over`: nobody else looks at these positions, so they are not copied.
    """
    rows = np.flatnonzero(lacks_a_trifle(positions, most_fen) & np.isin(positions["state"], LATE))
    if not len(rows):
        return positions
    told = positions if written_over else taken(positions, np.arange(len(positions)))
    for name in ("days_past_due", "grace_days_past_due", "bucket"):
        told[name][rows] = 0
    told["oldest_unpaid_on"][rows] = NEVER
    told["state"][rows] = int(State.CURRENT)
    return told
