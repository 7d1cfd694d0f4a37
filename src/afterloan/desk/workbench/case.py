"""A case: what is owed, what happened, what may be done, and the forms by which it is done."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from afterloan.dates import date_told
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.names import id_of, reference_of
from afterloan.desk.web.refusing import RefusedHere
from afterloan.desk.workbench.showing import is_part, of_form, show, typed_of, with_query
from afterloan.desk.workbench.why import show_why
from afterloan.enquiry.case import CaseTold, case_told, told_since
from afterloan.enquiry.why import why_of_case
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Answer
from afterloan.money import parse_amount
from afterloan.servicing.wrapping_up import OUTCOMES
from afterloan.strategy.next_acts import VERBS
from afterloan.strategy.story import StoryLine

PANELS = (("c", "wrap", "contact.wrap_up"), ("p", "promise", "promise.make"), ("o", "hold", "hold.place"),
          ("n", "note", "case.note"), ("b", "back", "case.call_back"))  # fmt: skip
"""Forms of a case: the key that opens one, its name, the verb that it asks."""
PANEL_OF = {"call": "wrap", "promise": "promise"}
"""The form in which a next act is done."""
HOLDS = ("dispute_open", "hardship_review", "lawyer", "fraud_claim")
"""Holds that a person at the desk places by hand; the others come of facts."""
SHOWN = (("call", "collection"), ("sms", "collection"), ("visit", "collection"), ("letter", "legal_notice"))
SOURCES = {
    "money": ("money", "loan"),
    "decisions": ("decision", "finding", "close"),
    "contact": ("contact", "sending"),
    "bureau": ("bureau",),
    "people": ("event",),
}
"""What each tab of the timeline shows."""
MOST_LINES = 200


def case_router() -> APIRouter:
    """`/cases/{borrower}` and what is done there."""
    router = APIRouter(prefix="/cases/{borrower}")
    router.get("")(case)
    router.get("/why")(why)
    router.get("/case.json")(case_json)
    for path, does in DOES.items():
        router.post(f"/{path}", name=path)(_posted(path, does))
    return router


def told_of(asking: Asking, borrower: str) -> CaseTold:
    """The case as the page's lens sees it."""
    may = {verb: asking.could(verb) for verb in VERBS.values()}
    known = min(asking.known, asking.today)
    return case_told(asking.connection, borrower, asking.on, known, asking.clock.now, may, asking.language)


def case(asking: SignedIn, borrower: str) -> Response:
    """The case."""
    return _shown(asking, reference_of(borrower))


def case_json(asking: SignedIn, borrower: str) -> Response:
    """The same for programs."""
    from fastapi.encoders import jsonable_encoder

    return JSONResponse(jsonable_encoder(told_of(asking, reference_of(borrower)).told()))


def why(asking: SignedIn, borrower: str, about: str) -> Response:
    """Why something of the case is as it is."""
    told = told_of(asking, reference_of(borrower))
    return show_why(asking, why_of_case(asking.connection, told, about, asking.language), "worklist")


def _shown(asking: Asking, borrower: str, status: int = 200, form: FormTold | None = None, **more: Any) -> HTMLResponse:
    """The page of a case; after an act the part of it that htmx puts in its place."""
    told = told_of(asking, borrower)
    part = is_part(asking) and asking.request.scope["method"] == "POST"
    template = "case_body.html" if part else "case.html"
    return show(asking, template, "worklist", status, **{**_values(asking, told, form), **more})


