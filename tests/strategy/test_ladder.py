"""Ladders: read from YAML, checked before use, steps matched over many borrowers at once."""

from importlib import resources

import polars as pl
import pytest
import yaml

from afterloan.strategy.columns import COLUMNS, SCHEMA
from afterloan.strategy.conditions import ConditionRefused, condition
from afterloan.strategy.figures import figures_of, values_of
from afterloan.strategy.frame import DEFAULTS, whole_frame
from afterloan.strategy.ladder import LadderRefused, builtin_ladders, read_ladder, sound_ladder
from afterloan.strategy.segments import Arms, arm_of, place_in_line
from afterloan.strategy.worklist import priority_fen
from tests.strategy.standing import matches

HEAD = """id: x
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
"""
STEPS = """steps:
  - id: a
    day: 1
    do: message.sms
    template: t
  - id: b
    {day}
    when: {when}
    do: {do}
    {word}: t
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"when": "arreas_fen > 2"},
            r"x\.yaml:14: 'arreas_fen > 2': no column 'arreas_fen'; did you mean 'arrears_fen'\?",
        ),
        ({"when": "arrears_fen >"}, r"x\.yaml:14: 'arrears_fen >' is not understood"),
        ({"when": "arrears_fen"}, r"x\.yaml:14: 'arrears_fen' is Int64, not true or false"),
        ({"when": "region > 4"}, r"x\.yaml:14: 'region > 4' cannot be evaluated"),
        ({"do": "message.smss"}, r"x\.yaml:12: step 2: no action 'message.smss'; did you mean 'message.sms'\?"),
        ({"word": "templat"}, r"x\.yaml:16: no such word 'templat'; did you mean 'template'\?"),
        ({"do": "worklist"}, r"x\.yaml:12: step 2: worklist needs a queue"),
        ({"day": "bucket: 9"}, r"x\.yaml:13: step 2: bucket: "),
        ({"day": "day: [0, 1]"}, r"x\.yaml:12: step 2: days up to 0 and days past due are two steps"),
        ({"day": "segment: poor"}, r"x\.yaml:12: step 2: a step has either a day or a bucket"),
        ({"day": "day: 5\n    segment: poor"}, r"x\.yaml:14: no segment 'poor'; there are: rest"),
        ({"day": "day: 5\n    arms: poor"}, r"x\.yaml:14: no arm 'poor'; there are: champion"),
        (
            {"day": "day: 5\n    with: {again_at: ['7pm']}", "do": "debit.attempt"},
            r"x\.yaml:12: step 2: with\.again_at\.0: .*; debit.attempt does not know it",
        ),
        (
            {"day": "day: 5\n    with: {weeks: 3}", "do": "agency.place"},
            r"x\.yaml:12: step 2: with\.weeks: .*; agency.place does not know it",
        ),
        ({"day": "day: 5\n    day: 6"}, r"x\.yaml:14: day is there twice"),
    ],
)
def test_a_typo_is_refused_with_its_line(change: dict[str, str], message: str) -> None:
    words = {"day": "day: 2", "when": "arrears_fen > 1", "do": "message.sms", "word": "template"}
    with pytest.raises(LadderRefused, match=message):
        read_ladder(HEAD + STEPS.format(**{**words, **change}), "x.yaml")


def test_not_yaml_and_empty_are_refused() -> None:
    with pytest.raises(LadderRefused, match=r"x\.yaml:1: not YAML"):
        read_ladder("id: [", "x.yaml")
    with pytest.raises(LadderRefused, match=r"x\.yaml:1: the file is empty"):
        read_ladder("", "x.yaml")
    with pytest.raises(LadderRefused, match=r"x\.yaml:1: is no ladder; write `id: …`"):
        read_ladder("reference,borrower\n1,2\n", "x.yaml")  # a table of something else
    with pytest.raises(LadderRefused, match=r"x\.yaml:\d+: "):
        read_ladder(HEAD + "steps: []\n", "x.yaml")


def test_a_template_that_is_not_there_is_refused_where_a_ladder_is_checked() -> None:
    text = HEAD + "steps:\n  - {id: a, day: 1, do: message.sms, template: overdue-frm}\n"
    with pytest.raises(LadderRefused, match=r"x\.yaml:8: no template 'overdue-frm'; did you mean 'overdue-firm'\?"):
        sound_ladder(text, "x.yaml")
    assert sound_ladder(text.replace("-frm", "-firm"), "x.yaml").id == "x"


def test_a_condition_reaches_no_file_and_no_table() -> None:
    for text in ("read_csv('/etc/passwd')", "(select 1)", "1 = (select count(*) from x)", "1; drop table x"):
        with pytest.raises(ConditionRefused):
            condition(text)


def test_the_ladders_that_come_along_are_sound() -> None:
    assert {"cn-standard", "us-standard", "any-gentle"} <= set(builtin_ladders())
    assert all(text for _, text in COLUMNS.values()) and set(DEFAULTS) == set(SCHEMA)


def test_every_message_has_its_template_and_its_values() -> None:
    place = resources.files("afterloan.rules") / "packs" / "templates"
    told = {f.name: yaml.safe_load(f.read_text(encoding="utf-8")) for f in place.iterdir() if f.name.endswith(".yaml")}
    values = told.pop("values.yaml")
    names = {entry["id"] for entries in told.values() for entry in entries}
    wanted = {s.template for ladder in builtin_ladders().values() for s in ladder.steps if s.template}
    assert wanted | {"bureau-notice", "limit-decreased"} <= names
    loan = {
        "arrears_fen": 1,
        "due_today_fen": 0,
        "late_penalty_fen": 0,
        "next_due_fen": 5,
        "payoff_fen": 9,
        "days_past_due": 1,
        "days_to_due": 9,
        "due_on": 20_000,
        "reference": "L",
        "accelerated": False,
    }
    step = builtin_ladders()["cn-standard"].steps[0]
    figures = figures_of([loan], 20_001)
    assert set(values_of(figures, step.before_due)) <= set(values)


def frame(*rows: dict[str, object]) -> tuple[pl.DataFrame, pl.DataFrame]:
    ahead = [{"days_to_due_in_time": row["days_to_due"]} if "days_to_due" in row else {} for row in rows]
    told = pl.DataFrame([{"borrower": k, **row, **more} for k, (row, more) in enumerate(zip(rows, ahead, strict=True))])
    whole = whole_frame(told)
    return whole, whole.select("borrower", "days_past_due", "bucket", "bucket_first_day")


def hits(text: str, *rows: dict[str, object]) -> dict[str, list[int]]:
    ladder = read_ladder(HEAD + text, "x.yaml")
    return {step.id: found["borrower"].to_list() for step, found in matches(ladder, *frame(*rows))}


def test_days_before_on_and_after_and_buckets() -> None:
    text = """steps:
  - {id: before, day: -3, do: message.push, template: t}
  - {id: on, day: 0, do: message.push, template: t}
  - {id: after, day: [1, 3], do: message.sms, template: t}
  - {id: span, day: {from: 10, to: 20, every: 5}, do: message.sms, template: t}
  - {id: m2, bucket: 2, do: message.letter, template: t}
  - {id: m2-weekly, bucket: 2, every: 7, do: worklist, queue: q}
