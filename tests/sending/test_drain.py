"""Due actions leave once: withdrawn ones never, refused ones with a reason, no faster than the channel allows."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from afterloan.enquiry.tasks import tasks
from afterloan.facts.action import ActionWithdrawn
from afterloan.facts.contact import ContactEnded, ContactOptedOut
from afterloan.facts.outbox import OUTBOX, Action, read_body
from afterloan.sending.channels import ChannelsRefused, read_setting
from afterloan.sending.drain_batch import back_off
from afterloan.sending.drain_work import drain
from afterloan.store.events import tell
from afterloan.store.sending import take_tokens
from afterloan.store.server import Store

from .messages_kit import NOON, action, borrowers, kinds, mail_server, plan, put_raw, smtp, steps

DAY = date(2026, 3, 13)


def test_each_action_comes_to_its_own_end(store: Store, tmp_path: Path) -> None:
    borrowers(store, 9)
    plan(
        store,
        [
            action("goes", 1, "email"),
            action("withdrawn", 2, "email"),
            action("opted-out", 3, "email"),
            action("no-such-mailbox", 4, "email"),
            action("greylisted", 5, "email"),
            action("unknown-value", 6, "email", values={"arrears_fen": 1, "loans": ["L1"], "colour": "red"}),
            action("missing-value", 7, "email", values={"loans": ["L1"]}),
            action("too-late", 8, "email", until="2026-03-13T11:00:00+08:00"),
            action("to-a-stranger", 9, "email", person="third", purpose="locate", to="x@example.com"),
        ],
    )
    with store.connect() as connection:
        away = {"borrower": "B2", "on": DAY, "known_on": DAY, "reference": "withdrawn:withdrawn"}
        tell(connection, ActionWithdrawn(**away, key="withdrawn", reason="cured"))
        out = {"borrower": "B3", "on": DAY, "known_on": DAY, "reference": "out"}
        tell(connection, ContactOptedOut(**out, channel="email"))
    with mail_server(tmp_path) as (box, port):
        box.replies = {"b4@": ["550 no such mailbox"] * 2, "b5@": ["451 try later"]}
        told = read_setting(smtp(port, tmp_path))
        first = drain(store, told=told, moment=NOON)
        assert first.total("sent") == 1 and first.total("again") == 1
        assert [m.rcpt_tos for m in box.mails] == [["b1@example.com"]]
        # 30 s is the first pause: not yet at 29 s, then at 30 s
        assert drain(store, told=told, moment=NOON + timedelta(seconds=29)).total("sent") == 0
        assert drain(store, told=told, moment=NOON + timedelta(seconds=30)).total("sent") == 1
    assert steps(store, "goes") == ["1:started", "1:sent"]
    assert steps(store, "withdrawn") == ["0:dropped"]
    assert steps(store, "opted-out") == ["1:refused"]
    assert steps(store, "no-such-mailbox") == ["1:started", "1:refused"]
    assert steps(store, "greylisted") == ["1:started", "1:again", "2:started", "2:sent"]
    with store.connect() as connection:
        why = dict(
            connection.execute(
                "select key, detail->>'why' from sending join outbox using (action) where step = 'refused'"
            ).fetchall()
        )
    assert why["no-such-mailbox"] == "550 no such mailbox"
    assert why["opted-out"] == "contact refused: the borrower no longer wants email"
    assert why["unknown-value"] == "template overdue-friendly: value colour: means nothing; see values.yaml"
    assert why["missing-value"] == "template overdue-friendly: value arrears_fen: missing; give it"
    assert why["too-late"] == "too late: it was to go before 2026-03-13T11:00:00+08:00"
    assert why["to-a-stranger"] == "template overdue-friendly: tells of a debt and may not go to a third person"
    # attempts on record: B1, B4, B5 twice; the text that could not be made counts for nobody
    assert kinds(store)["contact.attempted"] == 4
    assert kinds(store)["message.sent"] == 2 and kinds(store)["message.failed"] == 6


def test_what_cannot_be_read_is_a_persons_task_and_holds_up_nobody(store: Store, tmp_path: Path) -> None:
    """A row without a template and one with a word that nobody knows, before a good one in the same batch."""
    borrowers(store, 3)
    put_raw(store, "none", 1, "message.sms", '{"purpose": "collection"}')
    put_raw(store, "odd", 2, "message.sms", '{"template": "overdue-friendly", "colour": "red"}')
    plan(store, [action("good", 3, "sms")])
    done = drain(store, ["sms"], NOON, told=read_setting({"sms": {"folder": str(tmp_path)}}))
    assert (done.total("sent"), done.total("refused")) == (1, 2)
    assert steps(store, "good") == ["1:started", "1:sent"]
    assert steps(store, "none") == steps(store, "odd") == ["0:refused"]
    with store.connect() as connection:
        shown = {t.key: t.what for t in tasks(connection, [*OUTBOX], NOON.date())}
    assert shown == {
        "unreadable:none": "do none by hand, it was not done: template: Field required "
        "(stands: {'purpose': 'collection'})",
        "unreadable:odd": "do odd by hand, it was not done: colour: Extra inputs are not permitted (stands: 'red')",
    }
    assert drain(store, ["sms"], NOON, told=read_setting({"sms": {"folder": str(tmp_path)}})).jobs == 0


def test_a_notice_that_the_law_asks_for_and_that_did_not_leave_is_a_persons_task(store: Store, tmp_path: Path) -> None:
    """The word before reporting was to go before 11:00 and is drained at noon; the reminder beside it is just late."""
    borrowers(store, 2)
    late = {"until": "2026-03-13T11:00:00+08:00", "zone": "Asia/Shanghai"}
    values = {"loans": ["L1"], "arrears_fen": 51234, "days_past_due": 3, "bureau": "pboc", "month_end": "2026-03-31"}
    notice = read_body(
        "bureau.notice", {"template": "bureau-notice", "purpose": "legal_notice", "values": values, **late}
    )
    plan(
        store,
        [
            Action("cn/bureau-notice/B1", 1, "bureau.notice", NOON, DAY, None, notice),
            action("reminder", 2, "sms", **late),
        ],
    )
    done = drain(store, [], NOON, told=read_setting({"sms": {"folder": str(tmp_path)}}))
    assert done.total("refused") == 2
    with store.connect() as connection:
        (task,) = tasks(connection, [*OUTBOX], DAY)
    assert (task.queue, task.borrower, task.loans) == ("unsent-notice", "B1", "L1")
    assert task.what.startswith("give the notice bureau notice in another way, it did not leave: too late")
    assert "bureau.notice_delivered loan=L1" in task.todo
    with store.connect() as connection:  # once for each notice, and gone when it was delivered after all
        done_by = {"borrower": "B1", "on": DAY, "known_on": DAY, "reference": "r", "of": "cn/bureau-notice/B1"}
        tell(connection, ContactEnded(**done_by, at=NOON, outcome="delivered"))
        assert tasks(connection, [*OUTBOX], DAY) == []


def test_at_night_the_governor_names_the_morning(store: Store, tmp_path: Path) -> None:
    """China: no message from 22:00 to 08:00 (RULES 1.6). 23:30 in Shanghai on 12 March is 15:30 UTC."""
    borrowers(store, 1)
    late = NOON - timedelta(hours=12, minutes=30)
    plan(store, [action("night", 1, "email")])
    with store.connect() as connection:
        connection.execute("update waiting set not_before = %s", (late,))
    with mail_server(tmp_path) as (box, port):
        told = read_setting(smtp(port, tmp_path))
        assert drain(store, told=told, moment=late).total("held") == 1
        assert steps(store, "night") == [] and not box.mails
        with store.connect() as connection:
            row = connection.execute("select not_before from waiting").fetchone()
        assert row is not None and row[0].isoformat() == "2026-03-13T00:00:00+00:00"  # 08:00 in Shanghai
        assert drain(store, told=told, moment=row[0]).total("sent") == 1


def test_a_channel_goes_no_faster_than_it_may(store: Store, tmp_path: Path) -> None:
    borrowers(store, 15)
    plan(store, [action(f"k{n}", n, "email") for n in range(1, 16)])
    with mail_server(tmp_path) as (box, port):
        told = read_setting(smtp(port, tmp_path, rate=10))
        told = read_setting({"email": {**told.told["email"], "rate": 10, "batch": 4}})
        # ten tokens at once, the rest waits a second
        assert drain(store, told=told, moment=NOON).total("sent") == 10
        assert drain(store, told=told, moment=NOON).total("sent") == 0
        assert drain(store, told=told, moment=NOON + timedelta(seconds=1)).total("sent") == 5
    assert len(box.mails) == 15
    with store.connect() as connection:
        assert take_tokens(connection, "x", 15, 10, NOON) == 10
        assert take_tokens(connection, "x", 15, 10, NOON + timedelta(milliseconds=500)) == 5


def test_workers_at_once_and_lost_jobs(store: Store, tmp_path: Path) -> None:
    """Two drains in two threads over the same rows; then the queue's tables lose their rows, and nothing is lost."""
    from concurrent.futures import ThreadPoolExecutor

    borrowers(store, 60)
    plan(store, [action(f"k{n}", n, "sms") for n in range(1, 61)])
    told = read_setting({"sms": {"folder": str(tmp_path)}})
    with store.connect() as connection:  # handed over to a job that is not there any more
        connection.execute("update waiting set job = 999999 where action <= 20")
    with ThreadPoolExecutor(2) as two:
        done = list(two.map(lambda _: drain(store, told=told, moment=NOON, per_job=7), range(2)))
    late = drain(store, told=told, moment=NOON + timedelta(seconds=31))
    assert sum(d.total("sent") for d in [*done, late]) == 60
    assert len(list((tmp_path / "sms").glob("*.txt"))) == 60
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 60


def test_pauses_double_to_an_hour() -> None:
    assert [int(back_off(n).total_seconds()) for n in (1, 2, 3, 7, 8, 30)] == [30, 60, 120, 1920, 3600, 3600]


def test_a_wrong_configuration_is_refused_with_its_place(store: Store) -> None:
    with pytest.raises(ChannelsRefused, match=r"channels: mail: no such channel; there are: .*email.*lender"):
        read_setting({"mail": {}})
    with pytest.raises(ChannelsRefused, match="channels: lender: colour: no such field"):
        read_setting({"lender": {"colour": "red"}})
    from afterloan.sending.drain import channels

    make = channels()["email"].make
    with pytest.raises(ChannelsRefused, match=r"channels: email: hots: no such field; there are: .*host"):
        make(read_setting({"email": {"use": "smtp", "hots": "x", "from": "a@b"}}).place("email"))
    with pytest.raises(ChannelsRefused, match="channels: email: host: missing; write it"):
        make(read_setting({"email": {"use": "smtp", "from": "a@b"}}).place("email"))
    with pytest.raises(ValueError, match="channel 'fax': no such channel"):
        drain(store, ["fax"])
