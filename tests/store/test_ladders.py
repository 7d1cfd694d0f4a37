"""Versions of a place's ladder: which one a day's decision goes by."""

from datetime import date

from afterloan.close.decide import ladders_of
from afterloan.dates import number_of
from afterloan.store.ladders import keep_ladder, ladder_texts
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.enquiry.test_worklist import LADDER


def test_a_day_decided_late_goes_by_the_ladder_of_then(store: Store) -> None:
    """v1 always, v2 since 8 May, v3 to come on 1 June, and v2 told again: 7 May is v1 whenever it is asked."""
    v2, v3 = LADDER.replace("id: short", "id: v2"), LADDER.replace("id: short", "id: v3")
    with store.connect() as connection:
        set_parts(connection, Setting.LADDERS, {"CN": LADDER})  # as older books have it: a text alone
        keep_ladder(connection, "CN", date(2025, 6, 1), v3)
        keep_ladder(connection, "CN", date(2025, 5, 8), "a mistake")
        keep_ladder(connection, "CN", date(2025, 5, 8), v2)
        assert ladder_texts(connection, date(2025, 5, 8)) == {"CN": v2}
        of = {(m, d): ladders_of(connection, number_of(date(2025, m, d)))["CN"].id
              for m, d in ((5, 7), (5, 8), (5, 31), (6, 1))}  # fmt: skip
    assert of == {(5, 7): "short", (5, 8): "v2", (5, 31): "v2", (6, 1): "v3"}
