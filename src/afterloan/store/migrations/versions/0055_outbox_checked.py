"""Actions of the outbox are checked against borrowers and contracts a statement at a time, not row by row."""

from alembic import op

revision = "0055"
down_revision = "0054"

CHECK = """
create or replace function outbox_waits() returns trigger language plpgsql
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    lost bigint;
begin
    select n.borrower into lost from fresh n
    where not exists (select from borrower b where b.borrower = n.borrower) limit 1;
    if found then
        raise exception 'borrower % is not in this book', lost using errcode = 'foreign_key_violation';
    end if;
    select n.loan into lost from fresh n
    where n.loan is not null and not exists (select from contract c where c.loan = n.loan) limit 1;
    if found then
        raise exception 'loan % is not in this book', lost using errcode = 'foreign_key_violation';
    end if;
    insert into waiting (action, kind, not_before) select action, kind, not_before from fresh;
    return null;
end $$;
alter table outbox drop constraint outbox_borrower_fkey, drop constraint outbox_loan_fkey;
"""
"""Borrowers and contracts are for ever, with their numbers (their own triggers), so only what is added has to be looked
at. Row by row each action locked its borrower's row and wrote that lock into its page: a third of what a decided day's
actions cost the server. Other ways to join are off: they would walk all borrowers."""


def upgrade() -> None:
    """The check of a whole statement in place of the two of each row."""
    op.execute(CHECK)
