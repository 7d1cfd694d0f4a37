"""Decide a day over the whole book: whom to treat and how, as actions, findings and changes of credit lines."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import polars as pl
import psycopg

from afterloan.close.day import _pool
from afterloan.dates import iso
from afterloan.facts.action import ActionWithdrawn
from afterloan.facts.events import KINDS, Event, event_of
from afterloan.facts.limit import LINE_KINDS, LineChanged
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import FactKind
from afterloan.rules.packs import Finding, Rule, in_force, rules_of
from afterloan.store.contacts import STANDING_KINDS, Place, defaults_of, place_of, standing_of
from afterloan.store.read import SHARDS, fetch, fold, product_table, products, read_shard
from afterloan.store.server import Store
from afterloan.strategy.columns import FAR
from afterloan.strategy.frame import active_loans, loan_frame, of_borrowers, whole_frame
from afterloan.strategy.governor import ANY, NO_STANDING, Request, Slot, Standing, Verdict, contact_rules, slot_on_day
from afterloan.strategy.holds import Held, held_on, hold_rules, stopped
from afterloan.strategy.ladder import MESSAGES, Ladder, Step, builtin_ladders, matches, read_ladder, wanted_arms
from afterloan.strategy.promises import Money, Promises, counted, judge_promises
from afterloan.strategy.restriction import Change, Line, after_change, limit_rules, line_of, wanted_change
from afterloan.strategy.segments import HOLD_OUT, arm_of
from afterloan.strategy.worklist import priority_fen, worth_rule

LOCK = 727468
RANK = {"reminder": 0, "service": 1, "collection": 2, "legal_notice": 3}
"""Of two messages on one channel and day the weightier one is sent."""
STOPPED_BY = {
    "debit.attempt": "debit",
    "worklist": "worklist",
    "agency.place": "agency",
    "legal.propose": "legal",
    "charge_off.propose": "charge_off",
    "bureau.notice": "bureau",
    "limit.freeze": "limit",
    "limit.reduce": "limit",
    "limit.restrict": "limit",
}
NO_TREATMENT = ("bureau.notice", "charge_off.propose", "limit.freeze", "limit.reduce", "limit.restrict")
"""What the law or the books ask for, and the protection of the line: the hold-out has these too."""
WAITING = ("legal.propose", "charge_off.propose", "agency.place", "worklist")
"""Actions that wait for a person and are withdrawn by a cure long after they were planned."""
DOES = {"limit.freeze": "freeze", "limit.reduce": "reduce", "limit.restrict": "bar"}
EVENT_KINDS = (
    *STANDING_KINDS,
    *LINE_KINDS,
    "promise.made",
    "promise.withdrawn",
    "agency.placed",
    "agency.recalled",
)


class DecideRefused(ValueError):
    """This day cannot be decided: says why and what to do first."""


@dataclass(slots=True)
class Decided:
    """What deciding a day came to."""

    day: str
    borrowers: int = 0
    actions: int = 0
    refused: int = 0
    withdrawn: int = 0
    changes: int = 0
    shards: int = 0
    known: int = 0
    seconds: float = 0.0

    def told(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def __str__(self) -> str:
        """For people."""
        if not self.shards:
            return f"{self.day} is decided already: {self.actions:,} actions; nothing was added"
        return (
            f"decided {self.day} over {self.borrowers:,} borrowers in {self.seconds:,.1f} s: {self.actions:,} actions, "
            f"{self.refused:,} refused or stopped, {self.withdrawn:,} withdrawn, {self.changes:,} changes of credit lines"
        )


LADDERS = "ladders"


def ladders_of(connection: psycopg.Connection[Any]) -> dict[str, Ladder]:
    """The ladder of each jurisdiction: setting `ladders` (name or YAML text), else those that come with afterloan."""
    ready = builtin_ladders()
    found = {"CN": ready["cn-standard"], "US": ready["us-standard"], ANY: ready["any-gentle"]}
    row = connection.execute("select value from setting where name = %s", (LADDERS,)).fetchone()
    for jurisdiction, told in (row[0] if row else {}).items():
        found[jurisdiction] = ready[told] if told in ready else read_ladder(told, f"setting {LADDERS}.{jurisdiction}")
    return found


def decide(store: Store, day: int, workers: int = 1) -> Decided:
    """Decide what is done on `day`, from what was known when the day before was closed.

    Positions are those of `day` as known the evening before, so day 0 of a ladder is the due date itself. Each
    shard is one transaction: actions, findings, changes of lines, withdrawals and a row in `decided` are there
    together or not at all; a shard that has its row is left alone. Killed anywhere and run again it ends the same;
    the number of workers is not part of the answer. Raises DecideRefused when the day before is not closed.
    """
    started = time.monotonic()
    with store.connect() as connection:
        row = connection.execute("select max(closed_on) - date '1970-01-01' from proof").fetchone()
        last = row[0] if row else None
        if last is None or last < day - 1:
            state = f"the last day closed is {iso(last)}" if last is not None else "no day is closed"
            raise DecideRefused(f"{iso(day)} cannot be decided: {state}; close {iso(day - 1)} first")
        ladders_of(connection)  # refused before any shard is touched
    decided = Decided(iso(day))
    for part in _shards(store, day, workers):
        decided.borrowers += part.borrowers
        decided.actions += part.actions
        decided.refused += part.refused
        decided.withdrawn += part.withdrawn
        decided.changes += part.changes
        decided.shards += not part.known
        decided.known += part.known
    decided.seconds = time.monotonic() - started
    return decided


@dataclass(frozen=True, slots=True)
class ShardDecided:
    """What deciding a shard came to; `known`: it was decided before."""

    borrowers: int = 0
    actions: int = 0
    refused: int = 0
    withdrawn: int = 0
    changes: int = 0
    known: bool = False


def _shards(store: Store, day: int, workers: int) -> Iterator[ShardDecided]:
    if workers <= 1:
        for shard in range(SHARDS):
            yield _in_worker(store.url, shard, day)
        return
    pool = _pool(min(workers, SHARDS))
    for job in as_completed([pool.submit(_in_worker, store.url, shard, day) for shard in range(SHARDS)]):
        yield job.result()


_CONNECTIONS: dict[str, tuple[psycopg.Connection[Any], adbc.Connection]] = {}


def _in_worker(url: str, shard: int, day: int) -> ShardDecided:
    if url not in _CONNECTIONS:
        _CONNECTIONS[url] = (psycopg.connect(url), adbc.connect(url, autocommit=True))
    connection, reader = _CONNECTIONS[url]
    try:
        return decide_shard(connection, reader, shard, day)
    except BaseException:
        _CONNECTIONS.pop(url)
        connection.close()
        raise


def decide_shard(connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int, day: int) -> ShardDecided:
    """Decide a day for one shard in one transaction; decided before: nothing is written."""
    fold(connection, reader, shard)
    connection.commit()
    connection.execute("select pg_advisory_xact_lock(%s, %s)", (LOCK, shard))
    row = connection.execute(
        "select borrowers, actions, refused, withdrawn, changes from decided where decided_on = %s and shard = %s",
        (iso(day), shard),
    ).fetchone()
    if row is not None:
        connection.rollback()
        return ShardDecided(row[0], row[1], row[2], row[3], row[4], known=True)
    ladders = ladders_of(connection)
    terms = products(connection)
    book = read_shard(connection, reader, shard, product_table(terms))
    codes = {number: t.code for number, t in terms.items()}
    read = _read(connection, reader, shard, book, day, ladders, codes)
    plan = plan_day(read, ladders, date.fromisoformat(iso(day))) if read is not None else Plan()
    gone = _withdrawals(connection, shard, day, read)
    return _write(connection, shard, day, plan, gone, len(read.frame) if read is not None else 0)


# -- read: what is known of the shard's borrowers -----------------------------------------------------------------


@dataclass(slots=True)
class Known:
    """Borrowers of whom a ladder may have something to say, with all that a decision looks at."""

    frame: pl.DataFrame
    """A row a borrower: `borrower` (number), `reference`, the columns of SCHEMA."""
    loans: pl.DataFrame
    """A row a live loan of theirs: `loan_frame` with `reference`."""
    places: dict[int, Place]
    standings: dict[int, Standing]
    held: dict[int, list[Held]]
    lines: dict[int, Line]


def _contracts(reader: adbc.Connection, shard: int, book: Book) -> pl.DataFrame:
    """Borrower number and reference of each loan of the book, in its order."""
    told = pl.DataFrame(
        fetch(reader, f"select loan, borrower, reference from contract where shard = {shard} order by loan")
    )
    if len(told) != len(book):  # a contract told while we read is not in the book yet
        told = told.filter(pl.col("loan").is_in(book.contracts["loan"].tolist()))
    return told


def _read(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    shard: int,
    book: Book,
    day: int,
    ladders: Mapping[str, Ladder],
    codes: dict[int, str],
) -> Known | None:
    positions = reckon_book(book, day, day - 1)
    contracts = _contracts(reader, shard, book)
    owners = contracts["borrower"].to_numpy()
    horizon = max(ladder.horizon for ladder in ladders.values())
    wanted = np.union1d(owners[active_loans(positions, day, horizon)], _restricted(connection, shard))
    if not len(wanted):
        return None
    theirs = np.isin(owners, wanted)
    of_product = book.contracts["product"].astype(np.int64)
    loans = loan_frame(positions[theirs], owners[theirs], book.products, of_product[theirs], day)
    loans = loans.join(contracts.select("loan", "reference"), on="loan", how="left")
    events = _events(connection, wanted.tolist(), day)
    told, places = _borrowers(connection, wanted.tolist())
    made = _told_of(connection, told, places, events, book, theirs, contracts, day)
    of_loans = of_borrowers(loans, codes)
    frame = whole_frame(made[0].join(of_loans, on="borrower", how="left", maintain_order="left"))
    clean = (pl.col("days_past_due") > 0) | (pl.col("arrears_fen") > 0)
    frame = frame.with_columns(clean_days=pl.when(clean).then(0).otherwise("clean_days"))
    return Known(frame, loans, places, *made[1:])


def _restricted(connection: psycopg.Connection[Any], shard: int) -> list[int]:
    """Borrowers of a shard whose line was ever frozen, lowered or barred."""
    rows = connection.execute(
        "select distinct borrower from event where shard = %s and kind in "
        "('limit.reduced', 'limit.frozen', 'borrowing.barred')",
        (shard,),
    ).fetchall()
    return [row[0] for row in rows]


def _events(connection: psycopg.Connection[Any], borrowers: list[int], day: int) -> dict[int, list[Event]]:
    """Events of borrowers that a decision looks at, as known the evening before, in order."""
    rows = connection.execute(
        "select borrower, kind, on_day, known_on, reference, body from event where borrower = any(%s) "
        "and kind = any(%s) and known_on < %s order by event",
        (borrowers, list(EVENT_KINDS), iso(day)),
    ).fetchall()
    found: dict[int, list[Event]] = {}
    for borrower, kind, on, known_on, reference, body in rows:
        if kind in LINE_KINDS:  # checked when they were told; there may be very many
            event: Event = KINDS[kind].model_construct(
                borrower="-", on=on, known_on=known_on, reference=reference, **body
            )
        else:
            event = event_of(kind, "-", None, on, None, known_on, reference, body)
        found.setdefault(borrower, []).append(event)
    return found


def _borrowers(connection: psycopg.Connection[Any], borrowers: list[int]) -> tuple[pl.DataFrame, dict[int, Place]]:
    defaults = defaults_of(connection)
    rows = connection.execute(
        "select borrower, reference, attributes->>'jurisdiction', attributes->'timezone', attributes->>'language', "
        "coalesce(attributes->>'region', ''), coalesce(attributes->>'score_band', '') "
        "from borrower where borrower = any(%s) order by borrower",
        (borrowers,),
    ).fetchall()
    shared: dict[Any, Place] = {}
    places: dict[int, Place] = {}
    told = []
    for number, reference, jurisdiction, zone, language, region, band in rows:
        key = (jurisdiction, str(zone), language)
        if key not in shared:
            attributes = {"jurisdiction": jurisdiction, "timezone": zone, "language": language}
            shared[key] = place_of(attributes, defaults)
        places[number] = shared[key]
        told.append((number, reference, shared[key].jurisdiction, shared[key].language, region, band))
    schema = {"borrower": pl.Int64, "reference": pl.String, "jurisdiction": pl.String, "language": pl.String}
    schema = {**schema, "region": pl.String, "score_band": pl.String}
    return pl.DataFrame(told, schema=schema, orient="row"), places


Made = tuple[pl.DataFrame, dict[int, Standing], dict[int, list[Held]], dict[int, Line]]


def _told_of(
    connection: psycopg.Connection[Any],
    told: pl.DataFrame,
    places: dict[int, Place],
    events: dict[int, list[Event]],
    book: Book,
    theirs: Any,
    contracts: pl.DataFrame,
    day: int,
) -> Made:
    """What events say of each borrower, as columns and as values."""
    on = date.fromisoformat(iso(day))
    standings: dict[int, Standing] = {}
    held: dict[int, list[Held]] = {}
    lines: dict[int, Line] = {}
    money = _money(events, book, theirs, contracts, day)
    rows = []
    for number, own in events.items():
        place = places[number]
        held[number] = held_on(own, on, place.jurisdiction)
        standing = standing_of((e for e in own if not e.KIND.startswith("hold.")), on, place)
        if standing != NO_STANDING:
            standings[number] = standing
        line = line_of(own, on)
        if line.known:
            lines[number] = line
        promises = _promises(own, money.get(number, []), on, place.jurisdiction)
        if promises.pending and not any(h.hold == "promise_pending" for h in held[number]):
            held[number].append(
                Held("promise_pending", on, None, hold_rules(place.jurisdiction, on)["promise_pending"], "-")
            )
        rows.append(_event_columns(number, own, held[number], line, promises))
    frame = told
    if rows:
        frame = told.join(
            pl.DataFrame(rows, infer_schema_length=None), on="borrower", how="left", maintain_order="left"
        )
    restricted = [n for n, line in lines.items() if line.frozen or line.bars]
    frame = frame.join(_clean_days(connection, restricted, day), on="borrower", how="left", maintain_order="left")
    contacts = _contact_columns(connection, frame["borrower"].to_list(), day)
    return frame.join(contacts, on="borrower", how="left", maintain_order="left"), standings, held, lines


def _promises(events: list[Event], money: list[Money], on: date, jurisdiction: str) -> Promises:
    if not any(e.KIND == "promise.made" for e in events):
        return Promises()
    told = hold_rules(jurisdiction, on)["promise_pending"].parameters
    return counted(judge_promises(events, money, on, told["tolerance_days"], told["kept_permille"]))


def _event_columns(
    number: int, events: list[Event], held: list[Held], line: Line, promises: Promises
) -> dict[str, Any]:
    back = {getattr(e, "of", "") for e in events if e.KIND == "agency.recalled"}
    return {
        "borrower": number,
        **{f"hold_{name}": any(h.hold == name for h in held) for name in _HOLDS},
        "promise_pending": promises.pending,
        "promises_kept": promises.kept,
        "promises_partly_kept": promises.partly,
        "promises_broken": promises.broken,
        "at_agency": any(e.KIND == "agency.placed" and e.reference not in back for e in events),
        "limit_fen": line.limit_fen,
        "granted_fen": line.granted_fen,
        "frozen": line.frozen,
        "barred": bool(line.bars),
    }


from afterloan.facts.hold import HOLDS as _HOLDS  # noqa: E402


def _money(
    events: dict[int, list[Event]], book: Book, theirs: Any, contracts: pl.DataFrame, day: int
) -> dict[int, list[Money]]:
    """Repayments that stand, of the borrowers who promised something."""
    promised = [n for n, own in events.items() if any(e.KIND == "promise.made" for e in own)]
    if not promised:
        return {}
    owners = contracts["borrower"].to_numpy()
    found: dict[int, list[Money]] = {}
    for i in np.flatnonzero(np.isin(owners, promised)).tolist():
        rows = book.facts[book.fact_at[i] : book.fact_at[i + 1]]
        stands = (rows["kind"] == int(FactKind.REPAID)) & (rows["known_on"] < day) & (rows["gone_on"] >= day)
        for row in rows[stands]:
            on = date.fromisoformat(iso(int(row["on"])))
            found.setdefault(int(owners[i]), []).append(Money(on, int(row["amount_fen"]), contracts["reference"][i]))
    return found


def _clean_days(connection: psycopg.Connection[Any], borrowers: list[int], day: int) -> pl.DataFrame:
    """Days since the last cure of any loan, of some borrowers."""
    rows = connection.execute(
        "select c.borrower, max(t.closed_on) - date '1970-01-01' from contract c join transition t using (loan) "
        "where c.borrower = any(%s) and t.kind = 5 and t.closed_on < %s group by 1",
        (borrowers, iso(day)),
    ).fetchall()
    told = [(number, day - cured) for number, cured in rows]
    return pl.DataFrame(told, schema={"borrower": pl.Int64, "clean_days": pl.Int64}, orient="row")


CONTACTS = (
    "select a.borrower, count(*) filter (where a.on_day >= %(near)s), "
    "count(*) filter (where a.on_day >= %(near)s and e.outcome = 'reached'), "
    "max(a.on_day) filter (where e.outcome = 'reached') "
    "from event a left join (select body->>'of' as reference, min(body->>'outcome') as outcome from event "
    "where borrower = any(%(of)s) and kind = 'contact.ended' and known_on < %(day)s group by 1) e using (reference) "
    "where a.borrower = any(%(of)s) and a.kind = 'contact.attempted' and a.known_on < %(day)s "
    "and a.on_day >= %(far)s group by 1"
)
DEBITS = (
    "select borrower, count(*) from event where borrower = any(%(of)s) and kind = 'debit.failed' "
    "and known_on < %(day)s and on_day >= %(near)s group by 1"
)


def _contact_columns(connection: psycopg.Connection[Any], borrowers: list[int], day: int) -> pl.DataFrame:
    told = {"of": borrowers, "day": iso(day), "near": iso(day - 30), "far": iso(day - 45)}
    with connection.pipeline():
        tried = connection.execute(CONTACTS, told)
        failed = connection.execute(DEBITS, told)
        rows, debits = tried.fetchall(), failed.fetchall()
    today = date.fromisoformat(iso(day))
    columns = ("borrower", "attempts_30", "conversations_30", "days_since_conversation")
    schema = {name: pl.Int64 for name in columns}
    made = [(n, tries, talks, (today - last).days if last else FAR) for n, tries, talks, last in rows]
    bounced = pl.DataFrame(debits, schema={"borrower": pl.Int64, "debits_failed_30": pl.Int64}, orient="row")
    return pl.DataFrame(made, schema=schema, orient="row").join(bounced, on="borrower", how="full", coalesce=True)


# -- plan: pure, from what is known to what is to be written ------------------------------------------------------


@dataclass(slots=True)
class Plan:
    """What a day asks to be written: rows of the outbox, findings, changes of lines."""

    actions: list[tuple[str, int, int | None, str, datetime, dict[str, Any]]] = field(default_factory=list)
    findings: list[tuple[int, str, Finding]] = field(default_factory=list)
    changes: list[tuple[int, str, Change]] = field(default_factory=list)
    ladders: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Chosen:
    """The steps of one borrower: at most one a channel for messages."""

    row: dict[str, Any]
    ladder: Ladder
    steps: dict[str, tuple[int, Step]] = field(default_factory=dict)


def plan_day(known: Known, ladders: Mapping[str, Ladder], on: date) -> Plan:
    """What the ladders, holds, limit rules and the governor make of a day. Pure: values in, values out."""
    plan = Plan()
    chosen = _choose(known, ladders, on, plan)
    lines = dict(known.lines)
    _rules_of_limits(known, lines, plan, on)
    loans = _loans_of(known.loans, list(chosen))
    slots: dict[Any, Slot | Verdict] = {}
    for number, choice in chosen.items():
        for index, step in sorted(choice.steps.values(), key=lambda c: c[0]):
            _act(number, choice, step, known, loans.get(number, []), lines, plan, slots, on)
    return plan


def _choose(known: Known, ladders: Mapping[str, Ladder], on: date, plan: Plan) -> dict[int, _Chosen]:
    """For each borrower the steps that are due: holds and hold-out taken out, one message a channel."""
    chosen: dict[int, _Chosen] = {}
    arms: dict[int, str] = {}
    for jurisdiction in known.frame["jurisdiction"].unique().sort():
        ladder = ladders.get(jurisdiction) or ladders[ANY]
        plan.ladders.add(ladder.id)
        rows = known.frame.filter(pl.col("jurisdiction") == jurisdiction)
        for index, (step, hit) in enumerate(matches(ladder, rows, known.loans)):
            for row in hit.iter_rows(named=True):
                number = row["borrower"]
                if number not in arms:
                    arms[number] = arm_of(ladder.arms, row["reference"])
                if not _in_arm(step, arms[number]) or _is_held(number, step, known, plan, on):
                    continue
                choice = chosen.setdefault(number, _Chosen(row, ladder))
                _keep(choice, index, step)
    return chosen


def _in_arm(step: Step, arm: str) -> bool:
    if arm == HOLD_OUT:
        return step.always or step.do in NO_TREATMENT
    wanted = wanted_arms(step)
    return wanted is None or arm in wanted


def _is_held(number: int, step: Step, known: Known, plan: Plan, on: date) -> bool:
    held = known.held.get(number)
    if not held:
        return False
    stops = stopped(held)
    what = STOPPED_BY.get(step.do, step.why)
    hold = stops.get(what)
    if hold is None and step.do in MESSAGES and step.why not in ("service", "legal_notice"):
        hold = stops.get("contact")
    if hold is None:
        return False
    told = {"step": step.id, "hold": hold.hold, "since": hold.since.isoformat(), "reference": hold.reference}
    plan.findings.append((number, step.do, hold.rule.finding(on, "stopped", **told)))
    return True


def _keep(choice: _Chosen, index: int, step: Step) -> None:
    """Messages: one a channel, the weightier one, of equals the later step. Debits: one. Others: each step."""
    key = step.do if step.do in MESSAGES or step.do == "debit.attempt" else step.id
    before = choice.steps.get(key)
    if before is None or RANK[step.why] >= RANK[before[1].why]:
        choice.steps[key] = (index, step)


def _loans_of(loans: pl.DataFrame, borrowers: list[int]) -> dict[int, list[dict[str, Any]]]:
    """The live loans of some borrowers, longest overdue first."""
    found: dict[int, list[dict[str, Any]]] = {}
    wanted = loans.filter(pl.col("borrower").is_in(borrowers)).sort(
        "borrower", "days_past_due", "days_to_due", "loan", descending=[False, True, False, False]
    )
    for row in wanted.iter_rows(named=True):
        found.setdefault(row["borrower"], []).append(row)
    return found


def _act(
    number: int,
    choice: _Chosen,
    step: Step,
    known: Known,
    loans: list[dict[str, Any]],
    lines: dict[int, Line],
    plan: Plan,
    slots: dict[Any, Slot | Verdict],
    on: date,
) -> None:
    """One step of one borrower: a change of the line, or an action with its moment."""
    if step.do in DOES:
        told = {"to_permille": 500, "bar": "overdue", **step.words}
        _change(number, choice.row, lines, DOES[step.do], told, f"{choice.ladder.id}/{step.id}", plan, on)
        return
    place = known.places[number]
    body: dict[str, Any] = {"ladder": choice.ladder.id, "step": step.id}
    if step.do in MESSAGES or step.do == "bureau.notice":
        slot = _slot(number, step, place, known.standings.get(number, NO_STANDING), slots, on)
        if isinstance(slot, Verdict):
            findings = slot.findings
            plan.findings.extend((number, step.do, _with_step(f, step)) for f in findings)
            return
        moment = slot.not_before
        body |= _message(choice.row, step, place, loans, slot)
    else:
        moment = datetime.combine(on, clock.fromisoformat(step.at), ZoneInfo(place.zones[0])).astimezone(UTC)
    if step.do not in MESSAGES:
        body |= _loans_body(choice.row, step, loans, on)
    loan = body["loan_number"] if "loan_number" in body else None
    body.pop("loan_number", None)
    key = f"{choice.ladder.id}/{step.id}/{choice.row['reference']}/{on.isoformat()}"
    plan.actions.append((key, number, loan, step.do, moment, body))


def _with_step(finding: Finding, step: Step) -> Finding:
    return finding.model_copy(update={"inputs": {**finding.inputs, "step": step.id}})


def _slot(
    number: int, step: Step, place: Place, standing: Standing, slots: dict[Any, Slot | Verdict], on: date
) -> Slot | Verdict:
    """When the governor lets the message go that day; borrowers of whom nothing is told share the answer."""
    channel = step.do.removeprefix("message.") if step.do in MESSAGES else "push"
    purpose = step.why if step.do in MESSAGES else "legal_notice"
    plain = standing is NO_STANDING
    key = (place, channel, purpose, step.at)
    if plain and key in slots:
        return slots[key]
    at = datetime.combine(on, clock.fromisoformat(step.at), ZoneInfo(place.zones[0]))
    language = standing.language or place.language
    request = Request(at, channel, purpose, place.zones, language=language)
    found = slot_on_day(request, standing, contact_rules(place.jurisdiction, on, place.lender_type))
    if plain:
        slots[key] = found
    return found


def _due(loans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The loans an action is about: those late or due today; if there are none, those due next."""
    now = [x for x in loans if x["arrears_fen"] + x["due_today_fen"] > 0]
    nearest = min((x["days_to_due"] for x in loans), default=FAR)
    return now or [x for x in loans if x["days_to_due"] == nearest]


