"""Whatever a person must look at, with its clock: tasks that rooms put, money that waits, approvals, reviews due.

A task is derived, not stored: it is there while what made it stands and nobody told it done. Borrowers who are current
have tasks like all others.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.counting import counted
from afterloan.enquiry.lender import HOME
from afterloan.enquiry.proposals import waiting
from afterloan.facts import FactRefused
from afterloan.facts.outbox import OUTBOX, BodyRefused, read_body
from afterloan.money import show_money, worded
from afterloan.store.events import BODY
from afterloan.store.proposals import proposals
from afterloan.store.refusals import WHOLE
from afterloan.store.statements import unmatched_lines
from afterloan.strategy.places import what_is_wrong
from afterloan.strategy.worklist import TASK_QUEUES

CLOCKS = ("answer_by", "due_on", "ends_on", "review_on")
"""Fields of a task's body that say until when."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to look at. `key` names it for `task.done`; `due_on` is its clock, None where nothing runs out.

    `what` is its content in words, `todo` what a person does about it; `waits_for`: roles of those who may, where not
    everybody may.
    """

    key: str
    queue: str
    borrower: str
    name: str
    loans: str
    since: date
    due_on: date | None
    what: str
    todo: str = ""
    assigned_to: str = ""
    done_by: str = ""
    waits_for: str = ""

    def told(self) -> dict[str, Any]:
        """JSON values."""
        plain = asdict(self)
        return plain | {"since": self.since.isoformat(), "due_on": self.due_on.isoformat() if self.due_on else None}


PUT = (
    "select o.key, coalesce(o.body->>'queue', 'unreadable'), b.reference, b.name, coalesce(c.reference, ''), "
    "o.decided_on, o.body, 'task' "
    "from outbox o join borrower b using (borrower) left join contract c on c.loan = o.loan "
    "where (o.kind = 'task' or (o.kind = 'worklist' and o.body->>'queue' = any(%(old)s))) and o.decided_on <= %(on)s "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key) "
    # the notice before a report is one thing, whoever delivers it: a channel, or a person who tells that it was
    "and not (coalesce(o.body->>'queue', '') = 'bureau-notice' and exists (select from event e where "
    "e.borrower = o.borrower and e.loan = o.loan and e.kind = 'bureau.notice_delivered' and e.known_on <= %(on)s)) "
    "and not exists (select from event n where n.borrower = o.borrower and n.on_day <= %(on)s and ("
    "(n.kind = 'contact.ended' and n.body->>'of' in (o.body->>'notice', "
    "case when o.body->>'queue' = 'unsent-notice' then o.body->>'key' end) "
    "and n.body->>'outcome' in ('delivered', 'reached')) or "
    "(n.kind = 'bureau.dispute_decided' and n.body->>'of' = o.body->>'dispute') or "
    "(n.kind = 'complaint.answered' and n.body->>'of' = o.body->>'complaint'))) "
    # the same notice was decided on again: if that does not leave either, it has a task of its own
    "and not (coalesce(o.body->>'queue', '') = 'unsent-notice' and exists (select from outbox k join outbox n "
    "on n.borrower = k.borrower and n.kind = k.kind and n.body->>'template' = k.body->>'template' "
    "and n.action > k.action where k.key = o.body->>'key' and n.decided_on <= %(on)s)) "
    # what a bureau's form lacked ends when it is there, and a later month that asks for it takes the task's place
    "and not (coalesce(o.body->'missing', '[]') <> '[]' and (not exists (select from "
    "jsonb_array_elements(o.body->'missing') m where not exists (select from jsonb_array_elements_text(m) a where "
    "a = any(b.told))) "
    "or exists (select from outbox n where n.borrower = o.borrower and n.kind = 'task' and n.decided_on <= %(on)s "
    "and n.body->>'queue' = o.body->>'queue' and n.body->>'bureau' = o.body->>'bureau' "
    "and n.body->>'month_end' > o.body->>'month_end')))"
)
"""Tasks that rooms put; a notice that arrived and a dispute that was decided end theirs by themselves."""
WITHOUT_CHANNEL = (
    "select o.key, 'no-channel', b.reference, b.name, coalesce(c.reference, ''), o.decided_on, "
    "o.body, o.kind "
    "from outbox o join borrower b using (borrower) left join contract c on c.loan = o.loan "
    "where not (o.kind = any(%(sent)s)) and o.decided_on <= %(on)s "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key)"
)
REVIEWS = (
    "select 'review:' || e.reference, 'review', b.reference, b.name, coalesce(c.reference, ''), e.on_day, "
    f"{BODY} from event e join borrower b using (borrower) left join contract c on c.loan = e.loan "
    "where e.kind in ('hold.placed', 'hardship.applied', 'vulnerability.flagged') "
    "and (e.body->>'review_on')::date <= %(on)s and not exists (select from event l "
    "where l.borrower = e.borrower and l.body->>'of' = e.reference "
    "and l.kind in ('hold.lifted', 'hardship.decided', 'vulnerability.cleared'))"
)
TERMS = (
    "select 'term:' || e.reference, 'agency', b.reference, b.name, array_to_string(array(select "
    "jsonb_array_elements_text(e.body->'loans')), ' '), (e.body->>'until')::date + 1, "
    "jsonb_build_object('why', 'the term of ' || (e.body->>'agency') || ' ended on ' || (e.body->>'until') || "
    "': take the case back or place it anew') "
    "from event e join borrower b using (borrower) where e.kind = 'agency.placed' "
    "and (e.body->>'until')::date < %(on)s and not exists (select from event r where r.borrower = e.borrower "
    "and r.kind = 'agency.recalled' and r.body->>'of' = e.reference and r.on_day <= %(on)s)"
)
AGENCIES = (
    "select o.key, 'agency-proposal', b.reference, b.name, (select string_agg(x->>'loan', ' ') "
    "from jsonb_array_elements(o.body->'loans') x), o.decided_on, o.body "
    "from outbox o join borrower b using (borrower) where o.kind = 'agency.place' and o.decided_on <= %(on)s "
    "and not exists (select from event e where e.reference in ('withdrawn:' || o.key, 'place:' || o.key) "
    "and e.on_day <= %(on)s)"
)
"""Cases that a ladder proposes for an agency: a person places them, or says why they stay."""
CALL_BACKS = (
    "select 'call-back:' || e.reference, 'call-back', b.reference, b.name, '', e.on_day, "
    f"{BODY} from event e join borrower b using (borrower) "
    "where e.kind = 'case.call_back' and e.on_day <= %(on)s and (e.body->>'call_on')::date <= %(on)s "
    # the next contact on the day agreed or later has done it
    "and not exists (select from event a where a.borrower = e.borrower and a.kind = 'contact.attempted' "
    "and a.event > e.event and a.on_day >= (e.body->>'call_on')::date and a.on_day <= %(on)s)"
)
IMPORTS = (
    f"select 'import:' || r.refusal, 'import', '', '', '', a.on_day, {WHOLE} "
    "from import_refusal r join act a using (act) left join act_key k using (act) where a.on_day <= %(on)s "
    "and not exists (select from act l where l.verb = 'book.import' and l.act > a.act "
    "and l.asked->>'folder' = a.asked->>'folder' and l.asked->'files' ? r.file) "
    "and not exists (select from act d where d.verb = 'import.finish_row' and d.asked->>'number' = r.refusal::text)"
)
WITHOUT_PLAN = (
    "select 'plan:' || a.reference, 'plan', b.reference, b.name, c.reference, a.on_day, a.answer "
    "from act a join contract c on c.reference = a.asked->>'loan' join borrower b on b.borrower = c.borrower "
    "where a.verb = 'plan.search' and a.answer->>'fits' = 'false' and a.on_day <= %(on)s "
    "and not exists (select from act l where l.verb = 'plan.search' and l.act > a.act and l.on_day <= %(on)s "
    "and l.asked->>'loan' = a.asked->>'loan') "
    "and not exists (select from event p where p.borrower = b.borrower and p.kind = 'plan.accepted' "
    "and p.loan = c.loan and p.on_day >= a.on_day and p.on_day <= %(on)s)"
)
"""Searches that found no plan which fits; the next search, or a plan that is agreed to, takes their place."""
ESTATES = (
    "select 'estate:' || e.reference, 'estate', b.reference, b.name, '', e.on_day, jsonb_build_object('why', "
    "'the borrower died: find who answers for the estate, and claim from it what is owed') "
    "from event e join borrower b using (borrower) where e.kind = 'person.died' and e.on_day <= %(on)s "
    "and not exists (select from event l where l.borrower = e.borrower and l.kind = 'hold.lifted' "
    "and l.body->>'of' = e.reference and l.on_day <= %(on)s)"
)
MODELS_WATCHED = (
    "select 'model:' || (a.answer->>'model') || ':' || a.act || ':' || n, 'model', '', '', '', a.on_day, "
    "jsonb_build_object('why', "
    "'model ' || (a.answer->>'model') || ' for ' || (a.answer->>'purpose') || ': ' || (x->>'kind') || ' of ' || "
    "(x->>'where') || ' ' || (x->>'month') || ': ' || (x->>'found')) "
    "from act a, jsonb_array_elements(a.answer->'alarms') with ordinality as t(x, n) "
    "where a.verb = 'model.watch' and a.on_day <= %(on)s "
    "and not exists (select from act l where l.verb = 'model.watch' and l.act > a.act and l.on_day <= %(on)s "
    "and l.answer->>'model' = a.answer->>'model') and not exists (select from act r where r.verb = 'model.retire' "
    "and r.on_day <= %(on)s and r.answer->>'model' = a.answer->>'model')"
)
"""What the last look at each model found; the next look takes its place, and so does retiring the model."""
RINGS = (
    "select 'ring:' || (x->'borrowers'->>0) || ':' || (x->'borrowed'->>0), 'ring', b.reference, b.name, '', a.on_day, "
    "jsonb_build_object('why', jsonb_array_length(x->'borrowers') || ' borrowers exchange money, borrowed from ' || "
    "(x->'borrowed'->>0) || ' to ' || (x->'borrowed'->>1) || ' and stopped from ' || (x->'stopped'->>0) || ' to ' || "
    "(x->'stopped'->>1) || ': look whether they are one; ' || (select string_agg(m, ' ') from "
    "jsonb_array_elements_text(x->'borrowers') m)) from act a, jsonb_array_elements(a.answer->'rings') x "
    "join borrower b on b.reference = x->'borrowers'->>0 where a.verb = 'network.watch' and a.on_day <= %(on)s "
    "and not exists (select from act l where l.verb = 'network.watch' and l.act > a.act and l.on_day <= %(on)s)"
)
"""Groups that the last look at the network found, for a person alone: nothing else comes of them."""
WEBHOOKS_OFF = (
    "select 'webhook:' || w.webhook || ':' || w.off_on, 'webhook', '', '', '', w.off_on, jsonb_build_object('why', "
    "'webhook ' || w.webhook || ' took nothing for three days and is off: ' || w.off_why) "
    "from webhook w where w.off_on <= %(on)s and not w.ended"
)
"""Receivers of events that were switched off; being told again, or its end, ends the task."""
MORATORIA = (
    "select 'moratorium:' || e.reference, 'review', b.reference, b.name, '', (e.body->>'ends_on')::date + 1, "
    "jsonb_build_object('why', 'the breathing space is over: end it, so that interest runs again') "
    "from event e join borrower b using (borrower) where e.kind = 'hold.placed' "
    "and e.body->>'hold' = 'breathing_space' and (e.body->>'ends_on')::date < %(on)s "
    "and exists (select from fact f where f.reference like e.reference || '/rate/%%') "
    "and not exists (select from fact f where f.reference like e.reference || '/rate/%%/resumed')"
)
PLACES = "select distinct clear->>'jurisdiction', clear->'timezone', clear->>'language' from borrower"
AT_PLACE = (
    "select 'place:' || reference, 'place', reference, name, '', known_on, jsonb_build_object('why', %s::text) "
    "from borrower where clear->>'jurisdiction' is not distinct from %s "
    "and clear->'timezone' is not distinct from %s::jsonb and clear->>'language' is not distinct from %s"
)
WITHOUT_ADDRESS = (
    "select 'address:' || b.reference || ':' || (e.body->>'lacks'), 'address', b.reference, b.name, '', "
    "min(e.on_day), jsonb_build_object('lacks', e.body->>'lacks', 'messages', count(*)) "
    "from event e join borrower b using (borrower) where e.kind = 'message.failed' and e.body->>'lacks' <> '' "
    "and not (e.body->>'lacks' = any(b.told)) and e.on_day <= %(on)s "
    "group by b.reference, b.name, e.body->>'lacks'"
)
"""Borrowers of whom the address of a channel is not told, though something was to be sent there."""
DONE = (
    "select body->>'of', kind, body from event where kind in ('task.done', 'task.reopened', 'task.assigned') "
    "and on_day <= %(on)s order by event"
)


def _sentence(queue: str, body: dict[str, Any]) -> str:
    """What there is to do, in plain words, out of a task's body."""
    said = {
        "bureau-notice": "deliver the notice before the first report of arrears",
        "bureau-refused": _lacking(body),
        "bureau-rejected": f"correct what the bureau did not take: {body.get('reason', '')}",
        "bureau-dispute": f"answer dispute {body.get('dispute', '')}",
        "complaint": f"answer complaint {body.get('complaint', '')} in writing: about {body.get('about', '')}",
        "review": f"look again at {body.get('hold') or body.get('flag') or body.get('cause', '')}"
        + (f": {body.get('reason', '-')}" if body.get("hold") == "deceased" else ""),
        "agency-proposal": "place with an agency, or keep: "
        f"{counted(int(body.get('days_past_due') or 0), 'day')} past due, "
        f"{int(body.get('amount_fen') or 0)} minor units overdue",
        "address": f"ask for the borrower's {body.get('lacks', '')}: "
        f"{counted(int(body.get('messages') or 0), 'message')} did not leave",
        "unsent-notice": f"give the notice {str(body.get('template', '')).replace('-', ' ')} in another way, "
        f"it did not leave: {body.get('why', '')}",
        "plan": f"no plan fits the {int(body.get('affordable_fen') or 0)} minor units a month "
        "that the borrower can pay: look for reduced payments, a pause or another way",
        "unreadable": f"do {body.get('key', '')} by hand, it was not done: {body.get('why', '')}",
        "legal": str(body.get("task", "")).replace("_", " ").replace(".", ": ")
        + (f": {body['why']}" if body.get("why") else ""),
    }
    return said.get(queue) or str(body.get("why") or body.get("reason") or body.get("task") or queue)


