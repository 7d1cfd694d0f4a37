"""A document as evidence: its type by its first bytes, its size and digest."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from afterloan.facts import (
    FactRefused,
)
from afterloan.facts.relief import (
    Evidence,
)
from afterloan.strategy.eligibility import relief_rule

Connection = psycopg.Connection[Any]


MAGIC = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


def evidence_of(path: Path) -> Evidence:
    """A document on disk as evidence: its type by its first bytes, not by its name. Raises FactRefused."""
    most = relief_rule("hardship.evidence").parameters["most_bytes"]
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise FactRefused("evidence", str(path), f"cannot be read: {error.strerror}", "check the path") from error
    return evidence_from(content, path.name)


def evidence_from(content: bytes, name: str) -> Evidence:
    """A document as evidence: its type by its first bytes, its size and digest."""
    kind = next((kind for magic, kind in MAGIC.items() if content.startswith(magic)), "unknown")
    return Evidence(name=name, type=kind, bytes=len(content), sha256=sha256(content).hexdigest())
