"""On which days a bureau is told: the next reporting date after an event, and by when the file must be there."""

from dataclasses import dataclass
from datetime import date, timedelta

from afterloan.bureau.packs import rule


@dataclass(frozen=True, slots=True)
class Reporting:
    """Incremental file `as_on` a day, due `due_on`; the whole file of the event's month due `full_due_on`."""

    as_on: date
    due_on: date
    full_due_on: date


def india(event_on: date) -> Reporting:
    """India from 2026-07-01: as on the 9th, 16th, 23rd and the last day, within 4 days; the whole file by the 5th.

    An event on 2026-07-10: as on 2026-07-16, due 2026-07-20, whole file 2026-08-05. Raises ValueError before the rule.
    """
    law = rule("in.bureau.dates")
    if event_on < law.effective_from:
        raise ValueError(f"{event_on} is before {law.effective_from}, from when {law.clause} binds")
    p = law.parameters
    after = (event_on.replace(day=28) + timedelta(days=4)).replace(day=1)
    last = after - date.resolution
    days = [event_on.replace(day=d) for d in p["days"]] + ([last] if p["last_day"] else [])
    as_on = min(d for d in days if d >= event_on)
    return Reporting(as_on, as_on + timedelta(days=int(p["within_days"])), after.replace(day=int(p["full_file_day"])))
