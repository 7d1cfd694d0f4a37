"""Message templates: dated versions in two languages, filled with known values, closed by the lines that a place asks.

A template is YAML under `rules/packs/templates`; which values exist and of what kind is in `values.yaml` there; what
must or must never stand in a text is in `rules/packs/lines`. Nothing here knows a borrower: values in, text out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import jinja2
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from afterloan.counting import agreeing, counted
from afterloan.expected import ExpectedFailure
from afterloan.rules.packs import PackRefused, Rule, in_force, rules_of
from afterloan.sending.value_words import in_words
from afterloan.texts import OURS

LANGUAGES = ("zh-CN", "en")
SHORT = ("sms", "chat")
"""Channels that take a template's short text where it has one; the inbox has room for all of it."""
ENGINE = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
REASON = re.compile(r"^(\d+) days? past due, (\d+) minor units overdue$")


class TemplateRefused(ExpectedFailure, ValueError):
    """A text that cannot be made: which template, which value, what to write."""


class Words(BaseModel):
    """A template in one language. `subject` is seen on locked screens: it tells of no debt; `heading`: of a letter."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    subject: str
    text: str
    short: str | None = None
    heading: str | None = None


class Template(BaseModel):
    """One version of a message. `needs`: values without which it is refused; `tells_debt`: whether it reveals one."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")]
    version: Annotated[int, Field(ge=1)]
    effective_from: date
    title: dict[str, str]
    purpose: Literal["reminder", "collection", "service", "legal_notice", "locate", "access"]
    needs: tuple[str, ...] = ()
    tells_debt: bool = True
    jurisdictions: tuple[str, ...] = ()
    words: dict[str, Words]


@dataclass(frozen=True, slots=True)
class Text:
    """What is sent: the words, the lines that the law asks (`lines`, in order), and what made them."""

    template: str
    version: int
    language: str
    subject: str
    heading: str
    body: str
    lines: tuple[str, ...]
    tells_debt: bool
    rules: tuple[str, ...]

    def whole(self, joint: str = "\n") -> str:
        """Body and lines together."""
        return joint.join((self.body, *self.lines))


@cache
def _files() -> dict[str, str]:
    place = resources.files("afterloan.rules") / "packs" / "templates"
    return {f.name: f.read_text(encoding="utf-8") for f in place.iterdir() if f.name.endswith(".yaml")}


@cache
def vocabulary() -> dict[str, str]:
    """Every value that a text may use, and its kind: money, date, count, text, texts."""
    told = yaml.load(_files()["values.yaml"], Loader=OURS)
    return {name: kind for name, kind in told.items()}


@cache
def templates() -> dict[str, tuple[Template, ...]]:
    """Every template by name, its versions from new to old. Raises PackRefused naming file, template and field."""
    found: dict[str, list[Template]] = {}
    for name, text in sorted(_files().items()):
        if name != "values.yaml":
            for template in read_templates(text, f"templates/{name}"):
                found.setdefault(template.id, []).append(template)
    return {
        name: tuple(sorted(versions, key=lambda t: (t.effective_from, t.version), reverse=True))
        for name, versions in sorted(found.items())
    }


def read_templates(text: str, where: str) -> list[Template]:
    """The templates of one YAML text. Raises PackRefused naming file, template and field."""
    try:
        told = yaml.load(text, Loader=OURS)
    except yaml.YAMLError as error:
        raise PackRefused(f"{where}: not YAML: {error}") from error
    found = []
    for entry in told:
        name = entry.get("id", "?") if isinstance(entry, dict) else "?"
        try:
            template = Template.model_validate(entry)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise PackRefused(f"{where}: template {name}: {place}: {first['msg']}") from error
        problems = check(template)
        if problems:
            raise PackRefused(f"{where}: {problems[0]}")
        found.append(template)
    return found


def template_of(name: str, on: date, version: int | None = None) -> Template:
    """The version of a template that is in use on a day, or the version named. Raises TemplateRefused."""
    versions = templates().get(name)
    if versions is None:
        raise TemplateRefused(f"template {name!r}: no such template; there are: {', '.join(templates())}")
    fitting = [t for t in versions if (t.version == version if version else t.effective_from <= on)]
    if not fitting:
        raise TemplateRefused(f"template {name!r}: no version {version or f'in use on {on}'}")
    return fitting[0]


# -- values -----------------------------------------------------------------------------------------------------


def language_of(wanted: str) -> str:
    """The catalogue for a language tag: `zh`, `zh-Hans-CN` read zh-CN; every other language reads en."""
    return "zh-CN" if wanted.lower().startswith("zh") else "en"


def money_text(fen: int, language: str, currency: str) -> str:
    """Minor units as text: 123456 CNY is `1,234.56元` in Chinese, `CNY 1,234.56` in English."""
    sign = "-" if fen < 0 else ""
    whole, cents = divmod(abs(fen), 100)
    amount = f"{sign}{whole:,}.{cents:02d}"
    if language == "zh-CN":
        return amount + {"CNY": "元", "USD": "美元"}.get(currency, " " + currency)
    return f"{ {'USD': '$'}.get(currency, currency + ' ') }{amount}"


MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip


def date_text(on: date, language: str) -> str:
    """A day as text: 2026-03-10 is `2026年3月10日`, `10 March 2026`."""
    if language == "zh-CN":
        return f"{on.year}年{on.month}月{on.day}日"
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def _reason_text(told: str, language: str, currency: str) -> str:
    """A reason in the decision's own words, in the borrower's language."""
    found = REASON.match(told)
    if not found:
        return told
    days, owed = int(found[1]), money_text(int(found[2]), language, currency)
    return (
        f"逾期{days}天，逾期金额{owed}" if language == "zh-CN" else f"{counted(days, 'day')} past due, {owed} overdue"
    )


def _shown(name: str, kind: str, value: Any, language: str, currency: str) -> str:
    """A value as the reader sees it. Raises TemplateRefused when it is not of its kind."""
    if kind == "money" and isinstance(value, int):
        return money_text(value, language, currency)
    if kind == "date" and isinstance(value, str | date):
        try:
            return date_text(value if isinstance(value, date) else date.fromisoformat(value), language)
        except ValueError:
            pass
    if kind == "count" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if kind == "text" and isinstance(value, str):
        return in_words(name, value, language)
    if kind == "texts" and isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        joint = "、" if language == "zh-CN" else ", "
        return (joint if name == "loans" else "；" if language == "zh-CN" else "; ").join(
            _reason_text(v, language, currency) for v in value
        )
    raise TemplateRefused(f"value {name}: {value!r} is no {kind}; see rules/packs/templates/values.yaml")


class _Missing:
    """A value that was not given: false where a text asks, refused by name where it is printed."""

    def __init__(self, template: str, name: str) -> None:
        self.template, self.name = template, name

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        raise TemplateRefused(f"template {self.template}: value {self.name}: missing; give it")


@cache
def _nothing(template: str) -> Mapping[str, Any]:
    both = [(name, shown) for name in vocabulary() for shown in (name, name.removesuffix("_fen"))]
    return {shown: _Missing(template, name) for name, shown in both}


def _filled(template: Template, values: Mapping[str, Any], language: str, lender: Mapping[str, Any]) -> dict[str, Any]:
    """What the words may use: `amount_fen` as it is and `amount` as shown; None counts as not given."""
    known, currency = vocabulary(), str(values.get("currency") or lender["currency"])
    for name in values:
        if name not in known:
            raise TemplateRefused(f"template {template.id}: value {name}: means nothing; see values.yaml")
    given = {name: value for name, value in values.items() if value is not None}
    for name in template.needs:
        if name not in given:
            raise TemplateRefused(f"template {template.id}: value {name}: missing; give it")
    told = dict(_nothing(template.id))
    for name, value in given.items():
        told[name.removesuffix("_fen")] = _shown(name, known[name], value, language, currency)
        if name.endswith("_fen"):
            told[name] = value
    return told | {name: lender_text(lender, name, language) for name in ("phone", "opt_out")} | {
        "lender": lender_text(lender, "name", language),
        "lender_address": lender_text(lender, "address", language),
    }  # fmt: skip


def lender_text(lender: Mapping[str, Any], name: str, language: str) -> str:
    """A field of the lender in a language (a field may be one text for all)."""
    told = lender.get(name, "")
    return str(told.get(language) or next(iter(told.values()), "") if isinstance(told, dict) else told)


def letterhead(lender: Mapping[str, Any], language: str) -> dict[str, str]:
    """The lender as letters name it: `name`, `address`, and `contact`, its phone."""
    named = {"name": "name", "address": "address", "contact": "phone"}
    return {ours: lender_text(lender, name, language) for ours, name in named.items()}


# -- lines of law -----------------------------------------------------------------------------------------------


@cache
def lines_for(
    jurisdiction: str, on: date, channel: str, purpose: str, lender_type: str | None = None
) -> tuple[tuple[Rule, dict[str, str]], ...]:
    """The lines that must stand in a message of a channel and purpose at a place, in the order of the pack.

    A line of some lender types stands only for a lender who says to be one: it would be untrue of others.
    """
    every = [r for r in rules_of("lines") if "line" in r.parameters]
    binding = in_force(every, "ANY", on, lender_type) + in_force(every, jurisdiction, on, lender_type)
    replaced = {r.supersedes for r in binding}
    found = [
        r
        for r in binding
        if r.id not in replaced
        and (not r.lender_types or lender_type in r.lender_types)
        and (not r.channels or channel in r.channels)
        and purpose in r.parameters.get("purposes", (purpose,))
    ]
    order = {r.id: k for k, r in enumerate(every)}
    return tuple((r, r.parameters["line"]) for r in sorted(found, key=lambda r: order[r.id]))


@cache
def _compiled(source: str) -> jinja2.Template:
    return ENGINE.from_string(source.strip("\n"))


