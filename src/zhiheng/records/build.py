"""Rows as a reader found them -> an Arrow table as the schema wants it, and what is wrong with them.

A reader gives each row as canonical column -> value: text as the source wrote it, or a typed value. Here it becomes
the column's type. A field that cannot be understood is left empty, and the row goes on without it; a row is set aside
when a required field is missing, or when its own parts contradict each other so that none can be trusted. Either way
there is a problem that says so.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from zhiheng.lib.suggest import nearest
from zhiheng.records import identity, numbers, schema, times
from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.records.schema import Column, Table

BATCH = 20_000
_MEMORY = 50_000  # distinct values of one column that are remembered from batch to batch
_TEXTS = {str, type(None)}
_ORIGIN = {column.name for column in schema.ORIGIN}
_TRUE = {"true", "1", "是", "y", "yes", "t"}
_FALSE = {"false", "0", "否", "n", "no", "f"}
_LINE_BREAKS = dict.fromkeys(map(ord, "\t\n\r"))
_UNPRINTABLE = {code: None for code in range(32) if code not in _LINE_BREAKS} | {0x7F: None}

Values = dict[str, list[Any]]  # canonical column -> one value per row
Place = Any  # where a row stands, in whatever way the reader counts
Converter = Callable[[Any], Any]  # a source's value -> the column's value, or a Problem


@dataclass(frozen=True)
class Built:
    """A finished table and the problems met on the way, each with the place of its row."""

    table: pa.Table
    problems: list[tuple[Place, Problem]]


@dataclass
class Builder:
    """Builds one canonical table from the rows of one file.

    `zone`: see `times.parse`. `later_corrects`: a row whose key was met before is a newer version of it; otherwise rows
    of one key with different content contradict each other and are set aside.
    """

    table: Table
    source: str
    received_at: datetime
    zone: timedelta | None = None
    later_corrects: bool = False
    problems: list[tuple[Place, Problem]] = field(default_factory=list)
    _rows: list[tuple[Mapping[str, Any], str, Place]] = field(default_factory=list)
    _batches: list[pa.RecordBatch] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)  # of the rows that stand
    _memories: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, row: Mapping[str, object], *, source_id: str, place: Place) -> None:
        """Take a row. A column that the table does not have is a mistake of the reader: KeyError."""
        self._rows.append((row, source_id, place))
        if len(self._rows) >= BATCH:
            self._flush()

    def add_columns(self, columns: Values, *, source_ids: Sequence[str], places: Sequence[Place]) -> None:
        """Take many rows at once, column by column. A value may already be a Problem: then it is reported here."""
        self._flush()
        if source_ids:
            self._take(columns, source_ids, places)

    def take_problems(self) -> list[tuple[Place, Problem]]:
        """Return the problems so far, and forget them: `finish` then returns only what comes later."""
        self._flush()
        taken, self.problems = self.problems, []
        return taken

    def finish(self) -> Built:
        """Return the table of the rows that stand, and the problems of all rows."""
        self._flush()
        built = pa.Table.from_batches(self._batches, schema=self.table.schema)
        if not self.later_corrects:
            built = self._without_repeats(built)
        if self.table is schema.ENCOUNTER:
            self._note_repeated_visit_numbers(built)
        return Built(built, self.problems)

    def _flush(self) -> None:
        if not self._rows:
            return
        rows, ids, places = zip(*self._rows, strict=True)
        self._rows = []
        names = dict.fromkeys(name for row in rows for name in row)
        self._take({name: [row.get(name) for row in rows] for name in names}, ids, places)

    def _take(self, columns: Values, ids: Sequence[str], places: Sequence[Place]) -> None:
        _refuse_unknown_columns(self.table, columns)
        values, problems = self._convert(columns, len(ids))
        _check_required(self.table, values, problems)
        for check in _ROW_CHECKS.get(self.table.name, ()):
            check(values, problems)
        self.problems.extend((places[at], problem) for at, problem in problems)
        set_aside = {at for at, problem in problems if problem.effect is Effect.ROW}
        kept = [at for at in range(len(ids)) if at not in set_aside]
        values |= {
            "source": [self.source] * len(ids),
            "source_id": list(ids),
            "record_version": [1] * len(ids),
            "received_at": [self.received_at] * len(ids),
        }
        self._batches.append(_arrow(self.table, values, kept, len(ids)))
        self.places.extend(places[at] for at in kept)

    def _convert(self, columns: Values, count: int) -> tuple[Values, list[tuple[int, Problem]]]:
        values: Values = {}
        problems: list[tuple[int, Problem]] = []
        for column in self.table.columns:
            name = column.name
            if name in _ORIGIN or (name.endswith("_precision") and name not in columns):
                continue
            given = name in columns
            converted = self._convert_column(column, columns[name], problems) if given else [None] * count
            if column.type == schema.TIME:
                values[name] = [moment and moment.value for moment in converted]
                values[f"{name}_precision"] = [moment and moment.precision for moment in converted]
            elif name.endswith("_precision"):
                stated = zip(converted, values[name], values[name.removesuffix("_precision")], strict=True)
                values[name] = [(said or derived) if moment else None for said, derived, moment in stated]
            else:
                values[name] = converted
        return values, problems

    def _convert_column(self, column: Column, raw: list[Any], problems: list[tuple[int, Problem]]) -> list[Any]:
        convert = converter(column, self.zone)
        converted = self._convert_texts(column.name, convert, raw) if set(map(type, raw)) <= _TEXTS else None
        if converted is None:
            converted = [_convert_one(convert, value) for value in raw]
        if Problem not in set(map(type, converted)):
            return converted
        for at, value in enumerate(converted):
            if type(value) is Problem:
                effect = Effect.ROW if column.required else value.effect
                problems.append((at, replace(value, column=column.name, effect=effect)))
                converted[at] = None
        return converted

    def _convert_texts(self, name: str, convert: Converter, raw: list[Any]) -> list[Any]:
        """Convert each distinct text once, and none that was met before: most columns repeat themselves."""
        memory = self._memories.get(name, {})
        if len(memory) > _MEMORY:
            memory = {}
        for value in set(raw).difference(memory):
            memory[value] = _convert_one(convert, value)
        self._memories[name] = memory
        return [memory[value] for value in raw]

    def _without_repeats(self, built: pa.Table) -> pa.Table:
        """Keep one of several equal rows of a key; set aside all rows of a key that contradict each other."""
        ids: list[Any] = built.column("source_id").to_pylist()
        counts = Counter(ids)
        if len(counts) == len(ids):
            return built
        first: dict[str, tuple[int, Any]] = {}
        equal: set[int] = set()
        clashing: set[str] = set()
        suspects = [at for at, key in enumerate(ids) if counts[key] > 1]
        for at, row in zip(suspects, built.take(pa.array(suspects, pa.int64())).to_pylist(), strict=True):
            if ids[at] not in first:
                first[ids[at]] = (at, row)
            elif first[ids[at]][1] == row:
                equal.add(at)
            else:
                clashing.add(ids[at])
        for at in suspects:
            if ids[at] in clashing and at not in equal:
                self.problems.append((self.places[at], _repeated(ids[at])))
        keep = [at for at, key in enumerate(ids) if at not in equal and key not in clashing]
        self.places = [self.places[at] for at in keep]
        return built.take(pa.array(keep, pa.int64()))

    def _note_repeated_visit_numbers(self, built: pa.Table) -> None:
        names = ("patient_id", "encounter_class", "visit_number")
        visits = list(zip(*(built.column(name).to_pylist() for name in names), strict=True))
        repeated = {visit for visit, count in Counter(visits).items() if count > 1 and visit[2] is not None}
        for at, visit in enumerate(visits):
            if visit in repeated:
                self.problems.append((self.places[at], _repeated_visit(visit[2])))


def _convert_one(convert: Converter, value: Any) -> Any:
    if value is None or value == "" or type(value) is Problem:
        return value or None
    return convert(value)


def converter(column: Column, zone: timedelta | None = None) -> Converter:
    """Return the function that turns a source's value into the column's type, or into a Problem."""
    if column.type == schema.TIME:
        return lambda value: to_moment(value, zone)
    if column.values:
        return lambda value: _to_one_of(column, value)
    return _CONVERTERS[str(column.type)]


def to_text(value: object) -> str | Problem | None:
    """Return trimmed text. Whole numbers of a spreadsheet lose '.0'; characters that no file can hold are refused."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, datetime | date):
        value = value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if not isinstance(value, str | int | float):
        return Problem("not_text", "", shown(value), "不是文字", "请导出为单个值")
    text = str(value).strip()
    if not text.isprintable():
        if text.translate(_UNPRINTABLE) != text:
            return Problem(
                "control_character", "", shown(text), "含有不可见的控制字符", "请在来源系统中清除该字符后重新导出"
            )
        if any("\ud800" <= character <= "\udfff" for character in text):
            return Problem(
                "broken_character", "", shown(text), "含有残缺的字符（孤立的代理码位）", "请以 UTF-8 重新导出"
            )
    if "\ufffd" in text:
        reason = "含有替换字符“�”：原字在某次转码时已经丢失"
        return Problem("broken_character", "", shown(text), reason, "请从来源系统以 UTF-8 重新导出")
    return text or None


