"""The page on profiles, from the pydantic models of the profile and of every reader's feed."""

import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from sections.tables import code, table
from zhiheng.lib.models import Spec
from zhiheng.sources import profile

HEAD = ("键", "类型", "默认", "含义")
INTRODUCTION = """# 接入方案 Profile

接入方案是一个 YAML 文件 `profiles/<名称>/profile.yaml`，说明医院的哪些文件、消息或资源对应到哪些
[标准记录表](records.md)。
怎样写：见[编写接入方案](../how-to/write-a-profile.md)。未列出的键一律报错，并给出行号和相近的键名。
"""
READERS = {
    "files": "表格文件：CSV、TSV、XLSX、NDJSON，可用 gzip 压缩",
    "frontpage": "病案首页：HQMS 字段名或旧版拼音字段名",
    "fhir": "FHIR R4：Bundle 与批量 NDJSON",
}


def page() -> str:
    """Return the page."""
    shown: set[type[Spec]] = {profile.Feed}
    parts = [INTRODUCTION, *_sections("profile.yaml", profile.Profile, shown)]
    for name in profile.READERS:
        feed = profile.reader_module(name).Feed
        parts += [f"## reader: {name}\n\n{READERS[name]}\n", *_sections(f"feeds[]（{name}）", feed, shown)]
    return "\n".join(parts)


def _sections(title: str, model: type[Spec], shown: set[type[Spec]]) -> Iterator[str]:
    """Yield the section of a model, then those of the models that it uses and that were not shown yet."""
    shown.add(model)
    rows = [_row(name, field) for name, field in model.model_fields.items()]
    description = (model.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    yield f"### {title}\n\n{description}\n\n{table(HEAD, rows)}\n"
    for field in model.model_fields.values():
        for used in _models(field.annotation):
            if used not in shown:
                yield from _sections(used.__name__, used, shown)


def _row(name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    default = "必填" if field.is_required() else _default(field.get_default(call_default_factory=True))
    return code(field.alias or name), _type(field.annotation), default, field.description or ""


def _default(value: Any) -> str:
    if value is None or isinstance(value, Spec) or value in ({}, []):
        return ""
    return code(str(value).lower() if isinstance(value, bool) else repr(value) if value == "" else str(value))


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " 或 ".join(_type(one) for one in arguments if one is not type(None))
    if origin is Literal:
        return " ".join(code(repr(one)[1:-1] if isinstance(one, str) else str(one)) for one in arguments)
    if origin in (list, tuple):
        return f"列表：{_type(arguments[0])}"
    if origin is dict:
        return f"映射：{_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation.__name__
    names = {str: "文本", int: "整数", float: "数值", bool: "是/否", Any: "feed"}
    return names.get(annotation, str(annotation))


def _models(annotation: Any) -> Iterator[type[Spec]]:
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
