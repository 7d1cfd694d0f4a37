"""Ladders as data: the ordered steps by day, read from YAML and checked before anything uses them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from functools import cache, cached_property
from importlib import resources
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from afterloan.counting import counted
from afterloan.expected import ExpectedFailure
from afterloan.facts.outbox import OUTBOX, LimitWords
from afterloan.strategy.conditions import ConditionRefused, condition
from afterloan.strategy.segments import CHAMPION, Arms
from afterloan.texts import OURS

MESSAGES = ("message.sms", "message.email", "message.push", "message.chat", "message.letter", "message.webhook")
LIMITS = ("limit.freeze", "limit.reduce", "limit.restrict")
ACTIONS = (*MESSAGES, "debit.attempt", *LIMITS, "worklist", "agency.place", "bureau.notice", "legal.propose",
           "charge_off.propose")  # fmt: skip
PURPOSES = ("reminder", "collection", "service", "legal_notice")
REST = "rest"
"""The segment of those that no other one took."""


class LadderRefused(ExpectedFailure, ValueError):
    """A ladder that cannot be used: `FILE:LINE: what is wrong; what to write`."""


def words_of(do: str, words: dict[str, Any]) -> BaseModel:
    """The further words of a step as the record of what it does; those of messages are values of their text.

    Raises ValueError naming the word that means nothing there.
    """
    record = LimitWords if do in LIMITS else OUTBOX[do].body
    told = words if do in LIMITS else {"with": words}
    if do in MESSAGES or do == "bureau.notice":
        told |= {"template": "-"}
    elif do == "worklist":
        told |= {"queue": "-"}
    try:
        return record.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}; {do} does not know it") from error


class LadderDays(BaseModel):
    """Days from … to …, every so many."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    first: Annotated[int, Field(alias="from", ge=1, le=3_700)]
    last: Annotated[int, Field(alias="to", ge=1, le=3_700)]
    every: Annotated[int, Field(ge=1, le=366)] = 1

    @model_validator(mode="after")
    def _in_order(self) -> "LadderDays":
        if self.last < self.first:
            raise ValueError(f"to {self.last} is before from {self.first}")
        return self


