"""Who asks, of which book, on which day, in which language: made once for a request and handed to its handler."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any

import psycopg
from fastapi import Depends, Query
from starlette.requests import HTTPConnection, Request

from afterloan.dates import DayRefused, date_told
from afterloan.desk.identity.keys import is_key
from afterloan.desk.web.forms import FormTold, form_token, name_in
from afterloan.desk.web.guard import ANSWER, BEFORE
from afterloan.desk.web.house import LASTS, Host, House
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.web.seeing import keep_looked, what_of
from afterloan.desk.web.speed import EACH_SECOND
from afterloan.desk.words import LANGUAGES, Catalogue, words_of
from afterloan.enquiry.clock import BookClock, clock_of
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.servicing.may import could, fresh_code_of, may_ask, may_verbs, proof_after_sign_in
from afterloan.servicing.roles import roles_of
from afterloan.servicing.verbs import verb_named
from afterloan.store.accounts import ProgramKey, key_of
from afterloan.store.rates import MostOften, hidden, take
from afterloan.store.seen import Looked, keep_seen
from afterloan.store.sittings import Sitting, sitting_of

DAY_NAME = "afterloan-business-date"
LANGUAGE = "afterloan-language"
"""The cookie that keeps the language chosen; no secret."""


def cookie_of(host: Host) -> str:
    """The name of a host's cookie: `__Host-afterloan-desk`."""
    return f"__Host-afterloan-{host}"


