"""A store of its own for each test process, in a folder that goes away."""

import functools
import os
import shutil
from collections.abc import Iterator

import hypothesis
import psycopg
import pytest
import typer.testing

from afterloan.store.embedded import stop
from afterloan.store.server import Store, open_store
from tests.databases import SHARDS, TEMPLATE, divided, dropped, home, made

# what must pass before a change lands does not depend on chance; at the desk every run looks elsewhere
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

# what is typed in this process is typed to commands made once: `CliRunner` makes all 184 anew for each line
typer.testing._get_command = functools.cache(typer.main.get_command)

COMPILES = "tests/rehearsal/test_lives.py"
"""The file whose first test calls nearly all that is compiled: from an empty cache three minutes of one processor."""
UNCOMPILED = (
    "tests/banks/", "tests/house/", "tests/rules/",
    *(f"tests/risk/test_{name}.py" for name in (
        "by_place", "choice", "in_sql", "large_tables", "models_on_tables", "monitor", "network", "promotion",
        "provision", "report", "strange_tables", "tables_of_others", "treat")),
)  # fmt: skip
"""Tests that reckon no loan: what a second process does meanwhile, instead of compiling the same."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of two processes (`--dist worksteal` hands each a half, whole files but for one).

    The first begins with what compiles, the second with what needs nothing compiled. No test depends on it.
    """

    def of(*places: str) -> list[pytest.Item]:
        return [item for item in items if item.nodeid.startswith(places)]

    first, second = of(COMPILES), of(*UNCOMPILED)
    if not (first and second):
        return
    rest = [item for item in items if item.nodeid not in {one.nodeid for one in (*first, *second)}]
    cut = max(0, len(items) // 2 - len(first))
    items[:] = [*first, *rest[:cut], *second, *rest[cut:]]


@pytest.fixture(scope="session")
def server() -> Iterator[Store]:
    """An embedded server for this test process."""
    folder = home()
    os.environ["AFTERLOAN_HOME"] = str(folder)
    os.environ.pop("AFTERLOAN_DATABASE_URL", None)
    os.environ["AFTERLOAN_IDLE_MINUTES"] = "0"
    owner = open_store().as_owner()  # databases are made and dropped here; the books in them are worked on in the role
    with psycopg.connect(owner.url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes"):  # what survives a power cut is no test's question; kills are
            connection.execute(f"alter system set {name} = off")
        connection.execute("alter system set max_wal_size = '512MB'")
        connection.execute("select pg_reload_conf()")
        connection.execute(f"create database {TEMPLATE}")
    # the tables are made once, and copied for each test: nobody may be connected to what is copied
    template = open_store(owner.url.replace("/postgres?", f"/{TEMPLATE}?"))
    divided(template, SHARDS)
    template.close()
    yield owner
    stop(folder / "pg")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def store(server: Store, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty database on that server."""
    name = f"t{abs(hash(request.node.nodeid)) % 10**12}"
    fresh = made(server, name)
    yield fresh
    fresh.close()
    dropped(server, name)
