"""Gateways and webhooks against a real HTTP server: keys, signatures, lines that break, callbacks that lie."""

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from afterloan.facts.act import Answer
from afterloan.facts.message import MessageDelivered
from afterloan.sending.channels import ChannelsRefused, read_setting
from afterloan.sending.drain_work import drain
from afterloan.sending.messages import token
from afterloan.sending.receipts import take_callback
from afterloan.sending.webhook import CallbackRefused, signed, verified
from afterloan.servicing.desk import desk_of
from afterloan.servicing.receipts import take
from afterloan.store.events import events_of
from afterloan.store.server import Store

from .messages_kit import NOON, action, borrowers, kinds, plan, steps

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()


class Gateway:
    """A gateway that honours keys: what it took by key, and how often each was sent.

    `answers`: for the next requests, "drop" (takes the message and hangs up) or an HTTP status.
    """

    def __init__(self) -> None:
        self.taken: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answers: list[str | int] = []
        self.refused = 0


def handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def say(self, status: int, told: Any) -> None:
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            self.say(200, {"id": f"gw-{name[:6]}"}) if name in gateway.taken else self.say(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {k.lower(): v for k, v in self.headers.items()}
            if "webhook-signature" in headers:
                told = verified(SECRET, headers, body)  # the receiver checks our signature
            else:
                told = json.loads(body)
            name = headers.get("idempotency-key") or headers.get("webhook-id") or str(len(gateway.requests))
            gateway.requests.append((name, headers))
            answer = gateway.answers.pop(0) if gateway.answers else 200
            if answer not in ("drop", 200):
                self.say(int(answer), {"error": "as told"})
                return
            known = name in gateway.taken
            gateway.taken.setdefault(name, told)
            if answer == "drop":
                self.close_connection = True
                self.connection.close()
                return
            self.say(409 if known else 200, {"id": f"gw-{name[:6]}"})

    return Handler


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Gateway, str]]:
    monkeypatch.setenv("GATEWAY_SECRET", SECRET)
    made = Gateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_key_goes_with_every_send_and_a_broken_line_is_asked_after(
    store: Store, gateway: tuple[Gateway, str]
) -> None:
    made, url = gateway
    borrowers(store, 5)
    plan(store, [action(f"sms/{k}", k, "sms") for k in range(1, 5)])
    plan(store, [action("hook", 5, "webhook")])
    made.answers = [200, "drop", 503, 400]
    told = read_setting(
        {
            "sms": {"use": "http", "url": url, "secret_env": "GATEWAY_SECRET", "settle_seconds": 1},
            "webhook": {"use": "webhook", "url": url, "secret_env": "GATEWAY_SECRET"},
        }
    )
    drain(store, ["sms"], NOON, told=told)
    assert [steps(store, f"sms/{k}")[-1] for k in range(1, 5)] == ["1:sent", "1:unknown", "1:again", "1:refused"]
    drain(store, told=told, moment=NOON + timedelta(seconds=60))
    # the one whose line broke was asked after: the gateway had it, so it was not posted again
    assert steps(store, "sms/2") == ["1:started", "1:unknown", "1:sent"]
    assert steps(store, "sms/3") == ["1:started", "1:again", "2:started", "2:sent"]
    posts = [name for name, _ in made.requests]
    assert [posts.count(token(f"sms/{k}")) for k in range(1, 5)] == [1, 1, 2, 1]
    assert made.taken[token("sms/1")]["to"] == "13900001"
    assert made.taken[token("sms/1")]["text"].startswith("【示例消费金融有限公司】您有一笔512.34元")
    assert made.taken[token("hook")]["data"]["key"] == "hook" and steps(store, "hook")[-1] == "1:sent"
    with store.connect() as connection:
        ends = connection.execute(
            "select body->>'of', body->>'outcome' from event where kind = 'contact.ended' order by 1"
        ).fetchall()
    assert ends == [("sms/3", "not_connected"), ("sms/4", "not_connected")]
    check_receipts(store)


