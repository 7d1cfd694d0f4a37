"""Which day it is in the book: the test clock of a book that is only played, else the day at the lender's own place."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.store.contacts import with_defaults
from afterloan.store.settings import Setting, settings_and_last_closed

HOUR = "10:00"
"""The hour at which a test clock stands: within the hours in which people may be called."""


@dataclass(frozen=True, slots=True)
class BookClock:
    """The business day `on` and the moment `now` of a book; `test`: it is played, and moves only when told to."""

    on: date
    now: datetime
    test: bool
    closed_through: date | None

    def told(self) -> dict[str, Any]:
        """JSON values."""
        closed = self.closed_through.isoformat() if self.closed_through else None
        return {"business_date": self.on.isoformat(), "now": self.now.isoformat(), "test_clock": self.test,
                "closed_through": closed}  # fmt: skip


def clock_of(connection: psycopg.Connection[Any], machine: datetime) -> BookClock:
    """The clock of a book; `machine`: the moment as the machine has it, which counts only where no test clock is set.

    A book whose test clock says 1 January 2026 is at ten o'clock of that day, whatever the machine says.
    """
    settings, closed = settings_and_last_closed(connection, (Setting.PLACE, Setting.CLOCK))
    zone = ZoneInfo(str(with_defaults(settings[Setting.PLACE])["zone"]))
    told = settings[Setting.CLOCK]
    if not told:
        return BookClock(machine.astimezone(zone).date(), machine, False, closed)
    on = date.fromisoformat(str(told["on"]))
    at = time.fromisoformat(str(told.get("at", HOUR)))
    return BookClock(on, datetime.combine(on, at, zone).astimezone(UTC), True, closed)
