"""What is wrong with the form of a Metro 2 record, whoever wrote it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from afterloan.bureau.metro2.layout import BASE, SEGMENTS
from afterloan.bureau.metro2.record import Record, Values
from afterloan.bureau.packs import rule

Identity = Literal["either", "both"]
MONTHS = 24


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong: in which segment and field, what is there, and why it cannot be."""

    segment: str
    field: str
    value: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.segment} {self.field} {self.value!r}: {self.reason}"


def _codes() -> dict[str, Any]:
    return rule("us.metro2.codes").parameters


def check_form(record: Record, identity: Identity = "either") -> list[Wrong]:
    """What is wrong with a record's form; [] for a sound one.

    `identity`: whether a number and a birth date must both be there, or one is enough (what the format asks).
    """
    wrong = [*_required("base", record.base), *_listed("base", record.base), *_base(record.base)]
    wrong += _identity("base", record.base, identity)
    for name, values in record.segments:
        wrong += _required(name, values)
        wrong += _listed(name, values)
        wrong += SEGMENT_RULES.get(name, _nothing)(name, values)
        if name in ("J1", "J2"):
            wrong += _identity(name, values, identity)
    return wrong


def _nothing(name: str, values: Values) -> Iterator[Wrong]:
    yield from ()


def _required(name: str, values: Values) -> Iterator[Wrong]:
    for f in BASE if name == "base" else SEGMENTS[name]:
        if f.required and f.kind in "AD" and not values.get(f.name):
            yield Wrong(name, f.name, values.get(f.name), "is required")
    if name != "base" and values.get("segment_identifier") not in ("", None, name):
        yield Wrong(name, "segment_identifier", values["segment_identifier"], f"is not {name}")


def _listed(name: str, values: Values) -> Iterator[Wrong]:
    """Every field that has a list of codes holds one of them."""
    codes = _codes()
    for field, value in values.items():
        if isinstance(codes.get(field), list) and field != "payment_rating" and value not in codes[field]:
            yield Wrong(name, field, value, "is not a code of its list")


def _base(base: Values) -> Iterator[Wrong]:
    codes = _codes()
    number = str(base.get("identification_number", ""))
    if number and (set(number) <= {"0"} or set(number) <= {"9"}):
        yield Wrong("base", "identification_number", number, "is a filler, not a number")
    duration = str(base.get("terms_duration", ""))
    if duration not in codes["terms_duration_words"] and not duration.isdigit():
        yield Wrong("base", "terms_duration", duration, "is neither LOC, 001, REV nor a number of months")
    yield from _rating(base)
    yield from profile(str(base.get("payment_history_profile", "")))


def _rating(base: Values) -> Iterator[Wrong]:
    codes = _codes()
    rating, status = base.get("payment_rating", ""), base.get("account_status")
    if status in codes["payment_rating_with"]:
        if rating not in codes["payment_rating"]:
            yield Wrong("base", "payment_rating", rating, f"status {status} needs one of {codes['payment_rating']}")
    elif rating:
        yield Wrong("base", "payment_rating", rating, f"must be blank with status {status}")


def profile(text: str) -> Iterator[Wrong]:
    """A payment history profile: 24 codes, newest left, `B` nowhere but at the end."""
    name = "payment_history_profile"
    text = text.ljust(MONTHS) if len(text) and set(text) <= {" "} else text
    if len(text) != MONTHS:
        yield Wrong("base", name, text, f"has {len(text)} months, not {MONTHS}")
    if set(text) - set(_codes()["payment_history"]):
        yield Wrong("base", name, text, f"holds {''.join(sorted(set(text) - set(_codes()['payment_history'])))!r}")
    if "B" in text.rstrip("B"):
        yield Wrong("base", name, text, "has a B inside: no history before is only at the end")


def _identity(name: str, values: Values, identity: Identity) -> Iterator[Wrong]:
    missing = [f for f in ("social_security_number", "date_birth") if not values.get(f)]
    if len(missing) == 2 or (missing and identity == "both"):
        yield Wrong(name, missing[0], values.get(missing[0]), f"missing: {' and '.join(missing)}")


def _purchased(name: str, values: Values) -> Iterator[Wrong]:
    remove = values.get("purchased_indicator") == _codes()["purchased_remove"]
    if remove == bool(values.get("purchased_name")):
        why = "must be blank when the segment is removed" if remove else "is required"
        yield Wrong(name, "purchased_name", values.get("purchased_name"), why)


def _agency(name: str, values: Values) -> Iterator[Wrong]:
    if not values.get("agency_identifier") and values.get("account_number"):
        yield Wrong(name, "account_number", values["account_number"], "must be blank without an agency")


SEGMENT_RULES: dict[str, Callable[[str, Values], Iterator[Wrong]]] = {"K2": _purchased, "K3": _agency}