TODO = {
    "model": "`afterloan risk monitor MODEL`: correct the source, train anew, or retire the model",
    "bureau-notice": "deliver it, then `afterloan do bureau.notice_delivered loan={loan} bureau={bureau}`",
    "bureau-refused": "tell what lacks as said, then furnish the month again; `afterloan task done {key} HOW`",
    "bureau-rejected": "correct it, then furnish the month again; `afterloan task done {key} HOW`",
    "bureau-dispute": "`afterloan bureau dispute decide {dispute} --outcome corrected|accurate --reason …`",
    "complaint": "`afterloan do complaint.answer of={of} outcome=upheld|partly|not_upheld text=…`",
    "review": "`afterloan hold lift {borrower} {of} --reason …`, or `afterloan task done {key} HOW` if it stays",
    "legal": "`afterloan legal show {loan}`, then `afterloan task done {key} HOW`",
    "money": "`afterloan unmatched --assign '#{of}' --loan LOAN`",
    "unsent-notice": "deliver it; one before a report is told by `afterloan do bureau.notice_delivered loan={loan} "
    "bureau=…`; then `afterloan task done {key} HOW`",
    "plan": "`afterloan plan offer {loan} …` ends it, and so does a search that fits; `afterloan task done {key} HOW`",
    "place": "`afterloan correct {borrower} --reason … --attribute timezone=…`",
    "agency-proposal": "`afterloan agency out AGENCY FILE` places all; `afterloan task done {key} HOW` keeps this one",
    "address": "`afterloan correct {borrower} --reason … --attribute {lacks}=…`",
    "webhook": "mend the receiver, then `afterloan do webhook.replay webhook=NAME`, or `afterloan do webhook.end …`",
    "sending-in-doubt": "ask the receiver whether it arrived; `afterloan task done {key} HOW`",
}
"""What a person does about a task of each queue; of others they say how they did it."""


