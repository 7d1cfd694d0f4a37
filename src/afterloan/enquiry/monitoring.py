"""Months compared: a table an analyst brings, or a model of the book since it learnt; tables, alarms, nothing kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import psycopg

from afterloan.dates import date_of, day, number_of
from afterloan.enquiry.panels import panel_of, watched_of
from afterloan.risk.features.declared import feature_named
from afterloan.risk.model import Model, of_parts
from afterloan.risk.monitor import (
    Alarm,
    Column,
    against_card,
    code_shares,
    is_of_codes,
    latest_of,
    watch_bands,
    watch_codes,
    watch_figures,
    watch_outcomes,
)
from afterloan.risk.outcomes import PURPOSES
from afterloan.risk.promotion import LEAST_IMPACT
from afterloan.risk.series import series_of
from afterloan.risk.table import TableRefused, columns_of_any
from afterloan.risk.training import OUTCOME, bands_of, fair_by
from afterloan.store.scores import files_of, model_named
from afterloan.store.server import Store

Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Monitored:
    """What was compared: `tables` by name, and the alarms. `about` says what and which months."""

    about: dict[str, Any]
    tables: dict[str, Rows] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)

    def add(self, table: str, told: tuple[Rows, list[Alarm]]) -> None:
        """Put rows into a table and keep their alarms."""
        self.tables.setdefault(table, []).extend(told[0])
        self.alarms += told[1]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {"about": self.about, "alarms": [a.told() for a in self.alarms], "tables": self.tables}


def monitor_table(frame: pl.DataFrame, month: str = "", oldest_first: bool = False) -> Monitored:
    """Compare months of a table: rows by the column `month`, or, without it, numbered columns (PAY_0 … PAY_6).

    Numbered columns are taken with the smallest number as the latest month unless `oldest_first`. Raises TableRefused.
    """
    if not len(frame):
        raise TableRefused("the table has no rows")
    if month:
        if month not in frame.columns:
            raise TableRefused(f"month {month!r}: no such column")
        groups = {
            str(k[0]): part
            for k, part in sorted(frame.partition_by(month, as_dict=True).items(), key=lambda p: str(p[0]))
        }
        columns = {m: columns_of_any(part.drop(month)) for m, part in groups.items()}
        by_column = {name: {m: told[name] for m, told in columns.items()} for name in next(iter(columns.values()))}
    else:
        values = columns_of_any(frame)
        histories = series_of(values)
        if not histories:
            raise TableRefused(
                "no numbered columns are there (PAY_1, PAY_2, PAY_3 …); name the column of the month with --month"
            )
        by_column = {}
        for stem, names in histories.items():
            ordered = names if oldest_first else names[::-1]
            by_column[stem] = {name: values[name] for name in ordered}
    return _compared(by_column)


def _compared(by_column: Mapping[str, Mapping[str, Column]]) -> Monitored:
    found = Monitored({"columns": list(by_column), "months": list(next(iter(by_column.values()), {}))})
    for name, months in by_column.items():
        if len(months) < 2:
            raise TableRefused(f"{name}: one month is there; two are compared at least")
        kinds = list(months.values())
        words = any(v.dtype == object for v in kinds)
        if all(is_of_codes(v) for v in kinds):
            found.add("codes", watch_codes(name, {m: code_shares(v) for m, v in months.items()}))
        elif not words:
            found.add("figures", watch_figures(name, {m: v.astype(np.float64) for m, v in months.items()}))
    return found


def monitor_model(store: Store, name: str, on: date) -> Monitored:
    """A model on the as-of days since it learnt, whose outcomes are known before `on`: figures, score, outcomes, bands,
    fairness, reasons. Raises FactRefused for an unknown model, TableRefused where no such day is over."""
    with store.connect() as connection:
        kept = model_named(connection, name, on)
        model = of_parts(files_of(connection, kept.model))
        reasons = _reasons(connection, kept.model, on)
    features = [feature_named(f["name"]) for f in model.card["features"]]
    through = day(str(model.card["trained_through"]))
    panel = panel_of(store, PURPOSES[kept.purpose], features, number_of(on) - 1, through + 1)
    found = Monitored(
        {
            "model": kept.sha256[:12],
            "purpose": kept.purpose,
            "state": kept.state,
            "trained_through": str(date_of(through)),
            "on": str(on),
        }
    )
    found.tables["reasons"] = reasons
    _figures(found, model, panel)
    _outcomes(found, model, panel)
    with store.connect() as connection:
        _fairness(found, model, panel, connection, on)
    return found


def _figures(found: Monitored, model: Model, panel: pl.DataFrame) -> None:
    """The score and each feature, by as-of day, against the parts that the card tells of the learning days."""
    leads = model.card["leads"]
    days = _by_day(panel)
    learnt = {"score": model.card["score_shares"], **model.card["feature_shares"]}
    alarms: dict[str, list[Alarm]] = {name: [] for name in learnt}
    for key, part in days:
        figures = {name: part[name].cast(pl.Float64).to_numpy() for name in model.card["feature_shares"]}
        figures["score"] = model.probabilities(part)[leads]
        for name, told in learnt.items():
            row, moved = against_card(name, key, figures[name].astype(np.float64), told)
            found.add("stability", ([row], []))
            alarms[name] += moved
    for moved in alarms.values():
        found.alarms += latest_of(moved, len(days))


def _outcomes(found: Monitored, model: Model, panel: pl.DataFrame) -> None:
    leads = model.card["leads"]
    said = {key: model.probabilities(part)[leads] for key, part in _by_day(panel)}
    came = {key: part[OUTCOME].to_numpy().astype(np.int64) for key, part in _by_day(panel)}
    found.add("outcomes", watch_outcomes(said, came, float(model.card["out_of_time"][leads]["auc"])))
    probability = np.concatenate(list(said.values()))
    found.add(
        "bands",
        watch_bands(bands_of(probability, model.card["bands"]), probability, np.concatenate(list(came.values()))),
    )


def _fairness(
    found: Monitored, model: Model, panel: pl.DataFrame, connection: psycopg.Connection[Any], on: date
) -> None:
    borrowers = panel["borrower"].unique().sort().to_numpy()
    told = watched_of(connection, borrowers, on)
    for key, part in _by_day(panel):
        watched = told[np.searchsorted(borrowers, part["borrower"].to_numpy())]
        for row in fair_by(model, model.probabilities(part)[model.card["leads"]], watched):
            alarms = []
            if row["impact"] is not None and row["impact"] < LEAST_IMPACT:
                alarms = [
                    Alarm("fairness", row["by"], key, f"adverse impact ratio {row['impact']}; at least {LEAST_IMPACT}")
                ]
            found.add("fairness", ([{"month": key, **row}], alarms))


def _by_day(panel: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(k[0]), part) for k, part in sorted(panel.partition_by("as_of", as_dict=True).items())]


def _reasons(connection: psycopg.Connection[Any], model: int, on: date) -> Rows:
    """How often each reason was given, by day of scoring."""
    rows = connection.execute(
        "select scored_on::text, reason, count(*) from score, unnest(string_to_array(reasons, ' ')) reason "
        "where model = %s and scored_on <= %s and reasons <> '' group by 1, 2 order by 1, 3 desc",
        (model, on),
    ).fetchall()
    return [{"scored_on": scored_on, "reason": reason, "borrowers": n} for scored_on, reason, n in rows]
