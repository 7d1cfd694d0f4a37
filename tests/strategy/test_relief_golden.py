"""Golden stories of relief, classes and ways back: told by date, expected values worked out beside them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from afterloan.dates import NEVER, day, iso
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import alone
from afterloan.rebuilding.road_map import road_map
from afterloan.risk.classification import cn_class
from afterloan.strategy.simulation import (
    ReliefPlan,
    deferral,
    extension,
    interest_only,
    re_age,
    reinstalment,
    settlement,
)
from tests.loan.golden import Words
from tests.strategy.loans import fen, loan, repaid

GOLDEN = Path(__file__).parents[1] / "golden"
STORIES = [p for room in ("relief", "classification", "rebuilding") for p in sorted((GOLDEN / room).glob("*.yaml"))]


def number(value: Any) -> int:
    return day(value.isoformat() if isinstance(value, date) else value)


def plan_of(step: dict[str, Any], on: int) -> ReliefPlan:
    from afterloan.loan.terms import ArrearsInterest

    n, first = step.get("periods", 0), number(step["first_due"]) if "first_due" in step else 0
    makes: dict[str, Any] = {
        "deferral": lambda: deferral(n),
        "reinstalment": lambda: reinstalment(n, first),
        "rate_cut": lambda: reinstalment(n, first, ArrearsInterest.SPREAD, step["rate"], 500),
        "interest_only": lambda: interest_only(n),
        "extension": lambda: extension(n),
        "settlement": lambda: settlement(fen(step["amount"]), number(step["until"]), on, 120_000),
        "re_age": re_age,
    }
    made: ReliefPlan = makes[step["plan"]]()
    return made


def book_of(story: dict[str, Any]) -> Book:
    facts = []
    for step in story["story"]:
        on = number(step["on"])
        mine = plan_of(step, on).records(on) if "plan" in step else [repaid(iso(on), step["repaid"])]
        for fact in mine:
            fact["known_on"] = number(step.get("known_on", step["on"]))
        facts.extend(mine)
    told = story["contract"]
    book = loan(told["principal"], told["rate_percent"], iso(number(told["signed_on"])), told["instalments"], facts)
    for step in story["story"]:
        if "gone_on" in step:
            book.facts["gone_on"][book.facts["on"] == number(step["on"])] = number(step["gone_on"])
    return book


def shown(book: Book, name: str, on: int) -> Any:
    position = reckon_loan(book, 0, on, on).position
    if name == "class":
        return cn_class(book, 0, on, on).name
    if name == "days_past_due":
        return int(position[name])
    if name in ("next_due", "oldest_due_on"):
        value = int(position["next_due_on" if name == "next_due" else "oldest_due_on"])
        return date.fromisoformat(iso(value)) if value != NEVER else None
    amount = {
        "left": position["outstanding_fen"][3],
        "next": position["next_due_fen"],
        "payoff": position["payoff_fen"],
    }
    return f"{int(amount[name]) / 100:.2f}"


def way(book: Book, on: int, name: str) -> dict[str, Any]:
    found = next(w for w in road_map(alone(book, 0, on), 0, on) if w.name == name)
    days = {m.kind: date.fromisoformat(iso(m.on)) for m in found.milestones}
    return {"total": f"{found.total_fen / 100:.2f}", "cost": f"{found.cost_fen / 100:.2f}",
            "ends": date.fromisoformat(iso(found.ends_on)), **days}  # fmt: skip


@pytest.mark.parametrize("path", STORIES, ids=[f"{p.parent.name}-{p.stem}" for p in STORIES])
def test_story(path: Path) -> None:
    story = yaml.load(path.read_text(encoding="utf-8"), Words)
    book = book_of(story)
    for claim in story["then"]:
        on = number(claim["on"])
        for name, want in claim.items():
            if name == "ways":
                for each, told in want.items():
                    got = way(book, on, each)
                    assert {k: got.get(k) for k in told} == told, f"{claim['on']} {each}"
            elif name != "on":
                assert shown(book, name, on) == want, f"{claim['on']} {name}"


def test_there_is_a_story_for_each_plan() -> None:
    assert len(STORIES) >= 10
