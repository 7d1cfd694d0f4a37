"""What is known of a shard's borrowers the evening before a day is decided, read out of the store."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from afterloan.close.transitions import Transition
from afterloan.close.worked import (
    DaysWorked,
    HeldOn,
    days_worked,
    left_out,
    let_go,
    not_sent,
    reached,
    steps_alike,
    with_reached,
    withdrawn_by_hold,
)
from afterloan.dates import NEVER, date_of, iso
from afterloan.facts.debit import MandateSigned
from afterloan.facts.events import KINDS, Event, event_of
from afterloan.facts.hold import HOLD_KINDS, HOLDS
from afterloan.facts.limit import LINE_KINDS, LineChanged
from afterloan.facts.placement import AgencyPlaced
from afterloan.loan.book import Book, taken
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import FactKind
from afterloan.rules.trifles import trifles_fen, without_trifles
from afterloan.store.contacts import PROMISE_KINDS, STANDING_KINDS, defaults_of, standing_of
from afterloan.store.debits import KINDS as DEBIT_KINDS
from afterloan.store.debits import MandateStanding, fold_events, mandate_told, pay_day_of
from afterloan.store.ids import as_array, ids_of
from afterloan.store.read import fetch
from afterloan.store.scores import latest_scores
from afterloan.strategy.catch_up import Reopened, starts_of
from afterloan.strategy.columns import FAR
from afterloan.strategy.debit import Mandate, NextTry, Tried, next_try, schedule_rule
from afterloan.strategy.debit_retry import retry_rule
from afterloan.strategy.frame import active_loans, loan_frame, of_borrowers, whole_frame
from afterloan.strategy.governor import ANY, NO_STANDING, ContactStanding, Place
from afterloan.strategy.holds import Held
from afterloan.strategy.ladder import Ladder
from afterloan.strategy.places import place_of
from afterloan.strategy.plan import KnownBorrowers
from afterloan.strategy.promises import Money, counted, holds_beside, holds_on, promises_on
from afterloan.strategy.restriction import CreditLine, LineStep, columns_of_limits, line_after, line_of

EVENT_KINDS = (
    *STANDING_KINDS,
    *LINE_KINDS,
    *PROMISE_KINDS,
    "agency.placed",
    "agency.recalled",
    "ladder.step_left_out",
)


def _contracts(reader: adbc.Connection, shard: int, book: Book) -> pl.DataFrame:
    """Borrower number and reference of each loan of the book, in its order."""
    told = pl.DataFrame(
        fetch(reader, f"select loan, borrower, reference from contract where shard = {shard} order by loan")
    )
    if len(told) != len(book):  # a contract told while we read is not in the book yet
        told = told.filter(pl.col("loan").is_in(book.contracts["loan"].tolist()))
    return told


def read_known(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    shard: int,
    book: Book,
    day: int,
    ladders: Mapping[str, Ladder],
    codes: dict[int, str],
) -> KnownBorrowers | None:
    """The borrowers of a shard of whom a ladder or a rule of limits may have something to say; None: nobody.

    Positions are those of `day` with what was known the evening before; `codes`: product codes by number.
    """
    positions = reckon_book(book, day, day - 1)
    contracts = _contracts(reader, shard, book)
    owners = contracts["borrower"].to_numpy()
    horizon = max(ladder.horizon for ladder in ladders.values())
    wanted = ids_of(owners[active_loans(positions, day, horizon)], _restricted(connection, shard))
    if not len(wanted):
        return None
    theirs = np.isin(owners, wanted)
    of_product = book.contracts["product"].astype(np.int64)
    told, places, pay_days = borrowers_told(connection, wanted.tolist())
    most = most_trifles(owners[theirs], places)
    seen = without_trifles(taken(positions, theirs), most, written_over=True)
    loans = loan_frame(seen, owners[theirs], book.products, of_product[theirs], day)
    loans = loans.join(contracts.select("loan", "reference"), on="loan", how="left")
    worked = days_worked(connection, shard, day)
    loans = reached(loans, book, theirs, seen, most, worked, day)
    known = events_told(connection, wanted.tolist(), day)
    events = known.events
    told = with_scores(connection, told, day)
    needs = columns_of_limits().union(*(ladder.columns for ladder in ladders.values()))
    made = _told_of(connection, told, places, known, book, contracts, day, needs)
    of_loans = of_borrowers(loans, codes if "products" in needs else None)
    frame = whole_frame(made[0].join(of_loans, on="borrower", how="left", maintain_order="left"))
    clean = (pl.col("days_past_due") > 0) | (pl.col("arrears_fen") > 0)
    frame = frame.with_columns(clean_days=pl.when(clean).then(0).otherwise("clean_days"))
    debits = next_debits(known.debits, pay_days, loans, places, day)
    ready = [number for number, then in debits.items() if then.on is not None and then.on <= date_of(day)]
    frame = frame.with_columns(debit_today=pl.col("borrower").is_in(ready))
    frame = with_reached(frame, loans, ladders, ladders[ANY], worked.last, day)
    again = _reopened(connection, ladders.values(), places, events, book, contracts, made[2], worked, day)
    frame = frame.with_columns(reopened=pl.col("borrower").is_in(list(again)))
    starts = starts_of(book.products["buckets"].tolist())
    return KnownBorrowers(frame, loans, places, *made[1:], starts, again, left_out(events), debits)


def most_trifles(owners: npt.NDArray[np.int64], places: Mapping[int, Place]) -> npt.NDArray[np.int64]:
    """What each loan may lack and count as paid, by the place of its borrower: `owners` are store numbers."""
    numbers, at = np.unique(owners, return_inverse=True)
    most = [trifles_fen(places[n].jurisdiction) if n in places else 0 for n in numbers.tolist()]
    return np.array(most, np.int64)[at]


def _reopened(
    connection: psycopg.Connection[Any],
    ladders: Iterable[Ladder],
    places: dict[int, Place],
    events: dict[int, list[Event]],
    book: Book,
    contracts: pl.DataFrame,
    held: dict[int, list[Held]],
    worked: DaysWorked,
    day: int,
) -> dict[int, list[Reopened]]:
    """What could not be done until today, by borrower: stopped by a hold that has ended, or not let out."""
    again = not_sent(connection, list(places), worked.last, day)
    money = money_of(events, book, contracts, day)
    alike = steps_alike(ladders)
    freed = {}
    for number, own in events.items():
        if any(e.KIND in HOLD_KINDS or e.KIND == "promise.made" for e in own):
            holds = HeldOn(own, partial(holds_of, money=money.get(number, [])), places[number])
            if found := let_go(alike, holds, held.get(number, []), worked):
                freed[number] = found
                again.setdefault(number, []).extend(found)
    if freed:
        for number, taken in withdrawn_by_hold(connection, freed, day).items():
            again[number] += taken
    return again


@dataclass(frozen=True, slots=True)
class MandatesKnown:
    """A borrower's mandates and what was tried under them."""

    mandates: tuple[Mandate, ...]
    tried: tuple[Tried, ...] = ()


