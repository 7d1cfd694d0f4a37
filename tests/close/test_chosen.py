"""Steps chosen among those of a ladder: the night with the switch off, exploring, and choosing by a model in use."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Jsonb

from afterloan.close import close_through
from afterloan.close import decide as decide_module
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.enquiry import choices
from afterloan.enquiry.choices import choice_told, choices_told
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.hold import HoldPlaced
from afterloan.risk.choice import FIGURES, LearntEffects, drawn_ppm
from afterloan.risk.choice_model import ChoiceModel, choice_parts
from afterloan.risk.treat import Effects
from afterloan.rules.packs import rules_of
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.events import tell
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan, outbox

LADDER = """id: short
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
steps:
  - {id: due, day: 0, do: debit.attempt}
  - {id: late, day: 2, do: message.sms, template: late}
  - {id: work, day: 2, do: worklist, queue: early}
  - {id: law, day: 2, do: message.letter, template: late, purpose: legal_notice}
"""
LATE = "2025-03-04"  # instalments of the 2nd: two days past due
MANY = 40


@pytest.fixture
def late(store: Store) -> Store:
    """Forty borrowers two days late on 4 March 2025, the book closed up to the evening before."""
    with store.connect() as connection:
        connection.execute("insert into setting values ('ladders', %s)", (Jsonb({"CN": LADDER}),))
        for k in range(MANY):
            borrower(connection, f"B{k}", jurisdiction="CN")
            loan(connection, f"L{k}", f"B{k}", "2025-02-02", principal_fen=100_000 * (k + 1))
    close_through(store, day(LATE) - 1, only=True)
    return store


def switched(monkeypatch: pytest.MonkeyPatch, mode: str, **more: Any) -> None:
    """The lender's pack from 1 March 2025 on says another mode."""
    (rule,) = rules_of("treatments")
    of_then = {"effective_from": date(2025, 3, 1), "parameters": rule.parameters | {"mode": mode} | more}
    told = (rule, rule.model_copy(update=of_then))
    monkeypatch.setattr(choices, "rules_of", lambda _: told)


def written(store: Store) -> tuple[list[Any], list[Any]]:
    with store.connect() as connection:
        found = connection.execute(
            "select b.reference, f.about, f.rule, f.outcome, f.inputs from finding f join borrower b using (borrower) "
            "order by 1, 2, 3, 4"
        ).fetchall()
    return outbox(store), found


def hold_out_of(store: Store, permille: int) -> None:
    told = {"short": {"permille": permille, "by": "li", "on": "2025-01-01", "reason": "a test"}}
    with store.connect() as connection:
        connection.execute("insert into setting values ('hold_out', %s)", (Jsonb(told),))


def model_that_calls_only(by_arrears: float = 2.0) -> ChoiceModel:
    """A call helps the more, the larger the arrears; a message does nothing."""
    weights = np.zeros((4, len(FIGURES) + 1))
    weights[2:, 1 + FIGURES.index("arrears_fen")] = by_arrears
    middle, spread = np.zeros(len(FIGURES)), np.ones(len(FIGURES))
    middle[FIGURES.index("arrears_fen")], spread[FIGURES.index("arrears_fen")] = 10.0, 2.0
    options = ("none", "message.sms", "worklist", "message.sms+worklist")
    card = {
        "format": "afterloan-treatment 1", "purpose": "treatment", "figures": list(FIGURES), "feature_groups": [],
        "trained_through": "2025-01-31", "outcome": "paid", "rows": 9, "borrowers": 9, "went_bad": 3,
        "learnt_from": "2025-01-01", "options": {name: {"rows": 3, "paid": 0.25} for name in options},
    }  # fmt: skip
    return ChoiceModel(card, LearntEffects(options, Effects(weights, middle, spread)))


def done(store: Store, who: str, role: str, verb: str, asked: dict[str, Any], on: str) -> Answer | Refused:
    with desk_of(store) as desk:
        at = date.fromisoformat(on)
        return do(desk, Who("person", who, (role,), "keyboard"), verb, asked, f"{verb}:{on}", at)


def approved(store: Store, on: str) -> str:
    content = json.dumps(choice_parts(model_that_calls_only()), sort_keys=True).encode()
    asked = {"content": b64encode(content).decode(), "sha256": sha256(content).hexdigest()}
    proposed = done(store, "li", "analyst", "model.propose", asked, on)
    assert isinstance(proposed, Answer), proposed
    told = done(store, "wang", "lead", "model.approve", {"model": proposed.body["model"], "note": "read"}, on)
    assert isinstance(told, Answer), told
    return str(proposed.body["model"])


