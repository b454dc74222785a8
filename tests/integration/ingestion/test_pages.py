"""Pages of ingestion: upload, preview, confirm; correct and read again; masked values for the engineer; interfaces."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests.cast import make_cast
from tests.integration.ingestion.conftest import DIAGNOSES, VISITS

from zhiheng.ingestion import actions
from zhiheng.ingestion.models import Batch, Interface, Reject
from zhiheng.ingestion.records import MODELS

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def officer(client, cast):
    client.force_login(cast.quality_officer)
    return client


@pytest.fixture
def engineer(client, cast):
    client.force_login(cast.maintenance_engineer)
    return client


def send(client, interface, **contents):
    files = [SimpleUploadedFile(f"{name}.csv", text.encode()) for name, text in contents.items()]
    return client.post(reverse("ingestion:upload"), {"interface": interface.pk, "files": files})


def page(client, view, /, *args, **query):
    response = client.get(reverse(f"ingestion:{view}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def post(client, view, /, *args, **fields):
    return client.post(reverse(f"ingestion:{view}", args=args), fields, follow=True)


def test_upload_preview_confirm_and_read_the_counts(officer, interface):
    response = send(officer, interface, visits=VISITS, diagnoses=DIAGNOSES)
    batch = Batch.objects.get()
    assert response.url == reverse("ingestion:batch", args=[batch.pk])
    assert "hx-get" in page(officer, "batch", batch.pk)  # waits for the worker, and looks again by itself
    actions.preview(batch=batch)
    shown = page(officer, "batch", batch.pk)
    assert "六十" in shown
    assert "utf-8" in shown
    assert MODELS["encounter"].objects.count() == 0
    assert post(officer, "confirm", batch.pk).status_code == 200
    actions.store(batch=batch)
    shown = page(officer, "batch", batch.pk)
    assert "hx-get" not in shown
    assert "诊断" in shown
    assert batch.code in page(officer, "batches")


def test_a_refused_upload_says_why_and_keeps_nothing(officer, interface):
    file = SimpleUploadedFile("a.zip", b"PK\x03\x04 broken")
    response = officer.post(reverse("ingestion:upload"), {"interface": interface.pk, "files": [file]})
    assert response.status_code == 422
    assert "field-error" in response.content.decode()
    assert Batch.objects.count() == 0


def test_the_same_upload_leads_to_the_batch_that_it_is(officer, interface):
    send(officer, interface, visits=VISITS)
    actions.preview(batch=Batch.objects.get())
    actions.confirm(batch=Batch.objects.get(), by=None)
    actions.store(batch=Batch.objects.get())
    response = send(officer, interface, visits=VISITS)
    assert response.url == reverse("ingestion:batch", args=[Batch.objects.get().pk])


def test_a_part_of_the_page_is_the_page_s_own_template(officer, upload):
    batch = upload(visits=VISITS)
    address = reverse("ingestion:batch", args=[batch.pk])
    part = officer.get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="batch"')
    assert "<html" not in part


def test_what_cannot_be_done_now_is_said(officer, stored):
    batch = stored(visits=VISITS)
    response = post(officer, "cancel", batch.pk)
    assert response.status_code == 409
    assert "alert-danger" in response.content.decode()


class TestRejects:
    @pytest.fixture
    def reject(self, stored):
        return stored(visits=VISITS, diagnoses=DIAGNOSES).rejects.get()

    def test_the_officer_sees_values_and_corrects_them(self, officer, reject):
        assert "六十" in page(officer, "rejects")
        assert "六十" in page(officer, "reject", reject.pk)
        post(officer, "correct", reject.pk, value="60")
        reject.refresh_from_db()
        assert (reject.state, reject.sealed["correction"]) == (Reject.State.CORRECTED, "60")
        assert post(officer, "run_again", reject.batch.pk).status_code == 200
        actions.store(batch=reject.batch)
        assert MODELS["encounter"].objects.filter(weight_kg=60, current=True).exists()

    def test_the_engineer_sees_where_and_why_but_no_value(self, engineer, reject):
        for shown in (
            page(engineer, "rejects"),
            page(engineer, "reject", reject.pk),
            page(engineer, "batch", reject.batch.pk),
        ):
            assert "六十" not in shown
            assert "体重" in shown
        assert post(engineer, "correct", reject.pk, value="60").status_code == 404

    def test_the_engineer_sees_no_value_in_a_preview(self, engineer, upload):
        batch = actions.preview(batch=upload(visits=VISITS))
        shown = page(engineer, "batch", batch.pk)
        assert "六十" not in shown
        assert "体重" in shown

    def test_the_list_is_narrowed_by_batch_kind_and_state(self, officer, reject):
        number = reject.code
        assert number in page(officer, "rejects", batch=reject.batch.pk, kind="not_a_number", state="open")
        assert number not in page(officer, "rejects", state="dismissed")
        assert number not in page(officer, "rejects", field="身高")

    def test_a_reject_is_dismissed_with_a_reason_and_taken_back(self, officer, reject):
        assert post(officer, "dismiss", reject.pk, note="").status_code == 422
        post(officer, "dismiss", reject.pk, note="卧床")
        assert Reject.objects.get().state == Reject.State.DISMISSED
        post(officer, "reopen", reject.pk)
        assert Reject.objects.get().state == Reject.State.OPEN

    def test_all_of_a_kind_are_dismissed_at_once(self, officer, stored):
        batch = stored(visits="就诊号,患者号,体重,出院时间\n" + "".join(f"{n},P,很重{n},\n" for n in range(12)))
        first = batch.rejects.filter(kind="not_a_number").first()
        post(officer, "dismiss", first.pk, note="卧床", alike="on")
        states = batch.rejects.filter(kind="not_a_number").values_list("state", flat=True)
        assert list(states) == ["dismissed"] * 12
        assert batch.rejects.get(kind="no_file").state == "open"

    def test_a_correction_that_is_none_is_refused(self, officer, reject):
        assert post(officer, "correct", reject.pk, value="六十").status_code == 422


FIELDS = {"settle_seconds": 60, "keep_days": 30, "is_enabled": "on"}


def test_a_list_asks_the_database_no_more_for_many_than_for_few(officer, stored, django_assert_max_num_queries):
    stored(visits=VISITS)
    stored(visits="就诊号,患者号,体重,出院时间\n" + "".join(f"{n},P,很重{n},\n" for n in range(40)))
    for view in ("batches", "rejects"):
        with django_assert_max_num_queries(16):
            page(officer, view)


class TestInterfaces:
    def test_the_engineer_sets_one_up(self, engineer, tmp_path, settings):
        settings.INBOXES = (tmp_path,)
        assert str(tmp_path) in page(engineer, "add_interface")
        post(engineer, "add_interface", name="HIS", profile="demo-hospital", folder=str(tmp_path), **FIELDS)
        interface = Interface.objects.get()
        assert interface.folder == str(tmp_path)
        assert "HIS" in page(engineer, "interfaces")
        post(engineer, "interface", interface.pk, name="HIS 2", profile="demo-hospital", folder="", **FIELDS)
        interface.refresh_from_db()
        assert (interface.name, interface.folder) == ("HIS 2", "")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("profile", "no-such-profile"),
            ("folder", "relative/path"),
            ("folder", "/no/such/folder"),
            ("folder", "/"),
            ("marker", "../x"),
            ("move_to", "a/b"),
            ("name", ""),
        ],
    )
    def test_mistakes_are_said_beside_their_field(self, engineer, field, value):
        fields = {"name": "HIS", "profile": "demo-hospital", **FIELDS, field: value}
        response = post(engineer, "add_interface", **fields)
        assert response.status_code == 422
        assert response.context["form"].errors.keys() == {field}
        assert not Interface.objects.exists()

    def test_no_file_of_the_server_is_shown_through_the_mistakes_of_a_profile(self, engineer, settings, tmp_path):
        keys, secret = settings.KEY_FILE, tmp_path / "secret.yaml"
        secret.write_text("zhiheng_password: hunter2\n", encoding="utf-8")
        disguised = tmp_path / "disguised"
        disguised.mkdir()
        (disguised / "profile.yaml").symlink_to(secret)
        upwards = f"../../../../../../../../../../{secret}"
        for profile in (keys, keys.parent, settings.DATA, secret, disguised, upwards, "/etc/passwd", "a\0b"):
            response = post(engineer, "add_interface", name="HIS", profile=str(profile), folder="", **FIELDS)
            said = response.content.decode()
            assert response.status_code == 422
            assert "hunter2" not in said
            assert "zhiheng_password" not in said
            assert '"seal"' not in said
            assert "profile" in response.context["form"].errors
        assert not Interface.objects.exists()

    def test_a_folder_with_the_keys_is_not_watched(self, engineer, settings):
        folder = str(settings.KEY_FILE.parent)
        response = post(engineer, "add_interface", name="HIS", profile="demo-hospital", folder=folder, **FIELDS)
        assert response.context["form"].errors.keys() == {"folder"}

    @pytest.mark.parametrize(
        "place", ["elsewhere", "elsewhere/inner", "no-such-folder", "inbox/../elsewhere", "inbox/out"]
    )
    def test_what_is_not_within_the_inbox_is_refused_alike_and_the_setting_named(
        self, engineer, tmp_path, settings, place
    ):
        (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
        (tmp_path / "inbox").mkdir()
        (tmp_path / "inbox" / "out").symlink_to(tmp_path / "elsewhere")
        settings.INBOXES = (tmp_path / "inbox",)
        fields = {"name": "HIS", "profile": "demo-hospital", **FIELDS, "folder": str(tmp_path / place)}
        response = post(engineer, "add_interface", **fields)
        [said] = response.context["form"].errors["folder"]
        assert "ZHIHENG_INBOX" in said
        assert str(tmp_path / "inbox") in said
        assert not Interface.objects.exists()

    def test_links_within_the_inbox_and_further_inboxes_are_fine(self, engineer, tmp_path, settings):
        for name in ("inbox", "mounted"):
            (tmp_path / name / "daily").mkdir(parents=True)
        (tmp_path / "inbox" / "now").symlink_to(tmp_path / "mounted" / "daily")
        settings.INBOXES = (tmp_path / "inbox", tmp_path / "mounted")
        for number, folder in enumerate(("inbox", "inbox/daily", "inbox/now", "mounted/daily")):
            said = {"profile": "demo-hospital", **FIELDS, "folder": str(tmp_path / folder)}
            post(engineer, "add_interface", name=f"HIS {number}", **said)
        assert Interface.objects.count() == 4

    def test_looking_now_says_what_it_found(self, engineer, interface, watched):
        interface.settle_seconds = 0
        interface.save()
        (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
        post(engineer, "look", interface.pk)
        assert Batch.objects.get().by.username == "maintenance_engineer"

    def test_the_officer_sees_them_and_changes_none(self, officer, interface):
        assert interface.name in page(officer, "interfaces")
        assert post(officer, "interface", interface.pk, name="x").status_code == 404


@pytest.mark.parametrize("role", ["filler", "leader", "system_administrator", "audit_administrator", "nobody"])
def test_for_all_others_there_is_no_such_page(client, cast, interface, role):
    client.force_login(getattr(cast, role))
    for name, args in (
        ("batches", ()),
        ("upload", ()),
        ("rejects", ()),
        ("interfaces", ()),
        ("interface", (interface.pk,)),
    ):
        assert client.get(reverse(f"ingestion:{name}", args=args)).status_code == 404


@pytest.mark.parametrize("role", [None, "filler", "maintenance_engineer"])
@pytest.mark.parametrize("view", ["accounts:login", "web:theme", "accounts:import"])
def test_nobody_fills_the_memory_through_an_address_that_takes_no_files(client, cast, monkeypatch, role, view):
    def refuse(*_arguments, **_named):
        raise AssertionError("a file was taken in")

    monkeypatch.setattr("zhiheng.ingestion.uploads.tempfile.TemporaryFile", refuse)
    if role:
        client.force_login(cast.by_role(role))
    response = client.post(reverse(view), {"file": SimpleUploadedFile("large.csv", b"x" * 1000)})
    assert response.status_code < 500
