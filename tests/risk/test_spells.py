"""When arrears ended and how: paid, moved by a plan, or neither because the plan was broken."""

from afterloan.dates import day, iso
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import FactKind
from afterloan.risk.classification import cn_class
from afterloan.risk.spells import spells_of
from tests.strategy.loans import loan, repaid, told

PLAN = told(FactKind.REINSTALLED, "2026-06-10", count=12, due_on="2026-07-10", component=1)
"""First due 10 February 2026 and never paid: 120 days past due on 10 June, the day of the plan."""


def spell(book: Book, on: str) -> tuple[str, str, int, int]:
    """Cured on, moved on, worst before, worst now: of spells as long as substandard (91 days and more)."""
    found = spells_of(book, day(on), least=91)
    dates = (iso(int(d[0])) if d[0] else "" for d in (found.cured_on, found.moved_on))
    return *dates, int(found.worst_before[0]), int(found.worst_now[0])


def test_a_plan_that_begins_cures_nothing() -> None:
    book = loan("1200.00", "0.05", "2026-01-10", 12, [PLAN])
    # the evening before the plan it was 119 days past due
    assert spell(book, "2026-06-30") == ("", "2026-06-10", 119, 0)
    found = cn_class(book, 0, day("2026-06-30"))
    upgrade = next(f for f in found.findings if f.rule == "cn.class.upgrade")
    assert found.name == "substandard"
    assert upgrade.inputs["moved_by_a_plan_on"] == "2026-06-10" and "cured_on" not in upgrade.inputs


def test_a_plan_broken_without_a_cent_ended_no_spell() -> None:
    book = loan("1200.00", "0.05", "2026-01-10", 12, [PLAN])
    position = reckon_book(book, day("2026-07-30"))[0]
    assert position["days_past_due"] == 20  # by the plan's first instalment, of 10 July
    assert spell(book, "2026-07-30")[0] == ""
    assert spell(book, "2026-07-30")[3] == 119  # the old delay runs on, it is not one of 20 days


def test_paid_up_it_is_cured_whatever_plan_was_before() -> None:
    first = reckon_book(loan("1200.00", "0.05", "2026-01-10", 12, []), day("2026-05-20"))[0]
    owed = int(first["arrears_fen"].sum())
    book = loan("1200.00", "0.05", "2026-01-10", 12, [repaid("2026-05-20", f"{owed // 100}.{owed % 100:02}")])
    # due 10 February, paid 20 May: 98 days the evening before (18 left in February, 31, 30, 19)
    assert spell(book, "2026-06-05") == ("2026-05-20", "", 98, 0)
