"""Exports over HTTP: a book, tables of it or a list taken out as a job; had by a link that is good for an hour."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from itsdangerous import BadData, URLSafeSerializer
from pydantic import Field
from starlette.responses import Response

from afterloan.desk.api.doing import Key
from afterloan.desk.api.jobs import JobAsked, begin, is_mine, own_job
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import Asking, SignedIn, seldom
from afterloan.desk.web.house import House
from afterloan.desk.web.letters import saved
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.web.seeing import what_of
from afterloan.enquiry.export import TABLES
from afterloan.enquiry.lists import LISTS
from afterloan.servicing.releasing import is_held
from afterloan.store.files import file_kept
from afterloan.store.jobs import Job, job_named, jobs_told, was_released
from afterloan.store.rates import MostOften
from afterloan.store.seen import Looked, keep_seen
from afterloan.store.settings import secret_kept

MOST_OFTEN = (MostOften("export", 10, timedelta(hours=1)),)
"""How often one person, or one key, takes something out."""
LINK_GOOD_FOR = timedelta(hours=1)
Form = Literal["csv", "parquet"]


class ExportAsked(JobAsked):
    """The whole book, some `tables` of it (borrowers, contracts, repayments …), or a `list` as of a day (`on`).

    `reason`: why it is taken out; it stands in the file and on record.
    """

    form: Form = "csv"
    tables: tuple[str, ...] = Field(default=(), max_length=40)
    list: str = Field(default="", max_length=40)
    on: date | None = None
    reason: str = Field(default="", max_length=500)


def export_routes(house: House) -> APIRouter:
    """What is taken out, by whom, and how it is had."""
    router = router_at("/v1", tags=["bulk"])
    needs = {"x-permission": "book.export"}

    @router.get("/exports", openapi_extra=needs)
    def exports(asking: SignedIn) -> dict[str, Any]:
        """One's own exports, the newest first: what, how many rows, whether a second person has agreed."""
        asking.permitted("book.export")
        return {"data": [told_of(asking, job) for job in own_exports(asking)], "next": None}

    @router.post("/exports", status_code=202, openapi_extra=needs)
    def export(asking: SignedIn, key: Key, asked: ExportAsked) -> Response:
        """Take the book, tables of it or a list out, as an archive; the whole book can be brought in again.

        Ten an hour. What names anybody is had when a second person agreed to the very file.
        """
        return begin_export(asking, house, asked, key)

    @router.post("/exports/{export}/links", status_code=201, openapi_extra=needs)
    def link(asking: SignedIn, export: str) -> dict[str, Any]:
        """An address of the file, good for an hour and for who asks alone."""
        return link_of(asking, house, export)

    @router.get("/exports/{export}/file", openapi_extra={**needs, "x-file": True})
    def file(asking: SignedIn, export: str, link: Annotated[str, Query(max_length=2_000)] = "") -> Response:
        """The file of an export, by its link; that it was had stands on record with its digest and its rows."""
        return file_of(asking, house, export, link)

    return router


def begin_export(asking: Asking, house: House, asked: ExportAsked, key: str) -> Response:
    """Queue an export. Raises RefusedHere: not permitted, no such table or list, a day to come, more than ten an hour.

    The same key again is the same export, and counts once.
    """
    asking.permitted("book.export")
    strange = [name for name in asked.tables if name not in TABLES]
    if strange:
        raise refuse(
            422, "invalid", f"{', '.join(strange)}: no such table", f"there are: {', '.join(TABLES)}", "tables"
        )
    if asked.list and (asked.list not in LISTS or asked.tables):
        raise refuse(422, "invalid", "name tables, or one list", f"lists are: {', '.join(LISTS)}", "list")
    on = asked.on or asking.today
    if on > asking.today:
        raise refuse(422, "invalid", f"{on} is not there yet", "name today or a day before", "on")
    told = {"form": asked.form, "by": asking.person.name, "reason": asked.reason, "tables": list(asked.tables),
            "list": asked.list, "on": asked.on.isoformat() if asked.on else "",
            "as_of": on.isoformat() if asked.list else ""}  # fmt: skip
    if job_named(asking.connection, key.partition("~")[0]) is None:
        who = asking.person
        seldom(asking, MOST_OFTEN, f"export:{who.kind}:{who.name}", "ten exports within an hour are the most")
    return begin(asking, house, "export", told, key)