JUDGMENT = (
    "`afterloan legal end {proposal} final --principal … --interest … --penalty … --costs … --rate … --perform-by …`"
)
"""How the sums of a judgment that a former system had in force reach the ledger; the task ends by it."""
DEATH = (
    "confirmed: `afterloan do person.died borrower={borrower} source=…`, then `afterloan task done {key} HOW`; not so: "
    "`afterloan hold lift {borrower} {of} --reason …`, and `afterloan mandate resume MANDATE` for his debits"
)
"""What a person does about a death that is not certain."""


def todo_of(queue: str, key: str, borrower: str, loan: str, body: dict[str, Any]) -> str:
    """The way a task is finished, with its own names in the commands."""
    notice = str(body.get("notice", "")).split(":")
    told = {"key": key, "borrower": borrower, "loan": loan or "LOAN", "of": key.partition(":")[2],
            "bureau": notice[1] if len(notice) > 1 else "BUREAU", "dispute": body.get("dispute", "DISPUTE"),
            "lacks": body.get("lacks", "")}  # fmt: skip
    if queue == "review" and body.get("hold") == "deceased":
        return DEATH.format(**told)
    if queue == "legal" and body.get("task") == "judgment.sums":
        return JUDGMENT.format(proposal=body.get("proposal", "STEP"))
    return TODO.get(queue, "`afterloan task done {key} HOW`").format(**told)


