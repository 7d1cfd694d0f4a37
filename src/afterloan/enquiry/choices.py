"""What was chosen among the steps that ladders allowed: a day, one borrower, and the log that teaches and judges."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.arms import MET
from afterloan.facts import FactRefused
from afterloan.risk.choice import FIGURES, MILLION, NONE, ChoiceRule, menu_of
from afterloan.risk.choice_model import (
    ChoiceLog,
    ChoiceModel,
    ChoicesJudged,
    choice_model_of,
    judge_choices,
    learn_choices,
)
from afterloan.rules.packs import Rule, in_force, rules_of
from afterloan.store.chosen import ChosenDay, ChosenStep, chosen_day, chosen_of, given_on, logged
from afterloan.store.posted import last_closed
from afterloan.store.scores import files_of, model_named, models_on
from afterloan.store.settings import Setting, setting
from afterloan.strategy.segments import share_of

LONG_AGO = date(1970, 1, 1)


def rule_of_choices(on: date) -> tuple[Rule, ChoiceRule]:
    """The lender's rule of a day, as it stands in the pack and as it is read."""
    rule = in_force(rules_of("treatments"), "ANY", on)[0]
    return rule, ChoiceRule(**rule.parameters)


def log_of_book(connection: psycopg.Connection[Any], after: date, through: date, within: int) -> ChoiceLog:
    """Choices after a day whose outcome is known on `through`; empty where there are none."""
    rows = logged(connection, after, through, within, MET)
    figures = np.array([row[5] for row in rows], np.int64).reshape(len(rows), len(FIGURES))
    menu = menu_of(np.array([row[2] for row in rows], np.str_), figures, np.array([row[6] for row in rows], np.int64))
    place = {name: k for k, name in enumerate(menu.options)}
    chance = np.zeros(menu.allowed.shape)
    for k, row in enumerate(rows):
        for name, told in row[4].items():
            chance[k, place[name]] = told["chance"] / MILLION
    return ChoiceLog(
        menu, np.array([number_of(row[0]) for row in rows], np.int64), np.array([row[1] for row in rows], np.int64),
        np.array([place[row[3]] for row in rows], np.int64), chance,
        np.array([row[7] for row in rows], np.int64),
    )  # fmt: skip


def learn_from_book(connection: psycopg.Connection[Any], through: date) -> ChoiceModel:
    """A model of what the steps bring, from every choice whose outcome is known on a day. Raises LogRefused."""
    log = log_of_book(connection, LONG_AGO, through, rule_of_choices(through)[1].within_days)
    days = [LONG_AGO + timedelta(int(day)) for day in (log.day.min(initial=0), log.day.max(initial=0))]
    return learn_choices(log, str(days[0]), str(days[1]))


def judged_in_book(connection: psycopg.Connection[Any], model: ChoiceModel, on: date) -> ChoicesJudged:
    """A model's choices against the ladder, on choices since it learnt whose outcome was known the evening before."""
    closed = min(last_closed(connection) or LONG_AGO, on - timedelta(days=1))
    rule = rule_of_choices(on)[1]
    after = date.fromisoformat(model.card["trained_through"])
    return judge_choices(log_of_book(connection, after, closed, rule.within_days), model.learnt, rule)


def judged_named(connection: psycopg.Connection[Any], name: str, on: date) -> ChoicesJudged:
    """The same of a model by its name. Raises FactRefused (unknown)."""
    kept = model_named(connection, name, on)
    return judged_in_book(connection, choice_model_of(files_of(connection, kept.model)), on)


def ladders_without_hold_out(connection: psycopg.Connection[Any], on: date) -> list[str]:
    """The ladders by which the last day up to `on` was decided and that keep no hold-out."""
    rows = connection.execute(
        "select distinct ladder from decided where decided_on = (select max(decided_on) from decided "
        "where decided_on <= %s)",
        (on,),
    ).fetchall()
    switched = setting(connection, Setting.HOLD_OUT)
    ladders = {name for row in rows for name in row[0].split()}
    return sorted(name for name in ladders if not share_of(switched, name))


@dataclass(frozen=True, slots=True)
class ChoicesTold:
    """A day's choices. `options`: (name, asked for by the ladder, given); `mode` off: the ladder alone decided."""

    on: date
    mode: str
    rule: str
    status: str
    model: str
    borrowers: int
    drawn: int
    otherwise: int
    options: tuple[tuple[str, int, int], ...]
    prices: dict[str, float]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        rows = [{"option": name, "asked": asked, "given": given} for name, asked, given in self.options]
        return asdict(self) | {"on": str(self.on), "options": rows}


def choices_told(connection: psycopg.Connection[Any], on: date) -> ChoicesTold:
    """What was chosen on a day over the whole book, and by what."""
    rule, read = rule_of_choices(on)
    day = chosen_day(connection, on)
    if day is None:
        return ChoicesTold(on, "off" if read.mode == "off" else "ladder", rule.id, rule.status, "", 0, 0, 0, (), {})
    rows = given_on(connection, on)
    asked, given = Counter[str](), Counter[str]()
    for option, got, _, n in rows:
        asked[option] += n
        given[got] += n
    options = sorted({*asked, *given}, key=lambda name: (name != NONE, name))
    drawn, otherwise = sum(n for *_, by, n in rows if by), sum(n for a, g, _, n in rows if a != g)
    return ChoicesTold(
        on, day.mode, day.rule, rule.status, _name(connection, day, on), day.borrowers, drawn, otherwise,
        tuple((name, asked[name], given[name]) for name in options), dict(day.prices),
    )  # fmt: skip


def _name(connection: psycopg.Connection[Any], day: ChosenDay, on: date) -> str:
    return next((m.sha256[:12] for m in models_on(connection, on) if m.model == day.model), "")


@dataclass(frozen=True, slots=True)
class ChoiceTold:
    """One borrower's choice of a day. `options`: (name, chance, paid, worth) in parts per million and minor units,
    None where no model told it."""

    borrower: str
    on: date
    mode: str
    rule: str
    model: str
    asked: str
    given: str
    drawn: bool
    options: tuple[tuple[str, int, int | None, int | None], ...]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        names = ("option", "chance_ppm", "paid_ppm", "worth_fen")
        rows = [dict(zip(names, row, strict=True)) for row in self.options]
        return asdict(self) | {"on": str(self.on), "options": rows}


def choice_told(connection: psycopg.Connection[Any], borrower: str, on: date) -> ChoiceTold | None:
    """What was chosen for a borrower on a day, and why; None where nothing was to be chosen."""
    found = chosen_of(connection, borrower, on)
    if found is None:
        return None
    day, one = found
    return ChoiceTold(
        borrower, on, day.mode, day.rule, _name(connection, day, on), one.asked, one.given, one.drawn, _options(one)
    )


def _options(one: ChosenStep) -> tuple[tuple[str, int, int | None, int | None], ...]:
    rows = [(name, told["chance"], told.get("paid"), told.get("worth")) for name, told in one.options.items()]
    return tuple(sorted(rows, key=lambda row: (-row[1], row[0])))


def choice_named(connection: psycopg.Connection[Any], borrower: str, on: date) -> ChoiceTold:
    """The same, refused (unknown) where nothing was to be chosen."""
    told = choice_told(connection, borrower, on)
    if told is None:
        why = f"nothing was to be chosen on {on} for a late borrower of that name"
        raise FactRefused("borrower", borrower, why, "`afterloan risk choices --on DAY` tells the day", "unknown")
    return told
