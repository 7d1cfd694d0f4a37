"""The Why drawer: the same answer as a drawer, a page of its own, and JSON."""

from starlette.responses import HTMLResponse, JSONResponse, Response

from afterloan.desk.web.asking import Asking
from afterloan.desk.workbench.said import DeskWords
from afterloan.desk.workbench.showing import desk_environment, here_of, is_part, show
from afterloan.enquiry.why import Why


def show_why(asking: Asking, answer: Why, room: str) -> Response:
    """An answer: in the drawer where htmx asks, as JSON for `format=json`, else as a page."""
    if asking.request.query_params.get("format") == "json":
        return JSONResponse(answer.told())
    json_href = here_of(asking) + "&format=json"
    if not is_part(asking):
        return show(asking, "why.html", room, answer=answer, json_href=json_href)
    values = {"t": DeskWords(asking.t), "answer": answer, "json_href": json_href, "language": asking.language}
    text = desk_environment().get_template("workbench/why_in.html").render(values)
    return HTMLResponse(text, headers={"cache-control": "no-store", "vary": "HX-Request"})
