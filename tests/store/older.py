"""A book whose tables are of an older version, as that version's own migrations made them."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config

import afterloan.store.migrate as migrate
from afterloan.store.server import Store


def older_book(server: Store, version: str) -> Store:
    """A book of an earlier version of the schema, in the database `older` of a test's server."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("drop database if exists older with (force)")
        connection.execute("create database older")
    book = Store(server.url.replace("/postgres?", "/older?"))
    brought_to(book, version)
    return book


def brought_to(store: Store, version: str) -> None:
    """Empty a database and bring it up to a version, as its owner."""
    owner = store.as_owner()
    with psycopg.connect(owner.url, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        connection.execute("grant usage on schema public to public")
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.attributes["url"] = owner.url.replace("postgresql://", "postgresql+psycopg://", 1)
    command.upgrade(config, version)
