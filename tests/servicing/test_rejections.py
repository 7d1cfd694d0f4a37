"""A bureau's answer in each of its forms: tasks row by row; another period or a cut file is refused whole."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from afterloan.bureau.metro2.month import read_month, rows_to_bytes
from afterloan.bureau.metro2.record import RecordRefused
from afterloan.bureau.responses import read_response
from afterloan.servicing.rejections import take_response
from afterloan.store.server import Store
from tests.bureau.books import SENDER, book, furnish
from tests.close.test_furnish import END, rows

HEAD = {"format": "afterloan-response/1", "bureau": "pboc", "month_end": "2024-12-31"}
ROW = {"loan": "L1", "field": "IdNumber", "code": "E01", "reason": "wrong check digit"}


def as_json(*told: dict[str, str], head: dict[str, str] = HEAD) -> bytes:
    return "\n".join(json.dumps(x) for x in (head, *told, {"rows": len(told)})).encode()


def as_csv(*told: dict[str, str], month: str = "2024-12-31") -> bytes:
    lines = ["bureau,month_end,loan,field,code,reason"]
    lines += [f"pboc,{month},{t['loan']},{t['field']},{t['code']},{t['reason']}" for t in told]
    return "\n".join([*lines, f"rows,{len(told)}"]).encode()


def as_xml(*told: dict[str, str], month: str = "2024-12-31") -> bytes:
    body = "".join(
        f"<Row><AccountNumber>{t['loan']}</AccountNumber><Element>{t['field']}</Element><Code>{t['code']}</Code>"
        f"<Reason>{t['reason']}</Reason></Row>"
        for t in told
    )
    return (
        f'<Feedback xmlns="urn:afterloan:pboc-reading:feedback:1"><SettlementDate>{month}</SettlementDate>{body}'
        f"<Count>{len(told)}</Count></Feedback>"
    ).encode()


@pytest.mark.parametrize("write", [as_json, as_csv, as_xml], ids=["json", "csv", "xml"])
def test_forms_say_the_same(write) -> None:
    found = read_response(write(ROW, ROW | {"loan": "L2"}), "pboc", END)
    assert [(r.loan, r.field, r.code, r.reason) for r in found] == [
        ("L1", "IdNumber", "E01", "wrong check digit"),
        ("L2", "IdNumber", "E01", "wrong check digit"),
    ]


@pytest.mark.parametrize("write", [as_json, as_csv, as_xml], ids=["json", "csv", "xml"])
def test_a_file_cut_anywhere_is_refused_whole(write) -> None:
    raw = write(ROW, ROW | {"loan": "L2"}, ROW | {"loan": "L3"})
    for at in range(1, len(raw) - 1):
        with pytest.raises(RecordRefused):
            read_response(raw[:at], "pboc", END)


def test_another_period_is_refused_whole_with_a_clear_message() -> None:
    other = {"month": "2024-11-30"}
    for raw in (as_csv(ROW, **other), as_xml(ROW, **other), as_json(ROW, head=HEAD | {"month_end": "2024-11-30"})):
        with pytest.raises(RecordRefused, match=r"2024-11-30.*2024-12-31.*another period.*Nothing of it was taken"):
            read_response(raw, "pboc", END)
    with pytest.raises(RecordRefused, match="another bureau"):
        read_response(as_csv(ROW), "metro2", END)


def test_rejections_become_tasks_and_are_told_again(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 120)
    first = furnish(store, END, "metro2", tmp_path / "out", sender=SENDER)
    _, frame = read_month(first.file.read_bytes())
    some = frame.head(3)
    lines = [
        rows_to_bytes(some[k : k + 1].with_columns(consumer_account_number=pl.lit(name)))
        + b"E0042"
        + b"STATE AND ZIP DISAGREE"
        for k, name in enumerate([*some["consumer_account_number"][:2], "NOSUCH"])
    ]
    raw = b"\n".join([*lines, b"ROWS3"])
    with store.connect() as connection:
        taken = take_response(connection, raw, "metro2", END, date(2025, 1, 4))
    assert (taken.recorded, taken.known) == (2, 0)
    assert [(line, loan) for line, loan, _ in taken.refused] == [(3, "NOSUCH")]
    assert "nothing was furnished" in taken.refused[0][2]
    with store.connect() as connection:
        assert take_response(connection, raw, "metro2", END, date(2025, 1, 5)).known == 2
    tasks = rows(store, "select body->>'reason' from outbox where body->>'queue' = 'bureau-rejected'")
    assert tasks == [("STATE AND ZIP DISAGREE",)] * 2
    # what was not taken is told again the next time, and only that
    again = furnish(store, END, "metro2", tmp_path / "out", date(2025, 1, 6), SENDER)
    _, back = read_month(again.file.read_bytes())
    told = set(back["consumer_account_number"])
    assert set(some["consumer_account_number"][:2]) <= told
    assert again.told == len(back) and set(back["correction_indicator"]) <= {0, 1}
    third = furnish(store, END, "metro2", tmp_path / "out", date(2025, 1, 6), SENDER)
    assert third.told == 0


def test_rejections_of_a_metro2_file_cut_or_of_another_month() -> None:
    base = pl.DataFrame([{"consumer_account_number": "L1", "date_account_information": date(2024, 11, 30)}])
    line = rows_to_bytes(base) + b"E0001BAD"
    with pytest.raises(RecordRefused, match="another period"):
        read_response(line + b"\nROWS1", "metro2", END)
    with pytest.raises(RecordRefused, match="cut"):
        read_response(line, "metro2", END)
    assert read_response(line + b"\nROWS1", "metro2", date(2024, 11, 30))[0].reason == "BAD"
