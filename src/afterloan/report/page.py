"""The portfolio as one self-contained page: charts, tables under them, two languages, light and dark."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from afterloan.dates import iso
from afterloan.report.portfolio import NAMES, Report, words


def _charts(report: Report) -> dict[str, Any]:
    tables = report.tables
    lines: dict[str, list[float | None]] = {}
    months = 0
    for row in tables["vintage"].to_dicts():
        line = lines.setdefault(row["cohort"], [])
        line.append(round(100 * row["ever_30"], 2))
        months = max(months, row["on_book"])
    return {
        "ageing": {
            "names": tables["ageing"]["bucket"].to_list(),
            "values": [v / 100 for v in tables["ageing"]["outstanding_fen"].to_list()],
        },
        "vintage": {"months": list(range(months + 1)), "lines": lines},
        "expected": {
            "months": tables["expected"]["month"].to_list(),
            "due": [v / 100 for v in tables["expected"]["fell_due_fen"].to_list()],
            "got": [v / 100 for v in tables["expected"]["received_fen"].to_list()],
        },
    }


def _both(report: Report, name: str) -> dict[str, list[list[str]]]:
    return {language: report.shown(name, language) for language in ("en", "zh")}


def _latest_vintages(report: Report) -> list[dict[str, Any]]:
    last: dict[str, dict[str, Any]] = {row["cohort"]: row for row in report.tables["vintage"].to_dicts()}
    return list(last.values())


def page(report: Report) -> str:
    """The HTML text. No network is needed to read it."""
    folder = resources.files("afterloan.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((folder / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        words=words(),
        on=iso(report.on),
        known_on=iso(report.known_on) if report.known_on else "",
        summary=_both(report, "summary"),
        ageing=_both(report, "ageing"),
        roll=report.tables["roll"].to_dicts(),
        names=NAMES,
        vintages=_latest_vintages(report),
        expected=_both(report, "expected"),
        charts=json.dumps(_charts(report)).replace("</", "<\\/"),
        labels=json.dumps(words(), ensure_ascii=False).replace("</", "<\\/"),
        echarts=(folder / "vendor" / "echarts.simple.min.js").read_text(encoding="utf-8"),
    )


def write_page(report: Report, path: Path) -> None:
    """Write the page to a file; folders that are missing are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(report), encoding="utf-8")
