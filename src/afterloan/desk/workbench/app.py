"""The pages of the workbench."""

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.web.asking import SignedIn
from afterloan.desk.web.house import House
from afterloan.desk.web.pages import page


def workbench_router(house: House) -> APIRouter:
    """Every page of the workbench."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def today(asking: SignedIn) -> Response:
        """Where a person begins."""
        return page(asking, "workbench/today.html")

    return router
