"""The pages of the portal, each with its JSON twin under `/my`."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.portal.complaining import complaining
from afterloan.desk.portal.disputing import disputing
from afterloan.desk.portal.learning import learning
from afterloan.desk.portal.lines import offered_lines
from afterloan.desk.portal.looking import looked_at_me
from afterloan.desk.portal.owing import owing
from afterloan.desk.portal.paying import paying
from afterloan.desk.portal.rebuilding import rebuilding
from afterloan.desk.portal.relieving import relieving
from afterloan.desk.portal.screens import TEXT
from afterloan.desk.portal.signing_in import signing_in
from afterloan.desk.portal.supporting import supporting
from afterloan.desk.portal.verifying import verifying
from afterloan.desk.web.asking import Ask
from afterloan.desk.web.house import House


def portal_router(house: House) -> APIRouter:
    """Every page of the portal."""
    router = APIRouter(include_in_schema=False)
    owing(router)
    paying(router)
    relieving(router)
    rebuilding(router)
    offered_lines(router)
    disputing(router)
    complaining(router)
    learning(router)
    supporting(router)
    verifying(router)
    signing_in(router)
    looked_at_me(router)

    @router.get("/text/{size}")
    def text(size: str, asking: Ask, back: str = "/") -> Response:
        """Larger text, or the usual one, and back to the page one came from."""
        here = back.startswith("/") and not back.startswith(("//", "/\\"))
        answer = RedirectResponse(back if here else "/", 303)
        if size == "large":
            answer.set_cookie(TEXT, "large", max_age=31_536_000, samesite="lax", secure=True, httponly=True)
        else:
            answer.delete_cookie(TEXT, secure=True, httponly=True)
        return answer

    return router
