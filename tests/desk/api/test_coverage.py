"""Commands, routes and verbs are one list: each command has a route that answers the same, or says why it has none."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from afterloan.desk.api.__main__ import contract
from afterloan.desk.api.acts import WITHOUT
from afterloan.desk.keyboard.main import app
from afterloan.servicing.verbs import VERBS

B, L = "/v1/borrowers/{borrower}", "/v1/loans/{loan}"
ROUTES = {
    "acts": "GET /v1/acts",
    "agency list": "GET /v1/agencies",
    "approve": "POST /v1/approvals/{proposal}/approval",
    "borrower": f"GET {B}",
    "bureau compare": f"POST {B}/bureau-comparisons",
    "bureau dispute list": "GET /v1/disputes",
    "bureau dispute show": "GET /v1/disputes/{reference}",
    "bureau files": "GET /v1/bureaus/{bureau}/months",
    "bureau furnish": "POST /v1/bureaus/{bureau}/months/{month_end}/furnishings",
    "bureau preview": "POST /v1/bureaus/{bureau}/months/{month_end}/previews",
    "bureau readings": f"GET {L}/bureau-readings",
    "bureau rejected": "GET /v1/bureaus/{bureau}/rejections",
    "bureau show": f"GET {B}/bureau",
    "can-draw": f"GET {B}/can-draw",
    "cash": "GET /v1/cash",
    "classify": f"GET {L}/classification",
    "close": "POST /v1/closes",
    "contact rules": "GET /v1/contact-rules",
    "contact show": f"GET {B}/contact-preferences",
    "day": "POST /v1/days/{day}/run",
    "decide": "POST /v1/days/{day}/decision",
    "drain": "POST /v1/drains",
    "explain": f"GET {L}/explanation",
    "export": "POST /v1/exports",
    "find": "GET /v1/borrowers",
    "hardship show": f"GET {B}/hardships",
    "hold show": f"GET {B}/holds",
    "import": "POST /v1/imports",
    "journal export": "GET /v1/journal/export",
    "known": f"GET {B}/known",
    "ladder check": "POST /v1/policies/lint",
    "ladder columns": "GET /v1/ladders/columns",
    "ladder list": "GET /v1/ladders",
    "legal show": f"GET {L}/legal",
    "lesson measure": "GET /v1/lessons/{name}/effect",
    "limit show": f"GET {B}/limit",
    "list": "GET /v1/lists/{of}",
    "mandate list": "GET /v1/mandates",
    "plan show": f"GET {B}/plans",
    "plan watch-all": "POST /v1/plans/watches",
    "products": "GET /v1/products",
    "purge certificate": "GET /v1/purges",
    "purge list": f"GET {B}/retention",
    "promise show": f"GET {B}/promises",
    "refunds": "GET /v1/refunds-due",
    "report": "GET /v1/reports/portfolio",
    "risk models": "GET /v1/models",
    "risk choices": "GET /v1/choices",
    "risk why": f"GET {B}/scores",
    "standing": f"GET {B}/standing",
    "statement": f"GET {L}/statement",
    "status": "GET /v1/status",
    "story": f"GET {B}/story",
    "task list": "GET /v1/tasks",
    "task show": "GET /v1/tasks/{reference}",
    "template check": "POST /v1/templates/checks",
    "template list": "GET /v1/templates",
    "template preview": "POST /v1/templates/{template}/previews",
    "trial-balance": "GET /v1/trial-balance",
    "try": "POST /v1/trials",
    "verbs": "GET /v1/verbs",
}
"""The route of each command that is no verb's own."""
MACHINE = "it works the machine on which the book lies"
CLUSTER = "it writes files for machines that reckon beside the store, and is begun on one of them"
FOLDER = "it works on an analyst's own files; the book is not asked"
WITHOUT_ROUTE = {
    "account": "an account is opened where its password is typed",
    "backup": MACHINE,
    "bank-simulator": MACHINE,
    "bureau import": "a comparison, and one POST /v1/disputes for each draft that the caller agrees with",
    "certificate": "a PDF of a settled loan: the portal hands it out",
    "debit callbacks": "it serves a bank's callbacks at an address of its own",
    "demo": MACHINE,
    "doctor": MACHINE,
    "keys add": MACHINE,
    "keys rotate": MACHINE,
    "snapshot": CLUSTER,
    "spark close": CLUSTER,
    "spark decide": CLUSTER,
    "spark features": CLUSTER,
    "spark furnish": CLUSTER,
    "spark trial": CLUSTER,
    "keys show": MACHINE,
    "generate": "a book is made up where it will lie",
    "import-instalments": "tables of another form, mapped by hand before they are brought in",
    "legal bundle": "papers for a court are made where they are printed",
    "lives": "plays the lives of the documentation into a book of its own",
    "restore": MACHINE,
    "risk assess": FOLDER,
    "risk card": FOLDER,
    "risk features": FOLDER,
    "risk fit": FOLDER,
    "risk flows": "movements come with their map, a file of its own",
    "risk bureau": "reports of a bureau come as a file of many borrowers",
    "risk forecast": "a forecast of the whole book is an analyst's table, made where the book lies",
    "risk report": "a page is written to a file, from an analyst's own table or from the whole book",
    "risk treat": FOLDER,
    "risk treat-played": "a made-up world, of no book",
    "risk limits": "it sets lines anew on paper and writes the folder that an analyst proposes from",
    "risk train": FOLDER,
    "serve": MACHINE,
    "stop": MACHINE,
    "verify": "the chain is verified by who holds the book, with the heads of another keeper",
}
"""Commands that have no route, and why."""


