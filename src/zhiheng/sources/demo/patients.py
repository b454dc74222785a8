"""Patients: people who do not exist, with well-formed identity numbers that nobody has."""

from dataclasses import dataclass
from datetime import date, timedelta

from zhiheng.records.identity import check_digit
from zhiheng.sources.demo.catalogue import Names
from zhiheng.sources.demo.dice import Dice


@dataclass(slots=True)
class Patient:
    """A patient as the registration desk knows one. `record_number` is the number of the medical record (病案号)."""

    record_number: str
    name: str
    sex: str
    born: date
    id_number: str
    phone: str
    address: str
    married: bool


def patient(names: Names, dice: Dice, number: int, sex: str, born: date) -> Patient:
    """Return the patient with this running number."""
    order = dice.whole(0, 499) * 2 + (sex == "male")
    first17 = f"{dice.pick(names.area_codes)}{born:%Y%m%d}{order:03d}"
    street = f"{names.city}{dice.pick(names.districts)}{dice.pick(names.streets)}{dice.whole(1, 400)}号"
    return Patient(
        record_number=f"{number:08d}",
        name=names.draw(dice, sex),
        sex=sex,
        born=born,
        id_number=first17 + check_digit(first17),
        phone=f"199{dice.whole(0, 99999999):08d}",
        address=street,
        married=(date(2025, 1, 1) - born).days > 25 * 365,
    )


def birthday(dice: Dice, age_years: float, on: date) -> date:
    """Return a day of birth that makes `age_years` full years on the day `on` (and no more than the next)."""
    full = int(age_years)
    latest = _years_before(on, full)
    earliest = _years_before(on, full + 1) + timedelta(1)
    if age_years != full:  # an age with a fraction is meant to the day
        return latest - timedelta(round((age_years - full) * 365.25))
    return earliest + timedelta(dice.whole(0, (latest - earliest).days))


def age_on(born: date, on: date) -> int:
    """Return full years of age."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return date(day.year - years, 2, 28)
