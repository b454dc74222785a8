"""A small pack whose fill rules each test writes, and records to fill it from."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from zhiheng.engine.fill import Filled, fill, proposals_by_case
from zhiheng.engine.fill import run as running
from zhiheng.lib import yaml
from zhiheng.packs.examples import Example, _tables
from zhiheng.packs.loading import Pack, compile_pack
from zhiheng.packs.specs.example import ExampleSpec

PACK = """
    pack: TOY
    name: 玩具
    specialty: 测试
    version: "1"
    valid_from: 2022-09-01
"""
FORM = """
    form: TOY
    sections:
    - section: 一
      items:
      - {item: T-1, label: 时间, type: datetime}
      - {item: T-2, label: 数, type: number}
      - {item: T-3, label: 是否, type: choice, options: {y: 是, n: 否}}
      - {item: T-4, label: 药物, type: choice, options: {a: 阿司匹林, b: 氯吡格雷, oth: 其他}}
      - {item: T-5, label: 多选, type: choices, options: {a: 甲, b: 乙, c: 丙}}
      - {item: T-6, label: 日期, type: date}
      - {item: T-7, label: 文字, type: text, max_length: 5}
      - item: T-8
        label: 四位码
        type: choice
        options: {a: I21.0前壁, b: I21.1下壁}
      - item: T-9
        label: 六位码
        type: choice
        options:
          UTD: 无
          "1": I21.100下壁
          "2": I21.100x001 下间壁
          "3": I21.103 下壁
          "4": 36.0700药物支架
          "5": 36.0700x004覆膜支架
      - {item: T-10, label: 后来的时间, type: datetime}
"""
TERMS = """
    source: 测试
    confidence: own-knowledge
    terms:
    - {term: aspirin, label: 阿司匹林, codes: {ATC: [B01AC06]}, contains: [阿司匹林]}
    - {term: clopidogrel, label: 氯吡格雷, codes: {ATC: [B01AC04]}, contains: [氯吡格雷]}
    - {term: antiplatelet, label: 抗血小板药, includes: [aspirin, clopidogrel]}
    - {term: troponin, label: 肌钙蛋白, contains: [肌钙蛋白]}
    - {term: cholesterol, label: 胆固醇, molar_mass: 386.65, contains: [胆固醇]}
"""
UNITS = """
    source: 测试
    units:
    - {unit: ng/mL, dimension: mass_concentration, factor: 1.0e-6, names: [μg/L]}
    - {unit: ng/L, dimension: mass_concentration, factor: 1.0e-9, names: [pg/mL]}
    - {unit: mg/dL, dimension: mass_concentration, factor: 0.01}
    - {unit: mmol/L, dimension: substance_concentration, factor: 1.0e-3}
    - {unit: U/L, dimension: activity, factor: 1}
"""


@pytest.fixture
def toy(tmp_path: Path) -> Callable[[str], tuple[Pack | None, list[str]]]:
    """Return a function that compiles the toy pack with a fill.yaml: the pack, and what is wrong with it."""

    def compile_with(fill_yaml: str, common: str | None = None) -> tuple[Pack | None, list[str]]:
        pack, shared = tmp_path / "packs" / "toy", tmp_path / "packs" / "common"
        files = {
            pack / "pack.yaml": PACK,
            pack / "form.yaml": FORM,
            pack / "fill.yaml": f"source: 测试\n{dedent(fill_yaml)}",
            shared / "terms" / "all.yaml": TERMS,
            shared / "units.yaml": UNITS,
        }
        if common is not None:
            files[shared / "fill.yaml"] = f"source: 测试\n{dedent(common)}"
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        compiled, report = compile_pack(pack)
        return compiled, [str(problem) for problem in report.problems]

    return compile_with


@pytest.fixture
def filled(
    toy: Callable[..., tuple[Pack | None, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., SimpleNamespace]:
    """Return a function from rules and records (as YAML) to what the visit E1 is filled with."""

    def run(
        rules: str,
        records: str,
        *,
        complete: tuple[str, ...] = (),
        known: dict[str, Any] | None = None,
        common: str | None = None,
        reverse: bool = False,
        persons: dict[str, str] | None = None,
        visits: tuple[str, ...] = (),
    ) -> SimpleNamespace:
        pack, problems = toy(rules, common)
        assert pack is not None, problems
        tables = records_of(records)
        few = _fill(pack, tables, complete, known or {}, reverse, persons, visits)
        monkeypatch.setattr(running, "FEW", 0)  # the way for many cases must give the same
        many = _fill(pack, tables, complete, known or {}, reverse, persons, visits)
        monkeypatch.undo()
        assert (few.proposals, few.refused) == (many.proposals, many.refused)
        found = few
        types = {item.code: item.type for item in pack.form.items}
        proposals = proposals_by_case(found.proposals, types).get("x/E1", {})
        return SimpleNamespace(
            values={code: proposal.value for code, proposal in proposals.items()},
            evidence={code: proposal.evidence for code, proposal in proposals.items()},
            refused={row["item"]: row["reason"] for row in found.refused.to_pylist()},
        )

    return run


def _fill(
    pack: Pack,
    tables: dict[str, Any],
    complete: tuple[str, ...],
    known: dict[str, Any],
    reverse: bool,
    persons: dict[str, str] | None,
    visits: tuple[str, ...],
) -> Filled:
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.register(name, table[::-1] if reverse else table)
        con.execute("CREATE TABLE cases AS SELECT 'x/E1' AS encounter_id")
        return fill(
            con,
            pack.fills.plan,
            "cases",
            terms=pack.fills.terms,
            units=pack.fills.units,
            complete=complete,
            known={"x/E1": known},
            persons=persons,
            visits={"x/E1": [f"x/{visit}" for visit in visits]},
        )


def records_of(text: str) -> dict[str, Any]:
    """Return canonical tables from rows in YAML; there is always a visit E1."""
    records = {"encounter": [{"encounter_id": "E1"}]} | (yaml.loads(dedent(text)).data or {})
    spec = ExampleSpec.model_validate({"example": "x", "records": records, "expect": {"case": "in"}})
    tables, problems = _tables(Example("x", "", spec, records, {}, ()), "x")
    assert not problems, problems
    return tables
