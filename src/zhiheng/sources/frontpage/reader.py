"""Read front page exports: one wide row for each visit, a file at a time, every row accounted for."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from zhiheng.records.build import Builder
from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.records.schema import TABLES
from zhiheng.sources.base import FileRead, Limits, Progress, Reading, Reject, Rejects, Unreadable, files_of
from zhiheng.sources.corrections import Corrections
from zhiheng.sources.files.chunks import Chunk, Sheet
from zhiheng.sources.files.delimited import Delimited
from zhiheng.sources.files.opening import Opened
from zhiheng.sources.files.spreadsheet import Spreadsheet
from zhiheng.sources.frontpage import checks, header
from zhiheng.sources.frontpage.feed import Feed
from zhiheng.sources.frontpage.layout import Layout, Record, load
from zhiheng.sources.frontpage.mapping import Mapper
from zhiheng.sources.frontpage.page import Found, Pages, identify, pages_of
from zhiheng.sources.profile import Profile

# A correction of these is a newer version; of all others the corrected page alone says which rows there are.
_VERSIONED = ("patient", "encounter")


class FrontpageReader:
    """The reader of the front page, in the layouts that `layouts/` describes."""

    name = "frontpage"

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
        """Return the canonical tables of all front page feeds of the profile."""
        reading = Reading()
        for feed in profile.feeds_of(self.name):
            reading.add(_FeedReading(profile, feed, folder, received_at, limits, progress, corrections).read())
        return reading


class _Seen(NamedTuple):
    """A visit that was met before: its content, its stay, and where its newest row stands."""

    content: int
    start: datetime
    end: datetime
    place: tuple[int, int]


@dataclass
class _FeedReading:
    """One feed being read. Visits are compared across all its files."""

    profile: Profile
    feed: Feed
    folder: Path
    received_at: datetime
    limits: Limits
    progress: Progress
    corrections: Corrections | None
    seen: dict[str, _Seen] = field(default_factory=dict)
    corrected: set[str] = field(default_factory=set)
    builders: dict[str, Builder] = field(default_factory=dict)  # of the file being read
    forget: dict[str, _Seen | None] = field(default_factory=dict)  # what was known before this file
    built: dict[str, list[tuple[pa.Table, list[Any]]]] = field(default_factory=lambda: defaultdict(list))
    rejects: list[Rejects] = field(default_factory=list)
    read_files: list[FileRead] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layout: Layout = load(self.feed.layout)
        self.mapper = Mapper(self.layout, self.feed)
        self.records = [one for one in self.layout.records if self.feed.tables is None or one.table in self.feed.tables]

    def read(self) -> Reading:
        reading = Reading()
        paths = list(files_of(self.folder, self.feed.files))
        if not paths:
            reading.rejects.append(_no_file(self.feed))
        for path in paths:
            name = path.relative_to(self.folder).as_posix()
            self.rejects.append(Rejects(name, self.limits))
            self.progress.start(name, path.stat().st_size)
            self.builders, self.forget = {}, {}
            try:
                self._file(path, name)
            except Unreadable as problem:
                self._set_aside(problem.reject(name))
            except OSError as error:
                reason, remedy = f"无法打开：{error.strerror}", "请核对文件权限与磁盘"
                self._set_aside(Reject.of_file(name, "cannot_open", reason, remedy))
            finally:
                self.progress.finish(name)
        reading.tables = {table: self._finish(table, parts) for table, parts in self.built.items()}
        reading.rejects.extend(reject for one in self.rejects for reject in one.finished())
        reading.files = self.read_files
        return reading

    def _file(self, path: Path, name: str) -> None:
        sheet = _open(path, self.feed, self.layout, self.limits)
        places = header.find(sheet.header, self.layout, self.feed.rename)
        self.rejects[-1].made.extend(_lacking(name, self.layout, places))
        used = {place: name for name, place in places.items()}
        own = {name for taken in self.feed.columns.values() for name in taken.fields if name not in self.layout.fields}
        places |= {name: place for place, name in enumerate(sheet.header) if name in own}
        count = kept = done = 0
        for chunk in sheet.chunks():
            count += len(chunk.numbers) + len(chunk.problems)
            kept += self._chunk(chunk, places)
            self.progress.advance(name, sheet.position() - done)
            done = sheet.position()
        for table, builder in self.builders.items():
            self.built[table].append((builder.finish().table, builder.places))
        if count == 0:
            self.rejects[-1].made.append(_no_rows(name))
        unused = tuple(one for place, one in enumerate(sheet.header) if one and place not in used and one not in own)
        self.read_files.append(FileRead(name, "frontpage", sheet.encoding, count, kept, unused))

    def _set_aside(self, reject: Reject) -> None:
        """Set the whole file aside, and with it what was learnt from its first rows."""
        self.rejects[-1].made.append(reject)
        for visit, before in self.forget.items():
            if before is None:
                self.seen.pop(visit, None)
            else:
                self.seen[visit] = before

    def _chunk(self, chunk: Chunk, places: dict[str, int]) -> int:
        for number, problem in chunk.problems:
            self._report(number, "", problem)
        if self.corrections:
            self.corrections.apply(self.rejects[-1].file, chunk, places)
        pages, blanks = pages_of(chunk.rows, chunk.numbers, places, self.layout)
        self._report_all(blanks, pages)
        standing, hopeless = identify(pages, self.layout)
        self._report_all(hopeless, pages)
        standing = standing.take(self._new(standing, dict(zip(chunk.numbers, chunk.rows, strict=True))))
        if not len(standing):
            return 0
        self._refuse_fields(standing)
        stood = [(len(self.rejects) - 1, number) for number in standing.numbers]
        for record in self.records:
            self._take(record, standing, stood)
        return len(standing)

    def _new(self, pages: Pages, rows: dict[int, list[Any]]) -> list[int]:
        """Return the pages that say something new: not the same again, not another visit under a number in use."""
        kept = []
        for at, visit in enumerate(pages.visits):
            number = pages.numbers[at]
            now = _Seen(
                hash(tuple(rows[number])),
                pages.admitted[at].value,
                pages.discharged[at].value,
                (len(self.rejects) - 1, number),
            )
            before = self.seen.get(visit)
            if before is None or self._corrects(visit, before, now):
                self.forget.setdefault(visit, before)
                self.seen[visit] = now
                kept.append(at)
        return kept

    def _corrects(self, visit: str, before: _Seen, now: _Seen) -> bool:
        where = f"{self.rejects[before.place[0]].file} 第 {before.place[1]} 行"
        if before.content == now.content:
            self._report(now.place[1], self.layout.spec.record_number, _again(visit, where))
            return False
        if now.start > before.end or now.end < before.start:
            self._report(now.place[1], self.layout.spec.visit_number, _another_visit(visit, where))
            return False
        self._report(now.place[1], self.layout.spec.record_number, _correction(visit, where))
        self.corrected.add(visit)
        return True

    def _refuse_fields(self, pages: Pages) -> None:
        found = checks.contradictions(pages, self.layout)
        for at, name, problem in found:
            if problem.effect is Effect.FIELD:
                pages.columns[name][at] = None
        self._report_all(found, pages)

    def _take(self, record: Record, pages: Pages, stood: list[tuple[int, int]]) -> None:
        columns, keys, at = self.mapper.rows(record, pages)
        if not keys:
            return
        self._complete(record, pages, columns, at)
        if record.table == "patient":
            keys = columns["patient_id"]
            del columns["encounter_id"]
        elif record.table == "encounter":
            keys = columns["encounter_id"]
        builder = self._builder(record.table)
        builder.add_columns(columns, source_ids=keys, places=[stood[place] for place in at])
        self._report_built(record, builder)

    def _complete(self, record: Record, pages: Pages, columns: dict[str, list[Any]], at: list[int]) -> None:
        """Add what a record gets beside its own fields."""
        if record.table in ("patient", "encounter"):
            columns["patient_id"] = [pages.patients[place] for place in at]
        if record.table == "encounter":
            columns["admit_time"] = list(pages.admitted)
            columns["discharge_time"] = list(pages.discharged)
            columns |= self.mapper.own(pages)
            for name in ("admit_department", "department"):
                codes = columns.get(f"{name}_code")
                if codes and self.feed.departments and name not in columns:
                    columns[name] = [self.feed.departments.get(str(code)) for code in codes]
        coding = {"diagnosis": self.layout.spec.diagnosis_codes, "procedure": self.layout.spec.procedure_codes}
        said = self.profile.coding.get(record.table) or coding.get(record.table)
        if said and "code" in columns and "code_system" not in columns:
            filled = [code is not None for code in columns["code"]]
            columns["code_system"] = [said.code_system if one else None for one in filled]
            columns["code_edition"] = [said.code_edition if one else None for one in filled]

    def _builder(self, table: str) -> Builder:
        if table not in self.builders:
            zone = self.profile.times.convert_to
            self.builders[table] = Builder(TABLES[table], self.feed.source, self.received_at, zone, later_corrects=True)
        return self.builders[table]

    def _report_built(self, record: Record, builder: Builder) -> None:
        for (_, number), problem in builder.take_problems():
            taken = record.columns.get(problem.column.removesuffix("_precision"))
            self._report(number, taken.fields[0] if taken else problem.column, problem)

    def _finish(self, table: str, parts: list[tuple[pa.Table, list[Any]]]) -> pa.Table:
        """Return a table; of a corrected page only the newest says which diagnoses, procedures and so on there are."""
        whole = pa.concat_tables([one for one, _ in parts])
        if not self.corrected or table in _VERSIONED:
            return whole
        places = [place for _, these in parts for place in these]
        visits = whole.column("encounter_id").to_pylist()
        stands = [
            visit not in self.corrected or self.seen[visit].place == place
            for visit, place in zip(visits, places, strict=True)
        ]
        return whole.filter(pa.array(stands, pa.bool_()))

    def _report_all(self, found: Found, pages: Pages) -> None:
        for at, name, problem in found:
            self._report(pages.numbers[at], name, problem)

    def _report(self, number: int, name: str, problem: Problem) -> None:
        self.rejects[-1].add(problem, str(number), self._named(name))

    def _named(self, name: str) -> str:
        spec = self.layout.fields.get(name)
        return f"{name} {spec.name}" if spec else name


def _open(path: Path, feed: Feed, layout: Layout, limits: Limits) -> Sheet:
    deadline = limits.deadline()
    suffixes = path.name.lower().removesuffix(".gz")
    if path.name.lower().endswith(".xlsx"):
        return Spreadsheet(path, limits, deadline, feed.sheet, feed.header_row)
    if not suffixes.endswith((".csv", ".tsv", ".txt")):
        raise Unreadable("wrong_type", "不是可读取的首页文件", "请导出为 .csv、.tsv 或 .xlsx（文本可再压缩为 .gz）")
    return Delimited(
        Opened(path, limits, deadline),
        limits,
        lambda names: header.known_columns(names, layout),
        stated_encoding=feed.encoding,
        delimiter=feed.delimiter,
        header_row=feed.header_row,
    )


def _no_file(feed: Feed) -> Reject:
    remedy = "请核对文件名与所在文件夹，或修改接入方案中的 files"
    return Reject.of_file(feed.files, "no_file", f"没有符合“{feed.files}”的文件", remedy)


def _no_rows(name: str) -> Reject:
    return Reject.of_file(name, "no_rows", "只有表头，没有数据行", "请核对导出任务的时间范围")


def _lacking(name: str, layout: Layout, places: dict[str, int]) -> list[Reject]:
    """Return a note on the required fields that the file has no column for."""
    fields = [field for field in layout.fields.values() if field.required and field.field not in places]
    if not fields:
        return []
    said = "、".join(f"{field.field} {field.name}" for field in fields)
    reason, remedy = f"没有以下必填项的列：{said}", "请在导出中补上；医院自定的列名请在接入方案中用 rename 对应"
    return [Reject(name, "", "", "", "required_columns_absent", reason, remedy, Effect.NOTED)]


def _again(visit: str, where: str) -> Problem:
    reason = f"与 {where} 完全相同，只计一次"
    return Problem("repeated_row", "", shown(visit), reason, "无需处理；可核对导出条件是否重叠", Effect.NOTED)


def _correction(visit: str, where: str) -> Problem:
    reason = f"同一次住院在 {where} 已出现而内容不同，按更正处理，以本行为准"
    return Problem("corrected_visit", "", shown(visit), reason, "若并非更正，请核对病案号与住院次数", Effect.NOTED)


def _another_visit(visit: str, where: str) -> Problem:
    reason = f"病案号与住院次数和 {where} 相同，住院时间却不重叠，应是另一次住院"
    return Problem("repeated_visit_number", "", shown(visit), reason, "请核对住院次数后重新导出", Effect.ROW)
