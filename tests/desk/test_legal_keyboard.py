"""The law at the command line: what a counsel types from the evidence to the letter, and what is said back."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from afterloan.desk.keyboard.main import app
from afterloan.expected import ExpectedFailure
from afterloan.store.server import Store
from tests.servicing.test_legal import late


def test_from_the_evidence_to_the_letter(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.connect() as connection:
        late(connection)
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["legal", *words, *(() if words[0] == "bundle" else ("--by", "li"))])
        failed = done.exception if isinstance(done.exception, ExpectedFailure) else None
        assert failed or done.exit_code == 0, (words, done.output, done.exception)
        return str(failed) if failed else done.output

    on = ("--on", "2025-06-20")
    paper = tmp_path / "scan.pdf"
    paper.write_bytes(b"one file, two things")
    first, second = (run("evidence", "L", what, str(paper), *on) for what in ("notice", "receipt"))
    assert first == second  # the digest and the name; kept twice, as what it proves
    assert "no such role" in run("people", "wu", "--role", "janitor", *on)
    assert "wu                      collections_lead" in run("people", "wu", "--role", "collections_lead", *on)
    proposal = run("propose", "L", "demand_letter", *on).strip()
    assert proposal == "legal:L:demand_letter:2025-06-20"
    assert "no approval by a collections_lead" in run("start", proposal, *on)
    done = CliRunner().invoke(app, ["legal", "approve", proposal, "--role", "collections_lead", "--by", "wu", *on])
    assert done.exit_code == 0, done.output
    # 12,000.00, what fell due of interest and penalty, and ten days of the running month
    assert "demand_letter started: 1" in run("start", proposal, *on)
    assert run("end", proposal, "delivered", *on) == "recorded: delivered\n"
    shown = CliRunner().invoke(app, ["legal", "show", "L", *on]).output
    assert "demand_letter: delivered (delivered: the time to pay runs)" in shown
    assert "by 2025-07-05: demand_letter, to pay" in shown
    assert "payment_order: the debtor has until 2025-07-05 to answer the demand_letter; " in shown
    assert "of it are not due yet: call the rest of the loan due by notice first" in shown
    assert "minor units" not in shown and " fen" not in shown
    told = json.loads(CliRunner().invoke(app, ["legal", "show", "L", "--json", *on]).output)
    assert told["owed"]["total_fen"] == sum(v for k, v in told["owed"].items() if k != "total_fen")
    run("bundle", "L", "--out", str(tmp_path / "b"), *on)
    names = {path.name for path in (tmp_path / "b").iterdir()}
    assert {"demand-letter.pdf", "payment-order.pdf", "statement-of-claim.pdf"} <= names
    assert "enforcement.pdf" not in names  # nothing can be enforced yet
    assert date.fromisoformat(told["limitation"]["ends_on"]) == date(2029, 1, 10)
