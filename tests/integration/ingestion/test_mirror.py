"""The mirror: sealed Parquet by discharge month, written anew where a batch changed something, repeatable by number."""

import pytest
from tests.integration.ingestion.conftest import DIAGNOSES, VISITS

from zhiheng.ingestion import mirror
from zhiheng.ingestion.models import Batch, MirrorFile, MirrorSnapshot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(mirror, "home", lambda: tmp_path / "mirror")


@pytest.fixture
def deliver(stored):
    def deliver(**contents):
        return mirror.write(batch=stored(**contents))

    return deliver


def months(snapshot):
    return sorted(set(snapshot.files.values_list("table", "month")))


def codes(records):
    return sorted(records.tables["diagnosis"].column("code").to_pylist())


def test_each_table_and_month_is_a_file(deliver):
    snapshot = deliver(visits=VISITS, diagnoses=DIAGNOSES)
    assert snapshot.number == 1
    assert months(snapshot) == [
        ("diagnosis", "2025-03"),
        ("diagnosis", "2025-04"),
        ("encounter", "2025-03"),
        ("encounter", "2025-04"),
    ]
    assert codes(mirror.read(months=["2025-03"])) == ["I10", "I21.0"]
    assert codes(mirror.read()) == ["I10", "I21.0", "J18.9"]


def test_only_the_months_that_changed_are_written_anew(deliver):
    first = deliver(visits=VISITS, diagnoses=DIAGNOSES)
    second = deliver(diagnoses="就诊号,序号,编码\nA,1,I21.4\nA,2,I10\n")
    kept = set(first.files.all()) & set(second.files.all())
    assert {file.month for file in kept} == {"2025-04"}
    assert codes(mirror.read(months=["2025-03"])) == ["I10", "I21.4"]


def test_an_older_snapshot_reads_as_it_was(deliver):
    deliver(visits=VISITS, diagnoses=DIAGNOSES)
    deliver(diagnoses="就诊号,序号,编码\nA,1,I21.4\n")
    assert codes(mirror.read(snapshot=1)) == ["I10", "I21.0", "J18.9"]
    assert codes(mirror.read(snapshot=2)) == ["I21.4", "J18.9"]
    with pytest.raises(LookupError):
        mirror.read(snapshot=3)


def test_a_visit_whose_discharge_moves_leaves_its_old_month(deliver):
    deliver(visits=VISITS)
    deliver(visits=VISITS.replace("2025-03-09", "2025-02-09"))
    assert mirror.read(months=["2025-03"]).tables["encounter"].num_rows == 0
    assert mirror.read(months=["2025-02"]).tables["encounter"].num_rows == 1


def test_a_visit_that_is_not_over_stands_by_itself(deliver):
    deliver(visits="就诊号,患者号,体重,出院时间\nA,P1,60,\n")
    assert mirror.read(months=[mirror.OPEN]).tables["encounter"].num_rows == 1
    deliver(visits="就诊号,患者号,体重,出院时间\nA,P1,60,2025-12-31 23:59\n")
    assert mirror.read(months=[mirror.OPEN]).tables["encounter"].num_rows == 0
    assert mirror.read(months=["2025-12"]).tables["encounter"].num_rows == 1


def test_a_batch_that_changes_nothing_writes_nothing(deliver):
    deliver(visits=VISITS)
    assert deliver(visits=VISITS + "\n") is None
    assert MirrorSnapshot.objects.count() == 1


def test_nothing_stands_there_in_clear(deliver):
    deliver(visits=VISITS, diagnoses=DIAGNOSES)
    files = list(mirror.home().iterdir())
    assert len(files) == 4
    for path in files:
        content = path.read_bytes()
        assert not content.startswith(b"PAR1")
        assert b"I21.0" not in content


def test_what_no_kept_snapshot_holds_is_removed(deliver, monkeypatch):
    monkeypatch.setattr(mirror, "KEEP", 1)
    deliver(visits=VISITS)
    for weight in (71, 72, 73):
        deliver(visits=VISITS.replace("70", str(weight)))
    MirrorSnapshot.objects.filter(number=2).update(is_kept=True)
    mirror.forget_old()
    assert sorted(MirrorSnapshot.objects.values_list("number", flat=True)) == [2, 4]
    assert {path.name for path in mirror.home().iterdir()} == set(MirrorFile.objects.values_list("name", flat=True))
    assert mirror.read(snapshot=2).tables["encounter"].num_rows == 2


def test_the_mirror_of_no_batch_is_empty():
    assert mirror.read().tables["encounter"].num_rows == 0
    assert not Batch.objects.exists()
