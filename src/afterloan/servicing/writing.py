"""The verb by which a person writes to a borrower: a template of the pack `messages`, with the book's own figures."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from afterloan.enquiry.owing import ABOUT_MONEY, figures_on, message_values
from afterloan.facts import FactRefused
from afterloan.facts.outbox import ADDRESS, Action, MessageBody
from afterloan.rules.packs import Rule, in_force, rules_of
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.contacts import Attempt, place_in, would_admit
from afterloan.store.details import details_of
from afterloan.store.events import borrower_number
from afterloan.store.outbox import put
from afterloan.strategy.figures import Figures
from afterloan.strategy.governor import ANY, Verdict


class SendMessage(Asked):
    """`borrower` is sent `template` by `channel`, now. `wait`: where a rule refuses now, at the next moment it allows.

    The amounts and days in it are those of the moment at which it leaves; whoever has paid by then is not written to.
    """

    borrower: str
    template: str = Field(min_length=1, max_length=61)
    channel: Literal["sms", "email", "push", "chat", "letter"]
    wait: bool = False


def send_message(desk: Desk, asked: SendMessage, on: date) -> dict[str, Any]:
    """Put the message, if the contact rules allow it, and say when it leaves. They are asked once more when it does.

    Raises FactRefused: no such template for a person (unknown), no address, what it says is not so (invalid); refused
    by a contact rule: until a moment (too_early, `next_at`), or whatever the hour (forbidden).
    """
    rule = in_force(rules_of("messages"), ANY, on)[0]
    told = _template(rule, asked.template)
    purpose = told["purpose"]
    number, _ = borrower_number(desk.connection, asked.borrower)
    attributes = details_of(desk.connection, asked.borrower, on).attributes
    place = place_in(desk.connection, attributes)
    address = _address(asked, attributes)
    attempt = Attempt(asked.borrower, asked.channel, purpose, desk.now, desk.reference, address, by=desk.who.name)
    leaves_at = _leaves_at(asked, would_admit(desk.connection, [attempt])[0], desk.now)
    there = ZoneInfo(place.zones[0])
    values = _values(desk, asked, told, leaves_at.astimezone(there).date())
    body = MessageBody.model_validate(
        {"template": asked.template, "purpose": purpose, "to": None, "values": values, "zone": place.zones[0],
         "rule": rule.id}
    )  # fmt: skip
    key = f"by-hand/{desk.reference}"
    put(desk.connection, [Action(key, number, f"message.{asked.channel}", leaves_at, on, None, body)])
    return {
        "borrower": asked.borrower, "template": asked.template, "channel": asked.channel, "purpose": purpose,
        "key": key, "leaves_at": leaves_at.astimezone(there).isoformat(), "values": values,
    }  # fmt: skip


def _template(rule: Rule, name: str) -> dict[str, str]:
    listed: dict[str, dict[str, str]] = rule.parameters["templates"]
    if name not in listed:
        remedy = f"there are: {', '.join(listed)}"
        raise FactRefused("template", name, "is not sent by hand", remedy, "unknown", rule.id)
    return listed[name]


def _address(asked: SendMessage, attributes: dict[str, Any]) -> str:
    """The address on file; the inbox needs none. Raises FactRefused."""
    name = ADDRESS[asked.channel]
    address = str(attributes.get(name) or "") if name else ""
    if name and not address:
        remedy = f"tell it (`person.correct`, attribute {name}), or choose another channel"
        raise FactRefused("channel", asked.channel, f"no {name} is on file", remedy)
    return address


def _leaves_at(asked: SendMessage, verdict: Verdict, now: datetime) -> datetime:
    """Now, or the next moment that is allowed where the asker waits. Raises FactRefused with the rule."""
    if verdict.allowed:
        return now
    if verdict.next_at is None:
        remedy = "waiting does not help: write otherwise, or leave them in peace"
        raise FactRefused("channel", asked.channel, verdict.why, remedy, "forbidden", verdict.rule)
    if not asked.wait:
        remedy = f"ask again from {verdict.next_at.isoformat()}, or say `wait`: it leaves then"
        raise FactRefused("channel", asked.channel, verdict.why, remedy, "too_early", verdict.rule, verdict.next_at)
    return verdict.next_at


def _values(desk: Desk, asked: SendMessage, told: Mapping[str, str], on: date) -> Mapping[str, Any]:
    """What the text tells of money on a day. Raises FactRefused where what the template says would not be so."""
    if told["purpose"] not in ABOUT_MONEY:
        return {}
    figures = figures_on(desk.connection, asked.borrower, on)
    if not _is_so(figures, told["when"]):
        why = f"would be untrue on {on}: {_WORDS[told['when']]}"
        raise FactRefused("template", asked.template, why, "choose a template that says what is so")
    return message_values(figures, told["purpose"])


_WORDS = {"before_due": "no instalment is ahead, or something is late", "due_today": "nothing falls due that day",
          "overdue": "nothing is overdue"}  # fmt: skip


def _is_so(figures: Figures, when: str) -> bool:
    return {
        "before_due": not figures.arrears_fen and not figures.due_today_fen and figures.due_on is not None,
        "due_today": figures.due_today_fen > 0,
        "overdue": figures.arrears_fen > 0,
        "any": True,
    }[when]
