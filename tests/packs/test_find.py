"""Who is a case: for every pack a visit that is in, one that is out and a neighbour that is not found at all."""

import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from visits import ABBRS, START, Hospital, all_rules, decisions, rules

CHILD, INFANT = date(2015, 5, 1), date(2024, 1, 15)

# pack: a visit that is in (diagnoses, procedures), its neighbour that is not found, and the birth date that fits.
CASES = {
    "STEMI": ((("I21.100x001",), ()), (("I21.4",), ())),
    "HF": ((("I50.900", "I11.0"), ()), (("I50.900", "I10", "I11.0"), ())),
    "CABG": ((("I25.1",), ("36.1000x002",)), (("I25.1",), ("36.2",))),
    "AF": ((("I10", "I48.x01"), ()), (("I10", "I49.0"), ())),
    "AVR": ((("I35.0",), ("35.2200",)), (("I35.0",), ("35.23",))),
    "MVR": ((("I34.0",), ("35.24",)), (("I34.0",), ("35.22",))),
    "ASD": ((("Q21.1",), ("35.5200x001",)), (("Q21.1",), ("35.53",))),
    "VSD": ((("Q21.0",), ("35.6200",)), (("Q21.0",), ("35.61",))),
    "STK": ((("I63.902",), ()), (("I64.x00",), ())),
    "TIA": ((("G45.900",), ()), (("G45.5",), ())),
    "ICH": ((("I61.000",), ()), (("I62.0",), ())),
    "MEN": ((("D32.000",), ("01.5100",)), (("D32.1",), ("01.5100",))),
    "GLI": ((("C71.900",), ("01.5900",)), (("C71.900",), ("01.6",))),
    "PA": ((("D35.200",), ("07.6200",)), (("D35.3",), ("07.6200",))),
    "aSAH": ((("I60.902+H45.0*",), ("39.5100",)), (("I60.900",), ("39.6",))),
    "CSE": ((("G40.9", "G41.000"), ()), (("G40.9", "G41.1"), ())),
    "PD": ((("G20.x00",), ()), (("G21.0",), ())),
    "CAP": ((("J18.900",), ()), (("J17.0",), ())),
    "CAP2": ((("J15.700",), ()), (("J12.9",), ())),
    "AECOPD": ((("J44.100",), ()), (("J44.9",), ())),
    "CAC": ((("J45.900",), ()), (("J47",), ())),
    "CAC2": ((("J46.x00",), ()), (("J44.0",), ())),
    "THR": ((("M16.9",), ("81.5100",)), (("M16.9",), ("81.5",))),
    "TKR": ((("M17.9",), ("81.5400",)), (("M17.9",), ("81.56",))),
    "DDH": ((("Q65.000",), ("79.85",)), (("Q65.000",), ("79.84",))),
    "CS": ((("O82.0",), ("74.1x00",)), (("O82.0",), ("74.3",))),
    "EP": ((("O00.100",), ("66.6200",)), (("O00.100",), ("66.61",))),
    "UM": ((("D25.900",), ("68.2900",)), (("D25.900",), ("68.23",))),
    "LC": ((("C34.100",), ("32.4100",)), (("C34.100",), ("32.1",))),
    "TC": ((("C73.x00",), ("06.4",)), (("C73.x00",), ("06.12",))),
    "BC": ((("C50.900",), ("85.4300",)), (("C50.900",), ("85.3",))),
    "GC": ((("C16.900",), ("43.6",)), (("C16.900",), ("43.3",))),
    "CoC": ((("C18.700",), ("17.3600",)), (("C19",), ("17.3600",))),
    "CC": ((("C53.900",), ("68.6",)), (("C53.900",), ("68.3",))),
    "DKD": ((("N18.9", "E11.201+N08.3*"), ("55.23",)), (("N18.9", "E11.2"), ("55.24",))),
    "ESRD-HD": ((("N18.000",), ("39.9500",)), (("N18.0",), ("54.98",))),
    "ESRD-PD": ((("N18.001",), ("54.9800",)), (("N18.0",), ("39.95",))),
    "TSCC": ((("C02.900",), ("25.3",)), (("C03.0",), ("25.3",))),
    "PT": ((("D11.000",), ("26.3200", "04.4200")), (("D11.7",), ("26.3200", "04.4200"))),
    "OIT": ((("K08.1",), ("76.9100",)), (("K08.1",), ("76.93",))),
    "PACG": ((("H40.200",), ("12.6400",)), (("H40.1",), ("12.6400",))),
    "RD": ((("H33.000",), ("14.4900",)), (("H33.000",), ("14.21",))),
    "PIP": ((("K40.9",), ("53.0000",)), (("K40.9",), ("53.21",))),
    "DVT": ((("C20",), ("48.6200",)), (("C20",), ("48.4",))),
    "HBIPS": ((("F20.000",), ()), (("G20",), ())),
    "VTE": ((("C22.9",), ()), (("K74.6",), ())),
    "SEP": ((("J18.9", "R65.900"), ()), (("J18.9", "R65.1"), ())),
    "ALL": ((("C91.000",), ("99.25",)), (("C91.1",), ("99.25",))),
    "APL": ((("C92.400",), ("03.92",)), (("C92.0",), ("03.92",))),
    "TN": ((("E04.100",), ("06.2x00",)), (("E04.8",), ("06.2x00",))),
    "HBV": ((("Z37.000", "O98.400"), ()), (("Z37.000", "O98.0"), ())),
    "APTE": ((("I26.900",), ()), (("I26.0",), ())),
    "ARDS": ((("J80.x00",), ()), (("J82",), ())),
    "EAR": ((("I71.4",), ("39.7100",)), (("I71.4",), ("39.72",))),
    "SAP": ((("K85.900",), ()), (("K86.0",), ())),
}
BORN = {"CAP2": CHILD, "CAC2": CHILD, "DDH": date(2020, 5, 1), "ALL": CHILD, "APL": CHILD}
WRONG_AGE = {"CAP2": date(1980, 1, 1), "CAC2": INFANT, "DDH": INFANT, "ALL": date(1990, 1, 1), "APL": date(2007, 2, 28)}
ANY_AGE = ("ASD", "VSD", "PIP", "APTE", "ARDS", "EAR", "SAP")


