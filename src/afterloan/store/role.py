"""The role in which afterloan works on a book: it owns no table, and what is kept for ever it can only add to.

The triggers that refuse a change belong to the owner of the tables, who could take them away. So afterloan works as
`afterloan_program`, which may do with each table what the triggers of that table allow and nothing else: the rights
are worked out from them, after each step that changes the tables. Only the migrations and a restore run as the owner.
"""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

ROLE = "afterloan_program"
_OPTION = f"-c role={ROLE}"
_IN_URL = f"options=-c%20role%3D{ROLE}"

_MAKE = f"""
do $$ begin
    if not exists (select from pg_roles where rolname = '{ROLE}') then create role {ROLE} nologin; end if;
    grant {ROLE} to current_user;
exception when insufficient_privilege or duplicate_object or unique_violation then null;
end $$
"""
"""Who may not make roles goes on as the owner of the tables, and `doctor` says so."""

_TABLES = """
select relname, relkind <> 'v' and relname <> 'alembic_version',
    not exists (select from pg_trigger where tgrelid = c.oid and tgname like '%_for_ever' and tgtype & 16 > 0),
    not exists (select from pg_trigger where tgrelid = c.oid and tgname like '%_for_ever' and tgtype & 8 > 0)
from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') and not relispartition
"""
"""Each table and view, whether rows may be added, changed, taken away; the numbers are those of pg_trigger.h."""


def grant_rights(connection: psycopg.Connection[Any]) -> None:
    """Make the role where it is not there; give it what the triggers of each table allow. As the tables' owner."""
    connection.execute(_MAKE)
    if connection.execute("select from pg_roles where rolname = %s", (ROLE,)).fetchone() is None:
        return
    role = sql.Identifier(ROLE)
    for table, adds, changes, takes in connection.execute(_TABLES).fetchall():
        rights = ["select"] + ["insert"] * adds + ["update"] * (adds and changes) + ["delete"] * (adds and takes)
        named = sql.Identifier(table)
        connection.execute(sql.SQL("revoke all on {} from {}").format(named, role))
        allowed = sql.SQL(", ").join(map(sql.SQL, rights))
        connection.execute(sql.SQL("grant {} on {} to {}").format(allowed, named, role))
    connection.execute(sql.SQL("grant usage, select on all sequences in schema public to {}").format(role))


def may_work_in_role(connection: psycopg.Connection[Any]) -> bool:
    """Whether who is signed in may take the role, and the role has its rights in this book."""
    taken = "set" if connection.info.server_version >= 160000 else "member"
    row = connection.execute(
        "select pg_has_role(oid, %s) and has_table_privilege(oid, 'fact', 'insert') from pg_roles where rolname = %s",
        (taken, ROLE),
    ).fetchone()
    return row == (True,)


def works_as_owner(connection: psycopg.Connection[Any]) -> bool:
    """Whether this connection could take the triggers away: its role is that of the tables' owner, or stands above."""
    found = connection.execute("select pg_has_role(relowner, 'usage') from pg_class where oid = 'fact'::regclass")
    return found.fetchone() == (True,)


def in_role(url: str) -> str:
    """The libpq URL with which a connection works in the role from its first statement on."""
    told = _options(url)
    if _OPTION in told:
        return url
    if "://" in url and not told:
        return f"{url}{'&' if '?' in url else '?'}{_IN_URL}"
    return make_conninfo(url, options=f"{told} {_OPTION}".strip())


def out_of_role(url: str) -> str:
    """The same without the role: as whoever signs in."""
    if _IN_URL in url:
        return url.replace(f"&{_IN_URL}", "").replace(f"?{_IN_URL}&", "?").replace(f"?{_IN_URL}", "")
    if _OPTION not in _options(url):
        return url
    told: dict[str, Any] = dict(conninfo_to_dict(url))
    told["options"] = _options(url).replace(_OPTION, "").strip() or None
    return make_conninfo(**told)


def _options(url: str) -> str:
    return str(conninfo_to_dict(url).get("options") or "")