def next_debits(
    told: Mapping[int, MandatesKnown],
    pay_days: Mapping[int, int],
    loans: pl.DataFrame,
    places: dict[int, Place],
    day: int,
) -> dict[int, NextTry]:
    """For those who ever signed a mandate: the first day, `day` or later, on which a debit makes sense, or why none.

    `told`: mandates and attempts of each; `pay_days`: of those of whom it is known.
    """
    if not told:
        return {}
    owing = loans.filter(pl.col("arrears_fen") + pl.col("due_today_fen") > 0)
    late: dict[int, dict[str, int]] = {}
    for number, reference, days in owing.select("borrower", "reference", "days_past_due").iter_rows():
        late.setdefault(number, {})[reference] = days
    return {
        number: next_debit(own, places[number], late.get(number, {}), pay_days.get(number), day)
        for number, own in told.items()
    }


def next_debit(
    standing: MandatesKnown | MandateStanding, place: Place, late: dict[str, int], pay_day: int | None, day: int
) -> NextTry:
    """The first day, `day` or later, on which a debit of one borrower makes sense, or why none does.

    `late`: loans (references) that owe something on the day, with their days past due.
    """
    on = date_of(day)
    rules = (schedule_rule(place.jurisdiction, on), retry_rule(place.jurisdiction, on))
    return next_try(standing.mandates, standing.tried, place.zones[0], on, late, rules, pay_day)


