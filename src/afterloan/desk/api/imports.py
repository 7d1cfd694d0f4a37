"""Books that are brought in over HTTP: sent, checked under a map, their findings read; confirmed by an act."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from afterloan.desk.api.doing import Key
from afterloan.desk.api.files import FILE, plain_name
from afterloan.desk.api.jobs import JobAsked, accepted, begin
from afterloan.desk.api.routing import router_at
from afterloan.desk.arriving import ask_check, proposed_maps, take_in
from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.desk.web.house import House
from afterloan.desk.web.letters import saved
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.imports import findings_csv, findings_told, import_told, imports_told
from afterloan.store.brought import FindingKind, SentBook, brought_named, kept_map, systems_known

PERMISSION = "book.import"
MOST_LISTED = 50
MOST_ROWS = 200
EXTRA = {"x-permission": PERMISSION}


class CheckAsked(JobAsked):
    """How the files are read (by file: `kind`, `columns`, `fixed`, `written`); as was proposed where none is told.

    `as_of`: the day of the old system's figures; today unless given.
    """

    maps: dict[str, Any] = Field(default_factory=dict, max_length=40)
    as_of: date | None = None


def importer(asking: SignedIn) -> Asking:
    """The asking of somebody who may bring books in: asked before the body is read. Raises RefusedHere (403)."""
    asking.permitted(PERMISSION)
    return asking


Importer = Annotated[Asking, Depends(importer)]


async def on_disk(request: Request, asking: Importer) -> AsyncIterator[Path]:
    """The body in a file of a folder that goes away, written as it comes. Raises RefusedHere (422) for none."""
    with TemporaryDirectory(prefix="afterloan-sent-") as folder:
        path = Path(folder, "body")
        with path.open("wb") as file:
            async for piece in request.stream():
                file.write(piece)
        if not path.stat().st_size:
            raise refuse(422, "invalid", "the body is empty", "send the file as the body", "file")
        yield path


OnDisk = Annotated[Path, Depends(on_disk)]


After = Annotated[int, Query(ge=0, le=10_000_000, description="The place after which to go on.")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Form = Literal["json", "csv"]


def sent_named(asking: Asking, name: str) -> SentBook:
    """What was sent under a name. Raises RefusedHere (404)."""
    sent = brought_named(asking.connection, name)
    if sent is None:
        raise refuse(404, "unknown", "nothing was sent under that name", "GET /v1/imports lists them", "import")
    return sent


def import_routes(house: House) -> APIRouter:
    """Imports: sent, checked, looked at; confirmed in `acts`."""
    router = router_at("/v1", tags=["bulk"])

    @router.get("/imports", openapi_extra=EXTRA)
    def imports(asking: Importer) -> dict[str, Any]:
        """The newest 50 imports, each with its last check."""
        return {"data": imports_told(asking.connection, MOST_LISTED), "next": None}

    @router.post("/imports", status_code=202, openapi_extra={**FILE, **EXTRA})
    def send(
        asking: Importer, key: Key, content: OnDisk, mode: Literal["check", "load"] = "load",
        name: Annotated[str, Query(max_length=200, description="The file's name; a .zip needs none.")] = "",
        system: Annotated[str, Query(max_length=100, description="Of which other system; its map is used.")] = "",
        as_of: Annotated[str, Query(description="The day of the old system's figures; today unless given.")] = "",
    ) -> Response:  # fmt: skip
        """Send a book: a .zip of CSV or Parquet files, or one file with its name.

        `check` says what it would come to and keeps nothing of it in the book until it is confirmed; `load` brings it
        in at once, refused rows alone left out.
        """
        job = key.partition("~")[0]
        with TemporaryDirectory(prefix="afterloan-sent-") as folder:
            sent = take_in(asking, job, [(plain_name(name) if name else "book.zip", content)], system, Path(folder))
        if mode == "load":
            told = {"name": sent.name, "check": 0, "on": asking.today.isoformat(), "by": asking.person.name}
            return begin(asking, house, "import", told, key)
        maps = {file: one.told() for file, one in proposed_maps(asking, sent).items()}
        return accepted(ask_check(asking, sent, maps, as_of))

    @router.get("/imports/{name}", openapi_extra=EXTRA)
    def import_(asking: Importer, name: str) -> dict[str, Any]:
        """One import: its files, how they are read, its last check, who confirmed it, its jobs."""
        sent = sent_named(asking, name)
        told = import_told(asking.connection, sent)
        maps = proposed_maps(asking, sent)
        return {**told, "maps": {file: one.told() for file, one in maps.items()}}

    @router.post("/imports/{name}/checks", status_code=202, openapi_extra=EXTRA)
    def check(asking: Importer, key: Key, name: str, asked: CheckAsked) -> Response:
        """Check what was sent once more, read by another map. The same while it runs: the same job."""
        sent = sent_named(asking, name)
        maps = asked.maps or {file: one.told() for file, one in proposed_maps(asking, sent).items()}
        return accepted(ask_check(asking, sent, maps, asked.as_of.isoformat() if asked.as_of else ""))

    @router.get("/imports/{name}/refusals", openapi_extra={**EXTRA, "x-file": True})
    def refusals(asking: Importer, name: str, after: After = 0, limit: Limit = MOST_ROWS, format: Form = "json") -> Any:
        """Rows that would be refused: file, row, column, value, what is wrong, what to do."""
        return found(asking, name, "refused", after, limit, format)

    @router.get("/imports/{name}/disagreements", openapi_extra={**EXTRA, "x-file": True})
    def disagreements(
        asking: Importer, name: str, after: After = 0, limit: Limit = MOST_ROWS, format: Form = "json"
    ) -> Any:
        """Figures of which the old system says otherwise: both, and theirs less ours (days, or fen)."""
        return found(asking, name, "differs", after, limit, format)

    @router.get("/import-maps", openapi_extra=EXTRA)
    def maps(asking: Importer) -> dict[str, Any]:
        """How files of other systems are read, as was kept last of each."""
        systems = systems_known(asking.connection)
        return {"data": [{"system": one, "maps": kept_map(asking.connection, one)} for one in systems], "next": None}

    return router


def found(asking: Asking, name: str, kind: FindingKind, after: int, limit: int, form: str) -> Any:
    """Findings of an import's last check as JSON, or all of them as CSV; whose they are is kept as read."""
    sent = sent_named(asking, name)
    whole = form == "csv"
    rows = findings_told(
        asking.connection, sent.name, kind, asking.may("book.read"), 0 if whole else after, None if whole else limit
    )
    if rows is None:
        raise refuse(409, "conflict", "it was not checked yet", "POST /v1/imports/…/checks", "import")
    asking.listed(len(rows))
    if whole:
        return saved(findings_csv(kind, rows).encode(), f"{kind}-{sent.name[:12]}.csv", "text/csv")
    return {"data": rows, "next": rows[-1]["place"] if len(rows) == limit else None}
