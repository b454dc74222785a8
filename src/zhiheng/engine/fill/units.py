"""Units of observations: which spellings are the same unit, and how to get from one to another."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MASS_CONCENTRATION = "mass_concentration"
SUBSTANCE_CONCENTRATION = "substance_concentration"


@dataclass(frozen=True)
class Unit:
    """`factor` is the size of the unit in the base unit of its dimension (g/L for mass concentrations...)."""

    unit: str
    dimension: str
    factor: float
    names: tuple[str, ...] = ()


class Units:
    """All known units by every spelling."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._by_name: dict[str, Unit] = {}
        for unit in units:
            for name in (unit.unit, *unit.names):
                self._by_name[fold_unit(name)] = unit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Units) and self._by_name == other._by_name

    def __hash__(self) -> int:
        return hash(tuple(self._by_name))

    def __iter__(self) -> Iterator[Unit]:
        return iter(dict.fromkeys(self._by_name.values()))

    def __contains__(self, name: str) -> bool:
        return fold_unit(name) in self._by_name

    def factor(self, found: str | None, wanted: str, molar_mass: float | None = None) -> float | None:
        """Return by what to multiply a value in `found` to have it in `wanted`; None where that is not known."""
        source, target = self._by_name.get(fold_unit(found or "")), self._by_name[fold_unit(wanted)]
        if source is None:
            return None
        if source.dimension == target.dimension:
            return source.factor / target.factor
        if molar_mass and (source.dimension, target.dimension) == (MASS_CONCENTRATION, SUBSTANCE_CONCENTRATION):
            return source.factor / molar_mass / target.factor
        if molar_mass and (source.dimension, target.dimension) == (SUBSTANCE_CONCENTRATION, MASS_CONCENTRATION):
            return source.factor * molar_mass / target.factor
        return None


def fold_unit(name: str) -> str:
    """Return one spelling for what differs only in case, space, the sign for micro, or the sign for times."""
    folded = re.sub(r"\s+", "", name).replace("µ", "μ").casefold()
    folded = folded.replace("×", "*").replace("⁹", "^9").replace("¹²", "^12").replace("／", "/").replace("％", "%")
    return re.sub(r"^u(?=g|mol)", "μ", folded).replace("mcg", "μg")
