"""A profile that cannot be used says where, what was found and what would be right."""

from pathlib import Path

import pytest

from zhiheng.sources import profile

GOOD = """name: test
feeds:
- reader: files
  source: visits
  files: visits.csv
  tables:
  - table: encounter
    columns:
      encounter_id: 号
      patient_id: 病人
      encounter_class: {constant: inpatient}
"""


def problems(text: str) -> str:
    with pytest.raises(profile.ProfileError) as error:
        profile.loads(text)
    return str(error.value)


def test_a_good_profile():
    plan = profile.loads(GOOD)
    assert plan.name == "test"
    assert [feed.source for feed in plan.feeds_of("files")] == ["visits"]
    assert plan.feeds_of("fhir") == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: test", "nam: test", 'profile.yaml:1: unknown key "nam". Did you mean "name"?'),
        ("reader: files", "reader: file", "profile.yaml:3: "),
        ("reader: files", "reader: file", 'Did you mean "files"?'),
        ("table: encounter", "table: encounters", 'profile.yaml:7: "table": unknown table "encounters". Did you mean'),
        ("patient_id: 病人", "patient_idd: 病人", 'has no column "patient_idd". Did you mean "patient_id"?'),
        ("      patient_id: 病人\n", "", 'needs the column "patient_id"'),
        ("patient_id: 病人", "patient_id: {fron: 病人}", 'profile.yaml:10: unknown key "fron". Did you mean "from"?'),
        ("patient_id: 病人", "patient_id: {from: 病人, constant: x}", 'needs either "from"'),
        ("patient_id: 病人", "patient_id: {from: 病人, pattern: '('}", "not a regular expression"),
        ("patient_id: 病人", "patient_id: {from: 病人, pattern: 'a'}", "exactly one group"),
        (
            "    columns:",
            "    key: [号]\n    encounter: {by: patient, patient: 病人}\n    columns:",
            "has nothing to do",
        ),
        ("name: test", "name: test\ncomplete: [drugs]", 'unknown table "drugs"'),
        ("name: test", "name: test\ntimes: {offset: convert, zone: Shanghai}", 'must look like "+08:00"'),
        ("name: test", "name: [", "not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line(old, new, said):
    assert old in GOOD
    assert said in problems(GOOD.replace(old, new, 1))


def test_a_table_without_an_identifier_needs_a_key():
    feed = GOOD.replace("table: encounter", "table: diagnosis").replace("encounter_class", "code")
    said = problems(feed.replace("      patient_id: 病人\n", ""))
    assert '"key" is missing' in said


def test_all_mistakes_are_named_at_once():
    said = problems(GOOD.replace("name: test", "nam: test").replace("files: visits.csv", "file: visits.csv"))
    assert "profile.yaml:1:" in said
    assert "profile.yaml:5:" in said


def test_a_profile_that_is_not_there(tmp_path: Path):
    with pytest.raises(profile.ProfileError, match="no such profile"):
        profile.load(tmp_path)


@pytest.mark.parametrize(
    "folder", sorted((Path(__file__).parents[2] / "profiles").iterdir()), ids=lambda path: path.name
)
def test_every_shipped_profile_loads_and_has_the_name_of_its_folder(folder):
    assert profile.load(folder).name == folder.name
