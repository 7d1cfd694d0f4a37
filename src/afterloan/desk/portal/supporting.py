"""A loss in the family, or a need for care: contact pauses, one person sees to it, nothing is asked twice."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.dates import DayRefused, date_told
from afterloan.desk.portal.screens import done_or, screen, show, to, wrong
from afterloan.desk.web.asking import Ask, Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere
from afterloan.enquiry.furnished import borrower_told
from afterloan.enquiry.mine import mine
from afterloan.facts.act import Refused
from afterloan.sending.channels import setting
from afterloan.sending.templates import lender_text
from afterloan.store.contacts import place_in

NEEDS = ("health", "mental_health", "age", "language", "low_literacy", "abuse", "other")
HOURS = ("10:00", "14:00", "16:00", "18:00")
NOTHING = {"income_fen": 0, "spending_fen": 0}
"""No numbers are asked for now; whoever arranges a time asks for them if they are needed."""


def supporting(router: APIRouter) -> None:
    """Adds the pages."""

    @screen(router, "/bereavement", "bereavement")
    def loss(asking: SignedIn) -> Mapping[str, Any]:
        """Somebody close died: when may one person call?"""
        return _loss(asking)

    @router.post("/bereavement")
    def tell_of_loss(asking: SignedIn, form: Form) -> Response:
        """Contact and penalty pause at once, and one person has the day on which to call."""
        at = _at(asking, form)
        if isinstance(at, Refused):
            return show(asking, "bereavement", 422, **_loss(asking), refused=at)
        words = form["told"][:2_000] or asking.t("portal.bereavement.told")
        refused = _paused(asking, form, words) or _called(asking, form, at)
        if refused is not None:
            return show(asking, "bereavement", 422, **_loss(asking), refused=refused)
        return to("/bereavement?done=1")

    @screen(router, "/support", "support")
    def need(asking: SignedIn) -> Mapping[str, Any]:
        """What we should know so that we treat the borrower well."""
        return {"needs": NEEDS, "typed": {}, "done": bool(asking.request.query_params.get("done"))}

    @router.post("/support")
    def tell_of_need(asking: SignedIn, form: Form) -> Response:
        """Kept as a flag that few may read, by the borrower's own consent."""
        refused = wrong("need.none", "flag") if form["flag"] not in NEEDS else None
        refused = refused or (None if form["agree"] == "yes" else wrong("consent.none", "agree"))
        if refused is None:
            note = form["told"][:2_000] or asking.t(f"portal.support.need.{form['flag']}")
            asked = {"borrower": asking.person.name, "flag": form["flag"], "note": note}
            answer = done_or(asking, "vulnerability.flag", asked, form.key)
            if not isinstance(answer, RefusedHere):
                return to("/support?done=1")
            refused = answer.refused
        return show(asking, "support", 422, needs=NEEDS, typed=form.values, done=False, refused=refused)

    @router.get("/died")
    def died(asking: Ask) -> Response:
        """Whoever tells us that a borrower of ours died: whom to call. Nobody is looked up here."""
        lender, tongue = setting().lender, "zh-CN" if asking.language == "zh" else "en"
        return show(asking, "died", phone=lender_text(lender, "phone", tongue),
                    address=lender_text(lender, "address", tongue))  # fmt: skip


def _loss(asking: Asking) -> dict[str, Any]:
    it = mine(asking.connection, asking.person.name, asking.today)
    review = next((p for p in it.peace if p.hold == "hardship_review"), None)
    return {"until": review.until if review else None, "paused": review is not None, "hours": HOURS,
            "tomorrow": asking.today + timedelta(1), "done": bool(asking.request.query_params.get("done"))}  # fmt: skip


def _at(asking: Asking, form: FormTold) -> datetime | Refused:
    """The moment at which one person may call, where the borrower lives; a day to come, one of the hours."""
    try:
        on = date_told(form["on"])
    except DayRefused:
        return wrong("date.none", "on")
    if on <= asking.today or form["hour"] not in HOURS:
        return wrong("date.none", "on")
    place = place_in(asking.connection, borrower_told(asking.connection, asking.person.name)[1])
    return datetime.combine(on, time.fromisoformat(form["hour"]), ZoneInfo(place.zones[0]))


def _paused(asking: Asking, form: FormTold, words: str) -> Refused | None:
    """Collection, contact and penalty rest, and the flag stands; what is under review is not asked twice."""
    who, refused = asking.person.name, None
    if not mine(asking.connection, who, asking.today).asked:
        asked: dict[str, Any] = {"borrower": who, "cause": "bereavement", "told": words, "means": NOTHING}
        answer = done_or(asking, "hardship.apply", asked, form.key)
        refused = answer.refused if isinstance(answer, RefusedHere) else None
    if refused is None:
        flag = {"borrower": who, "flag": "bereavement", "note": words}
        answer = done_or(asking, "vulnerability.flag", flag, f"{form.key}-flag")
        refused = answer.refused if isinstance(answer, RefusedHere) else None
    return refused


def _called(asking: Asking, form: FormTold, at: datetime) -> Refused | None:
    """The task of the day on which one person calls. What happened stands where few read it, not in the task."""
    asked = {"borrower": asking.person.name, "at": at, "note": "asked for at the portal: read the application first"}
    answer = done_or(asking, "case.call_back", asked, f"{form.key}-call")
    return answer.refused if isinstance(answer, RefusedHere) else None
