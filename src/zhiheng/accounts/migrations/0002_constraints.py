"""What Django cannot say about accounts: versions of a department never overlap, and no account has roles of two kinds."""

from django.db import migrations

# PostgreSQL's own range types cover no text, and the extension that would compare it is not on every server.
DEPARTMENT_ONCE = """
    create type accounts_department_code as range (subtype = text, collation = "C");
    alter table accounts_department add constraint department_once_at_a_time exclude using gist (
        int8range(organisation_id, organisation_id, '[]') with &&,
        accounts_department_code(code, code, '[]') with &&,
        daterange(valid_from, valid_until, '[]') with &&
    );
"""
DEPARTMENT_ANY = """
    alter table accounts_department drop constraint department_once_at_a_time;
    drop type accounts_department_code;
"""
ONE_KIND = """
    alter table accounts_grant add constraint grant_of_the_kind_of_its_account
        foreign key (user_id, kind) references accounts_user (id, kind);
"""
ANY_KIND = "alter table accounts_grant drop constraint grant_of_the_kind_of_its_account;"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(DEPARTMENT_ONCE, DEPARTMENT_ANY),
        migrations.RunSQL(ONE_KIND, ANY_KIND),
    ]
