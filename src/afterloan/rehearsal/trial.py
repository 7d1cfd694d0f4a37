"""Try a ladder, a grace or a contact pack on the stored history: what would have been sent, beside what was."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from afterloan.close.known import (
    EVENT_KINDS,
    borrowers_told,
    columns_of,
    events_by_borrower,
    holds_of,
    money_of,
    most_trifles,
    next_debit,
    with_scores,
)
from afterloan.close.planned import ladders_of
from afterloan.close.worked import ALL_LOANS, LONGEST_START, DaysWorked, HeldOn, let_go, steps_alike
from afterloan.close.workers import Workers, in_workers
from afterloan.dates import NEVER, date_of, iso, number_of
from afterloan.expected import ExpectedFailure
from afterloan.facts.debit import MandateSigned
from afterloan.facts.events import Event
from afterloan.facts.ladder import StepLeftOut
from afterloan.facts.limit import LINE_KINDS
from afterloan.loan.book import Book, Records, joined
from afterloan.loan.book import part as some_loans
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import FactKind, State
from afterloan.rules.trifles import without_trifles
from afterloan.store.connect import reader_kept
from afterloan.store.debits import KINDS as DEBIT_KINDS
from afterloan.store.debits import MandateStanding, debits_told, fold_events
from afterloan.store.ids import as_array
from afterloan.store.loans import product_table, products
from afterloan.store.posted import last_closed
from afterloan.store.read import fetch, fold, read_shard
from afterloan.store.server import Store
from afterloan.store.settings import Setting, setting
from afterloan.strategy.catch_up import BEGINS_TO_WAIT, NO_START, STARTS, WAITS, Reopened, start_day, starts_of
from afterloan.strategy.frame import loan_frame, of_borrowers, whole_frame
from afterloan.strategy.governor import ANY, ContactStanding, Place
from afterloan.strategy.holds import Held, stopped
from afterloan.strategy.ladder import Ladder, read_ladder
from afterloan.strategy.restriction import line_of
from afterloan.strategy.segments import Arms, arms_of, share_of
from afterloan.strategy.trial import STANDS_STILL, Tally, TrialDays, Waiting, tally_days

ROW = 8_192  # days that fit beside a borrower number in a row key
PARTS = 8
MONTH = 31
ASSUMPTION = "Borrowers' behaviour is taken as it was: nobody pays earlier or later because of another message."


class TrialRefused(ExpectedFailure, ValueError):
    """This cannot be tried: says why."""


@dataclass(slots=True)
class Trial:
    """A trial beside what stands: `was` counts outbox rows, `stands` replays the rules in use, `tried` the others."""

    first: str
    last: str
    ladder: str
    was: Counter[tuple[str, str]]
    stands: Tally
    tried: Tally
    held_still: tuple[str, ...] = ()
    seconds: float = 0.0
    assumption: str = ASSUMPTION

    def rows(self) -> list[dict[str, Any]]:
        """A row an action kind, and those of refusals, cost, penalty income and bureau entries."""
        kinds: Counter[str] = Counter()
        for (kind, _), count in self.was.items():
            kinds[kind] += count
        stands, tried = self.stands.kinds(), self.tried.kinds()
        names = sorted({*kinds, *stands, *tried})
        found = [_row("actions", n, kinds[n], stands[n], tried[n]) for n in names]
        reached = self.stands.reached(), self.tried.reached()
        for n in sorted({*reached[0], *reached[1]}):
            found.append(_row("borrowers reached by", n, None, reached[0][n], reached[1][n]))
        for key in sorted({*self.stands.refused, *self.tried.refused}):
            found.append(_row("refused", f"{key[0]} {key[1]}", None, self.stands.refused[key], self.tried.refused[key]))
        cost = (self.stands.cost_tenths_fen // 10, self.tried.cost_tenths_fen // 10)  # whole fen, rounded down
        found.append(_row("money", "cost_fen", None, *cost))
        income = (self.stands.penalty_income_fen, self.tried.penalty_income_fen)
        found.append(_row("money", "penalty_income_fen", None, *income))
        found.append(_row("bureau", "overdue loan-months", None, self.stands.bureau_entries, self.tried.bureau_entries))
        return found

    def otherwise(self) -> pl.DataFrame:
        """Who would be treated otherwise: borrower (`number`), kind (`do`), how often as it `stands` and as `tried`.

        Two texts fewer and nothing else: one row, 5 and 3. Those who change most come first.
        """
        stands = self.stands.by_borrower().rename({"times": "stands"})
        both = stands.join(
            self.tried.by_borrower().rename({"times": "tried"}), on=["number", "do"], how="full", coalesce=True
        ).with_columns(pl.col("stands", "tried").fill_null(0))
        changed = both.filter(pl.col("stands") != pl.col("tried"))
        most = (pl.col("tried") - pl.col("stands")).abs()
        return changed.sort(most, "number", "do", descending=[True, False, False])


def _row(what: str, name: str, was: int | None, stands: int, tried: int) -> dict[str, Any]:
    return {"what": what, "name": name, "was": was, "stands": stands, "tried": tried, "change": tried - stands}


@dataclass(frozen=True, slots=True)
class TrialAsked:
    """One replay: the ladder as YAML text or a name per jurisdiction, the grace and the pack to go by instead."""

    ladder: str | None = None
    grace_days: int | None = None
    pack: str | None = None


def try_ladder(
    store: Store,
    first: int,
    last: int,
    ladder: str | None = None,
    grace_days: int | None = None,
    pack: str | None = None,
    workers: Workers = 1,
) -> Trial:
    """Replay the days `first … last` as the rules stand and under others.

    `ladder`: YAML text; `grace_days`: days of grace of every product, for fee, penalty and bureau alike; `pack`: the
    contact rules of another place. Positions, holds, promises, consents are those of each evening before, as when a
    day is decided; what follows from actions themselves (STANDS_STILL) keeps its defaults. Raises TrialRefused and
    LadderRefused.
    """
    started = time.monotonic()
    if last < first or last - first >= ROW:
        raise TrialRefused(f"{iso(first)} to {iso(last)} is no span of 1 to {ROW - 1} days")
    if grace_days is not None and not 0 <= grace_days <= 90:
        raise TrialRefused(f"grace of {grace_days} days: give 0 to 90")
    checked = read_ladder(ladder, "ladder on trial") if ladder else None
    asked = TrialAsked(ladder, grace_days, pack)
    with store.connect() as connection:
        was = _was(connection, first, last)
    trial = Trial(iso(first), iso(last), checked.id if checked else "as it stands", was, Tally(), Tally())
    for stands, tried in _parts(store, first, last, asked, workers):
        trial.stands.add(stands)
        trial.tried.add(tried)
    trial.held_still = tuple(sorted(STANDS_STILL & checked.columns)) if checked else ()
    trial.seconds = time.monotonic() - started
    return trial


def _was(connection: psycopg.Connection[Any], first: int, last: int) -> Counter[tuple[str, str]]:
    rows = connection.execute(
        "select kind, body->>'step', count(*) from outbox where decided_on between %s and %s and body ? 'step' "
        "group by 1, 2",
        (iso(first), iso(last)),
    ).fetchall()
    return Counter({(kind, step): count for kind, step, count in rows})


def _parts(store: Store, first: int, last: int, asked: TrialAsked, workers: Workers) -> Iterator[tuple[Tally, Tally]]:
    shards = store.shards()
    count = min(shards, max(PARTS, shards // PARTS))  # a part has at most eight shards
    parts = [(store.url, list(range(k, shards, count)), first, last, asked) for k in range(count)]
    return in_workers(workers, replay_shards, parts)


@dataclass(slots=True)
class _Part:
    """Some shards in memory: the book, and for each loan its borrower's place in `numbers`."""

    book: Book
    owner: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int64]
    contracts: pl.DataFrame
    codes: dict[int, str]
    told: pl.DataFrame
    places: dict[int, Place]
    kinds: tuple[Place, ...]
    """The places there are; `told` has the number of each borrower's as `place`."""
    events: dict[int, list[Event]]
    debits: dict[int, list[Event]]
    """Of those who did more about debits than to sign mandates."""
    mandates: pl.DataFrame
    """Of the others, by `number` and `loan` (none: all loans), the first day `since` on which a debit makes sense."""
    pay_days: dict[int, int]
    scored: pl.DataFrame | None = None
    """By `number` and `day` what models in use had said of borrowers before that day; None: nothing ever."""
    arms: dict[Arms, pl.DataFrame] = field(default_factory=dict)
    fresh: bool = False
    """No day was decided before the first one tried: who is late on it begins by the start rule."""


