"""Early repayment quoted: against hand working, and executed exactly so in memory."""

from datetime import date

import pytest

from afterloan.dates import day, iso
from afterloan.facts import FactRefused
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import suppose
from afterloan.strategy.quote import Want, _facts, fee_rule, quote, same
from tests.strategy.loans import loan, repaid


def test_in_full_by_the_civil_code() -> None:
    """10,000.00 for 11 days at 0.05 %: 55.00 (golden story loan/0007)."""
    book = loan("10000.00", "0.05", "2026-03-10", 12, [])
    made = quote(book, Want("full"), day("2026-03-21"), day("2026-03-15"))
    assert made.pay_fen == 1_005_500
    assert made.after == ()
    assert len(made.before) == 12
    # as signed all instalments together less what is paid now
    assert made.saves_fen == sum(r.amount_fen for r in made.before) - 1_005_500


def test_without_interest_nothing_is_saved() -> None:
    book = loan("1200.00", "0", "2026-03-10", 12, [])
    assert quote(book, Want("full"), day("2026-03-21"), day("2026-03-21")).saves_fen == 0


def test_finish_by_month() -> None:
    """1,200.00 without interest, due days from 10 April: finished by August is five instalments of 240.00."""
    book = loan("1200.00", "0", "2026-03-10", 12, [])
    made = quote(book, Want("month", day("2026-08-31")), day("2026-03-21"), day("2026-03-21"))
    assert [(iso(r.due_on), r.amount_fen) for r in made.after] == [(f"2026-0{m}-10", 24_000) for m in range(4, 9)]
    assert made.pay_fen == 0


def test_reduce_the_instalment() -> None:
    """No instalment above 50.00 for the twelve that are left: 600.00 stay, 600.00 are paid now."""
    book = loan("1200.00", "0", "2026-03-10", 12, [])
    made = quote(book, Want("instalment", 5_000), day("2026-03-21"), day("2026-03-21"))
    assert made.pay_fen == 60_000
    assert {r.amount_fen for r in made.after} == {5_000}
    assert len(made.after) == 12


def test_what_is_due_is_part_of_every_quote() -> None:
    book = loan("1200.00", "0", "2026-03-10", 12, [])
    made = quote(book, Want("instalment", 5_000), day("2026-04-12"), day("2026-04-12"))
    assert made.pay_fen == 10_000 + 55_000  # April's 100.00, then 1,100.00 down to 11 × 50.00


def test_executed_it_is_what_was_quoted() -> None:
    book = loan("10000.00", "0.05", "2026-03-10", 12, [repaid("2026-04-10", "953.97")])
    on = day("2026-04-20")
    for want in (Want("full"), Want("amount", 200_000), Want("instalment", 60_000), Want("month", day("2026-12-31"))):
        made = quote(book, want, on, on)
        then = reckon_loan(suppose(book, _facts(on, made.amount_fen, made.fee_fen, made.does)), 0, on)
        rows = [int(r["due_fen"].sum() - r["paid_fen"].sum()) for r in then.instalments if r["due_on"] > on]
        assert sum(rows) == sum(r.amount_fen for r in made.after), want
        assert max((r.amount_fen for r in made.after), default=0) <= 60_000 or want.kind != "instalment"


def test_a_fact_told_meanwhile_breaks_the_seal() -> None:
    book = loan("10000.00", "0.05", "2026-03-10", 12, [])
    on = day("2026-04-20")
    made = quote(book, Want("full"), on, day("2026-04-15"))
    assert same(made.seal, quote(book, Want("full"), on, on))
    changed = loan("10000.00", "0.05", "2026-03-10", 12, [repaid("2026-04-16", "1.00")])
    assert not same(made.seal, quote(changed, Want("full"), on, on))


def test_a_fee_where_the_pack_has_one() -> None:
    """1 % of principal repaid early; within the last year 0.5 %: 10,000.00 in its last year costs 50.00."""
    book = loan("10000.00", "0", "2026-12-10", 12, [])
    made = quote(book, Want("full"), day("2026-12-20"), day("2026-12-20"), "EU")
    assert (made.fee_fen, made.pay_fen) == (5_000, 1_005_000)
    assert fee_rule("CN", date(2026, 12, 20)).id == "relief.quote"


@pytest.mark.parametrize(
    ("want", "on", "why"),
    [
        (Want("amount", 0), "2026-04-20", "name an amount in between"),
        (Want("amount", 10**9), "2026-04-20", "name an amount in between"),
        (Want("instalment", 10**6), "2026-04-20", "name a lower one"),
        (Want("month", day("2027-03-31")), "2026-04-20", "name a month before that"),
        (Want("full"), "2026-04-14", "ask for a day in between"),
        (Want("full"), "2026-06-15", "ask for a day in between"),
    ],
)
def test_refused_with_a_remedy(want: Want, on: str, why: str) -> None:
    book = loan("10000.00", "0.05", "2026-03-10", 12, [])
    with pytest.raises(FactRefused, match=why):
        quote(book, want, day(on), day("2026-04-15"))
