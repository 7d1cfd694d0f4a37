"""Every day of the real records is closed, and the transitions tell the arrears that the payments tell."""

from pathlib import Path

import pytest

from afterloan.close import close_through
from afterloan.dates import day
from afterloan.intake.book import bring_in
from afterloan.intake.instalments_agreement import spells, spells_agree
from afterloan.intake.instalments_csv import convert, read_source
from afterloan.store.server import Store

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "instalments"
THROUGH = "2011-12-31"  # a year and a half of eight; `afterloan close --through 2018-06-30` closes the rest
SPELLS = """
select c.reference, t.kind, t.closed_on - date '1970-01-01'
from transition t join contract c using (loan) where t.kind in (3, 5, 6) order by t.loan, t.closed_on, t.kind
"""


def closed_spells(store: Store) -> list[tuple[str, int, int]]:
    """From `became overdue` (3) to the next `cured` (5) or `paid off` (6) of a loan."""
    found, began = [], {}
    with store.connect() as connection:
        for loan, kind, on in connection.execute(SPELLS).fetchall():
            if kind == 3:
                began[loan] = on
            elif loan in began:
                found.append((loan, began.pop(loan), on))
    return found + [(loan, on, -1) for loan, on in began.items()]


@pytest.mark.skipif(not DATA.exists(), reason="the payment records are not here")
def test_closed_days_tell_the_arrears_that_the_payments_tell(store, tmp_path):
    convert(DATA, tmp_path / "book")
    told = {file.file: (file.read, file.loaded) for file in bring_in(store, tmp_path / "book")}
    assert told["repayments.csv"] == (7_285, 7_285) and told["instalments.csv"] == (7_182, 7_182)
    closed = close_through(store, day(THROUGH), workers=2)
    assert closed.days == 546 and not closed.failed and closed.excepted == 0  # from 4 July 2010
    last = day(THROUGH)
    expected = spells(read_source(DATA).loans, day("2018-06-30"))
    expected = [(loan, first, after if after <= last else -1) for loan, first, after in expected if first <= last]
    agreement = spells_agree(expected, closed_spells(store))
    print("\n".join(agreement.lines()))
    assert agreement.of == 45 and agreement.agree == agreement.of