def _values(asking: Asking, told: CaseTold, form: FormTold | None) -> dict[str, Any]:
    query = asking.request.query_params
    lists = {name: query.get(name, "") for name in ("queue", "mine", "where")}
    at = query.get("at", "")
    source = query.get("show", "all")
    lens = {name: query.get(name, "") for name in ("on", "known_on")}
    here = f"/cases/{id_of(told.borrower)}"
    doable = [(key, name) for key, name, verb in PANELS if asking.could(verb)]
    return {
        "case": told, "why": _why_of(told.borrower, lens), "reach": _reach(told), "doable": doable,
        "panel_of": PANEL_OF, "timeline": _lines(told.timeline, source), "shown_source": source,
        "timeline_of": lambda s: with_query(here, **lists, **lens, at=at, show="" if s == "all" else s),
        "list_query": with_query("", **lists, after=at), "place_in_list": _place(asking, lists, at),
        "whose": told.owners, "may_take": asking.could("case.take"),
        "offer_next": False,
        "typed": typed_of(form), "panel": _panel(form, doable), "endings": list(OUTCOMES), "hold_kinds": HOLDS,
        "half": -(-told.owed.due_fen // 2), "days_on": _days_on(asking, told), "back_at": _tomorrow(told, asking.today),
        "review_on": asking.today + timedelta(days=14), "refused": None, "conflict": (), "done": "", "against": (),
    }  # fmt: skip


def _why_of(borrower: str, lens: Mapping[str, str]) -> Callable[[str], str]:
    return lambda about: with_query(f"/cases/{id_of(borrower)}/why", **lens, about=about)


def _reach(told: CaseTold) -> list[Any]:
    found = [told.contact.of(channel, purpose) for channel, purpose in SHOWN]
    return found + [answer for answer in told.contact.answers if answer.who]


def _lines(lines: tuple[StoryLine, ...], source: str) -> list[StoryLine]:
    sources = SOURCES.get(source)
    return [line for line in lines if sources is None or line.source in sources][:MOST_LINES]


def _place(asking: Asking, lists: Mapping[str, str], at: str) -> str:
    if not at.isdecimal():
        return ""
    return asking.t("desk.case.place", at=at, queue=lists["queue"] or lists["mine"] or asking.t("desk.nav.worklist"))


def _panel(form: FormTold | None, doable: list[tuple[str, str]]) -> str:
    asked = form.values.get("panel", "") if form else ""
    return asked or (doable[0][1] if doable else "")


def _days_on(asking: Asking, told: CaseTold) -> list[tuple[str, date]]:
    """Days that a promise is likely for: the pay day, and some days from now."""
    found = [(f"+{n}", asking.today + timedelta(days=n)) for n in (1, 3, 7)]
    if told.pay_day:
        day = _next_day_of_month(asking.today, told.pay_day)
        found = [(asking.t("desk.promise.pay_day"), day), *found]
    return found


def _next_day_of_month(on: date, day: int) -> date:
    """The next date with a day of the month, the month's last where it is shorter."""
    for k in range(1, 62):
        it = on + timedelta(days=k)
        if it.day == day or (it.day < day and (it + timedelta(days=1)).day == 1):
            return it
    return on + timedelta(days=7)


def _tomorrow(told: CaseTold, on: date) -> str:
    return f"{on + timedelta(days=1)}T10:00"


def _posted(path: str, does: Callable[[Asking, str, FormTold], Any]) -> Callable[..., Response]:
    def posted(asking: SignedIn, borrower: str, form: Form) -> Response:
        """Do what the form asks; a page made before something else was told is shown what is new first."""
        return _acted(asking, reference_of(borrower), path, form)

    return posted


def _acted(asking: Asking, borrower: str, path: str, form: FormTold) -> Response:
    form.values["panel"] = PANEL_NAMES[path]
    key = f"form:{form.key}"
    news = told_since(asking.connection, borrower, form["seen"]) if form["seen"] and not form["despite"] else []
    if news and not _known(asking, key):
        return _shown(asking, borrower, 409, form, conflict=news)
    try:
        verb, asked = DOES[path](asking, borrower, form)
        answer = asking.do(verb, asked, key)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, borrower, form=form, **of_form(error), offer_next=path == "hands")
    return _done(asking, borrower, path, form, answer)


def _known(asking: Asking, key: str) -> bool:
    """Whether the form was sent before: then its answer is given again, whatever was told since."""
    from afterloan.store.acts import act_known

    return act_known(asking.connection, key) is not None


def _done(asking: Asking, borrower: str, path: str, form: FormTold, answer: Answer) -> Response:
    if form["then"] == "next":
        query = {name: asking.request.query_params.get(name, "") for name in ("queue", "mine", "where", "after")}
        to = with_query("/worklist/next", **query)
        return Response(status_code=204, headers={"HX-Redirect": to}) if is_part(asking) else RedirectResponse(to, 303)
    rule = str(answer.body.get("against_rule", ""))
    done = asking.t(f"desk.done.{_what(path, form)}")
    if is_part(asking):
        return _shown(asking, borrower, done=done, against=[rule] if rule else [])
    return RedirectResponse(f"/cases/{id_of(borrower)}", 303)


