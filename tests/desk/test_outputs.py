"""What every reading command prints: names and amounts as people write them, no number or field of the store."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.close.furnish import furnish
from afterloan.dates import day
from afterloan.desk.keyboard.main import app
from afterloan.desk.keyboard.options import ON_HELP
from afterloan.desk.keyboard.plain import plain
from afterloan.expected import ExpectedFailure
from afterloan.rehearsal.sandbox import set_clock
from afterloan.rules.packs import in_force, rules_of
from afterloan.store.outbox import put_findings
from afterloan.store.server import Store
from tests.close.test_decide import use
from tests.sending.messages_kit import action, plan
from tests.strategy.books import borrower, loan
from tests.strategy.test_cases import LADDER

ON = "2025-06-30"
OF = ("--on", ON)
READING: dict[str, tuple[str, ...]] = {
    "acts": (),
    "agency list": OF,
    "borrower": ("B1", *OF),
    "bureau preview": ("2025-05",),
    "bureau readings": ("L-A", *OF),
    "bureau rejected": OF,
    "cash": ("--last", ON),
    "known": ("B1", "--then", "2025-06-01", *OF),
    "bureau dispute list": OF,
    "bureau dispute show": ("D1",),
    "bureau files": (),
    "bureau show": ("B1", *OF),
    "can-draw": ("B1", "100", *OF),
    "classify": OF,
    "contact rules": ("CN", *OF),
    "contact show": ("B1", *OF),
    "explain": ("L-A", *OF),
    "find": ("B1",),
    "hardship show": ("B1", *OF),
    "hold show": ("B1", *OF),
    "keys show": (),
    "ladder columns": (),
    "ladder list": (),
    "legal show": ("L-A", *OF),
    "limit show": ("B1", *OF),
    "list": ("findings", *OF),
    "list disputes": OF,
    "list ended-proposals": OF,
    "list exceptions": OF,
    "list holds": OF,
    "list notes": OF,
    "list outbox": OF,
    "list proposals": OF,
    "mandate list": ("B1",),
    "plan show": ("L-A", *OF),
    "products": (),
    "purge certificate": (),
    "purge list": OF,
    "promise show": ("B1", *OF),
    "refunds": OF,
    "report": OF,
    "road-map": ("L-A", *OF),
    "standing": ("B1", *OF),
    "statement": ("L-A",),
    "status": (),
    "story": ("B1", *OF),
    "task list": ("--done", *OF),
    "task show": ("review:h", *OF),
    "template check": (),
    "template list": (),
    "trial-balance": (),
    "unmatched": OF,
    "verbs": (),
    "worklist": OF,
}
"""Commands that only read, with what they are asked here."""
OTHERS = {
    "backup", "doctor", "restore", "risk forecast", "risk report", "risk rings", "risk treat", "risk treat-played",
    "agency in", "agency out", "agency recall", "approve", "bank-simulator", "bank-statement", "bureau compare",
    "case back", "case take",
    "bureau dispute decide", "bureau dispute disagree", "bureau dispute evidence", "bureau dispute notified",
    "bureau dispute open", "bureau furnish", "bureau import", "bureau rejections", "bureau sender",
    "certificate", "close",
    "contact ask", "contact consent", "contact ended", "contact hours", "contact name", "contact opt-out",
    "contact refuse", "contact wish", "correct", "day", "debit ask", "debit callbacks", "debit creditor",
    "debit file-in",
    "debit file-out", "debit presume-paid", "decide", "demo", "do", "drain", "export", "generate", "hardship apply",
    "hardship breathing-end", "hardship breathing-space", "hardship decide", "hardship flag", "hardship flags",
    "hold lift", "hold place", "keys add", "keys rotate",
    "import", "import-instalments", "journal export", "ladder check", "ladder use",
    "legal approve", "legal approve-loss", "mandate resume", "risk assess", "risk card", "risk fit",
    "legal bundle", "legal day", "legal end", "legal evidence", "legal loss",
    "legal people", "legal propose", "legal refuse", "legal start", "lesson check", "lesson give", "lesson measure",
    "limit change", "limit-application", "lives", "mandate add", "mandate revoke", "move-repayment", "note", "pass-on",
    "place", "plan accept", "plan cancel", "plan decline", "plan offer", "plan search", "plan watch", "plan watch-all",
    "promise make", "promise withdraw", "propose", "quote execute", "quote give", "receipts", "refund",
    "refund-returned", "refuse", "repay", "withdraw", "legal refuse-loss", "risk approve", "risk models",
    "risk promote", "risk choices",
    "snapshot", "spark close", "spark decide", "spark features", "spark furnish", "spark trial",
    "account", "risk bureau", "risk features", "risk flows", "risk limits", "risk monitor",
    "risk propose", "risk retire", "risk score", "risk train", "risk why", "serve", "verify",
    "reverse", "roles", "stop", "task assign", "task done", "task reopen", "template preview", "try", "waive",
}  # fmt: skip
"""Commands that do something, or write files."""
VOCABULARY = {"ladder columns", "template list"}
"""Lists of the names that a person writes into a ladder or a template."""
INNER = re.compile(r"77000\d|88000\d|\w+_fen\b|minor units|\[/?(?:dim|bold)?\](?!\()")
"""Numbers under which this test's store keeps loans and borrowers, fields of the store, marks of a printer."""


