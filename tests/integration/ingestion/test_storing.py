"""Records are stored by version: the same again says nothing, other content is a new version, all of it comes back."""

from datetime import UTC, date, datetime, timedelta

import pytest

from zhiheng.ingestion import opening, queries
from zhiheng.ingestion.models import Batch, Interface
from zhiheng.ingestion.records import MODELS
from zhiheng.ingestion.storing import Stored, store
from zhiheng.records.build import Builder
from zhiheng.records.schema import TABLES
from zhiheng.records.store import Records
from zhiheng.vault.sealing import blind

pytestmark = pytest.mark.django_db
DAY_ONE = datetime(2025, 4, 1, tzinfo=UTC)


@pytest.fixture
def receive():
    """Make the batch of a day: `receive(2)` was received on the second."""
    interface = Interface.objects.create(name="HIS", profile="demo-hospital")

    def make(day: int) -> Batch:
        batch = Batch.objects.create(interface=interface, digest=str(day))
        batch.received_at = DAY_ONE + timedelta(days=day - 1)
        batch.save()
        return batch

    return make


def table(name, *rows, batch, source="feed"):
    """Build a canonical table of rows whose first value is their key."""
    builder = Builder(TABLES[name], source, batch.received_at, later_corrects=True)
    for key, row in rows:
        builder.add(row, source_id=key, place=None)
    built = builder.finish()
    assert not built.problems
    return built.table


def visit(number, patient="P1", **more):
    return number, {"encounter_id": number, "patient_id": patient, "encounter_class": "inpatient", **more}


def diagnosis(number, rank, code):
    return f"{number}/{rank}", {"encounter_id": number, "rank": str(rank), "code": code, "role": "other"}


def versions(name="encounter", column="department"):
    rows = MODELS[name].objects.order_by("pk")
    return [(row.sealed["source_id"], row.record_version, getattr(row, column), row.current) for row in rows]


def test_the_same_content_twice_has_one_effect(receive):
    for day, expected in ((1, Stored(new=2)), (2, Stored(unchanged=2))):
        batch = receive(day)
        rows = table("encounter", visit("A", department="骨科"), visit("B"), batch=batch)
        assert store(batch, {"encounter": rows}) == {"encounter": expected}
    assert versions() == [("A", 1, "骨科", True), ("B", 1, None, True)]


def test_a_corrected_record_comes_back_once_in_its_newest_version(receive):
    for day, department in enumerate(("骨科", "外科"), 1):
        batch = receive(day)
        store(batch, {"encounter": table("encounter", visit("A", department=department), batch=batch)})
    rows = queries.records(patient_ids=["P1"]).latest("encounter").to_pylist()
    assert [(row["record_version"], row["department"]) for row in rows] == [(2, "外科")]


def test_other_content_is_the_next_version_and_the_old_one_stays(receive):
    first, second = receive(1), receive(2)
    store(first, {"encounter": table("encounter", visit("A", department="骨科"), visit("B"), batch=first)})
    done = store(second, {"encounter": table("encounter", visit("A", department="外科"), visit("C"), batch=second)})
    assert done == {"encounter": Stored(new=1, corrected=1)}
    assert versions() == [("A", 1, "骨科", False), ("B", 1, None, True), ("A", 2, "外科", True), ("C", 1, None, True)]
    assert queries.row("encounter", "feed", "A", 1)["department"] == "骨科"
    assert queries.row("encounter", "feed", "A", 2)["department"] == "外科"
    assert queries.row("encounter", "feed", "A", 3) is None


def test_corrections_within_one_batch_are_versions_in_their_order(receive):
    batch = receive(1)
    said = [visit("A", department=department) for department in ("骨科", "内科", "内科", "骨科")]
    assert store(batch, {"encounter": table("encounter", *said, batch=batch)})["encounter"].corrected == 2
    assert versions() == [("A", 1, "骨科", False), ("A", 2, "内科", False), ("A", 3, "骨科", True)]


def test_a_change_of_what_is_sealed_is_a_new_version_too(receive):
    first, second = receive(1), receive(2)
    store(first, {"note": table("note", ("N", {"encounter_id": "A", "text": "无过敏"}), batch=first)})
    done = store(second, {"note": table("note", ("N", {"encounter_id": "A", "text": "青霉素过敏"}), batch=second)})
    assert done["note"] == Stored(corrected=1)
    assert queries.row("note", "feed", "N", 1)["text"] == "无过敏"


