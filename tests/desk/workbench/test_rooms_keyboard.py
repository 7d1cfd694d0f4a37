"""What the rooms of the desk show is the same at the keyboard as over HTTP: figure by figure, on one book."""

import csv
import io
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from afterloan.desk.keyboard.main import app
from afterloan.desk.work import JobWorker
from afterloan.facts import Repaid
from afterloan.store.record import record
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk
from tests.desk.workbench.test_agencies_room import placing
from tests.desk.workbench.test_bureau_room import answered
from tests.strategy.books import day_of

__all__ = ["placing"]
FRAME = ("on", "known_on", "closed_through")
"""What every answer over HTTP says of its day."""


@pytest.fixture
def keyboard(late: Served, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the served book; what it prints."""
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", late.store.url)

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def of(answer: Any) -> Any:
    """The body of an answer without its frame; a list's rows."""
    assert answer.status_code == 200, answer.text
    body = {name: value for name, value in answer.json().items() if name not in FRAME}
    return body["data"] if set(body) == {"data", "next"} else body


def test_cash_is_the_same_and_adds_up(late: Served, keyboard: Any) -> None:
    span = ("--first", "2025-05-01", "--last", "2025-05-13")
    told = of(late.api("finance").get("/v1/cash?first=2025-05-01&last=2025-05-13"))
    assert json.loads(keyboard("cash", *span, "--json")) == told
    assert "21,000.00" in keyboard("cash", *span), "three loans of 12,000, 6,000 and 3,000 were paid out"
    file = late.api("finance").get("/v1/cash?first=2025-05-01&last=2025-05-13&format=csv").text
    assert keyboard("cash", *span, "--csv") == file


def test_a_month_is_looked_at_the_same(late: Served, keyboard: Any) -> None:
    client = late.api("bureau")
    begun = client.post("/v1/bureaus/neutral/months/2025-04-30/previews", headers={"idempotency-key": "p"}, json={})
    assert JobWorker(late.store).do_next()
    result = client.get(begun.headers["location"]).json()["result"]
    told = json.loads(keyboard("bureau", "preview", "2025-04", "--bureau", "neutral", "--json"))
    assert told == {name: result[name] for name in told} and told["counts"]["new"] == 3
    assert keyboard("bureau", "preview", "2025-04", "--bureau", "neutral", "--csv") == (
        client.get(f"{begun.headers['location']}/file").text
    )
    assert "nothing is told" in keyboard("bureau", "preview", "2025-04", "--bureau", "neutral")


def test_what_a_bureau_did_not_take_and_both_readings_are_the_same(late: Served, keyboard: Any) -> None:
    desk = Desk(late, "bureau")
    month = {"bureau": "neutral", "month_end": "2025-04-30"}
    desk.post("/bureau/furnishings", part=False, **(desk.token("/bureau", "/bureau/furnishings") | month))
    assert JobWorker(late.store).do_next()
    page = answered(desk, [("neutral", "2025-04-30", "L1", "id_number", "E7", "no such number")], **month)
    client = late.api("bureau")
    rows = of(client.get("/v1/bureaus/neutral/rejections"))
    assert [row["loan"] for row in rows] == ["L1"], page
    assert json.loads(keyboard("bureau", "rejected", "--bureau", "neutral", "--json")) == rows
    assert "the borrower's details" in keyboard("bureau", "rejected")
    both = of(client.get("/v1/loans/L1/bureau-readings?bureau=neutral"))
    assert both["months"], "April was told"
    assert json.loads(keyboard("bureau", "readings", "L1", "--bureau", "neutral", "--json")) == both
    assert "2025-04" in keyboard("bureau", "readings", "L1", "--bureau", "neutral")


def test_agencies_are_the_same(placing: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", placing.store.url)
    told = of(placing.api("lead").get("/v1/agencies"))
    assert len(told["proposed"]) == 3
    done = CliRunner().invoke(app, ["agency", "list", "--json"], catch_exceptions=False)
    assert json.loads(done.output) == told
    shown = CliRunner().invoke(app, ["agency", "list"], catch_exceptions=False).output
    assert "proposed for an agency" in shown and "with an agency: nothing" in shown


def test_then_against_now_is_the_same_and_a_repayment_learnt_late_stands_between(late: Served, keyboard: Any) -> None:
    """100.00 of L1 that came on the 10th was learnt on the 14th: known on the 13th, 100.00 more was due."""
    with late.store.connect() as connection:
        record(connection, Repaid("L1", "late-news", day_of("2025-05-10"), day_of("2025-05-14"), 10_000))
    client = late.api("auditor")
    asked = "/v1/borrowers/B1/known?then=2025-05-13&on=2025-05-13"
    told = of(client.get(asked))
    (loan,) = told["loans"]
    assert loan["then"]["arrears_fen"] - loan["now"]["arrears_fen"] == 10_000
    words = ("known", "B1", "--then", "2025-05-13", "--on", "2025-05-13")
    assert json.loads(keyboard(*words, "--json")) == told
    assert "learnt in between" in keyboard(*words)
    file = client.get(f"{asked}&format=csv").text
    assert keyboard(*words, "--csv") == file
    rows = list(csv.DictReader(io.StringIO(file)))
    (due,) = [row for row in rows if row["what"] == "arrears_fen"]
    assert int(due["then"]) - int(due["now"]) == 10_000 and due["differs"] == "yes"
    assert rows[-1]["what"].startswith("repaid ") and rows[-1]["differs"] == "10000"
