"""Let the owner of the table seal its rows again with a newer key, and change nothing else."""

from django.db import migrations

REFUSE = """
create or replace function autofill_filling_is_final() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if vault_is_only_resealed(tg_relid, to_jsonb(old), to_jsonb(new)) then
            return new;
        end if;
    end if;
    raise exception 'A filling never changes (% is refused): an old answer opens the proof that was there.', tg_op
        using errcode = 'insufficient_privilege';
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("autofill", "0002_never_changes"), ("vault", "0001_is_only_resealed")]
    operations = [migrations.RunSQL(REFUSE, migrations.RunSQL.noop)]
