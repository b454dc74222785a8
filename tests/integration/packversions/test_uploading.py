"""A pack that is uploaded: checked with its examples, refused with places, or a version that waits for approval."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from tests.cast import make_cast
from tests.packing import archive, stemi
from tests.working import work_off

from zhiheng.audit.models import Entry
from zhiheng.packversions import actions, checking, compiling, queries
from zhiheng.packversions.models import PackVersion, Upload
from zhiheng.packversions.uploads import unpacked
from zhiheng.web.archives import Refused

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 1)
OURS = {
    "pack.yaml": 'overlay: stemi\nname: 本院补充\nversion: "1"\n',
    "form.yaml": "form: STEMI\nsections:\n- section: 本院\n  items:\n  - {item: OURS-1, label: 本院门诊, type: text}\n",
}


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def shipped():
    (version,) = actions.import_packs(only=["stemi"])
    return version


def upload(files, by, name="stemi.zip", **dates):
    found = actions.upload(name=name, stream=archive(files), by=by, **dates)
    return actions.check_upload(upload=found)


def said(upload):
    return [(each["file"], each["message"]) for each in upload.problems]


# What a ZIP may be


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (["stemi/pack.yaml", "stemi/examples/a.yaml"], ["stemi/examples/a.yaml", "stemi/pack.yaml"]),
        (["packs/stemi/pack.yaml", "packs/common/items.yaml"], ["common/items.yaml", "stemi/pack.yaml"]),
        (["pack.yaml", "form.yaml"], ["zip-2026/form.yaml", "zip-2026/pack.yaml"]),
    ],
)
def test_files_are_laid_out_as_below_a_folder_of_packs(names, places):
    texts, left_out = unpacked("zip 2026.zip", archive(dict.fromkeys(names, "x")))
    assert (list(texts), left_out) == (places, [])


def test_what_is_no_part_of_the_pack_is_left_out_and_named():
    texts, left_out = unpacked("a.zip", archive({"a/pack.yaml": "", "a/README.md": "", "b/other.yaml": ""}))
    assert (list(texts), left_out) == (["a/pack.yaml"], ["a/README.md", "b/other.yaml"])


@pytest.mark.parametrize(
    "files",
    [
        {"stemi/form.yaml": "x"},
        {"stemi/pack.yaml": "x", "hf/pack.yaml": "x"},
        {"common/pack.yaml": "x"},
        {"急性心梗/pack.yaml": "x"},
        {"../stemi/pack.yaml": "x"},
        {"/stemi/pack.yaml": "x"},
        {"stemi/pack.yaml": "pack: 心梗".encode("gb18030")},
        {"stemi/pack.yaml": "x\0"},
        {"stemi/pack.yaml": "x", "stemi/bomb.yaml": b"0" * (19 << 20)},
        {"stemi/pack.yaml": "x", "stemi/a.yaml": bytes(range(256)) * (81 << 10)},
        {"stemi/pack.yaml": "x", **{f"stemi/{number}.yaml": "" for number in range(500)}},
    ],
    ids=["none", "two", "common", "name", "above", "root", "gbk", "binary", "bomb", "large", "many"],
)
def test_a_hostile_or_useless_archive_leaves_nothing(cast, files):
    with pytest.raises(Refused):
        actions.upload(name="a.zip", stream=archive(files), by=cast.quality_officer)
    assert not Upload.objects.exists()


# What a check finds


def test_a_good_pack_waits_for_another_person_and_says_what_it_changes(cast, shipped):
    found = upload(stemi(("checks.yaml", "<= 1440", "<= 2880")), cast.quality_officer)
    assert (found.state, found.problems, found.files) == (Upload.State.MADE, [], None)
    assert found.examples > 10
    version = found.version
    assert (version.author, version.version, version.is_approved) == (cast.quality_officer, "2026.01", False)
    assert queries.version_for("STEMI", DAY) == shipped
    comparison = queries.comparison(version)
    assert comparison.against == shipped
    changed = {title: [(each.what, each.after) for each in changes] for title, changes in comparison.groups}
    assert changed == {
        "逻辑核查": [("door_to_wire_over_a_day", "minutes_between(cm_0_2_3_2, stemi_3_2_2_2_1) <= 2880")],
        "病种包说明": [("", "2026.01")],
    }
    events = Entry.objects.filter(by=cast.quality_officer).order_by("pk").values_list("event", flat=True)
    assert list(events) == ["packversions.uploaded", "packversions.imported"]
    with pytest.raises(actions.CannotApprove):
        actions.approve(version=version, by=cast.quality_officer)
    actions.approve(version=version, by=cast.maintenance_engineer, compared_with=shipped.pk)
    assert queries.version_for("STEMI", DAY) == version
    assert queries.comparison(version).against == shipped  # also afterwards


def test_a_mistake_is_told_with_file_line_and_what_stands_there(cast, shipped):
    found = upload(stemi(("find.yaml", "include: infarction", "include: infraction")), cast.quality_officer)
    assert (found.state, found.files, found.version) == (Upload.State.REFUSED, None, None)
    (problem,) = found.problems
    assert (problem["file"], problem["found"]) == ("packs/stemi/find.yaml", "include: infraction")
    assert problem["line"] > 1
    assert 'Did you mean "infarction"' in problem["message"]
    assert PackVersion.objects.get() == shipped
    assert Entry.objects.filter(event="packversions.upload_refused", detail={"problems": 1}).exists()


@pytest.mark.parametrize("text", ["a: " + "[" * 300_000, "a: " + "{a: " * 300_000, "- " * 300_000 + "a"])
def test_what_is_nested_without_end_is_refused_before_it_is_read(cast, shipped, text):
    ((file, said_of_it),) = said(upload({"deep/pack.yaml": text}, cast.quality_officer))
    assert file == "packs/deep/pack.yaml"
    assert "more than 100 levels" in said_of_it


def test_an_example_that_comes_out_otherwise_refuses_the_pack(cast, shipped):
    wrong = ("examples/membership.yaml", "cm_0_2_1_2: F", "cm_0_2_1_2: M")
    found = upload(stemi(wrong), cast.quality_officer)
    assert found.state == Upload.State.REFUSED
    ((file, text),) = said(found)
    assert file == "packs/stemi/examples/membership.yaml"
    assert "主要诊断I21.0" in text
    assert 'expected "M", found "F"' in text


def test_a_pack_without_an_example_is_refused(cast, shipped):
    files = {path: text for path, text in stemi().items() if "/examples/" not in path}
    assert [file for file, _text in said(upload(files, cast.quality_officer))] == ["packs/stemi/examples"]


def test_the_same_content_again_is_refused(cast, shipped):
    first = upload(stemi(), cast.quality_officer)
    again = upload(stemi(), cast.maintenance_engineer)
    assert (again.state, PackVersion.objects.count()) == (Upload.State.REFUSED, 2)
    assert first.version.code in again.problems[0]["message"]


def test_a_check_done_twice_has_one_effect(cast, shipped):
    found = upload(stemi(), cast.quality_officer)
    actions.check_upload(upload=found)
    assert PackVersion.objects.count() == 2


def test_a_check_that_breaks_off_leaves_a_reason_and_no_files(cast, monkeypatch):
    found = actions.upload(name="a.zip", stream=archive({"a/pack.yaml": "x"}), by=cast.quality_officer)
    monkeypatch.setattr(checking, "check", lambda *_given, **_named: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        actions.check_upload(upload=found)
    found.refresh_from_db()
    assert (found.state, found.files) == (Upload.State.REFUSED, None)
    assert "ZeroDivisionError" in found.problems[0]["message"]


def test_the_database_keeps_no_files_of_what_was_checked(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        Upload.objects.create(name="a.zip", by=cast.quality_officer, state=Upload.State.REFUSED, files={"a": "b"})


# Dates


def test_dates_narrow_the_validity_of_the_pack(cast, shipped):
    dates = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 6, 30)}
    version = upload(stemi(), cast.quality_officer, **dates).version
    actions.approve(version=version, by=cast.maintenance_engineer)
    days = {date(2025, 12, 31): shipped, date(2026, 1, 1): version, date(2026, 7, 1): shipped}
    assert {day: queries.version_for("STEMI", day) for day in days} == days


@pytest.mark.parametrize("dates", [{"valid_from": date(2020, 1, 1)}, {"valid_until": date(2021, 1, 1)}])
def test_dates_outside_of_the_validity_of_the_pack_are_refused(cast, shipped, dates):
    found = upload(stemi(), cast.quality_officer, **dates)
    assert "2022-09-01" in found.problems[0]["message"]


# Overlays


def test_an_overlay_adds_to_the_version_in_force(cast, shipped, settings, tmp_path):
    found = upload({f"ours/{name}": text for name, text in OURS.items()}, cast.quality_officer)
    assert found.problems == []
    version = found.version
    assert version.version == "2022.09+ours-1"
    ((_title, (added,)),) = [group for group in queries.comparison(version).groups if "OURS-1" in str(group)]
    assert (added.kind, added.what) == ("added", "OURS-1 本院门诊")
    actions.approve(version=version, by=cast.maintenance_engineer)
    settings.DATA = tmp_path  # the rows alone give it back
    compiling._compiled.cache_clear()
    assert [item.code for item in queries.pack(version).form.items][-1] == "OURS-1"


def test_a_newer_overlay_takes_the_place_of_the_older_one(cast, shipped):
    def ours(version, item):
        texts = {**OURS, "pack.yaml": OURS["pack.yaml"].replace('"1"', f'"{version}"')}
        return {f"ours/{name}": text.replace("OURS-1", item) for name, text in texts.items()}

    first = upload(ours(1, "OURS-1"), cast.quality_officer).version
    actions.approve(version=first, by=cast.maintenance_engineer)
    second = upload(ours(2, "OURS-2"), cast.quality_officer).version
    assert second.version == "2022.09+ours-2"
    codes = {item.code for item in queries.pack(second).form.items}
    assert "OURS-2" in codes
    assert "OURS-1" not in codes


def test_an_overlay_is_checked_again_with_the_version_that_takes_the_place_of_its_own(cast, shipped):
    ours = upload({f"ours/{name}": text for name, text in OURS.items()}, cast.quality_officer).version
    actions.approve(version=ours, by=cast.maintenance_engineer)
    edition = upload(stemi(("checks.yaml", "<= 1440", "<= 2880")), cast.maintenance_engineer).version
    actions.approve(version=edition, by=cast.quality_officer)
    again = actions.check_upload(upload=Upload.objects.get(state=Upload.State.WAITING))
    assert again.problems == []
    assert (again.version.version, again.version.author) == ("2026.01+ours-1", cast.quality_officer)
    assert not again.version.is_approved
    changes = [each for _title, group in queries.comparison(again.version).groups for each in group]
    assert ("added", "OURS-1 本院门诊") in {(each.kind, each.what) for each in changes}
    actions.approve(version=again.version, by=cast.maintenance_engineer)
    assert not Upload.objects.filter(state=Upload.State.WAITING).exists()


def test_an_overlay_never_edits_the_national_form(cast, shipped):
    texts = {f"ours/{name}": text.replace("OURS-1", "STEMI-1-1-6") for name, text in OURS.items()}
    ((file, text),) = said(upload(texts, cast.quality_officer))
    assert file == "packs/ours/form.yaml"
    assert "is in the national form" in text


def test_an_overlay_on_nothing_is_refused(cast):
    ((file, _text),) = said(upload({f"ours/{name}": text for name, text in OURS.items()}, cast.quality_officer))
    assert file == "packs/ours/pack.yaml"


# Approval


def test_an_approval_rests_on_the_comparison_that_was_seen(client, cast, shipped):
    first = upload(stemi(), cast.quality_officer).version
    second = upload(stemi(("checks.yaml", "<= 1440", "<= 2880")), cast.quality_officer).version
    client.force_login(cast.maintenance_engineer)
    page = client.get(reverse("packversions:version", args=[second.pk])).content.decode()
    assert f'name="compared_with" value="{shipped.pk}"' in page
    actions.approve(version=first, by=cast.maintenance_engineer)
    address = reverse("packversions:approve", args=[second.pk])
    assert client.post(address, {"compared_with": shipped.pk}).status_code == 409
    assert client.post(address, {"compared_with": first.pk}).status_code == 302


# Pages


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_checked_by_a_job_and_shown_on_its_page(client, cast, shipped):
    client.force_login(cast.quality_officer)
    stream = archive(stemi(("find.yaml", "include: infarction", "include: infraction")))
    file = SimpleUploadedFile("stemi.zip", stream.getvalue(), "application/zip")
    answer = client.post(reverse("packversions:upload"), {"file": file})
    assert answer.status_code == 302
    assert 'hx-trigger="load delay:2s"' in client.get(answer.url).content.decode()
    work_off(queues=["records"])
    page = client.get(answer.url).content.decode()
    assert "packs/stemi/find.yaml" in page
    assert "include: infraction" in page
    assert "hx-trigger" not in page.partition('id="upload"')[2][:200]


def test_a_refused_archive_is_told_at_the_field(client, cast):
    client.force_login(cast.quality_officer)
    file = SimpleUploadedFile("stemi.zip", b"no archive", "application/zip")
    answer = client.post(reverse("packversions:upload"), {"file": file})
    assert answer.status_code == 422
    assert "ZIP 已损坏" in answer.content.decode()


@pytest.mark.parametrize("who", ["department_reviewer", "filler", "submitter", "nobody"])
def test_who_manages_no_packs_uploads_none(client, cast, who):
    client.force_login(getattr(cast, who))
    assert client.get(reverse("packversions:upload")).status_code == 404
    assert client.post(reverse("packversions:upload"), {"file": SimpleUploadedFile("a.zip", b"x")}).status_code == 404
