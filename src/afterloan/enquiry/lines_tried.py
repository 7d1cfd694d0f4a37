"""What would come of looking at every line anew: of the book's borrowers, or of a table with limits in it."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.panels import parts_of_book
from afterloan.facts import FactRefused
from afterloan.facts.limit import LINE_KINDS
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import Component
from afterloan.risk.limits import (
    MILLION,
    MOST_FEN,
    REASONS,
    LinePolicy,
    Lines,
    LinesSet,
    chance_drawn,
    set_lines,
    told_lines,
)
from afterloan.risk.model import Model
from afterloan.risk.own_history import live
from afterloan.risk.table import TableRefused, columns_of_any, outcomes
from afterloan.rules.packs import in_force, rules_of
from afterloan.store.connect import reader_to
from afterloan.store.scores import latest_scores
from afterloan.store.server import Store

Ints = npt.NDArray[np.int64]
LONG = 9_999
"""Days of what never happened: a line that was never changed may be."""
LIMIT_KINDS = tuple(kind for kind in LINE_KINDS if kind.startswith("limit."))
LINES = (
    "with last as (select distinct on (borrower) borrower, kind, on_day, (body->>'after_fen')::bigint as limit_fen "
    f"from event where kind in ({', '.join(map(repr, LIMIT_KINDS))}) and on_day <= %(on)s and known_on < %(on)s "
    "order by borrower, event desc), "
    "bars as (select borrower, count(*) filter (where kind = 'borrowing.barred') "
    "> count(*) filter (where kind = 'borrowing.bar_lifted') as barred from event "
    "where kind like 'borrowing.%%' and on_day <= %(on)s and known_on < %(on)s group by borrower) "
    "select b.borrower, b.reference, l.limit_fen, %(on)s - l.on_day from last l join borrower b using (borrower) "
    "left join bars using (borrower) where l.kind <> 'limit.frozen' and l.limit_fen > 0 "
    "and not coalesce(barred, false) order by b.borrower"
)
IN_BAND = (
    "select s.borrower, %(on)s - min(s.scored_on) from score s join model m using (model) where m.purpose = 'limit' "
    "and s.scored_on < %(on)s and not exists (select from score t join model n using (model) where n.purpose = 'limit' "
    "and t.borrower = s.borrower and t.scored_on >= s.scored_on and t.scored_on < %(on)s and t.band <> s.band) "
    "group by s.borrower"
)


@dataclass(frozen=True, slots=True)
class LinesTried:
    """Lines before and after; `names` [n] of whom, `bands` [n]; `gone` [n] where it is known who defaulted.

    `by_chance_fen` [n]: how much of the line after is the margin that chance drew, to learn from; None: none is drawn.
    """

    names: list[str]
    bands: list[str]
    lines: Lines
    policy: LinePolicy
    after: LinesSet
    gone: npt.NDArray[np.bool_] | None = None
    by_chance_fen: Ints | None = None

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return told_lines(self.lines, self.after, self.gone) | {"step_ppm": self.policy.step_ppm}

    def changes(self) -> list[dict[str, Any]]:
        """Every line that moves, the widest first. `how`: a wider one is an offer where the rule asks for a yes."""
        moved = self.after.after_fen - self.lines.limit_fen
        order = np.argsort(-np.abs(moved), kind="stable")
        return [
            {
                "borrower": self.names[i], "band": self.bands[i], "pd_ppm": int(self.lines.pd_ppm[i]),
                "before_fen": int(self.lines.limit_fen[i]), "after_fen": int(self.after.after_fen[i]),
                "drawn_fen": int(self.lines.drawn_fen[i]), "why": REASONS[int(self.after.why[i])],
                "by_chance_fen": 0 if self.by_chance_fen is None else int(self.by_chance_fen[i]),
                "how": ("offer" if self.policy.needs_yes else "raise") if moved[i] > 0 else "lower",
            }
            for i in order.tolist() if moved[i]
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineRule:
    """The pack's rule `id`: the policy, its safe bands, and who carries it out: people, or the rule once a month.

    `day_of_month`: from which day of a month the night does; `offer_days`: how long an offer of a wider line stands.
    """

    id: str
    policy: LinePolicy
    safe: tuple[str, ...]
    carried_out_by: Literal["person", "rule"]
    day_of_month: int
    offer_days: int


def line_rule(jurisdiction: str, on: date, step_ppm: int | None = None) -> LineRule:
    """The rule of a place (else of ANY) in force on a day."""
    rules = rules_of("reassess")
    found = (in_force(rules, jurisdiction, on) or in_force(rules, "ANY", on))[0]
    told = dict(found.parameters)
    safe, by = tuple(told.pop("safe_bands")), told.pop("carried_out_by")
    days = told.pop("day_of_month"), told.pop("offer_days")
    policy = LinePolicy(**(told | ({} if step_ppm is None else {"step_ppm": step_ppm})))
    return LineRule(found.id, policy, safe, by, *days)


def line_policy(jurisdiction: str, on: date, step_ppm: int | None = None) -> tuple[LinePolicy, tuple[str, ...]]:
    """The policy of a place (else of ANY) in force on a day, and its safe bands."""
    rule = line_rule(jurisdiction, on, step_ppm)
    return rule.policy, rule.safe


def table_policy(step_ppm: int | None = None) -> LinePolicy:
    """The policy by which lines of a table are tried: the lender's, without its cap and to the cent."""
    return replace(line_policy("ANY", date.max, step_ppm)[0], cap_fen=MOST_FEN, unit_fen=1)