def _restricted(connection: psycopg.Connection[Any], shard: int) -> list[int]:
    """Borrowers of a shard whose line was ever frozen, lowered or barred."""
    rows = connection.execute(
        "select distinct borrower from event where shard = %s and kind in "
        "('limit.reduced', 'limit.frozen', 'borrowing.barred')",
        (shard,),
    ).fetchall()
    return [row[0] for row in rows]


def events_by_borrower(
    connection: psycopg.Connection[Any], borrowers: list[int], day: int, kinds: Sequence[str] = EVENT_KINDS
) -> dict[int, list[Event]]:
    """Events of borrowers that a decision looks at, known before `day`, in order of telling."""
    found: dict[int, list[Event]] = {}
    rows = connection.execute(EVENTS, (as_array(borrowers), list(kinds), iso(day))).fetchall()
    for borrower, kind, loan, on, _, *told in rows:
        found.setdefault(borrower, []).append(_event(kind, loan, on, *told))
    return found


EVENTS = (
    "select e.borrower, e.kind, c.reference, e.on_day, e.at, e.known_on, e.reference, e.body "
    "from unnest(%s::bigint[]) as asked(number) cross join lateral (select * from event "
    "where borrower = asked.number and kind = any(%s) and known_on < %s offset 0) e "
    "left join contract c on c.loan = e.loan order by e.event"
)
"""What was told of some borrowers, each looked up by their number (`offset 0`: this is not planned otherwise).

Asked for with `borrower = any`, a table of which nothing was counted yet (the night after a book came in) was walked
by kinds, nearly whole and once for each shard: 55 ms of the 110 that a shard of 180 borrowers asked of the database.
"""


@dataclass(slots=True)
class EventsTold:
    """What events told of some borrowers (by number) before a day, as far as deciding the day looks at it."""

    lines: dict[int, CreditLine] = field(default_factory=dict)
    """Credit lines of those of whom nothing else was told: nearly all, so none of their events is made."""
    events: dict[int, list[Event]] = field(default_factory=dict)
    """Of all others the events of EVENT_KINDS, changes of their lines among them, in order of telling."""
    debits: dict[int, MandatesKnown] = field(default_factory=dict)
    """Mandates and attempts of those who ever signed a mandate."""


def events_told(connection: psycopg.Connection[Any], borrowers: list[int], day: int) -> EventsTold:
    """What events told of borrowers before `day`, in one question."""
    rows = connection.execute(EVENTS, (as_array(borrowers), [*EVENT_KINDS, *DEBIT_KINDS], iso(day))).fetchall()
    known = EventsTold()
    of_events: dict[int, list[Any]] = {}
    of_debits: dict[int, list[Any]] = {}
    for row in rows:
        (of_debits if row[1] in DEBIT_KINDS else of_events).setdefault(row[0], []).append(row)
    for number, own in of_debits.items():
        if all(row[1] == MandateSigned.KIND for row in own):
            known.debits[number] = MandatesKnown(tuple(mandate_told(row[6], row[2], row[3], row[7]) for row in own))
        else:
            standing = fold_events(event_of(row[1], "-", *row[2:]) for row in own)
            known.debits[number] = MandatesKnown(standing.mandates, standing.tried)
    for number, own in of_events.items():
        if all(row[1] in LINE_KINDS for row in own):
            steps = (LineStep(row[1], row[3], row[7]["after_fen"], row[7].get("bar", "")) for row in own)
            known.lines[number] = line_after(steps, date_of(day))
        else:
            known.events[number] = [_event(*row[1:4], *row[5:]) for row in own]
    return known


def _event(kind: str, loan: str | None, on: date, known_on: date, reference: str, body: dict[str, Any]) -> Event:
    if kind in LINE_KINDS:  # checked when they were told; there may be very many
        return KINDS[kind].model_construct(borrower="-", on=on, known_on=known_on, reference=reference, **body)
    return event_of(kind, "-", loan, on, None, known_on, reference, body)


