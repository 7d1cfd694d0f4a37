"""The portfolio on a day: reckoned anew for each month end, told as tables, files and one page."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from afterloan.dates import NEVER, day_number, iso, year_month_day
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import POSITION, Component, State
from afterloan.money import show_amount
from afterloan.rules.trifles import without_trifles

BUCKETS = 8  # current, M1 … M7
PAID_OFF = BUCKETS  # a ninth column: owes nothing
LOST = BUCKETS + 1  # a tenth: written off or sold, which is neither a cure nor an end
NAMES = ("current", "M1", "M2", "M3", "M4", "M5", "M6", "M7", "paid_off", "lost")
Sums = npt.NDArray[np.int64]
NonPerforming = Callable[[Book, int, int, Records], npt.NDArray[np.bool_]]
"""Which loans of a book are non-performing on a day: (book, on, known on, their positions)."""
ASKED = (Component.FEE, Component.INTEREST, Component.PRINCIPAL)
FIGURES = 16


@cache
def words() -> dict[str, dict[str, str]]:
    """Every word of the reports in English and Chinese."""
    text = (resources.files("afterloan.report") / "words.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def word(name: str, language: str) -> str:
    """One word: `word("arrears", "zh") == "拖欠金额"`; a name without an entry (M1) stands for itself."""
    return words().get(name, {}).get(language, name)


def month_ends(on: int, months: int) -> list[int]:
    """The last `months` month ends before `on`, then `on` itself, in order."""
    year, month, _ = year_month_day(on)
    ends = []
    for back in range(months):
        m = year * 12 + month - 1 - back
        ends.append(int(day_number(m // 12, m % 12 + 1, 1)) - 1)
    return [end for end in reversed(ends) if end < on] + [on]


@dataclass(slots=True)
class _Sums:
    """What is added up over the shards."""

    counts: Sums  # summary figures
    ageing: Sums  # [buckets, (number, outstanding, arrears)]
    roll: Sums  # [months, stages, stages] loans, by NAMES
    flows: Sums  # [months, (fell due in it, of that collected by its end, received in it)]
    vintage: dict[
        int, Sums
    ]  # cohort month -> [months on book, (loans, principal, 30+, 30+ principal, 90+, 90+ principal)]


def _stage(positions: Records) -> npt.NDArray[np.int64]:
    stage = positions["bucket"].astype(np.int64)
    stage[positions["state"] == State.PAID_OFF] = PAID_OFF
    stage[np.isin(positions["state"], (State.WRITTEN_OFF, State.SOLD))] = LOST
    stage[(positions["disbursed_fen"] == 0) | (positions["error"] != 0)] = -1
    return stage


def _month_of(days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _flows(before: Records, now: Records) -> Sums:
    """Of a month between two evenings: what fell due in it, what of that was collected by its end, money received.

    Money meets the oldest debt first, so what is unpaid at the end is the youngest that fell due. What was given up,
    written off or sold is not collected; what was paid ahead counts when it falls due, and no more than that.
    100.00 fell due, 250.00 came (150.00 of it ahead): 100.00 collected of 100.00, not 250 %.
    """
    fell_due, charged = (now[name].astype(np.int64) - before[name] for name in ("fell_due_fen", "charged_fen"))
    due = np.maximum((fell_due + charged)[:, list(ASKED)].sum(axis=1), 0)
    unpaid = (now["arrears_fen"] + now["due_today_fen"])[:, list(ASKED)].sum(axis=1)
    given_up = (now["waived_fen"] - before["waived_fen"])[:, list(ASKED)].sum(axis=1)
    lost = np.isin(now["state"], (State.WRITTEN_OFF, State.SOLD))
    missed = np.where(lost, due, np.clip(unpaid + np.maximum(given_up, 0), 0, due))
    received = (now["repaid_fen"] - now["transferred_in_fen"]) - (before["repaid_fen"] - before["transferred_in_fen"])
    return np.array([due.sum(), (due - missed).sum(), received.sum()], np.int64)


def _add(
    sums: _Sums,
    book: Book,
    ends: list[int],
    known_on: int,
    non_performing: NonPerforming | None = None,
    most_trifles_fen: int = 0,
) -> None:
    cohorts = _month_of(book.contracts["signed_on"])
    before: npt.NDArray[np.int64] | None = None
    positions = np.zeros(len(book), POSITION)
    evening = positions
    for m, end in enumerate(ends):
        evening, positions = positions, without_trifles(reckon_book(book, end, min(known_on, NEVER)), most_trifles_fen)
        stage = _stage(positions)
        if before is not None:
            both = (before >= 0) & (stage >= 0) & (before < PAID_OFF)
            np.add.at(sums.roll[m], (before[both], stage[both]), 1)
        before = stage
        if m:
            sums.flows[m] += _flows(evening, positions)
        _add_vintages(sums, book, positions, cohorts, end)
    bad = non_performing(book, ends[-1], known_on, positions) if non_performing else None
    signed = book.contracts["signed_on"] <= ends[-1]
    _add_today(sums, positions, stage, signed, bad if bad is not None else np.zeros(len(book), bool))


def _add_vintages(sums: _Sums, book: Book, positions: Records, cohorts: npt.NDArray[np.int64], end: int) -> None:
    now = int(_month_of(np.array([end]))[0])
    lent = positions["disbursed_fen"]
    worst = positions["worst_days_past_due"]
    for cohort in np.unique(cohorts[(lent > 0) & (cohorts <= now)]):
        mine = (cohorts == cohort) & (lent > 0)
        table = sums.vintage.setdefault(int(cohort), np.zeros((len(sums.flows) + 1, 6), np.int64))
        age = now - int(cohort)
        if age < len(table):
            late_30, late_90 = mine & (worst >= 30), mine & (worst >= 90)
            table[age] += (
                mine.sum(),
                lent[mine].sum(),
                late_30.sum(),
                lent[late_30].sum(),
                late_90.sum(),
                lent[late_90].sum(),
            )


def _add_today(
    sums: _Sums,
    positions: Records,
    stage: npt.NDArray[np.int64],
    signed: npt.NDArray[np.bool_],
    bad: npt.NDArray[np.bool_],
) -> None:
    principal = positions["outstanding_fen"][:, Component.PRINCIPAL]
    arrears = positions["arrears_fen"].sum(axis=1)
    late = positions["days_past_due"]
    active = (stage >= 0) & (stage < PAID_OFF)
    lent = (positions["disbursed_fen"] > 0) | (positions["error"] != 0)
    sums.counts += (
        lent.sum(),
        active.sum(),
        principal.sum(),
        arrears.sum(),
        principal[late >= 1].sum(),
        principal[late >= 30].sum(),
        principal[late >= 90].sum(),
        positions["interest_income_fen"].sum(),
        positions["penalty_income_fen"].sum(),
        positions["unapplied_fen"].sum(),
        (positions["error"] != 0).sum(),
        (signed & ~lent).sum(),
        positions["written_off_fen"].sum(),
        positions["recovered_fen"].sum(),
        principal[bad].sum(),
        bad.sum(),
    )
    for bucket in range(BUCKETS):
        mine = stage == bucket
        sums.ageing[bucket] += (mine.sum(), principal[mine].sum(), arrears[mine].sum())


TABLES = ("summary", "ageing", "roll", "vintage", "expected")
"""The tables of a report."""
KINDS = {str(kind): kind for kind in (pl.Int64, pl.Float64, pl.String, pl.Null)}
"""The kinds of their columns by name."""


@dataclass(frozen=True, slots=True)
class Report:
    """`tables` by name: summary, ageing, roll, vintage, expected; money in minor units (`_fen`)."""

    on: int
    known_on: int | None
    tables: dict[str, pl.DataFrame]

    def told(self) -> dict[str, Any]:
        """JSON values of which the very tables come back: each with its columns, their kinds, and its rows."""
        tables = {
            name: {"columns": [[c, str(kind)] for c, kind in table.schema.items()], "rows": [*map(list, table.rows())]}
            for name, table in self.tables.items()
        }
        return {"on": self.on, "known_on": self.known_on, "tables": tables}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Report":
        """From JSON values."""
        found = {}
        for name in TABLES:
            one = told["tables"][name]
            schema = {column: KINDS[kind] for column, kind in one["columns"]}
            found[name] = pl.DataFrame(one["rows"], schema=schema, orient="row")
        return cls(told["on"], told["known_on"], found)

    def to_csv(self, folder: Path) -> None:
        """One CSV file for each table."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            table.write_csv(folder / f"{name}.csv")

    def to_json(self) -> str:
        """All tables, as one JSON object."""
        told: dict[str, Any] = {"on": iso(self.on), "known_on": iso(self.known_on) if self.known_on else None}
        return json.dumps(told | {name: table.to_dicts() for name, table in self.tables.items()}, ensure_ascii=False)

    def print(self, console: Any, language: str = "en") -> None:
        """The tables in a terminal; vintages as the last column of each batch."""
        from rich.table import Table
        from rich.text import Text

        since = f", {word('known_on', language)} {iso(self.known_on)}" if self.known_on else ""
        console.print()
        console.print(
            Text.assemble((word("title", language), "bold"), f"  {word('as_of', language)} {iso(self.on)}{since}")
        )
        console.print()
        for name in ("summary", "ageing", "roll", "expected"):
            console.print(Text(word(name, language), "bold"))
            shown = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
            table = self.shown(name, language)
            for k, column in enumerate(table[0]):
                shown.add_column(column, justify="left" if k == 0 else "right", no_wrap=True)
            for row in table[1:]:
                shown.add_row(*row)
            console.print(shown)
            console.print()

    def shown(self, name: str, language: str) -> list[list[str]]:
        """A table as people read it: headings, then rows; money in major units."""
        table = self.tables[name]
        if name == "summary":
            return [["", ""]] + [
                [word(r["figure"], language), _figure(r["figure"], r["value"])] for r in table.to_dicts()
            ]
        heads = {
            "outstanding_fen": "outstanding",
            "arrears_fen": "arrears",
            "fell_due_fen": "fell_due",
            "collected_fen": "collected",
            "received_fen": "got",
        }
        head = [word(heads.get(c, c), language) for c in table.columns]
        rows = [[_cell(c, v, language) for c, v in row.items()] for row in table.to_dicts()]
        return [head, *rows]