def own_exports(asking: Asking) -> list[Job]:
    """The exports that who asks began, the newest first."""
    return [job for job in jobs_told(asking.connection, kind="export") if is_mine(asking, job)]


def told_of(asking: Asking, job: Job) -> dict[str, Any]:
    """An export: the job, and whether its file is `making`, `held` for a second person, `free` to have, or `failed`."""
    return {**job.told(), "file": file_state(asking, job)}


def file_state(asking: Asking, job: Job) -> str:
    """Whether a file is `making`, `held`, `free` or `failed`."""
    if not job.over:
        return "making"
    if job.state != "done":
        return "failed"
    return "held" if is_held(job) and not was_released(asking.connection, job.job, job.sha256) else "free"


def _own(asking: Asking, name: str) -> Job:
    """An export that who asks began. Raises RefusedHere (404), for what somebody else took out too."""
    asking.permitted("book.export")
    job = own_job(asking, name)
    if job.kind != "export" or not is_mine(asking, job):
        raise refuse(404, "unknown", "no export of yours of that name", "GET /v1/exports lists them", "export")
    return job


def _free(asking: Asking, name: str) -> Job:
    """An export whose file may be had. Raises RefusedHere: still being made, failed, or waiting for a second person."""
    job = _own(asking, name)
    state = file_state(asking, job)
    if state == "held":
        remedy = f"POST /v1/jobs/{job.job}/release?propose=true with its sha256; somebody else approves"
        raise refuse(403, "needs-second-person", "it leaves when a second person agreed to it", remedy, "export")
    if state != "free":
        raise refuse(409, "conflict", f"there is no file: the export is {job.state}", "ask for it anew", "export")
    return job


def _signer(asking: Asking) -> URLSafeSerializer:
    return URLSafeSerializer(secret_kept(asking.connection, "export-link"), salt="export")


def link_of(asking: Asking, house: House, name: str) -> dict[str, Any]:
    """The link of an export's file and until when it is good. Raises RefusedHere."""
    job = _free(asking, name)
    until = house.now() + LINK_GOOD_FOR
    told = [job.job, asking.person.kind, asking.person.name, until.isoformat()]
    made = _signer(asking).dumps(told)
    text = made if isinstance(made, str) else made.decode()
    return {"href": f"/v1/exports/{job.job}/file?link={text}", "ends_at": until.isoformat(), "sha256": job.sha256}


def file_of(asking: Asking, house: House, name: str, link: str) -> Response:
    """The file of an export, had by its link, on record. Raises RefusedHere (403) for a link that is not good (now)."""
    job = _free(asking, name)
    if not _good(asking, house, job, link):
        raise no_link(job.job)
    content = file_kept(asking.connection, job.sha256)
    if content is None:
        raise refuse(410, "purged", "the file was purged, its days being over", "take it out again", "job")
    result = job.result or {}
    what = str(job.asked.get("list") or ", ".join(job.asked.get("tables") or ()) or "the whole book")
    looked = Looked(asking.person, what_of(asking.request), asking.today, house.now(),
                    reason=f"{what}; sha256 {job.sha256}")  # fmt: skip
    keep_seen(asking.connection, looked, rows=int(result.get("rows", 0)))
    return saved(content, str(result["file"]))


def no_link(job: str) -> RefusedHere:
    """The refusal of a file that is asked for without a link, or by one that is over or somebody else's."""
    how = f"POST /v1/exports/{job}/links gives an address that is good for an hour"
    return refuse(403, "link-needed", "what was taken out is had by a link of one's own, within an hour", how, "link")


def _good(asking: Asking, house: House, job: Job, link: str) -> bool:
    try:
        told = _signer(asking).loads(link)
    except (BadData, ValueError):
        return False
    mine = told[:3] == [job.job, asking.person.kind, asking.person.name]
    return bool(mine and house.now() < datetime.fromisoformat(told[3]))
