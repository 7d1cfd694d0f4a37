"""Text that others send, out of bytes: UTF-8, CSV, JSON, YAML; what is none of these is refused in words, never raised.

Readers of the standard library fail in several ways of their own (`csv.Error`, `RecursionError`, a plain `ValueError`
for a number of 5,000 digits or a day such as 2026-02-30 in YAML). Here each of them is one refusal.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from afterloan.expected import ExpectedFailure

BLOCK = 1 << 20
OURS: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads YAML that comes with afterloan as `yaml.SafeLoader` does, in C where that is built: ten times as fast.

Not for what others send: a text that is nested too deep ends the reader in Python by an error that can be told.
"""
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


def encoding_of(file: BinaryIO) -> str:
    """How a file of text is written, by Python's name: `utf-16`, `utf-8-sig`, `gb18030` or `cp1252`; read to its end.

    As its first bytes say, as UTF-8 where all of it fits, else by how bytes beyond ASCII lie: Chinese text has them in
    pairs, in text of Western Europe they stand alone. Of which more fits UTF-8 than does not is damaged UTF-8: it is
    called so, and whoever reads it strictly is told where, instead of reading other signs.
    """
    begins = file.read(2)
    if begins in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        file.seek(0)
        some = file.read(8 * BLOCK)
        seen = some.decode("utf-8", "replace")
        lost = seen.count("\ufffd")
        if sum(sign > "\x7f" for sign in seen) - lost > lost:
            return "utf-8-sig"
        runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", some)]
        return "gb18030" if sum(n for n in runs if n > 1) > 0.8 * sum(runs) else "cp1252"
    return "utf-8-sig"


def separator_of(head: str) -> str:
    """The separator that the first line of a table holds most of, quoted names aside: comma, semicolon, tab or bar."""
    line = re.sub(r'"[^"]*"', "", head.lstrip("\n").split("\n", 1)[0])
    return max(",;\t|", key=line.count)


def json_digest(told: Mapping[str, Any]) -> str:
    """The SHA-256 of JSON values, whatever order their names stand in; hexadecimal."""
    return sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
