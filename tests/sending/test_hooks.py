"""Webhooks: what happened is told in order, signed, until taken; a receiver that takes nothing is off after 3 days."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from afterloan.enquiry.happenings import happened_after
from afterloan.enquiry.tasks import kinds_sent, tasks
from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Refused, Who
from afterloan.sending.hooks import post_outward, post_test, post_to, push_due
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.outward import is_public, outward_url, public_address
from afterloan.store.acts import begin_act, keep_act
from afterloan.store.connect import connect_to
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from afterloan.store.webhooks import deliveries_of, secrets_of, webhook_named
from tests.strategy.books import borrower

ADMIN = Who("person", "admin-feng", ("administrator",), "test")
AGENT = Who("person", "agent-li", ("agent",), "test")
ON = date(2026, 2, 10)
NOW = datetime(2026, 2, 10, 4, tzinfo=UTC)


class Receiver:
    """A receiver that takes what is signed rightly; `says`: why it takes nothing, as long as it says so."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.says = ""
        self.takes = 1_000

    def __call__(self, url: str, body: str, headers: Mapping[str, str]) -> str:
        if self.says or self.takes == 0:
            return self.says or "answered HTTP 503"
        self.takes -= 1
        self.taken.append(json.loads(body))
        self.headers.append({**headers, "body": body})
        return ""

    @property
    def references(self) -> list[str]:
        return [one["data"]["reference"] for one in self.taken]


@pytest.fixture
def book(store: Store) -> Store:
    with store.connect() as connection:
        borrower(connection, "B1", mobile="13800001234")
        set_parts(connection, Setting.CLOCK, {"on": ON.isoformat()})
    return store


def act(store: Store, verb: str, asked: dict[str, Any], name: str, who: Who = ADMIN) -> Answer | Refused:
    with desk_of(store, NOW) as desk:
        return do(desk, who, verb, asked, name, ON)


def subscribed(store: Store, name: str = "erp", **more: Any) -> None:
    asked = {"webhook": name, "url": "https://hooks.example/in", **more}
    assert isinstance(act(store, "webhook.subscribe", asked, f"sub-{name}"), Answer)


def noted(store: Store, name: str) -> None:
    asked = {"borrower": "B1", "text": f"he rang, 13800001234 ({name})"}
    assert isinstance(act(store, "case.note", asked, name, AGENT), Answer)


def named(store: Store, name: str = "erp") -> Any:
    with store.connect() as connection:
        found = webhook_named(connection, name)
    assert found is not None
    return found


def test_what_happens_is_told_once_in_order_signed_and_without_personal_data(book: Store) -> None:
    receiver = Receiver()
    noted(book, "before")
    subscribed(book)
    for name in ("n1", "n2", "n3"):
        noted(book, name)
    assert push_due(book, NOW, receiver) == 4  # the subscription is the first that it is told
    assert receiver.references == ["sub-erp", "n1", "n2", "n3"]
    assert push_due(book, NOW, receiver) == 0, "nothing is told twice"
    assert receiver.taken[1]["subject"] == "B1" and "13800001234" not in json.dumps(receiver.taken)
    with book.connect() as connection:
        (secret,) = secrets_of(connection, named(book), NOW)
    for headers in receiver.headers:
        moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        sign = Webhook(secret).sign(headers["webhook-id"], moment, headers["body"])
        assert headers["webhook-signature"] == sign
    ids = [headers["webhook-id"] for headers in receiver.headers]
    assert len(set(ids)) == 4 and all(one["id"] in name for one, name in zip(receiver.taken, ids, strict=True))


def test_the_reference_library_believes_it_and_no_other_secret(book: Store) -> None:
    subscribed(book)
    receiver, now = Receiver(), datetime.now(UTC)
    assert push_due(book, now, receiver) == 1
    headers = dict(receiver.headers[0])
    body = headers.pop("body")
    with book.connect() as connection:
        (secret,) = secrets_of(connection, named(book), now)
    assert Webhook(secret).verify(body, headers)["type"] == "afterloan.webhook.subscribe.v1"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(body, headers)


def test_a_receiver_is_told_of_its_types_only_and_whole_where_it_is_asked(book: Store) -> None:
    subscribed(book, "notes", types=["afterloan.case."], whole=True)
    subscribed(book, "none", types=["afterloan.repayment."])
    noted(book, "n1")
    receiver = Receiver()
    assert push_due(book, NOW, receiver) == 1
    assert receiver.taken[0]["data"]["asked"]["text"].endswith("(n1)")
    assert named(book, "none").place == named(book, "notes").place, "what it does not want is behind it all the same"