def _message(row: dict[str, Any], step: Step, place: Place, loans: list[dict[str, Any]], slot: Slot) -> dict[str, Any]:
    """The body of a message: see docs/strategy.md."""
    about = _due(loans)
    ahead = [x for x in loans if x["days_to_due"] < FAR and not x["due_today_fen"]]
    owed = row["arrears_fen"] + row["due_today_fen"]
    following = min((x["days_to_due"] for x in ahead), default=None)
    due_on = min((x["due_on"] for x in about), default=None)
    values = {
        "amount_fen": owed or row["next_due_fen"],
        "arrears_fen": row["arrears_fen"],
        "due_today_fen": row["due_today_fen"],
        "penalty_fen": row["penalty_fen"],
        "payoff_fen": row["payoff_fen"],
        "due_on": iso(due_on) if due_on is not None else None,
        "days_past_due": row["days_past_due"],
        "days_to_due": row["days_to_due"],
        "next_due_in_days": following,
        "loans": [x["reference"] for x in about],
    }
    return {
        "template": step.template or "bureau-notice",
        "language": row["language"] or place.language,
        "to": None,
        "purpose": step.why if step.do in MESSAGES else "legal_notice",
        "values": values,
        "zone": place.zones[0],
        "until": slot.until.astimezone(ZoneInfo(place.zones[0])).isoformat(),
        **({"with": step.words} if step.words else {}),
    }


