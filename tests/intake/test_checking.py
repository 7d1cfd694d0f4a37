"""A book of another system tried before it is brought in: headers mapped, disagreements listed, nothing kept."""

import csv
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from afterloan.enquiry.imports import findings_csv
from afterloan.intake.book import BOOK_FILES, IMPORTER, BookFileRefused, bring_in, maps_checked, sheets_of
from afterloan.intake.checking import Checked, check_sheets
from afterloan.intake.files import columns_of_file
from afterloan.intake.sheets import FileMap, proposal, proposed
from afterloan.store.server import Store
from tests.intake.other_system import AS_OF, written

DAY = date.fromisoformat(AS_OF)


def told_of(folder: Path) -> dict[str, FileMap]:
    files = sorted(folder.glob("*.csv")) + sorted(folder.glob("*.parquet"))
    told = {
        file.name: proposal(file.name, columns_of_file(file), BOOK_FILES, {})
        for file in files
        if file.name != "refused.csv"
    }
    loans = told["借据主表.csv"]
    told["借据主表.csv"] = FileMap(loans.kind, loans.columns, {"product": "imported"})
    return told


def checked(store: Store, folder: Path, told: dict[str, FileMap] | None = None) -> Checked:
    *_, found = check_sheets(store, sheets_of(folder, told or told_of(folder)), folder, DAY, IMPORTER)
    return found


def rows_in_all(store: Store) -> dict[str, int]:
    """How many rows each table of the book has."""
    with store.connect() as connection:
        names = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        return {
            name: connection.execute(f'select count(*) from "{name}"').fetchone()[0]  # type: ignore[index]
            for (name,) in names
        }


def test_headers_of_another_system_are_read_by_their_names(tmp_path: Path) -> None:
    told = told_of(written(tmp_path))
    assert {name: one.kind for name, one in told.items()} == {
        "客户信息.csv": "borrowers", "借据主表.csv": "contracts", "还款计划.csv": "instalments",
        "放款流水.csv": "disbursements", "还款流水.csv": "repayments",
    }  # fmt: skip
    assert told["客户信息.csv"].columns == {
        "reference": "客户编号", "name": "客户名称", "attributes.mobile": "手机号码",
    }  # fmt: skip
    assert told["借据主表.csv"].columns == {
        "reference": "借据号", "borrower": "客户编号", "principal": "贷款金额", "rate_percent": "利率",
        "signed_on": "起始日期", "instalments": "期数", "days_past_due": "逾期天数",
        "outstanding_principal": "本金余额", "amount_due": "逾期金额",
    }  # fmt: skip
    english = ["Loan No.", "Customer ID", "Loan Amount", "Interest Rate", "Start Date", "Term", "DPD", "Branch"]
    assert proposed(english, BOOK_FILES["contracts"]) == {
        "reference": "Loan No.", "borrower": "Customer ID", "principal": "Loan Amount",
        "rate_percent": "Interest Rate", "signed_on": "Start Date", "instalments": "Term", "days_past_due": "DPD",
    }  # fmt: skip


def test_a_check_lists_what_disagrees_and_what_is_refused_and_keeps_nothing(store: Store, tmp_path: Path) -> None:
    before = rows_in_all(store)
    found = checked(store, written(tmp_path))
    assert rows_in_all(store) == before
    assert {(r.file, r.row, r.column, r.value) for r in found.refused} == {
        ("还款流水.csv", 2, "还款日期", "2026-02-31"), ("还款流水.csv", 3, "借据号", "JJ-9"),
    }  # fmt: skip
    assert all(r.reason and r.remedy for r in found.refused)
    assert (found.loans, found.figures) == (2, 6)
    assert [(d.loan, d.figure, d.theirs, d.ours, d.difference) for d in found.disagreements] == [
        ("JJ-2", "days_past_due", 11, 10, 1), ("JJ-2", "amount_due", 56_000, 55_000, 1_000),
    ]  # fmt: skip
    text = findings_csv("differs", [one.told() for one in found.disagreements])
    rows = list(csv.DictReader(text.splitlines()))
    assert [(r["theirs"], r["ours"], r["difference"]) for r in rows] == [
        ("11", "10", "1"), ("560.00", "550.00", "10.00"),
    ]  # fmt: skip
    counts = {r.file: (r.read, r.loaded, r.refused) for r in found.files.values()}
    assert counts["还款流水.csv"] == (3, 1, 2) and counts["借据主表.csv"] == (2, 2, 0)


def test_what_was_checked_is_brought_in_and_checked_again_is_known(store: Store, tmp_path: Path) -> None:
    folder = written(tmp_path)
    told = told_of(folder)
    bring_in(store, folder, told=told)
    with store.connect() as connection:
        kept = connection.execute(
            "select c.reference, b.name, b.attributes from contract c join borrower b using (borrower) order by 1"
        ).fetchall()
    assert kept == [("JJ-1", "张三", {"mobile": "13800138000"}), ("JJ-2", "李四", {"mobile": "13900139000"})]
    again = checked(store, folder, told)
    assert {r.file: (r.loaded, r.known) for r in again.files.values()} == {
        "客户信息.csv": (0, 2), "借据主表.csv": (0, 2), "还款计划.csv": (0, 4), "放款流水.csv": (0, 2),
        "还款流水.csv": (0, 1),
    }  # fmt: skip
    assert len(again.disagreements) == 2