def test_every_pack_has_its_cases_here():
    assert list(CASES) == ABBRS


@pytest.mark.parametrize("abbr", ABBRS)
def test_a_visit_is_in_and_its_neighbour_is_not_found(abbr):
    (diagnoses, procedures), (near_diagnoses, near_procedures) = CASES[abbr]
    born = BORN.get(abbr, date(1960, 5, 1))
    hospital = (
        Hospital()
        .patient("P", born)
        .patient("Q", born)
        .visit("case", "P", diagnoses=diagnoses, procedures=procedures)
        .visit("near", "Q", diagnoses=near_diagnoses, procedures=near_procedures)
    )
    assert decisions(hospital.find([rules(abbr), *map(rules, rules(abbr).yields_to)]))[abbr, "case"] == "in"
    assert (abbr, "near") not in decisions(hospital.find([rules(abbr)]))


@pytest.mark.parametrize("abbr", [abbr for abbr in ABBRS if abbr not in ANY_AGE])
def test_the_wrong_age_is_out_and_an_unknown_age_undecided(abbr):
    (diagnoses, procedures), _ = CASES[abbr]
    hospital = (
        Hospital()
        .patient("P", WRONG_AGE.get(abbr, CHILD))
        .patient("Q", None)
        .visit("wrong", "P", diagnoses=diagnoses, procedures=procedures)
        .visit("unknown", "Q", diagnoses=diagnoses, procedures=procedures)
    )
    found = {
        case.encounter_id: case
        for case in hospital.find([rules(abbr), *map(rules, rules(abbr).yields_to)])
        if case.pack == abbr
    }
    assert (found["wrong"].decision, found["unknown"].decision) == ("out", "undecided")
    assert [said.text for said in found["wrong"].reasons] == [rules(abbr).exclusions[0].reason]
    assert [said.id for said in found["unknown"].questions] == ["age"]