def _loans_body(row: dict[str, Any], step: Step, loans: list[dict[str, Any]], on: date) -> dict[str, Any]:
    """The body of an action that is no message: which loans, how much, how late."""
    about = loans if step.clock == "borrower" else [x for x in loans if _on_its_day(step, x)]
    late = [x for x in about if x["arrears_fen"] + x["due_today_fen"] > 0] or about
    told = [
        {
            "loan": x["reference"],
            "amount_fen": x["arrears_fen"] + x["due_today_fen"],
            "payoff_fen": x["payoff_fen"],
            "days_past_due": x["days_past_due"],
        }
        for x in late
    ]
    body: dict[str, Any] = {
        "loans": told,
        "amount_fen": sum(x["amount_fen"] for x in told),
        "days_past_due": row["days_past_due"],
        "due_on": iso(min(x["due_on"] for x in late)) if late else None,
    }
    if step.do == "worklist":
        body |= {
            "queue": step.queue,
            "priority_fen": priority_fen(row, worth_rule(on)),
            "arrears_fen": row["arrears_fen"],
        }
    if step.words:
        body["with"] = step.words
    if len(late) == 1:
        body["loan_number"] = late[0]["loan"]
    return body


def _on_its_day(step: Step, loan: dict[str, Any]) -> bool:
    if step.bucket is not None:
        since = loan["days_past_due"] - loan["bucket_first_day"]
        return bool(loan["bucket"] == step.bucket and (since % step.every == 0 if step.every else since == 0))
    return loan["days_past_due"] in step.days


