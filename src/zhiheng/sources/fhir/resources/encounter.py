"""Encounter -> encounter, stay, and the diagnoses that stand in it."""

import re

from zhiheng.records.problems import Effect
from zhiheng.sources.fhir.elements import Concept, Node, concepts, each_coding, pairs, period
from zhiheng.sources.fhir.resource import Resource, Row, Rows
from zhiheng.sources.fhir.resources import condition

STATUSES = {
    "planned": "planned",
    "arrived": "in_progress",
    "triaged": "in_progress",
    "in-progress": "in_progress",
    "onleave": "in_progress",
    "finished": "finished",
    "cancelled": "cancelled",
    "unknown": None,
}
_DAYS = ("d", "day", "days", "天", "日")


def rows(resource: Resource) -> Rows:
    """Yield the visit, its stays, and diagnoses that it contains or gives as its reason."""
    node, feed = resource.node, resource.feed
    number = resource.number(feed.identifiers.encounter_id)
    status = resource.status(STATUSES)
    start, end, _ = period(node.node("period"))
    hospitalization = node.node("hospitalization")
    disposition = Concept(hospitalization.node("dischargeDisposition"))
    mode = resource.mapped(
        "hospitalization.dischargeDisposition", disposition.codes, feed.discharge_mode, "discharge_mode"
    )
    places = [_Place(resource, part) for part in node.nodes("location")]
    department = _department(resource, places)
    yield Row(
        "encounter",
        {
            "encounter_id": number,
            "patient_id": resource.patient_id(),
            "organisation": resource.organisation,
            "campus": resource.campus,
            "encounter_class": _class(resource),
            "class_code": node.node("class").text("code"),
            "type_codes": list(each_coding(node.nodes("type"))) or None,
            "reason_codes": pairs(concepts(node, "reasonCode")) or None,
            "record_number": _record_number(resource),
            "part_of_encounter_id": resource.encounter_id("partOf"),
            "department": department,
            "ward": _latest(places, "ward"),
            "admit_route": _admit_route(resource, hospitalization),
            "arrive_time": _arrival(node),
            "admit_time": start,
            "discharge_time": end,
            "discharge_mode": mode,
            "discharge_disposition": next(iter(disposition.pairs), None),
            "deceased": True if mode == "died" else None,
            "length_of_stay_days": _length(node.node("length")),
            "status": status,
        },
    )
    yield from _stays(number, places)
    yield from _critical_stays(resource, number)
    yield from _contained_diagnoses(resource, number)
    yield from _reasons(resource, number)


def _class(resource: Resource) -> str | None:
    code = resource.node.node("class").text("code")
    return resource.mapped("class", [code], resource.feed.classes, "classes") if code else None


def _record_number(resource: Resource) -> str | None:
    wanted = resource.feed.identifiers.record_number
    if found := resource.number(wanted):
        return found
    patient = resource.quiet_target(resource.node.node("subject"), "Patient")
    return resource.index.record_numbers.get(patient) if patient else None


def _arrival(node: Node) -> str | None:
    """Return when the patient arrived: only a source that follows the status says it."""
    for state in node.nodes("statusHistory"):
        if state.text("status") in ("arrived", "triaged"):
            return state.node("period").text("start")
    return None


def _admit_route(resource: Resource, hospitalization: Node) -> str | None:
    codes = Concept(hospitalization.node("admitSource")).codes
    return resource.mapped("hospitalization.admitSource", codes, resource.feed.admit_route, "admit_route")


def _length(length: Node) -> float | None:
    """Return the length of stay where it is counted in days; hours and minutes are no count of days."""
    return length.number("value") if (length.text("code") or length.text("unit")) in _DAYS else None


class _Place:
    """One stretch in one location."""

    def __init__(self, resource: Resource, node: Node) -> None:
        self.start, self.end, self.ongoing = period(node.node("period"))
        reference = node.node("location")
        target = resource.quiet_target(reference, "Location")
        known = target.value if target else None
        self.name: str | None = (known and known.name) or reference.text("display")
        if target is None and self.name is None:
            resource.target(reference, "Location")  # nothing is known of it: say so
        self.types: list[str] = list(known.types) if known else []
        stays = resource.feed.stays
        kind = Concept(node.node("physicalType")).codes or (list(known.levels) if known else [])
        self.level = next((stays.levels[code] for code in kind if code in stays.levels), None) or next(
            (level for pattern, level in stays.names.items() if re.search(pattern, self.name or "")), "other"
        )
        codes = [pair.split("|", 1)[1] for pair in self.types]
        self.icu = any(code in stays.icu_types for code in codes) or any(
            re.search(pattern, self.name or "") for pattern in stays.icu_names
        )

    @property
    def when(self) -> tuple[str | None, str | None]:
        return self.start, self.end


