"""What all message channels share: the governor's last word, the text made of the template, the facts told after."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.dates import day, number_of
from afterloan.facts.contact import ContactEnded
from afterloan.facts.message import MessageDelivered, MessageFailed, MessageSent
from afterloan.facts.outbox import ADDRESS, Action, UnsentTask
from afterloan.sending.codes import with_codes
from afterloan.sending.drain import (
    ChannelPlace,
    Dropped,
    Item,
    Outcome,
    Promise,
    Retry,
    SendRefused,
    Sent,
    Unknown,
    message_of,
)
from afterloan.sending.owed import ask_again
from afterloan.sending.templates import TemplateRefused, Text, render, template_of
from afterloan.store.contacts import Attempt, admit_many, defaults_of
from afterloan.store.locks import lock_borrowers
from afterloan.store.message_codes import code_of, shown_code
from afterloan.store.outbox import put
from afterloan.store.sending import TellRow, tell_rows
from afterloan.store.settings import secret_kept
from afterloan.strategy.places import place_of

OVER = Dropped("the offer has ended")
NOTICES = ("notice.adverse", "bureau.notice")


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready to go."""

    item: Item
    to: str
    text: Text
    jurisdiction: str
    zone: str
    code: str = ""


class NoAddress(ValueError):
    """A borrower of whom the address of a channel is not told; `name`: the attribute that lacks."""

    def __init__(self, borrower: str, name: str) -> None:
        """Whose, and which; the message says how to tell it."""
        remedy = f"tell it: `afterloan correct {borrower} --reason … --attribute {name}=…`"
        super().__init__(f"borrower {borrower} has no {name} on file; {remedy}")
        self.name = name


def token(key: str) -> str:
    """A name for a key that any receiver accepts: 32 hexadecimal digits; the store finds the key again by it."""
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()


def attempt_reference(item: Item) -> str:
    """The governor's name for a try: the key, and for later tries the key with the number."""
    return item.key if item.number == 1 else f"{item.key}~{item.number}"