@dataclass(slots=True)
class Asking:
    """One request, as handlers see it.

    `on`: the day it asks about (the business date unless told); `known_on`: as known at the end of which day (None:
    now). `who`: None where nobody is signed in. `secret`: the sitting's, of which form tokens are made.
    """

    house: House
    request: HTTPConnection
    host: Host
    desk: Desk
    clock: BookClock
    language: str
    on: date
    known_on: date | None
    sitting: Sitting | None = None
    who: Who | None = None
    secret: str = ""
    key: ProgramKey | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """This request's connection: each statement by itself, an act in its own transaction."""
        return self.desk.connection

    @property
    def reader(self) -> Any:
        """A connection that gives rows as Arrow, had when first asked for."""
        return self.desk.reader

    @property
    def today(self) -> date:
        """The business date: the day of every act."""
        return self.clock.on

    @property
    def known(self) -> date:
        """As known at the end of which day: `known_on`, else today."""
        return self.known_on or self.today

    @property
    def through(self) -> date:
        """The last day whose close could be known: that which is asked about, or known at the end of if earlier."""
        return min(self.on, self.known)

    @property
    def person(self) -> Who:
        """Who asks. Raises RefusedHere (401) where nobody is signed in."""
        if self.who is None:
            raise refuse(401, "not-signed-in", "nobody is signed in here", "sign in, or send a key", "who")
        return self.who

    @property
    def place(self) -> str:
        """The network address of who asks, as the machine sees it or a trusted proxy tells; "" in a demonstration."""
        client = self.request.client
        return "" if self.house.demo else client.host if client else "nowhere"

    def within(self, what: str) -> None:
        """Raises RefusedHere (403) for a verb or permission beyond the scopes of the key by which it is asked."""
        if self.key is not None and not self._in_scope(what):
            told = f"{what} is beyond the scopes of this key ({', '.join(self.key.scopes)})"
            raise RefusedHere(Refused("forbidden", "who", self.key.name, told, "have a key made for it"), verb=what)

    def permitted(self, what: str) -> None:
        """Raises RefusedHere (403) where who asks may not ask this, or not by this key: pages and API alike."""
        self.within(what)
        refused = may_ask(self.person, what, self.today)
        if refused is not None:
            raise RefusedHere(refused, verb=what)

    def may(self, what: str) -> bool:
        """Whether who asks may ask this, or begin such a work, by the key they ask with: what a page offers."""
        return self._in_scope(what) and may_ask(self.person, what, self.today) is None

    def could(self, verb: str) -> bool:
        """Whether who asks may do a verb at all, by the key they ask with: what a page offers. The door asks again."""
        return self._in_scope(verb) and could(self.person, verb_named(verb), self.today)

    def may_verbs(self) -> dict[str, bool]:
        """Every verb, and whether who asks may do or propose it by the key they ask with."""
        every = may_verbs(self.person, self.today)
        return {verb: may and self._in_scope(verb) for verb, may in every.items()}

    def _in_scope(self, what: str) -> bool:
        return self.key is None or self.key.good_for(what)

    def searched(self, words: str, rows: int) -> None:
        """Keep that who asks searched by these words, as a keyed hash, and how many rows were found."""
        looked = Looked(self.person, "search", self.today, self.house.now())
        keep_seen(self.connection, looked, terms=hidden(self.connection, f"search:{words}"), rows=rows)

    def listed(self, rows: int) -> None:
        """Keep that who asks read a list of people that names none in its address: by its route, and how many rows."""
        looked = Looked(self.person, what_of(self.request), self.today, self.house.now())
        keep_seen(self.connection, looked, rows=rows)

    def needs_code(self, what: str) -> bool:
        """Whether a borrower at the portal needs a fresh code before `what`: a plan agreed to, a mandate signed.

        Before what the proof at sign-in is not enough for (a passkey is made) a person at the desk needs one too.
        """
        if self.sitting is None or self.who is None:
            return False
        needed, minutes = fresh_code_of(self.today)
        its_own = proof_after_sign_in(self.today)
        if what not in (needed if self.host == "my" and self.who.kind == "borrower" else its_own):
            return False
        proved = self.sitting.stepped_up_at
        if proved is None or (what in its_own and proved <= self.sitting.begun_at):
            return True
        return self.house.now() - proved > timedelta(minutes=minutes)

    def proved_for(self, what: str) -> None:
        """Raises RefusedHere (403) where a fresh code is needed first."""
        if self.needs_code(what):
            where = "ask for one at /step-up" if self.host == "my" else "type one at /passkeys"
            raise refuse(403, "fresh-code", f"{what} needs a fresh code", where, "who")

    @property
    def t(self) -> Catalogue:
        """The words of the request's language: `asking.t("owe.title")`."""
        return words_of(self.language)

    def token(self) -> str:
        """A fresh token for a form (`desk/web/forms.py`)."""
        return form_token(self.secret)

    def do(
        self, verb: str, asked: Mapping[str, Any], reference: str, *, dry_run: bool = False, on: date | None = None
    ) -> Answer:
        """Do a verb as who asks, on the business date. Raises RefusedHere."""
        self.proved_for(verb)
        with self.connection.transaction():
            told = self._told(do(self.desk, self.person, verb, asked, reference, on or self.today, dry_run))
            if not dry_run:
                self.confirm(verb, reference)
        return told

    def confirm(self, verb: str, reference: str) -> None:
        """Tell a borrower on every other channel what was agreed by a code on one, in the caller's transaction.

        Passkeys tell it themselves, by whatever they were proved (`servicing/passkeys.py`).
        """
        if self.sitting is None or not self.sitting.stepped_up_by or verb not in fresh_code_of(self.today)[0]:
            return
        if verb.startswith("passkey."):
            return
        asked = {"borrower": self.person.name, "verb": verb, "of": reference, "proved_by": self.sitting.stepped_up_by}
        self._told(do(self.desk, self.person, "sign_in.confirm", asked, f"confirmed-by-code:{reference}", self.today))

    def propose(self, verb: str, asked: Mapping[str, Any], reference: str) -> Answer:
        """Propose what a second person has to agree to. Raises RefusedHere."""
        return self._told(propose(self.desk, self.person, verb, asked, reference, self.today))

    def approve(self, proposal: str) -> Answer:
        """Agree to a proposal as the second person. Raises RefusedHere."""
        return self._told(approve(self.desk, self.person, proposal, self.today))

    def _told(self, answer: Answer | Refused) -> Answer:
        if isinstance(answer, Refused):
            raise RefusedHere(answer)
        return answer


