"""The hospital's own tables: departments, staff, drugs, laboratory tests, names and stories, read from `data/`."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from zhiheng.lib import yaml
from zhiheng.sources.demo.dice import Dice, Weighted

DATA = Path(__file__).parent / "data"
HOSPITAL = "质衡示范医院"
ORGANISATION = "PDY00000X"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Department:
    """A department with its ward and its people, most senior first."""

    code: str
    name: str
    campus: str
    ward: str
    physicians: tuple[Person, ...]
    nurses: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Drug:
    """A line of the drug dictionary, with what is usually ordered."""

    code: str
    name: str
    dose: str
    unit: str
    route: str
    frequency: str


@dataclass(frozen=True, slots=True)
class Test:
    """A line of the laboratory's dictionary, with its reference range."""

    code: str
    name: str
    unit: str
    low: float | None
    high: float | None
    decimals: int


@dataclass(frozen=True)
class Names:
    """What people are called and where they live."""

    surnames: Weighted[str]
    male: list[str]
    female: list[str]
    streets: list[str]
    districts: list[str]
    city: str
    area_codes: list[str]

    def draw(self, dice: Dice, sex: str) -> str:
        return self.surnames.draw(dice) + dice.pick(self.male if sex == "male" else self.female)


@dataclass(frozen=True)
class Catalogue:
    """All tables at hand."""

    names: Names
    departments: dict[str, Department]
    drugs: dict[str, Drug]
    tests: dict[str, Test]
    stories: dict[str, Any]


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file of `data/`."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def catalogue() -> Catalogue:
    """Return the tables, read once."""
    names = _names()
    return Catalogue(names, _departments(names), _drugs(), _tests(), yaml.load(DATA / "stories.yaml").data)


def _names() -> Names:
    said = yaml.load(DATA / "names.yaml").data
    said["surnames"] = Weighted(list(said["surnames"].items()))
    return Names(**said)


def _departments(names: Names) -> dict[str, Department]:
    dice = Dice(20240101)
    return {
        row["key"]: Department(
            row["code"],
            row["name"],
            row["campus"],
            row["ward"],
            _staff(names, dice, f"YS{number:02d}", 5, ("male", "male", "female")),
            _staff(names, dice, f"HS{number:02d}", 4, ("female",)),
        )
        for number, row in enumerate(rows("departments.csv"), 1)
    }


def _staff(names: Names, dice: Dice, prefix: str, size: int, sexes: tuple[str, ...]) -> tuple[Person, ...]:
    return tuple(Person(f"{prefix}{number:02d}", names.draw(dice, dice.pick(sexes))) for number in range(1, size + 1))


def _drugs() -> dict[str, Drug]:
    return {
        row["key"]: Drug(row["code"], row["name"], row["dose"], row["unit"], row["route"], row["frequency"])
        for row in rows("drugs.csv")
    }


def _tests() -> dict[str, Test]:
    return {
        row["key"]: Test(
            row["code"],
            row["name"],
            row["unit"],
            float(row["low"]) if row["low"] else None,
            float(row["high"]) if row["high"] else None,
            int(row["decimals"] or 0),
        )
        for row in rows("labs.csv")
    }
