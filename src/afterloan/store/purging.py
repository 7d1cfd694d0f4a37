"""What a purge takes away, what it leaves because rows are kept for ever, and the certificate, which stays for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts.limit import LINE_KINDS
from afterloan.store.acts import OF_FILES
from afterloan.store.data_keys import destroy_data_keys
from afterloan.store.persons import empty_person

STAYS = ("jurisdiction", "timezone", "language")
"""Attributes that tell of no person: by which law and clock what is left is read."""
TAKEN = ("draft", "flow", "flow_consent", "bureau_account", "portal_ticket", "sign_in_code")
"""Tables whose rows of a borrower are deleted."""
KEYS_OF_ACTS = """
delete from act_key k using act a where a.act = k.act and a.verb <> all(%(files)s) and (a.act in (
    select act from event where borrower = %(of)s union select f.act from fact f join contract c using (loan)
    where c.borrower = %(of)s) or coalesce(a.asked->'asked'->>'borrower', a.asked->>'borrower') =
    (select reference from borrower where borrower = %(of)s))
"""
"""Keys of acts that were about the borrower and others; acts on files about many go with the files (`purge_files`)."""
WITH_WORDS = {
    "events": "select count(*) from event where borrower = %(of)s and kind = any(%(clear)s)",
    "actions": "select count(*) from outbox where borrower = %(of)s",
}  # fmt: skip
"""Rows that are kept for ever and not enciphered: what of a borrower stands in their words is not purged yet."""
IN_CLEAR = (*LINE_KINDS, "action.withdrawn", "ladder.step_left_out", "message.bounced", "message.failed")
"""Kinds of events with a reason in clear: mostly a rule's words, which a person may have written."""


def purge_borrower(connection: psycopg.Connection[Any], borrower: int, on: date) -> dict[str, int]:
    """Destroy a borrower's data key, delete what may be deleted, and empty their row; how many of each.

    In the caller's act, with the borrower locked. Contracts, facts, entries and positions stay: money without a person.
    """
    keys = [row[0] for row in connection.execute(
        "select data_key from data_key where borrower = %s and wrapped is not null", (borrower,)
    ).fetchall()]  # fmt: skip
    files = connection.execute("select count(*) from kept_file where data_key = any(%s)", (keys,)).fetchone()
    assert files is not None
    done = {"files": int(files[0]), "data_keys": destroy_data_keys(connection, keys, on)}
    for table in TAKEN:
        done[table] = connection.execute(f"delete from {table} where borrower = %s", (borrower,)).rowcount
    done["passkeys"] = connection.execute(
        "delete from passkey where who_kind = 'borrower' "
        "and who = (select reference from borrower where borrower = %s)",
        (borrower,),
    ).rowcount
    done["statement_lines"] = connection.execute(
        "delete from line_key where line in (select line from statement_standing where borrower = %s)", (borrower,)
    ).rowcount
    done["act_keys"] = connection.execute(KEYS_OF_ACTS, {"of": borrower, "files": list(OF_FILES)}).rowcount
    done["attributes"] = _emptied(connection, borrower)
    return done


def _emptied(connection: psycopg.Connection[Any], borrower: int) -> int:
    """Empty the row of a borrower but for what tells of no person; how many fields there were, the name included."""
    row = connection.execute("select name, attributes from borrower where borrower = %s", (borrower,)).fetchone()
    assert row is not None
    left = {name: value for name, value in row[1].items() if name in STAYS}
    empty_person(connection, borrower, left)
    return len(row[1]) - len(left) + bool(row[0])


def words_left(connection: psycopg.Connection[Any], borrower: int) -> dict[str, int]:
    """How many rows of each kind that is kept for ever are about a borrower: their words stand there in clear."""
    left: dict[str, int] = {}
    for name, sql in WITH_WORDS.items():
        row = connection.execute(sql, {"of": borrower, "clear": list(IN_CLEAR)}).fetchone()
        assert row is not None
        left[name] = int(row[0])
    return left


OLD_FILES = """
select distinct f.data_key from kept_file f join data_key k using (data_key) join job j
    on f.sha256 in (j.result->>'sha256', j.asked->>'sha256') where k.borrower is null and k.wrapped is not null
    and not exists (select from job n where f.sha256 in (n.result->>'sha256', n.asked->>'sha256')
        and (n.asked_at >= %(before)s or n.state in ('queued', 'running')))
"""
OLD_PIECES = """
select distinct p.data_key from kept_piece p join data_key k using (data_key)
    where p.piece = 0 and k.wrapped is not null and not exists (select from brought b
        where b.files @> jsonb_build_array(jsonb_build_object('sha256', p.sha256)) and (b.at >= %(before)s or exists
            (select from job j where j.asked->>'name' = b.name and j.kind in ('import-check', 'import')
                and (j.asked_at >= %(before)s or j.state in ('queued', 'running')))))
"""


