"""E-mail as bytes and as it comes back: headers that cannot be opened, bounces read by their status."""

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterloan.facts.events import KINDS
from afterloan.sending.channels import LENDER, read_setting
from afterloan.sending.drain_work import drain
from afterloan.sending.messages import token
from afterloan.sending.mime import encoded, one_line
from afterloan.servicing.receipts import bounces, rows_of, take
from afterloan.store.events import events_of
from afterloan.store.inbox import in_inbox
from afterloan.store.server import Store, home

from .messages_kit import NOON, action, borrowers, kinds, mail_server, plan, smtp, steps

BOUNCE = """From: MAILER-DAEMON@mx.example.com
To: noreply@lender.example
Subject: Undelivered Mail Returned to Sender
Date: Fri, 13 Mar 2026 04:05:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry to say that your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; b1@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--b
Content-Type: text/rfc822-headers

Message-ID: <{token}@afterloan.invalid>
Subject: x

--b--
"""


def test_a_mail_goes_out_and_comes_back(store: Store, tmp_path: Path) -> None:
    borrowers(store, 3)
    plan(store, [action("m/1", 1, "email"), action("m/2", 2, "email", to="b2@x.com\nBcc: all@x.com"),
                 action("m/3", 3, "push")])  # fmt: skip
    with mail_server(tmp_path) as (box, port):
        drain(store, told=read_setting(smtp(port, tmp_path)), moment=NOON)
    assert len(box.mails) == 1 and steps(store, "m/2") == ["1:refused"]
    mail = email.message_from_bytes(box.mails[0].content, policy=email.policy.default)
    assert mail["Message-ID"] == f"<{token('m/1')}@afterloan.invalid>"
    assert mail["From"] == "示例消费金融有限公司 <noreply@lender.example>" and mail["To"] == "b1@example.com"
    assert mail["Subject"] == "账户提醒" and mail["Content-Language"] == "zh-CN"
    assert "512.34元尚未收到" in mail.get_content() and mail.get_content().count("发送方：") == 1
    file = tmp_path / "back.eml"
    file.write_text(BOUNCE.format(action="failed", status="5.1.1", token=token("m/1")))
    with store.connect() as connection:
        taken = take(connection, rows_of(file.name, file.read_bytes()), datetime(2026, 3, 14, tzinfo=UTC))
        assert (taken.new, taken.refused) == (1, [])
        # what was told reads back, each as its own class
        told = [e for b in ("B1", "B2", "B3") for e in events_of(connection, b)]
        inbox = connection.execute("select key, language, template, version from inbox").fetchall()
        kept = in_inbox(connection, "B3", datetime(2026, 3, 14, tzinfo=UTC))
    assert {type(e) for e in told} == {KINDS[k] for k in kinds(store)}
    assert {e.KIND for e in told if e.borrower == "B1"} == {
        "contact.attempted", "message.sent", "message.bounced", "contact.ended"}  # fmt: skip
    assert {e.KIND for e in told if e.borrower == "B3"} == {
        "contact.attempted", "message.sent", "message.delivered", "contact.ended"}  # fmt: skip
    assert inbox == [("m/3", "zh-CN", "overdue-friendly", 2)]
    assert list(kept) == ["m/3"] and kept["m/3"][0] == "账户提醒" and "512.34元尚未收到" in kept["m/3"][1]


def test_a_server_that_is_away_is_tried_again_and_given_up(store: Store, tmp_path: Path) -> None:
    from datetime import timedelta

    borrowers(store, 1)
    plan(store, [action("m/1", 1, "email")])
    told = smtp(9, tmp_path)  # nobody listens on the discard port
    told["email"]["tries"] = 2
    assert drain(store, told=read_setting(told), moment=NOON).total("again") == 1
    assert drain(store, told=read_setting(told), moment=NOON + timedelta(seconds=30)).total("refused") == 1
    assert steps(store, "m/1") == ["1:started", "1:again", "2:started", "2:refused"]


def test_bounces_are_read_by_their_status() -> None:
    for action_word, status, want in (
        ("failed", "5.1.1", "bounced"),
        ("delayed", "4.4.1", "soft_bounced"),
        ("delivered", "2.0.0", "delivered"),
    ):
        rows = bounces(BOUNCE.format(action=action_word, status=status, token="a" * 32).encode())
        assert [(r["token"], r["status"], r["at"]) for r in rows] == [("a" * 32, want, "2026-03-13T04:05:00+00:00")]
    with pytest.raises(ValueError, match="no delivery status of a message of ours"):
        bounces(BOUNCE.format(action="failed", status="5.1.1", token="not-ours").encode())
    with pytest.raises(ValueError, match="no delivery status"):
        bounces(BOUNCE[:300].encode())


