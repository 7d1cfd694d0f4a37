"""All that one page tells of a model: how it parts, what it says and what came, why, whether it holds, for whom."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.dates import day, number_of
from afterloan.enquiry.lines_tried import LinesTried, line_policy, lines_of_book
from afterloan.enquiry.panels import panel_of, watched_of
from afterloan.risk.bins import Floats, Ints
from afterloan.risk.curves import curve, gap, lift, ranges, said_and_came
from afterloan.risk.explain import costs
from afterloan.risk.fair import fairness
from afterloan.risk.features.declared import feature_named, reasons
from afterloan.risk.limits import MILLION
from afterloan.risk.measure import measured
from afterloan.risk.model import Model, assess, of_parts, table_mark
from afterloan.risk.monitor import against_card
from afterloan.risk.outcomes import PURPOSES
from afterloan.risk.table import columns_for, groups_of, outcomes
from afterloan.risk.training import BANDS, OUTCOME, WELL, band_edges, bands_of
from afterloan.store.scores import files_of, model_named
from afterloan.store.server import Store

ADVERSE = ("D", "E")
MOST_EXPLAINED = 5_000  # adverse rows whose reasons are counted
MOST_COLUMNS = 12  # of the scorecard that are drawn; all are in the card


def report_of_table(model: Model, frame: pl.DataFrame, label: str, bad: str = "") -> dict[str, Any]:
    """The report of a model on a table with outcomes. Raises TableRefused as `assess` does."""
    said = model.probabilities(frame)
    by_group = assess(model, frame, label, bad, said).told()["groups"]
    gone = outcomes(frame, label, bad or (str(model.card["bad"]) if label == model.card["label"] else ""))
    groups = {name: np.array(groups_of(frame, name)) for name in model.card["groups"]}
    told = reported(model, frame, gone, groups, said)
    told["about"]["own_table"] = table_mark(frame) == model.card["table_sha256"]
    return told | {"groups": by_group}


def report_of_book(store: Store, name: str, on: date) -> dict[str, Any]:
    """The report of a model of the book on the days since it learnt whose outcomes are known before `on`."""
    with store.connect() as connection:
        kept = model_named(connection, name, on)
        model = of_parts(files_of(connection, kept.model))
        steps = connection.execute(
            "select kind, on_day::text, by from model_step where model = %s and on_day <= %s order by step",
            (kept.model, on),
        ).fetchall()
    features = [feature_named(f["name"]) for f in model.card["features"]]
    through = day(str(model.card["trained_through"]))
    panel = panel_of(store, PURPOSES[kept.purpose], features, number_of(on) - 1, through + 1)
    borrowers = panel["borrower"].to_numpy()
    distinct = np.unique(borrowers)
    with store.connect() as connection:
        watched = watched_of(connection, distinct, on)[np.searchsorted(distinct, borrowers)]
    groups = {n: watched[n].fill_null("not recorded").to_numpy() for n in watched.columns}
    told = reported(model, panel, panel[OUTCOME].to_numpy().astype(np.int64), groups)
    told["about"] |= {"model": kept.sha256[:12], "state": kept.state, "proposed by": kept.proposed_by}
    if kept.purpose == "limit" and kept.state == "in_use":
        told["lines"] = limit_matrix(lines_of_book(store, on, *line_policy("ANY", on)), bands_asked(model))
    told["about"]["steps"] = "; ".join(f"{kind} {when} {who}" for kind, when, who in steps)
    return told


def reported(
    model: Model,
    frame: pl.DataFrame,
    gone: Ints,
    groups: Mapping[str, npt.NDArray[Any]],
    said: dict[str, npt.NDArray[np.float64]] | None = None,
) -> dict[str, Any]:
    """JSON values of every part of the page, out of rows with outcomes `gone` [n] and groups that no model reads.

    `said`: what both halves say of the rows, where that is known already.
    """
    said = said or model.probabilities(frame)
    leads = str(model.card["leads"])
    edges = bands_asked(model)
    bands = bands_of(said[leads], edges)
    return {
        "about": _about(model, len(gone), int(gone.sum())),
        "measures": {name: measured(p, gone).told() for name, p in said.items()},
        "left_out": model.card.get("out_of_time") or model.card["on_folds_left_out"],
        "curve": {name: curve(p, gone) for name, p in said.items()},
        "gap": gap(said[leads], gone),
        "calibration": {name: said_and_came(p, gone) for name, p in said.items()},
        "lift": lift(said[leads], gone),
        "bands": _bands(bands, said[leads], gone, edges),
        "made_of": _made_of(model),
        "reasons": _reasons(model, frame, bands),
        "stability": _stability(model, frame, said[leads]),
        "fairness": [fairness(name, np.isin(bands, WELL), at).told() for name, at in groups.items()],
    }


def bands_asked(model: Model) -> dict[str, float]:
    """The upper edges of the card's bands; of a model of a table, by the average it learnt from."""
    told: dict[str, float] = model.card.get("bands") or band_edges(model.card["went_bad"] / model.card["rows"])
    return told


