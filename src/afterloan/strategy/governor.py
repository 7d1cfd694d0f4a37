"""The contact governor: whether a borrower may be contacted at a moment, and if not, why and when."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from afterloan.counting import counted
from afterloan.dates import number_of
from afterloan.facts.contact import VOICE
from afterloan.rules.calendars import business_days
from afterloan.rules.packs import Finding, Rule, in_force, rules_of

ANY = "ANY"
HORIZON = timedelta(days=15)
"""How far ahead a permitted moment is looked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """One contact that somebody wants to make.

    `at` is aware; `zones` are the places where the borrower may be (IANA names): the hour must suit in all of
    them, so a borrower whose number and address disagree has two. `loans`: the particular debts it is about.
    `tells_debt`: whether its words reveal that there is a debt. `by_ladder`: nobody asked for it.
    """

    at: datetime
    channel: str
    purpose: str
    zones: tuple[str, ...]
    person: str = "borrower"
    who: str = ""
    address: str = ""
    loans: tuple[str, ...] = ()
    language: str = ""
    tells_debt: bool = True
    prior_consent: bool = False
    response: bool = False
    by_ladder: bool = False

    def __post_init__(self) -> None:
        """Moments in UTC: two of one zone are compared by the clock on the wall, which is set back in autumn."""
        object.__setattr__(self, "at", self.at.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Past:
    """An attempt on record. `outcome` "" while nobody told how it ended."""

    at: datetime
    channel: str
    person: str = "borrower"
    who: str = ""
    address: str = ""
    loans: tuple[str, ...] = ()
    outcome: str = ""
    prior_consent: bool = False
    response: bool = False

    def __post_init__(self) -> None:
        """Moments in UTC, as in a Request."""
        object.__setattr__(self, "at", self.at.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class ContactStanding:
    """What is known of the borrower: consents, opt-outs ("all": every channel), wishes, agreed hours, holds.

    `wished` and `agreed` are (from, to) as HH:MM. `refused`: third persons who want no contact.
    `lost`: dead or without capacity, so that the borrower cannot be spoken with. `holds`: rules of the pack
    `holds` that are in effect.
    """

    consents: frozenset[str] = frozenset()
    opted_out: frozenset[str] = frozenset()
    wished: tuple[str, str] | None = None
    agreed: tuple[str, str] | None = None
    language: str = ""
    refused: frozenset[str] = frozenset()
    lost: bool = False
    holds: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a borrower is for the purposes of contact: the pack, the zones, the lender type that binds, a language.

    `wrong`: what is told of the place and cannot be, in words; then the rest is the lender's own place.
    """

    jurisdiction: str
    zones: tuple[str, ...]
    language: str
    lender_type: str | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class ContactRefused:
    """Why one rule says no, and the next moment at which it would not (None: not by waiting)."""

    why: str
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: `findings` has one for each rule that refused; `next_at` the next moment all agree on."""

    allowed: bool
    why: str = ""
    rule: str = ""
    next_at: datetime | None = None
    findings: tuple[Finding, ...] = ()


NO_STANDING = ContactStanding()


@dataclass(frozen=True, slots=True)
class ContactCase:
    """All that a check may look at."""

    request: Request
    past: Sequence[Past]
    standing: ContactStanding

    def local(self, at: datetime) -> date:
        """The borrower's calendar day at a moment (first zone)."""
        return at.astimezone(_zone(self.request.zones[0])).date()


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _clock(text: str) -> time:
    return time.max if text == "24:00" else time.fromisoformat(text)


def _midnight(on: date, zone: str) -> datetime:
    return datetime.combine(on, time(0), _zone(zone)).astimezone(UTC)


def _of_day(at: datetime) -> time:
    """The hour on the clock of a moment's own zone."""
    return time(at.hour, at.minute, at.second, at.microsecond)


def _window(case: ContactCase, first: str, last: str) -> datetime | None:
    """None when the request's moment is in [first, last) at every place; else when it is next, by each place."""
    start, stop = _clock(first), _clock(last)
    latest: datetime | None = None
    for name in case.request.zones:
        here = case.request.at.astimezone(_zone(name))
        if start <= _of_day(here) < stop:
            continue
        on = here.date() if _of_day(here) < start else here.date() + timedelta(days=1)
        opens = datetime.combine(on, start, _zone(name)).astimezone(UTC)
        latest = opens if latest is None else max(latest, opens)
    return latest


def _hours(rule: Rule, case: ContactCase) -> ContactRefused | None:
    told = rule.parameters
    agreed = case.standing.agreed if told.get("unless_agreed") else None
    if agreed and _window(case, *agreed) is None:
        return None
    opens = _window(case, told["from"], told["to"])
    if opens is None:
        return None
    name, local = _closed_at(case, told["from"], told["to"])
    place = f"in {name}, one of the borrower's places," if len(case.request.zones) > 1 else "at the borrower's place"
    return ContactRefused(f"{local} {place} is outside {told['from']} to {told['to']}", opens)


def _closed_at(case: ContactCase, first: str, last: str) -> tuple[str, str]:
    """The place whose hour decides, and that hour: of those outside [first, last) the one that opens last."""
    closed = [
        (opens, name)
        for name in case.request.zones
        if (opens := _window(replace(case, request=replace(case.request, zones=(name,))), first, last))
    ]
    name = max(closed)[1]
    return name, case.request.at.astimezone(_zone(name)).strftime("%H:%M")


def _wished(rule: Rule, case: ContactCase) -> ContactRefused | None:
    wished = case.standing.wished
    opens = _window(case, *wished) if wished else None
    if wished is None or opens is None:
        return None
    return ContactRefused(f"the borrower wishes to be contacted from {wished[0]} to {wished[1]} only", opens)


def _holidays(rule: Rule, case: ContactCase) -> ContactRefused | None:
    on = case.local(case.request.at)
    if on.isoweekday() not in rule.parameters.get("weekdays", ()) and not _is_holiday(rule, on):
        return None
    zone = case.request.zones[0]
    return ContactRefused(f"{on} is a day without calls", _midnight(on + timedelta(days=1), zone))


def _is_holiday(rule: Rule, on: date) -> bool:
    name = rule.parameters.get("calendar")
    if name is None:
        return False
    number = number_of(on)
    around = business_days(name, number - 2, number + 3).tolist()
    # a plain weekend is no holiday: a weekday without business is, or a day in a row of three without
    if around[2]:
        return False
    rows = (around[0:3], around[1:4], around[2:5])
    return on.isoweekday() < 6 or any(not any(row) for row in rows)


def _ended(past: Past, now: datetime, minutes: int) -> str:
    """The outcome; an attempt of which nothing was told for `minutes` counts as reached."""
    if past.outcome or now - past.at < timedelta(minutes=minutes):
        return past.outcome
    return "reached"


def _conversations_day(rule: Rule, case: ContactCase) -> ContactRefused | None:
    on = case.local(case.request.at)
    minutes = rule.parameters.get("unresolved_minutes", 60)
    held = [
        p
        for p in case.past
        if p.channel in VOICE and not p.response and p.person == "borrower" and case.local(p.at) == on
        if _ended(p, case.request.at, minutes) in ("reached", "")
    ]
    if len(held) < rule.parameters["most"]:
        return None
    tomorrow = _midnight(on + timedelta(days=1), case.request.zones[0])
    return ContactRefused(f"{len(held)} conversations on {on} already, {rule.parameters['most']} are allowed", tomorrow)


def _dials_number_day(rule: Rule, case: ContactCase) -> ContactRefused | None:
    on = case.local(case.request.at)
    dials = [
        p
        for p in case.past
        if p.channel in ("call", "ai_call") and p.address == case.request.address and case.local(p.at) == on
        if p.outcome != "reached"
    ]
    if len(dials) < rule.parameters["most"]:
        return None
    tomorrow = _midnight(on + timedelta(days=1), case.request.zones[0])
    return ContactRefused(
        f"{len(dials)} unanswered dials of this number on {on}, {rule.parameters['most']} at most", tomorrow
    )


def _counted(case: ContactCase, loan: str) -> list[Past]:
    """Calls about one debt that count under Reg F; a call that names no debt counts for all."""
    return [
        p
        for p in case.past
        if p.channel in ("call", "ai_call") and not (p.prior_consent or p.response)
        if p.outcome not in ("not_connected", "invalid") and (not p.loans or not loan or loan in p.loans)
    ]


def _calls_rolling(rule: Rule, case: ContactCase) -> ContactRefused | None:
    if case.request.prior_consent or case.request.response:
        return None
    on, days, most = case.local(case.request.at), rule.parameters["days"], rule.parameters["most"]
    worst: ContactRefused | None = None
    for loan in case.request.loans or ("",):
        recent = sorted(d for d in (case.local(p.at) for p in _counted(case, loan)) if 0 <= (on - d).days < days)
        if len(recent) >= most:
            # room again when all but `most - 1` of them are `days` days old
            free = _midnight(recent[len(recent) - most] + timedelta(days=days), case.request.zones[0])
            found = ContactRefused(
                f"{len(recent)} calls about debt {loan or '(unnamed)'} in {counted(days, 'day')}, {most} at most", free
            )
            if worst is None or (worst.next_at or free) < free:
                worst = found
    return worst


def _silence(rule: Rule, case: ContactCase) -> ContactRefused | None:
    if case.request.prior_consent or case.request.response:
        return None
    on, days = case.local(case.request.at), rule.parameters["days"]
    minutes = rule.parameters.get("unresolved_minutes", 60)
    spoken = [
        case.local(p.at)
        for loan in case.request.loans or ("",)
        for p in _spoken_about(case, loan)
        if _ended(p, case.request.at, minutes) == "reached"
    ]
    last = max(spoken, default=None)
    if last is None or (on - last).days >= days:
        return None
    free = _midnight(last + timedelta(days=days), case.request.zones[0])
    return ContactRefused(
        f"a conversation about this debt on {last}; silence for {counted(days, 'day')}, that day counted", free
    )


def _spoken_about(case: ContactCase, loan: str) -> list[Past]:
    return [p for p in case.past if p.channel in VOICE and (not p.loans or not loan or loan in p.loans)]


def _one_at_a_time(rule: Rule, case: ContactCase) -> ContactRefused | None:
    minutes = rule.parameters["minutes"]
    open_now = [p.at for p in case.past if p.channel in VOICE and not _ended(p, case.request.at, minutes)]
    if not open_now:
        return None
    return ContactRefused("another attempt by voice has not ended yet", max(open_now) + timedelta(minutes=minutes))


def _in_order(rule: Rule, case: ContactCase) -> ContactRefused | None:
    newest = max((p.at for p in case.past), default=None)
    if newest is None or case.request.at >= newest:
        return None
    return ContactRefused(f"the moment is before {newest.isoformat()}, that of an attempt on record", newest)


def lost_contact(test: dict[str, Any], past: Iterable[Past], day_of: Callable[[datetime], date]) -> bool:
    """Whether the borrower cannot be reached, by a pack's test.

    `invalid`: every number tried proved invalid; `unanswered_in_a_day`: that many dials unanswered on one day and
    not reached the next; `days_running`: tried and not reached on that many days running. Being reached ends it.
    """
    tried = sorted((p for p in past if p.person == "borrower" and p.channel in VOICE and p.outcome), key=lambda p: p.at)
    reached = max((k for k, p in enumerate(tried) if p.outcome == "reached"), default=-1)
    tried = tried[reached + 1 :]
    if not tried:
        return False
    if test.get("invalid") and all(p.outcome == "invalid" for p in tried):
        return True
    days: dict[date, int] = {}
    for p in tried:
        days[day_of(p.at)] = days.get(day_of(p.at), 0) + 1
    most = test.get("unanswered_in_a_day", 0)
    if most and any(n >= most and d + timedelta(days=1) in days for d, n in days.items()):
        return True
    running = test.get("days_running", 0)
    return bool(running) and any(all(d + timedelta(days=k) in days for k in range(running)) for d in days)


def _persons(rule: Rule, case: ContactCase) -> ContactRefused | None:
    request, told = case.request, rule.parameters
    if request.person in told["allowed"]:
        return None
    if request.person == "debt_related" or told["third"] == "refused":
        return ContactRefused(f"a {request.person.replace('_', ' ')} person may not be contacted")
    if request.who in case.standing.refused:
        return ContactRefused(f"{request.who or 'this person'} asked to be left alone: never again")
    if request.tells_debt or request.purpose != "locate":
        return ContactRefused("a third person may only be asked to forward contact, and is never told of the debt")
    if not case.standing.lost and not lost_contact(told["lost_contact"], case.past, case.local):
        return ContactRefused("the borrower can be reached, so no third person is contacted")
    if told.get("once") and any(p.person == "third" and p.who == request.who for p in case.past):
        return ContactRefused("a third person is asked only once")
    return None


def _consent(rule: Rule, case: ContactCase) -> ContactRefused | None:
    if case.request.channel in case.standing.consents:
        return None
    return ContactRefused(f"{case.request.channel} needs the borrower's consent, and there is none")


def _opt_out(rule: Rule, case: ContactCase) -> ContactRefused | None:
    request, out = case.request, case.standing.opted_out
    if not out or request.person not in ("borrower",) or request.response:
        return None
    still = {"purpose": request.purpose, "channel": request.channel} in rule.parameters["still"]
    if "all" in out:
        return None if still else ContactRefused("the borrower wants no contact")
    return (
        ContactRefused(f"the borrower no longer wants {request.channel}")
        if request.channel in out and not still
        else None
    )


def _language(rule: Rule, case: ContactCase) -> ContactRefused | None:
    wanted, given = case.standing.language, case.request.language
    if not wanted or not given or wanted.split("-")[0] == given.split("-")[0]:
        return None
    return ContactRefused(f"the borrower reads {wanted}, this is in {given}")


def _asked_for(rule: Rule, case: ContactCase) -> ContactRefused | None:
    """It lets pass and refuses nothing: see `_let_pass`."""
    return None


CHECKS: dict[str, Callable[[Rule, ContactCase], ContactRefused | None]] = {
    "hours": _hours,
    "wished_hours": _wished,
    "holidays": _holidays,
    "conversations_day": _conversations_day,
    "dials_number_day": _dials_number_day,
    "calls_rolling": _calls_rolling,
    "silence": _silence,
    "one_at_a_time": _one_at_a_time,
    "in_order": _in_order,
    "persons": _persons,
    "consent": _consent,
    "opt_out": _opt_out,
    "language": _language,
    "asked_for": _asked_for,
}


def _let_pass(request: Request, rules: Iterable[Rule]) -> bool:
    """Whether the borrower asked for just this, for a purpose to which a rule keeps every door open."""
    return request.response and any(request.purpose in rule.parameters.get("lets", ()) for rule in rules)


def _of_the_dead(case: ContactCase) -> list[tuple[Rule, ContactRefused]]:
    """Nobody writes to the dead, whoever holds their phone and asks."""
    lost = [rule for rule in case.standing.holds if rule.parameters["hold"] == "deceased"]
    return [(rule, ContactRefused("hold: deceased")) for rule in lost]


def _held(case: ContactCase) -> list[tuple[Rule, ContactRefused]]:
    """Holds that stop this contact: `contact` stops all but service and legal notices, the others their purpose.

    Of what a ladder sends by itself it stops service too (an offer of help), as the plan of the night has it. What
    answers the borrower is stopped by death alone.
    """
    if case.request.person == "third":
        return []
    if case.request.response:
        return _of_the_dead(case)
    found = []
    for rule in case.standing.holds:
        stops = rule.parameters["stops"]
        purpose = case.request.purpose
        goes_on = ("legal_notice",) if case.request.by_ladder else ("service", "legal_notice")
        everything = "contact" in stops and purpose not in goes_on
        if everything or purpose in stops:
            found.append((rule, ContactRefused(f"hold: {rule.parameters['hold'].replace('_', ' ')}")))
    return found


@cache
def contact_rules(jurisdiction: str, on: date, lender_type: str | None = None) -> tuple[Rule, ...]:
    """The contact rules that bind on a day at a place: the place's and the lender's own; drafts are not among them.

    A manner of the lender's `only_without` a check stands in where the place has no such rule for this lender that
    day: without it a place whose law names no hours would be open at night.
    """
    every = rules_of("contact")
    local = in_force(every, jurisdiction, on, lender_type)
    there = {rule.parameters["check"] for rule in local}
    own = in_force(every, ANY, on, lender_type)
    return tuple(local + [rule for rule in own if rule.parameters.get("only_without") not in there])


def _applies(rule: Rule, request: Request) -> bool:
    if rule.channels and request.channel not in rule.channels:
        return False
    return request.purpose in rule.parameters.get("purposes", (request.purpose,))


def refusals(
    request: Request, past: Sequence[Past], standing: ContactStanding, rules: Iterable[Rule]
) -> list[tuple[Rule, ContactRefused]]:
    """Every rule that refuses the request at its own moment."""
    case = ContactCase(request, past, standing)
    rules = tuple(rules)
    if _let_pass(request, rules):
        return _of_the_dead(case)
    found = _held(case)
    for rule in rules:
        if _applies(rule, request):
            refused = CHECKS[rule.parameters["check"]](rule, case)
            if refused is not None:
                found.append((rule, refused))
    return found


def judge(
    request: Request,
    past: Sequence[Past] = (),
    standing: ContactStanding = NO_STANDING,
    rules: Sequence[Rule] = (),
) -> Verdict:
    """Whether the contact may be made at `request.at`; if not, by which rules, why, and when all of them agree.

    A call at 07:59 in Shanghai under the China pack: refused by `cn.gbt45251.quiet-hours`, next at 08:00.
    `next_at` is None when waiting does not help (opted out, held, never) or not within HORIZON.
    """
    found = refusals(request, past, standing, rules)
    if not found:
        return Verdict(True)
    on = request.at.astimezone(_zone(request.zones[0])).date()
    told = {
        "at": request.at.astimezone(_zone(request.zones[0])).isoformat(),
        "channel": request.channel,
        "purpose": request.purpose,
        "person": request.person,
        "zones": list(request.zones),
    }
    findings = tuple(r.finding(on, "refused", why=x.why, confidence=r.confidence, **told) for r, x in found)
    rule, first = found[0]
    return Verdict(False, first.why, rule.id, _next(request, found, past, standing, rules), findings)


def _next(
    request: Request,
    found: list[tuple[Rule, ContactRefused]],
    past: Sequence[Past],
    standing: ContactStanding,
    rules: Sequence[Rule],
) -> datetime | None:
    """Go from one refusal's next moment to the next until nobody refuses."""
    at = request.at
    for _ in range(40):
        if any(refused.next_at is None for _, refused in found):
            return None
        later = max(refused.next_at for _, refused in found if refused.next_at)
        if later <= at or later - request.at > HORIZON:
            return None
        at = later
        found = refusals(replace(request, at=at), past, standing, rules)
        if not found:
            return at
    return None


@dataclass(frozen=True, slots=True)
class Slot:
    """When on its day a planned contact may be made: from `not_before` until (not with) `until`."""

    not_before: datetime
    until: datetime


def slot_on_day(request: Request, standing: ContactStanding, rules: Sequence[Rule]) -> Slot | Verdict:
    """The part of the request's own day, from its moment on, in which nobody refuses; else the refusing verdict.

    A message wished for 07:00 in Shanghai under the China pack may be sent from 08:00 until 22:00. A plan does not
    look at the record of attempts: `judge` does, when the moment has come.
    """
    verdict = judge(request, (), standing, rules)
    if verdict.allowed:
        at = request.at
    elif verdict.next_at is not None and _same_day(request, verdict.next_at):
        at = verdict.next_at
    else:
        return verdict
    return Slot(at, _closing(replace(request, at=at), standing, rules))


def _same_day(request: Request, at: datetime) -> bool:
    zone = _zone(request.zones[0])
    return request.at.astimezone(zone).date() == at.astimezone(zone).date()


def _closing(request: Request, standing: ContactStanding, rules: Sequence[Rule]) -> datetime:
    """The first end of a window, at any place, that lies after the request's moment."""
    windows = [r.parameters["to"] for r in rules if r.parameters["check"] == "hours" and _applies(r, request)]
    wishes = any(r.parameters["check"] == "wished_hours" and _applies(r, request) for r in rules)
    if standing.wished and wishes:
        windows.append(standing.wished[1])
    ends = []
    for name in request.zones:
        on = request.at.astimezone(_zone(name)).date()
        ends.append(_midnight(on + timedelta(days=1), name))
        ends.extend(
            datetime.combine(on, _clock(text), _zone(name)).astimezone(UTC) for text in windows if text != "24:00"
        )
    return min((end for end in ends if end > request.at), default=request.at)