COUNTED = ("loans", "active", "not_reckoned", "not_disbursed", "non_performing")


def _figure(name: str, value: float) -> str:
    if name.startswith("share"):
        return f"{value:.2%}"
    return f"{int(value):,}" if name in COUNTED else show_amount(int(value), group=",")


def _cell(column: str, value: Any, language: str) -> str:
    if value is None:
        return ""
    if column.endswith("_fen"):
        return show_amount(int(value), group=",")
    if isinstance(value, float):
        return f"{value:.1%}"
    return word(value, language) if isinstance(value, str) else f"{value:,}"


def portfolio_report(
    books: Iterable[Book], on: int, known_on: int | None = None, months: int = 24, progress: Any = None,
    non_performing: NonPerforming | None = None, most_trifles_fen: int = 0,
) -> Report:  # fmt: skip
    """The portfolio at the end of day `on`, with what was known on `known_on`, over the `months` months before.

    Books are taken one by one (shards), so memory is that of the largest. A book without loans gives tables
    of zeros. `non_performing`: which loans count so; without it their share is not told.
    `most_trifles_fen`: what a loan may lack and be counted as current (`rules/trifles.py`); it stays in the arrears.
    """
    ends = month_ends(on, months)
    sums = _Sums(
        np.zeros(FIGURES, np.int64),
        np.zeros((BUCKETS, 3), np.int64),
        np.zeros((len(ends), len(NAMES), len(NAMES)), np.int64),
        np.zeros((len(ends), 3), np.int64),
        {},
    )
    for k, book in enumerate(books):
        _add(sums, book, ends, NEVER if known_on is None else known_on, non_performing, most_trifles_fen)
        if progress:
            progress(k + 1)
    return Report(on, known_on, _tables(sums, ends, non_performing is not None))


