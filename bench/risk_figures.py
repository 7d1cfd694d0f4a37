"""`python -m bench.risk_figures [FIGURE …]`: what models reach on real tables, beside what is asked.

Tables lie in the folder that AFTERLOAN_DATA names. What is not there is said, never passed over.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from afterloan.enquiry.lines_tried import line_policy, lines_of_table
from afterloan.enquiry.monitoring import monitor_table
from afterloan.intake.tables import read_table
from afterloan.risk.declared import Declaration
from afterloan.risk.features.compute import features_of, known_before
from afterloan.risk.features.declared import groups
from afterloan.risk.measure import auc, measured
from afterloan.risk.model import fit
from afterloan.risk.network import network_of
from afterloan.risk.treat import assign

DATA = "AFTERLOAN_DATA"
SEED = 1
ENOUGH = 300
"""Loans of Berka below which an area says nothing: about one in nine went bad."""
PROTECTED = ["SEX", "EDUCATION", "MARRIAGE", "AGE"]


@dataclass(frozen=True, slots=True)
class RiskFigure:
    """One figure: what it came to with its interval, and what is asked at least (or, `most`, at most)."""

    name: str
    value: float
    asked: float | None
    low: float | None = None
    high: float | None = None
    most: bool = False
    note: str = ""

    def told(self) -> str:
        """A line of the table."""
        wide = "" if self.low is None else f"{self.low:.3f} to {self.high:.3f}"
        right = self.asked is None or (self.value <= self.asked if self.most else self.value >= self.asked)
        asked = "" if self.asked is None else f"{'≤' if self.most else '≥'} {self.asked:g}"
        short = "" if right else f"  SHORT BY {abs(self.value - (self.asked or 0)):.3f}"
        return f"{self.name:58}{self.value:10.4f} {wide:16}{asked:>10}{short}  {self.note}"


class NotHereError(Exception):
    """A table is not on this machine."""


def _folder() -> Path:
    if not os.environ.get(DATA):
        raise NotHereError(f"set {DATA} to the folder of the tables")
    return Path(os.environ[DATA])


def _table(name: str) -> pl.DataFrame:
    path = _folder() / name
    if not path.exists():
        raise NotHereError(f"{path} is not here")
    return read_table(path)


def _of_folds(
    what: str, frame: pl.DataFrame, label: str, declare: Declaration, asked: tuple[float | None, ...]
) -> Iterator[RiskFigure]:
    card = fit(frame, label, declare, seed=SEED).card["on_folds_left_out"]
    for name, least in zip(("champion", "challenger"), asked, strict=True):
        m = card[name]
        yield RiskFigure(f"{what}, {name}: area", m["auc"], least, m["auc_low"], m["auc_high"], note="5 folds, seed 1")
    yield RiskFigure(
        f"{what}, champion: calibration error",
        card["champion"]["ece"],
        0.01 if len(frame) > 10_000 else None,
        most=True,
    )


def card_accounts() -> Iterator[RiskFigure]:
    """Taiwan without protected columns."""
    frame = _table("taiwan/credit_card_clients.csv")
    declare = Declaration(protected=PROTECTED)
    yield from _of_folds("card accounts", frame, "default.payment.next.month", declare, (0.773, 0.787))


def applications() -> Iterator[RiskFigure]:
    """German."""
    yield from _of_folds("applications", _table("german/german_credit.csv"), "class", Declaration(), (0.795, None))


def _berka_day(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.to_date("%y%m%d")


def berka_known(loans: pl.DataFrame, movements: pl.DataFrame) -> pl.DataFrame:
    """Loans that have an outcome and movements up to their day, with what those before it say.

    A loan of 5 July with movements of June and of 31 July counts; one whose movements end in June does not.
    """
    known = loans.filter(pl.col("status").fill_null("") != "").with_columns(lent=_berka_day("date"))
    rows = movements.with_columns(on=_berka_day("date")).join(known.select("account_id", "lent"), on="account_id")
    reach = rows.filter(pl.col("on") >= pl.col("lent")).select("account_id").unique()
    balance = pl.col("balance").cast(pl.Float64)
    told = rows.filter(pl.col("on") < pl.col("lent")).group_by("account_id").agg(
        movements=pl.len(), moved=pl.col("amount").cast(pl.Float64).mean(),
        balance_mean=balance.mean(), balance_least=balance.min(),
    )  # fmt: skip
    return known.join(told, on="account_id").join(reach, on="account_id", how="semi").select(
        *(pl.col(name).cast(pl.Float64) for name in ("amount", "duration", "payments")),
        "movements", "moved", "balance_mean", "balance_least",
        outcome=pl.col("status").is_in(["B", "D"]).cast(pl.Int64),
    )  # fmt: skip


def berka() -> Iterator[RiskFigure]:
    """Berka as of the loan date, where outcomes and movements are there together for enough loans."""
    loans = _table("berka/loan.asc")
    parts = [read_table(path) for path in sorted((_folder() / "berka").glob("trans*"))]
    if not parts:
        raise NotHereError(f"{_folder() / 'berka'} has no movements (trans…)")
    known = berka_known(loans, pl.concat([part.select("account_id", "date", "amount", "balance") for part in parts]))
    if len(known) < ENOUGH:
        raise NotHereError(
            f"of {len(loans)} loans {len(known)} have an outcome and movements up to their day, {ENOUGH} are needed: "
            ".875 and .890 cannot be measured on this copy"
        )
    yield from _of_folds("Berka", known, "outcome", Declaration(), (0.875, 0.890))


def september() -> Iterator[RiskFigure]:
    """The definition that changed in September, found without being told."""
    alarms = monitor_table(_table("taiwan/credit_card_clients.csv")).alarms
    found = [a for a in alarms if a.kind == "definition" and a.month == "PAY_0"]
    yield RiskFigure(
        "September's status 1 found as a change of definition", len(found), 1, note="; ".join(a.found for a in found)
    )
    yield RiskFigure("other alarms on the card accounts", len(alarms) - len(found), 0, most=True)


def _month(frame: pl.DataFrame, at: int) -> pl.DataFrame:
    """Accounts with three months up to month `at` (0 September … 5 April), and how the month after stands."""
    pay = ["PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"]
    told = {"limit": pl.col("LIMIT_BAL")}
    for k in range(3):
        told |= {f"status_{k + 1}": pl.col(pay[at + k]), f"bill_{k + 1}": pl.col(f"BILL_AMT{at + k + 1}")}
        told |= {
            f"paid_{k + 1}": pl.col(f"PAY_AMT{at + k + 1}"),
            f"use_{k + 1}": pl.col(f"BILL_AMT{at + k + 1}") / pl.col("LIMIT_BAL"),
        }
        told |= {
            f"share_paid_{k + 1}": pl.col(f"PAY_AMT{at + k + 1}")
            / pl.max_horizontal(pl.col(f"BILL_AMT{at + k + 2 if at + k < 4 else at + k + 1}"), 1)
        }
    return frame.select(**told, after=pl.col(pay[at - 1]))


def months() -> Iterator[RiskFigure]:
    """Cure and early warning from the card statuses: learnt June to July, tried July to August."""
    frame = _table("taiwan/credit_card_clients.csv").cast(pl.Float64, strict=False)
    for what, late, asked in (("cure within a month", True, 0.79), ("early warning of current accounts", False, 0.734)):
        parts = []
        for at in (3, 2):
            part = _month(frame, at).filter((pl.col("status_1") >= 1) == late)
            gone = (pl.col("after") <= 0) if late else (pl.col("after") >= 1)
            parts.append(part.with_columns(outcome=gone.cast(pl.Int64)).drop("after"))
        model = fit(parts[0], "outcome", Declaration(), seed=SEED)
        gone = parts[1]["outcome"].to_numpy()
        for name, said in model.probabilities(parts[1]).items():
            m = measured(said, gone)
            yield RiskFigure(
                f"{what}, {name}: area", m.auc, asked, m.auc_low, m.auc_high, note="June→July, tried July→August"
            )
        rolls = parts[0].group_by("status_1", "status_2").agg(rate=pl.col("outcome").mean())
        rate = parts[1].join(rolls, on=["status_1", "status_2"], how="left", maintain_order="left")["rate"]
        yield RiskFigure(f"{what}: two-month roll rate", auc(rate.fill_null(gone.mean()).to_numpy(), gone)[0], None)


def _days(column: str) -> pl.Expr:
    return pl.lit(date(2018, 1, 1)) + pl.duration(days=pl.col(column))


def bureau_sources(as_of: date = date(2018, 1, 1)) -> dict[str, pl.DataFrame]:
    """Other lenders' accounts and months of the applicants, as declared for the group `bureau`."""
    known = _table("instalments/bureau.csv").with_columns(
        pl.exclude("CREDIT_ACTIVE", "CREDIT_CURRENCY", "CREDIT_TYPE", "SK_ID_CURR", "SK_ID_BUREAU").cast(
            pl.Float64, strict=False
        )
    )
    accounts = known.select(
        "SK_ID_BUREAU",
        borrower="SK_ID_CURR",
        on=_days("DAYS_CREDIT"),
        known_on=_days("DAYS_CREDIT_UPDATE"),
        active=(pl.col("CREDIT_ACTIVE") == "Active").cast(pl.Float64),
        card=(pl.col("CREDIT_TYPE") == "Credit card").cast(pl.Float64),
        granted=pl.col("AMT_CREDIT_SUM"),
        balance=pl.col("AMT_CREDIT_SUM_DEBT"),
        overdue=pl.col("AMT_CREDIT_SUM_OVERDUE"),
        worst_overdue=pl.col("AMT_CREDIT_MAX_OVERDUE"),
        prolonged=pl.col("CNT_CREDIT_PROLONG"),
        days_left=pl.col("DAYS_CREDIT_ENDDATE"),
    )
    told = _table("instalments/bureau_balance.csv").filter(~pl.col("STATUS").is_in(["X"]))
    told = told.join(accounts.select("SK_ID_BUREAU", "borrower"), on="SK_ID_BUREAU")
    rows = told.select(
        "borrower",
        on=pl.lit(as_of) - pl.duration(days=(-pl.col("MONTHS_BALANCE").cast(pl.Int64)) * 30 + 1),
        status=pl.col("STATUS").replace("C", "0").cast(pl.Float64),
    ).with_columns(known_on=pl.col("on"))
    return {
        "accounts": known_before(accounts, as_of, "accounts"),
        "account_months": known_before(rows, as_of, "account_months"),
    }