class LadderStep(BaseModel):
    """One step: on which days, for whom, what is done.

    `day`: −3 is three days before the nearest instalment, 0 its day, 1 the first day past due of the loan longest
    overdue. `bucket: 2` is the first day of M2, with `every: 7` also each seventh day after. `clock: loan` counts
    each loan for itself (a charge-off) instead of the longest overdue; `clock: grace` counts from the last day of the
    product's grace: 0 is that day, 1 the first day after it. `always`: also for the hold-out, because
    the law wants it. `arms`: only for these (`champion` or a challenger's name). `kind`: of late steps of one kind
    only the newest is done; unless told, the purpose of a reminder or a collection message, else the action.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    do: str
    day: int | tuple[int, ...] | LadderDays | None = None
    bucket: Annotated[int, Field(ge=1, le=8)] | None = None
    every: Annotated[int, Field(ge=1, le=366)] | None = None
    clock: Literal["borrower", "loan", "grace"] = "borrower"
    when: str | bool | None = None
    segment: tuple[str, ...] | str | None = None
    arms: tuple[str, ...] | str | None = None
    always: bool = False
    template: str | None = None
    purpose: str | None = None
    kind: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,60}$")] | None = None
    queue: str | None = None
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "09:30"
    words: dict[str, Any] = Field(default_factory=dict, alias="with")

    @model_validator(mode="after")
    def _makes_sense(self) -> "LadderStep":
        if self.do not in ACTIONS:
            near = get_close_matches(self.do, ACTIONS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(ACTIONS)}"
            raise ValueError(f"no action {self.do!r}; {hint}")
        if (self.day is None) == (self.bucket is None):
            raise ValueError("a step has either a day or a bucket")
        if self.every is not None and self.bucket is None:
            raise ValueError("every goes with a bucket; for days write day: {from: …, to: …, every: …}")
        if self.do in MESSAGES and not self.template:
            raise ValueError(f"{self.do} needs a template")
        if self.do == "worklist" and not self.queue:
            raise ValueError("worklist needs a queue")
        if self.purpose is not None and self.purpose not in PURPOSES:
            raise ValueError(f"no purpose {self.purpose!r}; there are: {', '.join(PURPOSES)}")
        words_of(self.do, self.words)
        if any(d > 3_700 or d < -31 for d in self.days):
            raise ValueError("days run from -31 to 3700")
        if self.before_due and any(d > 0 for d in self.days):
            raise ValueError("days up to 0 and days past due are two steps")
        if self.before_due and self.clock == "loan":
            raise ValueError("clock: loan is for days past due")
        if self.clock == "grace" and self.bucket is not None:
            raise ValueError("clock: grace goes with a day, not with a bucket")
        return self

    def __hash__(self) -> int:
        """By its name: the words that travel with it are a dict."""
        return hash((self.id, self.do))

    @cached_property
    def days(self) -> Sequence[int]:
        """The days as numbers, empty for a bucket."""
        if self.day is None:
            return ()
        if isinstance(self.day, LadderDays):
            return range(self.day.first, self.day.last + 1, self.day.every)
        return self.day if isinstance(self.day, tuple) else (self.day,)

    @cached_property
    def before_due(self) -> bool:
        """Whether it counts to the due date instead of from it."""
        return bool(self.days) and min(self.days) <= 0 and self.clock != "grace"

    @cached_property
    def for_all(self) -> bool:
        """Whether it has neither a condition nor a segment."""
        return self.when is None and self.segment is None

    @cached_property
    def first_day(self) -> int:
        """The first of its days; 0 for a bucket."""
        return min(self.days, default=0)

    @cached_property
    def each_day(self) -> bool:
        """Whether it stands on every day of a span, so that a day left out says nothing."""
        return isinstance(self.day, LadderDays) and self.day.every == 1

    @cached_property
    def of_kind(self) -> str:
        """What it is one of: of late steps of one kind only the newest is done."""
        if self.kind is not None:
            return self.kind
        if self.do not in MESSAGES:
            return self.id if self.do in LIMITS else self.do
        return self.why if self.why in ("reminder", "collection") else f"{self.why}.{self.template}"

    @cached_property
    def why(self) -> str:
        """The purpose of a contact under this step."""
        return self.purpose or ("reminder" if self.before_due else "collection")

    @cached_property
    def counts_to_due(self) -> str:
        """The column by which a step before the due date counts.

        A message is of loans on which nothing is past due: who is months late is not reminded of the instalment of
        the same loan that is due in three days, what is overdue is asked for instead. A debit is tried all the same.
        """
        return "days_to_due_in_time" if self.do in MESSAGES else "days_to_due"

    @cached_property
    def stands(self) -> tuple[int, ...]:
        """The days, up to 0 as days to the due date; no array, since steps are compared field by field."""
        return tuple(-d for d in self.days) if self.before_due else tuple(self.days)

    def on_its_day(self, rows: Callable[[str], npt.NDArray[np.int64]]) -> npt.NDArray[np.bool_]:
        """Which rows (borrowers or loans) stand on one of the step's days; `rows`: a column of them by its name."""
        if self.before_due:
            return np.isin(rows(self.counts_to_due), self.stands)
        late = rows("days_past_due")
        if self.bucket is not None:
            since = late - rows("bucket_first_day")
            turn = since == 0 if self.every is None else since % self.every == 0
            return np.asarray((rows("bucket") == self.bucket) & turn)
        return (late > 0) & np.isin(late - rows("grace_days") if self.clock == "grace" else late, self.stands)


