"""zhiheng screen: look through all records for cases again, in the background."""

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.site import installing, running


def screen() -> None:
    """重新筛查全部患者：改了启用日期（ZHIHENG_REPORT_FROM）之后用。无人处理过的病例随之改变，其余不变。"""
    with product(is_quiet=True) as environment, running.database(environment):
        running.set_up_django()
        installing.check_database()
        from zhiheng.casefinding import actions

        actions.ask_for_screening(by=None)
    shared.out.print("已排入后台任务：按现行的病种包与设置重新筛查全部患者。进度见“后台任务”页。", soft_wrap=True)