def _payments() -> pl.DataFrame:
    """How the applicants paid instalments before: late, early, short; what was refused to them."""
    paid = _table("instalments/instalments.csv").cast(pl.Float64, strict=False).filter(pl.col("DAYS_ENTRY_PAYMENT") < 0)
    late = pl.col("DAYS_ENTRY_PAYMENT") - pl.col("DAYS_INSTALMENT")
    told = paid.group_by(pl.col("SK_ID_CURR").cast(pl.Int64).cast(pl.String).alias("borrower")).agg(
        paid_rows=pl.len(),
        late_mean=late.mean(),
        late_most=late.max(),
        late_share=(late > 0).mean(),
        short_share=(pl.col("AMT_PAYMENT") < pl.col("AMT_INSTALMENT") - 0.01).mean(),
        instalment_most=pl.col("AMT_INSTALMENT").max(),
        late_year=late.filter(pl.col("DAYS_INSTALMENT") > -365).max(),
    )
    before = _table("instalments/previous_loans.csv")
    asked = before.group_by(pl.col("SK_ID_CURR").alias("borrower")).agg(
        asked=pl.len(),
        refused=(pl.col("NAME_CONTRACT_STATUS") == "Refused").sum(),
        refused_share=(pl.col("NAME_CONTRACT_STATUS") == "Refused").mean(),
        last_asked=pl.col("DAYS_DECISION").cast(pl.Float64).max(),
        terms=pl.col("CNT_PAYMENT").cast(pl.Float64, strict=False).mean(),
        first_asked=pl.col("DAYS_DECISION").cast(pl.Float64).min(),
    )
    return told.join(asked, on="borrower", how="full", coalesce=True)