def commands(room: Any, words: tuple[str, ...] = ()) -> Iterator[str]:
    if hasattr(room, "commands"):
        for name, inner in room.commands.items():
            yield from commands(inner, (*words, name))
    else:
        yield " ".join(words)


def routes() -> dict[str, Any]:
    told = contract()["paths"]
    return {f"{method.upper()} {path}": one for path, methods in told.items() for method, one in methods.items()}


def test_every_command_is_a_verb_s_has_a_route_or_says_why_not() -> None:
    there = set(commands(get_command(app)))
    of_verbs = {verb.command for verb in VERBS}
    assert not of_verbs - there, "a verb names a command that is not there"
    rest = there - of_verbs
    assert rest - set(ROUTES) - set(WITHOUT_ROUTE) == set(), "give it a route, or a reason"
    assert (set(ROUTES) | set(WITHOUT_ROUTE)) - rest - of_verbs == set(), "no such command any more"
    assert not set(ROUTES) & set(WITHOUT_ROUTE)


def test_the_routes_that_are_named_are_served() -> None:
    assert set(ROUTES.values()) <= set(routes())


def test_every_verb_has_exactly_one_route_beside_those_of_approvals() -> None:
    of = [one["x-verb"] for one in routes().values() if "x-verb" in one and one["x-verb"] != "proposal.make"]
    assert sorted(of) == sorted({verb.name for verb in VERBS} - set(WITHOUT))


def test_what_writes_asks_for_a_key_and_what_does_not_says_so() -> None:
    """A POST without an Idempotency-Key keeps nothing, or is bound otherwise."""
    bound = {
        "POST /v1/approvals/{proposal}/approval": "bound to what was shown by If-Match; done once under the proposal",
        "POST /v1/keys": "a name is taken once",
        "POST /v1/portal-tickets": "a ticket is good once, for a minute",
        "POST /v1/sandbox/seats": "a sitting, of a demonstration only",
        f"POST {B}/reveals": "each reading is one of its own, and on record",
        f"POST {B}/bureau-comparisons": "keeps nothing",
        "POST /v1/exports/{export}/links": "an address that is good for an hour; that the file is had is on record",
        "POST /v1/debit-files/{file}/copies": "the very file once more; each copy is on record",
        "POST /v1/policies/lint": "keeps nothing",
        "POST /v1/webhooks/{webhook}/tests": "keeps nothing",
        "POST /v1/templates/checks": "keeps nothing",
        "POST /v1/templates/{template}/previews": "keeps nothing",
    }
    without = {
        name
        for name, one in routes().items()
        if name.startswith("POST")
        and not any(parameter["name"] == "Idempotency-Key" for parameter in one.get("parameters", ()))
    }
    assert without == set(bound)
