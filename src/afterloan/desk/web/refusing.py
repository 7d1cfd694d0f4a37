"""A refusal as an answer: a problem (RFC 9457) for programs, a page in plain words for people."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from afterloan.enquiry.rules import rule_told
from afterloan.facts.act import Refused

STATUS: dict[str, int] = {
    "unknown": 404,
    "forbidden": 403,
    "conflict": 409,
    "invalid": 422,
    "too_early": 422,
    "needs_second_person": 403,
}
"""The status of each kind of refusal."""
REASONS: dict[str, str] = {
    "unknown": "unknown",
    "forbidden": "not-permitted",
    "conflict": "conflict",
    "invalid": "invalid",
    "too_early": "too-early",
    "needs_second_person": "needs-second-person",
}
"""The stable word of each kind of refusal: programs tell refusals apart by it."""
TITLES: dict[str, str] = {
    "unknown": "There is nothing of that name",
    "not-permitted": "Not permitted",
    "purged": "It was purged when its time was over",
    "conflict": "It says otherwise than before",
    "invalid": "It cannot be taken as it is",
    "too-early": "Not yet",
    "needs-second-person": "A second person has to agree",
    "fresh-code": "A fresh code is needed",
    "not-signed-in": "Not signed in",
    "cross-site": "Another site may not write here",
    "too-large": "Too large",
    "unreadable": "It cannot be read",
    "key-missing": "A key is missing",
    "key-reused": "The key stands for something else",
    "in-flight": "It is being done just now",
    "changed-since-seen": "Something was told since you looked",
    "not-shown": "What is agreed to must be named",
    "shown-otherwise": "It is not what was shown",
    "too-many": "Too many at once",
    "link-needed": "It is had by a link of its own",
    "method": "Not done that way",
    "media-type": "Of a form that is not taken here",
    "mistake": "A mistake of ours",
    "retry": "Not just now",
    "stale-form": "The page is older than your sitting",
}
"""Every reason there is, with its title."""


class RefusedHere(Exception):
    """An answer that is a refusal, from wherever in a handler it is found out."""

    def __init__(self, refused: Refused, status: int = 0, reason: str = "", **more: Any) -> None:
        """`status` and `reason` where they are not those of the kind; `more`: further members of the problem."""
        super().__init__(str(refused))
        self.refused, self.more = refused, more
        self.status = status or STATUS[refused.kind]
        self.reason = reason or REASONS[refused.kind]


def refuse(status: int, reason: str, detail: str, remedy: str = "", where: str = "request") -> RefusedHere:
    """A refusal that the web itself finds out, before any verb is asked."""
    return RefusedHere(Refused("invalid", where, "", detail, remedy), status, reason)


def problem(
    status: int, reason: str, detail: str, *, remedy: str = "", instance: str = "", errors: Sequence[Any] = (),
    **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """The members of a problem."""
    told = {"type": f"/problems/{reason}", "title": TITLES.get(reason, reason), "status": status, "detail": detail,
            "instance": instance, "reason": reason, "remedy": remedy, "errors": list(errors)}  # fmt: skip
    return told | {name: value for name, value in more.items() if value not in (None, "", [])}


def problem_bytes(status: int, reason: str, detail: str) -> bytes:
    """A problem outside any handler."""
    return json.dumps(problem(status, reason, detail), ensure_ascii=False).encode()


def problem_of(refusal: RefusedHere, instance: str = "") -> dict[str, Any]:
    """The problem of a refusal: where it is wrong, why, and what to do."""
    refused = refusal.refused
    pointer = "/" + refused.where.replace(".", "/")
    errors = [{"pointer": pointer, "reason": refusal.reason, "detail": refused.why, "remedy": refused.remedy}]
    detail = f"{refused.where} {refused.value!r}: {refused.why}" if refused.value else refused.why
    rule = rule_told(refused.rule) if refused.rule else None
    ruled = {"rule": rule.told() if rule else None, "next_at": refused.next_at and refused.next_at.isoformat()}
    return problem(
        refusal.status, refusal.reason, detail, remedy=refused.remedy, instance=instance, errors=errors,
        **{**ruled, **refusal.more},
    )  # fmt: skip


def as_problem(request: Request, refusal: RefusedHere, headers: Mapping[str, str] | None = None) -> Response:
    """The refusal for a program."""
    return JSONResponse(
        problem_of(refusal, request.url.path), refusal.status, headers, media_type="application/problem+json"
    )
