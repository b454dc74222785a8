"""zhiheng run and zhiheng why on a small hospital: what people find in the result folder."""

import csv
import json
import stat

import pytest
from typer.testing import CliRunner

from zhiheng.__main__ import app
from zhiheng.sources.demo import generate

cli = CliRunner()


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hospital")
    generate(folder, encounters=300, seed=7)
    return folder


@pytest.fixture(scope="module")
def results(hospital, tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    done = cli.invoke(app, ["run", "-p", "demo-hospital", "-i", str(hospital), "-o", str(out)])
    assert done.exit_code == 0, done.output
    return out


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_every_table_and_the_workbook(results):
    names = {"cases.csv", "answers.ndjson", "findings.csv", "indicators.csv", "rejects.csv", "单病种质量监测.xlsx"}
    assert {path.name for path in results.iterdir()} == names


def test_results_are_readable_by_their_owner_only(results):
    assert {stat.S_IMODE(path.stat().st_mode) for path in results.iterdir()} == {0o600}


def test_every_case_has_a_decision_and_says_why(results):
    for case in rows(results / "cases.csv"):
        assert case["decision"] in ("in", "out", "undecided")
        assert case["evidence"], case
        assert (case["decision"] == "out") == bool(case["reasons"]), case
        assert case["decision"] != "undecided" or case["questions"], case


def test_emergency_and_outpatient_visits_never_enter_inpatient_packs(results):
    by_class = {
        case["encounter_class"]
        for case in rows(results / "cases.csv")
        if case["pack"] not in ("OIT", "ESRD-HD", "ESRD-PD")
    }
    assert by_class == {"inpatient"}


def test_every_value_from_records_names_the_row_that_proves_it(results):
    proven = 0
    for line in (results / "answers.ndjson").read_text("utf-8").splitlines():
        for told in json.loads(line)["answers"].values():
            if told["origin"] == "record":
                proven += 1
                assert told["evidence"]
                assert all(
                    row["rule"] and (row["source_id"] or row["examined"] is not None) for row in told["evidence"]
                )
    assert proven > 1000


def test_every_reject_names_its_place_reason_and_remedy(results):
    rejects = rows(results / "rejects.csv")
    assert rejects
    assert all(each["file"] and each["kind"] and each["reason"] and each["remedy"] for each in rejects)


def test_a_period_keeps_the_discharges_within_it(hospital, tmp_path):
    done = cli.invoke(app, ["run", "-p", "demo-hospital", "-i", str(hospital), "-o", str(tmp_path), "--period", "2025"])
    assert done.exit_code == 0, done.output
    cases = rows(tmp_path / "cases.csv")
    assert cases
    assert {case["discharged"][:4] for case in cases if case["discharged"]} == {"2025"}


def test_the_same_input_gives_the_same_results(hospital, results, tmp_path):
    cli.invoke(app, ["run", "-p", "demo-hospital", "-i", str(hospital), "-o", str(tmp_path)])
    for name in ("cases.csv", "answers.ndjson", "findings.csv", "indicators.csv", "rejects.csv"):
        assert (tmp_path / name).read_bytes() == (results / name).read_bytes(), name


def test_why_explains_a_case_and_a_visit_that_is_none(hospital, results):
    case = next(case for case in rows(results / "cases.csv") if case["pack"] == "STEMI")
    told = cli.invoke(app, ["why", "STEMI", case["encounter"], "-p", "demo-hospital", "-i", str(hospital)])
    assert told.exit_code == 0, told.output
    assert "I21" in told.output
    other = cli.invoke(app, ["why", "THR", case["encounter"], "-p", "demo-hospital", "-i", str(hospital)])
    assert "不是候选病例" in other.output


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["-p", "hqmss"], "hqms"),
        (["--period", "2025-13"], "2025-03"),
        (["--packs", "STEMY"], "STEMI"),
        (["-i", "nowhere"], "nowhere"),
    ],
)
def test_wrong_arguments_stop_before_anything_is_done(hospital, tmp_path, change, says):
    arguments = {"-p": "demo-hospital", "-i": str(hospital), "-o": str(tmp_path / "out")}
    arguments |= {change[0]: change[1]}
    done = cli.invoke(app, ["run", *(part for pair in arguments.items() for part in pair)])
    assert done.exit_code in (1, 2)
    assert says in done.output
    assert not (tmp_path / "out").exists()


def test_a_folder_without_visits_ends_with_its_own_exit_code(tmp_path):
    (tmp_path / "in").mkdir()
    done = cli.invoke(app, ["run", "-p", "demo-hospital", "-i", str(tmp_path / "in"), "-o", str(tmp_path / "out")])
    assert done.exit_code == 3


def test_every_share_says_how_sure_it_is(results):
    shares = [row for row in rows(results / "indicators.csv") if row["kind"] == "proportion" and row["value"]]
    assert shares
    for row in shares:
        assert float(row["lower"]) <= float(row["value"]) <= float(row["upper"]), row
        assert float(row["exact_lower"]) <= float(row["lower"]) + 0.05, row
