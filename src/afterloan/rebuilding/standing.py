"""Standing: where a borrower is on a day, which rule put each thing there, and which fact would lift it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.bureau.cells import CELL, TRIFLES, Cells, forgive_trifles, month_before, month_end
from afterloan.bureau.places import bureau_of_place
from afterloan.bureau.replanned import before_the_plan
from afterloan.bureau.status import adverse, metro2_status, pboc_status
from afterloan.dates import NEVER
from afterloan.facts.events import Event
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.legal import LegalStepEnded
from afterloan.facts.limit import (
    BarLifted,
    BorrowingBarred,
    LimitFrozen,
    LimitReduced,
    LimitRestored,
    LimitSet,
    LineChanged,
)
from afterloan.loan.book import Book, Records, part
from afterloan.loan.reckon import reckon_book
from afterloan.rebuilding.words import code_words, say
from afterloan.risk.by_place import class_numbers, names_of, rule_of
from afterloan.rules.trifles import trifles_fen, without_trifles

ARREARS_RULE = "contract"
SCHEMA = {
    "borrower": pl.Int64,
    "loan": pl.Int64,
    "what": pl.String,
    "since": pl.Date,
    "amount_fen": pl.Int64,
    "days": pl.Int64,
    "code": pl.String,
    "rule": pl.String,
    "lifted_by": pl.String,
}
"""`what` is arrears, class, mark, freeze, reduced, bar or hold; `lifted_by` a key of the words."""

Days = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stands:
    """One thing that stands against a borrower; the fields are those of SCHEMA."""

    what: str
    since: date | None
    amount_fen: int = 0
    days: int = 0
    code: str = ""
    rule: str = ""
    lifted_by: str = ""
    loan: str | None = None

    def told(self, language: str) -> str:
        """The line for a person: what, the rule behind it, and what lifts it."""
        code = code_words(self.code, language)
        values = {"since": self.since, "amount": self.amount_fen, "days": self.days, "code": code}
        month = f"{self.since:%Y-%m}" if self.since else ""
        what = say(f"standing.{self.what}", language, month=month, **values)
        lifted = say(f"lifted_by.{self.lifted_by}", language, amount=self.amount_fen, rule=self.rule)
        return f"{what} [{self.rule}] → {lifted}"


def last_month(on: int) -> int:
    """The last month end that has come by a day: on 2026-03-30 that is 2026-02-28."""
    end = month_end(on)
    return end if end == on else month_before(on)


def plain_cells(book: Book, end: int, known_on: int = NEVER, bureau: str = "pboc") -> Cells:
    """CELL [n] that say how late a loan is at a month end and whether it is reportable; all a bad mark rests on."""
    now = reckon_book(book, end, known_on)
    cells = np.zeros(len(book), CELL)
    cells["month_end"], cells["days_past_due"], cells["state"] = end, now["days_past_due"], now["state"]
    cells["overdue"], cells["had_due"] = now["grace_days_past_due"] > 0, 1
    cells["overdue_fen"] = now["arrears_fen"].sum(axis=1)
    cells["reportable"] = (now["error"] == 0) & (now["disbursed_fen"] > 0)
    cells["ended_on"], cells["lost_on"] = now["paid_off_on"], NEVER
    forgive_trifles(cells, trifles_fen(TRIFLES[bureau]))
    rows, without = before_the_plan(book, now, end, known_on, bureau)
    if len(rows):
        contract = plain_cells(without, end, known_on, bureau)
        for name in ("days_past_due", "overdue", "overdue_fen"):
            cells[name][rows] = contract[name]
    return cells


def standing_frame(
    book: Book,
    borrowers: Days,
    on: int,
    known_on: int = NEVER,
    positions: Records | None = None,
    jurisdiction: str = "CN",
) -> pl.DataFrame:
    """What stands against the borrowers [n] of the loans of a book from the loans themselves (SCHEMA), by borrower.

    Arrears and class as of `on`; the mark is that of the last month end. Class and mark are those of the place
    `jurisdiction`: its rule book (`risk/by_place.py`) and its bureau. A million borrowers take a few seconds.
    """
    now = positions if positions is not None else reckon_book(book, on, known_on)
    days = without_trifles(now, trifles_fen(jurisdiction))["days_past_due"].astype(np.int64)
    numbers = class_numbers(book, on, jurisdiction, known_on, now)
    frames = [_arrears(book, borrowers, now, days), _classes(book, borrowers, now, days, numbers, jurisdiction)]
    marked = np.flatnonzero(now["worst_days_past_due"] > 0)
    bureau = bureau_of_place(jurisdiction)
    if len(marked) and bureau in MARK_RULES:
        few = part(book, marked)
        end = last_month(on)
        frames.append(_marks(few, borrowers[marked], plain_cells(few, end, known_on, bureau), end, bureau))
    return pl.concat(frames).sort("borrower", "loan", "what")


def _rows(borrowers: Days, loans: Days, what: str, **columns: Any) -> pl.DataFrame:
    n = len(borrowers)
    base: dict[str, Any] = {
        "borrower": borrowers,
        "loan": loans,
        "what": pl.Series([what]).new_from_index(0, n),
        "since": pl.Series([None], dtype=pl.Date).new_from_index(0, n),
        "amount_fen": np.zeros(n, np.int64),
        "days": np.zeros(n, np.int64),
        "code": pl.Series([""]).new_from_index(0, n),
        "rule": pl.Series([""]).new_from_index(0, n),
        "lifted_by": pl.Series([""]).new_from_index(0, n),
    }
    for name, value in columns.items():
        base[name] = pl.Series([value]).new_from_index(0, n) if isinstance(value, str) else value
    return pl.DataFrame(base).cast(SCHEMA)  # type: ignore[arg-type]


def _dates(days: Days) -> pl.Series:
    return pl.Series(days.astype(np.int32)).cast(pl.Date)


def _arrears(book: Book, borrowers: Days, now: Records, days: Days) -> pl.DataFrame:
    k = np.flatnonzero((days > 0) & (now["error"] == 0))
    return _rows(
        borrowers[k], book.contracts["loan"][k], "arrears", since=_dates(now["oldest_unpaid_on"][k].astype(np.int64)),
        amount_fen=now["arrears_fen"][k].sum(axis=1), days=days[k], rule=ARREARS_RULE, lifted_by="pay_arrears",
    )  # fmt: skip


def _classes(book: Book, borrowers: Days, now: Records, days: Days, numbers: Days, jurisdiction: str) -> pl.DataFrame:
    k = np.flatnonzero(numbers > 0)
    names = pl.Series(names_of(jurisdiction)).gather(numbers[k])
    oldest = np.where(days[k] > 0, now["oldest_unpaid_on"][k], 0).astype(np.int64)
    since = pl.Series(oldest.astype(np.int32)).cast(pl.Date)
    return _rows(
        borrowers[k], book.contracts["loan"][k], "class", since=since, code=names, days=days[k],
        amount_fen=now["arrears_fen"][k].sum(axis=1), rule=rule_of(jurisdiction).id, lifted_by="keep_paying",
    )  # fmt: skip


MARK_RULES = {"pboc": "cn.pboc.status", "metro2": "us.metro2.status"}
"""The rule behind a mark, by bureau; where no bureau's form is ours there is no mark to tell of."""


