"""Nobody changes or removes what the audit trail holds, not even the owner of its tables."""

from django.db import migrations

TABLES = ("audit_entry", "audit_seal", "audit_verification")

FUNCTION = """
    create function audit_is_append_only() returns trigger language plpgsql as $$
    begin
        raise exception 'The audit trail is append-only: % on % is refused.', tg_op, tg_table_name
            using errcode = 'insufficient_privilege';
    end $$;
"""
TRIGGER = """
    create trigger {table}_is_append_only before update or delete on {table}
        for each row execute function audit_is_append_only();
    create trigger {table}_is_not_emptied before truncate on {table}
        for each statement execute function audit_is_append_only();
"""
NO_TRIGGER = """
    drop trigger {table}_is_append_only on {table};
    drop trigger {table}_is_not_emptied on {table};
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(FUNCTION, "drop function audit_is_append_only();"),
        *(migrations.RunSQL(TRIGGER.format(table=table), NO_TRIGGER.format(table=table)) for table in TABLES),
    ]
