"""The plan of a debit: golden stories, ceilings, what is left to the borrower, and invariants."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.rules.packs import rules_of
from afterloan.strategy.debit import (
    Mandate,
    Owed,
    Tried,
    allocate,
    codes,
    endings,
    next_debit,
    schedule_rule,
)
from afterloan.strategy.debit_retry import retry_rule

STORIES = sorted((Path(__file__).parents[1] / "golden" / "debit").glob("*.yaml"))
CN = ZoneInfo("Asia/Shanghai")


def moment(text: Any, zone: str) -> datetime:
    told = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return told.replace(tzinfo=ZoneInfo(zone))


def tries(told: Any, zone: str, parts: tuple[tuple[str, int], ...]) -> list[Tried]:
    rows = told if isinstance(told, list) else [told] * told["times"] if told else []
    found = []
    for k, row in enumerate(rows, 1):
        plain = {name: value for name, value in row.items() if name not in ("at", "times")}
        share = ((parts[0][0], row["amount_fen"]),)
        found.append(Tried(f"T{k}", at=moment(row["at"], zone), parts=share, **{"first": f"T{k}", **plain}))
    return found


@pytest.mark.parametrize("story", STORIES, ids=lambda p: p.stem)
def test_stories(story: Path) -> None:
    told = yaml.safe_load(story.read_text(encoding="utf-8"))
    zone = told["zone"]
    mandates = [Mandate(rail="gateway", **m) for m in told["mandates"]]
    owed = [Owed(**o) for o in told["owed"]]
    for ask in told["asks"]:
        now = moment(ask["at"], zone)
        owed = [replace(o, **ask.get("owes", {})) for o in owed] if "owes" in ask else [Owed(**o) for o in told["owed"]]
        parts = tuple((o.loan, o.amount_fen) for o in owed)
        past = tries(ask.get("tried", []), zone, parts)
        since = moment(ask["since"], zone) if "since" in ask else None
        rule = schedule_rule(told["jurisdiction"], now.date())
        retries = retry_rule(told["jurisdiction"], now.date()) if told.get("retries") else None
        answer = next_debit(
            now, zone, rule, mandates, owed, past, since=since, retries=retries, pay_day=told.get("pay_day")
        )
        if "wants" in ask:
            assert answer.wanted is not None, (ask, answer)
            assert {name: getattr(answer.wanted, name) for name in ask["wants"]} == ask["wants"], ask
        else:
            assert answer.wanted is None and answer.findings[-1].outcome == ask["outcome"], (ask, answer)
            assert answer.findings[-1].rule == rule.id
        if "again_at" in ask:
            assert answer.again_at == moment(ask["again_at"], zone)


NOW = datetime(2026, 3, 10, 9, 30, tzinfo=CN)
RULE = schedule_rule("CN", NOW.date())
SIGNED = date(2026, 1, 1)


def test_the_ceiling_of_a_month_counts_what_was_taken_and_what_is_on_its_way() -> None:
    mandates = [Mandate("M", "card", "gateway", ceiling_month_fen=100_000, signed_on=SIGNED)]
    early = datetime(2026, 3, 2, 9, 30, tzinfo=CN)
    past = [
        Tried("T1", "M", early, 60_000, "succeeded", taken_fen=45_000, first="T1", parts=(("L1", 60_000),)),
        Tried("T2", "M", early, 20_000, "pending", first="T2", parts=(("L9", 20_000),)),
        Tried("T3", "M", early, 90_000, "failed", "insufficient_funds", first="T3", parts=(("L1", 90_000),)),
    ]
    # 1,000.00 − 450.00 − 200.00 = 350.00
    answer = next_debit(NOW, "Asia/Shanghai", RULE, mandates, [Owed("L1", 80_000)], past)
    assert answer.wanted is not None and answer.wanted.amount_fen == 35_000
    april = NOW.replace(month=4)
    assert next_debit(april, "Asia/Shanghai", RULE, mandates, [Owed("L1", 80_000)], past).wanted.amount_fen == 80_000  # type: ignore[union-attr]


def test_what_is_left_to_the_borrower_where_the_balance_is_known() -> None:
    rule = RULE.model_copy(update={"parameters": {**RULE.parameters, "leave_fen": 20_000}})
    mandates = [Mandate("M", "card", "gateway", signed_on=SIGNED)]
    answer = next_debit(NOW, "Asia/Shanghai", rule, mandates, [Owed("L1", 80_000)], [], {"M": 50_000})
    assert answer.wanted is not None and answer.wanted.amount_fen == 30_000  # 500.00 − 200.00
    poor = next_debit(NOW, "Asia/Shanghai", rule, mandates, [Owed("L1", 80_000)], [], {"M": 20_050})
    assert poor.wanted is None and poor.findings[0].outcome == "nothing allowed"


def test_a_mandate_of_one_loan_pays_that_one_and_one_of_all_the_longest_overdue_first() -> None:
    owed = [Owed("L1", 300, 0), Owed("L2", 400, 12)]
    one = [Mandate("M", "card", "gateway", loan="L1", signed_on=SIGNED)]
    assert next_debit(NOW, "Asia/Shanghai", RULE, one, owed, []).wanted.parts == (("L1", 300),)  # type: ignore[union-attr]
    every = [Mandate("M", "card", "gateway", ceiling_fen=500, signed_on=SIGNED)]
    assert next_debit(NOW, "Asia/Shanghai", RULE, every, owed, []).wanted.parts == (("L2", 400), ("L1", 100))  # type: ignore[union-attr]


def test_a_mandate_binds_from_its_signature_until_it_is_revoked() -> None:
    owed = [Owed("L1", 300)]
    for signed, revoked, may in (
        (date(2026, 3, 10), None, True),
        (date(2026, 3, 11), None, False),
        (SIGNED, date(2026, 3, 11), True),
        (SIGNED, date(2026, 3, 10), False),
    ):
        told = [Mandate("M", "card", "gateway", signed_on=signed, revoked_on=revoked)]
        assert (next_debit(NOW, "Asia/Shanghai", RULE, told, owed, []).wanted is not None) is may


def test_every_code_has_a_word_that_ends_something_known() -> None:
    words = set(endings(NOW.date()))
    for scheme in ("iso20022", "nacha", "batch"):
        assert set(codes(scheme, NOW.date()).values()) <= words | {"succeeded"}
    assert set(endings(NOW.date()).values()) == {"nothing", "entry", "mandate", "borrower"}
    assert {r.confidence for r in rules_of("debit")} <= {"I", "M"}  # nothing here was seen in an official text


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 10**7), st.integers(0, 400)), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(1, 10**7)), st.one_of(st.none(), st.integers(1, 10**7))), max_size=3
    ),
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(1, 10**6), st.sampled_from(["pending", "succeeded", "failed", "returned"])
        ),
        max_size=5,
    ),
)
def test_no_ceiling_is_passed_and_nothing_is_asked_for_twice(owed: Any, ceilings: Any, past: Any) -> None:
    loans = {name: Owed(name, fen, days) for name, fen, days in owed}
    mandates = [
        Mandate(f"M{k}", "card", "gateway", ceiling_fen=one, ceiling_month_fen=month, signed_on=SIGNED)
        for k, (one, month) in enumerate(ceilings)
    ]
    first = next(iter(loans))
    told = [
        Tried(
            f"T{k}", f"M{m}", NOW, fen, state, "technical", fen if state == "succeeded" else 0, f"T{k}", ((first, fen),)
        )
        for k, (m, fen, state) in enumerate(past)
    ]
    wanted = next_debit(NOW, "Asia/Shanghai", RULE, mandates, list(loans.values()), told).wanted
    if wanted is None:
        return
    mandate = next(m for m in mandates if m.reference == wanted.mandate)
    mine = [t for t in told if t.mandate == wanted.mandate]
    assert sum(fen for _, fen in wanted.parts) == wanted.amount_fen <= RULE.parameters["most_fen"]
    assert mandate.ceiling_fen is None or wanted.amount_fen <= mandate.ceiling_fen
    used = sum(t.amount_fen if t.state == "pending" else t.taken_fen for t in mine)
    assert mandate.ceiling_month_fen is None or used + wanted.amount_fen <= mandate.ceiling_month_fen
    for loan, fen in wanted.parts:
        waiting = sum(f for t in told if t.state == "pending" for name, f in t.parts if name == loan)
        assert fen + waiting <= loans[loan].amount_fen


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.integers(1, 10**7))
def test_all_money_taken_is_given_to_loans(parts: list[int], taken: int) -> None:
    shares = allocate([(str(k), fen) for k, fen in enumerate(parts)], taken)
    assert sum(fen for _, fen in shares) == taken
