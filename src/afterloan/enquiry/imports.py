"""Books that are brought in, as people ask of them: what was sent, what its check found, whether it is in."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from afterloan.money import show_amount
from afterloan.store.brought import (
    FindingKind,
    SentBook,
    all_brought,
    check_of,
    confirmed_with,
    findings_of,
    last_job_of,
)
from afterloan.store.jobs import job_named
from afterloan.texts import plain_cell

PLAIN_VALUE = re.compile(r"^[-+]?[\d.,/: ]{1,12}$")
"""What tells nobody: a day, an amount, a rate. Longer numbers may be a phone's or an account's."""
HIDDEN = "···"


def _state(connection: psycopg.Connection[Any], jobs: Mapping[str, str]) -> str:
    """sent, checking, unreadable, checked, loading, stopped, failed, done; `jobs` names the last of each kind."""
    load = job_named(connection, jobs["import"] or "-")
    if load is not None:
        return {"queued": "loading", "running": "loading", "cancelled": "stopped"}.get(load.state, load.state)
    check = job_named(connection, jobs["import-check"] or "-")
    if check is None:
        return "sent"
    return {"queued": "checking", "running": "checking", "done": "checked", "failed": "unreadable"}.get(
        check.state, "sent"
    )


def imports_told(connection: psycopg.Connection[Any], most: int) -> list[dict[str, Any]]:
    """What was sent, the newest first."""
    return [import_told(connection, sent) for sent in all_brought(connection, most)]


def import_told(connection: psycopg.Connection[Any], sent: SentBook) -> dict[str, Any]:
    """What was sent, its last check, its confirmation and jobs, as JSON values."""
    check = check_of(connection, sent.name)
    jobs = {kind: last_job_of(connection, sent.name, kind) for kind in ("import-check", "import")}
    confirmed = confirmed_with(connection, sent.name)
    return {
        "name": sent.name, "by": sent.who, "on": sent.on.isoformat(), "at": sent.at.isoformat(), "system": sent.system,
        "state": _state(connection, jobs),
        "files": [
            {"name": f.name, "bytes": f.size, "sha256": f.sha256, "columns": list(f.columns), "wrong": f.wrong}
            for f in sent.files
        ],
        "check": None if check is None else {
            "at": check.at.isoformat(), "as_of": check.as_of.isoformat(), "maps": check.maps, "sha256": check.sha256,
            **check.told,
        },
        "confirmed_by": confirmed["by"] if confirmed else None,
        "check_job": jobs["import-check"] or None, "job": jobs["import"] or None,
    }  # fmt: skip


def findings_told(
    connection: psycopg.Connection[Any], name: str, kind: FindingKind, may_read: bool, after: int = 0,
    most: int | None = None,
) -> list[dict[str, Any]] | None:  # fmt: skip
    """Findings of the last check after a place; None where there was no check.

    `may_read`: whether who asks may read of borrowers; for others a value that could be a person's is hidden.
    """
    check = check_of(connection, name)
    if check is None:
        return None
    rows = findings_of(connection, check.number, kind, after, most)
    return [{"place": place, **(body if may_read else hidden(body))} for place, body in rows]


def hidden(body: Mapping[str, Any]) -> dict[str, Any]:
    """A finding for who may not read of borrowers: days, amounts and rates stay, other values are hidden."""
    value = str(body.get("value", ""))
    return {**body, "value": HIDDEN} if value and not PLAIN_VALUE.fullmatch(value) else dict(body)


REFUSED = ("file", "row", "column", "value", "reason", "remedy")
DIFFERS = ("file", "row", "loan", "figure", "on", "theirs", "ours", "difference", "wrong")


def findings_csv(kind: FindingKind, rows: Sequence[Mapping[str, Any]]) -> str:
    """Findings as CSV; amounts in major units, cells that a spreadsheet would reckon made text."""
    names = REFUSED if kind == "refused" else DIFFERS
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(names)
    for row in rows:
        money = kind == "differs" and row["figure"] != "days_past_due"
        cells: list[str] = []
        for name in names:
            value = row.get(name)
            if isinstance(value, int):
                cells.append(show_amount(value) if money and name in ("theirs", "ours", "difference") else str(value))
            else:
                cells.append(plain_cell(str(value)) if value is not None else "")
        writer.writerow(cells)
    return made.getvalue()
