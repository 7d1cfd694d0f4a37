"""Files over HTTP: a bank's, a bureau's, an agency's, a gateway's; read, and each of their acts done."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from afterloan.banks.files import read_results, read_statements
from afterloan.dates import date_told
from afterloan.desk.api.doing import Key, Try, act, refused_by
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import Ask, Asking
from afterloan.desk.web.refusing import refuse
from afterloan.facts.act import Answer, Refused
from afterloan.servicing.answers import results_in_parts
from afterloan.servicing.asked import file_told
from afterloan.servicing.door import do
from afterloan.servicing.lines import statement_in_parts

FILE_VERBS = ("statement.take", "debit.results", "bureau.rejections", "agency.answers", "receipt.take", "model.propose")
"""Verbs that are asked by a file here, and how: `statement.take` and `debit.results` in parts."""


async def content_of(request: Request) -> bytes:
    """The body as it came. Raises RefusedHere (422) for none."""
    content = await request.body()
    if not content:
        raise refuse(422, "invalid", "the body is empty", "send the file as the body", "file")
    return content


Content = Annotated[bytes, Depends(content_of)]
Name = Annotated[str, Query(min_length=1, max_length=200, description="The file's name.")]
FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": {
    "schema": {"type": "string", "format": "binary"}}}}}  # fmt: skip


def plain_name(name: str) -> str:
    """A name without folders: `../x.xml` is `x.xml`."""
    return PurePath(name.replace("\\", "/")).name or "file"


def _in_parts(asking: Asking, verb: str, parts: Iterator[BaseModel], content: bytes) -> Response:
    """A file's parts one after the other, each an act under the file's digest: sent again, each is answered as known.

    A part is kept whatever becomes of the next: the file sent again goes on where it stopped.
    """
    asking.within(verb)
    answers: list[Answer] = []
    for k, part in enumerate(parts, 1):
        name = f"file:{sha256(content).hexdigest()[:32]}:{k}:{asking.on}"
        answer = do(asking.desk, asking.person, verb, part.model_dump(), name, asking.on)
        if isinstance(answer, Refused):
            raise refused_by(answer, verb)
        answers.append(answer)
    told = {"parts": [one.told() for one in answers], "known": all(one.known for one in answers)}
    return JSONResponse({**told, "on": asking.on.isoformat()}, 201)


def file_routes() -> APIRouter:
    """A POST for every verb that takes a file."""
    router = router_at("/v1")

    @router.post(
        "/bank-statements", status_code=201, tags=["money"], openapi_extra={**FILE, "x-verb": "statement.take"}
    )
    def bank_statement(asking: Ask, key: Key, content: Content, name: Name = "statement") -> Response:
        """Take a bank statement (camt.053, camt.054, MT940, CSV) and match its money to loans."""
        plain = plain_name(name)
        parts = (p for statement in read_statements(content, plain) for p in statement_in_parts(statement, plain))
        return _in_parts(asking, "statement.take", parts, content)

    @router.post("/debit-results", status_code=201, tags=["debits"], openapi_extra={**FILE, "x-verb": "debit.results"})
    def debit_results(asking: Ask, key: Key, content: Content, name: Name = "results") -> Response:
        """Take a bank's results of debits (pain.002, camt.054, NACHA returns, CSV)."""
        parts = results_in_parts(read_results(content, plain_name(name)))
        return _in_parts(asking, "debit.results", parts, content)

    @router.post(
        "/bureaus/{bureau}/months/{month_end}/rejections", status_code=201, tags=["bureau"],
        openapi_extra={**FILE, "x-verb": "bureau.rejections"},
    )  # fmt: skip
    def rejections(
        asking: Ask, key: Key, content: Content, bureau: str, month_end: str, dry_run: Try = False
    ) -> Response:
        """Take a bureau's answer for the month that ends on a day: each row it did not take is a fact and a task."""
        asked: dict[str, Any] = {"bureau": bureau, "month_end": date_told(month_end), **file_told(content)}
        return act(asking, "bureau.rejections", asked, key, dry_run)

    @router.post(
        "/agencies/{agency}/returns", status_code=201, tags=["cases"],
        openapi_extra={**FILE, "x-verb": "agency.answers"},
    )  # fmt: skip
    def returns(asking: Ask, key: Key, content: Content, agency: str, dry_run: Try = False) -> Response:
        """Take an agency's file: attempts, promises, cases given back."""
        return act(asking, "agency.answers", {"agency": agency, **file_told(content)}, key, dry_run)

    @router.post("/receipts", status_code=201, tags=["messages"], openapi_extra={**FILE, "x-verb": "receipt.take"})
    def receipts(
        asking: Ask, key: Key, content: Content, name: Name = "receipts.json", dry_run: Try = False
    ) -> Response:
        """Take what receivers tell of messages (.json, .jsonl, .csv, or a returned mail .eml)."""
        return act(asking, "receipt.take", {"name": plain_name(name), **file_told(content)}, key, dry_run)

    @router.post("/models", status_code=201, tags=["policy"], openapi_extra={**FILE, "x-verb": "model.propose"})
    def models(asking: Ask, key: Key, content: Content, dry_run: Try = False) -> Response:
        """Propose a model of who goes wrong, by its whole folder in one file."""
        return act(asking, "model.propose", file_told(content), key, dry_run)

    return router
