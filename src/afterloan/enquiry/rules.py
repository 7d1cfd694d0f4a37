"""A rule of any pack by its name: what it says, where it comes from, how sure we are of it."""

from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

from afterloan.rules.packs import PackRefused, Rule, rules_of

SURE = ("O", "S")
"""Confidences of what was seen in a text; M and I are never presented as certain."""


@dataclass(frozen=True, slots=True)
class RuleTold:
    """A rule as it is shown beside what was decided under it. `sure`: seen in an official or a secondary text."""

    rule: str
    clause: str
    source: str
    status: str
    confidence: str
    sure: bool
    since: str

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


@cache
def _all_rules() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    packs = resources.files("afterloan.rules") / "packs"
    for folder in sorted(x.name for x in packs.iterdir() if x.is_dir()):
        try:
            found |= {rule.id: rule for rule in rules_of(folder)}
        except PackRefused:  # templates, products, ladders: data of other shapes
            continue
    return found


def rule_told(name: str) -> RuleTold | None:
    """The rule of a name; None: no pack has it (a ladder's step, a version that is gone).

    `rule_told("cn.gbt45251.quiet-hours").clause` says between which hours nobody is contacted.
    """
    rule = _all_rules().get(name)
    if rule is None:
        return None
    sure = rule.confidence in SURE
    return RuleTold(
        rule.id, rule.clause, rule.source, rule.status, rule.confidence, sure, rule.effective_from.isoformat()
    )
