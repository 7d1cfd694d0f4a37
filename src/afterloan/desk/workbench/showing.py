"""How a page of the workbench is made: shell, filters for figures and days."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment
from starlette.responses import HTMLResponse

from afterloan.desk.web.asking import Asking
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.names import id_of
from afterloan.desk.web.pages import amount, environment, long_day
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.said import DeskWords, clock
from afterloan.desk.workbench.sandbox import job_of
from afterloan.enquiry.masking import mask_name, mask_phone
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Refused
from afterloan.money import show_amount
from afterloan.report.portfolio import word as report_word

RAIL = (
    ("t", "/", "today"),
    ("w", "/worklist", "worklist"),
    ("k", "/tasks", "tasks"),
    ("a", "/approvals", "approvals"),
    ("m", "/money", "money"),
    ("b", "/bureau", "bureau"),
    ("l", "/legal", "legal"),
    ("s", "/strategy", "strategy"),
    ("r", "/risk", "risk"),
    ("f", "/finance", "finance"),
    ("i", "/imports", "imports"),
    ("u", "/audit", "audit"),
    ("d", "/admin", "admin"),
)
"""Rooms in the rail: the key after `g`, the path, the name."""
NEEDS = {"audit": "audit.read", "imports": "book.import", "finance": "report.read", "bureau": "report.read",
         "legal": "report.read", "risk": "report.read", "admin": "admin.do"}  # fmt: skip
"""What one must be permitted for a room to stand in the rail."""
THEME = "afterloan-theme"
"""The cookie that keeps dark, light, or neither."""


def _hour(at: datetime) -> str:
    return f"{at:%H:%M}"


def _moment(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _role(role: str, t: DeskWords) -> str:
    return t.words.words.get(f"role.{role}", role)


def _column(name: str, t: DeskWords) -> str:
    return t.column(name)


def points(ppm: int) -> str:
    """A difference of shares in percentage points, with its sign: 23,456 ppm is +2.3, −400 is −0.0."""
    tenths = (abs(ppm) + 500) // 1_000
    return f"{'−' if ppm < 0 else '+'}{tenths // 10}.{tenths % 10}"


def on_scale(ppm: int) -> int:
    """Where a difference stands on a line from −50 to 50 points, at its ends where it is beyond."""
    return max(-50, min(50, round(ppm / 10_000)))


@cache
def desk_environment() -> Environment:
    """The environment of all templates with the filters of the workbench."""
    made = environment()
    made.filters.update(
        long_day=long_day, short_day=str, clock=clock, hour=_hour, amount=amount, plain_amount=show_amount,
        count=lambda n: f"{int(n):,}", masked=mask_name, masked_phone=mask_phone, ident=id_of, role_word=_role,
        moment=_moment, report_word=report_word, column_word=_column, points=points, on_scale=on_scale,
    )  # fmt: skip
    return made


def of_form(error: RefusedHere | ExpectedFailure) -> dict[str, Any]:
    """The `status` and `refused` of a page whose form could not be done: 422 for what nobody could have taken."""
    if isinstance(error, RefusedHere):
        return {"status": error.status, "refused": error.refused}
    return {"status": 422, "refused": Refused("invalid", "form", "", str(error), "")}


def unasked() -> RefusedHere:
    """The refusal of a form that names nothing that its page does."""
    return refuse(422, "invalid", "the form says not what is asked", "open the page again", "do")


def here_of(asking: Asking) -> str:
    """The address of a page, without host: where to come back to."""
    query = asking.request.url.query
    return asking.request.url.path + (f"?{query}" if query else "")


def lens_of(asking: Asking) -> str:
    """The lens as a query, `?on=…&known_on=…`; "" where the page looks at today as known now."""
    told = {}
    if asking.on != asking.today:
        told["on"] = asking.on.isoformat()
    if asking.known_on is not None and asking.known_on < asking.today:
        told["known_on"] = asking.known_on.isoformat()
    return f"?{urlencode(told)}" if told else ""


def with_query(path: str, **values: Any) -> str:
    """A path with those values that are not empty: `with_query("/worklist", queue="early", mine="")`."""
    told = {name: value for name, value in values.items() if value not in ("", None, 0)}
    return f"{path}?{urlencode(told)}" if told else path


class Typed(dict[str, str]):
    """What was typed into a form that was refused; a field that was not there is empty."""

    def __missing__(self, name: str) -> str:
        """An empty field."""
        return ""

    def __getattr__(self, name: str) -> str:
        """A field, as templates write it: `typed.amount`."""
        return self[name]


def typed_of(form: FormTold | None) -> Typed:
    """What a page shows again in its form; nothing where no form was sent."""
    return Typed(form.values if form else {})


def is_part(asking: Asking) -> bool:
    """Whether htmx asks for a part of a page."""
    return asking.request.headers.get("hx-request") == "true"


def _rail(asking: Asking) -> list[tuple[str, str, str]]:
    """The rooms that who asks may enter."""
    return [
        room for room in RAIL
        if room[2] not in NEEDS or asking.may(NEEDS[room[2]])
    ]  # fmt: skip


def show(asking: Asking, template: str, room: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of the workbench in its shell; `room`: the place in the rail."""
    query = asking.request.query_params
    lens = lens_of(asking)
    shell: Mapping[str, Any] = {
        "asking": asking, "t": DeskWords(asking.t), "language": asking.language, "token": asking.token, "room": room,
        "rail": _rail(asking), "theme": asking.request.cookies.get(THEME, ""), "here": here_of(asking),
        "path": asking.request.url.path, "lens": bool(lens), "lens_query": lens, "job": job_of(asking),
        "kept": {name: query[name] for name in query if name not in ("on", "known_on")}, "asked": "",
    }  # fmt: skip
    text = desk_environment().get_template(f"workbench/{template}").render({**shell, **values})
    return HTMLResponse(text, status, headers={"cache-control": "no-store", "vary": "HX-Request"})
