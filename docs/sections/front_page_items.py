"""The page on what a complete front page proves, and how much of it each pack fills."""

from pathlib import Path

import yaml

from sections.diseases import packs
from sections.tables import table
from zhiheng.packs.loading import Pack

ITEMS = yaml.safe_load((Path(__file__).parents[1] / "data" / "front_page_items.yaml").read_text(encoding="utf-8"))


def page() -> str:
    provable = [(each["item"], each["fields"], each["how"]) for each in ITEMS["provable"]]
    cannot = [(each["item"], each["reason"]) for each in ITEMS["not_provable"]]
    rows = [(pack.abbr, pack.name, *_rates(pack)) for pack in packs()]
    return "\n\n".join(
        [
            "# 病案首页能证明哪些项",
            "一份完整的 HQMS 首页能证明的公共项如下。`tests/packs/test_front_page_fills.py` 用完整的首页逐个病种验证："
            "能证明的都要填上。",
            table(("项目", "首页字段", "怎样证明"), provable),
            "## 首页不能证明的公共项",
            table(("项目", "原因"), cannot),
            "## 各病种",
            "“首页可证”是上表中表单里有的项；“已填”是其中由完整首页填上或由表单计算出的项；“全部可填”还包括由医嘱、检验、检查、病程等"
            "明细记录填的项。",
            table(("病种", "名称", "表单项数", "首页可证", "已填", "全部可填"), rows),
            "",
        ]
    )


def _rates(pack: Pack) -> tuple[int, int, int, int]:
    mine = [each["item"] for each in ITEMS["provable"] if each["item"] in pack.form.by_code]
    rules = {rule.item for rule in pack.fills.plan.rules} if pack.fills else set()
    filled = [code for code in mine if code in rules or pack.form.by_code[code].computed is not None]
    return len(pack.form.items), len(mine), len(filled), len(rules & set(pack.form.by_code))