def render(
    template: Template,
    language: str,
    values: Mapping[str, Any],
    lender: Mapping[str, Any],
    *,
    channel: str = "email",
    jurisdiction: str = "CN",
    on: date,
    purpose: str | None = None,
    lender_type: str | None = None,
) -> Text:
    """The text of a message. Raises TemplateRefused naming template and value.

    `render(template_of("overdue-friendly", on), "zh", {"amount_fen": 51234, …}, LENDER, on=on)`.
    """
    tongue = language_of(language)
    told = _filled(template, values, tongue, lender)
    words = template.words[tongue]
    body = words.short if channel in SHORT and words.short else words.text
    found = lines_for(jurisdiction, on, channel, purpose or template.purpose, lender_type)
    try:
        first = [_compiled(line[tongue]).render(told) for r, line in found if r.parameters.get("first")]
        last = [_compiled(line[tongue]).render(told) for r, line in found if not r.parameters.get("first")]
        made = "".join(first) + agreeing(_compiled(body).render(told))
        subject = _compiled(words.subject).render(told)
    except jinja2.UndefinedError as error:
        raise TemplateRefused(f"template {template.id}: {error.message}") from error
    names = tuple(r.id for r, _ in found)
    heading = _compiled(words.heading).render(told) if words.heading else subject
    return Text(template.id, template.version, tongue, subject, heading, made, tuple(last), template.tells_debt, names)


# -- checks -----------------------------------------------------------------------------------------------------


def forbidden() -> dict[str, Sequence[str]]:
    """Words that may not stand: `never` (shame, threat), `quiet` (tell of a debt), from the pack `lines`."""
    return {r.parameters["words"]: r.parameters["list"] for r in rules_of("lines") if "words" in r.parameters}


def stands(word: str, text: str) -> bool:
    """Whether a word stands in a text: Chinese anywhere, Latin as a whole word, capitals or not."""
    return bool(re.search(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word), text, re.I))


def check(template: Template) -> list[str]:
    """What is wrong with a template, in words; nothing when it may be used."""
    problems: list[str] = []
    bad = forbidden()
    for language in LANGUAGES:
        if language not in template.words:
            problems.append(f"template {template.id}: words: {language} is missing")
            continue
        words = template.words[language]
        for field, text in (("subject", words.subject), ("text", words.text), ("short", words.short or "")):
            where = f"template {template.id}: {language}.{field}"
            problems += _unknown_names(where, text)
            problems += [f"{where}: {w!r} may never stand in a message" for w in bad["never"] if stands(w, text)]
            if field == "subject" or not template.tells_debt:
                problems += [f"{where}: {w!r} tells of a debt" for w in bad["quiet"] if stands(w, text)]
    unknown = [n for n in template.needs if n not in vocabulary()]
    return problems + [f"template {template.id}: needs: {n} means nothing; see values.yaml" for n in unknown]


def _unknown_names(where: str, text: str) -> list[str]:
    from jinja2 import meta

    known = set(vocabulary()) | {n.removesuffix("_fen") for n in vocabulary()}
    known |= {"lender", "lender_address", "phone", "opt_out"}
    try:
        used = meta.find_undeclared_variables(ENGINE.parse(text))
    except jinja2.TemplateSyntaxError as error:
        return [f"{where}: {error.message}"]
    return [f"{where}: {name} means nothing; see values.yaml" for name in sorted(used - known)]


PLACES = ("CN", "US", "EU", "UK", "IN")


def proofread(lender: Mapping[str, Any]) -> list[str]:
    """What is wrong with any template on any channel, at any place, in any language; nothing when all are sound."""
    problems = []
    for versions in templates().values():
        for template in versions:
            problems += check(template)
            for language in LANGUAGES:
                for channel in (*SHORT, "push", "email", "letter", "webhook"):
                    for place in PLACES:
                        problems += _tried(template, language, channel, place, lender)
    return problems


def _tried(template: Template, language: str, channel: str, place: str, lender: Mapping[str, Any]) -> list[str]:
    needed = {k: v for k, v in sample_values(template).items() if k in template.needs}
    for values in (needed, sample_values(template)):
        try:
            on = template.effective_from
            render(template, language, values, lender, channel=channel, jurisdiction=place, on=on)
        except TemplateRefused as refusal:
            return [f"{channel}, {place}, {language}: {refusal}"]
    return []


def sample_values(template: Template) -> dict[str, Any]:
    """Values for a preview: every value that there is, made up and said so."""
    by_kind = {"money": 123456, "count": 3, "texts": ["L1001", "L1002"], "text": "…"}
    told: dict[str, Any] = {name: by_kind.get(kind, "2026-03-10") for name, kind in vocabulary().items()}
    special = {"name": "示例", "caller": "王", "reasons": ["12 days past due, 51234 minor units overdue"],
               "change": "limit.reduced", "currency": "CNY", "bureau": "pboc", "outcome": "corrected",
               "month_end": "2026-03-31"}  # fmt: skip
    return told | {k: v for k, v in special.items() if k in told}
