"""The bureau room without a browser: a month looked at before it is furnished, page, JSON and file."""

import csv
import io

import pytest

from afterloan.desk.work import JobWorker
from afterloan.store.server import Store
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk
from tests.desk.workbench.test_rooms import whole

MONTH = {"bureau": "neutral", "month_end": "2025-04-30"}


def told(store: Store) -> int:
    with store.connect() as connection:
        row = connection.execute("select count(*) from furnished").fetchone()
    return int(row[0]) if row else 0


def test_a_month_is_looked_at_first_and_then_furnished(late: Served, store: Store) -> None:
    """Three loans, 21,000.00 in all, were paid out in April and nothing of them was ever told: three new accounts."""
    desk = Desk(late, "bureau")
    begun = desk.post("/bureau/previews", part=False, **(desk.token("/bureau", "/bureau/furnishings") | MONTH))
    assert begun.status_code == 303, begun.text
    at = begun.headers["location"]
    assert "held against what was told" in desk.page(at)
    assert JobWorker(store).do_next()
    page = desk.page(at)
    assert told(store) == 0 and "Nothing was told" in page and "No month was told before." in page
    assert "new 3" in page and "21,000.00" in page and 'name="month_end" value="2025-04-30"' in page
    assert "Nothing would change but the month." in desk.page(f"{at}?kind=amended")
    job = at.rpartition("/")[2]
    answer = desk.browser.get(f"/v1/jobs/{job}/file")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["kind"], row["loan"], row["now"], row["balance_fen"]) for row in rows] == [
        ("new", "L1", "*", "1200000"), ("new", "L2", "*", "600000"), ("new", "L3", "*", "300000"),
    ]  # fmt: skip
    for language in ("en", "zh"):
        whole(desk.page(at, language))
    hidden = desk.token(at, "/bureau/furnishings") | MONTH | {"known_on": "2025-04-30"}
    furnished = desk.post("/bureau/furnishings", part=False, **hidden)
    assert JobWorker(store).do_next() and told(store) == 3
    assert desk.browser.get(furnished.headers["location"].replace("?job=", "/previews/")).status_code == 404
    assert Desk(late, "agent").browser.get(at).status_code in (403, 404)


def test_the_same_over_http(late: Served, store: Store) -> None:
    client = late.api("bureau")
    at = "/v1/bureaus/neutral/months/2025-04-30/previews"
    asked = {"headers": {"idempotency-key": "p1"}, "json": {"known_on": "2025-05-02"}}
    begun = client.post(at, **asked)
    assert begun.status_code == 202 and JobWorker(store).do_next()
    job = client.get(begun.headers["location"]).json()
    assert job["result"]["counts"]["new"] == 3 and job["result"]["known_on"] == "2025-05-02"
    assert [row["loan"] for row in job["result"]["rows"]] == ["L1", "L2", "L3"]
    late_day = {"headers": {"idempotency-key": "p2"}, "json": {"known_on": "2025-05-15"}}
    assert client.post(at, **late_day).json()["reason"] == "invalid", "tomorrow is not known yet"
    assert late.api("agent").post(at, **asked).json()["reason"] == "not-permitted"


@pytest.mark.parametrize(("field", "value"), [("month_end", "April"), ("bureau", "mine"), ("known_on", "2025-05-15")])
def test_what_cannot_be_looked_at_is_said_on_the_page(late: Served, field: str, value: str) -> None:
    desk = Desk(late, "bureau")
    asked = desk.token("/bureau", "/bureau/furnishings") | MONTH | {field: value}
    answer = desk.post("/bureau/previews", part=False, **asked)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
