"""Words that depend on a value: queues, holds, tasks, reasons; a value without words is shown plainly."""

import re
from datetime import date, datetime
from typing import Any

from afterloan.desk.words import Catalogue
from afterloan.money import show_amount
from afterloan.strategy.next_acts import NextAct

RULED = re.compile(
    r"(?:within a month )?the contract asks for (\d+) minor units(?: a month)?, (\d+) minor units are affordable"
)
"""The reason of the rule of hardship (`strategy/hardship.py`), also as it was worded before."""


class DeskWords:
    """The words of one language: `t("desk.save")`, and for values `t.queue("early")`."""

    def __init__(self, words: Catalogue) -> None:
        """`words`: the catalogue."""
        self.words = words

    def __call__(self, key: str, **values: Any) -> str:
        """The words of a key."""
        return self.words(key, **values)

    def _value(self, kind: str, value: str) -> str:
        return self.words.words.get(f"desk.{kind}.{value}", value.replace("_", " "))

    def queue(self, name: str) -> str:
        """A queue of cases; a lender's own by its name."""
        return self._value("queue", name)

    def hold(self, name: str) -> str:
        """A hold."""
        return self._value("hold", name)

    def task(self, name: str) -> str:
        """A queue of tasks."""
        return self._value("task", name)

    def column(self, name: str) -> str:
        """A column of a file that is brought in."""
        return self._value("imports.columns", name.replace(".", "_"))

    def verb(self, name: str) -> str:
        """What was proposed."""
        return self._value("verb", name)

    def step(self, name: str) -> str:
        """A step of law or a loss."""
        return self._value("legal.step", name)

    def step_state(self, state: str) -> str:
        """How a step stands, or what came of it."""
        return self._value("legal.state", state)

    def deadline(self, name: str) -> str:
        """A deadline of a step."""
        return self._value("legal.deadline", name)

    def cause(self, name: str) -> str:
        """What began a period of limitation anew."""
        return self._value("legal.cause", name)

    def legal_task(self, what: str) -> str:
        """What the law asks for: `payment order: court answers`, `limitation`."""
        step, _, more = what.partition(": ")
        told = self.step(step.replace(" ", "_"))
        return f"{told}{self('desk.colon')}{self.deadline(more.replace(' ', '_'))}" if more else told

    def debit_reason(self, name: str) -> str:
        """Why a debit did not stand."""
        return self._value("debit_reason", name)

    def hardship_reason(self, why: str) -> str:
        """Why an application was decided: the rule's reason in the page's language, a person's as written."""
        told = RULED.fullmatch(why)
        if told is None:
            return why
        asked, able = (show_amount(int(fen), group=",") for fen in told.groups())
        return self("desk.relief.ruled", asked=asked, able=able)

    def fact(self, kind: str) -> str:
        """What happened to a loan: `repaid`, `bureau.rejected`."""
        return self._value("fact", kind)

    def told_column(self, name: str) -> str:
        """A column that bureaus are told."""
        return self._value("told", name)

    def told_value(self, column: str, value: str) -> str:
        """A value of such a column: amounts as people write them, a dash where there is none."""
        if column.endswith("_fen") or column.startswith("band_"):
            return show_amount(int(value), group=",") if value else "–"
        return value or "–"

    def arm(self, name: str) -> str:
        """An arm of a ladder; a challenger by its own name."""
        return self._value("arm", name)

    def option(self, name: str) -> str:
        """A choice among the steps of a day: `message.sms+worklist`."""
        return " + ".join(
            self._value("channel", one.removeprefix("message."))
            if one.startswith("message.")
            else self._value("risk.choices.action", one)
            for one in name.split("+")
        )

    def trial_row(self, what: str, name: str) -> str:
        """A figure of a trial: what it counts, and of what."""
        kind = self._value("trial.rows", what)
        return f"{kind} {self.words.words.get(f'desk.trial.names.{name}', name)}"

    def news(self, kind: str) -> str:
        """Something that was told since a page was made."""
        return self._value("news", kind)

    def input(self, name: str) -> str:
        """An input of a finding."""
        return self._value("input", name)

    def reason(self, act: NextAct, language: str) -> str:
        """Why an act is among the next ones."""
        return self("desk.reason." + act.reason, **{name: _plain(v) for name, v in act.inputs.items()})

    def blocked(self, act: NextAct, on: date) -> str:
        """Why an act may not be done now, and when again."""
        told = {name: _plain(v) for name, v in act.missing.items()}
        if act.blocked == "held":
            told["hold"] = self.hold(str(act.missing["hold"]))
        words = self(f"desk.blocked.{act.blocked}", **told)
        return f"{words} {self('desk.may.from', at=clock(act.next_at, on))}" if act.next_at else words


def _plain(value: Any) -> str:
    if isinstance(value, int):
        return show_amount(value, group=",") if abs(value) >= 10_000 else str(value)
    return "" if value is None else str(value)


def clock(at: datetime, on: date) -> str:
    """A moment as seen from a day: `18:00` on the day itself, `05-15 08:00` on another."""
    return f"{at:%H:%M}" if at.date() == on else f"{at:%m-%d %H:%M}"
