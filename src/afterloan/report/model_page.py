"""One model as one self-contained page: how it parts, what it says, why, whether it holds, whom it treats how."""

from collections.abc import Mapping
from functools import cache, partial
from importlib import resources
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

from afterloan.money import show_amount
from afterloan.report.drawn import against, bars, lines, percent


@cache
def _words() -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = yaml.safe_load(
        (resources.files("afterloan.report") / "model_words.yaml").read_text(encoding="utf-8")
    )
    return told


def model_page(told: Mapping[str, Any], language: str = "en") -> str:
    """The HTML text of a report (`enquiry.model_report`), English or Chinese. No script, no network."""
    chinese = language.startswith("zh")
    w = {name: both["zh" if chinese else "en"] for name, both in _words().items()}
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": percent, "amount": partial(show_amount, group=",")}
    text = (resources.files("afterloan.report") / "model.html.j2").read_text(encoding="utf-8")
    average = told["about"]["of them bad"] / told["about"]["measured on"]
    return environment.from_string(text).render(
        w=w, told=told, lang="zh" if chinese else "en", charts=_charts(told, w, average), worst=told["lift"][0],
        about={k: v for k, v in told["about"].items() if k not in ("notes", "own_table")},
        lines=told.get("lines") or [], treatments=told.get("treatments") or {},
    )  # fmt: skip


def _charts(told: Mapping[str, Any], w: Mapping[str, str], average: float) -> dict[str, str]:
    """Each chart as SVG by name."""
    gap, lift = told["gap"], told["lift"]
    shares = {"good": [(0.0, 0.0), *zip(gap["rows"], gap["good"], strict=True)]}
    shares["bad"] = [(0.0, 0.0), *zip(gap["rows"], gap["bad"], strict=True)]
    return {
        "curve": lines(w["curve"], w["curve_across"], w["curve_up"], told["curve"], even=True),
        "gap": lines(w["gap"], w["gap_across"], w["gap_up"], shares, upright=gap["at_rows"]),
        "calibration": against(w["calibration"], w["said"], w["came"], told["calibration"]),
        "lift": bars(
            w["lift"], w["lift_across"], w["came"], [row["came"] for row in lift],
            [str(k + 1) for k in range(len(lift))], average,
        ),
    }  # fmt: skip
