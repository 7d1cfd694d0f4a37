"""Prove a closed day: all loans are accounted for, and the journal shows what the positions say."""

import json
from dataclasses import dataclass
from typing import Any

import psycopg

from afterloan.dates import iso
from afterloan.journal.accounts import Account
from afterloan.journal.balances import balances, disagreements
from afterloan.store.shards import shards_of
from afterloan.store.suspense import unmatched_fen


@dataclass(frozen=True, slots=True)
class Proof:
    """What a day came to; `wrong` is empty when it is proved."""

    day: int
    loans_in: int
    excepted: int
    entries_fen: int
    wrong: list[str]


def prove(connection: psycopg.Connection[Any], day: int) -> Proof:
    """Prove one day and keep the proof; a day proved before is answered as it was.

    Wrong are: shards without a closing, contracts that no shard counted, control accounts that differ from the
    sum of positions. The proof is written only when nothing is wrong.
    """
    on = iso(day)
    row = connection.execute("select loans_in, excepted, entries_fen from proof where closed_on = %s", (on,)).fetchone()
    if row:
        return Proof(day, row[0], row[1], row[2], [])
    shards = connection.execute(
        "select shard, loans_in, closed, excepted, totals from closing where closed_on = %s", (on,)
    ).fetchall()
    of = shards_of(connection)
    wrong = [] if len(shards) == of else [f"{of - len(shards)} of {of} shards are not closed"]
    wrong += uncounted(connection, day)
    loans_in = sum(row[1] for row in shards)
    excepted = sum(row[3] for row in shards)
    expected: dict[Account, int] = {}
    for row in shards:
        for account, amount in row[4].items():
            expected[Account(int(account))] = expected.get(Account(int(account)), 0) + amount
    expected[Account.SUSPENSE] = -unmatched_fen(connection, day)
    before = connection.execute(
        "select closed_on::text, totals from proof where closed_on < %s order by closed_on desc limit 1", (on,)
    ).fetchone()
    sums = connection.execute(
        "select debit, credit, sum(amount_fen)::bigint from entry where closed_on = %s group by 1, 2", (on,)
    ).fetchall()
    posted = {Account(int(a)): int(v) for a, v in before[1].items()} if before else {}
    for account, amount in balances(sums).items():
        posted[account] = posted.get(account, 0) + amount
    if sum(posted.values()):
        wrong.append(f"the journal does not sum to zero: {sum(posted.values())} minor units")
    wrong += [str(difference) for difference in disagreements(posted, expected)]
    entries_fen = sum(amount for _, _, amount in sums)
    if not wrong:
        connection.execute(
            "insert into proof (closed_on, loans_in, closed, excepted, entries_fen, totals) "
            "values (%s, %s, %s, %s, %s, %s)",
            (
                on,
                loans_in,
                loans_in - excepted,
                excepted,
                entries_fen,
                json.dumps({str(int(a)): v for a, v in posted.items()}),
            ),
        )
        connection.commit()
    return Proof(day, loans_in, excepted, entries_fen, wrong)


def uncounted(connection: psycopg.Connection[Any], day: int) -> list[str]:
    """Shards that counted other loans than the contract table holds, in words.

    The count is the proof's own. A contract told while its shard was being closed (not before the closing's mark)
    belongs to the next close: it may have been counted or not, so it bounds the count from above only. Contracts are
    counted by shard and transaction first: few transactions told most of them, and 200,000 took 0.16 s one by one.
    """
    rows = connection.execute(
        "select s.shard, s.loans_in, coalesce(sum(c.loans) filter (where c.told < s.told), 0)::bigint, "
        "coalesce(sum(c.loans), 0)::bigint from closing s left join (select shard, told, count(*) as loans "
        "from contract where signed_on <= %(on)s group by shard, told) c on c.shard = s.shard "
        "where s.closed_on = %(on)s group by s.shard, s.loans_in order by s.shard",
        {"on": iso(day)},
    ).fetchall()
    return [
        f"shard {shard} counted {counted} loans; contracts signed by {iso(day)}: "
        f"{least}{f' to {most}' if most > least else ''}"
        for shard, counted, least, most in rows
        if not least <= counted <= most
    ]