def replay_shards(url: str, shards: list[int], first: int, last: int, asked: TrialAsked) -> tuple[Tally, Tally]:
    """Replay some shards as the rules stand and as asked. One borrower is in one shard only."""
    with Store(url).connect() as connection, reader_kept(url) as reader:
        ladders = ladders_of(connection, _today(connection, last))
        switched = setting(connection, Setting.HOLD_OUT)
        part = _read(connection, reader, shards, last)
        part.scored = _scored(connection, part.told, first, last)
        decided = connection.execute(
            "select exists (select from decided where decided_on < %s)", (iso(first),)
        ).fetchone()
        part.fresh = not (decided and decided[0])
    if not len(part.book):
        return Tally(), Tally()
    stands = _replay(part, part.book, ladders, first, last, None)
    stands.penalty_income_fen = _penalty_income(part.book, first, last)
    if asked == TrialAsked():
        return stands, stands
    book = part.book if asked.grace_days is None else _with_grace(part.book, asked.grace_days)
    tried = ladders
    if asked.ladder:
        other = read_ladder(asked.ladder, "ladder on trial")
        tried = {ANY: other.with_hold_out(share_of(switched, other.id))}
    beside = _replay(part, book, tried, first, last, asked.pack)
    same = book is part.book
    beside.penalty_income_fen = stands.penalty_income_fen if same else _penalty_income(book, first, last)
    return stands, beside


