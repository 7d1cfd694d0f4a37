"""Books that are brought in, before they are: files sent, how they are read, what checks found, maps that are kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.store.data_keys import data_keys, new_data_key
from afterloan.store.persons import body_at, enciphered_words, register_of

PIECE = 4 << 20
"""Bytes of a piece of a file."""
KEEP_MAP, CONFIRM = "book.keep_map", "book.confirm_import"
FindingKind = Literal["refused", "differs"]
WHOLE = body_at("brought_finding", "f", ("number", "kind", "place"), "words", "body", "k.key")
"""SQL: a finding `f` with the key `k` of its check, whole; its value empty once that is purged."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that was sent: its name, size, digest, and its columns (or why it has none: `wrong`)."""

    name: str
    size: int
    sha256: str
    columns: tuple[str, ...] = ()
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class SentBook:
    """Files that somebody sent to be brought in; `system`: which other one wrote them ("": not told)."""

    name: str
    who_kind: str
    who: str
    on: date
    at: datetime
    system: str
    files: tuple[SentFile, ...]


@dataclass(frozen=True, slots=True)
class KeptCheck:
    """What a check found: `maps` by file, `told` (counts), under the digest of all that it says."""

    number: int
    brought: str
    at: datetime
    maps: dict[str, Any]
    as_of: date
    told: dict[str, Any]
    sha256: str


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, read in pieces; hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _where(digest: str, piece: int) -> str:
    return f"kept_piece|content|{digest}|{piece}"


def _key_of(connection: psycopg.Connection[Any], digest: str) -> int | None:
    """The number of the data key under which a file can be read; None: it is not there, or was purged."""
    row = connection.execute(
        "select p.data_key from kept_piece p join data_key k using (data_key) "
        "where p.sha256 = %s and p.piece = 0 and k.wrapped is not null order by 1 limit 1",
        (digest,),
    ).fetchone()
    return int(row[0]) if row else None


def keep_pieces(connection: psycopg.Connection[Any], path: Path, digest: str) -> None:
    """Keep a file in the caller's transaction, in pieces under a key of its own; the same file again is kept once.

    Raises StoreRefused: the keys are not there.
    """
    if _key_of(connection, digest) is not None:
        return
    key = new_data_key(connection)
    with path.open("rb") as file:
        for k, piece in enumerate(iter(lambda: file.read(PIECE), b"")):
            connection.execute(
                "insert into kept_piece (sha256, data_key, piece, content) values (%s, %s, %s, %s)",
                (digest, key.number, k, key.encipher(piece, _where(digest, k))),
            )


def write_pieces(connection: psycopg.Connection[Any], sent: SentFile, path: Path) -> None:
    """Write a kept file to disk, piece by piece. Raises FactRefused where it was purged, StoreRefused for its keys."""
    number = _key_of(connection, sent.sha256)
    if number is None and sent.size:
        raise FactRefused("name", sent.name, "was purged: the time of keeping it is over", "send it anew", "conflict")
    with path.open("wb") as file:
        if number is None:
            return
        key, k = data_keys(connection, [number])[number], 0
        while row := connection.execute(
            "select content from kept_piece where sha256 = %s and data_key = %s and piece = %s",
            (sent.sha256, number, k),
        ).fetchone():
            file.write(key.decipher(bytes(row[0]), _where(sent.sha256, k)))
            k += 1


def keep_brought(
    connection: psycopg.Connection[Any], name: str, who: Who, on: date, at: datetime, system: str,
    files: Sequence[SentFile],
) -> bool:  # fmt: skip
    """Keep what was sent under a name; False where something is there already."""
    told = [
        {"name": f.name, "size": f.size, "sha256": f.sha256, "columns": list(f.columns), "wrong": f.wrong}
        for f in files
    ]  # fmt: skip
    done = connection.execute(
        "insert into brought (name, who_kind, who, on_day, at, system, files) values (%s, %s, %s, %s, %s, %s, %s) "
        "on conflict (name) do nothing",
        (name, who.kind, who.name, on, at, system, Jsonb(told)),
    )
    return done.rowcount == 1


COLUMNS = "name, who_kind, who, on_day, at, system, files"


def _brought(row: tuple[Any, ...]) -> SentBook:
    files = tuple(SentFile(f["name"], f["size"], f["sha256"], tuple(f["columns"]), f["wrong"]) for f in row[6])
    return SentBook(row[0], row[1], row[2], row[3], row[4], row[5], files)


def brought_named(connection: psycopg.Connection[Any], name: str) -> SentBook | None:
    """What was sent under a name, or None."""
    row = connection.execute(f"select {COLUMNS} from brought where name = %s", (name,)).fetchone()
    return _brought(row) if row else None


