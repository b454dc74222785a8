"""Seal the names and filters of saved views, which people may have called after a patient."""

from django.db import migrations, models

from zhiheng.vault.fields import SealedField
from zhiheng.vault.sealing import blind


def seal(apps, schema_editor):
    for view in apps.get_model("web", "SavedView").objects.all():
        view.name_index, view.sealed = blind("view", view.name), {"name": view.name, "query": view.query}
        view.save(update_fields=["name_index", "sealed"])


class Migration(migrations.Migration):
    dependencies = [("web", "0001_initial")]
    operations = [
        migrations.AddField("savedview", "name_index", models.CharField(max_length=32, default="")),
        migrations.AddField("savedview", "sealed", SealedField(null=True)),
        migrations.RunPython(seal),
        migrations.RemoveConstraint("savedview", "saved_view_name_once"),
        migrations.RemoveField("savedview", "name"),
        migrations.RemoveField("savedview", "query"),
        migrations.AlterField("savedview", "name_index", models.CharField(max_length=32)),
        migrations.AlterField("savedview", "sealed", SealedField()),
        migrations.AddConstraint(
            "savedview",
            models.UniqueConstraint(fields=["user", "listing", "name_index"], name="saved_view_name_once"),
        ),
    ]
