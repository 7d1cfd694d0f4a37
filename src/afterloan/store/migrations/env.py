"""Alembic's way in: one connection, one transaction for each migration."""

from typing import Any

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from afterloan.store.locks import Space
from afterloan.store.role import grant_rights

FIRST_IN_ROLE = "0035"


def rights_anew(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    """What a step added or changed is granted in its own transaction."""
    if step.up_revision_id >= FIRST_IN_ROLE:
        grant_rights(ctx.connection.connection.driver_connection)


engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
with engine.connect() as connection:  # two starters at once wait for each other
    connection.execute(text(f"select pg_advisory_lock({int(Space.MIGRATION)})"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True, on_version_apply=rights_anew)
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text(f"select pg_advisory_unlock({int(Space.MIGRATION)})"))
    connection.commit()
