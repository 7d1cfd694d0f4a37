"""The worklist as an agent works through it: the evening's list, filtered and counted, its shown rows reckoned anew."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg

from afterloan.expected import BadInput
from afterloan.store.cases import hands_of, held_of, owed_of_cases
from afterloan.store.contacts import defaults_of
from afterloan.store.worklist import evening, evening_before, hands_of_evening
from afterloan.strategy.conditions import condition
from afterloan.strategy.holds import Held
from afterloan.strategy.places import place_of
from afterloan.strategy.worklist import priority_fen, worth_rule

LONGEST_CONDITION = 500
MOST_ROWS = 100
AHEAD = 10
"""Cases reckoned at once while the next one is looked for."""
NOBODY = "-"
"""The filter `mine` that asks for cases in nobody's hands."""
COLUMNS: dict[str, Any] = {
    "queue": pl.String,
    "days_past_due": pl.Int64,
    "arrears_fen": pl.Int64,
    "worth_fen": pl.Int64,
    "promises_broken": pl.Int64,
    "ladder": pl.String,
    "step": pl.String,
    "assigned_to": pl.String,
}
"""What a condition over the list may speak of."""


@dataclass(frozen=True, slots=True)
class WorklistAsked:
    """Which part of the list: as of a day, of a queue, in whose hands (`-`: nobody's), under a condition, a window."""

    on: date
    queue: str = ""
    mine: str = ""
    where: str = ""
    first: int = 0
    most: int = 50
    known_on: date | None = None


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """A case as shown: amounts and days are of now, `evening_fen` is what the night saw.

    `settled`: what was late in the evening is so no longer. `ladder` and `step` put it into its queue.
    """

    borrower: str
    name: str
    queue: str
    opened_on: str
    days_past_due: int
    arrears_fen: int
    worth_fen: int
    evening_fen: int
    promises_broken: int
    ladder: str
    step: str
    loans: str
    assigned_to: str
    agency: str
    holds: tuple[str, ...]
    settled: bool

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class QueueTotal:
    """A queue in figures: open cases, in nobody's hands, older than a week, arrears and worth; cases by person."""

    queue: str
    cases: int
    free: int
    over_a_week: int
    arrears_fen: int
    worth_fen: int
    people: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """A window of the list with the totals of all that the filter lets through. `decided_on` None: no day decided.

    `queues`: cases by queue that the filter lets through; `every_queue`: of the whole evening.
    """

    decided_on: date | None
    rows: tuple[WorklistRow, ...] = ()
    total: int = 0
    total_fen: int = 0
    queues: dict[str, int] = field(default_factory=dict)
    every_queue: dict[str, int] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """JSON values."""
        plain = asdict(self) | {"rows": [row.told() for row in self.rows]}
        return plain | {"decided_on": self.decided_on.isoformat() if self.decided_on else None}


def worklist_page(connection: psycopg.Connection[Any], reader: adbc.Connection, asked: WorklistAsked) -> WorklistPage:
    """The last evening's list up to the day asked for. Raises BadInput, ConditionRefused naming what is wrong."""
    decided_on = evening_before(connection, asked.on, asked.known_on or asked.on)
    if decided_on is None:
        return WorklistPage(None)
    whole = _with_hands(connection, reader, decided_on, asked.on)
    cases = _filtered(whole, asked)
    window = cases.slice(max(asked.first, 0), min(max(asked.most, 1), MOST_ROWS))
    rows = tuple(_anew(connection, reader, window, asked.on))
    total_fen = int(cases["arrears_fen"].sum())
    return WorklistPage(decided_on, rows, len(cases), total_fen, _by_queue(cases), _by_queue(whole))


def _by_queue(cases: pl.DataFrame) -> dict[str, int]:
    return {str(queue): int(n) for queue, n in cases.group_by("queue").len().sort("queue").iter_rows()}


def next_for(
    connection: psycopg.Connection[Any], reader: adbc.Connection, asked: WorklistAsked, person: str
) -> tuple[int, WorklistRow] | None:
    """The next case of the list that `person` may work, from the place `first` on, with its place; None: no more.

    Theirs or nobody's, with no agency, and not paid since the evening. Raises as `worklist_page`.
    """
    decided_on = evening_before(connection, asked.on, asked.known_on or asked.on)
    if decided_on is None:
        return None
    cases = _filtered(_with_hands(connection, reader, decided_on, asked.on), asked).with_row_index("place")
    mine = cases.filter((pl.col("place") >= asked.first) & pl.col("assigned_to").is_in(["", person]))
    for begin in range(0, len(mine), AHEAD):
        window = mine.slice(begin, AHEAD)
        for place, row in zip(window["place"], _anew(connection, reader, window, asked.on), strict=True):
            if not (row.settled or row.agency):
                return int(place), row
    return None


