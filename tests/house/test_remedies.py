"""Every remedy that names a command names one that there is, with options that it has."""

import re
from pathlib import Path
from typing import Any

import typer

from afterloan.desk.keyboard.main import app

SOURCE = Path(__file__).parents[2] / "src" / "afterloan"
COMMAND = typer.main.get_command(app)  # once: each time 184 commands are made anew
NAMED = re.compile(r"`afterloan ([^`\n]+)`")


def wrong_with(words: list[str]) -> str:
    """What is wrong with a command's words (its arguments are not looked at); empty: nothing."""
    command: Any = COMMAND
    while words and hasattr(command, "get_command"):
        found = command.get_command(None, words[0])
        if found is None:
            return f"no command {words[0]!r}"
        command, words = found, words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [w for w in (w.split("=")[0] for w in words) if w.startswith("--") and w not in {*options, "--help"}]
    return f"no option {unknown[0]!r}" if unknown else ""


def test_a_command_that_is_none_is_found() -> None:
    assert wrong_with(["refund-all", "L1"]) == "no command 'refund-all'"
    assert wrong_with(["task", "done", "KEY", "--nonsense"]) == "no option '--nonsense'"


def test_every_command_that_a_text_of_ours_names_can_be_typed() -> None:
    told = [
        (path.relative_to(SOURCE), words)
        for path in sorted(SOURCE.rglob("*.py"))
        for words in NAMED.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(told) > 10
    wrong = [f"{path}: `afterloan {words}`: {why}" for path, words in told if (why := wrong_with(words.split()))]
    assert wrong == []