def defaulted() -> Iterator[RiskFigure]:
    """DEFAULTED of 1,000 applicants from bureau and payment history, beside the bureau alone and a constant."""
    people = _table("instalments/applicants.csv").rename({"SK_ID_CURR": "borrower"})
    declared = groups()["bureau"].features
    bureau = features_of(bureau_sources(), declared, people["borrower"])
    both = bureau.join(_payments(), on="borrower", how="left", maintain_order="left")
    label = people.select("DEFAULTED")
    for what, part in (
        ("DEFAULTED, bureau alone", bureau.drop("borrower")),
        ("DEFAULTED, bureau and payments", both.drop("borrower")),
        (
            "DEFAULTED, all with the application",
            both.drop("borrower").hstack(people.drop("borrower", "DEFAULTED", "CODE_GENDER", "NAME_FAMILY_STATUS")),
        ),
    ):
        signs = {f.name: {"sign": f.sign} for f in declared}
        declare = Declaration.model_validate({"columns": signs, "histories": False})
        yield from list(_of_folds(what, part.hstack(label), "DEFAULTED", declare, (None, None)))[:2]
    yield RiskFigure("DEFAULTED, a constant: area", 0.5, None)


def lines() -> Iterator[RiskFigure]:
    """Share of limit that stands with who defaults, at the same total, at steps of a fifth and of a half."""
    frame = _table("taiwan/credit_card_clients.csv")
    half = np.random.Generator(np.random.Philox(SEED)).permutation(len(frame)) < len(frame) // 2
    label = "default.payment.next.month"
    model = fit(frame.filter(pl.Series(half)), label, Declaration(protected=PROTECTED), seed=SEED)
    rest = frame.filter(pl.Series(~half))
    for step, asked in ((200_000, -0.10), (500_000, -0.23)):
        policy = replace(line_policy("ANY", date.max, step)[0], cap_fen=10**11, unit_fen=1)
        told = lines_of_table(model, rest, "LIMIT_BAL", "BILL_AMT1", label, policy).told()
        moved = float(str(told["change_ppm"])) / 1e6
        yield RiskFigure(
            f"limits at steps of {step // 10_000} %: default share of limit",
            moved,
            asked,
            most=True,
            note="half learnt, half tried",
        )


