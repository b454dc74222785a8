"""Versions of packs are immutable rows, in force when approved; a case finds the version of its discharge."""

import shutil
from datetime import date

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from tests.cast import make_cast

from zhiheng.audit.models import Entry
from zhiheng.jobs import announcing
from zhiheng.packs.caching import content_hash
from zhiheng.packs.loading import PackError, default_root
from zhiheng.packversions import actions, compiling, queries
from zhiheng.packversions.models import PackFile, PackText, PackVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def folder(tmp_path):
    """A folder with one pack that can be edited, and what it shares with the others."""
    for name in ("common", "stemi"):
        shutil.copytree(default_root() / name, tmp_path / name)
    return tmp_path


def edit(folder, old, new, file="pack.yaml"):
    path = folder / "stemi" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def approved(folder, cast):
    (version,) = actions.import_packs(folder=folder, by=cast.maintenance_engineer)
    return actions.approve(version=version, by=cast.quality_officer)


def test_a_shipped_pack_is_in_force_at_once_with_all_its_files():
    (version,) = actions.import_packs(only=["stemi"])
    assert (version.abbr, version.origin, version.is_approved) == ("STEMI", "shipped", True)
    assert version.approved_by is None
    paths = set(version.files.values_list("path", flat=True))
    assert {"stemi/pack.yaml", "stemi/find.yaml", "stemi/form.yaml", "common/items.yaml"} <= paths
    assert queries.version_for("STEMI", date(2025, 3, 1)) == version
    assert Entry.objects.filter(event="packversions.imported").exists()


def test_importing_again_has_no_effect():
    actions.import_packs(only=["stemi"])
    assert actions.import_packs(only=["stemi"]) == []
    assert PackVersion.objects.count() == 1


def test_a_file_that_packs_share_is_kept_once():
    actions.import_packs(only=["stemi", "hf"])
    assert PackFile.objects.filter(path="common/items.yaml").count() == 2
    assert PackText.objects.filter(pk__in=PackFile.objects.filter(path="common/items.yaml").values("text")).count() == 1


def test_the_rows_alone_give_the_pack_back(tmp_path, monkeypatch):
    (version,) = actions.import_packs(only=["stemi"])
    monkeypatch.setattr(settings, "DATA", tmp_path)  # neither files nor a cache
    compiling._compiled.cache_clear()
    pack = queries.pack(version)
    assert pack.content_hash == version.content_hash
    assert len(pack.form.items) > 100
    assert (tmp_path / "packs" / "compiled").stat().st_mode & 0o777 == 0o700
    written = compiling.write_files(version)
    assert content_hash(written.parent / "common", written) == version.content_hash


def test_a_changed_pack_is_a_new_row_and_the_old_one_stays(folder, cast):
    (old,) = actions.import_packs(only=["stemi"])
    edit(folder, "I21.3]", "I21.3, I24.8]", "find.yaml")
    new = approved(folder, cast)
    assert PackVersion.objects.count() == 2
    assert new.content_hash != old.content_hash
    assert queries.version_for("STEMI", date(2025, 3, 1)) == new  # of the same beginning, what was approved later
    assert "I24.8" in str(queries.who(new))
    assert "I24.8" not in str(queries.who(old))
    ((_title, changes),) = queries.comparison(new).groups
    assert any(change.after == "I24.8" for change in changes)
    assert queries.comparison(new).against == old
    assert queries.comparison(old) is None


def test_an_imported_version_needs_the_approval_of_another_person(folder, cast):
    edit(folder, 'version: "2022.09"', 'version: "2022.09a"')
    (version,) = actions.import_packs(folder=folder, by=cast.quality_officer)
    assert queries.version_for("STEMI", date(2025, 3, 1)) is None
    with pytest.raises(actions.CannotApprove):
        actions.approve(version=version, by=cast.quality_officer)
    actions.approve(version=version, by=cast.maintenance_engineer)
    assert queries.version_for("STEMI", date(2025, 3, 1)) == version
    with pytest.raises(actions.CannotApprove):
        actions.approve(version=version, by=cast.maintenance_engineer)


def test_a_folder_is_imported_by_a_person(folder):
    with pytest.raises(ValueError, match="by a person"):
        actions.import_packs(folder=folder)


