"""How much memory a stretch of work takes at most, in all its processes: shared pages counted once (PSS, Linux)."""

import os
import threading
from pathlib import Path
from time import sleep
from types import TracebackType

MB = 1024


def pss_kb(process: int) -> int:
    """A process's share of memory in kB; 0 when it is gone or cannot be read."""
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def parents() -> dict[int, int]:
    """Every running process and its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # the name may hold blanks and brackets: what follows the last bracket is state and parent
                found[int(entry.name)] = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    return found


def descendants(of: int) -> set[int]:
    """A process and all that it started, directly or not."""
    tree = parents()
    found = {of}
    grown = True
    while grown:
        more = {process for process, parent in tree.items() if parent in found} - found
        grown = bool(more)
        found |= more
    return found


def database_server(data: Path) -> int:
    """The number of the server process that keeps `data`; 0: none is running."""
    try:
        return int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return 0


TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process: int) -> float:
    """Processor time that a process took so far, its children not counted; 0 when it is gone."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / TICKS
    except (OSError, ValueError, IndexError):
        return 0.0


class Watch:
    """`with Watch(server) as watch: …` then `watch.ours_mb`, `watch.server_mb`: the highest sums seen, ten a second.

    `ours_cpu`, `server_cpu`: processor seconds of every process as last seen, less what it had at the first look.
    """

    def __init__(self, server: int, every: float = 0.1) -> None:
        self.server, self.every = server, every
        self.ours_mb = self.server_mb = 0.0
        self._cpu: dict[tuple[bool, int], tuple[float, float]] = {}
        self._begun = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.is_set():
            server = descendants(self.server) if self.server else set()
            ours = descendants(os.getpid()) - server
            self.ours_mb = max(self.ours_mb, sum(map(pss_kb, ours)) / MB)
            self.server_mb = max(self.server_mb, sum(map(pss_kb, server)) / MB)
            self._took(ours, of_server=False)
            self._took(server, of_server=True)
            self._begun = True
            sleep(self.every)

    def _took(self, processes: set[int], of_server: bool) -> None:
        for process in processes:
            now = cpu_seconds(process)
            # one that was there at the first look worked before; any other began from nothing
            first, most = self._cpu.get((of_server, process), (0.0 if self._begun else now, 0.0))
            self._cpu[of_server, process] = (first, max(most, now))

    def _cpu_of(self, server: bool) -> float:
        return sum(max(most - first, 0.0) for (of, _), (first, most) in self._cpu.items() if of == server)

    @property
    def ours_cpu(self) -> float:
        """Processor seconds of this process and its children."""
        return self._cpu_of(server=False)

    @property
    def server_cpu(self) -> float:
        """Processor seconds of the database's processes."""
        return self._cpu_of(server=True)
