"""A page for each disease: who is a case, what the form asks, what fills it, what is checked and measured."""

from collections.abc import Iterable
from functools import cache

from sections.tables import code, table
from zhiheng.engine.fill import Rule
from zhiheng.engine.find import Criterion, Exclusion
from zhiheng.engine.form import Item
from zhiheng.engine.measure import Indicator
from zhiheng.packs.describing import sections
from zhiheng.packs.loading import Pack, Packs, load_packs

POSITIONS = {"principal": "主要", "other": "其他", "any": "主要或其他", "first_two": "第一或第二"}
TABLES = {"diagnosis": "诊断", "procedure": "手术操作"}
TYPES = {"text": "文本", "number": "数", "date": "日期", "datetime": "日期时间", "choice": "单选", "choices": "多选"}
SEVERITIES = {"error": "错误", "advisory": "提示", "hint": "建议"}
DIRECTIONS = {"higher_is_better": "越高越好", "lower_is_better": "越低越好", "monitor": "监测"}
UNITS = {"encounter": "一次住院", "outpatient_visit": "一次门诊就诊", "patient_year": "一名患者一年（按季度填报）"}
KINDS = {"proportion": "比例", "average": "均值", "count": "例数"}


@cache
def packs() -> Packs:
    return load_packs()


VISITS = {"case": "本例各次就诊的", "person": "此人全部的"}
DURING = {"year": "当年", "H1": "上半年", "H2": "下半年"} | {f"Q{number}": f"{number} 季度" for number in range(1, 5)}


def names() -> list[str]:
    """Return the abbreviations, for the list of pages."""
    return list(packs().abbrs)


def index() -> str:
    """Return the list of diseases with what their packs can do."""
    rows = [
        (
            f"[{pack.abbr}]({pack.folder}.md)",
            pack.name,
            pack.spec.specialty,
            len(pack.form.items),
            len({rule.item for rule in _rules(pack)}),
            len(pack.checks or ()),
            sum(each.undecidable is None for each in pack.indicators or ()),
            sum(each.undecidable is not None for each in pack.indicators or ()),
        )
        for pack in packs()
    ]
    head = ("病种", "名称", "专业", "项", "可由记录填的项", "逻辑核查", "可计算的指标", "不能计算的指标")
    return "# 病种\n\n55 个病种包一览；每个病种一页，写明谁是病例、由什么填、核查什么、算什么。\n\n" + table(head, rows)


