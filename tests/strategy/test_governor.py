"""The contact governor against the vectors of the rules, told as golden stories."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from afterloan.strategy.governor import ContactStanding, Past, Request, Slot, Verdict, contact_rules, judge, slot_on_day
from afterloan.strategy.holds import hold_rules

STORIES = sorted((Path(__file__).parents[1] / "golden" / "strategy").glob("*.yaml"))
CASES = [
    (story.stem, {**{k: told[k] for k in ("pack", "zones")}, **case})
    for story in STORIES
    for told in [yaml.safe_load(story.read_text(encoding="utf-8"))]
    if "cases" in told
    for case in told["cases"]
]


def moment(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def past_of(told: list[dict[str, Any]], zone: str) -> list[Past]:
    found = []
    for row in told:
        first = moment(row.get("at") or row["daily_from"], zone)
        step = timedelta(days=1) if "daily_from" in row else timedelta(minutes=5)
        for k in range(row.get("days", row.get("times", 1))):
            found.append(
                Past(
                    first + step * k,
                    row.get("channel", "call"),
                    address=row.get("address", ""),
                    loans=tuple(row.get("loans", ())),
                    outcome=row["outcome"],
                    response=row.get("response", False),
                )
            )
    return found


def standing_of(case: dict[str, Any], on: datetime) -> ContactStanding:
    told = case.get("standing", {})
    return ContactStanding(
        frozenset(told.get("consents", ())),
        frozenset(told.get("opted_out", ())),
        tuple(told["wished"]) if "wished" in told else None,
        tuple(told["agreed"]) if "agreed" in told else None,
        told.get("language", ""),
        frozenset(told.get("refused", ())),
        False,
        tuple(hold_rules(case["pack"], on.date())[name] for name in case.get("holds", ())),
    )


@pytest.mark.parametrize(("story", "case"), CASES, ids=[f"{s}-{k}" for k, (s, _) in enumerate(CASES)])
def test_golden_verdicts(story: str, case: dict[str, Any]) -> None:
    zone = case.get("at_zone", case["zones"][0])
    at = moment(case["at"], zone)
    request = Request(
        at,
        case["channel"],
        case.get("purpose", "collection"),
        tuple(case["zones"]),
        case.get("person", "borrower"),
        case.get("who", ""),
        case.get("address", ""),
        tuple(case.get("loans", ())),
        case.get("language", ""),
        case.get("tells_debt", True),
        case.get("prior_consent", False),
    )
    rules = contact_rules(case["pack"], at.date(), case.get("lender_type"))
    verdict = judge(request, past_of(case.get("past", []), case["zones"][0]), standing_of(case, at), rules)
    assert verdict.allowed == case["allowed"], verdict
    if "rule" in case:
        assert verdict.rule == case["rule"]
    if not verdict.allowed:
        assert verdict.findings and verdict.findings[0].clause and verdict.why
    if case.get("next") == "never":
        assert verdict.next_at is None
    elif "next" in case:
        assert verdict.next_at == moment(case["next"], zone)


def test_a_plan_moves_to_the_first_permitted_moment_of_its_day_and_knows_its_end() -> None:
    rules = contact_rules("CN", moment("2026-03-10 07:00", "Asia/Shanghai").date())
    shanghai = ("Asia/Shanghai",)
    slot = slot_on_day(
        Request(moment("2026-03-10 07:00", *shanghai), "sms", "collection", shanghai), ContactStanding(), rules
    )
    assert slot == Slot(moment("2026-03-10 08:00", *shanghai), moment("2026-03-10 22:00", *shanghai))
    late = slot_on_day(
        Request(moment("2026-03-10 22:30", *shanghai), "sms", "collection", shanghai), ContactStanding(), rules
    )
    assert isinstance(late, Verdict) and not late.allowed
    wished = ContactStanding(wished=("18:00", "19:30"))
    slot = slot_on_day(Request(moment("2026-03-10 10:00", *shanghai), "sms", "collection", shanghai), wished, rules)
    assert slot == Slot(moment("2026-03-10 18:00", *shanghai), moment("2026-03-10 19:30", *shanghai))


def test_a_letter_has_no_hours_and_a_draft_binds_nobody() -> None:
    at = moment("2026-11-10 03:00", "Asia/Kolkata")
    rules = contact_rules("IN", at.date())
    assert judge(Request(at, "letter", "collection", ("Asia/Kolkata",)), (), ContactStanding(), rules).allowed
    assert not [r for r in rules if r.status in ("draft", "announced")]


def test_an_attempt_without_an_end_blocks_for_an_hour_then_counts_as_a_conversation() -> None:
    zone = "Asia/Shanghai"
    rules = contact_rules("CN", moment("2026-03-10 09:00", zone).date())
    past = [Past(moment("2026-03-10 09:00", zone), "call")]
    ask = Request(moment("2026-03-10 09:30", zone), "call", "collection", (zone,))
    verdict = judge(ask, past, ContactStanding(), rules)
    assert verdict.rule == "house.one-call-at-a-time" and verdict.next_at == moment("2026-03-10 10:00", zone)
    ask = Request(moment("2026-03-10 12:00", zone), "call", "collection", (zone,))
    silent = [Past(moment(f"2026-03-10 {h}:00", zone), "call") for h in ("08", "09", "10")]
    assert judge(ask, silent[:2], ContactStanding(), rules).allowed
    assert judge(ask, silent, ContactStanding(), rules).rule == "cn.gbt45251.conversations"


def test_findings_say_how_certain_the_rule_is() -> None:
    at = moment("2026-03-08 10:00", "Europe/Berlin")
    rules = contact_rules("EU", at.date())
    verdict = judge(Request(at, "call", "collection", ("Europe/Berlin",)), (), ContactStanding(), rules)
    assert verdict.findings[0].inputs["confidence"] == "I"


def test_with_two_zones_the_finding_names_the_place_whose_hour_decided() -> None:
    """21:00 in New York is 18:00 in Los Angeles: New York's hour says no. 09:00 there is 06:00 in Los Angeles."""
    zones = ("America/Los_Angeles", "America/New_York")
    for at, words in (
        ("2026-03-02 21:00", "21:00 in America/New_York, one of the borrower's places, is outside 08:00 to 21:00"),
        ("2026-03-02 09:00", "06:00 in America/Los_Angeles, one of the borrower's places, is outside 08:00 to 21:00"),
    ):
        when = moment(at, "America/New_York")
        verdict = judge(
            Request(when, "call", "collection", zones), (), ContactStanding(), contact_rules("US", when.date())
        )
        assert not verdict.allowed and verdict.why == words
    # at one place the words are as before
    night = moment("2026-03-02 07:00", "America/New_York")
    one = judge(
        Request(night, "call", "collection", zones[1:]), (), ContactStanding(), contact_rules("US", night.date())
    )
    assert one.why == "07:00 at the borrower's place is outside 08:00 to 21:00"
