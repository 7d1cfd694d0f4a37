"""Books as other systems write them: their encodings, separators, days and amounts; each expected value by hand."""

from pathlib import Path

import polars as pl
import pytest

from afterloan.intake.book import BOOK_FILES, BookFileRefused, bring_in, maps_checked
from afterloan.intake.files import batches, columns_of_file
from afterloan.intake.forms import decided, forms_shown, in_own_form
from afterloan.intake.sheets import FileMap, proposal, with_forms
from afterloan.store.server import Store
from tests.intake.other_system import written
from tests.intake.test_checking import checked, told_of

NAMES = "客户编号{s}客户名称\nK1{s}张三\nK2{s}李四\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_file_is_read_as_it_is_written(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "客户.csv"
    path.write_bytes(NAMES.format(s=separator).encode(encoding))
    assert columns_of_file(path) == ["客户编号", "客户名称"]
    (frame,) = batches(path, lambda number, text: None)
    assert frame["客户名称"].to_list() == ["张三", "李四"]


def test_text_of_western_europe_is_read_as_windows_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("reference;name\nK1;Müller\nK2;Céline O’Neill\n".encode("cp1252"))
    (frame,) = batches(path, lambda number, text: None)
    assert frame["name"].to_list() == ["Müller", "Céline O’Neill"]


def test_damaged_utf8_is_refused_and_not_read_as_other_signs(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    content = ("reference,name\n" + "".join(f"K{k},张三\n" for k in range(50))).encode()
    path.write_bytes(content[:60] + b"\xff" + content[60:])
    with pytest.raises(BookFileRefused, match="UTF-8"):
        list(batches(path, lambda number, text: None))


def one(column: str, text: str, **told: str) -> str:
    return str(pl.DataFrame({"x": [text]}).select(in_own_form(column, pl.col("x"), told)).item())


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("2026-01-05", "", "2026-01-05"), ("2026/1/5", "", "2026-01-05"), ("2026.01.05", "", "2026-01-05"),
        ("20260105", "", "2026-01-05"), ("2026年1月5日", "", "2026-01-05"), (" 2026-01-05 ", "", "2026-01-05"),
        ("2026-01-05 23:59:59.000", "", "2026-01-05"), ("2026-01-05T00:00:00", "", "2026-01-05"),
        ("5/1/2026", "D/M/Y", "2026-01-05"), ("1/5/2026 09:30", "M/D/Y", "2026-01-05"),
        ("05.01.2026", "D/M/Y", "2026-01-05"),
        ("2026/1/5", "D/M/Y", "2026-01-05"),
        ("5/1/2026", "", "5/1/2026"), ("46027", "", "46027"), ("1/5/26", "D/M/Y", "1/5/26"),
        ("2026-01-05T00:00:00+08:00", "", "2026-01-05T00:00:00+08:00"), ("30000105", "", "30000105"),
    ],
)  # fmt: skip
def test_days(text: str, form: str, day: str) -> None:
    assert one("on", text, days=form) == day


@pytest.mark.parametrize(
    ("text", "form", "amount"),
    [
        ("1200.50", "", "1200.50"), ("1200.5000", "", "1200.50"), ("1200.5050", "", "1200.5050"),
        ("¥1200.50", "", "1200.50"),
        ("1200.50元", "", "1200.50"), ("1,200.50", "1,234.56", "1200.50"), ("￥ 1,234,567", "1,234.56", "1234567"),
        ("1.200,50", "1.234,56", "1200.50"), ("€ 1.200,5", "1.234,56", "1200.5"), ("1200,50", "1.234,56", "1200.50"),
        ("1,200.50", "", "1,200.50"), ("12,00.50", "1,234.56", "12,00.50"), ("12 00", "1,234.56", "12 00"),
        ("1.200,505", "1.234,56", "1.200,505"),
    ],
)  # fmt: skip
def test_amounts(text: str, form: str, amount: str) -> None:
    assert one("amount", text, numbers=form) == amount


def test_only_days_amounts_and_rates_are_brought_into_another_form() -> None:
    assert one("reference", "20260105", days="D/M/Y") == "20260105"
    assert one("contract", "1,234.50", numbers="1,234.56") == "1,234.50"
    assert one("days_past_due", "2026", days="D/M/Y") == "2026"
    assert one("rate_percent", "18.25 %") == "18.25"


