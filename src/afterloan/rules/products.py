"""A product's terms in words people use, and the record of whole numbers the reckoning reads."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import IntEnum
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from afterloan.expected import ExpectedFailure
from afterloan.loan.terms import (
    MAX_CHARGES,
    MAX_PRINCIPAL_FEN,
    PRODUCT,
    RATE_SCALE,
    Accrual,
    ChargeOf,
    ChargeWhen,
    Component,
    DayCount,
    Direction,
    Early,
    InAdvance,
    Method,
    OnAccelerated,
    PayoffInterest,
    PenaltyStart,
    Per,
    Policy,
    Rounding,
    Shift,
    Timing,
)
from afterloan.texts import TextRefused, utf8_file, yaml_told


class ProductRefused(ExpectedFailure, ValueError):
    """Product terms that cannot be taken: says where, what, and what is allowed."""


def _word(kind: type[IntEnum]) -> Any:
    """A member of an enumeration, told by its name in lower case."""

    def take(value: object) -> object:
        if isinstance(value, kind):
            return value
        names = {member.name.lower(): member for member in kind}
        if str(value).lower() not in names:
            raise ValueError(f"{value!r} is not known here; write one of: {', '.join(names)}")
        return names[str(value).lower()]

    return BeforeValidator(take)


AS_WORD = PlainSerializer(lambda member: member.name.lower(), return_type=str, when_used="json")


def _percent(value: object) -> object:
    if isinstance(value, float):
        raise ValueError(f"{value!r} is a binary fraction; write percent as text, e.g. '{value}'")
    return value


Percent = Annotated[Decimal, BeforeValidator(_percent), Field(ge=0, le=1000)]
Days = Annotated[int, Field(ge=0, le=366)]
Fen = Annotated[int, Field(ge=0, le=MAX_PRINCIPAL_FEN)]


class Grace(BaseModel):
    """Days after due in which payment counts as on time: three separate effects."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    fee_days: Days = 0
    penalty_days: Days = 0
    bureau_days: Days = 0


class Penalty(BaseModel):
    """Penalty interest: contract rate × `multiple`, on overdue principal or on all that is overdue."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    multiple: Decimal = Field(Decimal(0), ge=0, le=10, decimal_places=3)
    start: Annotated[PenaltyStart, _word(PenaltyStart), AS_WORD] = PenaltyStart.RETROACTIVE
    on_interest: bool = False
    on_accelerated: Annotated[OnAccelerated, _word(OnAccelerated), AS_WORD] = OnAccelerated.OVERDUE_ONLY
    """Where a contract says nothing of it, principal called due bears what it bore: contract interest, no penalty."""
    cap_percent_year: Percent = Decimal(0)
    late_fee_fen: Fen = 0


class ChargeTerms(BaseModel):
    """A charge that the product makes: a fee `when` it pays out or with instalments, fixed or a share `of` something.

    A guarantee fee of 0.3 % a month on the original principal: when instalment, of principal, percent 0.3. With the
    first due date only: every 0. `in_annual_rate`: whether the borrower cannot have the credit without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: Mapping[str, str] = Field(default_factory=dict)
    when: Annotated[ChargeWhen, _word(ChargeWhen), AS_WORD]
    of: Annotated[ChargeOf, _word(ChargeOf), AS_WORD] = ChargeOf.FIXED
    amount_fen: Fen = 0
    percent: Annotated[Decimal, BeforeValidator(_percent), Field(ge=0, le=100, decimal_places=5)] = Decimal(0)
    first: Annotated[int, Field(ge=1, le=120)] = 1
    every: Annotated[int, Field(ge=0, le=120)] = 1
    in_annual_rate: bool = True

    @model_validator(mode="after")
    def _one_measure(self) -> "ChargeTerms":
        fixed = self.of == ChargeOf.FIXED
        if fixed and (not self.amount_fen or self.percent):
            raise ValueError("a fixed charge has an amount_fen and no percent; write one of them, or say what it is of")
        if not fixed and (self.amount_fen or not self.percent):
            raise ValueError("a share has a percent and no amount_fen; write one of them, or say of: fixed")
        if self.when == ChargeWhen.PAY_OUT and (self.of == ChargeOf.INSTALMENT or (self.first, self.every) != (1, 1)):
            raise ValueError("at pay-out there is no instalment; leave first and every out, and say of: principal")
        return self

    @property
    def measure(self) -> int:
        """Minor units, or the share on RATE_SCALE."""
        return self.amount_fen if self.of == ChargeOf.FIXED else int(self.percent * RATE_SCALE / 100)


