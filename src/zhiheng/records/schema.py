"""The canonical tables, written once: what every column means, its unit and an example.

Everything that touches records follows from this file: readers map into these tables, profiles are checked
against them, the fill and find queries read them, and `docs/reference/records.md` is printed from them.

Times are the hospital's local time without zone. A time column `x_time` is always followed by
`x_time_precision` ('date', 'minute' or 'second'): a date is stored at 00:00 and says so, so that nobody
takes it for midnight. `received_at` alone is a system time, in UTC.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

TEXT = pa.string()
NUMBER = pa.float64()
COUNT = pa.int32()
FLAG = pa.bool_()
DATE = pa.date32()
TIME = pa.timestamp("s")
SYSTEM_TIME = pa.timestamp("us", tz="UTC")
TEXTS = pa.list_(pa.string())

PRECISIONS = ("date", "minute", "second")


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, what it means, its unit and an example value as text."""

    name: str
    type: pa.DataType
    meaning: str
    example: str
    unit: str = ""
    values: tuple[str, ...] = ()  # the closed list of values, where there is one
    required: bool = False  # a row without it cannot stand
    personal: bool = False  # says who a patient or a member of staff is: encrypted at rest, masked on pages
    free_text: bool = False  # written freely, so that it may name or quote anybody: encrypted at rest

    def field(self) -> "pa.Field[Any]":
        """Return the Arrow field, its documentation in the metadata."""
        said = {"meaning": self.meaning, "unit": self.unit, "example": self.example}
        return pa.field(self.name, self.type, nullable=not self.required, metadata=said)


