"""One tolerance for trifles: ladder, worklist, class, bureau and standing say the same of one shortfall."""

from datetime import date

import numpy as np

from afterloan.bureau.cells import reckon_cells
from afterloan.dates import day
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import POSITION, State
from afterloan.rebuilding.standing import standing_frame
from afterloan.risk.by_place import classes
from afterloan.rules.trifles import without_trifles
from afterloan.servicing.booking import book_of
from afterloan.store.cases import owed_of_cases
from afterloan.store.connect import reader_to
from afterloan.store.server import Store
from tests.close.test_decide import run, use
from tests.strategy.books import borrower, loan, outbox, repaid

DUE = day("2025-05-10")
SHORT = {"A": ("CN", 900), "B": ("CN", 1_001), "C": ("US", 900)}
"""Short of the first instalment: 9.00 and their penalty are a trifle in China, 10.01 are not; elsewhere nothing is."""
LATE = {"A": False, "B": True, "C": True}


def book(store: Store) -> None:
    with store.connect() as connection:
        for name, (place, lacks) in SHORT.items():
            borrower(connection, name, jurisdiction=place)
            loan(connection, f"L-{name}", name, "2025-04-10")
            due = int(reckon_book(book_of(connection, f"L-{name}"), DUE)[0]["due_today_fen"].sum())
            repaid(connection, f"L-{name}", "2025-05-10", due - lacks)


def test_a_trifle_is_late_for_nobody_and_one_more_cent_for_all(store: Store) -> None:
    book(store)
    use(store)
    run(store, "2025-05-10", "2025-05-31")
    with store.connect() as connection, reader_to(store.url) as reader:
        numbers = dict(connection.execute("select reference, borrower from borrower").fetchall())
        cases = owed_of_cases(connection, reader, list(numbers.values()), date(2025, 5, 31))
        loans = {name: book_of(connection, f"L-{name}") for name in SHORT}
    told = {row[2] for row in outbox(store, "o.body->>'step' in ('late', 'work')")}
    assert told & {"A", "B"} == {"B"}  # the ladder of the place
    for name, (place, lacks) in SHORT.items():
        one, end = loans[name], day("2025-05-31")
        position = reckon_book(one, end)[0]
        assert int(position["days_past_due"]) == 21 and int(position["arrears_fen"].sum()) >= lacks  # it stays owed
        assert (numbers[name] in cases) is LATE[name]
        stands = standing_frame(one, np.zeros(1, np.int64), end, jurisdiction=place)["what"].to_list()
        assert ("arrears" in stands) is LATE[name]
        if place == "CN":
            assert (classes(one, end, "CN") == ["special_mention"]) is LATE[name]
            assert (int(reckon_cells(one, end)["days_past_due"][0]) == 21) is LATE[name]


def test_positions_are_changed_in_place_only_where_that_is_asked_for() -> None:
    """Short of 9.00 for 21 days, of 10.01 for as many, and lost; up to 10.00 is a trifle."""
    positions = np.zeros(3, POSITION)
    positions["days_past_due"] = positions["bucket"] = 21
    positions["arrears_fen"][:, 0] = [900, 1_001, 900]
    positions["state"] = [int(State.OVERDUE), int(State.OVERDUE), int(State.CHARGED_OFF)]
    seen = without_trifles(positions, 1_000)
    assert seen["days_past_due"].tolist() == [0, 21, 21] and positions["days_past_due"].tolist() == [21, 21, 21]
    assert seen["arrears_fen"].sum(axis=1).tolist() == [900, 1_001, 900], "what is owed stays owed"
    over = without_trifles(positions, 1_000, written_over=True)
    assert over is positions and (over == seen).all()
