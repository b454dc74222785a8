"""Every icon that a page asks for is in the sprite: a missing one would be a blank square that nobody notices."""

import re
from pathlib import Path

import pytest

from zhiheng.web.looks import LOOKS

SOURCE = Path(__file__).parents[3] / "src/zhiheng"
NAMES = (SOURCE / "web/icons.txt").read_text().split()
TAG = re.compile(r"""\{%\s*icon\s+["']([^"']+)["']|\bicon=["']([a-z0-9-]+)["']""")


def asked_for():
    for file in sorted([*SOURCE.rglob("*.html"), *SOURCE.rglob("*.py")]):
        for match in TAG.finditer(file.read_text(encoding="utf-8")):
            yield file.relative_to(SOURCE).as_posix(), match[1] or match[2]


def test_every_icon_of_a_template_or_a_menu_is_listed():
    assert [(file, name) for file, name in asked_for() if name not in NAMES] == []


def test_the_search_for_icons_finds_them():
    assert len({name for _file, name in asked_for()}) > 20


@pytest.mark.parametrize("code", LOOKS)
def test_every_state_looks_like_a_listed_icon_in_a_known_tone(code):
    assert LOOKS[code].icon in NAMES
    assert LOOKS[code].tone in {"neutral", "info", "active", "waiting", "good", "bad"}


def test_the_list_of_icons_is_sorted_and_names_none_twice():
    assert sorted(set(NAMES)) == NAMES


def test_the_sprite_holds_the_listed_icons():
    sprite = SOURCE / "web/static/vendor/icons.svg"
    assert re.findall(r'<symbol id="([^"]+)"', sprite.read_text()) == NAMES, "Run: python hatch_build.py"