class _Segment(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    when: str | bool


class _Challenger(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    permille: Annotated[int, Field(ge=1, le=999)]


class _Trial(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    salt: str = ""
    hold_out_permille: Annotated[int, Field(ge=0, le=500)] = 0
    challengers: tuple[_Challenger, ...] = ()


class LadderStart(BaseModel):
    """How a borrower begins who was late before the ladder first looked at the loan: a book taken over.

    `once`: the actions of which the newest step is done now (`worklist`, `message`, `bureau.notice` …; all unless
    told); other steps whose day went by count as done. `over_days`: the borrowers begin spread over so many days.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    once: tuple[str, ...] | None = None
    over_days: Annotated[int, Field(ge=1, le=31)] = 1

    @model_validator(mode="after")
    def _known(self) -> "LadderStart":
        for name in self.once or ():
            if name not in ACTIONS and not any(action.startswith(name + ".") for action in ACTIONS):
                raise ValueError(f"no action {name!r}; there are: {', '.join(ACTIONS)}")
        return self


class _ToldLadder(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    title: dict[str, str] = Field(default_factory=dict)
    jurisdiction: str
    status: str
    confidence: str
    source: str
    effective_from: date
    arms: _Trial = _Trial()
    start: LadderStart = LadderStart()
    segments: tuple[_Segment, ...] = ()
    steps: tuple[LadderStep, ...] = Field(min_length=1, max_length=400)


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder that was checked: its conditions are expressions over the documented columns."""

    id: str
    jurisdiction: str
    arms: Arms
    steps: tuple[LadderStep, ...]
    conditions: tuple[pl.Expr, ...]
    """For each step: its condition and its segments (the days are `Step.on_its_day`)."""
    segment: pl.Expr
    title: dict[str, str] = field(default_factory=dict)
    start: LadderStart = field(default_factory=LadderStart)
    of_segment: tuple[pl.Expr, ...] = ()
    """For each step: whether a borrower is in one of its segments, whatever its condition says."""
    reminders: tuple[tuple[int, LadderStep], ...] = field(init=False)
    """The steps before a due date, each with its place."""
    columns: frozenset[str] = field(init=False)
    """The columns that its conditions and segments speak of."""
    tables: dict[Any, tuple[Sequence[int], ...]] = field(init=False, compare=False, repr=False)
    """The days of its steps by days of grace and first days of buckets, as far as they were asked for
    (`catch_up.days_of`)."""

    def __post_init__(self) -> None:
        """What is asked of it for each borrower, or each shard, is found once."""
        object.__setattr__(self, "reminders", tuple((k, s) for k, s in enumerate(self.steps) if s.before_due))
        names = set(self.segment.meta.root_names())
        for expression in self.conditions:
            names.update(expression.meta.root_names())
        object.__setattr__(self, "columns", frozenset(names))
        object.__setattr__(self, "tables", {})

    def with_hold_out(self, permille: int) -> "Ladder":
        """The ladder with a hold-out of so many per mille: the YAML's own share is only a proposal."""
        if permille == self.arms.hold_out_permille:
            return self
        return replace(self, arms=replace(self.arms, hold_out_permille=permille))

    @property
    def horizon(self) -> int:
        """How many days before a due date its first step stands."""
        return max((-min(s.days) for s in self.steps if s.before_due), default=0)


Lines = dict[tuple[Any, ...], int]
MOST_PARTS = 50_000
"""Names, values and lists of a ladder's text; 400 steps with all there is to say have some 20,000."""


def _plain(node: yaml.Node, path: tuple[Any, ...], lines: Lines) -> Any:
    """A YAML node as plain values; `lines` learns where each stands."""
    lines[path] = node.start_mark.line + 1
    if len(lines) > MOST_PARTS:  # nine lines of aliases to aliases unfold to a thousand million
        raise LadderRefused(f"{lines[path]}: unfolds to more than {counted(MOST_PARTS, 'part')}; write the steps out")
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key, value in node.value:
            name = key.value
            if name in found:
                raise LadderRefused(f"{key.start_mark.line + 1}: {name} is there twice; leave one")
            lines[(*path, name)] = key.start_mark.line + 1
            found[name] = _plain(value, (*path, name), lines)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value, (*path, k), lines) for k, value in enumerate(node.value)]
    # YAML 1.1 reads on, off, yes, no as truth and 10:30 as 630; here they are the words that stand there
    worded = node.tag == "tag:yaml.org,2002:bool" and node.value.lower() not in ("true", "false")
    if worded or (node.tag == "tag:yaml.org,2002:int" and ":" in node.value):
        return node.value
    return yaml.SafeLoader("").construct_object(node)


def _line(lines: Lines, path: tuple[Any, ...]) -> int:
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path, 1)


@cache
def template_names() -> frozenset[str]:
    """The names of the templates that come with afterloan."""
    place = resources.files("afterloan.rules").joinpath("packs", "templates")
    files = [f for f in place.iterdir() if f.name.endswith(".yaml") and f.name != "values.yaml"]
    return frozenset(str(t["id"]) for f in files for t in yaml.load(f.read_text(encoding="utf-8"), Loader=OURS))