def test_a_receiver_waits_at_what_it_did_not_take_and_is_told_later_and_later(book: Store) -> None:
    subscribed(book, types=["afterloan.case."])
    for name in ("n1", "n2", "n3"):
        noted(book, name)
    receiver = Receiver()
    receiver.takes = 1
    assert push_due(book, NOW, receiver) == 2 and receiver.references == ["n1"]
    assert named(book).tries == 1 and named(book).told()["state"] == "failing"
    assert push_due(book, NOW + timedelta(seconds=5), receiver) == 0, "not before its time"
    assert push_due(book, NOW + timedelta(seconds=6), receiver) == 1  # a tenth of a minute, then half a minute
    assert named(book).next_at == NOW + timedelta(seconds=6) + timedelta(seconds=30)
    receiver.takes = 9
    assert push_due(book, NOW + timedelta(minutes=1), receiver) == 2
    assert receiver.references == ["n1", "n2", "n3"] and named(book).told()["state"] == "on"
    with book.connect() as connection:
        told = [(d["good"], d["detail"]) for d in deliveries_of(connection, "erp")]
    assert told == [(True, "taken"), (True, "taken"), (False, "answered HTTP 503"), (False, "answered HTTP 503"),
                    (True, "taken")]  # fmt: skip


def test_after_three_days_it_is_off_with_a_task_until_it_is_told_anew(book: Store) -> None:
    subscribed(book, types=["afterloan.case."])
    noted(book, "n1")
    receiver, now, tries = Receiver(), NOW, 0
    receiver.says = "answered HTTP 500"
    while named(book).off_on is None:
        now = named(book).next_at or now
        tries += push_due(book, now, receiver)
        assert now - NOW < timedelta(days=4), "it would never end"
    # 0.1 + 0.5 + 2 + 5 + 15 + 30 + 60 + 120 + 240 = 472.6 minutes, then every 8 hours up to 72 hours: 10 + 9 tries
    assert tries == 19 and timedelta(days=3) <= now - NOW < timedelta(days=3, hours=8)
    assert push_due(book, now + timedelta(days=9), receiver) == 0
    with book.connect() as connection:
        (task,) = [t for t in tasks(connection, kinds_sent(), ON) if t.queue == "webhook"]
    assert "erp took nothing for three days" in task.what and "HTTP 500" in task.what
    receiver.says = ""
    assert isinstance(act(book, "webhook.replay", {"webhook": "erp"}, "again"), Answer)
    assert push_due(book, now, receiver) == 1 and receiver.references == ["n1"]
    with book.connect() as connection:
        assert not [t for t in tasks(connection, kinds_sent(), ON) if t.queue == "webhook"]


def test_it_is_told_again_from_any_place(book: Store) -> None:
    subscribed(book, types=["afterloan.case."])
    for name in ("n1", "n2"):
        noted(book, name)
    receiver = Receiver()
    push_due(book, NOW, receiver)
    first = receiver.taken[0]["id"]
    assert isinstance(act(book, "webhook.replay", {"webhook": "erp", "after": first}, "r1"), Answer)
    assert isinstance(act(book, "webhook.replay", {"webhook": "erp", "after": first}, "r1"), Answer), "known"
    push_due(book, NOW, receiver)
    assert receiver.references == ["n1", "n2", "n2"]
    act(book, "webhook.replay", {"webhook": "erp", "after": ""}, "r2")
    push_due(book, NOW, receiver)
    assert receiver.references == ["n1", "n2", "n2", "n1", "n2"]
    assert isinstance(act(book, "webhook.end", {"webhook": "erp"}, "e"), Answer)
    noted(book, "n3")
    assert push_due(book, NOW, receiver) == 0


def test_two_secrets_sign_for_a_day(book: Store) -> None:
    subscribed(book)
    with book.connect() as connection:
        (old,) = secrets_of(connection, named(book), NOW)
    act(book, "webhook.renew_secret", {"webhook": "erp"}, "new")
    with book.connect() as connection:
        both = secrets_of(connection, named(book), NOW + timedelta(hours=23))
        after = secrets_of(connection, named(book), NOW + timedelta(hours=25))
        kept = connection.execute("select answer::text || asked::text from act").fetchall()
    assert both[1] == old and len(both) == 2 and after == both[:1] and both[0] != old
    assert not any("whsec" in row[0] for row in kept), "no secret lies in an act"
    receiver = Receiver()
    now = datetime.now(UTC)
    with book.connect() as connection:
        secrets = secrets_of(connection, named(book), NOW)
    assert post_test(named(book), secrets, now, receiver) == ""
    headers = dict(receiver.headers[0])
    body = headers.pop("body")
    for secret in secrets:
        assert Webhook(secret).verify(body, headers)["type"] == "afterloan.test.v1"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/in", "ftp://hooks.example", "https://", "https://name:word@hooks.example/",
        "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.0.1/", "https://172.16.5.5/", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/", "https://[fd00::1]/", "https://[fe80::1]/", "https://0.0.0.0/",
        "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", "https://100.64.0.1/",
        "https://224.0.0.1/", "https://hooks.example:0/", "https://hooks.example:99999/", "https://hooks example/",
        "https://höoks.example/", "https://hooks.example/#x", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_an_address_that_is_not_outside_is_not_taken(book: Store, url: str) -> None:
    answer = act(book, "webhook.subscribe", {"webhook": "erp", "url": url}, "s")
    assert isinstance(answer, Refused) and answer.where == "url" and answer.remedy


