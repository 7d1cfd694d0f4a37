"""A shard is planned in columns: each borrower gets what they would get if the shard were theirs alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic_core import from_json

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.close.known import columns_of, events_told
from afterloan.close.planned import ShardPlan, plan_shard
from afterloan.dates import date_of, day
from afterloan.facts.limit import BorrowingBarred, LimitSet
from afterloan.facts.outbox import read_body
from afterloan.facts.promise import PromiseMade
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.store.connect import reader_kept
from afterloan.store.debits import KINDS, fold_events
from afterloan.store.events import events_of
from afterloan.store.loans import facts_of_shard_sql, facts_sql
from afterloan.store.read import fold
from afterloan.store.server import Store
from afterloan.strategy import catch_up
from afterloan.strategy.columns import SCHEMA
from afterloan.strategy.governor import Place
from afterloan.strategy.ladder import LadderStep, standing_on
from afterloan.strategy.plan import DayPlan, KnownBorrowers, plan_day
from afterloan.strategy.restriction import CreditLine, LineStep, line_after, line_of
from tests.strategy.standing import matches

ON = day("2024-06-30")


@pytest.fixture
def planned(store: Store, tmp_path: Path) -> Iterator[list[ShardPlan]]:
    """The plans of a generated book's shards: the day after one that was decided, and three days after another."""
    generate(1_200, 6, 11, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    close_through(store, ON - 1, only=True)
    decide(store, ON)
    found = []
    for on in (ON + 1, ON + 3):
        close_through(store, on - 1)
        with store.connect() as connection, reader_kept(store.url) as reader:
            fold(connection, reader, 0)
            connection.commit()
            found.append(plan_shard(connection, reader, 0, on))
    yield found


def rows(plan: DayPlan) -> list[tuple[Any, ...]]:
    """All that a plan asks to be written, in an order of its own."""
    acts = [("act", a.key, a.borrower, a.loan or 0, a.kind, a.not_before, a.body.text()) for a in plan.actions]
    found = [("finding", p.borrower, p.about, p.finding.model_dump_json()) for p in plan.findings]
    changes = [("change", p.borrower, p.reference, repr(p.change)) for p in plan.changes]
    return sorted(map(repr, [*acts, *found, *changes]))  # type: ignore[arg-type]


def alone(known: KnownBorrowers, number: int) -> KnownBorrowers:
    mine = pl.col("borrower") == number
    return replace(known, frame=known.frame.filter(mine), loans=known.loans.filter(mine))


def test_a_borrower_gets_what_they_would_get_alone(planned: list[ShardPlan]) -> None:
    asked = [one for one in planned if one.read is not None]
    for k, one in enumerate(asked):
        on = date_of(ON + 1 if k < len(asked) // 2 else ON + 3)
        assert one.read is not None
        together = plan_day(one.read, one.ladders, on)
        apart = [plan_day(alone(one.read, n), one.ladders, on) for n in one.read.frame["borrower"]]
        assert rows(together) == sorted(row for plan in apart for row in rows(plan))
    kinds = {a.kind for one in asked for a in one.plan.actions}
    assert {"message.sms", "worklist", "debit.attempt"} <= kinds  # the comparison was about something
    assert any(one.plan.findings for one in asked)


def test_the_text_of_each_body_reads_back_as_its_record(planned: list[ShardPlan]) -> None:
    """Nothing is lost on the way and nothing added, so the drain does what was planned."""
    kinds: set[str] = set()
    late = 0
    for action in (action for one in planned for action in one.plan.actions):
        told = from_json(action.body.text())
        assert read_body(action.kind, told).told() == told
        kinds.add(action.kind)
        late += "late_days" in told
    assert {"message.sms", "worklist", "debit.attempt", "bureau.notice"} <= kinds and late


def on_its_day(step: LadderStep) -> pl.Expr:
    """Whether a row (borrower or loan) stands on one of the step's days, as Polars has it."""
    if step.bucket is not None:
        since = pl.col("days_past_due") - pl.col("bucket_first_day")
        turn = since == 0 if step.every is None else since % step.every == 0
        return (pl.col("bucket") == step.bucket) & turn
    if step.before_due:
        return pl.col(step.counts_to_due).is_in([-d for d in step.days])
    if step.clock == "grace":
        since_grace = pl.col("days_past_due") - pl.col("grace_days")
        return (pl.col("days_past_due") > 0) & since_grace.is_in(list(step.days))
    return (pl.col("days_past_due") > 0) & pl.col("days_past_due").is_in(list(step.days))


def test_the_places_of_a_step_are_the_rows_it_matches(planned: list[ShardPlan]) -> None:
    seen = 0
    for one in planned:
        if one.read is None:
            continue
        for ladder in one.ladders.values():
            found = standing_on(ladder, one.read.frame, one.read.loans)
            assert [step.id for step, _ in matches(ladder, one.read.frame, one.read.loans)] == [s.id for s, _ in found]
            places = {step.id: at for step, at in found}
            told = one.read.frame.with_columns(segment=ladder.segment)
            for step, condition in zip(ladder.steps, ladder.conditions, strict=True):
                wanted = told.filter(condition)
                if step.clock == "loan":
                    late = one.read.loans.filter(on_its_day(step))
                    wanted = wanted.join(late.select("borrower").unique(), on="borrower", how="semi")
                else:
                    wanted = wanted.filter(on_its_day(step))
                at = places.get(step.id, np.zeros(0, np.int64))
                assert one.read.frame["borrower"][at].to_list() == wanted["borrower"].to_list()
                seen += len(at)
    assert seen > 50


def test_a_line_alone_leaves_all_other_columns_as_they_are() -> None:
    """What is left out for who has nothing but a line is what looking for it finds: a kept promise of nobody's."""
    on, place = date_of(ON), Place("CN", ("Asia/Shanghai",), "zh-CN")
    told = {"borrower": "B", "on": on, "known_on": on, "by": "rule:x", "reason": "r", "rule": "r", "before_fen": 0}
    lines = [
        LimitSet(**told, reference="1", after_fen=500_000),
        BorrowingBarred(**told, reference="2", after_fen=500_000, bar="overdue"),
    ]
    ahead = PromiseMade(borrower="B", on=on, known_on=on, reference="3", loan="L", due_on=date_of(ON + 9), amount_fen=1)
    columns, standing, held = columns_of(7, lines, [], place, ON + 1, line_of(lines, date_of(ON + 1)))
    looked, _, _ = columns_of(7, [*lines, ahead], [], place, ON + 1, line_of(lines, date_of(ON + 1)))
    differ = {name for name in looked if looked[name] != columns[name]}
    assert differ == {"promise_pending", "hold_promise_pending"}
    assert (columns["limit_fen"], columns["barred"], columns["frozen"]) == (500_000, True, False)
    assert standing is None and held == []
    assert set(columns) - {"borrower"} <= set(SCHEMA) and list(columns) == list(looked)


def test_lines_and_mandates_read_in_bulk_are_those_of_the_events_one_by_one(store: Store, tmp_path: Path) -> None:
    """Of nearly all borrowers no event is made: their line, and their mandate, are what the checked events come to."""
    generate(1_200, 6, 11, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    with store.connect() as connection:
        people = dict(connection.execute("select borrower, reference from borrower").fetchall())
        known = events_told(connection, list(people), ON)
        others = 0
        for number, reference in people.items():
            told = [e for e in events_of(connection, reference) if e.known_on < date_of(ON)]
            line = known.lines.get(number) or line_of(known.events.get(number, []), date_of(ON))
            assert line == line_of(told, date_of(ON))
            # events_of tells them by day, the bulk as they were told: what is compared does not hang on it
            mandates = fold_events(e for e in told if e.KIND in KINDS).mandates
            own = known.debits[number].mandates if number in known.debits else ()
            assert sorted(map(repr, own)) == sorted(map(repr, mandates))
            others += number in known.events
    assert len(known.lines) > 500 and others > 0 and set(known.lines).isdisjoint(known.events)
    assert sum(len(own.mandates) for own in known.debits.values()) > 300


def test_a_line_that_takes_effect_later_is_not_there_yet() -> None:
    """Lowered to 3,000.00 from the 5th on, a line of 5,000.00 stands whole on the 4th."""
    first, fifth = date(2024, 6, 1), date(2024, 6, 5)
    steps = [LineStep("limit.set", first, 500_000), LineStep("limit.reduced", fifth, 300_000)]
    assert line_after(steps, date(2024, 6, 4)) == CreditLine(500_000, 500_000, known=True)
    assert line_after(steps, fifth) == CreditLine(300_000, 500_000, known=True)
    assert line_after(steps, date(2024, 5, 31)) == CreditLine()


def test_a_shard_is_read_by_its_facts_as_by_its_contracts(store: Store, tmp_path: Path) -> None:
    """The first fold of a shard looks up no contract for each loan; a few loans are found by theirs."""
    generate(1_200, 6, 11, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    facts = 0
    with store.connect() as connection:
        for shard in range(store.shards()):
            by_shard = connection.execute(facts_of_shard_sql(shard)).fetchall()
            assert by_shard == connection.execute(facts_sql(f"c.shard = {shard}")).fetchall()
            facts += len(by_shard)
    assert facts > 300


def test_who_waits_for_the_start_gets_what_working_each_off_finds(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A book taken over begins spread over five days: on the first of them each who waits is told until when, and
    reminders go on; in columns as row by row."""
    generate(1_200, 6, 11, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    close_through(store, ON - 1, only=True)
    waiting = []
    for on in (ON, ON + 1):
        plans = []
        with store.connect() as connection, reader_kept(store.url) as reader:
            for shard in range(store.shards()):
                fold(connection, reader, shard)
                connection.commit()
                plans.append(plan_shard(connection, reader, shard, on))
        read = [(one, one.read) for one in plans if one.read is not None]
        waiting.append(sum(known.frame.select(catch_up.only_reminded().sum()).item() for _, known in read))
        with monkeypatch.context() as patched:
            patched.setattr(catch_up, "only_reminded", lambda: pl.lit(False))
            for one, known in read:
                assert rows(one.plan) == rows(plan_day(known, one.ladders, date_of(on)))
        if on == ON:
            assert sum(p.finding.outcome == "waits" for one in plans for p in one.plan.findings) == waiting[0]
            decide(store, ON)
            close_through(store, ON)
    assert waiting[0] > waiting[1] > 5