def _rules_of_limits(known: Known, lines: dict[int, Line], plan: Plan, on: date) -> None:
    """The pack's rules over the borrowers who have a line."""
    frame = known.frame.filter(pl.col("borrower").is_in(list(lines)))
    for jurisdiction in frame["jurisdiction"].unique().sort():
        rows = frame.filter(pl.col("jurisdiction") == jurisdiction)
        for rule, wanted in limit_rules(jurisdiction, on):
            for row in rows.filter(wanted).iter_rows(named=True):
                number = row["borrower"]
                hold = stopped(known.held.get(number, [])).get("limit")
                if hold is None:
                    _change(number, row, lines, rule.parameters["do"], rule.parameters, rule.id, plan, on)


def _change(
    number: int,
    row: dict[str, Any],
    lines: dict[int, Line],
    do: str,
    told: Mapping[str, Any],
    rule: str,
    plan: Plan,
    on: date,
) -> None:
    """One change of a line, when it is not so already, with the notice that a pack demands."""
    line = lines.get(number, Line())
    if not line.known:
        return
    reason = f"{row['days_past_due']} days past due, {row['arrears_fen']} minor units overdue"
    change = wanted_change(line, do, dict(told), rule, reason)
    if change is None:
        return
    lines[number] = after_change(line, change)
    plan.changes.append((number, row["reference"], change))
    if do not in ("restore", "lift"):
        _notice(number, row, change, plan, on)