def check_receipts(store: Store) -> None:
    """Receipts of those messages: once each, row by row, and callbacks only when they are signed and fresh."""
    at = (NOON + timedelta(minutes=2)).isoformat()
    rows = [
        {"key": "sms/1", "status": "delivered", "at": at, "receipt": "x1"},
        {"key": "sms/1", "status": "delivered", "at": at},
        {"token": token("sms/2"), "status": "bounced", "at": at, "reason": "number not in use"},
        {"key": "sms/9", "status": "delivered", "at": at},
        {"key": "sms/3", "status": "delighted", "at": at},
        {"key": "sms/3", "status": "delivered", "at": "2027-01-01T00:00:00Z"},
        {"key": "sms/3", "token": token("sms/3"), "status": "opened", "at": at},
        {"key": "sms/3", "status": "opted_out", "at": at},
    ]
    now = NOON + timedelta(minutes=5)
    with store.connect() as connection:
        taken = take(connection, rows, now)
    assert (taken.new, taken.known) == (3, 1)
    assert [(n, why.split(";")[0]) for n, why in taken.refused] == [
        (4, "key: sms/9: no action of that key"),
        (
            5,
            "status: Input should be 'delivered', 'bounced', 'soft_bounced', 'opened' or 'opted_out' "
            "(stands: delighted)",
        ),
        (6, "at: 2027-01-01T00:00:00+00:00 has not come yet"),
        (7, "key: name the message by one of key and token"),
    ]
    with store.connect() as connection:
        assert take(connection, rows, now).known == 4
        told = events_of(connection, "B1", [MessageDelivered.KIND])
    assert [(e.reference, e.at) for e in told] == [("delivered:sms/1", NOON + timedelta(minutes=2))]
    counts = kinds(store)
    assert (counts["message.delivered"], counts["message.bounced"], counts["contact.opted_out"]) == (1, 1, 1)
    body = json.dumps({"key": "sms/4", "status": "opened", "at": at})
    real = datetime.now(UTC)
    with desk_of(store, real) as desk:
        good = signed(SECRET, "cb-1", real, body)
        done = take_callback(desk, SECRET, good, body.encode(), real.date())
        assert isinstance(done, Answer) and (done.verb, done.body["new"], done.body["known"]) == ("receipt.take", 1, 0)
        again = take_callback(desk, SECRET, good, body.encode(), real.date())
        assert isinstance(again, Answer) and again.known and again.act == done.act
        for headers, data in (
            (good, body.replace("sms/4", "sms/3")),
            (signed(SECRET, "cb-2", real - timedelta(minutes=6), body), body),
            (signed(SECRET, "cb-2", real + timedelta(minutes=6), body), body),
            (signed("whsec_" + base64.b64encode(b"another").decode(), "cb-3", real, body), body),
            ({}, body),
            ({**good, "webhook-signature": "nonsense"}, body),
        ):
            with pytest.raises(CallbackRefused, match="callback refused"):
                take_callback(desk, SECRET, headers, data.encode(), real.date())


def test_the_published_vector_of_standard_webhooks() -> None:
    """The test vector of the Standard Webhooks libraries (msg_p5jXN8AQM9LWM0D4loKWxJek, 1614265330)."""
    at = datetime.fromtimestamp(1614265330, UTC)
    made = signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_apprise_sends_and_a_no_goes_to_a_person(
    store: Store, gateway: tuple[Gateway, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, url = gateway
    monkeypatch.setenv("CHAT_URL", url.replace("http://", "json://") + "/{to}")
    borrowers(store, 2, chat="wx-1")
    plan(store, [action("chat/1", 1, "chat"), action("chat/2", 2, "chat")])
    told = read_setting({"chat": {"use": "apprise", "url_env": "CHAT_URL", "settle_seconds": 0}})
    made.answers = [200, 500]
    drain(store, ["chat"], NOON, told=told)
    drain(store, ["chat"], NOON, told=told)
    assert next(iter(made.taken.values()))["message"].startswith("您有一笔512.34元")
    assert len(made.requests) == 2
    assert [steps(store, f"chat/{k}")[-1] for k in (1, 2)] == ["1:sent", "1:doubt"]
    # a receipt settles what was in doubt
    row = {"key": "chat/2", "status": "delivered", "at": NOON.isoformat()}
    with store.connect() as connection:
        take(connection, [row], NOON)
    assert steps(store, "chat/2")[-1] == "1:sent"


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from afterloan.sending.drain import channels

    monkeypatch.delenv("NO_SUCH", raising=False)
    told = read_setting({"sms": {"use": "http", "url": "http://x", "secret_env": "NO_SUCH"}})
    with pytest.raises(ChannelsRefused, match="channels: sms: secret_env: the variable NO_SUCH is not set"):
        channels()["sms"].make(told.place("sms"))
