"""Today: is the day under control, where are people needed."""

from collections.abc import Callable
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.desk.workbench.showing import is_part, show
from afterloan.desk.workbench.why import show_why
from afterloan.enquiry.pinned import pinned
from afterloan.enquiry.tasks import kinds_sent
from afterloan.enquiry.today import TodayTold, today_told
from afterloan.enquiry.why import why_of_day


def today_router() -> APIRouter:
    """`/`, and why of its figures."""
    router = APIRouter()
    router.get("/")(today)
    router.get("/why/day")(why_day)
    router.get("/today.json")(today_json)
    return router


def _told(asking: Asking) -> TodayTold:
    known = asking.known
    return today_told(asking.connection, asking.reader, asking.on, known, kinds_sent(), (asking.person.name,))


def day_why(asking: Asking) -> Callable[[str], str]:
    """Where the why of a figure of the day is had."""
    return lambda about: f"/why/day?on={asking.on}&about={quote(about)}"


def today(asking: SignedIn) -> Response:
    """Where a person begins."""
    share = asking.could("case.share_out")
    return show(
        asking, "today.html", "today", day=_told(asking), why=day_why(asking), may_share=share and not is_part(asking),
        pinned=pinned(asking.connection),
    )  # fmt: skip


def today_json(asking: SignedIn) -> Response:
    """The same for programs."""
    from fastapi.encoders import jsonable_encoder

    return JSONResponse(jsonable_encoder(_told(asking).told()))


def why_day(asking: SignedIn, about: str) -> Response:
    """Why a figure of the day is what it is."""
    return show_why(asking, why_of_day(_told(asking), about, asking.language), "today")
