"""Verbs of the way back: a limit applied for, a road map kept, lessons given and answered."""

from datetime import date
from typing import Any

import psycopg
from pydantic import Field

from afterloan.dates import number_of
from afterloan.enquiry.way_back import draw_in
from afterloan.facts.rebuilding import LessonGiven
from afterloan.servicing import lessons
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.relief import plan_for_map
from afterloan.servicing.verbs import borrower_of_loan
from afterloan.store.rebuilding import person_in
from afterloan.store.relief import event_named


class ApplyForLimit(Asked):
    """`borrower` applies for a limit of `wanted_fen`."""

    borrower: str
    wanted_fen: int = Field(ge=0)


def apply_for_limit(desk: Desk, asked: ApplyForLimit, on: date) -> dict[str, Any]:
    """Restore the limit in a step, or refuse with reasons and the day to ask again on."""
    person = person_in(desk.connection, asked.borrower)
    answer = lessons.apply_for_limit(desk.connection, person, asked.wanted_fen, number_of(on), desk.reference)
    return {
        "borrower": asked.borrower,
        "granted": answer.granted,
        "after_fen": answer.after_fen,
        "reasons": list(answer.reasons),
        "ask_again_on": answer.ask_again_on.isoformat() if answer.ask_again_on else None,
        "rule": answer.rule,
    }


class KeepMap(Asked):
    """The borrower chose `way` on the road map of `loan`."""

    loan: str
    way: str


def keep_map(desk: Desk, asked: KeepMap, on: date) -> dict[str, Any]:
    """Draw the map of the day and keep the way, so that its milestones are marked from now on."""
    connection, today = desk.connection, number_of(on)
    person = person_in(connection, borrower_of_loan(connection, asked.loan))
    drawn = draw_in(connection, person, asked.loan, today, plan_for_map(connection, person, asked.loan, today))
    lessons.keep_map(connection, person, drawn, asked.way, desk.reference)
    return {"loan": asked.loan, "way": asked.way}


class GiveLesson(Asked):
    """The lesson for what just happened on `loan`, in `language` (the borrower's own unless told)."""

    loan: str
    language: str | None = None


def give_lesson(desk: Desk, asked: GiveLesson, on: date) -> dict[str, Any]:
    """Text, question and answers; `lesson` is null where none follows; held out, it is kept and nothing is shown."""
    person = person_in(desk.connection, borrower_of_loan(desk.connection, asked.loan))
    words = asked.language or person.language
    given = lessons.give_lesson(desk.connection, person, asked.loan, number_of(on), desk.reference, words)
    if given is None:
        return {"loan": asked.loan, "lesson": None}
    told: dict[str, Any] = {"loan": asked.loan, "lesson": given.lesson, "because": given.because, "arm": given.arm}
    if given.arm == "held_out":
        return told
    return told | {"text": given.text, "question": given.question, "answers": list(given.answers)}


class CheckLesson(Asked):
    """The answer (its number) to the question of the lesson that was given under `of`."""

    of: str
    answer: int

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """To whom it was given."""
        return [event_named(connection, self.of, LessonGiven).borrower]


def check_lesson(desk: Desk, asked: CheckLesson, on: date) -> dict[str, Any]:
    """Keep the answer; `right` says whether it is."""
    right = lessons.check_lesson(desk.connection, asked.of, asked.answer, number_of(on), desk.reference)
    return {"lesson": asked.of, "right": right}
