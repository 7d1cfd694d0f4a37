"""The bureau room without a browser: a month looked at before it is furnished, page, JSON and file."""

import csv
import io

import pytest

from afterloan.bureau.responses import COLUMNS
from afterloan.desk.work import JobWorker
from afterloan.facts.act import Who
from afterloan.store.jobs import ask_job
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


def answered(desk: Desk, rows: list[tuple[str, ...]], **fields: str) -> str:
    """A bureau's answer taken at the room; the page that follows."""
    raw = "\n".join(",".join(row) for row in [COLUMNS, *rows, ("rows", str(len(rows)))]).encode()
    sent = desk.token("/bureau/rejections", "/bureau/rejections") | MONTH | fields
    files = {"file": ("answer.csv", raw, "text/csv")}
    answer = desk.browser.post("/bureau/rejections", data=sent, files=files, headers={"accept-language": "en"})
    return desk.page(answer.headers["location"]) if answer.status_code == 303 else answer.text


def test_what_the_bureau_did_not_take_says_what_mends_it_and_when_it_goes_again(late: Served, store: Store) -> None:
    """April of L1 is told, not taken for its number of identity, and told again as known on 5 May."""
    desk = Desk(late, "bureau")
    assert "Nothing was refused by a bureau." in desk.page("/bureau/rejections")
    with store.connect() as connection:
        for key, known_on in (("one", "2025-04-30"), ("two", "2025-05-14")):
            asked = {"bureau": "neutral", "month_end": "2025-04-30", "known_on": known_on}
            ask_job(connection, key, "furnish", asked, Who("person", "bureau-wu", (), "desk"), late.clock())
            connection.commit()
            if key == "one":
                assert JobWorker(store).do_next()
    rows = [("neutral", "2025-04-30", "L1", "id_number", "E7", "no such number"),
            ("neutral", "2025-04-30", "L9", "status", "E1", "no such account")]  # fmt: skip
    page = answered(desk, rows)
    assert "Kept from the file: 1;" in page and "L9" in page and "nothing was furnished to neutral" in page
    page = desk.page("/bureau/rejections")
    assert "to be told again: 1" in page and "no such number" in page and "with the next file" in page
    assert "s details: correct them." in page
    assert "not taken" in desk.page("/bureau/loans/L1?bureau=neutral")
    told_again = late.api("bureau").get("/v1/bureaus/neutral/rejections").json()["data"]
    assert [(one["loan"], one["line"], one["mends"], one["again"]) for one in told_again] == [
        ("L1", "2", "person", None)
    ]
    assert JobWorker(store).do_next(), "the month is furnished as known on 14 May: the next file carries it"
    page = desk.page("/bureau/rejections")
    assert "to be told again: 0" in page and "with the file as known on 2025-05-14" in page
    assert "Kept from the file: 0; known before: 1." in answered(desk, rows), "the same file is known"
    (month,) = late.api("bureau").get("/v1/loans/L1/bureau-readings?bureau=neutral").json()["months"]
    # told twice with the same words: 12,000.00 outstanding, nothing due in April
    assert (month["turns"], month["rejected"], month["differs"]) == (2, False, [])
    assert month["then"] == month["now"] and month["then"]["balance_fen"] == 1_200_000
    for language in ("en", "zh"):
        for path in ("/bureau/rejections", "/bureau/loans/L1?bureau=neutral", "/bureau/loans/L1"):
            whole(desk.page(path, language))


def test_an_answer_of_another_month_or_cut_is_refused_whole(late: Served) -> None:
    desk = Desk(late, "bureau")
    assert "this answer is of another period" in answered(desk, [("neutral", "2025-03-31", "L1", "", "E", "x")])
    assert (
        "choose a document first"
        in desk.post(
            "/bureau/rejections", part=False, **(desk.token("/bureau/rejections", "/bureau/rejections") | MONTH)
        ).text
    )
    assert desk.browser.get("/bureau/loans/nobody").status_code == 404
    assert 'name="file"' not in Desk(late, "agent").page("/bureau/rejections")
