"""What is kept before an answer begins: who reads whose record, and what is refused to whom."""

from datetime import date

from starlette.requests import HTTPConnection

from afterloan.desk.web.house import House
from afterloan.desk.web.names import reference_of
from afterloan.desk.web.refusing import RefusedHere
from afterloan.facts.act import Who
from afterloan.store.rates import hidden
from afterloan.store.seen import Looked, keep_denied, keep_seen

REASON = "afterloan.reason"
"""Where in a request's scope the reason of its refusal stands."""
TRIED = "afterloan.tried"
"""Set in a request's scope where an act is only tried: what it runs into refuses nobody anything, and is not kept."""
NO_REFUSALS = (400, 405, 415)
"""Statuses of what could not be read at all: nothing was refused to anybody."""
AUDIT = ("/v1/audit/", "/audit")


def keep_looked(house: House, request: HTTPConnection, who: Who, on: date, status: int) -> None:
    """Keep a reading (200, 304) or a refusal (4xx). What borrowers read of their own is not kept, nor what an act
    did: that is the act. The auditor's reading of the record is a reading too.
    """
    refused = 400 <= status < 500 and status not in NO_REFUSALS
    if status == 422 and request.scope.get(TRIED):
        return
    path = request.scope["path"]
    whose = {name: _named(request, name) for name in ("borrower", "loan")}
    read = status in (200, 304) and request.scope["method"] in ("GET", "HEAD") and who.kind != "borrower"
    terms = request.query_params.get("q", "") if read else ""
    if not refused and not (read and (any(whose.values()) or terms or path.startswith(AUDIT))):
        return
    looked = Looked(who, what_of(request), on, house.now(), **whose,
                    reason=str(request.scope.get(REASON, status)) if refused else "")  # fmt: skip
    with house.store.connect(autocommit=True) as connection:
        if refused:
            keep_denied(connection, looked, status)
        else:
            keep_seen(connection, looked, terms=hidden(connection, f"search:{terms}") if terms else None)


def _named(request: HTTPConnection, name: str) -> str:
    try:
        return reference_of(str(request.path_params.get(name) or request.query_params.get(name) or "")).replace(
            "\0", ""
        )
    except RefusedHere:
        return ""


def what_of(request: HTTPConnection) -> str:
    """The route, without anybody's reference: `GET /v1/borrowers/{borrower}`."""
    route = request.scope.get("route")
    return f"{request.scope['method']} {getattr(route, 'path', '') or 'elsewhere'}"
