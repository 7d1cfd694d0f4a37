"""The one door: the same answer for the same asking, a refusal that leaves nothing, an act on every row."""

import json
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from afterloan.enquiry.acts import acts_done
from afterloan.enquiry.story import records
from afterloan.facts.act import FEW_MAY_READ, Answer, Refused, Who
from afterloan.facts.events import KINDS
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.servicing.may import permission_of
from afterloan.servicing.verbs import RULES, VERBS
from afterloan.store.acts import act_known
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

ON = date(2026, 2, 10)
FINANCE = Who("person", "Chen", ("finance",), "keyboard")
LEAD = Who("person", "Wang", ("lead",), "keyboard")
AGENT = Who("person", "Li", ("agent",), "keyboard")
MONEY = {"loan": "L1", "amount_fen": 10_000, "received_on": "2026-02-10"}


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2026-01-10")
    with desk_of(store) as made:
        yield made


def count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def done(answer: Answer | Refused) -> Answer:
    assert isinstance(answer, Answer), answer
    return answer


def refused(answer: Answer | Refused) -> Refused:
    assert isinstance(answer, Refused), answer
    return answer


def test_the_same_asking_gets_the_first_answer_and_other_content_is_a_conflict(desk: Desk) -> None:
    first = done(do(desk, FINANCE, "repayment.take", MONEY, "bank-1", ON))
    again = done(do(desk, FINANCE, "repayment.take", MONEY, "bank-1", ON))
    assert (again.known, again.act, again.body) == (True, first.act, first.body)
    other = refused(do(desk, FINANCE, "repayment.take", {**MONEY, "amount_fen": 20_000}, "bank-1", ON))
    assert other.kind == "conflict" and "amount_fen 10000 (now 20000)" in other.why
    assert count(desk.connection, "act") == 1 and count(desk.connection, "fact") == 2


def test_what_is_told_carries_its_act_and_the_act_says_who_asked_what(desk: Desk) -> None:
    made = done(do(desk, FINANCE, "repayment.take", MONEY, "bank-1", ON))
    row = desk.connection.execute("select act from fact where reference = 'bank-1'").fetchone()
    assert row == (made.act,)
    kept = act_known(desk.connection, "bank-1")
    assert kept is not None
    assert (kept.who, kept.door, kept.verb, kept.on) == ("Chen", "keyboard", "repayment.take", ON)
    assert kept.asked == MONEY and kept.answer == made.body
    with pytest.raises(psycopg.Error, match="act"):
        desk.connection.execute("update act set who = 'somebody else'")


def test_a_refusal_leaves_nothing_behind(desk: Desk) -> None:
    for who, asked, kind, where in (
        (AGENT, MONEY, "forbidden", "who"),
        (FINANCE, {**MONEY, "loan": "L9"}, "unknown", "loan"),
        (FINANCE, {**MONEY, "amount_fen": 0}, "invalid", "amount_fen"),
        (FINANCE, {**MONEY, "colour": "red"}, "invalid", "colour"),
        (FINANCE, {**MONEY, "received_on": "2026-02-11"}, "invalid", "known_on"),
        (Who("borrower", "B1", (), "portal"), MONEY, "forbidden", "who"),
    ):
        said = refused(do(desk, who, "repayment.take", asked, "bank-1", ON))
        assert (said.kind, said.where) == (kind, where) and said.remedy, said
    assert count(desk.connection, "act") == 0 and count(desk.connection, "fact") == 1


def test_a_dry_run_answers_as_the_act_would_and_keeps_nothing(desk: Desk) -> None:
    tried = done(do(desk, FINANCE, "repayment.take", MONEY, "bank-1", ON, dry_run=True))
    assert tried.act == 0 and count(desk.connection, "act") == 0 and count(desk.connection, "fact") == 1
    made = done(do(desk, FINANCE, "repayment.take", MONEY, "bank-1", ON))
    assert {k: v for k, v in made.body.items() if k != "fact"} == {k: v for k, v in tried.body.items() if k != "fact"}


def test_what_takes_money_back_needs_a_second_person(desk: Desk) -> None:
    done(do(desk, FINANCE, "repayment.take", MONEY, "bank-1", ON))
    asked = {"of": "bank-1", "reason": "booked twice"}
    assert refused(do(desk, FINANCE, "repayment.reverse", asked, "undo-1", ON)).kind == "needs_second_person"
    assert refused(propose(desk, AGENT, "repayment.reverse", asked, "undo-1", ON)).kind == "forbidden"
    proposal = done(propose(desk, FINANCE, "repayment.reverse", asked, "undo-1", ON))
    assert proposal.body["waits_for"] == ["finance", "lead"] and count(desk.connection, "fact") == 2
    assert done(propose(desk, FINANCE, "repayment.reverse", asked, "undo-1", ON)).known
    assert refused(approve(desk, FINANCE, "undo-1", ON)).kind == "needs_second_person"
    assert refused(approve(desk, AGENT, "undo-1", ON)).kind == "forbidden"
    assert refused(approve(desk, LEAD, "undo-9", ON)).kind == "unknown"
    agreed = done(approve(desk, LEAD, "undo-1", ON))
    assert agreed.verb == "repayment.reverse" and count(desk.connection, "fact") == 3
    assert done(approve(desk, LEAD, "undo-1", ON)).known and count(desk.connection, "fact") == 3
    row = desk.connection.execute("select who from act where act = %s", (agreed.act,)).fetchone()
    assert row == ("Wang",)