def all_brought(connection: psycopg.Connection[Any], most: int) -> list[SentBook]:
    """What was sent, the newest first."""
    rows = connection.execute(f"select {COLUMNS} from brought order by at desc, name limit %s", (most,)).fetchall()
    return [_brought(row) for row in rows]


def keep_check(
    connection: psycopg.Connection[Any], brought: str, at: datetime, maps: Mapping[str, Any], as_of: date,
    told: Mapping[str, Any], digest: str, findings: Iterator[tuple[FindingKind, int, Mapping[str, Any]]],
) -> int:  # fmt: skip
    """Keep what a check found, in the caller's transaction; its number."""
    row = connection.execute(
        "insert into brought_check (brought, at, maps, as_of, told, sha256) values (%s, %s, %s, %s, %s, %s) "
        "returning number",
        (brought, at, Jsonb(dict(maps)), as_of, Jsonb(dict(told)), digest),
    ).fetchone()
    assert row is not None
    number, kept = int(row[0]), list(findings)
    key = own_key(connection, number) if any(body.get("value") for _, _, body in kept) else b""
    with connection.cursor() as cursor, cursor.copy(
        "copy brought_finding (number, kind, place, body, words) from stdin"
    ) as copy:  # fmt: skip
        for kind, place, body in kept:
            clear, words = finding_kept(connection, key, (number, kind, place), body)
            copy.write_row((number, kind, place, Jsonb(clear), words))
    return number


def own_key(connection: psycopg.Connection[Any], number: int) -> bytes:
    """A key for what a check found, kept beside it until its files are purged. Raises StoreRefused."""
    key = register_of(connection).own_key()
    connection.execute("insert into brought_key (number, key) values (%s, %s)", (number, key))
    return key


def finding_kept(
    connection: psycopg.Connection[Any], key: bytes, place: tuple[int, str, int], body: Mapping[str, Any]
) -> tuple[dict[str, Any], bytes | None]:
    """A finding at a place (number, kind, place) as it stands in clear, and its value enciphered where it has one.

    The value of a row that would be refused may be anything of a person; whose it is nobody knows.
    """
    if not body.get("value"):
        return dict(body), None
    where = "|".join(map(str, ("brought_finding", *place)))
    words = enciphered_words(key, where, {"value": body["value"]}, connection)
    return {**body, "value": ""}, words


def check_of(connection: psycopg.Connection[Any], brought: str) -> KeptCheck | None:
    """The last check of what was sent, or None."""
    row = connection.execute(
        "select number, brought, at, maps, as_of, told, sha256 from brought_check where brought = %s "
        "order by number desc limit 1",
        (brought,),
    ).fetchone()
    return KeptCheck(*row) if row else None


def findings_of(
    connection: psycopg.Connection[Any], number: int, kind: FindingKind, after: int = 0, most: int | None = None
) -> list[tuple[int, dict[str, Any]]]:
    """Findings of a check after a place, each with its place."""
    return connection.execute(
        f"select f.place, {WHOLE} from brought_finding f left join brought_key k using (number) "
        "where f.number = %s and f.kind = %s and f.place > %s order by f.place limit %s",
        (number, kind, after, most),
    ).fetchall()


def kept_map(connection: psycopg.Connection[Any], system: str) -> dict[str, Any]:
    """How files of a system are read, as was kept last; empty where nothing was."""
    row = connection.execute(
        f"select asked->'maps' from act where verb = '{KEEP_MAP}' and asked->>'system' = %s order by act desc limit 1",
        (system,),
    ).fetchone()
    return dict(row[0]) if row and row[0] else {}


def systems_known(connection: psycopg.Connection[Any]) -> list[str]:
    """Systems for which a map is kept, by name."""
    rows = connection.execute(f"select distinct asked->>'system' from act where verb = '{KEEP_MAP}' order by 1")
    return [str(row[0]) for row in rows]


def confirmed_with(connection: psycopg.Connection[Any], brought: str) -> dict[str, Any] | None:
    """What was asked when an import was confirmed first (`check`, `sha256`), with its `act`; None: it was not yet."""
    row = connection.execute(
        f"select asked || jsonb_build_object('act', act, 'by', who) from act where verb = '{CONFIRM}' "
        "and asked->>'name' = %s order by act limit 1",
        (brought,),
    ).fetchone()
    return dict(row[0]) if row else None


def last_job_of(connection: psycopg.Connection[Any], brought: str, kind: str) -> str:
    """The name of the job of a kind that was asked last for what was sent; "" where there is none."""
    row = connection.execute(
        "select job from job where kind = %s and asked->>'name' = %s "
        "order by asked_at desc, length(job) desc, job desc limit 1",  # the tenth after the ninth
        (kind, brought),
    ).fetchone()
    return str(row[0]) if row else ""
