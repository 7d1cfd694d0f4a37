"""Books in and out of the store: bad rows told, good rows kept, killed and run again, nothing changed afterwards."""

import csv
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import psycopg
import pytest
import yaml

from afterloan.dates import day
from afterloan.enquiry.export import bring_out
from afterloan.facts import Disbursed, FactRefused, Repaid, Reversed
from afterloan.intake import book
from afterloan.intake.book import KINDS, BookFileRefused, Brought, _is_kept_json, bring_in, judge
from afterloan.rules.products import builtin
from afterloan.store.record import record
from afterloan.store.server import Store

BOOK = {
    "borrowers": "reference,name\nB1,Ann\nB2,Bo\n",
    "contracts": (
        "reference,borrower,product,principal,rate_percent,signed_on,instalments,unit,every\n"
        "L1,B1,serviced,10000.00,0.0456,2026-01-10,12,,\n"
        "L2,B2,jiebei-interest-first,800.00,0.05,2026-01-31,3,,\n"
    ),
    "disbursements": "reference,contract,on,amount\nD1,L1,2026-01-10,10000.00\nD2,L2,2026-01-31,800\n",
    "repayments": (
        "reference,contract,on,known_on,amount\nR1,L1,2026-02-10,,907.55\nR2,L1,2026-03-10,2026-03-12,100.5\n"
    ),
    "refunds": "reference,contract,on,known_on,amount\nF1,L1,2026-03-13,2026-03-14,0.50\n",
    "refunds_returned": "reference,contract,on,amount\nF2,L1,2026-03-20,0.50\n",
    "transfers_out": "reference,contract,on,amount\nT1:out,L1,2026-03-21,0.50\n",
    "transfers_in": "reference,contract,on,amount\nT1:in,L2,2026-03-21,0.50\n",
    "charges": "reference,contract,on,component,amount,due_on\nC1,L2,2026-02-01,fee,5.00,2026-02-28\n",
    "waivers": "reference,contract,on,component,amount\nW1,L2,2026-03-01,fee,1.00\n",
    "rate_changes": "reference,contract,on,rate_percent\nX1,L1,2026-03-01,0.04\n",
    "agreements": (
        "reference,contract,on,kind,amount,way,due_on,count\n"
        "A1,L1,2026-03-20,reinstalled,,interest_spread,2026-04-20,6\n"
        "A2,L2,2026-03-05,settlement_agreed,700.00,,2026-04-01,\n"
        "A3,L1,2026-03-20,penalty_held,,,,\n"
        "A4,L2,2026-03-20,accelerated,,,,\n"
        "A5,L2,2026-03-22,acceleration_withdrawn,,,,\n"
        "A6,L1,2026-03-22,charge_ended,,charge_2,,\n"
    ),
    "reversals": "reference,of,known_on\nV1,R2,2026-03-15\n",
}

