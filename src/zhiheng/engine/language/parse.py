"""Turn text into a checked expression: sqlglot reads it, then every part must be on our closed list."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from zhiheng.engine.language.functions import FUNCTIONS, Function
from zhiheng.engine.language.grammar import CALLABLE, LONGEST, read
from zhiheng.engine.language.messages import mixed_types, usage, wrong_type
from zhiheng.engine.language.types import Call, Expression, ExpressionError, Literal, Node, Reference, Scope, Type
from zhiheng.lib.suggest import did_you_mean


def parse(text: str, scope: Scope, expect: Type | None = None) -> Expression:
    """Return `text` as a checked expression over `scope`; raise ExpressionError with the place and the remedy."""
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("The expression is empty.", text=str(text))
    if len(text) > LONGEST:
        raise ExpressionError(f"The expression has {len(text)} characters; at most {LONGEST} are allowed.")
    checker = Checker(text, scope)
    node = checker.check(read(text, scope), expect)
    if expect is not None and node.type != expect:
        raise ExpressionError(f"The expression gives a {node.type}; a {expect} is needed here.", text=text, position=0)
    return Expression(text, node, tuple(sorted(checker.fields)), tuple(checker.warnings))


COMPARISONS = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
CHAINS = {exp.And: "and", exp.Or: "or", exp.Add: "+", exp.Mul: "*", exp.DPipe: "||"}
BINARY = {**COMPARISONS, exp.Sub: "-", exp.Div: "/"}
REFUSED = {
    exp.Subquery: "A subquery is not allowed in an expression.",
    exp.Select: "A query is not allowed; write one expression.",
    exp.Exists: "A subquery is not allowed in an expression.",
    exp.Window: "Window functions are not allowed.",
    exp.Like: "LIKE is not part of the language. Use starts_with, contains or matches.",
    exp.ILike: "ILIKE is not part of the language. Use starts_with, contains or matches.",
    exp.Mod: "% is not part of the language.",
    exp.IntDiv: "// is not part of the language. Use floor(a / b).",
    exp.Star: "* stands alone: a product needs two operands.",
    exp.Interval: "INTERVAL is not part of the language. Use add_minutes, add_hours or add_days.",
    exp.Bracket: "[] is not part of the language. For choices use has, has_any, has_all or count_of.",
    exp.Placeholder: "Parameters are not allowed.",
    exp.Tuple: "A list can stand only after IN.",
}


class Checker:
    """Walks sqlglot's tree and builds ours; whatever it does not know, it refuses."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.fields: set[str] = set()
        self.warnings: list[str] = []

    def fail(self, problem: str, at: exp.Expression | None = None) -> ExpressionError:
        return ExpressionError(problem, text=self.text, position=_position(at) if at is not None else None)

    def check(self, tree: exp.Expression, wanted: Type | None = None) -> Node:
        """Return the checked node of `tree`; a bare null takes the type `wanted`."""
        if isinstance(tree, exp.Paren):
            return self.check(tree.this, wanted)
        if isinstance(tree, exp.Null):
            if wanted is None:
                raise self.fail("null can stand only in CASE or COALESCE. To test for it, write: x is null.", tree)
            return Literal(None, wanted)
        for kinds, method in self._methods():
            if isinstance(tree, kinds):
                return method(tree)
        for kind, problem in REFUSED.items():
            if isinstance(tree, kind):
                raise self.fail(problem, tree)
        raise self.fail(f'"{tree.sql("duckdb")}" is not part of the language.', tree)

    def _methods(self) -> Sequence[tuple[tuple[type, ...], Callable[[Any], Node]]]:
        return (
            ((exp.Column,), self._reference),
            ((exp.Literal,), self._literal),
            ((exp.Boolean,), lambda tree: Literal(bool(tree.this), Type.BOOLEAN)),
            ((exp.Cast,), self._time),
            (tuple(CHAINS), self._chain),
            (tuple(BINARY), lambda tree: self._call(BINARY[type(tree)], [tree.this, tree.expression], tree)),
            ((exp.Not,), lambda tree: self._call("not", [tree.this], tree)),
            ((exp.Neg,), self._negative),
            ((exp.Is,), self._is),
            ((exp.NullSafeNEQ,), lambda tree: self._call("is distinct from", [tree.this, tree.expression], tree)),
            ((exp.NullSafeEQ,), self._same),
            ((exp.In,), self._in),
            ((exp.Between,), self._between),
            ((exp.Case,), self._case),
            ((exp.Anonymous,), self._function),
        )

    def _reference(self, tree: exp.Column) -> Node:
        if tree.args.get("table") is not None:
            raise self.fail(f'"{tree.sql("duckdb")}": names with a dot are not allowed.', tree)
        try:
            field = self.scope.field(tree.name)
        except ExpressionError as problem:
            raise self.fail(problem.problem, tree) from None
        self.fields.add(field.name)
        return Reference(field.name, field.type)

    def _literal(self, tree: exp.Literal) -> Node:
        if tree.is_string:
            return Literal(tree.this, Type.TEXT)
        if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15}", tree.this):
            raise self.fail(f'"{tree.this}" is no number here: write up to 15 digits, such as 90 or 0.5.', tree)
        return Literal(float(tree.this) if "." in tree.this else int(tree.this), Type.NUMBER)

    def _time(self, tree: exp.Cast) -> Node:
        text, kind = tree.this, tree.to.this
        if not (isinstance(text, exp.Literal) and text.is_string):
            raise self.fail("Casts are not allowed. Use number, text or date_of.", tree)
        if kind == exp.DataType.Type.DATE:
            return Literal(self._moment(text, r"\d{4}-\d\d-\d\d", "date '2025-01-31'").date(), Type.DATE)
        if kind in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ, exp.DataType.Type.DATETIME):
            moment = self._moment(text, r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "timestamp '2025-01-31 10:00'")
            return Literal(moment, Type.DATETIME)
        raise self.fail("Only date '...' and timestamp '...' are allowed.", tree)

    def _moment(self, tree: exp.Literal, pattern: str, model: str) -> dt.datetime:
        try:
            if not re.fullmatch(pattern, tree.this, re.ASCII):
                raise ValueError("its form is wrong")
            return dt.datetime.fromisoformat(tree.this)
        except ValueError as problem:
            raise self.fail(f"'{tree.this}' is no such time ({problem}). Write {model}.", tree) from None

    def _chain(self, tree: exp.Binary) -> Node:
        kind, operands, rest = type(tree), [], [tree]
        while rest:
            each = rest.pop()
            if type(each) is kind:
                rest += [each.expression, each.this]
            else:
                operands.append(each)
        return self._call(CHAINS[kind], operands, tree)

    def _negative(self, tree: exp.Neg) -> Node:
        if isinstance(tree.this, exp.Literal) and not tree.this.is_string:
            literal = self._literal(tree.this)
            assert isinstance(literal, Literal)
            return Literal(-literal.value, Type.NUMBER)  # type: ignore[operator]
        return self._call("negative", [tree.this], tree)

    def _is(self, tree: exp.Is) -> Node:
        if isinstance(tree.expression, exp.Null):
            return self._call("is null", [tree.this], tree)
        if isinstance(tree.expression, exp.Boolean):
            return self._call("is true" if tree.expression.this else "is false", [tree.this], tree)
        raise self.fail("After IS only NULL, TRUE, FALSE and DISTINCT FROM are allowed.", tree)

    def _same(self, tree: exp.NullSafeEQ) -> Node:
        different = self._call("is distinct from", [tree.this, tree.expression], tree)
        return Call("not", (different,), Type.BOOLEAN)

    def _in(self, tree: exp.In) -> Node:
        if not tree.expressions:
            raise self.fail("After IN a list of constants is expected: x in ('a', 'b').", tree)
        for each in tree.expressions:
            inner = each.this if isinstance(each, exp.Neg) else each
            if not isinstance(inner, exp.Literal | exp.Cast):
                raise self.fail("The list after IN takes constants only; for others write x = y or x = z.", each)
        return self._call("in", [tree.this, *tree.expressions], tree)

    def _between(self, tree: exp.Between) -> Node:
        low = self._call(">=", [tree.this, tree.args["low"]], tree)
        high = self._call("<=", [tree.this, tree.args["high"]], tree)
        return Call("and", (low, high), Type.BOOLEAN)

    def _case(self, tree: exp.Case) -> Node:
        if tree.this is not None:
            raise self.fail("Write CASE WHEN x = 'a' THEN ..., not CASE x WHEN 'a'.", tree)
        values = [each.args["true"] for each in tree.args["ifs"]]
        default = tree.args.get("default") or exp.Null()
        checked = self._alike([*values, default], tree)
        operands: list[Node] = []
        for each, value in zip(tree.args["ifs"], checked, strict=False):
            condition = self.check(each.this)
            if condition.type != Type.BOOLEAN:
                raise self.fail(f"After WHEN a condition is needed; found a {condition.type}.", each.this)
            operands += [condition, value]
        return Call("case", (*operands, checked[-1]), checked[0].type)

    def _alike(self, trees: Sequence[exp.Expression], at: exp.Expression) -> list[Node]:
        """Check operands that must have one type; nulls among them take it."""
        known = next((self.check(each).type for each in trees if not isinstance(each, exp.Null)), None)
        if known is None:
            raise self.fail("Only null is given; at least one value is needed.", at)
        nodes = [self.check(each, known) for each in trees]
        for node, tree in zip(nodes, trees, strict=True):
            if node.type != known:
                raise self.fail(f"All values must have one type: found {known} and {node.type}.", tree)
        return nodes

    def _function(self, tree: exp.Anonymous) -> Node:
        name = str(tree.this).lower()
        if name not in CALLABLE:
            near = did_you_mean(name, CALLABLE) or " See the list of functions in docs/reference/expressions.md."
            raise self.fail(f'Unknown function "{tree.this}".{near}', tree)
        return self._call(name, tree.expressions, tree)

    def _call(self, name: str, trees: Sequence[exp.Expression], at: exp.Expression) -> Node:
        function = FUNCTIONS[name]
        if name in ("=", "<>", *COMPARISONS.values()) and any(isinstance(each, exp.Null) for each in trees):
            raise self.fail("A comparison with null is always unknown. Write: x is null, or x is not null.", at)
        self._count(function, trees, at)
        nodes = self._alike(trees, at) if name == "coalesce" else [self.check(each) for each in trees]
        for index, (node, tree) in enumerate(zip(nodes, trees, strict=True)):
            self._operand(function, index, node, tree)
        if function.same_types and len({node.type for node in nodes}) > 1:
            raise self.fail(mixed_types(name, nodes), at)
        self._prepare(function, nodes, at)
        self._options(name, nodes)
        return Call(name, tuple(nodes), function.result or nodes[0].type)

    def _count(self, function: Function, trees: Sequence[exp.Expression], at: exp.Expression) -> None:
        least, open_end = len(function.parameters), function.parameters[-1].repeated
        if len(trees) < least or (len(trees) > least and not open_end):
            raise self.fail(f"{usage(function)} takes {least}{' or more' if open_end else ''}; found {len(trees)}.", at)

    def _operand(self, function: Function, index: int, node: Node, tree: exp.Expression) -> None:
        parameter = function.parameters[min(index, len(function.parameters) - 1)]
        if node.type not in parameter.types:
            raise self.fail(wrong_type(function, parameter.types, node, tree), tree)
        if parameter.constant and not isinstance(node, Literal):
            raise self.fail(f'"{parameter.name}" of {usage(function)} must be written as a constant.', tree)

    def _prepare(self, function: Function, nodes: Sequence[Node], at: exp.Expression) -> None:
        if function.prepare is None:
            return
        parameters = function.parameters
        values = tuple(
            node.value
            for index, node in enumerate(nodes)
            if parameters[min(index, len(parameters) - 1)].constant and isinstance(node, Literal)
        )
        try:
            function.prepare(values)
        except ValueError as problem:
            raise self.fail(str(problem), at) from None

    def _options(self, name: str, nodes: Sequence[Node]) -> None:
        """Warn of constants that are no option of the choice they are compared with."""
        if name not in ("=", "<>", "in", "is distinct from", "has", "has_any", "has_all"):
            return
        fields = [self.scope.field(node.name) for node in nodes if isinstance(node, Reference)]
        known = {option for field in fields for option in field.options}
        if not known:
            return
        for node in nodes:
            if isinstance(node, Literal) and node.value not in known:
                listed = ", ".join(fields[0].options)
                self.warnings.append(f'"{node.value}" is no option of {fields[0].name} ({listed}).')


def _position(tree: exp.Expression) -> int | None:
    starts = [each.meta["start"] for each in tree.walk() if each._meta and "start" in each.meta]
    return min(starts, default=None)
