"""How fast a program may ask: a bucket of requests for each key, filled again as time goes by; kept in this process."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

EACH_SECOND = 50
"""Requests of a key in a second; as many at once."""
MOST_KEYS = 10_000


@dataclass(slots=True)
class Speed:
    """The buckets by key: what is left, and when that was so."""

    left: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def take(self, key: str, now: datetime) -> int:
        """Take a request; how many are left for now, -1: none was.

        Of 50, all taken at once, half a second later there are 25 again.
        """
        with self.lock:
            if len(self.left) > MOST_KEYS:  # who has been quiet for a second has a full bucket anyway
                self.left.clear()
            had, at = self.left.get(key, (float(EACH_SECOND), now))
            had = min(EACH_SECOND, had + max((now - at).total_seconds(), 0.0) * EACH_SECOND)
            took = had >= 1
            self.left[key] = (had - 1 if took else had, now)
            return int(had - 1) if took else -1
