"""A gateway for text messages in a simulated world: it takes a key once, its answers get lost, and it can be asked.

Nothing of `afterloan` is here: the form is that of docs/messages.md ("The HTTP adapter"). What a gateway is told, by
those words:

* Each message comes signed, under the md5 of its key, the same for every try.
* What the gateway has said that it has (to the message, or when it was asked) is never sent to it again. After a line
  that broke it is asked first; what it never had is sent once more, and what it cannot say under the same key.
"""

import hashlib
import hmac
import json
import os
import threading
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

VARIABLE = "SIMULATED_GATEWAY_SECRET"
SECRET = "whsec_" + b64encode(b"what both of them know..").decode()


@dataclass(frozen=True)
class Taken:
    """A message as the gateway has it, and when it came."""

    key: str
    text: str
    at: datetime


class Gateway:
    """What it has by token; `wrong` says what it should not have been sent. Chance follows from seed, token and try."""

    def __init__(self, seed: int) -> None:
        self.seed, self.lock = seed, threading.Lock()
        self.now: datetime | None = None
        self.taken: dict[str, Taken] = {}
        self.said: set[str] = set()
        """What the sender knows to be here: it was told so."""
        self.unsaid: set[str] = set()
        """What the gateway could not say when it was asked."""
        self.tries: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.happened: list[str] = []

    def _chance(self, what: str, token: str) -> float:
        self.tries[what + token] += 1
        return Random(f"{self.seed} {what} {token} {self.tries[what + token]}").random()

    def take(self, token: str, headers: dict[str, str], body: bytes) -> int:
        """The answer to a message: an HTTP status, 0 where the line breaks before it is told."""
        told = json.loads(body)
        with self.lock:
            assert self.now is not None, "somebody tells the time before each drain"
            if not signed_rightly(headers, body) or token != hashlib.md5(told["key"].encode()).hexdigest():
                self.wrong.append(f"{told['key']} came under {token}, or with a wrong signature")
            if token in self.said:
                self.wrong.append(f"{told['key']} was sent again, though the gateway had said that it has it")
            if token in self.taken:
                self.happened.append("told again under its key, taken once")
                self.said.add(token)
                return 409
            chance = self._chance("take", token)
            if chance < 0.2:
                self.happened.append("line broke before the gateway had it")
                return 0
            if chance < 0.36:
                self.happened.append("gateway asked for later" if chance < 0.3 else "refused by the gateway")
                return 503 if chance < 0.3 else 400
            self.taken[token] = Taken(told["key"], told["text"], self.now)
            if chance < 0.75:
                self.happened.append("answer lost on the line")
                return 0
            self.said.add(token)
            return 200

    def ask(self, token: str) -> int:
        """The answer to a question after a message."""
        with self.lock:
            if self._chance("ask", token) < 0.35:
                self.happened.append("asked after: the gateway could not say")
                self.unsaid.add(token)
                return 500
            has = token in self.taken
            self.happened.append(f"asked after: the gateway {'had it' if has else 'never had it'}")
            self.said |= {token} if has else set()
            return 200 if has else 404

    def end_wrong(self, key: str, last: str) -> str:
        """Why a message that the gateway has should not stand with such a last step; "" where nothing is wrong.

        Its answer may still be in doubt; where the gateway could not say, it may have been given up.
        """
        token = hashlib.md5(key.encode()).hexdigest()
        if token not in self.taken:
            return f"{key} stands as sent, and the gateway never had it" if last == "sent" else ""
        fine = last in ("sent", "started", "unknown") or (token in self.unsaid and token not in self.said)
        return "" if fine else f"the gateway has {key}, which stands as {last}"


def signed_rightly(headers: dict[str, str], body: bytes) -> bool:
    """The signature of Standard Webhooks, reckoned from its words: HMAC-SHA256 of `id.timestamp.body`."""
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    due = hmac.digest(b64decode(SECRET.removeprefix("whsec_")), said, "sha256")
    return f"v1,{b64encode(due).decode()}" in headers["webhook-signature"].split()


@contextmanager
def gateway_running(seed: int) -> Iterator[tuple[Gateway, dict[str, str]]]:
    """The gateway of a world on a port of its own, and how its channel is set."""
    gateway = Gateway(seed)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: what happens is counted."""

        def _say(self, status: int) -> None:
            if not status:
                self.close_connection = True
                return
            data = json.dumps({"id": "gw"} if status < 400 else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._say(gateway.ask(self.path.rsplit("/", 1)[-1]))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._say(gateway.take(headers["idempotency-key"], headers, body))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ[VARIABLE] = SECRET
    try:
        url = f"http://127.0.0.1:{server.server_port}/messages"
        yield gateway, {"use": "http", "url": url, "secret_env": VARIABLE}
    finally:
        server.shutdown()
        server.server_close()
        os.environ.pop(VARIABLE, None)
