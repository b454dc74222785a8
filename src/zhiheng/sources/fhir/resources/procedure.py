"""Procedure (and, where a profile wants it, ServiceRequest) -> procedure."""

from zhiheng.sources.fhir.elements import Concept, extension, span
from zhiheng.sources.fhir.resource import Resource, Row, Rows

STATUSES = {
    "preparation": "planned",
    "in-progress": "in_progress",
    "not-done": "not_done",
    "on-hold": "stopped",
    "stopped": "stopped",  # begun and broken off: neither done nor not done
    "completed": "done",
    "unknown": "unknown",
}
REQUEST_STATUSES = {
    "draft": "planned",
    "active": "planned",
    "on-hold": "planned",
    "completed": "planned",  # that it was done is said by the Procedure
    "revoked": "not_done",
    "unknown": "unknown",
}


def rows(resource: Resource) -> Rows:
    """Yield the procedure."""
    node = resource.node
    status = resource.status(STATUSES)
    start, end, ongoing = span(node, "performed")
    not_done = status == "not_done"
    reason, reason_codes = resource.not_done("statusReason")
    yield Row(
        "procedure",
        {
            **resource.owned_by(_visit(resource), resource.patient_id()),
            **resource.coded("procedure", Concept(node.node("code"))),
            "start_time": start,
            "end_time": end,
            "ongoing": None if not_done else ongoing,
            **_performers(resource),
            "status": status,
            "not_done_reason": reason,
            "not_done_reason_codes": reason_codes,
            "recorded_time": extension(node, "/qicore-recorded").text("valueDateTime"),
        },
    )


def request_rows(resource: Resource) -> Rows:
    """Yield what was asked for: planned, or not to be done."""
    node = resource.node
    refused = bool(node.flag("doNotPerform"))
    status = resource.status(REQUEST_STATUSES)
    start, end, _ = span(node, "occurrence")
    reason, reason_codes = resource.not_done("reasonCode") if refused else (None, None)
    yield Row(
        "procedure",
        {
            **resource.belongs_to(),
            **resource.coded("procedure", Concept(node.node("code"))),
            "start_time": start,
            "end_time": end,
            "status": "not_done" if refused else status,
            "not_done_reason": reason,
            "not_done_reason_codes": reason_codes,
            "recorded_time": node.text("authoredOn"),
        },
    )


def _visit(resource: Resource) -> str | None:
    """Return the visit that the procedure names, or else that names the procedure."""
    named = resource.encounter_id()
    return named or next((link.encounter_id for link in resource.links()), None)


def _performers(resource: Resource) -> dict[str, object]:
    """Return the people whose function is stated. One without a function is not taken for the surgeon."""
    found: dict[str, object] = {}
    for performer in resource.node.nodes("performer"):
        codes = Concept(performer.node("function")).codes
        who = next((resource.feed.performer[code] for code in codes if code in resource.feed.performer), None)
        if who and who not in found:
            actor = performer.node("actor")
            target = resource.quiet_target(actor, "Practitioner")
            found[who] = actor.text("display") or (target.value or target.id if target else None)
    return found
