"""The risk room without a browser: a model proposed, approved by another, scored, looked at, reported on, retired."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from hashlib import sha256

import pytest

from afterloan.dates import day
from afterloan.desk.words import words_of
from afterloan.desk.work import JobWorker
from afterloan.enquiry.models import purpose_named, train_from_book
from afterloan.facts.act import Answer, Who
from afterloan.risk.choice_model import choice_parts
from afterloan.risk.model import parts
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.close.test_chosen import model_that_calls_only
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk
from tests.desk.workbench.test_rooms import whole
from tests.risk.book import generated

ON = date(2025, 12, 1)


@pytest.fixture(scope="module")
def modelled(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A generated book on 1 December 2025 with a model that the analyst proposed; the model's name."""
    with generated(server, tmp_path_factory.mktemp("risk-room"), "t_risk_room") as store:
        model = train_from_book(store, purpose_named("cure"), ["own_history"], day("2025-08-31"))
        content = json.dumps(parts(model), ensure_ascii=False, sort_keys=True).encode()
        asked = {"content": b64encode(content).decode(), "sha256": sha256(content).hexdigest()}
        with desk_of(store) as desk:
            answer = do(desk, Who("person", "li", ("analyst",), "keyboard"), "model.propose", asked, "propose-1", ON)
        assert isinstance(answer, Answer), answer
        with store.connect() as connection:
            set_parts(connection, Setting.CLOCK, {"on": ON.isoformat(), "pinned": []})
        yield Served(store), str(answer.body["model"])


def say(desk: Desk, at: str, does: str, **fields: str) -> str:
    """Post the form of a page that asks `does`; the page that follows, or the refusal."""
    forms = desk.page(at).split(f'action="{at}"')[1:]
    form = next(one.split("</form>")[0] for one in forms if f'name="do" value="{does}"' in one)
    token = form.split('name="token" value="')[1].split('"')[0]
    answer = desk.post(at, part=False, token=token, do=does, **fields)
    return desk.page(answer.headers["location"]) if answer.status_code == 303 else answer.text


def test_a_model_goes_its_way_in_the_room(modelled: tuple[Served, str]) -> None:
    served, name = modelled
    lead, analyst, agent = Desk(served, "lead"), Desk(served, "analyst"), Desk(served, "agent")
    at, t = f"/risk/models/{name}", words_of("en")
    assert name in lead.page("/risk") and t("desk.risk.state.proposed") in lead.page("/risk")
    page = lead.page(at)
    assert t("desk.risk.not_scored") in page and t("desk.risk.not_watched") in page and "area under the curve" in page
    assert 'value="approve"' not in analyst.page(at), "an analyst does not approve"
    assert "It is approved." in say(lead, at, "approve", note="card and reasons read")
    assert "scored beside on 0 days" in say(lead, at, "promote"), "the gate is said, and nothing is used"
    token = analyst.token("/risk", "/risk")
    assert "The book is scored." in analyst.page(analyst.post("/risk", part=False, **token).headers["location"])
    assert "<meter" in lead.page(at)
    assert "The months were compared." in say(analyst, at, "watch")
    with served.store.connect() as connection:
        row = connection.execute("select b.reference from score join borrower b using (borrower) limit 1").fetchone()
    assert row is not None
    asked = analyst.token("/risk", "/risk/why") | {"borrower": row[0]}
    told = analyst.post("/risk/why", part=False, **asked)
    assert told.status_code == 200 and "What counts most" in told.text and "own_history" in told.text
    unknown = analyst.post("/risk/why", part=False, **(analyst.token("/risk", "/risk/why") | {"borrower": "nobody"}))
    assert unknown.status_code == 422 and "nobody" in unknown.text
    assert 'value="approve"' not in agent.page(at) and 'value="retire"' not in agent.page(at)
    glance = served.api("analyst").get(f"/v1/models/{name}").json()
    assert sum(glance["bands"].values()) > 50 and glance["alarms"] is not None
    assert [step["step"] for step in glance["steps"]] == ["approved"]
    for language in ("en", "zh"):
        whole(lead.page("/risk", language))
        whole(lead.page(at, language))


def test_a_report_is_made_as_a_job_and_had_as_a_page(modelled: tuple[Served, str]) -> None:
    served, name = modelled
    desk = Desk(served, "analyst")
    at = f"/risk/models/{name}"
    assert "It is measured" in say(desk, at, "report")
    assert JobWorker(served.store).do_next()
    api = served.api("analyst")
    begun = api.post(f"/v1/models/{name}/reports", headers={"idempotency-key": "R-1"})
    assert begun.status_code == 202, begun.text
    assert JobWorker(served.store).do_next()
    made = api.get("/v1/jobs/R-1/file")
    assert made.status_code == 200 and b"<svg" in made.content and name.encode() in made.content
    assert api.post("/v1/models/ffffffff/reports", headers={"idempotency-key": "R-2"}).status_code == 404


def test_what_is_not_there_is_said(modelled: tuple[Served, str], store: Store) -> None:
    served, name = modelled
    desk = Desk(served, "analyst")
    assert desk.browser.get("/risk/models/ffffffff").status_code == 404
    assert desk.browser.get(f"/risk/models/{name}?job=none").status_code == 404
    token = desk.token(f"/risk/models/{name}", f"/risk/models/{name}")["token"]
    assert desk.post(f"/risk/models/{name}", part=False, token=token, do="bless").status_code == 422
    assert served.api("analyst").get("/v1/models/ffffffff").status_code == 404


def test_a_model_of_treatments_and_a_day_s_choices_are_shown(modelled: tuple[Served, str]) -> None:
    served, _ = modelled
    content = json.dumps(choice_parts(model_that_calls_only()), sort_keys=True).encode()
    asked = {"content": b64encode(content).decode(), "sha256": sha256(content).hexdigest()}
    with desk_of(served.store) as desk:
        answer = do(desk, Who("person", "li", ("analyst",), "keyboard"), "model.propose", asked, "propose-steps", ON)
    assert isinstance(answer, Answer), answer
    lead, t = Desk(served, "lead"), words_of("en")
    room = lead.page("/risk")
    assert t("desk.risk.choices.none") in room and "treatments.choose" in room and "choosing steps" in room
    at = f"/risk/models/{answer.body['model']}"
    page = lead.page(at)
    assert "SMS + a person calls" in page and "25.0 %" in page and t("desk.risk.choices.not_judged") in page
    assert 'value="report"' not in page and t("desk.risk.halves") not in page
    say(lead, at, "approve", note="read")
    assert t("desk.risk.choices.not_judged") in lead.page(at)
    assert "no choice since it learnt has its outcome yet" in say(lead, at, "promote")
    told = lead.browser.get("/v1/choices").json() if hasattr(lead, "browser") else None
    assert told is None or told["mode"] == "off"
