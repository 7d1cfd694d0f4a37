"""Account flows: rows taken once and refused one by one, only with consent; features from before a day alone."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from afterloan.dates import day
from afterloan.enquiry.agreed_rows import consents_on
from afterloan.enquiry.panels import allowed_of, features_asked, parts_of_book
from afterloan.facts.act import Who
from afterloan.intake.files import BookFileRefused
from afterloan.intake.flow_features import features_of_file
from afterloan.intake.flows import FlowMap, FlowsRead, bring_consents, bring_flows, read_flow_map, read_flows
from afterloan.risk.features.compute import features_of
from afterloan.risk.flows import flow_sources
from afterloan.risk.outcomes import PURPOSES
from afterloan.risk.table import TableRefused
from afterloan.store.connect import reader_to
from afterloan.store.server import Store
from tests.risk.book import generated

WHO = Who("person", "li", ("analyst",), "keyboard")
ON = date(2025, 7, 1)
HEAD = "reference,borrower,on,known_on,amount,balance,category,counterparty\n"
ROWS = HEAD + (
    "F1,B0000000001,2025-05-01,2025-05-02,5000.00,5100.00,salary,EMP\n"
    "F2,B0000000001,2025-05-03,2025-05-02,-10.00,,food,\n"  # known before it happened
    "F3,B0000000001,03/05/2025,2025-05-04,-10.00,,food,\n"
    "F4,B0000000001,2025-05-05,2025-05-05,1.234,,food,\n"
    "F5,NOBODY,2025-05-05,2025-05-05,-1.00,,food,\n"
    "F6,B0000000002,2025-05-05,2025-05-05,-1.00,,food,\n"  # never agreed
    "F7,B0000000003,2025-06-20,2025-06-20,-1.00,,food,\n"  # agreed, and withdrew on 1 June
    "F8,B0000000003,2025-05-20,2025-05-20,-2.50,,food,\n"
)
CONSENTS = (
    "borrower,source,uses,on,ended_on\nB0000000001,bank,collect limit,2025-04-01,\n"
    "B0000000003,bank,collect,2025-04-01,2025-06-01\nB0000000004,bank,marketing,2025-04-01,\n"
)


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("flows"), "t_flows", loans=300) as store:
        yield store


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_line_of_another_length_is_refused_with_its_row(book_store: Store, tmp_path: Path) -> None:
    short = "borrower,source,uses,on\nB0000000005,bank,collect,2025-04-01\nB0000000006,bank,collect\n"
    consents = bring_consents(book_store, written(tmp_path, "consents.csv", short), WHO, ON)
    assert consents.taken == 1
    assert [(r.row, r.reason) for r in consents.refused] == [
        (2, "has another number of columns than the first line (4)")
    ]
    rows = HEAD + "F9,B0000000005,2025-05-20\n"
    report = bring_flows(book_store, written(tmp_path, "flows.csv", rows), "bank", FlowMap(), WHO, ON)
    assert [(r.row, r.reason) for r in report.refused] == [(1, "has another number of columns than the first line (8)")]


def test_a_consent_that_cannot_be_read_is_refused_with_its_column_and_the_rest_is_taken(
    book_store: Store, tmp_path: Path
) -> None:
    rows = (
        "borrower,source,uses,on,ended_on\n"
        "B0000000007,bank,collect,2025-02-30,\n"  # no such day
        "B0000000007,bank,collect,1 April,\n"
        "B0000000007,bank,collect,2025-04-01,soon\n"
        "B0000000007,bank,collect,2025-04-01,2025-03-01\n"  # over before it began
        "B0000000007,,collect,2025-04-01,\n"
        "B0000000007,ba\0nk,collect,2025-04-01,\n"
        "B0000000007,bank,collect,2025-04-01,\n"
        "B0000000007,bank,limit,2025-04-01,\n"  # told as collect a line before
        "B0000000007,bank,collect,2025-04-01,2025-06-01\n"  # ended: taken
        "B0000000007,bank,collect,2025-04-01,2025-07-01\n"  # and ended on another day: which?
    )
    told = bring_consents(book_store, written(tmp_path, "consents.csv", rows), WHO, ON)
    assert [(r.row, r.column, r.reason) for r in told.refused] == [
        (1, "on", "is no day"),
        (2, "on", "is no day"),
        (3, "ended_on", "is no day"),
        (4, "ended_on", "is before 2025-04-01, when it began"),
        (5, "source", "is empty"),
        (6, "source", "holds a sign that is no text (NUL)"),
        (8, "uses", "was told as collect before"),
        (10, "ended_on", "was told as 2025-06-01 before"),
    ]
    assert (told.read, told.taken, told.known) == (10, 2, 0) and all(r.remedy for r in told.refused)
    with book_store.connect() as connection:
        kept = connection.execute(
            "select uses, on_day, ended_on from flow_consent join borrower b using (borrower) "
            "where b.reference = 'B0000000007'"
        ).fetchall()
    assert kept == [(["collect"], date(2025, 4, 1), date(2025, 6, 1))]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("F\0,B,2025-01-01,2025-01-01,1.00,", "reference"),
        ("F,B,0000-01-01,0001-01-01,1.00,", "on"),
        ("F,B,99999-01-01,99999-01-01,1.00,", "on"),
        ("F,B,2025-01-01,2025-01-01,1.00,much", "balance"),
        ("F,B,2025-01-01,2025-01-01,999999999999999999999,", "amount"),
    ],
)
def test_a_movement_that_cannot_be_is_refused_with_its_column(tmp_path: Path, row: str, column: str) -> None:
    file = written(tmp_path, "f.csv", f"reference,borrower,on,known_on,amount,balance\n{row}\n")
    report = FlowsRead()
    assert sum(map(len, read_flows(file, FlowMap(), report))) == 0
    assert [(r.row, r.column) for r in report.refused] == [(1, column)]


def test_a_file_of_another_shape_is_refused_whole(tmp_path: Path) -> None:
    file = written(tmp_path, "f.csv", HEAD + "F1,B1,2025-01-01,2025-01-02,1.00,,food,\n")
    out = {"column": "direction", "words": ["out"]}
    with pytest.raises(BookFileRefused, match="the map names column direction: not there"):
        list(read_flows(file, FlowMap.model_validate({"out": out}), FlowsRead()))
    twice = written(tmp_path, "g.csv", "reference,reference,borrower,on,known_on,amount\n")
    with pytest.raises(BookFileRefused, match="column reference is there twice"):
        list(read_flows(twice, FlowMap(), FlowsRead()))
    with pytest.raises(BookFileRefused, match="cannot be read"):
        list(read_flows(written(tmp_path, "h.parquet", "no parquet"), FlowMap(), FlowsRead()))
    semicolons = written(tmp_path, "s.csv", HEAD.replace(",", ";") + "F1;B1;2025-01-01\n")
    report = FlowsRead()
    assert list(read_flows(semicolons, FlowMap(separator=";"), report)) == []
    assert [(r.row, r.reason) for r in report.refused] == [(1, "has another number of columns than the first line (8)")]


def test_rows_are_taken_once_with_consent_and_refused_one_by_one(book_store: Store, tmp_path: Path) -> None:
    told = bring_consents(book_store, written(tmp_path, "consents.csv", CONSENTS), WHO, ON)
    assert (told.read, told.taken) == (3, 2) and "names no use" in told.refused[0].reason
    file = written(tmp_path, "flows.csv", ROWS)
    report = bring_flows(book_store, file, "bank", FlowMap(), WHO, ON)
    assert (report.read, report.taken) == (8, 2)
    assert {r.row: (r.column, r.reason) for r in report.refused} == {
        2: ("known_on", "is no day, or before the movement"),
        3: ("on", "is no day in the form of the map"),
        4: ("amount", "is no amount"),
        5: ("borrower", "no borrower of that reference"),
        6: ("borrower", "no consent to source bank holds on that day"),
        7: ("borrower", "no consent to source bank holds on that day"),
    }
    again = bring_flows(book_store, file, "bank", FlowMap(), WHO, ON)
    assert (again.taken, again.known) == (0, 2)
    with book_store.connect() as connection:
        rows = connection.execute("select reference, amount_fen, balance_fen from flow order by 1").fetchall()
        assert rows == [("F1", 500_000, 510_000), ("F8", -250, None)]
        with reader_to(book_store.url) as reader:
            (part,) = parts_of_book(connection, reader, ["flows"])
    purpose, features = PURPOSES["cure"], features_asked(["own_history", "flows"], PURPOSES["cure"])
    numbers = part.agreed.flows["borrower"].unique().sort().to_numpy()
    # in May both, in July the one who did not withdraw; without the group everybody
    assert allowed_of(part, day("2025-05-25"), purpose, features, numbers).tolist() == numbers.tolist()
    assert allowed_of(part, day("2025-07-01"), purpose, features, numbers).tolist() == numbers[:1].tolist()
    own = features_asked(["own_history"], purpose)
    assert allowed_of(part, day("2025-07-01"), purpose, own, numbers).tolist() == numbers.tolist()
    assert len(consents_on(part.agreed.consents, day("2025-05-25"), "fraud")) == 0, "agreed to other uses only"


@pytest.mark.parametrize("column", ["contacts", "wechat_friends", "address_book", "call_log"])
def test_nobodys_contacts_are_taken(tmp_path: Path, column: str) -> None:
    file = written(tmp_path, "f.csv", f"reference,borrower,on,known_on,amount,{column}\nF1,B1,2025-01-01,,1.00,x\n")
    with pytest.raises(BookFileRefused, match=f"column {column}: people's contacts"):
        list(read_flows(file, FlowMap(), FlowsRead()))


def test_a_file_without_days_of_knowledge_is_refused_unless_the_map_says(tmp_path: Path) -> None:
    file = written(tmp_path, "f.csv", "id;acc;day;type;sum\n1;B1;930105;VYDAJ;10.00\n2;B1;930106;PRIJEM;20.00\n")
    columns = "columns: {reference: id, borrower: acc, on: day, amount: sum}\ndays: '%y%m%d'\nseparator: ';'\n"
    told = columns + "out: {column: type, words: [VYDAJ]}\n"
    with pytest.raises(BookFileRefused, match="became known"):
        list(read_flows(file, read_flow_map(written(tmp_path, "m.yaml", told)), FlowsRead()))
    (frame,) = read_flows(file, read_flow_map(written(tmp_path, "m.yaml", told + "known_after_days: 2\n")), FlowsRead())
    assert frame["amount_fen"].to_list() == [-1_000, 2_000]
    assert frame["known_on"].to_list() == [date(1993, 1, 7), date(1993, 1, 8)]


def flows() -> pl.DataFrame:
    """Wages of 1,000 on the 10th from January to May, rent of 400 on the 12th, cash of 100 in May."""
    rows = [(1, date(2025, m, 10), date(2025, m, 10), 1000.0, 1200.0, "salary", "EMP") for m in range(1, 6)]
    rows += [(1, date(2025, m, 12), date(2025, m, 12), -400.0, 800.0, "rent", "HOUSE") for m in range(1, 6)]
    rows += [(1, date(2025, 5, 20), date(2025, 5, 21), -100.0, -5.0, "cash", "")]
    names = ["borrower", "on", "known_on", "amount", "balance", "category", "counterparty"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_features_of_flows_by_hand() -> None:
    asked = features_asked(["flows", "spending"], PURPOSES["limit"])
    told = features_of(flow_sources(flows(), date(2025, 6, 1)), asked, pl.Series("borrower", [1])).row(0, named=True)
    assert told["income_month"] == 1000.0 and told["income_months"] == 5.0 and told["income_spread"] == 0.0
    assert told["income_last"] == 22.0  # 10 May to 1 June
    assert told["commitments_month"] == 400.0 and told["commitments_to_income"] == pytest.approx(0.4)
    assert (told["in_30"], told["out_30"], told["out_to_in_30"]) == (1000.0, 500.0, 0.5)
    assert told["balance_least_30"] == -5.0 and told["times_below_zero"] == 1.0
    # 180 days back from 1 June reach to 3 December: five rents of 400 and cash of 100 of 2,100 that went out
    assert told["cash_share_180"] == pytest.approx(100 / 2100)
    assert told["essentials_share_180"] == pytest.approx(2000 / 2100)


def test_the_future_and_what_became_known_late_change_nothing() -> None:
    asked = features_asked(["flows", "spending"], PURPOSES["limit"])

    def as_of(rows: pl.DataFrame, on: date) -> pl.DataFrame:
        return features_of(flow_sources(rows, on), asked, pl.Series("borrower", [1]))

    later = flows().with_columns(pl.col("on") + pl.duration(days=160), pl.col("known_on") + pl.duration(days=160))
    both = pl.concat([flows(), later])
    assert as_of(both, date(2025, 5, 15)).equals(
        as_of(both.filter(pl.col("known_on") < date(2025, 5, 15)), date(2025, 5, 15))
    )
    # the cash of 20 May was known on the 21st: seen as of the 22nd, not as of the 21st
    assert as_of(flows(), date(2025, 5, 21))["cash_share_180"][0] == 0.0
    assert as_of(flows(), date(2025, 5, 22))["cash_share_180"][0] > 0.0


def test_a_table_gets_its_features_each_row_as_of_its_own_day(tmp_path: Path) -> None:
    frame = flows().with_columns(reference=pl.int_range(pl.len()).cast(pl.String), borrower=pl.lit("A"))
    cents = [pl.col(c).cast(pl.Int64).cast(pl.String) for c in ("amount", "balance")]
    frame.with_columns(cents).write_csv(tmp_path / "f.csv")
    pl.DataFrame(
        {"borrower": ["A", "A", "B"], "as_of": ["2025-06-01", "2025-03-01", "2025-06-01"], "bad": [1, 0, 0]}
    ).write_csv(tmp_path / "t.csv")
    told = features_of_file(tmp_path / "f.csv", tmp_path / "t.csv", None).frame
    assert told["bad"].to_list() == ["1", "0", "0"]
    assert told["income_months"].to_list() == [5.0, 0.0, 0.0]  # two months in March: not regular yet
    assert told["in_180"].to_list() == [5000.0, 2000.0, 0.0]
    pl.DataFrame({"borrower": ["A"], "as_of": ["soon"]}).write_csv(tmp_path / "t2.csv")
    with pytest.raises(TableRefused, match="'soon' is no day"):
        features_of_file(tmp_path / "f.csv", tmp_path / "t2.csv", None)