CHARGES = [
    {"id": "service", "when": "instalment", "of": "fixed", "amount_fen": 500},
    {"id": "guarantee", "when": "instalment", "of": "fixed", "amount_fen": 300},
]


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    serviced = builtin()["jiebei-equal"].model_dump(mode="json") | {"code": "serviced", "charges": CHARGES}
    (folder / "products.yaml").write_text(yaml.safe_dump([serviced]), encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def refused(folder: Path) -> list[dict[str, str]]:
    with (folder / "refused.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_book_goes_in_and_comes_out_the_same(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", **BOOK)
    reports = bring_in(store, folder)
    assert [(r.read, r.loaded, r.refused) for r in reports] == [
        (2, 2, 0),
        (2, 2, 0),
        (2, 2, 0),
        (2, 2, 0),
        (1, 1, 0),
        (1, 1, 0),
        (1, 1, 0),
        (1, 1, 0),
        (1, 1, 0),
        (1, 1, 0),
        (1, 1, 0),
        (6, 6, 0),
        (1, 1, 0),
    ]
    assert not (folder / "refused.csv").exists()
    bring_out(store, tmp_path / "out")
    again = bring_in(store, tmp_path / "out")
    assert all(r.loaded == 0 and r.refused == 0 and r.known == r.read for r in again), again
    bring_out(store, tmp_path / "parquet", "parquet")
    again = bring_in(store, tmp_path / "parquet")
    assert all(r.loaded == 0 and r.refused == 0 for r in again), again


BAD = [
    ("repayments", "R9,L1,2026-02-10,,1,000.00", "", "number of columns"),
    ("repayments", "R9,L1,10.02.2026,,5.00", "on", "is no day"),
    ("repayments", "R9,L1,2026-02-10,,-5", "amount", "is no amount"),
    ("repayments", "R9,L1,2026-02-10,,5.001", "amount", "is no amount"),
    ("repayments", "R9,L1,2026-02-10,,99999999999.00", "amount", "is no amount"),
    ("repayments", "R9,L9,2026-02-10,,5.00", "contract", "no contract of that reference"),
    ("repayments", "R9,L1,2026-02-10,2026-02-09,5.00", "known_on", "is before on"),
    ("repayments", ",L1,2026-02-10,,5.00", "reference", "is empty"),
    ("repayments", "R1,L1,2026-02-10,,5.00", "reference", "stands already for something else"),
    ("contracts", "L9,B9,jiebei-equal,1.00,0.05,2026-01-10,12,,", "borrower", "no borrower"),
    ("contracts", "L9,B1,jiebei-odd,1.00,0.05,2026-01-10,12,,", "product", "is not known"),
    ("contracts", "L9,B1,jiebei-equal,1.00,5 %,2026-01-10,12,,", "rate_percent", "is no percent"),
    ("contracts", "L9,B1,jiebei-equal,1.00,0.05,2026-01-10,121,,", "instalments", "is no whole number from 1 to 120"),
    ("agreements", "A9,L1,2026-04-20,re_aged,,,,", "kind", "is not known"),
    ("agreements", "A9,L1,2026-04-20,interest_only,,,,", "count", "is missing"),
    ("agreements", "A9,L1,2026-04-20,settlement_agreed,5.00,,,", "due_on", "is missing"),
    ("agreements", "A9,L1,2026-04-20,charge_ended,,,,", "way", "is missing"),
    ("agreements", "A9,L1,2026-04-20,charge_ended,,charge_3,,", "way", "has no charge of that number"),
    ("agreements", "A9,L2,2026-04-20,charge_ended,,charge_1,,", "way", "has no charge of that number"),
    ("agreements", "A9,L1,2026-04-20,sold,,,,", "amount", "is missing"),
    (
        "contracts",
        "L9,B1,equal-principal,10000000.00,200,2026-01-10,1,years,9",
        "principal",
        "leaves 2^62",
    ),
    ("reversals", "V9,R9,2026-03-15", "of", "no fact of that reference"),
    ("reversals", "V9,R2,2026-03-16", "of", "was taken back before"),
    ("reversals", "V9,V1,2026-03-16", "of", "is itself a reversal"),
]


@pytest.mark.parametrize(("file", "line", "column", "reason"), BAD, ids=[f"{b[0]}-{b[3][:20]}" for b in BAD])
def test_a_bad_row_is_told_and_the_others_load(
    store: Store, tmp_path: Path, file: str, line: str, column: str, reason: str
) -> None:
    folder = write(tmp_path / "in", **BOOK)
    bring_in(store, folder)
    head = BOOK[file].partition("\n")[0]
    good = {
        "repayments": "R8,L1,2026-04-10,,5.00",
        "contracts": "L8,B1,jiebei-equal,1.00,0.05,2026-01-10,12,,",
        "agreements": "A8,L1,2026-04-20,interest_only,,rows_added,,2",
        "reversals": "V8,R1,2026-04-10",
    }[file]
    more = write(tmp_path / "more", **{file: f"{head}\n{line}\n{good}\n"})
    (report,) = bring_in(store, more)
    assert (report.loaded, report.refused) == (1, 1), refused(more)
    (row,) = refused(more)
    assert row["column"] == column and reason in row["reason"] and row["remedy"] and row["row"] == "1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty"),
        (b"reference,contract,on\nR1,L1,2026-01-01\n", "column amount is missing"),
        ("reference,contract,on,amount\n还款".encode() + b"\xff,L1,2026-01-01,5\n", "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(store: Store, tmp_path: Path, text: bytes, message: str) -> None:
    folder = write(tmp_path / "in", **BOOK)
    bring_in(store, folder)
    more = tmp_path / "more"
    more.mkdir()
    (more / "repayments.csv").write_bytes(text)
    with pytest.raises(BookFileRefused, match=message):
        bring_in(store, more)


def test_a_mark_at_the_start_of_a_file_is_no_part_of_its_first_column(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "borrowers.csv").write_bytes(b"\xef\xbb\xbf" + BOOK["borrowers"].encode())
    (report,) = bring_in(store, folder)
    assert report.loaded == 2


@pytest.mark.parametrize(
    "table", ["fact", "contract", "borrower", "promised", "entry", "closing", "proof", "transition"]
)
@pytest.mark.parametrize("change", ["delete from {}", "truncate {} cascade"])
def test_the_database_itself_refuses_change(store: Store, table: str, change: str) -> None:
    with store.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change.format(table))
    with (
        psycopg.connect(store.as_owner().url) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="for ever"),
    ):
        connection.execute(change.format(table))


