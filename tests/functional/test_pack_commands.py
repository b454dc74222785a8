"""zhiheng pack: look at, check, test, evaluate, compare, begin."""

import json

import pytest
from typer.testing import CliRunner

from zhiheng.__main__ import app

cli = CliRunner()


def test_every_pack_passes_its_check():
    done = cli.invoke(app, ["pack", "check"])
    assert done.exit_code == 0, done.output
    assert "55 个病种包：0 处错误" in done.output


def test_show_gives_the_whole_pack_as_json():
    done = cli.invoke(app, ["pack", "show", "stemi", "--json"])
    told = json.loads(done.output)
    assert told["pack"] == "STEMI"
    assert len(told["items"]) == 304
    assert told["find"]["criteria"]["infarction"]["codes"] == ["I21.0", "I21.1", "I21.2", "I21.3"]


def test_show_gives_people_an_overview():
    done = cli.invoke(app, ["pack", "show", "THR"])
    assert done.exit_code == 0, done.output
    assert "谁是病例" in done.output


def test_evaluate_gives_one_line_for_each_line(tmp_path):
    file = tmp_path / "answers.ndjson"
    file.write_text('{"CM-0-3-3": "a", "STEMI-0-4-6": "a"}\nnot json\n{"CM-0-2-2-1": ["UTD"]}\n', "utf-8")
    done = cli.invoke(app, ["pack", "evaluate", "STEMI", "--answers", str(file)])
    first, broken, last = map(json.loads, done.output.splitlines())
    assert "STEMI-0-4-1" in first["shown"]
    assert broken["findings"]
    assert not broken["shown"]
    assert "CM-0-2-2-2" not in last["shown"]
    assert "caseId" in last["missing"]


def test_an_unknown_pack_is_refused_with_the_nearest():
    done = cli.invoke(app, ["pack", "show", "STEMY"])
    assert done.exit_code != 0
    assert "stemi" in done.output


def test_a_new_pack_passes_its_check(tmp_path):
    made = cli.invoke(app, ["pack", "new", "XYZ", "--name", "示例病种", "--root", str(tmp_path)])
    assert made.exit_code == 0, made.output
    done = cli.invoke(app, ["pack", "check", "--root", str(tmp_path)])
    assert done.exit_code == 0, done.output
    again = cli.invoke(app, ["pack", "new", "XYZ", "--name", "示例病种", "--root", str(tmp_path)])
    assert again.exit_code == 2


def test_a_broken_pack_is_told_with_file_and_line(tmp_path):
    cli.invoke(app, ["pack", "new", "XYZ", "--name", "示例病种", "--root", str(tmp_path)])
    file = tmp_path / "xyz" / "pack.yaml"
    file.write_text(file.read_text("utf-8").replace("specialty:", "speciality:"), "utf-8")
    done = cli.invoke(app, ["pack", "check", "--root", str(tmp_path)])
    assert done.exit_code == 1
    assert "xyz/pack.yaml:" in done.output


@pytest.mark.parametrize("command", [[], ["run"], ["why"], ["demo"], ["demo-data"], ["pack", "evaluate"]])
def test_help_teaches(command):
    done = cli.invoke(app, [*command, "--help"])
    assert done.exit_code == 0
    assert "zhiheng" in done.output.lower()
