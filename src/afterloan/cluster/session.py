"""Spark as it is found: a session, snapshots read and rows written by it, parts of a night's work spread over it."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyarrow as pa

from afterloan.close.workers import Spread
from afterloan.cluster.taken import Batches, SnapshotTold, told_of
from afterloan.enquiry.snapshot import LOANS
from afterloan.expected import BadInput, ExpectedFailure

TASKS_A_CORE = 4
Rows = Callable[[Batches], Iterator[pa.RecordBatch]]
"""What a task does with the batches of its shards."""


class NoSpark(ExpectedFailure):
    """Spark cannot be had here: says what is missing."""


def missing() -> str:
    """Why Spark cannot run on this machine; "" where it can."""
    try:
        import pyspark
    except ImportError:
        return "PySpark is not installed: pip install 'afterloan[spark]'"
    if int(pyspark.__version__.split(".")[0]) < 4:
        return f"PySpark {pyspark.__version__} is too old: version 4 or newer is needed"
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        return "there is no Java: PySpark 4 needs Java 17 or newer (JAVA_HOME, or java on the PATH)"
    return ""


@contextmanager
def spark_session(name: str, master: str = "", conf: Sequence[str] = ()) -> Iterator[Any]:
    """A session, ended with the block. `master`: as Spark names it; as spark-submit or its configuration say where
    empty, else all cores of this machine. `conf`: further settings `key=value`. Raises NoSpark, BadInput.
    """
    if why := missing():
        raise NoSpark(why)
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    told = SparkConf()
    where = master or told.get("spark.master", "local[*]")
    if str(where).startswith("local"):  # tasks are this very Python; one thread each, since Spark has a task a core
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
    builder = SparkSession.builder.appName(f"afterloan {name}").master(where)
    told_here = {
        "spark.ui.showConsoleProgress": "false",
        **dict(_setting(line) for line in conf),
    }
    for key, value in told_here.items():
        if not told.contains(key) or any(line.startswith(f"{key}=") for line in conf):
            builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def _setting(line: str) -> tuple[str, str]:
    key, equals, value = line.partition("=")
    if not equals or not key.startswith("spark."):
        raise BadInput(f"--conf {line!r}: write it as spark.KEY=VALUE")
    return key, value


def told_by(session: Any, where: str) -> SnapshotTold:
    """What a snapshot tells all tasks, read by Spark from wherever Spark reads files. Raises BadInput."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import AnalysisException

    def text(name: str) -> str:
        rows = session.read.text(f"{where}/{name}", wholetext=True).collect()
        return str(rows[0][0])

    try:
        return told_of(where, text, lambda name: session.read.parquet(f"{where}/{name}").toArrow())
    except (AnalysisException, Py4JJavaError) as error:
        first = str(error).strip().splitlines()[0]
        raise BadInput(f"{where}: is no snapshot that Spark can read, or one that was not finished: {first}") from error


def rows_by(session: Any, told: SnapshotTold, does: Rows, kind: pa.Schema) -> Any:
    """What `does` makes of the loans of a snapshot, as a DataFrame of `kind`: whole shards come to a task.

    Four tasks a core, so that none waits long for the last; a task of its own for each shard where there are as many
    cores. A task costs Spark the better part of a second of its own where cores are few: one a shard is too many there.
    """
    if not session.conf.get("spark.sql.files.minPartitionNum", None):
        tasks = min(len(told.by_shard), TASKS_A_CORE * session.sparkContext.defaultParallelism)
        session.conf.set("spark.sql.files.minPartitionNum", str(tasks))
    loans = session.read.parquet(f"{told.where}/{LOANS}")
    return loans.mapInArrow(does, ddl_of(kind))


def write(frame: Any, where: str) -> None:
    """Write rows as Parquet where nothing is yet. Raises BadInput."""
    from pyspark.errors import AnalysisException

    try:
        frame.write.mode("errorifexists").parquet(where)
    except AnalysisException as error:
        if "ALREADY_EXISTS" in str(error):
            raise BadInput(f"{where}: is there already; name another folder, or remove it") from error
        raise


def ddl_of(kind: pa.Schema) -> str:
    """A schema as Spark writes it: `shard` INT, `entry` STRUCT<`loan`: BIGINT> …"""
    return ", ".join(f"`{field.name}` {_ddl(field.type)}" for field in kind)


PLAIN = {
    pa.int32(): "INT", pa.int64(): "BIGINT", pa.string(): "STRING", pa.date32(): "DATE", pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
}  # fmt: skip


def _ddl(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        return "STRUCT<" + ", ".join(f"`{field.name}`: {_ddl(field.type)}" for field in kind) + ">"
    return PLAIN[kind]


def spread(session: Any) -> Spread:
    """A way to have parts of a night's work done by Spark's tasks, one a part, in place of worker processes."""

    def over(does: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        if not parts:
            return iter(())
        tasks = session.sparkContext.parallelize(list(parts), len(parts))
        return iter(tasks.map(partial(_call, does)).collect())

    return over


def _call(does: Callable[..., Any], part: tuple[Any, ...]) -> Any:
    return does(*part)