def page(abbr: str) -> str:
    """Return the page of one disease."""
    pack = packs().newest(abbr)
    spec = pack.spec
    parts = [
        f"# {spec.pack} {spec.name}",
        f"{spec.specialty} · 版本 {pack.version} · 出院日期自 {spec.valid_from} 起适用 · 病例单位：{UNITS[spec.unit]}",
        _cases(pack),
        _form(pack),
        _fills(pack),
        _checks(pack),
        _indicators(pack),
        _sources(pack),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cases(pack: Pack) -> str:
    rules = pack.find
    criteria = table(("条件", "含义"), [(code(each.id), _criterion(each)) for each in rules.criteria])
    out = [(each.reason, _decides(each), _origin(each.origin)) for each in rules.exclusions]
    asked = [f"- {each.ask}" for each in rules.considers]
    parts = [
        "## 谁是病例",
        f"纳入：{code(rules.include.text)}",
        criteria,
        "### 无需上报",
        table(("理由", "怎样判定", "来源"), out),
    ]
    if asked:
        parts += ["### 不在纳入条件内、但须由人判断", "\n".join(asked)]
    return "\n\n".join(parts)


def _criterion(each: Criterion) -> str:
    where = f"{'既往就诊的' if each.earlier else ''}{POSITIONS[each.position.value]}{TABLES[each.table]}"
    told = [f"编码 {'、'.join(each.listed)}"] if each.listed else []
    told += [f"名称含 {'、'.join(each.names)}"] if each.names else []
    return f"{where}：{'；或'.join(told)}"


def _decides(each: Exclusion) -> str:
    if each.packs:
        return f"已作为 {'、'.join(each.packs)} 的病例"
    if each.when is not None:
        return code(each.when.text)
    if each.ask:
        return f"由人回答：{each.ask}" + (f"（记录提示：{code(each.raised.text)}）" if each.raised else "")
    return each.by_unit or ""


def _origin(origin: object) -> str:
    return "，".join(filter(None, (getattr(origin, "text", ""), getattr(origin, "confidence", ""))))


def _form(pack: Pack) -> str:
    filled = {rule.item for rule in _rules(pack)}
    derived = {each.target for item in pack.form.items for each in item.sets}
    rows = []
    for name, items in sections(pack.form.items).items():
        rows.append(
            (
                name,
                len(items),
                sum(item.required for item in items),
                sum(item.code in filled for item in items),
                sum(item.computed is not None or item.id in derived for item in items),
            )
        )
    head = ("分节", "项", "必填", "可由记录填", "计算或联动")
    return f"## 表单（{len(pack.form.items)} 项）\n\n" + table(head, rows)


def _fills(pack: Pack) -> str:
    by_item: dict[str, list[Rule]] = {}
    for rule in _rules(pack):
        by_item.setdefault(rule.item, []).append(rule)
    items = pack.form.by_code
    rows = [
        (code(each), items[each].label, TYPES[items[each].type.value], _how(rules))
        for each, rules in _in_order(pack, by_item)
    ]
    return "## 由记录填的项\n\n" + (table(("项目", "名称", "类型", "怎样填"), rows) if rows else "没有。")


def _in_order(pack: Pack, by_item: dict[str, list[Rule]]) -> Iterable[tuple[str, list[Rule]]]:
    return ((item.code, by_item[item.code]) for item in pack.form.items if item.code in by_item)


def _how(rules: list[Rule]) -> str:
    return "；否则 ".join(_rule(rule) for rule in rules)


def _rule(rule: Rule) -> str:
    told = [" ".join(part for part in (*_scope(rule), f"{rule.table}.{rule.take}") if part)]
    told += [code(rule.value.text)] if rule.value else []
    told += [f"术语 {'、'.join(rule.terms)}"] if rule.terms else []
    told += [f"文字 {code(rule.pattern.match)}"] if rule.pattern else []
    told += [f"条件 {code(rule.where.text)}"] if rule.where else []
    told += [f"无此记录且该表完整时填 {rule.absent}"] if rule.absent else []
    return "，".join(told)


def _scope(rule: Rule) -> Iterable[str]:
    yield VISITS.get(rule.visits, "")
    yield DURING.get(rule.during or "", "")


def _checks(pack: Pack) -> str:
    rows = [
        (SEVERITIES[each.severity], each.message, code(each.expect.text), each.source) for each in pack.checks or ()
    ]
    return "## 逻辑核查（国家限值之外）\n\n" + (table(("级别", "提示", "应满足", "来源"), rows) if rows else "没有。")


def _indicators(pack: Pack) -> str:
    if not pack.indicators:
        return "## 指标\n\n国家资料中没有这个病种的指标。"
    return "## 指标\n\n" + "\n\n".join(_indicator(each, pack) for each in pack.indicators)


def _indicator(each: Indicator, pack: Pack) -> str:
    lines = [
        f"### {each.code} {each.name}",
        f"- 类型：{KINDS[each.kind.value]}；导向：{DIRECTIONS.get(each.direction, each.direction or '未说明')}",
    ]
    lines += [f"- 目标：{each.target}"] if each.target else []
    lines += [f"- 分子：{each.numerator_says}"] if each.numerator_says else []
    lines += [f"- 分母：{each.denominator_says}"] if each.denominator_says else []
    if each.undecidable:
        return "\n".join([*lines, f"- **不能由表单计算**：{each.undecidable}", _trust(each)])
    words = {
        "population": "初始人群",
        "denominator": "分母",
        "exclude": "分母排除",
        "numerator": "分子",
        "except": "分母例外",
    }
    lines += [f"- {words[name]}式：{code(clause.text)}" for name, clause in each.clauses.items()]
    lines += [f"- 观测值：{code(each.observation.text)}"] if each.observation else []
    used = dict.fromkeys(
        name for clause in (*each.clauses.values(), each.observation) if clause for name in clause.fields
    )
    lines += ["- 所用的项：" + "；".join(_named(pack.form.by_id[name]) for name in used)] if used else []
    return "\n".join([*lines, _trust(each)])


def _named(item: Item) -> str:
    return f"{item.code} {item.label}"


def _trust(each: Indicator) -> str:
    return f"- 来源：{each.source or '未说明'}；可信度：{each.confidence or '未说明'}"


def _sources(pack: Pack) -> str:
    rows = [(each.source, each.says or "", str(each.date or ""), each.confidence or "") for each in pack.spec.sources]
    notes = "\n".join(f"- {note}" for note in pack.spec.notes)
    return "## 来源\n\n" + table(("来源", "内容", "日期", "可信度"), rows) + (f"\n\n{notes}" if notes else "")


def _rules(pack: Pack) -> Iterable[Rule]:
    if not pack.fills:
        return ()
    return [rule for rule in pack.fills.plan.rules if rule.item in pack.form.by_code]
