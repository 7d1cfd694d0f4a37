"""How fast the desk answers: beside the same work without HTTP, and to 16 users beside a running close.

    python -m bench desk [AFTERLOAN_BENCH_DESK_LOANS=100000]

Two figures for each thing asked. `…_alone`: the median of one user, beside the median of the library doing the same on
one connection. `…_p99`: what 99 of 100 answers do not exceed while 16 users ask 50 times a second in all and a close
runs in a process of its own; beside its aim. The users, the server, the database and the close share the machine.
"""

import http.client
import itertools
import json
import multiprocessing
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from bench.book import LAST, _figure, _store

LOANS = int(os.environ.get("AFTERLOAN_BENCH_DESK_LOANS", "100000"))
SECONDS = int(os.environ.get("AFTERLOAN_BENCH_DESK_SECONDS", "60"))
USERS, EACH_SECOND = 16, 50
ALONE = 60
"""Questions of each kind that one user asks alone."""
TODAY = date(1970, 1, 1) + timedelta(LAST + 1)
TOKENS = itertools.count()


@dataclass(slots=True)
class User:
    """A browser and a program of one person: connections kept open, the cookie of the desk, the key of the API."""

    port: int
    cookie: str
    key: str
    secret: str
    lines: dict[str, http.client.HTTPConnection] = field(default_factory=dict)

    def ask(self, method: str, host: str, path: str, body: bytes = b"", **headers: str) -> float:
        """Milliseconds until the answer is whole. Raises RuntimeError for a refusal."""
        line = self.lines.setdefault(host, http.client.HTTPConnection("127.0.0.1", self.port, timeout=60))
        told = {"Host": f"{host}.localhost", **headers}
        told |= {"Cookie": self.cookie} if host == "desk" else {"Authorization": f"Bearer {self.key}"}
        began = time.perf_counter()
        try:
            line.request(method, path, body or None, told)
            answer = line.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):  # the server closed a line on which nobody spoke
            line.close()
            line.request(method, path, body or None, told)
            answer = line.getresponse()
        content = answer.read()
        took = (time.perf_counter() - began) * 1e3
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return took

    def send(self, path: str, asked: dict[str, Any]) -> float:
        """Do an act over the API, under a key of its own."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"bench-{os.getpid()}-{next(TOKENS)}"}
        return self.ask("POST", "api", path, json.dumps(asked).encode(), **headers)


@dataclass(frozen=True, slots=True)
class Kind:
    """A thing asked: its aim in ms, how a user asks it of a loan and its borrower, and the same without HTTP."""

    name: str
    aim_ms: int
    asks: Callable[[User, str, str], float]
    bare: Callable[[Any, str, str], object]


def serve(url: str, port: int) -> None:
    """The book served as `afterloan serve` does, in a process of its own."""
    import uvicorn

    from afterloan.desk.serve import app_of
    from afterloan.desk.web.house import House
    from afterloan.store.server import Store

    app = app_of(House(Store(url), demo=True))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, proxy_headers=False)


def close_on(url: str, stop: Any, closed: Any) -> None:
    """Close one day after the other until told to stop."""
    from afterloan.close import close_through
    from afterloan.store.server import Store

    for day in itertools.count(LAST + 1):
        if stop.is_set():
            return
        close_through(Store(url), day, only=True, workers=1)
        closed.value += 1


@contextmanager
def beside(work: Callable[..., None], *told: Any) -> Iterator[Any]:
    """A work in a process of its own, ended with the block."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=told, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(20)


def _search(user: User, word: str) -> float:
    from afterloan.desk.web.forms import form_token

    form = urlencode({"q": word, "token": form_token(user.secret)}).encode()
    return user.ask("POST", "desk", "/search", form, **{"Content-Type": "application/x-www-form-urlencoded"})


def _bare_act(desk: Any, verb: str, asked: dict[str, Any]) -> object:
    from afterloan.facts.act import Refused, Who
    from afterloan.servicing.door import do

    who = Who("person", "bench", ("finance", "lead"), "api")
    told = do(desk, who, verb, asked, f"bare-{os.getpid()}-{next(TOKENS)}", TODAY)
    assert not isinstance(told, Refused), told
    return told


