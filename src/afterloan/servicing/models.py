"""Verbs of models: proposed, approved by a second person, promoted through the gates, retired; the book scored."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import psycopg
from pydantic import Field

from afterloan.dates import date_of, day, number_of
from afterloan.enquiry.agreed_rows import groups_with_consent
from afterloan.enquiry.monitoring import monitor_model
from afterloan.enquiry.panels import (
    allowed_of,
    features_on,
    network_of_book,
    panel_of,
    parts_of_book,
    watched_of,
)
from afterloan.enquiry.rings import rings_of_book
from afterloan.facts import FactRefused
from afterloan.loan.reckon import reckon_book
from afterloan.risk.choice_model import PURPOSE as TREATMENT
from afterloan.risk.choice_model import choice_model_of, is_choice_model
from afterloan.risk.explain import codes_of
from afterloan.risk.features.declared import feature_named
from afterloan.risk.model import CHALLENGER, CHAMPION, Model, of_parts
from afterloan.risk.outcomes import PURPOSES, asked_about
from afterloan.risk.promotion import Weighed, evidence, gates
from afterloan.risk.stability import shares_by, stability
from afterloan.risk.table import TableRefused
from afterloan.risk.training import OUTCOME, bands_of, fair_by
from afterloan.servicing.asked import Asked, AskedFile
from afterloan.servicing.choices import promote_choices
from afterloan.servicing.desk import Desk
from afterloan.store.scores import (
    KeptModel,
    files_of,
    keep_model,
    keep_scores,
    keep_step,
    model_named,
    models_on,
    scored_days,
    was_scored,
)
from afterloan.texts import json_told

MILLION = 1_000_000
RESERVED = "leads"


class ProposeModel(AskedFile):
    """A model is proposed: `content` is its folder as JSON, names of files and their texts."""


def propose_model(desk: Desk, asked: ProposeModel, on: date) -> dict[str, Any]:
    """Keep the model as it is; it scores nobody for use before another person approved it and it passed the gates."""
    try:
        files = json_told(asked.content, "the model")
        card = choice_model_of(files).card if is_choice_model(files) else of_parts(files).card
    except (ValueError, TypeError, KeyError, TableRefused) as error:
        raise FactRefused(
            "content", "the model", str(error), "propose a folder that `afterloan risk train` wrote"
        ) from error
    purpose = str(card.get("purpose", ""))
    if purpose not in PURPOSES and not (purpose == TREATMENT and is_choice_model(files)):
        why = "its card names no purpose of the book" if not purpose else f"{purpose} is no purpose of the book"
        raise FactRefused("content", "the model", why, "train it from the book: `afterloan risk train PURPOSE`")
    mark = folder_mark(files)
    files[RESERVED], files["groups"] = str(card.get("leads", "")), str(len(card["feature_groups"]))
    fresh = keep_model(desk.connection, mark, purpose, files, desk.who.name, on)
    return {"model": mark[:12], "sha256": mark, "purpose": purpose, "known_before": not fresh}


def folder_mark(files: dict[str, str]) -> str:
    """The name of a model: the digest of its list of digests."""
    from hashlib import sha256

    return sha256(files["sha256"].encode()).hexdigest()


class _OfModel(Asked):
    """`model`: the first 8 or more characters of its sha256."""

    model: str = Field(min_length=8, max_length=64)


class ApproveModel(_OfModel):
    """A second person has looked at the model's card and approves it; `note` says what was looked at."""

    note: str = Field(min_length=1, max_length=2_000)


def approve_model(desk: Desk, asked: ApproveModel, on: date) -> dict[str, Any]:
    """Approve a proposed model; never one's own."""
    kept = _in_state(desk.connection, asked.model, on, "proposed")
    if kept.proposed_by == desk.who.name:
        raise FactRefused(
            "who", desk.who.name, "proposed it", "another person has to approve it", "needs_second_person"
        )
    keep_step(desk.connection, kept.model, "approved", on, desk.who.name, {"note": asked.note})
    return {"model": kept.sha256[:12], "purpose": kept.purpose, "state": "approved"}


class RetireModel(_OfModel):
    """The model is used no longer, or never will be; `reason`: why."""

    reason: str = Field(min_length=1, max_length=2_000)


