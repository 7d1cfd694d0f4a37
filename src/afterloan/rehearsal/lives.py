"""Lives played day by day through the system itself: closes, decisions, sendings, a bank, a bureau, people."""

import hashlib
import json
import multiprocessing
import tempfile
import time as clock
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import yaml
from psycopg.types.json import Jsonb

from afterloan.close import close_through
from afterloan.close.compiling import compile_ahead
from afterloan.close.decide import decide_shard
from afterloan.close.furnish import furnish
from afterloan.close.shard import close_shard
from afterloan.close.telling import tell_news
from afterloan.close.today import restore_lines
from afterloan.close.workers import as_a_worker_is
from afterloan.dates import number_of
from afterloan.facts import Accelerated, Disbursed, Repaid
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.debit import MandateSigned
from afterloan.facts.legal import EvidenceKept
from afterloan.facts.limit import LimitSet
from afterloan.rehearsal.bank.server import bank_app
from afterloan.rehearsal.bank.simulator import Bank, Habits
from afterloan.rehearsal.serving import at_free_port, quiet_server
from afterloan.rules.products import builtin
from afterloan.sending.channels import read_setting
from afterloan.sending.drain import CHANNELS, channels
from afterloan.sending.drain_work import drain
from afterloan.sending.receipts import take_file
from afterloan.servicing.acceleration import accelerate
from afterloan.servicing.booking import take
from afterloan.servicing.desk import Desk
from afterloan.servicing.door import do
from afterloan.servicing.judgment import Said
from afterloan.servicing.legal import (
    approve,
    end,
    propose,
    propose_from_ladder,
    start,
)
from afterloan.servicing.legal_watch import watch
from afterloan.servicing.losses import propose_losses_from_ladder
from afterloan.servicing.plans import watch_plans
from afterloan.servicing.withdrawal import withdraw_cured
from afterloan.store.acts import act_of_rule
from afterloan.store.cases import place_with
from afterloan.store.connect import connect_to, reader_to
from afterloan.store.contracts import add_borrower
from afterloan.store.debits import sign_mandate
from afterloan.store.events import borrower_number, tell
from afterloan.store.legal import appoint, case_of
from afterloan.store.limits import owed_now
from afterloan.store.record import record
from afterloan.store.server import Store, divide_for_show, open_store
from afterloan.store.settings import Setting, set_parts, setting

ZONE = ZoneInfo("Asia/Shanghai")
PRINCIPAL_FEN, RATE, LIMIT_FEN = 1_200_000, 5_000, 2_000_000
"""Every life borrows 12,000.00 at 0.05 % a day in twelve equal instalments, on a line of 20,000.00."""
FURNISHED_AGAIN = 3
"""The day of the next month on which a month is furnished once more."""
PEOPLE_AT_THE_DOOR = {"specialist-he": ("specialist",), "lead-wang": ("lead",)}
PEOPLE = {"lead-wang": ["collections_lead"], "counsel-zhao": ["legal_counsel"], "risk-sun": ["head_of_risk"]}

OFFICE = Who("person", "lead-wang", ("lead",), "rehearsal")
"""Who signs the contracts of the lives."""


@dataclass(frozen=True, slots=True)
class Played:
    """What playing a life came to."""

    days: int
    last: date
    seconds: float


@cache
def scripts() -> tuple[Mapping[str, Any], ...]:
    """The lives that come with afterloan, in the order in which they are told."""
    place = resources.files("afterloan.rules") / "packs" / "lives" / "lives.yaml"
    return tuple(yaml.safe_load(place.read_text(encoding="utf-8")))


@cache
def played_scripts() -> tuple[Mapping[str, Any], ...]:
    """The borrowers whom everybody follows in a demonstration."""
    place = resources.files("afterloan.rules") / "packs" / "lives" / "played.yaml"
    return tuple(yaml.safe_load(place.read_text(encoding="utf-8")))


