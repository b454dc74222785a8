"""Read tabular files by a profile. Encounters first: other files may have to find theirs among them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhiheng.lib.suggest import nearest
from zhiheng.records.build import Builder
from zhiheng.records.problems import Effect, Problem
from zhiheng.records.schema import TABLES
from zhiheng.sources.base import FileRead, Limits, Progress, Reading, Reject, Rejects, Unreadable, files_of
from zhiheng.sources.corrections import Corrections
from zhiheng.sources.files.attach import Encounters
from zhiheng.sources.files.chunks import Chunk, Sheet
from zhiheng.sources.files.delimited import Delimited
from zhiheng.sources.files.feed import Feed, Join, Mapping
from zhiheng.sources.files.lines import Lines
from zhiheng.sources.files.mapping import Mapper, Rows
from zhiheng.sources.files.opening import opener
from zhiheng.sources.files.spreadsheet import Spreadsheet
from zhiheng.sources.profile import Profile

_TABULAR = (".csv", ".tsv", ".txt")


class FilesReader:
    """The reader of CSV, TSV, XLSX and NDJSON files."""

    name = "files"

    def read(
        self,
        profile: Profile,
        folder: Path,
        *,
        received_at: datetime,
        limits: Limits,
        progress: Progress,
        corrections: Corrections | None = None,
    ) -> Reading:
        """Return the canonical tables of all feeds of the profile that are files."""
        run = _Run(profile, folder, received_at, limits, progress, corrections or Corrections())
        feeds: list[Feed] = profile.feeds_of(self.name)
        for feed in sorted(feeds, key=lambda feed: any(mapping.encounter for mapping in feed.tables)):
            run.read_feed(feed)
        return run.reading()


@dataclass
class _Run:
    profile: Profile
    folder: Path
    received_at: datetime
    limits: Limits
    progress: Progress
    corrections: Corrections
    tables: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    rejects: list[Reject] = field(default_factory=list)
    files: list[FileRead] = field(default_factory=list)
    joined: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[Any]]] = field(default_factory=dict)

    def reading(self) -> Reading:
        tables = {name: pa.concat_tables(parts) for name, parts in self.tables.items()}
        return Reading(tables, self.rejects, self.files)

    def read_feed(self, feed: Feed) -> None:
        paths = list(files_of(self.folder, feed.files))
        if not paths:
            self.rejects.append(_no_file(feed))
        for path in paths:
            name = path.relative_to(self.folder).as_posix()
            self.progress.start(name, path.stat().st_size)
            try:
                self._read_file(feed, path, name)
            except Unreadable as problem:
                self.rejects.append(problem.reject(name))
            except MemoryError:
                self.rejects.append(
                    Reject.of_file(name, "too_large", "内存不足，无法读取该文件", "请拆分文件后重新导出")
                )
            except OSError as error:
                self.rejects.append(
                    Reject.of_file(name, "cannot_open", f"无法打开：{error.strerror}", "请核对文件权限与磁盘")
                )
            finally:
                self.progress.finish(name)

    def _read_file(self, feed: Feed, path: Path, name: str) -> None:
        sheet = _open(path, feed, feed.needed(), self.limits)
        _check_header(sheet.header, feed.needed())
        rejects = Rejects(name, self.limits)
        encounters = Encounters(self.tables.get("encounter", [])) if any(one.encounter for one in feed.tables) else None
        lookups = [self._lookup(join) for join in feed.join]
        work = [(mapping, *self._worker(feed, mapping, encounters)) for mapping in feed.tables]
        count = done = 0
        for chunk in sheet.chunks():
            count += len(chunk.numbers) + sum(problem.effect is Effect.ROW for _, problem in chunk.problems)
            for number, problem in chunk.problems:
                rejects.add(problem, str(number))
            self.corrections.apply(name, chunk, {column: place for place, column in enumerate(sheet.header)})
            rows = _by_column(sheet.header, chunk)
            for join, lookup in zip(feed.join, lookups, strict=True):
                rows.columns |= _joined(rows, join, lookup)
            for mapping, mapper, builder in work:
                mapped = mapper.map(rows)
                builder.add_columns(mapped.columns, source_ids=mapped.keys, places=mapped.numbers)
                _reject(rejects, mapping, builder.take_problems())
            self.progress.advance(name, sheet.position() - done)
            done = sheet.position()
        kept: set[int] = set()
        finished = [(mapping, builder.finish()) for mapping, _, builder in work]
        for (mapping, built), (_, _, builder) in zip(finished, work, strict=True):
            kept.update(builder.places)
            _reject(rejects, mapping, built.problems)
        # Only now: a file with too many rejects is set aside as a whole.
        for mapping, built in finished:
            self.tables[mapping.table].append(built.table)
        self.rejects.extend(rejects.finished())
        self._report(feed, name, sheet, count, len(kept))

    def _worker(self, feed: Feed, mapping: Mapping, encounters: Encounters | None) -> tuple[Mapper, Builder]:
        builder = Builder(
            TABLES[mapping.table],
            source=feed.source,
            received_at=self.received_at,
            zone=self.profile.times.convert_to,
            later_corrects=mapping.later_corrects,
        )
        return Mapper(self.profile, mapping, encounters), builder

    def _report(self, feed: Feed, name: str, sheet: Sheet, count: int, kept: int) -> None:
        needed = feed.needed()
        extra = (
            tuple(sheet.extra) if isinstance(sheet, Lines) else tuple(n for n in sheet.header if n and n not in needed)
        )
        if isinstance(sheet, Lines) and count:
            self.rejects.extend(_never_seen(name, field) for field in sorted(sheet.never_seen) if not needed[field])
        if count == 0:
            self.rejects.append(_no_rows(name))
        self.files.append(FileRead(name, "files", sheet.encoding, count, kept, extra))

    def _lookup(self, join: Join) -> dict[tuple[str, ...], list[Any]]:
        """Return the columns of the other files by their key; read once, however many files ask for them."""
        key = (join.files, (*join.on.values(), "|", *join.columns))
        if key not in self.joined:
            self.joined[key] = {}
            for path in files_of(self.folder, join.files):
                self._fill_lookup(join, path, self.joined[key])
        return self.joined[key]

    def _fill_lookup(self, join: Join, path: Path, lookup: dict[tuple[str, ...], list[Any]]) -> None:
        needed = dict.fromkeys([*join.on.values(), *join.columns], False)
        name = path.relative_to(self.folder).as_posix()
        try:
            sheet = _open(path, Feed.model_construct(), needed, self.limits)
            _check_header(sheet.header, needed)
            clashing: dict[tuple[str, ...], int] = {}
            for chunk in sheet.chunks():
                rows = _by_column(sheet.header, chunk)
                cells = zip(*(rows.columns[column] for column in join.columns), strict=True)
                for number, key, values in zip(rows.numbers, _keys(rows, list(join.on.values())), cells, strict=True):
                    if lookup.setdefault(key, list(values)) != list(values):
                        clashing[key] = number
            for key, number in clashing.items():
                del lookup[key]
                self.rejects.append(Reject.of(_many_for_one(key), name, str(number)))
        except Unreadable as problem:
            self.rejects.append(problem.reject(name))


def _open(path: Path, feed: Feed, needed: dict[str, bool], limits: Limits) -> Sheet:
    deadline = limits.deadline()
    suffixes = path.name.lower().removesuffix(".gz")
    if suffixes.endswith(".xlsx"):
        if path.suffix == ".gz":
            raise Unreadable("wrong_type", "XLSX 不需要再用 gzip 压缩", "请直接提供 .xlsx 文件")
        return Spreadsheet(path, limits, deadline, feed.sheet, feed.header_row)
    opened = opener(path, limits, deadline)
    if suffixes.endswith((".ndjson", ".jsonl", ".json")):
        return Lines(opened, limits, list(needed))
    if not suffixes.endswith(_TABULAR):
        raise Unreadable(
            "wrong_type", "不是可读取的表格文件", "请导出为 .csv、.tsv、.xlsx 或 .ndjson（可再压缩为 .gz）"
        )
    return Delimited(
        opened,
        limits,
        lambda header: sum(name in needed for name in header),
        stated_encoding=feed.encoding,
        delimiter=feed.delimiter,
        header_row=feed.header_row,
    )


def _check_header(header: list[str], needed: dict[str, bool]) -> None:
    twice = sorted({name for name in header if name in needed and header.count(name) > 1})
    if twice:
        raise Unreadable(
            "repeated_column", f"表头中“{'、'.join(twice)}”出现多次，无法确定用哪一列", "请核对导出语句中的列名"
        )
    missing = [name for name, optional in needed.items() if not optional and name not in header]
    if missing:
        raise Unreadable(
            "missing_column",
            f"缺少接入方案要用的列：{'、'.join(map(_with_nearest(header), missing))}",
            "请恢复列名，或修改接入方案；确实可以没有的列，请在接入方案中写明 optional: true",
            f"现有列：{'、'.join(name or '（空）' for name in header[:60])}",
        )


def _with_nearest(header: list[str]) -> Any:
    def named(name: str) -> str:
        near = nearest(name, [other for other in header if other])
        return f"{name}（是否改名为“{near}”？）" if near else name

    return named


def _by_column(header: list[str], chunk: Chunk) -> Rows:
    cells: Iterator[tuple[Any, ...]] = zip(*chunk.rows, strict=True) if chunk.rows else iter([()] * len(header))
    return Rows({name: list(column) for name, column in zip(header, cells, strict=True) if name}, chunk.numbers)


def _keys(rows: Rows, columns: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*([str(cell).strip() for cell in rows.columns[name]] for name in columns), strict=True)


def _joined(rows: Rows, join: Join, lookup: dict[tuple[str, ...], list[Any]]) -> dict[str, list[Any]]:
    nothing = [None] * len(join.columns)
    found = [lookup.get(key, nothing) for key in _keys(rows, list(join.on))]
    return {name: [values[at] for values in found] for at, name in enumerate(join.columns)}


def _reject(rejects: Rejects, mapping: Mapping, problems: list[tuple[int, Problem]]) -> None:
    for number, problem in problems:
        rejects.add(problem, str(number), _source_column(mapping, problem.column))


def _source_column(mapping: Mapping, column: str) -> str:
    """Return the file's own name for what a canonical column was made from."""
    base = column.removesuffix("_precision")
    if base in ("value_number", "value_text", "comparator") and base not in mapping.columns:
        base = "value"
    stated = mapping.columns.get(base)
    if stated and stated.sources:
        return "、".join(stated.sources)
    if column == "encounter_id" and mapping.encounter:
        return mapping.encounter.patient
    if column == "source_id":
        return "、".join(mapping.key_columns or ())
    return column


def _no_file(feed: Feed) -> Reject:
    remedy = "请核对文件名与所在文件夹，或修改接入方案中的 files"
    return Reject.of_file(feed.files, "no_file", f"没有符合“{feed.files}”的文件", remedy)


def _no_rows(name: str) -> Reject:
    return Reject.of_file(name, "no_rows", "只有表头，没有数据行", "请核对导出任务的时间范围")


def _never_seen(name: str, field: str) -> Reject:
    reason = f"所有行都没有接入方案要用的字段“{field}”"
    return Reject.of_file(
        name, "missing_column", reason, "请核对导出字段；可以没有的，请在接入方案中写明 optional: true"
    )


def _many_for_one(key: tuple[str, ...]) -> Problem:
    reason = "被关联的文件对同一主键有多行不同的值，无法确定用哪一行"
    return Problem("repeated_key", "", "/".join(key), reason, "请核对被关联的文件")
