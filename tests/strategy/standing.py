"""Who stands on which step of a ladder, as rows to be looked at."""

import polars as pl

from afterloan.strategy.ladder import Ladder, LadderStep, standing_on


def matches(ladder: Ladder, borrowers: pl.DataFrame, loans: pl.DataFrame) -> list[tuple[LadderStep, pl.DataFrame]]:
    """For each step the rows of `borrowers` that stand on its very day (`standing_on` says their places)."""
    return [(step, borrowers[at]) for step, at in standing_on(ladder, borrowers, loans)]