class Messages:
    """A channel of messages; a subclass says how they leave (`deliver`) and how to ask (`ask`).

    `contact` is the governor's name of the channel. Texts are made before the governor is asked, so what cannot be
    sent is refused without counting as an attempt.
    """

    promise = Promise.ONCE
    contact = ""
    delivers = False
    """Whether being sent is being delivered: true of the borrower's inbox only."""

    def __init__(self, channel: str, place: ChannelPlace) -> None:
        """Takes rate (a second), tries and batch from the configuration."""
        self.channel, self.place = channel, place
        self.contact = self.contact or channel
        told = place.config
        self.rate: int | None = int(told["rate"]) if told.get("rate") else None
        self.tries, self.batch = int(told.get("tries", 8)), int(told.get("batch", 50))
        self.settle = timedelta(seconds=int(told.get("settle_seconds", 60)))
        self.made: dict[int, Message] = {}
        self.admitted: set[int] = set()
        self.codes_secret = ""

    # -- before ---------------------------------------------------------------------------------------------

    def admit(
        self, connection: psycopg.Connection[Any], items: Sequence[Item], now: datetime
    ) -> Sequence[SendRefused | Retry | Dropped | None]:
        """Refuse what comes too late, ask again what is owed, make the texts, then ask the governor for all at once."""
        lock_borrowers(connection, {item.borrower_number for item in items})  # all at once: two workers never wait both
        defaults = defaults_of(connection)
        self.made, self.codes_secret = {}, secret_kept(connection, "messages") if self._verify_at else ""
        words: dict[int, SendRefused | Retry | Dropped | None] = {}
        asked: list[Item] = []
        for item, fresh in self._fresh(connection, items, defaults, now):
            if not isinstance(fresh, Item):
                words[item.action] = fresh
                continue
            try:
                self.made[item.action] = self.message(fresh, defaults, now)
                asked.append(fresh)
            except NoAddress as refusal:
                words[item.action] = SendRefused(str(refusal), {"lacks": refusal.name})
            except (TemplateRefused, ValueError) as refusal:
                words[item.action] = SendRefused(str(refusal))
        verdicts = admit_many(connection, [self._attempt(i, now) for i in asked]) if asked else []
        self.admitted = {i.action for i, v in zip(asked, verdicts, strict=True) if v.allowed}
        for item, verdict in zip(asked, verdicts, strict=True):
            words[item.action] = None if verdict.allowed else _not_now(item, verdict.why, verdict.next_at)
        return [words[i.action] for i in items]

    def _fresh(
        self, connection: psycopg.Connection[Any], items: Sequence[Item], defaults: dict[str, Any], now: datetime
    ) -> list[tuple[Item, Item | SendRefused | Dropped]]:
        """Each item with the money of this moment in it, or why it does not leave."""
        ends = [(item, _until(item)) for item in items]
        late: dict[int, SendRefused] = {
            item.action: SendRefused(f"too late: it was to go before {end.isoformat()}")
            for item, end in ends
            if end is not None and now >= end
        }
        over = {item.action: OVER for item in items if item.action not in late and _over(item, now)}
        in_time = [item for item in items if item.action not in late and item.action not in over]
        asked = with_codes(connection, ask_again(connection, in_time, defaults, now))
        fresh: dict[int, Item | SendRefused | Dropped] = dict(zip((i.action for i in in_time), asked, strict=True))
        return [(item, (fresh | late | over)[item.action]) for item in items]

    def _attempt(self, item: Item, now: datetime) -> Attempt:
        message = self.made[item.action]
        body = message_of(item)
        loans = body.values.get("loans")
        return Attempt(
            item.borrower,
            self.contact,
            body.purpose or template_of(message.text.template, now.date()).purpose,
            now,
            attempt_reference(item),
            address=message.to,
            person=body.person,
            who=body.who,
            loans=tuple(loans) if isinstance(loans, list) else (),
            language=message.text.language,
            tells_debt=message.text.tells_debt,
            response=body.response,
            by_ladder=bool(body.step),
        )

    def message(self, item: Item, defaults: dict[str, Any], now: datetime) -> Message:
        """The words of an action and where they go. Raises TemplateRefused, ValueError saying what is missing."""
        body = message_of(item)
        place = place_of(dict(item.attributes), defaults)
        zone = ZoneInfo(body.zone or place.zones[0])
        on = now.astimezone(zone).date()
        template = template_of(body.template, on, body.version)
        if body.person not in ("borrower", "guarantor") and template.tells_debt:
            raise TemplateRefused(f"template {template.id}: tells of a debt and may not go to a third person")
        text = render(
            template,
            body.language or place.language,
            {**_plain(item), **body.values},
            self.place.config["lender"],
            channel=self.contact,
            jurisdiction=place.jurisdiction,
            on=on,
            purpose=body.purpose,
            lender_type=place.lender_type,
        )
        code = code_of(self.codes_secret, item.key) if self.codes_secret and template.purpose != "access" else ""
        if code:  # a code to sign in ends its message, so that phones fill it in: nothing stands after it
            text = replace(text, lines=(*text.lines, _line(code, self._verify_at, text.language)))
        return Message(item, self.address(item), text, place.jurisdiction, str(zone), code)

    @property
    def _verify_at(self) -> str:
        """Where the code of a message is checked; "" where messages have none."""
        return str(self.place.config["lender"].get("verify_at") or "")

    def address(self, item: Item) -> str:
        """Where it goes: the action's own address, else the borrower's attribute. Raises NoAddress, ValueError."""
        name = ADDRESS[self.contact]
        told = str(message_of(item).to or item.attributes.get(name) or "").strip()
        if not told:
            raise NoAddress(item.borrower, name)
        if not told.isprintable():
            raise ValueError(f"{told!r}: an address with a line break or control sign; write it in one line")
        return told

    # -- send -----------------------------------------------------------------------------------------------

    def send(self, items: Sequence[Item], now: datetime) -> Sequence[Outcome]:
        """Deliver the texts that `admit` made."""
        return self.deliver([self.made[i.action] for i in items], now)

    def deliver(self, messages: Sequence[Message], now: datetime) -> Sequence[Outcome]:
        """Send; an outcome for each, in order."""
        raise NotImplementedError

    def ask(self, item: Item) -> Outcome:
        """Without a way to ask nobody knows."""
        return Unknown(f"{self.channel} cannot be asked what became of a message")

    # -- after ----------------------------------------------------------------------------------------------

    def recorded(
        self, connection: psycopg.Connection[Any], judged: Sequence[tuple[Item, Outcome]], now: datetime
    ) -> None:
        """Tell `message.sent` and `message.failed`; a try that surely did not reach anybody ended as not connected."""
        rows: list[TellRow] = []
        unsent: list[Action] = []
        for item, outcome in judged:
            if isinstance(outcome, Sent):
                rows += self._sent(item, outcome, now)
            elif isinstance(outcome, SendRefused):
                lacks = str(outcome.detail.get("lacks", ""))
                told = {"key": item.key, "channel": self.contact, "why": outcome.why[:500], "lacks": lacks}
                rows.append(self._row(MessageFailed.KIND, f"failed:{item.key}", item, now, told))
                if not lacks and _demanded(item, now):
                    unsent.append(_unsent(item, outcome.why, now))
            if isinstance(outcome, Retry) or (isinstance(outcome, SendRefused) and item.action in self.admitted):
                rows.append(self._ended(item, "not_connected", now))
        tell_rows(connection, rows)
        put(connection, unsent)

    def _sent(self, item: Item, outcome: Sent, now: datetime) -> list[TellRow]:
        message = self.made.get(item.action)
        told: dict[str, Any] = {"key": item.key, "channel": self.contact, "receipt": outcome.receipt[:200]}
        if message is not None:
            text = message.text
            told |= {
                "template": text.template,
                "version": text.version,
                "language": text.language,
                "address": message.to,
                "amounts": _amounts(message.item),
            }
            told |= {"code": message.code} if message.code else {}
        else:
            told |= {"template": message_of(item).template, "version": 0, "language": "", "address": ""}
        rows = [self._row(MessageSent.KIND, f"sent:{item.key}", item, now, told)]
        if self.delivers:
            arrived = {"key": item.key, "channel": self.contact, "receipt": outcome.receipt}
            rows.append(self._row(MessageDelivered.KIND, f"delivered:{item.key}", item, now, arrived))
            rows.append(self._ended(item, "delivered", now))
        return rows

    def _ended(self, item: Item, outcome: str, now: datetime) -> TellRow:
        of = attempt_reference(item)
        told = {"of": of, "outcome": outcome, "note": ""}
        return self._row(ContactEnded.KIND, f"ended:{of}", item, now, told)

    def _row(self, kind: str, reference: str, item: Item, now: datetime, body: dict[str, Any]) -> TellRow:
        return TellRow(item.borrower_number, kind, now.date(), now, reference, body, item.loan)