@pytest.mark.parametrize("abbr", [abbr for abbr in ABBRS if abbr not in (*ABBRS[-4:], "HBIPS")])
def test_a_stay_of_more_than_90_days_is_out(abbr):
    (diagnoses, procedures), _ = CASES[abbr]
    hospital = Hospital()
    for number, days in (("A", 90), ("B", 91)):
        hospital.patient(number, BORN.get(abbr, date(1960, 5, 1)))
        hospital.visit(number, number, diagnoses=diagnoses, procedures=procedures, days=days)
    found = {
        case.encounter_id: case
        for case in hospital.find([rules(abbr), *map(rules, rules(abbr).yields_to)])
        if case.pack == abbr
    }
    assert (found["A"].decision, found["B"].decision) == ("in", "out")
    assert [said.text for said in found["B"].reasons] == ["本次住院天数>90天"]


@pytest.mark.parametrize("kind", ["emergency", "outpatient", "day_surgery"])
def test_only_the_classes_that_a_pack_names_enter_it(kind):
    hospital = Hospital()
    for abbr, ((diagnoses, procedures), _) in CASES.items():
        hospital.patient(abbr, BORN.get(abbr, date(1960, 5, 1)))
        hospital.visit(abbr, abbr, diagnoses=diagnoses, procedures=procedures, encounter_class=kind, icu=True)
    found = {case.pack for case in hospital.find(all_rules())}
    assert found == ({"ESRD-HD", "ESRD-PD", "OIT"} if kind == "outpatient" else set())


# One rule at a time -------------------------------------------------------------------------------------------------


def one(abbr, *, birth=date(1960, 5, 1), **visit):
    """Return the case of one visit."""
    found = Hospital().patient("P", birth).visit("V", **visit).find([rules(abbr), *map(rules, rules(abbr).yields_to)])
    cases = [case for case in found if case.pack == abbr]
    return cases[0] if cases else None


