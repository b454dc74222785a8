"""The page on what the national facts leave open: our decisions, and the items they concern, from the packs."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from sections.tables import code, table
from zhiheng.engine.form import Form, Item
from zhiheng.engine.language.types import Call, Reference
from zhiheng.lib import models, yaml
from zhiheng.packs.checking import differing_labels
from zhiheng.packs.compiling import Report, Written, compile_form, written_items
from zhiheng.packs.loading import default_root, file_name, load_common, pack_folders
from zhiheng.packs.specs.form import AmendmentSpec, FormSpec

UNITS = {
    "minutes_between": "整分钟（不足一分钟舍去）",
    "hours_between": "小时（精确值，显示时保留两位小数）",
    "days_between": "日历天数",
    "age_in_years": "周岁",
    "age_in_months": "足月",
}
INTRODUCTION = """# 国家表单没有说明的地方，以及我们的决定

55 个表单（11,719 项）的编码、名称、选项、适用条件、联动、计算和限值来自国家平台 2022-09 或更早的快照。快照里有
些地方没有说明，有些地方自相矛盾。原则只有三条：

1. **照录不改。** 看起来像错误的规则原样保留，在这里列出，不悄悄修正。确需变动的写成有来源的补充（`amendments:`），
   与原文分开。
2. **不编造。** 无法解析的规则不执行，原文记在该项的 `unresolved:`；没有依据的值不进入表单。
3. **宁可留给人。** 没有公式的只读项对人开放，由人填写。

每个表单与事实逐项比对（`tests/packs/test_forms_match_facts.py`），另有一个独立写成的解释器逐例核对（`tests/packs/interpreter.py`）。
运行 `zhiheng pack check --warnings` 可看到下列大部分情况所在的文件和行。
"""
MEANING = (
    (
        "未答的项",
        "规则只有真和假。未答时 `== v` 为假，`!= v` 为真（写作 `x is distinct from 'v'`）；`def` 表示未答",
    ),
    ("多选的 `==`、`!=`", "包含、不包含"),
    ("单选的 `>=`、`>`、`<=`、`<`", "按选项表的次序比较；多选时，有一个已选项满足即为真"),
    (
        "`> 0`、`>= 0`、`> ''`、`!= ''`，而该项不是数值",
        "界限排在所有选项之前：意为“已作答”。包括用 `> 0` 比较单选的分节规则（DKD-3-1-3）",
    ),
    (
        "界限只有大小写不同（Cap-1-2-2 的 `k`，选项为 `K`）",
        "视为同一选项；否则所有答案都会被判为“符合入ICU/RCU标准”",
    ),
    (
        "文本项的 `>= 24`、`< 24`、`>= 5`",
        "读作数值：这些文本项是计算出来的数（HF-jump-2、HF-jump-3、ICH-6-1-5-r）",
    ),
    ("联动次序", "按表中次序，最后一条为真的生效；目标为多选时，为真的各条合在一起；联动的值取代填写的值"),
    ("`{date} 07:59`", "当天的钟点，写作 `hour_of(x) <= 7`"),
    ("日期与日期时间比较", "日期代表当天 00:00，写作 `at_time(x, '00:00')`：同一天的日期早于当天任何时刻"),
    ("多选的数值限值", "限制所选项数（STEMI-3-2-3-3、TIA-9-2-2、LC-12-1-3）"),
    ("STK-15-6 的限值 `== a`", "多选应包括 a“年龄18岁以上”"),
    ("计算限值的单位", "`h` 精确小时，`d` 日历天数，`double` 求和"),
    ("限值何时判断", "该项适用且已答，所涉各项都已答时才判断"),
    (
        "数值计算",
        "任何一项未答，结果为空；同级从左到右：`#{A}::/::5*4` 是先除以 5 再乘以 4（糖皮质激素等效剂量的换算）",
    ),
    ("文本相加（STEMI-111 等）", "未答的一项读作 `def`：`adef`"),
    ("除以零", "结果为空"),
)
ORDER = """## 次序有疑问的联动（照录）

* **RD 的 CM-1-6-1-dump**：`<= 24` 之后还有 `<= 48`。按“最后一条为真的生效”，24 小时内停药得到 b（48 小时内），
  而不是 a。
* **HBIPS-9-1-6、HBIPS-9-2-6**：各班次的上界由早到晚排列（07:59、15:59、23:59）。按“最后一条为真的生效”，总是得
  到最后一班。原表的作者可能以为第一条为真的生效。
* **LC-1-1-5**：选项是 1–31，联动却写 a–o，永远不会成立；**LC-11-1-2**、**TC-2-4-1** 没有 `UTD` 选项，却有“选了
  `UTD` 就隐藏”的规则；**Cap-Adult-3-5-1** 没有 `j` 选项，它联动的 Cap-Adult-6-3-1 没有 `e`、`f`、`j` 选项：多选
  只收选项表里有的值。
