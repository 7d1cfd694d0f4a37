"""The pages of the portal."""

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.web.asking import SignedIn
from afterloan.desk.web.house import House
from afterloan.desk.web.pages import page


def portal_router(house: House) -> APIRouter:
    """Every page of the portal."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def owe(asking: SignedIn) -> Response:
        """Where a borrower begins."""
        return page(asking, "portal/owe.html")

    return router
