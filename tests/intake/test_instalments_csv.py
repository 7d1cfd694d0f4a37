"""Payment records of the Home Credit form become a book, every oddity by a rule that is written down."""

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.dates import day
from afterloan.intake.instalments_agreement import book_of, measure, month_end
from afterloan.intake.instalments_csv import SourceRefused, convert, read_source
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.terms import State

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "instalments"
HEAD = (
    "SK_ID_PREV,SK_ID_CURR,NUM_INSTALMENT_VERSION,NUM_INSTALMENT_NUMBER,DAYS_INSTALMENT,DAYS_ENTRY_PAYMENT,"
    "AMT_INSTALMENT,AMT_PAYMENT"
)
ANCHOR = day("2018-06-30")


def source_folder(folder: Path, *rows: str, decided: tuple[str, ...] = ()) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "instalments.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    if decided:
        (folder / "previous_loans.csv").write_text("\n".join(["SK_ID_PREV,DAYS_DECISION", *decided]) + "\n")
    return folder


def test_a_plain_loan_becomes_a_schedule_a_disbursement_and_repayments(tmp_path):
    folder = source_folder(
        tmp_path / "in", "7,1,1,2,-30,-28,100.5,100.5", "7,1,1,1,-60,-61,100.5,100.5", decided=("7,-90",)
    )
    source = convert(folder, tmp_path / "out")
    assert source.payments == 2 and not source.not_taken
    book = {f.stem: pl.read_csv(f) for f in (tmp_path / "out").glob("*.csv")}
    # 30 June 2018 less 90, 60, 30 days; 61 before, 28 before
    assert book["contracts"].to_dicts() == [
        {
            "reference": "loan-7",
            "borrower": "client-1",
            "product": "imported",
            "principal_fen": 20100,
            "rate_percent": 0,
            "signed_on": "2018-04-01",
            "instalments": 2,
        }
    ]
    assert book["disbursements"].rows() == [("out-7", "loan-7", "2018-04-01", 20100)]
    assert book["instalments"].rows() == [
        ("loan-7", 1, "2018-05-01", 10050),
        ("loan-7", 2, "2018-05-31", 10050),
    ]
    assert book["repayments"].rows() == [
        ("paid-7-001-00000002", "loan-7", "2018-04-30", 10050),
        ("paid-7-002-00000001", "loan-7", "2018-06-02", 10050),
    ]
    assert book["borrowers"].rows() == [("client-1", "2018-04-01")]


def test_tenths_of_a_cent_round_so_that_the_parts_make_the_whole(tmp_path):
    # 10.005 + 10.005 = 20.01: the first rounds to 10.00 (half to even), the second is the rest of 20.01
    folder = source_folder(tmp_path, "7,1,1,1,-60,-61,20.01,10.005", "7,1,1,1,-60,-60,20.01,10.005")
    (instalment,) = read_source(folder).loans[0].instalments
    assert instalment.amount_fen == 2001
    assert [(part.paid, part.amount_fen) for part in instalment.parts] == [(-61, 1000), (-60, 1001)]


def test_two_versions_of_an_instalment_with_one_payment_are_one_instalment(tmp_path):
    # as in the source: 24,345 + 110,655 = 135,000, and each row repeats the whole payment
    folder = source_folder(tmp_path, "7,1,7,19,-543,-548,24345,135000", "7,1,8,19,-543,-548,110655,135000")
    source = read_source(folder)
    (instalment,) = source.loans[0].instalments
    assert instalment.amount_fen == 13_500_000
    assert [(part.amount_fen, part.rows) for part in instalment.parts] == [(13_500_000, (1, 2))]
    assert source.oddities["instalment told in two versions with one payment"] == 1


def test_the_part_nobody_paid_is_left_out_or_owed_as_chosen(tmp_path):
    folder = source_folder(tmp_path, "7,1,1,1,-60,-61,100,40", "7,1,1,2,-30,-30,100,100")
    states = {}
    for unseen in ("left_out", "owed"):
        loans = read_source(folder, unseen).loans
        position = reckon_book(book_of(loans, ANCHOR), ANCHOR)[0]
        states[unseen] = (int(position["state"]), int(position["arrears_fen"].sum()))
    # owed: 60.00 short on the first, so the second payment fills it and leaves 60.00 of the second
    assert states == {"left_out": (State.PAID_OFF, 0), "owed": (State.OVERDUE, 6000)}