def purge_files(connection: psycopg.Connection[Any], before: datetime, on: date) -> int:
    """Destroy the keys of files that jobs made or took in and that were asked for, or sent, before a moment; how many.

    A file that a later job has, or one that waits or runs, stays. What acts on files about many asked and answered goes
    with them, the values of rows of imports that were refused, and of those that checks found; none is counted.
    """
    connection.execute("delete from brought_key k using brought_check c where c.number = k.number and c.at < %s",
                       (before,))  # fmt: skip
    connection.execute(
        "delete from act_key k using act a where a.act = k.act and a.verb = any(%s) and a.at < %s",
        (list(OF_FILES), before),
    )
    keys = [row[0] for sql in (OLD_FILES, OLD_PIECES) for row in connection.execute(sql, {"before": before}).fetchall()]
    return destroy_data_keys(connection, keys, on)


def purge_lines(connection: psycopg.Connection[Any], before: date) -> int:
    """Destroy the keys of lines of bank statements of before a day that were set aside; how many.

    So those of rows of a bank's file that were refused and that somebody has done with. What waits stays readable.
    """
    refusals = connection.execute(
        "delete from bank_refusal_key k using bank_refusal_done d where d.refusal = k.refusal and d.done_on < %s",
        (before,),
    ).rowcount
    lines = connection.execute(
        "delete from line_key k using statement_standing m, statement_line l where m.line = k.line "
        "and l.line = k.line and m.loan is null and l.known_on < %s and m.matched_on < %s",
        (before, before),
    ).rowcount
    return refusals + lines


def files_to_purge(connection: psycopg.Connection[Any], before: datetime) -> int:
    """How many files `purge_files` would take."""
    with connection.transaction(force_rollback=True):
        return purge_files(connection, before, before.date())


def last_sealed(connection: psycopg.Connection[Any]) -> tuple[str, str]:
    """The last day sealed and the head of its seals; "" before the first."""
    row = connection.execute(
        "select closed_on::text, encode(head, 'hex') from seal_day order by closed_on desc limit 1"
    ).fetchone()
    return (row[0], row[1]) if row else ("", "")


@dataclass(frozen=True, slots=True)
class PurgeCertificate:
    """A purge as it is certified: its name, day, what is told (JSON values) and the digest of that."""

    certificate: str
    on: date
    told: dict[str, Any]
    sha256: str


def keep_certificate(connection: psycopg.Connection[Any], made: PurgeCertificate) -> None:
    """Keep a certificate for ever, in the caller's act."""
    connection.execute(
        "insert into purge_certificate (certificate, on_day, told, sha256) values (%s, %s, %s, %s)",
        (made.certificate, made.on, Jsonb(made.told), made.sha256),
    )


def certificates(
    connection: psycopg.Connection[Any], named: str = "", borrower: str = "", most: int = 200
) -> Sequence[PurgeCertificate]:
    """Certificates, the newest first: all, the one of a name, or those that name a borrower."""
    rows = connection.execute(
        "select certificate, on_day, told, sha256 from purge_certificate where (%(named)s = '' "
        "or certificate = %(named)s) and (%(of)s = '' or told->'borrowers' @> jsonb_build_array(jsonb_build_object("
        "'borrower', %(of)s::text))) order by number desc limit %(most)s",
        {"named": named, "of": borrower, "most": most},
    ).fetchall()
    return [PurgeCertificate(*row) for row in rows]


def purged_on(connection: psycopg.Connection[Any], borrower: str) -> date | None:
    """The day on which a borrower was last purged; None: never."""
    found = certificates(connection, borrower=borrower, most=1)
    return found[0].on if found else None


def never_borrowed(connection: psycopg.Connection[Any], borrower: str) -> bool:
    """Whether somebody has no contract in the book."""
    return connection.execute(
        "select from contract join borrower b using (borrower) where b.reference = %s limit 1", (borrower,)
    ).fetchone() is None  # fmt: skip


def long_quiet(connection: psycopg.Connection[Any], on: date, days: int, after: str, most: int) -> list[str]:
    """Borrowers, by reference, with something left to purge, of whom no money was told for so many days."""
    rows = connection.execute(
        "select b.reference from borrower b where b.reference > %(after)s and b.known_on <= %(before)s "
        "and ((b.name).key is not null or exists "
        "(select from data_key k where k.borrower = b.borrower and k.wrapped is not null)) "
        "and not exists (select from contract c where c.borrower = b.borrower and (c.signed_on > %(before)s or exists "
        "(select from fact f where f.loan = c.loan and f.known_on > %(before)s))) order by 1 limit %(most)s",
        {"before": on - timedelta(days=days), "after": after, "most": most},
    ).fetchall()
    return [row[0] for row in rows]