def sound_ladder(text: str, where: str) -> Ladder:
    """A ladder that may be used: it is read, and its messages have templates. Raises LadderRefused with the line."""
    ladder = read_ladder(text, where)
    lines: Lines = {}
    node = yaml.compose(text, yaml.SafeLoader)
    assert node is not None, "it was read before"
    _plain(node, (), lines)
    for k, step in enumerate(ladder.steps):
        if step.template is not None and step.template not in template_names():
            near = get_close_matches(step.template, template_names(), 1)
            hint = f"did you mean {near[0]!r}?" if near else "`afterloan template list` shows them"
            raise LadderRefused(
                f"{where}:{_line(lines, ('steps', k, 'template'))}: no template {step.template!r}; {hint}"
            )
    return ladder


def read_ladder(text: str, where: str, loader: Any = yaml.SafeLoader) -> Ladder:
    """A ladder out of YAML. Raises LadderRefused: `FILE:LINE:`, what is wrong, what to write.

    `loader`: `OURS` for a ladder that comes with afterloan.
    """
    lines: Lines = {}
    try:
        node = yaml.compose(text, loader)
        if node is None:
            raise LadderRefused("1: the file is empty; `afterloan ladder list` shows ladders to begin from")
        if not isinstance(node, yaml.MappingNode):
            raise LadderRefused("1: is no ladder; write `id: …`, `steps: …` and so on, each on its line")
        told = _ToldLadder.model_validate(_plain(node, (), lines))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LadderRefused(f"{where}:{line}: not YAML: {error.problem}") from error
    except LadderRefused as error:
        raise LadderRefused(f"{where}:{error}") from error
    except ValidationError as error:
        raise LadderRefused(f"{where}:{_said(error, lines)}") from error
    except RecursionError as error:
        raise LadderRefused(f"{where}:1: is nested too deep; write the steps as a plain list") from error
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        # a sign that no YAML has, a day or number that cannot be: PyYAML tells no line for them
        raise LadderRefused(f"{where}:1: not YAML: {' '.join(str(error).split())}") from error
    return _checked(told, lines, where)


def _said(error: ValidationError, lines: Lines) -> str:
    first = max(error.errors(), key=lambda e: _depth(e["loc"], lines))
    path = tuple(first["loc"])
    name = next((p for p in reversed(path) if isinstance(p, str)), "file")
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        models = (LadderStep, _ToldLadder, LadderStart)
        known = [*(name for model in models for name in model.model_fields), "with", "from", "to", "every"]
        near = get_close_matches(str(name), known, 1)
        message = f"no such word {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        return f"{_line(lines, path)}: {message}"
    step = f"step {int(path[1]) + 1}: " if path[:1] == ("steps",) and len(path) > 1 else ""
    told = message if first["type"] == "value_error" else f"{name}: {message}"
    return f"{_line(lines, path)}: {step}{told}"


def _depth(path: tuple[Any, ...], lines: Lines) -> int:
    return len(path) if path in lines else 0


def _compiled(text: str | bool | None, where: str, line: int) -> pl.Expr:
    if text is None:
        return pl.lit(True)
    try:
        return condition(str(text).lower() if isinstance(text, bool) else text)
    except ConditionRefused as error:
        raise LadderRefused(f"{where}:{line}: {error}") from error


def _checked(told: _ToldLadder, lines: Lines, where: str) -> Ladder:
    names = _unique(told, lines, where)
    segment = pl.lit(REST)
    for k in reversed(range(len(told.segments))):
        wanted = _compiled(told.segments[k].when, where, _line(lines, ("segments", k, "when")))
        segment = pl.when(wanted).then(pl.lit(told.segments[k].id)).otherwise(segment)
    conditions, of_segment = [], []
    for k, step in enumerate(told.steps):
        expression = _compiled(step.when, where, _line(lines, ("steps", k, "when")))
        if step.segment is not None:
            wanted_segments = [step.segment] if isinstance(step.segment, str) else list(step.segment)
            for name in wanted_segments:
                if name not in names:
                    place = _line(lines, ("steps", k, "segment"))
                    raise LadderRefused(f"{where}:{place}: no segment {name!r}; there are: {', '.join(names)}")
            of_segment.append(pl.col("segment").is_in(wanted_segments))
        else:
            of_segment.append(pl.lit(True))
        conditions.append((expression & of_segment[-1]).fill_null(False))
    arms = Arms(
        told.arms.salt or told.id,
        told.arms.hold_out_permille,
        tuple((c.name, c.permille) for c in told.arms.challengers),
    )
    _arms_known(told, lines, where)
    parts = (tuple(conditions), segment, told.title, told.start, tuple(of_segment))
    return Ladder(told.id, told.jurisdiction, arms, told.steps, *parts)