def _what(path: str, form: FormTold) -> str:
    """The word for what a form did: of a case in whose hands, which of the two."""
    return PANEL_NAMES[path] or ("hand_back" if form["do"] == "hand_back" else "take")


def _zone(asking: Asking, borrower: str) -> ZoneInfo:
    from afterloan.enquiry.contactability import contactability

    return ZoneInfo(contactability(asking.connection, borrower, asking.clock.now, (), ()).zones[0])


def _moment(asking: Asking, borrower: str, text: str) -> str:
    """A moment typed on the borrower's clock, with its offset. Raises FactRefused for what is none."""
    day, _, clock = text.partition("T")
    on = date_told(day)
    try:
        at = datetime.fromisoformat(f"{on}T{clock}").replace(tzinfo=_zone(asking, borrower))
    except ValueError as error:
        from afterloan.facts import FactRefused

        raise FactRefused("call_back_at", text, "is no moment", "write 2026-01-08T10:00") from error
    return at.isoformat()


def _promise(form: FormTold) -> dict[str, Any]:
    told: dict[str, Any] = {"amount_fen": parse_amount(form["amount"]), "due_on": date_told(form["due_on"])}
    return told | ({"loan": form["loan"]} if form["loan"] else {})


def _wrap_up(asking: Asking, borrower: str, form: FormTold) -> tuple[str, dict[str, Any]]:
    ending = form["ending"]
    asked: dict[str, Any] = {"borrower": borrower, "ending": ending, "at": asking.clock.now.isoformat()}
    asked |= {"channel": form["channel"] or "call", "note": form["note"]}
    if ending == "will_pay" or (ending == "cannot_pay" and form["promised"]):
        asked["promise"] = _promise(form)
    if ending == "disputes" and form["hold"]:
        review = (asking.today + timedelta(days=14)).isoformat()
        reason = form["note"] or "disputes it on the phone"
        asked["hold"] = {"hold": form["hold"], "reason": reason, "review_on": review}
    if ending == "call_back":
        asked["call_back_at"] = _moment(asking, borrower, form["call_back_at"])
    return "contact.wrap_up", asked


def _make_promise(asking: Asking, borrower: str, form: FormTold) -> tuple[str, dict[str, Any]]:
    return "promise.make", {"borrower": borrower, **_promise(form)}


def _place_hold(asking: Asking, borrower: str, form: FormTold) -> tuple[str, dict[str, Any]]:
    told = {"borrower": borrower, "hold": form["hold"], "reason": form["reason"]}
    return "hold.place", told | {"review_on": date_told(form["review_on"])}


def _note(asking: Asking, borrower: str, form: FormTold) -> tuple[str, dict[str, Any]]:
    return "case.note", {"borrower": borrower, "text": form["text"]}


def _call_back(asking: Asking, borrower: str, form: FormTold) -> tuple[str, dict[str, Any]]:
    at = _moment(asking, borrower, form["call_back_at"])
    return "case.call_back", {"borrower": borrower, "at": at, "note": form["note"]}


def _hands(asking: Asking, borrower: str, form: FormTold) -> tuple[str, dict[str, Any]]:
    verb = "case.hand_back" if form["do"] == "hand_back" else "case.take"
    return verb, {"borrower": borrower, "queue": form["queue"]}


DOES: dict[str, Callable[[Asking, str, FormTold], tuple[str, dict[str, Any]]]] = {
    "wrap-ups": _wrap_up,
    "promises": _make_promise,
    "holds": _place_hold,
    "notes": _note,
    "call-backs": _call_back,
    "hands": _hands,
}
"""What each form asks, by its path: the verb and its record."""
PANEL_NAMES = {"wrap-ups": "wrap", "promises": "promise", "holds": "hold", "notes": "note", "call-backs": "back",
               "hands": ""}  # fmt: skip
