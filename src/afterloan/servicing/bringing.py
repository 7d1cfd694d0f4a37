"""Verbs of books that are brought in: how another system's files are read is kept; what was checked is confirmed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import Field, field_validator

from afterloan.facts import FactRefused
from afterloan.intake.book import maps_checked
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.brought import brought_named, check_of, confirmed_with, last_job_of
from afterloan.store.jobs import ask_job, job_named


def _maps(told: Any) -> dict[str, Any]:
    """Maps as they are kept. Raises BookFileRefused, a ValueError, for what cannot be meant."""
    return {name: one.told() for name, one in maps_checked(told).items()}


class KeepReading(Asked):
    """Files of `system` are read so: for each file its kind, the header of each column of ours, and fixed values."""

    system: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
    maps: Mapping[str, Any]

    @field_validator("maps")
    @classmethod
    def _can_be_meant(cls, maps: Any) -> dict[str, Any]:
        return _maps(maps)


def keep_map(desk: Desk, asked: KeepReading, on: date) -> dict[str, Any]:
    """Keep how a system's files are read: the act itself keeps it, the next file of the system is read so."""
    return {"system": asked.system, "files": sorted(asked.maps)}


class ConfirmImport(Asked):
    """Bring in what was sent under `name`, as its last check found it: `sha256` is the digest of what that says."""

    name: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def confirm_import(desk: Desk, asked: ConfirmImport, on: date) -> dict[str, Any]:
    """Begin the job that brings it in; one that was stopped or failed goes on where it stopped.

    Raises FactRefused: nothing of that name (unknown); not checked yet, checked anew since it was looked at, being
    brought in or in already (conflict).
    """
    connection = desk.connection
    sent = brought_named(connection, asked.name)
    if sent is None:
        raise FactRefused(
            "name", asked.name, "nothing was sent under that name", "GET /v1/imports lists them", "unknown"
        )
    check = check_of(connection, asked.name)
    if check is None:
        remedy = "POST /v1/imports/…/checks, and look at what it finds"
        raise FactRefused("name", asked.name, "was not checked yet", remedy, "conflict")
    if check.sha256 != asked.sha256:
        raise FactRefused(
            "sha256", asked.sha256, "is not what the last check says", "look at the import again", "conflict"
        )
    before = confirmed_with(connection, asked.name)
    if before is not None and before["sha256"] != asked.sha256:
        raise FactRefused(
            "sha256", asked.sha256, "it was confirmed as another check found it", "send the files anew", "conflict"
        )
    last = last_job_of(connection, asked.name, "import")
    job = job_named(connection, last) if last else None
    if job is not None and job.state not in ("cancelled", "failed"):
        why = "is in already" if job.state == "done" else "is being brought in"
        raise FactRefused("name", asked.name, why, f"look at the job {job.job}", "conflict")
    counted = 1 if job is None else int(job.job.rpartition(":")[2]) + 1
    name = f"import:{asked.name}:{counted}"
    told = {"name": asked.name, "check": check.number, "on": on.isoformat(), "by": desk.who.name}
    ask_job(connection, name, "import", told, desk.who, desk.now)
    rows = {file: one["loaded"] for file, one in check.told["files"].items()}
    return {
        "job": name,
        "system": sent.system,
        "rows": rows,
        "refused": check.told["refused"],
        "differs": check.told["differs"],
    }