def lines_of_table(
    model: Model, frame: pl.DataFrame, limit: str, drawn: str, label: str, policy: LinePolicy
) -> LinesTried:
    """Lines of a table in major units, scored by a model that did not learn from it. Raises TableRefused."""
    columns = columns_of_any(frame.select(name for name in (limit, drawn) if name and name in frame.columns))
    for name in (limit, drawn):
        if name and (name not in columns or columns[name].dtype == object or np.isnan(columns[name]).any()):
            raise TableRefused(f"column {name!r}: an amount in every row is needed; fill it or name another")
    fen = {name: np.rint(np.maximum(values, 0) * 100).astype(np.int64) for name, values in columns.items()}
    if int(fen[limit].max(initial=0)) > MOST_FEN:
        raise TableRefused(f"column {limit!r}: holds a limit above a billion; bring major units")
    pd = np.rint(model.probabilities(frame)[model.card["leads"]] * MILLION).astype(np.int64)
    n, long = len(frame), np.full(len(frame), LONG)
    lines = Lines(
        fen[limit], fen[drawn] if drawn else np.zeros(n, np.int64), pd, np.zeros(n, bool), np.full(n, -1), long, long,
        np.zeros(n, bool), np.zeros(n, np.int64),
    )  # fmt: skip
    gone = outcomes(frame, label, str(model.card["bad"])) == 1 if label else None
    return LinesTried([str(k + 1) for k in range(n)], [""] * n, lines, policy, set_lines(lines, policy), gone)


def lines_of_book(store: Store, on: date, policy: LinePolicy, safe: tuple[str, ...]) -> LinesTried:
    """Every open line of the book as known before a day, by the scores of the model in use for `limit`.

    Frozen and barred lines are left alone: the way back restores them. Raises FactRefused where there is no line.
    """
    with store.connect() as connection, reader_to(store.url) as reader:
        rows = connection.execute(LINES, {"on": on}).fetchall()
        if not rows:
            raise FactRefused(
                "on", on, "no borrower has an open line on that day", "`afterloan limit change`", "unknown"
            )
        numbers = np.array([row[0] for row in rows], np.int64)
        scores = latest_scores(connection, numbers.tolist(), on, ("limit",))
        days: dict[int, int] = dict(connection.execute(IN_BAND, {"on": on}).fetchall())
        drawn, late = _standing(connection, reader, numbers, on)
    told = [scores.get(int(k), {}).get("limit") for k in numbers]
    bands = ["" if s is None else s.band for s in told]
    lines = Lines(
        np.array([row[2] for row in rows], np.int64), drawn, np.array([-1 if s is None else s.ppm for s in told]), late,
        np.full(len(rows), -1), np.array([row[3] for row in rows], np.int64),
        np.array([days.get(int(k), 0) for k in numbers], np.int64), np.isin(bands, safe), np.zeros(len(rows), np.int64),
    )  # fmt: skip
    chance = chance_drawn(numbers, number_of(on)) if policy.margin_ppm else None
    after, plain = set_lines(lines, policy, chance), set_lines(lines, policy)
    return LinesTried(
        [row[1] for row in rows], bands, lines, policy, after, by_chance_fen=after.after_fen - plain.after_fen
    )


def _standing(
    connection: psycopg.Connection[Any], reader: adbc.Connection, numbers: Ints, on: date
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Principal outstanding, and whether anything is past due, of borrowers (sorted numbers) as known before a day."""
    drawn, late = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), bool)
    for part in parts_of_book(connection, reader):
        positions = reckon_book(part.book, number_of(on), number_of(on) - 1)
        here = np.isin(part.owners, numbers) & live(positions)
        at = np.searchsorted(numbers, part.owners[here])
        np.add.at(drawn, at, positions["outstanding_fen"][here, int(Component.PRINCIPAL)])
        np.logical_or.at(late, at, positions["days_past_due"][here] > 0)
    return drawn, late
