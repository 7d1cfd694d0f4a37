"""What follows an act, whichever door it came by: what a cure, a payoff or a hold ends is withdrawn."""

from datetime import date
from typing import TYPE_CHECKING, Any

from afterloan.dates import number_of
from afterloan.servicing.withdrawal import withdraw_cured, withdraw_held
from afterloan.store.limits import owed_at

if TYPE_CHECKING:
    from afterloan.servicing.desk import Desk


def follow(desk: "Desk", on: date) -> dict[str, Any]:
    """What the act ended for each borrower it touched, in its transaction; told where something was.

    A borrower who owes nothing now is left in peace; what a hold in effect stops is withdrawn.
    """
    day = number_of(on)
    owed = {loan: owed_at(taken.reckoned.position) for loan, taken in desk.taken.items() if taken.day == day}
    withdrawn = sum(
        withdraw_held(desk.connection, name, on) + withdraw_cured(desk.connection, name, on, owed)
        for name in desk.touched.values()
    )
    return {"withdrawn": withdrawn} if withdrawn else {}
