"""Files that others send, spoilt: refused in words or read, row by row, and no amount is ever read as another."""

import re
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from afterloan.banks.camt import read_camt
from afterloan.banks.files import read_statements
from afterloan.banks.words import BankFileRefused
from afterloan.bureau.metro2.record import RecordRefused
from afterloan.bureau.pboc import read_records
from afterloan.bureau.responses import read_response
from afterloan.expected import ExpectedFailure
from afterloan.intake.book import BookFileRefused, bring_in
from afterloan.store.server import Store
from tests.banks.test_files_of_banks import camt, entry_xml, mt940
from tests.bureau.test_pboc import RECORD, written
from tests.files.kinds import END, KINDS, Kind
from tests.files.rows import REFUSED, ROW_FILES, RowFile, as_csv
from tests.files.spoil import VALUES, spoilt
from tests.files.told import outcome
from tests.intake import test_book, test_told
from tests.servicing.test_rejections import ROW, as_xml

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_a_spoilt_file_is_read_or_refused_and_a_good_one_is_read(kind: Kind) -> None:
    assert "read" in [outcome(kind, sample) for sample in kind.samples]

    @FEW
    @given(st.sampled_from(kind.samples).flatmap(spoilt))
    def spoil(data: bytes) -> None:
        outcome(kind, data)

    spoil()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_spoilt_row_changes_no_other_row_and_is_itself_read_or_refused(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(ROW_FILES))
    table = file.table
    row = data.draw(st.integers(1, len(table) - 1))
    column = data.draw(st.integers(0, len(table[0]) - 1))
    before = _as_sent(file)
    value = data.draw(st.sampled_from([v for v in VALUES if "\0" not in v and len(v) < 10_000]))
    after = _rows(file, [*table[:row], [*table[row][:column], value, *table[row][column + 1 :]], *table[row + 1 :]])
    assert {k: told for k, told in after.items() if k != row} == {k: t for k, t in before.items() if k != row}
    assert row in after
    if isinstance(after[row], dict) and table[0][column] in ("amount", "principal", "interest", "fee"):
        fen = after[row][f"{table[0][column]}_fen"]
        assert fen == (_cents(value, ".") if value.strip() else 0), value


@cache
def _as_sent(file: RowFile) -> dict[int, Any]:
    return _rows(file, file.table)


def _rows(file: RowFile, table: list[list[str]]) -> dict[int, Any]:
    with TemporaryDirectory(prefix="afterloan-rows-") as folder:
        return file.read(as_csv(table), Path(folder))


# -- amounts ----------------------------------------------------------------------------------------------------

AMOUNTS = (*VALUES, "12.3", "12,3", "12.34", "12,34", ".5", "5.", ",5", "5,", "1,234.56", "1.234,56", "1 234,56",
           "1234567.89", "0.01", "-0.01", "12.345", "12..3", "1.2.3", "--1", "1-", "(12.00)", "¥12.00", "12.00 CNY",
           "1,234,567", "01.00", "00", "1'234.56")  # fmt: skip


AMOUNT_LINE = ":61:2603100310CAMOUNTNDDTNONREF//B1"


def _cents(text: str, marks: str) -> int | None:
    """What a text says in cents, read by hand: digits, at most one of the marks, at most two decimals; None: nothing.

    12.34 is 12 × 100 + 34 = 1234.
    """
    found = re.fullmatch(rf"\s*([+-]?)([0-9]+)(?:[{marks}]([0-9]*))?\s*", text)
    if found is None:
        return None
    value = Fraction(int(found[2][-30:])) + Fraction(
        int((found[3] or "0")[:30] or "0"), 10 ** len((found[3] or "0")[:30])
    )
    cents = value * 100
    return None if cents.denominator != 1 else int(cents) * (-1 if found[1] == "-" else 1)


@pytest.mark.parametrize("text", AMOUNTS, ids=lambda text: repr(text[:12]))
def test_an_amount_in_a_statement_is_read_as_it_stands_or_refused(text: str) -> None:
    """The statement's sums are made to agree with the plain reading, so that they cannot be why it is refused."""
    forms = (
        (".", lambda t: camt(entry_xml(_in_xml(t), "CRDT"))),
        (",", lambda t: mt940(AMOUNT_LINE, closing=_comma(_cents(t, ","))).replace(b"AMOUNT", t.encode())),
    )
    for mark, write in forms:
        try:
            statements = read_statements(write(text), "f")
        except ExpectedFailure:
            continue
        said = [line.amount_fen for s in statements for line in s.lines]
        wanted = _cents(text, mark)
        if wanted is None and mark == "." and re.fullmatch(r"\s*[+-]?\.[0-9]{1,2}\s*", text):
            wanted = _cents(text.replace(".", "0."), mark)
        assert said == ([wanted] if wanted else []), (text, mark)


