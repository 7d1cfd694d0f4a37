"""Statements: money finds its loan by what the line says, waits for a person otherwise, and is taken in once."""

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from afterloan.banks.batch_csv import write_statement
from afterloan.banks.camt import write_camt
from afterloan.banks.mt940 import write_mt940
from afterloan.banks.words import BankRowRefused, BankStatement, StatementLine, reference_of
from afterloan.dates import day
from afterloan.desk.keyboard.main import app
from afterloan.facts import FactRefused
from afterloan.servicing.matching import LineClaim, Match, match_line, tokens
from afterloan.servicing.money import (
    give_line,
    move_line,
    split_line,
    take_line_off,
)
from afterloan.servicing.passing import move_repayment
from afterloan.store.server import Store
from afterloan.store.statements import LineRow, finish_refusal, judge, line_of, open_refusals, unmatched_lines
from afterloan.store.suspense import unmatched_fen
from tests.sending.bankhouse import did, import_statement, mandate, money, rows, small_book
from tests.servicing.test_debit_results import tried
from tests.strategy.books import borrower, loan

ON = date(2025, 5, 12)
KEY = reference_of("statement")


def line(reference: str, fen: int, text: str = "", **more: str) -> StatementLine:
    return StatementLine(reference, ON, fen, text=text, **more)


def statement(*lines: StatementLine, opening: int = 0) -> BankStatement:
    closing = opening + sum(x.amount_fen for x in lines)
    return BankStatement("ST-1", "LENDER-1", "CNY", datetime(2025, 5, 12), lines, opening, closing)


CLAIM = LineClaim("L1", "B1", "Li Lei", 10_900, 1_218_000)
OTHER = LineClaim("L2", "B1", "Li Lei", 5_000, 400_000)


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


def test_two_payers_under_one_reference_are_two_payers(book: Store) -> None:
    """A bank wrote one reference, or none, on two lines: 250.00 for L2 and 250.00 for L3. Balances prove both."""
    for name, reference in (("ST-1", "55555"), ("ST-2", "")):
        told = replace(statement(line(reference, 25_000, "for L2"), line(reference, 25_000, "for L3")), message=name)
        done = import_statement(book, told, "f", ON)
        assert done.matched == {"loan reference": 2} and done.matched_fen == 50_000 and not done.refused
        again = import_statement(book, told, "f", ON)
        assert again.known == 2 and not again.matched and not again.unmatched
    facts = rows(book, "select c.reference, sum(amount_fen) from fact join contract c using (loan) "
                       "where fact.reference like 'bank:%%' group by 1 order by 1")  # fmt: skip
    assert facts == [("L2", 50_000), ("L3", 50_000)]


def test_a_line_that_may_be_one_we_have_waits_and_is_lost_in_neither_way(book: Store) -> None:
    import_statement(book, statement(line("", 25_000, "for L2")), "f", ON)
    # a notification of the day, then its statement: without a reference nobody can tell the same money from as much
    done = import_statement(book, replace(statement(line("", 25_000, "for L2")), message="ST-2"), "f", ON)
    ((name, match),) = done.unmatched
    assert "that money told again, or as much paid twice?" in match.how and name.startswith("#")
    with book.connect() as connection:
        assert [x["held"] for x in unmatched_lines(connection)] == [match.how]
        assert str(give_line(connection, name, "L3", "ming", ON)) == f"{name} is given to L3: 25000 minor units"
    assert import_statement(book, replace(statement(line("", 25_000, "for L2")), message="ST-2"), "f", ON).known == 1


