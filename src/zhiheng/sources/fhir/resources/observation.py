"""Observation -> observation: one row for its value, and one for each component."""

from zhiheng.sources.fhir.elements import Concept, Node, concepts, span
from zhiheng.sources.fhir.resource import Resource, Row, Rows

STATUSES = {
    "registered": "known",
    "preliminary": "known",
    "final": "known",
    "amended": "known",
    "corrected": "known",
    "cancelled": "cancelled",
    "unknown": "known",
}
NOT_PERFORMED = ("not-performed", "asked-declined", "not-asked", "not-permitted")


def rows(resource: Resource) -> Rows:
    """Yield the observation, and each component as an observation of its own."""
    node = resource.node
    cancelled = resource.status(STATUSES) == "cancelled"
    time, end, ongoing = span(node, "effective")
    common: dict[str, object] = {
        **resource.belongs_to(),
        "category": _category(resource),
        "time": time,
        "end_time": end,
        "ongoing": ongoing,
        "reported_time": node.text("issued"),
    }
    components = node.nodes("component")
    if _has_value(node) or "dataAbsentReason" in node or not components or cancelled:
        yield Row("observation", common | _content(resource, node, cancelled))
    for place, component in enumerate(components, 1):
        yield Row("observation", common | _content(resource, component, cancelled), part=f"component-{place}")


def _content(resource: Resource, node: Node, cancelled: bool) -> dict[str, object]:
    reason = Concept(node.node("dataAbsentReason"))
    not_done = cancelled or any(code in NOT_PERFORMED for code in reason.codes)
    return {
        **resource.coded("observation", Concept(node.node("code"))),
        **_value(node),
        "abnormal": next((code for concept in concepts(node, "interpretation") for code in concept.codes), None),
        "not_done": not_done,
        "not_done_reason": reason.label,
    }


def _category(resource: Resource) -> str:
    codes = [code for concept in concepts(resource.node, "category") for code in concept.codes]
    return resource.mapped("category", codes, resource.feed.observation_category, "observation_category") or "other"


def _has_value(node: Node) -> bool:
    return any(name.startswith("value") for name in node.data)


def _value(node: Node) -> dict[str, object]:
    """Return the value in the column of its type. What has no column is reported, not squeezed into one."""
    kind = next((name for name in node.data if name.startswith("value")), "")
    match kind.removeprefix("value"):
        case "":
            return {}
        case "Quantity":
            quantity = node.node(kind)
            return {
                "value_number": quantity.number("value"),
                "comparator": quantity.text("comparator"),
                "unit": quantity.text("unit") or quantity.text("code"),
            }
        case "Integer":
            return {"value_number": node.number(kind)}
        case "String" | "DateTime" | "Time":
            return {"value_text": node.text(kind)}
        case "Boolean":
            return {"value_text": {True: "true", False: "false", None: None}[node.flag(kind)]}
        case "CodeableConcept":
            concept = Concept(node.node(kind))
            return {"value_text": concept.label, "value_codes": concept.pairs or None}
        case "Range":
            low, high = node.node(kind).node("low"), node.node(kind).node("high")
            return {"value_text": f"{_written(low)}～{_written(high)}", "unit": low.text("unit") or high.text("unit")}
        case "Ratio":
            above, below = node.node(kind).node("numerator"), node.node(kind).node("denominator")
            return {"value_text": f"{_written(above)}:{_written(below)}"}
        case "Period":
            return {"value_text": "～".join(node.node(kind).text(name) or "" for name in ("start", "end"))}
        case _:
            node.report("unsupported_value", kind, "", f"{kind} 类型的结果没有对应的列", "请导出为数值、代码或文字")
            return {}


def _written(quantity: Node) -> str:
    number = quantity.number("value")
    return "" if number is None else f"{quantity.text('comparator') or ''}{number:.15g}"