"""
OTHER = """## 其他

* **上报时限** 出院后 10 天：没有找到文件依据，是我们的认识（`pack.yaml` 的 `reporting.confidence`）。
* **有效期** 自 2022-09-01 起，按出院日期。快照的准确生效日不详；更早出院的病例没有可用的版本。
* **APTE、ARDS、EAR、SAP** 是平台 2022 年新增的病种，依据只有一行，状态为 `provisional`；前两者的专业归属是我们
  的认识。
* **没有选项的单选**：ESRD-HD 和 ESRD-PD 的 cityId、areaId。选项由平台按所选省份给出，快照里没有；任何文本都接受，
  提交前须与平台核对。
* **互为条件的两项**：至多答一项。两项都答了，表单中在前的一项有效，另一项隐藏，并给出一条错误。
* **分类里没有的编码**（I61.7、I63.7、A40.4–A40.7、07.66、07.67、45.77、45.78）只见于公告的纳入编码，表单的选项
  里没有；纳入规则照录，它们不会匹配任何病例。
* **不适用的项** 对所有依赖它的规则等于未答；它的答案另存，不提交。
"""


class Said(NamedTuple):
    """A compiled item with how it was written and in which form."""

    form: Form
    item: Item
    written: Written


@cache
def everything() -> tuple[list[Said], list[tuple[str, AmendmentSpec]]]:
    """Return all items of all forms, and all amendments."""
    common = load_common(default_root() / "common", Report())
    found, amended = list[Said](), list[tuple[str, AmendmentSpec]]()
    for folder in pack_folders(default_root()):
        document = yaml.load(folder / "form.yaml", name=file_name(folder / "form.yaml"))
        spec, _ = models.read(document, FormSpec)
        assert spec is not None
        form = compile_form(spec, document, common, Report())
        assert form is not None
        written = written_items(spec, document, common, Report())
        found += [Said(form, item, each) for item, each in zip(form.items, written, strict=True)]
        amended += [(form.abbr, each) for each in spec.amendments]
    return found, amended


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, meaning(), unresolved(), open_read_only(), hidden(), years(), units(), copies(), defaults()]
    return "\n".join([*parts, ORDER, alternatives(), OTHER])


def meaning() -> str:
    """How rules are read."""
    return f"## 规则的含义\n\n{table(('写法', '我们的读法'), MEANING)}\n"


def unresolved() -> str:
    """Rules that nobody can resolve."""
    rows = [
        (each.form.abbr, code(each.item.code), each.item.label, code(rule))
        for each in everything()[0]
        for rule in each.written.spec.unresolved
    ]
    text = "用了平台内部的节点号，或者指向不存在的项。规则不执行；只读的由人填写，限值不判断。"
    return f"## 无法解析的规则（{len(rows)} 条）\n\n{text}\n\n{table(('表单', '项', '名称', '原文'), rows)}\n"


def open_read_only() -> str:
    """Read-only items that nothing answers."""
    items, _ = everything()
    targets = {(each.form.abbr, rule.target) for each in items for rule in each.item.sets}
    silent = [each for each in items if each.item.readonly and each.item.computed is None and each.item.default is None]
    rows = [
        (each.form.abbr, code(each.item.code), each.item.label)
        for each in silent
        if (each.form.abbr, each.item.id) not in targets
    ]
    text = (
        f"共 {len(silent)} 个只读项没有公式也没有默认值，其中 {len(silent) - len(rows)} 个由别的项联动得出；"
        f"余下 {len(rows)} 个什么也得不出来（平台可能用页面脚本计算，如 URR、Kt/V、GRACE 评分），对人开放填写。"
    )
    return f"## 只读而没有公式的项\n\n{text}\n\n{table(('表单', '项', '名称'), rows)}\n"


def hidden() -> str:
    """Hidden items without a rule that shows them."""
    items = [each for each in everything()[0] if each.item.hidden_by_default and each.item.shown is None]
    required = [each for each in items if each.item.required]
    rows = [(each.form.abbr, code(each.item.code), each.item.label) for each in required]
    text = (
        f"{len(items)} 个项默认隐藏而没有显示规则。它们多是计算用的辅助项（身高转换、年龄），"
        f"照常计算并参与其他规则，只是不显示。"
        f"其中 {len(rows)} 个还标为必填，没有人能看到，因此从不算作缺项："
    )
    return f"## 隐藏而没有显示规则的项\n\n{text}\n\n{table(('表单', '项', '名称'), rows)}\n"


def years() -> str:
    """Amendments of option lists."""
    rows = [
        (abbr, code(each.item), "；".join(f"{value} {label}" for value, label in each.add_options.items()), each.source)
        for abbr, each in everything()[1]
    ]
    return (
        f"## 补充的选项\n\n国家原文与补充分开存放，与事实比对时不计补充。"
        f"\n\n{table(('表单', '项', '补充', '依据'), rows)}\n"
    )


def units() -> str:
    """The unit of every time between two items."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for each in everything()[0]:
        if each.item.computed and (function := _between(each.item.computed.node)):
            groups[each.item.code, each.item.label, function].append(each.form.abbr)
    rows = [
        (code(item), label, UNITS[function], _forms(forms))
        for (item, label, function), forms in sorted(groups.items(), key=lambda pair: (pair[0][2], pair[0][0]))
    ]
    text = (
        "事实没有写明两个时间相减的单位。依次看：名称里的字（分钟、小时、天、年龄、月），"
        "限值（1440 为一天的分钟数），它联动的项的名称和"
        "选项（“24小时内”）；都没有的由我们决定：CABG-3-3-4 体外循环持续时间按分钟（MVR 的同一项写明分钟），"
        "STK-2-4-5-1 DTN 按分钟。"
    )
    return f"## 时间差的单位\n\n{text}\n\n{table(('项', '名称', '单位', '表单'), rows)}\n"