def _order(value: object) -> object:
    """`past_due penalty` lines, or bare components for an order instalment by instalment."""
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 12:
        raise ValueError("an order is a list of 1 to 12 lines such as 'past_due interest' or 'interest'")
    timings = {t.name.lower(): int(t) for t in Timing}
    components = {c.name.lower(): int(c) for c in Component}
    for line in value:
        *timing, component = str(line).split()
        if component not in components or any(t not in timings for t in timing) or len(timing) > 1:
            raise ValueError(
                f"{line!r} is no line of an order; write a timing ({', '.join(timings)}) and a component "
                f"({', '.join(components)}), or the component alone"
            )
    if len({len(str(line).split()) for line in value}) != 1:
        raise ValueError("either all lines of an order name a timing or none does")
    return tuple(str(line) for line in value)


class ProductTerms(BaseModel):
    """One product. Percent are decimal texts per the product's unit of time; money is minor units."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: Mapping[str, str] = Field(default_factory=dict)
    status: Literal["in_force", "announced", "draft", "window_guidance", "expired", "sample"] = "sample"
    source: str = ""
    confidence: Literal["O", "S", "M", "I"] = "M"
    method: Annotated[Method, _word(Method), AS_WORD]
    rate_per: Annotated[Per, _word(Per), AS_WORD]
    day_count: Annotated[DayCount, _word(DayCount), AS_WORD] = DayCount.ACT_365
    accrual: Annotated[Accrual, _word(Accrual), AS_WORD] = Accrual.ACTUAL
    rounding: Annotated[Rounding, _word(Rounding), AS_WORD] = Rounding.HALF_UP
    instalment_multiple_fen: Fen = 0
    shift: Annotated[Shift, _word(Shift), AS_WORD] = Shift.NONE
    shift_interest: bool = True
    calendar: str = ""
    order: Annotated[tuple[str, ...], BeforeValidator(_order)]
    direction: Annotated[Direction, _word(Direction), AS_WORD] = Direction.HORIZONTAL
    in_advance: Annotated[InAdvance, _word(InAdvance), AS_WORD] = InAdvance.NEXT_INSTALMENT
    early: Annotated[Early, _word(Early), AS_WORD] = Early.ADJUST_LAST
    grace: Grace = Grace()
    penalty: Penalty = Penalty(multiple=Decimal(0))
    charges: Annotated[tuple[ChargeTerms, ...], Field(max_length=MAX_CHARGES)] = ()
    past_due_bears_interest: bool = False
    down_payment_percent: Percent = Decimal(0)
    tolerance_fen: Fen = 0
    buckets: Annotated[tuple[int, ...], Field(max_length=8)] = (1, 31, 61, 91, 121, 151, 181)
    payoff_interest: Annotated[PayoffInterest, _word(PayoffInterest), AS_WORD] = PayoffInterest.EARNED
    due_dates_from_signing: bool = False
    policies: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _means_what_it_says(self) -> "ProductTerms":
        """Refuse terms that stand beside each other but cannot both hold. Raises ValueError: what, and the remedy."""
        for why in (*_order_faults(self), *_other_faults(self)):
            raise ValueError(why)
        return self

    def rate(self, percent: Decimal | str) -> int:
        """A percent per the product's unit of time on RATE_SCALE: 0.0456 % is 4,560. Finer than 10^-7 is refused."""
        scaled = Decimal(percent) * RATE_SCALE / 100
        if scaled != scaled.to_integral_value():
            raise ProductRefused(f"rate {percent} %: at most five decimals; round it in the contract first")
        return int(scaled)

    @model_validator(mode="after")
    def _charges_have_rows(self) -> "ProductTerms":
        if self.charges and self.method == Method.IMPORTED:
            raise ValueError("charges of an imported schedule stand in its rows, as fees; leave charges out")
        if len({charge.id for charge in self.charges}) != len(self.charges):
            raise ValueError("two charges have one id; give each a name of its own")
        return self

    def priced(self) -> "ProductTerms":
        """The terms with those charges alone that count in the annual rate."""
        return self.model_copy(update={"charges": tuple(charge for charge in self.charges if charge.in_annual_rate)})

    def record(self, calendars: Mapping[str, int] | None = None) -> np.void:
        """The terms as one PRODUCT record; `calendars` names the rows of the calendar table."""
        product: np.void = np.zeros(1, PRODUCT)[0]
        for field, value in self._plain_fields().items():
            product[field] = value
        product["calendar"] = (calendars or {}).get(self.calendar, -1)
        product["by_timing"] = int(len(self.order[0].split()) == 2)
        product["order"][: len(self.order)] = [_code(line) for line in self.order]
        product["orders"] = len(self.order)
        product["charges"] = len(self.charges)
        for k, charge in enumerate(self.charges):
            product["charge_when"][k], product["charge_of"][k] = charge.when, charge.of
            product["charge_amount"][k] = charge.measure
            product["charge_first"][k], product["charge_every"][k] = charge.first, charge.every
        product["buckets"][: len(self.buckets)] = self.buckets
        return product

    def _plain_fields(self) -> dict[str, int]:
        return {
            "method": self.method,
            "per": self.rate_per,
            "day_count": self.day_count,
            "accrual": self.accrual,
            "rounding": self.rounding,
            "multiple_fen": self.instalment_multiple_fen,
            "shift": self.shift,
            "period_stays": int(not self.shift_interest),
            "direction": self.direction,
            "in_advance": self.in_advance,
            "early": self.early,
            "grace_fee_days": self.grace.fee_days,
            "grace_penalty_days": self.grace.penalty_days,
            "grace_bureau_days": self.grace.bureau_days,
            "penalty_start": self.penalty.start,
            "penalty_permille": int(self.penalty.multiple * 1000),
            "penalty_on_interest": int(self.penalty.on_interest),
            "penalty_accelerated": self.penalty.on_accelerated,
            "cap_rate_year": int(self.penalty.cap_percent_year * RATE_SCALE / 100),
            "late_fee_fen": self.penalty.late_fee_fen,
            "past_due_bears_interest": int(self.past_due_bears_interest),
            "down_payment_permyriad": int(self.down_payment_percent * 100),
            "tolerance_fen": self.tolerance_fen,
            "payoff_interest": self.payoff_interest,
            "from_signing": int(self.due_dates_from_signing),
            "policy": sum(_policy(name) for name in self.policies),
        }


