"""A position's state in a word and its days as dates, as all questions tell them."""

from datetime import date
from typing import Any

import numpy as np

from afterloan.dates import NEVER, date_of
from afterloan.loan.terms import State


def state_of(position: np.void, wrong: str = "unreckoned") -> str:
    """The state of a position, `paid_off`; `wrong` for one that could not be reckoned."""
    return wrong if position["error"] else State(int(position["state"])).name.lower()


def date_or_none(number: Any) -> date | None:
    """The date of a day number; None for 0 and for "never", which both say that there is none."""
    return date_of(int(number)) if 0 < int(number) < NEVER else None
