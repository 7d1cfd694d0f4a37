"""The legal room without a browser: from what may be proposed to the letter, the outcome and the bundle."""

import io
import re
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from zipfile import ZipFile

import pytest

from afterloan.desk.words import words_of
from afterloan.store.legal import appoint
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk
from tests.desk.workbench.test_rooms import whole
from tests.servicing.test_legal import ON, late

PDF = b"%PDF-1.7 a notice that was served"


@pytest.fixture
def law(store: Store) -> Iterator[Served]:
    """The loan of 12,000.00 that is 130 days past due on 20 June 2025; the lead is appointed, the counsel is not."""
    with store.connect() as connection:
        late(connection)
        appoint(connection, "lead-wang", ["collections_lead"], date(2025, 1, 10))
        set_parts(connection, Setting.CLOCK, {"on": ON.isoformat(), "pinned": []})
    yield Served(store)


def say(desk: Desk, part: int = 0, **fields: str) -> str:
    """Post the form of the claim that asks `do`; the page that follows, or the refusal."""
    forms = desk.page("/legal/L").split('action="/legal/L"')[1:]
    form = [one.split("</form>")[0] for one in forms if f'name="do" value="{fields["do"]}"' in one][part]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    answer = desk.post("/legal/L", part=False, **(hidden | fields))
    return desk.page(answer.headers["location"]) if answer.status_code == 303 else answer.text


def bundled(content: bytes) -> dict[str, bytes]:
    """The files of a bundle by name, each with the checksum that the bundle tells of it."""
    with ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: sha256(data).hexdigest() for name, data in files.items()}
    return files


def test_a_counsel_works_a_claim_from_the_room(law: Served) -> None:
    counsel, lead = Desk(law, "counsel"), Desk(law, "lead")
    assert words_of("en")("desk.legal.no_claims") in counsel.page("/legal")
    page = counsel.page("/legal/L")
    assert "130 days past due" in page and '<option value="demand_letter"' in page
    assert '<option value="payment_order"' not in page, "the letter is not delivered yet"
    assert "It is proposed" in say(counsel, do="propose", step="demand_letter", reason="nothing was paid")
    room = lead.page("/legal")
    assert "Demand letter" in room and "You may approve as" in room
    assert 'value="start"' not in counsel.page("/legal/L"), "nobody has agreed yet"
    waits = lead.token("/approvals", "/approvals/decide")
    named = {"proposal": "legal:L:demand_letter:2025-06-20", "decision": "approve", "role": "collections_lead"}
    assert lead.post("/approvals/decide", part=False, **(waits | named)).status_code == 303
    assert "The step is taken" in say(counsel, do="start")
    shown = say(counsel, do="end", outcome="delivered")
    assert "It is kept." in shown and "delivered: the time to pay runs" in shown and "2025-07-05" in shown
    assert "Demand letter: delivered" not in counsel.page("/legal"), "it has ended: nothing runs and nothing waits"
    for language in ("en", "zh"):
        for path in ("/legal", "/legal/L"):
            whole(counsel.page(path, language))


def test_what_a_step_lacks_is_said_in_the_page_s_words_and_a_period_begins_anew(law: Served, store: Store) -> None:
    """Before the letter nothing may go to a court: said in Chinese on a Chinese page, with no English left."""
    desk = Desk(law, "counsel")
    chinese = desk.page("/legal/L", "zh").split("</main>")[0]
    assert "催告函未达到" in chinese and '<span lang="en">' not in chinese
    page = say(desk, do="interrupt", cause="security_given", happened_on="2025-06-10", note="a pledge of 5 June")
    assert "The period began anew." in page
    with store.connect() as connection:
        kept = connection.execute(
            "select on_day::text, body->>'cause', body->>'by' from event where kind = 'legal.interrupted'"
        ).fetchall()
    assert kept == [("2025-06-10", "security_given", "counsel-zhao")]
    assert '<option value="part_payment"' not in page, "money tells that itself"


def test_evidence_is_named_by_its_digest_and_stands_in_the_bundle(law: Served) -> None:
    desk = Desk(law, "counsel")
    assert "choose a document first" in say(desk, do="keep", what="notice")
    token = desk.token("/legal/L", "/legal/L")["token"]
    told = {"token": token, "do": "keep", "what": "notice"}
    kept = desk.browser.post("/legal/L", data=told, files={"file": ("../notice.pdf", PDF, "application/pdf")})
    assert kept.status_code == 303, kept.text
    assert f"{sha256(PDF).hexdigest()[:12]}…" in desk.page("/legal/L") and "../" not in desk.page("/legal/L")
    made = desk.browser.get("/legal/L/bundle.zip", headers={"accept-language": "zh"})
    assert made.headers["content-type"] == "application/zip"
    files = bundled(made.content)
    assert {"demand-letter.pdf", "payment-order.pdf", "statement-of-claim.pdf", "contract.json"} <= set(files)
    again = law.api("counsel").get("/v1/loans/L/legal-bundle?language=zh")
    assert again.content == made.content, "the same day, the same bytes at both doors"


def test_what_cannot_be_is_refused_and_who_may_not_is_kept_out(law: Served) -> None:
    desk = Desk(law, "counsel")
    assert "write the day as YYYY-MM-DD" in say(desk, do="call_due", due_on="tomorrow")
    refused = say(desk, do="loss", what="sale", price="1,000")
    assert "1,000" in refused
    assert desk.browser.get("/legal/NOBODY").status_code == 404
    assert desk.browser.get("/legal/NOBODY/bundle.zip").status_code == 404
    token = desk.token("/legal/L", "/legal/L")["token"]
    assert desk.post("/legal/L", part=False, token=token, do="judge").status_code == 422
    assert law.browser("desk").get("/legal").status_code == 303, "nobody signed in"
    assert 'value="start"' not in Desk(law, "auditor").page("/legal/L")


def test_the_api_lists_claims_proposals_and_deadlines(law: Served) -> None:
    api = law.api("counsel")
    key = {"idempotency-key": "P-1"}
    made = api.post("/v1/loans/L/legal-proposals", headers=key, json={"step": "demand_letter", "reason": "unpaid"})
    assert made.status_code == 201, made.text
    (claim,) = api.get("/v1/legal/claims").json()["data"]
    assert (claim["loan"], claim["step"], claim["state"], claim["under"]) == (
        "L",
        "demand_letter",
        "proposed",
        "proposed",
    )
    (waits,) = api.get("/v1/legal/proposals").json()["data"]
    assert waits["waits_for"] == ["collections_lead"] and waits["kind"] == "step"
    assert api.get("/v1/legal/deadlines").json()["data"] == []
    assert api.get("/v1/legal/claims?on=2025-06-19").json()["data"] == [], "as of the day before nothing was proposed"
