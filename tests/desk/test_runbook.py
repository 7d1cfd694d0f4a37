"""Every command of the runbook in docs/operating.md is run, in a book where what it is for has happened."""

import re
import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.desk.keyboard.main import app
from afterloan.facts.act import Answer, Who
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store, home, open_store
from tests.banks.test_bank_files import STATEMENT
from tests.databases import made
from tests.sending.messages_kit import NOON, action, borrowers, mail_server, plan, smtp
from tests.sending.test_drain_killed import died
from tests.strategy.books import loan

from afterloan.banks.mt940 import write_mt940  # isort: skip

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
SECTION = re.compile(r"^### (.+?)\n(.*?)(?=^### |\Z)", re.M | re.S)
ROLES = ("administrator", "lead", "finance", "agent", "specialist")
TODAY = "2026-03-13"


def chapters() -> dict[str, list[str]]:
    """The commands of each chapter of the runbook."""
    text = PAGE.read_text(encoding="utf-8").split("## Runbook\n", 1)[1]
    return {
        title: [line for block in re.findall(r"```sh\n(.*?)```", body, re.S) for line in block.strip().splitlines()]
        for title, body in SECTION.findall(text)
    }


@pytest.fixture
def words(store: Store, server: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A book in which a message is in doubt, a loan is behind, and a receiver of webhooks is there."""
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    monkeypatch.setenv("AFTERLOAN_KEYS", str(home() / "keys" / "ring.json"))
    monkeypatch.setenv("AFTERLOAN_HOME", str(tmp_path))
    borrowers(store, 1)
    with store.connect() as connection:
        loan(connection, "L1", "B1", "2026-01-10")
    close_through(store, day("2026-03-12"), only=True)
    decide(store, day(TODAY))
    plan(store, [action("lost", 1, "email")])
    died(store)
    with mail_server(tmp_path) as (_, port):
        told = smtp(port, tmp_path, settle_seconds=0)
        del told["email"]["ask"]
        drain(store, ["email"], told=read_setting(told), moment=NOON)
    with desk_of(store, NOON) as desk:
        who = Who("person", "Li", ("administrator",), "keyboard")
        asked = {"webhook": "erp", "url": "https://hooks.example.com/a", "types": []}
        hook = do(desk, who, "webhook.subscribe", asked, "hook", date.fromisoformat(TODAY))
        assert isinstance(hook, Answer), hook
    (tmp_path / "statement.sta").write_bytes(write_mt940(STATEMENT))
    (tmp_path / "receipts.json").write_text('{"key": "lost", "status": "delivered", "at": "2026-03-13T05:00:00+00:00"}')
    made(server, "runbook").close()
    monkeypatch.setenv("AFTERLOAN_WHO", "Li")
    assert CliRunner().invoke(app, ["roles", "Li", *ROLES, "--on", TODAY]).exit_code == 0
    other = server.url.replace("/postgres?", "/runbook?")
    yield {
        "DAY": "2026-03-13", "TODAY": TODAY, "LOAN": "L1", "REFERENCE": "D-L1", "TASK": "doubt:lost", "BORROWER": "B1",
        "RECEIPTS": str(tmp_path / "receipts.json"), "FILE": str(tmp_path / "statement.sta"), "OTHER": other,
        "BACKUP": str(tmp_path / "book.dump"), "PERSON": "Zhao", "HOOK": "erp",
    }  # fmt: skip
    open_store(other).close()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("drop database if exists runbook with (force)")


def filled(line: str, words: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """The settings before a command and its words, those in capitals filled in."""
    parts = [re.sub(r"\b[A-Z]{3,}\b", lambda m: words.get(m[0], m[0]), part) if "=" not in part else part
             for part in shlex.split(line)]  # fmt: skip
    settings: dict[str, str] = {}
    while "=" in parts[0]:
        name, _, value = parts.pop(0).partition("=")
        settings[name] = words[value]
    assert parts.pop(0) == "afterloan", line
    return settings, [re.sub(r"=([A-Z]{3,})$", lambda m: "=" + words.get(m[1], m[1]), part) for part in parts]


def test_every_command_of_the_runbook_does_what_it_says(words: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (line for lines in chapters().values() for line in lines):
        settings, asked = filled(line, words)
        typed = "a password that nobody has guessed\n" * 2 if asked[0] == "account" else None
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            done = CliRunner().invoke(app, asked, input=typed)
        # doctor answers 1 where something is wrong, which in these books it is
        good = (0, 1) if asked[0] == "doctor" else (0,)
        assert done.exit_code in good, f"{line}\n{done.output}\n{done.exception!r}"
        if asked[0] == "backup":
            found = re.search(r"\b[0-9a-f]{64}\b(?!.*sha256)", done.output.split("head", 1)[-1])
            assert found, done.output
            words["HEAD"] = found[0]


def test_the_runbook_has_a_chapter_for_each_thing_that_goes_wrong() -> None:
    assert len(chapters()) == 7 and all(chapters().values()) and sum(map(len, chapters().values())) > 25