def to_number(value: object) -> float | Problem | None:
    """Return a number. A bound such as '<0.01' is none: the reader puts its comparator into a column of its own."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return Problem("not_a_number", "", shown(value), "不是数字", "请导出为普通数字")
    if isinstance(value, str):
        if not value.strip():
            return None
        number = numbers.parse(value)
        if isinstance(number, Problem):
            return number
        if number.comparator:
            return Problem("bound", "", shown(value), "只是一个界限，不是确切的数值", "请在来源中核对该值")
        return number.value
    if value != value or value in (float("inf"), float("-inf")):
        return Problem("not_a_number", "", shown(value), "不是有限的数字", "请导出为普通数字")
    return float(value)


def to_count(value: object) -> int | Problem | None:
    """Return a whole number."""
    number = to_number(value)
    if number is None or isinstance(number, Problem):
        return number
    if not number.is_integer() or abs(number) >= 2**31:
        return Problem("not_whole", "", shown(value), "应为整数", "请核对该列；若单位不同，请在接入方案中换算")
    return int(number)


def to_flag(value: object) -> bool | Problem | None:
    """Return true or false."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return (
        Problem("not_a_flag", "", shown(value), "应为是或否", "请在接入方案中用 map 把该值对应到 true 或 false")
        if word
        else None
    )


