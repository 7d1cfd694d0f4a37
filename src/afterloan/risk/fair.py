"""Whether a score is fair by outcome: the share of each group that is treated well, against the best treated group."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEAST = 100  # rows of a group, below which its share is chance


@dataclass(frozen=True, slots=True)
class Fairness:
    """By group: rows and the share treated well; `impact`: the least share over the greatest, 1.0 is alike.

    Groups of fewer than 100 rows are told and not judged. `impact` is None where fewer than two groups can be judged.
    """

    by: str
    shares: dict[str, float]
    rows: dict[str, int]
    impact: float | None

    def told(self) -> dict[str, Any]:
        """For machines."""
        shares = {name: round(share, 4) for name, share in self.shares.items()}
        return {
            "by": self.by,
            "shares": shares,
            "rows": self.rows,
            "impact": round(self.impact, 4) if self.impact else self.impact,
        }


def fairness(by: str, well: npt.NDArray[np.bool_], groups: npt.NDArray[Any]) -> Fairness:
    """The adverse impact ratio of `well` [n] (treated well) over `groups` [n].

    80 of 100 women and 60 of 100 men: .60 / .80 = .75, below the four fifths that are asked for.
    """
    shares, rows = {}, {}
    for group in sorted(set(groups.tolist())):
        here = groups == group
        shares[str(group)], rows[str(group)] = float(well[here].mean()), int(here.sum())
    judged = [shares[g] for g in shares if rows[g] >= LEAST and g != "not recorded"]
    impact = min(judged) / max(judged) if len(judged) > 1 and max(judged) > 0 else None
    return Fairness(by, shares, rows, impact)