def test_money_on_the_wrong_loan_is_moved(book: Store) -> None:
    import_statement(book, statement(line("S1", 25_000, "for L2"), line("S7", -99, "fee")), "f", ON)
    later = date(2025, 5, 20)
    with book.connect() as connection:
        moved = move_line(connection, "S1", "L3", "ming", later, note="the payer meant L3")
    assert (moved.off.loan, moved.off.fact, moved.off.reversal) == ("L2", "bank:LENDER-1:S1", "bank:LENDER-1:S1:off")
    assert (moved.given.loan, moved.given.amount_fen, moved.given.fact) == ("L3", 25_000, "bank:LENDER-1:S1#2")
    # on L3 the money counts from the day on which it came; on L2 it never came
    assert rows(book, "select c.reference, f.reference, f.on_day::text, f.known_on::text from fact f join contract c "
                "using (loan) where f.reference like 'bank:%%' order by fact") == [
        ("L2", "bank:LENDER-1:S1", "2025-05-12", "2025-05-12"),
        ("L2", "bank:LENDER-1:S1:off", "2025-05-12", "2025-05-20"),
        ("L3", "bank:LENDER-1:S1#2", "2025-05-12", "2025-05-20"),
    ]  # fmt: skip
    with book.connect() as connection:  # and back again, as often as need be
        assert move_line(connection, "S1", "L2", "ming", later).given.fact == "bank:LENDER-1:S1#3"
        off = take_line_off(connection, "S1", "ming", later)
        assert off.reversal == "bank:LENDER-1:S1#3:off"
        assert {x["bank_reference"] for x in unmatched_lines(connection)} == {"S1", "S7"}
        give_line(connection, "S7", None, "ming", later, note="fee")
        assert take_line_off(connection, "S7", "ming", later).fact == ""
    for name, message in (("S1", "stands on no loan"), ("S9", "no line of that reference")):
        with book.connect() as connection, pytest.raises(FactRefused, match=message):
            move_line(connection, name, "L2", "ming", later)


def test_money_that_was_moved_by_its_repayment_is_not_moved_again_by_its_line(book: Store) -> None:
    import_statement(book, statement(line("S1", 25_000, "for L2")), "f", ON)
    with book.connect() as connection:
        move_repayment(connection, "bank:LENDER-1:S1", "L3", "M", day("2025-05-20"))
    with book.connect() as connection, pytest.raises(FactRefused, match="was moved to L3 as M:on"):
        move_line(connection, "S1", "L3", "ming", date(2025, 5, 21))


def test_a_creditor_reference_names_its_loan() -> None:
    assert tokens(line("1", 5, "RF18L3 thanks")) == ["RF18L3", "thanks", "L3"]


def test_a_debit_of_ours_cannot_be_taken_off_by_its_line(book: Store) -> None:
    import_statement(book, statement(line("S1", 10_000, end_to_end=KEY)), "f", ON)
    with book.connect() as connection, pytest.raises(FactRefused, match="is what the bank says of our own debit"):
        take_line_off(connection, "S1", "ming", ON)


def test_rows_that_cannot_be_read_wait_until_a_person_has_done_with_them(book: Store) -> None:
    bad = BankRowRefused("line 9", "Ntry", "S8 2.00", "neither <BookgDt> nor <ValDt>", "have the bank say it")
    for _ in range(2):
        import_statement(book, replace(statement(), refused=(bad,)), "f.xml", ON)
    with book.connect() as connection:
        (row,) = open_refusals(connection)
        assert (row.kind, row.account, row.file, row.place, row.value) == (
            "statement", "LENDER-1", "f.xml", "line 9", "S8 2.00",
        )  # fmt: skip
        with pytest.raises(FactRefused, match="needs a word on what became of it"):
            finish_refusal(connection, row.number, "ming", " ", ON)
        assert finish_refusal(connection, row.number, "ming", "the bank sent it anew", ON)
        assert not finish_refusal(connection, row.number, "hua", "me too", ON)
        assert open_refusals(connection) == []


def told_row(
    reference: str = "R", fen: int = 100, text: str = "x", statement: str = "S", at: int = 1, **more: Any
) -> LineRow:
    told = {"end_to_end": "", "number": 7, **more}
    return LineRow(
        "A", statement, at, reference, ON, fen, "CNY", told["end_to_end"], "", "", "", text, "", told["number"]
    )