def copies() -> str:
    """Rules that copy the value of the item that owns them."""
    rules = [
        (each.form, each.item, rule.target, rule.to.node.name)
        for each in everything()[0]
        for rule in each.item.sets
        if rule.to is not None and isinstance(rule.to.node, Reference)
    ]
    rows = []
    for form, owner, target, source in rules:
        items = {item.id: item for item in form.items}
        differing = differing_labels(items[source], items[target]) if items[target].options else []
        for value, one, other in differing:
            rows.append(
                (form.abbr, code(owner.code), code(items[target].code), code(value), one, other or "（无此选项）")
            )
    text = (
        f"{len(rules)} 条联动的值写作平台内部的节点号，如 `#{{54}}`、`#{{CM_21}}`。"
        f"每一条里触发的项就是拥有规则的项，类型也都相符，"
        "因此读作“该项自己的值”。值按选项编码复制；目标没有这个选项时不复制。下面的选项在两项里名称不同，"
        "其中 TIA 的抗凝药物（e 普通肝素变为 e 依度沙班）会得出错误的药名，填报时务必核对："
    )
    head = ("表单", "来源", "目标", "选项", "来源中的名称", "目标中的名称")
    return f"## 平台内部的节点号\n\n{text}\n\n{table(head, rows)}\n"


def defaults() -> str:
    """Defaults: applied to helpers, never to what people answer."""
    helpers, people = defaultdict[tuple[str, str, str], list[str]](list), defaultdict[str, list[str]](list)
    for each in everything()[0]:
        if (default := each.written.spec.default) is None:
            continue
        if each.item.readonly:
            helpers[each.item.code, each.item.label, default].append(each.form.abbr)
        else:
            people[default].append(f"{each.form.abbr} {each.item.code}")
    rows = [(code(item), label, code(default), _forms(forms)) for (item, label, default), forms in helpers.items()]
    answered = "\n".join(
        f"* `{default}`（{len(items)} 项）：{'、'.join(items)}" for default, items in sorted(people.items())
    )
    total = sum(map(len, people.values()))
    return (
        "## 默认值\n\n表单里“计算”一栏若只是一个词，就是默认值。由人作答的项不用默认值（不编造答案）；"
        "只读的辅助项没有人作答，默认值生效；`def` 表示未答，等于没有默认值。\n\n"
        f"只读的辅助项：\n\n{table(('项', '名称', '默认值', '表单'), rows)}\n\n"
        f"由人作答、默认值不生效的 {total} 项：\n\n{answered}\n"
    )


def alternatives() -> str:
    """Pairs of items that each need the other to be unanswered."""
    found = []
    by_form: dict[str, dict[str, Item]] = defaultdict(dict)
    for each in everything()[0]:
        by_form[each.form.abbr][each.item.id] = each.item
    for abbr, items in by_form.items():
        for one in items.values():
            for name in one.shown.fields if one.shown else ():
                other = items[name]
                places = list(items)
                if other.shown and one.id in other.shown.fields and places.index(one.id) < places.index(name):
                    found.append((abbr, code(one.code), one.label, code(other.code), other.label))
    return f"## 二选一的 {len(found)} 对\n\n{table(('表单', '在前', '名称', '在后', '名称'), found)}\n"


def _between(node: object) -> str | None:
    calls = list(_calls(node))
    return next((call.name for call in calls if call.name in UNITS), None)


def _calls(node: object) -> Iterator[Call]:
    if isinstance(node, Call):
        yield node
        for operand in node.operands:
            yield from _calls(operand)


def _forms(abbrs: list[str]) -> str:
    return "、".join(abbrs) if len(abbrs) <= 12 else f"{len(abbrs)} 个表单"
