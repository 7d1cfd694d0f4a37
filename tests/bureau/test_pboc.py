"""Our reading of the PBoC's record: written and read alike, checked by schema, and what account types never carry."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterloan.bureau import pboc
from afterloan.bureau.metro2.record import RecordRefused
from afterloan.bureau.pboc import ELEMENTS, READING, check_applicable, foot, head, read_records

AT = date(2026, 3, 31)
RECORD: dict[str, Any] = {
    "type": "210", "report_time": "30", "account_number": "L1", "account_type": "D1", "person_name": "张三 & <子>",
    "id_type": "10", "id_number": "110101198501151234", "opened_on": date(2026, 2, 10), "currency": "CNY",
    "principal_fen": 100_000, "business_kind": "91", "repayment_method": "11", "repayment_frequency": "03",
    "periods": 12, "guarantee": "4", "loan_form": "1", "month": "2026-03", "month_end": AT, "account_status": "2",
    "status": "1", "five_tier": "2", "balance_fen": 100_000, "remaining_periods": 12, "due_fen": 8_885, "paid_fen": 0,
    "overdue_periods": 1, "overdue_total_fen": 8_885, "overdue_31_60_fen": 0, "overdue_61_90_fen": 0,
    "overdue_91_180_fen": 0, "overdue_over_180_fen": 0, "special": ["1", "16"], "annotation": "1", "deleted": False,
}  # fmt: skip
ABSENT = [  # RULES 1.1.4, the public validator's checks
    ("C1", "due_fen"), ("C1", "overdue_total_fen"), ("C1", "overdue_31_60_fen"), ("C1", "repayment_method"),
    ("C1", "guarantee"), ("C1", "loan_form"), ("R3", "remaining_periods"), ("R3", "overdue_periods"),
    ("R3", "overdue_over_180_fen"), ("R2", "overdue_31_60_fen"), ("R4", "actual_repayment_percent"),
    ("R4", "overdraft_over_180_fen"),
]  # fmt: skip


def written(records: list[dict[str, Any]]) -> bytes:
    lines = pboc.written(pl.DataFrame(records, ELEMENTS))
    return (head("LENDER", AT) + lines + foot(len(records))).encode()


def test_what_is_written_is_read_back_and_says_that_it_is_our_reading() -> None:
    raw = written([RECORD])
    assert read_records(raw, AT) == [RECORD]
    assert READING.encode() in raw and b"not the official specification" in raw


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "balance_fen": st.integers(0, 10**12),
                "status": st.sampled_from("*NM1234567DZBCG#"),
                "person_name": st.text(st.characters(whitelist_categories=("L", "N", "P")), min_size=1, max_size=40),
                "special": st.lists(st.sampled_from(["1", "2", "3", "11", "16"]), max_size=3),
                "annotation": st.sampled_from(["", "1", "3"]),
            }
        ),
        max_size=5,
    )
)
def test_any_record_comes_back(told: list[dict[str, Any]]) -> None:
    records = [RECORD | one for one in told]
    assert read_records(written(records), AT) == records


@pytest.mark.parametrize(("kind", "element"), ABSENT)
def test_elements_that_a_type_never_carries_are_refused_by_name(kind: str, element: str) -> None:
    absent = [e for k, e in ABSENT if k == kind]
    fine = {k: v for k, v in RECORD.items() if k not in absent} | {"account_type": kind, "status": "B"}
    assert check_applicable(fine) == []
    assert [w.element for w in check_applicable(fine | {element: 1})] == [element]


@pytest.mark.parametrize("status", ["M", "D", "Z"])
def test_cards_know_no_m_d_or_z(status: str) -> None:
    fine = {k: v for k, v in RECORD.items() if k != "overdue_31_60_fen"} | {"account_type": "R2"}
    assert [w.element for w in check_applicable(fine | {"status": status})] == ["status"]
    assert check_applicable(RECORD | {"status": status}) == []


def refused(raw: bytes) -> RecordRefused:
    with pytest.raises(RecordRefused) as caught:
        read_records(raw, AT)
    return caught.value


def test_wrong_codes_and_amounts_are_refused_with_line_and_element() -> None:
    for name, value, element in (
        ("status", "8", "RepaymentStatus"),
        ("five_tier", "6", "FiveTier"),
        ("balance_fen", -1, "BalanceFen"),
        ("type", "216", "Record"),
        ("report_time", "99", "Record"),
    ):
        error = refused(written([RECORD | {name: value}]))
        assert element in str(error) and error.where.startswith("line ")


def test_a_file_cut_in_half_of_another_period_or_with_a_wrong_count_is_refused_whole() -> None:
    raw = written([RECORD, RECORD])
    assert "cut" in str(refused(raw[: len(raw) // 2]))
    assert "Count" in str(refused(raw.replace(b"<Count>2<", b"<Count>3<")))
    with pytest.raises(RecordRefused, match="another period"):
        read_records(raw, date(2026, 4, 30))


def test_outside_entities_are_not_read() -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>'
    refused(evil)