def notice_rules(jurisdiction: str, on: date) -> list[Rule]:
    """The rules that want the borrower told of a worse line: the place's, else the lender's own."""
    own = [r for r in in_force(rules_of("limits"), jurisdiction, on) if "notice" in r.parameters]
    return own or [r for r in in_force(rules_of("limits"), ANY, on) if "notice" in r.parameters]


def _notice(number: int, row: dict[str, Any], change: Change, plan: Plan, on: date) -> None:
    for rule in notice_rules(row["jurisdiction"], on):
        key = f"{rule.id}/{change.kind.KIND}/{row['reference']}/{on.isoformat()}"
        if any(a[0] == key for a in plan.actions[-4:]):
            continue
        values = {
            "before_fen": change.before_fen,
            "after_fen": change.after_fen,
            "change": change.kind.KIND,
            "reasons": [change.reason],
            "within_days": rule.parameters["within_days"],
        }
        body = {
            "template": rule.parameters["notice"],
            "language": row["language"],
            "to": None,
            "purpose": "legal_notice",
            "values": values,
            "rule": rule.id,
        }
        moment = datetime.combine(on, clock(12), UTC)
        plan.actions.append((key, number, None, f"message.{rule.parameters['channel']}", moment, body))


# -- withdraw and write -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gone:
    """An action that is no longer wanted."""

    key: str
    borrower: int
    why: str


