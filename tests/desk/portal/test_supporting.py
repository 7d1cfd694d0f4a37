"""A loss in the family, and a need for care: contact rests at once, one person has a day, nobody else is told of."""

from datetime import date

from afterloan.enquiry.holds import holds_of
from afterloan.enquiry.tasks import tasks
from tests.desk.portal.house import book, portal, sent, token
from tests.desk.web.served import ON, Served

__all__ = ["book", "portal"]


def kinds(portal: Served, who: str) -> list[str]:
    with portal.store.connect() as connection:
        rows = connection.execute(
            "select e.kind from event e join borrower b using (borrower) where b.reference = %s and e.kind in "
            "('hardship.applied', 'vulnerability.flagged', 'case.call_back') order by e.event", (who,),
        ).fetchall()  # fmt: skip
    return [row[0] for row in rows]


def test_a_loss_pauses_everything_and_one_person_has_the_day(portal: Served) -> None:
    browser = portal.sat("my", "B1")
    assert sent(browser, "/bereavement", on="2026-02-12", hour="14:00", told="my wife") == "/bereavement?done=1"
    page = browser.get("/bereavement?done=1", headers={"accept-language": "en"}).text
    assert "We have stopped contacting you" in page and "<form class" not in page, "nothing is asked twice"
    with portal.store.connect() as connection:
        assert "hardship_review" in [h.hold for h in holds_of(connection, "B1", ON)]
        assert not [t for t in tasks(connection, [], ON) if t.queue == "call-back"], "not before the day chosen"
        (task,) = [t for t in tasks(connection, [], date(2026, 2, 12)) if t.queue == "call-back"]
    assert task.borrower == "B1" and task.due_on == date(2026, 2, 12) and "read the application first" in task.what
    assert "my wife" not in task.what, "the words are read by few"
    assert kinds(portal, "B1") == ["hardship.applied", "vulnerability.flagged", "case.call_back"]


def test_a_day_that_is_none_or_past_is_asked_again_and_nothing_is_kept(portal: Served) -> None:
    browser = portal.sat("my", "B2")
    for on, hour in (("2026-02-10", "14:00"), ("", "14:00"), ("2026-02-12", "03:00")):
        assert 'role="alert"' in sent(browser, "/bereavement", on=on, hour=hour)
    assert kinds(portal, "B2") == []


def test_sent_twice_it_is_one(portal: Served) -> None:
    browser = portal.sat("my", "B4")
    fields = {
        "token": token(browser.get("/bereavement").text),
        "on": "2026-02-12",
        "hour": "10:00",
        "told": "my mother",
    }
    for _ in range(2):
        assert browser.post("/bereavement", data=fields).status_code == 303
    assert kinds(portal, "B4") == ["hardship.applied", "vulnerability.flagged", "case.call_back"]


def test_a_need_is_kept_by_consent_and_read_by_few(portal: Served) -> None:
    browser = portal.sat("my", "B5")
    assert 'role="alert"' in sent(browser, "/support", flag="health", told="write only")
    assert 'role="alert"' in sent(browser, "/support", flag="rich", agree="yes")
    assert sent(browser, "/support", flag="health", told="please write only", agree="yes") == "/support?done=1"
    assert kinds(portal, "B5") == ["vulnerability.flagged"]
    case = portal.sat("desk", "agent").get("/cases/B5", headers={"accept-language": "en"}).text
    assert "please write only" not in case, "what it says is read by few, each reading on record"


def test_whoever_tells_of_a_death_is_told_whom_to_call_and_nothing_of_anybody(portal: Served) -> None:
    stranger = portal.browser("my")
    page = stranger.get("/died?borrower=B1&q=13800138001", headers={"accept-language": "en"}).text
    assert "400-000-0000" in page and "B1" not in page.split("<main")[1] and "<form" not in page.split("<main")[1]
    assert stranger.get("/bereavement").headers["location"] == "/sign-in"