def _of_outbox(
    key: str, queue: str, borrower: str, name: str, loan: str, since: date, told: dict[str, Any], kind: str
) -> tuple[Any, ...]:
    """An outbox row as a task; one that cannot be read says why."""
    try:
        more = {} if kind == "task" else {"why": f"{kind} is sent by no channel"}
        return (key, queue, borrower, name, loan, since, read_body(kind, told).told() | more)
    except BodyRefused as refusal:
        return (key, "unreadable", borrower, name, loan, since, {"key": key, "why": str(refusal)})


def _lacking(body: dict[str, Any]) -> str:
    """What a bureau's form lacks, with the commands that add it; or why it refused a line."""
    if body.get("form"):
        asked = "; ".join(f"{need['what']}: {need['command']}" for need in body["form"])
        return f"give what the form for {body['bureau']} lacks: {asked}"
    return f"give what the bureau's form lacks: {body.get('field', '')} ({body.get('reason', '')})"


def _clock(queue: str, body: dict[str, Any]) -> date | None:
    """Until when, where something runs out: the oldest day that a proposed case is overdue since is none."""
    if queue == "agency-proposal":
        return None
    told = next((body[name] for name in CLOCKS if body.get(name)), None)
    return date.fromisoformat(told) if told else None


def _rows(rows: Iterable[tuple[Any, ...]]) -> list[Task]:
    return [
        Task(key, queue, borrower, name, loan or " ".join(body.get("loans", [])), since, _clock(queue, body),
             _sentence(queue, body), todo_of(queue, key, borrower, loan or " ".join(body.get("loans", [])), body))
        for key, queue, borrower, name, loan, since, body in rows
    ]  # fmt: skip


