"""Lessons and limits out of the store: chosen or answered for one borrower, told as facts, measured over all."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psycopg

from afterloan.counting import counted
from afterloan.dates import date_of, day, iso
from afterloan.enquiry.way_back import Drawn, stand_in
from afterloan.expected import BadInput
from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.facts.limit import LimitRestored
from afterloan.facts.rebuilding import (
    ConductShared,
    LessonChecked,
    LessonGiven,
    LimitAnswered,
    LimitApplied,
    RoadMapDrawn,
)
from afterloan.loan.reckon import reckon_book
from afterloan.loan.suppose import alone
from afterloan.rebuilding.lessons import Effect, arm_of, chosen, effect, filled, happened, lessons, numbers
from afterloan.rebuilding.restoration import Conduct, RestorationAnswer, automatic, on_application
from afterloan.rebuilding.standing import line_on
from afterloan.risk.spells import kept_since, spells_of
from afterloan.store.events import tell
from afterloan.store.limits import LOST
from afterloan.store.outbox import put_findings
from afterloan.store.rebuilding import Person, told_of
from afterloan.store.relief import event_named
from afterloan.store.scores import latest_scores
from afterloan.store.server import Store
from afterloan.strategy.holds import held_on, stopped

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
    spells = spells_of(person.book, on, on, now)
    late = bool((now["days_past_due"] > 0).any())
    cured = int(spells.cured_on.max(initial=0))
    payments = sum(kept_since(person.book, i, cured, on, on).in_time for i in range(len(person.book)))
    at = int(spells.cured_on.argmax()) if len(person.book) else 0
    worst = int(spells.worst_before[at]) if cured else 0
    first = int(person.book.contracts["signed_on"].min()) if len(person.book) else on
    band, by = band_of(connection, person, on)
    lost = bool(np.isin(now["state"], LOST).any())
    return Conduct(date_of(on), None if late else date_of(cured or first), payments, worst, band, by, lost=lost)


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
    events = told_of(connection, person, on)
    line = line_on(events, date_of(on))
    stops = stopped(held_on(events, date_of(on), person.jurisdiction))
    held = stops.get("limit") or stops.get("borrowing")
    conduct = replace(conduct_of(connection, person, on), stops=(held.hold,) if held else ())
    answer = automatic(line, conduct, person.jurisdiction)
    if answer.granted:
        base = {"borrower": person.reference, "on": date_of(on), "known_on": date_of(on)}
        _restore(connection, answer, line.limit_fen, reference, base)
        put_findings(connection, [(person.number, None, "limit", f) for f in answer.findings])
    return answer


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