def in_use(store: Store, on: str) -> str:
    """As a promotion leaves it; what a promotion asks for is tried apart."""
    name = approved(store, on)
    with store.connect() as connection:
        connection.execute(
            "insert into model_step (model, kind, on_day, by, told) "
            "select model, 'promoted', %s, 'wang', '{}' from model",
            (on,),
        )
    return name


def test_off_the_night_decides_as_the_ladder_says_and_nothing_is_logged(
    late: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_use(late, "2025-03-01")
    asked = []
    monkeypatch.setattr(decide_module, "as_chosen", lambda *_: asked.append(1))
    decide(late, day(LATE))
    assert asked, "the comparison below is of a night without the choice"
    actions, findings = written(late)
    assert len(actions) == 3 * MANY and {a[0] for a in actions} == {"message.sms", "worklist", "message.letter"}
    monkeypatch.undo()
    with psycopg.connect(late.as_owner().url) as connection:
        for table in ("outbox", "finding", "decided", "worklist"):
            connection.execute(f"alter table {table} disable trigger user")
            connection.execute(f"delete from {table}")
        connection.execute("alter table act disable trigger user")
        connection.execute("delete from act where verb = 'day.decide'")
    decide(late, day(LATE))
    assert written(late) == (actions, findings), "bit for bit"
    with late.connect() as connection:
        assert choices_told(connection, date.fromisoformat(LATE)).mode == "off"
        assert connection.execute("select count(*) from chosen_day").fetchone() == (0,)


def test_exploring_draws_a_margin_logs_each_chance_and_leaves_the_law_alone(
    late: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(monkeypatch, "explore", margin_ppm=500_000)
    decide(late, day(LATE))
    drawn = [int(x) < 500_000 for x in drawn_ppm([f"B{k}" for k in range(MANY)], day(LATE))]
    actions, findings = written(late)
    assert sum(a[0] == "message.letter" for a in actions) == MANY, "what the law wants is nobody's choice"
    with late.connect() as connection:
        for k in range(MANY):
            told = choice_told(connection, f"B{k}", date.fromisoformat(LATE))
            assert told is not None and told.drawn == drawn[k] and told.asked == "message.sms+worklist"
            # four options, half drawn: .5 / 4 = .125 each, and what the ladder asks for .5 more
            chances = {name: chance for name, chance, *_ in told.options}
            assert chances == {"message.sms+worklist": 625_000, "none": 125_000, "message.sms": 125_000,
                               "worklist": 125_000}  # fmt: skip
            done_for = {a[0] for a in actions if a[2] == f"B{k}"} - {"message.letter"}
            assert done_for == ({*told.given.split("+")} - {"none"})
            assert drawn[k] or told.given == told.asked
        left = [f for f in findings if f[2] == "treatments.choose"]
        assert {f[3] for f in left} == {"left out, drawn by chance"}
        assert len(left) == 2 * MANY - sum(a[0] in ("message.sms", "worklist") for a in actions)
        day_told = choices_told(connection, date.fromisoformat(LATE)).told()
    assert (day_told["mode"], day_told["borrowers"], day_told["drawn"]) == ("explore", MANY, sum(drawn))
    assert sum(o["given"] for o in day_told["options"]) == MANY
    decide(late, day(LATE))
    assert written(late) == (actions, findings), "asked again nothing is added"


def test_choosing_keeps_the_room_and_calls_whom_a_call_helps_most(late: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    switched(monkeypatch, "choose", margin_ppm=0, capacity={"worklist": 10})
    name = in_use(late, "2025-03-01")
    hold_out_of(late, 1)
    decide(late, day(LATE))
    actions, findings = written(late)
    called = {a[2] for a in actions if a[0] == "worklist"}
    # a message does nothing, so nobody gets one; the ten largest debts gain most by a call
    assert not [a for a in actions if a[0] == "message.sms"]
    assert len(called) == 10 and called == {f"B{k}" for k in range(30, 40)}
    with late.connect() as connection:
        told = choice_told(connection, "B39", date.fromisoformat(LATE))
        assert told is not None and told.model == name and told.given == "worklist" and not told.drawn
        rows = {option: (paid, worth) for option, _, paid, worth in told.options}
        assert rows["worklist"][0] > rows["none"][0] == 500_000 and rows["worklist"][1] > 0 == rows["none"][1]
        assert choices_told(connection, date.fromisoformat(LATE)).prices["worklist"] > 0
    assert {f[3] for f in findings if f[2] == "treatments.choose"} == {"left out, worth less"}


def test_without_a_hold_out_or_a_model_of_the_evening_before_the_ladder_stays(
    late: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(monkeypatch, "choose", margin_ppm=0)
    in_use(late, LATE)  # promoted on the day itself: known the next
    decide(late, day(LATE))
    assert len(written(late)[0]) == 3 * MANY
    with late.connect() as connection:
        assert choices_told(connection, date.fromisoformat(LATE)).model == ""


def test_a_hold_told_after_the_choice_goes_before_it_and_a_killed_night_ends_the_same(
    late: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(monkeypatch, "choose", margin_ppm=200_000, capacity={"worklist": 10})
    in_use(late, "2025-03-01")
    hold_out_of(late, 1)
    real, shards = decide_module.decide_shard, []

    def dies(connection: Any, reader: Any, shard: int, on: int) -> Any:
        if len(shards) == 2:
            raise KeyboardInterrupt
        shards.append(shard)
        return real(connection, reader, shard, on)

    monkeypatch.setattr(decide_module, "decide_shard", dies)
    with pytest.raises(KeyboardInterrupt):
        decide(late, day(LATE))
    with late.connect() as connection:
        first = connection.execute("select borrower, given, drawn, options from chosen_step order by 1").fetchall()
        who, number = connection.execute(
            "select b.reference, borrower from chosen_step c join borrower b using (borrower) "
            "where given like '%%worklist%%' and not c.shard = any(%s) order by borrower limit 1",
            (shards,),
        ).fetchone()
        since = date(2025, 3, 3)
        more = {"reason": "illness", "review_on": date(2025, 6, 1)}
        tell(
            connection,
            HoldPlaced(borrower=who, on=since, known_on=since, reference="H1", hold="hardship_review", **more),
        )
    monkeypatch.setattr(decide_module, "decide_shard", real)
    switched(monkeypatch, "explore")  # what was chosen stays chosen
    decide(late, day(LATE))
    with late.connect() as connection:
        again = connection.execute("select borrower, given, drawn, options from chosen_step order by 1").fetchall()
    assert first == again and len(again) == MANY
    asked = [a for a in written(late)[0] if a[0] == "worklist"]
    assert len(asked) == sum("worklist" in given for of, given, *_ in again if of != number) <= 10
    assert who not in {a[2] for a in asked}, "a hold goes before what was chosen"


def test_a_day_before_the_switch_is_decided_by_the_rule_of_then(late: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (rule,) = rules_of("treatments")
    later = {"effective_from": date(2025, 3, 5), "parameters": rule.parameters | {"mode": "explore"}}
    monkeypatch.setattr(choices, "rules_of", lambda _: (rule, rule.model_copy(update=later)))
    decide(late, day(LATE))
    with late.connect() as connection:
        assert connection.execute("select count(*) from chosen_day").fetchone() == (0,)


def test_a_model_is_promoted_only_when_the_drawn_log_shows_it_better(
    late: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = approved(late, "2025-03-01")
    switched(monkeypatch, "explore")
    nothing = done(late, "wang", "lead", "model.promote", {"model": name}, "2025-03-04")
    assert isinstance(nothing, Refused)
    assert "no choice since it learnt has its outcome yet" in nothing.why and "value: +0.00 a row" in nothing.why
    scored = done(late, "li", "analyst", "model.score", {}, "2025-03-04")
    assert isinstance(scored, Refused), "it scores nobody"
    decide(late, day(LATE))
    close_through(late, day(LATE) + 40)
    with late.connect() as connection:
        seen = choices.judged_named(connection, name, date(2025, 4, 14))
        assert (seen.rows, seen.days, seen.refused) == (MANY, 1, "")
    held = done(late, "wang", "lead", "model.promote", {"model": name}, "2025-04-13")
    assert isinstance(held, Refused) and "hold-out: no hold-out at" in held.why and "short" in held.why
    # nobody paid: what is spared by fewer messages is shown at once, what chance could have made is not
    better = replace(seen, rows=500, worth_rows=400.0, low_fen=1.0)
    monkeypatch.setattr("afterloan.servicing.choices.judged_in_book", lambda *_: better)
    monkeypatch.setattr("afterloan.servicing.choices.ladders_without_hold_out", lambda *_: [])
    used = done(late, "wang", "lead", "model.promote", {"model": name}, "2025-04-14")
    assert isinstance(used, Answer) and used.body["evidence"]["gain"][0] == 1.0