@pytest.mark.parametrize(
    ("abbr", "visit", "decision", "ids"),
    [
        ("STEMI", {"diagnoses": ("I21.1",), "admit_route": "transfer"}, "out", ["transferred_in"]),
        ("STEMI", {"diagnoses": ("I21.1", "I25.200")}, "undecided", ["not_first"]),
        ("STEMI", {"diagnoses": ({"code": "I21.3", "name": "急性非ST段抬高型心肌梗死"},)}, "out", ["non_st_elevation"]),
        ("STK", {"diagnoses": ("I63.801",)}, "out", ["lacunar"]),
        ("STK", {"diagnoses": ("I63.904",)}, "out", ["cerebellar"]),
        ("STK", {"diagnoses": ("I63.903",)}, "out", ["haemorrhagic"]),
        ("STK", {"diagnoses": ({"code": "I63.8", "name": "腔隙性脑梗死"},)}, "out", ["lacunar"]),
        ("STK", {"diagnoses": ("I63.902", {"code": "I63.801", "name": "腔隙性脑梗死"})}, "in", []),
        ("STK", {"diagnoses": ("I63.902", "I69.300x002")}, "undecided", ["not_first"]),
        ("TIA", {"diagnoses": ("G45.004",)}, "out", ["posterior_ischaemia"]),
        ("TIA", {"diagnoses": ("G45.000",)}, "in", []),
        ("CAP", {"diagnoses": ("J18.800x011",)}, "out", ["hospital_acquired"]),
        ("CAP", {"diagnoses": ({"code": "J18.9", "name": "呼吸机相关性肺炎"},)}, "out", ["ventilator_associated"]),
        ("HF", {"diagnoses": ("I11.0", "I50.9", "I15.0")}, "out", ["secondary_hypertension"]),
        ("HF", {"diagnoses": ("I11.0", "I50.9", "Z95.000")}, "undecided", ["heart_device"]),
        ("HF", {"diagnoses": ("I11.0", "I50.9"), "procedures": ("35.2200",)}, "undecided", ["after_heart_surgery"]),
        ("HF", {"diagnoses": ("I11.0", "I50.9"), "procedures": ("37.2200",)}, "in", []),
        ("DKD", {"diagnoses": ("E11.2", "C61.x00"), "procedures": ("55.23",)}, "out", ["tumour"]),
        (
            "DKD",
            {"diagnoses": ("E11.2", "N18.001"), "procedures": ("55.23", "39.95")},
            "undecided",
            ["on_blood_purification"],
        ),
        ("TN", {"diagnoses": ("E04.1", "C73.x00"), "procedures": ("06.2",)}, "out", ["malignant"]),
        ("HBIPS", {"diagnoses": ("F20.0",), "days": 366}, "out", ["stay_over_365_days"]),
        ("HBIPS", {"diagnoses": ("F20.0",), "days": 365}, "in", []),
        ("HBIPS", {"diagnoses": ("F20.0",), "days": 0.5}, "out", ["discharged_within_24_hours"]),
        (
            "HBIPS",
            {"diagnoses": ("F20.0",), "days": 0.5, "discharge_mode": "died"},
            "out",
            ["discharged_within_24_hours", "died_within_24_hours"],
        ),
        ("SEP", {"diagnoses": ("A41.9",), "days": 1, "discharge_mode": "died"}, "out", ["died_within_24_hours"]),
        ("SEP", {"diagnoses": ("A41.9",), "days": 1 + 1 / 1440, "discharge_mode": "died"}, "in", []),
        ("SEP", {"diagnoses": ("A41.9",), "days": 0.5, "discharge_mode": None}, "undecided", ["died_within_24_hours"]),
        (
            "SEP",
            {"diagnoses": ("A41.9",), "days": 0.5, "discharge_mode": None, "deceased": True},
            "out",
            ["died_within_24_hours"],
        ),
        (
            "LC",
            {"diagnoses": ("C34.1",), "procedures": ("32.4",), "days": 0.9, "discharge_mode": "transfer"},
            "out",
            ["transferred_within_24_hours"],
        ),
        (
            "LC",
            {"diagnoses": ("C34.1",), "procedures": ("32.4",), "days": 0.9, "discharge_mode": "against_advice"},
            "out",
            ["left_within_24_hours"],
        ),
        (
            "GC",
            {"diagnoses": ("C16.1",), "procedures": ("43.6",), "days": 0.9, "discharge_mode": "against_advice"},
            "in",
            [],
        ),  # not in the announcement of this disease
        ("PIP", {"procedures": ("76.75",)}, "out", ["closed_jaw_reduction"]),
        ("PIP", {"procedures": ("76.75", "53.00")}, "in", []),
        ("PIP", {"procedures": ("81.51",)}, "out", ["prophylaxis_in_dvt"]),
        ("PIP", {"procedures": ("81.51", "53.00")}, "in", []),  # the hernia is reported here alone
        ("PIP", {"procedures": ("00.84",)}, "in", []),  # no procedure of DVT
        ("PT", {"diagnoses": ("D11.0",), "procedures": ("26.32",)}, "undecided", ["operation_alone"]),
        ("ESRD-HD", {"diagnoses": ("N18.500",), "procedures": ("39.95",)}, "undecided", ["stage_5"]),
        ("ESRD-HD", {"diagnoses": ("N18.0",), "procedures": ("39.27",)}, "undecided", ["not_on_haemodialysis"]),
        ("OIT", {"procedures": ("23.6",), "encounter_class": "outpatient"}, "in", []),
        ("OIT", {"procedures": ("23.6",), "encounter_class": "outpatient", "days": None, "status": None}, "in", []),
        ("OIT", {"procedures": ("23.6",)}, "undecided", ["other_setting"]),
        ("VTE", {"icu": True}, "in", []),
        ("VTE", {"birth": date(1950, 1, 1)}, "in", []),
        ("VTE", {"birth": date(1955, 3, 1)}, "in", []),  # 70 on the day of admission
        ("VTE", {"procedures": ("39.95",)}, "in", []),
        ("VTE", {"diagnoses": ("T07.x00",)}, "undecided", ["severe_trauma"]),
        ("VTE", {"diagnoses": ("I63.9",), "icu": True}, "out", ["infarction", "reported_elsewhere"]),
        ("VTE", {"diagnoses": ("I63.903",), "icu": True}, "out", ["infarction"]),  # STK leaves it out
        ("VTE", {"diagnoses": ("C20", "F51.0")}, "undecided", ["mental_disorder_secondary"]),
        (
            "VTE",
            {"diagnoses": ("C20", {"code": "I80.3", "present_on_admission": "yes"})},
            "out",
            ["thrombosis_on_admission"],
        ),
        ("VTE", {"diagnoses": ("C20", {"code": "I80.3", "present_on_admission": "no"})}, "in", []),
        ("VTE", {"diagnoses": ("C20", {"code": "I80.3"})}, "undecided", ["thrombosis_on_admission"]),
        ("VTE", {"diagnoses": ("C20",), "procedures": ("48.62",)}, "out", ["reported_elsewhere"]),
        ("VTE", {"diagnoses": ("I21.1", "I25.2"), "icu": True}, "undecided", ["reported_elsewhere"]),
        ("HBV", {"diagnoses": ("O98.4", "Z37.0")}, "in", []),
        ("HBV", {"diagnoses": ("O82.0", "O98.4", "Z37.0")}, None, []),
        ("SAP", {"diagnoses": ("K80.0", "K85.9")}, "undecided", ["pancreatitis_secondary"]),
        ("DDH", {"diagnoses": ("Q65.0",), "procedures": ("79.85",), "birth": date(2023, 9, 1)}, "in", []),  # 18m
        ("DDH", {"diagnoses": ("Q65.0",), "procedures": ("79.85",), "birth": date(2023, 9, 2)}, "out", ["age"]),
        ("DDH", {"diagnoses": ("Q65.0",), "procedures": ("79.85",), "birth": date(2016, 3, 2)}, "in", []),  # 8a
        ("DDH", {"diagnoses": ("Q65.0",), "procedures": ("79.85",), "birth": date(2016, 3, 1)}, "out", ["age"]),
        ("DDH", {"diagnoses": ("Q65.0",), "procedures": ("79.85",), "birth": None, "age_years": 3}, "in", []),
        (
            "DDH",
            {"diagnoses": ("Q65.0",), "procedures": ("79.85",), "birth": None, "age_years": 1},
            "undecided",
            ["age"],
        ),
        ("DDH", {"diagnoses": ("Q65.0",), "procedures": ("79.85",), "birth": None, "age_years": 1.5}, "in", []),
        ("DDH", {"diagnoses": ("Q65.0",), "procedures": ("79.85",), "birth": None, "age_years": 0}, "out", ["age"]),
        ("STK", {"diagnoses": ("I63.9",), "birth": None, "age_years": 17.9}, "out", ["age"]),
        ("STK", {"diagnoses": ("I63.9",), "birth": None, "age_years": 18}, "in", []),
        ("STK", {"diagnoses": ("I63.9",), "birth": date(2025, 4, 1), "age_years": 60}, "undecided", ["age"]),
    ],
)
def test_what_a_visit_is_and_why(abbr, visit, decision, ids):
    case = one(abbr, **visit)
    assert (case and case.decision.value) == decision
    if decision == "out":
        assert [said.id for said in case.reasons] == ids
    if decision == "undecided":
        assert [said.id for said in case.questions] == ids