def _withdrawals(connection: psycopg.Connection[Any], shard: int, day: int, known: Known | None) -> list[Gone]:
    """What was planned for borrowers who were cured on the day that was closed and owe nothing now."""
    rows = connection.execute(
        "select distinct c.borrower from transition t join contract c using (loan) "
        "where t.closed_on = %s and t.shard = %s and t.kind in (5, 6)",
        (iso(day - 1), shard),
    ).fetchall()
    cured = {row[0] for row in rows}
    if known is not None and cured:
        late = known.frame.filter((pl.col("arrears_fen") > 0) | (pl.col("due_today_fen") > 0))["borrower"]
        cured -= set(late.to_list())
    return unwanted(connection, sorted(cured), day, "cured")


def unwanted(
    connection: psycopg.Connection[Any],
    borrowers: list[int],
    day: int,
    why: str,
    kinds: Iterable[str] | None = None,
) -> list[Gone]:
    """Actions of borrowers that have not come to their day yet, or wait for a person; not those withdrawn before.

    `kinds`: only these (`message.*`, `debit.attempt` …). Reminders of instalments still to come stay.
    """
    if not borrowers:
        return []
    found = connection.execute(
        "select o.key, o.borrower from outbox o where o.borrower = any(%s) "
        "and (o.not_before >= %s::date or o.kind = any(%s)) and (%s::text[] is null or o.kind = any(%s)) "
        "and coalesce(o.body->>'purpose', '') not in ('reminder', 'legal_notice') "
        "and not exists (select from event e where e.reference = 'withdrawn:' || o.key) order by o.action",
        (borrowers, iso(day), list(WAITING), *[list(kinds) if kinds else None] * 2),
    ).fetchall()
    return [Gone(key, borrower, why) for key, borrower in found]


