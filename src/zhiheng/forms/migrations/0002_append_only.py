"""Let the database itself keep the history of answers as it was written."""

from django.db import migrations

REFUSE = """
create function forms_change_is_final() returns trigger language plpgsql as $$
begin
    raise exception 'The history of answers is append-only: % on % is refused. An undo is a change of its own.',
        tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;

create trigger change_is_final before update or delete on forms_answerchange
    for each row execute function forms_change_is_final();
"""
ALLOW = """
drop trigger change_is_final on forms_answerchange;
drop function forms_change_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("forms", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
