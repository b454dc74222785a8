"""On texts: parts, patterns, numbers written as text."""

from zhiheng.engine.language import constants, regex
from zhiheng.engine.language.declaration import BOOLEAN, NUMBER, TEXT, constant, declare, examples, form, one, sql_text

NUMERAL = r"^[+-]?[0-9]{1,15}([.][0-9]{1,20})?$"


def _sql_number(text: str) -> str:
    """DuckDB's own cast takes spaces, underscores and exponents too."""
    return f"TRY_CAST(regexp_extract({text}, {sql_text(NUMERAL)}) AS DOUBLE)"


declare(
    "starts_with",
    "texts",
    parameters=(one("text", TEXT), one("beginning", TEXT)),
    result=BOOLEAN,
    meaning="文本以 beginning 开头，区分大小写。",
    english="Begins with, case sensitive.",
    examples=examples(("starts_with(x, '急性')", True, {"x": "急性心肌梗死"})),
    python=form("{0}.startswith({1})"),
    duckdb=form("starts_with({0}, {1})"),
)
declare(
    "contains",
    "texts",
    parameters=(one("text", TEXT), one("part", TEXT)),
    result=BOOLEAN,
    meaning="文本含有 part，区分大小写。",
    english="Contains, case sensitive.",
    examples=examples(("contains(x, '心肌')", True, {"x": "急性心肌梗死"})),
    python=form("({1} in {0})"),
    duckdb=form("contains({0}, {1})"),
)
declare(
    "matches",
    "texts",
    parameters=(one("text", TEXT), constant("pattern", TEXT)),
    result=BOOLEAN,
    meaning="文本中有一处符合正则表达式 pattern(常量)。要整段符合，写 ^...$。可用写法见下文“正则表达式”。",
    english="Some part matches the pattern.",
    examples=examples(
        ("matches(x, '^[0-9]{2}:[0-9]{2}$')", True, {"x": "09:05"}),
        ("matches(x, 'b+')", True, {"x": "abbc"}),
        ("matches(x, 'a$')", False, {"x": "a\n"}),
        ("matches(x, 'a.b')", False, {"x": "a\nb"}),
    ),
    python=lambda text, pattern: f"(pattern({regex.for_python(pattern)!r}).search({text}) is not None)",
    duckdb=lambda text, pattern: f"regexp_matches({text}, {sql_text(pattern)})",
    prepare=constants.check_pattern,
)
declare(
    "extract_number",
    "texts",
    parameters=(one("text", TEXT), constant("pattern", TEXT)),
    result=NUMBER,
    partial=True,
    meaning="文本中第一处符合 pattern(常量)的地方，取第一个括号内(没有括号则取整处)的数；不是数则为空。",
    english="The number in the first match (its first group, or the whole).",
    examples=examples(
        ("extract_number(x, 'LVEF ([0-9.]+)%')", 45, {"x": "左室收缩功能减低，LVEF 45%"}),
        ("extract_number(x, 'LVEF ([0-9.]+)%')", None, {"x": "未测"}),
    ),
    python=lambda text, pattern: f"extract_number({text}, pattern({regex.for_python(pattern)!r}))",
    duckdb=lambda text, pattern: _sql_number(
        f"regexp_extract({text}, {sql_text(pattern)}, {regex.first_group(pattern)})"
    ),
    prepare=constants.check_pattern,
)
declare(
    "number",
    "texts",
    parameters=(one("text", TEXT),),
    result=NUMBER,
    partial=True,
    meaning="文本所写的数：半角数字，可带正负号和小数点；其他写法(空格、全角、千分位、1e3)为空。",
    english="The number a text says, strictly written.",
    examples=examples(
        ("number(x)", 12.5, {"x": "12.5"}),
        ("number(x)", None, {"x": "１２"}),
        ("number(x)", None, {"x": "1_000"}),
        ("number(x)", None, {"x": " 12"}),
    ),
    python=form("number({0})"),
    duckdb=_sql_number,
)
declare(
    "text",
    "texts",
    parameters=(one("x", NUMBER),),
    result=TEXT,
    meaning="数写成文本；整数不带小数点。",
    english="A number as text.",
    examples=examples(("text(n)", "3", {"n": 3}), ("text(n)", "2.5", {"n": 2.5})),
    python=form("text({0})"),
    duckdb=form("regexp_replace(CAST(CASE WHEN {0} = 0 THEN 0 ELSE {0} END AS VARCHAR), '[.]0$', '')"),
)
declare(
    "length_of",
    "texts",
    parameters=(one("text", TEXT),),
    result=NUMBER,
    meaning="文本的字数。",
    english="Number of characters.",
    examples=examples(("length_of(x)", 2, {"x": "心肌"}), ("length_of(x)", 0, {"x": ""})),
    python=form("len({0})"),
    duckdb=form("CAST(length({0}) AS DOUBLE)"),
)
