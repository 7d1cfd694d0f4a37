"""A channel is tried by a message to one's own address, through a real mail server; on record, once, by few."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.desk.web.served import Served
from tests.sending.messages_kit import Mailbox, mail_server, smtp


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A real mail server, and channels set up to send by it."""
    with mail_server(tmp_path) as (box, port):
        file = tmp_path / "channels.yaml"
        file.write_text(yaml.safe_dump(smtp(port, tmp_path)))
        monkeypatch.setenv("AFTERLOAN_CHANNELS", str(file))
        yield box


def try_it(served: Served, key: str = "t-1", channel: str = "email", to: str = "me@lender.example",
           seat: str = "administrator") -> Any:  # fmt: skip
    path = f"/v1/channels/{channel}/tests"
    return served.api(seat).post(path, json={"to": to}, headers={"idempotency-key": key, "accept-language": "en"})


def test_a_test_arrives_says_that_it_is_one_and_stands_on_record(served: Served, post: Mailbox) -> None:
    answer = try_it(served)
    assert answer.status_code == 201 and answer.json()["taken"] is True, answer.text
    (mail,) = post.mails
    assert mail.rcpt_tos == ["me@lender.example"]
    read = message_from_bytes(mail.content, policy=policy.default)
    assert read["subject"] == "Test of a channel"
    words = read.get_content()
    assert "This is a test by" in words and "It is about nobody" in words
    (act,) = served.api("auditor").get("/v1/audit/acts?verb=channel.test").json()["data"]
    assert act["asked"] == {"channel": "email", "to": "me@lender.example"} and act["who"] in words


def test_the_same_key_sends_once(served: Served, post: Mailbox) -> None:
    try_it(served)
    again = try_it(served)
    assert again.status_code == 201 and again.json()["known"] is True and again.json()["taken"] is None
    assert len(post.mails) == 1


def test_what_the_receiver_says_is_told(served: Served, post: Mailbox) -> None:
    post.replies["nobody"] = ["550 no such user"]
    answer = try_it(served, to="nobody@lender.example").json()
    assert answer["taken"] is False and "550 no such user" in answer["detail"]


@pytest.mark.parametrize(
    ("channel", "to", "status", "says"),
    [
        ("fax", "1", 404, "no such channel"),
        ("debit", "6222", 422, "cannot be tried by a message"),
        ("letter", "1 Road", 422, "cannot be tried by a message"),
        ("email", "nobody", 422, "no mail address"),
        ("email", "a@b.example\nBcc: c@d.example", 422, "line break"),
    ],
)
def test_what_cannot_be_tried_is_said(
    served: Served, post: Mailbox, channel: str, to: str, status: int, says: str
) -> None:
    answer = try_it(served, channel=channel, to=to)
    assert answer.status_code == status and says in answer.text, answer.text
    assert post.mails == []


def test_ten_an_hour_and_only_by_an_administrator(served: Served, post: Mailbox) -> None:
    assert try_it(served, seat="lead").status_code == 403
    assert served.api("lead").get("/v1/channels").status_code == 403
    assert {try_it(served, f"k{n}").status_code for n in range(10)} == {201}
    assert (late := try_it(served, "k10")).status_code == 429 and late.json()["reason"] == "too-many"
    assert len(post.mails) == 10


def test_channels_say_by_what_they_send_and_no_secret(served: Served, post: Mailbox) -> None:
    rows = {one["channel"]: one for one in served.api("administrator").get("/v1/channels").json()["data"]}
    assert rows["email"]["use"] == "smtp" and rows["email"]["at"] == "127.0.0.1" and rows["email"]["can_be_tried"]
    assert rows["sms"]["use"] == "spool" and rows["sms"]["sent"] == 0 and not rows["debit"]["can_be_tried"]
    assert set(rows["email"]) == {"channel", "use", "at", "sent", "refused", "again", "in_doubt", "last_sent_at",
                                  "can_be_tried"}  # fmt: skip
