"""Every message has its moment: a ladder, a pack or code of ours sends it, or it stands here with its reason."""

import re
from pathlib import Path

from afterloan.sending.templates import templates

SOURCE = Path(__file__).parents[2] / "src" / "afterloan"
UNSENT: dict[str, str] = {}
"""Templates that nothing of ours sends, and why."""


def senders() -> dict[str, list[str]]:
    """For each template the files, apart from the templates' own, that name it."""
    found: dict[str, list[str]] = {name: [] for name in templates()}
    named = re.compile(rf"(?<![\w/-])({'|'.join(sorted(found, key=len, reverse=True))})(?![\w-])")
    for path in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.yaml")]):
        if "templates" in path.parts:
            continue
        for name in set(named.findall(path.read_text(encoding="utf-8"))):
            found[name].append(path.relative_to(SOURCE).as_posix())
    return found


def test_every_template_has_a_sender_or_a_reason() -> None:
    without = {name for name, files in senders().items() if not files}
    assert without == set(UNSENT), "give it a sender, or write down why it has none"


def test_the_reasons_are_reasons() -> None:
    assert all(name in templates() and len(why) > 20 for name, why in UNSENT.items())