def _call_back(*row: Any) -> tuple[Any, ...]:
    *rest, body = row
    why = ": ".join(filter(None, ("call back, as agreed", body.get("note"))))
    return (*rest, {**body, "why": why, "due_on": body["call_on"]})


def _import(*row: Any) -> tuple[Any, ...]:
    *rest, r = row
    said = f"{r['field']} {r.get('value', '')} {r['reason']}; {r['remedy']}"
    return (*rest, {"why": f"{r['file']} row {r['row']}: {said}"})


def _places(connection: psycopg.Connection[Any]) -> list[Task]:
    """Borrowers whose place cannot be told: nobody contacts them until it is corrected. It ends with the correction."""
    found: list[Task] = []
    for jurisdiction, zone, language in connection.execute(PLACES).fetchall():
        wrong = what_is_wrong({"jurisdiction": jurisdiction, "timezone": zone, "language": language})
        if wrong:
            words = f"correct where the borrower is: {wrong}"
            told = (words, jurisdiction, Jsonb(zone) if zone is not None else None, language)
            found += _rows(connection.execute(AT_PLACE, told).fetchall())
    return found


AGREE = {
    "act": "`afterloan approve {0}` or `afterloan refuse {0} --reason …`",
    "step": "`afterloan legal approve {0} --role ROLE` or `afterloan legal refuse {0} --reason …`",
    "loss": "`afterloan legal approve-loss {0} --role ROLE` or `afterloan legal refuse-loss {0} --reason …`",
}
"""What the second person does, by what waits."""


