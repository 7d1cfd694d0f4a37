"""A generated book in a database of its own, closed for some days, and snapshots of it: what the tests here read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from afterloan.close import close_through
from afterloan.dates import date_of, day
from afterloan.enquiry.snapshot import take_snapshot
from afterloan.store.server import Store
from tests.risk.book import generated

BEFORE, CLOSED = day("2025-10-30"), day("2025-10-31")
"""The snapshot is as of the first, the embedded book is closed up to the second: a month end, with its allowance."""


def closed_book(server: Store, folder: Path, name: str) -> Iterator[tuple[Store, Path]]:
    """600 loans closed through CLOSED; the folder of the snapshot as of BEFORE, as known on CLOSED."""
    with generated(server, folder, name, 600) as store:
        assert not close_through(store, BEFORE, only=True).failed
        assert not close_through(store, CLOSED).failed
        take_snapshot(store, folder / "snapshot", date_of(BEFORE), date_of(CLOSED))
        yield store, folder / "snapshot"


@pytest.fixture(scope="module")
def closed(server: Store, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[
    tuple[Store, Path]
]:  # fmt: skip
    """The same, once for a module."""
    yield from closed_book(server, tmp_path_factory.mktemp("cluster"), request.module.__name__.replace(".", "_"))
