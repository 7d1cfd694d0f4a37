"""Chooses among the steps that the ladders ask for a day over the whole book, where the lender's pack says so."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import polars as pl
import psycopg

from afterloan.close.planned import ShardPlan, plan_shard
from afterloan.close.workers import Workers, each_shard
from afterloan.dates import date_of
from afterloan.enquiry.choices import rule_of_choices
from afterloan.facts.act import Who
from afterloan.facts.outbox import Action
from afterloan.risk.choice import (
    FIGURES,
    MILLION,
    ChoiceRule,
    LearntEffects,
    Menu,
    OptionsChosen,
    choose,
    drawn_ppm,
    menu_of,
)
from afterloan.risk.choice_model import PURPOSE, choice_model_of
from afterloan.rules.packs import Finding, Rule
from afterloan.store.acts import act_of_rule
from afterloan.store.chosen import ChosenDay, ChosenStep, chosen_day, chosen_of_shard, keep_chosen
from afterloan.store.locks import lock_reference
from afterloan.store.read import fold
from afterloan.store.scores import KeptModel, files_of, models_on
from afterloan.store.server import Store
from afterloan.strategy.plan import PlannedFinding, is_tested
from afterloan.strategy.segments import CHAMPION

COLUMNS = ("borrower", "reference", *FIGURES)
NIGHT = Who.rule("night")


def model_in_use(connection: psycopg.Connection[Any], before: date) -> KeptModel | None:
    """The model of treatments that was in use the evening before a day."""
    kept = [m for m in models_on(connection, before - timedelta(days=1), PURPOSE) if m.state == "in_use"]
    return kept[-1] if kept else None


def choose_day(store: Store, day: int, workers: Workers = 1) -> bool:
    """Choose once, before any shard of the day is decided; whether anything was there to be chosen by.

    Every shard is planned, what is worth most is chosen over the whole book, and written with the chance of each
    choice in one transaction. Known before: nothing is written. A day that was begun by the ladder alone stays so. What
    comes to be known between this and a shard's own hour (a hold, a repayment) still goes before the choice.
    """
    on = date_of(day)
    told, rule = rule_of_choices(on)
    if rule.mode == "off":
        return False
    with store.connect() as connection:
        lock_reference(connection, name := f"choose:{on}")
        if chosen_day(connection, on) is not None or _begun(connection, on):
            return True
        kept = model_in_use(connection, on) if rule.mode == "choose" else None
        learnt = choice_model_of(files_of(connection, kept.model)).learnt if kept else None
        parts = each_shard(store, workers, asked_of_shard, day)
        asked = pl.concat([pl.DataFrame(schema=SCHEMA), *parts]).sort("borrower")
        menu = _menu(asked)
        chosen = choose_all(menu, asked, learnt, rule, day)
        with act_of_rule(connection, NIGHT, "treatment.choose", name, on, {"day": str(on)}) as answered:
            answered |= {"mode": rule.mode, "rule": told.id, "borrowers": len(asked), "drawn": int(chosen.drawn.sum())}
            answered |= {"model": kept.sha256[:12] if kept else None, "prices": chosen.price_fen}
            row = ChosenDay(on, rule.mode, told.id, kept.model if kept else None, len(asked), chosen.price_fen)
            keep_chosen(connection, row, _steps(asked, menu, chosen))
        connection.commit()
    return True


def _begun(connection: psycopg.Connection[Any], on: date) -> bool:
    row = connection.execute("select exists (select from decided where decided_on >= %s)", (on,)).fetchone()
    return bool(row and row[0])


SCHEMA = {
    "borrower": pl.Int64, "reference": pl.String, **dict.fromkeys(FIGURES, pl.Int64), "asked": pl.String,
    "held_out": pl.Boolean, "shard": pl.Int64,
}  # fmt: skip


def asked_of_shard(connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int, day: int) -> pl.DataFrame:
    """A row for each borrower in arrears of whom a ladder asks for something that is tested: columns of SCHEMA."""
    some = connection.execute("select exists (select from contract where shard = %s)", (shard,)).fetchone()
    if not (some and some[0]):
        return pl.DataFrame(schema=SCHEMA)
    fold(connection, reader, shard)
    connection.commit()
    return asked_in(plan_shard(connection, reader, shard, day), shard)


def asked_in(shard_plan: ShardPlan, shard: int) -> pl.DataFrame:
    """The same from a plan: of the champion's borrowers only, since arms and the hold-out are trials of their own."""
    tested, held_out = _tested(shard_plan), {x.id: x.arms.hold_out_permille > 0 for x in shard_plan.ladders.values()}
    rows = [
        (a.borrower, a.kind, held_out[_of(a)[0]]) for a in shard_plan.plan.actions if _is_choice(a, tested)
    ]  # fmt: skip
    if not rows or shard_plan.read is None:
        return pl.DataFrame(schema=SCHEMA)
    schema = {"borrower": pl.Int64, "kind": pl.String, "held_out": pl.Boolean}
    actions = pl.DataFrame(rows, schema=schema, orient="row").group_by("borrower").agg(
        pl.col("kind").unique().sort().str.join("+").alias("asked"), pl.col("held_out").all()
    )  # fmt: skip
    known = shard_plan.read.frame.filter(pl.col("arrears_fen") > 0).select(COLUMNS)
    found = known.join(actions, on="borrower").with_columns(shard=pl.lit(shard, pl.Int64))
    return found.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _tested(shard_plan: ShardPlan) -> set[tuple[str, str]]:
    """(ladder, step) of what may be chosen or left out: what the law or the books want stays."""
    return {(x.id, s.id) for x in shard_plan.ladders.values() for s in x.steps if is_tested(s) and not s.always}


