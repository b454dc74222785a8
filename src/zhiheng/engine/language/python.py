"""The Python target: one generated function that answers many expressions on one row."""

import datetime as dt
import functools
import itertools
from collections.abc import Callable, Iterable, Mapping
from types import CodeType

from zhiheng.engine.language import runtime
from zhiheng.engine.language.functions import FUNCTIONS
from zhiheng.engine.language.types import Call, Expression, Literal, Node, Reference

Row = Mapping[str, object]
Evaluate = Callable[[Row], dict[str, object]]
NAMESPACE = {name: value for name, value in vars(runtime).items() if not name.startswith("_")}


@functools.lru_cache(maxsize=4096)
def closure(expression: Expression) -> Callable[[Row], object]:
    """Return a function from a row (field name to value) to the value of `expression`."""
    writer = Writer()
    return load(writer.function(writer.write(expression.node)))


def compile(expressions: Mapping[str, Expression]) -> Evaluate:
    """Return one function from a row to the values of all `expressions`."""
    return load(source(expressions))  # type: ignore[return-value]


def source(expressions: Mapping[str, Expression]) -> str:
    """Return the Python text of the function that `compile` makes. It can be kept and given to `load` later."""
    writer = Writer()
    answers = [f"{key!r}: {writer.write(each.node)}" for key, each in expressions.items()]
    return writer.function("{" + ", ".join(answers) + "}")


def load(text: str | CodeType) -> Callable[[Row], object]:
    """Turn the text of a function made here, or its compiled code, into the function."""
    space: dict[str, object] = dict(NAMESPACE)
    exec(text, space)  # noqa: S102 - only text that this module wrote
    return space["evaluate"]  # type: ignore[return-value]


class Writer:
    """Writes expressions as Python; fields become local variables.

    `variable` gives the Python text of a field; it must be cheap and free of effects, as it may stand twice.
    """

    def __init__(self, variable: Callable[[str], str] | None = None) -> None:
        self._numbers = itertools.count(1)
        self._variables: dict[str, str] = {}
        self._variable = variable or self._local

    def _local(self, field: str) -> str:
        return self._variables.setdefault(field, f"f{len(self._variables) + 1}")

    def fresh(self) -> str:
        return f"t{next(self._numbers)}"

    def function(self, answer: str) -> str:
        """Return the text of a function `evaluate(row)` that loads the fields and returns `answer`."""
        loads = [f"    {variable} = get({field!r})" for field, variable in self._variables.items()]
        return "\n".join(["def evaluate(row):", "    get = row.get", *loads, f"    return {answer}", ""])

    def write(self, node: Node) -> str:
        """Return Python text for the value of `node`."""
        if isinstance(node, Literal):
            return constant(node.value)
        if isinstance(node, Reference):
            return self._variable(node.name)
        function = FUNCTIONS[node.name]
        if node.name == "is null" and not can_be_null(node.operands[0]):
            return "False"  # Python warns of "'a' is None"
        if function.nulls:
            return function.python(*map(self.write, node.operands), fresh=self.fresh)
        return self._strict(node)

    def _strict(self, node: Call) -> str:
        function, operands, tests = FUNCTIONS[node.name], [], []
        for operand, is_constant in zip(node.operands, constants(node), strict=True):
            if is_constant:
                operands.append(operand.value)  # type: ignore[union-attr]
                continue
            text = self.write(operand)
            if not can_be_null(operand):
                operands.append(text)
            elif isinstance(operand, Reference):
                operands.append(text)
                tests.append(f"{text} is None")
            else:
                operands.append(name := self.fresh())
                tests.append(f"({name} := {text}) is None")
        answer = function.python(*operands)
        return f"(None if {' or '.join(dict.fromkeys(tests))} else {answer})" if tests else answer


def constants(node: Call) -> Iterable[bool]:
    """Say for each operand of a call whether the emitters take its value instead of its text."""
    function = FUNCTIONS[node.name]
    if not function.parameters:
        return [False] * len(node.operands)
    return [function.parameter(index).constant for index in range(len(node.operands))]


def can_be_null(node: Node) -> bool:
    """Say whether the value of `node` can be null."""
    if isinstance(node, Literal):
        return node.value is None
    if isinstance(node, Reference):
        return True
    function = FUNCTIONS[node.name]
    if node.name in ("is null", "is true", "is false", "is distinct from"):
        return False
    if node.name == "coalesce":
        return all(map(can_be_null, node.operands))
    if node.name == "case":
        return any(map(can_be_null, (*node.operands[1:-1:2], node.operands[-1])))
    return function.partial or any(map(can_be_null, node.operands))


def constant(value: object) -> str:
    """Return a Python constant; times are made once, when the function is loaded."""
    if isinstance(value, dt.datetime):
        return f"moment({value.isoformat()!r})"
    if isinstance(value, dt.date):
        return f"day({value.isoformat()!r})"
    return repr(value)
