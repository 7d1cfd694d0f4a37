"""`afterloan standing`, `road-map`, `limit-application`, `lesson`: the way back, for one borrower."""

import json
from typing import Annotated

import typer

from afterloan.desk.keyboard.options import AsJson, Language, On, amount_of, book_day, day_of, few_loans, group
from afterloan.desk.keyboard.plain import money, speak_of


def register(app: typer.Typer) -> None:
    """Add the commands of the way back."""
    app.command("standing")(standing)
    app.command("road-map")(road_map)
    app.command("limit-application")(limit_application)
    lesson = group("Lessons: give, check, measure.")
    lesson.command("give")(lesson_give)
    lesson.command("check")(lesson_check)
    lesson.command("measure")(lesson_measure)
    app.add_typer(lesson, name="lesson")


def standing(borrower: str, on: On = "", language: Language = "", as_json: AsJson = False) -> None:
    """Where BORROWER stands: what is owed, shown and barred, by which rule, and what lifts it."""
    few_loans()
    from afterloan.dates import iso
    from afterloan.enquiry.way_back import stand
    from afterloan.store.rebuilding import person_of
    from afterloan.store.server import open_store

    store = open_store()
    person = person_of(store, borrower)
    stood = stand(store, person, day_of(on))
    words = language or person.language
    if as_json:
        print(json.dumps(stood.plain(words), ensure_ascii=False))
        return
    print(f"{borrower} {iso(stood.on)}")
    for thing in stood.things:
        print(f"  {thing.loan or '':14} {thing.told(words)}")
    if not stood.things:
        print("  nothing stands against this borrower" if words == "en" else "  无任何限制或逾期")


def road_map(
    loan: str,
    on: On = "",
    language: Language = "",
    choose: Annotated[str, typer.Option("--choose", help="Keep this way, so that its milestones are marked.")] = "",
    reference: Annotated[str, typer.Option(help="The reference under which a chosen way is kept.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ways back for LOAN side by side: what each costs, and its dated milestones."""
    few_loans()
    from afterloan.dates import date_of
    from afterloan.desk.keyboard.doing import act
    from afterloan.enquiry.way_back import draw
    from afterloan.servicing.relief import plan_for_map
    from afterloan.store.rebuilding import person_of_loan
    from afterloan.store.server import open_store

    store = open_store()
    person = person_of_loan(store, loan)
    day = day_of(on)
    if choose:
        act("road_map.keep", {"loan": loan, "way": choose}, date_of(day), reference or f"map-{loan}-{day}-{choose}")
    with store.connect() as connection:
        speak_of(connection, loan=loan)
        plan = plan_for_map(connection, person, loan, day)
    drawn = draw(store, person, loan, day, plan)
    words = language or person.language
    if as_json:
        ways = [w.plain(words) for w in drawn.ways]
        before = [{"state": m.state, **m.milestone} for m in drawn.before]
        print(json.dumps({"loan": loan, "on": on, "ways": ways, "before": before}, ensure_ascii=False))
        return
    for way in drawn.ways:
        total, cost = ("应付合计", "其中费用") if words.startswith("zh") else ("in all", "of it cost")
        print(f"{way.title(words)}: {total} {money(way.total_fen)}, {cost} {money(way.cost_fen)}")
        for milestone in way.milestones:
            print(f"  {milestone.told(words)}")
    if not drawn.ways:
        print("nothing is owed on this loan" if words == "en" else "本笔贷款无欠款")
    for mark in drawn.before:
        print(f"  [{mark.state}] {mark.milestone['on']} {mark.milestone['kind']}")


def limit_application(
    borrower: str,
    wanted: str,
    reference: Annotated[str, typer.Option(help="The application's own reference.")],
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """BORROWER applies for a limit of WANTED (e.g. 10000.00): restored in a step, or refused with reasons."""
    from afterloan.desk.keyboard.doing import act

    asked = {"borrower": borrower, "wanted_fen": amount_of(wanted, "wanted")}
    answer = act("limit.apply", asked, book_day(on), reference).body
    if as_json:
        print(json.dumps({k: answer[k] for k in ("granted", "after_fen", "reasons", "ask_again_on", "rule")}))
    elif answer["granted"]:
        print(f"granted: the limit is {money(answer['after_fen'])} from now on ({answer['rule']})")
    else:
        print(f"refused under {answer['rule']}: {'; '.join(answer['reasons'])}")
        if answer["ask_again_on"]:
            print(f"ask again from {answer['ask_again_on']} on")
    if not answer["granted"]:
        raise typer.Exit(1)


def lesson_give(
    loan: str,
    reference: Annotated[str, typer.Option(help="The reference under which it is kept.")],
    on: On = "",
    language: Language = "",
    as_json: AsJson = False,
) -> None:
    """The lesson for what just happened on LOAN, with its own numbers."""
    from afterloan.desk.keyboard.doing import act

    asked = {"loan": loan, **({"language": language} if language else {})}
    given = act("lesson.give", asked, book_day(on), reference).body
    if as_json:
        print(json.dumps(dict(given), ensure_ascii=False))
    elif given["lesson"] is None:
        print("no lesson follows from what happened")
    elif given["arm"] == "held_out":
        print(f"{given['lesson']}: held out, nothing is shown")
    else:
        print(given["text"])
        print(f"\n{given['question']}")
        for k, answer in enumerate(given["answers"]):
            print(f"  {k}: {answer}")


def lesson_check(
    of: str,
    answer: int,
    reference: Annotated[str, typer.Option(help="The answer's own reference.")],
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """Keep the ANSWER (its number) to the question of the lesson OF."""
    from afterloan.desk.keyboard.doing import act

    checked = act("lesson.check", {"of": of, "answer": answer}, book_day(on), reference)
    right = "right" if checked.body["right"] else "not right"
    print(json.dumps(checked.told(), ensure_ascii=False) if as_json else right)


def lesson_measure(
    lesson: str,
    on: On = "",
    after_days: Annotated[int, typer.Option("--after-days", min=1, max=365)] = 60,
    as_json: AsJson = False,
) -> None:
    """The effect of LESSON against its hold-out, with its interval."""
    from dataclasses import asdict

    from afterloan.servicing.lessons import measure_lesson
    from afterloan.store.server import open_store

    found = measure_lesson(open_store(), lesson, day_of(on), after_days)
    low, middle, high = (f"{v / 10_000:+.2f}" for v in (found.low_ppm, found.difference_ppm, found.high_ppm))
    words = f"{found.shown} shown, {found.held_out} held out: {middle} points ({low} to {high})"
    print(json.dumps(asdict(found)) if as_json else words)
