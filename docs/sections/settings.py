"""The page of the settings, from the one place where they are declared."""

from typing import Any

from pydantic_core import PydanticUndefined

from sections.tables import table
from zhiheng.site import env

HEAD = """# 设置

质衡的设置都是环境变量，启动时读一次。写错了值或写错了名字，启动即停止，并说明是哪一个、找到了什么、应写什么。
现值随时可查：`zhiheng doctor --settings`。命令行选项（如 `zhiheng serve --port`）优先于同名的设置。
"""


def page() -> str:
    """Return the page."""
    rows = [
        (f"`{name}`", field.description, _accepts(field), _otherwise(field)) for name, field in env.declared().items()
    ]
    return f"{HEAD}\n{table(('名称', '含义', '可以写', '不写时'), rows)}\n"


def _accepts(field: Any) -> str:
    secret = "（机密）" if field.json_schema_extra["secret"] else ""
    return f"{field.json_schema_extra['accepts']}{secret}"


def _otherwise(field: Any) -> str:
    if unset := field.json_schema_extra["unset"]:
        return unset
    return f"`{env.in_words(field.default)}`" if field.default is not PydanticUndefined else ""