def sign_played(store: Store) -> None:
    """Sign the followed borrowers' contracts in a book that is being made, before its days are closed."""
    bank = Bank(7, date(2025, 1, 1), Habits(salary_fen=0))
    with tempfile.TemporaryDirectory() as folder, store.connect() as connection, reader_to(store.url) as reader:
        world = World(store, connection, reader, bank, "http://127.0.0.1:1", Path(folder))
        for script in played_scripts():
            there = connection.execute(
                "select exists (select from borrower where reference = %s)", (script["borrower"],)
            ).fetchone()
            if not (there and there[0]):
                Life(world, script).morning(date.fromisoformat(script["signed"]))


def script_of(name: str) -> Mapping[str, Any]:
    """A life by its id. Raises KeyError."""
    return {str(s["id"]): s for s in scripts()}[name]


NAME = "afterloan_lives"


def lives_store(store: Store) -> Store:
    """An empty book beside the store's own, on the same server, made anew."""
    Store(_beside(store)).close()
    owner = store.as_owner()
    with owner.connect(autocommit=True) as connection:
        connection.execute(f"drop database if exists {NAME} with (force)")
        connection.execute(f"create database {NAME}")
        connection.execute(f"alter database {NAME} set synchronous_commit = off")  # nothing to lose
    beside = open_store(_beside(owner))
    divide_for_show(beside, shards=1)  # five borrowers: each shard would be decided and closed by itself, every day
    return beside


def _beside(store: Store) -> str:
    return urlunsplit(urlsplit(store.url)._replace(path=f"/{NAME}"))


def package_mark() -> str:
    """Twelve characters that change whenever code or a pack of afterloan changes."""
    mark = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.yaml")]):
        mark.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return mark.hexdigest()[:12]


def played_store(store: Store) -> tuple[Store, Played | None]:
    """The book of the lives, played by this very code; None when it was played before and stands."""
    mark = package_mark()
    with store.connect(autocommit=True) as connection:
        there = connection.execute("select exists (select from pg_database where datname = %s)", (NAME,)).fetchone()
    if there and there[0]:
        with suppress(psycopg.Error), connect_to(_beside(store)) as connection:
            if setting(connection, Setting.LIVES).get("by") == mark:
                return Store(_beside(store)), None
    small = lives_store(store)
    played = play(small, scripts())
    with small.connect() as connection:
        set_parts(connection, Setting.LIVES, {"by": mark})
    return small, played


class LivesBeside:
    """The lives, played by a process of their own while this one does something else."""

    def __init__(self, store: Store) -> None:
        """Begin at once; the process ends with this one at the latest."""
        begun = multiprocessing.get_context("spawn")
        self.store = store
        self.answer, told = begun.Pipe(duplex=False)
        self.process = begun.Process(target=_played_for, args=(store, told), daemon=True)
        with as_a_worker_is():
            self.process.start()
        told.close()

    def played(self) -> tuple[Store, Played | None]:
        """As `played_store`, once they are played; where their process broke off they are played here."""
        try:
            played: Played | None = self.answer.recv()
        except EOFError:
            return played_store(self.store)
        self.process.join()
        return Store(_beside(self.store)), played


def _played_for(store: Store, told: Connection) -> None:
    compile_ahead()  # first of all: the close that is to come waits for it
    small, played = played_store(store)
    small.close()
    store.close()
    told.send(played)


def play(store: Store, told: Sequence[Mapping[str, Any]], through: date | None = None) -> Played:
    """Play lives side by side in an empty book, every day from the first signing to the last script's end.

    Each day: decide from the evening before, let people and borrowers act, send what is due at its hour through a
    real bank server and the spooled channels, close. The shards of the borrowers are decided and closed day by day;
    the others, which are empty, follow at a month's end, where the whole book is proved and furnished. The order
    of shards is no part of the answer.
    """
    began = clock.monotonic()
    first = min(date.fromisoformat(s["signed"]) for s in told)
    last = through or max(date.fromisoformat(s["through"]) for s in told)
    with (
        tempfile.TemporaryDirectory() as folder,
        bank_running(first, Habits(salary_fen=0)) as (bank, url),
        store.connect() as connection,
        reader_to(store.url) as reader,
    ):
        world = World(store, connection, reader, bank, url, Path(folder))
        lives = [Life(world, script) for script in told]
        day = first
        while day <= last:
            world.day(day, lives)
            day += timedelta(1)
        world.prove(last)
    return Played((last - first).days + 1, last, clock.monotonic() - began)


