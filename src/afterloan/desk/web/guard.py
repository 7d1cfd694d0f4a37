"""The wall around every answer: headers, bodies of a bounded size, and nothing written on the word of another site."""

import os
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: dict[str, str] = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=(), payment=()",
    "strict-transport-security": "max-age=31536000",
}
MOST = 1_000_000
"""Bytes of a body."""
MOST_FILE = 50_000_000
"""Bytes of a body that brings a file: a bank statement, an agency's answers."""
FILES = (
    "/bank-statements",
    "/debit-results",
    "/rejections",
    "/returns",
    "/receipts",
    "/evidence",
    "/papers",
)
"""How the paths end that take a file."""
IMPORTS = "/imports"
"""How the paths end that take a whole book."""
MOST_IMPORT = "AFTERLOAN_IMPORT_MOST_MB"
"""The setting: megabytes of a body that brings a book; 500 unless it is set, 5,000 at most."""
READS = {"GET", "HEAD", "OPTIONS"}


def most_import() -> int:
    """Bytes of a body that brings a book."""
    told = os.environ.get(MOST_IMPORT, "")
    megabytes = int(told) if told.isascii() and told.isdecimal() and len(told) < 6 else 500
    return min(max(megabytes, 1), 5_000) * 1_000_000


def most_of(path: str) -> int:
    """Bytes that a body of a path may have."""
    if path.endswith(IMPORTS):
        return most_import()
    return MOST_FILE if path.endswith(FILES) else MOST


def _refusal(status: int, reason: str, words: str) -> tuple[Message, Message]:
    """An answer of a few words, as a problem."""
    from afterloan.desk.web.refusing import problem_bytes

    body = problem_bytes(status, reason, words)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


class TooLarge(Exception):
    """A body went beyond what its path takes."""


ANSWER = "afterloan.answer"
"""Where in a request's scope headers of its answer are gathered: a dict of names and values."""


class Guard:
    """Wraps an app: every answer has `HEADERS`, no body is larger than its path takes, no foreign page writes."""

    def __init__(self, app: ASGIApp) -> None:
        """`app`: what answers inside."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before anything reads it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        scope.setdefault(ANSWER, {})
        guarded = _with_headers(send, scope)
        most = most_of(scope["path"])
        refusal = _too_large(told, most) or _foreign(scope, told)
        if refusal:
            for message in _refusal(*refusal):
                await guarded(message)
            return
        await self._bounded(scope, receive, guarded, most)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        """Pass on, counting what comes in: a body without a length is cut off where it grows too large."""
        taken, begun = 0, False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise TooLarge
            return message

        async def sent(message: Message) -> None:
            nonlocal begun
            if taken > most and not begun:  # whatever the app makes of a body that broke off
                raise TooLarge
            begun = True
            await send(message)

        try:
            await self.app(scope, counted, sent)
        except TooLarge:
            if not begun:
                for message in _refusal(413, "too-large", f"a body here has at most {most} bytes"):
                    await send(message)


BEFORE = "afterloan.before"
"""Where in a request's scope gathers what is done before its answer begins: functions of the answer's status."""


def _with_headers(send: Send, scope: Scope) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            for done in scope.pop(BEFORE, ()):  # what cannot be kept is not shown: a mistake here is one of the answer
                await run_in_threadpool(done, int(message["status"]))
            own: Mapping[str, str] = scope[ANSWER]
            there = {name.lower() for name, _ in message["headers"]}
            more = [(n.encode(), v.encode()) for n, v in {**HEADERS, **own}.items() if n.encode() not in there]
            if b"cache-control" not in there:
                more.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return guarded


def _too_large(told: Mapping[str, str], most: int) -> tuple[int, str, str] | None:
    length = told.get("content-length", "0")
    if not length.isdecimal():
        return 400, "unreadable", "content-length is no number"
    return (413, "too-large", f"{length} bytes; a body here has at most {most}") if int(length) > most else None


def _foreign(scope: Scope, told: Mapping[str, str]) -> tuple[int, str, str] | None:
    """A write that a page of another site set off: told by the browser itself, or by the origin it names.

    What comes with a key in `Authorization` and no cookie is no browser's, and passes.
    """
    if scope["method"] in READS or ("authorization" in told and "cookie" not in told):
        return None
    if told.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403, "cross-site", "another site may not write here"
    origin: Any = told.get("origin")
    if origin and origin.partition("://")[2] != told.get("host", ""):
        return 403, "cross-site", "another site may not write here"
    return None
