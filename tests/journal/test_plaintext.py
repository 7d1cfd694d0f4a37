"""The exports are read by the programs they are written for, to the cent."""

import shutil
import subprocess

import pytest
from beancount import loader
from beancount.core import data

from afterloan.dates import day
from afterloan.journal.accounts import CHART
from afterloan.journal.plaintext import EntryLine, amount_text, beancount, bookings, hledger

TWO_DAYS = [
    EntryLine(day("2026-03-05"), None, "jiebei-equal", 3, 1120, 4110, 4_56),
    EntryLine(day("2026-03-05"), "L1", "jiebei-equal", 1, 1110, 1010, 1_200_000),
    EntryLine(day("2026-03-06"), 'L"2; x', "jiebei-equal", 5, 1010, 2110, 102_000),
    EntryLine(day("2026-03-06"), 'L"2; x', "jiebei-equal", 5, 2110, 1130, 12_000),
    EntryLine(day("2026-03-06"), 'L"2; x', "jiebei-equal", 5, 2110, 1110, 80_000),
]


def test_one_booking_for_each_day_loan_and_cause():
    accrual, disbursed, repaid = bookings(TWO_DAYS)
    assert (accrual.about, accrual.by_loan) == ("jiebei-equal", False)
    assert (disbursed.about, disbursed.words) == ("L1", "Disbursement")
    # 1,020.00 received, 920.00 of it used: 100.00 stays unapplied.
    assert repaid.postings == ((1010, 102_000), (1110, -80_000), (1130, -12_000), (2110, -10_000))


def test_what_cancels_is_not_booked():
    there_and_back = [
        EntryLine(1, "L1", "p", 1, 1110, 1010, 5),
        EntryLine(1, "L1", "p", 1, 1010, 1110, 5),
    ]
    assert list(bookings(there_and_back)) == []


@pytest.mark.parametrize(
    ("minor", "digits", "text"),
    [(0, 2, "0.00"), (-5, 2, "-0.05"), (123456, 2, "1234.56"), (-120, 0, "-120"), (1, 3, "0.001")],
)
def test_amounts_are_exact_decimals(minor, digits, text):
    assert amount_text(minor, digits) == text


def test_beancount_reads_the_export(tmp_path):
    path = tmp_path / "book.beancount"
    path.write_text("".join(beancount(TWO_DAYS)), encoding="utf-8")
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    transactions = [e for e in entries if isinstance(e, data.Transaction)]
    assert [t.meta.get("loan") for t in transactions] == [None, "L1", 'L"2; x']
    assert sum(isinstance(e, data.Balance) for e in entries) == len(CHART)


def test_a_truncated_export_is_refused_by_beancount(tmp_path):
    text = "".join(beancount(TWO_DAYS))
    start = text.index('2026-03-05 * "Disbursement"')
    path = tmp_path / "cut.beancount"
    path.write_text(text[:start] + text[text.index("2026-03-06 *") :], encoding="utf-8")
    _, errors, _ = loader.load_file(str(path))
    assert any("Balance failed" in error.message for error in errors)


def test_no_entries_make_no_beancount_text():
    assert list(beancount([])) == []


def test_hledger_text_is_what_its_journal_format_says():
    text = "".join(hledger(TWO_DAYS))
    assert "commodity 1000.00 CNY\n" in text
    assert "account Assets:Loans:Principal  ; type:A, code:1110\n" in text
    assert (
        '\n2026-03-06 * Repayment  ; loan:L"2  x\n'
        "    Assets:Cash-Clearing  1020.00 CNY\n"
        "    Assets:Loans:Principal  -800.00 CNY\n"
        "    Assets:Loans:Interest-Due  -120.00 CNY\n"
        "    Liabilities:Unapplied  -100.00 CNY\n"
    ) in text


@pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed")
def test_hledger_reads_the_export(tmp_path):
    path = tmp_path / "book.journal"
    path.write_text("".join(hledger(TWO_DAYS)), encoding="utf-8")
    run = subprocess.run(
        ["hledger", "-f", str(path), "balance", "-N", "--flat", "--output-format", "csv", "--strict"],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/usr/local/bin"},
    )
    assert run.returncode == 0, run.stderr
    # 12,000.00 lent less 800.00 repaid.
    assert '"Assets:Loans:Principal","11200.00 CNY"' in run.stdout
    assert '"Income:Interest","-4.56 CNY"' in run.stdout
