"""One model of the book at a glance: its steps, its card, how its scores lie today, what the last look at it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.choices import judged_named
from afterloan.risk.choice_model import ChoicesJudged, choice_model_of, is_choice_model
from afterloan.risk.model import of_parts
from afterloan.store.scores import KeptModel, files_of, model_named

HALVES = ("champion", "challenger")


@dataclass(frozen=True, slots=True)
class ModelGlance:
    """A model as a page shows it. `steps`: (kind, day, by, what was said); `bands`: borrowers by band on `scored_on`.

    `halves`: champion and challenger out of time (`auc`, `ks`, `ece` …); `watched`: the alarms of the last look,
    None where nobody looked yet. `judged`: of a model of treatments, its choices against the ladder since it learnt.
    """

    kept: KeptModel
    card: Mapping[str, Any]
    steps: list[tuple[str, date, str, str]]
    halves: dict[str, Mapping[str, Any]]
    widest: list[tuple[str, float]]
    bands: list[tuple[str, int]]
    scored_on: date | None
    watched: list[dict[str, Any]] | None
    watched_on: date | None
    judged: ChoicesJudged | None = None

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {
            **self.kept.told(), "card": dict(self.card), "out_of_time": {k: dict(v) for k, v in self.halves.items()},
            "steps": [
                {"step": kind, "on": on.isoformat(), "by": by, "said": said} for kind, on, by, said in self.steps
            ],
            "widest": [{"column": name, "span": span} for name, span in self.widest],
            "bands": dict(self.bands), "scored_on": self.scored_on and self.scored_on.isoformat(),
            "judged": self.judged and self.judged.told(),
            "alarms": self.watched, "watched_on": self.watched_on and self.watched_on.isoformat(),
        }  # fmt: skip


STEPS = (
    "select kind, on_day, by, coalesce(told->>'note', told->>'reason', '') from model_step "
    "where model = %s and on_day <= %s order by step"
)
BANDS = (
    "select band, count(*), max(scored_on) from score where model = %(model)s and scored_on = "
    "(select max(scored_on) from score where model = %(model)s and scored_on <= %(on)s) group by band order by band"
)
WATCHED = (
    "select on_day, answer->'alarms' from act where verb = 'model.watch' and answer->>'model' = %s and on_day <= %s "
    "order by act desc limit 1"
)


def model_glance(connection: psycopg.Connection[Any], name: str, on: date) -> ModelGlance:
    """A model by the first 8 or more characters of its name. Raises FactRefused (unknown)."""
    kept = model_named(connection, name, on)
    files = files_of(connection, kept.model)
    if is_choice_model(files):
        card = choice_model_of(files).card
        return ModelGlance(
            kept, card, list(connection.execute(STEPS, (kept.model, on)).fetchall()), {}, [], [], None, None, None,
            judged_named(connection, name, on) if kept.state in ("approved", "in_use") else None,
        )  # fmt: skip
    model = of_parts(files)
    measured = model.card.get("out_of_time") or model.card["on_folds_left_out"]
    spans = {name: weight * model.scorecard.bins[name].span() for name, weight in model.scorecard.weights.items()}
    bands = connection.execute(BANDS, {"model": kept.model, "on": on}).fetchall()
    watched = connection.execute(WATCHED, (kept.sha256[:12], on)).fetchone()
    return ModelGlance(
        kept, model.card, list(connection.execute(STEPS, (kept.model, on)).fetchall()),
        {half: measured[half] for half in HALVES if half in measured},
        sorted(((name, round(span, 3)) for name, span in spans.items()), key=lambda pair: -pair[1])[:12],
        [(str(band), int(count)) for band, count, _ in bands], bands[0][2] if bands else None,
        list(watched[1] or []) if watched else None, watched[0] if watched else None,
    )  # fmt: skip
