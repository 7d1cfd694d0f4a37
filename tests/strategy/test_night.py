"""No message leaves at night, whatever is told, mistold or not told of a borrower."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.store.contacts import Attempt, _judge, _Known
from afterloan.strategy.places import place_of, places_known, zones_of

CHANNELS = ("sms", "email", "push", "chat", "call", "ai_call", "webhook")
PURPOSES = ("reminder", "collection", "service")
ZONES = sorted(available_timezones())
LENDER = {"jurisdiction": "CN", "zone": "Asia/Shanghai", "language": "zh-CN", "lender_type": None}
OTHER = st.one_of(
    st.none(),
    st.integers(),
    st.booleans(),
    st.text(max_size=8),
    st.lists(st.text(max_size=4), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
JURISDICTION = st.one_of(st.sampled_from([*sorted(places_known()), "cn", "XX", "ANY", ""]), OTHER)
TIMEZONE = st.one_of(st.sampled_from(ZONES), st.lists(st.sampled_from(ZONES), max_size=3), OTHER)
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"jurisdiction": JURISDICTION, "timezone": TIMEZONE, "language": st.one_of(st.just("fr"), OTHER)}
)
MOMENT = st.datetimes(datetime(2000, 1, 2), datetime(2032, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))
KINDS = st.sampled_from([None, "first_party", "debt_collector", "bank"])


def where_they_may_be(attributes: dict[str, Any]) -> list[str]:
    """Every zone in which the borrower may be, told here by itself: those told, else all of the place, else ours."""
    told = attributes.get("timezone")
    if told:
        return [told] if isinstance(told, str) else list(told)
    place = attributes.get("jurisdiction")
    return list(zones_of(place)) if place and place != "CN" else ["Asia/Shanghai"]


@settings(max_examples=400, deadline=None)
@given(ATTRIBUTES, MOMENT, st.sampled_from(CHANNELS), st.sampled_from(PURPOSES), KINDS)
def test_whatever_is_told_of_a_borrower(
    attributes: dict[str, Any], at: datetime, channel: str, purpose: str, kind: str | None
) -> None:
    borrower = _Known(1, 0, place_of(attributes, {**LENDER, "lender_type": kind}))
    verdict, event = _judge(Attempt("B1", channel, purpose, at, "k"), borrower)
    assert verdict.allowed == (event is not None)
    if verdict.allowed:
        for zone in where_they_may_be(attributes):
            local = at.astimezone(ZoneInfo(zone))
            assert 8 <= local.hour < 22, f"{local} in {zone}"


@pytest.mark.parametrize("kind", [None, "first_party", "debt_collector"])
@pytest.mark.parametrize("place", ["US", "EU", "UK", "IN", "CN"])
@pytest.mark.parametrize("on", [date(2001, 6, 1), date(2026, 3, 10)])
def test_there_is_an_hour_for_everybody_and_the_night_is_shut(place: str, kind: str | None, on: date) -> None:
    """Every half hour of a day: some are open, and each that is lies between 08:00 and 22:00 all over the place."""
    borrower = _Known(1, 0, place_of({"jurisdiction": place}, {**LENDER, "lender_type": kind}))
    first = datetime(on.year, on.month, on.day, tzinfo=UTC)
    halves = [first + timedelta(minutes=30 * k) for k in range(48)]
    open_now = [at for at in halves if _judge(Attempt("B1", "sms", "service", at, "k"), borrower)[0].allowed]
    assert open_now
    for at in open_now:
        assert all(8 <= at.astimezone(ZoneInfo(zone)).hour < 22 for zone in zones_of(place))


def test_a_borrower_in_the_united_states_without_a_zone_is_not_written_to_by_our_clock() -> None:
    """Half past ten in the morning of Shanghai is 22:30 in New York and 21:30 in Chicago (10 March 2026)."""
    borrower = _Known(1, 0, place_of({"jurisdiction": "US"}, LENDER))
    verdict, _ = _judge(Attempt("B1", "sms", "service", datetime(2026, 3, 10, 2, 30, tzinfo=UTC), "k"), borrower)
    assert not verdict.allowed and "one of the borrower's places, is outside 08:00 to 21:00" in verdict.why
    # 08:00 in Honolulu (UTC−10) is the first hour that suits all: 18:00 UTC, 14:00 in New York
    assert verdict.next_at == datetime(2026, 3, 10, 18, tzinfo=UTC)
