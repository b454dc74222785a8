"""What a profile says about a FHIR source: which identifiers and codes are the hospital's, and what its codes mean."""

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from zhiheng.lib.models import Spec
from zhiheng.lib.suggest import did_you_mean
from zhiheng.records.schema import TABLES
from zhiheng.sources import profile

# How each type is read stands in `resources`; these give names and codes to others and make no records of their own.
POINTED_AT = ("Location", "Organization", "Practitioner", "PractitionerRole", "Medication")


class Identifier(Spec):
    """Where a number is found. The first way that gives one is taken."""

    systems: list[str] = Field(default=[], description="Identifier systems, the best first")
    types: list[str] = Field(default=[], description="Identifier type codes of HL7 v2-0203, the best first: MR, VN")
    resource_id: bool = Field(default=False, description="Last of all, the id of the resource itself")


class Identifiers(Spec):
    """Which identifiers the canonical numbers are."""

    patient_id: Identifier = Field(default=Identifier(resource_id=True), description="The patient number")
    encounter_id: Identifier = Field(default=Identifier(resource_id=True), description="The number of the visit")
    record_number: Identifier = Field(default=Identifier(), description="病案号, of the patient or of the visit")
    order_id: Identifier = Field(default=Identifier(resource_id=True), description="The number of a medication order")
    id_number: Identifier = Field(default=Identifier(), description="The resident identity card")


class System(Spec):
    """What a code system is called in the records."""

    name: str = Field(description="ICD-10, ICD-9-CM-3, LOINC, or a name of the hospital's own")
    edition: str | None = Field(None, description="Edition, where the coding says no version")


class Stays(Spec):
    """How locations become stays."""

    icu_types: list[str] = Field(default=[], description="Codes of Location.type that mean intensive care")
    icu_names: list[str] = Field(default=[], description="Patterns of names that mean intensive care: ICU, CCU, 重症")
    icu_classes: list[str] = Field(default=[], description="Codes in Encounter.classHistory that mean intensive care")
    levels: dict[str, Literal["department", "ward", "room", "bed", "other"]] = Field(
        default={}, description="What a location is, by the code of its physicalType"
    )
    names: dict[str, Literal["department", "ward", "room", "bed", "other"]] = Field(
        default={},
        description="What a location is, by pattern of its name, where no Location resource says it",
    )

    @field_validator("icu_names", "names")
    @classmethod
    def _patterns_compile(cls, value: Any) -> Any:
        for pattern in value:
            re.compile(pattern)
        return value


class Feed(profile.Feed):
    """FHIR R4 resources. Maps translate the source's codes to the closed lists of the records."""

    identifiers: Identifiers = Field(default=Identifiers(), description="Which identifiers the canonical numbers are")
    unresolved: Literal["refuse", "trust"] = Field(
        default="refuse",
        description="A reference to a patient or visit that the feed does not hold: refuse it, or trust the id that it"
        " names (for exports of changes only, where the numbers are resource ids)",
    )
    codes: dict[str, list[str]] = Field(
        default={}, description="By table: which coding becomes the record's code, by system, the best first"
    )
    systems: dict[str, System] = Field(default={}, description="By system address: what the records call it")
    ignore: list[str] = Field(default=[], description="Resource types that are deliberately not read")
    requests: Literal["ignore", "procedure"] = Field(
        default="ignore", description="ServiceRequest: left aside, or a planned procedure (refused ones: not done)"
    )
    classes: dict[str, str] = Field(default={}, description="Encounter.class to encounter_class")
    department: list[Literal["serviceType", "location", "serviceProvider"]] = Field(
        default=["serviceType", "location", "serviceProvider"],
        description="Where the department is taken from, the best first",
    )
    admit_route: dict[str, str] = Field(default={}, description="Admit source to admit_route")
    discharge_mode: dict[str, str] = Field(
        default={}, description="hospitalization.dischargeDisposition to discharge_mode"
    )
    diagnosis_use: dict[str, Literal["discharge", "other", "admission", "outpatient", "pathology"]] = Field(
        default={}, description="Encounter.diagnosis.use; of the discharge diagnoses the one of rank 1 is the principal"
    )
    reason: Literal["ignore", "admission", "outpatient"] = Field(
        default="ignore", description="Encounter.reasonCode: left in the visit, or also a diagnosis of this role"
    )
    medication_kind: dict[str, str] = Field(default={}, description="MedicationRequest.category to kind; none: order")
    observation_category: dict[str, str] = Field(default={}, description="Observation.category to category")
    modality: dict[str, str] = Field(default={}, description="DiagnosticReport.category to modality")
    modality_names: dict[str, str] = Field(
        default={}, description="Patterns of a report's name to modality, before its category"
    )
    note_kind: dict[str, str] = Field(default={}, description="DocumentReference.type to kind")
    performer: dict[str, Literal["surgeon", "anaesthetist"]] = Field(
        default={}, description="Procedure.performer.function to who it is"
    )
    stays: Stays = Field(default=Stays(), description="How locations become stays")

    @field_validator("codes")
    @classmethod
    def _names_tables(cls, value: Any) -> Any:
        for name in value:
            if name not in TABLES:
                raise ValueError(f'unknown table "{name}".{did_you_mean(name, TABLES, kind="Tables")}')
        return value

    @field_validator("modality_names")
    @classmethod
    def _patterns_compile(cls, value: Any) -> Any:
        for pattern in value:
            re.compile(pattern)
        return value

    @field_validator(
        "classes",
        "admit_route",
        "discharge_mode",
        "medication_kind",
        "observation_category",
        "modality",
        "modality_names",
        "note_kind",
    )
    @classmethod
    def _maps_to_known_values(cls, value: dict[str, str], info: Any) -> dict[str, str]:
        table, column = _MAPPED[info.field_name]
        allowed = TABLES[table].column(column).values
        for code, meaning in value.items():
            if meaning not in allowed:
                hint = did_you_mean(meaning, allowed, kind="Values")
                raise ValueError(f'"{code}" maps to "{meaning}", which is no {column}.{hint}')
        return value


_MAPPED = {
    "classes": ("encounter", "encounter_class"),
    "admit_route": ("encounter", "admit_route"),
    "discharge_mode": ("encounter", "discharge_mode"),
    "medication_kind": ("medication", "kind"),
    "observation_category": ("observation", "category"),
    "modality": ("exam", "modality"),
    "modality_names": ("exam", "modality"),
    "note_kind": ("note", "kind"),
}
