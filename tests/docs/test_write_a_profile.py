"""The example of the page on writing profiles works as it says."""

import re
from datetime import UTC, datetime
from pathlib import Path

from zhiheng.sources import profile, read

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "write-a-profile.md").read_text(encoding="utf-8")


def test_the_example_is_read_without_rejects(tmp_path):
    for name, content in re.findall(r"<!-- file: (.+?) -->\n```csv\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(content, encoding="utf-8")
    plan = profile.loads(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])
    reading = read(plan, tmp_path, received_at=datetime(2025, 4, 1, tzinfo=UTC))
    assert reading.rejects == []
    names = ("encounter_id", "name", "value_number", "comparator", "value_text", "terms")
    rows = zip(*(reading.tables["observation"].column(name).to_pylist() for name in names), strict=True)
    assert list(rows) == [
        ("ZY0001", "肌钙蛋白I", 2.35, None, None, ["troponin"]),
        ("ZY0001", "肌钙蛋白I", 0.01, "<", None, ["troponin"]),
        ("ZY0002", "乙肝表面抗原", None, None, "阴性", None),
    ]
    assert reading.tables["encounter"].column("discharge_mode").to_pylist() == ["home", "died"]


def test_every_key_of_a_profile_that_the_page_names_exists():
    reference = (Path(__file__).parents[2] / "docs" / "reference" / "profile.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `(\w+)` \|", reference, re.MULTILINE))
    named = set(re.findall(r"`(\w+): ", PAGE))
    assert named
    assert named <= known