OnDay = Annotated[str, Query(description="The day it is about, YYYY-MM-DD; the business date unless told.")]
KnownOn = Annotated[str, Query(description="As known at the end of that day, YYYY-MM-DD; now unless told.")]


def _day(text: str, name: str) -> date | None:
    """A day out of the query, `?on=2026-01-01`. Raises RefusedHere (422)."""
    return told_day(text, name) if text else None


def told_day(text: str, name: str) -> date:
    """A day as it was told in an address or a form. Raises RefusedHere (422)."""
    try:
        return date_told(text)
    except DayRefused as error:
        raise refuse(422, "invalid", str(error), "write the day as YYYY-MM-DD", name) from error


def language_of(request: HTTPConnection) -> str:
    """The language asked for: `?language=`, the cookie, what the browser prefers; Chinese where none is told."""
    preferred = [part.partition(";")[0].strip()[:2] for part in request.headers.get("accept-language", "").split(",")]
    asked = [request.query_params.get("language", ""), request.cookies.get(LANGUAGE, ""), *preferred]
    return next((name for name in asked if name in LANGUAGES), LANGUAGES[0])


def house_of(request: HTTPConnection) -> House:
    """The house that serves a request."""
    house: House = request.app.state.house
    return house


def asking_of(request: HTTPConnection, on: OnDay = "", known_on: KnownOn = "") -> Iterator[Asking]:
    """The asking of a request; its connection goes back to the pool when the answer is made."""
    house = house_of(request)
    host: Host = house.host_named(request.headers.get("host", "")) or "api"  # type: ignore[assignment]
    with desk_of(house.store) as desk:
        clock = clock_of(desk.connection, house.now())
        desk.now = clock.now
        asking = Asking(
            house, request, host, desk, clock, language_of(request), _day(on, "on") or clock.on,
            _day(known_on, "known_on"),
        )  # fmt: skip
        request.scope.setdefault(ANSWER, {})[DAY_NAME] = clock.on.isoformat()
        _signed_in(asking)
        _kept_of(asking)
        yield asking


def _signed_in(asking: Asking) -> None:
    """Who asks, by the host's cookie or by a key in `Authorization: Bearer …`."""
    scheme, _, key = asking.request.headers.get("authorization", "").partition(" ")
    bearer = key.strip() if scheme.lower() == "bearer" else ""
    secret = bearer or asking.request.cookies.get(cookie_of(asking.host), "")
    if not secret:
        return
    if bearer and is_key(bearer):
        _by_key(asking, bearer)
        return
    sitting = sitting_of(asking.connection, secret, "api" if bearer else asking.host, asking.house.now())
    if sitting is None:
        return
    roles = sitting.roles if sitting.way in ("demo", "directory") else ()
    if sitting.way == "demo" and not asking.house.demo:
        return
    asking.sitting, asking.secret = sitting, secret
    door = {"desk": "desk", "my": "portal", "api": "api"}[asking.host]
    asking.who = Who(
        sitting.who_kind, sitting.who, roles_of(asking.connection, sitting.who_kind, sitting.who, roles, asking.today),
        door,
    )  # fmt: skip


def _kept_of(asking: Asking) -> None:
    """Before the answer begins it is kept who reads whose record, or what is refused (`desk/web/seeing.py`)."""
    if asking.who is not None:
        looks = partial(keep_looked, asking.house, asking.request, asking.who, asking.today)
        asking.request.scope.setdefault(BEFORE, []).append(looks)


def _by_key(asking: Asking, secret: str) -> None:
    """Who asks by a program's key: a partner who may do what integrators may, within the key's scopes."""
    key = key_of(asking.connection, secret, asking.house.now())
    if key is not None:
        asking.key = key
        _within_speed(asking, key)
        asking.who = Who("partner", key.name, ("integrator",), "api")
        _within_route(asking, key)


