"""Metro 2: parse(write(x)) = x in every form, and every rule of a record by the field it names."""

import string
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.bureau.metro2.accuracy import check_accuracy, inaccurate
from afterloan.bureau.metro2.check import check_form
from afterloan.bureau.metro2.file import Form, check_totals, read_file, write_file
from afterloan.bureau.metro2.layout import BASE, SEGMENTS, Field, length
from afterloan.bureau.metro2.month import bytes_to_rows, read_month, rows_to_bytes, write_month
from afterloan.bureau.metro2.record import Record, RecordRefused, put_record, take_record

PRINTED = string.ascii_letters + string.digits + " #-.,/+"
HEADER = {"reporter_name": "LENDER", "reporter_address": "1 MAIN ST", "activity_date": date(2025, 1, 31),
          "date_created": date(2025, 2, 1)}  # fmt: skip


def of_kind(f: Field) -> st.SearchStrategy[Any]:
    if f.name in ("segment_identifier", "record_descriptor_word"):
        raise AssertionError(f.name)
    if f.kind == "A":
        return st.text(PRINTED, max_size=f.width).map(str.rstrip)
    if f.kind == "D":
        return st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2099, 12, 31)))
    if f.kind == "T":
        return st.one_of(st.none(), st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)).map(
            lambda t: t.replace(microsecond=0)))  # fmt: skip
    return st.integers(0, 10**f.width - 1)


def values(fields: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Any]]:
    skip = ("segment_identifier", "record_descriptor_word")
    return st.fixed_dictionaries({f.name: of_kind(f) for f in fields if f.name not in skip})


segments = st.lists(
    st.sampled_from(sorted(SEGMENTS)).flatmap(
        lambda name: values(SEGMENTS[name]).map(lambda v: (name, {"segment_identifier": name, **v}))
    ),
    max_size=4,
)


def test_lengths_are_those_of_the_format() -> None:
    assert (length(BASE), length(BASE, True)) == (426, 366)
    assert {name: length(fields) for name, fields in SEGMENTS.items()} == {
        "J1": 100, "J2": 200, "K1": 34, "K2": 34, "K3": 40, "K4": 30, "L1": 54, "N1": 146,
    }  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(values(BASE), segments, st.sampled_from(["fixed", "variable", "packed"]))
def test_what_is_written_is_parsed_back(base: dict[str, Any], more: list[Any], form: Form) -> None:
    raw = write_file(HEADER, [Record(base, more)], form)
    file = read_file(raw)
    back = file.records[0]
    skip = {"record_descriptor_word", "block_descriptor_word"}
    assert {k: v for k, v in back.base.items() if k not in skip} == base
    assert back.segments == more
    assert file.form == form and check_totals(file) == []
    assert write_file(file.header, file.records, form, file.trailer) == raw


@settings(max_examples=20, deadline=None)
@given(st.lists(values(BASE), min_size=1, max_size=6))
def test_the_fast_path_writes_and_reads_what_the_plain_one_does(rows: list[dict[str, Any]]) -> None:
    kinds = {"A": pl.String, "N": pl.Int64, "I": pl.Int64, "D": pl.Date, "T": pl.Datetime("us")}
    frame = pl.DataFrame(rows, schema={f.name: kinds[f.kind] for f in BASE if f.kind != "W"})
    raw = rows_to_bytes(frame)
    assert raw == b"".join(put_record(Record(row), "r") for row in rows)
    assert bytes_to_rows(raw).equals(frame)
    assert [
        take_record(raw[k : k + 426], "r").base | {"record_descriptor_word": 0} for k in range(0, len(raw), 426)
    ] == [row | {"record_descriptor_word": 0} for row in rows]


def month(n: int = 3) -> tuple[bytes, pl.DataFrame]:
    frame = pl.DataFrame([sample() | {"consumer_account_number": f"L{k}"} for k in range(n)])
    return b"".join(write_month(HEADER, frame)), frame


def sample(**other: Any) -> dict[str, Any]:
    return {
        "processing_indicator": 1, "correction_indicator": 0, "identification_number": "AFT001",
        "consumer_account_number": "L1", "portfolio_type": "I", "account_type": "01", "date_opened": date(2019, 1, 1),
        "highest_credit": 1000, "terms_duration": "012", "terms_frequency": "M", "account_status": "71",
        "payment_rating": "", "payment_history_profile": "0" * 5 + "B" * 19, "special_comment": "",
        "compliance_condition_code": "", "current_balance": 900, "amount_past_due": 100,
        "date_account_information": date(2019, 6, 30), "date_first_delinquency": date(2019, 6, 30),
        "date_last_payment": date(2019, 5, 1), "interest_type_indicator": "F", "surname": "SMITH", "first_name": "ANN",
        "social_security_number": 123456789, "date_birth": date(1980, 1, 1), "ecoa_code": "1", "country_code": "US",
        "first_line_address": "1 MAIN ST", "city": "X", "state": "IL", "zip_code": "62701",
    } | other  # fmt: skip


