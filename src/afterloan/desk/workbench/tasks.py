"""Tasks: what people must look at, those whose clock runs out first on top."""

from collections import Counter
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.refusing import RefusedHere
from afterloan.desk.workbench.showing import show
from afterloan.enquiry.tasks import kinds_sent, tasks
from afterloan.facts.act import Refused

MOST = 200


def tasks_router() -> APIRouter:
    """`/tasks`, and one done."""
    router = APIRouter()
    router.get("/tasks")(open_tasks)
    router.post("/tasks/done")(finish)
    return router


def open_tasks(asking: SignedIn, queue: str = "", done: str = "") -> Response:
    """Open tasks of a queue or all."""
    return _shown(asking, queue, asking.t("desk.tasks.done") if done else "")


def _shown(asking: Asking, queue: str, done: str = "", status: int = 200, refused: Refused | None = None) -> Response:
    every = tasks(asking.connection, kinds_sent(), asking.on)
    mine = [task for task in every if queue in ("", task.queue)]
    queues = sorted(Counter(task.queue for task in every))
    return show(
        asking, "tasks.html", "tasks", status, tasks=mine[:MOST], total=len(mine), queues=queues, queue=queue,
        done=done, refused=refused,
    )  # fmt: skip


def finish(asking: SignedIn, form: Form) -> Response:
    """A task is done, with how."""
    try:
        asking.do("task.done", {"of": form["task"], "how": form["how"]}, f"form:{form.key}")
    except RefusedHere as error:
        return _shown(asking, "", "", error.status, error.refused)
    return RedirectResponse(f"/tasks?done={quote('yes')}", 303)
