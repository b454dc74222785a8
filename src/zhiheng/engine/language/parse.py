"""Turn text into a checked expression: sqlglot reads it, then every part must be on our closed list."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser
from sqlglot.tokens import Token, TokenType

from zhiheng.engine.language.functions import FUNCTIONS, Function
from zhiheng.engine.language.types import (
    Call,
    Expression,
    ExpressionError,
    Literal,
    Node,
    Reference,
    Scope,
    Type,
    did_you_mean,
)

LONGEST = 20_000
DEEPEST = 40
CALLABLE = frozenset(name for name in FUNCTIONS if re.fullmatch(r"\w+", name)) - {"and", "or", "not", "in", "case"}
RESERVED = frozenset(
    ["and", "or", "not", "is", "null", "true", "false", "in", "between", "case", "when", "then", "else", "end", "distinct", "from", "unknown", "select"]
)


class Language(DuckDB):
    """DuckDB's grammar without its functions: those of ours are looked up by the checker."""

    class Parser(DuckDB.Parser):
        FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012
        FUNCTION_PARSERS: dict[str, Any] = {}  # noqa: RUF012
        NO_PAREN_FUNCTIONS: dict[Any, Any] = {}  # noqa: RUF012
        NO_PAREN_FUNCTION_PARSERS = {"CASE": Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}  # noqa: RUF012


_language = Language()


def parse(text: str, scope: Scope, expect: Type | None = None) -> Expression:
    """Return `text` as a checked expression over `scope`; raise ExpressionError with the place and the remedy."""
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("The expression is empty.", text=str(text))
    if len(text) > LONGEST:
        raise ExpressionError(f"The expression has {len(text)} characters; at most {LONGEST} are allowed.")
    checker = Checker(text, scope)
    node = checker.check(_read(text, scope), expect)
    if expect is not None and node.type != expect:
        raise ExpressionError(f"The expression gives a {node.type}; a {expect} is needed here.", text=text, position=0)
    return Expression(text, node, tuple(sorted(checker.fields)), tuple(checker.warnings))


def _read(text: str, scope: Scope) -> exp.Expression:
    try:
        tokens = _prepare(_language.tokenize(text), text, scope)
        found = _language.parser().parse_into(exp.Condition, tokens, text)
    except SqlglotError as problem:
        raise _unreadable(problem, text) from None
    if len(found) != 1 or found[0] is None:
        raise ExpressionError('One expression is expected; ";" is not allowed.', text=text, position=text.find(";"))
    return found[0]


def _unreadable(problem: SqlglotError, text: str) -> ExpressionError:
    details = getattr(problem, "errors", None) or [{}]
    line, column, word = details[0].get("line"), details[0].get("col"), details[0].get("highlight")
    if line is None:
        return ExpressionError("The text cannot be read. Is a quotation mark missing?", text=text)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    position = max(0, starts[line - 1] + column - len(word or ""))
    what = details[0].get("description", "").rstrip(".")
    return ExpressionError(f'The text cannot be read at "{word}": {what}.', text=text, position=position)


def _prepare(tokens: list[Token], text: str, scope: Scope) -> list[Token]:
    """Refuse deep nesting, and mark the names of fields and functions so that no keyword of SQL hides them."""
    depth = prefixes = 0
    for index, token in enumerate(tokens):
        word = token.text.lower()
        following = tokens[index + 1].token_type if index + 1 < len(tokens) else None
        prefixes = prefixes + 1 if token.token_type in (TokenType.NOT, TokenType.DASH, TokenType.PLUS) else 0
        if token.token_type == TokenType.L_PAREN or word == "case":
            depth += 1
        elif token.token_type == TokenType.R_PAREN or word == "end":
            depth -= 1
        if depth > DEEPEST or prefixes > DEEPEST:
            raise ExpressionError(f"Nested more than {DEEPEST} deep. Split it.", text=text, position=token.start)
        if token.token_type in (TokenType.STRING, TokenType.NUMBER) or word in RESERVED:
            continue
        names_field = token.text in scope and following not in (TokenType.STRING, TokenType.L_PAREN)
        if names_field or (word in CALLABLE and following == TokenType.L_PAREN):
            tokens[index] = Token(
                TokenType.VAR, token.text, line=token.line, col=token.col, start=token.start, end=token.end
            )
    return tokens


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
REMEDIES: dict[tuple[str, Type], str] = {}


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
            raise self.fail(_mixed(name, nodes), at)
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
            raise self.fail(_wrong_type(function, parameter.types, node, tree), tree)
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


def usage(function: Function) -> str:
    """Return how a function is written."""
    names = [f"{each.name}, ..." if each.repeated else each.name for each in function.parameters]
    return f"{function.name}({', '.join(names)})" if re.fullmatch(r"\w+", function.name) else f'"{function.name}"'


def _mixed(name: str, nodes: Sequence[Node]) -> str:
    kinds = [node.type for node in nodes]
    found = f'"{name}" needs operands of one type; found {" and ".join(dict.fromkeys(kinds))}.'
    if {Type.DATE, Type.DATETIME} <= set(kinds):
        return f"{found} Use date_of(...) to compare days, or write timestamp '2025-01-31 10:00'."
    text = next((node.value for node in nodes if isinstance(node, Literal) and node.type == Type.TEXT), None)
    if text is not None and Type.DATE in kinds:
        return f"{found} Write the constant as date '{text}'."
    if text is not None and Type.DATETIME in kinds:
        return f"{found} Write the constant as timestamp '{text}'."
    number = next((node.value for node in nodes if isinstance(node, Literal) and node.type == Type.NUMBER), None)
    if number is not None and Type.TEXT in kinds:
        return f"{found} Write the constant as '{number}'."
    return found


def _wrong_type(function: Function, types: Sequence[Type], node: Node, tree: exp.Expression) -> str:
    wanted = " or ".join(types)
    found = f"{usage(function)} takes {wanted}; found {node.type} ({tree.sql('duckdb')})."
    if function.name in ("<", "<=", ">", ">="):
        if node.type == Type.TEXT:
            return f"{found} Text has no order here: compare dates as date '2025-01-31', numbers as number(x)."
        if node.type == Type.BOOLEAN:
            return f"{found} For a range write x > 1 and x < 3."
    if node.type == Type.TEXTS:
        return f"{found} For choices use has, has_any, has_all or count_of."
    if Type.TEXTS in types and node.type == Type.TEXT:
        return f"{found} For a single choice write x = 'a' or x in ('a', 'b')."
    return found


def _position(tree: exp.Expression) -> int | None:
    starts = [each.meta["start"] for each in tree.walk() if each._meta and "start" in each.meta]
    return min(starts, default=None)
