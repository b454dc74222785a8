"""One form: applicability, limits and checks of a case in Python; and the checks of many cases beside plain SQL."""

from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa

from benchmarks.by_hand import plain_check
from benchmarks.measuring import Result, Scale, ratio, seconds
from zhiheng.engine.form import Form, Item, ItemType, evaluate
from zhiheng.engine.language import Type
from zhiheng.engine.language import duckdb as emit
from zhiheng.packs.loading import load_packs

FORM_MILLISECONDS = 1.0
SAMPLES = {
    ItemType.TEXT: "无",
    ItemType.NUMBER: 12,
    ItemType.DATE: "2025-03-04",
    ItemType.DATETIME: "2025-03-04 05:06",
}


def run(scale: Scale) -> Iterator[Result]:
    times = scale.of(20, 300)
    for pack in load_packs(only=["stemi", "sap"]):
        answers = _answers(pack.form)
        evaluate(pack.form, answers)
        judged = evaluate(pack.form, answers)
        items = f"{pack.abbr}, {len(pack.form.items)} items, {len(answers)} answered"
        milliseconds = seconds(lambda p=pack, a=answers: evaluate(p.form, a), times) * 1000
        note = f"{len(judged.shown)} shown, {len(judged.findings)} findings; no SQL does this job for one form"
        yield Result("form", f"applicability and limits: {items}", milliseconds, "ms", FORM_MILLISECONDS, note)
        if pack.checks:
            milliseconds = seconds(lambda p=pack, j=judged: p.checks.findings(j.values), times) * 1000
            yield Result(
                "form", f"checks: {pack.abbr}, {len(pack.checks)} checks", milliseconds, "ms", FORM_MILLISECONDS
            )
            milliseconds = seconds(lambda p=pack, a=answers: _whole(p, a), times) * 1000
            yield Result("form", f"all of it: {pack.abbr}", milliseconds, "ms", FORM_MILLISECONDS)
    yield _batch(scale.of(1_000, 100_000))


def _whole(pack: object, answers: Mapping[str, object]) -> object:
    return pack.checks.findings(evaluate(pack.form, answers).values)  # type: ignore[attr-defined]


def _answers(form: Form) -> dict[str, object]:
    """Answer every item that a person could: the first option, one number, one time."""
    return {item.code: _answer(item) for item in form.items if item.computed is None and not item.readonly}


def _answer(item: Item) -> object:
    if item.type is ItemType.CHOICE:
        return item.options[0].value if item.options else "a"
    if item.type is ItemType.CHOICES:
        return [item.options[0].value] if item.options else ["a"]
    return SAMPLES[item.type]


def _batch(cases: int) -> Result:
    """Return what all checks of STEMI cost over many cases, beside one plain query for each check."""
    (pack,) = load_packs(only=["stemi"])
    checks = pack.checks
    con = duckdb.connect()
    fields = sorted({name for check in checks for e in (check.expect, check.when) if e for name in e.fields})
    columns = ", ".join(f"{_made(pack.form, name, at)} as {emit.quote(name)}" for at, name in enumerate(fields))
    con.execute(f"create table answers as select 'E' || i as encounter_id, {columns} from range({cases}) t(i)")
    plain = " union all ".join(plain_check(check, "answers") for check in checks)

    def by_hand() -> pa.Table:
        return con.sql(f"{plain} order by all").to_arrow_table()

    ours, theirs = ratio(lambda: checks.find_all(con, "answers"), by_hand, 3)
    same = "same findings" if checks.find_all(con, "answers").num_rows == by_hand().num_rows else "OTHER FINDINGS"
    note = f"{ours:.2f} s, {theirs:.2f} s by hand, {same}"
    return Result(
        "form", f"{len(checks)} checks over {cases:,} cases, against SQL by hand", ours / theirs, "×", 1.2, note
    )


def _made(form: Form, name: str, at: int) -> str:
    """Return SQL of an answer that differs from case to case; one in five is missing."""
    draw = f"(hash(i * 1000 + {at}) % 1000)::integer"
    field = form.scope.field(name)
    options = ", ".join(f"'{value}'" for value in field.options) or "'a'"
    made = {
        Type.NUMBER: f"{draw} / 10.0::double",
        Type.DATE: f"date '2025-01-01' + {draw}",
        Type.DATETIME: f"timestamp '2025-01-01' + to_minutes({draw}::bigint)",
        Type.TEXT: f"list_extract([{options}], 1 + {draw} % {max(1, len(field.options))})",
        Type.TEXTS: f"[list_extract([{options}], 1 + {draw} % {max(1, len(field.options))})]",
        Type.BOOLEAN: f"{draw} < 500",
    }[field.type]
    return f"case when hash(i * 77 + {at}) % 5 > 0 then {made} end"