class BorrowersTold(NamedTuple):
    """What is kept of borrowers themselves."""

    frame: pl.DataFrame
    """A row each, by number."""
    places: dict[int, Place]
    pay_days: dict[int, int]
    """The day of the month on which each is paid of whom it is known."""


def borrowers_told(connection: psycopg.Connection[Any], borrowers: list[int]) -> BorrowersTold:
    """What is kept of borrowers themselves, a row each by number, where they are, and when they are paid.

    Where somebody is told to be is read once for all of whom the same is told.
    """
    defaults = defaults_of(connection)
    rows = connection.execute(
        "select borrower, reference, "
        "jsonb_build_array(clear->>'jurisdiction', clear->'timezone', clear->'language')::text, "
        "coalesce(clear->>'region', ''), coalesce(clear->>'score_band', ''), "
        "clear->'pay_day' "
        "from borrower where borrower = any(%s::bigint[]) order by borrower",
        (as_array(borrowers),),
    ).fetchall()
    schema = {"borrower": pl.Int64, "reference": pl.String, "told": pl.String, "region": pl.String}
    numbers, references, told, regions, bands, paid = zip(*rows, strict=True) if rows else [()] * 6
    pay_days = {
        number: pay_day
        for number, said in zip(numbers, paid, strict=True)
        if said is not None and (pay_day := pay_day_of({"pay_day": said})) is not None
    }
    shared = {text: _place_told(text, defaults) for text in dict.fromkeys(told)}
    places = {number: shared[text] for number, text in zip(numbers, told, strict=True)}
    frame = pl.DataFrame([numbers, references, told, regions, bands], schema={**schema, "score_band": pl.String})
    said = pl.DataFrame(
        [(text, place.jurisdiction, place.language) for text, place in shared.items()],
        schema=dict.fromkeys(("told", "jurisdiction", "language"), pl.String),
        orient="row",
    )
    frame = frame.join(said, on="told", how="left", maintain_order="left")
    scored = pl.when(pl.col("score_band") != "").then(pl.lit("imported")).otherwise(pl.lit(""))
    columns = ("borrower", "reference", "jurisdiction", "language", "region", "score_band")
    return BorrowersTold(frame.select(*columns, scored.alias("score_by")), places, pay_days)


def _place_told(text: str, defaults: Mapping[str, Any]) -> Place:
    jurisdiction, zone, language = json.loads(text)
    return place_of({"jurisdiction": jurisdiction, "timezone": zone, "language": language}, defaults)


def with_scores(connection: psycopg.Connection[Any], frame: pl.DataFrame, day: int) -> pl.DataFrame:
    """The frame with what models in use said before `day`: their band goes before an imported one."""
    found = latest_scores(connection, frame["borrower"].to_list(), date_of(day), ("early_warning", "cure", "roll"))
    if not found:
        return frame
    rows = []
    for number, by in found.items():
        warned = by.get("early_warning")
        chances = tuple(by[p].ppm if p in by else None for p in ("cure", "roll"))
        rows.append((number, warned and warned.band, warned and f"model {warned.sha256[:12]}", *chances))
    schema = {
        "borrower": pl.Int64,
        "band": pl.String,
        "by": pl.String,
        "not_cured_ppm": pl.Int64,
        "rolls_ppm": pl.Int64,
    }
    told = pl.DataFrame(rows, schema=schema, orient="row")
    frame = frame.join(told, on="borrower", how="left", maintain_order="left")
    named = {"score_band": pl.coalesce("band", "score_band"), "score_by": pl.coalesce("by", "score_by")}
    return frame.with_columns(**named).drop("band", "by")


Made = tuple[pl.DataFrame, dict[int, ContactStanding], dict[int, list[Held]], dict[int, CreditLine]]


