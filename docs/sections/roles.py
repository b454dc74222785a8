"""The page of roles, from the table that the product asks."""

from sections.tables import table
from zhiheng.accounts.policies import BOUNDS
from zhiheng.accounts.roles import HELD_BY, Role

NAMES = {
    Role.FILLER: "填报人",
    Role.DEPARTMENT_REVIEWER: "科室审核人",
    Role.QUALITY_OFFICER: "质控员",
    Role.SUBMITTER: "上报人",
    Role.LEADER: "院领导",
    Role.MAINTENANCE_ENGINEER: "运维工程师",
    Role.SYSTEM_ADMINISTRATOR: "系统管理员",
    Role.SECURITY_ADMINISTRATOR: "安全管理员",
    Role.AUDIT_ADMINISTRATOR: "审计管理员",
}
MEANINGS = {
    "desk.view_cases": "看病例列表与病例",
    "forms.view": "看表单",
    "forms.fill": "填报",
    "forms.undo_period": "撤销某时段内的修改",
    "forms.move_version": "让正在填报的病例换用生效的病种包版本",
    "forms.export": "导出表单",
    "autofill.view_proof": "看依据",
    "casefinding.decide": "判定、排除、恢复、改归、添加、分派病例",
    "casefinding.search": "检索患者与就诊",
    "casefinding.ledger": "看病例台账",
    "ingestion.view": "看接口与批次（不含患者）",
    "ingestion.manage": "管理接口",
    "ingestion.upload": "上传批次",
    "ingestion.rejects": "看、更正、重放拒收记录",
    "packversions.view": "看病种包",
    "packversions.manage": "导入、批准病种包（导入与批准须为两人）",
    "jobs.view": "看后台任务",
    "jobs.manage": "重新运行、取消后台任务",
    "accounts.view": "看人员、科室、角色授权",
    "accounts.manage": "管理科室、人员、账号（不授予角色）",
    "accounts.grant": "授予、收回角色，解锁，重置验证器（不开通账号）",
    "accounts.policy": "修改安全策略",
    "audit.view": "看审计记录，核验其完整性",
    "personal.see": "看未遮盖的姓名与号码",
}
HEAD = """# 角色与权限

一个人一个账号，一个账号可有几个角色；角色可限于一个科室（含其下级）和一段日期。系统、安全、审计三位管理员彼此互斥，也与
其余角色互斥：这由数据库约束保证。没有权限的页面对此人不存在（404），别的科室的病例也一样。
"""
POLICY = """
## 安全策略的范围

安全管理员可在以下范围内修改；默认值见“安全策略”页，符合等保三级的要求。
"""


def page() -> str:
    """Return the page."""
    rows = [
        (f"`{permission}`", MEANINGS[permission], "、".join(NAMES[role] for role in Role if role in holders))
        for permission, holders in HELD_BY.items()
    ]
    bounds = [(f"`{name}`", str(low), str(high)) for name, (low, high) in BOUNDS.items()]
    permissions = table(("权限", "可以做什么", "角色"), rows)
    return f"{HEAD}\n{permissions}\n{POLICY}\n{table(('规则', '最小', '最大'), bounds)}\n"
