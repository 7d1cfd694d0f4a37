"""Is this message ours? Asked without signing in; a forged code says no, and who guesses waits."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.portal.screens import show, wrong
from afterloan.desk.web.asking import Ask, Asking, Form
from afterloan.enquiry.verified import Ours, ours
from afterloan.sending.channels import setting
from afterloan.sending.templates import lender_text
from afterloan.store.contacts import place_in
from afterloan.store.rates import MostOften, hidden, take

TRIES = (MostOften("verify-try", 10, timedelta(minutes=15)),)
"""Codes tried from one network address; the eleventh waits."""


def verifying(router: APIRouter) -> None:
    """Adds the pages."""

    @router.get("/verify")
    def ask(asking: Ask) -> Response:
        """Where the code is typed, our numbers, and what we never ask."""
        return show(asking, "verify", found=None, typed="", phone=_phone(asking.language))

    @router.post("/verify")
    def answer(asking: Ask, form: Form) -> Response:
        """Ours or not; tried ten times in a quarter of an hour, one waits."""
        typed, phone = form["code"][:40], _phone(asking.language)
        wait = take(asking.connection, TRIES, hidden(asking.connection, f"verify:{asking.place}"), asking.house.now())
        if wait is not None:
            told = wrong("code.wait", "code")
            waits = show(asking, "verify", 429, found=None, typed="", phone=phone, refused=told)
            waits.headers["retry-after"] = str(-(-wait // timedelta(seconds=1)))
            return waits
        found = ours(asking.connection, typed)
        refused = None if found else wrong("verify.not_ours", "code")
        return show(asking, "verify", 200 if found else 422, found=found, typed=typed, phone=phone, refused=refused,
                    older=_older(asking, found))  # fmt: skip


def _older(asking: Asking, found: Ours | None) -> bool:
    """Whether a message is of a day before today, by the lender's clock: what it says may hold no more."""
    if found is None:
        return False
    return found.at.astimezone(ZoneInfo(place_in(asking.connection, None).zones[0])).date() < asking.today


def _phone(language: str) -> str:
    return lender_text(setting().lender, "phone", "zh-CN" if language == "zh" else "en")
