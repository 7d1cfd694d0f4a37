"""Who looked at me: by role, never by name."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from afterloan.desk.portal.screens import screen
from afterloan.desk.web.asking import SignedIn
from afterloan.enquiry.audit import looked_at


def looked_at_me(router: APIRouter) -> None:
    """Adds the page."""

    @screen(router, "/looked", "looked")
    def looked(asking: SignedIn) -> Mapping[str, Any]:
        """Who of the lender's people and programs read the borrower's record."""
        return {"looked": looked_at(asking.connection, asking.person.name)}
