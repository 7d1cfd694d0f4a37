"""A process that does one stage of a lender's day and dies before or after its n-th word to the store."""

import os
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import psycopg
from adbc_driver_manager import dbapi as arrow

from afterloan.store.role import out_of_role
from afterloan.store.server import open_store
from tests.databases import CUT
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


CUTS = f"""
import sys
import psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    connection.execute({CUT!r})
"""
"""Cuts every connection to a book from a process of its own, whose words nobody counts."""


class Counter:
    """Counts words; at the `at`-th (from 1) the process is killed without warning, before it is said or after.

    `cut`: the libpq URL of a book whose connections are all cut then, in place of a kill.
    """

    def __init__(self, at: int, after: bool, whom: int = 0, cut: str = "") -> None:
        self.at, self.after, self.said, self.whom, self.cut = at, after, 0, whom or os.getpid(), cut
        self.writes: list[int] = []

    def _strike(self) -> None:
        if not self.cut:
            os.kill(self.whom, signal.SIGKILL)
            return
        done = subprocess.run([sys.executable, "-c", CUTS, self.cut], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def __call__(self, said: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*told: Any, **more: Any) -> Any:
            self.said += 1
            if not DULL.match(str(told[1]) if len(told) > 1 else ""):
                self.writes.append(self.said)
            mine = self.said == self.at
            if mine and not self.after:
                self._strike()
            answer = said(*told, **more)
            if mine and self.after:
                self._strike()
            return answer

        return counted


def victim(
    url: str, stage: str, scene: Scene, at: int, after: bool, told: Any = None, whom: int = 0,
    quiet: bool = False, cut: bool = False,
) -> None:  # fmt: skip
    """Do a stage; `at` 0: to its end, then `told` gets how many words it took and which of them wrote something.

    `whom`: the process that is killed, where it is not this one (the server of the store). `cut`: nobody is killed, but
    all connections to the book are cut; the stage may end in an error then, or go on with new ones.
    """
    os.setsid()
    warnings.simplefilter("ignore")
    if quiet:  # that a process complains when its server dies is right, and fills pages
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    counter = Counter(at, after, whom, out_of_role(url) if cut else "")
    for place, names in WORDS:
        for name in names:
            setattr(place, name, counter(getattr(place, name)))
    store = open_store(url)
    STAGES[stage].does(store, scene)
    store.close()
    if told is not None:
        told.put((counter.said, counter.writes))
