"""Agencies at the desk: proposed by one, placed when a second agrees, recalled; a file taken, breaches counted."""

from collections.abc import Iterator
from datetime import date

import pytest

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import approve
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.close.test_decide import use
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk
from tests.desk.workbench.test_rooms import whole
from tests.strategy.test_cases import LADDER, rows


@pytest.fixture
def placing(store: Store) -> Iterator[Served]:
    """Three borrowers five days late, whom the ladder proposes for an agency on 15 May."""
    with store.connect() as connection:
        connection.execute("delete from setting where name = 'ladders'")
    use(store, LADDER)
    close_through(store, day("2025-05-14"))
    decide(store, day("2025-05-15"))
    with store.connect() as connection:
        set_parts(connection, Setting.CLOCK, {"on": "2025-05-15", "pinned": []})
    yield Served(store)


def say(desk: Desk, do: str, file: bytes = b"", **fields: str) -> str:
    """Send the first form of the page that asks `do`; the page that follows, or the refusal."""
    forms = desk.page("/agencies").split('action="/agencies"')[1:]
    form = next(one for one in forms if f'name="do" value="{do}"' in one)
    told = {"token": form.split('name="token" value="')[1].split('"')[0], "do": do, **fields}
    files = {"file": ("returns.csv", file, "text/csv")} if file else None
    answer = desk.browser.post("/agencies", data=told, files=files, headers={"accept-language": "en"})
    return desk.page(answer.headers["location"]) if answer.status_code == 303 else answer.text


def test_cases_are_placed_by_two_people_worked_by_an_agency_and_recalled(placing: Served) -> None:
    lead, other = Desk(placing, "lead"), Desk(placing, "counsel")
    page = lead.page("/agencies")
    assert all(f'/cases/B{k}"' in page for k in (1, 2, 3)) and "No case is with an agency." in page
    assert "Its placement waits for a second person" in say(lead, "place", agency="acme")
    assert "No case is with an agency." in lead.page("/agencies"), "nothing is placed before somebody agrees"
    waits = placing.api("lead").get("/v1/approvals").json()["data"]
    (mine,) = [one for one in waits if one["what"] == "agency.place"]
    assert mine["would"]["cases"] == 3
    with desk_of(placing.store) as desk:
        second = Who("person", "lead-zhou", ("lead",), "desk")
        assert isinstance(approve(desk, second, mine["reference"], date(2025, 5, 15)), Answer)
    page = lead.page("/agencies")
    assert "2025-06-14" in page and "No ladder proposes a case" in page
    number = page.split("/agencies/files/")[1].split('"')[0]
    out = lead.browser.get(f"/agencies/files/{number}").text.splitlines()
    assert out[0].startswith("placement,borrower,name") and len(out) == 4
    assert Desk(placing, "finance").browser.get(f"/agencies/files/{number}").status_code == 403
    assert lead.browser.get("/agencies/files/999999").status_code == 404
    # a call within hours, one at 23:30 against the quiet hours, and one of another's placement
    places = {line.split(",")[1]: line.split(",")[0] for line in out[1:]}
    told = rows(
        f"1,{places['B1']},B1,attempt,2025-05-15,2025-05-15T10:00:00+08:00,call,reached,,,spoke",
        f"2,{places['B1']},B1,attempt,2025-05-15,2025-05-15T23:30:00+08:00,call,unanswered,,,late",
        "3,place:nothing,B2,return,2025-05-15,,,,,,",
    )
    page = say(lead, "returns", told.encode(), agency="acme")
    assert "Taken: 2; known before: 0." in page and "against a rule: 1" in page and "place:nothing" in page
    each = placing.api("lead").get("/v1/agencies").json()["each"]
    assert [(one["agency"], one["placed"], one["here"], one["against_rules"], one["refused"]) for one in each] == [
        ("acme", 3, 3, 1, 1)
    ]
    assert "It is taken back." in say(lead, "recall", of=places["B1"], reason="the borrower complained")
    assert placing.api("lead").get("/v1/agencies").json()["each"][0]["here"] == 2
    assert "choose a document first" in say(lead, "returns", agency="acme")
    for language in ("en", "zh"):
        whole(lead.page("/agencies", language))
        whole(other.page("/agencies", language))
    assert 'name="do" value="place"' not in other.page("/agencies")
