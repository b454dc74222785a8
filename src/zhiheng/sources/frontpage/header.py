"""Find the layout's fields among the columns of a file: by code in any case, or by their Chinese name."""

from collections import Counter

from zhiheng.lib.suggest import nearest
from zhiheng.records.folding import fold
from zhiheng.sources.base import Unreadable
from zhiheng.sources.frontpage.layout import Layout

_DROP = dict.fromkeys(map(ord, " \t\u3000()（）[]【】_-—、.:：/"))


def find(header: list[str], layout: Layout, rename: dict[str, str]) -> dict[str, int]:
    """Return the place of each field in the header. `Unreadable`: one stands twice, or an essential one nowhere."""
    known = _names(layout)
    renamed = {_plain(name): field for name, field in rename.items()}
    places: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        field = renamed.get(_plain(name)) or known.get(_plain(name))
        if field:
            places.setdefault(field, []).append(place)
    _check(header, layout, places)
    return {field: found[0] for field, found in places.items()}


def known_columns(header: list[str], layout: Layout) -> int:
    """Return how many columns of a header the layout knows; the right delimiter shows the most."""
    known = _names(layout)
    return sum(_plain(name) in known for name in header)


def _names(layout: Layout) -> dict[str, str]:
    """Return every way to write a field that means no other."""
    codes = {_plain(field): field for field in layout.fields}
    said = [(_plain(name), code) for code, field in layout.fields.items() for name in (field.name, *field.also)]
    counted = Counter(name for name, _ in said)
    return {name: code for name, code in said if counted[name] == 1} | codes


def _plain(name: str) -> str:
    return fold(name).translate(_DROP).upper()


def _check(header: list[str], layout: Layout, places: dict[str, list[int]]) -> None:
    twice = [field for field, found in places.items() if len(found) > 1]
    if twice:
        said = "、".join(f"{field}（第 {'、'.join(str(at + 1) for at in places[field])} 列）" for field in twice)
        raise Unreadable("repeated_column", f"首页字段出现多次，无法确定用哪一列：{said}", "请核对导出语句中的列名")
    missing = [field for field in layout.fields.values() if field.essential and field.field not in places]
    if missing:
        others = [
            name for place, name in enumerate(header) if name and not any(place in found for found in places.values())
        ]
        said = "、".join(f"{field.field} {field.name}{_near(field.field, field.name, others)}" for field in missing)
        raise Unreadable(
            "missing_column",
            f"缺少首页必备列：{said}",
            "请恢复列名后重新导出；医院自定的列名请在接入方案中用 rename 对应",
            f"现有列：{'、'.join(name or '（空）' for name in header[:30])}{'…' if len(header) > 30 else ''}",
        )


def _near(code: str, name: str, others: list[str]) -> str:
    near = nearest(name, others) or nearest(code, others)
    return f"（是否改名为“{near}”？）" if near else ""