def _told_of(
    connection: psycopg.Connection[Any],
    told: pl.DataFrame,
    places: dict[int, Place],
    known: EventsTold,
    book: Book,
    contracts: pl.DataFrame,
    day: int,
    needs: frozenset[str],
) -> Made:
    """What events say of each borrower, as columns and as values; `needs`: columns that some ladder speaks of."""
    on = date_of(day)
    standings: dict[int, ContactStanding] = {}
    held: dict[int, list[Held]] = {}
    lines: dict[int, CreditLine] = {}
    money = money_of(known.events, book, contracts, day)
    rows = []
    for number, own in known.events.items():
        line = line_of(own, on)
        columns, standing, holds = columns_of(number, own, money.get(number, []), places[number], day, line)
        rows.append(columns)
        if standing is not None:
            standings[number] = standing
        if holds:
            held[number] = holds
        if line.known:
            lines[number] = line
    lines |= {number: line for number, line in known.lines.items() if line.known}
    columns_told = [pl.DataFrame(rows, infer_schema_length=None)] if rows else []
    columns_told += [_columns_of_lines(known.lines)] if known.lines else []
    frame = told
    if columns_told:  # what a borrower with a line alone has no column of is as if nothing was told
        columns_told_of = pl.concat(columns_told, how="diagonal")
        frame = told.join(columns_told_of, on="borrower", how="left", maintain_order="left")
    restricted = [n for n, line in lines.items() if line.frozen or line.bars]
    if restricted:
        frame = frame.join(clean_days(connection, restricted, day), on="borrower", how="left", maintain_order="left")
    if needs & CONTACT_COLUMNS:
        contacts = _contact_columns(connection, frame["borrower"].to_list(), day)
        frame = frame.join(contacts, on="borrower", how="left", maintain_order="left")
    return frame, standings, held, lines


def _columns_of_lines(lines: Mapping[int, CreditLine]) -> pl.DataFrame:
    """The columns of borrowers of whom nothing was told but a credit line, as `columns_of` tells them."""
    told = [(n, line.limit_fen, line.granted_fen, line.frozen, bool(line.bars)) for n, line in lines.items()]
    schema = {"borrower": pl.Int64, "limit_fen": pl.Int64, "granted_fen": pl.Int64, "frozen": pl.Boolean}
    return pl.DataFrame(told, schema={**schema, "barred": pl.Boolean}, orient="row")


def _known_before(money: list[Money], on: date) -> list[Money]:
    return [m for m in money if m.known_on is None or m.known_on < on]


def holds_of(events: list[Event], day: int, place: Place, money: list[Money]) -> list[Held]:
    """The holds in effect on a day, that of a promise that is pending among them."""
    on = date_of(day)
    return holds_on(events, _known_before(money, on), on, place.jurisdiction)


NOTHING_TOLD = {
    **{f"hold_{name}": False for name in HOLDS},
    "promise_pending": False,
    "promises_kept": 0,
    "promises_partly_kept": 0,
    "promises_broken": 0,
    "at_agency": False,
}
"""The columns of a borrower of whom nothing was told but a credit line."""


def columns_of(
    key: int, events: list[Event], money: list[Money], place: Place, day: int, line: CreditLine
) -> tuple[dict[str, Any], ContactStanding | None, list[Held]]:
    """What a borrower's events, known before `day`, make of the frame's columns (row `key`), consents and holds.

    `line`: what they leave of the credit line (`line_of`). Most borrowers have a line and nothing else was told of
    them: nothing else is looked for.
    """
    credit = {
        "limit_fen": line.limit_fen,
        "granted_fen": line.granted_fen,
        "frozen": line.frozen,
        "barred": bool(line.bars),
    }
    if all(isinstance(e, LineChanged) for e in events):
        return {"borrower": key, **NOTHING_TOLD, **credit}, None, []
    on = date_of(day)
    judged = promises_on(events, _known_before(money, on), on, place.jurisdiction)
    held = holds_beside(judged, events, on, place.jurisdiction)
    standing = standing_of((e for e in events if e.KIND not in (*HOLD_KINDS, *PROMISE_KINDS)), on, place)
    promises = counted(judged)
    back = {getattr(e, "of", "") for e in events if e.KIND == "agency.recalled"}
    of_holds = {h.hold for h in held}
    columns = {
        "borrower": key,
        **{f"hold_{name}": name in of_holds for name in HOLDS},
        "promise_pending": promises.pending,
        "promises_kept": promises.kept,
        "promises_partly_kept": promises.partly,
        "promises_broken": promises.broken,
        "at_agency": any(isinstance(e, AgencyPlaced) and e.reference not in back and e.until >= on for e in events),
        **credit,
    }
    return columns, standing if standing != NO_STANDING else None, held


