"""Works on the whole book over HTTP: each is a job under its key; a file that it made is had from the job."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from afterloan.desk.api.doing import Key
from afterloan.desk.api.exports import no_link
from afterloan.desk.api.jobs import JobAsked, begin, own_job
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.desk.web.house import House
from afterloan.desk.web.letters import saved
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.ladders import lint
from afterloan.facts.bureau import Bureau
from afterloan.servicing.releasing import is_held
from afterloan.store.files import file_kept, file_purged_on
from afterloan.store.jobs import was_released
from afterloan.store.scores import model_named

KIND_OF = {
    "furnish": "bureau.furnish", "preview": "bureau.furnish", "export": "book.export", "import": "book.import",
    "import-check": "book.import", "trial": "ladder.try", "model-report": "report.read",
}  # fmt: skip
"""By which permission a job is begun; its file is had by the same."""


class FurnishAsked(JobAsked):
    """Who furnishes, where it is otherwise than kept (`settings.sender`): identification_number, reporter_name …

    `known_on`: as known at the end of that day; of the month's last day unless given.
    """

    sender: dict[str, str] = Field(default_factory=dict, max_length=20)
    known_on: date | None = None


class HistoryTried(JobAsked):
    """Stored history from `first` to `last`, replayed under a ladder (`text`; none: that in use), grace, contact pack.

    The whole of the days is replayed before the job tells anything.
    """

    first: date
    last: date
    text: str | None = Field(default=None, max_length=200_000)
    grace_days: int | None = Field(default=None, ge=0, le=366)
    contact: Literal["CN", "US", "EU", "UK", "IN"] | None = None


class BankAsked(JobAsked):
    """Only debits older than so many minutes: younger ones may still be under way."""

    minutes: int = Field(default=15, ge=0, le=100_000)


def work_jobs(house: House) -> APIRouter:
    """What is asked once and done for the whole book."""
    router = router_at("/v1")

    @router.post(
        "/bureaus/{bureau}/months/{month_end}/furnishings",
        status_code=202,
        tags=["bureau"],
        openapi_extra={"x-permission": "bureau.furnish"},
    )
    def furnish(
        asking: SignedIn, key: Key, bureau: Annotated[Bureau, Path()], month_end: date,
        asked: FurnishAsked,
    ) -> Response:  # fmt: skip
        """Furnish a month to a bureau: only what was not told yet, or is reckoned otherwise by now."""
        return begin_month(asking, house, "furnish", bureau, month_end, asked, key)

    @router.post(
        "/bureaus/{bureau}/months/{month_end}/previews",
        status_code=202,
        tags=["bureau"],
        openapi_extra={"x-permission": "bureau.furnish"},
    )
    def preview(
        asking: SignedIn, key: Key, bureau: Annotated[Bureau, Path()], month_end: date,
        asked: FurnishAsked,
    ) -> Response:  # fmt: skip
        """What furnishing a month would tell: what is new, changed and why, closed, held back; nothing is told.

        The rows to be looked at first are in the job's result, all of them in its file (CSV).
        """
        return begin_month(asking, house, "preview", bureau, month_end, asked, key)

    @router.post("/plans/watches", status_code=202, tags=["relief"], openapi_extra={"x-permission": "day.run"})
    def watches(asking: SignedIn, key: Key) -> Response:
        """Look at every running plan of the book: kept, broken or completed."""
        asking.permitted("day.run")
        return begin(asking, house, "watch-plans", {"on": asking.today.isoformat()}, key)

    @router.post("/debit-questions", status_code=202, tags=["debits"], openapi_extra={"x-permission": "debit.result"})
    def ask_bank(asking: SignedIn, key: Key, asked: BankAsked) -> Response:
        """Ask the gateway what became of debits of which nothing was heard; nothing is sent again."""
        asking.permitted("debit.result")
        return begin(asking, house, "ask-bank", asked.model_dump(), key)

    @router.post("/trials", status_code=202, tags=["policy"], openapi_extra={"x-permission": "ladder.try"})
    def trials(asking: SignedIn, key: Key, asked: HistoryTried) -> Response:
        """Try a ladder, grace or contact pack on stored history; its figures are the result of the job."""
        return begin_trial(asking, house, asked, key)

    @router.post(
        "/models/{model}/reports", status_code=202, tags=["policy"], openapi_extra={"x-permission": "report.read"}
    )
    def model_reports(asking: SignedIn, key: Key, model: str) -> Response:
        """Measure a model on the days since it learnt, as one page (HTML) that is had from the job."""
        return begin_report(asking, house, model, key)

    @router.get("/jobs/{job}/file", tags=["jobs"], openapi_extra={"x-file": True})
    def file(asking: SignedIn, job: str) -> Response:
        """The file that a job made."""
        found = own_job(asking, job)
        asking.permitted(KIND_OF.get(found.kind, "day.run"))
        digest = found.sha256
        content = file_kept(asking.connection, digest) if digest else None
        purged_on = file_purged_on(asking.connection, digest) if digest and content is None else None
        if purged_on is not None:
            raise refuse(410, "purged", f"the job's file was purged on {purged_on}", "run the job again", "job")
        if content is None:
            raise refuse(404, "unknown", "the job has no file", "a job of that kind makes none, or is not over", "job")
        if found.kind == "export":
            raise no_link(found.job)
        if is_held(found) and not was_released(asking.connection, found.job, digest):
            why = "a file of this kind leaves when a second person agreed to it"
            remedy = f"POST /v1/jobs/{found.job}/release?propose=true with its sha256; somebody else approves"
            raise refuse(403, "needs-second-person", why, remedy, "job")
        name = str((found.result or {}).get("file", "file"))
        return saved(content, name)

    return router


def begin_month(
    asking: Asking, house: House, kind: str, bureau: str, month_end: date, asked: FurnishAsked, key: str
) -> Response:
    """Queue a month's furnishing or its preview. Raises RefusedHere: not permitted, a day that is not there yet."""
    asking.permitted("bureau.furnish")
    if asked.known_on is not None and asked.known_on > asking.today:
        raise refuse(422, "invalid", f"{asked.known_on} is not there yet", "name today or a day before", "known_on")
    told = {"bureau": bureau, "month_end": month_end.isoformat(), **asked.model_dump(mode="json", exclude_none=True)}
    return begin(asking, house, kind, told, key)


def begin_report(asking: Asking, house: House, model: str, key: str) -> Response:
    """Queue the report of a model. Raises RefusedHere: not permitted; FactRefused: no such model."""
    asking.permitted("report.read")
    model_named(asking.connection, model, asking.on)
    told = {"model": model, "on": asking.on.isoformat(), "language": asking.language}
    return begin(asking, house, "model-report", told, key)


def begin_trial(asking: Asking, house: House, asked: HistoryTried, key: str) -> Response:
    """Queue a trial. Raises RefusedHere: not permitted, no span of days, a ladder that is not sound."""
    asking.permitted("ladder.try")
    if not 0 <= (asked.last - asked.first).days <= 366:
        raise refuse(422, "invalid", "a trial has 1 to 367 days", "name a later last day, or a nearer one", "last")
    found = lint(asked.text, "") if asked.text is not None else None
    if found is not None and not found.sound:
        raise refuse(422, "invalid", f"line {found.line}: {found.why}", "correct the ladder", "text")
    return begin(asking, house, "trial", asked.model_dump(mode="json", exclude_none=True), key)
