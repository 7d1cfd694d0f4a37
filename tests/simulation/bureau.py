"""A bureau in a simulated world: months furnished and told again, rows it does not take, disputes of borrowers."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from afterloan.close.furnish import furnish
from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store
from tests.bureau.books import SENDER
from tests.simulation.auditor import Ledger, Signed
from tests.simulation.contact_auditor import SHANGHAI, Stop
from tests.simulation.happenings import Happenings

LEAD = Who("person", "Li", ("lead",), "keyboard")
GRACE, TRIFLE_FEN = 3, 1_000
FIRST_DAYS = (1, 31, 61, 91, 121, 151, 181)
NOT_LATE = frozenset({"*", "N", "M"})
ADVERSE = frozenset("1234567B")
STANDING = (
    "select distinct on (f.loan) c.reference, f.status, f.turn from furnished f join contract c using (loan) "
    "where f.month_end = %s and f.bureau = 'pboc' order by f.loan, f.turn desc"
)
IN_INBOX = (
    "select distinct c.reference from inbox i join outbox o using (key) join contract c on c.borrower = o.borrower "
    "where (o.kind = 'notice.adverse' and c.loan = o.loan) "
    "or (o.kind = 'bureau.notice' and o.body->'values'->'loans' ? c.reference) order by 1"
)
"""Loans of which a notice lies in the borrower's inbox: of this very furnishing, or by the ladder."""


@dataclass
class Row:
    """What stands at the bureau for a loan and a month: its code, and how often it was told."""

    status: str
    turn: int


@dataclass
class Dispute:
    """A dispute as the auditor keeps it: of which row, since when, with the hold that it brings."""

    reference: str
    loan: str
    month: date
    told: str
    since: date
    stop: Stop
    decided: date | None = None


@dataclass
class BureauAuditor:
    """What a bureau must be told, by RULES 1.1.2 and docs/bureau.md.

    * A loan that is 1 to 30 days past due at the month's end is `1`, 31 to 60 `2`, …, more than 180 `7`; one within the
      three days of grace, or short by no more than 10.00, is not late: `*`, `N` or `M`. Written off: `B`, month after
      month. Paid off, or all of the loss recovered: `C`, and nothing in the months after, whatever money comes then.
    * Who would be told as late for the first time is told beforehand: no such row without a notice that was delivered.
    * A row that the bureau did not take is told again the next time.
    * A dispute is answered as the book reckons: corrected where the month is reckoned otherwise than it was told,
      accurate where it is not. Until the answer nobody presses the borrower or debits.
    """

    noticed: set[str] = field(default_factory=set)
    rejected: dict[tuple[str, date], int] = field(default_factory=dict)

    def status(self, loan: Signed, month: date, known: date) -> frozenset[str]:
        """The codes that may stand for a month as known on a day; empty: no row."""
        before = month.replace(day=1) - timedelta(1)
        if loan.signed_on <= before and _over(Ledger(loan, before, known)):
            return frozenset()
        now = Ledger(loan, month, known)
        if sum(now.lost) > now.recovered:
            return frozenset({"B"})
        if now.ended():
            return frozenset({"C"})
        days = now.days_past_due()
        if days <= GRACE or sum(now.arrears(c) for c in range(4)) <= TRIFLE_FEN:
            return NOT_LATE
        return frozenset({str(sum(days >= first for first in FIRST_DAYS))})


def _over(then: Ledger) -> bool:
    """Whether nothing is owed any more, nothing of a loss either."""
    return then.ended() and sum(then.lost) == then.recovered


