"""DocumentReference -> note: the texts that it carries."""

from zhiheng.sources.fhir.attachments import plain_texts
from zhiheng.sources.fhir.elements import Concept, Node
from zhiheng.sources.fhir.resource import Refused, Resource, Row, Rows

STATUSES = {"current": "current", "superseded": "superseded"}


def rows(resource: Resource) -> Rows:
    """Yield each text. A document that is no text cannot be read, and says so."""
    node = resource.node
    if resource.status(STATUSES) == "superseded":
        raise Refused(
            "superseded", "DocumentReference.status", "superseded", "该文书已被新版本取代", "请确认新版本已在数据中"
        )
    resource.status(dict.fromkeys(("preliminary", "final", "amended")), "docStatus")
    texts = plain_texts([content.node("attachment") for content in node.nodes("content")])
    if not texts:
        found = [content.node("attachment").text("contentType") for content in node.nodes("content")]
        raise Refused(
            "no_text",
            "DocumentReference.content",
            found,
            "附件中没有可读的纯文本（text/plain，base64）",
            "请以纯文本附件导出文书",
        )
    concept = Concept(node.node("type"))
    kinds = resource.mapped("type", concept.codes, resource.feed.note_kind, "note_kind") or "other"
    author = node.first("author")
    practitioner = resource.quiet_target(author, "Practitioner")
    whose = resource.owned_by(_visit(resource), resource.patient_id())
    for place, text in enumerate(texts, 1):
        yield Row(
            "note",
            {
                **whose,
                "kind": kinds,
                "title": node.text("description") or concept.label,
                "time": node.text("date") or node.node("context").node("period").text("start"),
                "author": author.text("display") or (practitioner.value if practitioner else None),
                "text": text,
            },
            part="" if place == 1 else f"content-{place}",
        )


def _visit(resource: Resource) -> str | None:
    encounters: list[Node] = resource.node.node("context").nodes("encounter")
    for reference in encounters:
        target = resource.target(reference, "Encounter")
        if target:
            return str(target.value)
    return None
