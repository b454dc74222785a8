"""DiagnosticReport -> exam."""

import re

from zhiheng.sources.fhir.attachments import plain_texts
from zhiheng.sources.fhir.elements import Concept, concepts, labels, span
from zhiheng.sources.fhir.resource import Resource, Row, Rows

STATUSES = {
    "registered": "known",
    "partial": "known",
    "preliminary": "known",
    "final": "known",
    "amended": "known",
    "corrected": "known",
    "appended": "known",
    "cancelled": "cancelled",
    "unknown": "known",
}


def rows(resource: Resource) -> Rows:
    """Yield the examination with its report."""
    node = resource.node
    cancelled = resource.status(STATUSES) == "cancelled"
    time, _, _ = span(node, "effective")
    concept = Concept(node.node("code"))
    yield Row(
        "exam",
        {
            **resource.belongs_to(),
            **resource.coded("exam", concept),
            "modality": _modality(resource, concept),
            "time": time,
            "order_time": _ordered(resource),
            "reported_time": node.text("issued"),
            "findings": "\n".join(plain_texts(node.nodes("presentedForm"))) or None,
            "conclusion": node.text("conclusion") or labels(concepts(node, "conclusionCode")),
            "not_done": cancelled,
        },
    )


def _modality(resource: Resource, concept: Concept) -> str:
    words = " ".join(filter(None, [concept.words, *(part.text("display") for part in concept.codings)]))
    for pattern, modality in resource.feed.modality_names.items():
        if re.search(pattern, words, re.IGNORECASE):
            return modality
    codes = [code for part in concepts(resource.node, "category") for code in part.codes]
    return resource.mapped("category", codes, resource.feed.modality, "modality") or "other"


def _ordered(resource: Resource) -> str | None:
    """Return when it was ordered, where the order is among the resources."""
    for order in resource.node.nodes("basedOn"):
        target = resource.quiet_target(order, "ServiceRequest")
        if target and target.value:
            return str(target.value)
    return None
