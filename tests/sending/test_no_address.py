"""What is addressed to nobody was not sent: a failure, and a task that ends when the address is told."""

from pathlib import Path
from typing import Any

import pytest

from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Who
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.tasks import FinishTask
from afterloan.store.server import Store
from tests.sending.messages_kit import NOON, action, kinds, plan
from tests.strategy.books import borrower

LEAD = Who("person", "Wang", ("lead",), "keyboard")


@pytest.mark.parametrize(
    ("channel", "lacks", "right"), [("sms", "mobile", "13800138000"), ("letter", "address", "示例路1号")]
)
def test_without_an_address_nothing_is_sent_and_somebody_asks_for_it(
    store: Store, tmp_path: Path, channel: str, lacks: str, right: str
) -> None:
    with store.connect() as connection:
        borrower(connection, "B1", **{lacks: "  "})  # blanks are no address
    told: dict[str, Any] = {"template": "dispute-opened", "purpose": "service"}
    values = {"values": {"reference": "D1", "reply_by": "2026-04-01"}}
    plan(store, [action("one", 1, channel, **told, **values)])
    setting = read_setting({channel: {"folder": str(tmp_path)}})
    drain(store, told=setting, moment=NOON.replace(hour=7))
    assert kinds(store).get("message.sent", 0) == 0 and list(tmp_path.rglob("*.*")) == []
    with desk_of(store) as desk:
        (task,) = tasks(desk.connection, [f"message.{channel}"], NOON.date())
        assert (task.key, task.queue, task.borrower) == (f"address:B1:{lacks}", "address", "B1")
        with pytest.raises(Exception, match=f"`afterloan correct B1 --reason … --attribute {lacks}=…`"):
            FinishTask(of=task.key, how="seen").borrowers(desk.connection)
        asked = {"borrower": "B1", "reason": "told by phone", "attributes": {lacks: right}}
        assert isinstance(do(desk, LEAD, "person.correct", asked, "c1", NOON.date()), Answer)
        assert tasks(desk.connection, [f"message.{channel}"], NOON.date()) == []
    plan(store, [action("two", 1, channel, **told, **values)])
    drain(store, told=setting, moment=NOON.replace(hour=8))
    assert kinds(store)["message.sent"] == 1 and len(list((tmp_path / channel).iterdir())) == 1
