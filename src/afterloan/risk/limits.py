"""How far each line goes: the safest first, within steps, waiting and what is drawn, until the budget's price is met.

All whole numbers. A budget is met by one price: lines whose chance of default lies below it go up as far as they may,
those above it come down, and only the line at the price itself stops between. For one budget that is the optimum.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
MILLION = 1_000_000
MOST_FEN = 10**11
"""A billion of major units: no line is wider, so that limit × ppm stays within 64 bits."""
REASONS = ("price", "late", "changed_lately", "band_young", "drawn", "means", "cap", "unscored")
"""Why a line stands where it does; `price`: the budget alone decided."""


@dataclass(frozen=True, slots=True)
class LinePolicy:
    """The lender's rule. `step_ppm`: most of one change; `between_days`: between two; `band_days`: in a band before.

    `unit_fen`: limits are whole multiples where they move. `margin_ppm`: random change inside the safe bands, to learn
    from; 0: none. `cap_fen`: the widest line.
    """

    step_ppm: int = 200_000
    between_days: int = 90
    band_days: int = 60
    cap_fen: int = MOST_FEN
    unit_fen: int = 1
    margin_ppm: int = 0
    needs_yes: bool = True


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines [n]. `pd_ppm`: chance of default, -1: not scored. `means_fen`: what the borrower can carry, -1: not known.

    `means_fen` = band factor × verified disposable income − other instalments, as the caller reckons it. `safe`: of
    whom a margin may be drawn; `budget`: the number of the budget that each belongs to.
    """

    limit_fen: Ints
    drawn_fen: Ints
    pd_ppm: Ints
    late: Mask
    means_fen: Ints
    days_since_change: Ints
    days_in_band: Ints
    safe: Mask
    budget: Ints


@dataclass(frozen=True, slots=True)
class LinesSet:
    """`after_fen` [n]; `why` [n] numbers of REASONS; `price_ppm` by budget: the chance at which lines stop rising."""

    after_fen: Ints
    why: Ints
    price_ppm: dict[int, int] = field(default_factory=dict)


def bounds(lines: Lines, policy: LinePolicy) -> tuple[Ints, Ints, Ints]:
    """Lowest and highest line of each [n] today, and the number of the reason that holds it.

    A line of 10,000.00, 9,500.00 drawn, 20 % a step: from 9,500.00 (drawn) to 12,000.00.
    """
    assert int(lines.limit_fen.max(initial=0)) <= MOST_FEN and int(lines.limit_fen.min(initial=0)) >= 0
    limit, step = lines.limit_fen, lines.limit_fen * policy.step_ppm // MILLION
    why = np.zeros(len(limit), np.int64)
    unscored = lines.pd_ppm < 0
    held = (lines.days_since_change < policy.between_days) | (lines.days_in_band < policy.band_days) | unscored
    low = np.where(held, limit, _up(limit - step, policy.unit_fen, limit))
    high = np.where(held | lines.late, limit, np.maximum(_down(limit + step, policy.unit_fen), limit))
    drawn = np.minimum(lines.drawn_fen, limit)
    why[low < drawn] = REASONS.index("drawn")
    low = np.maximum(low, drawn)
    ceiling = np.minimum(np.where(lines.means_fen < 0, policy.cap_fen, lines.means_fen), policy.cap_fen)
    bound = ~held & (high > ceiling)
    why[bound] = np.where(ceiling[bound] < policy.cap_fen, REASONS.index("means"), REASONS.index("cap"))
    high = np.where(held, high, np.clip(ceiling, low, high))
    for name, at in (
        ("late", lines.late), ("band_young", lines.days_in_band < policy.band_days),
        ("changed_lately", lines.days_since_change < policy.between_days), ("unscored", unscored),
    ):  # fmt: skip
        why[at] = REASONS.index(name)
    return low, high, why