COMPONENTS = tuple(c.name.lower() for c in Component)
ADVANCE = Timing.IN_ADVANCE.name.lower()


def _order_faults(terms: ProductTerms) -> Iterator[str]:
    """What an order says that the waterfall cannot keep: parts left out, lines twice, money ahead before debt."""
    lines = [line.split() for line in terms.order]
    twice = [line for k, line in enumerate(terms.order) if line in terms.order[:k]]
    if twice:
        yield f"order: {twice[0]!r} stands twice; keep its first line"
    timed = len(lines[0]) == 2
    for timing in ("past_due", "due") if timed else ("",):
        named = {line[-1] for line in lines if not timed or line[0] == timing}
        for component in COMPONENTS:
            if component not in named:
                yield (
                    f"order: {f'{timing} {component}'.strip()!r} is left out, so that money would never meet it; "
                    "add a line for it, last if it is to be paid last"
                )
    if not timed:
        if terms.direction == Direction.VERTICAL:
            yield (
                "direction: vertical goes line by line through timings, and this order names none; write the lines as "
                "'past_due interest' …, or take direction horizontal"
            )
        if terms.in_advance != InAdvance.NEXT_INSTALMENT:
            yield (
                "in_advance: an order without timings goes instalment after instalment; write the lines as "
                "'in_advance interest' …, or leave in_advance out"
            )
        return
    timings = [line[0] for line in lines]
    if ADVANCE in timings and set(timings[timings.index(ADVANCE) :]) != {ADVANCE}:
        yield (
            f"order: {terms.order[timings.index(ADVANCE)]!r} stands before debt that is due; money meets instalments "
            "ahead only after it, so put the in_advance lines last"
        )
    if terms.direction == Direction.HORIZONTAL and sum(a != b for a, b in pairwise(timings)) >= len(set(timings)):
        yield (
            "order: horizontal pays all parts of one instalment before the next, so the lines of one timing belong "
            "together; group them by timing, or take direction vertical"
        )
    if terms.direction == Direction.VERTICAL and terms.in_advance in (InAdvance.SPREAD, InAdvance.NEXT_THEN_LAST):
        yield (
            f"in_advance: {terms.in_advance.name.lower()} shares money out by instalment, vertical by line; take "
            "next_instalment or last_instalment, or direction horizontal"
        )


