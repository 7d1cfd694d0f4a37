"""Whose bureau a loan goes to, from which books, and what is asked for where a form lacks something."""

from datetime import date
from pathlib import Path

import pytest

from afterloan.bureau.pboc import read_records
from afterloan.close import close_through
from afterloan.close.furnish import FurnishRefused
from afterloan.close.furnish import furnish as furnish_now
from afterloan.dates import day
from afterloan.enquiry.tasks import Task, tasks
from afterloan.facts import Reinstalled
from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.bureau.books import furnish, ready
from tests.close.test_furnish import deliver, rows
from tests.strategy.books import borrower, loan, repaid

JAN, FEB, MAY = date(2025, 1, 31), date(2025, 2, 28), date(2025, 5, 31)
CHINESE = {"name": "王一", "id_type": "10", "id_number": "11010119850115001X"}


def told(store: Store, bureau: str) -> list[str]:
    found = rows(
        store,
        "select distinct c.reference from furnished f join contract c using (loan) where f.bureau = %s order by 1",
        bureau,
    )
    return [str(row[0]) for row in found]


def test_the_place_of_the_borrower_decides_the_bureau(store: Store, tmp_path: Path) -> None:
    """One borrower of China, one of the United States, one whose place is not told and counts as the lender's."""
    with store.connect() as connection:
        for who, place in (("A", {"jurisdiction": "CN"}), ("B", {"jurisdiction": "US"}), ("C", {})):
            borrower(connection, who, **CHINESE, **place)
            loan(connection, f"L{who}", who, "2025-01-10")
    made = furnish(store, JAN, "pboc", tmp_path)
    assert (made.reportable, made.told, made.elsewhere) == (2, 2, 1)
    assert told(store, "pboc") == ["LA", "LC"]


def test_an_account_stays_where_it_was_told_when_its_borrower_moves(store: Store, tmp_path: Path) -> None:
    with store.connect() as connection:
        borrower(connection, "A", **CHINESE)
        loan(connection, "LA", "A", "2025-01-10")
        repaid(connection, "LA", "2025-02-10", 120_000)
    furnish(store, JAN, "pboc", tmp_path)
    correct(store, FEB, jurisdiction="US")
    made = furnish(store, FEB, "pboc", tmp_path)
    assert (made.told, made.elsewhere, made.gone) == (1, 0, 0)


def test_a_month_that_is_not_closed_cannot_be_furnished(store: Store, tmp_path: Path) -> None:
    with store.connect() as connection:
        borrower(connection, "A", **CHINESE)
        loan(connection, "LA", "A", "2025-01-10")
    with pytest.raises(FurnishRefused, match=r"no day is closed yet.*afterloan close --through 2025-01-31"):
        furnish_now(store, JAN, "pboc", tmp_path)
    close_through(store, day("2025-01-30"), only=True)
    with pytest.raises(FurnishRefused, match="the last day closed is 2025-01-30"):
        furnish_now(store, JAN, "pboc", tmp_path)
    assert not list(tmp_path.iterdir()) and not told(store, "pboc")
    close_through(store, day("2025-01-31"))
    assert furnish_now(store, JAN, "pboc", tmp_path).told == 1


def correct(store: Store, on: date, **attributes: str) -> None:
    """Attributes of borrower A corrected through the door."""
    asked = {"borrower": "A", "reason": "seen the document", "attributes": attributes}
    with desk_of(store) as desk:
        told = do(desk, Who("person", "Wang", ("lead",), "keyboard"), "person.correct", asked, f"c:{on}", on)
        assert isinstance(told, Answer), told


def lacking(store: Store, on: date) -> list[Task]:
    with store.connect() as connection:
        return [task for task in tasks(connection, [], on) if task.queue == "bureau-refused"]


def test_what_a_form_lacks_is_one_task_with_its_commands_until_it_is_there(store: Store, tmp_path: Path) -> None:
    """Two loans of a borrower without a document: one task, both fields, and none once both are there."""
    with store.connect() as connection:
        borrower(connection, "A", id_type="")
        loan(connection, "L1", "A", "2025-01-10")
        loan(connection, "L2", "A", "2025-01-12")
        for name in ("L1", "L2"):
            repaid(connection, name, "2025-02-10", 120_000)
    made = furnish(store, JAN, "pboc", tmp_path)
    assert made.told == 0 and {field for _, field, _ in made.refused} == {"id_type", "id_number"}
    (task,) = lacking(store, JAN)
    assert "afterloan correct A --attribute id_type=10" in task.what
    assert "afterloan correct A --attribute id_number=NUMBER" in task.what
    furnish(store, FEB, "pboc", tmp_path)
    (later,) = lacking(store, FEB)  # the later month's task takes its place: one, not two
    assert later.key != task.key
    correct(store, FEB, id_type="10", id_number="11010119850115001X")
    assert lacking(store, FEB) == []
    assert furnish(store, FEB, "pboc", tmp_path, date(2025, 3, 1)).told == 2


def test_the_class_of_five_goes_with_the_record(store: Store, tmp_path: Path) -> None:
    """Due on the 10th of each month from 10 February. By 31 May: never paid: 110 days: substandard, 3. Paid until
    April: 21 days: special mention, 2. All paid: normal, 1. Paid off: no class any more, 9."""
    with store.connect() as connection:
        for who in "ABCD":
            borrower(connection, who, **CHINESE)
            loan(connection, f"L{who}", who, "2025-01-10")
        for on, owners in (("2025-02-10", "BC"), ("2025-03-10", "BC"), ("2025-04-10", "BC"), ("2025-05-10", "C")):
            for who in owners:
                repaid(connection, f"L{who}", on, 120_000)  # more than an instalment of 1,096.17 asks for
        repaid(connection, "LD", "2025-05-12", 1_400_000)
    ready(store, MAY, "pboc")
    furnish(store, MAY, "pboc", tmp_path)
    deliver(store, MAY, "pboc")
    made = furnish(store, MAY, "pboc", tmp_path, date(2025, 6, 2))
    found = rows(
        store,
        "select c.reference, f.five_tier, f.status from furnished f join contract c using (loan) order by 1",
    )
    assert found == [("LA", "3", "4"), ("LB", "2", "1"), ("LC", "1", "N"), ("LD", "", "C")]
    files = [tmp_path / f"pboc-{MAY}-{MAY}.xml", made.file]
    told = {r["account_number"]: r["five_tier"] for file in files for r in read_records(file.read_bytes())}
    assert told == {"LA": "3", "LB": "2", "LC": "1", "LD": "9"}


def test_a_plan_agreed_and_not_paid_is_told_as_the_contract_has_it(store: Store, tmp_path: Path) -> None:
    """Due 10 February, never paid; set anew on 20 May over 12 instalments from 20 June. 31 May: 110 days: still 4, and
    overdue are the four instalments of 10 February to 10 May, 4 x 1,096.17 of equal instalments and the penalties."""
    with store.connect() as connection:
        borrower(connection, "A", **CHINESE)
        loan(connection, "LA", "A", "2025-01-10")
        agreed = day("2025-05-20")
        record(connection, Reinstalled("LA", "P1", agreed, agreed, 12, due_on=day("2025-06-20")))
    furnish(store, MAY, "pboc", tmp_path)
    deliver(store, MAY, "pboc")
    furnish(store, MAY, "pboc", tmp_path, date(2025, 6, 2))
    ((status, days, overdue, special),) = rows(
        store, "select status, days_past_due, overdue_fen, special from furnished"
    )
    assert (status, days, special) == ("4", 110, "1")
    assert isinstance(overdue, int) and overdue > 4 * 100_000