def test_a_month_refuses_another_period_a_cut_and_a_wrong_count() -> None:
    raw, frame = month()
    assert read_month(raw, (date(2025, 1, 1), date(2025, 1, 31)))[1].select(frame.columns).equals(frame)
    with pytest.raises(RecordRefused, match="another period"):
        read_month(raw, (date(2025, 2, 1), date(2025, 2, 28)))
    with pytest.raises(RecordRefused, match="cut"):
        read_month(raw[: len(raw) // 2])
    with pytest.raises(RecordRefused, match="cut"):
        read_month(raw[:-426])
    with pytest.raises(RecordRefused, match="total_base_records"):
        read_month(raw[:426] + raw[852:])


@pytest.mark.parametrize("at", [50, 426 + 75, 426 + 92, 852 + 126, 852 + 306])
def test_a_damaged_byte_is_named_by_record_and_field(at: int) -> None:
    raw, _ = month()
    with pytest.raises(RecordRefused) as caught:
        read_month(raw[:at] + b"\xff" + raw[at + 1 :])
    assert caught.value.field != "size"
    assert str(caught.value)


def fields(base: dict[str, Any], accuracy: bool = False) -> list[str]:
    return [w.field for w in (check_accuracy(base) if accuracy else check_form(Record(base)))]


def test_a_sound_record_is_taken() -> None:
    assert fields(sample()) == fields(sample(), True) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"identification_number": "00000"}, "identification_number"),
        ({"identification_number": "99999"}, "identification_number"),
        ({"account_status": "13"}, "payment_rating"),
        ({"payment_rating": "1"}, "payment_rating"),
        ({"payment_history_profile": "0" * 23}, "payment_history_profile"),
        ({"payment_history_profile": "00B" + "0" * 21}, "payment_history_profile"),
        ({"payment_history_profile": "8" * 24}, "payment_history_profile"),
        ({"terms_duration": "12M"}, "terms_duration"),
        ({"terms_frequency": "X"}, "terms_frequency"),
        ({"compliance_condition_code": "XY"}, "compliance_condition_code"),
        ({"consumer_information_indicator": "Y"}, "consumer_information_indicator"),
        ({"generation_code": "1"}, "generation_code"),
        ({"ecoa_code": "4"}, "ecoa_code"),
        ({"surname": ""}, "surname"),
        ({"date_opened": None}, "date_opened"),
        ({"social_security_number": 0, "date_birth": None}, "social_security_number"),
    ],
)
def test_each_rule_of_form_names_its_field(change: dict[str, Any], field: str) -> None:
    assert fields(sample(**change)) == [field]


PAID = {"account_status": "13", "payment_rating": "1", "current_balance": 0, "amount_past_due": 0,
        "date_closed": date(2019, 6, 30)}  # fmt: skip
# charged off when 1,000 were owed, 300 came since
LOST = {"account_status": "97", "current_balance": 700, "amount_past_due": 700, "original_charge_off_amount": 1000}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account_status": "11", "date_first_delinquency": None}, "amount_past_due"),
        ({"account_status": "11", "amount_past_due": 0}, "date_first_delinquency"),
        ({"date_first_delinquency": None}, "date_first_delinquency"),
        (LOST | {"original_charge_off_amount": 0}, "original_charge_off_amount"),
        (LOST | {"amount_past_due": 400}, "amount_past_due"),
        (LOST | {"amount_past_due": 701}, "amount_past_due"),
        (LOST | {"scheduled_monthly_payment_amount": 100}, "scheduled_monthly_payment_amount"),
        ({"original_charge_off_amount": 5}, "original_charge_off_amount"),
        ({"amount_past_due": 901}, "amount_past_due"),
        ({"date_opened": date(2019, 7, 1)}, "date_opened"),
        (PAID | {"current_balance": 1}, "current_balance"),
        (PAID | {"scheduled_monthly_payment_amount": 1}, "scheduled_monthly_payment_amount"),
        (PAID | {"date_closed": date(2019, 6, 15)}, "date_account_information"),
        (PAID | {"date_first_delinquency": None}, "date_first_delinquency"),
        (PAID | {"payment_rating": "0"}, "date_first_delinquency"),
    ],
)
def test_each_rule_of_accuracy_names_its_field(change: dict[str, Any], field: str) -> None:
    assert fields(sample(**change), True) == [field]


def test_paid_when_thirty_days_late_and_a_petition_keep_the_date() -> None:
    assert fields(sample(**PAID), True) == fields(sample(**LOST), True) == []
    petition = {"account_status": "11", "amount_past_due": 0, "consumer_information_indicator": "A"}
    assert fields(sample(**petition), True) == []


def test_what_does_not_fit_is_refused_not_cut() -> None:
    for change, field in (
        ({"surname": "A" * 26}, "surname"),
        ({"surname": "张"}, "surname"),
        ({"current_balance": 10**9}, "current_balance"),
        ({"current_balance": -1}, "current_balance"),
        ({"no_such": 1}, "no_such"),
    ):
        with pytest.raises(RecordRefused) as caught:
            put_record(Record(sample(**change)), "record 1")
        assert caught.value.field == field
        with pytest.raises(RecordRefused) as caught:
            rows_to_bytes(pl.DataFrame([sample(**change)]))
        assert caught.value.field == field


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(["", "0426HEADER", "\x01r\0\0\x01n\0\0HEADER", "0430" + "0426HEADER"]))
def test_noise_is_refused_and_never_crashes(noise: bytes, front: str) -> None:
    with pytest.raises(RecordRefused):
        read_file(front.encode("latin-1") + noise)
    with pytest.raises(RecordRefused):
        read_month(front.encode("latin-1") + noise)


def test_what_a_line_deletes_need_not_agree() -> None:
    assert fields(sample(**(LOST | {"account_status": "DA"})), True) == []


def test_of_many_lines_the_wrong_ones_are_told_by_row() -> None:
    lines = pl.DataFrame([sample(), sample(amount_past_due=901), sample(), sample(date_opened=date(2019, 7, 1))])
    assert inaccurate(lines).to_dicts() == [
        {"row": 1, "field": "amount_past_due", "value": "901", "reason": "is more than the balance 900"},
        {"row": 3, "field": "date_opened", "value": "2019-07-01",
         "reason": "is after the date of account information 2019-06-30"},
    ]  # fmt: skip