def _approvals(connection: psycopg.Connection[Any], on: date) -> list[Task]:
    """What waits for a second person: a task of those who may agree, until it is over."""
    found = []
    for w in waiting(connection, on):
        would = ", ".join(f"{name} {value}" for name, value in w.would.items() if w.kind == "act" and value)
        what = f"approve or refuse {w.what}, proposed by {w.by}" + (f" ({w.why})" if w.why else "")
        key = f"proposal:{w.reference}" if w.kind == "act" else w.reference
        found.append(
            Task(key, "approval", w.borrower, w.name, w.loan, w.on, w.until, what + (f"; {would}" if would else ""),
                 AGREE[w.kind].format(w.reference), waits_for=", ".join(w.waits_for))
        )  # fmt: skip
    return found


def _turned_down(connection: psycopg.Connection[Any], on: date) -> list[Task]:
    """What others refused, or nobody agreed to in time: told whoever proposed it, as long as it could be agreed to."""
    found = []
    for p in proposals(connection, on):
        if p.until is None or p.state not in ("refused", "lapsed"):
            continue
        since = p.ended_on or p.until + timedelta(1)
        if not since <= on <= since + (p.until - p.on):
            continue
        how = f"refused by {p.ended_by}: {p.reason}" if p.state == "refused" else "not agreed to in time"
        words = f"{p.verb} that you proposed was {how}"
        todo = f"propose it anew if it is right; this is shown until {since + (p.until - p.on)}"
        found.append(
            Task(f"ended:{p.reference}", "proposal-ended", p.borrower, "", p.loan, since, None, words, todo, p.by)
        )
    return found


def _money(connection: psycopg.Connection[Any], on: date) -> list[Task]:
    """Lines of statements that nobody has given to a loan."""
    return [
        Task(f"line:{line['line']}", "money", "", str(line["name"]), "", line["booked_on"], None,
             f"{show_money(line['amount_fen'], line['currency'])}: {line['held'] or line['text'] or 'no loan named'}",
             todo_of("money", f"line:{line['line']}", "", "", {}))
        for line in unmatched_lines(connection)
        if line["booked_on"] <= on
    ]  # fmt: skip


