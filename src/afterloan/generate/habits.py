"""The habits of borrowers as whole numbers, read from `calibration.yaml`."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, Field

Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Quantiles = Annotated[tuple[int, ...], Field(min_length=101, max_length=101)]
Whole = npt.NDArray[np.int64]


class Measured(BaseModel):
    """What `afterloan.generate.calibrate` measures."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    payments: int
    late_ppm_of_payments: Ppm
    late_ppm_by_class: Annotated[tuple[Ppm, ...], Field(min_length=20, max_length=20)]
    late_days: Quantiles
    early_days: Quantiles
    split_ppm_of_instalments: Ppm
    part_permille: Quantiles
    payoff_ppm_of_loans: Ppm
    clients_with_loans: Annotated[tuple[int, ...], Field(min_length=8, max_length=8)]


class Chosen(BaseModel):
    """What no sample told; each with its reason in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    auto_debit_ppm_of_borrowers: Ppm
    shock_ppm_of_borrowers_a_year: Ppm
    shock_days: tuple[int, int]
    shock_pays_part_ppm: Ppm
    recovers_at_once_ppm: Ppm
    recovers_by_plan_ppm: Ppm
    will_not_pay_ppm_of_borrowers: Ppm
    bounced_ppm_of_debits: Ppm
    told_late_ppm_of_repayments: Ppm
    told_twice_ppm_of_repayments: Ppm


class Calibration(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    how: str
    measured: Measured
    chosen: Chosen


@cache
def calibration() -> Calibration:
    """The calibration that comes with afterloan."""
    text = (resources.files("afterloan.generate") / "calibration.yaml").read_text(encoding="utf-8")
    return Calibration.model_validate(yaml.safe_load(text))


HABITS = np.dtype(
    [
        ("late_by_class", "i8", (20,)),
        ("late_days", "i8", (101,)),
        ("early_days", "i8", (101,)),
        ("part_permille", "i8", (101,)),
        ("clients_with_loans", "i8", (8,)),
        ("split", "i8"),
        ("payoff", "i8"),
        ("auto_debit", "i8"),
        ("shock", "i8"),
        ("shock_least", "i8"),
        ("shock_most", "i8"),
        ("shock_pays_part", "i8"),
        ("recovers_at_once", "i8"),
        ("recovers_by_plan", "i8"),
        ("will_not", "i8"),
        ("bounced", "i8"),
        ("told_late", "i8"),
        ("told_twice", "i8"),
    ]
)
"""The calibration as one record of whole numbers, for compiled leaves. Shares in parts per million."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the lender lends: principals, terms and rates with how often each is taken."""

    principals_fen: Whole
    principal_shares: Whole
    terms: Whole
    term_shares: Whole


def offer() -> Offer:
    """Jiebei-style: round amounts from 500 to 50,000 yuan; 3, 6, 12 or 24 months; sums are whole yuan."""
    yuan = (500, 1000, 2000, 3000, 5000, 8000, 10000, 15000, 20000, 30000, 50000)
    return Offer(
        np.array(yuan, np.int64) * 100,
        np.array((4, 10, 13, 14, 17, 10, 13, 7, 6, 4, 2), np.int64),
        np.array((3, 6, 12, 24), np.int64),
        np.array((12, 23, 52, 13), np.int64),
    )


def habits(told: Calibration | None = None) -> npt.NDArray[np.void]:
    """HABITS [1] of a calibration; the built-in one by default."""
    told = told or calibration()
    m, c = told.measured, told.chosen
    record = np.zeros(1, HABITS)
    values: dict[str, Any] = {
        "late_by_class": m.late_ppm_by_class,
        "late_days": m.late_days,
        "early_days": m.early_days,
        "part_permille": m.part_permille,
        "clients_with_loans": m.clients_with_loans,
        "split": m.split_ppm_of_instalments,
        "payoff": m.payoff_ppm_of_loans,
        "auto_debit": c.auto_debit_ppm_of_borrowers,
        "shock": c.shock_ppm_of_borrowers_a_year,
        "shock_least": c.shock_days[0],
        "shock_most": c.shock_days[1],
        "shock_pays_part": c.shock_pays_part_ppm,
        "recovers_at_once": c.recovers_at_once_ppm,
        "recovers_by_plan": c.recovers_by_plan_ppm,
        "will_not": c.will_not_pay_ppm_of_borrowers,
        "bounced": c.bounced_ppm_of_debits,
        "told_late": c.told_late_ppm_of_repayments,
        "told_twice": c.told_twice_ppm_of_repayments,
    }
    for name, value in values.items():
        record[name] = value
    return record