def _line(code: str, where: str, language: str) -> str:
    """The last line of a message: `Is this ours? 7K3F-92QX, my.lender.example/verify`."""
    said = "是不是我们发的？查验码" if language == "zh-CN" else "Is this ours?"
    return f"{said} {shown_code(code)}{'，' if language == 'zh-CN' else ', '}{where}"


def _amounts(item: Item) -> dict[str, int]:
    """The money of which the text was made, by name, in minor units."""
    return {
        name: value
        for name, value in message_of(item).values.items()
        if name.endswith("_fen") and isinstance(value, int)
    }


def _over(item: Item, now: datetime) -> bool:
    """Whether a message offers what could be agreed to until a day that has passed where the borrower lives."""
    body = message_of(item)
    valid = body.values.get("reply_by") if body.template == "plan-offered" else None
    return valid is not None and number_of(now.astimezone(ZoneInfo(body.zone or "UTC")).date()) > day(str(valid))


def _demanded(item: Item, now: datetime) -> bool:
    """Whether the law asks for a message, and nobody has it as a task already (the notice before a report has one)."""
    body = message_of(item)
    purpose = body.purpose or template_of(body.template, now.date(), body.version).purpose
    return purpose == "legal_notice" and item.kind != "notice.adverse"


def _unsent(item: Item, why: str, now: datetime) -> Action:
    """The task of a person that a notice becomes which did not leave; once for each notice."""
    loans = message_of(item).values.get("loans")
    told = UnsentTask(
        queue="unsent-notice", loans=tuple(loans) if isinstance(loans, list) else (), key=item.key,
        template=message_of(item).template, why=why[:500],
    )  # fmt: skip
    return Action(f"unsent:{item.key}", item.borrower_number, "task", now, now.date(), None, told)


def _until(item: Item) -> datetime | None:
    return message_of(item).until


def _not_now(item: Item, why: str, next_at: datetime | None) -> SendRefused | Retry:
    """Wait for the governor's next moment when it comes before the action's end, else refuse."""
    until = _until(item)
    if next_at is None or (until is not None and next_at >= until):
        return SendRefused(f"contact refused: {why}")
    return Retry(why, next_at)


def _plain(item: Item) -> Mapping[str, Any]:
    """What is known of the borrower whatever the action says: the name, where there is one."""
    return {"name": item.name} if item.name else {}
