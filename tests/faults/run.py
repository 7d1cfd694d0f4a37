"""Kill a process in a stage, ask for the stage once more, and hold the book against the same book that nobody killed.

One world by seed; its stages are lived once without a fault, and the book before each is kept as a template. The money
is held against the independent auditor of the simulation, who lives every loan by himself.
"""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from afterloan.store.server import Store, open_store
from tests.bureau.books import identity
from tests.databases import made
from tests.faults.stages import ORDER, STAGES, Scene, differences, told
from tests.faults.victim import victim
from tests.simulation.run import Disagreement, Run
from tests.simulation.world import world_of

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.victim"])


def person(k: int) -> dict[str, str]:
    """A made-up person who can be written to and reported."""
    return {"mobile": f"1390000{k:04d}", "email": f"b{k}@example.com", "id_type": "10", "id_number": identity(k)}


class Disk:
    """A file system in memory of its own, whose size can be changed: only for who may mount one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._mount("size=4g", "-t", "tmpfs", "tmpfs")

    def leave(self, room: int) -> None:
        """Only so many bytes are free."""
        told = os.statvfs(self.folder)
        used = (told.f_blocks - told.f_bfree) * told.f_frsize
        self._mount(f"remount,size={used + room}")

    def grow(self) -> None:
        """There is room again."""
        self._mount("remount,size=4g")

    def close(self) -> None:
        """Take it away; what is on it is gone."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def _mount(self, how: str, *what: str) -> None:
        subprocess.run(["mount", "-o", how, *what, str(self.folder)], check=True)


class Fault(AssertionError):
    """Something was lost, or is there twice: seed, stage, where the process died, and what."""


