"""Rules of law and policy as dated data: which one binds a lender on a day, and what was found under it."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from afterloan.expected import ExpectedFailure
from afterloan.texts import OURS

Status = Literal["in_force", "announced", "draft", "window_guidance", "expired", "repealed", "sample"]
Confidence = Literal["O", "S", "M", "I"]


class PackRefused(ExpectedFailure, ValueError):
    """A pack that cannot be read or a rule that is not there: file, rule, field, and what to write."""


class Rule(BaseModel):
    """One rule: its parameters with where they come from and when they bind (RULES 0.1).

    `effective_to` is the last day on which it binds. `confidence`: O seen in an official text, S in a
    secondary one, M from memory, I our inference; M and I are never to be presented as certain.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,80}$")]
    jurisdiction: str
    clause: str
    status: Status
    confidence: Confidence
    source: str
    effective_from: date
    effective_to: date | None = None
    applies_to: Literal["contract_date", "event_date", "application_date"] = "event_date"
    lender_types: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    supersedes: str | None = None

    def binds(self, on: date, lender_type: str | None = None) -> bool:
        """Whether it binds that day that lender; drafts, expired and repealed rules bind nobody after their days."""
        if self.status in ("draft", "announced", "repealed"):
            return False
        if on < self.effective_from or (self.effective_to is not None and on > self.effective_to):
            return False
        return not self.lender_types or lender_type is None or lender_type in self.lender_types

    def finding(self, on: date, outcome: str, **inputs: Any) -> "Finding":
        """What was found under this rule."""
        return Finding(rule=self.id, clause=self.clause, on=on, outcome=outcome, inputs=inputs)


class Finding(BaseModel):
    """One decision: the clause that decided, its inputs (JSON values), the outcome. Answers complaint and audit."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: str
    clause: str
    on: date
    outcome: str
    inputs: Mapping[str, Any] = Field(default_factory=dict)


def read_rules(text: str, where: str) -> list[Rule]:
    """The rules of one YAML text (a list). Raises PackRefused naming file, rule and field."""
    try:
        told = yaml.load(text, Loader=OURS)
    except yaml.YAMLError as error:
        raise PackRefused(f"{where}: not YAML: {error}") from error
    rules: list[Rule] = []
    for entry in told if isinstance(told, list) else [told]:
        name = entry.get("id", "?") if isinstance(entry, dict) else "?"
        try:
            rules.append(Rule.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise PackRefused(f"{where}: rule {name}: {place}: {first['msg']}") from error
    return rules


@cache
def rules_of(folder: str) -> tuple[Rule, ...]:
    """The rules that come with afterloan in one folder of packs, e.g. `contact`. Raises PackRefused."""
    found: list[Rule] = []
    place = resources.files("afterloan.rules") / "packs" / folder
    if not place.is_dir():
        raise PackRefused(f"no packs of {folder!r} come with afterloan")
    for file in sorted(place.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            found.extend(read_rules(file.read_text(encoding="utf-8"), f"{folder}/{file.name}"))
    return tuple(found)


def in_force(rules: Iterable[Rule], jurisdiction: str, on: date, lender_type: str | None = None) -> list[Rule]:
    """The rules of a jurisdiction that bind on a day, later ones first; what they supersede is left out."""
    binding = [r for r in rules if r.jurisdiction == jurisdiction and r.binds(on, lender_type)]
    replaced = {r.supersedes for r in binding if r.supersedes}
    return sorted((r for r in binding if r.id not in replaced), key=lambda r: r.effective_from, reverse=True)
