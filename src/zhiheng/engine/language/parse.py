"""Turn text into a checked expression: sqlglot reads it, then every part must be on our closed list."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from zhiheng.engine.language import duckdb
from zhiheng.engine.language.functions import FUNCTIONS, Function
from zhiheng.engine.language.grammar import CALLABLE, LONGEST, read
from zhiheng.engine.language.messages import NOT_PART, mixed_types, unknown_function, unknown_name, usage, wrong_type
from zhiheng.engine.language.types import Call, Expression, ExpressionError, Literal, Node, Reference, Scope, Type


def parse(text: str, scope: Scope, expect: Type | None = None) -> Expression:
    """Return `text` as a checked expression over `scope`; raise ExpressionError with the place and the remedy."""
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("The expression is empty.", text=str(text))
    if len(text) > LONGEST:
        raise ExpressionError(f"The expression has {len(text)} characters; at most {LONGEST} are allowed.")
    checker = Checker(text, scope)
    node = checker.check(read(text, scope), expect)
    if expect is not None and node.type != expect:
        raise ExpressionError(f"The expression gives {node.type}; {expect} is needed here.", text=text, position=0)
    if _height(node) > TALLEST:
        raise ExpressionError(f"More than {TALLEST} operands are joined. Split the expression.", text=text, position=0)
    expression = Expression(text, node, tuple(sorted(checker.fields)), tuple(dict.fromkeys(checker.warnings)))
    duckdb.sql(expression)  # what grows too long for a target is refused here, where its author sees it
    return expression


COMPARISONS = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
CHAINS = {exp.And: "and", exp.Or: "or", exp.Add: "+", exp.Mul: "*", exp.DPipe: "||"}
BINARY = {**COMPARISONS, exp.Sub: "-", exp.Div: "/"}
TALLEST = 500  # Python and DuckDB both refuse what is nested about twice as deep
DEEPEST = 50
STACKED = ("+", "*", "||", "case", "coalesce")  # each operand is one level more in the targets


class Checker:
    """Walks sqlglot's tree and builds ours; whatever it does not know, it refuses."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.fields: set[str] = set()
        self.warnings: list[str] = []
        self.depth = 0

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
                return self._deeper(method, tree)
        for kind, problem in NOT_PART.items():
            if isinstance(tree, kind):
                raise self.fail(problem, tree)
        raise self.fail(f'"{tree.sql("duckdb")}" is not part of the language.', tree)

    def _deeper(self, method: Callable[[Any], Node], tree: exp.Expression) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail(f"Nested more than {DEEPEST} deep. Split it.", tree)
        node = method(tree)
        self.depth -= 1
        return node

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
            raise self.fail(unknown_name(problem.problem, tree.name, tree.this.quoted), tree) from None
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
        if tree.args.get("query") is not None:
            raise self.fail(NOT_PART[exp.Subquery], tree)
        if not tree.expressions:
            raise self.fail("After IN a list of constants is expected: x in ('a', 'b').", tree)
        for each in tree.expressions:
            inner = each.this if isinstance(each, exp.Neg) else each
            if isinstance(inner, exp.Null):
                raise self.fail("null cannot stand in the list after IN. Write: x in ('a') or x is null.", tree)
            if not isinstance(inner, exp.Literal | exp.Cast):
                raise self.fail("The list after IN takes constants only; for others write x = y or x = z.", each)
        return self._call("in", [tree.this, *tree.expressions], tree)

    def _between(self, tree: exp.Between) -> Node:
        trees = [tree.this, tree.args["low"], tree.args["high"]]
        value, low, high = (self.check(each) for each in trees)
        above = self._apply(">=", [value, low], trees[:2], tree)
        below = self._apply("<=", [value, high], [trees[0], trees[2]], tree)
        return Call("and", (above, below), Type.BOOLEAN)

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
        nodes = [None if isinstance(each, exp.Null) else self.check(each) for each in trees]
        known = next((node.type for node in nodes if node is not None), None)
        if known is None:
            raise self.fail("Only null is given; at least one value is needed.", at)
        for node, tree in zip(nodes, trees, strict=True):
            if node is not None and node.type != known:
                raise self.fail(f"All values must have one type: found {known} and {node.type}.", tree)
        return [Literal(None, known) if node is None else node for node in nodes]

    def _function(self, tree: exp.Anonymous) -> Node:
        name = str(tree.this).lower()
        if name not in CALLABLE:
            raise self.fail(unknown_function(str(tree.this), CALLABLE), tree)
        return self._call(name, tree.expressions, tree)

    def _call(self, name: str, trees: Sequence[exp.Expression], at: exp.Expression) -> Node:
        if name in COMPARISONS.values() and any(isinstance(each, exp.Null) for each in trees):
            raise self.fail("A comparison with null is always unknown. Write: x is null, or x is not null.", at)
        self._count(FUNCTIONS[name], trees, at)
        nodes = self._alike(trees, at) if name == "coalesce" else [self.check(each) for each in trees]
        return self._apply(name, nodes, trees, at)

    def _apply(self, name: str, nodes: Sequence[Node], trees: Sequence[exp.Expression], at: exp.Expression) -> Node:
        function = FUNCTIONS[name]
        for index, (node, tree) in enumerate(zip(nodes, trees, strict=True)):
            self._operand(function, index, node, tree)
        if function.same_types and len({node.type for node in nodes}) > 1:
            raise self.fail(mixed_types(name, nodes), at)
        self._prepare(function, nodes, trees)
        self._options(name, nodes)
        return Call(name, tuple(nodes), function.result or nodes[0].type)

    def _count(self, function: Function, trees: Sequence[exp.Expression], at: exp.Expression) -> None:
        least, open_end = len(function.parameters), function.parameters[-1].repeated
        if len(trees) < least or (len(trees) > least and not open_end):
            raise self.fail(f"{usage(function)} takes {least}{' or more' if open_end else ''}; found {len(trees)}.", at)

    def _operand(self, function: Function, index: int, node: Node, tree: exp.Expression) -> None:
        parameter = function.parameter(index)
        if node.type not in parameter.types:
            raise self.fail(wrong_type(function, parameter.types, node, tree), tree)
        if parameter.constant and not isinstance(node, Literal):
            raise self.fail(f'"{parameter.name}" of {usage(function)} must be written as a constant.', tree)

    def _prepare(self, function: Function, nodes: Sequence[Node], trees: Sequence[exp.Expression]) -> None:
        if function.prepare is None:
            return
        places = [index for index in range(len(nodes)) if function.parameter(index).constant]
        try:
            function.prepare(
                tuple(node.value for node in (nodes[place] for place in places) if isinstance(node, Literal))
            )
        except ValueError as problem:
            raise self.fail(str(problem), trees[places[0]]) from None

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
    """Return where `tree` begins. Some parts carry no place; then the nearest part around them tells."""
    starts = [each.meta["start"] for each in tree.walk() if each._meta and "start" in each.meta]
    if not starts and tree.parent is not None:
        return _position(tree.parent)
    return min(starts, default=None)


def _height(node: Node) -> int:
    """Return how deep the targets will nest: a sum of ten is nine brackets deep for their parsers."""
    if not isinstance(node, Call):
        return 0
    return max(map(_height, node.operands)) + (len(node.operands) if node.name in STACKED else 1)
