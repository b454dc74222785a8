"""Let the database itself refuse to change or delete a version: a case opens in the form it was filled in."""

from django.db import migrations

REFUSE = """
create function packversions_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'A pack version never changes (% on %). Import the other content as a new version.',
        tg_op, tg_table_name;
end $$;

create function packversions_only_approve() returns trigger language plpgsql as $$
declare
    approval constant text[] := array['approved_by_id', 'approved_at'];
begin
    if old.approved_at is not null or to_jsonb(new) - approval <> to_jsonb(old) - approval then
        raise exception 'A pack version never changes, and is approved once (%). Import the other content as a new version.',
            old.id;
    end if;
    return new;
end $$;

create trigger only_approve before update on packversions_packversion
    for each row execute function packversions_only_approve();
create trigger never_deleted before delete on packversions_packversion
    for each row execute function packversions_refuse();
create trigger never_changes before update or delete on packversions_packfile
    for each row execute function packversions_refuse();
create trigger never_changes before update or delete on packversions_packtext
    for each row execute function packversions_refuse();
"""
ALLOW = """
drop trigger only_approve on packversions_packversion;
drop trigger never_deleted on packversions_packversion;
drop trigger never_changes on packversions_packfile;
drop trigger never_changes on packversions_packtext;
drop function packversions_only_approve();
drop function packversions_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("packversions", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