def test_due_days_make_the_order_not_the_instalment_numbers(tmp_path):
    folder = source_folder(tmp_path, "7,1,0,34,-690,-699,50,50", "7,1,0,36,-693,-693,60,60")
    source = read_source(folder)
    assert [i.number for i in source.loans[0].instalments] == [36, 34]
    assert source.oddities["due days not in the order of instalment numbers"] == 1
    assert source.oddities["loan of version 0, a card"] == 1
    assert source.oddities["loan with a gap in its instalment numbers"] == 1


def test_a_loan_paid_before_it_was_decided_starts_with_the_payment(tmp_path):
    folder = source_folder(tmp_path, "7,1,1,1,-60,-95,100,100", "8,1,1,1,-60,-60,100,100", decided=("7,-90",))
    source = read_source(folder)
    assert [loan.start for loan in source.loans] == [
        -95,
        -90,
    ]  # 8 is not told: thirty days before its first day
    assert source.oddities["payment before the day of decision"] == 1
    assert source.oddities["loan without a day of decision"] == 1


@pytest.mark.parametrize(
    ("row", "column", "reason", "remedy"),
    [
        (
            "7,1,1,1,-60,,100,",
            "DAYS_ENTRY_PAYMENT",
            "is empty",
            "nothing to do: an instalment that was not paid",
        ),
        ("7,1,1,1,,-60,100,100", "DAYS_INSTALMENT", "is empty", "fill it in"),
        ("7,1,1,1,-60,-60,1o0,100", "AMT_INSTALMENT", "is no number", "write a number without separators"),
        ("7,1,1,1,-60,-60,100,nan", "AMT_PAYMENT", "is no number", "write a number without separators"),
        (
            "7,1,1,1.5,-60,-60,100,100",
            "NUM_INSTALMENT_NUMBER",
            "is no number",
            "write a number without separators",
        ),
        (
            "7,1,1,1,-60,365243,9,9",
            "DAYS_ENTRY_PAYMENT",
            "is no day from -4000 to 0",
            "correct it, or leave the row out",
        ),
        ("7,1,1,1,-60,-60,100,-5", "AMT_PAYMENT", "is no amount from 0 to 10000000", "correct the amount"),
    ],
)
def test_a_row_that_is_no_payment_is_told_with_its_remedy(tmp_path, row, column, reason, remedy):
    folder = source_folder(tmp_path / "in", "6,1,1,1,-60,-60,100,100", row)
    source = convert(folder, tmp_path / "out")
    (refused,) = source.not_taken
    assert (refused.row, refused.column, refused.reason, refused.remedy) == (2, column, reason, remedy)
    assert [loan.loan for loan in source.loans] == [6]
    told = (tmp_path / "out" / "not_taken.csv").read_text().splitlines()
    assert told[0] == "file,row,column,value,reason,remedy" and told[1].startswith(f"instalments.csv,2,{column},")


def test_a_payment_of_nothing_is_no_repayment(tmp_path):
    folder = source_folder(tmp_path, "7,1,0,1,-60,-60,100,0", "7,1,0,2,-30,-30,100,100", "9,1,1,1,-60,-60,100,0")
    source = read_source(folder)
    assert [len(loan.instalments) for loan in source.loans] == [1]
    assert [(row.row, row.reason) for row in source.not_taken] == [
        (1, "is nothing"),
        (3, "is nothing"),
        (3, "belongs to a loan of which nothing was paid in the sample"),
    ]


def test_what_is_no_source_is_refused_in_words(tmp_path):
    with pytest.raises(SourceRefused, match=r"holds no instalments.csv; name the folder of the payment records"):
        read_source(tmp_path)
    (tmp_path / "instalments.csv").write_text("SK_ID_PREV,SK_ID_CURR\n1,2\n")
    with pytest.raises(SourceRefused, match=r"instalments.csv: no column NUM_INSTALMENT_VERSION; it needs SK_ID_PREV"):
        read_source(tmp_path)
    with pytest.raises(SourceRefused, match="unseen 'lost': write left_out or owed"):
        read_source(tmp_path, "lost")
    with pytest.raises(SourceRefused, match="is there already and not empty; name a new folder or empty this one"):
        convert(tmp_path, tmp_path)


def test_month_ends_count_from_the_month_of_the_anchor():
    assert month_end(ANCHOR, -1) == day("2018-05-31")
    assert month_end(ANCHOR, -4) == day("2018-02-28")
    assert month_end(ANCHOR, -28) == day("2016-02-29")
    assert month_end(ANCHOR, -18) == day("2016-12-31")