def _department(resource: Resource, places: list[_Place]) -> str | None:
    for way in resource.feed.department:
        if way == "serviceType":
            found = Concept(resource.node.node("serviceType")).label
        elif way == "location":
            found = _latest(places, "department")
        else:
            provider = resource.node.node("serviceProvider")
            target = resource.quiet_target(provider, "Organization")
            found = (target.value if target else None) or provider.text("display")
        if found:
            return found
    return None


def _latest(places: list[_Place], level: str) -> str | None:
    """Return the name of the last location of a level: that of the discharge."""
    named = [place for place in places if place.level == level and place.name]
    return max(named, key=lambda place: place.start or "").name if named else None


def _stays(number: str | None, places: list[_Place]) -> Rows:
    """Yield one stay for the locations of one stretch of time: a bed is in a ward, not a stay beside it."""
    stretches: dict[tuple[str | None, str | None], list[_Place]] = {}
    for place in places:
        stretches.setdefault(place.when, []).append(place)
    for count, (when, together) in enumerate(stretches.items(), 1):
        wards = [place for place in together if place.level == "ward"] or [
            place for place in together if place.level in ("other", "room")
        ]
        types = dict.fromkeys(pair for place in together for pair in place.types)
        yield Row(
            "stay",
            {
                "encounter_id": number,
                "kind": "icu" if any(place.icu for place in together) else "ward",
                "department": _latest(together, "department"),
                "ward": wards[0].name if wards else None,
                "bed": _latest(together, "bed"),
                "type_codes": list(types) or None,
                "start_time": when[0],
                "end_time": when[1],
            },
            part=f"location-{count}",
        )


def _critical_stays(resource: Resource, number: str | None) -> Rows:
    """Yield the stretches that the history of the class says were intensive care."""
    for place, part in enumerate(resource.node.nodes("classHistory"), 1):
        kind = part.node("class")
        if kind.text("code") not in resource.feed.stays.icu_classes:
            continue
        start, end, _ = period(part.node("period"))
        stay = {
            "encounter_id": number,
            "kind": "icu",
            "ward": kind.text("display"),
            "start_time": start,
            "end_time": end,
        }
        yield Row("stay", stay, part=f"class-{place}")


def _contained_diagnoses(resource: Resource, number: str | None) -> Rows:
    for place, part in enumerate(resource.node.nodes("diagnosis"), 1):
        inside = resource.contained(part.node("condition"))
        if inside is None:
            target = resource.target_of_any(part.node("condition"), ("Condition", "Procedure"))
            if target is None and (name := part.node("condition").text("display")):
                yield _diagnosis(resource, number, part, {"name": name}, place)
        elif withdrawal := condition.taken_back(inside):
            resource.problems.append(withdrawal.problem.doing(Effect.FIELD))
        elif inside.text("resourceType") == "Condition":
            yield _diagnosis(resource, number, part, condition.content(resource, inside), place)


def _diagnosis(resource: Resource, number: str | None, part: Node, content: dict[str, object], place: int) -> Row:
    use = Concept(part.node("use")).codes
    role, rank = condition.role_and_rank(resource, use, part.number("rank"))
    values = {"encounter_id": number, "patient_id": resource.patient_id(), "role": role, "rank": rank, **content}
    return Row("diagnosis", values, part=f"diagnosis-{place}")


def _reasons(resource: Resource, number: str | None) -> Rows:
    """Yield the coded reasons as diagnoses of the role that the profile gives them."""
    if resource.feed.reason == "ignore":
        return
    for place, concept in enumerate(concepts(resource.node, "reasonCode"), 1):
        values = {"encounter_id": number, "patient_id": resource.patient_id(), "role": resource.feed.reason}
        yield Row("diagnosis", values | resource.coded("diagnosis", concept), part=f"reason-{place}")
