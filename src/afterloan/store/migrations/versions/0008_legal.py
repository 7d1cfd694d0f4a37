"""A legal step that nobody approved cannot be written as started, whichever way it comes into the table."""

from alembic import op

revision = "0008"
down_revision = "0007"

GATE = """
create function legal_needs_approval() returns trigger language plpgsql as $$
begin
    if not exists (
        select from event p join event a on a.borrower = p.borrower and a.body->>'of' = p.reference
        where p.reference = new.body->>'of' and p.borrower = new.borrower and p.loan = new.loan
            and p.kind = 'legal.proposed' and p.body->>'step' = new.body->>'step'
            and a.kind = 'legal.approved' and a.loan = p.loan and a.body->>'by' <> p.body->>'by'
            and a.on_day <= new.on_day
    ) or exists (
        select from event r where r.borrower = new.borrower and r.kind = 'legal.refused'
            and r.body->>'of' = new.body->>'of'
    ) then
        raise exception 'legal step % of proposal % was not approved by a person', new.body->>'step', new.body->>'of'
            using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger legal_needs_approval before insert on event for each row when (new.kind = 'legal.started')
    execute function legal_needs_approval();
create function legal_action_needs_step() returns trigger language plpgsql as $$
begin
    if not exists (
        select from event s where s.borrower = new.borrower and s.kind = 'legal.started'
            and s.body->>'of' = new.body->>'proposal'
    ) then
        raise exception 'action % belongs to no legal step that started', new.key using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger legal_action_needs_step before insert on outbox for each row when (new.kind = 'legal.file')
    execute function legal_action_needs_step();
"""


def upgrade() -> None:
    """Triggers."""
    op.execute(GATE)
