"""The pages of the workbench."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.app import add_routes
from afterloan.desk.web.asking import Ask, Form, SignedIn
from afterloan.desk.web.house import House
from afterloan.desk.web.refusing import refuse
from afterloan.desk.workbench.admin import admin_router
from afterloan.desk.workbench.agencies import agencies_router
from afterloan.desk.workbench.approving import approving
from afterloan.desk.workbench.audit import audit_router
from afterloan.desk.workbench.bureau import bureau_router
from afterloan.desk.workbench.case import case_router
from afterloan.desk.workbench.debits import debits_router
from afterloan.desk.workbench.exports import exports_router
from afterloan.desk.workbench.finance import finance_router
from afterloan.desk.workbench.imports import imports_router
from afterloan.desk.workbench.legal import legal_router
from afterloan.desk.workbench.money import money_router
from afterloan.desk.workbench.previews import previews_router
from afterloan.desk.workbench.rejections import rejections_router
from afterloan.desk.workbench.relief import relief_router
from afterloan.desk.workbench.risk import risk_router
from afterloan.desk.workbench.sandbox import sandbox_router
from afterloan.desk.workbench.showing import THEME, show
from afterloan.desk.workbench.strategy import strategy_router
from afterloan.desk.workbench.tasks import tasks_router
from afterloan.desk.workbench.today import today_router
from afterloan.desk.workbench.trials import trials_router
from afterloan.desk.workbench.worklist import worklist_router
from afterloan.enquiry.find import find

THEMES = ("light", "dark", "system")
PARTS = (
    today_router, worklist_router, case_router, relief_router, tasks_router, approving, money_router, debits_router,
    strategy_router, trials_router, bureau_router, previews_router, rejections_router, legal_router,
    agencies_router, risk_router,
    finance_router, exports_router, imports_router, audit_router, admin_router,
)  # fmt: skip


def workbench_router(house: House) -> APIRouter:
    """Every page of the workbench."""
    router = APIRouter(include_in_schema=False)
    for part in PARTS:
        add_routes(router, part())
    if house.demo:
        add_routes(router, sandbox_router())
    router.get("/search")(search)
    router.post("/search")(found)
    router.get("/theme/{theme}")(choose_theme)
    return router


def search(asking: SignedIn) -> Response:
    """Where one looks for a borrower."""
    return show(asking, "search.html", "search", found=[])


def found(asking: SignedIn, form: Form) -> Response:
    """Borrowers by a part of a name, a reference, a loan, a phone's last digits: posted, so that no name and no number
    stands in an address.
    """
    words = form["q"][:200]
    rows = find(asking.connection, words) if words else []
    asking.searched(words, len(rows))
    return show(asking, "search.html", "search", asked=words, found=rows)


def choose_theme(theme: str, asking: Ask, to: str = "/") -> Response:
    """Keep dark or light, or what the machine says, and go back."""
    if theme not in THEMES:
        raise refuse(404, "unknown", "no such theme", f"there are: {', '.join(THEMES)}", "theme")
    here = to.startswith("/") and not to.startswith(("//", "/\\"))
    answer = RedirectResponse(to if here else "/", 303)
    answer.set_cookie(THEME, theme, max_age=31_536_000, samesite="lax", secure=True, httponly=True)
    return answer
