"""Every example of every pack that comes with Zhiheng, on both targets."""

import pytest

from zhiheng.packs.examples import Example, Ran, read_examples, run_examples
from zhiheng.packs.loading import default_root, load_pack, pack_folders

FOLDERS = [folder for folder in pack_folders(default_root()) if list((folder / "examples").glob("*.yaml"))]
NAMED = ("stemi", "thr")  # at least ten examples each; the other diseases follow
PROCESS = ("met", "missed", "unknown")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_examples_come_out_as_their_authors_expected(folder) -> None:
    ran: list[Ran] = run_examples(load_pack(folder), folder)
    failed = {f"{each.place} {each.name}": each.differences for each in ran if not each.passed}
    assert failed == {}


def examples_of(name: str) -> list[Example]:
    files = sorted((default_root() / name / "examples").glob("*.yaml"))
    return [example for file in files for example in read_examples(file)[0]]


@pytest.mark.parametrize("name", NAMED)
def test_a_complete_pack_has_ten_examples_and_every_decision(name: str) -> None:
    examples = examples_of(name)
    assert len(examples) >= 10
    cases = [example.spec.expect.case for example in examples]
    decisions = {case["decision"] if isinstance(case, dict) else case for case in cases if case}
    assert decisions >= {"in", "out"}


@pytest.mark.parametrize("name", NAMED)
def test_every_indicator_that_can_be_decided_is_met_or_missed_in_an_example(name: str) -> None:
    pack = load_pack(default_root() / name)
    seen: dict[str, set[object]] = {}
    for example in examples_of(name):
        for code, outcome in example.spec.expect.indicators.items():
            seen.setdefault(code, set()).add(outcome)
    assert set(seen) >= {indicator.code for indicator in pack.indicators.decidable}
