"""Let the owner of the table seal its rows again with a newer key, and change nothing else."""

from django.db import migrations

REFUSE = """
create or replace function casefinding_refuse() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if vault_is_only_resealed(tg_relid, to_jsonb(old), to_jsonb(new)) then
            return new;
        end if;
    end if;
    raise exception 'What has happened to a case is never changed (% on %). Add another event.', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("casefinding", "0002_append_only"), ("vault", "0001_is_only_resealed")]
    operations = [migrations.RunSQL(REFUSE, migrations.RunSQL.noop)]
