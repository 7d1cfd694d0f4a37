"""Promotes a model of treatments, judged against the ladder by what was drawn by chance since it learnt."""

from datetime import date
from typing import Any

from afterloan.enquiry.choices import judged_in_book, ladders_without_hold_out
from afterloan.facts import FactRefused
from afterloan.risk.choice_model import choice_gates, choice_model_of
from afterloan.servicing.desk import Desk
from afterloan.store.scores import KeptModel, files_of, keep_step, models_on


def promote_choices(desk: Desk, kept: KeptModel, on: date) -> dict[str, Any]:
    """Use an approved model from the next night on, if it passes every gate; the one in use is retired.

    Refused with every gate that is not passed and what was found there.
    """
    model = choice_model_of(files_of(desk.connection, kept.model))
    judged = judged_in_book(desk.connection, model, on)
    gates = choice_gates(judged, ladders_without_hold_out(desk.connection, on))
    failed = [g for g in gates if not g.passed]
    if failed:
        why = "; ".join(f"{g.name}: {g.found}" for g in failed)
        raise FactRefused(
            "model", kept.sha256[:12], f"does not pass {why}", "train another, or wait for more days", "conflict"
        )
    for other in models_on(desk.connection, on, kept.purpose):
        if other.state == "in_use":
            reason = {"reason": f"replaced by {kept.sha256[:12]}"}
            keep_step(desk.connection, other.model, "retired", on, desk.who.name, reason)
    keep_step(desk.connection, kept.model, "promoted", on, desk.who.name, judged.told())
    return {"model": kept.sha256[:12], "purpose": kept.purpose, "state": "in_use", "evidence": judged.told()}