def test_keys_of_different_sources_do_not_meet(receive):
    batch = receive(1)
    for source in ("one", "other"):
        store(batch, {"encounter": table("encounter", visit("A"), batch=batch, source=source)})
    assert [version for _, version, _, _ in versions()] == [1, 1]


def test_records_stored_by_version_are_those_that_the_core_merges(receive):
    said = [["骨科", "骨科"], ["内科"], ["内科", "骨科", None], [None], ["骨科"]]
    core = Records()
    for day, departments in enumerate(said, 1):
        batch = receive(day)
        rows = table("encounter", *(visit("A", department=one) for one in departments), batch=batch)
        store(batch, {"encounter": rows})
        core.merge({"encounter": rows})
    expected = [(row["record_version"], row["department"]) for row in core.tables["encounter"].to_pylist()]
    assert [(version, department) for _, version, department, _ in versions()] == expected


def test_a_delivery_read_again_does_not_undo_a_newer_one(receive):
    first, second = receive(1), receive(2)
    store(first, {"encounter": table("encounter", visit("A", department="骨科"), batch=first)})
    store(second, {"encounter": table("encounter", visit("A", department="外科"), batch=second)})
    again = store(first, {"encounter": table("encounter", visit("A", department="儿科"), batch=first)})
    assert again["encounter"] == Stored(outdated=1)
    assert versions()[-1] == ("A", 2, "外科", True)


class TestWholeVisits:
    """A source that delivers visits whole: what the newer page lacks is retired."""

    @pytest.fixture
    def deliver(self, receive):
        def deliver(day, **pages):
            batch = Batch.objects.filter(digest=str(day)).first() or receive(day)
            rows = {
                "encounter": table("encounter", *(visit(number) for number in pages), batch=batch),
                "diagnosis": table(
                    "diagnosis",
                    *(diagnosis(number, rank, code) for number, codes in pages.items() for rank, code in codes.items()),
                    batch=batch,
                ),
            }
            return batch, store(batch, rows, whole_visits=["feed"])

        return deliver

    def current(self):
        return [(key, code) for key, _, code, current in versions("diagnosis", "code") if current]

    def test_what_the_corrected_page_lacks_is_retired_and_its_proof_still_opens(self, deliver):
        deliver(1, A={1: "I21.0", 2: "I10"}, B={1: "J18.9"})
        second, done = deliver(2, A={1: "I21.0"})
        assert done["diagnosis"] == Stored(unchanged=1, retired=1)
        assert self.current() == [("A/1", "I21.0"), ("B/1", "J18.9")]
        assert MODELS["diagnosis"].objects.get(retired_by=second).sealed["source_id"] == "A/2"
        assert queries.row("diagnosis", "feed", "A/2", 1)["code"] == "I10"
        assert queries.persons_of(second) == {"P1"}

    def test_what_was_retired_and_comes_again_is_a_new_version(self, deliver):
        deliver(1, A={1: "I21.0", 2: "I10"})
        deliver(2, A={1: "I21.0"})
        _, done = deliver(3, A={1: "I21.0", 2: "I10"})
        assert done["diagnosis"] == Stored(corrected=1, unchanged=1)
        assert versions("diagnosis", "code")[-1] == ("A/2", 2, "I10", True)

    def test_an_older_page_read_again_says_nothing(self, deliver):
        deliver(1, A={1: "I21.0", 2: "I10"})
        deliver(2, A={1: "I21.0"})
        _, done = deliver(1, A={1: "I21.0", 2: "I10", 3: "E11.9"})
        assert done["diagnosis"] == Stored(outdated=3)
        assert self.current() == [("A/1", "I21.0")]

    def test_a_source_that_delivers_rows_retires_none(self, receive):
        first, second = receive(1), receive(2)
        for batch, ranks in ((first, (1, 2)), (second, (1,))):
            rows = table("diagnosis", *(diagnosis("A", rank, "I10") for rank in ranks), batch=batch)
            store(batch, {"diagnosis": rows})
        assert len(self.current()) == 2