def test_a_pack_that_cannot_run_is_refused_with_its_place(folder, cast):
    edit(folder, "include: infarction", "include: infraction", "find.yaml")
    with pytest.raises(PackError, match=r"find\.yaml:\d+.*infraction"):
        actions.import_packs(folder=folder, by=cast.quality_officer)
    assert not PackVersion.objects.exists()


def test_a_later_edition_decides_from_its_beginning_on(folder, cast):
    (old,) = actions.import_packs(only=["stemi"])
    edit(folder, "valid_from: 2022-09-01", "valid_from: 2025-01-01\nvalid_until: 2025-06-30")
    new = approved(folder, cast)
    days = {date(2024, 12, 31): old, date(2025, 1, 1): new, date(2025, 6, 30): new, date(2025, 7, 1): old}
    assert {day: queries.version_for("STEMI", day) for day in days} == days
    assert queries.version_for("STEMI", date(2022, 8, 31)) is None
    stretches = [(each.version, each.valid_from, each.valid_until) for each in queries.in_force("STEMI")]
    assert stretches == [
        (old, date(2022, 9, 1), date(2024, 12, 31)),
        (new, date(2025, 1, 1), date(2025, 6, 30)),
        (old, date(2025, 7, 1), None),
    ]
    rules, versions = queries.rules_in_force()
    assert [versions[each.version] for each in rules] == [old, new, old]


def test_what_comes_into_force_is_announced(folder, cast):
    told = []
    announcing.when("packversions.in_force", told.append)
    try:
        (shipped,) = actions.import_packs(only=["stemi"])
        edit(folder, 'version: "2022.09"', 'version: "2023"')
        (imported,) = actions.import_packs(folder=folder, by=cast.quality_officer)
        assert told == [[shipped]]
        actions.approve(version=imported, by=cast.maintenance_engineer)
        assert told == [[shipped], [imported]]
    finally:
        announcing._listeners["packversions.in_force"].remove(told.append)


@pytest.mark.parametrize(
    "statement",
    [
        "update packversions_packversion set version = '9'",
        "update packversions_packversion set approved_at = now()",  # it was approved before
        "delete from packversions_packversion",
        "update packversions_packtext set text = ''",
        "delete from packversions_packfile",
    ],
)
def test_the_database_refuses_every_change(statement):
    actions.import_packs(only=["stemi"])
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# Pages


@pytest.mark.parametrize("who", ["quality_officer", "department_reviewer", "maintenance_engineer"])
def test_who_works_with_packs_reads_them(client, cast, who):
    (version,) = actions.import_packs(only=["stemi"])
    client.force_login(getattr(cast, who))
    assert version.name in client.get(reverse("packversions:list")).content.decode()
    page = client.get(reverse("packversions:version", args=[version.pk])).content.decode()
    for said in (
        "主要诊断编码为 I21.0",
        "参与临床药物与器械试验",
        "国家单病种质量管理与控制平台公告",
        "stemi/find.yaml",
    ):
        assert said in page


@pytest.mark.parametrize("who", ["filler", "leader", "submitter", "system_administrator", "nobody"])
def test_others_find_no_packs(client, cast, who):
    (version,) = actions.import_packs(only=["stemi"])
    client.force_login(getattr(cast, who))
    assert client.get(reverse("packversions:list")).status_code == 404
    assert client.get(reverse("packversions:version", args=[version.pk])).status_code == 404
    assert client.post(reverse("packversions:approve", args=[version.pk])).status_code == 404


def test_a_version_is_approved_on_its_page_by_another_person(client, cast, folder):
    edit(folder, 'version: "2022.09"', 'version: "2023"')
    (version,) = actions.import_packs(folder=folder, by=cast.quality_officer)
    address = reverse("packversions:approve", args=[version.pk])
    client.force_login(cast.quality_officer)
    assert client.post(address).status_code == 409
    client.force_login(cast.maintenance_engineer)
    assert address in client.get(reverse("packversions:version", args=[version.pk])).content.decode()
    assert client.post(address).status_code == 302
    version.refresh_from_db()
    assert version.approved_by == cast.maintenance_engineer


def test_a_department_reviewer_approves_nothing(client, cast, folder):
    (version,) = actions.import_packs(folder=folder, by=cast.quality_officer)
    client.force_login(cast.department_reviewer)
    assert client.post(reverse("packversions:approve", args=[version.pk])).status_code == 404
