"""All answers of the governor at once, before anybody tries, and nothing of it on record."""

from datetime import UTC, date, datetime

from afterloan.enquiry.contactability import contactability, may_call
from afterloan.facts.act import Who
from afterloan.facts.contact import ContactOptedOut, ThirdPersonNamed, ThirdPersonRefused
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.events import tell
from afterloan.store.server import Store
from tests.strategy.books import borrower

ON = date(2025, 5, 14)
TWO = datetime(2025, 5, 14, 6, tzinfo=UTC)
"""14:00 in Shanghai."""
NIGHT = datetime(2025, 5, 14, 15, tzinfo=UTC)
"""23:00 in Shanghai: quiet from 22:00 to 08:00."""
AGENT = Who("person", "li", ("agent",), "test")


def test_at_night_every_channel_of_collection_says_from_when(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1", mobile="13800001234")
        told = contactability(connection, "B1", NIGHT)
        call = told.of("call")
        assert not call.allowed and call.next_at is not None
        assert call.next_at.isoformat() == "2025-05-15T08:00:00+08:00"
        assert [(r.rule, r.sure) for r in call.rules][:1] == [("cn.gbt45251.quiet-hours", call.rules[0].sure)]
        assert call.rules[0].clause and call.rules[0].source
        assert contactability(connection, "B1", TWO).of("call").allowed
        rows = connection.execute("select (select count(*) from event), (select count(*) from finding)").fetchone()
        assert rows == (0, 0)  # it was only asked


def test_the_fourth_conversation_of_a_day_is_refused_before_anybody_dials(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1", mobile="13800001234")
    with desk_of(store) as desk:
        for hour in (1, 2, 3):  # 09:00, 10:00, 11:00 in Shanghai
            at = datetime(2025, 5, 14, hour, tzinfo=UTC)
            asked = {"borrower": "B1", "channel": "call", "at": at, "address": "13800001234"}
            assert do(desk, AGENT, "contact.ask", asked, f"c{hour}", ON).body["allowed"]  # type: ignore[union-attr]
            ended = {"borrower": "B1", "at": at, "of": f"c{hour}", "outcome": "reached"}
            do(desk, AGENT, "contact.end", ended, f"e{hour}", ON)
    with store.connect() as connection:
        call = contactability(connection, "B1", TWO).of("call")
        assert not call.allowed and "3 conversations on 2025-05-14 already" in call.why
        assert call.next_at is not None and call.next_at.isoformat() == "2025-05-15T08:00:00+08:00"
        assert contactability(connection, "B1", TWO).of("letter").allowed
        rows = may_call(connection, ["B1"], TWO)
        assert not rows["B1"].allowed and rows["B1"].next_at == call.next_at


def test_who_wants_nothing_and_who_refused_say_never(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        told = {"borrower": "B1", "on": ON, "known_on": ON}
        tell(connection, ContactOptedOut(**told, reference="o1", channel="all"))
        tell(connection, ThirdPersonNamed(**told, reference="n1", who="mother", person="third", address="139"))
        tell(connection, ThirdPersonRefused(**told, reference="r1", who="mother"))
        found = contactability(connection, "B1", TWO)
        assert (found.of("call").allowed, found.of("call").next_at) == (False, None)
        mother = next(a for a in found.answers if a.who == "mother")
        assert not mother.allowed and mother.next_at is None
        assert found.of("letter", "legal_notice").allowed  # what the law demands goes on
