"""What flags of vulnerability say, for whoever was allowed to read them by the act `vulnerability.read`."""

from collections.abc import Iterable
from typing import Any

import psycopg

from afterloan.facts.relief import VulnerabilityFlagged
from afterloan.store.relief import event_named


def flags_told(connection: psycopg.Connection[Any], references: Iterable[str]) -> dict[str, str]:
    """Each flag by its reference: `{"v-1": "health: in hospital until June"}`."""
    found: list[VulnerabilityFlagged] = [event_named(connection, name, VulnerabilityFlagged) for name in references]
    return {f.reference: f"{f.flag}: {f.note}" for f in found}