def _write(
    connection: psycopg.Connection[Any], shard: int, day: int, plan: Plan, gone: list[Gone], borrowers: int
) -> ShardDecided:
    on = iso(day)
    if plan.actions:
        _copy(connection, "outbox", "key, borrower, loan, kind, not_before, body, decided_on", _action_rows(plan, on))
    if plan.findings:
        _copy(connection, "finding", "decided_on, borrower, about, rule, outcome, inputs", _finding_rows(plan))
    events = [*_change_rows(plan, shard, on), *_gone_rows(gone, shard, on)]
    if events:
        _copy(connection, "event", "shard, borrower, kind, on_day, known_on, reference, body", events)
    counts = (borrowers, len(plan.actions), len(plan.findings), len(gone), len(plan.changes))
    connection.execute(
        "insert into decided (decided_on, shard, ladder, borrowers, actions, refused, withdrawn, changes) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (on, shard, " ".join(sorted(plan.ladders)), *counts),
    )
    connection.commit()
    return ShardDecided(*counts)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _action_rows(plan: Plan, on: str) -> Iterator[tuple[Any, ...]]:
    for key, borrower, loan, kind, moment, body in plan.actions:
        yield key, borrower, loan, kind, moment.isoformat(), _json(body), on


def _finding_rows(plan: Plan) -> Iterator[tuple[Any, ...]]:
    for borrower, about, f in plan.findings:
        yield f.on.isoformat(), borrower, about, f.rule, f.outcome, _json(dict(f.inputs))


