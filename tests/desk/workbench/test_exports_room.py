"""Exports at the desk without a browser: begun with a reason, held for a second person, had by a link."""

import io
import re
import zipfile

from afterloan.desk.work import JobWorker
from afterloan.store.server import Store
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk
from tests.desk.workbench.test_rooms import whole


def test_a_table_is_taken_out_agreed_to_and_had(late: Served, store: Store) -> None:
    desk, lead = Desk(late, "finance"), Desk(late, "lead")
    assert "You took nothing out yet." in desk.page("/exports") and 'href="/exports"' in desk.page("/finance")
    asked = desk.token("/exports", "/exports") | {"what": "borrowers", "form": "csv", "reason": "mailing of statements"}
    begun = desk.post("/exports", part=False, **asked)
    assert begun.status_code == 303, begun.text
    assert "Being written" in desk.page("/exports")
    assert JobWorker(store).do_next()
    page = desk.page("/exports")
    assert "waits for a second person" in page and "mailing of statements" in page and "Have the file" not in page
    job = re.findall(r'name="job" value="([^"]+)"', page)[0]
    sent = desk.post("/exports/releases", part=False, job=job, **desk.token("/exports", "/exports/releases"))
    assert "Its release was sent for approval." in desk.page(sent.headers["location"])
    early = desk.post("/exports/files", part=False, job=job, **desk.token("/exports", "/exports"))
    assert early.status_code == 403 and "when a second person agreed to it" in early.text
    waits = lead.page("/approvals")
    assert "mailing of statements" in waits and "borrowers" in waits, "the second person sees what leaves and why"
    hidden = lead.token("/approvals", "/approvals/decide")
    proposal = re.findall(r'name="proposal" value="([^"]+)"', waits)[0]
    agreed = lead.post("/approvals/decide", part=False, proposal=proposal, decision="approve", **hidden)
    assert agreed.status_code == 303, agreed.text
    link = desk.post("/exports/files", part=False, job=job, **desk.token("/exports", "/exports/files"))
    assert link.status_code == 303, link.text
    file = desk.browser.get(link.headers["location"])
    assert file.status_code == 200 and "borrowers.csv" in zipfile.ZipFile(io.BytesIO(file.content)).namelist()
    for language in ("en", "zh"):
        whole(desk.page("/exports", language))


def test_what_cannot_be_taken_out_is_said_and_what_was_typed_stays(late: Served) -> None:
    desk = Desk(late, "finance")
    asked = desk.token("/exports", "/exports")
    typed = {"what": "list:notes", "form": "parquet", "on": "2025-05-15", "reason": "to look at"}
    answer = desk.post("/exports", part=False, **asked, **typed)
    assert answer.status_code == 422 and "is not there yet" in answer.text and 'value="to look at"' in answer.text
    for bad in ({"what": "secrets", "form": "csv"}, {"what": "book", "form": "pdf"}):
        answer = desk.post("/exports", part=False, **desk.token("/exports", "/exports"), reason="x", **bad)
        assert answer.status_code == 422 and 'role="alert"' in answer.text, bad


def test_nobody_else_comes_in(late: Served) -> None:
    for seat in ("agent", "lead", "auditor", "counsel"):
        desk = Desk(late, seat)
        assert desk.browser.get("/exports").status_code == 403, seat
    assert 'href="/exports"' not in Desk(late, "lead").page("/finance")
