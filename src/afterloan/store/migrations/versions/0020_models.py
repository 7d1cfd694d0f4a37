"""Models that were proposed, what became of each, and the scores they gave: kept for ever."""

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = """
-- the folder of a model as it was proposed: names and texts of its files; sha256 is that of its file `sha256`
create table model (
    model bigint generated always as identity primary key,
    sha256 text not null unique,
    purpose text not null,
    files jsonb not null,
    proposed_by text not null,
    proposed_on date not null,
    act bigint default current_act()
);
create table model_step (
    step bigint generated always as identity primary key,
    model bigint not null references model,
    kind text not null check (kind in ('approved', 'refused', 'promoted', 'retired')),
    on_day date not null,
    by text not null,
    told jsonb not null default '{}',
    act bigint default current_act()
);
create index model_step_model on model_step (model, step);

-- probabilities in parts per million of both halves of a model; the band is that of the half that leads
create table score (
    borrower bigint not null references borrower,
    scored_on date not null,
    model bigint not null references model,
    champion_ppm integer not null check (champion_ppm between 0 and 1000000),
    challenger_ppm integer not null check (challenger_ppm between 0 and 1000000),
    band text not null,
    reasons text not null,
    act bigint default current_act(),
    primary key (borrower, model, scored_on)
);
create index score_run on score (model, scored_on);
"""

FOR_EVER = ("model", "model_step", "score")


def upgrade() -> None:
    """The tables, and the triggers that keep what is written."""
    op.execute(TABLES)
    for table in FOR_EVER:
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
