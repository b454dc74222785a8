"""Let the database itself refuse to change or delete what has happened to a case."""

from django.db import migrations

REFUSE = """
create function casefinding_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'What has happened to a case is never changed (% on %). Add another event.', tg_op, tg_table_name;
end $$;
create trigger never_changes before update or delete on casefinding_caseevent
    for each row execute function casefinding_refuse();
"""
ALLOW = """
drop trigger never_changes on casefinding_caseevent;
drop function casefinding_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("casefinding", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
