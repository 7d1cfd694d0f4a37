"""afterloan works as a role that owns no table and has of each what its triggers allow; the owner only migrates."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from afterloan.enquiry.health import health
from afterloan.store.embedded import StoreRefused
from afterloan.store.role import ROLE, grant_rights, in_role, out_of_role, works_as_owner
from afterloan.store.server import Store, open_store
from tests.sending.test_drain import NOON
from tests.store.older import brought_to

RIGHTS = ["select", "insert", "update", "delete", "truncate", "trigger"]
KEPT_FOR_EVER = (
    "fact",
    "event",
    "entry",
    "act",
    "finding",
    "decided",
    "seen",
    "denied",
    "kept_file",
    "score",
    "seal_day",
)


@pytest.fixture
def stranger(store: Store) -> Iterator[str]:
    """The address of a login that owns nothing and was given the role."""
    with psycopg.connect(store.as_owner().url, autocommit=True) as owner:
        owner.execute("drop role if exists clerk")
        owner.execute("create role clerk login")
        owner.execute(sql.SQL("grant {} to clerk").format(sql.Identifier(ROLE)))
    yield store.as_owner().url.replace("//postgres:@/", "//clerk:@/")
    with psycopg.connect(store.as_owner().url, autocommit=True) as owner:
        owner.execute("drop role clerk")


def rights(store: Store, table: str) -> set[str]:
    with psycopg.connect(store.as_owner().url) as owner:
        row = owner.execute(
            "select array_agg(one) from unnest(%s::text[]) one where has_table_privilege(%s, %s, one)",
            (RIGHTS, ROLE, table),
        ).fetchone()
    assert row is not None
    return set(row[0])


def test_the_program_owns_nothing_and_adds_only_to_what_is_kept_for_ever(store: Store) -> None:
    with store.connect() as connection:
        assert connection.execute("select current_user::text").fetchone() == (ROLE,)
        assert not works_as_owner(connection)
        owned = connection.execute("select relname from pg_class where pg_has_role(relowner, 'usage')")
        assert owned.fetchall() == []
    for table in KEPT_FOR_EVER:
        assert rights(store, table) == {"select", "insert"}, table
    assert rights(store, "alembic_version") == {"select"}
    assert rights(store, "borrower") == {"select", "insert", "update"}  # corrected, never taken away
    assert rights(store, "waiting") == {"select", "insert", "update", "delete"}


@pytest.mark.parametrize(
    "change", ["alter table fact disable trigger all", "drop trigger fact_for_ever on fact", "truncate fact cascade",
               "set session_replication_role = replica", "drop table fact cascade"],
)  # fmt: skip
def test_the_guards_cannot_be_taken_away(store: Store, change: str) -> None:
    with store.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change)


def test_a_table_made_later_has_its_rights_by_its_triggers(store: Store) -> None:
    with psycopg.connect(store.as_owner().url) as owner:
        owner.execute("create table kept (a int)")
        owner.execute(
            "create trigger kept_for_ever before update or delete on kept for each statement "
            "execute function refuse_change()"
        )
        owner.execute("create table loose (a int)")
        grant_rights(owner)
    assert rights(store, "kept") == {"select", "insert"}
    assert rights(store, "loose") == {"select", "insert", "update", "delete"}


def test_a_login_of_its_own_works_in_the_role_and_cannot_leave_it_for_the_owner(store: Store, stranger: str) -> None:
    book = open_store(stranger)
    with book.connect() as connection:
        assert connection.execute("select session_user::text, current_user::text").fetchone() == ("clerk", ROLE)
        connection.execute("reset role")
        assert connection.execute("select current_user::text").fetchone() == (ROLE,)
        connection.execute("set role none")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("alter table fact disable trigger all")
    book.close()


def test_tables_are_brought_up_by_the_owner_alone(store: Store, stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    brought_to(store, "0035")
    with pytest.raises(StoreRefused, match="AFTERLOAN_OWNER_URL"):
        open_store(stranger)
    monkeypatch.setenv("AFTERLOAN_OWNER_URL", store.as_owner().url)
    book = open_store(stranger)
    with book.connect() as connection:
        connection.execute("select count(*) from data_key")
    book.close()


def test_doctor_says_as_what_it_works(store: Store) -> None:
    def told(book: Store) -> tuple[str, str]:
        with psycopg.connect(book.url) as connection:
            check = next(check for check in health(connection, NOON) if check.name == "role")
        return check.state, check.says

    assert told(store) == ("well", f"works as {ROLE}, which owns no table and changes nothing that is kept for ever")
    assert told(store.as_owner())[0] == "look"


@pytest.mark.parametrize(
    "url", ["postgresql://a@/b", "postgresql://a@/b?host=/tmp", "host=/tmp dbname=b", "postgresql://a@/b?options=-c%20jit%3Doff"]
)  # fmt: skip
def test_an_address_takes_the_role_once_and_gives_it_up(url: str) -> None:
    assert in_role(in_role(url)) == in_role(url) != url
    assert ROLE not in out_of_role(in_role(url))
    assert psycopg.conninfo.conninfo_to_dict(out_of_role(in_role(url))) == psycopg.conninfo.conninfo_to_dict(url)