@contextmanager
def bank_running(today: date, habits: Habits) -> Iterator[tuple[Bank, str]]:
    """The simulated bank as a server on a port of its own, on this machine alone: the bank, and where it is."""
    bank = Bank(7, today, habits)
    with at_free_port(quiet_server(bank_app(bank))) as port:
        yield bank, f"http://127.0.0.1:{port}"


class World:
    """What the lives share: the book, a bank, the channels, the bureau's folder."""

    def __init__(
        self, store: Store, connection: psycopg.Connection[Any], reader: adbc.Connection, bank: Bank, url: str,
        folder: Path,
    ) -> None:  # fmt: skip
        """Nothing is written before the first day."""
        self.store, self.connection, self.reader, self.bank, self.folder = store, connection, reader, bank, folder
        channels()
        self.kinds = [kind for registered in CHANNELS.values() for kind in registered.kinds]
        self.setting = read_setting({"debit": {"url": url}})

    @contextmanager
    def both(self) -> Iterator[tuple[psycopg.Connection[Any], adbc.Connection]]:
        """One transaction, and the reader beside it."""
        with self.connection.transaction():
            yield self.connection, self.reader

    @contextmanager
    def acting(
        self, who: Who, verb: str, of: str, on: date
    ) -> Iterator[tuple[psycopg.Connection[Any], adbc.Connection]]:
        """One transaction in which all that is told belongs to one act of `who`, a day and what it is `of`."""
        with self.both() as (connection, reader), act_of_rule(connection, who, verb, f"{verb}:{of}:{on}", on, {}):
            yield connection, reader

    def day(self, on: date, lives: Sequence["Life"]) -> None:
        """One day, from the decisions of the morning to the close of the evening."""
        self.bank.advance(on)
        lives = [life for life in lives if life.first <= on <= life.last]
        shards = sorted({life.shard for life in lives if life.first < on})
        watch_plans(self.store, on)
        for shard in shards:
            decide_shard(self.connection, self.reader, shard, number(on))
        restore_lines(self.store, number(on))
        tell_news(self.store, number(on))
        with self.acting(Who.rule("night"), "legal.watch", "book", on) as (connection, reader):
            propose_from_ladder(connection, on)
            propose_losses_from_ladder(connection, on)
            watch(connection, reader, on)
        for life in lives:
            life.morning(on)
        self._send(on)
        for life in lives:
            life.evening(on)
        for shard in sorted({life.shard for life in lives}):
            close_shard(self.connection, self.reader, shard, number(on), number(on))
        if (on + timedelta(1)).day == 1:
            self.prove(on)
            furnish(self.store, on, "pboc", self.folder)
        if on.day == FURNISHED_AGAIN:  # what waited for its notice to be delivered
            before = on.replace(day=1) - timedelta(1)
            if before >= min(life.first for life in lives):
                furnish(self.store, before, "pboc", self.folder, on)

    def prove(self, on: date) -> None:
        """Close what is left of the book through a day; raises ValueError when a proof fails."""
        closed = close_through(self.store, number(on))
        if closed.failed:
            raise ValueError("; ".join(closed.failed))

    def _send(self, on: date) -> None:
        """Send what comes due during the day, each at its moment; the gateways' receipts come a minute later."""
        evening = datetime.combine(on, time(22), ZONE)
        for _ in range(30):
            moment = self._next()
            if moment is None or moment > evening:
                return
            moment = max(moment, datetime.combine(on, time(8), ZONE).astimezone(UTC)) + timedelta(seconds=30)
            done = drain(self.store, moment=moment, told=self.setting)
            self._receipts(moment + timedelta(minutes=1))
            if not done.jobs:
                return

    def _next(self) -> datetime | None:
        with self.both() as (connection, _):
            row = connection.execute(
                "select min(not_before) from waiting where job is null and kind = any(%s)", (self.kinds,)
            ).fetchone()
        return row[0] if row else None

    def _receipts(self, moment: datetime) -> None:
        """Every message sent has been delivered: what the gateways of this small world say."""
        gateway = Who("partner", "gateway", ("integrator",), "callback")
        with self.both() as (connection, _):
            keys = connection.execute(
                "select e.body->>'key' from event e where e.kind = 'message.sent' and not exists "
                "(select from event d where d.reference = 'delivered:' || (e.body->>'key'))"
            ).fetchall()
            told = [{"key": key, "status": "delivered", "at": moment.isoformat()} for (key,) in keys]
            if told:
                desk = Desk(self.store, connection, moment)
                answer = take_file(desk, gateway, "gateway.json", json.dumps(told).encode(), moment.date())
                assert isinstance(answer, Answer), answer