def _in_xml(text: str) -> str:
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]", " ", text).replace("&", "&amp;").replace("<", "&lt;")


def _comma(cents: int | None) -> str:
    return "0," if cents is None else f"{abs(cents) // 100},{abs(cents) % 100:02d}"


def test_a_remark_or_an_element_within_an_amount_changes_no_amount() -> None:
    # the payer's 100.00 was once read as 1 where a remark stood within it
    (read,) = read_camt(camt(entry_xml("1<!-- thousands -->00.0<?x y?>0", "CRDT")))
    assert [line.amount_fen for line in read.lines] == [10_000]
    with pytest.raises(BankFileRefused, match="<b> stands within a value"):
        read_camt(camt(entry_xml("1<b/>00.00", "CRDT")))
    told = written([RECORD]).replace(b"8885", b"88<!-- -->85")
    assert b"88<!-- -->85" in told
    assert read_records(told) == [RECORD]
    answer = as_xml(ROW).replace(b"L1", b"L<!-- -->1")
    assert [bad.loan for bad in read_response(answer, "pboc", END)] == ["L1"]


def test_an_amount_in_another_currency_is_no_amount_of_the_account() -> None:
    account = camt(entry_xml("1.00", "CRDT")).replace(b'Ccy="EUR"', b'Ccy="USD"', 1)
    wrong = camt(entry_xml("1.00", "CRDT"), entry_xml("2.00", "CRDT"))
    head, _, tail = wrong.rpartition(b'Ccy="EUR"')
    with pytest.raises(BankFileRefused, match="is in USD, the account in EUR"):
        read_camt(head + b'Ccy="USD"' + tail)
    assert read_camt(account)  # one entry alone says what the account is in


# -- into the store ---------------------------------------------------------------------------------------------

BOOK = {**test_book.BOOK, **{k: v for k, v in test_told.BOOK.items() if k not in test_book.BOOK}}


@pytest.mark.parametrize("name", sorted(test_book.BOOK))
def test_a_sign_that_is_no_text_ends_its_row_and_nothing_else(store: Store, name: str, tmp_path: Path) -> None:
    """In each column, alone and at the end of a value: the import once broke off at the first."""
    head, row, *_ = BOOK[name].encode().splitlines()
    cells = row.split(b",")
    spoilt_rows = [
        b",".join([*cells[:k], value, *cells[k + 1 :]])
        for k in range(len(cells))
        for value in (b"\0", cells[k] + b"\0")
    ]
    (tmp_path / f"{name}.csv").write_bytes(b"\n".join([head, *spoilt_rows]) + b"\n")
    (report,) = bring_in(store, tmp_path, threads=1)
    assert (report.read, report.loaded, report.refused) == (len(spoilt_rows), 0, len(spoilt_rows))


def test_a_spoilt_book_leaves_what_is_good_and_tells_of_each_row(store: Store) -> None:
    seen = 0

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(BOOK)).flatmap(lambda name: st.tuples(st.just(name), spoilt(BOOK[name].encode(), 1))))
    @example(("borrowers", b'reference,name\nB7,\\.\nB8,"a\n\\.\nb"\n'))
    def spoil(told: tuple[str, bytes]) -> None:
        nonlocal seen
        name, data = told
        with TemporaryDirectory(prefix="afterloan-book-") as folder:
            (Path(folder) / f"{name}.csv").write_bytes(data)
            try:
                (report,) = bring_in(store, Path(folder), threads=1)
            except BookFileRefused:
                return
            parts = (report.loaded, report.known, report.changed, report.refused)
            assert report.read == sum(parts) and min(parts) >= 0, report
            assert (Path(folder) / "refused.csv").exists() == (report.refused > 0)
            seen += 1

    spoil()
    assert seen > 5
    with store.connect() as connection:
        kept = connection.execute(
            "select name from borrower where reference in ('B7', 'B8') order by reference"
        ).fetchall()
    assert kept == [("\\.",), ("a\n\\.\nb",)]


def test_an_answer_that_is_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordRefused, match="is nested too deep"):
        read_response(b'{"format": ' + b"[" * 100_000, "pboc", END)


def test_every_spoilt_value_is_refused_somewhere() -> None:
    """The values spoil something: a list that every reader takes would prove nothing."""
    file = next(f for f in ROW_FILES if f.name == "repayments")
    table = file.table
    column = table[0].index("amount")
    told = [_rows(file, [table[0], [*table[1][:column], value, *table[1][column + 1 :]]])[1] for value in VALUES]
    assert told.count(REFUSED) > 20
