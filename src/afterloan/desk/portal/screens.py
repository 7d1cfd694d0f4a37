"""A screen of the portal: one question, one function, shown as a page and told as JSON under `/my`."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, RedirectResponse, Response

from afterloan.desk.portal.said import day, days_between
from afterloan.desk.web.asking import Asking
from afterloan.desk.web.pages import amount, page
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Refused
from afterloan.money import AmountRefused, parse_amount

TEXT = "afterloan-text"
"""The cookie that keeps larger text; no secret."""
Handler = Callable[..., Mapping[str, Any]]


def show(asking: Asking, template: str, status: int = 200, **values: Any) -> Response:
    """A page of the portal: what `page` gives, with days and amounts in the borrower's language."""
    language = asking.language
    told = {"day": partial(day, language=language), "amount": amount, "days_between": days_between,
            "large": asking.request.cookies.get(TEXT) == "large", "path": asking.request.url.path,
            "refused": None, **values}  # fmt: skip
    return page(asking, f"portal/{template}.html", status, **told)


def screen(router: APIRouter, path: str, template: str) -> Callable[[Handler], Handler]:
    """Registers a question as a page at `path` and as JSON at `/my` + path (`/my/summary` for the first page)."""

    def registered(handler: Handler) -> Handler:
        @wraps(handler)
        def as_page(*args: Any, **told: Any) -> Response:
            asking = next(x for x in (*args, *told.values()) if isinstance(x, Asking))
            return show(asking, template, **_asked(handler, *args, **told))

        @wraps(handler)
        def as_json(*args: Any, **told: Any) -> Response:
            return JSONResponse(jsonable_encoder(_asked(handler, *args, **told)))

        router.add_api_route(path, as_page, response_model=None)
        router.add_api_route("/my" + (path if path != "/" else "/summary"), as_json, response_model=None)
        return handler

    return registered


def _asked(handler: Handler, *args: Any, **told: Any) -> Mapping[str, Any]:
    """The answer; what is not there and what is somebody else's are refused in the same words."""
    try:
        return handler(*args, **told)
    except FactRefused as error:
        if error.kind != "unknown":
            raise
        raise not_yours() from error


def not_yours() -> RefusedHere:
    """The refusal of what is not there, or is somebody else's."""
    return refuse(404, "unknown", "there is nothing of yours under that name", "look at your own loans")


def to(path: str) -> Response:
    """Go on to a page after something was done."""
    return RedirectResponse(path, 303)


def done_or(asking: Asking, verb: str, asked: Mapping[str, Any], key: str) -> Answer | RefusedHere:
    """An act, or its refusal to be shown beside the form it came from. What is not there is raised (404)."""
    try:
        return asking.do(verb, asked, key)
    except RefusedHere as refusal:
        if refusal.refused.kind == "unknown":
            raise not_yours() from refusal
        return refusal


def wrong(why: str, where: str) -> Refused:
    """What is wrong with a field of a form, by the key of its words (`portal.refused.words.none`)."""
    return Refused("invalid", where, "", why, "")


MOST_FEN = 10**11
"""What a person types into a page stays below a thousand million."""


def fen_told(text: str) -> int | None:
    """An amount as people write it: `1,284.50`, `500`, `６００`, `500元`; None for what is none, or may be two amounts.

    `1,000` may be one thousand or one: it is None here too (`money.parse_amount`), and not guessed.
    """
    plain = unicodedata.normalize("NFKC", text).replace("¥", "").replace("元", "").replace("CNY", "")
    try:
        fen = parse_amount(plain)
    except AmountRefused:
        return None
    return fen if 0 <= fen < MOST_FEN else None


def hidden(values: Mapping[str, Any]) -> str:
    """Answers given so far, as one field of the next form."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True)
