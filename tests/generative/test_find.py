"""The set-based search equals a slow and simple one: visit by visit, row by row, on generated records."""

import sys
from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "packs"))
from visits import spec, table

from zhiheng.engine.find import Rules, find, in_order
from zhiheng.engine.language import python
from zhiheng.records.people import person_of, persons

RULES = in_order(
    [
        spec(
            """
criteria:
  stroke: {diagnosis: principal, codes: [I63, I61.0-I61.4]}
  old: {diagnosis: other, codes: [I69.3], visits: this}
  earlier: {diagnosis: any, codes: [I63, I69], visits: earlier}
  lacunar: {diagnosis: principal, codes: [I63.801], names: [腔隙]}
include: stroke
age: {from: 18 years, reason: young}
exclude:
- {id: transferred, reason: t, when: admit_route = 'transfer', if_unknown: ask}
- {id: again, reason: g, when: prior_same_disease and days_since_same_disease <= 30}
- {id: first, reason: f, ask: q, raise: prior_same_disease or old or earlier}
- {id: long, reason: l, when: length_of_stay_days > 90}
- {id: lacunar, reason: c, when: lacunar}
- {id: died, reason: d, when: died and within_24_hours}
""",
            "A",
        ),
        spec(
            """
criteria:
  origin: {diagnosis: first_two, codes: [I11, I63.9]}
  failure: {diagnosis: any, codes: [I50]}
  bypass: {procedure: any, codes: ["36.1"]}
  main: {procedure: principal, codes: ["36.1", "00.7"]}
  acquired: {diagnosis: any, codes: [I80], present_on_admission: true}
include: (origin and failure) or main
age: {from: 18 months, below: 9 years, reason: age}
consider:
- {id: maybe, ask: q, raise: bypass}
exclude:
- {id: acquired, reason: a, when: acquired}
yields_to:
- {id: yields, packs: [A], when: not bypass, reason: y}
""",
            "B",
        ),
        spec(
            """
classes: [inpatient, outpatient]
criteria:
  cancer: {diagnosis: any, codes: [C00-C97]}
  seen: {procedure: any, codes: ["00.7"], visits: earlier}
include: icu or age_years >= 70 or cancer or seen
exclude:
- {id: again, reason: g, when: prior_same_disease and days_since_same_disease <= 30}
yields_to:
- {id: yields, packs: [A, B], reason: y}
""",
            "C",
            valid_from=date(2025, 1, 10),
        ),
    ]
)

# A slow and simple search ----------------------------------------------------------------------------------


def normal(code):
    return (code or "").upper().replace(".", "").replace("*", "").replace("+", "")


def listed(codes, code):
    written = normal(code)
    for entry in codes:
        low, _, high = entry.partition("-")
        low, high = normal(low), normal(high or low)
        if written and low <= written[: len(low)] and written[: len(high)] <= high and len(written) >= len(low):
            return True
    return False


def either(answers):
    answers = list(answers)
    return True if True in answers else None if None in answers else False


def place_of(row):
    role, rank = row["role"], row["rank"]
    if role == "principal" or (role is None and rank == 1):
        return "principal"
    if role is None and rank is None:
        return "unknown"
    if role not in (None, "other"):
        return None
    return "second" if rank == 2 else "later" if rank and rank > 2 else "other"


def meets(criterion, row):
    place = place_of(row)
    if criterion.table == "procedure":
        if row["status"] not in (None, "done"):
            return False
        place = "other" if place in ("second", "later") else place
    if place is None:
        return False
    named = any(name in (row.get("name") or "") for name in criterion.names)
    if not (listed(criterion.listed, row["code"]) or named):
        return False
    sure, perhaps = {
        "principal": ("principal", "unknown"),
        "other": ("second later other", "unknown"),
        "any": ("principal second later other unknown", ""),
        "first_two": ("principal second", "other unknown"),
    }[criterion.position]
    found = True if place in sure.split() else None if place in perhaps.split() else False
    if found is not False and criterion.present_on_admission:
        present = {"yes": True, "no": False}.get(row["present_on_admission"])
        found = False if present is False else None if None in (present, found) else True
    return found


