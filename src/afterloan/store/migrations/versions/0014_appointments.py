"""Who may approve legal steps and losses, from which day: appointments as dated rows, each with its act."""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLE = """
create table appointment (
    appointment bigint generated always as identity primary key,
    person text not null,
    role text not null,
    on_day date not null,
    given boolean not null,  -- false: the role ends on this day
    act bigint default current_act()
);
create index appointment_person on appointment (person, role, on_day);
-- what stood as a setting without a day held from the beginning
insert into appointment (person, role, on_day, given)
select person.key, role.value, date '1970-01-01', true
from setting, jsonb_each(setting.value) person, jsonb_array_elements_text(person.value) role
where setting.name = 'legal_people';
delete from setting where name = 'legal_people';
"""


def upgrade() -> None:
    """Appointments of people; those that were a setting are carried over."""
    op.execute(TABLE)
