"""From a complete front page and nothing else, every pack fills every common item that a front page can prove."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import yaml

from zhiheng.engine import fill as filling
from zhiheng.engine.form import evaluate
from zhiheng.packs.loading import compile_pack, load_packs
from zhiheng.records.schema import FEE_CATEGORIES, TABLES
from zhiheng.records.store import empty

ITEMS = yaml.safe_load((Path(__file__).parents[2] / "docs/data/front_page_items.yaml").read_text(encoding="utf-8"))
PROVABLE = [each["item"] for each in ITEMS["provable"]]
ADMITTED, DISCHARGED = datetime(2025, 3, 2, 14, 5), datetime(2025, 3, 12, 9, 30)
STAFF = ("department_head", "chief_physician", "attending_physician", "resident_physician", "responsible_nurse")
STAFF += ("quality_physician", "quality_nurse")

PACKS = list(load_packs())


def front_page(pack):
    """Return the canonical rows of one complete front page that belongs to the pack: principal codes from its form."""
    rows = {
        "patient": [
            {"patient_id": "P1", "name": "张三", "sex": "female", "birth_date": ADMITTED.date() - timedelta(40 * 366)}
        ],
        "encounter": [
            {
                "encounter_id": "E1",
                "patient_id": "P1",
                "encounter_class": "inpatient",
                "record_number": "00123456",
                "department": "示例科",
                "admit_route": "emergency",
                "admit_time": ADMITTED,
                "discharge_time": DISCHARGED,
                "discharge_mode": "home",
                "length_of_stay_days": 10,
                "payment": "urban_employee",
                "status": "finished",
            }
        ],
        "staff": [{"encounter_id": "E1", "role": role, "name": "李四", "staff_id": "1"} for role in STAFF],
        "stay": [
            {"encounter_id": "E1", "kind": "icu", "start_time": ADMITTED, "end_time": ADMITTED + timedelta(days=2)}
        ],
        "charge": [
            {"encounter_id": "E1", "category": category, "amount": 1000.0 if category == "total" else 10.0}
            for category, _, _ in FEE_CATEGORIES
        ],
    }
    rows["patient"][0] |= {"id_kind": "resident_identity_card", "id_number": "11010519491231002X"}
    rows["diagnosis"] = [coded(pack, "CM-0-1-3-2", "CM-0-1-3-1") | {"role": "principal", "rank": 1}]
    rows["procedure"] = [
        coded(pack, "CM-0-1-4-2", "CM-0-1-4-1")
        | {"role": "principal", "rank": 1, "start_time": ADMITTED + timedelta(days=1), "incision": "I", "healing": "A"}
    ]
    return rows


def coded(pack, *items):
    """Return a row with the code of the first option that has one, of the first of these items."""
    for code in items:
        for option in pack.form.by_code[code].options if code in pack.form.by_code else ():
            text = option.label.split()[0]
            number = "".join(takewhile_ascii(text))
            if any(sign.isdigit() for sign in number):
                return {"encounter_id": "E1", "code": number, "name": option.label}
    return {"encounter_id": "E1", "code": "Z00.000", "name": "示例"}


def takewhile_ascii(text):
    for sign in text:
        if not sign.isascii():
            return
        yield sign


def as_table(name, rows):
    origin = {"source": "frontpage", "record_version": 1, "received_at": datetime(2025, 4, 1, tzinfo=UTC)}
    full = []
    for number, row in enumerate(rows):
        times = {f"{key}_precision": "minute" for key, value in row.items() if isinstance(value, datetime)}
        full.append({**origin, "source_id": f"{name}/{number}", **times, **row})
    return pa.Table.from_pylist(full, schema=TABLES[name].schema)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.abbr)
def test_a_complete_front_page_fills_what_it_proves(pack):
    with duckdb.connect() as con:
        rows = front_page(pack)
        for name in TABLES:
            con.register(name, as_table(name, rows[name]) if name in rows else empty(name))
        con.register("cases", pa.table({"encounter_id": ["E1"]}))
        filled = filling.fill(con, pack.fills.plan, "cases", terms=pack.fills.terms, units=pack.fills.units)
    types = {item.code: item.type for item in pack.form.items}
    answers = filling.proposals_by_case(filled.proposals, types).get("E1", {})
    done = evaluate(pack.form, {code: proposal.value for code, proposal in answers.items()})
    # In ARDS the codes of operations are read-only texts of which nothing says how they are written.
    unclear = {"CM-0-1-4-1", "CM-0-1-4-2"} if pack.abbr == "ARDS" else set()
    wanted = [code for code in PROVABLE if code in done.shown and code not in unclear]
    assert [code for code in wanted if code not in done.values] == []


def test_a_form_that_wants_the_answer_in_words_gets_no_option_of_the_common_rules(tmp_path):
    packs = Path(__file__).parents[2] / "packs"
    for name in ("common", "ards"):
        shutil.copytree(packs / name, tmp_path / "packs" / name)
    own = tmp_path / "packs" / "ards" / "fill.yaml"
    lines = own.read_text(encoding="utf-8").splitlines(keepends=True)
    own.write_text("".join(line for line in lines if "item: CM-0-3-3," not in line), encoding="utf-8")
    pack, report = compile_pack(tmp_path / "packs" / "ards")
    assert pack is not None, report.problems
    assert [rule for rule in pack.fills.plan.rules if rule.item == "CM-0-3-3"] == []