def test_a_file_that_is_cut_or_strange_loses_only_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text('{"key": "a", "status": "opened", "at": "2026-03-13T04:00:00Z"}\n{"key": "b", "sta')
    rows = rows_of(file.name, file.read_bytes())
    assert rows[0]["key"] == "a" and rows[1]["status"].startswith("not JSON")
    with pytest.raises(ValueError, match=r"receipts are \.jsonl, \.csv, \.json or \.eml"):
        rows_of("x.txt", b"x")


def test_headers_cannot_be_opened() -> None:
    assert email.header.decode_header(encoded("账户提醒"))[0][0].decode() == "账户提醒"  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="a line break or control sign"):
        one_line("a\r\nBcc: b")
    assert one_line(str(LENDER["phone"])) == LENDER["phone"]


def test_from_the_command_line_without_any_configuration(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The spool: a file for each message and a ledger, then receipts for them."""
    import json

    from typer.testing import CliRunner

    from afterloan.desk.keyboard.main import app

    borrowers(store, 2)
    plan(store, [action("s/1", 1, "sms"), action("e/2", 2, "email")])
    monkeypatch.setenv("AFTERLOAN_KEYS", str(home() / "keys" / "ring.json"))
    monkeypatch.setenv("AFTERLOAN_HOME", str(tmp_path))
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    run = CliRunner().invoke
    done = run(app, ["drain", "--at", NOON.isoformat()])
    assert done.exit_code == 0, done.output
    assert done.output == "email: 1 sent\nsms: 1 sent\n"
    assert run(app, ["drain", "--at", NOON.isoformat(), "--json"]).output.startswith('{"jobs": 0')
    ledger = [json.loads(line) for line in (tmp_path / "sent" / "ledger.jsonl").read_text().splitlines()]
    assert {(line["channel"], line["key"]) for line in ledger} == {("sms", "s/1"), ("email", "e/2")}
    assert all((tmp_path / "sent" / line["file"]).is_file() for line in ledger)
    file = tmp_path / "r.csv"
    file.write_text("key,status,at,reason\ns/1,delivered,2026-03-13T04:01:00Z,\nx,delivered,2026-03-13T04:01:00Z,\n")
    told = run(app, ["receipts", str(file)])
    assert told.exit_code == 1
    assert told.output.splitlines() == [
        "2 receipts: 1 new, 0 known, 1 refused",
        "  row 2: key: x: no action of that key; nothing was sent under it",
    ]
    shown = run(app, ["template", "preview", "overdue-friendly", "--language", "zh", "--channel", "sms"])
    assert "【示例消费金融有限公司】您有一笔1,234.56元的还款尚未收到" in shown.output
    assert run(app, ["template", "check"]).output == "all templates are sound\n"
    assert "overdue-friendly" in run(app, ["template", "list"]).output
    late = run(app, ["drain", "--at", "2026-03-13T12:00"])
    assert isinstance(late.exception, ValueError) and "has no offset" in str(late.exception)


def test_the_notice_that_a_bureau_waits_for_opens_its_gate(store: Store) -> None:
    """The action as the bureau's month writes it: in the inbox, and told as delivered on its loan."""
    from afterloan.close.furnish import notice_key
    from afterloan.facts.bureau import AdverseNoticeDelivered
    from afterloan.facts.outbox import Action, read_body
    from afterloan.store.outbox import put

    borrowers(store, 1)
    values = {"loans": ["L1"], "bureau": "pboc", "month_end": "2026-03-31", "days_past_due": 9, "arrears_fen": 51234}
    body = {"template": "bureau-adverse-notice", "purpose": "legal_notice", "to": None, "values": values}
    with store.connect() as connection:
        connection.execute("insert into product (code, terms, known_on) values ('p', '{}', '2026-01-01')")
        connection.execute(
            "insert into contract (reference, borrower, shard, product, principal_fen, rate, signed_on, unit, every, "
            "instalments, known_on) select 'L1', borrower, shard, 1, 100, 0, '2026-01-01', 1, 1, 1, '2026-01-01' "
            "from borrower"
        )
        put(
            connection,
            [
                Action(
                    notice_key("pboc", "L1"),
                    1,
                    "notice.adverse",
                    NOON,
                    NOON.date(),
                    1,
                    read_body("notice.adverse", body),
                )
            ],
        )
    assert drain(store, ["notice"], NOON).total("sent") == 1
    with store.connect() as connection:
        told = events_of(connection, "B1", [AdverseNoticeDelivered.KIND])
        ((_, text),) = in_inbox(connection, "B1", NOON).values()
    assert [(e.loan, e.bureau, e.key) for e in told] == [("L1", "pboc", "notice.adverse:pboc:L1")]  # type: ignore[attr-defined]
    assert "依照《征信业管理条例》的规定" in text and "512.34元" in text
