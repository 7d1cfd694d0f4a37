"""`afterloan quote`, `plan`, `hardship`, `classify`: relief for one loan, and the class of a loan or of the book."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.options import AsJson, On, amount_of, book_day, day_of, few_loans, group
from afterloan.desk.keyboard.plain import money, told_of
from afterloan.expected import BadInput

Reference = Annotated[str, typer.Option("--reference", help="The message's own reference.")]


def register(app: typer.Typer) -> None:
    """Add the commands of relief."""
    groups: dict[str, tuple[str, dict[str, Any]]] = {
        "quote": ("Early repayment: quoted for any day, executed exactly so.", {"give": give, "execute": execute}),
        "plan": (
            "Plans: search, offer, accept, decline, watch, cancel, show.",
            {"search": search, "offer": offer, "accept": accept, "decline": decline,
             "watch": watch, "watch-all": watch_all, "cancel": cancel, "show": show},
        ),
        "hardship": (
            "Hardship: apply, decide, show; flags of vulnerability; breathing space.",
            {"apply": apply, "decide": decide, "show": hardship_show, "flag": flag, "flags": flags,
             "breathing-space": breathing, "breathing-end": breathing_end},
        ),
    }  # fmt: skip
    for name, (words, steps) in groups.items():
        room = group(words)
        for step, function in steps.items():
            room.command(step)(function)
        app.add_typer(room, name=name)
    app.command("classify")(classify)
    app.command("certificate")(certificate)


def _store() -> Any:
    from afterloan.store.server import open_store

    return open_store()


def _print(told: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    from afterloan.desk.keyboard.plain import heading
    from afterloan.desk.keyboard.plain import told as shown

    for name, value in told.items():
        if value not in (None, "", [], {}):
            print(f"{heading(name)}: {shown(name, value)}")


By = Annotated[str, typer.Option("--by", help="Who does it; the name you are known by on this machine unless given.")]


def _act(verb: str, asked: dict[str, Any], on: int, reference: str, by: str = "") -> Any:
    """The body of a verb's answer. Raises Stop with the refusal."""
    from afterloan.dates import date_of
    from afterloan.desk.keyboard.doing import act

    return act(verb, asked, date_of(on), reference, by).body


def give(
    loan: str,
    reference: Reference,
    amount: Annotated[str, typer.Option("--amount", help="Repay this amount.")] = "",
    instalment: Annotated[str, typer.Option("--instalment", help="Pay until no instalment asks for more.")] = "",
    month: Annotated[str, typer.Option("--month", help="Finish by this month, YYYY-MM.")] = "",
    on: Annotated[str, typer.Option("--for", help="The day of the payment, YYYY-MM-DD.")] = "",
    today: On = "",
    as_json: AsJson = False,
) -> None:
    """Quote an early repayment of LOAN: in full, an amount, a lower instalment, or an earlier end."""
    from afterloan.desk.keyboard.options import month_end_of

    if sum(bool(x) for x in (amount, instalment, month)) > 1:
        raise BadInput("give one of --amount, --instalment, --month; none of them: in full")
    asked: dict[str, Any] = {"loan": loan, **({"for_on": on} if on else {})}
    if amount:
        asked |= {"want": "amount", "amount_fen": amount_of(amount, "amount")}
    elif instalment:
        asked |= {"want": "instalment", "amount_fen": amount_of(instalment, "instalment")}
    elif month:
        asked |= {"want": "month", "end_by": month_end_of(month)}
    made = _act("quote.give", asked, day_of(today), reference)
    if as_json:
        _print(made, True)
        return
    print(
        f"pay {money(made['pay_fen'])} on {made['on']} (of it fee {money(made['fee_fen'])}); "
        f"saves {money(made['saves_fen'])}"
    )
    print(f"valid until the end of {made['valid_until']}, executed exactly so under {reference}")
    print(f"{'due':12}{'as it stands':>16}{'afterwards':>16}")
    before, after = ({r["due_on"]: r["amount_fen"] for r in made[name]} for name in ("before", "after"))
    for due in sorted(before | after):
        print(f"{due:12}{money(before.get(due, 0)):>16}{money(after.get(due, 0)):>16}")


