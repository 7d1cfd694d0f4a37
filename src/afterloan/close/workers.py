"""Parts of a night's work, one after the other or by worker processes, in whatever order they are done."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import Any, TypeVar

from afterloan.store.connect import reader_kept
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


def each_shard(store: Store, workers: Workers, does: Callable[..., T], *told: Any) -> Iterator[T]:
    """What `does(connection, reader, shard, *told)` answers for each shard of a book."""
    return in_workers(workers, _of_shard, [(store.url, does, shard, *told) for shard in range(store.shards())])


def _of_shard(url: str, does: Callable[..., T], shard: int, *told: Any) -> T:
    with Store(url).connect() as connection, reader_kept(url) as reader:
        return does(connection, reader, shard, *told)


_POOLS: dict[int, ProcessPoolExecutor] = {}


def _pool(workers: int) -> ProcessPoolExecutor:
    """Worker processes, started once: a fork server that has read the modules and the compiled code."""
    if workers not in _POOLS:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["afterloan.close.shard"])
        with _one_thread_each():
            forkserver.ensure_running()
        _POOLS[workers] = ProcessPoolExecutor(workers, mp_context=context)
    return _POOLS[workers]


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """What is started now leaves Polars one thread: the workers share the cores, and a shard's frames are small.

    Deciding 200,000 loans took 5.9 s of processor time in Python with a thread a core, 5.1 s with one.
    """
    before = os.environ.get(POLARS_THREADS)
    os.environ.setdefault(POLARS_THREADS, "1")
    try:
        yield
    finally:
        if before is None:
            del os.environ[POLARS_THREADS]


POLARS_THREADS = "POLARS_MAX_THREADS"
