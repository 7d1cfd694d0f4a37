"""A process that does one stage of a lender's day and dies before or after its n-th word to the store."""

import os
import re
import signal
import warnings
from collections.abc import Callable
from typing import Any

import psycopg
from adbc_driver_manager import dbapi as arrow

from afterloan.store.server import open_store
from tests.faults.stages import STAGES, Scene

WORDS = (
    (psycopg.Cursor, ("execute", "executemany", "copy")),
    (psycopg.AsyncCursor, ("execute",)),
    (psycopg.Connection, ("commit",)),
    (arrow.Cursor, ("execute", "adbc_ingest")),
    (arrow.Connection, ("commit",)),
)
"""What a process says to PostgreSQL: each statement and each commit is a place to die at."""


DULL = re.compile(r"\s*(select|set|show|with)\b", re.I)
"""Words that change nothing: one may die there too, but there is less to lose."""


class Counter:
    """Counts words; at the `at`-th (from 1) the process is killed without warning, before it is said or after."""

    def __init__(self, at: int, after: bool, whom: int = 0) -> None:
        self.at, self.after, self.said, self.whom = at, after, 0, whom or os.getpid()
        self.writes: list[int] = []

    def __call__(self, said: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*told: Any, **more: Any) -> Any:
            self.said += 1
            if not DULL.match(str(told[1]) if len(told) > 1 else ""):
                self.writes.append(self.said)
            mine = self.said == self.at
            if mine and not self.after:
                os.kill(self.whom, signal.SIGKILL)
            answer = said(*told, **more)
            if mine:
                os.kill(self.whom, signal.SIGKILL)
            return answer

        return counted


def victim(
    url: str, stage: str, scene: Scene, at: int, after: bool, told: Any = None, whom: int = 0,
    quiet: bool = False,
) -> None:  # fmt: skip
    """Do a stage; `at` 0: to its end, then `told` gets how many words it took and which of them wrote something.

    `whom`: the process that is killed, where it is not this one (the server of the store).
    """
    os.setsid()
    warnings.simplefilter("ignore")
    if quiet:  # that a process complains when its server dies is right, and fills pages
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    counter = Counter(at, after, whom)
    for place, names in WORDS:
        for name in names:
            setattr(place, name, counter(getattr(place, name)))
    store = open_store(url)
    STAGES[stage].does(store, scene)
    store.close()
    if told is not None:
        told.put((counter.said, counter.writes))
