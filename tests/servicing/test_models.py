"""A model on its way through the door: proposed, approved by another, scored beside, weighed, used, replaced."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from hashlib import sha256

import psycopg
import pytest

from afterloan.dates import day
from afterloan.enquiry.models import listed_models, purpose_named, train_from_book, why
from afterloan.facts.act import Answer, Refused, Who
from afterloan.risk import promotion
from afterloan.risk.model import Model, parts
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.scores import latest_scores
from afterloan.store.server import Store
from tests.risk.book import generated

ANALYST = Who("person", "li", ("analyst",), "keyboard")
LEAD = Who("person", "wang", ("lead",), "keyboard")
BOTH = Who("person", "zhao", ("analyst", "lead"), "keyboard")
PROPOSED, SHADOW, ON = date(2025, 8, 1), date(2025, 12, 1), date(2026, 1, 1)


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("models"), "t_models") as store:
        yield store


@pytest.fixture(scope="module")
def model(book_store: Store) -> Model:
    return train_from_book(book_store, purpose_named("cure"), ["own_history"], day("2025-12-31"))


def asked_with(model: Model) -> dict[str, str]:
    content = json.dumps(parts(model), ensure_ascii=False, sort_keys=True).encode()
    return {"content": b64encode(content).decode(), "sha256": sha256(content).hexdigest()}


def done(
    store: Store, who: Who, verb: str, asked: dict[str, object], on: date, reference: str = ""
) -> Answer | Refused:
    with desk_of(store) as desk:
        return do(desk, who, verb, asked, reference or f"{verb}:{who.name}:{on}:{json.dumps(asked)[:40]}", on)


def test_a_model_is_proposed_approved_weighed_and_used(
    book_store: Store, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = book_store
    answer = done(store, BOTH, "model.propose", asked_with(model), PROPOSED, "proposal-1")
    assert isinstance(answer, Answer), answer
    name = answer.body["model"]
    again = done(store, BOTH, "model.propose", asked_with(model), PROPOSED, "proposal-1")
    assert isinstance(again, Answer) and again.known

    own = done(store, BOTH, "model.approve", {"model": name, "note": "looked"}, PROPOSED)
    assert isinstance(own, Refused) and own.kind == "needs_second_person"
    forbidden = done(store, ANALYST, "model.approve", {"model": name, "note": "looked"}, PROPOSED)
    assert isinstance(forbidden, Refused) and forbidden.kind == "forbidden"
    early = done(store, LEAD, "model.promote", {"model": name}, ON, "too-early")
    assert isinstance(early, Refused) and "is proposed since 2025-08-01" in early.why

    approved = done(store, LEAD, "model.approve", {"model": name, "note": "card and reasons read"}, PROPOSED)
    assert isinstance(approved, Answer), approved
    unseen = done(store, LEAD, "model.promote", {"model": name}, ON, "no-shadow")
    assert isinstance(unseen, Refused) and "scored beside on 0 days" in unseen.why

    scored = done(store, ANALYST, "model.score", {}, SHADOW, "score-1")
    assert isinstance(scored, Answer) and scored.body["scored"][name] > 50
    with store.connect() as connection:
        borrowers = [r[0] for r in connection.execute("select borrower from score").fetchall()]
        assert latest_scores(connection, borrowers, ON, ("cure",)) == {}, "approved is not in use: nobody reads it"

    # on 6,000 loans chance decides on the last gate; what each gate refuses is tried in tests/risk/test_promotion.py
    monkeypatch.setattr(promotion, "MOST_CALIBRATION_ERROR", 0.05)
    used = done(store, LEAD, "model.promote", {"model": name}, ON, "promote-1")
    assert isinstance(used, Answer), used
    assert used.body["evidence"]["gain"][0] > 0.2 and used.body["evidence"]["shadow_days"] == 1
    after = date(2026, 1, 2)
    with store.connect() as connection:
        found = latest_scores(connection, borrowers, after, ("cure",))
        assert len(found) == scored.body["scored"][name]
        assert {s["cure"].sha256[:12] for s in found.values()} == {name}
        assert [m["state"] for m in listed_models(connection, after)] == ["in_use"]
        assert [m["state"] for m in listed_models(connection, PROPOSED)] == ["approved"], "as it stood then"
        row = connection.execute(
            "select b.reference, s.champion_ppm, s.band, s.reasons from score s join borrower b using (borrower) "
            "where s.band in ('D', 'E') and s.reasons <> '' limit 1"
        ).fetchone()
    assert row is not None
    # what is told a month later is what was scored: worked out anew from what was known that day
    told = next(w for w in why(store, row[0], day("2025-12-01")) if w.model.purpose == "cure")
    assert round(told.probability * 1_000_000) == row[1] and told.band == row[2]
    assert [r.code for r in told.reasons] == row[3].split()
    assert told.told("zh")["sources"][0]["group"] == "own_history"

    with store.connect() as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("update score set band = 'A'")
    gone = done(store, ANALYST, "model.retire", {"model": name, "reason": "a trial"}, date(2026, 1, 3))
    assert isinstance(gone, Answer)
    with store.connect() as connection:
        assert latest_scores(connection, borrowers, date(2026, 1, 5), ("cure",)) == {}


def test_a_folder_that_was_changed_or_is_for_no_purpose_is_refused(book_store: Store, model: Model) -> None:
    files = parts(model) | {"scorecard.json": "{}"}
    content = json.dumps(files).encode()
    asked = {"content": b64encode(content).decode(), "sha256": sha256(content).hexdigest()}
    refused = done(book_store, ANALYST, "model.propose", asked, PROPOSED, "changed")
    assert isinstance(refused, Refused) and "scorecard.json is not what was approved" in refused.why
    other = Model(
        model.card | {"purpose": ""}, model.asked, model.series, model.scorecard, model.boosted, model.calibrations
    )
    refused = done(book_store, ANALYST, "model.propose", asked_with(other), PROPOSED, "no-purpose")
    assert isinstance(refused, Refused) and "names no purpose" in refused.why