def _change_rows(plan: Plan, shard: int, on: str) -> Iterator[tuple[Any, ...]]:
    for borrower, reference, change in plan.changes:
        body = {
            "by": "afterloan",
            "reason": change.reason,
            "rule": change.rule,
            "before_fen": change.before_fen,
            "after_fen": change.after_fen,
        }
        if change.bar:
            body["bar"] = change.bar
        name = f"{change.rule}:{change.kind.KIND}:{reference}:{on}"
        yield shard, borrower, change.kind.KIND, on, on, name, _json(body)


def _gone_rows(gone: list[Gone], shard: int, on: str) -> Iterator[tuple[Any, ...]]:
    for action in gone:
        body = {"key": action.key, "reason": action.why}
        yield shard, action.borrower, ActionWithdrawn.KIND, on, on, f"withdrawn:{action.key}", _json(body)


def _copy(connection: psycopg.Connection[Any], table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def withdraw(connection: psycopg.Connection[Any], gone: Iterable[Gone], on: date) -> int:
    """Write withdrawals in the caller's transaction; returns how many are new."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into event (shard, borrower, kind, on_day, known_on, reference, body) "
            "select shard, borrower, %s, %s, %s, %s, %s::jsonb from borrower where borrower = %s "
            "on conflict (reference) do nothing",
            [
                (ActionWithdrawn.KIND, on, on, f"withdrawn:{g.key}", _json({"key": g.key, "reason": g.why}), g.borrower)
                for g in gone
            ],
        )
        return cursor.rowcount


def change_rows(events: Iterable[Event]) -> list[LineChanged]:
    """The changes of a line among events."""
    return [e for e in events if isinstance(e, LineChanged)]
