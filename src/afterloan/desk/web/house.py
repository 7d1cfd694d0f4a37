"""What one `serve` serves: a book, whether it is a demonstration, the machine's clock for all but business days."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from afterloan.desk.identity.oidc import Directory
from afterloan.desk.web.speed import Speed
from afterloan.store.server import Store

Host = Literal["desk", "my", "api"]
HOSTS: tuple[Host, ...] = ("api", "desk", "my")


def machine_clock() -> datetime:
    """The moment as the machine has it: for sittings and codes, never for a business day."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Lasts:
    """How long a sitting lasts: `idle` without a request, `most` in all."""

    idle: timedelta
    most: timedelta


LASTS: dict[Host, Lasts] = {
    "desk": Lasts(timedelta(minutes=30), timedelta(hours=10)),
    "my": Lasts(timedelta(minutes=15), timedelta(hours=8)),
    "api": Lasts(timedelta(hours=8), timedelta(hours=8)),
}


@dataclass(frozen=True, slots=True)
class House:
    """A book served. `demo`: people sit down without a password and the test clock can be moved.

    `domain`: what stands behind `api.`, `desk.` and `my.`; `localhost` on a laptop.
    """

    store: Store
    demo: bool = False
    domain: str = "localhost"
    now: Callable[[], datetime] = field(default=machine_clock)
    speed: Speed = field(default_factory=Speed)
    directory: Directory | None = None
    """The lender's directory, where people sign in by it."""
    rings: Callable[[], None] | None = None
    """Tells whoever does jobs that there is a new one."""

    def host_named(self, header: str) -> Host | Literal["", "?"]:
        """Which of the three a Host header names; "": the bare address of the machine; "?": none of ours.

        `desk.localhost:8000` is the desk; `127.0.0.1:8000` the bare address.
        """
        name = header.rsplit(":", 1)[0] if not header.endswith("]") else header
        first, _, rest = name.lower().partition(".")
        if rest == self.domain and first in HOSTS:
            return first
        bare = {self.domain, "localhost", "127.0.0.1", "[::1]"}
        return "" if name.lower() in bare else "?"
