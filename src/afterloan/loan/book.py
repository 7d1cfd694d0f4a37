"""A book in memory: many loans as a few flat arrays, cut by offsets."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.void]
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Book:
    """Loans `0 … n-1`: loan i's facts are `facts[fact_at[i]:fact_at[i + 1]]`, sorted by (on, kind, reference).

    `products` PRODUCT [p]; `contracts` CONTRACT [n]; `promised` PROMISED [m] with `promised_at` [n + 1];
    `facts` FACT [k] with `fact_at` [n + 1]; `calendars` bool [c, days since 1970-01-01]: True on business days.
    """

    products: Records
    contracts: Records
    promised: Records
    promised_at: Offsets
    facts: Records
    fact_at: Offsets
    calendars: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """How many loans."""
        return len(self.contracts)
