"""Rows furnished are checked against furnishings and contracts a statement at a time, not row by row."""

from alembic import op

revision = "0045"
down_revision = "0044"

CHECK = """
create function furnished_of_what_is_there() returns trigger language plpgsql
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    lost bigint;
begin
    select n.furnishing into lost from (select distinct furnishing from new_rows) n
    where not exists (select from furnishing f where f.furnishing = n.furnishing) limit 1;
    if found then
        raise exception 'furnishing % is not in this book', lost using errcode = 'foreign_key_violation';
    end if;
    select n.loan into lost from new_rows n where not exists (select from contract c where c.loan = n.loan) limit 1;
    if found then
        raise exception 'loan % is not in this book', lost using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;
create trigger furnished_of_what_is_there after insert on furnished referencing new table as new_rows
    for each statement execute function furnished_of_what_is_there();
alter table furnished drop constraint furnished_furnishing_fkey, drop constraint furnished_loan_fkey;
"""
"""Furnishings and contracts are for ever (their own triggers), so only what is added has to be looked at. Row by row
each row of a month locked the contract's row and wrote that lock into its page: half of what a month cost the server,
and the table of contracts written once more. Other ways to join are off: they would walk all contracts."""


def upgrade() -> None:
    """The check of a whole statement in place of the two of each row."""
    op.execute(CHECK)