def _tables(sums: _Sums, ends: list[int], classed: bool) -> dict[str, pl.DataFrame]:
    return {
        "summary": _summary(sums, classed),
        "ageing": _ageing(sums),
        "roll": _roll(sums.roll[-1] if len(ends) < 2 or ends[-1] - ends[-2] >= 25 else sums.roll[-2]),
        "vintage": _vintage(sums),
        "expected": _expected(sums, ends),
    }


def _summary(sums: _Sums, classed: bool) -> pl.DataFrame:
    c = [int(x) for x in sums.counts]
    balance = c[2] or 1
    figures: dict[str, float] = {
        "loans": c[0],
        "active": c[1],
        "outstanding": c[2],
        "arrears": c[3],
        "share_1": c[4] / balance,
        "share_30": c[5] / balance,
        "share_90": c[6] / balance,
        "interest": c[7],
        "penalty": c[8],
        "received": int(sums.flows[-1, 2]),
        "unapplied": c[9],
        "not_reckoned": c[10],
        "not_disbursed": c[11],
        "written_off": c[12],
        "recovered": c[13],
    }
    if classed:
        figures |= {"non_performing": c[15], "share_non_performing": c[14] / balance}
    return pl.DataFrame({"figure": list(figures), "value": [float(v) for v in figures.values()]})