OPEN_TO_KEYS = (
    "/v1", "/v1/me", "/v1/business-date", "/v1/jobs/{job}", "/v1/jobs/{job}/events", "/v1/jobs/{job}/file",
    "/v1/sandbox/clock", "/v1/sandbox/seats",
)  # fmt: skip
"""Routes that tell a program of itself, of the day, of jobs that it began: no scope is needed for them."""


def _within_route(asking: Asking, key: ProgramKey) -> None:
    """Raises RefusedHere (403) for a route whose verb or permission is beyond a key's scopes, before its body is read.

    A route that names neither is closed to keys, pages of people above all.
    """
    route = asking.request.scope.get("route")
    told = getattr(route, "openapi_extra", None) or {}
    what = told.get("x-scope") or told.get("x-permission") or told.get("x-verb")
    if what:
        asking.within(str(what))
    elif getattr(route, "path", "") not in OPEN_TO_KEYS:
        why = f"a page of people is beyond the scopes of this key ({', '.join(key.scopes)})"
        raise RefusedHere(Refused("forbidden", "who", key.name, why, "ask the API at /v1"))


def _within_speed(asking: Asking, key: ProgramKey) -> None:
    """Raises RefusedHere (429) for a program that asks too fast; every answer says how many requests are left."""
    left = asking.house.speed.take(key.name, asking.house.now())
    told = asking.request.scope.setdefault(ANSWER, {})
    told["ratelimit-policy"] = f'"key";q={EACH_SECOND};w=1'
    told["ratelimit"] = f'"key";r={max(left, 0)};t=1'
    if left < 0:
        told["retry-after"] = "1"
        raise refuse(429, "too-many", f"more than {EACH_SECOND} requests in a second", "wait a second", "who")


def seldom(asking: Asking, often: tuple[MostOften, ...], whose: str, why: str) -> None:
    """Count one more of what may be done so often. Raises RefusedHere (429) saying `why`, and how long to wait.

    `whose`: of whom it is counted, kept as a digest.
    """
    wait = take(asking.connection, often, hidden(asking.connection, whose), asking.house.now())
    if wait is not None:
        seconds = int(wait.total_seconds()) + 1
        asking.request.scope.setdefault(ANSWER, {})["retry-after"] = str(seconds)
        raise refuse(429, "too-many", why, f"wait {seconds} seconds", "who")


Ask = Annotated[Asking, Depends(asking_of)]
"""A handler's parameter: the asking, signed in or not."""


def signed_in(asking: Ask) -> Asking:
    """The asking of somebody who is signed in. Raises RefusedHere (401)."""
    _ = asking.person
    return asking


SignedIn = Annotated[Asking, Depends(signed_in)]
"""A handler's parameter: the asking of somebody who is signed in."""


async def _form(request: Request) -> dict[str, Any]:
    """The fields and files of a form. Raises RefusedHere (422) for one that cannot be read."""
    values: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    async with request.form(max_files=20, max_fields=200) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                values[name] = value
            else:
                files[name] = (value.filename or "", await value.read())
    return {"values": values, "files": files}


def told_of(asking: Ask, form: Annotated[dict[str, Any], Depends(_form)]) -> FormTold:
    """What a form told, its token proved: it is of this sitting. Raises RefusedHere (403)."""
    values = dict(form["values"])
    key = name_in(asking.secret, values.pop("token", ""))
    if asking.sitting is not None and not key:
        raise refuse(403, "stale-form", "this form is not of your sitting", "open the page again", "token")
    return FormTold(values, key, form["files"])


Form = Annotated[FormTold, Depends(told_of)]
"""A handler's parameter: what a form told, its token proved."""


def ends_after(host: Host) -> int:
    """Seconds after which a host's cookie is forgotten by the browser."""
    return int(LASTS[host].most.total_seconds())
