"""What the records prove for a case, and the proof of one value: the very rows, as they were when it was found."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from zhiheng.autofill import candidates, naming
from zhiheng.autofill.models import Filling
from zhiheng.autofill.wording import in_words, pattern_in_words
from zhiheng.casefinding.models import Case, Visit
from zhiheng.engine.fill import Rule
from zhiheng.engine.fill.run import REASONS
from zhiheng.ingestion import queries as ingestion
from zhiheng.ingestion.records import MODELS
from zhiheng.packs.loading import Pack
from zhiheng.packversions import queries as packversions
from zhiheng.vault.sealing import blind

AROUND = 160  # letters of the text shown before and after what is quoted


@dataclass(frozen=True)
class Quote:
    """A text with the part that proves the value: `before`, `marked` and `after` together are what is shown."""

    column: str
    before: str
    marked: str
    after: str


@dataclass(frozen=True)
class Shown:
    """One column of a record row. `decides`: the rule looks at it."""

    name: str
    title: str
    value: str
    decides: bool


@dataclass(frozen=True)
class Evidence:
    """One record row behind a value, opened in the version that was looked at.

    `superseded`: the source has corrected or withdrawn the row since. An absence has no row: `examined` says how many
    rows of the table were looked at, none of which served.
    """

    value: Any
    system: str  # name of the hospital's system
    source: str
    table: str
    table_title: str
    source_id: str
    version: int | None
    newest_version: int | None
    is_retired: bool
    time: str
    excerpt: str
    visit: str  # in which it stands, where that is not simply the case's own
    columns: tuple[Shown, ...]
    quotes: tuple[Quote, ...]
    rule: str
    rule_text: str
    rule_source: str
    candidates: int
    examined: int | None

    @property
    def is_absence(self) -> bool:
        return self.version is None

    @property
    def is_superseded(self) -> bool:
        return self.version is not None and (self.is_retired or self.version != self.newest_version)


@dataclass(frozen=True)
class Candidate:
    """Another value that rows which meet the same conditions would have given."""

    value: Any
    system: str
    table_title: str
    source_id: str
    version: int
    time: str
    excerpt: str
    rows: int
    reason: str  # why it could not be filled; empty: it could


@dataclass(frozen=True)
class Refused:
    """Something that was found for the item and could not be filled, and why."""

    found: str
    reason: str
    system: str
    table_title: str
    source_id: str
    version: int | None
    time: str
    excerpt: str


@dataclass(frozen=True)
class Proof:
    """What one filling says about one item."""

    item: str
    value: Any
    filling: int
    made_at: datetime
    pack: str
    pack_name: str
    pack_version: str
    evidence: tuple[Evidence, ...]
    refused: tuple[Refused, ...]


def newest(case: Case) -> Filling | None:
    return Filling.objects.filter(case=case).order_by("-number").first()


def newest_of(cases: Collection[int]) -> dict[int, Filling]:
    """Return the newest filling of each case."""
    last = Filling.objects.filter(case_id=OuterRef("case_id")).order_by("-number").values("pk")[:1]
    rows = Filling.objects.filter(case_id__in=cases, pk=Subquery(last))
    return {row.case_id: row for row in rows}


def numbered(case: Case, number: int) -> Filling:
    """Return a filling of a case by its number; Filling.DoesNotExist if there is none."""
    return Filling.objects.get(case=case, number=number)


def proof(case: Case, item: str, filling: Filling | None = None) -> Proof | None:
    """Return what a filling (by default the newest) says about an item; None where it says nothing.

    Each row is opened in the version that was looked at then, also when the source has corrected it since.
    """
    found = filling or newest(case)
    if found is None:
        return None
    proposal = found.sealed["proposals"].get(item)
    refused = [each for each in found.sealed["refused"] if each["item"] == item]
    if proposal is None and not refused:
        return None
    version = found.pack_version
    pack = packversions.pack(version)
    values = _values(proposal)
    return Proof(
        item=item,
        value=proposal["value"] if proposal else None,
        filling=found.number,
        made_at=found.made_at,
        pack=version.abbr,
        pack_name=version.name,
        pack_version=version.version,
        evidence=tuple(_evidence(case, pack, value, each) for value, each in values),
        refused=tuple(_refused(each) for each in refused),
    )


def other_candidates(case: Case, item: str, known: Mapping[str, Any]) -> list[Candidate]:
    """Return all values that the rows give which meet the conditions of the item's rules today, the taken one too.

    `known` are the answers of people, which the rules see first.
    """
    pack = packversions.pack(case.pack_version)
    return [
        Candidate(
            value=each["value"],
            system=system_of(each["source"]),
            table_title=title_of(each["table"]),
            source_id=each["source_id"] or "",
            version=each["record_version"] or 0,
            time=each["time"],
            excerpt=each["excerpt"] or "",
            rows=each["candidates"],
            reason=REASONS.get(each["reason"] or "", ""),
        )
        for each in candidates.candidates(case, pack, item, known)
    ]


def _values(proposal: Mapping[str, Any] | None) -> list[tuple[Any, Mapping[str, Any]]]:
    """Return each row of evidence with the value that it proves: one for each option of several."""
    if proposal is None:
        return []
    value, evidence = proposal["value"], proposal["evidence"]
    values = value if isinstance(value, list) and len(value) == len(evidence) else [value] * len(evidence)
    return list(zip(values, evidence, strict=True))


def _evidence(case: Case, pack: Pack, value: Any, said: Mapping[str, Any]) -> Evidence:
    rule = rule_of(pack, said["rule"])
    row, newest_version, retired = _row(said)
    return Evidence(
        value=value,
        system=system_of(said["source"]),
        source=said["source"] or "",
        table=said["table"],
        table_title=title_of(said["table"]),
        source_id=said["source_id"] or "",
        version=said["record_version"],
        newest_version=newest_version,
        is_retired=retired,
        time=said["time"] or "",
        excerpt=said["excerpt"] or "",
        visit=_visit_of(case, row) if row else "",
        columns=_columns(said["table"], row, rule) if row else (),
        quotes=_quotes(row, rule, said["excerpt"]) if row else (),
        rule=said["rule"],
        rule_text=rule_text(rule) if rule else "",
        rule_source=rule.source if rule else "",
        candidates=said["candidates"],
        examined=said["examined"],
    )


def _row(said: Mapping[str, Any]) -> tuple[dict[str, Any] | None, int | None, bool]:
    """Return the row in the version that was looked at, its newest version, and whether the source withdrew it."""
    if said["record_version"] is None:
        return None, None, False
    row = ingestion.row(said["table"], said["source"], said["source_id"], said["record_version"])
    key = blind("record", f"{said['source']}\0{said['source_id']}")
    versions = dict(MODELS[said["table"]].objects.filter(key=key).values_list("record_version", "current"))
    return row, max(versions, default=None), not any(versions.values())


def _visit_of(case: Case, row: Mapping[str, Any]) -> str:
    """Return in which visit a row stands: a patient's year has many, and other rows may be of another."""
    key = blind("encounter", row["encounter_id"]) if row.get("encounter_id") else ""
    if not key or (case.year is None and key == case.encounter_key):
        return ""
    visit = Visit.objects.filter(encounter_key=key).select_related("department").first()
    return naming.visit(visit) if visit else ""


