"""The manual of the expression language, from the declarations of its functions."""

import itertools

from sections.tables import code, table
from zhiheng.engine.language.declaration import Example, Function, Parameter
from zhiheng.engine.language.functions import FUNCTIONS
from zhiheng.engine.language.grammar import DEEPEST, LONGEST
from zhiheng.engine.language.parse import TALLEST
from zhiheng.engine.language.render import constant
from zhiheng.engine.language.types import Type

TYPES = {
    Type.TEXT: "文本",
    Type.NUMBER: "数值",
    Type.DATE: "日期",
    Type.DATETIME: "时间",
    Type.BOOLEAN: "真假",
    Type.TEXTS: "多选",
}
GROUPS = {
    "comparison": "比较 Comparison",
    "logic": "逻辑 Logic",
    "choice of value": "取值 Choice of value",
    "arithmetic": "运算 Arithmetic",
    "times": "时间 Times",
    "numbers": "数值 Numbers",
    "texts": "文本 Texts",
    "choices": "多选 Choices",
    "codes": "编码 Codes",
}
INTRODUCTION = f"""# 表达式 Expressions

病种包里的适用条件、自动赋值、核对规则、入组与排除条件和指标都写成表达式，例如：

```sql
minutes_between(arrived_at, balloon_at) <= 90 and cm_0_3_3 = 'a'
```

同一个表达式既在填报时对单个病例求值(Python)，也对全院病例求值(DuckDB)，两处结果相同。本页的每个例子都是自动测试，
在每个引擎上都运行过。

## 值和类型 Types

{
    table(
        ("类型", "英文名", "写成常量", "说明"),
        [
            ("文本", "`text`", "`'a'`", "用半角单引号；文本里的单引号写两个：`'it''s'`。单选题的答案是文本。"),
            ("数值", "`number`", "`90`、`-0.5`", "双精度数，常量最多 15 位。"),
            ("日期", "`date`", "`date '2025-01-31'`", "年月日。"),
            (
                "时间",
                "`datetime`",
                "`timestamp '2025-01-31 10:00'`",
                "年月日时分(秒)，当地时间。与日期不能直接比较，先用 `date_of(...)`。",
            ),
            ("真假", "`boolean`", "`true`、`false`", "条件的结果。"),
            ("多选", "`texts`", "—", "多选题选中的各选项；用 `has`、`has_any`、`has_all`、`count_of`。"),
        ],
    )
}

**名称**：条目用国家编码的小写加下划线(`STEMI-1-2-4-1` 写作 `stemi_1_2_4_1`)，也可用别名(`arrived_at`)；名称区分大小写。
写错的名称会得到建议：`Did you mean "arrived_at"?`

## 空值和“未知” Unknown

没有回答、没有记录的值是空(null)。与空比较，结果既不是真也不是假，而是**未知**(也是 null)：

{
    table(
        ("p", "q", "p and q", "p or q", "not p"),
        [
            ("真", "未知", "未知", "真", "假"),
            ("假", "未知", "假", "未知", "真"),
            ("未知", "未知", "未知", "未知", "未知"),
        ],
    )
}

* 问“有没有值”写 `x is null`、`x is not null`；`x = null` 会被拒绝，因为它永远未知。
* 把未知当作不成立，写 `(条件) is true`；把空也算作“不等于”，写 `x is distinct from 'a'`。
* 指标里，条件为未知的病例既不算符合，也不会被悄悄丢掉，而是计入“未知”。
* 除非另有说明，函数的任一参数为空，结果就为空。

以下例子中的名称：`x`、`y` 是文本，`n`、`m` 数值，`d`、`e` 日期，`t`、`a`、`b` 时间，`p`、`q` 真假，`c` 多选。
`n between 1 and 3` 就是 `n >= 1 and n <= 3`；前面加 not 的写法(`not in`、`is not null`、`not between`)都可以用。
"""
ENDING = f"""## 正则表达式 Patterns

`matches` 和 `extract_number` 的 pattern 必须是常量，读入时检查。只允许在各引擎上含义相同的写法：

* 字符、`.`(不含换行)、`[...]`、`[^...]`，`\\d \\w \\s \\D \\W \\S \\b`(只认半角字符)，`^`、`$`(文本的末尾)，
  `|`、`( )`、`(?: )`，`? * + {{m}} {{m,}} {{m,n}}`(n 最大 100)及其非贪婪形式。
* 不允许：前后查找、反向引用、命名组、`(?i)` 等标志(忽略大小写请写 `[Aa]`)、重复可以为空的部分。
* 可能的匹配方式过多的写法(如 `(a+)+`)会被拒绝，以免一段长病历拖住整个系统。

## 不在语言里的 Not part of the language

子查询、窗口函数、聚合、类型转换(`cast`、`::`)、`like`、`%`、参数、当前时间(`now()`)都会被拒绝，并说明该用什么。
文本不能比大小。括号最多 {DEEPEST} 层，一个表达式最多 {LONGEST} 个字符，连加、`case` 等最多 {TALLEST} 项。

## 解释 Explanations

求值的结果可以逐句解释：每个子句为真、假或未知，找到的值，未达到的限值差多少及其单位，例如：

```text
✗ minutes_between(到达急诊, 首次球囊扩张) <= 90：103，超出 13 分钟
```
"""


def page() -> str:
    """Return the page."""
    ordered = sorted(FUNCTIONS.values(), key=lambda function: list(GROUPS).index(function.group))
    parts = [INTRODUCTION]
    for group, functions in itertools.groupby(ordered, key=lambda function: function.group):
        parts.append(f"## {GROUPS[group]}\n")
        parts += map(_section, functions)
    return "\n".join([*parts, ENDING])


def _section(function: Function) -> str:
    rows = [(code(each.text), _given(each), code(constant(each.answer))) for each in function.examples]
    examples = table(("例", "已知", "结果"), rows)
    return f"### {_heading(function)}\n\n{function.meaning}\n*{function.english}*\n\n{examples}\n"


def _heading(function: Function) -> str:
    if not function.is_called:
        return code({"negative": "-n", "case": "case when ... end"}.get(function.name, function.name))
    result = TYPES[function.result] if function.result else "与参数同类型"
    return f"`{function.name}({', '.join(map(_parameter, function.parameters))})` → {result}"


def _parameter(parameter: Parameter) -> str:
    kinds = "/".join(TYPES[kind] for kind in parameter.types) if len(parameter.types) < len(Type) else "任意"
    return f"{parameter.name} {kinds}{'常量' if parameter.constant else ''}{', ...' if parameter.repeated else ''}"


def _given(example: Example) -> str:
    return "，".join(code(f"{name} = {_value(value)}") for name, value in example.given.items())


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return constant(value)