def _ageing(sums: _Sums) -> pl.DataFrame:
    total = int(sums.ageing[:, 1].sum()) or 1
    return pl.DataFrame(
        {
            "bucket": NAMES[:BUCKETS],
            "number": sums.ageing[:, 0],
            "outstanding_fen": sums.ageing[:, 1],
            "arrears_fen": sums.ageing[:, 2],
            "share": sums.ageing[:, 1] / total,
        }
    )


def _roll(matrix: Sums) -> pl.DataFrame:
    rows = matrix[:BUCKETS]
    totals = np.maximum(rows.sum(axis=1, keepdims=True), 1)
    share = rows / totals
    columns: dict[str, Any] = {"from": NAMES[:BUCKETS], "number": rows.sum(axis=1)}
    return pl.DataFrame(columns | {name: share[:, k] for k, name in enumerate(NAMES)})


def _vintage(sums: _Sums) -> pl.DataFrame:
    rows = []
    for cohort in sorted(sums.vintage):
        for age, (loans, lent, n30, p30, n90, p90) in enumerate(sums.vintage[cohort].tolist()):
            if loans:
                rows.append(
                    (
                        str(np.datetime64(cohort, "M")),
                        age,
                        loans,
                        lent,
                        n30 / loans,
                        p30 / lent,
                        n90 / loans,
                        p90 / lent,
                    )
                )
    columns = ["cohort", "on_book", "loans", "lent_fen", "ever_30_number", "ever_30", "ever_90_number", "ever_90"]
    return pl.DataFrame(rows, schema=columns, orient="row") if rows else pl.DataFrame(schema=columns)


def _expected(sums: _Sums, ends: list[int]) -> pl.DataFrame:
    flows = sums.flows[1:]
    busy = (flows != 0).any(axis=1)
    return pl.DataFrame(
        {
            "month": [iso(end)[:7] for end in ends[1:]],
            "fell_due_fen": flows[:, 0],
            "collected_fen": flows[:, 1],
            "ratio": [float(got / due) if due else None for due, got in flows[:, :2].tolist()],
            "received_fen": flows[:, 2],
        },
        schema_overrides={"ratio": pl.Float64},
    ).filter(pl.Series(busy))
