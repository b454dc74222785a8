"""Patient -> patient and patient_link."""

from zhiheng.records import identity
from zhiheng.sources.fhir.elements import Concept, Node, human_name
from zhiheng.sources.fhir.resource import Resource, Row, Rows

SEXES = {"male": "male", "female": "female", "other": "unknown", "unknown": "unknown"}


def rows(resource: Resource) -> Rows:
    """Yield the patient number and what it is linked to."""
    node = resource.node
    number = resource.number(resource.feed.identifiers.patient_id)
    card = resource.number(resource.feed.identifiers.id_number)
    yield Row(
        "patient",
        {
            "patient_id": number,
            "organisation": resource.organisation,
            "name": human_name(node),
            "sex": resource.mapped("gender", _present(node.text("gender")), SEXES, "gender"),
            "birth_date": node.text("birthDate"),
            "id_kind": identity.CARD if card else None,
            "id_number": card,
            "phone": _phone(node),
            "address": _address(node),
            "marital_status": next(iter(Concept(node.node("maritalStatus")).codes), None),
            "death_date": node.text("deceasedDateTime"),
        },
    )
    yield from _links(resource, number)


def _links(resource: Resource, number: str | None) -> Rows:
    happened = resource.node.node("meta").text("lastUpdated")
    for place, link in enumerate(resource.node.nodes("link"), 1):
        target = resource.target(link.node("other"), "Patient")
        if target is None:
            continue
        kind, here, there = link.text("type"), number, target.value
        if kind == "replaces":
            here, there = there, here
        yield Row(
            "patient_link",
            {
                "patient_id": here,
                "other_patient_id": there,
                "event": "merge" if kind in ("replaced-by", "replaces") else "link",
                "event_time": happened,
                "reason": f"Patient.link {kind}",
            },
            part=f"link-{place}",
        )


def _phone(node: Node) -> str | None:
    phones = (contact.text("value") for contact in node.nodes("telecom") if contact.text("system") in ("phone", "sms"))
    return next(filter(None, phones), None)


def _address(node: Node) -> str | None:
    home = next((part for part in node.nodes("address") if part.text("use") == "home"), node.first("address"))
    if words := home.text("text"):
        return words
    parts = [home.text(name) for name in ("state", "city", "district")] + home.texts("line")
    return " ".join(filter(None, parts)) or None


def _present(code: str | None) -> list[str]:
    return [code] if code else []