def test_records_without_minutes_decide_24_hours_only_where_the_calendar_can():
    def died(days, precision):
        visit = {"diagnoses": ("A41.9",), "days": days, "discharge_mode": "died"}
        return one("SEP", **visit, discharge_time_precision=precision).decision.value

    assert [died(days, "date") for days in (0, 1, 2)] == ["out", "undecided", "in"]


def test_a_diagnosis_without_a_place_leaves_the_inclusion_open():
    case = one("STK", diagnoses=({"code": "I63.9", "role": None, "rank": None},))
    assert (case.decision, [said.id for said in case.questions]) == ("undecided", ["include"])
    assert one("STK", diagnoses=({"code": "I63.9", "role": None, "rank": 1},)).decision == "in"
    assert one("STK", diagnoses=({"code": "I63.9", "role": "admission"},)) is None
    assert one("STK", diagnoses=("I10", "I63.9")) is None


def test_a_procedure_that_was_not_done_is_none():
    assert one("THR", procedures=({"code": "81.51", "status": "not_done"},)) is None


def test_a_code_of_another_system_is_none():
    assert one("CABG", procedures=({"code": "36.10", "code_system": "CPT"},)) is None
    assert one("CABG", procedures=({"code": "36.10", "code_system": "ICD-9-CM-3"},)).decision == "in"