def _of(action: Action) -> tuple[str, str, str]:
    """Ladder, step and arm of an action; empty for what no ladder asked for."""
    return tuple(str(getattr(action.body, name, "") or "") for name in ("ladder", "step", "arm"))  # type: ignore[return-value]


def _is_choice(action: Action, tested: set[tuple[str, str]]) -> bool:
    ladder, step, arm = _of(action)
    return (ladder, step) in tested and arm == CHAMPION


def _menu(asked: pl.DataFrame) -> Menu:
    figures = asked.select(FIGURES).to_numpy().astype(np.int64)
    return menu_of(asked["asked"].to_numpy().astype(np.str_), figures, asked["arrears_fen"].to_numpy().astype(np.int64))


def choose_all(
    menu: Menu, asked: pl.DataFrame, learnt: LearntEffects | None, rule: ChoiceRule, day: int
) -> OptionsChosen:
    """The choice over all rows; where a ladder keeps no hold-out its borrowers keep the ladder, but for the margin."""
    chance = drawn_ppm(asked["reference"].to_list(), day)
    without = ~asked["held_out"].to_numpy().astype(bool)
    return choose(menu, learnt, rule, chance, as_asked=without)


def _steps(asked: pl.DataFrame, menu: Menu, chosen: OptionsChosen) -> Iterator[ChosenStep]:
    """The rows to keep; chances in a million that come to exactly a million."""
    ppm = np.floor(chosen.chance * MILLION).astype(np.int64)
    ppm[np.arange(len(ppm)), ppm.argmax(axis=1)] += MILLION - ppm.sum(axis=1)
    paid = np.where(np.isnan(chosen.paid), -1, np.rint(np.nan_to_num(chosen.paid) * MILLION)).astype(np.int64)
    worth = np.isnan(chosen.value_fen)
    value = np.rint(np.nan_to_num(chosen.value_fen)).astype(np.int64)
    columns = asked.select("borrower", "shard", "asked", "arrears_fen").rows()
    for k, (borrower, shard, option, arrears_fen) in enumerate(columns):
        told = {}
        for at in np.flatnonzero(menu.allowed[k]).tolist():
            seen = {} if paid[k, at] < 0 or worth[k, at] else {"paid": int(paid[k, at]), "worth": int(value[k, at])}
            told[menu.options[at]] = {"chance": int(ppm[k, at]), **seen}
        given = menu.options[int(chosen.option[k])]
        figures = menu.figures[k].tolist()
        yield ChosenStep(borrower, shard, option, given, bool(chosen.drawn[k]), told, figures, arrears_fen)


def as_chosen(connection: psycopg.Connection[Any], planned: ShardPlan, shard: int, day: int) -> None:
    """Take out of a shard's plan what was not chosen, each with a finding; what was not known then stays."""
    on = date_of(day)
    rule, read = rule_of_choices(on)
    chosen = chosen_of_shard(connection, shard, on) if read.mode != "off" else {}
    if chosen:
        planned.plan.actions, left = _parted(planned, chosen)
        for action in left:
            finding = left_out(rule, on, chosen[action.borrower], _of(action)[1])
            planned.plan.findings.append(PlannedFinding(action.borrower, action.kind, finding))


def _parted(planned: ShardPlan, chosen: Mapping[int, ChosenStep]) -> tuple[list[Action], list[Action]]:
    """Actions that stay, and those left out: asked for when it was chosen, and not among what was."""
    tested = _tested(planned)
    stay: list[Action] = []
    left: list[Action] = []
    for action in planned.plan.actions:
        one = chosen.get(action.borrower)
        out = one is not None and action.kind in one.asked.split("+") and action.kind not in one.given.split("+")
        (left if out and _is_choice(action, tested) else stay).append(action)
    return stay, left


LEFT_OUT = "left out"


def left_out(rule: Rule, on: date, one: ChosenStep, step: str) -> Finding:
    """Why a step of the ladder was not done: drawn so, or because another choice is worth more."""
    told: dict[str, Any] = {"step": step, "asked": one.asked, "given": one.given, **one.options[one.given]}
    return rule.finding(on, f"{LEFT_OUT}, drawn by chance" if one.drawn else f"{LEFT_OUT}, worth less", **told)
