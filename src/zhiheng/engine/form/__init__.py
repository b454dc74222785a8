"""A national form, compiled, and what follows from a set of answers: shown, derived, missing, wrong."""

from zhiheng.engine.form.evaluate import evaluate
from zhiheng.engine.form.explain import Explanation, JudgedLimit, Origin, explain_item
from zhiheng.engine.form.parts import Evaluation, Finding, Form, Item, ItemType, Limit, Option, Sets
from zhiheng.engine.form.program import Program

__all__ = [
    "Evaluation",
    "Explanation",
    "Finding",
    "Form",
    "Item",
    "ItemType",
    "JudgedLimit",
    "Limit",
    "Option",
    "Origin",
    "Program",
    "Sets",
    "evaluate",
    "explain_item",
]