def treatment() -> Iterator[RiskFigure]:
    """A million borrowers and six treatments; and the gap to the linear program at 10,000."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, vstack

    rng = np.random.Generator(np.random.Philox(SEED))
    values = rng.gamma(2.0, 50.0, (1_000_000, 6)) - np.array([0, 30, 40, 50, 60, 70])
    values[:, 0] = 0
    began = perf_counter()
    done = assign(values, np.array([1_000_000, 120_000, 90_000, 60_000, 40_000, 20_000]))
    yield RiskFigure("treatment, 1,000,000 × 6: seconds", perf_counter() - began, 2.0, most=True)
    yield RiskFigure(
        "treatment, 1,000,000 × 6: gap to its bound", (done.bound - done.value) / done.bound, 1e-4, most=True
    )
    few, places = values[:10_000], np.array([10_000, 1_200, 900, 600, 400, 200])
    n, arms = few.shape
    each = csr_array((np.ones(n * arms), (np.repeat(np.arange(n), arms), np.arange(n * arms))))
    most = csr_array((np.ones(n * arms), (np.tile(np.arange(arms), n), np.arange(n * arms))))
    best = -linprog(-few.ravel(), A_ub=vstack([each, most]), b_ub=np.r_[np.ones(n), places], method="highs").fun
    yield RiskFigure("treatment, 10,000 × 6: gap to HiGHS", (best - assign(few, places).value) / best, 1e-4, most=True)


def scoring() -> Iterator[RiskFigure]:
    """Rows a second by scorecard, with the dearest reasons."""
    frame = _table("german/german_credit.csv")
    model = fit(frame, "class", Declaration(), seed=SEED)
    columns = {name: np.tile(values, 1_000) for name, values in model.columns_of(frame).items()}
    began = perf_counter()
    parts = model.scorecard.parts(columns)
    odds = model.scorecard.base + parts.sum(axis=1)
    np.argpartition(-parts, 4, axis=1)[:, :4]
    yield RiskFigure("scorecard with four reasons: rows a second", len(odds) / (perf_counter() - began), 1e6)


def flow_rows() -> Iterator[RiskFigure]:
    """Ten million movements into features of 100,000 borrowers: all of one window."""
    rng = np.random.Generator(np.random.Philox(SEED))
    n, day = 10_000_000, date(2026, 1, 1)
    rows = pl.DataFrame(
        {
            "borrower": rng.integers(0, 100_000, n),
            "age": rng.integers(1, 365, n),
            "amount": rng.normal(0, 100, n),
            "category": pl.Series(rng.integers(0, 5, n))
            .cast(pl.String)
            .replace(dict(zip("01234", ("fee", "rent", "food", "cash", "salary"), strict=True))),
        }
    ).with_columns(money_in=pl.col("amount").clip(0), money_out=(-pl.col("amount")).clip(0))
    asked = [
        f
        for f in groups()["flows"].features
        if f.name in ("in_30", "in_90", "in_180", "out_30", "out_90", "movements_90")
    ]
    began = perf_counter()
    features_of({"flows": rows}, asked, pl.Series(np.arange(100_000)))
    yield RiskFigure(
        "features of 10,000,000 movements: seconds",
        perf_counter() - began,
        1.2,
        most=True,
        note=f"{len(asked)} features, as of {day}",
    )


def network() -> Iterator[RiskFigure]:
    """A million borrowers and four million transfers: matrices, rates without oneself, cores, groups."""
    rng = np.random.Generator(np.random.Philox(SEED))
    n = 1_000_000
    ends = np.sort(rng.integers(0, n, (4 * n, 2)), axis=1)
    edges = pl.DataFrame(ends, schema=["payer", "payee"]).filter(pl.col("payer") != pl.col("payee"))
    bad = rng.random(n) < 0.05
    began = perf_counter()
    network_of(edges.with_columns(times=1), np.arange(n), bad)
    yield RiskFigure("network of 1,000,000 and 4,000,000: seconds", perf_counter() - began, 4.0, most=True)


FIGURES: dict[str, Callable[[], Iterator[RiskFigure]]] = {
    "card_accounts": card_accounts, "applications": applications, "berka": berka, "months": months,
    "defaulted": defaulted, "september": september, "lines": lines, "treatment": treatment, "scoring": scoring,
    "flow_rows": flow_rows, "network": network,
}  # fmt: skip


def main(names: list[str]) -> int:
    """Measure the figures named, or all; a figure that is short says so in its line. Exit code 2: no such figure."""
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"no figure {unknown[0]!r}; there are: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    short = 0
    for name in names or FIGURES:
        try:
            for figure in FIGURES[name]():
                short += "SHORT BY" in figure.told()
                print(figure.told(), flush=True)
        except NotHereError as error:
            print(f"NOT MEASURED {name}: {error}", flush=True)
    print(f"{short} short of what is asked" if short else "nothing is short of what is asked")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