def kinds_sent() -> list[str]:
    """Kinds of action that have a channel, or that people work through worklists and proposals."""
    return [kind for kind, told in OUTBOX.items() if told.done_by != "tasks"]


def tasks(connection: psycopg.Connection[Any], sent: Iterable[str], on: date, done_too: bool = False) -> list[Task]:
    """The tasks open on a day, those whose clock runs out first on top; `done_too`: also those done, with who.

    `sent`: kinds of the outbox that a channel sends, or that are treatments a person works through a worklist.
    """
    told = {"on": on, "old": list(TASK_QUEUES), "sent": [*sent, "task"]}
    found: list[Task] = []
    for sql in (PUT, WITHOUT_CHANNEL):
        rows = connection.execute(sql, told).fetchall()
        found += _rows(_of_outbox(*row) for row in rows)
    by_rule = (
        REVIEWS,
        WITHOUT_ADDRESS,
        TERMS,
        ESTATES,
        MORATORIA,
        AGENCIES,
        MODELS_WATCHED,
        WITHOUT_PLAN,
    )
    for sql in (*by_rule, RINGS, WEBHOOKS_OFF):
        found += _rows(connection.execute(sql, told).fetchall())
    found += _rows(_call_back(*row) for row in connection.execute(CALL_BACKS, told).fetchall())
    found += _rows(_import(*row) for row in connection.execute(IMPORTS, told).fetchall())
    found += _money(connection, on) + _places(connection) + _approvals(connection, on) + _turned_down(connection, on)
    done: dict[str, str] = {}
    hands: dict[str, str] = {}
    for of, kind, body in connection.execute(DONE, told).fetchall():
        if kind == "task.assigned":
            hands[of] = body["to"]
        else:
            done[of] = body["by"] if kind == "task.done" else ""
    found = _in_their_currency(connection, found)
    all_of_them = [_in_hands(task, hands.get(task.key, ""), done.get(task.key, "")) for task in found]
    kept = [task for task in all_of_them if done_too or not task.done_by]
    return sorted(kept, key=lambda t: (t.due_on or date.max, t.since, t.key))


def _in_their_currency(connection: psycopg.Connection[Any], found: list[Task]) -> list[Task]:
    """Tasks with the amounts of rules in the currency in which their borrower owes."""
    rows = connection.execute(
        "select reference, clear->>'currency' from borrower where reference = any(%s) and clear ? 'currency'",
        (sorted({task.borrower for task in found if "minor units" in task.what}),),
    ).fetchall()
    spoken = {str(reference): str(currency) for reference, currency in rows if currency}
    return [replace(task, what=worded(task.what, spoken.get(task.borrower, HOME))) for task in found]


def _in_hands(task: Task, to: str, done_by: str) -> Task:
    return replace(task, assigned_to=to or task.assigned_to, done_by=done_by)


HISTORY = {"task.done": "done", "task.reopened": "opened again", "task.assigned": "given"}


def task_of(
    connection: psycopg.Connection[Any], key: str, sent: Iterable[str], on: date
) -> tuple[Task, list[dict[str, str]]]:
    """One task, open or done, and what was done with it: on which day, by whom, with which words.

    Raises FactRefused (unknown) for a key that no task has.
    """
    found = next((task for task in tasks(connection, sent, on, done_too=True) if task.key == key), None)
    if found is None:
        raise FactRefused("task", key, "no task of that key", "`afterloan task list --done` shows them", "unknown")
    rows = connection.execute(
        f"select e.on_day::text, e.kind, {BODY} from event e join borrower b using (borrower) where e.kind = any(%s) "
        "and e.body->>'of' = %s and e.on_day <= %s order by e.event",
        (list(HISTORY), key, on),
    ).fetchall()
    return found, [
        {"on": day, "what": HISTORY[kind] + (f" to {body['to'] or 'nobody'}" if kind == "task.assigned" else ""),
         "by": body["by"], "words": body.get("how") or body.get("reason") or ""}
        for day, kind, body in rows
    ]  # fmt: skip
