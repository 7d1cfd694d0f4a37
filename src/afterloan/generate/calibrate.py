"""Measure how real borrowers pay, as the numbers the generator draws from.

`python -m afterloan.generate.calibrate FOLDER` prints the measured part of `calibration.yaml` for a folder
that holds `instalments.csv` and `previous_loans.csv` in the columns of the Home Credit 2018 sample.
Measuring is no part of the book: shares here may be floats, what leaves is whole numbers.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

ORDINARY_LATE_DAYS = 30
"""Later than this is trouble (a shock, unwillingness), which the generator draws by other means."""
CLASSES = 20
QUANTILES = 100
NEVER_DRAWN = 365_243  # how the source writes "no such day"


def read_payments(folder: Path) -> pl.DataFrame:
    """Payments of instalment loans (version 0, cards, left out) with `late` days, `part` = paid less than due."""
    day = pl.col("DAYS_ENTRY_PAYMENT") - pl.col("DAYS_INSTALMENT")
    rows = pl.read_csv(folder / "instalments.csv", infer_schema_length=None)
    rows = rows.filter(pl.col("NUM_INSTALMENT_VERSION") > 0)
    return rows.with_columns(late=day, part=pl.col("AMT_PAYMENT") < pl.col("AMT_INSTALMENT") - 0.005)


def quantiles(values: np.ndarray[Any, Any]) -> list[int]:
    """101 whole quantiles (0, 1, …, 100 %) of values, by nearest rank."""
    return [int(v) for v in np.quantile(values, np.linspace(0, 1, QUANTILES + 1), method="nearest")]


def beta_classes(mean: float, spread: float) -> list[int]:
    """A Beta distribution of mean and variance as the parts per million of 20 equal classes of borrowers.

    The middle of each class's mass; classes are scaled so that their mean is the mean asked for.
    """
    size = mean * (1 - mean) / spread - 1
    a, b = mean * size, (1 - mean) * size
    grid = (np.arange(200_000) + 0.5) / 200_000
    density = np.exp((a - 1) * np.log(grid) + (b - 1) * np.log1p(-grid))
    mass = np.cumsum(density) / density.sum()
    middle = grid[np.searchsorted(mass, (np.arange(CLASSES) + 0.5) / CLASSES)]
    return [int(v) for v in np.round(middle * mean / middle.mean() * 1_000_000)]


def late_spread(payments: pl.DataFrame, mean: float) -> float:
    """Variance between clients of their chance to be late: pairs of payments of one client agree that much more.

    Of a client with n payments, l of them late, l(l-1) of n(n-1) ordered pairs are late twice; on average
    over pairs that is the mean squared plus the variance between clients.
    """
    clients = payments.group_by("SK_ID_CURR").agg(n=pl.len(), lates=(pl.col("late") > 0).sum())
    pairs = int((clients["n"] * (clients["n"] - 1)).sum())
    twice = int((clients["lates"].cast(pl.Int64) * (clients["lates"].cast(pl.Int64) - 1)).sum())
    return max(twice / pairs - mean * mean, mean * (1 - mean) / 1000)


def loans_of_clients(payments: pl.DataFrame) -> list[int]:
    """How many clients have 1, 2, …, 8 loans (more count as 8)."""
    counts = payments.group_by("SK_ID_CURR").agg(n=pl.col("SK_ID_PREV").n_unique().clip(1, 8))["n"]
    return [int((counts == k).sum()) for k in range(1, 9)]


def ended_early(folder: Path, payments: pl.DataFrame) -> float:
    """The share of ended loans whose last due day lies more than a month before the one first planned."""
    loans = pl.read_csv(folder / "previous_loans.csv", infer_schema_length=None)
    loans = loans.filter(pl.col("SK_ID_PREV").is_in(payments["SK_ID_PREV"].unique().to_list()))
    ended = loans.filter((pl.col("DAYS_LAST_DUE") < 0) & (pl.col("DAYS_LAST_DUE_1ST_VERSION") < NEVER_DRAWN))
    early = ended.filter(pl.col("DAYS_LAST_DUE") < pl.col("DAYS_LAST_DUE_1ST_VERSION") - 31)
    return early.height / ended.height


def measure(folder: Path) -> dict[str, Any]:
    """The measured numbers: shares in parts per million, days and permille as 101 quantiles."""
    payments = read_payments(folder)
    late = float((payments["late"] > 0).mean())  # type: ignore[arg-type]
    part = float(payments["part"].mean())  # type: ignore[arg-type]
    ordinary = payments.filter(pl.col("late").is_between(1, ORDINARY_LATE_DAYS))
    early = payments.filter(pl.col("late") < 0)
    parts = payments.filter(pl.col("part") & (pl.col("AMT_INSTALMENT") > 0))
    share = (parts["AMT_PAYMENT"] / parts["AMT_INSTALMENT"] * 1000).round().clip(1, 999)
    return {
        "payments": payments.height,
        "late_ppm_of_payments": round(late * 1_000_000),
        "late_ppm_by_class": beta_classes(late, late_spread(payments, late)),
        "late_days": quantiles(ordinary["late"].to_numpy()),
        "early_days": quantiles(-early["late"].to_numpy()),
        # a row is part of an instalment paid in two with chance r = 2s / (1 + s), so s = r / (2 - r)
        "split_ppm_of_instalments": round(part / (2 - part) * 1_000_000),
        "part_permille": quantiles(share.to_numpy()),
        "payoff_ppm_of_loans": round(ended_early(folder, payments) * 1_000_000),
        "clients_with_loans": loans_of_clients(payments),
    }


BANDS = (
    ("early", -100_000, -1),
    ("on the day", 0, 0),
    ("1-3 days late", 1, 3),
    ("4-30 days late", 4, 30),
    ("31-60 days late", 31, 60),
    ("61-90 days late", 61, 90),
    ("over 90 days late", 91, 100_000),
)


def bands(late: np.ndarray[Any, Any]) -> dict[str, float]:
    """The share of payments in each band of lateness, in percent: {'early': 72.3, …}."""
    return {name: round(100 * float(((late >= low) & (late <= high)).mean()), 2) for name, low, high in BANDS}


def main(folder: str) -> None:
    """Print the measured part of `calibration.yaml` for a data folder."""
    print(yaml.safe_dump({"measured": measure(Path(folder))}, sort_keys=False, default_flow_style=None, width=110))


if __name__ == "__main__":
    main(sys.argv[1])