def _unique(told: _ToldLadder, lines: Lines, where: str) -> list[str]:
    """The segments' names; steps and segments have names of their own."""
    for part, ids in (("steps", [s.id for s in told.steps]), ("segments", [s.id for s in told.segments])):
        for k, name in enumerate(ids):
            if name in ids[:k]:
                raise LadderRefused(f"{where}:{_line(lines, (part, k, 'id'))}: {name!r} is there twice; rename one")
    return [*(s.id for s in told.segments), REST]


def _arms_known(told: _ToldLadder, lines: Lines, where: str) -> None:
    names = [CHAMPION, *(c.name for c in told.arms.challengers)]
    shares = told.arms.hold_out_permille + sum(c.permille for c in told.arms.challengers)
    if shares >= 1_000:
        raise LadderRefused(f"{where}:{_line(lines, ('arms',))}: shares come to {shares} per mille; nothing is left")
    for k, step in enumerate(told.steps):
        for name in wanted_arms(step) or ():
            if name not in names:
                place = _line(lines, ("steps", k, "arms"))
                raise LadderRefused(f"{where}:{place}: no arm {name!r}; there are: {', '.join(names)}")


def wanted_arms(step: LadderStep) -> tuple[str, ...] | None:
    """The arms a step is for; None: all."""
    if step.arms is None:
        return None
    return (step.arms,) if isinstance(step.arms, str) else step.arms


@cache
def builtin_ladders() -> dict[str, Ladder]:
    """The ladders that come with afterloan, by name."""
    found: dict[str, Ladder] = {}
    place = resources.files("afterloan.rules").joinpath("packs", "ladders")
    for file in sorted(place.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            ladder = read_ladder(file.read_text(encoding="utf-8"), f"ladders/{file.name}", OURS)
            found[ladder.id] = ladder
    return found


def standing_on(
    ladder: Ladder, borrowers: pl.DataFrame, loans: pl.DataFrame
) -> list[tuple[LadderStep, npt.NDArray[np.int64]]]:
    """For each step the places of the rows of `borrowers` (columns of SCHEMA and `borrower`) that stand on its day.

    They ascend; places, as the frame is wide and a borrower stands on several steps.

    `loans` has `borrower`, `days_past_due`, `bucket`, `bucket_first_day` a loan; a step by loan takes the borrowers
    of whom some loan stands on its day. Steps without rows are left out.
    """
    if not len(borrowers):
        return []
    of_borrowers, of_loans = _columns(borrowers), _columns(loans)
    on_day: dict[str, npt.NDArray[np.bool_]] = {}
    for step in ladder.steps:
        if step.clock != "loan":
            on_day[step.id] = step.on_its_day(of_borrowers)
        elif (of_loan := step.on_its_day(of_loans)).any():
            on_day[step.id] = np.isin(of_borrowers("borrower"), of_loans("borrower")[of_loan])
    told = borrowers.with_columns(segment=ladder.segment)
    asked = [
        c.alias(s.id)
        for s, c in zip(ladder.steps, ladder.conditions, strict=True)
        if not s.for_all and s.id in on_day and on_day[s.id].any()
    ]  # conditions are costly for few rows: only those are asked whose day it is of somebody
    hit = told.select(asked)
    found = []
    for step in ladder.steps:
        if step.id in on_day:
            at = np.flatnonzero(
                on_day[step.id] & hit[step.id].to_numpy() if step.id in hit.columns else on_day[step.id]
            )
            if len(at):
                found.append((step, at))
    return found


def _columns(frame: pl.DataFrame) -> Callable[[str], npt.NDArray[np.int64]]:
    """The columns of a frame as arrays, each made once."""
    return cache(lambda name: frame[name].to_numpy())


def conditions_of(ladder: Ladder, borrowers: pl.DataFrame) -> list[list[tuple[bool, bool]]]:
    """For each row and step, whatever the day: whether its condition and segment hold, and whether its segment does."""
    told = borrowers.with_columns(segment=ladder.segment)
    tests = [c.alias(f"step {s.id}") for s, c in zip(ladder.steps, ladder.conditions, strict=True)]
    tests += [c.alias(f"segment of {s.id}") for s, c in zip(ladder.steps, ladder.of_segment, strict=True)]
    n = len(ladder.steps)
    rows = told.select("borrower", *tests).drop("borrower").rows()
    return [list(zip(row[:n], row[n:], strict=True)) for row in rows]
