"""Lessons and limits out of the store: chosen or answered for one borrower, told as facts, measured over all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from afterloan.counting import counted
from afterloan.dates import date_of, day, iso
from afterloan.enquiry.way_back import Drawn, stand_in
from afterloan.expected import BadInput
from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.facts.events import Event
from afterloan.facts.hold import HOLD_KINDS
from afterloan.facts.limit import LINE_KINDS, LimitRestored
from afterloan.facts.rebuilding import (
    ConductShared,
    LessonChecked,
    LessonGiven,
    LimitAnswered,
    LimitApplied,
    RoadMapDrawn,
)
from afterloan.loan.book import Book, Records, part, taken
from afterloan.loan.reckon import reckon_book
from afterloan.loan.suppose import alone
from afterloan.rebuilding.lessons import Effect, arm_of, chosen, effect, filled, happened, lessons, numbers
from afterloan.rebuilding.restoration import Conduct, RestorationAnswer, automatic, on_application
from afterloan.rebuilding.standing import line_on
from afterloan.risk.spells import Spells, kept_since, spells_of
from afterloan.store.contacts import defaults_of
from afterloan.store.events import events_of, events_of_many, tell
from afterloan.store.ids import as_array
from afterloan.store.limits import LOST
from afterloan.store.loans import ALL_OF_THESE, loans_now
from afterloan.store.outbox import put_findings
from afterloan.store.rebuilding import Person, told_of
from afterloan.store.relief import event_named
from afterloan.store.scores import latest_scores
from afterloan.store.server import Store
from afterloan.strategy.holds import held_on, stopped
from afterloan.strategy.places import place_of

Connection = psycopg.Connection[Any]


def band_of(connection: Connection, person: Person, on: int) -> tuple[str, str]:
    """The score band for decisions about the line, and whose it is: `limit`, else `early_warning`, else imported."""
    by = latest_scores(connection, [person.number], date_of(on), ("limit", "early_warning")).get(person.number, {})
    for purpose in ("limit", "early_warning"):
        if purpose in by:
            return by[purpose].band, f"model {by[purpose].sha256[:12]} for {purpose}, scored on {by[purpose].on}"
    band = str(person.attributes.get("score_band") or "")
    return band, "imported with the borrower" if band else ""


def conduct_of(connection: Connection, person: Person, on: int) -> Conduct:
    """What restoration asks about, over all loans of a borrower."""
    now = reckon_book(person.book, on, on)
    band, by = band_of(connection, person, on)
    behaved = _behaved(person.book, now, spells_of(person.book, on, on, now), np.arange(len(person.book)), on)
    return replace(behaved, band=band, band_by=by)


def _behaved(book: Book, now: Records, spells: Spells, rows: npt.NDArray[np.int64], on: int) -> Conduct:
    """What the loans (`rows` of a book) of one borrower say of them on a day, without a score and without holds."""
    late = bool((now["days_past_due"][rows] > 0).any())
    cured = int(spells.cured_on[rows].max(initial=0))
    payments = sum(kept_since(book, int(i), cured, on, on).in_time for i in rows)
    worst = int(spells.worst_before[rows][spells.cured_on[rows].argmax()]) if cured else 0
    first = int(book.contracts["signed_on"][rows].min()) if len(rows) else on
    lost = bool(np.isin(now["state"][rows], LOST).any())
    return Conduct(date_of(on), None if late else date_of(cured or first), payments, worst, lost=lost)


def apply_for_limit(
    connection: Connection, person: Person, wanted_fen: int, on: int, reference: str
) -> RestorationAnswer:
    """Take an application for the limit and answer it: restored in a step, or refused with reasons and a day."""
    stood = stand_in(connection, person, on)
    line = line_on(stood.events, date_of(on))
    shared = [e for e in stood.events if isinstance(e, ConductShared)]
    before = [e.on for e in stood.events if isinstance(e, LimitAnswered) and not e.granted]
    holds = tuple(s.code for s in stood.things if s.what == "hold" and s.code != "plan_running")
    conduct = conduct_of(connection, person, on)
    answer = on_application(line, replace(conduct, stops=holds), wanted_fen, shared, max(before, default=None))
    base: dict[str, Any] = {"borrower": person.reference, "on": date_of(on), "known_on": date_of(on)}
    known = tell(connection, LimitApplied(reference=reference, wanted_fen=wanted_fen, **base)).known
    if known:
        raise FactRefused("reference", reference, "was answered before", "see `afterloan standing`")
    tell(
        connection,
        LimitAnswered(
            reference=f"{reference}/answer", of=reference, granted=answer.granted, after_fen=answer.after_fen,
            reasons=answer.reasons, ask_again_on=answer.ask_again_on, rule=answer.rule, **base,
        ),
    )  # fmt: skip
    if answer.granted:
        _restore(connection, answer, line.limit_fen, f"{reference}/restored", base)
    put_findings(connection, [(person.number, None, "limit", f) for f in answer.findings])
    return answer


def _restore(
    connection: psycopg.Connection[Any], answer: RestorationAnswer, before: int, reference: str, base: dict[str, Any]
) -> None:
    by = Who.rule(answer.rule).name
    told: dict[str, Any] = {"before_fen": before, "after_fen": answer.after_fen, "rule": answer.rule}
    tell(connection, LimitRestored(reference=reference, by=by, reason="conditions met", **told, **base))


def restore_in(connection: psycopg.Connection[Any], person: Person, on: int, reference: str) -> RestorationAnswer:
    """Let the automatic rule end a freeze, if it does so on this day, in the caller's transaction.

    The one rule that ends a freeze unasked. A hold that keeps rules from a line keeps this one from it too, and so does
    one under which nobody lends: a line given back to who may not draw on it would be told as news and be none.
    """
    then = date_of(on)
    events = events_of(connection, person.reference, RESTORED_BY, then, then)
    line = line_on(events, then)
    conduct = replace(conduct_of(connection, person, on), stops=_stops(events, then, person.jurisdiction))
    answer = automatic(line, conduct, person.jurisdiction)
    if answer.granted:
        base = {"borrower": person.reference, "on": date_of(on), "known_on": date_of(on)}
        _restore(connection, answer, line.limit_fen, reference, base)
        put_findings(connection, [(person.number, None, "limit", f) for f in answer.findings])
    return answer


RESTORED_BY = (*LINE_KINDS, *HOLD_KINDS)
"""Kinds of events by which the automatic rule judges whether a freeze ends."""


def _stops(events: Sequence[Event], on: date, jurisdiction: str) -> tuple[str, ...]:
    """The hold that keeps the automatic rule from a line, if one does."""
    stops = stopped(held_on(events, on, jurisdiction))
    held = stops.get("limit") or stops.get("borrowing")
    return (held.hold,) if held else ()


OWNERS = (
    "select b.borrower, b.clear, c.loan from borrower b left join contract c on c.borrower = b.borrower "
    "where b.borrower = any(%s::bigint[]) order by c.loan"
)


def may_be_restored(connection: Connection, borrowers: Sequence[int], on: int) -> set[int]:
    """Of some borrowers (store numbers) those whose freeze the automatic rule may end today, asked for all at once.

    All that the rule asks but for the score, which only refuses more: of the others `restore_in` would restore nobody.
    A line is looked at every night for as long as it is frozen, and nearly always something is still overdue.
    """
    then, place = date_of(on), defaults_of(connection)
    attributes: dict[int, dict[str, Any]] = {}
    owner: dict[int, int] = {}
    for number, clear, loan in connection.execute(OWNERS, (as_array(borrowers),)).fetchall():
        attributes[number] = clear or {}
        if loan is not None:
            owner[loan] = number
    told = events_of_many(connection, borrowers, RESTORED_BY, then)
    book = loans_now(connection, ALL_OF_THESE, {"of": sorted(owner)})
    now = reckon_book(book, on, on)
    owners = np.array([owner[loan] for loan in book.contracts["loan"].tolist()], np.int64)
    late = set(owners[now["days_past_due"] > 0].tolist())
    clean = np.flatnonzero(~np.isin(owners, list(late)))
    few, theirs, positions = part(book, clean), owners[clean], taken(now, clean)
    spells = spells_of(few, on, on, positions)
    found = set()
    for number in sorted(set(borrowers) - late):
        events, where = told.get(number, []), place_of(attributes[number], place).jurisdiction
        conduct = _behaved(few, positions, spells, np.flatnonzero(theirs == number), on)
        conduct = replace(conduct, stops=_stops(events, then, where))
        if automatic(line_on(events, then), conduct, where).granted:
            found.add(number)
    return found


@dataclass(frozen=True, slots=True)
class Given:
    """A lesson for a borrower: its text and question in the language, or held out (nothing is shown)."""

    lesson: str
    because: str
    arm: str
    text: str
    question: str
    answers: tuple[str, ...]


def give_lesson(
    connection: Connection, person: Person, loan: str, on: int, reference: str, language: str
) -> Given | None:
    """Choose the lesson for what just happened on a loan, fill it, and keep that it was given (or held out)."""
    i = person.row(loan)
    because = happened(person.book, i, on, on)
    before = [e.lesson for e in told_of(connection, person, on) if isinstance(e, LessonGiven)]
    lesson = chosen(because, before)
    if lesson is None:
        return None
    told = numbers(person.book, i, on)
    arm = arm_of(lesson.name, person.reference)
    tell(
        connection,
        LessonGiven(borrower=person.reference, loan=loan, on=date_of(on), known_on=date_of(on), reference=reference,
                    lesson=lesson.name, because=because, arm=arm, numbers=told),  # type: ignore[arg-type]
    )  # fmt: skip
    words = language.split("-")[0] if language.split("-")[0] in lesson.text else "en"
    return Given(
        lesson.name, because, arm, filled(lesson, words, told), lesson.question[words].format_map(told),
        tuple(a.format_map(told) for a in lesson.answers[words]),
    )  # fmt: skip


def check_lesson(connection: Connection, of: str, answer: int, on: int, reference: str) -> bool:
    """Keep the answer to a lesson's question; returns whether it was right."""
    given: LessonGiven = event_named(connection, of, LessonGiven)
    lesson = lessons()[given.lesson]
    if not 0 <= answer < len(lesson.answers["en"]):
        raise FactRefused("answer", answer, "no such answer", f"give 0 to {len(lesson.answers['en']) - 1}", "unknown")
    right = answer == lesson.right
    tell(connection, LessonChecked(borrower=given.borrower, loan=given.loan, on=date_of(on), known_on=date_of(on),
                                   reference=reference, of=of, answer=answer, right=right))  # fmt: skip
    return right


