"""Tells webhooks what happened, in a thread beside the pages."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from afterloan.sending.hooks import push_due
from afterloan.store.connect import is_lost
from afterloan.store.server import Store

LOG = logging.getLogger("afterloan.push")
PAUSE = 1.0
"""Seconds between two looks at the log."""


class HookTeller:
    """Looks at the log every second until `stop`; what is being told then is told to its end."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Nothing is told before `start`."""
        self.store, self.now = store, now
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, name="afterloan-push", daemon=True)

    def start(self) -> None:
        """Begin."""
        self.thread.start()

    def stop(self) -> None:
        """End after the delivery that is under way."""
        self.ending.set()
        if self.thread.is_alive():
            self.thread.join(30)

    def _run(self) -> None:
        while not self.ending.wait(PAUSE):
            try:
                push_due(self.store, self.now())
            except Exception as error:
                if is_lost(error):
                    LOG.error("the database does not answer: %s", error)
                else:
                    LOG.exception("webhooks could not be told")
