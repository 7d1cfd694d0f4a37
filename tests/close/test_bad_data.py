"""A whole day over a book in which some borrowers' data are bad: they are tasks, and hold up nobody beside them."""

from datetime import date

from afterloan.close import close_through
from afterloan.close.today import run_day
from afterloan.dates import day
from afterloan.desk.keyboard.doing import kinds_sent
from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.contacts import set_defaults
from afterloan.store.server import Store
from tests.close.test_decide import SHORT, use
from tests.strategy.books import borrower, loan

BAD: dict[str, dict[str, object]] = {
    "B1": {"timezone": "America/New_york"},
    "B3": {"jurisdiction": "XX"},
    "B5": {"timezone": ["Asia/Shanghai", "nowhere"]},
    "B7": {"language": "Chinese"},
    "B9": {"timezone": 8},
}
GOOD: dict[str, dict[str, object]] = {
    "B2": {},
    "B4": {"timezone": "Asia/Urumqi"},
    "B6": {"timezone": ["Asia/Shanghai", "Europe/London"]},
    "B8": {"jurisdiction": "US", "timezone": "America/New_York", "language": "en"},
}


def test_a_day_goes_on_beside_borrowers_whose_place_is_none(store: Store) -> None:
    """All nine owe the instalment of 10 May; on the 11th the five are tasks and the four are treated as ever."""
    use(store, SHORT)
    with store.connect() as connection:
        for name, told in sorted((BAD | GOOD).items()):
            borrower(connection, name, **told)
            loan(connection, f"L-{name}", name, "2025-04-10")
    close_through(store, day("2025-05-09"), only=True)
    list(run_day(store, day("2025-05-10")))  # the book's first day: nobody is late, nobody waits for a start in turn
    told = list(run_day(store, day("2025-05-11")))
    assert any("over 9 borrowers" in line for line in told), told
    with store.connect() as connection:
        late = connection.execute(
            "select b.reference, o.not_before at time zone 'UTC' from outbox o join borrower b using (borrower) "
            "where o.decided_on = '2025-05-11' and o.kind like 'message.%' order by 1"
        ).fetchall()
        shown = {t.borrower: t.what for t in tasks(connection, kinds_sent(), date(2025, 5, 11)) if t.queue == "place"}
    assert {name for name, _ in late} == set(GOOD)
    # 07:00 of the ladder is too early: 08:00 in Shanghai is 00:00 UTC; in London, which is an hour after UTC in May,
    # 08:00 is 07:00 UTC, and then it is 15:00 in Shanghai
    moments = {name: f"{at:%H:%M}" for name, at in late}
    assert (moments["B2"], moments["B6"]) == ("00:00", "07:00")
    assert any("proved" in line or "closed" in line for line in told)  # the books of all nine were closed and agree
    assert set(shown) == set(BAD) and "no such zone" in shown["B1"] and "XX" in shown["B3"]


def test_of_two_zones_the_finding_names_the_one_whose_hour_it_was(store: Store) -> None:
    """14:00 in Shanghai is 07:00 in London: it is London that sleeps."""
    with store.connect() as connection:
        set_defaults(connection, jurisdiction="CN")
        borrower(connection, "B6", timezone=["Asia/Shanghai", "Europe/London"], mobile="13900000006")
    with desk_of(store) as desk:
        asked = {"borrower": "B6", "channel": "sms", "at": "2025-05-12T14:00:00+08:00"}
        answer = do(desk, Who("person", "li", ("agent",), "keyboard"), "contact.ask", asked, "c-1", date(2025, 5, 12))
        assert isinstance(answer, Answer) and not answer.body["allowed"]
        ((inputs,),) = desk.connection.execute("select inputs from finding").fetchall()
    why = answer.body["why"]
    assert "07:00 in Europe/London" in why and "14:00" not in why, why
    assert why in str(inputs), inputs
    assert answer.body["next_at"].startswith("2025-05-12T07:00")  # 08:00 there, in UTC
