"""What was chosen for each borrower in arrears among the steps of a day, with the chance of each choice, for ever."""

from alembic import op

revision = "0034"
down_revision = "0033"

TABLES = """
create table chosen_day (
    decided_on date primary key,
    mode text not null check (mode in ('explore', 'choose')),
    rule text not null,
    model bigint references model,
    borrowers integer not null,
    prices jsonb not null default '{}',
    act bigint default current_act()
);
create table chosen_step (
    decided_on date not null references chosen_day,
    borrower bigint not null references borrower,
    shard smallint not null,
    asked text not null,
    given text not null,
    drawn boolean not null,
    options jsonb not null,
    figures bigint[] not null,
    arrears_fen bigint not null,
    act bigint default current_act(),
    primary key (decided_on, borrower)
);
create index chosen_step_borrower on chosen_step (borrower, decided_on);
"""


def upgrade() -> None:
    """The tables, and the triggers that keep what is written. `asked`: what the ladder asked for; `options`: of each
    its chance in a million and, by a model, how likely it is paid (in a million) and what it is worth (minor units)."""
    op.execute(TABLES)
    for table in ("chosen_day", "chosen_step"):
        op.execute(
            f"create trigger {table}_for_ever before update or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
