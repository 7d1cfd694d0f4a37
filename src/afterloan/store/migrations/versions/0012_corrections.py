"""Name and attributes of a borrower may be corrected by an act, which keeps what stood before; nothing else."""

from alembic import op

revision = "0012"
down_revision = "0011"

CORRECTED = """
create function refuse_other_change() returns trigger language plpgsql as $$
begin
    if current_act() is null then
        raise exception 'UPDATE rows of % are changed by an act only', tg_table_name
            using hint = 'Correct it: afterloan correct.', errcode = 'restrict_violation';
    end if;
    -- the shard is generated, and not made yet in a row that is about to be written
    if to_jsonb(old) - '{name,attributes,shard}'::text[] is distinct from
       to_jsonb(new) - '{name,attributes,shard}'::text[] then
        raise exception 'UPDATE rows of %: only name and attributes can be corrected', tg_table_name
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

drop trigger borrower_for_ever on borrower;
create trigger borrower_for_ever before delete or truncate on borrower
    for each statement execute function refuse_change();
create trigger borrower_corrected before update on borrower
    for each row execute function refuse_other_change();
"""


def upgrade() -> None:
    """Deleting stays refused; an update needs an act and touches what a person may have mistyped."""
    op.execute(CORRECTED)