def to_moment(value: object, zone: timedelta | None = None) -> times.Moment | Problem | None:
    """Return a time with its precision."""
    if isinstance(value, times.Moment):
        return value
    if isinstance(value, date):
        return times.from_value(value)
    if not isinstance(value, str):
        return Problem(
            "not_a_time",
            "",
            shown(value),
            "不能识别为日期或时间",
            "若为 Excel 序列号，请在接入方案中写明 format: excel",
        )
    return times.parse(value, zone=zone) if value.strip() else None


def to_date(value: object) -> date | Problem | None:
    """Return a date; the time that some systems export with it is left aside."""
    moment = to_moment(value)
    return moment.value.date() if isinstance(moment, times.Moment) else moment


def to_texts(value: object) -> list[str] | Problem | None:
    """Return a list of texts."""
    if not isinstance(value, list | tuple):
        return Problem("not_a_list", "", shown(value), "应为列表", "请在接入方案中用 list 写明分隔符")
    return [str(part) for part in value] or None


_CONVERTERS: dict[str, Converter] = {
    str(schema.TEXT): to_text,
    str(schema.NUMBER): to_number,
    str(schema.COUNT): to_count,
    str(schema.FLAG): to_flag,
    str(schema.DATE): to_date,
    str(schema.TEXTS): to_texts,
}


def _to_one_of(column: Column, value: object) -> object:
    text = to_text(value)
    if text is None or isinstance(text, Problem) or text in column.values:
        return text
    near = nearest(text, column.values)
    hint = f"；是否应为“{near}”？" if near else ""
    remedy = f"请在接入方案中用 map 把该值对应到以下之一：{'、'.join(column.values)}{hint}"
    return Problem("unknown_code", column.name, shown(value), "取值不在允许的范围内", remedy)


def _refuse_unknown_columns(table: Table, names: Iterable[str]) -> None:
    unknown = set(names) - set(table.names) | set(names) & _ORIGIN
    if unknown:
        raise KeyError(f'table "{table.name}" has no columns {sorted(unknown)} that a reader may fill')