def _with_hands(
    connection: psycopg.Connection[Any], reader: adbc.Connection, decided_on: date, on: date
) -> pl.DataFrame:
    cases = evening(reader, decided_on)
    hands = hands_of_evening(connection, decided_on, on)
    whose = [hands.get(key, "") for key in zip(cases["borrower"], cases["queue"], strict=True)]
    return cases.with_columns(pl.Series("assigned_to", whose, pl.String))


def _filtered(cases: pl.DataFrame, asked: WorklistAsked) -> pl.DataFrame:
    if asked.queue:
        cases = cases.filter(pl.col("queue") == asked.queue)
    if asked.mine:
        cases = cases.filter(pl.col("assigned_to") == ("" if asked.mine == NOBODY else asked.mine))
    if asked.where.strip():
        if len(asked.where) > LONGEST_CONDITION:
            raise BadInput(f"the condition has {len(asked.where)} characters; at most {LONGEST_CONDITION} are read")
        cases = cases.filter(condition(asked.where, COLUMNS))
    return cases


def _anew(
    connection: psycopg.Connection[Any], reader: adbc.Connection, window: pl.DataFrame, on: date
) -> list[WorklistRow]:
    """The rows of a window with what is owed, held and in whose hands now."""
    numbers = window["borrower"].unique().to_list()
    if not numbers:
        return []
    owed, hands = owed_of_cases(connection, reader, numbers, on), hands_of(connection, numbers, on)
    people = _people(connection, numbers)
    held = held_of(connection, hands, on, {number: place for number, (_, place) in people.items()})
    return [
        _row(
            case,
            owed.get(case["borrower"]),
            hands.get(case["borrower"]),
            on,
            people[case["borrower"]][0],
            held.get(case["borrower"], []),
        )
        for case in window.iter_rows(named=True)
    ]


def _people(connection: psycopg.Connection[Any], numbers: list[int]) -> dict[int, tuple[str, str]]:
    """The name of borrowers by number, and the jurisdiction whose holds bind there."""
    defaults = defaults_of(connection)
    found = "select borrower, name, clear from borrower where borrower = any(%s)"
    rows = connection.execute(found, (numbers,)).fetchall()
    return {number: (name, place_of(told or {}, defaults).jurisdiction) for number, name, told in rows}


def _row(
    case: dict[str, Any], owed: dict[str, Any] | None, hands: Any, on: date, name: str, held: list[Held]
) -> WorklistRow:
    _, agency, _ = hands or ({}, "", [])
    now = {"arrears_fen": 0, "days_past_due": 0} if owed is None else owed
    now = {**now, "promises_broken": case["promises_broken"]}
    return WorklistRow(
        case["reference"], name, case["queue"], case["opened_on"].isoformat(), now["days_past_due"],
        now["arrears_fen"], priority_fen(now, worth_rule(on)) if owed else 0, case["arrears_fen"],
        case["promises_broken"], case["ladder"], case["step"], case["loans"], case["assigned_to"], agency,
        tuple(h.hold for h in held), owed is None,
    )  # fmt: skip


def queue_totals(connection: psycopg.Connection[Any], reader: adbc.Connection, on: date) -> list[QueueTotal]:
    """Each queue of the last evening in figures, the most worth first; empty before the first decided day."""
    decided_on = evening_before(connection, on, on)
    if decided_on is None:
        return []
    cases = _with_hands(connection, reader, decided_on, on)
    found = []
    for (queue,), its in cases.group_by("queue"):
        people = its.filter(pl.col("assigned_to") != "").group_by("assigned_to").len().sort("len", descending=True)
        old = its.filter(pl.lit(on) - pl.col("opened_on") > pl.duration(days=7))
        found.append(QueueTotal(
            str(queue), len(its), len(its) - int(people["len"].sum()), len(old), int(its["arrears_fen"].sum()),
            int(its["worth_fen"].sum()), dict(people.iter_rows()),
        ))  # fmt: skip
    return sorted(found, key=lambda total: (-total.worth_fen, total.queue))