def _today(connection: psycopg.Connection[Any], last: int) -> int:
    """The day whose ladders stand now: that after the last one closed, or the last of the days tried."""
    closed = last_closed(connection)
    return last if closed is None else max(last, number_of(closed) + 1)


def _with_grace(book: Book, days: int) -> Book:
    terms = book.products.copy()
    for name in ("grace_fee_days", "grace_penalty_days", "grace_bureau_days"):
        terms[name] = days
    return replace(book, products=terms)


def _read(connection: psycopg.Connection[Any], reader: adbc.Connection, shards: list[int], last: int) -> _Part:
    terms = products(connection)
    table = product_table(terms)
    books = []
    for shard in shards:
        fold(connection, reader, shard)
        connection.commit()
        books.append(read_shard(connection, reader, shard, table))
    book = joined(books)
    contracts = pl.concat(
        [
            pl.DataFrame(
                fetch(reader, f"select loan, borrower, reference from contract where shard = {s} order by loan")
            ).filter(pl.col("loan").is_in(b.contracts["loan"].tolist()))
            for s, b in zip(shards, books, strict=True)
        ]
    )
    numbers, owner = np.unique(contracts["borrower"].to_numpy(), return_inverse=True)
    told, places, pay_days = borrowers_told(connection, numbers.tolist())
    kinds = [kind for kind in EVENT_KINDS if kind not in LINE_KINDS]
    events = events_by_borrower(connection, numbers.tolist(), last, kinds)
    codes = {number: t.code for number, t in terms.items()}
    mandates, tried = _mandates(reader, numbers.tolist(), last)
    debits = debits_told(connection, tried, date_of(last + 1)) if tried else {}
    where, told = _with_place(told, places)
    return _Part(
        book, owner.astype(np.int64), numbers, contracts, codes, told, places, where, events, debits, mandates, pay_days
    )