@pytest.mark.parametrize(
    ("visit", "decision"),
    [
        ({"days": None}, None),
        ({"status": "cancelled"}, None),
        ({"status": "planned"}, None),
        ({"status": None}, "in"),
        ({"days": None, "status": "finished"}, "undecided"),  # it ended, nobody says when
        ({"days": None, "discharge_mode": "home"}, "undecided"),
        ({"status": "in_progress"}, "undecided"),  # it has a discharge and is going on
    ],
)
def test_a_visit_that_has_not_ended_is_no_case_yet(visit, decision):
    case = one("STK", diagnoses=("I63.9",), **visit)
    assert (case and case.decision.value) == decision


# Questions ----------------------------------------------------------------------------------------------------------


def test_what_records_cannot_know_stands_on_the_case():
    case = one("STEMI", diagnoses=("I21.1",), admit_route=None)
    assert case.decision == "in"
    assert {said.id for said in case.standing} == {"trial", "not_first", "transferred_in"}
    assert "患者本次住院期间是否参与了临床药物或器械试验？" in [said.text for said in case.standing]


def test_a_pack_that_was_not_loaded_leaves_its_rule_open():
    found = Hospital().patient("P").visit("V", icu=True).find([rules("VTE"), rules("STK")])
    assert [(case.decision, [said.id for said in case.questions]) for case in found] == [
        ("undecided", ["reported_elsewhere"])
    ]


# People, years, versions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "decision"), [(0, "out"), (30, "out"), (31, "in")])
def test_the_same_disease_within_30_days_is_out(days, decision):
    hospital = Hospital().patient("P").visit("first", diagnoses=("J44.1",), days=7)
    hospital.visit("second", diagnoses=("J44.0",), admitted=START + timedelta(days=7 + days, hours=-9))
    assert decisions(hospital.find([rules("AECOPD")])) == {
        ("AECOPD", "first"): "in",
        ("AECOPD", "second"): decision,
    }


def test_another_disease_within_30_days_is_no_readmission():
    hospital = Hospital().patient("P").visit("first", diagnoses=("J45.9",))
    hospital.visit("second", diagnoses=("J44.1",), admitted=START + timedelta(days=20))
    assert decisions(hospital.find([rules("AECOPD"), rules("CAC")])) == {
        ("CAC", "first"): "in",
        ("AECOPD", "second"): "in",
    }


def test_an_earlier_stay_that_is_not_reported_still_makes_a_readmission():
    hospital = Hospital().patient("P").visit("first", diagnoses=("J44.1",), admit_route="transfer")
    hospital.visit("second", diagnoses=("J44.1",), admitted=START + timedelta(days=20))
    assert decisions(hospital.find([rules("AECOPD")])) == {("AECOPD", "first"): "out", ("AECOPD", "second"): "out"}


def test_a_readmission_after_a_discharge_that_nobody_dated_is_undecided():
    hospital = Hospital().patient("P").visit("first", diagnoses=("J44.1",), days=None, status="finished")
    hospital.visit("second", diagnoses=("J44.1",), admitted=START + timedelta(days=20))
    assert decisions(hospital.find([rules("AECOPD")]))["AECOPD", "second"] == "undecided"


def event(day, kind, one, other):
    return {"event": kind, "patient_id": one, "other_patient_id": other, "event_time": datetime(2025, 6, day)}


