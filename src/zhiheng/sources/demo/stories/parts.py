"""What several stories have in common: being admitted, prophylaxis around an incision, the way home."""
# ruff: noqa: E501 - the sentences of notes stay whole

from typing import TYPE_CHECKING, Any

from zhiheng.sources.demo.calendar import DAY, HOUR, MINUTE
from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.patients import Patient
from zhiheng.sources.demo.visit import Visit

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital


def arrive(
    hospital: "Hospital", dice: Dice, number: int, department: str, story: str, *,
    days: int, age: int, sex: str = "", route: str = "1", who: Patient | None = None, midnight: int | None = None,
) -> Visit:  # fmt: skip
    """Admit a new patient (or `who`, at `midnight`) for `days` days; an emergency has a door, an onset and an ambulance."""
    start = hospital.time(dice, days) if midnight is None else midnight
    if who is None:
        who = hospital.patient(dice, number, sex or ("male" if dice.chance(0.55) else "female"), age, start)
    emergency = route == "1"
    admitted = start + dice.whole(7 * 60, 20 * 60 if emergency else 16 * 60) * MINUTE
    discharged = max(start + days * DAY + dice.whole(8 * 60 + 30, 11 * 60) * MINUTE, admitted + 2 * HOUR)
    visit = hospital.admit(who, department, admitted, discharged, story)
    visit.route, visit.payment = route, dice.pick("11122237")
    visit.weight, visit.height = round(dice.around(64, 18), 1), dice.whole(150, 181)
    if emergency:
        visit.arrived = admitted - dice.whole(25, 90) * MINUTE
        visit.transport = dice.pick(("救护车", "私家车", "出租车"))
    return visit


def course(visit: Visit, drug: str, start: int, *, end: int | None = None, dose: str = "") -> None:
    """Order a drug and give its first dose at `start`."""
    order = visit.order(drug, start - 10 * MINUTE, end)
    visit.give(drug, start, dose=dose, order=order)


def prophylaxis(visit: Visit, incision: int, minutes: int, drug: str, before: int, stop_hours: int | None) -> None:
    """Give the antibacterial `before` minutes before the incision, again after three hours, and stop it."""
    first = incision - before * MINUTE
    order = visit.order(drug, first - 15 * MINUTE, first + MINUTE, frequency="术前")
    visit.give(drug, first, order=order)
    closure = incision + minutes * MINUTE
    visit.facts["antibacterial_before_incision_minutes"] = before
    if minutes >= 180:
        visit.give(drug, incision + 170 * MINUTE, order=order)
    if stop_hours is None:
        return
    stop = closure + stop_hours * HOUR
    order = visit.order(drug, closure + 6 * HOUR, stop, frequency="q8h")
    at = closure + 6 * HOUR
    while at < stop:
        visit.give(drug, at, order=order)
        at += 8 * HOUR
    visit.give(drug, stop, order=order)
    visit.facts["antibacterial_stop_hours"] = stop_hours


def operated(
    visit: Visit,
    dice: Dice,
    text: str,
    start: int,
    minutes: int,
    *,
    healing: str,
    anaesthesia: str = "01",
    loss: int = 50,
) -> None:
    """Operate, and write the report with the times of incision and closure."""
    operation = visit.operate(
        text, start, minutes, level="4", healing=healing, anaesthesia=anaesthesia, asa=dice.pick("223"), blood_loss=loss
    )
    end = start + minutes * MINUTE
    visit.note(
        "手术记录", f"{operation.name}手术记录", end + HOUR,
        f"{visit.minute(start)}切皮，{visit.minute(end)}缝皮结束。手术顺利，术中出血约{loss}ml，清点器械无误，安返病房。",
    )  # fmt: skip
    visit.facts["operation_minutes"] = minutes


def go_home(visit: Visit, drugs: tuple[str, ...] | list[str], text: str) -> None:
    """Prescribe for home and write the discharge letter; who has died gets neither."""
    if visit.mode == "5":
        visit.note("出院记录", "死亡记录", visit.discharged + HOUR, "病情恶化，经积极抢救无效，宣布临床死亡。")
        return
    for drug in drugs:
        visit.take_home(drug)
    visit.facts["home_drugs"] = "|".join(drugs)
    visit.note("出院记录", "出院小结", visit.discharged - HOUR, text)


def expect(visit: Visit, out: dict[str, str] | None = None, open_: dict[str, str] | None = None) -> None:
    """Say which exclusions were planted."""
    if out:
        visit.facts["out"] = out
    if open_:
        visit.facts["open"] = open_


def age_of(plan: Any, dice: Dice, low: int, high: int) -> int:
    """Return the age that a plan asks for, or one between `low` and `high`."""
    return plan.age if plan.age is not None else dice.whole(low, high)