class Simple:
    def __init__(self, rows, links):
        self.rows = rows
        self.visits = {visit["encounter_id"]: visit for visit in rows["encounter"]}
        self.patients = {patient["patient_id"]: patient for patient in rows["patient"]}
        self.person = person_of({visit["patient_id"] for visit in rows["encounter"]}, links)
        self.decided = {}

    def run(self):
        for rules in RULES:
            for visit in self.visits.values():
                found = self.decide(rules, visit)
                if found:
                    self.decided[rules.abbr, visit["encounter_id"]] = found
        return self.decided

    def own(self, criterion, visit):
        rows = [row for row in self.rows[criterion.table] if row["encounter_id"] == visit["encounter_id"]]
        return either(meets(criterion, row) for row in rows)

    def criteria(self, rules, visit):
        return {each.id: self.before(each, visit) if each.earlier else self.own(each, visit) for each in rules.criteria}

    def before(self, criterion, visit):
        for past in self.visits.values():
            if self.person[past["patient_id"]] != self.person[visit["patient_id"]]:
                continue
            over = past["discharge_time"] or past["admit_time"]
            begun = past["admit_time"] < visit["admit_time"] and over <= visit["admit_time"]
            if begun and self.own(criterion, past):
                return True
        return False

    def age(self, visit):
        born, on = self.patients.get(visit["patient_id"], {}).get("birth_date"), visit["admit_time"].date()
        if born is None or born > on:
            return None, None
        months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
        return months // 12, months

    def facts(self, rules, visit):
        years, months = self.age(visit)
        days = visit["discharge_time"] and (visit["discharge_time"].date() - visit["admit_time"].date()).days
        within = None
        if visit["discharge_time"]:
            if visit["discharge_time_precision"] == "minute":
                within = visit["discharge_time"] - visit["admit_time"] <= timedelta(hours=24)
            else:
                within = {0: True, 1: None}.get(days, False)
        return self.criteria(rules, visit) | {
            "admit_route": visit["admit_route"],
            "icu": any(stay["encounter_id"] == visit["encounter_id"] for stay in self.rows["stay"]),
            "stated_length_of_stay_days": None,
            "length_of_stay_days": days,
            "within_24_hours": within,
            "died": visit["discharge_mode"] and visit["discharge_mode"] == "died",
            "age_years": years,
            "age_months": months,
        }

    def is_open_to(self, rules, visit):
        stay = visit["encounter_class"] == "inpatient"
        if visit["encounter_class"] not in rules.classes or visit["status"] == "cancelled":
            return False
        still = visit["discharge_time"] is None and (
            (stay and visit["discharge_mode"] is None and visit["status"] != "finished")
            or (not stay and visit["status"] == "in_progress")
        )
        end = visit["discharge_time"] or visit["admit_time"]
        return not still and not (rules.valid_from and end.date() < rules.valid_from)

    def included(self, rules: Rules, visit):
        return python.closure(rules.include)(self.facts(rules, visit))

    def history(self, rules, visit):
        def moment(each):
            end = each["discharge_time"] or (None if each["encounter_class"] == "inpatient" else each["admit_time"])
            return each["admit_time"], end is None, end or datetime(9999, 1, 1), each["encounter_id"]

        past = [
            each
            for each in self.visits.values()
            if self.person[each["patient_id"]] == self.person[visit["patient_id"]]
            and moment(each) < moment(visit)
            and self.is_open_to(rules, each)
            and self.included(rules, each) is True
        ]
        ends = [
            each["discharge_time"] or (each["encounter_class"] != "inpatient" and each["admit_time"]) for each in past
        ]
        days = (visit["admit_time"].date() - max(ends).date()).days if ends and all(ends) else None
        return {"prior_same_disease": bool(past), "days_since_same_disease": days}

    def decide(self, rules, visit):
        if not self.is_open_to(rules, visit):
            return None
        facts = self.facts(rules, visit)
        included = python.closure(rules.include)(facts)
        raised = {each.id for each in rules.considers if python.closure(each.raised)(facts) is not False}
        if included is False and not raised:
            return None
        facts |= self.history(rules, visit)
        excluded, opened = set(), set() if included else set(raised)
        if included is None:
            opened.add("include")
        if visit["encounter_class"] == "inpatient" and (
            visit["discharge_time"] is None or visit["status"] == "in_progress"
        ):
            opened.add("discharge")
        for each in rules.exclusions:
            told = each.raised if each.ask else each.when
            truth = python.closure(told)(facts) if told else True
            if each.packs:
                truth = both(either(self.is_case(abbr, visit) for abbr in each.packs), truth)
            if each.ask:
                opened |= {each.id} if truth is not False else set()
            elif truth is None:
                opened |= set() if each.unknown_only_asks else {each.id}
            elif truth:
                excluded.add(each.id)
        return ("out" if excluded else "undecided" if opened else "in", excluded, opened)

    def is_case(self, abbr, visit):
        decision = self.decided.get((abbr, visit["encounter_id"]), ("out",))[0]
        return {"in": True, "undecided": None, "out": False}[decision]