def _with_place(told: pl.DataFrame, places: Mapping[int, Place]) -> tuple[tuple[Place, ...], pl.DataFrame]:
    """The places there are, and the frame of borrowers with the number of each one's as `place`.

    `borrowers_told` shares a place among all of whom the same is told: it is looked for by what it is once.
    """
    shared = {id(place): place for place in places.values()}
    kinds = tuple(dict.fromkeys(shared.values()))
    code = {key: kinds.index(place) for key, place in shared.items()}
    theirs = pl.Series("place", [code[id(places[number])] for number in told["borrower"].to_list()], pl.Int32)
    return kinds, told.with_columns(theirs)


def _mandates(reader: adbc.Connection, borrowers: list[int], last: int) -> tuple[pl.DataFrame, list[int]]:
    """Since when each mandate of who did no more than sign them is known and stands; and who did more.

    As long as nothing was tried and nothing taken back, a debit under it makes sense on each day on which one of its
    loans owes something (`strategy.debit.next_try`).
    """
    kinds = ",".join(DEBIT_KINDS)
    rows = pl.DataFrame(
        fetch(
            reader,
            f"select e.borrower as number, e.kind = '{MandateSigned.KIND}' as signed, e.loan, "
            "greatest(e.on_day, e.known_on + 1) - date '1970-01-01' as since from event e "
            f"where e.borrower = any('{as_array(borrowers)}'::bigint[]) and e.kind = any('{{{kinds}}}') "
            f"and e.known_on <= '{iso(last)}'",
        )
    )
    more = rows.filter(~pl.col("signed"))["number"].unique()
    plain = rows.filter(~pl.col("number").is_in(more.implode())).drop("signed")
    return plain.with_columns(pl.col("since").cast(pl.Int64)), sorted(more.to_list())


SCORED = ("score_band", "score_by", "not_cured_ppm", "rolls_ppm")


def _scored(connection: psycopg.Connection[Any], told: pl.DataFrame, first: int, last: int) -> pl.DataFrame | None:
    """The columns of scores as each day's decision had them: by the models in use then, of the days before it."""
    found = []
    for day in range(first, last + 1):
        frame = with_scores(connection, told, day)
        if frame is told:
            continue
        said = frame.filter(pl.col("score_by").str.starts_with("model") | pl.any_horizontal(
            pl.col("not_cured_ppm").is_not_null(), pl.col("rolls_ppm").is_not_null()
        ))  # fmt: skip
        found.append(said.select(pl.col("borrower").alias("number"), pl.lit(day, pl.Int64).alias("day"), *SCORED))
    return pl.concat(found) if found else None


def _replay(part: _Part, book: Book, ladders: dict[str, Ladder], first: int, last: int, pack: str | None) -> Tally:
    """Day by day for whom something may happen, month by month through the ladder."""
    tally = Tally()
    seen_before = _Eve(first, part.fresh)
    horizon = max(ladder.horizon for ladder in ladders.values())
    wake = np.maximum(book.contracts["signed_on"].astype(np.int64), first)
    odd = _odd(book)
    most = most_trifles(part.numbers, part.places)[part.owner]
    for start in range(first, last + 1, MONTH):
        stop = min(start + MONTH - 1, last)
        seen = []
        for day in range(start, stop + 1):
            rows = _reckon_awake(part, book, wake, odd, day, horizon)
            if rows is not None:
                tally.loan_days += len(rows[0])
                if date.fromordinal(day + 719164).day == 1:  # a month ends
                    tally.bureau_entries += int((rows[1]["grace_days_past_due"] > 0).sum())
                seen.append(_frame_of(part, book, *rows, most, day, start))
        if seen:
            _tally_month(part, book, ladders, pl.concat(seen), start, pack, tally, seen_before)
    return tally


