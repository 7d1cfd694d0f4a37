"""The page of verbs: every verb with what it asks, who may do it and its command, made from the one list."""

from datetime import date
from typing import Any

from afterloan.servicing.may import permission_of
from afterloan.servicing.verbs import RULES, VERBS, Verb

HEAD = """# Verbs

Everything that can be done to a loan or a borrower, each once. Every door does it the same way
(`src/afterloan/servicing/door.py`): the same reference with the same content gets the first answer again, a refusal
leaves nothing behind, and the act is kept with who, role, door, asked and answer. `afterloan do VERB name=value …` does
any of them; those with a command of their own are told. This page is made by `afterloan verbs --markdown`.

| verb | what it does | asks | who may | command |
| --- | --- | --- | --- | --- |
"""


BY_RULE = """
## What rules do by themselves

The night and the drain do these in bulk; they are kept as acts of a rule, and nobody asks for them at a door.

| act | what it does |
| --- | --- |
"""


def _asks(verb: Verb) -> str:
    """The fields, those that may be left out in brackets."""
    fields = verb.asked.model_fields.items()
    return ", ".join(name if info.is_required() else f"[{name}]" for name, info in fields)


def rows(on: date = date(2026, 1, 1)) -> list[dict[str, Any]]:
    """Verbs as plain values, in the list's order; permissions as of a day."""
    found = []
    for verb in VERBS:
        rule = permission_of(verb.name, on)
        does = ", ".join(rule.parameters.get("do", [])) if rule else ""
        asks_first = ", ".join(rule.parameters.get("propose", [])) if rule else ""
        may = does + (f"; to propose: {asks_first}" if asks_first else "")
        found.append({"verb": verb.name, "about": verb.about, "asks": _asks(verb), "may": may, "command": verb.command})
    return found


def page() -> str:
    """The page as Markdown."""
    lines = [f"| `{r['verb']}` | {r['about']} | {r['asks']} | {r['may']} | `{r['command']}` |" for r in rows()]
    by_rule = [f"| `{name}` | {about} |" for name, about in RULES.items()]
    return HEAD + "\n".join(lines) + "\n" + BY_RULE + "\n".join(by_rule) + "\n"
