"""The shape of packs/common/terms/*.yaml and units.yaml: what drugs, tests and units are called."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from zhiheng.engine.fill.terms import Term, Terms
from zhiheng.engine.fill.units import Unit, Units, fold_unit
from zhiheng.lib import models, yaml
from zhiheng.lib.models import Problem, Spec
from zhiheng.lib.suggest import did_you_mean
from zhiheng.records import codes


class TermSpec(Spec):
    """One named set of drugs, tests, procedures or examinations."""

    term: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    codes: dict[str, list[str]] = Field(default_factory=dict)
    names: list[str] = Field(default_factory=list)
    contains: list[str] = Field(default_factory=list)
    excluding: list[str] = Field(default_factory=list)
    includes: list[str] = Field(default_factory=list)
    value_sets: list[str] = Field(default_factory=list)
    molar_mass: float | None = Field(None, gt=0)
    source: str | None = None
    confidence: Literal["verified", "secondary", "own-knowledge"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "TermSpec":
        if not (self.codes or self.names or self.contains or self.includes or self.value_sets):
            raise ValueError("a term needs codes, names, contains, includes or value_sets. Add one of them.")
        return self


class TermsSpec(Spec):
    """A file of terms; source and confidence stand for every term that does not state its own."""

    source: str
    confidence: Literal["verified", "secondary", "own-knowledge"]
    terms: list[TermSpec]


class UnitSpec(Spec):
    """One unit: its size in the base unit of its dimension, and its other spellings."""

    unit: str
    dimension: str
    factor: float | int
    names: list[str] = Field(default_factory=list)


class UnitsSpec(Spec):
    """packs/common/units.yaml."""

    source: str
    units: list[UnitSpec]


def read_terms(folder: Path) -> tuple[Terms, list[Problem]]:
    """Return the terms of packs/common and of everything wrong with them."""
    files = sorted((folder / "terms").glob("*.yaml"))
    return _read_terms(tuple((str(file), file.stat().st_mtime_ns) for file in files))


def read_units(folder: Path) -> tuple[Units, list[Problem]]:
    """Return the units of packs/common and everything wrong with them."""
    file = folder / "units.yaml"
    if not file.is_file():
        return Units([]), []
    try:
        document = yaml.load(file, name=_name(file))
    except yaml.YamlError as problem:
        return Units([]), [Problem(problem.file, problem.line, problem.message)]
    spec, problems = models.read(document, UnitsSpec)
    units = [Unit(u.unit, u.dimension, float(u.factor), tuple(u.names)) for u in spec.units] if spec else []
    return Units(units), [*problems, *_same_spellings(units, document)]


def _same_spellings(units: Iterable[Unit], document: yaml.Document) -> Iterator[Problem]:
    """Yield what cannot be told apart: case does not count, so that "G/L" would be read as g/L."""
    known: dict[str, str] = {}
    for number, unit in enumerate(units):
        for name in (unit.unit, *unit.names):
            other = known.setdefault(fold_unit(name), unit.unit)
            if other != unit.unit:
                message = f'"{name}" of "{unit.unit}" is already a spelling of "{other}". Remove one of them.'
                yield Problem(document.file, document.line(("units", number)), message)


@lru_cache(maxsize=4)
def _read_terms(files: tuple[tuple[str, int], ...]) -> tuple[Terms, list[Problem]]:
    problems: list[Problem] = []
    terms: dict[str, Term] = {}
    places: list[tuple[yaml.Document, int, TermSpec]] = []
    for path, _ in files:
        for document, number, spec, term in _terms_of(Path(path), problems):
            if term.name in terms:
                message = f'term "{term.name}" stands here twice. Keep one of them.'
                problems.append(Problem(document.file, document.line(("terms", number)), message))
            terms[term.name] = term
            places.append((document, number, spec))
    problems += _bad_references(places, terms)
    return Terms(terms.values()), problems


def _terms_of(path: Path, problems: list[Problem]) -> Iterator[tuple[yaml.Document, int, TermSpec, Term]]:
    try:
        document = yaml.load(path, name=_name(path))
    except yaml.YamlError as problem:
        problems.append(Problem(problem.file, problem.line, problem.message))
        return
    spec, found = models.read(document, TermsSpec)
    problems += found
    for number, each in enumerate(spec.terms if spec else ()):
        yield document, number, each, _term(each, spec)  # type: ignore[arg-type]


def _term(each: TermSpec, file: TermsSpec) -> Term:
    return Term(
        each.term,
        each.label,
        {system: tuple(listed) for system, listed in each.codes.items()},
        tuple(each.names),
        tuple(each.contains),
        tuple(each.excluding),
        tuple(each.includes),
        each.molar_mass,
        each.source or file.source,
        each.confidence or file.confidence,
        tuple(each.value_sets),
    )


def _bad_references(places: Iterable[tuple[yaml.Document, int, TermSpec]], terms: dict[str, Term]) -> Iterator[Problem]:
    for document, number, spec in places:
        for at, name in enumerate(spec.includes):
            if name not in terms:
                line = document.line(("terms", number, "includes", at))
                yield Problem(document.file, line, f'unknown term "{name}".{did_you_mean(name, terms)}')
        for system, listed in spec.codes.items():
            if not system.upper().startswith("ICD"):
                continue
            for code in listed:
                if codes.normal(code) is None:
                    line = document.line(("terms", number, "codes", system))
                    yield Problem(
                        document.file, line, f'"{code}" is no code of {system}. Write it like 36.06 or I21.1.'
                    )


def _name(path: Path) -> str:
    return "/".join(path.parts[path.parts.index("packs") :]) if "packs" in path.parts else path.name
