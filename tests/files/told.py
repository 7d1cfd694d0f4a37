"""What a reader makes of a spoilt file: it reads it or refuses it with words; anything else is our mistake."""

from pathlib import Path
from tempfile import TemporaryDirectory

from afterloan.expected import ExpectedFailure
from tests.files.kinds import Kind


def outcome(kind: Kind, data: bytes) -> str:
    """`read` or `refused`. Whatever a reader raises besides a refusal comes through."""
    with TemporaryDirectory(prefix="afterloan-files-") as folder:
        try:
            kind.read(data, Path(folder))
        except ExpectedFailure as refused:
            assert str(refused).strip(), f"{kind.name}: refused without a word"
            return "refused"
    return "read"