def test_a_fact_is_taken_once(store: Store, tmp_path: Path) -> None:
    bring_in(store, write(tmp_path / "in", **BOOK))
    on = day("2026-05-10")
    fact = Repaid("L1", "R7", on, on, 120_000)
    with store.connect() as connection:
        first = record(connection, fact)
        again = record(connection, fact)
        assert (first.fact, first.known, again.known) == (again.fact, False, True)
        with pytest.raises(FactRefused, match="stands already for something else"):
            record(connection, Repaid("L1", "R7", on, on, 120_001))
        with pytest.raises(FactRefused, match="no contract of that reference"):
            record(connection, Repaid("L7", "R6", on, on, 1))
        record(connection, Reversed("-", "V7", on, on, "R7"))
        with pytest.raises(FactRefused, match="was taken back before, by V7"):
            record(connection, Reversed("-", "V6", on, on, "R7"))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Repaid("L1", "R", 20_000, 19_999, 5), "before 2024-10-04, the day it took effect"),
        (lambda: Repaid("L1", "R", 20_000, 20_000, 0), "not between 1 and"),
        (lambda: Disbursed("L1", " R", 20_000, 20_000, 5), "blanks around it"),
        (lambda: Repaid("L1", "R", -1, 20_000, 5), "outside 1970 to 2099"),
    ],
)
def test_a_fact_that_can_never_be_right_is_refused_before_anything_is_written(build: object, message: str) -> None:
    with pytest.raises(FactRefused, match=message):
        build()  # type: ignore[operator]


def test_an_import_killed_at_any_point_and_run_again_ends_the_same(store: Store, tmp_path: Path) -> None:
    n = 120_000
    rows = "\n".join(f"K{k},L{1 + k % 2},2026-{1 + k % 9:02d}-28,,1.{k % 90 + 10}" for k in range(n))
    folder = write(
        tmp_path / "in", **{**BOOK, "repayments": f"reference,contract,on,known_on,amount\n{rows}\nK0,L1,oops,,1\n"}
    )
    del_reversals = folder / "reversals.csv"
    del_reversals.unlink()
    code = "import sys; from pathlib import Path; from afterloan.intake.book import bring_in; "
    code += "from afterloan.store.server import Store; bring_in(Store(sys.argv[1]), Path(sys.argv[2]))"
    for pause in (1.2, 1.6, 2.2):
        job = subprocess.Popen(
            [sys.executable, "-c", code, store.url, str(folder)], env=os.environ | {"PYTHONPATH": "src"}
        )
        time.sleep(pause)
        job.send_signal(signal.SIGKILL)
        job.wait()
    report = next(r for r in bring_in(store, folder) if r.file == "repayments.csv")
    assert (report.read, report.refused) == (n + 1, 1)
    assert report.loaded + report.known == n
    with store.connect() as connection:
        row = connection.execute(
            "select count(*), count(distinct reference), sum(amount_fen)::bigint from fact where kind = 50"
        ).fetchone()
    assert row == (n, n, sum(100 + k % 90 + 10 for k in range(n)))
    assert [r["row"] for r in refused(folder)] == [str(n + 1)]


