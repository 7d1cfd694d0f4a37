"""The page of examples is run: each block of commands against a served book, each answer compared with what it says."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from afterloan.desk.work import JobWorker
from tests.desk.web.served import Served, listening

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
BLOCK = re.compile(r"^```(sh|json|text)\n(.*?)^```$", re.M | re.S)
MARK = "---- the next block ----"
ANY = "…"


def blocks() -> list[tuple[str, str, str]]:
    """(commands, form of the answer, answer) of each block of commands."""
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert [form for form, _ in found][::2] == ["sh"] * (len(found) // 2), "each block of commands has its answer"
    return [(found[k][1], *found[k + 1]) for k in range(0, len(found), 2)]


def values(text: str) -> Iterator[Any]:
    """The JSON values of a text, one after the other."""
    decoder, at = json.JSONDecoder(), 0
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        while at < len(text) and text[at].isspace():
            at += 1


def holds(told: Any, said: Any) -> bool:
    """Whether an answer says at least what the page says of it."""
    if said == ANY:
        return True
    if isinstance(said, dict):
        return isinstance(told, dict) and all(name in told and holds(told[name], one) for name, one in said.items())
    if isinstance(said, list):
        return isinstance(told, list) and len(told) == len(said) and all(map(holds, told, said))
    return bool(told == said)


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("jq"), reason="the page needs curl and jq")
def test_the_page_of_examples_is_true(served: Served, tmp_path: Path) -> None:
    script = f"\necho\necho '{MARK}'\n".join(commands for commands, _, _ in blocks())
    worker = JobWorker(served.store)
    served.house = type(served.house)(served.store, True, now=served.clock, rings=worker.ring)
    worker.start()
    try:
        with listening(served) as port:
            environment = {**os.environ, "API": f"http://api.localhost:{port}", "no_proxy": "*"}
            done = subprocess.run(
                ["bash", "-uo", "pipefail", "-c", script], env=environment, capture_output=True, text=True, timeout=120
            )
    finally:
        worker.stop()
    assert done.returncode == 0, done.stderr
    outputs = done.stdout.split(MARK)
    assert len(outputs) == len(blocks())
    for (commands, form, said), told in zip(blocks(), outputs, strict=True):
        if form == "text":
            for line in said.strip().splitlines():
                assert line in told, f"{commands}\n→ {told}\nhas no {line!r}"
        else:
            answers = list(values(told))
            wanted = list(values(said))
            assert len(answers) == len(wanted), f"{commands}\n→ {told}"
            for answer, one in zip(answers, wanted, strict=True):
                assert holds(answer, one), f"{commands}\n→ {json.dumps(answer, ensure_ascii=False)}\nis not {one}"
