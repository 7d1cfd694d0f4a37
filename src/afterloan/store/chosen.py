"""Choices among the steps of a day in the store: written once a day, read by shard, by borrower, or as a log."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.types.json import Jsonb


@dataclass(frozen=True, slots=True)
class ChosenDay:
    """A day on which steps were chosen. `model`: its number, None where the ladder was only explored."""

    decided_on: date
    mode: str
    rule: str
    model: int | None
    borrowers: int
    prices: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ChosenStep:
    """What was chosen for a borrower (number). `asked`, `given`: options; `options`: name -> what is told of it."""

    borrower: int
    shard: int
    asked: str
    given: str
    drawn: bool
    options: Mapping[str, Mapping[str, int]]
    figures: list[int]
    arrears_fen: int


DAY = "select decided_on, mode, rule, model, borrowers, prices from chosen_day where decided_on = %s"
STEP = "borrower, shard, asked, given, drawn, options, figures, arrears_fen"


def chosen_day(connection: psycopg.Connection[Any], on: date) -> ChosenDay | None:
    """The choice of a day, or None where the ladder alone decided."""
    row = connection.execute(DAY, (on,)).fetchone()
    return ChosenDay(*row) if row else None


def keep_chosen(connection: psycopg.Connection[Any], day: ChosenDay, steps: Iterable[ChosenStep]) -> None:
    """Write a day's choices in the caller's transaction."""
    connection.execute(
        "insert into chosen_day (decided_on, mode, rule, model, borrowers, prices) values (%s, %s, %s, %s, %s, %s)",
        (day.decided_on, day.mode, day.rule, day.model, day.borrowers, Jsonb(dict(day.prices))),
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy chosen_step (decided_on, {STEP}) from stdin") as copy,
    ):
        for one in steps:
            options = json.dumps(one.options, separators=(",", ":"))
            figures = "{" + ",".join(map(str, one.figures)) + "}"
            copy.write_row(
                (day.decided_on, one.borrower, one.shard, one.asked, one.given, one.drawn, options, figures,
                 one.arrears_fen)
            )  # fmt: skip


def chosen_of_shard(connection: psycopg.Connection[Any], shard: int, on: date) -> dict[int, ChosenStep]:
    """By borrower what was chosen among the steps of a day."""
    rows = connection.execute(f"select {STEP} from chosen_step where decided_on = %s and shard = %s", (on, shard))
    return {row[0]: ChosenStep(*row) for row in rows.fetchall()}


def chosen_of(connection: psycopg.Connection[Any], borrower: str, on: date) -> tuple[ChosenDay, ChosenStep] | None:
    """What was chosen for one borrower (reference) among the steps of a day, or None."""
    row = connection.execute(
        f"select {', '.join('c.' + name for name in STEP.split(', '))} from chosen_step c "
        "join borrower b using (borrower) where b.reference = %s and c.decided_on = %s",
        (borrower, on),
    ).fetchone()
    day = chosen_day(connection, on)
    return (day, ChosenStep(*row)) if row and day else None


def given_on(connection: psycopg.Connection[Any], on: date) -> list[tuple[str, str, bool, int]]:
    """How often on a day the ladder asked for what and what was given: (asked, given, drawn by chance, borrowers)."""
    return connection.execute(
        "select asked, given, drawn, count(*) from chosen_step where decided_on = %s group by 1, 2, 3 order by 1, 2, 3",
        (on,),
    ).fetchall()


LOGGED = (
    "select c.decided_on, c.borrower, c.asked, c.given, c.options, c.figures, c.arrears_fen, "
    # the arrears of that day met: some loan of theirs cured or paid off at a close of the days that follow
    "exists (select from transition t join contract k using (loan) where k.borrower = c.borrower "
    "and t.kind = any(%(met)s) and t.closed_on >= c.decided_on and t.closed_on < c.decided_on + %(within)s) "
    "from chosen_step c where c.decided_on > %(after)s and c.decided_on + %(within)s <= %(through)s + 1 "
    "order by c.decided_on, c.borrower"
)


def logged(
    connection: psycopg.Connection[Any], after: date, through: date, within: int, met: list[int]
) -> list[tuple[Any, ...]]:
    """Choices after a day whose outcome is known on `through` (a day closed), with whether the arrears were met
    within so many days: (day, borrower, asked, given, options, figures, arrears, met)."""
    told = {"after": after, "through": through, "within": within, "met": met}
    return connection.execute(LOGGED, told).fetchall()