ROWS = "reference,contract,on,known_on,amount\n"


def test_new_rows_go_straight_in_and_the_others_one_by_one(store: Store, tmp_path: Path) -> None:
    """A batch of which one row is told twice, one says something else under its name, and one names no contract."""
    rows = (
        "R1,L1,2026-02-10,,907.55\nR2,L2,2026-03-10,2026-03-12,100.50\nR1,L1,2026-02-10,,907.55\n"
        "R2,L2,2026-03-10,2026-03-12,100.51\nR3,L9,2026-03-10,,1.00\nR4,L1,2026-03-11,,2.00\n"
    )
    folder = write(tmp_path / "book", **(BOOK | {"repayments": ROWS + rows, "reversals": "reference,of,known_on\n"}))
    (told,) = [r for r in bring_in(store, folder) if r.file == "repayments.csv"]
    assert (told.read, told.loaded, told.known, told.refused) == (6, 3, 1, 2)
    assert [(r["row"], r["column"], r["value"]) for r in refused(folder)] == [
        ("4", "reference", "R2"),
        ("5", "contract", "L9"),
    ]
    wanted = [
        ("R1", "L1", 50, date(2026, 2, 10), date(2026, 2, 10), 90_755, 0, None),
        ("R2", "L2", 50, date(2026, 3, 10), date(2026, 3, 12), 10_050, 0, None),
        ("R4", "L1", 50, date(2026, 3, 11), date(2026, 3, 11), 200, 0, None),
    ]
    assert repaid(store) == wanted
    # the next file has what is in already between what is new: its ends say nothing of it
    later = write(tmp_path / "later", repayments=ROWS + "R5,L2,2026-04-01,,3\n" + rows + "R6,L1,2026-04-02,,4\n")
    (told,) = bring_in(store, later)
    assert (told.read, told.loaded, told.known, told.refused) == (8, 2, 4, 2)
    new = [
        ("R5", "L2", 50, date(2026, 4, 1), date(2026, 4, 1), 300, 0, None),
        ("R6", "L1", 50, date(2026, 4, 2), date(2026, 4, 2), 400, 0, None),
    ]
    assert repaid(store) == wanted + new
    with store.connect() as connection:
        shards = connection.execute("select count(*) from fact f join contract c using (loan) where f.shard <> c.shard")
        assert shards.fetchone() == (0,)


def repaid(store: Store) -> list[tuple[object, ...]]:
    with store.connect() as connection:
        return connection.execute(
            "select f.reference, c.reference, f.kind, f.on_day, f.known_on, f.amount_fen, f.component, f.due_on "
            "from fact f join contract c using (loan) where f.kind = 50 order by 1"
        ).fetchall()


def test_what_is_dated_far_ahead_is_refused_as_at_the_doors(store: Store, tmp_path: Path) -> None:
    """A year and a day after today, as `money.asked-back` says; what only falls due may lie further ahead."""
    bring_in(store, write(tmp_path / "in", **BOOK))
    last = date.today() + timedelta(366)
    far = last + timedelta(1)
    more = write(
        tmp_path / "more",
        repayments=f"reference,contract,on,amount\nR8,L1,{far},5.00\nR9,L1,{last},5.00\n",
        contracts=BOOK["contracts"].partition("\n")[0] + f"\nL8,B1,jiebei-equal,1.00,0.05,{far},12,,\n",
        holds=f"borrower,hold,reason,on,reference,review_on\nB1,lawyer,letter,{far},H1,{far}\n",
    )
    reports = {r.file: (r.loaded, r.refused) for r in bring_in(store, more)}
    assert reports == {"contracts.csv": (0, 1), "repayments.csv": (1, 1), "holds.csv": (0, 1)}
    assert {row["column"] for row in refused(more)} == {"on", "signed_on"}
    assert all(f"is after {last}" in row["reason"] for row in refused(more))


