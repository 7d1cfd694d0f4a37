"""Files that leave the house only after a second person agreed: a bureau's month, a book with personal data."""

from datetime import date
from typing import Any

from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.jobs import Job, job_named

HELD = ("furnish", "export")
"""Kinds of job whose file waits for its release."""


def is_held(job: Job) -> bool:
    """Whether a job's file waits for its release: an export without a word of anybody waits for nobody."""
    return job.kind in HELD and bool((job.result or {}).get("personal", True))


class ReleaseFile(Asked):
    """The file that `job` made may be had, as it is: `sha256` names its content."""

    job: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


def release_file(desk: Desk, asked: ReleaseFile, on: date) -> dict[str, Any]:
    """Let the file of a job leave. The answer says what the second person agreed to: kind, file, size, what was asked.

    Raises FactRefused: no such job (unknown), not over or of a kind that waits for nobody, another content (conflict).
    """
    job = job_named(desk.connection, asked.job)
    if job is None:
        raise FactRefused("job", asked.job, "no job of that name", "GET /v1/jobs lists them", "unknown")
    if not is_held(job) or job.state != "done" or not job.sha256:
        why = f"is {job.state}, and a file of {job.kind} waits for nobody's release"
        raise FactRefused("job", asked.job, why, f"release what {' or '.join(HELD)} made", "conflict")
    if job.sha256 != asked.sha256:
        raise FactRefused("sha256", asked.sha256, "is not the content of the job's file", "look at the job again",
                          "conflict")  # fmt: skip
    result = job.result or {}
    told = {name: value for name, value in job.asked.items() if isinstance(value, str) and value}
    told |= {name: result[name] for name in ("rows", "tables") if name in result}
    return {"kind": job.kind, "file": result["file"], "bytes": result["bytes"], "made_by": job.who, **told}