def _up(fen: Ints, unit: int, most: Ints) -> Ints:
    return np.minimum(-(-fen // unit) * unit, most)


def _down(fen: Ints, unit: int) -> Ints:
    return np.asarray(fen // unit * unit)


def set_lines(lines: Lines, policy: LinePolicy, chance_ppm: Ints | None = None) -> LinesSet:
    """Every line anew with the total of each budget as it was: the least default for the same total.

    Where caps, means and arrears leave less than the total, all goes as far as it may. `chance_ppm` [n] in 0 … 10^6:
    drawn by the caller for the random margin, none where it is not given.
    """
    low, high, why = bounds(lines, policy)
    after = low.copy()
    prices: dict[int, int] = {}
    for budget in np.unique(lines.budget).tolist():
        at = np.flatnonzero(lines.budget == budget)
        room = int(lines.limit_fen[at].sum()) - int(low[at].sum())
        given, prices[budget] = allot(high[at] - low[at], lines.pd_ppm[at], max(room, 0))
        after[at] += given
    if chance_ppm is not None and policy.margin_ppm:
        inside = lines.safe & (high > low)
        shift = after * policy.margin_ppm // MILLION * (2 * chance_ppm - MILLION) // MILLION
        after = np.where(inside, np.clip(_down(after + shift, policy.unit_fen), low, high), after)
    return LinesSet(after, why, prices)


def chance_drawn(borrowers: Ints, day: int) -> Ints:
    """A number in 0 … 10^6 - 1 for each borrower [n] of a day, evenly spread, the same whenever it is asked for.

    SplitMix64 of borrower and day: whoever looks at the proposal later can draw it again and see that nobody chose it.
    """
    with np.errstate(over="ignore"):
        z = borrowers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(day) * np.uint64(0xD1B54A32D192ED03)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((z ^ (z >> np.uint64(31))) % np.uint64(MILLION), np.int64)


def allot(room: Ints, pd_ppm: Ints, total: int) -> tuple[Ints, int]:
    """What of `total` each gets [n], at most its `room`, the safest first; and the price, the last one's chance.

    Room of 10, 10, 10 at chances of 3 %, 1 %, 2 %, a total of 15: 0, 10, 5, price 2 %.
    """
    order = np.lexsort((np.arange(len(room)), pd_ppm))
    before = np.cumsum(room[order]) - room[order]
    given = np.zeros(len(room), np.int64)
    given[order] = np.clip(total - before, 0, room[order])
    got = pd_ppm[given > 0]
    return given, int(got.max()) if len(got) else 0


def expected_default(limit_fen: Ints, pd_ppm: Ints) -> int:
    """Limit that stands with those who will default, expected; minor units. Those not scored count as the average."""
    scored = pd_ppm >= 0
    average = int(pd_ppm[scored].mean()) if scored.any() else 0
    return sum((limit_fen // 100 * np.where(scored, pd_ppm, average) // (MILLION // 100)).tolist())


def told_lines(before: Lines, after: LinesSet, gone: Mask | None = None) -> dict[str, object]:
    """The portfolio before and after, in minor units and counts; `gone` [n]: who defaulted, where that is known."""
    moved = after.after_fen - before.limit_fen
    told: dict[str, object] = {
        "lines": len(moved), "raised": int((moved > 0).sum()), "lowered": int((moved < 0).sum()),
        "unchanged": int((moved == 0).sum()),
        "before_fen": int(before.limit_fen.sum()), "after_fen": int(after.after_fen.sum()),
        "expected_default_before_fen": expected_default(before.limit_fen, before.pd_ppm),
        "expected_default_after_fen": expected_default(after.after_fen, before.pd_ppm),
        "below_drawn": int((after.after_fen < np.minimum(before.drawn_fen, before.limit_fen)).sum()),
        "price_ppm": {str(k): v for k, v in after.price_ppm.items()},
        "held_by": {name: int((after.why == k).sum()) for k, name in enumerate(REASONS) if (after.why == k).any()},
    }  # fmt: skip
    if gone is not None:
        shares = [
            int(limit[gone].sum()) * MILLION // max(int(limit.sum()), 1)
            for limit in (before.limit_fen, after.after_fen)
        ]
        change = (shares[1] - shares[0]) * MILLION // max(shares[0], 1)
        told |= {"default_share_before_ppm": shares[0], "default_share_after_ppm": shares[1], "change_ppm": change}
    return told
