"""Every pack says all that the national sources ask of it: indicators, fills, checks, examples."""

import json

import pytest

from zhiheng.packs.examples import read_examples
from zhiheng.packs.loading import default_root, load_packs, pack_folders

NAMED = {"STEMI", "HF", "STK", "CAP", "AECOPD", "THR", "TKR", "CS", "CABG", "PIP"}


@pytest.fixture(scope="module")
def packs():
    return {pack.abbr: pack for pack in load_packs()}


def test_every_indicator_of_the_national_sources_is_in_its_pack(packs, shared):
    diseases = json.loads(shared("national/diseases.json").read_text(encoding="utf-8"))
    listed = {(each["abbr"], record["code"]) for each in diseases for record in each["indicators"]}
    known = {(pack.abbr, indicator.code) for pack in packs.values() for indicator in pack.indicators or ()}
    missing = {
        (abbr, code)
        for abbr, code in listed
        if not any(a == abbr and (c == code or c.startswith(code + ".")) for a, c in known)
    }
    assert not missing
    assert len(listed) > 400


def test_an_indicator_is_decided_or_says_why_not(packs):
    for pack in packs.values():
        for each in pack.indicators or ():
            assert each.undecidable or each.numerator or each.observation or each.kind == "count", (
                pack.abbr,
                each.code,
            )
            assert each.source, (pack.abbr, each.code)


def test_every_check_names_its_source(packs):
    unsourced = [(pack.abbr, each.id) for pack in packs.values() for each in pack.checks or () if not each.source]
    assert not unsourced


@pytest.mark.parametrize("folder", pack_folders(default_root()), ids=lambda folder: folder.name)
def test_every_pack_has_its_examples(folder):
    examples = [each for path in (folder / "examples").glob("*.yaml") for each in read_examples(path)[0]]
    assert len(examples) >= (10 if folder.name.upper() in NAMED else 4)
