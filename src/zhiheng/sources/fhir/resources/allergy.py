"""AllergyIntolerance and AdverseEvent -> allergy."""

from zhiheng.sources.fhir.elements import Concept, Node, concepts, labels, span
from zhiheng.sources.fhir.resource import Refused, Resource, Row, Rows

CLINICAL = {"active": "active", "inactive": "inactive", "resolved": "resolved"}


def rows(resource: Resource) -> Rows:
    """Yield a standing allergy or intolerance."""
    node = resource.node
    certainty = next(iter(Concept(node.node("verificationStatus")).codes), None)
    if certainty in ("entered-in-error", "refuted"):
        raise Refused(
            "withdrawn", "AllergyIntolerance.verificationStatus", certainty, "来源已撤回或否定该过敏记录", "无需处理"
        )
    onset, end, ongoing = span(node, "onset")
    reactions = node.nodes("reaction")
    reaction = labels([concept for part in reactions for concept in concepts(part, "manifestation")])
    status = resource.mapped("clinicalStatus", Concept(node.node("clinicalStatus")).codes, CLINICAL, "clinicalStatus")
    yield Row(
        "allergy",
        {
            **resource.belongs_to(patient="patient"),
            **resource.coded("allergy", Concept(node.node("code"))),
            "kind": "intolerance" if node.text("type") == "intolerance" else "allergy",
            "reaction": reaction,
            "severity": _severity(reactions) or node.text("criticality"),
            "clinical_status": status,
            "onset_time": onset,
            "end_time": end,
            "ongoing": ongoing,
            "recorded_time": node.text("recordedDate"),
        },
    )


def event_rows(resource: Resource) -> Rows:
    """Yield an unwanted effect that happened."""
    node = resource.node
    if node.text("actuality") == "potential":
        raise Refused(
            "potential", "AdverseEvent.actuality", "potential", "只是可能发生的不良事件，并未发生", "无需处理"
        )
    yield Row(
        "allergy",
        {
            **resource.belongs_to(),
            **resource.coded("allergy", Concept(node.node("event"))),
            "kind": "adverse_event",
            "severity": Concept(node.node("severity")).label,
            "onset_time": node.text("date"),
            "recorded_time": node.text("recordedDate"),
        },
    )


def _severity(reactions: list[Node]) -> str | None:
    return next(filter(None, (part.text("severity") for part in reactions)), None)
