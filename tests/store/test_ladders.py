"""Versions of a place's ladder: which one a day's decision goes by."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import sleep

from afterloan.close.planned import ladders_of
from afterloan.dates import number_of
from afterloan.store.contacts import defaults_of, set_defaults
from afterloan.store.ladders import keep_ladder, ladder_texts
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.enquiry.test_worklist import LADDER

WAITING = (  # locks are read anew each time, the activity of a server once in a transaction
    "select count(*) from pg_locks where not granted "
    "and database = (select oid from pg_database where datname = current_database())"
)


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


def test_two_ladders_of_a_place_told_at_once_are_both_kept(store: Store) -> None:
    """One is told and not committed; the second waits for it, and finds what it kept; a place's parts too."""

    def second() -> None:
        with store.connect() as connection:
            keep_ladder(connection, "CN", date(2025, 7, 1), "july")
            set_defaults(connection, language="en")

    with ThreadPoolExecutor(1) as beside:
        with store.connect() as connection:
            keep_ladder(connection, "CN", date(2025, 6, 1), "june")
            set_defaults(connection, zone="America/New_York")
            told = beside.submit(second)
            while not told.done() and connection.execute(WAITING).fetchone() == (0,):
                sleep(0.01)
            assert not told.done(), "the second did not wait"
        told.result()
    with store.connect() as connection:
        assert [ladder_texts(connection, date(2025, m, 1))["CN"] for m in (6, 7)] == ["june", "july"]
        place = defaults_of(connection)
    assert (place["zone"], place["language"]) == ("America/New_York", "en")