@pytest.mark.parametrize(
    "found",
    [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"], ["::ffff:169.254.169.254"], ["64:ff9b::a9fe:a9fe"], []],
)
def test_a_name_that_stands_for_a_private_address_is_not_called(found: list[str]) -> None:
    with pytest.raises(FactRefused):
        public_address(outward_url("https://hooks.example/"), lambda host, port: found)
    assert "private" in post_outward("https://hooks.example/", "{}", {}, lambda host, port: found)


def test_a_name_is_looked_up_once_and_called_as_it_was_looked_up() -> None:
    looks: list[str] = []

    def looked(host: str, port: int) -> list[str]:
        looks.append(f"{host}:{port}")
        return ["93.184.215.14"] if len(looks) == 1 else ["127.0.0.1"]

    assert public_address(outward_url("https://hooks.example:8443/x"), looked) == "93.184.215.14"
    assert looks == ["hooks.example:8443"]
    assert is_public("93.184.215.14") and is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if not shutil.which("openssl"):
        pytest.skip("makes a certificate with openssl, which is not here")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(cert), "-days",
         "3650", "-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, cert


def listening(certificate: tuple[Path, Path], answer: bytes) -> tuple[int, list[bytes]]:
    """A receiver over TLS on this machine that answers one request; its port and what it was told."""
    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server, told = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        with server:
            plain, _ = server.accept()
            plain.settimeout(20)
            try:
                with context.wrap_socket(plain, server_side=True) as line:
                    read = b""
                    while not read.endswith(b"}"):  # the body of every request here is an object
                        read += line.recv(65536)
                    told.append(read)
                    line.sendall(answer)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1]), told


@pytest.mark.parametrize(
    ("host", "answer", "why"),
    [
        ("hooks.example", b"HTTP/1.1 204 No Content\r\n\r\n", ""),
        (
            "hooks.example",
            b"HTTP/1.1 302 Found\r\nlocation: https://10.0.0.1/\r\ncontent-length: 0\r\n\r\n",
            "HTTP 302",
        ),
        ("hooks.example", b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "HTTP 500"),
        ("other.example", b"HTTP/1.1 204 No Content\r\n\r\n", "ConnectError"),
    ],
)
def test_it_is_told_over_tls_under_its_own_name_at_the_address_looked_up(
    certificate: tuple[Path, Path], host: str, answer: bytes, why: str
) -> None:
    port, told = listening(certificate, answer)
    trusted = ssl.create_default_context(cafile=str(certificate[1]))
    said = post_to("127.0.0.1", urlsplit(f"https://{host}:{port}/in?x=1"), '{"a": 1}', {"webhook-id": "e"}, trusted)
    assert (said == "") if not why else why in said, said
    if host == "hooks.example":
        assert told[0].startswith(b"POST /in?x=1 HTTP/1.1\r\n") and f"host: {host}:{port}".encode() in told[0].lower()


STEP = st.tuples(st.integers(0, 2), st.sampled_from(["act", "commit", "rollback", "read"]))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=5, max_size=40))
def test_the_log_has_no_gap_whatever_order_writers_commit_in(store: Store, steps: list[tuple[int, str]]) -> None:
    """Three writers, each in a transaction of its own, and a reader that goes on after what it read last."""
    with connect_to(store.url, autocommit=True) as reader:
        place = _end_of_log(reader)
        writers = [connect_to(store.url) for _ in range(3)]
        waiting: list[list[str]] = [[], [], []]
        committed: list[str] = []
        read: list[str] = []
        try:
            for number, (k, step) in enumerate(steps):
                if step == "act":
                    waiting[k].append(_write(writers[k], f"{place}:{number}:{k}"))
                elif step == "commit":
                    writers[k].commit()
                    committed += waiting[k]
                    waiting[k] = []
                elif step == "rollback":
                    writers[k].rollback()
                    waiting[k] = []
                else:
                    place, new = _read(reader, place)
                    read += new
            for writer in writers:
                writer.rollback()
            _, new = _read(reader, place)
            read += new
        finally:
            for writer in writers:
                writer.close()
        assert sorted(read) == sorted(committed), "each that was kept is read, and read once"


def _write(connection: psycopg.Connection[Any], reference: str) -> str:
    act = begin_act(connection)
    keep_act(connection, act, reference, "case.note", AGENT, ON, {"borrower": "B1"}, {})
    return reference


def _end_of_log(connection: psycopg.Connection[Any]) -> str:
    place = ""
    while found := happened_after(connection, place, 100):
        place = found[-1].place
    return place


def _read(connection: psycopg.Connection[Any], place: str) -> tuple[str, list[str]]:
    found = happened_after(connection, place, 3)
    names = [one.reference for one in found]
    if not found:
        return place, []
    if len(found) < 3:
        return found[-1].place, names
    rest, more = _read(connection, found[-1].place)
    return rest, names + more