def _penalty_income(book: Book, first: int, last: int) -> int:
    """Penalty income of the days, in minor units."""
    before, after = (reckon_book(book, d, d)["penalty_income_fen"].sum() for d in (first - 1, last))
    return int(after - before)


def _frame_of(
    part: _Part,
    book: Book,
    loans: npt.NDArray[np.int64],
    positions: Records,
    most: npt.NDArray[np.int64],
    day: int,
    start: int,
) -> pl.DataFrame:
    """The loans of a day as rows of a month's frame, made while the day's positions are still in the core's cache.

    `positions` are written over; `most`: what each loan of the book may lack and count as paid; `start`: the first of
    the month's days.
    """
    keys = part.numbers[part.owner[loans]] * ROW + (day - start)
    of_product = book.contracts["product"][loans].astype(np.int64)
    seen = without_trifles(positions, most[loans], written_over=True)
    return loan_frame(seen, keys, book.products, of_product, day).with_columns(day=pl.lit(day, pl.Int64))


def _odd(book: Book) -> npt.NDArray[np.bool_]:
    """Loans that may fall into arrears between due dates: a fact was taken back, something was charged or changed."""
    plain = np.isin(book.facts["kind"], (int(FactKind.DISBURSED), int(FactKind.REPAID))) & (
        book.facts["gone_on"] == NEVER
    )
    odd = np.zeros(len(book), bool)
    of = np.repeat(np.arange(len(book)), np.diff(book.fact_at))
    odd[of[~plain]] = True
    return odd


Awake = tuple[npt.NDArray[np.int64], Records]


def _reckon_awake(
    part: _Part, book: Book, wake: npt.NDArray[np.int64], odd: npt.NDArray[np.bool_], day: int, horizon: int
) -> Awake | None:
    """All loans of the borrowers of whom one is awake, reckoned; a loan sleeps until shortly before it is due."""
    awake = np.zeros(len(part.numbers), bool)
    awake[part.owner[wake <= day]] = True
    loans = np.flatnonzero(awake[part.owner] & (book.contracts["signed_on"] < day))
    if not len(loans):
        return None
    positions = reckon_book(some_loans(book, loans), day, day - 1)
    busy = (positions["oldest_unpaid_on"] < NEVER) | (positions["due_today_fen"].sum(axis=1) > 0) | odd[loans]
    unpaid = positions["disbursed_fen"] == 0
    ended = positions["state"] == int(State.PAID_OFF)
    ahead = np.maximum(positions["next_due_on"] - horizon, day + 1)
    wake[loans] = np.where(busy | unpaid, day + 1, np.where(ended, NEVER, ahead))
    wake[loans[ended & ~odd[loans]]] = NEVER
    return loans, positions