def test_rows_that_pay_out_more_than_the_contract_says_are_refused_one_by_one(store: Store, tmp_path: Path) -> None:
    # L2 is a contract of 800.00. D2 is ten times too much; D3 and D4 make 800.00; D5 is a cent above. D6 failed and is
    # taken back in the same book, so that D7 pays L3 out.
    folder = write(
        tmp_path / "in",
        borrowers=BOOK["borrowers"],
        contracts=BOOK["contracts"] + "L3,B2,jiebei-interest-first,500.00,0.05,2026-01-31,3,,\n",
        disbursements=(
            "reference,contract,on,amount\nD2,L2,2026-01-31,8000.00\nD3,L2,2026-01-31,500.00\n"
            "D4,L2,2026-02-01,300.00\nD5,L2,2026-02-02,0.01\nD6,L3,2026-01-31,500.00\nD7,L3,2026-02-02,500.00\n"
        ),
        reversals="reference,of,known_on\nV6,D6,2026-02-01\n",
    )
    bring_in(store, folder)
    told = [(r["row"], r["column"], r["value"], r["reason"]) for r in refused(folder)]
    why = "with it more than the contract's amount would be paid out"
    assert told == [("1", "amount", "8000.00", why), ("4", "amount", "0.01", why)]
    assert "reversals" in refused(folder)[0]["remedy"]
    with store.connect() as connection:
        kept = connection.execute("select reference from fact where kind = 10 order by fact").fetchall()
    assert [k for (k,) in kept] == ["D3", "D4", "D6", "D7"]
    # brought again, nothing changes; a later file knows what was paid out before
    again = next(r for r in bring_in(store, folder) if r.file == "disbursements.csv")
    assert (again.loaded, again.known, again.refused) == (0, 4, 2)
    later = write(tmp_path / "later", disbursements="reference,contract,on,amount\nD8,L3,2026-02-03,0.01\n")
    assert next(r for r in bring_in(store, later) if r.file == "disbursements.csv").refused == 1


def test_a_later_book_that_takes_a_pay_out_back_may_pay_out_anew(store: Store, tmp_path: Path) -> None:
    """D2 of the store failed: L2 of 800.00 is paid out by D3 in the same book that says so, and no cent above it.

    What else is taken back there, a repayment, a pay-out that is in no book, changes nothing.
    """
    bring_in(store, write(tmp_path / "in", **BOOK))
    later = write(
        tmp_path / "later",
        disbursements="reference,contract,on,amount\n D3 ,L2,2026-02-03,800.00\nD4,L2,2026-02-04,0.01\n",
        reversals="reference,of,known_on\nV2, D2 ,2026-02-02\nV3,R1,2026-02-11\nV4,D9,2026-02-11\n",
    )
    assert [(r.file, r.loaded, r.refused) for r in bring_in(store, later)] == [
        ("disbursements.csv", 1, 1), ("reversals.csv", 2, 1),
    ]  # fmt: skip
    assert [(r["file"], r["row"], r["column"]) for r in refused(later)] == [
        ("disbursements.csv", "2", "amount"), ("reversals.csv", "3", "of"),
    ]  # fmt: skip


def test_attributes_are_read_once_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rules speak of them; Polars would ask a Python function anew for each."""
    asked: list[str] = []

    def counted(text: str) -> bool:
        asked.append(text)
        return _is_kept_json(text)

    monkeypatch.setattr(book, "_is_kept_json", counted)
    kind = next(k for k in KINDS if k.name == "borrowers")
    told = ["{}", None, "[1]", '{"timezone": "Moon"}', '{"city": "Wuhan"}']
    frame = pl.DataFrame({"reference": list("abcde"), "attributes": told})
    ready, refused = judge(frame, kind, Brought(frame.columns, {}), "borrowers.csv", 1)
    assert ready["reference"].to_list() == ["a", "b", "e"]
    assert [(r.row, r.reason) for r in refused] == [
        (3, "is no JSON object"),
        (4, "the timezone is no zone that there is"),
    ]
    assert sorted(asked) == sorted(text for text in told if text is not None)
