"""The proof of a day counts contracts on its own: a loan that no shard counted is missed, in words."""

from typing import Any

import psycopg

from afterloan.close.prove import prove
from afterloan.dates import day
from afterloan.store.server import Store
from afterloan.store.shards import shards_of
from tests.strategy.books import borrower, loan

ON = "2025-04-30"
FUTURE = "9223372036854775807"
"""A mark after every transaction: everything told is older than the closing."""


def close_all(
    connection: psycopg.Connection[Any], counted: dict[int, tuple[int, int, int]], mark: str = FUTURE
) -> None:
    """A closing for each shard; `counted`: shard → loans in, closed, excepted (others: none)."""
    connection.rollback()  # closings are for ever: those of the try before are not kept
    for shard in range(shards_of(connection)):
        connection.execute(
            "insert into closing (closed_on, shard, loans_in, closed, excepted, totals, told) "
            "values (%s, %s, %s, %s, %s, '{}', %s::text::xid8)",
            (ON, shard, *counted.get(shard, (0, 0, 0)), mark),
        )


def test_a_contract_that_no_shard_counted_fails_the_proof(store: Store) -> None:
    """Two loans of one borrower signed by the day, one signed the day after: the shard has to count two."""
    with store.connect() as connection:
        borrower(connection, "B1")
        for name, signed in (("L1", "2025-03-20"), ("L2", ON), ("L3", "2025-05-01")):
            loan(connection, name, "B1", signed)
        connection.commit()
        (shard,) = connection.execute("select shard from borrower").fetchone() or (0,)
        close_all(connection, {shard: (1, 1, 0)})
        assert prove(connection, day(ON)).wrong == [f"shard {shard} counted 1 loans; contracts signed by {ON}: 2"]
        # one that is not in the table: a loan counted twice
        close_all(connection, {shard: (3, 3, 0)})
        assert len(prove(connection, day(ON)).wrong) == 1
        close_all(connection, {shard: (2, 1, 1)})
        proof = prove(connection, day(ON))
        assert (proof.wrong, proof.loans_in, proof.excepted) == ([], 2, 1)


def test_a_contract_told_while_its_shard_was_closed_belongs_to_the_next_close(store: Store) -> None:
    """Mark 1 is older than every contract: each may have been read or not, so none up to two are right, three wrong."""
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-03-20")
        loan(connection, "L2", "B1", "2025-03-20")
        connection.commit()
        (shard,) = connection.execute("select shard from borrower").fetchone() or (0,)
        close_all(connection, {shard: (3, 3, 0)}, "1")
        assert prove(connection, day(ON)).wrong == [f"shard {shard} counted 3 loans; contracts signed by {ON}: 0 to 2"]
        close_all(connection, {shard: (1, 1, 0)}, "1")
        assert prove(connection, day(ON)).wrong == []
