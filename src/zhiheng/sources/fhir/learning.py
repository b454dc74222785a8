"""The first pass: learn what can be pointed at, and what others need to know of it."""

from dataclasses import dataclass

from zhiheng.sources.fhir.elements import Concept, each_coding, human_name
from zhiheng.sources.fhir.references import Link, Target, address_of, identifier_addresses
from zhiheng.sources.fhir.resource import Resource

# Nobody points to these from a record that we make, and they are by far the most.
NOT_POINTED_AT = frozenset(("Observation", "DiagnosticReport", "DocumentReference", "MedicationAdministration"))


@dataclass(frozen=True, slots=True)
class Place:
    """What a Location says to a stay."""

    name: str | None
    types: tuple[str, ...]
    levels: tuple[str, ...]


def learn(resource: Resource) -> None:
    """Remember the resource where others may point to it."""
    numbers = resource.feed.identifiers
    match resource.type:
        case "Patient":
            target = _remember(resource, resource.number(numbers.patient_id))
            if record_number := resource.number(numbers.record_number):
                resource.index.record_numbers[target] = record_number
        case "Encounter":
            _remember(resource, resource.number(numbers.encounter_id))
            _learn_encounter(resource)
        case "Condition" | "Procedure":
            _remember(resource, resource.scope)
        case "MedicationRequest":
            _remember(resource, resource.number(numbers.order_id))
        case "ServiceRequest":
            _remember(resource, resource.node.text("authoredOn"))
        case "Medication":
            _remember(resource, _Code(resource.node.data.get("code")))
        case "Location":
            _remember(resource, _place(resource))
        case "Organization":
            _remember(resource, resource.node.text("name"))
        case "Practitioner":
            _remember(resource, human_name(resource.node))


class _Code(dict[str, object]):
    """The code of a Medication as it stands; equal only to itself, so that it can be a value of a target."""

    def __init__(self, code: object) -> None:
        super().__init__(code if isinstance(code, dict) else {})

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


def _remember(resource: Resource, value: object) -> Target:
    target = Target(resource.type, resource.id, value)
    resource.index.learn(resource.found, resource.scope, target, identifier_addresses(resource.node))
    return target


def _place(resource: Resource) -> Place:
    node = resource.node
    levels = tuple(Concept(node.node("physicalType")).codes)
    return Place(node.text("name"), tuple(each_coding(node.nodes("type"))), levels)


def _learn_encounter(resource: Resource) -> None:
    number = resource.number(resource.feed.identifiers.encounter_id)
    subject = address_of(resource.node.node("subject"), "Patient")
    if number and subject:
        resource.index.visited(number, subject, resource.scope)
    for part in resource.node.nodes("diagnosis"):
        address = address_of(part.node("condition"), "Condition")
        if number and address:
            use = next(iter(Concept(part.node("use")).codes), "")
            resource.index.diagnosed(address, resource.scope, Link(number, use, part.number("rank")))