def _about(model: Model, rows: int, bad: int) -> dict[str, Any]:
    card = model.card
    told: dict[str, Any] = {
        key: card[key] for key in ("purpose", "outcome", "label", "rows", "went_bad", "leads", "seed") if key in card
    }
    told |= {"measured on": rows, "of them bad": bad, "table_sha256": str(card["table_sha256"])[:16]}
    return told | {"notes": list(card["notes"]), "own_table": False}


def _bands(bands: npt.NDArray[np.str_], said: Floats, gone: Ints, edges: Mapping[str, float]) -> list[dict[str, Any]]:
    found = []
    for name, _ in BANDS:
        here = bands == name
        rows = int(here.sum())
        average = (float(said[here].mean()), float(gone[here].mean())) if rows else (None, None)
        found.append({"band": name, "below": edges.get(name), "rows": rows, "said": average[0], "came": average[1]})
    return found


def _made_of(model: Model) -> list[dict[str, Any]]:
    card = model.scorecard
    spans = {name: w * card.bins[name].span() for name, w in card.weights.items()}
    widest = sorted(spans, key=lambda name: -spans[name])[:MOST_COLUMNS]
    return [
        {"column": name, "span": round(spans[name], 3), "bins": ranges(card.bins[name], card.weights[name])}
        for name in widest
    ]


def _reasons(model: Model, frame: pl.DataFrame, bands: npt.NDArray[np.str_]) -> list[dict[str, Any]]:
    """How often each reason costs most among adverse rows."""
    at = np.flatnonzero(np.isin(bands, ADVERSE))[:MOST_EXPLAINED]
    if not len(at):
        return []
    names, paid = costs(model, frame[at])
    code = {f["name"]: f["reason"] for f in model.card.get("features", [])}
    kinds = sorted({code.get(name, name) for name in names})
    if not kinds:
        return []
    summed = np.zeros((len(at), len(kinds)))
    for k, name in enumerate(names):
        summed[:, kinds.index(code.get(name, name))] += paid[:, k]
    first = np.bincount(summed.argmax(axis=1), minlength=len(kinds))
    order = np.argsort(-first, kind="stable")
    words = {kind: reasons().get(kind, {"en": kind, "zh": kind}) for kind in kinds}
    return [
        {"reason": kinds[k], "share": round(float(first[k]) / len(at), 4), **_both(words[kinds[k]])}
        for k in order.tolist() if first[k]
    ]  # fmt: skip


def _both(words: Mapping[str, str]) -> dict[str, str]:
    """A reason's sentence without the figure of one borrower, in both languages."""
    return {
        language: words[language].replace(" ({value})", "").replace("（{value}）", "").replace("{value}", "…")
        for language in ("en", "zh")
    }


def _stability(model: Model, frame: pl.DataFrame, said: Floats) -> list[dict[str, Any]]:
    if "score_shares" not in model.card:
        return []
    rows = [against_card("score", "", said, model.card["score_shares"])[0]]
    shares = {n: told for n, told in model.card["feature_shares"].items() if n in model.asked}
    columns = columns_for(frame, {n: model.asked[n] for n in shares})
    rows += [against_card(n, "", columns[n].astype(np.float64), told)[0] for n, told in shares.items()]
    return [rows[0], *sorted(rows[1:], key=lambda r: -float(r["index"]))]


def limit_matrix(tried: LinesTried, edges: Mapping[str, float]) -> list[dict[str, Any]]:
    """Lines by band: how many, limits before and after, moved, and what is expected to stand with who defaults."""
    scored = tried.lines.pd_ppm >= 0
    bands = np.where(scored, bands_of(tried.lines.pd_ppm / MILLION, dict(edges)), "")
    found = []
    for band in sorted(set(bands.tolist())):
        at = bands == band
        before, after = tried.lines.limit_fen[at], tried.after.after_fen[at]
        found.append(
            {
                "band": band or "not scored", "lines": int(at.sum()), "before_fen": int(before.sum()),
                "after_fen": int(after.sum()), "wider": int((after > before).sum()),
                "narrower": int((after < before).sum()), "drawn_fen": int(tried.lines.drawn_fen[at].sum()),
                "chance_ppm": int(tried.lines.pd_ppm[at].mean()) if band else None,
            }
        )  # fmt: skip
    return found
