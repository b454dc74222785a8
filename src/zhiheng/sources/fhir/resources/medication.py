"""MedicationRequest and MedicationAdministration -> medication."""

from zhiheng.sources.fhir.elements import Concept, Node, concepts, extension, period, span
from zhiheng.sources.fhir.resource import Resource, Row, Rows

REQUEST_STATUSES = {
    "active": "active",
    "on-hold": "stopped",
    "cancelled": "cancelled",
    "completed": "done",
    "stopped": "stopped",
    "draft": "planned",
    "unknown": None,
}
ADMINISTRATION_STATUSES = {
    "in-progress": "active",
    "not-done": None,  # `not_given` says it
    "on-hold": "stopped",
    "completed": "done",
    "stopped": "stopped",
    "unknown": None,
}
NOT_YET_ORDERS = ("proposal", "plan", "option")


def request_rows(resource: Resource) -> Rows:
    """Yield an order, a prescription for home, or the decision not to order."""
    node = resource.node
    status = resource.status(REQUEST_STATUSES)
    dosage = node.first("dosageInstruction")
    if len(node.nodes("dosageInstruction")) > 1:
        node.report(
            "several_dosages", "dosageInstruction", "", "有多段用法，只取第一段的剂量", "如需逐段记录，请按段导出医嘱"
        )
    start, end, ongoing = period(dosage.node("timing").node("repeat").node("boundsPeriod"))
    refused = bool(node.flag("doNotPerform"))
    reason, reason_codes = resource.not_done("reasonCode", "statusReason") if refused else (None, None)
    yield Row(
        "medication",
        {
            **resource.belongs_to(),
            **_drug(resource),
            "kind": _kind(resource),
            "order_id": resource.number(resource.feed.identifiers.order_id),
            **_dose(dosage),
            "start_time": start or node.text("authoredOn"),
            "end_time": end,
            "ongoing": None if refused else ongoing,
            "recorded_time": node.text("authoredOn"),
            "status": "planned" if node.text("intent") in NOT_YET_ORDERS else status,
            "not_given": refused,
            "not_given_reason": reason,
            "not_given_reason_codes": reason_codes,
        },
    )


def administration_rows(resource: Resource) -> Rows:
    """Yield a giving, or that it was not given."""
    node = resource.node
    status = resource.status(ADMINISTRATION_STATUSES)
    not_given = node.text("status") == "not-done"
    reason, reason_codes = resource.not_done("statusReason")
    start, end, ongoing = span(node, "effective")
    order = resource.target(node.node("request"), "MedicationRequest") if "request" in node else None
    yield Row(
        "medication",
        {
            **resource.belongs_to("context"),
            **_drug(resource),
            "kind": "administration",
            "order_id": order.value if order else None,
            **_dose(node.node("dosage")),
            "start_time": start,
            "end_time": end,
            "ongoing": None if not_given else ongoing,
            "recorded_time": extension(node, "/qicore-recorded").text("valueDateTime"),
            "status": status,
            "not_given": not_given,
            "not_given_reason": reason,
            "not_given_reason_codes": reason_codes,
        },
    )


def _drug(resource: Resource) -> dict[str, object]:
    """Return code and name of the drug, stated here, contained, or in a resource of its own."""
    node = resource.node
    if "medicationReference" not in node:
        return resource.coded("medication", Concept(node.node("medicationCodeableConcept")))
    reference = node.node("medicationReference")
    inside = resource.contained(reference)
    if inside is None:
        target = resource.target(reference, "Medication")
        inside = Node({"code": target.value}, reference.path, resource.problems) if target else None
    said = resource.coded("medication", Concept(inside.node("code"))) if inside else {}
    return {"name": reference.text("display"), **{name: value for name, value in said.items() if value is not None}}


def _kind(resource: Resource) -> str:
    codes = [code for concept in concepts(resource.node, "category") for code in concept.codes]
    return resource.mapped("category", codes, resource.feed.medication_kind, "medication_kind") or "order"


def _dose(dosage: Node) -> dict[str, object]:
    rate = dosage.first("doseAndRate")
    dose = rate.node("doseQuantity") or dosage.node("dose")
    if "doseRange" in rate:
        rate.report("dose_range", "doseRange", rate.data["doseRange"], "剂量是范围，不是一个数", "请导出实际剂量")
    return {
        "dose": dose.number("value"),
        "dose_unit": dose.text("unit") or dose.text("code"),
        "route": Concept(dosage.node("route")).label,
        "frequency": _frequency(dosage),
    }


def _frequency(dosage: Node) -> str | None:
    timing = dosage.node("timing")
    if label := Concept(timing.node("code")).label:
        return label
    repeat = timing.node("repeat")
    times, every, unit = repeat.number("frequency"), repeat.number("period"), repeat.text("periodUnit")
    if times is None or every is None or unit is None:
        return None
    return f"{times:g}/{'' if every == 1 else f'{every:g}'}{unit}"
