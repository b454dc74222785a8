"""The shape of checks.yaml: rules of ours across items, with severity and message."""

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from zhiheng.engine.check import Check, Checks
from zhiheng.engine.language import Expression, Type
from zhiheng.lib.models import Spec
from zhiheng.lib.suggest import did_you_mean
from zhiheng.lib.yaml import Document
from zhiheng.packs.checking import never_judged
from zhiheng.packs.loading import Context


class CheckSpec(Spec):
    """One rule: what must hold, how bad it is when it does not, and what people are told."""

    check: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    expect: str
    severity: Literal["error", "advisory", "hint"]
    message: str
    when: str | None = None
    item: str | None = None
    source: str | None = None


class ChecksSpec(Spec):
    """checks.yaml. `without` names common checks that do not fit this pack, with the reason."""

    source: str
    without: dict[str, str] = Field(default_factory=dict)
    checks: list[CheckSpec]


def compile_part(documents: Sequence[Document], context: Context) -> Checks:
    """Compile the checks: those of packs/common, as far as the form has their items, then the pack's own."""
    files = [(document, spec) for document in documents if (spec := context.read(document, ChecksSpec))]
    without = {name for _, spec in files for name in spec.without}
    found: dict[str, Check] = {}
    for document, spec in files:
        common = "common/" in document.file
        for number, each in enumerate(spec.checks):
            if common and (each.check in without or not _has_items(each, context)):
                continue
            if each.check in found:
                place = ("checks", number, "check")
                context.problem(document, place, f'check "{each.check}" stands here twice. Give it another name.')
            check = _check(document, number, each, spec, context)
            if check is not None:
                found[each.check] = check
    return Checks(context.form, tuple(found.values()))


def _check(document: Document, number: int, spec: CheckSpec, file: ChecksSpec, context: Context) -> Check | None:
    subject = f'check "{spec.check}"'

    def parsed(key: str, text: str) -> Expression | None:
        place = ("checks", number, key)
        return context.expression(document, place, text, subject=subject, expect=Type.BOOLEAN)

    expect = parsed("expect", spec.expect)
    when = parsed("when", spec.when) if spec.when is not None else None
    if expect is None or (spec.when is not None and when is None):
        return None
    if not expect.fields:
        context.problem(document, ("checks", number, "expect"), f"{subject}: names no item. Compare two of them.")
        return None
    if (why := never_judged(expect, when, context.form)) is not None:
        message = f"{subject}: can never be judged, since it needs all items of expect: {why}."
        context.warning(document, ("checks", number, "expect"), message)
    name = spec.item or expect.fields[0]
    item = next((i for i in context.form.items if name in (i.id, i.alias, i.code)), None)
    if item is None:
        near = did_you_mean(name, [i.id for i in context.form.items])
        context.problem(document, ("checks", number, "item"), f'{subject}: unknown item "{name}".{near}')
        return None
    return Check(spec.check, item.code, expect, spec.severity, spec.message, when, spec.source or file.source)


def _has_items(spec: CheckSpec, context: Context) -> bool:
    """Say whether the form has every item that a common check names; items have an underscore in their names."""
    words = {name for text in (spec.expect, spec.when or "") for name in NAME.findall(TEXT.sub("", text))}
    return all(word in context.scope for word in words)


TEXT = re.compile(r"'[^']*'")
NAME = re.compile(r"\b[a-z][a-z0-9]*_[a-z0-9_]+\b(?!\s*\()")
