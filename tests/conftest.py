"""A store of its own for each test process, in a folder that goes away."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest

from afterloan.store.embedded import stop
from afterloan.store.server import Store, open_store

# what must pass before a change lands does not depend on chance; at the desk every run looks elsewhere
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


TEMPLATE = "book_as_new"


@pytest.fixture(scope="session")
def server() -> Iterator[Store]:
    """An embedded server for this test process."""
    home = Path(tempfile.mkdtemp(prefix="afterloan-test-"))
    home.chmod(0o755)
    os.environ["AFTERLOAN_HOME"] = str(home)
    os.environ.pop("AFTERLOAN_DATABASE_URL", None)
    os.environ["AFTERLOAN_IDLE_MINUTES"] = "0"
    made = open_store().as_owner()  # databases are made and dropped here; the books in them are worked on in the role
    with psycopg.connect(made.url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes"):  # what survives a power cut is no test's question; kills are
            connection.execute(f"alter system set {name} = off")
        connection.execute("select pg_reload_conf()")
        connection.execute(f"create database {TEMPLATE}")
    # the tables are made once, and copied for each test: nobody may be connected to what is copied
    open_store(made.url.replace("/postgres?", f"/{TEMPLATE}?")).close()
    yield made
    stop(home / "pg")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def store(server: Store, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty database on that server."""
    name = f"t{abs(hash(request.node.nodeid)) % 10**12}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name} template {TEMPLATE}")
    fresh = open_store(server.url.replace("/postgres?", f"/{name}?"))
    yield fresh
    fresh.close()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
