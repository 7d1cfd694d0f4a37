"""A generated book in a database of its own, shared by the tests of a module that only read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from afterloan.enquiry.panels import Part, parts_of_book
from afterloan.generate.book import generate
from afterloan.intake.book import bring_in
from afterloan.store.connect import reader_to
from afterloan.store.server import Store
from tests.databases import dropped, made


@contextmanager
def generated(server: Store, folder: Path, name: str, loans: int = 6_000) -> Iterator[Store]:
    """`loans` loans over two years from 2024, seed 3."""
    generate(loans, 24, 3, folder / "book")
    store = made(server, name)
    bring_in(store, folder / "book")
    yield store
    store.close()
    dropped(server, name)


def whole(store: Store) -> Part:
    with store.connect() as connection, reader_to(store.url) as reader:
        (part,) = parts_of_book(connection, reader)
    return part
