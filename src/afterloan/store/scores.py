"""Models and scores in the store: proposed, approved, in use, retired; a borrower's latest score and band."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts import FactRefused

GOOD_FOR_DAYS = 60
"""Days for which a score is believed: then the borrower has to be scored again."""


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model on record. `state`: proposed, approved, refused, in_use or retired."""

    model: int
    sha256: str
    purpose: str
    proposed_by: str
    proposed_on: date
    state: str
    since: date
    by: str

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "model": self.sha256[:12], "sha256": self.sha256, "purpose": self.purpose, "state": self.state,
            "since": self.since.isoformat(), "by": self.by, "proposed_by": self.proposed_by,
            "proposed_on": self.proposed_on.isoformat(),
        }  # fmt: skip


MODELS = (
    "select m.model, m.sha256, m.purpose, m.proposed_by, m.proposed_on, "
    "case coalesce(s.kind, 'proposed') when 'promoted' then 'in_use' else coalesce(s.kind, 'proposed') end, "
    "coalesce(s.on_day, m.proposed_on), coalesce(s.by, m.proposed_by) from model m left join lateral "
    "(select kind, on_day, by from model_step t where t.model = m.model and t.on_day <= %(on)s "
    "order by step desc limit 1) s on true where m.proposed_on <= %(on)s "
)


def models_on(connection: psycopg.Connection[Any], on: date, purpose: str | None = None) -> list[KeptModel]:
    """Every model as it stood at the end of a day, the newest last."""
    rows = connection.execute(
        MODELS + "and (%(purpose)s::text is null or m.purpose = %(purpose)s) order by m.model",
        {"on": on, "purpose": purpose},
    ).fetchall()
    return [KeptModel(*row) for row in rows]


def model_named(connection: psycopg.Connection[Any], name: str, on: date) -> KeptModel:
    """The model whose sha256 begins with `name` (8 characters at least). Raises FactRefused."""
    found = [m for m in models_on(connection, on) if len(name) >= 8 and m.sha256.startswith(name)]
    if len(found) != 1:
        why = "no model of that sha256" if not found else "several models begin so"
        raise FactRefused(
            "model", name, why, "`afterloan risk models` lists them; write 8 characters or more", "unknown"
        )
    return found[0]


def files_of(connection: psycopg.Connection[Any], model: int) -> dict[str, str]:
    """The files of a model by name."""
    row = connection.execute("select files from model where model = %s", (model,)).fetchone()
    assert row is not None
    return dict(row[0])


def keep_model(
    connection: psycopg.Connection[Any], sha256: str, purpose: str, files: dict[str, str], by: str, on: date
) -> bool:
    """Keep a model in the caller's transaction; False: it was proposed before."""
    row = connection.execute(
        "insert into model (sha256, purpose, files, proposed_by, proposed_on) values (%s, %s, %s, %s, %s) "
        "on conflict (sha256) do nothing returning model",
        (sha256, purpose, Jsonb(files), by, on),
    ).fetchone()
    return row is not None


def keep_step(
    connection: psycopg.Connection[Any], model: int, kind: str, on: date, by: str, told: dict[str, Any]
) -> None:
    """Keep what became of a model, in the caller's transaction."""
    connection.execute(
        "insert into model_step (model, kind, on_day, by, told) values (%s, %s, %s, %s, %s)",
        (model, kind, on, by, Jsonb(told)),
    )


ScoreRow = tuple[int, int, int, str, str]
"""Borrower, champion and challenger in parts per million, band, reason codes."""


def keep_scores(connection: psycopg.Connection[Any], model: int, on: date, rows: Iterable[ScoreRow]) -> None:
    """Write scores of a day in the caller's transaction."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "copy score (borrower, scored_on, model, champion_ppm, challenger_ppm, band, reasons) from stdin"
        ) as copy,
    ):
        for borrower, champion, challenger, band, reasons in rows:
            copy.write_row((borrower, on, model, champion, challenger, band, reasons))


def scored_days(connection: psycopg.Connection[Any], model: int, through: date) -> int:
    """On how many days up to `through` a model has scored the book."""
    row = connection.execute(
        "select count(distinct scored_on) from score where model = %s and scored_on <= %s", (model, through)
    ).fetchone()
    assert row is not None
    return int(row[0])


def was_scored(connection: psycopg.Connection[Any], model: int, on: date) -> bool:
    """Whether a model has scored the book on a day."""
    row = connection.execute(
        "select exists (select from score where model = %s and scored_on = %s)", (model, on)
    ).fetchone()
    return bool(row and row[0])


@dataclass(frozen=True, slots=True)
class Scored:
    """A borrower's latest score of a purpose by a model in use."""

    purpose: str
    band: str
    ppm: int
    on: date
    sha256: str


LATEST = (
    "select distinct on (s.borrower, m.purpose) s.borrower, m.purpose, s.band, s.champion_ppm, s.challenger_ppm, "
    "s.scored_on, m.sha256, m.files->>'leads' from score s join model m using (model) "
    "where s.borrower = any(%(borrowers)s) and m.model = any(%(models)s) "
    "and s.scored_on between %(first)s and %(last)s "
    # the model that reads more sources goes first where both scored the borrower that day
    "order by s.borrower, m.purpose, s.scored_on desc, coalesce((m.files->>'groups')::int, 1) desc, m.model desc"
)


def latest_scores(
    connection: psycopg.Connection[Any], borrowers: Sequence[int], before: date, purposes: Sequence[str]
) -> dict[int, dict[str, Scored]]:
    """By borrower and purpose the latest score of the models in use, known before a day and not too old."""
    used = [m.model for m in models_on(connection, before - timedelta(days=1)) if m.state == "in_use"]
    if not used:
        return {}
    rows = connection.execute(
        LATEST,
        {
            "borrowers": list(borrowers), "models": used, "first": before - timedelta(days=GOOD_FOR_DAYS),
            "last": before - timedelta(days=1),
        },
    ).fetchall()  # fmt: skip
    found: dict[int, dict[str, Scored]] = {}
    for borrower, purpose, band, champion, challenger, on, sha256, leads in rows:
        if purpose in purposes:
            ppm = challenger if leads == "challenger" else champion
            found.setdefault(borrower, {})[purpose] = Scored(purpose, band, ppm, on, sha256)
    return found