def _check_required(table: Table, values: Values, problems: list[tuple[int, Problem]]) -> None:
    stated = {at for at, problem in problems if problem.effect is Effect.ROW}
    for column in table.columns:
        if column.required and column.name not in _ORIGIN:
            for at, value in enumerate(values[column.name]):
                if value is None and at not in stated:
                    problems.append((at, _missing(column)))
    if table.needs_one_of:
        owners = zip(*(values[name] for name in table.needs_one_of), strict=True)
        nobodys = [at for at, owner in enumerate(owners) if not any(owner) and at not in stated]
        problems.extend((at, _missing(table.column(table.needs_one_of[0]))) for at in nobodys)


def _arrow(table: Table, values: Values, kept: list[int], count: int) -> pa.RecordBatch:
    arrays = []
    for column in table.columns:
        cells = values[column.name]
        arrays.append(pa.array(cells if len(kept) == count else [cells[at] for at in kept], column.type))
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)


def _missing(column: Column) -> Problem:
    return Problem(
        "missing_value",
        column.name,
        "",
        f"必填项“{column.name}”为空，该行不能成为记录",
        "请在来源中补齐后重新导出",
        Effect.ROW,
    )


def _repeated(key: str) -> Problem:
    return Problem(
        "repeated_key",
        "source_id",
        shown(key),
        "同一文件中多行使用同一主键而内容不同，无法确定以哪一行为准",
        "请核对来源；若后面的行是对前面的更正，请在接入方案中写明 later_corrects: true",
        Effect.ROW,
    )


def _repeated_visit(number: int) -> Problem:
    return Problem(
        "repeated_visit_number",
        "visit_number",
        str(number),
        "同一患者有两次就诊使用相同的就诊次数",
        "请核对就诊次数；记录已照原样接收",
        Effect.NOTED,
    )


# Checks within one row. Each appends what it finds; times known only to the day are compared by the day.
RowCheck = Callable[[Values, list[tuple[int, Problem]]], None]


def _in_order(start: str, end: str, effect: Effect, kind: str, reason: str) -> RowCheck:
    def check(values: Values, problems: list[tuple[int, Problem]]) -> None:
        for at, (first, last) in enumerate(zip(values[start], values[end], strict=True)):
            if first is None or last is None or first <= last:
                continue
            by_day = "date" in (values[f"{start}_precision"][at], values[f"{end}_precision"][at])
            if by_day and first.date() <= last.date():
                continue
            found = f"{first:%Y-%m-%d %H:%M:%S} / {last:%Y-%m-%d %H:%M:%S}"
            problems.append((at, Problem(kind, end, found, reason, "请在来源中核对这两个时间后重新导出", effect)))
            if effect is Effect.FIELD:
                for name in (start, end):
                    values[name][at] = values[f"{name}_precision"][at] = None

    return check


def _check_identity(values: Values, problems: list[tuple[int, Problem]]) -> None:
    for at, number in enumerate(values["id_number"]):
        kind = values["id_kind"][at]
        if number is None or not (kind == identity.CARD or (kind is None and len(number) == 18)):
            continue
        card = identity.check(number)
        if isinstance(card, Problem):
            problems.append((at, card))
            values["id_number"][at] = None
        else:
            found = identity.disagreements(card, values["birth_date"][at], values["sex"][at])
            problems.extend((at, problem) for problem in found)


_ROW_CHECKS: dict[str, tuple[RowCheck, ...]] = {
    "encounter": (
        _in_order("admit_time", "discharge_time", Effect.ROW, "discharge_before_admission", "出院时间早于入院时间"),
    ),
    "patient": (_check_identity,),
    "procedure": (
        _in_order("start_time", "end_time", Effect.FIELD, "end_before_start", "结束时间早于开始时间，两者均不采用"),
    ),
    "medication": (
        _in_order("start_time", "end_time", Effect.FIELD, "end_before_start", "结束时间早于开始时间，两者均不采用"),
    ),
    "stay": (
        _in_order("start_time", "end_time", Effect.FIELD, "end_before_start", "转出时间早于转入时间，两者均不采用"),
    ),
}
