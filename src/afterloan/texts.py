"""Text that others send, out of bytes: UTF-8, CSV, JSON, YAML; what is none of these is refused in words, never raised.

Readers of the standard library fail in several ways of their own (`csv.Error`, `RecursionError`, a plain `ValueError`
for a number of 5,000 digits or a day such as 2026-02-30 in YAML). Here each of them is one refusal.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from afterloan.expected import ExpectedFailure

WITHOUT_REMARKS = {"remove_comments": True, "remove_pis": True}
"""For every reader of XML: a remark within an amount (`1<!-- -->00`) would otherwise end it, and 100 be read as 1."""


class TextRefused(ExpectedFailure, ValueError):
    """A text that cannot be read: `where` it came from, the `reason`, what to do (`remedy`)."""

    def __init__(self, where: str, reason: str, remedy: str) -> None:
        """`where`: the file, with the line where it is known."""
        super().__init__(f"{where}: {reason}; {remedy}")
        self.where, self.reason, self.remedy = where, reason, remedy


def utf8(data: bytes, where: str) -> str:
    """Bytes as text, a mark of UTF-8 at its beginning left out. Raises TextRefused: other bytes, a zero byte."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextRefused(where, f"byte {error.start} is not UTF-8", "save the file as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise TextRefused(f"{where}: line {line}", "holds a zero byte, so it is no text", "send the file again")
    return text


def utf8_file(path: Path) -> str:
    """A file as text. Raises TextRefused, also where it cannot be opened."""
    try:
        return utf8(path.read_bytes(), str(path))
    except OSError as error:
        raise TextRefused(str(path), f"cannot be read ({error.strerror})", "name a file that is there") from error


def plain_cell(text: str) -> str:
    """A text as a cell of a CSV that a spreadsheet does not reckon: `=1+1` becomes `'=1+1`."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def csv_rows(text: str, where: str, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV, each with the line on which it ends; empty lines are left out. Raises TextRefused."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise TextRefused(f"{where}: line {reader.line_num}", f"is no CSV ({error})", "send it again") from None
        if row is None:
            return
        if row:
            yield reader.line_num, row


def json_told(text: str | bytes, where: str) -> Any:
    """What a JSON text says. Raises TextRefused: no JSON, nested too deep, a number too long to be one."""
    try:
        return json.loads(text if isinstance(text, str) else utf8(text, where))
    except json.JSONDecodeError as error:
        raise TextRefused(
            f"{where}: line {error.lineno}", f"is no JSON ({error.msg})", "send it again, whole"
        ) from None
    except RecursionError:
        raise TextRefused(where, "is nested too deep", "send plain records") from None
    except TextRefused:
        raise
    except ValueError:
        raise TextRefused(where, "holds a number that is too long", "write it with fewer digits") from None


def yaml_told(text: str, where: str) -> Any:
    """What a YAML text says; None for an empty one. Raises TextRefused: no YAML, nested too deep, no day."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TextRefused(where, f"is no YAML: {' '.join(str(error).split())}", "correct that line") from None
    except RecursionError:
        raise TextRefused(where, "is nested too deep", "write it flatter") from None
    except (ValueError, OverflowError, AttributeError, TypeError, KeyError) as error:
        # PyYAML makes days and numbers while it reads: 2026-02-30 ends in a ValueError of the calendar
        raise TextRefused(where, f"holds a value that cannot be ({error})", "correct it, or put it in quotes") from None
