"""Parts of a night's work, one after the other or by worker processes, in whatever order they are done.

What this module reads is little: a command begins its workers (`begin`) before it reads anything else.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed, wait
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from afterloan.store.server import Store

T = TypeVar("T")
Spread = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[Any]]
"""Another way to have parts done: what a function answers for each part. It may be done on other machines."""
Workers = int | Spread
"""How many worker processes of this machine, or another way."""


def in_workers(workers: Workers, does: Callable[..., T], parts: Sequence[tuple[Any, ...]]) -> Iterator[T]:
    """What `does` answers for each part (its arguments), as it is done; one worker: in this process, in order."""
    if not isinstance(workers, int):
        yield from workers(does, parts)
        return
    if workers <= 1:
        yield from (does(*part) for part in parts)
        return
    pool = _pool(workers)
    for job in as_completed([pool.submit(does, *part) for part in parts]):
        yield job.result()


AHEAD = 2
"""Parts a worker that may wait, done, for an earlier one that is not."""


def in_order(workers: int, does: Callable[..., T], parts: Sequence[tuple[Any, ...]]) -> Generator[T, None, None]:
    """The same in the order of the parts, none of them far ahead of the one that is asked for next."""
    if workers <= 1:
        yield from (does(*part) for part in parts)
        return
    pool = _pool(workers)
    begun: deque[Future[T]] = deque()
    try:
        for part in parts:
            begun.append(pool.submit(does, *part))
            if len(begun) >= AHEAD * workers:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:  # broken off: nothing goes on behind the back of who asked
        for job in begun:
            job.cancel()
        wait(begun)


def each_shard_in_order(store: "Store", workers: int, does: Callable[..., T], *told: Any) -> Generator[T, None, None]:
    """What `does(connection, reader, shard, *told)` answers for each shard of a book, the first shard first."""
    return in_order(workers, _of_shard_lent, [(store.url, does, shard, *told) for shard in range(store.shards())])


def each_shard(store: "Store", workers: Workers, does: Callable[..., T], *told: Any) -> Iterator[T]:
    """What `does(connection, reader, shard, *told)` answers for each shard of a book."""
    return in_workers(workers, _of_shard, [(store.url, does, shard, *told) for shard in range(store.shards())])


def _of_shard(url: str, does: Callable[..., T], shard: int, *told: Any) -> T:
    from afterloan.store.connect import reader_kept
    from afterloan.store.server import Store

    with Store(url).connect() as connection, reader_kept(url) as reader:
        return does(connection, reader, shard, *told)


def _of_shard_lent(url: str, does: Callable[..., T], shard: int, *told: Any) -> T:
    """The same in a process in which another thread may do so at once."""
    from afterloan.store.connect import reader_lent
    from afterloan.store.server import Store

    with Store(url).connect() as connection, reader_lent(url) as reader:
        return does(connection, reader, shard, *told)


READY = "afterloan.close.ready"
"""The module that worker processes have read before they begin."""


def begin(named: int | None = None) -> int:
    """How many workers a command has: as many as are named, else one a core. Where that is more than one, the process
    from which they are forked is started, and reads what they need meanwhile.

    For a command that is about to do a night's work, as its first step, before it reads modules or opens a book: both
    take each process some two seconds, and so the two read theirs side by side.
    """
    workers = named or os.cpu_count() or 1
    if workers > 1:
        _pool(workers)
    return workers


_POOLS: dict[int, ProcessPoolExecutor] = {}


def _pool(workers: int) -> ProcessPoolExecutor:
    """Worker processes, started once: a fork server that has read the modules and the compiled code."""
    if workers not in _POOLS:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([READY])
        with as_a_worker_is():
            forkserver.ensure_running()
        _POOLS[workers] = ProcessPoolExecutor(workers, mp_context=context)
    return _POOLS[workers]


@contextmanager
def as_a_worker_is() -> Iterator[None]:
    """What is started now has the settings of a worker, where this process is not told otherwise."""
    mine = {name: value for name, value in OF_WORKERS.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            del os.environ[name]


OF_WORKERS = {
    "POLARS_MAX_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 31),
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Polars has one thread: the workers share the cores, and a shard's frames are small. Deciding 200,000 loans took 5.9 s
of processor time in Python with a thread a core, 5.1 s with one.

Memory that a shard gives back stays with the process (of the C library, which Arrow asks too), for the next shard wants
as much: asked of the system anew, each page of it is cleared and mapped again, a sixth of the time of a close.
"""