def commands(command: Any, words: tuple[str, ...] = ()) -> set[str]:
    if not hasattr(command, "commands"):
        return {" ".join(words)}
    return {name for word, part in command.commands.items() for name in commands(part, (*words, word))}


def test_every_command_stands_in_one_of_the_two_lists() -> None:
    known = {name for name in READING if not name.startswith("list ")} | OTHERS
    assert commands(get_command(app)) - known == set(), "a new command: does it read? give it to the scan"


def test_every_act_of_the_law_and_of_a_dispute_takes_a_reference() -> None:
    """What is told twice is done once: legal loss took none, so that a script that was cut off proposed it again."""

    def parts(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
        for word, part in getattr(command, "commands", {}).items():
            yield from parts(part, (*words, word))
        yield " ".join(words), {p.name for p in command.params}

    named = {"legal bundle", "legal evidence", "legal show", "bureau dispute list", "bureau dispute show"}
    without = {
        name for name, options in parts(get_command(app))
        if name.startswith(("legal ", "bureau dispute ")) and not options & {"reference", "act_reference"}
    }  # fmt: skip
    assert without - named == set()


def lived_in(store: Store, folder: Path) -> None:
    """Two borrowers with the store's numbers 88000x and loans 77000x, one late, with something of everything."""
    with psycopg.connect(store.as_owner().url) as connection:
        connection.execute("alter table borrower alter column borrower restart with 880001")
        connection.execute("alter table contract alter column loan restart with 770001")
        for name in ("B1", "B2"):
            number = borrower(connection, name, mobile="13800138000", id_type="10")
            loan(connection, f"L-{'A' if name == 'B1' else 'B'}", name, "2025-04-10")
    use(store, LADDER)
    plan(store, [action("one", 880001, "sms"), action("two", 880002, "letter")])
    close_through(store, day("2025-05-14"), only=True)
    decide(store, day("2025-05-14"))
    close_through(store, day(ON))
    for bureau in ("neutral", "pboc"):
        furnish(store, date(2025, 5, 31), bureau, folder, date(2025, 6, 2))  # type: ignore[arg-type]
    rule = in_force(rules_of("contact"), "CN", date(2025, 6, 1))[0]
    with store.connect() as connection:
        found = rule.finding(
            date(2025, 6, 1), "refused", arrears_fen=45_727, loans=["L-A"], at=str(datetime(2025, 6, 1, tzinfo=UTC))
        )
        put_findings(connection, [(number - 1, 770001, "contact.sms", found)])


def test_no_reading_command_shows_a_number_or_a_field_of_the_store(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived_in(store, tmp_path)
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    runner = CliRunner()

    def run(*words: str) -> str:
        done = runner.invoke(app, list(words))
        refusal = done.exception if isinstance(done.exception, ExpectedFailure) else None
        assert refusal or done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
        return f"{done.output}{plain(str(refusal)) if refusal else ''}"

    for words in (
        ("hold", "place", "B1", "dispute_open", "--reason", "paid", "--review", "2025-06-20", "--reference", "h"),
        ("promise", "make", "B1", "100.00", "--due", "2025-06-20", "--reference", "p"),
        ("note", "B1", "spoke with the borrower"),
        (
            "limit",
            "change",
            "B1",
            "set",
            "--amount",
            "20000",
            "--reason",
            "45727 minor units overdue",
            "--reference",
            "l",
        ),
        ("correct", "B1", "--reason", "told by phone", "--attribute", "city=西安"),
        (
            "bureau",
            "dispute",
            "open",
            "B1",
            "L-A",
            "--months",
            "2025-05",
            "--bureau",
            "neutral",
            "--statement",
            "paid",
            "--reference",
            "D1",
        ),
        ("contact", "opt-out", "B1", "sms"),
        ("task", "assign", "review:h", "li"),
    ):
        run(*words, "--on", "2025-06-15" if words[0] != "task" else "2025-06-21")
    waive = ("loan=L-A", "amount=1.00", "component=penalty", "reason=goodwill", "--by", "li")
    run("propose", "charge.waive", *waive, "--on", "2025-06-25")  # waits for a week
    wrong = []
    for name, asked in READING.items():
        if name in VOCABULARY:
            continue
        told = run(*name.split(), *asked)
        wrong += [
            f"{name}: {found.group()}: {told[max(found.start() - 60, 0) :][:120]!r}" for found in INNER.finditer(told)
        ]
    assert not wrong, "\n".join(wrong)
    set_clock(store, date.fromisoformat(ON))  # the book is played, and its day is that of OF
    for name, asked in READING.items():
        if asked[-2:] == OF:
            assert run(*name.split(), *asked[:-2]) == run(*name.split(), *asked), name
    for name in (
        "list findings",
        "list holds",
        "list proposals",
        "list notes",
        "list outbox",
        "borrower B1",
        "find 8000",
    ):
        rows = json.loads(run(*name.split(), *(() if name.startswith("find") else OF), "--json"))
        assert rows, name
        assert not re.search(r"77000\d|88000\d", json.dumps(rows)), name


def options(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for word, part in getattr(command, "commands", {}).items():
        yield from options(part, (*words, word))
    if not hasattr(command, "commands"):
        yield from ((" ".join(words), p) for p in command.params if "--on" in p.opts)


def test_on_has_one_default_and_every_help_says_it() -> None:
    """All but `close`, which asks for one of two days and has no default, take the book's own day."""
    found = {name: option for name, option in options(get_command(app)) if name != "close"}
    assert len(found) > 90
    assert {(option.help, option.default, option.required) for option in found.values()} == {(ON_HELP, "", False)}


def test_a_sentence_without_inner_words() -> None:
    overdue = "{} are overdue, the oldest for 12 days"
    assert plain(overdue.format("500 minor units")) == overdue.format("5.00 CNY")
    assert plain("arrears_fen 45727, due_today_fen=5: ask") == "arrears 457.27 CNY, due today=0.05 CNY: ask"
    assert plain("give amount_fen") == "give amount"
    assert plain("amount_fen '10000': is too little") == "amount 100.00 CNY: is too little"


WITHOUT_JSON = {
    "account": "a secret, shown once to who sits there",
    "risk features": "writes a table and says how many rows",
    "bank-simulator": "a server that runs until it is stopped",
    "day": "tells its steps as they are done",
    "debit callbacks": "a server that runs until it is stopped",
    "demo": "plays for a reader",
    "generate": "writes files and a bar",
    "import-instalments": "writes files and says what is in them",
    "journal export": "its answer is the journal, in a format of its own",
    "lives": "plays for a reader",
    "serve": "a server that runs until it is stopped",
    "stop": "stops the server",
    "template preview": "its answer is the message",
}
"""Commands that do not answer in JSON, and why."""


def test_every_command_answers_in_json_or_says_why_not() -> None:
    top = get_command(app)

    def answers(name: str) -> bool:
        command: Any = top
        for word in name.split():
            command = command.commands[word]
        return any("--json" in parameter.opts for parameter in command.params)

    without = {name for name in commands(top) if not answers(name)}
    assert without == set(WITHOUT_JSON)
