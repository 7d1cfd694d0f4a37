"""Statements: money finds its loan by what the line says, waits for a person otherwise, and is taken in once."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from afterloan.banks.batch_csv import write_statement
from afterloan.banks.camt import write_camt
from afterloan.banks.mt940 import write_mt940
from afterloan.banks.words import Line, Statement, reference_of
from afterloan.desk.keyboard.main import app
from afterloan.facts import FactRefused
from afterloan.servicing.matching import Claim, Match, match_line, tokens
from afterloan.servicing.money import assign, import_statement
from afterloan.store.server import Store
from afterloan.store.statements import unmatched_lines
from tests.sending.bankhouse import mandate, money, small_book
from tests.servicing.test_debit_results import tried
from tests.strategy.books import borrower, loan

ON = date(2025, 5, 12)
KEY = reference_of("statement")


def line(reference: str, fen: int, text: str = "", **more: str) -> Line:
    return Line(reference, ON, fen, text=text, **more)


def statement(*lines: Line, opening: int = 0) -> Statement:
    closing = opening + sum(x.amount_fen for x in lines)
    return Statement("ST-1", "LENDER-1", "CNY", datetime(2025, 5, 12), lines, opening, closing)


CLAIM = Claim("L1", "B1", "Li Lei", 10_900, 1_218_000)
OTHER = Claim("L2", "B1", "Li Lei", 5_000, 400_000)


@pytest.mark.parametrize(
    ("told", "by_loan", "by_borrower", "by_name", "wanted"),
    [
        (line("1", 77), [CLAIM], [], [], Match("loan reference", "L1")),
        (line("1", 77), [CLAIM, OTHER], [], [], Match("names several loans", None, ("L1", "L2"))),
        (line("1", 5_000), [], [CLAIM, OTHER], [], Match("borrower and amount", "L2")),
        (line("1", 1_218_000), [], [CLAIM, OTHER], [], Match("borrower and amount", "L1")),
        (line("1", 77), [], [CLAIM], [], Match("borrower's only loan", "L1")),
        (line("1", 77), [], [CLAIM, OTHER], [], Match("borrower has several loans", None, ("L1", "L2"))),
        (line("1", 10_900), [], [], [CLAIM], Match("name and amount agree", None, ("L1",))),
        (line("1", 77), [], [], [CLAIM], Match("nothing in it names a loan")),
        (line("1", -77), [CLAIM], [], [], Match("money that went out and names no debit of ours")),
    ],
)
def test_who_a_line_belongs_to(told, by_loan, by_borrower, by_name, wanted) -> None:  # type: ignore[no-untyped-def]
    assert match_line(told, by_loan, by_borrower, by_name) == wanted


def test_words_of_a_line_that_may_be_references() -> None:
    assert tokens(line("1", 5, "还款 loan-7, thanks (B-12)")) == ["loan-7", "thanks", "B-12"]


@pytest.fixture
def book(store: Store) -> Store:
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        tried(connection, KEY, 10_000)
        borrower(connection, "B2")
        for name in ("L2", "L3"):
            loan(connection, name, "B2", "2025-04-20")
    return store


def test_a_statement_is_matched_line_by_line_and_only_once(book: Store) -> None:
    told = statement(
        line("S1", 10_000, end_to_end=KEY),
        line("S2", 20_000, "repays L1"),
        line("S3", 30_000, mandate="M1"),
        line("S4", 40_000, "from B2"),
        line("S5", 50_000, name="Name of B2"),
        line("S6", -10_000, end_to_end=KEY, code="MD06"),
        line("S7", -99, "fee of the account"),
    )
    done = import_statement(book, told, "f.xml", ON)
    assert done.matched == {"debit": 2, "loan reference": 1, "borrower's only loan": 1}
    assert done.matched_fen == 10_000 + 20_000 + 30_000 - 10_000
    assert [(r, m.how) for r, m in done.unmatched] == [
        ("S4", "borrower has several loans"),
        ("S5", "nothing in it names a loan"),
        ("S7", "money that went out and names no debit of ours"),
    ]
    first = money(book)
    assert [(k, fen) for k, _, fen, _ in first] == [(50, 10_000), (50, 20_000), (50, 30_000), (90, 0)]
    again = import_statement(book, told, "f.xml", ON)
    assert again.known == 4 and not again.matched and money(book) == first


def test_a_line_under_the_same_reference_with_another_amount_is_refused(book: Store) -> None:
    import_statement(book, statement(line("S1", 10_000, "repays L1")), "f", ON)
    done = import_statement(book, statement(line("S1", 11_000, "repays L1"), line("S2", 5, "repays L1")), "f", ON)
    assert [(r.place, r.value) for r in done.refused] == [("S1", "S1")] and done.matched == {"loan reference": 1}
    assert "stands already for 10000 minor units" in done.refused[0].reason


def test_the_gateway_said_it_and_the_statement_says_it_again(book: Store) -> None:
    from afterloan.banks.words import Result
    from afterloan.servicing.debits import take_result

    with book.connect() as connection:
        take_result(connection, Result(KEY, "succeeded", date(2025, 5, 10), 10_000), ON)
    done = import_statement(book, statement(line("S1", 10_000, end_to_end=KEY)), "f", ON)
    assert done.matched == {"debit": 1} and [m[2] for m in money(book)] == [10_000]
    wrong = import_statement(book, statement(line("S2", 9_000, end_to_end=KEY)), "f", ON)
    assert "was told before with 10000" in wrong.unmatched[0][1].how


def test_a_person_assigns_or_sets_aside(book: Store) -> None:
    import_statement(book, statement(line("S4", 40_000, "from B2"), line("S7", -99, "fee")), "f", ON)
    with book.connect() as connection:
        assert assign(connection, "S4", "L3", "ming", ON) == "S4 is given to L3: 40000 minor units"
    with book.connect() as connection:
        assert "before; nothing was added" in assign(connection, "S4", "L3", "ming", ON)
    for told, message in (
        (("S4", "L2", "ming", ON), "is matched already"),
        (("S9", "L2", "ming", ON), "no line of that reference"),
        (("S7", "L2", "ming", ON), "is money that went out"),
        (("S7", None, "ming", ON), "a line set aside needs a reason"),
    ):
        with book.connect() as connection, pytest.raises(FactRefused, match=message):
            assign(connection, *told)
    with book.connect() as connection:
        assign(connection, "S7", None, "ming", ON, note="account fee")
        assert unmatched_lines(connection) == []
    assert [(m[2], m[3]) for m in money(book)] == [(40_000, "bank:LENDER-1:S4")]


def test_the_same_statement_in_three_forms_is_one(book: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same lines as camt.053, MT940 and CSV through the command line: taken once, then known."""
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", book.url)
    told = statement(line("S1", 20_000, "repays L1"), line("S2", 50_000, name="Name of B2"))
    run = CliRunner()
    found = []
    for name, data in (("a.xml", write_camt(told)), ("b.sta", write_mt940(told)), ("c.csv", write_statement(told))):
        (tmp_path / name).write_bytes(data)
        answer = run.invoke(app, ["bank-statement", str(tmp_path / name), "--on", "2025-05-12", "--json"])
        assert answer.exit_code == 0, answer.output
        found.append(json.loads(answer.stdout.splitlines()[0]))
    assert [(f["lines"], f["known"], f["matched_fen"]) for f in found] == [(2, 0, 20_000), (2, 1, 0), (2, 1, 0)]
    (tmp_path / "half.xml").write_bytes(write_camt(told)[:900])
    answer = run.invoke(app, ["bank-statement", str(tmp_path / "half.xml"), "--on", "2025-05-12"])
    assert answer.exit_code == 1 and "half.xml: line" in str(answer.exception) and "cut off" in str(answer.exception)
    listed = run.invoke(app, ["unmatched", "--json"])
    assert [x["bank_reference"] for x in json.loads(listed.stdout)] == ["S2"]
    given = run.invoke(app, ["unmatched", "--assign", "S2", "--loan", "L2", "--by", "ming", "--on", "2025-05-12"])
    assert given.exit_code == 0 and json.loads(run.invoke(app, ["unmatched", "--json"]).stdout) == []