@dataclass(slots=True)
class _Eve:
    """The evening before each day: how far the ladders were worked then. Every day of a trial counts as decided."""

    first: int
    fresh: bool
    waiting: set[Waiting] = field(default_factory=set)
    counts: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"loan": pl.Int64, "day": pl.Int64, "was": pl.Int64})
    )

    def reached(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of loans by day with `reached`, as `close.worked.reached` says it."""
        counts = rows.select("loan", (pl.col("day") + 1).alias("day"), pl.col("days_past_due").alias("was"))
        rows = rows.join(pl.concat([self.counts, counts]), on=["loan", "day"], how="left", maintain_order="left")
        self.counts = counts.filter(pl.col("day") == counts["day"].max())
        on_first = 0 if self.fresh else pl.col("days_past_due") - 1
        was = pl.when(pl.col("day") == self.first).then(on_first).otherwise(pl.col("was").fill_null(0))
        return rows.with_columns(reached=pl.min_horizontal(was, pl.col("days_past_due") - 1)).drop("was")

    def started(self, frame: pl.DataFrame, ladder: Ladder) -> pl.DataFrame:
        """How each borrower of a day stands to the start rule, as `close.worked.with_reached` says it."""
        start = [NO_START] * len(frame)
        begins = [0] * len(frame)
        late = (pl.col("days_past_due") > pl.col("day") - self.first) & (pl.col("day") <= self.first + LONGEST_START)
        rows = frame.with_row_index("at").filter(late) if self.fresh else frame.clear().with_row_index("at")
        for at, day, reference in rows.select("at", "day", "reference").iter_rows():
            on = begins[at] = start_day(ladder, reference, self.first)
            if on > day:
                start[at] = BEGINS_TO_WAIT if day == self.first else WAITS
            elif on == day:
                start[at] = STARTS
        frame = frame.with_columns(pl.Series("start", start, pl.Int64), pl.Series("starts_on", begins, pl.Int64))
        return frame.with_columns(reached=pl.when(pl.col("start") == STARTS).then(0).otherwise("reached"))


def _with_reached(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    odd = (pl.col("days_past_due") > 0) & (pl.col("reached") != pl.col("days_past_due") - 1)
    own = rows.group_by("borrower").agg(pl.col("reached").max(), odd.any().alias("loans_unsteady"))
    frame = frame.join(own, on="borrower", how="left", maintain_order="left")
    return frame.with_columns(
        gap=pl.lit(1, pl.Int64), reached=pl.min_horizontal(pl.col("reached"), pl.col("days_past_due") - 1)
    )


def _tally_month(
    part: _Part,
    book: Book,
    ladders: dict[str, Ladder],
    rows: pl.DataFrame,
    start: int,
    pack: str | None,
    tally: Tally,
    eve: _Eve,
) -> None:
    if not len(rows):
        return
    rows = eve.reached(rows)
    wanted = any("products" in ladder.columns for ladder in ladders.values())
    frame = of_borrowers(rows, part.codes if wanted else None).with_columns(
        number=pl.col("borrower") // ROW, day=pl.col("borrower") % ROW + start
    )
    told, standings, held, again, out = _told(part, frame, ladders, eve.first if eve.fresh else None)
    frame = frame.join(part.told.rename({"borrower": "number"}), on="number", how="left", maintain_order="left")
    if part.scored is not None:
        frame = frame.join(part.scored, on=["number", "day"], how="left", maintain_order="left", suffix="_said")
        said = {name: pl.coalesce(f"{name}_said", name) for name in ("score_band", "score_by")}
        frame = frame.with_columns(**said).drop("score_band_said", "score_by_said")
    frame = _with_reached(whole_frame(frame, told), rows)
    frame = frame.with_columns(
        reopened=pl.col("borrower").is_in(list(again)),
        debit_today=pl.col("borrower").is_in(_debits_make_sense(part, rows)),
    )
    buckets = starts_of(book.products["buckets"].tolist())
    waiting: set[Waiting] = set()
    for jurisdiction in frame["jurisdiction"].unique().sort():
        ladder = ladders.get(jurisdiction) or ladders[ANY]
        mine = frame.filter(pl.col("jurisdiction") == jurisdiction)
        mine = mine.join(_arms(part, ladder, mine), on="number", how="left", maintain_order="left")
        mine = eve.started(mine, ladder)
        before = frozenset(eve.waiting)
        days_tried = TrialDays(mine, rows, part.kinds, standings, held, again, out, buckets, before)
        found = tally_days(ladder, days_tried, pack)
        waiting |= found.waiting
        tally.add(found)
    eve.waiting = waiting


def _debits_make_sense(part: _Part, rows: pl.DataFrame) -> list[int]:
    """The keys (borrower and day) on which the pack's next try under a mandate is that day or was before it.

    Attempts are those that were made: another ladder's own tries would have had answers that nobody knows.
    """
    owing = rows.filter(pl.col("arrears_fen") + pl.col("due_today_fen") > 0).select(
        "borrower", "loan", "day", "days_past_due", (pl.col("borrower") // ROW).alias("number")
    )
    of_all, of_one = (part.mandates.filter(pl.col("loan").is_null() == whole) for whole in (True, False))
    stands = pl.col("since") <= pl.col("day")
    under = owing.join(of_all.select("number", "since"), on="number").filter(stands)["borrower"]
    of_loan = owing.join(of_one, on=["number", "loan"]).filter(stands)["borrower"]
    ready = pl.concat([under, of_loan]).unique().to_list()
    owing = owing.filter(pl.col("number").is_in(list(part.debits))).join(
        part.contracts.select("loan", "reference"), on="loan", how="left"
    )
    late: dict[tuple[int, int, int], dict[str, int]] = {}
    for key, number, day, reference, days in owing.select(
        "borrower", "number", "day", "reference", "days_past_due"
    ).iter_rows():
        late.setdefault((key, number, day), {})[reference] = days
    folded: dict[tuple[int, int], MandateStanding] = {}
    for (key, number, day), loans in late.items():
        told = [e for e in part.debits[number] if number_of(e.known_on) < day]
        if (number, len(told)) not in folded:  # what is known only grows: as much of it is the same of it
            folded[number, len(told)] = fold_events(told)
        standing = folded[number, len(told)]
        then = next_debit(standing, part.places[number], loans, part.pay_days.get(number), day)
        if then.on is not None and number_of(then.on) <= day:
            ready.append(key)
    return ready


def _arms(part: _Part, ladder: Ladder, rows: pl.DataFrame) -> pl.DataFrame:
    """The arms of the borrowers that are looked at: a digest each, worked out once."""
    known = part.arms.get(ladder.arms, pl.DataFrame(schema={"number": pl.Int64, "arm": pl.String}))
    new = rows.select("number", "reference").unique("number").join(known, on="number", how="anti")
    arms = pl.Series("arm", arms_of(ladder.arms, new["reference"]), pl.String)
    part.arms[ladder.arms] = pl.concat([known, new.select("number", arms)])
    return part.arms[ladder.arms]


Told = tuple[
    pl.DataFrame | None,
    dict[int, ContactStanding],
    dict[int, list[Held]],
    dict[int, list[Reopened]],
    dict[int, list[StepLeftOut]],
]


def _told(part: _Part, frame: pl.DataFrame, ladders: dict[str, Ladder], untouched: int | None) -> Told:
    """What events said on each evening, for the borrowers of whom there are any. Standing: as it was at the end.

    `untouched`: the day before which no day was decided.
    """
    rows = []
    standings: dict[int, ContactStanding] = {}
    held: dict[int, list[Held]] = {}
    again: dict[int, list[Reopened]] = {}
    out: dict[int, list[StepLeftOut]] = {}
    wanted = frame.filter(pl.col("number").is_in(list(part.events))).select("borrower", "number", "day")
    money = money_of(part.events, part.book, part.contracts)
    alike = steps_alike(ladders.values())
    eves: dict[int, HeldOn] = {}
    for key, number, day in wanted.iter_rows():
        known = [e for e in part.events[number] if number_of(e.known_on) < day]
        if not known:
            continue
        place = part.places[number]
        columns, standing, own = columns_of(key, known, money.get(number, []), place, day, line_of(known, date_of(day)))
        rows.append(columns)
        if standing is not None:
            standings[number] = standing
        if own:
            held[key] = own
        if number not in eves:
            eves[number] = HeldOn(part.events[number], partial(holds_of, money=money.get(number, [])), place)
        eves[number].known[day] = stopped(own)  # what the next day asks of this one
        before = () if day == untouched else (day - 1,)
        if found := let_go(alike, eves[number], own, DaysWorked(before, (ALL_LOANS,) * len(before))):
            again[key] = found
        if said := [e for e in known if isinstance(e, StepLeftOut)]:
            out[key] = said
    return (pl.DataFrame(rows, infer_schema_length=None) if rows else None), standings, held, again, out
