"""Worklists: what a case is worth working on, and in which order."""

from collections.abc import Mapping

PAYS_PERMILLE: tuple[tuple[int, int], ...] = ((3, 50), (30, 250), (60, 200), (90, 150), (180, 80), (3_700, 30))
"""Assumed lift of one conversation by days past due, in per mille of the arrears (I): a lender measures its own
with the hold-out. (last day of the band, per mille)."""
COST_FEN = 600
"""Assumed cost of working a case once (I)."""


def priority_fen(row: Mapping[str, int]) -> int:
    """What working a case once is expected to bring, in minor units, for sorting; never below 0.

    arrears × lift(days past due) / 1000, halved for each broken promise up to two, less COST_FEN; whole minor
    units, rounded down. Arrears 1,000.00 at 10 days: 1,000.00 × 250 / 1000 = 250.00, less 6.00 is 244.00.
    """
    lift = next(share for last, share in PAYS_PERMILLE if row["days_past_due"] <= last or last == 3_700)
    worth = row["arrears_fen"] * lift // 1_000
    worth //= 2 ** min(row.get("promises_broken", 0), 2)
    return max(worth - COST_FEN, 0)
