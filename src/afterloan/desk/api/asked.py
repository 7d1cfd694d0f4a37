"""How a question is answered: who may ask, whose it is, on which day, a page of a long list, a mark of its state."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, Any

from fastapi import APIRouter, Query
from itsdangerous import BadData, URLSafeSerializer
from starlette.responses import JSONResponse, Response

from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.desk.web.names import id_of, reference_of
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.enquiry.case import seen_now
from afterloan.facts import FactRefused
from afterloan.servicing.verbs import borrower_of_loan
from afterloan.store.settings import secret_kept

MOST = 200
"""The longest page of a list."""
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many rows at most.")]
After = Annotated[str, Query(max_length=500, description="`next` of the page before.")]


def nothing_there() -> RefusedHere:
    """What is not there, and what is somebody else's, in the same words."""
    return refuse(404, "unknown", "there is nothing of that name", "`GET /v1/borrowers?q=` looks for it", "reference")


def theirs(asking: Asking, borrower: str = "", loan: str = "") -> None:
    """A borrower asks about what is their own. Raises RefusedHere (404) for anything else, there or not."""
    who = asking.person
    if who.kind != "borrower":
        return
    try:
        owner = borrower or (borrower_of_loan(asking.connection, loan) if loan else "")
    except FactRefused as error:
        raise nothing_there() from error
    if owner != who.name:
        raise nothing_there()


def question(router: APIRouter, path: str, what: str, tag: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Serve a question at a path: `what` is the permission; names `borrower` and `loan` of the path are looked after.

    The answer is a value, told with `on`, `known_on` and `closed_through`; a list becomes `data`.
    """

    def served(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def answered(asking: Asking, **told: Any) -> Response:
            asking.permitted(what)
            told |= {name: reference_of(told[name]) for name in IDS if isinstance(told.get(name), str)}
            if "{" in path or asking.person.kind == "borrower":
                theirs(asking, told.get("borrower", "") or "", told.get("loan", "") or "")
            return _shown(asking, function(asking, **told), told.get("borrower", "") if "{borrower}" in path else "")

        answered.__signature__ = inspect.signature(function, eval_str=True)  # type: ignore[attr-defined]
        router.add_api_route(path, answered, methods=["GET"], tags=[tag], response_model=None,
                             summary=(inspect.getdoc(function) or "").split("\n")[0],
                             openapi_extra={"x-permission": what})  # fmt: skip
        return function

    return served


IDS = ("borrower", "loan", "of", "reference")


def _shown(asking: Asking, value: Any, borrower: str) -> Response:
    if isinstance(value, Response):
        return value
    body = value if isinstance(value, dict) else {"data": value, "next": None}
    known = asking.known_on.isoformat() if asking.known_on else None
    closed = asking.clock.closed_through
    dates = {"on": asking.on.isoformat(), "known_on": known, "closed_through": closed.isoformat() if closed else None}
    headers = {"etag": f'"{seen_now(asking.connection, borrower)}:{asking.on}:{known}"'} if borrower else {}
    if headers and asking.request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return JSONResponse(plain({**dates, **body}), headers=headers)


def plain(value: Any) -> Any:
    """JSON values: days and moments as text, tuples as lists."""
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def named(told: dict[str, Any], reference: str, place: str) -> dict[str, Any]:
    """An object with its `id`, `reference` and `href`."""
    name = id_of(reference)
    return {"id": name, "reference": reference, "href": f"/v1/{place}/{name}", **told}


def page_of(asking: Asking, rows: Sequence[dict[str, Any]], key: str, after: str, limit: int) -> dict[str, Any]:
    """A page of a list whose rows have a name under `key`: it goes on after the row that was last, wherever that is.

    The cursor is signed; one that was made up is refused (400).
    """
    begin = 0
    if after:
        name, at = place_of(asking, after)
        begin = next((k + 1 for k, row in enumerate(rows) if row[key] == name), min(int(at), len(rows)))
    page = list(rows[begin : begin + limit])
    more = begin + limit < len(rows)
    return {"data": page, "next": cursor(asking, [page[-1][key], begin + limit]) if more and page else None}


def _signer(asking: Asking) -> URLSafeSerializer:
    return URLSafeSerializer(secret_kept(asking.connection, "cursor"), salt=asking.request.url.path)


def cursor(asking: Asking, place: Any) -> str:
    """The cursor of a place in a list: signed, and good for this list only."""
    made = _signer(asking).dumps(place)
    return made if isinstance(made, str) else made.decode()


def place_of(asking: Asking, after: str) -> Any:
    """The place that a cursor stands for. Raises RefusedHere (400) for one that was made up."""
    try:
        return _signer(asking).loads(after)
    except (BadData, ValueError) as error:
        raise refuse(400, "unreadable", "this cursor is not one of ours", "begin at the first page", "after") from error


__all__ = [
    "After", "Limit", "SignedIn", "cursor", "named", "nothing_there", "page_of", "place_of", "question",
    "theirs",
]  # fmt: skip