def _other_faults(terms: ProductTerms) -> Iterator[str]:
    """Terms of which one makes the other mean nothing."""
    by_day = terms.accrual == Accrual.ACTUAL
    if terms.past_due_bears_interest and not by_day:
        yield (
            "past_due_bears_interest: interest on the scheduled balance takes no notice of what is past due; take "
            "accrual actual, or leave it out"
        )
    if terms.payoff_interest == PayoffInterest.SCHEDULED and by_day:
        yield (
            "payoff_interest: scheduled interest is owed in full only where interest accrues as scheduled; take "
            "accrual scheduled, or payoff_interest earned"
        )
    if terms.method == Method.IMPORTED and terms.early != Early.ADJUST_LAST:
        yield (
            f"early: {terms.early.name.lower()} sets instalments anew, and imported ones follow no method; take "
            "adjust_last"
        )
    if terms.method == Method.FLAT and terms.early == Early.REDUCE_NUMBER:
        yield (
            "early: reduce_number leaves the last instalments of a flat loan with interest and no principal; take "
            "adjust_last or reduce_instalment"
        )
    stays = terms.payoff_interest == PayoffInterest.SCHEDULED and terms.method != Method.FLAT
    if stays and terms.early != Early.ADJUST_LAST:  # 10,000.00 paid in two parts would end what 10,394.03 ends at once
        yield (
            f"early: {terms.early.name.lower()} gives back interest of days to come, payoff_interest scheduled keeps "
            "all of it; take adjust_last, or payoff_interest earned"
        )
    if not terms.shift_interest and terms.past_due_bears_interest:
        yield (
            "shift_interest: false ends interest before a due date that moved, past_due_bears_interest lets it go on; "
            "take one of them"
        )
    if terms.shift != Shift.NONE and not terms.calendar:
        yield f"shift: {terms.shift.name.lower()} needs to know business days; name a calendar, or take shift none"
    if any(first >= then for first, then in pairwise((0, *terms.buckets))):
        yield "buckets: first days past due must rise from 1 on; sort them and drop equal ones"
    if terms.down_payment_percent > 100:
        yield "down_payment_percent: more than is paid out cannot be due back at once; write at most 100"


def _code(line: str) -> int:
    *timing, component = line.split()
    place = int(Timing[timing[0].upper()]) * 4 if timing else 0
    return place + int(Component[component.upper()])


def _policy(name: str) -> int:
    known = {policy.name.lower(): int(policy) for policy in Policy if policy.name}
    if name not in known:
        raise ProductRefused(f"policy {name!r} is not known; write one of: {', '.join(known)}")
    return known[name]


def read_products(text: str, where: str) -> list[ProductTerms]:
    """The products of one YAML text (a product, or a list of them). Raises ProductRefused: file, product, field."""
    try:
        told = yaml_told(text, where)
    except TextRefused as bad:
        raise ProductRefused(str(bad)) from bad
    products = []
    for entry in told if isinstance(told, list) else [told]:
        try:
            products.append(ProductTerms.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            name = entry.get("code", "?") if isinstance(entry, dict) else "?"
            told_of = f"{where}: product {name}: {place}: " if place else f"{where}: product {name}: "
            raise ProductRefused(told_of + first["msg"].removeprefix("Value error, ")) from error
    return products


def load_products(path: Path) -> list[ProductTerms]:
    """The products of a YAML file. Raises ProductRefused."""
    try:
        text = utf8_file(path)
    except TextRefused as bad:
        raise ProductRefused(str(bad)) from bad
    return read_products(text, str(path))


def builtin() -> dict[str, ProductTerms]:
    """The products that come with afterloan, by code."""
    folder = resources.files("afterloan.rules") / "packs" / "products"
    found: dict[str, ProductTerms] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            for product in read_products(file.read_text(encoding="utf-8"), file.name):
                found[product.code] = product
    return found
