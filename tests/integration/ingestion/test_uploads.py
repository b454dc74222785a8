"""Uploaded files and archives: names stay below their folder, archives stay within bounds, all else is refused."""

import zipfile
from io import BytesIO

import pytest
from tests.integration.ingestion.conftest import VISITS

from zhiheng.ingestion import actions, deliveries
from zhiheng.ingestion.models import Batch
from zhiheng.ingestion.unpacking import unpacked
from zhiheng.sources.base import Limits
from zhiheng.web.archives import Refused, safe_name


def archive(*members, **options) -> BytesIO:
    """Pack (name or ZipInfo, content) pairs."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **options) as packed:
        for name, content in members:
            packed.writestr(name, content)
    stream.seek(0)
    return stream


def unpack(*members, **limits):
    return [(name, stream.read(-1)) for name, stream in unpacked([("a.zip", archive(*members))], Limits(**limits))]


def test_the_files_of_an_archive_are_taken_one_by_one_and_folders_keep_their_names():
    assert unpack(("lab/a.csv", "1"), ("lab/", ""), ("__MACOSX/lab/._a.csv", "x"), ("b.csv", "2")) == [
        ("lab/a.csv", b"1"),
        ("b.csv", b"2"),
    ]


class WindowsInChina(zipfile.ZipInfo):
    """A member whose name stands in GB18030, without the mark of UTF-8."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("gb18030"), self.flag_bits


def test_names_packed_on_chinese_windows_are_read_as_they_were():
    assert unpack((WindowsInChina("检验结果.csv"), "1")) == [("检验结果.csv", b"1")]
    assert unpack(("检验结果.csv", "1")) == [("检验结果.csv", b"1")]


@pytest.mark.parametrize(
    "name",
    [
        "../visits.csv",
        "/etc/passwd",
        "a/../../b.csv",
        "..\\visits.csv",
        "C:\\x.csv",
        "a/b/c/d/e/f/g.csv",
        "a\x07.csv",
        "x" * 300,
    ],
)
def test_a_name_that_leads_out_of_its_folder_is_refused(name):
    with pytest.raises(Refused):
        safe_name(name)
    with pytest.raises(Refused):
        unpack((name, "1"))


def test_what_unpacks_to_far_more_than_data_do_is_refused():
    with pytest.raises(Refused):
        unpack(("bomb.csv", b"0" * (40 << 20)))


def test_more_than_the_limit_is_refused():
    with pytest.raises(Refused):
        unpack(("a.csv", "12345"), ("b.csv", "12345"), bytes=8)


def test_a_link_is_refused():
    member = zipfile.ZipInfo("visits.csv")
    member.external_attr = 0o120777 << 16
    with pytest.raises(Refused):
        unpack((member, "/etc/passwd"))


def test_what_is_no_archive_is_refused():
    with pytest.raises(Refused):
        list(unpacked([("a.zip", BytesIO(b"PK\x03\x04 and then nothing"))]))


def test_a_damaged_archive_is_refused():
    packed = bytearray(archive(("visits.csv", VISITS * 200)).getvalue())
    packed[60] ^= 0xFF
    with pytest.raises(Refused):
        [stream.read(-1) for _, stream in unpacked([("a.zip", BytesIO(bytes(packed)))])]


@pytest.mark.django_db
class TestRefusedUploads:
    def receive(self, interface, *files):
        return actions.receive(files=unpacked(files), interface=interface)

    @pytest.mark.parametrize("names", [(), ("visits.csv", "VISITS.csv"), ("a", "a/visits.csv")])
    def test_nothing_is_left_of_what_is_refused(self, interface, names):
        with pytest.raises(Refused):
            self.receive(interface, *((name, BytesIO(VISITS.encode())) for name in names))
        assert Batch.objects.count() == 0
        assert not deliveries.home().exists() or not list(deliveries.home().iterdir())

    def test_an_archive_and_files_beside_it_are_one_delivery(self, interface):
        batch = self.receive(
            interface, ("a.zip", archive(("visits.csv", VISITS))), ("diagnoses.csv", BytesIO(b"x,y\n1,2\n"))
        )
        assert [file["name"] for file in batch.sealed["files"]] == ["visits.csv", "diagnoses.csv"]

    def test_hostile_files_end_in_rejects(self, interface, shared):
        folder = shared("data/hostile")
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = [(f"{number}-visits{path.suffix}", path.open("rb")) for number, path in enumerate(paths)]
        for name, stream in files:
            batch = actions.receive(files=[("visits.csv", stream)], interface=interface)
            previewed = actions.preview(batch=batch)
            assert previewed.state == Batch.State.PREVIEWED, (name, previewed.problem)
            assert previewed.sealed["preview"]["tables"] == {}
            assert previewed.sealed["preview"]["rejects"]
            stream.close()