class Faults:
    """One world with the books before and after each of its stages."""

    def __init__(self, server: Store, folder: Path, seed: int, loans: int = 8, days: int = 70) -> None:
        self.server, self.folder, self.seed, self.chance = server, folder, seed, Random(seed)
        self.world = world_of(seed, loans, days)
        self.words: dict[str, int] = {}
        self.writes: dict[str, list[int]] = {}
        self.tries = 0
        self.right: dict[str, Any] = {}
        self.kills = self.stumbled = 0
        self._write_book()
        self._live()

    # the book that nobody killed

    def _write_book(self) -> None:
        """Contracts, disbursements, and every repayment that the bank told in time, as one import."""
        self.run = Run(self.world, self.server, self.folder / "in", 0)
        (self.folder / "in").mkdir(parents=True)
        owners = {loan.reference: f"B{k // 2}" for k, loan in enumerate(self.world.loans)}
        self.run._write("borrowers", [
            {"reference": b, "known_on": "2024-01-01", "name": f"测试{k}", "attributes": json.dumps(person(k))}
            for k, b in enumerate(sorted(set(owners.values())))
        ])  # fmt: skip
        loans = self.world.loans
        self.run._write("contracts", [
            {"reference": x.reference, "borrower": owners[x.reference], "product": x.product, "principal_fen": x.fen,
             "rate_percent": f"{float(x.percent_day):.4f}", "signed_on": x.signed_on, "instalments": x.months}
            for x in loans
        ])  # fmt: skip
        self.run._write("disbursements", [
            {"reference": f"{x.reference}-out", "contract": x.reference, "on": x.signed_on, "amount_fen": x.fen}
            for x in loans
        ])  # fmt: skip
        paid = [
            {"reference": m.reference, "contract": x.reference, "on": m.on, "known_on": m.known_on, "amount_fen": m.fen}
            for x in loans for m in x.messages if m.kind == "repaid" and m.known_on <= self.world.last
        ]  # fmt: skip
        self.run._write("repayments", paid)
        self.run.told = {str(row["reference"]) for row in paid}

    def _live(self) -> None:
        self._made("before_import", "book_as_new")
        scene = self._scene("right")
        for stage, after in zip(ORDER, [*ORDER[1:], "end"], strict=True):
            name = self._name(f"before_{after}")
            self._made(f"before_{after}", self._name(f"before_{stage}"))
            url = self._url(name)
            ends = FORKS.SimpleQueue()
            process = FORKS.Process(target=victim, args=(url, stage, scene, 0, False, ends))
            process.start()
            process.join(300)
            assert process.exitcode == 0, f"seed {self.seed}: {stage} failed without a fault"
            self.words[stage], self.writes[stage] = ends.get()
            with_store = Store(url)
            self.right[stage] = told(with_store, scene)
            shutil.copytree(scene.folder / "out", self.folder / f"out_{stage}")
            with_store.close()

    def _scene(self, name: str, before: str = "import") -> Scene:
        """A place for one try: the book's files, and what had been sent before the stage."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        (place / "in").mkdir(parents=True)
        for file in (self.folder / "in").glob("*.csv"):
            shutil.copy(file, place / "in")
        k = ORDER.index(before)
        if k:
            shutil.copytree(self.folder / f"out_{ORDER[k - 1]}", place / "out")
        (place / "out").mkdir(exist_ok=True)
        return Scene(place, self.world.last)

    # the faults

    def kill(self, stage: str, at: int | None = None, after: bool | None = None) -> int:
        """One kill in a stage, and the stage again; returns after which word. Raises Fault, Disagreement."""
        at = self._place(stage) if at is None else at
        after = self.chance.random() < 0.5 if after is None else after
        where = f"seed {self.seed}, {stage}, {'after' if after else 'before'} word {at} of {self.words[stage]}"
        scene, store = self._scene("try", stage), self._copy(stage)
        try:
            process = FORKS.Process(target=victim, args=(store.url, stage, scene, at, after))
            process.start()
            process.join(300)
            if process.exitcode != -signal.SIGKILL:
                if process.is_alive():
                    os.killpg(process.pid or 0, signal.SIGKILL)
                raise Fault(f"{where}: the process ended with {process.exitcode}, not by the kill")
            self.kills += 1
            self._again(store, scene, stage, where)
        finally:
            self._drop(store)
        return at

    def _place(self, stage: str) -> int:
        """Where to die: anywhere, or (every second time) at a word that writes."""
        anywhere = self.chance.random() < 0.5 or not self.writes[stage]
        return self.chance.randint(1, self.words[stage]) if anywhere else self.chance.choice(self.writes[stage])

    def kill_server(self, stage: str, postmaster: int, restart: Callable[[], None]) -> int:
        """PostgreSQL itself is killed while a process works; it is started again, and the stage is asked once more."""
        at = self._place(stage)
        where = f"seed {self.seed}, {stage}, PostgreSQL killed at word {at} of {self.words[stage]}"
        scene, store = self._scene("try", stage), self._copy(stage)
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            # a copied database whose server dies before its first checkpoint gives numbers of its sequences out twice:
            # the copy brings "the next 32 are on record already" along, and they are not, under its own name
            connection.execute("checkpoint")
        process = FORKS.Process(target=victim, args=(store.url, stage, scene, at, False, None, postmaster, True))
        process.start()
        process.join(300)
        self.kills += 1
        self._after_restart(restart, store, scene, stage, where)
        return at

    def _after_restart(self, restart: Callable[[], None], store: Store, scene: Scene, stage: str, where: str) -> None:
        """The server of a book is started again, if it ended, and the stage is asked once more."""
        store.close()
        restart()
        store = open_store(store.url)
        try:
            self._again(store, scene, stage, where)
        finally:
            self._drop(store)

    def cut(self, stage: str, at: int | None = None) -> int:
        """All connections to the book are cut at a word; the process ends in an error or goes on by itself."""
        at = self._place(stage) if at is None else at
        where = f"seed {self.seed}, {stage}, connections cut at word {at} of {self.words[stage]}"
        scene, store = self._scene("try", stage), self._copy(stage)
        try:
            self._ends(where, (store.url, stage, scene, at, self.chance.random() < 0.5, None, 0, True, True))
            store.close()
            self._again(store, scene, stage, where)
        finally:
            self._drop(store)
        return at

    def disk_full(self, stage: str, disk: Disk, restart: Callable[[], None]) -> int:
        """The disk under the server has little room left and grows again afterwards; returns the bytes it had."""
        scene, store = self._scene("try", stage), self._copy(stage)
        left = self.chance.choice((0, self.chance.randrange(600_000)))
        where = f"seed {self.seed}, {stage}, {left:,} bytes of disk left"
        disk.leave(left)
        try:
            self._ends(where, (store.url, stage, scene, 0, False, None, 0, True))
        finally:
            disk.grow()
        self._after_restart(restart, store, scene, stage, where)  # a server that could not write its log has ended
        return left

    def _ends(self, where: str, told: tuple[Any, ...]) -> None:
        """A process does a stage and ends, well or with an error, which is counted. Raises Fault: it hangs."""
        process = FORKS.Process(target=victim, args=told)
        process.start()
        process.join(300)
        if process.is_alive():
            os.killpg(process.pid or 0, signal.SIGKILL)
            raise Fault(f"{where}: the process neither ended nor went on")
        self.kills += 1
        self.stumbled += bool(process.exitcode)

    def _again(self, store: Store, scene: Scene, stage: str, where: str) -> None:
        (STAGES[stage].again or STAGES[stage].does)(store, scene)
        wrong = differences(self.right[stage], told(store, scene))
        if wrong:
            raise Fault(f"{where}: {'; '.join(wrong)}")
        if stage == "close":
            self._audited(store)

    def _audited(self, store: Store) -> None:
        """The auditor has lived each loan by himself: positions and journal to the cent."""
        self.run.store = store
        self.run._compare(self.world.last)

    def at_once(self, stage: str) -> None:
        """Two processes do the same stage at the same moment; together they come to what one does."""
        scene, store = self._scene("try", stage), self._copy(stage)
        other = replace(scene, folder=self.folder / "other")
        shutil.rmtree(other.folder, ignore_errors=True)
        shutil.copytree(scene.folder, other.folder)
        had = {file.relative_to(other.folder) for file in other.folder.rglob("*")}
        try:
            both = [FORKS.Process(target=victim, args=(store.url, stage, one, 0, False)) for one in (scene, other)]
            for process in both:
                process.start()
            for process in both:
                process.join(300)
            if [process.exitcode for process in both] != [0, 0]:
                raise Fault(f"seed {self.seed}, two {stage} at once: ended with {[p.exitcode for p in both]}")
            self._together(scene, other, had, f"seed {self.seed}, two {stage} at once")
            self._again(store, scene, stage, f"seed {self.seed}, two {stage} at once")
        finally:
            self._drop(store)

    def _together(self, scene: Scene, other: Scene, had: set[Path], where: str) -> None:
        """What the other process sent is laid to what the one did. Raises Fault: both made the same file."""
        for file in sorted((other.folder / "out").rglob("*")):
            name = file.relative_to(other.folder)
            if not file.is_file() or file.suffix == ".jsonl" or name in had:
                continue
            if (scene.folder / name).exists():
                raise Fault(f"{where}: both made {name}")
            (scene.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, scene.folder / name)

    def clock_back(self) -> None:
        """The clock steps back a day between two drains, and before the door: nothing leaves or counts twice."""
        scene, store = self._scene("try", "drain"), self._copy("drain")
        try:
            for stage, hours in (("drain", 0), ("drain", -24), ("drain", -1)):
                STAGES[stage].does(store, replace(scene, last=scene.last + timedelta(hours // 24)))
            self._again(store, scene, "drain", f"seed {self.seed}, the clock a day back")
        finally:
            self._drop(store)

    # databases

    def _name(self, what: str) -> str:
        return f"f{self.seed}_{what}"

    def _url(self, name: str) -> str:
        return self.server.url.replace("/postgres?", f"/{name}?")

    def _made(self, what: str, template: str) -> None:
        made(self.server, self._name(what), template).close()

    def _copy(self, stage: str) -> Store:
        self.tries += 1
        self._made(f"try{self.tries}", self._name(f"before_{stage}"))
        return open_store(self._url(self._name(f"try{self.tries}")))

    def _drop(self, store: Store) -> None:
        store.close()
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            connection.execute(f"drop database if exists {self._name(f'try{self.tries}')} with (force)")

    def clear(self) -> None:
        """Take the world's databases away."""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            for what in (*(f"before_{stage}" for stage in ORDER), "before_end"):
                connection.execute(f"drop database if exists {self._name(what)} with (force)")


__all__ = ["Disagreement", "Fault", "Faults"]
