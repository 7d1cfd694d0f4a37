"""Transfers among borrowers as sparse matrices: what those did before a day with whom money is exchanged.

An edge is money that went from one account to another; who knows whom is never asked. A walk of two steps that comes
back to where it began is taken out, or a borrower's own outcome would be read as that of the neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.risk.features.compute import known_before

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DOUBT = 3.0  # neighbours of the average mixed into each rate
MOST_CORE = 10  # cores are looked for up to this many neighbours each
RING_LEAST = 4  # borrowers of a group that is shown
RING_WITHIN = 45  # days within which they borrowed, and within which they stopped
RING_SHARE = 0.6  # of a group that did both, for it to be shown


@dataclass(frozen=True, slots=True)
class Ring:
    """Borrowers who exchange money, borrowed within days of each other and stopped together: for a person to look at.

    `transfers`: how often money went between them.
    """

    borrowers: tuple[int, ...]
    borrowed: tuple[date, date]
    stopped: tuple[date, date]
    transfers: int


def edges_of(transfers: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """`payer` and `payee` of transfers that were known before a day, each pair once; to oneself is none.

    `transfers`: `payer`, `payee`, `on`, `known_on`. Raises TableRefused without a day of knowledge.
    """
    known = known_before(transfers, as_of, "transfers").filter(pl.col("payer") != pl.col("payee"))
    low, high = pl.min_horizontal("payer", "payee"), pl.max_horizontal("payer", "payee")
    return known.select(payer=low, payee=high).group_by("payer", "payee").agg(times=pl.len()).sort("payer", "payee")


def matrix_of(edges: pl.DataFrame, borrowers: Ints) -> "csr_array":
    """Who exchanged money with whom, [n, n], 1 both ways; `borrowers` [n] sorted. Others' accounts are left out."""
    from scipy.sparse import csr_array

    n = len(borrowers)
    ordered = edges.select("payer", "payee").sort("payer", "payee")
    ends = [ordered[name].to_numpy() for name in ("payer", "payee")]
    at, to = (np.minimum(np.searchsorted(borrowers, end), n - 1) for end in ends)
    known = (borrowers[at] == ends[0]) & (borrowers[to] == ends[1])
    at, to = at[known], to[known].astype(np.int32)
    # rows lie in order already, so nothing is sorted twice
    starts = np.r_[0, np.cumsum(np.bincount(at, minlength=n))].astype(np.int32)
    half = csr_array((np.ones(len(to), np.float32), to, starts), shape=(n, n))
    return csr_array(half + half.T.tocsr())


def network_of(edges: pl.DataFrame, borrowers: Ints, defaulted: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """Features of sorted `borrowers` [n] out of edges; `defaulted` [n]: was in default by then, as then known.

    `net_rate_1`, `net_rate_2`: share in default of those one and two steps away, three of the average mixed in, never
    oneself. `net_degree`, `net_core` (the most at which all of a group have so many neighbours in it), `net_size`.
    """
    from scipy.sparse.csgraph import connected_components

    a = matrix_of(edges, borrowers)
    bad = defaulted.astype(np.float64)
    degree = np.asarray(a.sum(axis=1)).ravel()
    average = float(bad.mean()) if len(bad) else 0.0
    near_bad = a @ bad
    # who lies two steps away: all walks, less those that came straight back (one over each neighbour)
    far_bad, far = a @ near_bad - degree * bad, a @ degree - degree
    _, part = connected_components(a, directed=False)
    return pl.DataFrame({
        "borrower": borrowers, "net_degree": degree,
        "net_rate_1": (near_bad + DOUBT * average) / (degree + DOUBT),
        "net_rate_2": (far_bad + DOUBT * average) / (far + DOUBT),
        "net_core": cores(a, degree), "net_size": np.bincount(part)[part].astype(np.float64),
    })  # fmt: skip


def cores(a: "csr_array", degree: Floats) -> Floats:
    """The core number [n] of each, MOST_CORE at most: a triangle with a tail has 2, 2, 2 and 1."""
    left, here, out = degree.copy(), degree > 0, np.zeros(len(degree))
    for k in range(1, MOST_CORE + 1):
        while (gone := here & (left < k)).any():
            here &= ~gone
            left -= np.bincount(a[np.flatnonzero(gone)].indices, minlength=len(left))
        out[here] = k
        if not here.any():
            break
    return out


def rings_of(edges: pl.DataFrame, borrowed: pl.DataFrame, least: int = RING_LEAST) -> list[Ring]:
    """Groups that borrow together and stop together, the largest first.

    `borrowed`: `borrower`, `on` (the last loan), `stopped_on` (since when nothing came; null: pays). Of borrowers that
    exchange money, directly or over others, those are taken whose loans lie within 45 days of the group's middle one
    and who stopped within 45 days of its middle one; shown where they are `least` and three fifths of the group.
    """
    from scipy.sparse.csgraph import connected_components

    told = borrowed.unique("borrower").sort("borrower")
    numbers = told["borrower"].to_numpy()
    a = matrix_of(edges, numbers)
    core = cores(a, np.asarray(a.sum(axis=1)).ravel())
    _, part = connected_components(a, directed=False)
    told = told.with_columns(part=pl.Series(part), core=pl.Series(core)).filter(pl.col("core") >= 1)
    both = pl.all_horizontal(_near(pl.col(name).cast(pl.Int32)) for name in ("on", "stopped_on"))
    marked = told.with_columns(both=both.fill_null(False), size=pl.len().over("part"))
    found = marked.filter(pl.col("both")).group_by("part", maintain_order=True).agg(pl.all())
    rings = [
        Ring(tuple(row["borrower"]), (min(row["on"]), max(row["on"])), (min(row["stopped_on"]), max(row["stopped_on"])),
             _times(edges, row["borrower"]))
        for row in found.iter_rows(named=True)
        if len(row["borrower"]) >= least and len(row["borrower"]) >= RING_SHARE * row["size"][0]
    ]  # fmt: skip
    return sorted(rings, key=lambda r: (-len(r.borrowers), r.borrowers))


def _near(day: pl.Expr) -> pl.Expr:
    """Whether a day lies within 45 days of the middle one of its group."""
    return (day - day.median().over("part")).abs() <= RING_WITHIN


def _times(edges: pl.DataFrame, borrowers: Sequence[int]) -> int:
    inside = edges.filter(pl.col("payer").is_in(borrowers) & pl.col("payee").is_in(borrowers))
    return int(inside["times"].sum())
