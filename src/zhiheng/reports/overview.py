"""Show a pack in the terminal: who is a case, what the form asks, what fills it, what is measured."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from zhiheng.engine.find import Criterion, Rules
from zhiheng.packs.describing import sections
from zhiheng.packs.loading import Pack

POSITIONS = {"principal": "主要", "other": "其他", "any": "任一", "first_two": "第一或第二"}
TABLES = {"diagnosis": "诊断", "procedure": "手术操作"}


def show(pack: Pack, console: Console) -> None:
    """Print a pack for people."""
    spec = pack.spec
    console.print(f"[bold]{spec.pack} {spec.name}[/]  {spec.specialty}", highlight=False)
    console.print(
        f"版本 {pack.version}，出院日期自 {spec.valid_from} 起适用，{len(pack.form.items)} 项", highlight=False
    )
    if pack.find:
        console.print(_cases(pack.find))
    console.print(_form(pack))
    if pack.indicators:
        console.print(_indicators(pack))


def _cases(rules: Rules) -> Text:
    text = Text("\n谁是病例\n", style="bold")
    for each in rules.criteria:
        text.append(f"  {each.id} = {_criterion(each)}\n", style="not bold")
    text.append(f"  纳入：{rules.include.text}\n", style="not bold")
    for each in rules.exclusions:
        how = each.when.text if each.when else "由人确认"
        text.append(f"  排除：{each.reason}（{how}）\n", style="not bold")
    return text


def _criterion(each: Criterion) -> str:
    codes = "、".join(each.listed[:8]) + (f" 等 {len(each.listed)} 个" if len(each.listed) > 8 else "")
    names = f" 或名称含 {'、'.join(each.names)}" if each.names else ""
    earlier = "既往就诊的" if each.earlier else ""
    return f"{earlier}{POSITIONS[each.position.value]}{TABLES[each.table]} {codes}{names}"


def _form(pack: Pack) -> Table:
    filled = {rule.item for rule in pack.fills.plan.rules} if pack.fills else set()
    table = Table(title="表单", title_justify="left", header_style="bold")
    table.add_column("分节")
    for name in ("项", "必填", "可由记录填", "计算或联动"):
        table.add_column(name, justify="right")
    targets = {each.target for item in pack.form.items for each in item.sets}
    for name, items in sections(pack.form.items).items():
        derived = sum(item.computed is not None or item.id in targets for item in items)
        counts = (len(items), sum(item.required for item in items), sum(item.code in filled for item in items), derived)
        table.add_row(name, *map(str, counts))
    return table


def _indicators(pack: Pack) -> Table:
    table = Table(title="指标", title_justify="left", header_style="bold")
    table.add_column("编号")
    table.add_column("名称")
    table.add_column("分子或观测值")
    for each in pack.indicators:
        decides = each.numerator or each.observation
        table.add_row(each.code, each.name, decides.text if decides else each.undecidable or "例数")
    return table
