"""A model on its way through the door: proposed, approved by another, scored beside, weighed, used, replaced."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256

import psycopg
import pytest

from afterloan.close import lines
from afterloan.close.known import borrowers_told, with_scores
from afterloan.close.lines import move_lines
from afterloan.dates import day
from afterloan.enquiry.models import listed_models, purpose_named, train_from_book, why
from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Refused, Who
from afterloan.risk import promotion
from afterloan.risk.model import Model, parts
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.lessons import band_of
from afterloan.store.limits import line_now
from afterloan.store.rebuilding import person_in
from afterloan.store.scores import keep_model, keep_scores, keep_step, latest_scores, models_on
from afterloan.store.server import Store
from afterloan.strategy.frame import whole_frame
from afterloan.strategy.worklist import priority_fen, worth_rule
from tests.risk.book import generated
from tests.strategy.books import borrower

ANALYST = Who("person", "li", ("analyst",), "keyboard")
LEAD = Who("person", "wang", ("lead",), "keyboard")
BOTH = Who("person", "zhao", ("analyst", "lead"), "keyboard")
PROPOSED, SHADOW, ON = date(2025, 8, 1), date(2025, 12, 1), date(2026, 1, 1)


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("models"), "t_models", 3_000) as store:
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

    with store.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
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


def put(
    connection: psycopg.Connection, model: Model, borrower: int, band: str, ppm: int, on: date, used: bool = True
) -> None:
    """A model in use (or only approved) with one score."""
    files = parts(model) | {"leads": "champion"}
    keep_model(connection, f"{band}{ppm}{used}".ljust(64, "0"), str(model.card["purpose"]), files, "li", on)
    number = models_on(connection, on)[-1].model
    keep_step(connection, number, "approved", on, "wang", {})
    if used:
        keep_step(connection, number, "promoted", on, "wang", {})
    keep_scores(connection, number, on, [(borrower, ppm, 1, band, "late_now")])


def test_bands_of_a_model_in_use_go_before_imported_ones(store: Store, model: Model) -> None:
    """Restoration, the decision frame and the worth of a case read the model in use, none that is only approved."""
    warning = Model(
        model.card | {"purpose": "early_warning"},
        model.asked,
        model.series,
        model.scorecard,
        model.boosted,
        model.calibrations,
    )
    on = date(2026, 1, 5)
    with store.connect() as connection:
        numbers = [borrower(connection, name, score_band="B") for name in ("B1", "B2")]
        put(connection, warning, numbers[0], "E", 400_000, date(2026, 1, 1))
        put(connection, model, numbers[0], "A", 400_000, date(2026, 1, 1))
        put(connection, warning, numbers[1], "D", 300_000, date(2026, 1, 1), used=False)
        told = borrowers_told(connection, numbers).frame
        frame = whole_frame(with_scores(connection, told, day("2026-01-05")))
        assert frame["score_band"].to_list() == ["E", "B"]
        assert frame["score_by"].to_list() == [f"model {'E400000True'.ljust(12, '0')}", "imported"]
        assert frame["not_cured_ppm"].to_list() == [400_000, -1]
        same_day = whole_frame(with_scores(connection, told, day("2026-01-01")))
        assert same_day["score_by"].to_list() == ["imported", "imported"], "a score of a day is known on the next"
        old = whole_frame(with_scores(connection, told, day("2026-03-05")))
        assert old["score_by"].to_list() == ["imported", "imported"], "a score of 63 days ago is believed no longer"
        assert band_of(connection, person_in(connection, "B1"), day("2026-01-05"))[0] == "E"
        assert band_of(connection, person_in(connection, "B2"), day("2026-01-05")) == (
            "B",
            "imported with the borrower",
        )
    # arrears 1,000.00 at 10 days: 250.00; 60 % come back alone, half of that is taken off: 175.00 - 6.00
    row = {"days_past_due": 10, "arrears_fen": 100_000, "not_cured_ppm": 400_000}
    assert priority_fen(row, worth_rule(on)) == 16_900
    assert priority_fen(row | {"not_cured_ppm": -1}, worth_rule(on)) == 24_400


def test_what_a_look_at_a_model_finds_is_a_task_until_the_next_look(book_store: Store, model: Model) -> None:
    changed = Model(
        model.card | {"out_of_time": {k: v | {"auc": 0.999} for k, v in model.card["out_of_time"].items()}, "seed": 77},
        model.asked, model.series, model.scorecard, model.boosted, model.calibrations,
    )  # fmt: skip
    proposed = done(book_store, ANALYST, "model.propose", asked_with(changed), PROPOSED, "to-watch")
    assert isinstance(proposed, Answer)
    looked = done(book_store, ANALYST, "model.watch", {"model": proposed.body["model"]}, ON, "watch-1")
    assert isinstance(looked, Answer) and "discrimination" in {a["kind"] for a in looked.body["alarms"]}
    with book_store.connect() as connection:
        open_ones = [t for t in tasks(connection, (), ON) if t.queue == "model"]
        assert len(open_ones) == len(looked.body["alarms"])
        assert any("discrimination of score" in t.what for t in open_ones)
        assert not [t for t in tasks(connection, (), PROPOSED) if t.queue == "model"]
    refused = done(book_store, LEAD, "task.done", {"of": open_ones[0].key, "how": "seen"}, ON, "seen")
    assert isinstance(refused, Refused) and "ends when the next look" in refused.why
    done(
        book_store,
        ANALYST,
        "model.retire",
        {"model": proposed.body["model"], "reason": "watched"},
        ON,
        "retire-watched",
    )
    with book_store.connect() as connection:
        assert not [t for t in tasks(connection, (), ON) if t.queue == "model"]


def in_use_for_limits(store: Store, model: Model) -> None:
    """The model as one for lines, in use, with two months of scores until the last day of September."""
    limit = Model(
        model.card | {"purpose": "limit", "seed": 78}, model.asked, model.series, model.scorecard, model.boosted,
        model.calibrations,
    )  # fmt: skip
    proposed = done(store, ANALYST, "model.propose", asked_with(limit), date(2025, 7, 1), "for-limits")
    assert isinstance(proposed, Answer)
    with store.connect() as connection:
        number = models_on(connection, date(2025, 7, 1), "limit")[-1].model
        for step, on in (("approved", date(2025, 7, 1)), ("promoted", date(2025, 7, 2))):
            keep_step(connection, number, step, on, "wang", {})
        connection.commit()
    for on in (date(2025, 8, 1), date(2025, 9, 30)):  # two months in a band; the later one is believed on the day
        scored = done(store, ANALYST, "model.score", {"purpose": "limit"}, on, f"limits:{on}")
        assert isinstance(scored, Answer), scored


def _lowered_by_a_person(store: Store, who: str, on: date) -> None:
    """A person who lowers the line by the score tells the reasons of that score, as the night does; none is typed."""
    asked = {"borrower": who, "change": "reduce", "after_fen": 100, "reason": "the committee", "by_score": True}
    lowered = done(store, LEAD, "limit.change", asked, on, "by-hand")
    assert isinstance(lowered, Answer), lowered
    scored = [one for one in why(store, who, day(on.isoformat())) if one.model.purpose == "limit"]
    assert lowered.body["reasons"] in ([r["words"] for r in scored[0].told(x)["reasons"]] for x in ("zh", "en"))
    with store.connect() as connection:
        told = connection.execute("select body from outbox where key = 'news/limit.reduced/by-hand'").fetchone()
    assert told is not None and told[0]["values"]["reasons"] == lowered.body["reasons"]


def test_lines_are_moved_by_rule_with_notice_reasons_and_a_yes(
    book_store: Store, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, on = book_store, date(2025, 10, 1)
    in_use_for_limits(store, model)
    assert move_lines(store, day("2025-10-01")) is None, "as it comes, people decide"
    by_rule = replace(lines.line_rule("ANY", on), carried_out_by="rule")
    monkeypatch.setattr(lines, "line_rule", lambda *_: by_rule)
    counts = move_lines(store, day("2025-10-01"))
    assert counts is not None and counts["lowered"] > 0 and counts["offered"] > 0 and counts["widened"] == 0
    assert move_lines(store, day("2025-10-02")) is None, "once a month"
    with store.connect() as connection:
        rows = connection.execute(
            "select b.reference, e.reference, (e.body->>'before_fen')::bigint, (e.body->>'after_fen')::bigint, o.body "
            "from event e join borrower b using (borrower) "
            "join outbox o on o.key = 'news/limit.reduced/' || e.reference "
            "where e.kind = 'limit.reduced' and e.known_on = %s",
            (on,),
        ).fetchall()
        offers = connection.execute(
            "select b.reference, e.reference, (e.body->>'before_fen')::bigint, (e.body->>'after_fen')::bigint "
            "from event e join borrower b using (borrower) where e.kind = 'limit.offered' "
            "and e.known_on = %s order by 1",
            (on,),
        ).fetchall()
    assert (len(rows), len(offers)) == (counts["lowered"], counts["offered"])
    for who, _, before, after, body in rows[:5]:
        assert before * 8 // 10 <= after < before, "a fifth a step"
        assert body["template"] == "limit-decreased" and body["purpose"] == "legal_notice"
        told = why(store, who, day("2025-09-30"))
        words = [r["words"] for w in told if w.model.purpose == "limit" for r in w.told("zh")["reasons"]]
        english = [r["words"] for w in told if w.model.purpose == "limit" for r in w.told("en")["reasons"]]
        assert body["values"]["reasons"] in (words, english) and words, "the reasons of the borrower's own score"
        with store.connect() as connection:
            assert line_now(connection, who, on).limit_fen == after
    who, offer, before, after = offers[0]
    borrower = Who("borrower", who, ("borrower",), "portal")
    with store.connect() as connection:
        assert line_now(connection, who, on).limit_fen == before < after, "an offer changes nothing"
    asked = {"borrower": who, "of": offer}
    silent = done(store, LEAD, "limit.accept", asked, on, "no-yes")
    assert isinstance(silent, Refused) and "nobody agrees for the borrower" in silent.why
    late = done(store, borrower, "limit.accept", asked, date(2025, 11, 1), "too-late")
    assert isinstance(late, Refused) and "was good until 2025-10-31" in late.why
    others = done(store, borrower, "limit.accept", {"borrower": who, "of": offers[1][1]}, on, "not-mine")
    assert isinstance(others, Refused)
    yes = done(store, borrower, "limit.accept", asked, date(2025, 10, 31), "yes")
    assert isinstance(yes, Answer) and yes.body["limit_fen"] == after
    with store.connect() as connection:
        assert line_now(connection, who, date(2025, 10, 31)).limit_fen == after
    twice = done(store, borrower, "limit.accept", asked, date(2025, 10, 31), "yes-again")
    assert isinstance(twice, Refused) and "is another by now" in twice.why
    _lowered_by_a_person(store, rows[0][0], date(2025, 10, 2))
    # in November nothing moves that moved in October, and no offer is made twice within ninety days
    again = move_lines(store, day("2025-11-01"))
    assert again is not None
    with store.connect() as connection:
        both = connection.execute(
            "select count(*) from event where kind in ('limit.reduced', 'limit.offered') and known_on = '2025-11-01' "
            "and borrower in (select borrower from event where kind in ('limit.reduced', 'limit.offered') "
            "and known_on = %s)",
            (on,),
        ).fetchone()
    assert both == (0,)