FULL = {
    "patient": {"patient_id": "P1", "name": '张"三,\n', "birth_date": "1949-12-31", "id_number": "11010519491231002X"},
    "patient_link": {"patient_id": "P1", "other_patient_id": "P2", "event": "merge", "event_time": "2025-01-02"},
    "encounter": {
        "encounter_id": "A",
        "patient_id": "P1",
        "encounter_class": "inpatient",
        "admit_time": "2025-03-01 10:05",
        "discharge_time": "2025-03-09",
        "weight_kg": "68.123456789012345",
        "deceased": "否",
        "visit_number": "2",
        "type_codes": ['a "quoted" one', "back\\slash", "逗号,括号}"],
    },
    "diagnosis": {"encounter_id": "A", "code": "I21.100x001", "name": "心肌\n梗死", "terms": ["stemi"], "ongoing": "1"},
    "observation": {"encounter_id": "A", "patient_id": "P1", "value_text": "阳性", "time": "2025-03-01 10:05:07"},
    "note": {"patient_id": "P1", "text": "Killip分级Ⅱ级，℃ ㎎"},
}


@pytest.mark.parametrize("few", [100, 0], ids=["few", "many"])
def test_every_value_comes_back_as_it_was(receive, monkeypatch, few):
    monkeypatch.setattr(opening, "FEW", few)
    batch = receive(1)
    tables = {name: table(name, ("K", row), batch=batch) for name, row in FULL.items()}
    store(batch, tables)
    found = queries.records(patient_ids=["P1"])
    for name, rows in tables.items():
        assert found.tables[name].to_pylist() == rows.to_pylist(), name
        assert found.tables[name].schema.equals(TABLES[name].schema)
    assert found.tables["patient"].column("birth_date").to_pylist() == [date(1949, 12, 31)]


@pytest.mark.parametrize("few", [100, 0], ids=["few", "many"])
def test_an_empty_text_is_not_the_same_as_none(receive, monkeypatch, few):
    monkeypatch.setattr(opening, "FEW", few)
    batch = receive(1)
    rows = table("encounter", visit("A"), batch=batch)
    at = rows.schema.get_field_index("ward")
    rows = rows.set_column(at, rows.schema.field(at), [[""]])
    store(batch, {"encounter": rows})
    found = queries.encounter(blind("encounter", "A"))
    assert (found["ward"], found["department"]) == ("", None)


class TestWholePersons:
    @pytest.fixture(autouse=True)
    def _two_persons(self, receive):
        self.batch = receive(1)
        visits = [visit("A", "P1"), visit("B", "P2"), visit("C", "P3"), visit("D", "P4")]
        patients = [(number, {"patient_id": number}) for number in ("P1", "P2", "P3", "P4")]
        links = [
            ("1", FULL["patient_link"]),
            ("2", FULL["patient_link"] | {"patient_id": "P2", "other_patient_id": "P3"}),
        ]
        notes = [(f"N{number}", {"encounter_id": number, "text": number}) for number in "ABCD"]
        rows = {"encounter": visits, "patient": patients, "patient_link": links, "note": notes}
        store(self.batch, {name: table(name, *these, batch=self.batch) for name, these in rows.items()})

    def texts(self, **asked):
        return sorted(queries.records(**asked).tables["note"].column("text").to_pylist())

    def test_a_visit_brings_all_visits_of_the_person_whatever_the_number(self):
        assert self.texts(encounter_keys=[blind("encounter", "A")]) == ["A", "B", "C"]

    def test_any_number_brings_the_person(self):
        assert self.texts(patient_ids=["P3"]) == ["A", "B", "C"]
        assert self.texts(patient_ids=["P4"]) == ["D"]

    def test_numbers_that_were_parted_are_not_one_person(self, receive):
        batch = receive(2)
        parted = FULL["patient_link"] | {
            "patient_id": "P2",
            "other_patient_id": "P3",
            "event": "unmerge",
            "event_time": "2025-02-01",
        }
        store(batch, {"patient_link": table("patient_link", ("3", parted), batch=batch)})
        assert self.texts(patient_ids=["P3"]) == ["C"]
        assert self.texts(patient_ids=["P1"]) == ["A", "B"]
        assert queries.persons_of(batch) == {"P2", "P3"}

    def test_a_batch_knows_whose_records_it_changed(self):
        assert queries.persons_of(self.batch) == {"P1", "P2", "P3", "P4"}

    def test_nobody_asked_for_is_nobody_found(self):
        assert all(rows.num_rows == 0 for rows in queries.records().tables.values())


def test_what_a_profile_declares_complete_is_told():
    assert queries.complete_tables() == frozenset()
    Interface.objects.create(name="HIS", profile="demo-hospital")
    assert "medication" in queries.complete_tables()
    assert "medication" in queries.complete_tables("frontpage")
    assert queries.complete_tables("elsewhere") == frozenset()