"""
    rows: list[dict[str, object]] = [
        {"days_to_due": 3},
        {"days_to_due": 0},
        {"days_past_due": 1, "bucket": 1, "bucket_first_day": 1},
        {"days_past_due": 2, "bucket": 1, "bucket_first_day": 1, "days_to_due": 3},
        {"days_past_due": 15, "bucket": 1, "bucket_first_day": 1},
        {"days_past_due": 31, "bucket": 2, "bucket_first_day": 31},
        {"days_past_due": 38, "bucket": 2, "bucket_first_day": 31},
        {"days_past_due": 39, "bucket": 2, "bucket_first_day": 31},
    ]
    assert hits(text, *rows) == {
        "before": [0, 3],
        "on": [1],
        "after": [2],
        "span": [4],
        "m2": [5],
        "m2-weekly": [5, 6],
    }


def test_segments_take_the_first_that_fits_and_the_rest_is_named() -> None:
    text = """segments:
  - {id: small, when: arrears_fen < 1000}
  - {id: risky, when: "score_band in ('D', 'E')"}
steps:
  - {id: s, day: 1, segment: small, do: message.push, template: t}
  - {id: r, day: 1, segment: risky, do: message.sms, template: t}
  - {id: x, day: 1, segment: [rest, risky], when: not promise_pending, do: message.email, template: t}
"""
    late = {"days_past_due": 1}
    rows: list[dict[str, object]] = [
        {**late, "arrears_fen": 999, "score_band": "E", "promise_pending": False},
        {**late, "arrears_fen": 1000, "score_band": "E", "promise_pending": False},
        {**late, "arrears_fen": 1000, "score_band": "A", "promise_pending": False},
        {**late, "arrears_fen": 1000, "score_band": "A", "promise_pending": True},
    ]
    assert hits(text, *rows) == {"s": [0], "r": [1], "x": [1, 2]}


def test_a_borrower_stays_in_the_arm_and_shares_come_out() -> None:
    # worked out with `printf 's\\0B1' | b2sum -l 64`: the first 8 bytes of BLAKE2b-64, modulo 1000
    assert place_in_line("s", "B1") == BLAKE_S_B1
    arms = Arms("s", 100, (("other", 300),))
    found = [arm_of(arms, f"B{k}") for k in range(20_000)]
    assert found == [arm_of(arms, f"B{k}") for k in range(20_000)]
    assert abs(found.count("hold_out") - 2_000) < 200  # 5 standard deviations: 5 × √(20000 × 0.1 × 0.9) = 212
    assert abs(found.count("other") - 6_000) < 330
    moved = [arm_of(Arms("t", 100, (("other", 300),)), f"B{k}") for k in range(20_000)]
    assert sum(a != b for a, b in zip(found, moved, strict=True)) > 5_000


BLAKE_S_B1 = 10


def test_what_a_case_is_worth() -> None:
    told = {"lift_permille": [[3, 50], [30, 250], [None, 30]], "broken_halves_up_to": 2, "cost_fen": 600}
    # 1,000.00 × 250 / 1000 = 250.00 − 6.00
    assert priority_fen({"days_past_due": 10, "arrears_fen": 100_000}, told) == 24_400
    # two broken promises halve it twice: 62.50 − 6.00; a third one changes nothing
    assert priority_fen({"days_past_due": 10, "arrears_fen": 100_000, "promises_broken": 2}, told) == 5_650
    assert priority_fen({"days_past_due": 10, "arrears_fen": 100_000, "promises_broken": 3}, told) == 5_650
    assert priority_fen({"days_past_due": 31, "arrears_fen": 1_000}, told) == 0
