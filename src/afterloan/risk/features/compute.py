"""Features of borrowers as of a day, worked out by Polars from what was known before that day, and nothing else."""

from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from afterloan.risk.features.declared import FROM_FEATURES, Feature
from afterloan.risk.table import TableRefused

Sources = Mapping[str, pl.DataFrame]


def known_before(rows: pl.DataFrame, as_of: date, source: str, on: str = "on") -> pl.DataFrame:
    """Rows of which we learnt before `as_of` (`known_on < as_of`), with their `age` in days; later ones are not there.

    Raises TableRefused for a source without a date of knowledge: nobody could say what it would have told then.
    A row of 3 March that we learnt on the 5th is not seen as of the 5th; as of the 6th it is 3 days old.
    """
    if "known_on" not in rows.columns:
        raise TableRefused(
            f"source {source!r} has no column known_on: what was known on a day cannot be said of it, so nothing may "
            "learn from it; bring the day on which each row became known"
        )
    told = rows.filter((pl.col("known_on") < as_of) & (pl.col(on) < as_of))
    return told.with_columns(age=(pl.lit(as_of) - pl.col(on)).dt.total_days())


def features_of(sources: Sources, features: Iterable[Feature], borrowers: pl.Series) -> pl.DataFrame:
    """A row each of `borrowers` in their order: `borrower` and the features, Float64, null where not recorded.

    `sources`: rows by source with `borrower`, `age` where windows are asked for, and what the rules name. A feature
    whose source is not there is null throughout.
    """
    asked = list(features)
    frame = pl.DataFrame({"borrower": borrowers})
    for (source, condition), few in _alike(asked).items():
        if source not in sources:
            frame = frame.with_columns(pl.lit(None, pl.Float64).alias(f.name) for f in few)
            continue
        rules = [pl.sql_expr(f.rule).cast(pl.Float64).alias(f.name) for f in few]
        rows = sources[source]
        if condition != "1 = 1":
            rows = rows.filter(pl.sql_expr(condition))
        frame = frame.join(rows.group_by("borrower").agg(rules), on="borrower", how="left", maintain_order="left")
        frame = frame.with_columns(_filled(f) for f in few)
    for f in asked:
        if f.source == FROM_FEATURES:
            frame = frame.with_columns(pl.sql_expr(f.rule).cast(pl.Float64).alias(f.name))
    return frame.select("borrower", *(f.name for f in asked))


def _filled(feature: Feature) -> pl.Expr:
    column = pl.col(feature.name)
    column = pl.when(column.is_finite()).then(column)
    return column if feature.missing == "not_recorded" else column.fill_null(float(feature.missing))


def _alike(features: Iterable[Feature]) -> dict[tuple[str, str], list[Feature]]:
    """Features that read the same rows, so that rows are filtered and grouped once."""
    found: dict[tuple[str, str], list[Feature]] = {}
    for f in features:
        if f.source != FROM_FEATURES:
            found.setdefault((f.source, f.condition()), []).append(f)
    return found