class Life:
    """One borrower's life as its script tells it: what the borrower does, what people decide, what the bank holds."""

    def __init__(self, world: World, script: Mapping[str, Any]) -> None:
        """Nothing is written before the day of signing."""
        self.world, self.script, self.shard = world, script, -1
        self.borrower, self.loan = str(script["borrower"]), f"{script['borrower']}-1"
        self.first = date.fromisoformat(script["signed"])
        self.last = date.fromisoformat(script["through"])

    def begin(self) -> None:
        """Borrower, line, contract, mandate and disbursement on the day of signing; who may approve what."""
        on = self.first
        told: dict[str, Any] = {"borrower": self.borrower, "on": on, "known_on": on}
        address = {
            "id_type": "10",
            "id_number": "110101199003070011",
            "mobile": "13800000000",
            "email": "life@example.com",
            "address": "杭州市西湖区一路1号",
        }
        self.world.bank.balances[self.script["account"]] = 0
        with self.world.acting(OFFICE, "book.sign", self.borrower, on) as (connection, _):
            attributes = {**address, "jurisdiction": "CN", "timezone": "Asia/Shanghai", "province": "zhejiang"}
            add_borrower(connection, self.borrower, self.script["name"], attributes, on)
            self._contract(connection, on)
            tell(connection, LimitSet(**told, reference=f"limit:{self.borrower}", by="assessment", reason="assessed",
                                      rule="person", before_fen=0, after_fen=LIMIT_FEN))  # fmt: skip
            sign_mandate(connection, MandateSigned(**told, reference=f"mandate:{self.borrower}", source="card",
                                                   account=self.script["account"]))  # fmt: skip
            for person, roles in PEOPLE.items():
                appoint(connection, person, roles, on)
            _, self.shard = borrower_number(connection, self.borrower)

    def _contract(self, connection: psycopg.Connection[Any], on: date) -> None:
        code = "jiebei-equal"
        terms = Jsonb(builtin()[code].model_dump(mode="json"))
        connection.execute(
            "insert into product (code, terms, known_on) values (%s, %s, %s) on conflict do nothing", (code, terms, on)
        )
        connection.execute(
            "insert into contract (reference, borrower, shard, product, principal_fen, rate, signed_on, unit, every, "
            "instalments, due_dom, known_on) select %s, borrower, shard, (select number from product where code = %s), "
            "%s, %s, %s, 3, 1, 12, %s, %s from borrower where reference = %s",
            (self.loan, code, PRINCIPAL_FEN, RATE, on, on.day, on, self.borrower),
        )
        record(connection, Disbursed(self.loan, f"out:{self.loan}", number(on), number(on), PRINCIPAL_FEN))

    def morning(self, on: date) -> None:
        """The signing; money that comes onto the account; what people decide."""
        if on == self.first:
            self.begin()
        for came in self._of("bank", on):
            self.world.bank.put(self.script["account"], int(came["amount_fen"]))
        for act in self._of("people", on):
            self._act(on, act)

    def evening(self, on: date) -> None:
        """What the borrower pays himself."""
        for paid in self._of("pays", on):
            self._pay(on, paid)

    def _of(self, part: str, on: date) -> list[Mapping[str, Any]]:
        return [x for x in self.script.get(part, ()) if x["day"] == on.isoformat()]

    def _act(self, on: date, act: Mapping[str, Any]) -> None:
        if "verb" in act:
            self._verb(on, act)
            return
        acts: dict[str, Callable[..., None]] = {
            "evidence": self._evidence, "agency": self._agency, "step": self._step, "outcome": self._outcome,
            "call_due": self._call_due,
        }  # fmt: skip
        name = str(act.get("by", "lead-wang"))
        who = Who("person", name, tuple(PEOPLE.get(name, ())), "rehearsal")
        with self.world.acting(who, f"rehearsal.{act['do']}", f"{self.borrower}:{act.get('step', '')}", on) as (
            connection,
            reader,
        ):
            acts[str(act["do"])](connection, reader, on, act)

    def _verb(self, on: date, act: Mapping[str, Any]) -> None:
        """An act through the door, under the name `as`; `BORROWER` and `LOAN` stand for this life's own."""
        told = json.dumps(act["asked"]).replace("BORROWER", self.borrower).replace("LOAN", self.loan)
        name = str(act.get("by", self.borrower))
        roles = PEOPLE_AT_THE_DOOR.get(name)
        who = Who("person", name, roles, "rehearsal") if roles else Who("borrower", self.borrower, (), "rehearsal")
        desk = Desk(self.world.store, self.world.connection, datetime.combine(on, time(10), ZONE).astimezone(UTC))
        answer = do(desk, who, str(act["verb"]), json.loads(told), f"{self.borrower}:{act['as']}", on)
        if isinstance(answer, Refused):
            raise ValueError(f"{on} {self.borrower}: {answer}")

    def _evidence(self, connection: Any, reader: Any, on: date, act: Mapping[str, Any]) -> None:
        digest = hashlib.sha256(str(act["text"]).encode()).hexdigest()
        what = cast(Any, act["what"])
        told: dict[str, Any] = {"borrower": self.borrower, "loan": self.loan, "on": on, "known_on": on}
        told |= {"reference": f"evidence:{self.loan}:{what}", "name": act["text"], "sha256": digest}
        tell(connection, EvidenceKept(**told, what=what))

    def _agency(self, connection: Any, reader: Any, on: date, act: Mapping[str, Any]) -> None:
        place_with(connection, str(act["agency"]), on, "lead-wang")

    def _step(self, connection: Any, reader: Any, on: date, act: Mapping[str, Any]) -> None:
        proposal = propose(connection, self.loan, act["step"], on, act["by"], "unpaid after every reminder")
        for person, role in act["approvals"]:
            approve(connection, proposal, on, person, role)
        start(connection, proposal, on, act["by"], str(act.get("court", "")))

    def _call_due(self, connection: Any, reader: Any, on: date, act: Mapping[str, Any]) -> None:
        accelerate(connection, Accelerated(self.loan, f"called:{self.loan}", number(on), number(on)))

    def _outcome(self, connection: Any, reader: Any, on: date, act: Mapping[str, Any]) -> None:
        case = case_of(connection, self.loan, on)
        step = next(s for s in reversed(case.steps) if s.name == act["step"] and s.started)
        assert step.started is not None
        until = date.fromisoformat(act["perform_by"]) if "perform_by" in act else None
        said = Said(int(act.get("amount_fen", 0)), until)
        end(connection, step.proposal.reference, on, act["outcome"], said)

    def _pay(self, on: date, paid: Mapping[str, Any]) -> None:
        who = Who("borrower", self.borrower, (), "rehearsal")
        with self.world.acting(who, "repayment.take", self.borrower, on) as (connection, reader):
            owed = self._amount(connection, reader, on, paid)
            take(connection, Repaid(self.loan, f"in:{self.loan}:{on}", number(on), number(on), int(owed)))
            withdraw_cured(connection, self.borrower, on)

    def _amount(self, connection: Any, reader: Any, on: date, paid: Mapping[str, Any]) -> int:
        """What is paid: an amount, the `arrears`, or what ends the loan that day (`payoff`)."""
        if paid.get("amount") == "arrears":
            return owed_now(connection, self.borrower, on)
        if paid.get("amount") == "payoff":
            return case_of(connection, self.loan, on).claim.payoff_fen
        return int(paid["amount_fen"])


def number(on: date) -> int:
    """Days since 1970-01-01."""
    return number_of(on)
