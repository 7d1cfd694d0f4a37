"""Workers are killed at moments nobody chose: nothing is lost, nothing arrives twice."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import yaml

from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.sending.messages import token
from afterloan.store.server import Store, home

from .messages_kit import NOON, action, borrowers, kinds, mail_server, plan, smtp, steps

WORKER = """
import sys, pathlib, yaml
from datetime import datetime
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.store.server import Store
told = read_setting(yaml.safe_load(pathlib.Path(sys.argv[2]).read_text()))
drain(Store(sys.argv[1]), told=told, moment=datetime.fromisoformat(sys.argv[3]), per_job=20)
"""


def killed_when(store: Store, file: Path, ready: Callable[[], bool], chance: random.Random) -> bool:
    """Start a worker and kill it, without warning, some milliseconds after something is so; False if it was done."""
    worker = subprocess.Popen([sys.executable, "-c", WORKER, store.url, str(file), NOON.isoformat()])
    limit = time.monotonic() + 60
    while not ready() and worker.poll() is None and time.monotonic() < limit:
        time.sleep(0.001)
    time.sleep(chance.random() * 0.02)
    alive = worker.poll() is None
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    time.sleep(1.05)  # a job that began within the last second is not looked at
    return alive


def test_killed_workers_lose_nothing_and_send_nothing_twice(store: Store, tmp_path: Path) -> None:
    mails, letters, chance = 240, 60, random.Random(20260313)
    borrowers(store, mails)
    plan(store, [action(f"mail/{k}", k, "email") for k in range(1, mails + 1)])
    plan(store, [action(f"letter/{k}", k, "letter") for k in range(1, letters + 1)])
    folder = tmp_path / "letters" / "letter"

    def printed() -> int:
        return len(list(folder.glob("*.pdf")))

    with mail_server(tmp_path, pause=0.004) as (box, port):
        told = smtp(port, tmp_path, settle_seconds=0, batch=10)
        told["letter"] = {"folder": str(folder.parent), "settle_seconds": 0, "batch": 10}
        file = tmp_path / "channels.yaml"
        file.write_text(yaml.safe_dump(told))
        for more in [chance.randint(1, 70) for _ in range(2)]:
            wanted = len(box.mails) + more
            assert killed_when(store, file, lambda wanted=wanted: len(box.mails) >= wanted, chance)  # type: ignore[misc]
        assert killed_when(store, file, lambda: printed() > 5, chance)
        assert 0 < printed() < letters, "the last kill came too late to prove anything"
        drain(store, told=read_setting(told), moment=NOON)
    arrived = Counter(re.findall(r"Message-ID: <(\w+)@", "".join(m.content.decode() for m in box.mails)))
    assert len(arrived) == mails
    assert set(arrived.values()) == {1}
    assert {p.stem for p in folder.glob("*.pdf")} == {token(f"letter/{k}") for k in range(1, letters + 1)}
    assert kinds(store)["message.sent"] == mails + letters
    with store.connect() as connection:
        left = connection.execute("select count(*) from waiting where kind like 'message.%'").fetchone()
        ends = connection.execute("select count(*) from sending where step = 'sent'").fetchone()
        asked = connection.execute("select count(*) from sending where detail ? 'asked'").fetchone()
    assert left == (0,)
    assert ends == (mails + letters,)
    assert asked is not None and asked[0] > 0, "no kill hit a try under way"


def died(store: Store) -> None:
    """Leave what a worker's death leaves: tries that were started and never ended."""
    with store.connect() as connection:
        connection.execute(
            "insert into sending (action, number, step, channel, at) "
            "select action, 1, 'started', 'email', %s from outbox",
            (NOON,),
        )


def test_the_drain_goes_on_until_it_is_told_to_end(store: Store, tmp_path: Path) -> None:
    borrowers(store, 3)
    env = {
        **os.environ,
        "AFTERLOAN_DATABASE_URL": store.url,
        "AFTERLOAN_HOME": str(tmp_path),
        "AFTERLOAN_KEYS": str(home() / "keys" / "ring.json"),
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "afterloan.desk.keyboard.main", "drain", "--channel", "push"], env=env
    )
    try:
        plan(store, [action(f"push/{k}", k, "push", purpose="service") for k in range(1, 4)])
        limit = time.monotonic() + 60
        while kinds(store).get("message.sent", 0) + kinds(store).get("message.failed", 0) < 3:
            assert worker.poll() is None and time.monotonic() < limit
            if held(store):
                break  # at night the governor lets nothing out, and that is seen as well
            time.sleep(0.2)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    finally:
        worker.kill()
    with store.connect() as connection:
        assert connection.execute("select count(*) from waiting where job is not null").fetchone() == (0,)


def held(store: Store) -> bool:
    with store.connect() as connection:
        row = connection.execute("select count(*) from waiting where job is null and not_before > now()").fetchone()
    return row == (3,)


def test_what_a_dead_worker_may_have_sent_is_asked_not_sent(store: Store, tmp_path: Path) -> None:
    """The worker died between the server's answer and the record: the server's log says that it has it."""
    borrowers(store, 2)
    plan(store, [action("had", 1, "email"), action("had-not", 2, "email")])
    died(store)
    with mail_server(tmp_path) as (box, port):
        box.log.write_text(f"postfix/cleanup[7]: 4Z: message-id=<{token('had')}@afterloan.invalid>\n")
        drain(store, told=read_setting(smtp(port, tmp_path, settle_seconds=0)), moment=NOON)
    assert [m.rcpt_tos for m in box.mails] == [["b2@example.com"]]
    assert steps(store, "had") == ["1:started", "1:sent"]
    assert steps(store, "had-not") == ["1:started", "1:again", "2:started", "2:sent"]


def test_where_nobody_can_be_asked_a_person_decides(store: Store, tmp_path: Path) -> None:
    borrowers(store, 1)
    plan(store, [action("lost", 1, "email")])
    died(store)
    with mail_server(tmp_path) as (box, port):
        told = smtp(port, tmp_path, settle_seconds=0)
        del told["email"]["ask"]
        for _ in range(2):
            drain(store, told=read_setting(told), moment=NOON)
    assert box.mails == []
    assert steps(store, "lost") == ["1:started", "1:doubt"]
    with store.connect() as connection:
        row = connection.execute("select key, body->>'queue', body->>'key' from outbox where kind = 'task'").fetchall()
    assert row == [("doubt:lost", "sending-in-doubt", "lost")]


def test_a_try_is_not_asked_after_while_it_may_still_run(store: Store, tmp_path: Path) -> None:
    borrowers(store, 1)
    plan(store, [action("young", 1, "email")])
    died(store)
    with mail_server(tmp_path) as (box, port):
        told = read_setting(smtp(port, tmp_path, settle_seconds=60))
        drain(store, told=told, moment=NOON + timedelta(seconds=59))
        assert steps(store, "young") == ["1:started"]
        drain(store, told=told, moment=NOON + timedelta(seconds=61))
    assert steps(store, "young")[-1] == "2:sent"
    assert len(box.mails) == 1
