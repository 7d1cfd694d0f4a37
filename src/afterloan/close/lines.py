"""Carries out by rule what the limit engine says of lines: lowered with notice and reasons, or a wider one offered."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import date_of, number_of
from afterloan.enquiry.agreed_rows import groups_with_consent
from afterloan.enquiry.lines_tried import LineRule, line_rule, lines_of_book
from afterloan.enquiry.panels import features_on, network_of_book, parts_of_book
from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.facts.hold import HOLD_KINDS
from afterloan.facts.limit import LimitOffered, LimitReduced, LimitSet
from afterloan.risk.explain import RiskReason, reasons_of
from afterloan.risk.features.declared import feature_named
from afterloan.risk.model import of_parts
from afterloan.risk.outcomes import PURPOSES
from afterloan.servicing.adverse import WorseLine, tell_worse_line
from afterloan.servicing.news import News, Telling, tell
from afterloan.store import events as kept
from afterloan.store.acts import act_known, act_of_rule
from afterloan.store.connect import reader_to
from afterloan.store.events import events_of
from afterloan.store.limits import change_line, line_now
from afterloan.store.rebuilding import person_in
from afterloan.store.scores import files_of, latest_scores, models_on
from afterloan.store.server import Store
from afterloan.strategy.holds import held_on, stopped
from afterloan.strategy.plan import notice_rules

NIGHT = Who.rule("night")
NUMBERS = "select borrower from borrower where reference = any(%s) order by borrower"
OFFERED_LATELY = (
    "select b.reference from event e join borrower b using (borrower) where e.kind = 'limit.offered' "
    "and e.known_on > %s and e.known_on < %s"
)


def move_lines(store: Store, day: int) -> dict[str, int] | None:
    """Lower, widen and offer lines of the book by the pack `reassess`, once a month; None where people decide.

    `lowered`, `widened`, `offered`, and `left` for people: those whose notice could not go or would have no reason.
    A night that was left out is made up on the next; killed in between and run again on the day, nothing is done twice.
    """
    on, rule = date_of(day), line_rule("ANY", date_of(day))
    month = f"by-rule:reassess:{on:%Y-%m}"
    if rule.carried_out_by != "rule" or on.day < rule.day_of_month:
        return None
    with store.connect() as connection:
        if act_known(connection, month) is not None:
            return None
        lately = {row[0] for row in connection.execute(OFFERED_LATELY, (on - timedelta(rule.policy.between_days), on))}
        connection.commit()
        try:
            changes = lines_of_book(store, on, rule.policy, rule.safe).changes()
        except FactRefused:  # no line is open
            changes = []
        counts = {"lowered": 0, "widened": 0, "offered": 0, "left": 0}
        lowered = [str(c["borrower"]) for c in changes if c["how"] == "lower" and c["borrower"] not in lately]
        why_all = _reasons(store, connection, lowered, on)
        for change in changes:
            if change["borrower"] not in lately:  # an offer is a word given: the line is left alone as long as a change
                counts[_carried_out(connection, change, on, rule, why_all)] += 1
        with act_of_rule(connection, NIGHT, "limit.reassess", month, on, {}) as answered:
            answered |= counts
        connection.commit()
    return counts


def _carried_out(
    connection: psycopg.Connection[Any],
    change: dict[str, Any],
    on: date,
    rule: LineRule,
    why_all: dict[int, list[RiskReason]],
) -> str:
    """One line, in a transaction and an act of its own; what became of it."""
    who = str(change["borrower"])
    person = person_in(connection, who)
    number, place = person.number, person.jurisdiction
    holds = stopped(held_on(events_of(connection, who, HOLD_KINDS, on), on, place))
    line = line_now(connection, who, on)
    if "limit" in holds or line.frozen or line.bars or line.limit_fen != change["before_fen"]:
        connection.commit()
        return "left"
    reasons = [] if change["how"] != "lower" else [r.words(person.language) for r in why_all.get(number, [])]
    if change["how"] == "lower" and (not reasons or "contact" in holds or not notice_rules(place, on)):
        connection.commit()
        return "left"
    name = f"by-rule:reassess:{who}:{on}"
    with act_of_rule(connection, NIGHT, "limit.reassess", f"act:{name}", on, {"borrower": who}) as answered:
        done = _done(connection, change, number, place, reasons, on, rule, name)
        answered |= {"done": done, "after_fen": change["after_fen"], "reasons": reasons}
    connection.commit()
    return done


def _done(
    connection: psycopg.Connection[Any], change: dict[str, Any], number: int, place: str, reasons: list[str], on: date,
    rule: LineRule, name: str,
) -> str:  # fmt: skip
    who, after = str(change["borrower"]), int(change["after_fen"])
    drawn = change["by_chance_fen"]
    by_chance = f", of it {drawn} minor units by chance, to learn from" if drawn else ""
    because = f"looked at anew: band {change['band']}{by_chance}"
    if change["how"] == "lower":
        change_line(connection, LimitReduced, who, on, name, NIGHT.name, because, after, rule.id)
        line = WorseLine(LimitReduced.KIND, int(change["before_fen"]), after)
        put = tell_worse_line(connection, News(line.kind, name, on, {}, "", number, who), line, place, reasons, on)
        assert put == 1, "whom no notice may reach keeps the line"
        return "lowered"
    if change["how"] == "raise":
        change_line(connection, LimitSet, who, on, name, NIGHT.name, because, after, rule.id)
        return "widened"
    until = on + timedelta(rule.offer_days)
    kept.tell(connection, LimitOffered(
        borrower=who, on=on, known_on=on, reference=name, before_fen=int(change["before_fen"]), after_fen=after,
        valid_until=until, rule=rule.id,
    ))  # fmt: skip
    told = Telling("limit-offered", {"after_fen": after, "reply_by": until.isoformat()})
    tell(connection, News("limit.offered", name, on, {}, "", number, who), told, on)
    return "offered"


def _reasons(
    store: Store, connection: psycopg.Connection[Any], names: list[str], on: date
) -> dict[int, list[RiskReason]]:
    """By borrower the reasons of the score by which a line is lowered, from what was known on the day of the score."""
    numbers = [row[0] for row in connection.execute(NUMBERS, (names,)).fetchall()]
    scores = {n: told["limit"] for n, told in latest_scores(connection, numbers, on, ("limit",)).items()}
    kept_models = {m.sha256: m.model for m in models_on(connection, on, "limit")}
    found: dict[int, list[RiskReason]] = {}
    for score in {(s.on, s.sha256) for s in scores.values()}:
        mine = np.array(sorted(n for n, s in scores.items() if (s.on, s.sha256) == score), np.int64)
        model = of_parts(files_of(connection, kept_models[score[1]]))
        features = [feature_named(f["name"]) for f in model.card["features"]]
        wanted, day = groups_with_consent(features), number_of(score[0])
        with reader_to(store.url) as reader:
            network = network_of_book(connection, reader, wanted, [day])
            for part in parts_of_book(connection, reader, wanted, network):
                here = mine[np.isin(mine, part.owners)]
                if len(here):
                    frame = features_on(part, day, features, here, PURPOSES["limit"].use)
                    found |= dict(zip(here.tolist(), reasons_of(model, frame, features), strict=True))
    connection.commit()
    return found
