"""Agencies at the desk: cases proposed, placed by two people, recalled; their files taken; what was against a rule."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.letters import saved
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.proposing import do_or_ask, way_of
from afterloan.desk.workbench.showing import of_form, show, typed_of, unasked
from afterloan.enquiry.agencies import agencies_on, file_of
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Refused
from afterloan.servicing.asked import file_told

MOST = 200
VERBS = ("agency.place", "agency.recall", "agency.answers")
DONE = ("place", "recall", "returns", "sent")


def agencies_router() -> APIRouter:
    """`/agencies`, a file of placed cases."""
    router = APIRouter(prefix="/agencies")
    router.get("")(agencies)
    router.post("")(act)
    router.get("/files/{number}")(file)
    return router


def agencies(asking: SignedIn, done: str = "") -> Response:
    """Cases for agencies and with them, what each agency came to, and the files that went out."""
    asking.permitted("report.read")
    return _shown(asking, done=asking.t(f"desk.agencies.done.{done}") if done in DONE else "")


def _shown(
    asking: Asking, status: int = 200, done: str = "", refused: Refused | None = None, form: FormTold | None = None,
    taken: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    told = agencies_on(asking.connection, min(asking.on, asking.known_on or asking.on), MOST)
    asking.listed(len(told.proposed) + len(told.placed))
    return show(
        asking, "agencies.html", "legal", status, told=told, done=done, refused=refused, typed=typed_of(form),
        taken=taken, may={verb: way_of(asking, verb) for verb in VERBS},
    )  # fmt: skip


def act(asking: SignedIn, form: Form) -> Response:
    """Ask for a placement, recall a case, or take an agency's file."""
    does = {"place": _place, "recall": _recall, "returns": _returns}.get(form["do"])
    if does is None:
        raise unasked()
    try:
        done = does(asking, form)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, form=form, **of_form(error))
    if isinstance(done, dict):
        return _shown(asking, taken=done, done=asking.t("desk.agencies.done.returns"))
    return RedirectResponse(f"/agencies?done={done}", 303)


def _place(asking: Asking, form: FormTold) -> str:
    """Who places cases proposes it: a second person sees how many and agrees."""
    asking.propose("agency.place", {"agency": form["agency"]}, f"form:{form.key}")
    return "sent"


def _recall(asking: Asking, form: FormTold) -> str:
    return do_or_ask(
        asking, "agency.recall", {"of": form["of"], "reason": form["reason"]}, f"form:{form.key}", "recall"
    )


def _returns(asking: Asking, form: FormTold) -> dict[str, Any]:
    _, content = form.files.get("file", ("", b""))
    if not content:
        raise ExpectedFailure(asking.t("desk.legal.no_file"))
    asked = {"agency": form["agency"], **file_told(content)}
    return dict(asking.do("agency.answers", asked, f"form:{form.key}").body)


def file(asking: SignedIn, number: str) -> Response:
    """The file for an agency that an act made: it names people, so only who may place may have it."""
    asking.permitted("report.read")
    if not way_of(asking, "agency.place"):
        raise refuse(403, "not-permitted", "agency.place is not yours", "ask a lead", "file")
    found = file_of(asking.connection, int(number)) if number.isdecimal() and len(number) < 19 else None
    if found is None:
        raise refuse(404, "unknown", "no file of that number", "look at the list of files", "file")
    asking.listed(found[1].count("\n") - 1)
    return saved(found[1].encode(), f"placed-{number}.csv", "text/csv")
