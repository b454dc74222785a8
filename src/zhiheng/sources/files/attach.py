"""Find the encounter of a row that knows only its patient and a time."""

from collections import defaultdict
from datetime import datetime, time, timedelta
from typing import NamedTuple

import pyarrow as pa

from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.records.times import Moment
from zhiheng.sources.files.feed import Attach

_BEGINNING, _NEVER = datetime(1, 1, 1), datetime(9999, 12, 31)


class _Stay(NamedTuple):
    id: str
    start: datetime
    end: datetime  # of one that has not ended: the end of time


class Encounters:
    """The encounters of a folder by patient."""

    def __init__(self, tables: list[pa.Table]) -> None:
        self._by_patient: dict[str, list[tuple[str, _Stay]]] = defaultdict(list)
        names = (
            "encounter_id",
            "patient_id",
            "encounter_class",
            "admit_time",
            "discharge_time",
            "discharge_time_precision",
        )
        for table in tables:
            for row in zip(*(table.column(name).to_pylist() for name in names), strict=True):
                encounter, patient, kind, start, end, precision = row
                self._by_patient[patient].append((kind, _Stay(encounter, start or _BEGINNING, _end(end, precision))))

    def find(self, how: Attach, patient: object, moment: Moment | Problem | None) -> str | Problem:
        """Return the one encounter that fits, or why there is none."""
        known = self._by_patient.get(str(patient).strip() if patient is not None else "", [])
        stays = [stay for kind, stay in known if how.classes is None or kind in how.classes]
        if how.by == "patient":
            return _only(stays, patient, "该患者")
        if not isinstance(moment, Moment):
            return _none(patient, "缺少可用的时间，无法确定属于哪次就诊")
        inside = [stay for stay in stays if _overlaps(stay, moment, timedelta(0), timedelta(0))]
        if not inside:
            before, after = timedelta(hours=how.before_hours), timedelta(hours=how.after_hours)
            inside = [stay for stay in stays if _overlaps(stay, moment, before, after)]
        return _only(inside, patient, f"该患者在 {moment.value:%Y-%m-%d %H:%M}")


def _end(end: datetime | None, precision: str | None) -> datetime:
    if end is None:
        return _NEVER
    return datetime.combine(end, time(23, 59, 59)) if precision == "date" else end


def _overlaps(stay: _Stay, moment: Moment, before: timedelta, after: timedelta) -> bool:
    first = moment.value
    last = first + timedelta(days=1, seconds=-1) if moment.precision == "date" else first
    start = stay.start - before if stay.start != _BEGINNING else stay.start
    end = stay.end + after if stay.end != _NEVER else stay.end
    return last >= start and first <= end


def _only(stays: list[_Stay], patient: object, whose: str) -> str | Problem:
    if len(stays) == 1:
        return stays[0].id
    if not stays:
        return _none(patient, f"{whose}没有可对应的就诊")
    found = f"{shown(patient)}：{'、'.join(stay.id for stay in stays[:5])}"
    reason = f"{whose}有 {len(stays)} 次就诊都可对应，无法确定属于哪一次"
    return Problem("ambiguous_encounter", "encounter_id", found, reason, "请在来源中导出就诊号", Effect.ROW)


def _none(patient: object, reason: str) -> Problem:
    remedy = "请核对就诊表是否齐全，或在来源中导出就诊号"
    return Problem("no_encounter", "encounter_id", shown(patient), reason, remedy, Effect.ROW)