class Bureaus:
    """The bureau of one world; raises ValueError where a row or an answer is not what the auditor says."""

    def __init__(
        self, seed: int, store: Store, folder: Path, owners: dict[str, str], stops: list[Stop], happened: Happenings
    ) -> None:
        """`stops`: of the auditor of contacts, to which holds of disputes are added."""
        self.chance = Random(seed * 141_650_939 + 29)
        self.store, self.folder, self.owners, self.stops, self.happened = store, folder, owners, stops, happened
        self.auditor = BureauAuditor()
        self.month: date | None = None
        self.rows: dict[str, Row] = {}
        self.disputes: list[Dispute] = []
        self.acts = 0

    def closed(self, today: date, seen: dict[str, Signed]) -> None:
        """After a close: the month that is over is furnished, or told again with what is known since."""
        ends = (today + timedelta(1)).day == 1
        over = today if ends else today.replace(day=1) - timedelta(1)
        if over != self.month or self.chance.random() < 0.25:
            first = over != self.month
            if not first or any(loan.signed_on <= over for loan in seen.values()):
                self._furnish(over, today, seen, first)

    def _furnish(self, month: date, today: date, seen: dict[str, Signed], first: bool) -> None:
        self._noticed()
        made = furnish(self.store, month, "pboc", self.folder, today, SENDER)
        assert made.month_end == month
        self.month = month
        self.happened.count("bureau", "month furnished" if first else "month told again")
        with self.store.connect() as connection:
            rows = {ref: Row(code, turn) for ref, code, turn in connection.execute(STANDING, (month,)).fetchall()}
        for reference, loan in sorted(seen.items()):
            if loan.signed_on <= month:
                self._same(reference, loan, rows.get(reference), today)
        self.rows = rows
        self._notices(today)
        if rows and self.chance.random() < 0.5:
            self._reject(month, today)

    def _same(self, reference: str, loan: Signed, row: Row | None, today: date) -> None:
        assert self.month is not None
        if any(m.kind == "extended" for m in loan.messages):
            return  # how a plan is told is a reading of its own: docs/bureau.md
        due = self.auditor.status(loan, self.month, today)
        said = row.status if row else ""
        late = bool(due & ADVERSE)
        if late and reference not in self.auditor.noticed:
            self.happened.count("bureau", "late row held back until its notice")
            if said in ADVERSE:
                raise ValueError(f"{today}, {reference}: told as {said} for {self.month} before any notice")
            return
        if (said not in due) if due else said:
            raise ValueError(f"{today}, {reference}: {self.month} stands as {said!r}, the auditor says {sorted(due)}")
        if late:
            self.happened.count("bureau", "late row told")
        before = self.auditor.rejected.pop((reference, self.month), None)
        if before is not None and row is not None:
            self.happened.count("bureau", "row not taken told again")
            if row.turn <= before:
                raise ValueError(
                    f"{today}, {reference}: the bureau did not take {self.month}, and it is not told again"
                )

    def _noticed(self) -> None:
        """What lies in the borrower's inbox is delivered."""
        with self.store.connect() as connection:
            rows = connection.execute(IN_INBOX).fetchall()
        for (name,) in rows:
            if name not in self.auditor.noticed:
                self.happened.count("bureau", "notice left in the inbox")
                self.auditor.noticed.add(name)

    def _notices(self, today: date) -> None:
        """Most notices that are asked for are delivered."""
        with self.store.connect() as connection:
            asked = connection.execute(
                "select distinct c.reference from outbox o join contract c using (loan) "
                "where o.kind = 'notice.adverse' and o.key like '%:pboc:%'"
            ).fetchall()
        for (reference,) in sorted(asked):
            if reference in self.auditor.noticed or self.chance.random() > 0.7:
                continue
            if self._do("bureau.notice_delivered", {"loan": reference, "bureau": "pboc"}, today):
                self.happened.count("bureau", "notice delivered")
                self.auditor.noticed.add(reference)

    def _reject(self, month: date, today: date) -> None:
        """The bureau does not take some rows, and one of a loan that nobody furnished."""
        some = self.chance.sample(sorted(self.rows), min(2, len(self.rows)))
        lines = ["bureau,month_end,loan,field,code,reason"]
        lines += [f"pboc,{month},{name},IdNumber,E01,wrong check digit" for name in [*some, "NOSUCH"]]
        content = "\n".join([*lines, f"rows,{len(some) + 1}"]).encode()
        told = {"sha256": hashlib.sha256(content).hexdigest(), "content": b64encode(content).decode()}
        said = self._do("bureau.rejections", {**told, "bureau": "pboc", "month_end": month.isoformat()}, today)
        if said is None or (said["recorded"] + said["known"], len(said["refused"])) != (len(some), 1):
            raise ValueError(f"{today}: rows not taken {some} and one of nobody: {said}")
        self.happened.count("bureau", "row not taken", len(some))
        for name in some:
            self.auditor.rejected.setdefault((name, month), self.rows[name].turn)

    def live(self, today: date, seen: dict[str, Signed]) -> None:
        """Borrowers dispute rows; the desk answers some days later, as the book reckons."""
        for dispute in self.disputes:
            if dispute.decided is None and self.chance.random() < 0.15:
                self._decide(dispute, seen[dispute.loan], today)
        if self.rows and self.month and today > self.month and self.chance.random() < 0.06:
            loan = self.chance.choice(sorted(self.rows))
            borrower = self.owners[loan]
            asked = {"borrower": borrower, "loan": loan, "bureau": "pboc", "months": [self.month.isoformat()]}
            if self._do("dispute.open", {**asked, "statement": "I paid in time"}, today) is None:
                return
            self.happened.count("bureau", "dispute opened")
            stop = Stop(borrower, "dispute_open", today, reference=f"bureau-{self.acts}")
            self.stops.append(stop)
            row = self.rows[loan]
            self.disputes.append(Dispute(f"bureau-{self.acts}", loan, self.month, row.status, today, stop))

    def _decide(self, dispute: Dispute, loan: Signed, today: date) -> None:
        """The answer that the book does not bear out is refused first."""
        if any(m.kind == "extended" for m in loan.messages):
            return
        due = self.auditor.status(loan, dispute.month, today)
        wrong = dispute.told not in due
        news = any(
            m.on <= dispute.month < m.known_on or (m.gone_on is not None and m.gone_on > dispute.month)
            for m in loan.messages
        )
        outcomes = ("corrected",) if wrong else ("accurate",) if not news else ("accurate", "corrected")
        if not wrong and not news and self._answer(dispute, "corrected", today):
            raise ValueError(f"{today}: dispute of {dispute.loan}: {dispute.month} was corrected though it is accurate")
        if wrong and self._answer(dispute, "accurate", today):
            raise ValueError(f"{today}: dispute of {dispute.loan}: {dispute.month} was accurate though it is wrong")
        for outcome in outcomes:
            if self._answer(dispute, outcome, today):
                self.happened.count("bureau", f"dispute answered: {outcome}")
                dispute.decided = dispute.stop.lifted = today
                return
        raise ValueError(
            f"{today}: dispute of {dispute.loan} for {dispute.month}: {outcomes} refused, told {dispute.told}"
        )

    def _answer(self, dispute: Dispute, outcome: str, today: date) -> bool:
        asked = {"of": dispute.reference, "outcome": outcome, "reason": "looked into"}
        return self._do("dispute.decide", asked, today) is not None

    def _do(self, verb: str, asked: dict[str, Any], today: date) -> dict[str, Any] | None:
        self.acts += 1
        with desk_of(self.store, datetime.combine(today, time(4), SHANGHAI)) as desk:
            answer = do(desk, LEAD, verb, asked, f"bureau-{self.acts}", today)
        return dict(answer.body) if isinstance(answer, Answer) else None
