"""A bounded run of made-up calls: no server error, and some of every kind of answer, so that it is no empty run."""

import warnings

from tests.desk.api.fuzz import fuzz
from tests.desk.web.served import Served


def test_no_made_up_call_ends_in_a_server_error(served: Served) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = fuzz(served, 4, 1)
    assert not told.errors, told.errors[:5]
    assert sum(told.statuses.values()) > 200
    assert {200, 404, 422} <= set(told.statuses)
