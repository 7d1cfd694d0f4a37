"""How long what tells of a person is kept: the longest of the rules that bind their place (pack `retention`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from afterloan.rules.packs import Rule, in_force, rules_of
from afterloan.strategy.limitation import years_later

About = Literal["former_borrower", "never_borrowed", "job_file", "bank_line"]
ANY = "ANY"


@dataclass(frozen=True, slots=True)
class KeptThrough:
    """The last day on which something is kept, the rule that says so, and all rules that were looked at."""

    day: date
    rule: Rule
    rules: tuple[Rule, ...]

    def told(self) -> dict[str, Any]:
        """JSON values: each rule with how sure we are of it and where it comes from."""
        rules = [
            {"id": r.id, "clause": r.clause, "confidence": r.confidence, "source": r.source, **r.parameters}
            for r in self.rules
        ]
        return {"kept_through": self.day.isoformat(), "rule": self.rule.id, "rules": rules}


def kept_through(about: About, since: date, jurisdiction: str, lender_type: str, on: date) -> KeptThrough:
    """Until when something is kept that began to age on `since`, by the rules in force on a day.

    Settled on 5 November 2024 under five years: kept through 5 November 2029, purged from the 6th on.
    """
    rules = _binding(about, jurisdiction, lender_type, on)
    ends = [_end(rule, since) for rule in rules]
    last = max(ends)
    return KeptThrough(last, rules[ends.index(last)], tuple(rules))


def _binding(about: About, jurisdiction: str, lender_type: str, on: date) -> Sequence[Rule]:
    places = [ANY, jurisdiction] if jurisdiction and jurisdiction != ANY else [ANY]
    found = [rule for place in places for rule in in_force(rules_of("retention"), place, on, lender_type or None)]
    return [rule for rule in found if rule.parameters["about"] == about]


def _end(rule: Rule, since: date) -> date:
    years, days = int(rule.parameters.get("years", 0)), int(rule.parameters.get("days", 0))
    return years_later(since, years) + timedelta(days=days)


def shortest(about: About, on: date) -> int:
    """Days after which the earliest could be over anywhere: what is younger need not be looked at."""
    rules = [r for r in rules_of("retention") if r.parameters["about"] == about and r.binds(on)]
    return min(int(r.parameters.get("years", 0)) * 365 + int(r.parameters.get("days", 0)) for r in rules)