def retire_model(desk: Desk, asked: RetireModel, on: date) -> dict[str, Any]:
    """Retire a model that is proposed, approved or in use."""
    kept = _in_state(desk.connection, asked.model, on, "proposed", "approved", "in_use")
    keep_step(desk.connection, kept.model, "retired", on, desk.who.name, {"reason": asked.reason})
    return {"model": kept.sha256[:12], "purpose": kept.purpose, "state": "retired"}


def _in_state(connection: psycopg.Connection[Any], name: str, on: date, *states: str) -> KeptModel:
    kept = model_named(connection, name, on)
    if kept.state not in states:
        raise FactRefused(
            "model",
            name,
            f"is {kept.state} since {kept.since}",
            f"asked for is one that is {' or '.join(states)}",
            "conflict",
        )
    return kept


class PromoteModel(_OfModel):
    """The model is used from now on, if it passes every gate."""


def promote_model(desk: Desk, asked: PromoteModel, on: date) -> dict[str, Any]:
    """Weigh an approved model on days it did not learn from, and use it; the one of the same groups is retired.

    Refused with every gate that is not passed and what was found there.
    """
    kept = _in_state(desk.connection, asked.model, on, "approved")
    if kept.purpose == TREATMENT:
        return promote_choices(desk, kept, on)
    model = of_parts(files_of(desk.connection, kept.model))
    before = _same_groups(desk.connection, kept, model, on)
    found = evidence_of(desk, kept, model, before, on)
    failed = [g for g in gates(found) if not g.passed]
    if failed:
        why = "; ".join(f"{g.name}: {g.found}" for g in failed)
        raise FactRefused(
            "model", asked.model, f"does not pass {why}", "train another, or wait for more days", "conflict"
        )
    if before is not None:
        keep_step(
            desk.connection,
            before[0].model,
            "retired",
            on,
            desk.who.name,
            {"reason": f"replaced by {kept.sha256[:12]}"},
        )
    keep_step(desk.connection, kept.model, "promoted", on, desk.who.name, found.told())
    return {"model": kept.sha256[:12], "purpose": kept.purpose, "state": "in_use", "evidence": found.told()}


def _same_groups(
    connection: psycopg.Connection[Any], kept: KeptModel, model: Model, on: date
) -> tuple[KeptModel, Model] | None:
    """The model in use for the purpose that reads the same groups; another's borrowers are others."""
    for other in models_on(connection, on, kept.purpose):
        if other.state == "in_use":
            read = of_parts(files_of(connection, other.model))
            if sorted(read.card["feature_groups"]) == sorted(model.card["feature_groups"]):
                return other, read
    return None


def evidence_of(desk: Desk, kept: KeptModel, model: Model, before: tuple[KeptModel, Model] | None, on: date) -> Weighed:
    """What the book itself says of a candidate on as-of days after all that it, and the one in use, learnt from."""
    purpose = PURPOSES[kept.purpose]
    names = {f["name"] for m in (model, *([before[1]] if before else [])) for f in m.card["features"]}
    features = [feature_named(name) for name in sorted(names)]
    through = max(str(m.card["trained_through"]) for m in (model, *([before[1]] if before else [])))
    try:
        panel = panel_of(desk.store, purpose, features, number_of(on) - 1, day(through) + 1)
    except TableRefused as error:
        raise FactRefused(
            "model", kept.sha256[:12], str(error), "wait until outcomes of later days are known"
        ) from error
    gone = panel[OUTCOME].to_numpy().astype(np.int64)
    if not 0 < gone.sum() < len(gone):
        raise FactRefused(
            "model", kept.sha256[:12], "no outcome of both kinds since it was trained", "wait for more days"
        )
    new = model.probabilities(panel)[model.card["leads"]]
    old = before[1].probabilities(panel)[before[1].card["leads"]] if before else None
    borrowers = panel["borrower"].to_numpy()
    distinct = np.unique(borrowers)
    told = watched_of(desk.connection, distinct, on)
    watched = told[np.searchsorted(distinct, borrowers)]
    impact = {f["by"]: f["impact"] for f in fair_by(model, new, watched)}
    impact_before = (
        {f["by"]: f["impact"] for f in fair_by(before[1], old, watched)} if before and old is not None else {}
    )
    learnt = model.card["score_shares"]
    moved = stability(learnt["shares"], shares_by(new, learnt["edges"]))
    return evidence(
        new, old, gone, borrowers, impact, impact_before, moved, scored_days(desk.connection, kept.model, on)
    )


