"""What the build fetches and ships: only the files used, fit for hashed names, without the address of a registry."""

import json
import re
from pathlib import Path

import hatch_build
import pytest

ROOT = Path(__file__).parents[3]
VENDOR = ROOT / "src/zhiheng/web/static/vendor"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a()\n//# sourceMappingURL=a.js.map", "a()\n"),
        ("a{}\n/*# sourceMappingURL=a.css.map */\n", "a{}\n"),
        ("a{}\n/*# sourceMappingURL=a.css.map*/", "a{}\n"),
        ("a('//# sourceMappingURL=in the middle'); b()", "a('//# sourceMappingURL=in the middle'); b()"),
    ],
)
def test_links_to_source_maps_are_taken_off(text, left):
    assert hatch_build.without_source_map(text) == left


def test_a_symbol_holds_the_paths_of_its_icon_without_the_box(tmp_path):
    box, paths = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />', '<path d="M1 2" />\n<path d="M3 4" />'
    (tmp_path / "x.svg").write_text(f"<svg>\n{box}\n{paths}\n</svg>")
    symbol = '<symbol id="x" viewBox="0 0 24 24"><path d="M1 2" /><path d="M3 4" /></symbol>'
    assert hatch_build.symbol(tmp_path, "x") == symbol


def test_an_unknown_icon_stops_the_build_with_its_name(tmp_path):
    with pytest.raises(SystemExit, match='no icon "hart"'):
        hatch_build.symbol(tmp_path, "hart")


def test_the_stamp_covers_the_hook_the_lock_file_and_the_icons(tmp_path):
    (tmp_path / "src/zhiheng/web").mkdir(parents=True)
    lock, icons = tmp_path / "package-lock.json", tmp_path / "src/zhiheng/web/icons.txt"
    lock.write_text("{}")
    icons.write_text("check\n")
    first = hatch_build.fingerprint(tmp_path)
    icons.write_text("check\nx\n")
    second = hatch_build.fingerprint(tmp_path)
    lock.write_text('{"a": 1}')
    assert len({first, second, hatch_build.fingerprint(tmp_path)}) == 3


def test_the_lock_file_has_hashes_and_names_no_registry():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    fetched = {name: about for name, about in packages.items() if name}
    assert all(about["integrity"].startswith("sha512-") for about in fetched.values())
    assert not any("resolved" in about for about in fetched.values())


def test_the_vendor_folder_holds_what_is_used_and_its_licences():
    shipped = {file.name for file in VENDOR.iterdir()}
    assert shipped == {*hatch_build.FILES, "icons.svg", "LICENSES.txt", ".stamp"}
    licences = (VENDOR / "LICENSES.txt").read_text()
    assert all(f"{package} " in licences for package in hatch_build.LICENSED)


@pytest.mark.parametrize("name", hatch_build.FILES)
def test_no_shipped_file_asks_for_another_one(name):
    text = (VENDOR / name).read_text(encoding="utf-8")
    linked = [url for url in re.findall(r"url\(\s*[\"']?([^\"')]+)", text) if not url.startswith(("data:", "#"))]
    assert linked == []
    assert "sourceMappingURL" not in text[-300:]
