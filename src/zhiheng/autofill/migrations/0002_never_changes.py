"""Let the database itself keep every filling: a proof may be opened years later."""

from django.db import migrations

REFUSE = """
create function autofill_filling_is_final() returns trigger language plpgsql as $$
begin
    raise exception 'A filling never changes (% is refused): an old answer opens the proof that was there.', tg_op
        using errcode = 'insufficient_privilege';
end $$;

create trigger filling_is_final before update or delete on autofill_filling
    for each row execute function autofill_filling_is_final();
"""
ALLOW = """
drop trigger filling_is_final on autofill_filling;
drop function autofill_filling_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("autofill", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