def test_both_measures_by_hand(tmp_path):
    # paid on 2 June, due on 31 May; the month of May ends on the due day, so 0 days past due, not 1
    folder = source_folder(tmp_path, "7,1,1,1,-30,-28,100,100", "7,1,1,2,0,0,100,100", decided=("7,-90",))
    (folder / "pos_cash_balance.csv").write_text(
        "SK_ID_PREV,SK_ID_CURR,MONTHS_BALANCE,SK_DPD\n7,1,-1,0\n7,1,0,0\n7,1,-2,3\n99,1,-1,0\n"
    )
    payments, months = measure(folder)
    assert (payments.agree, payments.of) == (2, 2)
    assert months.lines() == [
        "days past due at month ends: agree 2 of 3",
        "  1 theirs in arrears with an instalment, or a part of one, that is not in the sample",
    ]
    loans = read_source(folder).loans
    assert int(reckon_loan(book_of(loans, ANCHOR), 0, ANCHOR).instalments[0]["cleared_on"]) == ANCHOR - 28


ROW = st.tuples(
    st.integers(1, 3),  # loan
    st.integers(0, 2),  # version
    st.integers(1, 4),  # number
    st.integers(-200, 0),  # due
    st.integers(-200, 0),  # paid
    st.integers(0, 90_000),  # due and paid, in tenths of a cent
    st.integers(0, 90_000),
)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=12), unseen=st.sampled_from(["left_out", "owed"]))
def test_whatever_the_rows_money_is_conserved_and_every_loan_can_be_reckoned(tmp_path_factory, rows, unseen):
    told = [f"{a},1,{v},{n},{due},{paid},{x / 1000},{y / 1000}" for a, v, n, due, paid, x, y in rows]
    loans = read_source(source_folder(tmp_path_factory.mktemp("rows"), *told), unseen).loans
    # the plainest way to the same sum: per loan, instalment and due day, rows of several versions with the
    # same day and amount once; every sum to whole cents, half to even
    groups: dict[tuple[int, int, int], list[tuple[int, int, int]]] = {}
    for a, v, n, due, paid, _, y in rows:
        groups.setdefault((a, n, due), []).append((v, paid, y))
    expected: dict[int, int] = {}
    for (a, _, _), group in groups.items():
        several = len({v for v, _, _ in group}) > 1
        amounts = [y for _, y in {(paid, y) for _, paid, y in group}] if several else [y for *_, y in group]
        expected[a] = expected.get(a, 0) + round(Fraction(sum(amounts), 10))
    found = {loan.loan: sum(p.amount_fen for i in loan.instalments for p in i.parts) for loan in loans}
    assert {a: fen for a, fen in found.items() if fen} == {a: fen for a, fen in expected.items() if fen}
    if loans:
        positions = reckon_book(book_of(loans, ANCHOR), ANCHOR)
        assert (positions["error"] == 0).all()
        assert list(positions["repaid_fen"]) == [found[loan.loan] for loan in loans]
        paid = positions["paid_fen"].sum(axis=1) + positions["unapplied_fen"]
        assert (paid == positions["repaid_fen"]).all()
        if unseen == "left_out":
            assert (positions["outstanding_fen"].sum(axis=1) == 0).all()


@pytest.mark.skipif(not DATA.exists(), reason="the payment records are not here")
def test_the_sample_comes_in_whole_and_agrees_with_itself():
    source = read_source(DATA)
    assert (source.payments, len(source.loans), len(source.not_taken)) == (7_347, 1_772, 1)
    assert source.oddities["instalment told in two versions with one payment"] == 61
    assert source.oddities["instalment whose payments in the sample are short of it"] == 565
    found = {unseen: measure(DATA, unseen=unseen) for unseen in ("left_out", "owed")}
    for unseen, told in found.items():
        print(f"unseen parts {unseen}")
        for agreement in told:
            print("\n".join(agreement.lines()))
            assert agreement.because["not explained"] == 0
            assert sum(agreement.because.values()) == agreement.of - agreement.agree
    payments, months = found["left_out"]
    assert payments.of == 7_346 and payments.agree >= 7_225
    assert months.of == 589 and months.agree >= 576
    assert found["owed"][0].agree >= 6_052 and found["owed"][1].agree >= 529