def both(one, other):
    return False if False in (one, other) else None if None in (one, other) else True


# Generated records ----------------------------------------------------------------------------------

CODES = [
    "I63.902",
    "I63.801",
    "i639",
    "I61.2",
    "I61.7",
    "I69.300",
    "I11.0",
    "I50.9",
    "I80.3",
    "C20",
    "C97.x",
    "D00",
    "I6",
]
OPERATIONS = ["36.10", "3619", "36.2", "00.70", "0.70", "00.80"]
ROLES = [
    ("principal", 1),
    ("other", 2),
    ("other", 3),
    ("other", None),
    (None, None),
    (None, 1),
    (None, 2),
    ("admission", None),
]


@st.composite
def hospitals(draw):
    rows = {"patient": [], "encounter": [], "diagnosis": [], "procedure": [], "stay": []}
    for number in "PQ":
        born = draw(st.sampled_from([None, date(1950, 1, 15), date(1980, 1, 1), date(2020, 2, 29), date(2023, 7, 20)]))
        rows["patient"].append({"patient_id": number, "birth_date": born})
    for number in range(draw(st.integers(1, 5))):
        draw_visit(draw, rows, str(number))
    links = draw(
        st.sampled_from(
            [[], [{"event": "merge", "patient_id": "P", "other_patient_id": "Q", "event_time": datetime(2025, 1, 1)}]]
        )
    )
    return rows, links


def draw_visit(draw, rows, name):
    admitted = datetime(2025, 1, 1, 10) + timedelta(days=draw(st.sampled_from([0, 5, 20, 45, 60])))
    stay = draw(st.sampled_from([None, 0, 0.5, 1, 1.01, 2, 30, 91]))
    rows["encounter"].append(
        {
            "encounter_id": name,
            "patient_id": draw(st.sampled_from("PQ")),
            "encounter_class": draw(st.sampled_from(["inpatient"] * 4 + ["outpatient", "emergency"])),
            "admit_time": admitted,
            "admit_time_precision": "minute",
            "discharge_time": None if stay is None else admitted + timedelta(days=stay),
            "discharge_time_precision": draw(st.sampled_from(["minute", "date"])),
            "discharge_mode": draw(st.sampled_from([None, "home", "died"])),
            "admit_route": draw(st.sampled_from([None, "emergency", "transfer"])),
            "status": draw(st.sampled_from([None, "finished", "finished", "in_progress", "cancelled"])),
        }
    )
    for _ in range(draw(st.integers(0, 4))):
        role, rank = draw(st.sampled_from(ROLES))
        rows["diagnosis"].append(
            {
                "encounter_id": name,
                "code": draw(st.sampled_from(CODES)),
                "name": draw(st.sampled_from([None, "腔隙性脑梗死", "脑梗死"])),
                "role": role,
                "rank": rank,
                "present_on_admission": draw(st.sampled_from([None, "yes", "no", "unknown"])),
            }
        )
    for _ in range(draw(st.integers(0, 2))):
        role, rank = draw(st.sampled_from(ROLES[:6]))
        status = draw(st.sampled_from([None, "done", "not_done"]))
        rows["procedure"].append(
            {
                "encounter_id": name,
                "code": draw(st.sampled_from(OPERATIONS)),
                "role": role,
                "rank": rank,
                "status": status,
            }
        )
    if draw(st.booleans()) and draw(st.booleans()):
        rows["stay"].append({"encounter_id": name, "kind": "icu"})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hospitals())
def test_the_search_equals_a_simple_one(hospital):
    rows, links = hospital
    tables = {name: table(name, told) for name, told in rows.items()}
    numbers = sorted({visit["patient_id"] for visit in rows["encounter"]})
    found = find(RULES, tables, persons=persons(numbers, links)).table().to_pylist()
    ours = {
        (row["pack"], row["encounter_id"]): (row["decision"], set(row["excluded"]), set(row["open"])) for row in found
    }
    assert ours == Simple(rows, links).run()
