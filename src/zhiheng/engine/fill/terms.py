"""Terms: named sets of drugs, tests, procedures and examinations, known by code or by name."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

# What sources call a code system, folded, and what terms call it.
_SYSTEMS = {
    "HTTPLOINCORG": "LOINC",
    "HTTPWWWWHOCCNOATC": "ATC",
    "HTTPSNOMEDINFOSCT": "SNOMEDCT",
    "SNOMED": "SNOMEDCT",
    "HTTPHL7ORGFHIRSIDICD10": "ICD10",
    "HTTPHL7ORGFHIRSIDICD10CM": "ICD10CM",
    "HTTPHL7ORGFHIRSIDICD9CM": "ICD9CM",
    "HTTPWWWNLMNIHGOVRESEARCHUMLSRXNORM": "RXNORM",
    "ICD9CM3": "ICD9CM3",
    "ICD9": "ICD9CM3",
}
# A code of these systems covers its extensions: C07A covers C07AB02, 36.06 covers 36.0600x001.
_HIERARCHICAL = ("ATC", "ICD")


@dataclass(frozen=True)
class Term:
    """One named set. A row belongs to it by the profile's word, by code, or by name."""

    name: str
    label: str
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    excluding: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()  # every member of these terms belongs to this term too
    molar_mass: float | None = None  # g/mol, for units of mass and of substance
    source: str = ""
    confidence: str = ""
    value_sets: tuple[str, ...] = ()  # published lists of codes that a pack names and does not contain
    listed: frozenset[tuple[str, str]] = frozenset()  # what they list: system and code, folded

    def __hash__(self) -> int:
        return hash(self.name)

    @cached_property
    def _covers(self) -> dict[str, tuple[str, ...]]:
        return {system_name(system): tuple(fold_code(code) for code in codes) for system, codes in self.codes.items()}

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(fold_name(name) for name in self.names)

    @cached_property
    def _contains(self) -> re.Pattern[str] | None:
        return _any_of(self.contains)

    @cached_property
    def _excluding(self) -> re.Pattern[str] | None:
        return _any_of(self.excluding)

    def has_code(self, system: str, code: str) -> bool:
        """Say whether `code` (folded) of `system` (folded) is one of the term's codes or an extension of one.

        A value set lists every code that it means: there an extension is not covered.
        """
        if (system, code) in self.listed:
            return True
        wanted = self._covers.get(system, ())
        if system.startswith(_HIERARCHICAL):
            return any(code.startswith(prefix) for prefix in wanted)
        return code in wanted

    def has_name(self, name: str) -> bool:
        """Say whether `name` (folded) is one of the term's names."""
        if name in self._exact:
            return True
        if not self._contains or not self._contains.search(name):
            return False
        return not (self._excluding and self._excluding.search(name))


ValueSets = Mapping[str, Iterable[tuple[str, str]]]  # by their address: system and code of each member


class UnknownValueSet(LookupError):
    """A term refers to a published list of codes that this installation does not have."""


class Terms:
    """All terms, and to which of them a row belongs."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self.by_name = {term.name: term for term in terms}
        self._resolved: dict[tuple[object, ...], frozenset[str]] = {}

    def with_value_sets(self, value_sets: ValueSets) -> "Terms":
        """Return the terms with the codes of the value sets that they name."""
        return Terms(_with_codes(term, value_sets) for term in self.by_name.values())

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> Term:
        return self.by_name[name]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.by_name)

    @cached_property
    def _without_codes(self) -> Term | None:
        return next((term for term in self.by_name.values() if term.value_sets and not term.listed), None)

    def of(
        self,
        table: str,
        code_system: str | None,
        code: str | None,
        name: str | None,
        codings: Iterable[str] | None = None,
        given: Iterable[str] | None = None,
    ) -> frozenset[str]:
        """Return the names of the terms that a row of `table` with this code and name belongs to."""
        key = (table, code_system, code, name, tuple(codings or ()), tuple(given or ()))
        if key not in self._resolved:
            self._resolved[key] = self._with_wider(set(self._narrow(*key)))
        return self._resolved[key]

    def _narrow(
        self,
        table: str,
        code_system: str | None,
        code: str | None,
        name: str | None,
        codings: tuple[str, ...],
        given: tuple[str, ...],
    ) -> Iterable[str]:
        pairs = [_pair(coding) for coding in codings]
        if code:
            pairs.append((system_name(code_system or _DEFAULT_SYSTEMS.get(table, "")), fold_code(code)))
        folded = fold_name(name) if name else None
        yield from given
        if self._without_codes is not None:
            raise UnknownValueSet(
                f'Term "{self._without_codes.name}" refers to the value set {self._without_codes.value_sets[0]}, '
                "whose codes are not given. Give them with Terms.with_value_sets()."
            )
        for term in self.by_name.values():
            if any(term.has_code(*pair) for pair in pairs) or (folded and term.has_name(folded)):
                yield term.name

    def _with_wider(self, found: set[str]) -> frozenset[str]:
        """Add the terms that include what was found, and those that include these."""
        while True:
            wider = {t.name for t in self.by_name.values() if not found.isdisjoint(t.includes)} - found
            if not wider:
                return frozenset(found)
            found |= wider


def _with_codes(term: Term, value_sets: ValueSets) -> Term:
    listed: set[tuple[str, str]] = set()
    for name in term.value_sets:
        if name not in value_sets:
            raise UnknownValueSet(f'Term "{term.name}" refers to the value set {name}, which is not among the given.')
        listed |= {(system_name(system), fold_code(code)) for system, code in value_sets[name]}
    return replace(term, listed=frozenset(listed)) if listed else term


# A hospital that names no system means these in the tables of the front page.
_DEFAULT_SYSTEMS = {"diagnosis": "ICD-10", "procedure": "ICD-9-CM-3"}


def system_name(system: str) -> str:
    """Return one spelling for each code system: "ICD-9-CM-3" and "icd9cm3" are the same."""
    folded = re.sub(r"[^A-Z0-9]", "", system.upper())
    return _SYSTEMS.get(folded, folded)


def fold_code(code: str) -> str:
    """Return a code without dots and marks, in upper case."""
    return re.sub(r"[^0-9A-Z-]", "", code.upper())


def fold_name(name: str) -> str:
    """Return a name without outer space, in lower case; brackets in one shape."""
    return name.strip().casefold().replace("（", "(").replace("）", ")")


def _pair(coding: str) -> tuple[str, str]:
    system, _, code = coding.rpartition("|")
    return system_name(system), fold_code(code)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(_as_word(fold_name(pattern)) for pattern in patterns))


def _as_word(pattern: str) -> str:
    """Latin words stand alone (LDL is not in VLDL); Chinese has no word borders."""
    before = "(?<![a-z0-9])" if pattern[:1].isascii() else ""
    after = "(?![a-z0-9])" if pattern[-1:].isascii() else ""
    return f"{before}{re.escape(pattern)}{after}"