BRING = """
import json, sys
from pathlib import Path
from afterloan.enquiry.imports import findings_csv
from afterloan.intake.book import bring_in, maps_checked
from afterloan.store.server import Store
told = maps_checked(json.loads(sys.argv[3]))
print(json.dumps({r.file: r.loaded for r in bring_in(Store(sys.argv[1]), Path(sys.argv[2]), threads=1, told=told)}))
"""


def test_two_processes_bring_the_same_files_in_at_once_and_every_row_is_there_once(
    store: Store, tmp_path: Path
) -> None:
    maps = json.dumps({name: one.told() for name, one in told_of(written(tmp_path / "1")).items()})
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BRING, store.url, str(written(tmp_path / name)), maps], stdout=subprocess.PIPE
        )
        for name in "12"
    ]
    told = [json.loads(one.communicate(timeout=300)[0]) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert {file: told[0][file] + told[1][file] for file in told[0]} == {
        "客户信息.csv": 2, "借据主表.csv": 2, "还款计划.csv": 4, "放款流水.csv": 2, "还款流水.csv": 1,
    }  # fmt: skip
    rows = rows_in_all(store)
    assert [rows[name] for name in ("borrower", "contract", "promised", "fact")] == [2, 2, 4, 3]


@pytest.mark.parametrize(
    ("rows", "row", "column", "words"),
    [
        ('H-1,JJ-1,2026-02-10,"1,200.00"', 1, "还款金额", "is no amount"),
        ("H-1,JJ-1,2026-02-10,12 00", 1, "还款金额", "is no amount"),
        ("H-1,JJ-1,2031-01-01,5.00", 1, "还款日期", "the furthest day that is believed"),
        ("H-1,JJ-1,10/02/2026,5.00", 1, "还款日期", "is no day"),
        ("H-1,JJ-1,2026-02-10,5.00\nH-1,JJ-2,2026-02-10,5.00", 2, "流水号", "stands already for something else"),
        ("H-1,JJ-1,2026-02-10,5.00,9", 1, "", "another number of columns"),
        (",JJ-1,2026-02-10,5.00", 1, "流水号", "is empty"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_its_own_header(
    store: Store, tmp_path: Path, rows: str, row: int, column: str, words: str
) -> None:
    folder = written(tmp_path, **{"还款流水.csv": f"流水号,借据号,还款日期,还款金额\n{rows}\n"})
    (bad,) = checked(store, folder).refused
    assert (bad.file, bad.row, bad.column) == ("还款流水.csv", row, column)
    assert words in bad.reason and bad.remedy


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("流水号,借据号,还款日期,还款金额\nH-1,JJ-1".encode() + b"\xff", "UTF-8"),
        ("流水号,借据号,还款日期\nH-1,JJ-1,2026-02-10\n".encode(), "还款金额, to be read as amount, is not there"),
        (b"", "is not there"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole_and_nothing_is_kept(
    store: Store, tmp_path: Path, content: bytes, words: str
) -> None:
    folder = written(tmp_path)
    told = told_of(folder)
    (folder / "还款流水.csv").write_bytes(content)
    before = rows_in_all(store)
    with pytest.raises(BookFileRefused, match=words):
        checked(store, folder, told)
    assert rows_in_all(store) == before


def test_figures_of_a_file_of_their_own_are_compared_on_their_own_day(store: Store, tmp_path: Path) -> None:
    """The day before its second row fell due JJ-1 was 27 days past due (10 February to 9 March) with 550.00."""
    balances = "loan no,dpd,arrears,as of\nJJ-1,27,550.00,2026-03-09\nJJ-1,many,1,2026-03-09\nJJ-8,1,,\nJJ-2,10,,\n"
    found = checked(store, written(tmp_path, **{"balances.csv": balances}))
    assert [d for d in found.disagreements if d.file == "balances.csv"] == []
    of_file = [(r.row, r.column, r.value) for r in found.refused if r.file == "balances.csv"]
    assert sorted(of_file) == [(2, "dpd", "many"), (3, "loan no", "JJ-8")]
    assert (found.files["balances.csv"].read, found.files["balances.csv"].refused) == (4, 2)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("[]", "a map names each file"),
        ("loans.csv: {kind: lones}", "kind lones is none; there are: borrowers, contracts"),
        ("loans.csv: {kind: contracts, columns: {principle: Amount}}", "principle is no column of contracts"),
        ("loans.csv: {kind: contracts, columns: {product: P}, fixed: {product: imported}}", "take one out"),
        ("loans.csv: {kind: contracts, colums: {}}", "nothing else"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused_with_what_could(told: str, words: str) -> None:
    with pytest.raises(BookFileRefused, match=words):
        maps_checked(yaml.safe_load(told))
