"""Small packs written to a temporary folder, for tests of loading, checking and importing."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

PACK = """
    pack: TOY
    name: 玩具
    specialty: 测试
    version: "1"
    valid_from: 2022-09-01
"""
FORM = """
    form: TOY
    sections:
    - section: 一
      items:
      - item: TOY-1
        label: 是否
        type: choice
        required: true
        options: {y: 是, n: 否}
      - item: TOY-2
        label: 时间
        type: datetime
        show: toy_1 = 'y'
"""
Write = Callable[..., Path]


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """The folder that holds the packs of a test."""
    return tmp_path / "packs"


@pytest.fixture
def write(packs: Path) -> Write:
    """Write the files of a folder: write("toy", form=...) gives packs/toy/form.yaml."""

    def files(name: str, **texts: str) -> Path:
        folder = packs / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            (folder / f"{file}.yaml").write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return folder

    return files


@pytest.fixture
def toy(write: Write) -> Write:
    """Write a small pack that can be loaded; its files can be given otherwise."""

    def pack(name: str = "toy", **texts: str) -> Path:
        return write(name, **{"pack": PACK, "form": FORM, **texts})

    return pack
