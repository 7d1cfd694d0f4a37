"""What one independent case came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaseResult:
    """`level` is A … E where the source has levels, else the kind of case; `why` is empty when passed."""

    source: str
    level: str
    id: str
    passed: bool
    why: str
