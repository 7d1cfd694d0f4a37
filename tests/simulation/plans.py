"""Plans of simulated borrowers: some instalments more, agreed at the desk; kept, broken, taken back or completed."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store
from tests.simulation.auditor import Ledger, Message, Signed
from tests.simulation.contact_auditor import SHANGHAI, Stop
from tests.simulation.happenings import Happenings

LEAD = Who("person", "Li", ("lead",), "keyboard")
LATE = 15
"""A plan is broken when an instalment that fell due after it began is unpaid for more days than these."""
SOON = 0.5
"""How likely the desk looks on a day at a plan that must be found completed or broken."""


@dataclass
class Plan:
    """A plan that the borrower accepted, as the auditor keeps it."""

    loan: str
    since: date
    stop: Stop
    message: Message
    ended: str = ""


@dataclass
class PlanAuditor:
    """Keeps the plans of the world; what a loan owes under them is the business of the auditor of money.

    * A plan is completed when nothing is owed any more, and broken when an instalment of its time (due after its first
      day) is unpaid for more than fifteen days, whatever is paid of it later; else it runs.
    * While one runs nobody presses its borrower. Taken back, it never was; broken, its instalments stay as agreed.
    """

    plans: dict[str, Plan] = field(default_factory=dict)

    def state(self, plan: Plan, loan: Signed, on: date) -> str:
        """What a look at the plan must find on a day: completed, broken, running."""
        now = Ledger(loan, on, on)
        if now.ended():
            return "completed"
        for row in now.rows:
            if plan.since < row.due < on - timedelta(LATE):
                then = Ledger(loan, row.due + timedelta(LATE), on)
                if any(x.due == row.due and x.owed_in_all() > 0 for x in then.rows if x.fallen):
                    return "broken"
        return "running"


class Plans:
    """The plans of one world; raises ValueError where the program finds another state than the auditor."""

    def __init__(
        self, seed: int, store: Store, loans: list[Signed], owners: dict[str, str], stops: list[Stop],
        happened: Happenings,
    ) -> None:  # fmt: skip
        """`stops`: of the auditor of contacts, to which plans that run are added."""
        self.now_and_then = min(0.3, 4 / len(loans))
        """How likely it looks at one that runs: in a big world at a few a day, not at hundreds."""
        self.chance = Random(seed * 122_949_823 + 23)
        self.store, self.owners, self.stops, self.happened = store, owners, stops, happened
        self.loans = {loan.reference: loan for loan in loans}
        self.auditor = PlanAuditor()
        self.acts = 0

    def live(self, today: date, seen: dict[str, Signed]) -> tuple[list[str], list[str]]:
        """Plans are agreed, looked at, taken back. Returns references of messages told, and of those taken back."""
        told: list[str] = []
        back: list[str] = []
        for name, plan in self.auditor.plans.items():
            if not plan.ended:
                self._look(name, plan, seen[plan.loan], today)
            if not plan.ended and self.chance.random() < 0.01 and self._do("plan.cancel", {"of": name}, today):
                self._end(plan, "cancelled", today)
                plan.message.gone_on = today
                back.append(plan.message.reference)
        for reference, loan in sorted(seen.items()):
            if loan.signed_on < today and self.chance.random() < 0.02:
                told += self._agree(reference, loan, today)
        return told, back

    def _agree(self, reference: str, loan: Signed, today: date) -> list[str]:
        now = Ledger(loan, today, today)
        runs = any(p.loan == reference and not p.ended for p in self.auditor.plans.values())
        if runs or now.ended() or now.next_row() is None or any(row.fees_alone for row in now.rows):
            return []
        periods = self.chance.randint(1, 6)
        name = self._do("plan.offer", {"loan": reference, "plan": "extension", "periods": periods}, today)
        if not name:
            self.happened.count("plan", "refused")
            return []
        if self.chance.random() < 0.2:
            self.happened.count("plan", "declined")
            self._do("plan.decline", {"of": name}, today)
            return []
        if not self._do("plan.accept", {"of": name, "consent": "on the phone, heard the whole offer"}, today):
            raise ValueError(f"{today}, {reference}: the plan {name} of this day cannot be accepted")
        self.happened.count("plan", "accepted")
        stop = Stop(self.owners[reference], "plan_running", today, reference=name)
        self.stops.append(stop)
        message = Message(name, "extended", today, today, periods)
        self.loans[reference].messages.append(message)
        self.auditor.plans[name] = Plan(reference, today, stop, message)
        return [message.reference]

    def _look(self, name: str, plan: Plan, loan: Signed, today: date) -> None:
        """The desk looks at a plan: soon where the auditor says that it does not run any more, else now and then."""
        if sum(Ledger(loan, today, today).lost):
            return  # what was written off is nobody's plan any more
        due = self.auditor.state(plan, loan, today)
        if self.chance.random() > (SOON if due != "running" else self.now_and_then):
            return
        self.acts += 1
        with desk_of(self.store, datetime.combine(today, time(3), SHANGHAI)) as desk:
            answer = do(desk, LEAD, "plan.watch", {"of": name}, f"plan-{self.acts}", today)
        said = answer.body["state"] if isinstance(answer, Answer) else answer
        if said != due:
            raise ValueError(
                f"{today}, plan {name} of {plan.loan} since {plan.since} is {said}, the auditor says {due}"
            )
        if due == "running":
            self.happened.count("plan", "looked at and kept")
        else:
            self._end(plan, due, today)

    def _end(self, plan: Plan, how: str, today: date) -> None:
        self.happened.count("plan", how)
        plan.ended, plan.stop.lifted = how, today

    def _do(self, verb: str, asked: dict[str, object], today: date) -> str:
        """Something is done at the desk: its reference; "" where the door refused it."""
        self.acts += 1
        name = f"plan-{self.acts}"
        more = {"reason": "asked for"} if verb in ("plan.cancel", "plan.decline") else {}
        with desk_of(self.store, datetime.combine(today, time(3), SHANGHAI)) as desk:
            answer = do(desk, LEAD, verb, asked | more, name, today)
        return name if isinstance(answer, Answer) and answer.body.get("done", True) else ""
