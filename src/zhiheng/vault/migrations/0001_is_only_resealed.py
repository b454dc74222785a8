"""Let triggers tell a value that is sealed again from one that is changed.

Rows that never change are sealed, too. When a key is replaced, the owner of their table, and nobody else, may put the
same value sealed with a newer key in the place of the old one: all other columns stay as they are, and the sealed bytes
as long as they were. That the value is the same only the keyring can prove; `vault.resealing` opens it and seals it.
"""

from django.db import migrations

FUNCTION = r"""
create function vault_is_only_resealed(relation oid, was jsonb, becomes jsonb) returns boolean
language sql stable as $$
    select coalesce(
        was - 'sealed' = becomes - 'sealed'
        and length(was ->> 'sealed') = length(becomes ->> 'sealed')
        -- \x and four hex digits: the number of the key
        and substring(was ->> 'sealed' from 3 for 4) collate "C" < substring(becomes ->> 'sealed' from 3 for 4)
        and pg_has_role(current_user, (select relowner from pg_class where oid = relation), 'usage'),
        false
    )
$$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(FUNCTION, "drop function vault_is_only_resealed(oid, jsonb, jsonb);"),
    ]
