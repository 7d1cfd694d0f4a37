"""Numbers of rows stay whole on their way into SQL, however empty the lists they come from."""

import numpy as np
import psycopg
import pytest

from afterloan.store.ids import as_array, ids_of, one_of
from afterloan.store.server import Store

NOBODY = np.zeros(0, np.int64)


@pytest.mark.parametrize("parts", [([],), ([], NOBODY), (NOBODY, []), (np.array([3, 7]), []), ([], np.array([]))])
def test_of_an_empty_list_too_numbers_are_whole(parts: tuple[object, ...]) -> None:
    assert ids_of(*parts).dtype == np.int64  # type: ignore[arg-type]


def test_numbers_are_sorted_and_there_once() -> None:
    assert ids_of([7, 3], np.array([3], np.int32), (n for n in (9,))).tolist() == [3, 7, 9]


def test_a_fraction_is_no_number_of_a_row() -> None:
    with pytest.raises(TypeError, match="whole numbers, not float64"):
        ids_of([1, 2.5])  # type: ignore[list-item]


def test_as_a_condition() -> None:
    assert one_of("c.loan", [7, 3]) == "c.loan in (3,7)"
    assert one_of("c.loan", []) == "false"


@pytest.mark.parametrize("number", [1.0, np.float64(1), [1.0, 2.0], np.union1d([], [1, 2]).tolist()])
def test_a_connection_refuses_fractions(store: Store, number: object) -> None:
    with store.connect() as connection, pytest.raises((TypeError, psycopg.Error), match="is a fraction"):
        connection.execute("select from borrower where borrower = any(%s)", (number,))


def test_an_array_of_row_numbers_as_text_is_the_same_to_the_server(store: Store) -> None:
    """Put together as text it finds the same rows; a number that is not whole is refused before it is asked."""
    for numbers in ([7, 3, 2**40], [], range(3), np.array([5, 6]).tolist()):
        with store.connect() as connection:
            row = connection.execute("select %s::bigint[]", (as_array(numbers),)).fetchone()
            assert row is not None and row[0] == list(numbers)
    with pytest.raises(TypeError):
        as_array([1.5])  # type: ignore[list-item]
