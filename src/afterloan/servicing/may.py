"""Who may do what: roles and the second person, out of the pack `permissions` in force on the day."""

from datetime import date, timedelta

from pydantic import BaseModel

from afterloan.facts.act import Refused, Who
from afterloan.rules.packs import Rule, in_force, rules_of
from afterloan.servicing.asked import Asked
from afterloan.servicing.verbs import VERBS, Verb

ALL_ROLES = "operator"
"""The role of whoever sits at the keyboard of a book in which nobody was appointed yet."""


def permission_of(verb: str, on: date) -> Rule | None:
    """The rule that says who may do a verb on a day: the one that names it, or the one that names its family."""
    family = verb.split(".", maxsplit=1)[0]
    found = {name: rule for rule in in_force(rules_of("permissions"), "ANY", on) for name in rule.parameters["verbs"]}
    return found.get(verb) or found.get(f"{family}.*")


def may(who: Who, verb: Verb, record: BaseModel, on: date) -> Refused | None:
    """None where `who` may do the verb; else the refusal: `forbidden`, or `needs_second_person`.

    A borrower may do what the pack gives to borrowers, and only on what is their own. A rule of ours may do what the
    pack gives to rules. What needs a second person is refused to the first with the words to propose it.
    """
    rule = permission_of(verb.name, on)
    if rule is None:
        return _no(who, verb, "no rule of the pack `permissions` names it", "add the verb to a rule of that pack")
    does = rule.parameters.get("do", [])
    if who.kind == "borrower":
        if "borrower" not in does:
            return _no(who, verb, "is not the borrower's to do", "ask the lender's people")
        return None if getattr(record, "borrower", who.name) == who.name else _no(
            who, verb, "concerns somebody else", "ask for your own loans"
        )  # fmt: skip
    if who.kind == "person" and ALL_ROLES in who.roles:
        return None
    if set(who.roles) & set(does):
        return None
    if set(who.roles) & set(rule.parameters.get("propose", [])):
        return Refused(
            "needs_second_person", "verb", verb.name, f"{who.name} may propose it, not do it ({rule.id})",
            "propose it: `afterloan propose …`; a second person approves",
        )  # fmt: skip
    return _no(who, verb, f"needs one of the roles {', '.join(does) or 'none'} ({rule.id})", "have one of them do it")


def may_ask(who: Who, what: str, on: date) -> Refused | None:
    """None where `who` may ask a question of that name (`book.read`, `report.read`), or begin such a work (`day.run`).

    Which loans a borrower may ask about is looked at where the question is asked.
    """
    rule = permission_of(what, on)
    does = ("borrower",) if who.kind == "borrower" else (*who.roles, *(("rule",) if who.kind == "rule" else ()))
    allowed = rule.parameters.get("do", []) if rule else []
    if set(does) & set(allowed) or (who.kind == "person" and ALL_ROLES in who.roles):
        return None
    named = f"needs one of the roles {', '.join(allowed) or 'none'}" + (f" ({rule.id})" if rule else "")
    return Refused("forbidden", "who", who.name or who.kind, f"{what} {named}", "have one of them look")


def fresh_code_of(on: date) -> tuple[tuple[str, ...], int]:
    """What a borrower does only with a fresh code on a day, and for how many minutes a code is fresh."""
    rule = permission_of("sign_in.send_code", on)
    assert rule is not None, "the pack `permissions` says what needs a fresh code"
    return tuple(rule.parameters["fresh_code"]), int(rule.parameters["fresh_minutes"])


def proof_after_sign_in(on: date) -> tuple[str, ...]:
    """What the proof by which somebody signed in is not enough for, a person of the lender's as little as a borrower:
    one code that was caught, or one look over a shoulder, would else become a key that lasts.
    """
    rule = permission_of("sign_in.send_code", on)
    assert rule is not None, "the pack `permissions` says what needs a proof of its own"
    return tuple(rule.parameters["proof_after_sign_in"])


def may_verbs(who: Who, on: date) -> dict[str, bool]:
    """Every verb, and whether `who` may do or propose it on a day: so that nothing is offered that is refused."""
    told: dict[str, bool] = {}
    for verb in VERBS:
        rule = permission_of(verb.name, on)
        does = rule.parameters.get("do", []) if rule else []
        asks = rule.parameters.get("propose", []) if rule else []
        if who.kind == "borrower":
            told[verb.name] = "borrower" in does
        else:
            told[verb.name] = bool(set(who.roles) & {*does, *asks, ALL_ROLES})
    return told


def approvers(verb: Verb, on: date) -> tuple[str, ...]:
    """The roles of the second person for a verb on a day."""
    rule = permission_of(verb.name, on)
    return tuple(rule.parameters.get("approve", rule.parameters.get("do", []))) if rule else ()


def last_day_to_agree(verb: Verb, on: date) -> date:
    """The last day on which a proposal of the verb, made `on` a day, can be agreed to.

    The verb's own rule says in how many days, else the rule of all proposals: with 7 of 2026-02-10, 2026-02-17.
    """
    for rule in (permission_of(verb.name, on), permission_of("proposal.make", on)):
        if rule is not None and "days_to_agree" in rule.parameters:
            return on + timedelta(int(rule.parameters["days_to_agree"]))
    raise AssertionError("the pack `permissions` says within how many days a proposal is agreed to")


def may_propose(who: Who, verb: Verb, on: date) -> Refused | None:
    """None where `who` may propose the verb to a second person, or do it; else `forbidden`."""
    rule = permission_of(verb.name, on)
    first = [*rule.parameters.get("propose", []), *rule.parameters.get("do", []), ALL_ROLES] if rule else []
    return None if set(who.roles) & set(first) else _no(who, verb, "is not yours to propose", "ask a lead")


def may_approve(who: Who, verb: Verb, on: date) -> Refused | None:
    """None where `who` may be the second person; else `forbidden`."""
    second = (*approvers(verb, on), ALL_ROLES)
    if set(who.roles) & set(second):
        return None
    return _no(who, verb, f"is approved by {', '.join(approvers(verb, on)) or 'nobody'}", "have one of them approve it")


def _no(who: Who, verb: Verb, why: str, remedy: str) -> Refused:
    return Refused("forbidden", "who", who.name or who.kind, f"{verb.name} {why}", remedy)


def could(who: Who, verb: Verb, on: date) -> bool:
    """Whether a person of these roles may do a verb at all: what a page offers. The door asks again, of the act."""
    return may(who, verb, Asked(), on) is None