def _bare_draw(desk: Any, loan: str, borrower: str) -> object:
    from afterloan.store.limits import can_draw

    return can_draw(desk.connection, borrower, 100_000, TODAY)


def _bare_loan(desk: Any, loan: str, borrower: str) -> object:
    from afterloan.enquiry.loans import loan_told

    return loan_told(desk.connection, loan, TODAY, TODAY)


def _bare_case(desk: Any, loan: str, borrower: str) -> object:
    from afterloan.enquiry.case import case_told
    from afterloan.facts.act import Who
    from afterloan.servicing.may import may_verbs

    may = may_verbs(Who("person", "bench", ("lead",), "desk"), TODAY)
    return case_told(desk.connection, borrower, TODAY, TODAY, desk.now, may, "en")


def _bare_worklist(desk: Any, loan: str, borrower: str) -> object:
    from afterloan.enquiry.worklist import WorklistAsked, worklist_page

    return worklist_page(desk.connection, desk.reader, WorklistAsked(TODAY))


def _bare_search(desk: Any, loan: str, borrower: str) -> object:
    from afterloan.enquiry.find import find

    return find(desk.connection, loan)


REPAID = {"amount_fen": 100, "received_on": TODAY.isoformat()}
KINDS = (
    Kind("can_draw", 15, lambda u, loan, b: u.ask("GET", "api", f"/v1/borrowers/{quote(b)}/can-draw?amount_fen=100000"),
         _bare_draw),
    Kind("payoff", 5, lambda u, loan, b: u.ask("GET", "api", f"/v1/loans/{quote(loan)}"), _bare_loan),
    Kind("quote", 40, lambda u, loan, b: u.send(f"/v1/loans/{quote(loan)}/quotes", {}),
         lambda d, loan, b: _bare_act(d, "quote.give", {"loan": loan})),
    Kind("repayment", 40, lambda u, loan, b: u.send(f"/v1/loans/{quote(loan)}/repayments", REPAID),
         lambda d, loan, b: _bare_act(d, "repayment.take", {"loan": loan, **REPAID})),
    Kind("case", 200, lambda u, loan, b: u.ask("GET", "desk", f"/cases/{quote(b)}"), _bare_case),
    Kind("worklist", 120, lambda u, loan, b: u.ask("GET", "desk", "/worklist"), _bare_worklist),
    Kind("search_part", 100, lambda u, loan, b: _search(u, loan[-6:]),
         lambda d, loan, b: _bare_search(d, loan[-6:], b)),
    Kind("search", 100, lambda u, loan, b: _search(u, loan), _bare_search),
)  # fmt: skip
OF_FINANCE = ("payoff", "repayment")