class ScoreBook(Asked):
    """Score the book with the models in use and, beside them, those that are approved; `purpose`: only of this one."""

    purpose: str | None = None


def score_book(desk: Desk, asked: ScoreBook, on: date) -> dict[str, Any]:
    """Scores, bands and reasons of every borrower that a purpose asks about, from what was known before the day.

    A model that scored this day already is left alone: its scores stand.
    """
    kept = [m for m in models_on(desk.connection, on, asked.purpose) if m.state in ("in_use", "approved")]
    kept = [m for m in kept if m.purpose in PURPOSES]
    fresh = [m for m in kept if not was_scored(desk.connection, m.model, on)]
    if not kept:
        raise FactRefused(
            "purpose", asked.purpose or "any", "no model is approved or in use", "`afterloan risk approve`"
        )
    read = [(m, of_parts(files_of(desk.connection, m.model))) for m in fresh]
    counts = {m.sha256[:12]: 0 for m in fresh}
    if read:
        features = {m.model: [feature_named(f["name"]) for f in model.card["features"]] for m, model in read}
        wanted = groups_with_consent(f for told in features.values() for f in told)
        network = network_of_book(desk.connection, desk.reader, wanted, [number_of(on)])
        for part in parts_of_book(desk.connection, desk.reader, wanted, network):
            positions = reckon_book(part.book, number_of(on), number_of(on) - 1)
            for m, model in read:
                purpose, told = PURPOSES[m.purpose], features[m.model]
                asked_for = asked_about(purpose, positions, part.owners)
                borrowers = allowed_of(part, number_of(on), purpose, told, asked_for)
                if len(borrowers):
                    frame = features_on(part, number_of(on), told, borrowers, purpose.use)
                    rows = scored_rows(model, frame, borrowers)
                    keep_scores(desk.connection, m.model, on, rows.iter_rows())
                    counts[m.sha256[:12]] += len(borrowers)
    return {"on": date_of(number_of(on)).isoformat(), "scored": counts, "known_before": len(kept) - len(fresh)}


def scored_rows(model: Model, frame: pl.DataFrame, borrowers: Any) -> pl.DataFrame:
    """Borrower, both probabilities in parts per million, band of the one that leads, reason codes of bands D and E."""
    said = model.probabilities(frame)
    bands = bands_of(said[model.card["leads"]], model.card["bands"])
    features = [feature_named(f["name"]) for f in model.card["features"]]
    adverse = np.isin(bands, ("D", "E"))
    codes = np.full(len(frame), "", object)
    if adverse.any():
        codes[adverse] = codes_of(model, frame.filter(pl.Series(adverse)), features).to_numpy()
    ppm = {name: np.rint(said[name] * MILLION).astype(np.int64) for name in (CHAMPION, CHALLENGER)}
    return pl.DataFrame(
        {
            "borrower": borrowers,
            "champion": ppm[CHAMPION],
            "challenger": ppm[CHALLENGER],
            "band": bands,
            "reasons": codes.astype(str),
        }
    )


class WatchModel(_OfModel):
    """Compare the months since the model learnt; what stands out is a task until a later look finds it gone."""


def watch_model(desk: Desk, asked: WatchModel, on: date) -> dict[str, Any]:
    """Keep what was found with the act; `alarms` are shown among the tasks of people."""
    try:
        found = monitor_model(desk.store, asked.model, on)
    except TableRefused as error:
        raise FactRefused("model", asked.model, str(error), "wait until outcomes of later days are known") from error
    return {
        "model": found.about["model"], "purpose": found.about["purpose"], "alarms": [a.told() for a in found.alarms],
        "outcomes": found.tables["outcomes"],
    }  # fmt: skip


class WatchNetwork(Asked):
    """Look for groups that exchange money, borrowed together and stopped together."""


def watch_network(desk: Desk, asked: WatchNetwork, on: date) -> dict[str, Any]:
    """Keep what was found with the act; each group is a task of a person, and nothing else follows from it."""
    return {"on": on.isoformat(), "rings": rings_of_book(desk.store, on)}
