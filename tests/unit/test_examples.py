"""The runner of examples: what it compares, and how it tells a difference."""

import shutil
from pathlib import Path
from textwrap import dedent

import pytest

from zhiheng.packs.examples import Ran, read_examples, run_examples
from zhiheng.packs.loading import Pack, default_root, load_pack

GIVEN = """
    examples:
    - example: one
      complete: [encounter]
      records:
        patient: [{source_id: P1, patient_id: P1, sex: female, birth_date: 1950-01-01}]
        encounter:
        - source_id: E1
          encounter_id: E1
          admit_time: 2025-05-01 08:00
          discharge_time: 2025-05-08 10:00
          discharge_mode: home
        diagnosis: [{source_id: d1, code: I21.001, role: principal, rank: 1}]
      expect:
"""


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(default_root() / "stemi")


def run(pack: Pack, folder: Path, expect: str, given: str = GIVEN) -> list[Ran]:
    (folder / "examples").mkdir(exist_ok=True)
    lines = dedent(given) + "\n".join(f"    {line}" for line in dedent(expect).strip().splitlines()) + "\n"
    (folder / "examples" / "some.yaml").write_text(lines, encoding="utf-8")
    return run_examples(pack, folder)


@pytest.mark.parametrize(
    "expect",
    [
        "case: in",
        "case: {decision: in, reasons: []}",
        "case: {decision: in, questions: [], standing: [transferred_in, trial, not_first]}",
        "answers: {cm_0_1_3_1: a, cm_0_2_1_2: F, cm_4_1: 7, cm_6_1: null}",
        "answers: {cm_0_1_3_1: {value: a, source_id: d1, table: diagnosis, excerpt: I21.001}}",
        "answers: {discharged_at: 2025-05-08 10:00}",
        "indicators: {4.1.1.4: missed, 4.1.1.1: unknown, 4.1.2.1: 7}",
        "missing: [cm_6_1]",
        "no_findings: [wire_before_arrival]",
    ],
)
def test_what_came_out_as_expected_has_no_differences(pack: Pack, tmp_path: Path, expect: str) -> None:
    (ran,) = run(pack, tmp_path, expect)
    assert ran.differences == []


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("case: out", "case: expected out, found in"),
        ("case: {reasons: [age]}", "case: expected reasons ['age'], found []"),
        ("case: {standing: []}", "case: expected standing [], found ["),
        ("answers: {cm_0_1_3_1: b}", 'answer cm_0_1_3_1 主要诊断ICD-10四位亚目编码与名称: expected "b", found "a"'),
        ("answers: {cm_6_1: 10}", "answer cm_6_1 住院总费用: expected 10, found no value"),
        ("answers: {stemi_1_1_7: a}", 'expected "a", found no value (the item is not shown)'),
        ("answers: {cm_4_3: {source_id: d1}}", "expected source_id \"d1\" in its evidence, found ['E1']"),
        ("answers: {cm_0_1_3: a}", 'unknown item "cm_0_1_3". Did you mean "cm_0_1_1_3"?'),
        ("refused: {cm_4_3: no_option}", "refused cm_4_3 离院方式选择: expected no_option, found nothing refused"),
        ("findings: [wire_before_arrival]", "findings: expected wire_before_arrival, found none"),
        ("missing: [cm_4_3]", "missing: expected cm_4_3 离院方式选择 to be missing"),
        ("indicators: {4.1.1.4: met}", "indicator 4.1.1.4: expected met, found missed"),
        ("indicators: {4.1.2.1: 8}", "indicator 4.1.2.1: expected 8, found 7.0 (met)"),
        ("indicators: {4.1.3.1: met}", "indicator 4.1.3.1: no indicator that can be decided."),
    ],
)
def test_a_difference_says_what_was_expected_and_what_was_found(
    pack: Pack, tmp_path: Path, expect: str, difference: str
) -> None:
    (ran,) = run(pack, tmp_path, expect)
    assert any(difference in each for each in ran.differences), ran.differences
    assert ran.place.endswith("some.yaml:3")


def test_an_example_must_expect_something(pack: Pack, tmp_path: Path) -> None:
    (ran,) = run(pack, tmp_path, "{}")
    assert "the example expects nothing" in ran.differences[0]


def test_a_part_of_the_case_that_does_not_exist_is_told(pack: Pack, tmp_path: Path) -> None:
    (ran,) = run(pack, tmp_path, "case: {standings: [trial]}")
    assert '"case" has no part "standings". Did you mean "standing"?' in ran.differences[0]


