"""The front page of a visit as one line of the national interface: 811 fields, then the hospital's own six."""

from zhiheng.sources.demo.catalogue import HOSPITAL, ORGANISATION
from zhiheng.sources.demo.fees import FIELDS, yuan
from zhiheng.sources.demo.visit import Diagnosis, Operation, Visit
from zhiheng.sources.frontpage.layout import load

GROUPS = 40  # other diagnoses, and other procedures

OWN = ("院区", "发病日期时间", "到院日期时间", "到院交通工具", "入院体重kg", "身高cm")
OFFICIAL: tuple[str, ...] = tuple(load("hqms").fields)
HEADER = ",".join((*OFFICIAL, *OWN))

_NO_DIAGNOSES = [",-" * (4 * (GROUPS - n)) for n in range(GROUPS + 1)]
_NO_OPERATIONS = [",-" * (12 * (GROUPS - n)) for n in range(GROUPS + 1)]
_NO_OPERATION = "-,-,-,-,-,-,-,-,-,-,-,-"
_NO_ICU = [",-" * (3 * (5 - n)) for n in range(6)]
_SEX = {"male": "1", "female": "2"}


def line(visit: Visit) -> str:
    """Return the front page of `visit` as one CSV line."""
    return "".join(
        (
            _person(visit),
            _stay(visit),
            _diagnoses(visit),
            _staff(visit),
            _operations(visit),
            _care(visit),
            _sums(visit),
            _own(visit),
        )
    )


def _person(visit: Visit) -> str:
    who = visit.patient
    second = visit.calendar.second
    return (
        f"{ORGANISATION},{HOSPITAL},{who.record_number},{visit.number},{second(visit.admitted)},{second(visit.discharged)},"
        f"-,{visit.payment},{who.name},{_SEX[who.sex]},{who.born},{visit.age},中国,{'2' if who.married else '1'},"
        f"{'31' if visit.age < 18 else '80' if visit.age >= 60 else '17'},01,1,{who.id_number},"
        f"云江省云江市,云江省,{who.address},"
        f"430000,{who.address},{who.phone},430000,-,-,-,{who.name[:1]}某,1,{who.address},{who.phone},"
    )


def _stay(visit: Visit) -> str:
    department = visit.department
    days = max(1, visit.discharged // 86400 - visit.admitted // 86400)
    moved = "28" if any(code != "1" for code, _, _ in visit.icu) else "-"
    return f"2,{visit.route},{department.code},{department.ward},{moved},{department.code},{department.ward},{days},"


def _diagnoses(visit: Visit) -> str:
    first, *others = visit.diagnoses
    came = visit.admission_diagnosis or first
    listed = "".join(map(_diagnosis, others[:GROUPS]))
    pathology = ",".join(visit.pathology) if visit.pathology else "-,-,-"
    cause = f"{visit.external_cause.code},{visit.external_cause.name}" if visit.external_cause else "-,-"
    allergy = "1,-" if visit.allergy == "-" else f"2,{visit.allergy}"
    return (
        f"{came.code},{came.name},2,{came.code},{came.name},{visit.calendar.date(visit.admitted)},"
        f"{first.code},{first.name},{first.present},{first.outcome}{listed}{_NO_DIAGNOSES[min(len(others), GROUPS)]},"
        f"{pathology},-,-,-,-,-,-,{cause},{allergy},1,1,1,"
    )


def _diagnosis(diagnosis: Diagnosis) -> str:
    return f",{diagnosis.code},{diagnosis.name},{diagnosis.present},{diagnosis.outcome}"


def _staff(visit: Visit) -> str:
    doctors, nurses = visit.department.physicians, visit.department.nurses
    listed = ",".join(f"{person.code},{person.name}" for person in (*doctors[:4], nurses[0]))
    autopsy = "2" if visit.mode == "5" else "-"
    checked = f"{doctors[4].name},{nurses[1].name},{visit.calendar.date(visit.discharged)}"
    return f"{listed},-,-,病案室甲,1,{checked},{autopsy},2,2,"


def _operations(visit: Visit) -> str:
    if not visit.operations:
        return _NO_OPERATION + _NO_OPERATIONS[0]
    listed = ",".join(_operation(visit, operation) for operation in visit.operations[: GROUPS + 1])
    return listed + _NO_OPERATIONS[min(len(visit.operations) - 1, GROUPS)]


def _operation(visit: Visit, operation: Operation) -> str:
    doctors = visit.department.physicians
    anaesthetist = visit.department.physicians[4].name if operation.anaesthesia != "-" else "-"
    return (
        f"{operation.code},{operation.name},{visit.calendar.second(operation.start)},{operation.level},"
        f"{operation.minutes / 60:.2f},{doctors[1].name},{doctors[2].name},{doctors[3].name},{operation.healing},"
        f"{operation.anaesthesia},{operation.asa},{anaesthetist}"
    )


def _care(visit: Visit) -> str:
    blood = f"0,{visit.red_cells:.1f},0,{visit.plasma},0,0" if visit.fees["D26"] else "-,-,-,-,-,-"
    days_old = visit.admitted // 86400 - (visit.patient.born - visit.calendar.first).days if visit.age == 0 else "-"
    newborn = visit.newborn_weight or "-"
    before, after = visit.coma
    stays = "".join(
        f",{code},{visit.calendar.second(start)},{visit.calendar.second(end)}" for code, start, end in visit.icu[:5]
    )
    plan = f"2,{visit.readmission}" if visit.readmission else "1,-"
    return (
        f",0,{min(3, visit.discharged // 86400 - visit.admitted // 86400)},0,0,{blood},{days_old},{newborn},-,-,-,-,-,"
        f"{before // 1440},{before % 1440 // 60},{before % 60},{after // 1440},{after % 1440 // 60},{after % 60},"
        f"{visit.ventilator_hours or '-'}{stays}{_NO_ICU[len(visit.icu[:5])]},{plan},"
        f"{visit.mode},{visit.transferred_to},"
    )


def _sums(visit: Visit) -> str:
    return ",".join([yuan(visit.fees[name]) for name in FIELDS])


def _own(visit: Visit) -> str:
    minute = visit.calendar.minute
    return (
        f",{visit.department.campus},{minute(visit.onset) if visit.onset is not None else ''},"
        f"{minute(visit.arrived) if visit.arrived is not None else ''},{visit.transport},"
        f"{visit.weight if visit.weight is not None else ''},{visit.height or ''}"
    )
