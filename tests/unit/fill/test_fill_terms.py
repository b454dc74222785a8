"""Which terms a name or a code belongs to, on the terms that come with Zhiheng."""

from pathlib import Path

import pytest

from zhiheng.engine.fill import Terms
from zhiheng.packs.loading import default_root
from zhiheng.packs.specs.terms import read_terms, read_units


@pytest.fixture(scope="module")
def terms() -> Terms:
    found, problems = read_terms(default_root() / "common")
    assert problems == []
    return found


@pytest.mark.parametrize(
    ("name", "belongs", "not_to"),
    [
        ("阿司匹林肠溶片", {"aspirin", "antiplatelet"}, {"p2y12"}),
        ("硫酸氢氯吡格雷片", {"clopidogrel", "p2y12", "antiplatelet"}, {"aspirin"}),
        ("注射用重组人尿激酶原", {"prourokinase", "thrombolytic"}, {"urokinase"}),
        ("低分子肝素钙注射液", {"lmwh", "anticoagulant"}, {"ufh"}),
        ("依诺肝素钠注射液", {"enoxaparin", "lmwh"}, {"ufh", "lmwh_other"}),
        ("肝素钠注射液", {"ufh"}, {"lmwh"}),
        ("沙库巴曲缬沙坦钠片", {"arni"}, {"valsartan", "arb"}),
        ("注射用去甲万古霉素", {"norvancomycin", "glycopeptide", "antibacterial"}, {"vancomycin"}),
        ("注射用头孢哌酮钠舒巴坦钠", {"bl_bli", "antibacterial"}, {"ceph3"}),
        ("左氧氟沙星滴眼液", set(), {"fluoroquinolone"}),
        ("氯化钠注射液", set(), {"antibacterial"}),
        ("注射用盐酸柔红霉素", {"daunorubicin"}, {"macrolide", "antibacterial"}),
    ],
)
def test_drugs_by_name(terms: Terms, name: str, belongs: set[str], not_to: set[str]) -> None:
    found = terms.of("medication", None, None, name)
    assert belongs <= found
    assert not not_to & found


@pytest.mark.parametrize(
    ("name", "belongs", "not_to"),
    [
        ("高敏肌钙蛋白I(hs-cTnI)", {"troponin_i", "cardiac_marker"}, {"troponin_t"}),
        ("NT-proBNP", {"nt_probnp"}, {"bnp"}),
        ("B型钠尿肽(BNP)", {"bnp"}, {"nt_probnp"}),
        ("极低密度脂蛋白胆固醇", set(), {"ldl_cholesterol"}),
        ("VLDL", set(), {"ldl_cholesterol"}),
        ("LDL-C", {"ldl_cholesterol"}, set()),
        ("尿肌酐", set(), {"creatinine"}),
        ("糖化血红蛋白", set(), {"hemoglobin"}),
    ],
)
def test_tests_by_name(terms: Terms, name: str, belongs: set[str], not_to: set[str]) -> None:
    found = terms.of("observation", None, None, name)
    assert belongs <= found
    assert not not_to & found


@pytest.mark.parametrize(
    ("table", "system", "code", "term", "expected"),
    [
        ("medication", "ATC", "C07AB02", "beta_blocker", True),
        ("medication", "ATC", "C08CA01", "beta_blocker", False),
        ("procedure", "ICD-9-CM-3", "36.0700x004", "pci", True),
        ("procedure", None, "36.0700", "pci", True),  # the front page names no system
        ("procedure", "CPT", "36.0700", "pci", False),
        ("procedure", None, "36.1000", "pci", False),
        ("observation", "http://loinc.org", "6598-7", "troponin_t", True),
        ("observation", "LOINC", "6598-70", "troponin_t", False),
    ],
)
def test_rows_by_code(terms: Terms, table: str, system: str | None, code: str, term: str, expected: bool) -> None:
    assert (term in terms.of(table, system, code, None)) is expected


def test_every_term_says_where_it_comes_from(terms: Terms) -> None:
    assert all(term.source and term.confidence for term in terms.by_name.values())


@pytest.mark.parametrize(
    ("found", "wanted", "mass", "factor"),
    [
        ("pg/mL", "ng/mL", None, 1e-3),
        ("μg/L", "ng/mL", None, 1),
        ("µg/l", "ng/mL", None, 1),  # the sign for micro has two code points
        ("g/dL", "g/L", None, 10),
        ("umol/L", "mmol/L", None, 1e-3),
        ("mg/dL", "mmol/L", 386.65, 10 / 386.65),
        ("mmol/L", "mg/dL", 113.12, 11.312),
        ("mg/dL", "mmol/L", None, None),
        ("U/L", "ng/mL", None, None),
        ("", "ng/mL", None, None),
        (None, "ng/mL", None, None),
        ("某单位", "ng/mL", None, None),
    ],
)
def test_units_are_converted_only_where_that_is_known(
    found: str | None, wanted: str, mass: float | None, factor: float | None
) -> None:
    units, problems = read_units(default_root() / "common")
    assert problems == []
    assert units.factor(found, wanted, mass) == (None if factor is None else pytest.approx(factor, rel=1e-12))


def test_two_units_with_the_same_spelling_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "units.yaml").write_text(
        "source: test\nunits:\n"
        "- {unit: g/L, dimension: mass_concentration, factor: 1}\n"
        "- {unit: 10^9/L, dimension: count_concentration, factor: 1.0e+9, names: [G/L]}\n",
        encoding="utf-8",
    )
    problems = read_units(tmp_path)[1]
    assert [(problem.line, problem.message) for problem in problems] == [
        (4, '"G/L" of "10^9/L" is already a spelling of "g/L". Remove one of them.')
    ]
