"""The auditor of contacts: who may be written to, when and about what, from the words alone; nothing of `afterloan`.

* Nothing goes out from 22:00 to 08:00 of the borrower's clock (GB/T 45251-2025; before it the lender's own rule).
* To who died, is insolvent, represented by a lawyer or in a breathing space nothing goes that a ladder sends.
* Who is in hardship or says that the loan is not theirs is neither reminded nor pressed; where a dispute is open,
  a plan runs or a promise stands that is not broken, nobody presses. A promise is broken when two days after its day
  less than it has come.
* A channel that the borrower does not want is not used; "all" is every channel.
* A message names what is owed: what is pressed for is past due, what is reminded of falls due on the day it says.
  Who has paid what a message is about gets none.
* What a ladder sends (channel, template) goes out once a day, what tells of an act once for it; nothing without an
  address.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
NOBODY = frozenset({"deceased", "insolvency", "lawyer", "breathing_space"})
NEITHER = frozenset({"hardship_review", "fraud_claim"})
UNPRESSED = frozenset({"dispute_open", "plan_running"})
PRESSES = "overdue-"
REMINDS = "reminder-"
NEWS = "news/"
"""How the key of a message begins that tells of one act: two promises of a day are confirmed each."""


@dataclass
class Stop:
    """Something told of a borrower that stops messages: from a day, until a day (that one too), or until lifted."""

    borrower: str
    what: str
    since: date
    until: date | None = None
    lifted: date | None = None
    reference: str = ""

    def on(self, day: date) -> bool:
        """Whether it is in effect."""
        gone = self.lifted is not None and self.lifted <= day
        return self.since <= day and not gone and (self.until is None or day <= self.until)


@dataclass
class Promise:
    """What a borrower said he would pay by a day; told on `since`."""

    borrower: str
    fen: int
    due: date
    since: date

    def stands(self, day: date, paid: int) -> bool:
        """Until two days after its day, or until it is paid."""
        return self.since <= day <= self.due + timedelta(2) and paid < self.fen


@dataclass(frozen=True)
class Sent:
    """One message that left: when, to whom, by what, which words, of which loans, and its text."""

    key: str
    at: datetime
    borrower: str
    channel: str
    template: str
    loans: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Owed:
    """What the auditor of money says of a borrower: past due in all, and what falls due by day."""

    arrears: int
    payoff: int
    falls_due: dict[date, int]

    def amounts(self) -> set[int]:
        """What a message may name."""
        soon = self.falls_due.values()
        return {self.arrears, self.payoff, *soon, *(self.arrears + fen for fen in soon)}


@dataclass
class ContactAuditor:
    """Keeps what was told of borrowers; `wrong` says what a message should not have been."""

    stops: list[Stop] = field(default_factory=list)
    unwanted: dict[str, dict[str, date]] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)
    addresses: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: set[tuple[str, str, str, date]] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    def wrong(self, sent: Sent, now: Owed, also: Sequence[Owed], paid_since: dict[date, int]) -> str:
        """Why this message should not have left in this way; "" when nothing is wrong.

        `now`: what is owed with all that is told; `also`: when the ladder looked, and after the debits that went with
        the message: it may name their figures too.
        `paid_since`: what the borrower paid from each day on that a promise was made.
        """
        local = sent.at.astimezone(SHANGHAI)
        day = local.date()
        if not time(8) <= local.time() < time(22):
            return f"sent at {local:%H:%M}"
        held = {stop.what for stop in self.stops if stop.borrower == sent.borrower and stop.on(day)}
        if held & NOBODY:
            return f"sent though {sorted(held & NOBODY)[0]}"
        presses, reminds = sent.template.startswith(PRESSES), sent.template.startswith(REMINDS)
        if (presses or reminds) and held & NEITHER:
            return f"sent though {sorted(held & NEITHER)[0]}"
        if presses and held & UNPRESSED:
            return f"presses though {sorted(held & UNPRESSED)[0]}"
        if presses:
            for promise in self.promises:
                if promise.borrower == sent.borrower and promise.stands(day, paid_since.get(promise.since, 0)):
                    return f"presses though {promise.fen} is promised for {promise.due}"
        unwanted = self.unwanted.get(sent.borrower, {})
        if any(unwanted.get(channel, date.max) <= day for channel in (sent.channel, "all")):
            return f"sent by {sent.channel}, which is not wanted"
        if sent.channel in ("sms", "email", "letter") and sent.channel not in self.addresses[sent.borrower]:
            return f"sent by {sent.channel} without an address"
        again = (sent.borrower, sent.channel, sent.template, day) in self.seen
        if sent.key in self.keys or (again and not sent.key.startswith(NEWS)):
            return "sent twice"
        self.keys.add(sent.key)
        self.seen.add((sent.borrower, sent.channel, sent.template, day))
        return self._amount(sent, now, also, presses, reminds)

    def _amount(self, sent: Sent, now: Owed, also: Sequence[Owed], presses: bool, reminds: bool) -> str:
        if presses and now.arrears <= 0:
            return "presses for what is paid"
        day = sent.at.astimezone(SHANGHAI).date()
        if reminds and now.arrears <= 0 and not any(fen > 0 for on, fen in now.falls_due.items() if on >= day):
            return "reminds of what is paid"
        told = [fen for fen in amounts_in(sent.text) if fen > 0]
        amounts = now.amounts().union(*(owed.amounts() for owed in also))
        if (presses or reminds) and not any(fen in amounts for fen in told):
            return f"names {told}, not one of {sorted(amounts)}"
        return ""


def amounts_in(text: str) -> Iterable[int]:
    """Amounts of a text in fen: `应还1,047.21元` is 104721."""
    for part in text.split("元")[:-1]:
        digits = ""
        for c in reversed(part.rstrip()):
            if not (c.isascii() and c.isdigit()) and c not in ",.":
                break
            digits = c + digits
        if "." in digits:
            yield int(digits.replace(",", "").replace(".", ""))
