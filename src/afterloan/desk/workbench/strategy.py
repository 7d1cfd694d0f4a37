"""The strategy lab: the ladder of a place, a draft of it with what is wrong and what is different, and its proposal."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.showing import show
from afterloan.enquiry.arms import arms_compared
from afterloan.enquiry.ladders import LadderInUse, LadderLint, ladder_versions, ladders_in_use, lint
from afterloan.facts.act import Refused
from afterloan.servicing.may import may_propose
from afterloan.servicing.verbs import verb_named
from afterloan.store.contacts import defaults_of

LONGEST = 200_000
"""Characters of a ladder."""
BESIDE = 2
"""Lines shown before and after one that is wrong."""


def strategy_router() -> APIRouter:
    """`/strategy`, a draft checked, a draft proposed."""
    router = APIRouter()
    router.get("/strategy")(strategy)
    router.post("/strategy/drafts")(draft)
    return router


def _used(asking: Asking, place: str) -> tuple[list[LadderInUse], LadderInUse]:
    every = ladders_in_use(asking.connection, asking.on)
    wanted = place or str(defaults_of(asking.connection)["jurisdiction"])
    for one in every:
        if one.jurisdiction == wanted:
            return every, one
    raise refuse(404, "unknown", "no ladder is used at a place of that name", "choose one shown", "place")


def strategy(asking: SignedIn, place: str = "") -> Response:
    """The ladder in use, step by step, and a draft of it."""
    return _shown(asking, place)


def _shown(
    asking: Asking, place: str, text: str = "", found: LadderLint | None = None, status: int = 200,
    refused: Refused | None = None, since: str = "",
) -> Response:  # fmt: skip
    every, used = _used(asking, place)
    may = may_propose(asking.person, verb_named("ladder.use"), asking.today) is None
    return show(
        asking, "strategy.html", "strategy", status, every=every, used=used, text=text or used.text, lint=found,
        refused=refused, may_propose=may, since=since or asking.today + timedelta(days=1),
        arms=arms_compared(asking.connection, used.jurisdiction, asking.on), at=_near(text, found),
        versions=ladder_versions(asking.connection, used.jurisdiction, asking.on),
        from_on=asking.on - timedelta(days=90), may_try=asking.may("ladder.try"),
    )  # fmt: skip


def _near(text: str, found: LadderLint | None) -> list[tuple[int, str]]:
    """The line of a mistake with those beside it, each with its number; nothing where there is none."""
    if found is None or found.sound:
        return []
    lines = text.splitlines()
    first = max(found.line - 1 - BESIDE, 0)
    return list(enumerate(lines[first : found.line + BESIDE], first + 1))


def draft(asking: SignedIn, form: Form) -> Response:
    """Check a draft; `propose`: ask a second person to let it be used from the next decision on."""
    _, used = _used(asking, form["place"])
    text = form.values.get("text", "").replace("\r\n", "\n")[:LONGEST]
    found = lint(text, used.text)
    if not found.sound or not form["propose"]:
        return _shown(asking, used.jurisdiction, text, found, 200 if found.sound else 422)
    try:
        asked = {"jurisdiction": used.jurisdiction, "text": text} | ({"since": form["since"]} if form["since"] else {})
        asking.propose("ladder.use", asked, f"form:{form.key}")
    except RefusedHere as error:
        return _shown(asking, used.jurisdiction, text, found, error.status, error.refused, form["since"])
    return RedirectResponse("/approvals?done=propose", 303)
