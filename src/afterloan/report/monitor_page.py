"""What a monitor found as one self-contained page: alarms first, charts, and the tables under them."""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

MOST_ROWS = 400  # of a table on the page; all are in the JSON beside


def monitor_page(told: Mapping[str, Any]) -> str:
    """The HTML text of `Monitored.told()`. No network is needed to read it."""
    folder = resources.files("afterloan.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((folder / "monitor.html.j2").read_text(encoding="utf-8"))
    tables = {name: _table(rows) for name, rows in told["tables"].items() if rows}
    return template.render(
        about={k: ", ".join(map(str, v)) if isinstance(v, list) else str(v) for k, v in told["about"].items()},
        alarms=told["alarms"],
        tables=tables,
        charts=json.dumps(_charts(told["tables"])).replace("</", "<\\/"),
        echarts=(folder / "vendor" / "echarts.simple.min.js").read_text(encoding="utf-8"),
    )


def _table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    shown = [[_cell(row.get(name, "")) for name in names] for row in rows[:MOST_ROWS]]
    return {"names": [name.replace("_", " ") for name in names], "rows": shown, "more": max(0, len(rows) - MOST_ROWS)}


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v:.1%}" if isinstance(v, float) else f"{k} {v}" for k, v in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _charts(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    charts: dict[str, Any] = {}
    for row in tables.get("codes", []):
        chart = charts.setdefault(f"codes of {row['where']}", {"months": [], "lines": {}, "stack": True})
        chart["months"].append(row["month"])
        for code, share in row["shares"].items():
            line = chart["lines"].setdefault(code, [0] * (len(chart["months"]) - 1))
            line.append(round(100 * share, 2))
        for line in chart["lines"].values():
            line.extend([0] * (len(chart["months"]) - len(line)))
    for row in tables.get("figures", []):
        chart = charts.setdefault(f"stability index of {row['where']}", {"months": [], "lines": {row["where"]: []}})
        chart["months"].append(row["month"])
        chart["lines"][row["where"]].append(row["index"])
    moved: dict[str, Any] = {"months": [], "lines": {}}
    for row in tables.get("stability", []):
        if row["month"] not in moved["months"]:
            moved["months"].append(row["month"])
        moved["lines"].setdefault(row["where"], []).append(row["index"])
    if moved["months"]:
        worst = sorted(moved["lines"], key=lambda name: -max(moved["lines"][name]))[:8]
        charts["stability index (.1 look, .25 another population)"] = {
            "months": moved["months"],
            "lines": {n: moved["lines"][n] for n in worst},
        }
    outcomes = [row for row in tables.get("outcomes", []) if "auc" in row]
    if outcomes:
        names = ("auc_low", "auc", "auc_high")
        charts["area under the curve, with interval"] = {
            "months": [r["month"] for r in outcomes],
            "lines": {n: [r[n] for r in outcomes] for n in names},
        }
        charts["said and came, in percent"] = {
            "months": [r["month"] for r in outcomes],
            "lines": {n: [round(100 * r[n], 3) for r in outcomes] for n in ("said", "came")},
        }
    return charts