def test_no_more_is_waived_than_is_owed(desk: Desk) -> None:
    # 12,000.00 at 0.05 % a day since 01-10: the first instalment fell due on 02-10 and asks 31 nights of interest,
    # 12,000.00 × 0.0005 × 31 = 186.00
    asked = {"loan": "L1", "amount_fen": 18_601, "component": "interest", "reason": "goodwill"}
    said = refused(do(desk, LEAD, "charge.waive", asked, "w-1", ON))
    assert (said.where, said.why) == ("amount_fen", "186.00 of interest is owed that can be given up")
    before = done(do(desk, LEAD, "charge.waive", {**asked, "amount_fen": 18_600}, "w-1", ON, dry_run=True)).body
    assert done(do(desk, LEAD, "charge.waive", {**asked, "amount_fen": 18_600}, "w-1", ON)).body["arrears_fen"] == 0
    assert before["arrears_fen"] == 0
    none = refused(do(desk, LEAD, "charge.waive", {**asked, "component": "penalty", "amount_fen": 1}, "w-2", ON))
    assert none.why == "0.00 of penalty is owed that can be given up"


def test_two_who_ask_the_same_at_once_make_one_act(store: Store, desk: Desk) -> None:
    answers: list[Answer | Refused] = []

    def ask() -> None:
        with desk_of(store) as own:
            answers.append(do(own, FINANCE, "repayment.take", MONEY, "bank-1", ON))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done(a).known for a in answers) == [False, True, True, True]
    assert len({done(a).act for a in answers}) == 1


def test_rows_that_are_older_than_acts_belong_to_act_nought(desk: Desk) -> None:
    row = desk.connection.execute(
        "select column_default from information_schema.columns where table_name = 'fact' and column_name = 'act'"
    ).fetchone()
    assert row == ("current_act()",)


@pytest.mark.parametrize("verb", VERBS, ids=[verb.name for verb in VERBS])
def test_every_verb_can_be_found_and_somebody_may_do_it(verb: Any) -> None:
    assert verb.asked.model_config["extra"] == "forbid" and callable(verb.does)
    assert verb.does.__doc__ and verb.asked.__doc__
    rule = permission_of(verb.name, ON)
    assert rule is not None, f"{verb.name}: no rule of the pack `permissions` names it"


AGENCY_FILE = b"reference,placement,borrower,kind,on,at,channel,outcome,amount_fen,due_on,note\n"


def test_a_file_is_proposed_and_approved_as_that_very_file(desk: Desk) -> None:
    """The act keeps the digest; the proposal keeps the file, so that nobody has to bring it a second time."""
    digest = sha256(AGENCY_FILE).hexdigest()
    asked = {"agency": "Rapid", "sha256": digest, "content": b64encode(AGENCY_FILE)}
    proposed = done(propose(desk, AGENT, "agency.answers", asked, "p-1", ON))
    assert proposed.body["waits_for"] == ["lead"]
    approved = done(approve(desk, LEAD, "p-1", ON))
    assert (approved.verb, approved.body["taken"]) == ("agency.answers", 0)
    other = refused(do(desk, LEAD, "agency.answers", {**asked, "sha256": "0" * 64}, "p-2", ON))
    assert "sha256 is not the digest of the content" in other.why
    assert count(desk.connection, "kept_file") == 1


def test_what_rules_do_inside_is_on_the_list() -> None:
    """Every verb that a rule of ours keeps an act under without the door is told on the page of verbs."""
    used = set()
    for path in (Path(__file__).parents[2] / "src" / "afterloan").rglob("*.py"):
        if "rehearsal" not in path.parts:
            text = path.read_text(encoding="utf-8")
            used |= set(re.findall(r'(?:act_of_rule|acts_of_job)\([^"\n]*(?:"night"\), )?"([a-z_]+\.[a-z_]+)"', text))
    assert used == set(RULES) and not used & {verb.name for verb in VERBS}


def test_what_few_may_read_is_shown_by_no_act_and_no_story(desk: Desk) -> None:
    """The flag of a borrower, proposed and done: its note is read through `vulnerability.read` alone."""
    secret = "in hospital since May"
    asked = {"borrower": "B1", "flag": "health", "note": secret}
    done(do(desk, LEAD, "vulnerability.flag", asked, "v-1", ON))
    shown = acts_done(desk.connection, "B1") + acts_done(desk.connection)
    assert shown and secret not in json.dumps(shown)
    assert secret not in str(records(desk.connection, "B1"))
    for kind, fields in FEW_MAY_READ.items():
        known = {verb.name: verb.asked for verb in VERBS} | {**KINDS}
        assert set(fields) <= set(known[kind].model_fields), kind