def money_of(
    events: Mapping[int, list[Event]], book: Book, contracts: pl.DataFrame, day: int = NEVER
) -> dict[int, list[Money]]:
    """Repayments that stand, as known before `day`, of the borrowers who promised something."""
    promised = [n for n, own in events.items() if any(e.KIND == "promise.made" for e in own)]
    if not promised:
        return {}
    owners = contracts["borrower"].to_numpy()
    found: dict[int, list[Money]] = {}
    for i in np.flatnonzero(np.isin(owners, promised)).tolist():
        rows = book.facts[book.fact_at[i] : book.fact_at[i + 1]]
        stands = (rows["kind"] == int(FactKind.REPAID)) & (rows["known_on"] < day) & (rows["gone_on"] >= day)
        for row in rows[stands]:
            on = date_of(int(row["on"]))
            known_on = date_of(int(row["known_on"]))
            money = Money(on, int(row["amount_fen"]), contracts["reference"][i], known_on)
            found.setdefault(int(owners[i]), []).append(money)
    return found


def clean_days(connection: psycopg.Connection[Any], borrowers: list[int], day: int) -> pl.DataFrame:
    """Days since the last cure of any loan, of some borrowers; 0 where a loan was lost, or its arrears moved by a plan,
    and not cured since."""
    rows = connection.execute(
        "select borrower, max(cured) - date '1970-01-01', coalesce(bool_or(lost > coalesce(met, '-infinity')), false) "
        "from (select c.borrower, t.loan, max(t.closed_on) filter (where t.kind = %s) as cured, "
        "max(t.closed_on) filter (where t.kind = any(%s)) as met, "
        "max(t.closed_on) filter (where t.kind = any(%s)) as lost "
        "from contract c join transition t using (loan) where c.borrower = any(%s) and t.closed_on < %s group by 1, 2"
        ") of_loans group by 1",
        (CURED, [CURED, PAID_OFF], UNPAID, borrowers, iso(day)),
    ).fetchall()
    told = [(number, 0 if lost else day - cured) for number, cured, lost in rows if lost or cured is not None]
    return pl.DataFrame(told, schema={"borrower": pl.Int64, "clean_days": pl.Int64}, orient="row")


CURED, PAID_OFF = int(Transition.CURED), int(Transition.PAID_OFF)
UNPAID = [int(t) for t in (Transition.CHARGED_OFF, Transition.WRITTEN_OFF, Transition.SOLD, Transition.RE_AGED)]
CONTACT_COLUMNS = frozenset({"attempts_30", "conversations_30", "days_since_conversation", "debits_failed_30"})
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
    "select borrower, count(*) from event where borrower = any(%(of)s) and kind in ('debit.failed', 'debit.returned') "
    "and known_on < %(day)s and on_day >= %(near)s group by 1"
)


def _contact_columns(connection: psycopg.Connection[Any], borrowers: list[int], day: int) -> pl.DataFrame:
    told = {"of": borrowers, "day": iso(day), "near": iso(day - 30), "far": iso(day - 45)}
    with connection.pipeline():
        tried = connection.execute(CONTACTS, told)
        failed = connection.execute(DEBITS, told)
        rows, debits = tried.fetchall(), failed.fetchall()
    today = date_of(day)
    columns = ("borrower", "attempts_30", "conversations_30", "days_since_conversation")
    schema = {name: pl.Int64 for name in columns}
    made = [(n, tries, talks, (today - last).days if last else FAR) for n, tries, talks, last in rows]
    bounced = pl.DataFrame(debits, schema={"borrower": pl.Int64, "debits_failed_30": pl.Int64}, orient="row")
    return pl.DataFrame(made, schema=schema, orient="row").join(bounced, on="borrower", how="full", coalesce=True)