@dataclass(frozen=True)
class Table:
    """One canonical table. `key` names the columns that its natural key is made of when a source gives none."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    needs_one_of: tuple[str, ...] = ()  # a row without any of these cannot stand

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([column.field() for column in self.columns], metadata={"meaning": self.meaning})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return a column by name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def _text(name: str, meaning: str, example: str, **more: Any) -> Column:
    return Column(name, TEXT, meaning, example, **more)


def _number(name: str, meaning: str, example: str, unit: str = "", **more: Any) -> Column:
    return Column(name, NUMBER, meaning, example, unit, **more)


def _time(name: str, meaning: str, example: str = "2025-03-02 14:05", **more: Any) -> tuple[Column, Column]:
    precision = Column(f"{name}_precision", TEXT, f"How exactly {name} is known", "minute", values=PRECISIONS)
    return Column(name, TIME, meaning, example, **more), precision


# Where a row came from: enough to find the very row again that proves a value.
ORIGIN = (
    _text("source", "The feed that the row came from, as its profile names it", "frontpage", required=True),
    _text("source_id", "The row's natural key in that feed", "ZY0001/3", required=True),
    Column(
        "record_version", COUNT, "1 for the first version of the row, one more for each correction", "1", required=True
    ),
    Column("received_at", SYSTEM_TIME, "When Zhiheng received this version", "2025-03-12T01:30:00Z", required=True),
)
OF_PATIENT = (_text("patient_id", "The patient number of the source", "P10021", required=True, personal=True),)
OF_ENCOUNTER = (_text("encounter_id", "The visit that the row belongs to", "ZY0001", required=True),)
# A record without a visit (an allergy, an old illness, a prescription of another clinic) belongs to the patient alone.
OF_VISIT_OR_PATIENT = (
    _text("encounter_id", "The visit that the row belongs to; empty for what belongs to the patient alone", "ZY0001"),
    _text(
        "patient_id",
        "The patient number, where the source gives it with the row; needed where there is no visit",
        "P10021",
        personal=True,
    ),
)
VISIT_OR_PATIENT = ("encounter_id", "patient_id")
CODED = (
    _text("code", "The code as the source wrote it, trimmed", "I21.100x001"),
    _text("code_system", "The code system", "ICD-10"),
    _text("code_edition", "The edition of the code system", "国家临床版2.0"),
    _text("name", "The name as the source wrote it", "急性ST段抬高型下壁心肌梗死"),
)
CODINGS = (
    Column(
        "codings",
        TEXTS,
        "Every code that the source gave, as system|code, the chosen one among them",
        "[http://snomed.info/sct|401303003]",
    ),
)
ONGOING = (
    Column(
        "ongoing",
        FLAG,
        "True where the source gives a beginning and says by leaving the end open that it is still going on",
        "false",
    ),
)
TERMS = (Column("terms", TEXTS, "Terms that the hospital's profile gives this local code or name", "[aspirin]"),)

CLASSES = ("inpatient", "outpatient", "emergency", "day_surgery")
DISCHARGE_MODES = ("home", "transfer", "transfer_community", "against_advice", "died", "other")
ADMIT_ROUTES = ("emergency", "outpatient", "transfer", "other")
PAYMENTS = (
    "urban_employee",
    "urban_resident",
    "rural_cooperative",
    "poverty_relief",
    "commercial",
    "public",
    "self_pay",
    "other_social",
    "other",
)

PATIENT = Table(
    "patient",
    "A patient number of one source. Which numbers are one person is said by `patient_link`",
    (
        *OF_PATIENT,
        _text("organisation", "The organisation that issued the number", "12340000485001"),
        _text("name", "Name", "张三", personal=True),
        _text("sex", "Sex", "male", values=("male", "female", "unknown")),
        Column("birth_date", DATE, "Date of birth", "1958-07-16", personal=True),
        _text("id_kind", "Kind of identity document", "resident_identity_card"),
        _text("id_number", "Number of the identity document", "11010519491231002X", personal=True),
        _text("phone", "Telephone number", "13800000000", personal=True),
        _text("address", "Address", "幸福路1号", personal=True),
        _text("marital_status", "Marital status, as coded by the source", "2"),
        _text("occupation", "Occupation, as coded by the source", "31"),
        _text("ethnicity", "Ethnic group, as coded by the source", "01"),
        _text("nationality", "Nationality", "CHN"),
        Column("death_date", DATE, "Date of death, where known", "2025-03-09", personal=True),
        *ORIGIN,
    ),
)

PATIENT_LINK = Table(
    "patient_link",
    "An event that joins or parts two patient numbers. Persons follow from these events in their order",
    (
        _text("patient_id", "One patient number", "P10021", required=True, personal=True),
        _text("other_patient_id", "The other patient number", "P20877", required=True, personal=True),
        _text("event", "What happened", "merge", values=("link", "merge", "unmerge"), required=True),
        *_time("event_time", "When the source says that it happened", required=True),
        _text("reason", "Why", "同一身份证号", free_text=True),
        *ORIGIN,
    ),
)

ENCOUNTER = Table(
    "encounter",
    "A visit: an admission, an outpatient or emergency visit, a day surgery",
    (
        *OF_ENCOUNTER,
        *OF_PATIENT,
        _text("organisation", "Organisation code", "12340000485001"),
        _text("campus", "Campus", "东院区"),
        _text("encounter_class", "Kind of visit", "inpatient", values=CLASSES, required=True),
        _text("record_number", "Number of the medical record (病案号)", "00123456", personal=True),
        Column("visit_number", COUNT, "The patient's how-many-eth visit of this class", "2"),
        _text("part_of_encounter_id", "The visit that this one led to or belongs to", "ZY0001"),
        _text("admit_department_code", "Department at admission, code", "03.04"),
        _text("admit_department", "Department at admission, name", "心血管内科"),
        _text("department_code", "Department at discharge, code", "03.04"),
        _text("department", "Department at discharge, name", "心血管内科"),
        _text("ward", "Ward at discharge", "心内二病区"),
        _text("admit_route", "How the patient came in", "emergency", values=ADMIT_ROUTES),
        _text(
            "transport",
            "How the patient reached the hospital",
            "ambulance",
            values=("ambulance", "taxi", "private_car", "other"),
        ),
        *_time("onset_time", "Onset of the disease or symptoms"),
        *_time("arrive_time", "Arrival at the emergency or outpatient department"),
        *_time("admit_time", "Admission to the ward, or start of the visit"),
        *_time("discharge_time", "Discharge, or end of the visit"),
        _text("discharge_mode", "How the patient left", "home", values=DISCHARGE_MODES),
        _text("transferred_to", "Where the patient was transferred to", "市第一医院", free_text=True),
        Column("readmission_planned", FLAG, "Whether a readmission within 31 days is planned", "false"),
        _text("readmission_purpose", "Purpose of the planned readmission", "取出内固定", free_text=True),
        Column("length_of_stay_days", COUNT, "Length of stay as the source counts it", "7", "d"),
        _text("payment", "Who pays", "urban_employee", values=PAYMENTS),
        _number("weight_kg", "Weight at admission", "68.5", "kg"),
        _number("height_cm", "Height at admission", "171", "cm"),
        _number("birth_weight_g", "Weight at birth, of a newborn", "3250", "g"),
        _number(
            "age_years",
            "Age at admission as the source states it; used only where the birth date is missing",
            "67",
            "a",
        ),
        _number("ventilator_hours", "Hours on a ventilator", "36", "h"),
        _number("coma_before_admission_hours", "Hours unconscious before admission after a head injury", "2", "h"),
        _number("coma_after_admission_hours", "Hours unconscious after admission after a head injury", "5", "h"),
        Column("deceased", FLAG, "Whether the patient died during the visit", "false"),
        _text("status", "State of the visit", "finished", values=("planned", "in_progress", "finished", "cancelled")),
        _text("class_code", "Kind of visit as the source codes it", "IMP"),
        Column("type_codes", TEXTS, "Types of the visit as the source codes them, as system|code", "[local|急诊留观]"),
        Column(
            "reason_codes", TEXTS, "Reasons for the visit as the source codes them, as system|code", "[ICD-10|R07.4]"
        ),
        _text("discharge_disposition", "How the patient left, as the source codes it, as system|code", "local|5"),
        *ORIGIN,
    ),
)

DIAGNOSIS = Table(
    "diagnosis",
    "A diagnosis of a visit",
    (
        *OF_VISIT_OR_PATIENT,
        *CODED,
        _text(
            "role",
            "What the diagnosis is to the visit",
            "principal",
            values=("principal", "other", "admission", "outpatient", "pathology", "external_cause", "problem"),
        ),
        Column("rank", COUNT, "Place in the list of discharge diagnoses; the principal diagnosis is 1", "1"),
        _text(
            "present_on_admission",
            "Whether it was there on admission",
            "yes",
            values=("yes", "uncertain", "unknown", "no"),
        ),
        _text("outcome", "State at discharge, as coded by the source", "2"),
        *_time("recorded_time", "When it was recorded"),
        *_time("onset_time", "When the illness began"),
        *_time("onset_end_time", "When the beginning was over, where the source gives a period for it"),
        *_time("abatement_time", "When the illness was over"),
        *ONGOING,
        _text(
            "clinical_status",
            "State of the illness, where the source follows it",
            "active",
            values=("active", "recurrence", "relapse", "inactive", "remission", "resolved"),
        ),
        _text(
            "certainty",
            "How sure it is; what was refuted or entered in error is no diagnosis and no row",
            "confirmed",
            values=("confirmed", "provisional", "differential", "unconfirmed"),
        ),
        *CODINGS,
        *TERMS,
        *ORIGIN,
    ),
    needs_one_of=VISIT_OR_PATIENT,
)

PROCEDURE = Table(
    "procedure",
    "An operation or other procedure of a visit",
    (
        *OF_VISIT_OR_PATIENT,
        *CODED,
        _text("role", "Whether it is the principal procedure", "principal", values=("principal", "other")),
        Column("rank", COUNT, "Place in the list of procedures; the principal one is 1", "1"),
        *_time("start_time", "Start (incision)"),
        *_time("end_time", "End (closure)"),
        _number("duration_minutes", "Duration as the source states it", "95", "min"),
        _text("level", "Level of the operation", "3", values=("1", "2", "3", "4")),
        _text("surgeon", "Surgeon", "李四", personal=True),
        _text("anaesthetist", "Anaesthetist", "王五", personal=True),
        _text("anaesthesia", "Anaesthesia, as coded by the source", "01"),
        _text("asa_grade", "ASA grade of the anaesthesia", "2"),
        _text("incision", "Class of the incision", "I", values=("0", "I", "II", "III")),
        _text("healing", "Healing of the incision", "A", values=("A", "B", "C", "other")),
        _number("blood_loss_ml", "Estimated loss of blood", "300", "mL"),
        _text(
            "status",
            "Whether it was done; empty where the source only lists what was done",
            "done",
            values=("done", "not_done", "planned", "in_progress", "stopped", "unknown"),
        ),
        _text("not_done_reason", "Why it was not done", "患者拒绝", free_text=True),
        Column(
            "not_done_reason_codes", TEXTS, "Why it was not done, as system|code", "[http://snomed.info/sct|443390004]"
        ),
        *_time("recorded_time", "When it was recorded, ordered, or decided that it would not be done"),
        *ONGOING,
        *CODINGS,
        *TERMS,
        *ORIGIN,
    ),
    needs_one_of=VISIT_OR_PATIENT,
)

MEDICATION = Table(
    "medication",
    "A drug that was ordered, given, or prescribed for home",
    (
        *OF_VISIT_OR_PATIENT,
        *CODED,
        _text(
            "kind",
            "Ordered, given, or taken home",
            "administration",
            values=("order", "administration", "discharge", "home"),
        ),
        _text("order_id", "The order that an administration belongs to", "YZ900321"),
        _number("dose", "One dose", "300", "see dose_unit"),
        _text("dose_unit", "Unit of the dose", "mg"),
        _text("route", "Route, as the source names it", "口服"),
        _text("frequency", "Frequency, as the source names it", "qd"),
        *_time("start_time", "When it was given, or the order began"),
        *_time("end_time", "When it ended"),
        Column(
            "not_given",
            FLAG,
            "True for a record that the drug was not ordered or given: never counts as given",
            "false",
        ),
        _text("not_given_reason", "Why not", "胃出血", free_text=True),
        _text(
            "status",
            "State of the order or the giving",
            "done",
            values=("planned", "active", "done", "stopped", "cancelled"),
        ),
        Column("not_given_reason_codes", TEXTS, "Why not, as system|code", "[http://snomed.info/sct|443390004]"),
        *_time("recorded_time", "When it was ordered or recorded, or decided that it would not be given"),
        *ONGOING,
        *CODINGS,
        *TERMS,
        *ORIGIN,
    ),
    needs_one_of=VISIT_OR_PATIENT,
)

OBSERVATION = Table(
    "observation",
    "A laboratory result, vital sign, score or other observation",
    (
        *OF_VISIT_OR_PATIENT,
        *CODED,
        _text(
            "category",
            "Kind of observation",
            "laboratory",
            values=("laboratory", "vital_sign", "score", "social", "other"),
        ),
        _number("value_number", "The value, where it is a number", "2.35", "see unit"),
        _text("value_text", "The value as text, where it is not a number", "阳性", free_text=True),
        _text("comparator", "Where the value is a bound: which", "<", values=("<", "<=", ">", ">=")),
        _text("unit", "Unit of the value as the source wrote it", "ng/mL"),
        _text("abnormal", "Flag against the reference range", "H"),
        *_time("time", "When the specimen was taken or the sign observed"),
        *_time("reported_time", "When the result was reported"),
        Column("not_done", FLAG, "True for a record that it was not done", "false"),
        _text("not_done_reason", "Why not", "患者拒绝", free_text=True),
        *_time("end_time", "When it ended, where it was observed over a period that began at time"),
        *ONGOING,
        Column(
            "value_codes", TEXTS, "The value, where it is coded, as system|code", "[http://snomed.info/sct|373066001]"
        ),
        *CODINGS,
        *TERMS,
        *ORIGIN,
    ),
    needs_one_of=VISIT_OR_PATIENT,
)

EXAM = Table(
    "exam",
    "An examination with a report: ECG, imaging, echocardiography, endoscopy, pathology",
    (
        *OF_VISIT_OR_PATIENT,
        *CODED,
        _text(
            "modality",
            "Kind of examination",
            "ecg",
            values=("ecg", "echo", "ultrasound", "ct", "mr", "xray", "angiography", "endoscopy", "pathology", "other"),
        ),
        _text("body_site", "Part of the body", "头颅"),
        *_time("order_time", "When it was ordered"),
        *_time("time", "When it was done"),
        *_time("reported_time", "When it was reported"),
        _text("findings", "What was seen", "Ⅱ、Ⅲ、aVF导联ST段抬高", personal=True),
        _text("conclusion", "Conclusion", "急性下壁心肌梗死", personal=True),
        Column("not_done", FLAG, "True for a record that it was not done", "false"),
        _text("not_done_reason", "Why not", "患者拒绝", free_text=True),
        *CODINGS,
        *TERMS,
        *ORIGIN,
    ),
    needs_one_of=VISIT_OR_PATIENT,
)

NOTE = Table(
    "note",
    "A text of the medical record",
    (
        *OF_VISIT_OR_PATIENT,
        _text(
            "kind",
            "Kind of text",
            "admission",
            values=("admission", "progress", "operation", "discharge", "consent", "nursing", "consultation", "other"),
        ),
        _text("title", "Title", "首次病程记录", free_text=True),
        *_time("time", "Time of the text"),
        _text("author", "Author", "赵六", personal=True),
        _text("text", "The text", "Killip分级Ⅱ级", personal=True),
        *ORIGIN,
    ),
    needs_one_of=VISIT_OR_PATIENT,
)

ALLERGY = Table(
    "allergy",
    "An allergy, an intolerance or an unwanted effect of a substance: a reason not to give it",
    (
        *OF_VISIT_OR_PATIENT,
        *CODED,
        _text(
            "kind", "Standing allergy or a single event", "allergy", values=("allergy", "intolerance", "adverse_event")
        ),
        _text("reaction", "What happened", "皮疹", free_text=True),
        _text("severity", "How bad it was, as the source names it", "severe"),
        _text("clinical_status", "Whether it still holds", "active", values=("active", "inactive", "resolved")),
        *_time("onset_time", "When it began or happened"),
        *_time("end_time", "When it was over"),
        *ONGOING,
        *_time("recorded_time", "When it was recorded"),
        *CODINGS,
        *TERMS,
        *ORIGIN,
    ),
    needs_one_of=VISIT_OR_PATIENT,
)

CHARGE = Table(
    "charge",
    "A sum of money of a visit",
    (
        *OF_ENCOUNTER,
        _text("category", "Category of the front page's fee block, or the hospital's own", "total"),
        _text("name", "Name as the source wrote it", "总费用"),
        _number("amount", "Amount", "28311.20", "CNY"),
        *_time("time", "When it was charged"),
        *ORIGIN,
    ),
)

STAY = Table(
    "stay",
    "A stretch of a visit in one ward or intensive care unit",
    (
        *OF_ENCOUNTER,
        _text("kind", "Ward or intensive care", "icu", values=("ward", "icu")),
        _text("department_code", "Department, code", "03.04"),
        _text("department", "Department, name", "心血管内科"),
        _text("ward", "Ward or unit", "CCU"),
        _text("bed", "Bed", "12"),
        *_time("start_time", "Came in"),
        *_time("end_time", "Went out"),
        Column("type_codes", TEXTS, "Kinds of place as the source codes them, as system|code", "[local|CCU]"),
        *ORIGIN,
    ),
)

STAFF = Table(
    "staff",
    "Who did what for a visit",
    (
        *OF_ENCOUNTER,
        _text(
            "role",
            "What the person was to the visit",
            "attending_physician",
            values=(
                "department_head",
                "chief_physician",
                "attending_physician",
                "resident_physician",
                "responsible_nurse",
                "trainee_physician",
                "intern",
                "coder",
                "quality_physician",
                "quality_nurse",
            ),
        ),
        _text("staff_id", "Code of the person", "1024", personal=True),
        _text("name", "Name of the person", "王建国", personal=True),
        *ORIGIN,
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        PATIENT,
        PATIENT_LINK,
        ENCOUNTER,
        DIAGNOSIS,
        PROCEDURE,
        MEDICATION,
        OBSERVATION,
        EXAM,
        NOTE,
        ALLERGY,
        CHARGE,
        STAY,
        STAFF,
    )
}

# The fee block of the front page, in its order: canonical category, HQMS field, Chinese name.
FEE_CATEGORIES: tuple[tuple[str, str, str], ...] = (
    ("total", "D01", "总费用"),
    ("self_paid", "D09", "自付金额"),
    ("general_service", "D11", "一般医疗服务费"),
    ("general_treatment", "D12", "一般治疗操作费"),
    ("nursing", "D13", "护理费"),
    ("general_other", "D14", "综合医疗服务类其他费用"),
    ("pathology", "D15", "病理诊断费"),
    ("laboratory", "D16", "实验室诊断费"),
    ("imaging", "D17", "影像学诊断费"),
    ("clinical_diagnosis", "D18", "临床诊断项目费"),
    ("nonsurgical_treatment", "D19", "非手术治疗项目费"),
    ("physical_therapy", "D19x01", "其中：临床物理治疗费"),
    ("surgical_treatment", "D20", "手术治疗费"),
    ("anaesthesia", "D20x01", "其中：麻醉费"),
    ("surgery", "D20x02", "其中：手术费"),
    ("rehabilitation", "D21", "康复费"),
    ("tcm_treatment", "D22", "中医治疗费"),
    ("western_drugs", "D23", "西药费"),
    ("antibacterials", "D23x01", "其中：抗菌药物费"),
    ("tcm_patent_drugs", "D24", "中成药费"),
    ("tcm_herbs", "D25", "中草药费"),
    ("blood", "D26", "血费"),
    ("albumin", "D27", "白蛋白类制品费"),
    ("globulin", "D28", "球蛋白类制品费"),
    ("clotting_factor", "D29", "凝血因子类制品费"),
    ("cytokine", "D30", "细胞因子类制品费"),
    ("examination_materials", "D31", "检查用一次性医用材料费"),
    ("treatment_materials", "D32", "治疗用一次性医用材料费"),
    ("surgery_materials", "D33", "手术用一次性医用材料费"),
    ("other", "D34", "其他费"),
)
