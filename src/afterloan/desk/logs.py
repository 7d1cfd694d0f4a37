"""What the program writes of its own work: its log and the working of mistakes, without what they say of people."""

import json
import logging
import os
import re
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

from afterloan.enquiry.masking import long_number

FORM = "AFTERLOAN_LOG"
"""`json`: one JSON object a line, for machines that gather logs; otherwise lines for people."""

ROWS = re.compile(r"\s*\b(?:DETAIL|CONTEXT|LINE \d+):.*", re.S)
"""What PostgreSQL adds to a refusal: the row that failed, with all that stands in it."""
PRIVATE = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "(address)"),
    (long_number(7), "(number)"),
    (re.compile(r"[\u3400-\u9fff\uf900-\ufaff]{2,}"), "(words)"),
)
"""Addresses of e-mail, numbers of phones, identities and accounts, and words in Chinese, as names are."""


def masked(text: str) -> str:
    """A text of an error without rows of the store, e-mail addresses, long numbers and Chinese words.

    `masked("no such mobile: 13912345678")` is `no such mobile: (number)`. A name in Latin letters cannot be told from
    other words: no message of ours says one, and rows of the store are left out whole.
    """
    told = ROWS.sub("", text)
    for found, put in PRIVATE:
        told = found.sub(put, told)
    return told


def working(error: BaseException) -> str:
    """The working of a mistake: where it happened, line by line, and of each error its kind and masked words."""
    told = traceback.TracebackException.from_exception(error)
    seen: traceback.TracebackException | None = told
    while seen is not None:
        seen._str = masked(str(seen))  # type: ignore[attr-defined]
        seen = seen.__cause__ or seen.__context__
    return "".join(told.format())


class LogLines(logging.Formatter):
    """Lines of the log: moment, level, who says it, what; the working of a mistake under it, or in its field."""

    def __init__(self, as_json: bool) -> None:
        """`as_json`: one object a line."""
        super().__init__()
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = masked(record.getMessage())
        error = working(record.exc_info[1]) if record.exc_info and record.exc_info[1] else ""
        if not self.as_json:
            return f"{at} {record.levelname} {record.name}: {said}" + (f"\n{error}" if error else "")
        told = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": said}
        return json.dumps(told | ({"error": error} if error else {}), ensure_ascii=False)


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes the lines of the log; one that cannot be written, as to a closed stream, is told by its kind alone."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say that a line was lost; Python's own way would write its arguments and its error as they are."""
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"a line of the log by {record.name} was not written: {sys.exc_info()[0]!r}\n")


def begin_logs(to: TextIO | None = None) -> logging.Handler:
    """Write the log to standard error in the form that AFTERLOAN_LOG names; the handler, to take it off the root.

    Of libraries too, from warnings on: a server or a queue tells of our mistakes in its own words, and nobody else
    may write them. A log begun before ends: one process writes one log.
    """
    root = logging.getLogger()
    for earlier in [kept for kept in root.handlers if isinstance(kept, LogHandler)]:
        root.removeHandler(earlier)
    handler = LogHandler(to or sys.stderr)
    handler.setFormatter(LogLines(os.environ.get(FORM, "") == "json"))
    root.addHandler(handler)
    logging.getLogger("afterloan").setLevel(logging.INFO)
    return handler
