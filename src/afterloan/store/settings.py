"""The settings of a book, each named once: what the lender chose, kept beside the facts."""

import secrets
from datetime import date
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.types.json import Jsonb


class Setting(StrEnum):
    """Every setting there is."""

    PLACE = "place"
    """Jurisdiction, zone, language and kind of lender that hold where a borrower says nothing."""
    LADDERS = "ladders"
    """The ladder in use for each place, as its text."""
    HOLD_OUT = "hold_out"
    """The hold-outs that are switched on: ladder -> share in per mille, who switched it, when, why."""
    ROLES = "roles"
    """Who may do what at the doors: person -> the roles of the pack `permissions`."""
    CREDITOR = "creditor"
    """The lender as a collector of debits: name, account, identifier."""
    SENDER = "sender"
    """Who furnishes, by bureau: what its form asks of the sender (identification_number, reporter_name …)."""
    CLOCK = "clock"
    """The test clock of a book that is only played: its day (`on`) and hour (`at`). None in a book that is real."""
    SECRETS = "secrets"
    """Keys with which this book signs what it hands out: by name, made when first used."""
    LIVES = "lives_played"
    """By which code (`by`) the lives were played in this book."""


def setting(connection: psycopg.Connection[Any], name: Setting) -> dict[str, Any]:
    """What is set under a name; empty where nothing is."""
    row = connection.execute("select value from setting where name = %s", (name.value,)).fetchone()
    return dict(row[0]) if row else {}


def settings_and_last_closed(
    connection: psycopg.Connection[Any], names: tuple[Setting, ...]
) -> tuple[dict[Setting, dict[str, Any]], date | None]:
    """Several settings, and the last day closed and proved (None before the first), in one question: every answer of
    the desk begins with them.
    """
    rows = connection.execute(
        "select name, value, null::date from setting where name = any(%s) "
        "union all select '', null, max(closed_on) from proof",
        ([name.value for name in names],),
    ).fetchall()
    found = {str(name): value for name, value, _ in rows if name}
    closed = next(last for name, _, last in rows if not name)
    return {name: dict(found.get(name.value) or {}) for name in names}, closed


def set_parts(connection: psycopg.Connection[Any], name: Setting, parts: dict[str, Any]) -> None:
    """Set some parts of a setting in the caller's transaction; the others stay."""
    connection.execute(
        "insert into setting (name, value) values (%s, %s) "
        "on conflict (name) do update set value = setting.value || excluded.value",
        (name.value, Jsonb(parts)),
    )


def secret_kept(connection: psycopg.Connection[Any], name: str) -> str:
    """The key of a name with which this book signs; made when first asked for, the same ever after."""
    told = setting(connection, Setting.SECRETS)
    if name not in told:
        connection.execute(
            "insert into setting (name, value) values (%s, %s) "
            "on conflict (name) do update set value = excluded.value || setting.value",
            (Setting.SECRETS.value, Jsonb({name: secrets.token_urlsafe(32)})),
        )
        told = setting(connection, Setting.SECRETS)
    return str(told[name])