def execute(of: str, reference: Reference, on: On = "", as_json: AsJson = False) -> None:
    """Execute the quote OF: the money has come."""
    done = _act("quote.execute", {"of": of}, day_of(on), reference)
    _print(done, as_json)
    if not done["done"]:
        raise typer.Exit(1)


def _means(income: str, spending: str, other: str, household: int) -> dict[str, int]:
    told = {"income": income, "spending": spending, "other": other}
    fen = {f"{'other_debts' if name == 'other' else name}_fen": amount_of(text, name) for name, text in told.items()}
    return {**fen, "household": household}


Income = Annotated[str, typer.Option("--income", help="Stated income a month.")]
Spending = Annotated[str, typer.Option("--spending", help="Necessary spending a month.")]
Other = Annotated[str, typer.Option("--other-debts", help="What other debts take a month.")]
Household = Annotated[int, typer.Option("--household", min=1, max=30)]


def search(
    loan: str, income: Income, spending: Spending, reference: Reference, other: Other = "0", household: Household = 1,
    on: On = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Search plans for LOAN that the borrower can afford and the pack allows; offer up to three."""
    asked = {"loan": loan, "means": _means(income, spending, other, household)}
    found = _act("plan.search", asked, day_of(on), reference)
    if as_json:
        _print(found, True)
        return
    print(f"affordable: {money(found['affordable_fen'])} a month; {counted(found['tried'], 'plan')} tried")
    if not found["fits"]:
        least = "; what is allowed and asks for least:" if found["offers"] else ""
        print(f"nothing fits: a task for people (`afterloan task list`){least}")
    for o in found["offers"]:
        _print_offer(o)
    for why, count in sorted(found["refused"].items(), key=lambda pair: -pair[1]):
        print(f"  {count:5} left out: {why}")


def _print_offer(told: Mapping[str, Any]) -> None:
    from afterloan.desk.keyboard.plain import heading, plain

    print(f"{told['reference']}: {heading(told['plan'])} ({_steps(told['does'])})")
    print(
        f"  in all {money(told['total_fen'])}, of it cost {money(told['cost_fen'])}; now {money(told['now_fen'])}, "
        f"at most {money(told['highest_fen'])} at a time; ends {told['ends_on']}; valid until {told['valid_until']}"
    )
    for name, value in told["effects"].items():
        shown = " → ".join(_effect(name, one) for one in (value if isinstance(value, list) else [value]))
        print(f"  {heading(name)}: {shown}")
    for reason in told.get("reasons", []):
        print(plain(f"  - {reason}"))


def _effect(name: str, value: Any) -> str:
    from afterloan.desk.keyboard.plain import heading, told

    return heading(str(value)) if name == "class" else told(name, value)


def _steps(does: Sequence[Mapping[str, Any]]) -> str:
    """What a plan does, step by step: `count 46, due on 2024-08-01`, a rate in percent; facts are not named."""
    from afterloan.desk.keyboard.plain import told
    from afterloan.report.explain import percent

    return "; ".join(
        told("", {name: f"{percent(value)} %" if name == "rate" else value for name, value in step.items()
                  if name != "fact"})
        for step in does
    )  # fmt: skip


def offer(
    loan: str,
    plan: Annotated[
        str,
        typer.Argument(
            help="deferral, reinstalment, rate_cut, interest_only, extension, penalty_waiver, settlement, re_age"
        ),
    ],
    reference: Reference,
    periods: Annotated[int, typer.Option("--periods", min=0, max=120)] = 0,
    amount: Annotated[str, typer.Option("--amount", help="Of a settlement or a waiver.")] = "",
    until: Annotated[str, typer.Option("--until", help="A settlement's expiry.")] = "",
    rate_permille: Annotated[int, typer.Option("--rate-permille", help="Of the contract rate.")] = 1000,
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """Offer LOAN a plan that you choose; refused where the pack refuses it."""
    asked: dict[str, Any] = {
        "loan": loan, "plan": plan, "periods": periods, "rate_permille": rate_permille,
        "amount_fen": amount_of(amount, "amount") if amount else 0, **({"until": until} if until else {}),
    }  # fmt: skip
    offered = _act("plan.offer", asked, day_of(on), reference)
    if as_json:
        _print(offered, True)
    else:
        _print_offer(offered)


def accept(
    of: str, reference: Reference,
    consent: Annotated[str, typer.Option("--consent", help="How and when the borrower agreed.")] = "",
    by: By = "", on: On = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """The borrower accepts the offer OF; who accepts for them says with --consent how they agreed."""
    done = _act("plan.accept", {"of": of, "consent": consent}, day_of(on), reference, by)
    _print(done, as_json)
    if not done["done"]:
        raise typer.Exit(1)


def decline(of: str, reference: Reference, reason: str = "", on: On = "", as_json: AsJson = False) -> None:
    """The borrower declines the offer OF."""
    done = _act("plan.decline", {"of": of, "reason": reason}, day_of(on), reference)
    told_of(done, as_json, f"{of}: declined")


def watch(of: str, on: On = "", as_json: AsJson = False) -> None:
    """Look at the plan OF: kept, broken (what it gave on condition returns) or completed."""
    _print(_act("plan.watch", {"of": of}, day_of(on), ""), as_json)


def watch_all(on: On = "", as_json: AsJson = False) -> None:
    """Look at every running plan of the book: run it after each close."""
    from afterloan.servicing.plans import watch_plans

    _print(watch_plans(_store(), book_day(on)), as_json)


def cancel(
    of: str,
    reference: Reference,
    reason: Annotated[str, typer.Option("--reason")],
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Take the running plan OF back; the contract is as if it had not been."""
    done = _act("plan.cancel", {"of": of, "reason": reason}, day_of(on), reference, by)
    told_of(done, as_json, f"{of}: cancelled")


def show(borrower: str, on: On = "", as_json: AsJson = False) -> None:
    """The plans of BORROWER with where each stands."""
    from afterloan.facts.relief import PLAN_EVENTS, PlanOffered
    from afterloan.servicing.relief import plan_state
    from afterloan.store.events import events_of

    then = book_day(on)
    with _store().connect() as connection:
        events = events_of(connection, borrower, list(PLAN_EVENTS), then, then)
    told = {e.reference: f"{e.plan} of {e.loan}: {plan_state(events, e.reference, then)}"
            for e in events if isinstance(e, PlanOffered)}  # fmt: skip
    _print(told, as_json)


def apply(
    borrower: str,
    cause: Annotated[
        str, typer.Argument(help="illness, job_loss, income_drop, bereavement, disaster, family, business, other")
    ],
    told: Annotated[str, typer.Option("--told", help="In the borrower's words.")],
    income: Income,
    spending: Spending,
    reference: Reference,
    other: Other = "0",
    household: Household = 1,
    evidence: Annotated[list[Path] | None, typer.Option("--evidence", help="PDF, JPEG or PNG.")] = None,
    loan: str = "",
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """BORROWER applies for hardship: evidence checked, collection and penalty held while it is under review."""
    from afterloan.servicing.evidence import evidence_of

    papers = [evidence_of(path).model_dump() for path in evidence or []]
    asked: dict[str, Any] = {"borrower": borrower, "loan": loan or None, "cause": cause, "told": told,
                             "means": _means(income, spending, other, household), "evidence": papers}  # fmt: skip
    done = _act("hardship.apply", asked, day_of(on), reference)
    words = f"{reference}: taken; decided by {done['decide_by']}, looked at again on {done['review_on']}"
    told_of(done, as_json, words)


def decide(
    of: str, reference: Reference, by: By = "",
    granted: Annotated[bool | None, typer.Option("--grant/--refuse", help="Otherwise than the rule says.")] = None,
    reason: Annotated[list[str] | None, typer.Option("--reason")] = None, on: On = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Decide the application OF."""
    asked = {"of": of, "granted": granted, "reasons": reason or []}
    _print(_act("hardship.decide", asked, day_of(on), reference, by), as_json)


def hardship_show(borrower: str, on: On = "", as_json: AsJson = False) -> None:
    """The hardship of BORROWER: open, granted or refused, with dates."""
    from afterloan.store.events import events_of
    from afterloan.strategy.hardship import hardships_of

    then = book_day(on)
    with _store().connect() as connection:
        now = hardships_of(events_of(connection, borrower, as_of=then, known_on=then), then)
    if not as_json and not (now.open or now.granted or now.refused):
        print(f"hardship of {borrower}: none is open, granted or refused")
        return
    _print(
        {"open": now.open and f"{now.open.reference}, decided by {now.open.decide_by}", "late": now.overdue,
         "granted": now.granted and f"{now.granted.reference}, until {now.granted.review_on}",
         "refused": now.refused and f"{now.refused.of}, again from {now.refused.again_from}"},
        as_json,
    )  # fmt: skip


def flag(
    borrower: str, what: str, note: Annotated[str, typer.Option("--note")], reference: Reference, by: By = "",
    on: On = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Flag BORROWER as vulnerable."""
    asked = {"borrower": borrower, "flag": what, "note": note}
    told_of(_act("vulnerability.flag", asked, day_of(on), reference, by), as_json, f"{reference}: flagged")


def flags(
    borrower: str, why: Annotated[str, typer.Option("--why")], reference: Reference, by: By = "", on: On = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Read BORROWER's flags, if your role may; the reading is kept."""
    from afterloan.enquiry.flags import flags_told

    read = _act("vulnerability.read", {"borrower": borrower, "why": why}, day_of(on), reference, by)
    with _store().connect() as connection:
        _print(flags_told(connection, read["flags"]), as_json)


def breathing(
    borrower: str, jurisdiction: str, reference: Reference, on: On = "", by: By = "", as_json: AsJson = False
) -> None:
    """Start a breathing space for BORROWER: no interest, no penalty, no contact about the debt."""
    asked = {"borrower": borrower, "jurisdiction": jurisdiction}
    done = _act("breathing_space.start", asked, day_of(on), reference, by)
    told_of(done, as_json, f"{reference}: until {done['ends_on']}")


def breathing_end(of: str, on: On = "", by: By = "", as_json: AsJson = False) -> None:
    """End the breathing space OF: the contract's rate and penalties return."""
    told_of(_act("breathing_space.end", {"of": of}, day_of(on), f"{of}/end", by), as_json, f"{of}: ended")


def certificate(
    loan: str,
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    language: Annotated[str, typer.Option("--language", help="zh or en.")] = "zh",
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """Write the confirmation that LOAN was settled (结清证明) as PDF; refused while anything is owed on it."""
    from afterloan.enquiry.settled import settled_loan
    from afterloan.papers.settled import certificate as made
    from afterloan.sending.channels import setting
    from afterloan.sending.templates import letterhead

    then = book_day(on)
    tongue = "zh-CN" if language.startswith("zh") else "en"
    with _store().connect() as connection:
        settled = settled_loan(connection, loan, then)
    out.write_bytes(made(settled, letterhead(setting().lender, tongue), tongue, then))
    if as_json:
        _print({"loan": loan, "settled_on": settled.settled_on, "paid_fen": settled.paid_fen, "file": str(out)}, True)
        return
    print(f"{out}: {loan} settled on {settled.settled_on}")


def classify(
    loan: Annotated[str, typer.Argument(help="A loan; left out: the whole book.")] = "",
    on: On = "",
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", help="For the whole book.")] = "CN",
    as_json: AsJson = False,
) -> None:
    """The class of LOAN, with findings; or how the whole book is classified, with expected loss."""
    if loan:
        few_loans()
    from afterloan.enquiry.classes import classify_book, classify_loan

    store, day = _store(), day_of(on)
    if not loan:
        _print(classify_book(store, day, jurisdiction), as_json)
        return
    found = classify_loan(store, loan, day)
    from afterloan.dates import date_of
    from afterloan.desk.keyboard.plain import heading
    from afterloan.desk.keyboard.plain import told as in_words

    if as_json:
        told = [f"{f.clause}: {f.outcome} {json.dumps(dict(f.inputs))}" for f in found.findings]
        _print({"class": found.name, "findings": told}, as_json)
        return
    print(f"{loan} on {date_of(day)}: {heading(found.name)}")
    for finding in found.findings:
        print(f"  {finding.clause}: {heading(finding.outcome)} ({in_words('', dict(finding.inputs))})")