def ready(store: Any, folder: Any) -> list[tuple[str, str]]:
    """A generated book, closed, decided, its clock set; loans that people look at, with their borrowers."""
    from afterloan.close import close_through
    from afterloan.close.decide import decide
    from afterloan.generate import generate
    from afterloan.intake.book import bring_in
    from afterloan.store.settings import Setting, set_parts

    cores = os.cpu_count() or 1
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("made", lambda: generate(LOANS, 12, 1, folder / "book", workers=cores)),
        ("brought in", lambda: list(bring_in(store, folder / "book"))),
        ("closed", lambda: close_through(store, LAST, only=True, workers=cores)),
        ("decided", lambda: decide(store, LAST + 1, cores)),
    )
    for name, step in steps:
        began = time.perf_counter()
        step()
        print(f"# {LOANS} loans {name} in {time.perf_counter() - began:.0f} s", flush=True)
    with store.connect(autocommit=True) as connection:
        set_parts(connection, Setting.CLOCK, {"on": TODAY.isoformat(), "pinned": []})
    with store.as_owner().connect(autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return looked_at(store)


def looked_at(store: Any) -> list[tuple[str, str]]:
    """Loans on which much is owed, of borrowers of the evening's list, with these borrowers."""
    from afterloan.enquiry.loans import loan_told

    with store.connect() as connection:
        rows = connection.execute(
            "select c.reference, b.reference from worklist w join borrower b using (borrower) "
            "join contract c using (borrower) where c.signed_on > %s order by c.loan limit 1500",
            (TODAY - timedelta(150),),
        ).fetchall()
        return [
            (str(loan), str(borrower))
            for loan, borrower in rows
            if loan_told(connection, str(loan), TODAY, TODAY)["payoff_fen"] > 100_000
        ]


def sat(port: int, role: str) -> User:
    """Somebody who sat down, at the desk and with a key."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    told = {"Host": "desk.localhost", "Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST", "/sign-in", urlencode({"seat": role, "token": ""}), told)
    answer = line.getresponse()
    answer.read()
    cookie = str(answer.getheader("set-cookie")).partition(";")[0]
    told = {"Host": "api.localhost", "Content-Type": "application/json"}
    line.request("POST", "/v1/sandbox/seats", json.dumps({"seat": role}), told)
    key = json.loads(line.getresponse().read())["key"]
    return User(port, cookie, key, cookie.partition("=")[2])


def seats(port: int) -> dict[str, User]:
    """One person for each kind: finance takes money, a lead asks the rest."""
    lead, finance = sat(port, "lead"), sat(port, "finance")
    return {kind.name: finance if kind.name in OF_FINANCE else lead for kind in KINDS}


def alone(store: Any, port: int, loans: list[tuple[str, str]]) -> list[dict[str, object]]:
    """One user, and the same work without HTTP, in turn."""
    from afterloan.servicing.desk import desk_of

    users, figures = seats(port), []
    with desk_of(store) as desk:
        for kind in KINDS:
            ours, bare = [], []
            for k in range(ALONE):
                loan, borrower = loans[(k * 2) % len(loans)]
                took = kind.asks(users[kind.name], loan, borrower)
                loan, borrower = loans[(k * 2 + 1) % len(loans)]
                began = time.perf_counter()
                kind.bare(desk, loan, borrower)
                if k >= 10:  # the first ones find out what the next remember
                    bare.append((time.perf_counter() - began) * 1e3)
                    ours.append(took)
            figures.append(_figure(f"desk_{kind.name}_alone", _part(ours, 50), "ms", _part(bare, 50)))
    return figures


def _part(times: list[float], percent: int) -> float:
    """The time that so many of a hundred do not exceed."""
    return sorted(times)[min(len(times) * percent // 100, len(times) - 1)]


def crowd(port: int, loans: list[tuple[str, str]], seconds: float) -> dict[str, list[float]]:
    """16 users ask 50 times a second in all, each waiting for an answer before asking again: ms by kind."""
    took: dict[str, list[float]] = {kind.name: [] for kind in KINDS}
    until = time.perf_counter() + seconds
    wrong: list[BaseException] = []

    def user(number: int) -> None:
        chance, users = random.Random(number), seats(port)
        while (began := time.perf_counter()) < until and not wrong:
            kind = chance.choice(KINDS)
            try:
                took[kind.name].append(kind.asks(users[kind.name], *chance.choice(loans)))
            except Exception as error:
                wrong.append(error)
            time.sleep(max(USERS / EACH_SECOND * chance.uniform(0.5, 1.5) - (time.perf_counter() - began), 0))

    threads = [threading.Thread(target=user, args=(number,)) for number in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]
    return took


def figures() -> list[dict[str, object]]:
    """All figures of the desk."""
    with _store() as (store, folder):
        return asked(store, ready(store, folder))


def asked(store: Any, loans: list[tuple[str, str]]) -> list[dict[str, object]]:
    """The figures over a book that is ready."""
    context = multiprocessing.get_context("spawn")
    stop, closed = context.Event(), context.Value("i", 0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with beside(serve, store.url, port):
        _wait_for(port)
        made = alone(store, port, loans)
        crowd(port, loans, 5)
        with beside(close_on, store.url, stop, closed) as closing:
            took = crowd(port, loans, SECONDS)
            stop.set()
            closing.join(120)
    asks = sum(map(len, took.values()))
    print(f"# {asks / SECONDS:.0f} answers a second beside {closed.value} closes of a day", flush=True)
    return made + [_figure(f"desk_{k.name}_p99", _part(took[k.name], 99), "ms", k.aim_ms) for k in KINDS]


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the desk did not start")


FIGURES = {"desk": figures}