@pytest.mark.parametrize(
    ("days", "amounts", "found"),
    [
        (["03/04/2026", "31/12/2025"], ["1.00"], {"days": "D/M/Y"}),
        (["03/04/2026", "12/31/2025"], ["1.00"], {"days": "M/D/Y"}),
        (["03/04/2026"], ["1.00"], {}),  # meant both ways
        (["13/04/2026", "04/13/2026"], ["1.00"], {}),  # the rows say two things
        (["31/02/2026", "31/12/2025"], ["1.00"], {"days": "D/M/Y"}),  # one row is no day at all
        (["2026/3/4"], ["1,200.00", "5"], {"numbers": "1,234.56"}),
        (["2026-03-04"], ["1,200"], {"numbers": "1,234.56"}),
        (["2026-03-04"], ["1.200,00", "5"], {"numbers": "1.234,56"}),
        (["2026-03-04"], ["12,5"], {"numbers": "1.234,56"}),
        (["2026-03-04"], ["1.234", "1200"], {}),
    ],
)
def test_what_the_rows_show_of_a_file(days: list[str], amounts: list[str], found: dict[str, str]) -> None:
    shown = forms_shown(pl.DataFrame({"D": days}), {"on": "D"}) | forms_shown(
        pl.DataFrame({"A": amounts}), {"amount": "A"}
    )
    assert decided(shown) == found


def as_in_excel(folder: Path) -> Path:
    """The files of the old system as a spreadsheet saves them: GB 18030, semicolons, days and amounts its own."""
    for path in written(folder).glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace(",", ";")
        for day in {word for line in text.split() for word in line.split(";") if word.startswith("2026-")}:
            year, month, of_month = day.split("-")
            text = text.replace(day, f"{int(of_month)}/{int(month)}/{year} 0:00")
        text = text.replace("1000.00", "1,000.00").replace("1100.00", "￥1,100.00")
        path.write_bytes(text.encode("gb18030"))
    return folder


def test_the_same_book_written_otherwise_is_the_same_book(store: Store, tmp_path: Path) -> None:
    plain = checked(store, written(tmp_path / "plain"))
    folder = as_in_excel(tmp_path / "excel")
    told = {name: with_forms(folder / name, one) for name, one in told_of(folder).items()}
    assert told["还款计划.csv"].written == {}, "10/2/2026 and 10/3/2026 fit both ways: nothing is guessed"
    assert told["借据主表.csv"].written == {"numbers": "1,234.56"}
    told = {
        name: FileMap(one.kind, one.columns, one.fixed, {**one.written, "days": "D/M/Y"}) for name, one in told.items()
    }
    found = checked(store, folder, told)
    assert [(d.loan, d.figure, d.theirs, d.ours) for d in found.disagreements] == [
        (d.loan, d.figure, d.theirs, d.ours) for d in plain.disagreements
    ]
    counts = {r.file: (r.read, r.loaded, r.refused) for r in found.files.values()}
    assert counts == {r.file: (r.read, r.loaded, r.refused) for r in plain.files.values()}
    bring_in(store, folder, told=told)
    with store.connect() as connection:
        rows = connection.execute(
            "select reference, signed_on::text, principal_fen from contract order by 1"
        ).fetchall()
        names = connection.execute("select name from borrower order by reference").fetchall()
    assert rows == [("JJ-1", "2026-01-10", 100_000), ("JJ-2", "2026-01-10", 100_000)]
    assert names == [("张三",), ("李四",)]


def test_a_map_of_a_form_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(BookFileRefused, match=r"days: Y-M-D, D/M/Y, M/D/Y; numbers: 1234\.56"):
        maps_checked({"a.csv": {"kind": "repayments", "columns": {}, "written": {"days": "YYYY"}}})
    (kept,) = maps_checked({"a.csv": {"kind": "repayments", "written": {"days": "D/M/Y"}}}).values()
    assert FileMap.of(kept.told()) == kept and kept.written == {"days": "D/M/Y"}


def test_a_map_that_was_kept_keeps_how_the_file_is_written() -> None:
    headers = ["流水号", "借据号", "还款日期", "还款金额"]
    before = {"还款.csv": FileMap("repayments", {"reference": "流水号", "on": "还款日期"}, {}, {"days": "D/M/Y"})}
    assert proposal("还款2.csv", headers, BOOK_FILES, before).written == {"days": "D/M/Y"}
