"""What bureaus did not take: their answer taken in, each line with what mends it; an account in both readings."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.api.asked import theirs
from afterloan.desk.web.asking import Asking, Form, SignedIn, told_day
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.names import reference_of
from afterloan.desk.web.refusing import RefusedHere
from afterloan.desk.workbench.bureau import BUREAUS
from afterloan.desk.workbench.showing import of_form, show, typed_of
from afterloan.enquiry.readings import both_readings
from afterloan.enquiry.rejections import rejected_lines
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Refused
from afterloan.servicing.asked import file_told

MOST = 200


def rejections_router() -> APIRouter:
    """`/bureau/rejections`, a bureau's answer taken; `/bureau/loans/{loan}`."""
    router = APIRouter(prefix="/bureau")
    router.get("/rejections")(rejections)
    router.post("/rejections")(take)
    router.get("/loans/{loan}")(readings)
    return router


def rejections(asking: SignedIn, taken: int = -1, known: int = 0) -> Response:
    """Lines that bureaus did not take, those that wait first."""
    asking.permitted("report.read")
    return _shown(asking, done=asking.t("desk.rejected.taken", n=taken, known=known) if taken >= 0 else "")


def _shown(
    asking: Asking, status: int = 200, refused: Refused | None = None, form: FormTold | None = None, done: str = "",
    lines_refused: list[tuple[int, str, str]] | None = None,
) -> Response:  # fmt: skip
    known = asking.known
    lines = rejected_lines(asking.connection, min(known, asking.today), most=MOST)
    asking.listed(len(lines))
    return show(
        asking, "rejections.html", "bureau", status, lines=lines, bureaus=BUREAUS, typed=typed_of(form), done=done,
        refused=refused, lines_refused=lines_refused or [], may=asking.may_verbs().get("bureau.rejections", False),
        month_end=asking.today.replace(day=1) - timedelta(days=1), waits=sum(one.again is None for one in lines),
    )  # fmt: skip


def take(asking: SignedIn, form: Form) -> Response:
    """Take a bureau's answer for a month: each line that it did not take is kept; others of the file are refused."""
    try:
        _, content = form.files.get("file", ("", b""))
        if not content:
            raise ExpectedFailure(asking.t("desk.legal.no_file"))
        asked = {"bureau": form["bureau"], "month_end": told_day(form["month_end"], "month_end").isoformat()}
        told = asking.do("bureau.rejections", {**asked, **file_told(content)}, f"form:{form.key}").body
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, form=form, **of_form(error))
    if told["refused"]:
        done = asking.t("desk.rejected.taken", n=told["recorded"], known=told["known"])
        return _shown(asking, done=done, lines_refused=[tuple(row) for row in told["refused"]])
    return RedirectResponse(f"/bureau/rejections?taken={told['recorded']}&known={told['known']}", 303)


def readings(asking: SignedIn, loan: str, bureau: str = "") -> Response:
    """An account's months with a bureau: as they were told, and as we would tell them now."""
    asking.permitted("report.read")
    name = reference_of(loan)
    theirs(asking, "", name)
    known, at = asking.known, bureau if bureau in BUREAUS else ""
    told = both_readings(asking.connection, asking.reader, name, at, known)
    asking.listed(1)
    lines = [one for one in rejected_lines(asking.connection, known, told["bureau"]) if one.loan == name]
    return show(asking, "readings.html", "bureau", told=told, bureaus=BUREAUS, rejected=lines)
