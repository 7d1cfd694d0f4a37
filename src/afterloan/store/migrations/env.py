"""Alembic's way in: one connection, one transaction for each migration."""

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from afterloan.store.locks import Space

engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
with engine.connect() as connection:  # two starters at once wait for each other
    connection.execute(text(f"select pg_advisory_lock({int(Space.MIGRATION)})"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text(f"select pg_advisory_unlock({int(Space.MIGRATION)})"))
    connection.commit()
