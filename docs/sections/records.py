"""The page on the canonical tables, from records/schema.py."""

import pyarrow as pa

from sections.tables import code, table
from zhiheng.records import schema

TYPES = {
    schema.TEXT: "文本",
    schema.NUMBER: "数值",
    schema.COUNT: "整数",
    schema.FLAG: "是/否",
    schema.DATE: "日期",
    schema.TIME: "时间",
    schema.SYSTEM_TIME: "系统时间(UTC)",
    schema.TEXTS: "文本列表",
}
INTRODUCTION = """# 标准记录表 Canonical tables

医院各系统的数据先映射到下列表中，查找病例、自动填报、核对和计算指标都只读这些表。列名是英文；含义以代码中的英文说明为准。

* 时间是医院当地时间，不带时区。每个 `x_time` 后面跟着 `x_time_precision`：`date`、`minute` 或 `second`。
  只有日期的记录存为当天 00:00，同时标明 `date`，不会被当作零点。
* `received_at` 是系统时间(UTC)。
* “必填”指缺了它这一行就不能成立，整行会连同原因列入拒收清单。
* “个人”指可识别患者或员工身份，存储时加密，页面上遮盖。
* “自由”指自由书写的文字，其中可能写有任何人的信息，存储时加密。
"""


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(_section(each) for each in schema.TABLES.values())])


def _section(each: schema.Table) -> str:
    head = ("列", "类型", "单位", "含义", "例", "")
    return f"## {each.name}\n\n{each.meaning}\n\n{table(head, map(_row, each.columns))}\n"


def _row(column: schema.Column) -> tuple[str, ...]:
    values = f" 取值：{', '.join(map(code, column.values))}。" if column.values else ""
    marks = "、".join([*["必填"] * column.required, *["个人"] * column.personal, *["自由"] * column.free_text])
    return (code(column.name), _type(column.type), column.unit, column.meaning + values, code(column.example), marks)


def _type(kind: pa.DataType) -> str:
    return TYPES[kind]
