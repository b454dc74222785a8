"""Forget the counts of failed logins that stand under the name that was typed: from now on a blind index does."""

from django.db import migrations


def forget(apps, schema_editor):
    apps.get_model("accounts", "Failures").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_constraints")]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