def keep_map(connection: Connection, person: Person, drawn: Drawn, way: str, reference: str) -> None:
    """Keep the way that the borrower chose, so that later maps can mark its milestones."""
    chosen_way = next((w for w in drawn.ways if w.name == way), None)
    if chosen_way is None:
        names = ", ".join(w.name for w in drawn.ways)
        raise FactRefused("way", way, "no such way in this map", f"there are: {names}", "unknown")
    base = alone(person.book, person.row(drawn.loan), drawn.on)
    on = date_of(drawn.on)
    tell(
        connection,
        RoadMapDrawn(
            borrower=person.reference, loan=drawn.loan, on=on, known_on=on, reference=reference, way=way,
            repaid_fen=int(reckon_book(base, drawn.on)["repaid_fen"][0]),
            milestones=tuple(m.plain() for m in chosen_way.milestones),
        ),
    )  # fmt: skip


def measure_lesson(store: Store, lesson: str, on: int, after_days: int = 60) -> Effect:
    """The effect of a lesson: the share with nothing overdue `after_days` after it, shown against held out."""
    from afterloan.store.connect import reader_to
    from afterloan.store.ids import one_of
    from afterloan.store.read import read_loans

    sql = (
        "select e.loan, e.on_day::text, e.body->>'arm' from event e where e.kind = %s and e.body->>'lesson' = %s "
        "and e.on_day <= %s and e.loan is not null"
    )
    with store.connect() as connection:
        rows = connection.execute(sql, (LessonGiven.KIND, lesson, date_of(on - after_days))).fetchall()
        if not rows:
            raise BadInput(f"lesson {lesson}: none was given {counted(after_days, 'day')} before {iso(on)}; wait")
        with reader_to(store.url) as reader:
            book = read_loans(connection, reader, one_of("c.loan", (r[0] for r in rows)))
    place = {int(n): k for k, n in enumerate(book.contracts["loan"])}
    good: dict[str, list[int]] = {"shown": [0, 0], "held_out": [0, 0]}
    for look in sorted({r[1] for r in rows}):
        then = reckon_book(book, day(look) + after_days, on)
        mine = [(place[int(n)], arm) for n, told, arm in rows if told == look]
        for k, arm in mine:
            good[arm][0] += int(then["days_past_due"][k] == 0)
            good[arm][1] += 1
    assert np.sum([g[1] for g in good.values()]) == len(rows)
    return effect(*good["shown"], *good["held_out"])