def mark_of(cells: Cells, bureau: str) -> npt.NDArray[np.bytes_]:
    """The code [n] under which a bureau shows each cell."""
    return metro2_status(cells)[0] if bureau == "metro2" else pboc_status(cells)


def _marks(book: Book, borrowers: Days, cells: Cells, end: int, bureau: str) -> pl.DataFrame:
    codes = mark_of(cells, bureau)
    k = np.flatnonzero(adverse(codes, bureau) & (cells["reportable"] == 1))
    return _rows(
        borrowers[k], book.contracts["loan"][k], "mark", since=_dates(np.full(len(k), end)),
        days=cells["days_past_due"][k], amount_fen=cells["overdue_fen"][k], code=pl.Series(codes[k].astype(str)),
        rule=MARK_RULES[bureau], lifted_by="time" if bureau == "pboc" else "time_us",
    )  # fmt: skip


# --- limits, bars and holds: from events


@dataclass(frozen=True, slots=True)
class LineStands:
    """The credit line on a day, and the changes that made it so (None: not so)."""

    limit_fen: int = 0
    granted_fen: int = 0
    frozen: LineChanged | None = None
    reduced: LineChanged | None = None
    bars: tuple[BorrowingBarred, ...] = ()


def line_on(events: Iterable[Event], on: date) -> LineStands:
    """The line that the facts of limits (in order) leave on a day, each with the fact behind it."""
    limit = granted = 0
    frozen: LineChanged | None = None
    reduced: LineChanged | None = None
    bars: dict[str, BorrowingBarred] = {}
    for event in events:
        if not isinstance(event, LineChanged) or event.on > on:
            continue
        if isinstance(event, LimitSet):
            limit = granted = event.after_fen
            reduced = None
        elif isinstance(event, LimitReduced):
            limit, reduced = event.after_fen, event
        elif isinstance(event, LimitFrozen):
            frozen = event
        elif isinstance(event, LimitRestored):
            limit, frozen = event.after_fen, None
            reduced = reduced if limit < granted else None
        elif isinstance(event, BorrowingBarred):
            bars[event.bar] = event
        elif isinstance(event, BarLifted):
            bars.pop(event.bar, None)
    return LineStands(limit, granted, frozen, reduced, tuple(bars.values()))


