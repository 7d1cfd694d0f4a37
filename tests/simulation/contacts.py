"""Contact in a simulated world: what borrowers and desk tell, the ladder and the drain at all hours, and what left."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from afterloan.close.decide import decide
from afterloan.dates import number_of
from afterloan.facts.act import Answer, Who
from afterloan.sending.channels import ChannelSetting
from afterloan.sending.drain_work import drain
from afterloan.sending.spool import spooled
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.persons import words_at
from afterloan.store.server import Store
from tests.bureau.books import identity
from tests.simulation.auditor import Ledger, Signed
from tests.simulation.contact_auditor import PRESSES, REMINDS, SHANGHAI, ContactAuditor, Owed, Promise, Sent, Stop
from tests.simulation.gateway import Gateway
from tests.simulation.happenings import Happenings

LEAD = Who("person", "Li", ("lead",), "keyboard")
HOLDS = ("dispute_open", "hardship_review", "fraud_claim")
CAUSES = {
    "deceased": ("person.died", {"source": "family"}),
    "insolvency": ("person.insolvency_opened", {"court": "Hangzhou"}),
    "lawyer": ("person.lawyer_engaged", {"lawyer": "Ms Qian"}),
}
HOURS = (
    time(2, 30),
    time(7, 59),
    time(9, 5),
    time(10, 31),
    time(12),
    time(14, 2),
    time(21, 59),
    time(22),
    time(23, 40),
)
AHEAD = 4
"""Days ahead of which a reminder may speak."""

SENT = f"""
select s.entry, o.key, s.at, b.reference, o.kind, o.body ->> 'template', o.body -> 'values' -> 'loans',
       (select {words_at("inbox", "i", "key", "words")} from inbox i where i.key = o.key)