def test_mandates_and_files_on_the_command_line(book: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", book.url)
    run = CliRunner()

    def do(*words: str, code: int = 0) -> str:
        answer = run.invoke(app, list(words))
        assert answer.exit_code == code, (answer.output, answer.exception)
        return answer.output + str(answer.exception or "")

    add = (
        "mandate",
        "add",
        "M2",
        "--borrower",
        "B2",
        "--account",
        "6229",
        "--rail",
        "pain008",
        "--signed-on",
        "2025-04-21",
    )
    assert "M2: signed by B2" in do(*add)
    assert "M2: known already" in do(*add)
    assert "account" in do("mandate", "add", "M3", "--borrower", "B2", "--account", "bad account", code=1)
    assert "M2: revoked from 2025-06-01 on" in do("mandate", "revoke", "M2", "--on", "2025-06-01")
    assert "no mandate of that reference" in do("mandate", "revoke", "M9", code=1)
    assert "revoked 2025-06-01" in do("mandate", "list", "B2")
    assert "collects on 1234567890" in do("debit", "creditor", "--name", "Lender", "--account", "1234567890")
    assert "no debit waits" in do("debit", "file-out", str(tmp_path), "--on", "2025-05-12")
    collection = tmp_path / "c.csv"
    from afterloan.banks.batch_csv import write_batch
    from afterloan.banks.words import Collection, Creditor, Order

    order = Order(KEY, 10_000, "M1", date(2025, 4, 1), "Name of B1", "6222001")
    made = Collection("C1", datetime(2025, 5, 10), Creditor("L", "1"), date(2025, 5, 10), "CNY", (order,))
    collection.write_bytes(write_batch(made))
    simulated = ("bank-simulator", "--file-in", str(collection), "--form", "batch_csv", "--today", "2025-05-10")
    do(*simulated, "--file-out", str(tmp_path / "bank"), "--until", "2025-05-12", "--balance", "0.01")
    answer = next((tmp_path / "bank").glob("pain002-*.xml"))
    assert "1 results: 1 failed, 0 known; 0.00 taken" in do("debit", "file-in", str(answer), "--on", "2025-05-12")
    assert "nothing new, 1 known" in do("debit", "file-in", str(answer), "--on", "2025-05-12")