def lines_standing(events: Sequence[Event], on: date) -> list[Stands]:
    """Freezes, lowered limits, bars and holds of one borrower on a day, each with its rule and what lifts it."""
    line = line_on(events, on)
    found = []
    if line.frozen:
        found.append(Stands("freeze", line.frozen.on, line.limit_fen, rule=line.frozen.rule, lifted_by="apply"))
    if line.reduced:
        found.append(Stands("reduced", line.reduced.on, line.limit_fen, rule=line.reduced.rule, lifted_by="apply"))
    found.extend(Stands("bar", b.on, code=b.bar, rule=b.rule, lifted_by="apply") for b in line.bars)
    lifted = {e.of for e in events if isinstance(e, HoldLifted) and e.on <= on}
    for event in events:
        if isinstance(event, HoldPlaced) and event.on <= on and event.reference not in lifted:
            if event.ends_on is None or on <= event.ends_on:
                ends = "end_plan" if event.hold == "plan_running" else "lift_hold"
                found.append(Stands("hold", event.on, code=event.hold, rule=f"hold.{event.hold}", lifted_by=ends))
    return found


def of_frame(frame: pl.DataFrame, names: dict[int, str], judged: Collection[str] = ()) -> list[Stands]:
    """Rows of a standing frame as things that stand; `names`: references of loans.

    `judged`: loans of which a court fixed the whole debt: arrears paid lift nothing there any more.
    """
    found = [
        Stands(**{k: r[k] for k in r if k not in ("borrower", "loan")}, loan=names.get(r["loan"]))
        for r in frame.iter_rows(named=True)
    ]
    return [
        replace(one, lifted_by="pay_whole") if one.loan in judged and one.what in ("arrears", "class") else one
        for one in found
    ]


FIXED_BY = {
    "small_claim": ("granted", "partly_granted"),
    "suit": ("granted", "partly_granted"),
    "payment_order": ("unanswered",),
    "mediation": ("confirmed",),
}
"""Steps of law and the outcomes by which a court has fixed the whole debt."""


def judged_loans(events: Iterable[Event], on: date) -> set[str]:
    """References of the loans on which a court has decided by a day: the whole sum is owed, no instalment any more."""
    return {
        str(event.loan)
        for event in events
        if isinstance(event, LegalStepEnded) and event.on <= on and event.outcome in FIXED_BY.get(event.step, ())
    }
