"""Pages: templates with everything escaped, words by key, amounts and days as people of the language write them."""

from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from starlette.responses import HTMLResponse

from afterloan.desk.web.asking import Asking
from afterloan.money import show_amount

ROOMS = ("web", "workbench", "portal")
"""Rooms with templates of their own: `workbench/today.html` is `desk/workbench/templates/today.html`."""


@cache
def environment() -> Environment:
    """The one environment of all templates; a name that is not there is a mistake, not an empty string."""
    loader = PrefixLoader({room: PackageLoader(f"afterloan.desk.{room}") for room in ROOMS})
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals["static"] = static
    made.filters["money"] = money
    return made


def money(fen: int | None, language: str = "en") -> str:
    """An amount in minor units as the language writes it: `1,284.50 元`, `CNY 1,284.50`; None is not recorded."""
    if fen is None:
        return {"zh": "未记录", "en": "not recorded"}[language]
    shown = show_amount(abs(fen), group=",")
    signed = f"−{shown}" if fen < 0 else shown
    return f"{signed} 元" if language == "zh" else f"CNY {signed}"


@cache
def marks() -> dict[str, str]:
    """Every file of `desk/static` by its name, and twelve characters that change with its content."""
    folder = resources.files("afterloan.desk.static")
    return {
        one.name: sha256(one.read_bytes()).hexdigest()[:12]
        for one in folder.iterdir()
        if one.is_file() and not one.name.endswith((".py", ".pyc"))
    }


def static(name: str) -> str:
    """Where a file of `desk/static` is had, kept by browsers for ever: `/static/0a1b2c3d4e5f/desk.css`."""
    return f"/static/{marks()[name]}/{name}"


def page(asking: Asking, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page out of a template. It sees `asking`, `t` (words), `language`, `token` (makes a form's token), `values`."""
    text = (
        environment()
        .get_template(template)
        .render(asking=asking, t=asking.t, language=asking.language, token=asking.token, **values)
    )
    return HTMLResponse(text, status)
