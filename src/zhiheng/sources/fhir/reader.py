"""The FHIR reader: files of a feed -> canonical tables, with every resource accounted for."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from zhiheng.records import schema
from zhiheng.records.build import Builder
from zhiheng.records.problems import Problem
from zhiheng.sources.base import FileRead, Limits, Progress, Reading, Reject, Unreadable, files_of
from zhiheng.sources.corrections import Corrections
from zhiheng.sources.fhir.documents import Broken, Document, Found
from zhiheng.sources.fhir.feed import POINTED_AT, Feed
from zhiheng.sources.fhir.learning import NOT_POINTED_AT, learn
from zhiheng.sources.fhir.references import Index
from zhiheng.sources.fhir.resource import Refused, Resource, Rows
from zhiheng.sources.fhir.resources import (
    allergy,
    condition,
    document,
    encounter,
    medication,
    observation,
    patient,
    procedure,
    report,
)
from zhiheng.sources.profile import Profile

_ABOUT_THE_RESOURCE = {"resourceType", "id", "meta", "text", "language", "contained", "extension", "implicitRules"}
MOST_REJECTS = 100_000  # of one file

MAPPED: dict[str, Callable[[Resource], Rows]] = {
    "AdverseEvent": allergy.event_rows,
    "AllergyIntolerance": allergy.rows,
    "Condition": condition.rows,
    "DiagnosticReport": report.rows,
    "DocumentReference": document.rows,
    "Encounter": encounter.rows,
    "MedicationAdministration": medication.administration_rows,
    "MedicationRequest": medication.request_rows,
    "Observation": observation.rows,
    "Patient": patient.rows,
    "Procedure": procedure.rows,
    "ServiceRequest": procedure.request_rows,
}


@dataclass
class FhirReader:
    """Reads FHIR R4 as JSON: Bundles, NDJSON, single resources, plain or gzipped."""

    name: str = "fhir"

    def read(
        self,
        profile: Profile,
        folder: Path,
        *,
        received_at: datetime,
        limits: Limits,
        progress: Progress,
        corrections: Corrections | None = None,  # of rows and columns, which resources do not have
    ) -> Reading:
        reading = Reading()
        for feed in profile.feeds_of(self.name):
            files = [
                Document(path, path.relative_to(folder).as_posix(), limits) for path in files_of(folder, feed.files)
            ]
            if not files:
                reading.rejects.append(_no_file(feed))
            part = _FeedReading(profile, feed, received_at, progress)
            part.learn(files)
            for file in files:
                reading.add(part.read(file))
        return reading


@dataclass
class _FeedReading:
    """One feed being read: first all files are learnt, then each is mapped."""

    profile: Profile
    feed: Feed
    received_at: datetime
    progress: Progress
    index: Index = field(default_factory=Index)

    def learn(self, files: list[Document]) -> None:
        for file in files:
            try:
                for found in file.resources(NOT_POINTED_AT):
                    if isinstance(found, Found):
                        learn(self._resource(found, file))
            except (Unreadable, OSError):
                continue  # said when the file is read
        self.index.settle()

    def read(self, file: Document) -> Reading:
        self.progress.start(file.name, None)
        mapping = _FileMapping(self, file)
        try:
            for found in self._advancing(file):
                mapping.take(found)
        except Unreadable as problem:
            mapping.rejects.append(problem.reject(file.name))
        except OSError as error:
            rejected = Reject.of_file(file.name, "cannot_open", f"无法打开：{error.strerror}", "请核对文件权限与磁盘")
            mapping.rejects.append(rejected)
        self.progress.finish(file.name)
        return mapping.finish()

    def _advancing(self, file: Document) -> Iterator[Found | Broken]:
        done = 0
        for found in file.resources():
            yield found
            if file.read_bytes - done >= 1 << 20:
                self.progress.advance(file.name, file.read_bytes - done)
                done = file.read_bytes

    def _resource(self, found: Found, file: Document) -> Resource:
        scope = f"{file.name} {found.scope}" if found.scope else ""
        return Resource(found, scope, self.feed, self.index, self.profile.organisation, self.profile.campus)

    def resource(self, found: Found, file: Document) -> Resource:
        return self._resource(found, file)

    def builder(self, table: str) -> Builder:
        return Builder(schema.TABLES[table], self.feed.source, self.received_at, self.profile.times.convert_to)


class _FileMapping:
    """One file being mapped. In the end every resource is a record, left aside by its type, or rejected."""

    def __init__(self, feed: _FeedReading, file: Document) -> None:
        self.feed, self.file = feed, file
        self.builders: dict[str, Builder] = {}
        self.rejects: list[Reject] = []
        self.seen: Counter[str] = Counter()  # mapped resources, by type and id
        self.left: Counter[str] = Counter()  # resources left aside, by type
        self.broken = 0
        self.asked: defaultdict[str, set[str]] = defaultdict(set)  # parts of resources that were looked at, by type
        self.there: defaultdict[str, set[str]] = defaultdict(set)  # and those that were there
        self.unsaid: Counter[str] = Counter()  # rejects beyond those that a person can read, by kind

    def take(self, found: Found | Broken) -> None:
        """Map one resource, or say why not."""
        if isinstance(found, Broken):
            self.broken += 1
            self._reject(found.problem, found.place)
            return
        kind = found.resource["resourceType"]
        if (
            kind in self.feed.feed.ignore
            or kind in POINTED_AT
            or (kind == "ServiceRequest" and self.feed.feed.requests == "ignore")
        ):
            self.left[kind] += 1
        else:
            self._map(self.feed.resource(found, self.file), found.place)

    def _left_aside(self, kind: str) -> bool:
        feed = self.feed.feed
        return kind in feed.ignore or kind in POINTED_AT or (kind == "ServiceRequest" and feed.requests == "ignore")

    def _map(self, resource: Resource, place: str) -> None:
        key = f"{resource.type}/{resource.id}"
        where = f"{place} {key}".strip()
        self.seen[key] += 1
        try:
            rows = list(_mapper(resource)(resource))
        except Refused as refused:
            rows = []
            resource.problems.append(refused.problem)
        for row in rows:
            builder = self.builders.get(row.table) or self.builders.setdefault(row.table, self.feed.builder(row.table))
            builder.add(row.values, source_id=f"{key}#{row.part}" if row.part else key, place=where)
        self.asked[resource.type] |= resource.asked
        self.there[resource.type].update(resource.found.resource)
        for problem in dict.fromkeys(resource.problems):
            self._reject(problem, where)

    def _reject(self, problem: Problem, where: str) -> None:
        if len(self.rejects) < MOST_REJECTS:
            self.rejects.append(Reject.of(problem, self.file.name, where))
        else:
            self.unsaid[problem.kind] += 1

    def _said_in_sum(self) -> list[Reject]:
        reason = "该文件的问题过多，这一类另有若干处未逐条列出"
        return [
            Reject.of_file(self.file.name, kind, reason, "请先处理已列出的问题，再重新读取", f"另有 {count} 处")
            for kind, count in self.unsaid.items()
        ]

    def _unused(self) -> Iterator[str]:
        """Yield the elements of mapped resources that nothing was made of."""
        for kind in sorted(self.there):
            if kind in MAPPED:
                yield from (
                    f"{kind}.{name}" for name in sorted(self.there[kind] - self.asked[kind] - _ABOUT_THE_RESOURCE)
                )

    def finish(self) -> Reading:
        """Return the tables of the file and its account."""
        tables: dict[str, pa.Table] = {}
        kept: set[str] = set()
        for name, builder in self.builders.items():
            built = builder.finish()
            for where, problem in built.problems:
                self._reject(problem, where)
            tables[name] = built.table
            kept.update(str(key).split("#")[0] for key in built.table.column("source_id").to_pylist())
        account = FileRead(
            self.file.name,
            reader="fhir",
            encoding="utf-8",
            rows=self.seen.total() + self.left.total() + self.broken,
            kept=sum(count for key, count in self.seen.items() if key in kept),
            unused_columns=tuple(self._unused()),
            ignored=dict(self.left),
        )
        return Reading(tables, self.rejects + self._said_in_sum(), [account])


def _no_file(feed: Feed) -> Reject:
    remedy = "请核对文件名与所在文件夹，或修改接入方案中的 files"
    return Reject.of_file(feed.files, "no_file", f"没有符合“{feed.files}”的文件", remedy)


def _mapper(resource: Resource) -> Callable[[Resource], Rows]:
    if not resource.id:
        raise Refused(
            "no_id", f"{resource.type}.id", "", "资源没有 id，无法追溯到来源", "请为每个资源导出 id 或 fullUrl"
        )
    if resource.type not in MAPPED:
        raise Refused(
            "unlisted_type",
            "resourceType",
            resource.type,
            "接入方案没有说明如何处理这一类资源",
            "不需要的类型请列入接入方案的 ignore",
        )
    return MAPPED[resource.type]


reader = FhirReader()
