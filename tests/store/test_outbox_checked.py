"""Actions are of borrowers and loans that the book has, or none of their statement is kept."""

import psycopg
import pytest

from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

PUT = (
    "insert into outbox (key, borrower, loan, kind, not_before, body, decided_on) select t.key, t.borrower, t.loan, "
    "'worklist', '2025-01-02', '{}', '2025-01-02' from unnest(%s::text[], %s::bigint[], %s::bigint[]) "
    "t(key, borrower, loan)"
)


def _book(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-01-01")
        connection.commit()


@pytest.mark.parametrize("what", ["borrower", "loan"])
def test_an_action_of_what_is_not_in_the_book_is_refused_with_all_beside_it(store: Store, what: str) -> None:
    _book(store)
    with store.connect() as connection:
        here = connection.execute("select borrower, loan from contract").fetchone()
    assert here is not None
    wrong = (987_654_321, here[1]) if what == "borrower" else (here[0], 987_654_321)
    rows = (["a", "b", "c"], [here[0], wrong[0], here[0]], [here[1], wrong[1], None])
    with (
        pytest.raises(psycopg.errors.ForeignKeyViolation, match=f"{what} 987654321 is not in this book"),
        store.connect() as connection,
    ):
        connection.execute(PUT, rows)
    with store.connect() as connection:
        assert connection.execute("select count(*) from outbox").fetchone() == (0,)
        connection.execute(PUT, (["a", "c"], [here[0]] * 2, [here[1], None]))
        found = connection.execute("select o.key, w.kind from outbox o join waiting w using (action) order by 1")
        assert found.fetchall() == [("a", "worklist"), ("c", "worklist")]


def test_what_actions_are_of_can_be_neither_taken_away_nor_numbered_anew(store: Store) -> None:
    """So it is enough to look at what is added."""
    _book(store)
    for change in ("delete from", "truncate", "update"):
        for table, number in (("borrower", "borrower"), ("contract", "loan")):
            told = f"update {table} set {number} = default" if change == "update" else f"{change} {table}"
            with (
                pytest.raises(psycopg.errors.RestrictViolation, match=change.split()[0].upper()),
                store.as_owner().connect() as connection,
            ):
                connection.execute(told + (" cascade" if change == "truncate" else ""))
