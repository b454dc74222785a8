"""The page on front pages: every field of each layout and what becomes of it, the value domains and the checks."""

from sections.tables import code, table
from zhiheng.sources.frontpage import layout
from zhiheng.sources.frontpage.layout import Depends, Domain, FieldSpec, Group, Layout, LayoutSpec, RecordSpec, Taken

INTRODUCTION = """# 病案首页 Front page

`reader: frontpage` 把一行一次住院的首页宽表读成[标准记录表](records.md)。字段、去向、值域与核对规则都写在布局
（`src/zhiheng/sources/frontpage/layouts/*.yaml`）里，医院的接入方案只写与布局不同之处（见[接入方案](profile.md)）。

* 列名可以是字段代码或中文名，大小写、全角半角与次序不限；空白与 “-” 都表示没有值。
* **必备**列缺失时整个文件搁置，必备项空白、时间无法识别、出院早于入院时整行搁置；其余问题只搁置该字段或仅作提示。
* 就诊号为“病案号-住院次数”。同一次住院内容相同的行只计一次；内容不同而住院时间重叠的，后一行是更正；
  住院时间不重叠的，是两次住院用了同一个次数，后一行搁置。
* 更正后的首页以新行为准：旧行中有、新行中没有的诊断和手术不再保留。
* 时间的精度照原样保留；`24:00` 是次日零时。
"""
DOMAINS = ("值域", "名称", "代码与标准取值", "依据")
HEAD = ("字段", "名称", "要求", "去向")


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(_layout(layout.load(name)) for name in layout.names())])


def _layout(one: Layout) -> str:
    spec = one.spec
    used = one.used()
    unused = [field for field in one.fields.values() if field.unused]
    numbers = f"共 {len(one.fields)} 项：采用 {len(used)} 项，不采用 {len(unused)} 项（逐项写明原因）。"
    goes = _destinations(spec)
    rows = [row for entry in spec.fields for row in _rows(entry, goes)]
    return "\n".join(
        (
            f"## {spec.title}\n\n`layout: {spec.layout}`。{numbers}\n",
            f"### 字段（{spec.layout}）\n\n{table(HEAD, rows)}\n",
            f"### 值域（{spec.layout}）\n\n{table(DOMAINS, map(_domain, spec.domains.items()))}\n",
            f"### 核对（{spec.layout}）\n\n{_checks(spec)}\n",
        )
    )


def _destinations(spec: LayoutSpec) -> dict[str, list[str]]:
    """Return for each field, as the layout writes it, where it goes."""
    goes: dict[str, list[str]] = {}

    def add(field: str, text: str) -> None:
        if text not in goes.setdefault(field, []):
            goes[field].append(text)

    for record in spec.records:
        for field, text in _of_record(record):
            add(field, text)
    add(spec.record_number, "patient.patient_id、就诊号")
    add(spec.visit_number, "就诊号")
    return goes


def _of_record(record: RecordSpec) -> list[tuple[str, str]]:
    found = [(field, f"charge（{category}）") for category, field in record.charges.items()]
    for name, one in record.each.items():
        found += _of_columns(record.table, one.columns, str(one.always.get("role") or name))
    role = str(record.always.get("role") or record.always.get("kind") or "")
    return found + _of_columns(record.table, record.columns, role)


def _of_columns(name: str, columns: dict[str, Taken], role: str) -> list[tuple[str, str]]:
    kind = f"（{role}）" if role else ""
    return [(field, f"{name}.{column}{kind}") for column, taken in columns.items() for field in taken.taken_from]


def _rows(entry: FieldSpec | Group, goes: dict[str, list[str]]) -> list[tuple[str, str, str, str]]:
    if isinstance(entry, FieldSpec):
        return [_row(entry, goes, entry.field, entry.name)]
    first, last = entry.repeat
    return [
        _row(
            field,
            goes,
            f"{layout.numbered(field.field, first)} … {layout.numbered(field.field, last)}",
            f"{layout.numbered(field.name, first)} … {last}",
        )
        for field in entry.fields
    ]


def _row(field: FieldSpec, goes: dict[str, list[str]], codes: str, name: str) -> tuple[str, str, str, str]:
    asked = "必备" if field.essential else "必填" if field.required else "条件必填" if field.conditional else ""
    where = (
        f"不采用：{field.unused}" if field.unused else "、".join(goes.get(field.field) or _numbered_goes(field, goes))
    )
    return codes, name, asked, where + (f"，值域 {field.domain}" if field.domain and not field.unused else "")


def _numbered_goes(field: FieldSpec, goes: dict[str, list[str]]) -> list[str]:
    """Return where a repeated field goes whose numbers are named one by one."""
    numbers = (layout.numbered(field.field, number) for number in range(1, 6))
    return list(dict.fromkeys(text for code_ in numbers for text in goes.get(code_, [])))


def _domain(pair: tuple[str, Domain]) -> tuple[str, str, str, str]:
    name, domain = pair
    meanings = "；".join(f"{key} {_meaning(value)}" for key, value in domain.values.items()) or "按来源的代码保留"
    return name, domain.title, meanings, "接口标准" if domain.source == "interface standard" else "待医院核对"


def _meaning(value: object) -> str:
    if isinstance(value, dict):
        return "，".join(f"{part}={one}" for part, one in value.items())
    return "（无值）" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _checks(spec: LayoutSpec) -> str:
    lines = [f"* {_asks(rule)}时应有 {'、'.join(map(code, rule.needs))}" for rule in spec.depends]
    lines += [f"* {code(one.total)} 不小于 {' + '.join(map(code, one.parts))}" for one in spec.sums]
    return "\n".join(lines)


def _asks(rule: Depends) -> str:
    if rule.is_ is not None:
        return f"{code(rule.when)} 为 {'、'.join(rule.is_)} "
    return f"{code(rule.when)} 以 {'、'.join(rule.begins)} 开头" if rule.begins else f"有 {code(rule.when)} "
