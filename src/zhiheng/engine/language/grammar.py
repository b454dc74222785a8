"""Read text with sqlglot: DuckDB's grammar of expressions, no function of its own, limits on size and nesting."""

import re
from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser
from sqlglot.tokens import Token, TokenType

from zhiheng.engine.language.functions import FUNCTIONS
from zhiheng.engine.language.messages import FULL_WIDTH, unreadable
from zhiheng.engine.language.types import ExpressionError, Scope

LONGEST = 20_000
DEEPEST = 20  # brackets; sqlglot goes 28 calls deep for each
CALLABLE = frozenset(name for name, function in FUNCTIONS.items() if function.is_called)
RESERVED = frozenset(
    ("and", "or", "not", "is", "null", "true", "false", "in", "between", "distinct", "from", "unknown", "select")
) | {"case", "when", "then", "else", "end"}


class Language(DuckDB):  # type: ignore[misc]
    """DuckDB's grammar without its functions: those of ours are looked up by the checker."""

    class Parser(DuckDB.Parser):  # type: ignore[misc]
        FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012
        FUNCTION_PARSERS: dict[str, Any] = {}  # noqa: RUF012
        NO_PAREN_FUNCTIONS: dict[Any, Any] = {}  # noqa: RUF012
        NO_PAREN_FUNCTION_PARSERS = {"CASE": Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}  # noqa: RUF012


_language = Language()


def read(text: str, scope: Scope) -> exp.Expression:
    """Return sqlglot's tree of one expression; nothing in it is checked yet."""
    try:
        tokens = _prepare(_language.tokenize(text), text, scope)
        found = _language.parser().parse_into(exp.Condition, tokens, text)
    except SqlglotError as problem:
        raise _unreadable(problem, text) from None
    except RecursionError:
        raise ExpressionError("The expression is nested too deep here. Split it.", text=text, position=0) from None
    if len(found) != 1 or found[0] is None:
        raise ExpressionError('One expression is expected; ";" is not allowed.', text=text, position=text.find(";"))
    return found[0]


def _unreadable(problem: SqlglotError, text: str) -> ExpressionError:
    details = getattr(problem, "errors", None)
    if not details or details[0].get("line") is None:
        # The tokenizer gives no place; nearly always a text constant is not closed.
        start = max(text.rfind("'"), text.rfind('"'), 0)
        return ExpressionError("The text cannot be read: is a quotation mark missing?", text=text, position=start)
    line, column, word = details[0]["line"], details[0]["col"], details[0].get("highlight") or ""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    position = max(0, starts[min(line, len(starts)) - 1] + column - len(word))
    return ExpressionError(unreadable(word, details[0].get("description", "")), text=text, position=position)


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
        if token.token_type == TokenType.VAR and token.text[0] in FULL_WIDTH:
            raise ExpressionError(unreadable(token.text[0], ""), text=text, position=token.start)
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