def _columns(table: str, row: Mapping[str, Any], rule: Rule | None) -> tuple[Shown, ...]:
    deciding = rule.columns if rule else frozenset()
    return tuple(
        Shown(name, str(title), value, name in deciding)
        for name, title in naming.COLUMNS.get(table, {}).items()
        if (value := _written(row, name))
    )


def _written(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        form = {"date": "%Y-%m-%d", "second": "%Y-%m-%d %H:%M:%S"}
        return value.strftime(form.get(row.get(f"{name}_precision") or "", "%Y-%m-%d %H:%M"))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(naming.VALUES["yes" if value else "no"])
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(naming.VALUES.get(value, value)) if isinstance(value, str) else str(value)


def _quotes(row: Mapping[str, Any], rule: Rule | None, excerpt: str | None) -> tuple[Quote, ...]:
    if rule is None or rule.pattern is None or not excerpt:
        return ()
    texts = {name: row[name] for name in rule.pattern.within if row.get(name) is not None}
    return quotes(texts, excerpt, rule.pattern.match)


def quotes(texts: Mapping[str, str], excerpt: str, pattern: str) -> tuple[Quote, ...]:
    """Return where in a row's texts the excerpt stands, and within it what the rule's pattern caught.

    The filling reads the columns as one text, so that the excerpt, and what was caught, may reach over several.
    """
    start = "。".join(texts.values()).find(excerpt)
    if start < 0:
        return ()
    caught = re.search(pattern, excerpt)
    begin, end = caught.span() if caught and caught.group() else (0, len(excerpt))
    return tuple(_marked(texts, start + begin, start + end))


def _marked(texts: Mapping[str, str], begin: int, end: int) -> Iterator[Quote]:
    """Yield each column's part of what stands from `begin` to `end` in all of them."""
    before = 0
    for column, text in texts.items():
        first, last = max(begin - before, 0), min(end - before, len(text))
        if first < last:
            yield _quote(column, text, first, last)
        before += len(text) + len("。")


def _quote(column: str, text: str, begin: int, end: int) -> Quote:
    first, last = max(0, begin - AROUND), min(len(text), end + AROUND)
    before = ("…" if first else "") + text[first:begin]
    return Quote(column, before, text[begin:end], text[end:last] + ("…" if last < len(text) else ""))


def _refused(said: Mapping[str, Any]) -> Refused:
    return Refused(
        found=said["found"] or "",
        reason=REASONS.get(said["reason"], said["reason"]),
        system=system_of(said["source"]),
        table_title=title_of(said["table"]),
        source_id=said["source_id"] or "",
        version=said["record_version"],
        time=said["time"] or "",
        excerpt=said["excerpt"] or "",
    )


def rule_of(pack: Pack, rule_id: str) -> Rule | None:
    rules: Iterable[Rule] = pack.fills.plan.rules if pack.fills else ()
    return next((rule for rule in rules if _place(rule.id) == _place(rule_id)), None)


def _place(rule_id: str) -> str:
    """Return a rule's place within its pack: the same files lie in one folder when shipped, in another when stored."""
    path, _mark, name = rule_id.partition("#")
    return "#".join(("/".join(path.split("/")[-2:]), name))


def rule_text(rule: Rule) -> str:
    """Return a rule in words."""
    parts = [str(naming.TAKES[rule.take]), title_of(rule.table)]
    parts += [str(naming.VISITS[rule.visits])] if rule.visits in naming.VISITS else []
    parts += [str(naming.DURING[rule.during])] if rule.during else []
    parts += ["、".join(rule.terms)] if rule.terms else []
    parts += [in_words(rule.where.text, rule.table)] if rule.where else []
    parts += [pattern_in_words(rule.pattern.match)] if rule.pattern else []
    parts += [in_words(rule.value.text, rule.table)] if rule.value else []
    return " · ".join(parts)


def title_of(table: str) -> str:
    return str(naming.TABLES.get(table, table))


def system_of(source: str | None) -> str:
    return ingestion.systems().get(source, source) if source else ""
