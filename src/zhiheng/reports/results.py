"""What a run found, before anything is written: cases with their answers, indicators, rejects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from zhiheng.engine.fill.run import Proposal
from zhiheng.engine.find import Case, Decision, Evidence
from zhiheng.engine.form import Evaluation, Finding
from zhiheng.engine.measure import RESULTS
from zhiheng.packs.loading import Pack, Packs
from zhiheng.records.periods import Period
from zhiheng.sources.base import FileRead, Reject
from zhiheng.sources.profile import Profile


@dataclass(frozen=True)
class Visit:
    """What a list of cases shows of a visit."""

    encounter_id: str
    encounter_class: str
    record_number: str | None
    campus: str | None
    department: str | None
    admit_time: datetime | None
    admit_time_precision: str | None
    discharge_time: datetime | None
    discharge_time_precision: str | None

    @property
    def month(self) -> str:
        return f"{self.discharge_time:%Y-%m}" if self.discharge_time else ""


@dataclass(frozen=True)
class CaseResult:
    """One case: the decision, what records answer, and what is missing or wrong."""

    case: Case
    visit: Visit
    pack: Pack
    evidence: tuple[Evidence, ...] = ()
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    refused: tuple[Mapping[str, Any], ...] = ()
    evaluation: Evaluation | None = None  # None for a case that is out: nobody fills its form
    findings: tuple[Finding, ...] = ()

    def origin(self, code: str) -> str:
        """Return what made a value: `record`, or the form's `sets`, `computed` or `default`.

        Where a rule of the form says the same as the records, the records prove it.
        """
        assert self.evaluation is not None
        proposal = self.proposals.get(code)
        if proposal is not None and proposal.value == self.evaluation.values[code]:
            return "record"
        return self.evaluation.origins.get(code, "record")


@dataclass
class Run:
    """Everything that a run found, before anything is written."""

    profile: Profile
    period: Period | None
    packs: Packs
    files: Sequence[FileRead]
    rejects: Sequence[Reject]
    encounters: int
    cases: list[CaseResult] = field(default_factory=list)
    indicators: pa.Table = field(default_factory=lambda: RESULTS.empty_table())

    def of(self, decision: Decision) -> list[CaseResult]:
        return [each for each in self.cases if each.case.decision is decision]

    def decided(self) -> dict[str, dict[Decision, int]]:
        """Return the number of cases by pack and decision, in the order of the packs."""
        counts: dict[str, dict[Decision, int]] = {}
        for each in self.cases:
            by_decision = counts.setdefault(each.case.pack, dict.fromkeys(Decision, 0))
            by_decision[each.case.decision] += 1
        return counts
