"""Tables as lenders have them: read as they were meant, or refused with the place and what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from afterloan.intake.tables import read_table
from afterloan.risk.declared import Declaration
from afterloan.risk.model import assess, fit, of_parts, parts
from afterloan.risk.table import TableRefused, outcomes, prepare
from afterloan.risk.written import form_of, read_as
from tests.risk.test_models_on_tables import people

ROWS = 300


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return people(ROWS, 21).drop("truth", "id", "sex").with_columns(pl.col("used").fill_null(0.5).round(3))


def text(column: str, form: Callable[[float], str]) -> pl.Expr:
    return pl.col(column).map_elements(form, return_dtype=pl.String)


def european(x: float) -> str:
    return f"{x:,.2f}".translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize(
    ("written", "form", "numbers"),
    [
        (["1", "-2.5", "3e2", ".5"], "1234.5", [1, -2.5, 300, 0.5]),
        (["1,234.50", "12", "(7.5)"], "1,234.5", [1234.5, 12, -7.5]),
        (["12,345", "987", "1234"], "1,234.5", [12345, 987, 1234]),  # a mark of thousands
        (["0,345", "12,345"], "1.234,5", [0.345, 12.345]),  # no thousand begins with 0
        (["1.234,5", "2,25"], "1.234,5", [1234.5, 2.25]),
        (["¥1,200.00", "¥ 80"], "1,234.5", [1200, 80]),
        (["12.5%", "3 %"], "1234.5", [12.5, 3]),
        # days since 1 January 1970: 2 January is 1, 1 February 31, 13 January 12
        (["02/01/1970", "13/01/1970"], "%d/%m/%Y", [1, 12]),
        (["02/01/1970", "01/13/1970"], "%m/%d/%Y", [31, 12]),
        (["1970-01-02 10:00:00", "1970-02-01T23:59:59Z"], "%Y-%m-%d", [1, 31]),
        (["1970年1月2日"], "%Y年%m月%d日", [1]),
        (["Feb-1970", "Jan-1970"], "%b-%Y", [31, 0]),
    ],
)  # fmt: skip
def test_a_column_is_read_in_the_form_that_fits_all_of_it(written: list[str], form: str, numbers: list[float]) -> None:
    column = pl.Series("x", [*written, None])
    assert form_of(column) == (form, 1.0)
    assert read_as(column, form).to_list() == [*numbers, None]


def test_numbers_and_days_as_others_write_them_make_the_same_columns(rows: pl.DataFrame) -> None:
    gone = rows["outcome"].to_numpy()
    plain = prepare(rows, "outcome", gone, Declaration()).columns
    for told in (
        rows.with_columns(text("income", lambda x: f"${x:,.6f}"), text("used", lambda x: f"{x:.3f}".replace(".", ","))),
        rows.with_columns(text("income", lambda x: f"{x:,.6f}".translate(str.maketrans(",.", ".,")))),
    ):
        ready = prepare(told, "outcome", gone, Declaration())
        for name in ("income", "used"):
            np.testing.assert_allclose(ready.columns[name], plain[name], rtol=1e-6)
        assert any("income: read as written like" in note for note in ready.notes)


def test_a_model_reads_another_table_in_the_form_it_learnt(rows: pl.DataFrame) -> None:
    model = of_parts(parts(fit(rows.with_columns(text("income", european)), "outcome", Declaration())))
    typed, told = (model.probabilities(t) for t in (rows, rows.with_columns(text("income", european))))
    np.testing.assert_allclose(typed["champion"], told["champion"], atol=0.02)
    # 1.234 is one thousand two hundred thirty-four to this model; 12k is nothing
    wrong = rows.with_columns(income=pl.lit("12k"))
    with pytest.raises(TableRefused, match=r"column 'income', row 1: '12k' is no number \(written like 1.234,5\)"):
        model.probabilities(wrong)


@pytest.mark.parametrize(
    ("bad", "good"),
    [("坏", "好"), ("逾期", "正常"), ("是", "否"), ("B", "G"), ("T", "F"), ("Charged Off", "Fully Paid"),
     ("Bad Customer", "Good Customer"), ("Default", "Non-default"), ("npl", "pl"), ("1.0", "0.0")],
)  # fmt: skip
def test_words_of_the_label_that_say_which_end_was_bad(bad: str, good: str) -> None:
    told = outcomes(pl.DataFrame({"y": [good, bad, good]}), "y")
    assert told.tolist() == [0, 1, 0]


def test_files_in_other_dress_are_the_same_table(rows: pl.DataFrame, tmp_path: Path) -> None:
    told = rows.with_columns(
        job=pl.when(pl.col("job") == "clerk").then(pl.lit("employé")).otherwise("job"), note=pl.lit('a; "b"\nc, d')
    )
    plain = told.select(pl.all().cast(pl.String))
    comma = plain.write_csv()
    chinese = plain.with_columns(job=pl.lit("司机"), note=pl.lit("无"))
    dressed: dict[str, tuple[bytes, pl.DataFrame]] = {
        "bom": (("\ufeff" + comma).encode(), plain),
        "latin": (comma.encode("latin-1"), plain),
        "utf16": (comma.encode("utf-16"), plain),
        "chinese": (chinese.write_csv().encode("gb18030"), chinese),
        "semicolon": (plain.write_csv(separator=";").encode(), plain),
        "bar": (plain.write_csv(separator="|").encode(), plain),
        "windows": ((comma.replace("\nc", "\tc").replace("\n", "\r\n") + "\r\n\r\n").encode(), plain.with_columns(
            note=pl.lit('a; "b"\tc, d'))),
    }  # fmt: skip
    for name, (raw, expected) in dressed.items():
        (tmp_path / f"{name}.csv").write_bytes(raw)
        assert read_table(tmp_path / f"{name}.csv").equals(expected), name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n1,2,3\n", r"line 3: has 3 values, the first line 2: '1,2,3'"),
        ("a,b\n1\n", r"line 2: has 1 values, the first line 2"),
        ("a,b,a\n1,2,3\n", "column 'a' is there twice"),
        ("PK\x03\x04xx", "an archive or a workbook"),
        ('[{"a": 1}]', "is JSON"),
        ("\n \n", "the table is empty"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with pytest.raises(TableRefused, match=message):
        read_table(tmp_path / "t.csv")


def test_a_column_that_nearly_tells_the_outcome_is_refused_unless_declared_as_known_before(rows: pl.DataFrame) -> None:
    rng = np.random.Generator(np.random.Philox(5))
    gone = rows["outcome"].to_numpy()
    leaks = rows.with_columns(
        recovered=pl.Series(gone * 5.0 + rng.normal(size=ROWS)),
    )
    with pytest.raises(TableRefused, match=r"'recovered' alone tells the label 'outcome' nearly always"):
        prepare(leaks, "outcome", gone, Declaration())
    by_being_there = rows.with_columns(
        ended=pl.when(pl.Series(gone) == 1)
        .then(pl.lit("2024-05-01"))
        .when(pl.col("late") > 8)
        .then(pl.lit("2024-05-02"))
    )
    with pytest.raises(TableRefused, match="'ended' alone tells"):
        prepare(by_being_there, "outcome", gone, Declaration())
    known = Declaration.model_validate({"columns": {"recovered": {"known_before": True}}})
    assert "recovered" in prepare(leaks, "outcome", gone, known).columns


def test_identifiers_however_named_and_values_that_are_lists_stay_out(rows: pl.DataFrame) -> None:
    rng = np.random.Generator(np.random.Philox(6))
    odd = rows.with_columns(
        LoanNr=pl.Series(rng.choice(9 * 10**9, ROWS, replace=False)), 客户号=pl.Series(rng.permutation(ROWS)),
        lists=pl.concat_list("late", "used"), raw=pl.col("job").cast(pl.Binary), span=pl.duration(days=pl.col("late")),
        kind=pl.col("job").cast(pl.Categorical),
    )  # fmt: skip
    model = fit(odd, "outcome", Declaration())
    assert set(model.asked) == {"late", "used", "income", "job", "span", "kind"}
    assert assess(model, odd, "outcome").models["champion"].rows == ROWS
    with pytest.raises(TableRefused, match=r"asks for late: not in the table \('LATE' is there"):
        assess(model, odd.rename({"late": "LATE"}), "outcome")


def test_yes_and_no_are_one_column_whether_told_as_words_or_as_a_type(rows: pl.DataFrame) -> None:
    flag = rows["used"] > 0.5
    typed = rows.with_columns(flag=flag)
    written = typed.with_columns(flag=pl.when(flag).then(pl.lit("TRUE")).otherwise(pl.lit("False")))
    for learnt, other in ((typed, written), (written, typed)):
        model = fit(learnt, "outcome", Declaration())
        for name, said in model.probabilities(learnt).items():
            assert np.array_equal(said, model.probabilities(other)[name]), name


def test_a_table_written_otherwise_throughout_is_read_as_it_is_written(rows: pl.DataFrame) -> None:
    model = fit(rows.with_columns(used=text("used", european)), "outcome", Declaration())
    assert model.asked["used"].form == "1.234,5"
    plain = rows.with_columns(used=text("used", lambda x: f"{x:.2f}"))  # 0.25: two places after a point, no thousands
    same = model.probabilities(rows.with_columns(used=text("used", european)))["champion"]
    assert np.array_equal(model.probabilities(plain)["champion"], same)


def test_words_for_not_known_are_missing_and_a_column_half_of_words_is_refused_not_lost(rows: pl.DataFrame) -> None:
    every = pl.int_range(len(rows)) % 4 == 0
    gone = rows["outcome"].to_numpy()
    for word in ("unknown", "inf", "-", "#N/A", "未知"):
        told = rows.with_columns(amount=pl.when(every).then(pl.lit(word)).otherwise(pl.int_range(len(rows)) * 1.5))
        column = prepare(told, "outcome", gone, Declaration()).columns["amount"]
        assert np.isnan(column).sum() == ROWS // 4, word
    odd = rows.with_columns(amount=pl.when(every).then(pl.lit("lots")).otherwise(pl.int_range(len(rows)) * 1.5))
    with pytest.raises(TableRefused, match=r"column 'amount', row 1: 'lots' is no number, 225 of 300 values are"):
        prepare(odd, "outcome", gone, Declaration())


def test_a_table_of_the_label_alone_says_so(rows: pl.DataFrame) -> None:
    with pytest.raises(TableRefused, match="no column is left to learn from: 'outcome' is the only one"):
        fit(rows.select("outcome"), "outcome", Declaration())
