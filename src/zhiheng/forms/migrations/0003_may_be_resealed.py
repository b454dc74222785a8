"""Let the owner of the table seal its rows again with a newer key, and change nothing else."""

from django.db import migrations

REFUSE = """
create or replace function forms_change_is_final() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if vault_is_only_resealed(tg_relid, to_jsonb(old), to_jsonb(new)) then
            return new;
        end if;
    end if;
    raise exception 'The history of answers is append-only: % on % is refused. An undo is a change of its own.',
        tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("forms", "0002_append_only"), ("vault", "0001_is_only_resealed")]
    operations = [migrations.RunSQL(REFUSE, migrations.RunSQL.noop)]