@pytest.mark.parametrize(
    ("mine", "told", "turn", "known", "held"),
    [
        (told_row(), [], 1, 0, ""),
        (told_row(), [told_row()], 1, 7, ""),  # the same file again
        (told_row(statement="T", at=9), [told_row()], 1, 7, ""),  # the notification, then the statement
        (told_row(at=2), [told_row()], 2, 0, ""),  # twice in one statement is two
        (told_row(statement="T", at=2), [told_row(), told_row(at=4, number=8)], 2, 8, ""),  # the second is the second
        (told_row(statement="T", text="y"), [told_row()], 1, 0, "has reference, day and amount of line #7 and says"),
        (told_row(statement="T", text="y", end_to_end="E"), [told_row(end_to_end="E")], 1, 7, ""),
        (told_row(fen=101), [told_row()], 1, 0, "stands already for 100 minor units"),
        (told_row(fen=101, at=2), [told_row()], 1, 0, ""),  # one reference on two amounts
        (told_row("", statement="T"), [told_row("")], 1, 0, "says the same as line #7"),
        (told_row("", at=2), [told_row("")], 2, 0, ""),
        (told_row("", at=5), [told_row("")], 1, 7, ""),  # the same statement in another form counts its places anew
        (told_row("", text="y"), [told_row("")], 1, 0, "stands in the place of line #7"),
        (told_row("", fen=101), [told_row("")], 1, 0, ""),  # every statement is called STARTUMS
        (told_row("", text="y", at=2), [told_row("")], 1, 0, ""),
    ],
)
def test_whether_a_line_is_one_that_was_told_before(
    mine: LineRow, told: list[LineRow], turn: int, known: int, held: str
) -> None:
    found = judge(mine, told, turn)
    assert found[0] == known and found[1].startswith(held) and bool(found[1]) == bool(held)


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
        assert str(give_line(connection, "S4", "L3", "ming", ON)) == "S4 is given to L3: 40000 minor units"
    with book.connect() as connection:
        assert "before; nothing was added" in str(give_line(connection, "S4", "L3", "ming", ON))
    for told, message in (
        (("S4", "L2", "ming", ON), "is matched already"),
        (("S9", "L2", "ming", ON), "no line of that reference"),
        (("S7", "L2", "ming", ON), "is money that went out"),
        (("S7", None, "ming", ON), "a line set aside needs a reason"),
    ):
        with book.connect() as connection, pytest.raises(FactRefused, match=message):
            give_line(connection, *told)
    with book.connect() as connection:
        give_line(connection, "S7", None, "ming", ON, note="account fee")
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
        if name == "a.xml":  # the same file is taken as results of debits first: its lines name none, and say so
            results = run.invoke(app, ["debit", "file-in", str(tmp_path / name), "--on", "2025-05-12"])
            assert results.exit_code == 1 and "take the file in as a statement" in results.output
        answer = run.invoke(app, ["bank-statement", str(tmp_path / name), "--on", "2025-05-12", "--json"])
        assert answer.exit_code == 0, answer.output
        found.append(json.loads(answer.stdout.splitlines()[0]))
    assert [(f["lines"], f["known_before"], f["matched_fen"]) for f in found] == [(2, 0, 20_000), (2, 1, 0), (2, 1, 0)]
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
    assert "1 result: 1 failed, 0 known; 0.00 CNY taken" in do("debit", "file-in", str(answer), "--on", "2025-05-12")
    assert "already known: 1 result: 1 failed" in do("debit", "file-in", str(answer), "--on", "2025-05-12")