def test_one_person_with_two_numbers_two_admissions_and_two_diseases():
    """Two patient numbers, merged midway and parted again: 20 days apart is a readmission, 40 days is none."""
    hospital = Hospital().patient("P").patient("Q")
    first, second, third = START, START + timedelta(days=7 + 20), START + timedelta(days=7 + 20 + 7 + 40)
    hospital.visit("1", "P", diagnoses=("J44.1", "I48.x00"), admitted=first)
    hospital.visit("2", "Q", diagnoses=("J44.1", "I48.x00"), admitted=second)
    hospital.visit("3", "P", diagnoses=("J44.1",), admitted=third)
    packs = [rules("AECOPD"), rules("AF")]
    apart = {("AECOPD", "1"): "in", ("AECOPD", "2"): "in", ("AECOPD", "3"): "in", ("AF", "1"): "in", ("AF", "2"): "in"}
    merged = apart | {("AECOPD", "2"): "out"}  # atrial fibrillation knows no such rule

    merge, part = event(1, "merge", "P", "Q"), event(2, "unmerge", "P", "Q")
    assert decisions(hospital.find(packs)) == apart
    found = hospital.find(packs, [merge])
    assert decisions(found) == merged
    (second_case,) = [case for case in found if (case.pack, case.encounter_id) == ("AECOPD", "2")]
    assert [said.text for said in second_case.reasons] == ["同一疾病30日内重复入院"]
    assert {case.person_id for case in found} == {"P"}
    assert decisions(hospital.find(packs, [merge, part])) == apart


def test_a_first_stroke_is_asked_about_when_the_person_had_one_years_ago():
    hospital = Hospital().patient("P").patient("Q")
    hospital.visit("old", "P", diagnoses=("I10", "I63.9"), admitted=START - timedelta(days=900))
    hospital.visit("new", "Q", diagnoses=("I63.9",))
    assert decisions(hospital.find([rules("STK")])) == {("STK", "new"): "in"}
    assert decisions(hospital.find([rules("STK")], [event(1, "link", "P", "Q")])) == {("STK", "new"): "undecided"}


def test_dialysis_is_one_case_for_each_patient_and_year():
    hospital = Hospital().patient("P").patient("Q")
    for number, month in enumerate((1, 2, 8, 12), start=1):
        hospital.visit(
            str(number),
            "P" if month < 8 else "Q",
            diagnoses=("N18.0",),
            procedures=("39.95",),
            days=None,
            admitted=datetime(2025, month, 5, 8),
            encounter_class="outpatient",
            status="finished",
        )
    hospital.visit("5", "Q", diagnoses=("N18.0",), procedures=("39.95",), admitted=datetime(2025, 12, 30), days=5)
    hospital.visit("6", "Q", diagnoses=("N18.0",), procedures=("39.27",), admitted=datetime(2025, 9, 1), days=5)
    found = list(hospital.find([rules("ESRD-HD")], [event(1, "merge", "P", "Q")]))
    assert [(case.year, case.quarters, case.encounter_ids, case.decision.value) for case in found] == [
        (2025, (1, 3, 4), ("1", "2", "3", "4"), "in"),
        (2026, (1,), ("5",), "in"),
    ]


def test_a_case_takes_the_version_valid_at_its_discharge():
    old = rules("STK", valid_from=date(2020, 1, 1), valid_until=date(2025, 3, 31))
    new = rules("STK", valid_from=date(2025, 4, 1))
    versions = [replace(old, version="old"), replace(new, version="new")]
    hospital = Hospital()
    for number, discharged in (
        ("A", datetime(2025, 3, 31, 23, 59)),
        ("B", datetime(2025, 4, 1)),
        ("C", datetime(2019, 1, 1)),
    ):
        hospital.patient(number).visit(number, number, diagnoses=("I63.9",), admitted=discharged - timedelta(days=7))
    found = hospital.find(versions)
    assert {case.encounter_id: case.version for case in found} == {"A": "old", "B": "new"}
    assert [each.version for each in found.why_not("STK", "C")] == ["old", "new"]
