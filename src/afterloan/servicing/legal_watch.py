"""What the law asks for becomes tasks: periods that end, deadlines, approvals that wait; they end with their case."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.dates import number_of
from afterloan.facts.act import Who
from afterloan.facts.legal import LegalStepProposed, LegalStepRefused, LegalTakenOver, LossProposed, LossRefused
from afterloan.facts.outbox import Action, LegalTask
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.suppose import alone
from afterloan.rules.packs import rules_of
from afterloan.servicing.withdrawal import Gone, withdraw
from afterloan.store.contacts import defaults_of
from afterloan.store.events import tell
from afterloan.store.ids import one_of
from afterloan.store.legal import LegalCase, case_of, interruptions, period_of_loan
from afterloan.store.outbox import put
from afterloan.store.read import read_loans
from afterloan.strategy.course import runs, step_rules, title_of, without_sums
from afterloan.strategy.legal import deadlines, over_for_good, owed_by_law
from afterloan.strategy.limitation import rule_of, warning, years_later
from afterloan.strategy.places import place_of

Connection = psycopg.Connection[Any]
COURSE = Who.rule("legal.course")
"""Who ends a proposal that the course of its claim, as the pack draws it, leaves no room for."""


def watch(connection: Connection, reader: adbc.Connection, on: date) -> int:
    """Put the legal tasks of a day, each once, and withdraw those whose reason is gone; returns how many are new.

    Loans with a legal step are looked at one by one; the period of limitation of every other loan in bulk.
    """
    loans = watched(connection)
    new = 0
    for loan in loans:
        new += settle(connection, case_of(connection, loan, on), on)
    return new + watch_periods(connection, reader, set(loans), on)


def watched(connection: Connection) -> list[str]:
    """The loans that have a legal step, or a proposal of one or of a loss."""
    rows = connection.execute(
        "select distinct c.reference from event e join contract c using (loan) where e.kind = any(%s) order by 1",
        ([LegalStepProposed.KIND, LegalTakenOver.KIND, LossProposed.KIND],),
    ).fetchall()
    return [row[0] for row in rows]


def settle(connection: Connection, case: LegalCase, on: date) -> int:
    """The tasks of one case as they stand on a day: new ones are put, those without reason withdrawn.

    Proposals that can never be taken any more end first, each with its reason, so that nobody is asked to agree.
    """
    case = _end_proposals(connection, case, on)
    wanted = dict(tasks_of(case, on))
    moment = datetime.combine(on, time(1), UTC)
    new = put(
        connection,
        [Action(key, case.number, "task", moment, on, case.loan_number, task) for key, task in wanted.items()],
    )
    keep = {*wanted, *(f"file:{key}" for key in _to_file(case))}
    _withdraw_others(connection, {case.loan_number: keep}, on)
    return new


def _end_proposals(connection: Connection, case: LegalCase, on: date) -> LegalCase:
    """End what waits for people and is over for good; the case as it stands then."""
    same: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on, "by": COURSE.name}
    ended = False
    for step in case.steps:
        why = over_for_good(case.claim, case.steps, step) if step.waits else ""
        if why:
            of = step.proposal.reference
            tell(connection, LegalStepRefused(**same, of=of, step=step.name, reason=why, reference=f"refused:{of}"))
            ended = True
    if not case.claim.payoff_fen:
        for of, what in connection.execute(LOSSES_OPEN, (case.loan_number,)).fetchall():
            why = "nothing is owed any more"
            tell(connection, LossRefused(**same, of=of, what=what, reason=why, reference=f"refused:{of}"))
    return case_of(connection, case.loan, on) if ended else case


LOSSES_OPEN = (
    "select e.reference, e.body->>'what' from event e where e.loan = %s and e.kind = 'loss.proposed' "
    "and not exists (select from event r where r.reference = 'refused:' || e.reference) "
    "and not exists (select from fact f where f.reference = 'fact:' || e.reference)"
)
OPEN = (
    "select o.loan, o.key, o.borrower from outbox o where o.loan = any(%s) and (o.kind = 'legal.file' "
    "or o.kind = 'task' and o.body->>'queue' = 'legal') "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key) order by o.action"
)


def _withdraw_others(connection: Connection, keep: Mapping[int, Iterable[str]], on: date) -> int:
    """Withdraw what is open for loans and not kept: its case has ended, or went on."""
    rows = connection.execute(OPEN, (list(keep),)).fetchall()
    why = "its case went on or has ended"
    gone = [Gone(key, borrower, why) for loan, key, borrower in rows if key not in keep[loan]]
    return withdraw(connection, gone, on) if gone else 0


def _to_file(case: LegalCase) -> list[str]:
    """Proposals of steps whose paper is still to be filed: started, nothing heard of them yet, something owed."""
    return [s.proposal.reference for s in case.steps if s.started and not s.outcomes and case.claim.payoff_fen]


def tasks_of(case: LegalCase, on: date) -> list[tuple[str, LegalTask]]:
    """What a case asks of people on a day, by key; nothing once nothing is owed, but to take a debtor off a list."""
    if not case.claim.payoff_fen:
        return _removals(case)
    return [*_sums(case, on), *_period(case, on), *_deadlines(case, on), *_approvals(case, on)]


def _sums(case: LegalCase, on: date) -> list[tuple[str, LegalTask]]:
    """A judgment that a former system had in force fixes nothing in the ledger before somebody tells its sums."""
    rules = step_rules(case.claim.jurisdiction, on)
    found = []
    for step in case.steps:
        row = without_sums(step, rules[step.name]) if step.name in rules else None
        if row is not None:
            name = step.proposal.reference
            why = f"in force since {row.on} by the former system's row: tell its sums, so that the ledger has them"
            told = {"proposal": name, "since": row.on, "why": why}
            found.append((f"watch:{case.loan}:judgment.sums:{name}", _task(case.loan, "judgment.sums", **told)))
    return found


def _task(loan: str, name: str, **told: Any) -> LegalTask:
    return LegalTask(queue="legal", loan=loan, loans=(loan,), task=name, **told)


def _removals(case: LegalCase) -> list[tuple[str, LegalTask]]:
    why = "all is paid: apply for removal from the list of defaulters"
    return [
        (f"watch:{case.loan}:removal:{s.proposal.reference}",
         _task(case.loan, "defaulter_listing.removal", since=s.since, why=why))
        for s in case.steps if s.name == "defaulter_listing" and s.state == "listed"
    ]  # fmt: skip


def _period(case: LegalCase, on: date) -> list[tuple[str, LegalTask]]:
    """The period that runs: of enforcement once there is a title, else of limitation."""
    claim = case.claim
    if title_of(case.steps, step_rules(claim.jurisdiction, on)) and claim.enforceable_until:
        return period_task(case.loan, "enforcement", claim.enforceable_until, claim.jurisdiction, on)
    ends = claim.period.ends_on if claim.period else None
    return period_task(case.loan, "limitation", ends, claim.jurisdiction, on)


def period_task(loan: str, name: str, ends_on: date | None, jurisdiction: str, on: date) -> list[tuple[str, LegalTask]]:
    """The warning that stands for the end of a period, under a key of its own for each end and distance."""
    rule = rule_of(jurisdiction, "limitation.warning", on)
    soon = warning(ends_on, rule, on) if rule and ends_on else None
    if soon is None or ends_on is None:
        return []
    within, left = int(soon.inputs["within"]), int(soon.inputs["days_left"])
    why = f"the period of {name} ends on {ends_on}" if within else f"the period of {name} ended on {ends_on}"
    task = _task(loan, name, ends_on=ends_on, days_left=left, why=why)
    return [(f"watch:{loan}:{name}:{ends_on}:{within}", task)]


def _deadlines(case: LegalCase, on: date) -> list[tuple[str, LegalTask]]:
    rules = step_rules(case.claim.jurisdiction, on)
    early = rule_of("ANY", "deadline", on)
    assert early is not None
    found = []
    for one in deadlines(case.steps, case.claim.jurisdiction, on):
        ours = rules[one.step].parameters["deadlines"][one.name].get("ours")
        if one.on - timedelta(int(early.parameters["ours_days_before"]) if ours else 0) <= on:
            task = _task(case.loan, f"{one.step}.{one.name}", since=one.since,
                             ends_on=one.on)  # fmt: skip
            found.append((f"watch:{case.loan}:{task.task}:{one.on}", task))
    return found


def _approvals(case: LegalCase, on: date) -> list[tuple[str, LegalTask]]:
    waits, rules = rule_of("ANY", "approval", on), step_rules(case.claim.jurisdiction, on)
    assert waits is not None
    running = {s.name for s in case.steps if s.name in rules and runs(s, rules)}
    return [
        (f"watch:{case.loan}:{s.name}.approval:{s.proposal.reference}",
         _task(case.loan, f"{s.name}.approval", proposal=s.proposal.reference))
        for s in case.steps
        if s.waits and s.name not in running
        and (on - s.proposal.on).days >= int(waits.parameters["remind_after_days"])
    ]  # fmt: skip


# -- the periods of every loan --------------------------------------------------------------------------------------

OLD = (
    "select c.loan, c.reference, c.borrower, b.clear from contract c join borrower b using (borrower) "
    "where c.signed_on <= %s or exists (select from outbox o where o.loan = c.loan and o.kind = 'task' "
    "and o.body->>'task' = 'limitation')"
)


def watch_periods(connection: Connection, reader: adbc.Connection, but: set[str], on: date) -> int:
    """Warn of the periods of limitation of all loans with something owed, but for those named; returns the new tasks.

    No period can end sooner than its years after the signing, so only loans old enough for the first warning are read;
    they are reckoned together, and what interrupted their periods is asked in three questions.
    """
    before = _oldest_that_matters(on)
    if before is None:
        return 0
    lender = defaults_of(connection)
    rows = {r[0]: r for r in connection.execute(OLD, (before,)).fetchall() if r[1] not in but}
    places = {loan: place_of(row[3] or {}, lender).jurisdiction for loan, row in rows.items()}
    if not rows:
        return 0
    book, day = read_loans(connection, reader, one_of("c.loan", rows)), number_of(on)
    positions = reckon_book(book, day, day)
    owing = {int(p["loan"]): i for i, p in enumerate(positions) if not p["error"] and owed_by_law(p).total_fen > 0}
    happened = interruptions(connection, {loan: places[loan] for loan in owing}, on) if owing else {}
    moment, actions, keep = datetime.combine(on, time(1), UTC), [], {loan: set[str]() for loan in rows}
    for loan, i in owing.items():
        reckoned = reckon_loan(alone(book, i), 0, day, day)
        period = period_of_loan(reckoned, happened.get(loan, []), places[loan], on)
        ends = period.ends_on if period else None
        for key, task in period_task(str(rows[loan][1]), "limitation", ends, places[loan], on):
            keep[loan].add(key)
            actions.append(Action(key, int(rows[loan][2]), "task", moment, on, loan, task))
    _withdraw_others(connection, keep, on)
    return put(connection, actions)


def _oldest_that_matters(on: date) -> date | None:
    """Loans signed after this day cannot be near the end of any period that the packs know; None: they know none."""
    spans = [int(r.parameters["years"]) for r in rules_of("legal") if r.id.endswith(".limitation")]
    warnings = [r for r in rules_of("legal") if r.id.endswith(".limitation.warning")]
    early = [int(days) for r in warnings for days in r.parameters["days_before"]]
    return years_later(on, -min(spans)) + timedelta(max(early, default=0)) if spans else None