def test_a_line_is_split_over_several_loans_and_taken_off_all_of_them(book: Store) -> None:
    """742.20 came for two loans: 642.20 for L2 and 100.00 for L3; 642.20 + 100.00 = 742.20, nothing waits then."""
    import_statement(book, statement(line("S5", 74_220, "from B2")), "f", ON)
    parts = [("L2", 64_220), ("L3", 10_000)]
    with book.connect() as connection:
        given = split_line(connection, "S5", parts, "ming", ON, note="told on the phone")
        assert [(one.loan, one.amount_fen, one.fact) for one in given] == [
            ("L2", 64_220, "bank:LENDER-1:S5"),
            ("L3", 10_000, "bank:LENDER-1:S5#2"),
        ]
        assert unmatched_lines(connection) == [] and unmatched_fen(connection, day("2025-05-12")) == 0
        assert all(one.known for one in split_line(connection, "S5", parts, "ming", ON)), "the same again is known"
        stands = line_of(connection, "S5")
        assert stands["loan"] is None and [part["loan"] for part in stands["parts"]] == ["L2", "L3"]
    assert import_statement(book, statement(line("S5", 74_220, "from B2")), "f", ON).known == 1
    facts = (
        "select c.reference, f.amount_fen from fact f join contract c using (loan) "
        "where f.reference like 'bank:%%S5%%' order by f.fact"
    )
    assert rows(book, facts) == [("L2", 64_220), ("L3", 10_000)]
    with book.connect() as connection:
        for told, message in (
            (lambda: give_line(connection, "S5", "L2", "ming", ON), "is matched already"),
            (lambda: split_line(connection, "S5", [("L2", 4_220), ("L3", 70_000)], "ming", ON), "is matched already"),
            (lambda: move_line(connection, "S5", "L1", "ming", ON), "stands on several loans"),
        ):
            with pytest.raises(FactRefused, match=message):
                told()
        off = take_line_off(connection, "S5", "ming", date(2025, 5, 20), note="he meant L2 alone")
        assert off.reversal == "bank:LENDER-1:S5:off, bank:LENDER-1:S5#2:off"
        assert [x["bank_reference"] for x in unmatched_lines(connection)] == ["S5"]
        assert unmatched_fen(connection, day("2025-05-19")) == 0, "on the 19th it stood on its loans"
        assert unmatched_fen(connection, day("2025-05-20")) == 74_220
        assert give_line(connection, "S5", "L2", "ming", date(2025, 5, 20)).fact == "bank:LENDER-1:S5#3"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([("L2", 64_220), ("L3", 9_999)], r"come to 742\.19, the line to 742\.20"),
        ([("L2", 74_220)], "a line is split over two loans or more"),
        ([("L2", 64_220), ("L2", 10_000)], "is named twice"),
        ([("L2", 74_221), ("L3", -1)], "is no part of a line"),
        ([("L2", 64_220), ("L9", 10_000)], "no contract of that reference"),
    ],
)
def test_parts_that_are_not_the_line_are_refused_and_nothing_is_kept(
    book: Store, parts: list[tuple[str, int]], message: str
) -> None:
    import_statement(book, statement(line("S5", 74_220, "from B2")), "f", ON)
    with pytest.raises(FactRefused, match=message), book.connect() as connection:
        split_line(connection, "S5", parts, "ming", ON)
    assert rows(book, "select count(*) from fact where reference like 'bank:%%'") == [(0,)]


def test_a_split_is_one_act_that_finds_its_borrowers(book: Store) -> None:
    import_statement(book, statement(line("S5", 74_220, "from B2")), "f", ON)
    asked = {"line": "S5", "parts": [{"loan": "L2", "amount_fen": 64_220}, {"loan": "L1", "amount_fen": 10_000}]}
    body = did(book, "statement.split", asked, ON)
    assert body["amount_fen"] == 74_220 and [part["loan"] for part in body["parts"]] == ["L2", "L1"]
    touched = "select count(distinct borrower) from fact f join contract using (loan) where act is not null"
    assert rows(book, touched) == [(2,)], "each part carries the act's number"
