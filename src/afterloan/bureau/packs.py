"""The bureau rules by name: what code asks for, pack files say."""

from functools import cache

from afterloan.rules.packs import PackRefused, Rule, rules_of


@cache
def rule(name: str) -> Rule:
    """The bureau rule of that id, e.g. `us.metro2.status`. Raises PackRefused."""
    found = [r for r in rules_of("bureau") if r.id == name]
    if not found:
        raise PackRefused(f"no bureau rule {name!r}; there are: {', '.join(sorted(r.id for r in rules_of('bureau')))}")
    return found[-1]
