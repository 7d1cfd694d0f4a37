"""A borrower's place: refused at the doors where it is none; where it is in already, a task that delays nobody."""

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from afterloan.close.known import borrowers_told
from afterloan.enquiry.tasks import tasks
from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.outbox import Action, MessageBody
from afterloan.intake.book import bring_in
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.tasks import FinishTask
from afterloan.store.contacts import set_defaults
from afterloan.store.events import tell
from afterloan.store.limits import can_draw
from afterloan.store.outbox import put
from afterloan.store.rebuilding import person_in
from afterloan.store.relief import hold_loan
from afterloan.store.server import Store
from afterloan.strategy.places import check_place, place_of
from tests.sending.messages_kit import NOON, kinds
from tests.strategy.books import borrower, loan

DEFAULTS = {"jurisdiction": "CN", "zone": "Asia/Shanghai", "language": "zh-CN", "lender_type": None}
BAD = [("timezone", "America/New_york"), ("jurisdiction", "XX"), ("language", "Chinese"), ("timezone", ["UTC", "?"])]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_part_of_a_place_that_is_none(name: str, value: Any) -> None:
    with pytest.raises(FactRefused):
        check_place(name, value)
    place = place_of({name: value, "jurisdiction": "US"} | {name: value}, DEFAULTS)
    assert place.wrong.startswith(name) and (place.jurisdiction, place.zones) == ("CN", ("Asia/Shanghai",))
    assert place_of({"jurisdiction": "US", "timezone": "America/New_York", "language": "en"}, DEFAULTS).wrong == ""


def test_an_import_refuses_such_rows_and_takes_the_others(store: Store, tmp_path: Path) -> None:
    (tmp_path / "borrowers.csv").write_text(
        "reference,attributes\n"
        'B1,"{""timezone"": ""America/New_york""}"\n'
        'B2,"{""timezone"": [""America/New_York"", ""Europe/Berlin""], ""jurisdiction"": ""US""}"\n'
        'B3,"{""jurisdiction"": ""XX""}"\n'
        'B4,"{""language"": ""Chinese"", ""city"": ""Xi\'an""}"\n'
        'B5,"{""timezone"": [""Europe/Berlin"", ""Mars""]}"\n'
        "B6,\n",
        encoding="utf-8",
    )
    (report,) = bring_in(store, tmp_path)
    assert (report.read, report.loaded, report.refused) == (6, 2, 4)
    told = (tmp_path / "refused.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[1] for line in told] == ["1", "3", "4", "5"]
    assert "the timezone is no zone that there is" in told[0] and "write an IANA name, e.g. Asia/Shanghai" in told[0]
    assert "the jurisdiction is in no pack" in told[1] and "the language is no language tag" in told[2]


def test_where_it_is_in_already_it_is_a_task_and_only_what_the_law_demands_leaves(store: Store, tmp_path: Path) -> None:
    with store.connect() as connection:
        one = borrower(connection, "B1", timezone="America/New_york", address="1 High Street")
        two = borrower(connection, "B2", timezone="America/New_York", address="2 High Street", jurisdiction="US")
        places = borrowers_told(connection, [one, two]).places  # once a traceback for the whole day
        assert (bool(places[one].wrong), places[two].zones) == (True, ("America/New_York",))
        put(connection, [
            Action(f"{purpose}:{number}", number, "message.letter", NOON, NOON.date(), None, body)
            for number in (one, two)
            for purpose in ("service", "legal_notice")
            for body in (MessageBody(template="dispute-opened", purpose=purpose,  # type: ignore[arg-type]
                                     values={"reference": "D1", "reply_by": "2026-04-01"}),)
        ])  # fmt: skip
        (task,) = tasks(connection, ["message.letter"], NOON.date())
    assert (task.key, task.queue, task.borrower) == ("place:B1", "place", "B1")
    assert "timezone 'America/New_york': no such zone" in task.what
    drain(store, told=read_setting({"letter": {"folder": str(tmp_path)}}), moment=NOON.replace(hour=15))
    with store.connect() as connection:
        went = connection.execute("select body->>'key' from event where kind = 'message.sent' order by 1").fetchall()
        why = connection.execute("select body->>'why' from event where kind = 'message.failed'").fetchall()
    assert [key for (key,) in went] == [f"legal_notice:{one}", f"legal_notice:{two}", f"service:{two}"]
    assert len(why) == 1 and "where the borrower is cannot be told: timezone" in why[0][0]
    assert kinds(store)["contact.attempted"] == 3
    with (
        desk_of(store) as desk,
        pytest.raises(FactRefused, match="`afterloan correct B1"),
    ):
        FinishTask(of="place:B1", how="seen").borrowers(desk.connection)
    lead = Who("person", "Wang", ("lead",), "keyboard")
    with desk_of(store) as desk:  # corrected, the task is gone
        asked: dict[str, Any] = {"borrower": "B1", "reason": "a typing error", "attributes": {"timezone": "Mars"}}
        refused = do(desk, lead, "person.correct", asked, "c1", NOON.date())
        assert isinstance(refused, Refused) and refused.where == "timezone"
        asked["attributes"] = {"timezone": "America/New_York"}
        assert isinstance(do(desk, lead, "person.correct", asked, "c1", NOON.date()), Answer)
        assert tasks(desk.connection, ["message.letter"], NOON.date()) == []


def test_a_borrower_is_changed_by_an_act_only(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        connection.commit()
        with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
            connection.execute("update borrower set attributes = '(,)'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("delete from borrower")
        with (
            pytest.raises(psycopg.errors.RestrictViolation, match="only name and attributes"),
            connection.transaction(),
        ):
            connection.execute("select set_config('afterloan.act', '1', true)")
            connection.execute("update borrower set reference = 'B9'")


def test_one_place_for_quotes_for_the_way_back_and_for_what_may_be_drawn(store: Store) -> None:
    """The lender's own place holds everywhere where a borrower says nothing, and once changed at once.

    A breathing space of 20 April: 72 days later it is over in the UK, where it lasts 60 days, and nowhere else.
    """
    with store.connect() as connection:
        borrower(connection, "B1")
        broken = borrower(connection, "B2", timezone="America/New_york", jurisdiction="US")
        loan(connection, "L1", "B1", "2025-04-10")
        loan(connection, "L2", "B2", "2025-04-10")
        for name in ("B1", "B2"):
            told = {"borrower": name, "on": date(2025, 4, 20), "known_on": date(2025, 4, 20), "reason": "asked"}
            end = date(2025, 12, 31)
            tell(connection, HoldPlaced(**told, reference=f"h-{name}", hold="breathing_space", ends_on=end))
        assert broken
        for place, language, held in (("CN", "zh", True), ("UK", "en", False)):
            set_defaults(connection, jurisdiction=place, language={"zh": "zh-CN", "en": "en"}[language])
            for name, mine in (("B1", "L1"), ("B2", "L2")):
                person = person_in(connection, name)
                assert (person.jurisdiction, person.language) == (place, language)
                assert hold_loan(connection, mine).jurisdiction == place
                reasons = can_draw(connection, name, 100, date(2025, 7, 1)).reasons
                assert ("hold: breathing space" in reasons) is held, (place, name, reasons)
