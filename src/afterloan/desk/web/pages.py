"""Pages: templates with everything escaped, words by key, amounts and days as people of the language write them."""

import re
from datetime import date
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from afterloan.desk.web.asking import Asking
from afterloan.money import show_amount

ROOMS = ("web", "workbench", "portal")
"""Rooms with templates of their own: `workbench/today.html` is `desk/workbench/templates/today.html`."""
HAN, LATIN = re.compile("[\u4e00-\u9fff]"), re.compile("[A-Za-z]{2,}")
WEEK = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def environment() -> Environment:
    """The one environment of all templates; a name that is not there is a mistake, not an empty string."""
    loader = PrefixLoader({room: PackageLoader(f"afterloan.desk.{room}") for room in ROOMS})
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals["static"] = static
    made.globals["qr"] = qr
    made.filters["money"] = money
    made.filters["tongue"] = tongue
    return made


def qr(*lines: str) -> str:
    """A QR code of some lines of text as the address of a picture; lines that are empty are left out.

    A camera that reads it has the text to copy: `qr("Lender", "6222 0001", "L1")`; it begins no payment by itself.
    """
    import segno

    made: str = segno.make("\n".join(line for line in lines if line), error="m").svg_data_uri(scale=4, light="#fff")
    return made


def tongue(text: Any, language: str) -> Any:
    """A text that a person or a pack wrote, marked with its language where that is not the page's: a voice reads
    English words as English, and no page says that they are Chinese.
    """
    said = str(text)
    if language == "zh":
        other = "en" if LATIN.search(said) and not HAN.search(said) else ""
    else:
        other = "zh-CN" if HAN.search(said) else ""
    return Markup('<span lang="{}">{}</span>').format(other, said) if other else text


def money(fen: int | None, language: str = "en") -> str:
    """An amount in minor units as the language writes it: `1,284.50 元`, `CNY 1,284.50`; None is not recorded."""
    if fen is None:
        return {"zh": "未记录", "en": "not recorded"}[language]
    return f"{amount(fen)} 元" if language == "zh" else f"CNY {amount(fen)}"


def amount(fen: int) -> str:
    """An amount without its currency, for columns headed by it: `−1,284.50`."""
    return ("−" if fen < 0 else "") + show_amount(abs(int(fen)), group=",")


def long_day(on: date, language: str) -> str:
    """`2026年1月8日（周四）`, `Thu 8 Jan 2026`."""
    day = WEEK[language][on.weekday()]
    if language == "zh":
        return f"{on.year}年{on.month}月{on.day}日（周{day}）"
    return f"{day} {on.day} {MONTHS[on.month - 1]} {on.year}"


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