from sending s join outbox o using (action) join borrower b using (borrower)
where s.step = 'sent' and o.kind like 'message.%%' and o.kind <> 'message.sms' and s.entry > %s order by s.entry
"""
AT_GATEWAY = """
select o.key, b.reference, o.body ->> 'template', o.body -> 'values' -> 'loans'
from outbox o join borrower b using (borrower) where o.key = any(%s) order by o.action
"""
TEXTS = """
select distinct on (o.action) o.key, s.step from outbox o join sending s using (action)
where o.kind = 'message.sms' order by o.action, s.entry desc
"""
"""Text messages that were tried, with the last step on record."""


class Contacts:
    """The contacts of one world; `check` raises ValueError with what left and should not have."""

    def __init__(self, seed: int, store: Store, folder: Path, happened: Happenings, days: int) -> None:
        """`days`: how many borrowers live how long, in days of one borrower."""
        self.fates = max(0.0005, 4 / days)
        self.keeps: list[tuple[str, int, date]] = []
        """What borrowers mean to pay as they promised: who, how much, when."""
        self.happened = happened
        self.chance = Random(seed * 104729 + 3)
        self.store, self.folder = store, folder
        self.auditor = ContactAuditor()
        self.last = self.acts = self.checked = 0
        self.owed: dict[str, Owed] = {}
        self.channels: dict[str, dict[str, str]] = {}
        """How channels are set that are not spooled."""
        self.gateway = Gateway(seed)
        self.seen_there = 0

    def address(self, borrower: str, number: int) -> dict[str, str]:
        """Where a borrower can be written to, for the book; the auditor is told too."""
        told = {"name": "测试", "id_type": "10", "id_number": identity(number)}
        if self.chance.random() < 0.9:
            told["mobile"] = f"1390013{number:04d}"
        if self.chance.random() < 0.6:
            told["email"] = f"{borrower.lower()}@example.com"
        by = {"sms": "mobile", "email": "email"}
        self.auditor.addresses[borrower] = {channel: told[name] for channel, name in by.items() if name in told}
        return told

    def live(
        self, today: date, known: Callable[[], dict[str, list[Signed]]], decided: bool, look: Callable[[date], None]
    ) -> None:
        """One day after its deliveries: what the desk hears, then the drain at some hours, then what left is looked at.

        `known`: the loans of each borrower with what has been told by now. `decided`: the ladder looked at this day.
        `look`: what the bank was asked is looked at, and what it took is told.
        """
        loans = known()
        for borrower, owned in loans.items():
            if self.chance.random() < 0.035:
                self._hear(borrower, owned, today)
            if self.chance.random() < 0.03:
                self._promise(borrower, owned, today)
            if self.chance.random() < self.fates:
                self._fate(borrower, today)
        hours = sorted(self.chance.sample(HOURS, self.chance.choice((1, 2, 4))))
        for hour in hours if decided or self.chance.random() < 0.3 else ():
            before = known()
            self._drain(datetime.combine(today, hour, SHANGHAI))
            look(today)
            self.check(today, before, known())

    def decide(self, on: date, loans: dict[str, list[Signed]]) -> None:
        """The ladder looks at a day, with what was told by the evening before."""
        decide(self.store, number_of(on))
        self.owed = {borrower: owed_of(owned, on) for borrower, owned in loans.items()}

    def _drain(self, moment: datetime) -> None:
        told = ChannelSetting(self.folder, told=self.channels)
        self.gateway.now = moment
        if self.chance.random() < 0.2:
            self.happened.count("message", "two drains at once")
            with ThreadPoolExecutor(2) as both:
                list(both.map(lambda _: drain(self.store, told=told, moment=moment), range(2)))
        else:
            drain(self.store, told=told, moment=moment)

    def _do(self, verb: str, asked: dict[str, Any], today: date) -> Answer | None:
        self.acts += 1
        with desk_of(self.store, datetime.combine(today, time(1), SHANGHAI)) as desk:
            answer = do(desk, LEAD, verb, asked, f"heard-{self.acts}", today)
        if not isinstance(answer, Answer):
            self.happened.count("borrower", "refused at the door")
        return answer if isinstance(answer, Answer) else None

    def tell(self, verb: str, asked: dict[str, Any], today: date) -> str:
        """Something is done at the desk: the reference under which it stands, "" where the door refused it."""
        return f"heard-{self.acts}" if self._do(verb, asked, today) else ""

    def _hear(self, borrower: str, owned: list[Signed], today: date) -> None:
        """Something is told of a borrower; what the door refuses did not happen."""
        auditor, what = self.auditor, self.chance.random()
        mine = [s for s in auditor.stops if s.borrower == borrower and s.on(today) and s.what in HOLDS]
        if mine and what < 0.5:
            stop = mine[0]
            if self._do("hold.lift", {"borrower": borrower, "of": stop.reference, "reason": "looked at"}, today):
                self.happened.count("borrower", "hold lifted")
                stop.lifted = today
        elif what < 0.5:
            until = today + timedelta(self.chance.randint(1, 20))
            hold = self.chance.choice(HOLDS)
            asked = {"borrower": borrower, "hold": hold, "reason": "told by phone", "ends_on": until.isoformat()}
            if self._do("hold.place", asked, today):
                self.happened.count("borrower", "hold placed")
                auditor.stops.append(Stop(borrower, hold, today, until, reference=f"heard-{self.acts}"))
        elif what < 0.65:
            channel = self.chance.choice(("sms", "email", "push", "all"))
            if self._do("contact.opt_out", {"borrower": borrower, "channel": channel}, today):
                self.happened.count("borrower", "channel not wanted")
                auditor.unwanted.setdefault(borrower, {}).setdefault(channel, today)
        else:
            self._promise(borrower, owned, today)

    def _fate(self, borrower: str, today: date) -> None:
        """A borrower dies, is insolvent, or has a lawyer from now on."""
        cause = self.chance.choice(list(CAUSES))
        verb, words = CAUSES[cause]
        if self._do(verb, {"borrower": borrower, **words}, today):
            named = {"deceased": "died", "insolvency": "insolvent", "lawyer": "has a lawyer"}
            self.happened.count("borrower", named[cause])
            self.auditor.stops.append(Stop(borrower, cause, today))

    def _promise(self, borrower: str, owned: list[Signed], today: date) -> None:
        arrears = owed_of(owned, today).arrears
        due = today + timedelta(self.chance.randint(1, 12))
        if arrears and self._do(
            "promise.make", {"borrower": borrower, "amount_fen": arrears, "due_on": due.isoformat()}, today
        ):
            self.happened.count("borrower", "promise made")
            if self.chance.random() < 0.5:
                self.keeps.append((borrower, arrears, due))
            self.auditor.promises.append(Promise(borrower, arrears, due, today))

    def end(self, last: date, loans: dict[str, list[Signed]]) -> None:
        """Count the promises that were kept and broken by the last day."""
        for p in self.auditor.promises:
            until = min(p.due + timedelta(2), last)
            if paid_since(loans[p.borrower], p.since, until) >= p.fen:
                self.happened.count("borrower", "promise kept")
            elif until < last:
                self.happened.count("borrower", "promise broken")

    def check(self, today: date, loans: dict[str, list[Signed]], after: dict[str, list[Signed]]) -> None:
        """Hold everything that left since the last look against the auditor of contacts.

        `loans`: as they stood before the drain, `after`: as its debits left them; a message may name either's figures.
        """
        for sent in (*self._spooled(), *self._at_gateway(today)):
            borrower = sent.borrower
            now = owed_of(loans[borrower], today)
            paid = {p.since: paid_since(loans[borrower], p.since, today) for p in self.auditor.promises}
            also = (self.owed.get(borrower, now), owed_of(after[borrower], today))
            wrong = self.auditor.wrong(sent, now, also, paid)
            self.checked += 1
            what = {PRESSES: "message of arrears left", REMINDS: "reminder left"}
            begins = next((b for b in what if sent.template.startswith(b)), "")
            self.happened.count("message", what.get(begins, "other message left"))
            if wrong:
                raise ValueError(f"{today}, {borrower}: {sent.key} {wrong}; text: {sent.text[-400:]!r}")

    def _spooled(self) -> Iterator[Sent]:
        """What left since the last look but for text messages, as it lies in a folder or an inbox."""
        with self.store.connect() as connection:
            rows = connection.execute(SENT, (self.last,)).fetchall()
        for number, key, at, borrower, kind, template, names, kept in rows:
            self.last = number
            channel = kind.removeprefix("message.")
            lies = None if kept else spooled(channel, key, self.folder)
            words = kept["text"] if kept else (lies.text if lies else "")
            yield Sent(key, at, borrower, channel, template, tuple(names or ()), words)

    def _at_gateway(self, today: date) -> list[Sent]:
        """What the gateway has since the last look, whether its answer was heard or not."""
        new = list(self.gateway.taken.values())[self.seen_there :]
        self.seen_there += len(new)
        for what in self.gateway.happened:
            self.happened.count("message", what)
        self.gateway.happened.clear()
        by_key = {taken.key: taken for taken in new}
        with self.store.connect() as connection:
            rows = connection.execute(AT_GATEWAY, (list(by_key),)).fetchall()
            steps = connection.execute(TEXTS).fetchall()
        wrong = [*self.gateway.wrong, *(self.gateway.end_wrong(key, last) for key, last in steps)]
        if any(wrong) or len(rows) != len(new):
            raise ValueError(f"{today}: {[w for w in wrong if w] or 'the gateway has what nobody planned'}")
        return [
            Sent(key, by_key[key].at, borrower, "sms", template, tuple(names or ()), by_key[key].text)
            for key, borrower, template, names in rows
        ]


def owed_of(loans: list[Signed], on: date) -> Owed:
    """What a borrower owes on a day with all that has been told: past due, what ends it, what falls due soon."""
    now = [Ledger(loan, on, on) for loan in loans if loan.signed_on <= on]
    due: dict[date, int] = defaultdict(int)
    for loan in loans:
        if loan.signed_on > on:
            continue
        days = {row.due for row in Ledger(loan, on, on).rows}
        for day in sorted(d for d in days if on <= d <= on + timedelta(AHEAD)):
            due[day] += sum(row.owed_in_all() for row in Ledger(loan, day, on).rows if row.due == day)
    return Owed(
        sum(sum(ledger.arrears(c) for c in range(4)) for ledger in now), sum(x.payoff() for x in now), dict(due)
    )


def paid_since(loans: list[Signed], since: date, on: date) -> int:
    """What came in from a day on, taken back not counted."""
    return sum(
        m.fen
        for loan in loans
        for m in loan.messages
        if m.kind == "repaid" and m.on >= since and m.known_on <= on and not (m.gone_on and m.gone_on <= on)
    )
