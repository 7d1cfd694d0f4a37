"""Questions about models: trained from the book for a look, listed, their cards, and why a borrower has a score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import psycopg

from afterloan.dates import date_of, iso, number_of
from afterloan.enquiry.agreed_rows import groups_with_consent
from afterloan.enquiry.panels import (
    allowed_of,
    features_asked,
    features_on,
    network_of_book,
    panel_of,
    part_of_borrower,
    watched_of,
)
from afterloan.facts import FactRefused
from afterloan.loan.reckon import reckon_book
from afterloan.risk.explain import RiskReason, WouldChange, changes_of, reasons_of, told_change, told_reason
from afterloan.risk.features.declared import feature_named, groups
from afterloan.risk.model import Model, of_parts
from afterloan.risk.outcomes import PURPOSES, Purpose, asked_about
from afterloan.risk.table import TableRefused
from afterloan.risk.training import OUTCOME, bands_of, fair_by, split_by_time, train
from afterloan.store.connect import reader_to
from afterloan.store.scores import KeptModel, files_of, models_on
from afterloan.store.server import Store


def purpose_named(name: str) -> Purpose:
    """A purpose by name. Raises TableRefused naming those there are."""
    if name not in PURPOSES:
        raise TableRefused(f"purpose {name!r}: there are {', '.join(PURPOSES)}")
    return PURPOSES[name]


def train_from_book(
    store: Store,
    purpose: Purpose,
    wanted: Sequence[str],
    last: int,
    seed: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Model:
    """Fit a model of a purpose on the book's own past, measured out of time and for fairness. Raises TableRefused.

    `wanted`: groups of features; `last`: the last day that is known.
    """
    features = features_asked(wanted, purpose)
    panel = panel_of(store, purpose, features, last, None, progress)
    model = train(panel, purpose, features, seed)
    test = split_by_time(panel).test
    with store.connect() as connection:
        borrowers = test["borrower"].unique().sort().to_numpy()
        told = watched_of(connection, borrowers, date_of(last))
    watched = told[np.searchsorted(borrowers, test["borrower"].to_numpy())]
    model.card["fairness"] = fair_by(model, model.probabilities(test)[model.card["leads"]], watched)
    model.card["panel_rows"] = len(panel)
    model.card["panel_went_bad"] = int(panel[OUTCOME].sum())
    return model


def listed_models(connection: psycopg.Connection[Any], on: date) -> list[dict[str, Any]]:
    """Every model on record as it stood on a day."""
    return [m.told() for m in models_on(connection, on)]


@dataclass(frozen=True, slots=True)
class WhyScored:
    """A borrower's score by a model: probability, band, reasons, what would change it, the sources that were read."""

    borrower: str
    on: int
    model: KeptModel
    outcome: str
    probability: float
    beside: float
    band: str
    reasons: list[RiskReason]
    changes: list[WouldChange]
    sources: list[dict[str, Any]]

    def told(self, language: str) -> dict[str, Any]:
        """JSON values with sentences in a language."""
        return {
            "borrower": self.borrower,
            "on": iso(self.on),
            "model": self.model.sha256[:12],
            "state": self.model.state,
            "purpose": self.model.purpose,
            "outcome": self.outcome,
            "probability": round(self.probability, 6),
            "other_half": round(self.beside, 6),
            "band": self.band,
            "reasons": [
                told_reason(r, language) for r in self.reasons
            ],
            "would_change_it": [
                told_change(c, language) for c in self.changes
            ],
            "sources": self.sources,
        }  # fmt: skip


def why(store: Store, borrower: str, on: int) -> list[WhyScored]:
    """Why a borrower stands where the models that are in use or approved put them, one for each purpose that asks.

    Worked out anew from what was known before `on`: facts are kept with the day on which they became known, so the
    same day gives the same answer years later. Raises FactRefused for an unknown borrower, or where no model asks.
    """
    with store.connect() as connection, reader_to(store.url) as reader:
        kept = [m for m in models_on(connection, date_of(on)) if m.state in ("in_use", "approved")]
        kept = [m for m in kept if m.purpose in PURPOSES]
        read = {m.model: of_parts(files_of(connection, m.model)) for m in kept}
        wanted = groups_with_consent(
            feature_named(f["name"]) for model in read.values() for f in model.card["features"]
        )
        network = network_of_book(connection, reader, wanted, [on])
        part = part_of_borrower(connection, reader, borrower, wanted, network)
        positions = reckon_book(part.book, on, on - 1)
        found = []
        for m in kept:
            purpose = PURPOSES[m.purpose]
            asked = asked_about(purpose, positions, part.owners)
            model = read[m.model]
            features = [feature_named(f["name"]) for f in model.card["features"]]
            if len(allowed_of(part, on, purpose, features, asked)):
                row = features_on(part, on, features, part.owners[:1], purpose.use)
                found.append(_why(borrower, on, m, model, row))
    if not found:
        what = "no model is approved or in use" if not kept else "no model asks about this borrower on that day"
        raise FactRefused("borrower", borrower, what, "`afterloan risk models` lists models and purposes", "unknown")
    return found


def _why(borrower: str, on: int, kept: KeptModel, model: Model, row: pl.DataFrame) -> WhyScored:
    features = [feature_named(f["name"]) for f in model.card["features"]]
    said = model.probabilities(row)
    leads = model.card["leads"]
    other = next(name for name in said if name != leads)
    sources = [
        {"group": name, "about": groups()[name].about, "consent": "asked for" if told["consent"] else "not needed"}
        for name, told in model.card["feature_groups"].items()
    ]
    return WhyScored(
        borrower, on, kept, str(model.card["outcome"]), float(said[leads][0]), float(said[other][0]),
        str(bands_of(said[leads], model.card["bands"])[0]), reasons_of(model, row, features)[0],
        changes_of(model, row, features), sources,
    )  # fmt: skip


def last_known(connection: psycopg.Connection[Any]) -> int:
    """The last day of which the book knows: the last one closed, else of the last fact."""
    row = connection.execute(
        "select coalesce((select max(closed_on) from proof), (select max(known_on) from fact))"
    ).fetchone()
    if row is None or row[0] is None:
        raise FactRefused("on", "", "the book is empty", "import a book first")
    return number_of(row[0])