HIP = """
    examples:
    - example: one
      records:
        patient: [{patient_id: P1, sex: female, birth_date: 1950-01-01}]
        encounter: [{encounter_id: E1, admit_time: 2025-05-01 08:00, discharge_time: 2025-05-08 10:00}]
        procedure: [{code: "81.5100", role: principal, rank: 1}]
      expect:
"""


@pytest.mark.parametrize(
    ("beside", "case"),
    [
        (("dvt",), "{decision: out, reasons: [prophylaxis_in_dvt]}"),
        ((), "{decision: undecided, questions: [prophylaxis_in_dvt]}"),
    ],
)
def test_the_packs_beside_it_that_a_pack_yields_to_are_asked_too(tmp_path: Path, beside: tuple, case: str) -> None:
    for name in ("common", "pip", *beside):
        shutil.copytree(default_root() / name, tmp_path / name, ignore=shutil.ignore_patterns("examples"))
    folder = tmp_path / "pip"
    (ran,) = run(load_pack(folder), folder, f"case: {case}", HIP)
    assert ran.differences == []


def test_a_pack_beside_it_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for name in ("common", "pip", "dvt"):
        shutil.copytree(default_root() / name, tmp_path / name, ignore=shutil.ignore_patterns("examples"))
    (tmp_path / "dvt" / "find.yaml").write_text("unit: encounters", encoding="utf-8")
    ran = run_examples(load_pack(tmp_path / "pip"), tmp_path / "pip")
    assert {"dvt/find.yaml" in each.place for each in ran} == {True}


@pytest.mark.parametrize(
    ("given", "difference"),
    [
        (GIVEN.replace("diagnosis:", "diagnoses:"), 'records: unknown table "diagnoses". Did you mean "diagnosis"?'),
        (
            GIVEN.replace("rank: 1", "ranks: 1"),
            'records: table "diagnosis" has no column "ranks". Did you mean "rank"?',
        ),
        (GIVEN.replace("discharge_mode: home", "discharge_mode: gone"), "encounter row 1: discharge_mode gone"),
    ],
)
def test_a_mistake_in_the_records_is_told(pack: Pack, tmp_path: Path, given: str, difference: str) -> None:
    (ran,) = run(pack, tmp_path, "case: in", given)
    assert any(difference in each for each in ran.differences), ran.differences


LIKE = """
    - example: two
      like: one
      records:
        encounter: [{source_id: E1, discharge_mode: died}]
        diagnosis: [{source_id: d2, code: I10.x00, role: other, rank: 2}]
      expect: {case: in}
    - example: three
      like: one
      without: [d1]
      expect: {case: none}
"""


def test_an_example_like_another_changes_adds_and_takes_away_rows(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(dedent(GIVEN).rstrip() + " {case: in}\n" + dedent(LIKE).lstrip("\n"), encoding="utf-8")
    (one, two, three), problems = read_examples(file)
    assert problems == []
    assert one.records["encounter"][0]["discharge_mode"] == "home"
    assert (two.records["encounter"][0]["discharge_mode"], len(two.records["diagnosis"])) == ("died", 2)
    assert two.records["encounter"][0]["admit_time"] == "2025-05-01 08:00"
    assert three.records["diagnosis"] == []
    assert (two.complete, three.complete) == (("encounter",), ("encounter",))


def test_an_example_like_an_unknown_one_is_told(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(
        dedent(GIVEN).rstrip() + " {case: in}\n" + dedent(LIKE).lstrip("\n").replace("like: one", "like: on")
    )
    _, problems = read_examples(file)
    assert [problem.message for problem in problems] == ['no example "on" above. Did you mean "one"?'] * 2


def test_a_changed_rule_makes_an_example_fail(tmp_path: Path) -> None:
    """An example that passes whatever the pack says would prove nothing."""
    root = default_root()
    for name in ("common", "stemi"):
        shutil.copytree(root / name, tmp_path / "packs" / name)
    file = tmp_path / "packs" / "stemi" / "indicators.yaml"
    file.write_text(file.read_text("utf-8").replace("between 0 and 90", "between 0 and 91"), encoding="utf-8")
    folder = tmp_path / "packs" / "stemi"
    ran = run_examples(load_pack(folder), folder)
    failed = {each.name: each.differences for each in ran if not each.passed}
    assert failed == {"到院91分钟导丝通过": ["indicator 4.1.1.3: expected missed, found met"]}
