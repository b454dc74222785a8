"""Condition -> diagnosis: of each visit that names it, or of the patient alone."""

from zhiheng.sources.fhir.elements import Concept, Node, concepts, span
from zhiheng.sources.fhir.resource import Refused, Resource, Row, Rows


def rows(resource: Resource) -> Rows:
    """Yield a row for every visit that the condition is a diagnosis of; without any, one for the patient."""
    node = resource.node
    if withdrawal := taken_back(node):
        raise withdrawal
    said = content(resource, node)
    patient = resource.patient_id()
    own = resource.encounter_id()
    links = resource.links()
    for link in links:
        role, rank = role_and_rank(resource, [link.use] if link.use else [], link.rank)
        values: dict[str, object] = {
            "encounter_id": link.encounter_id,
            "patient_id": patient,
            "role": role,
            "rank": rank,
        }
        yield Row("diagnosis", values | said, part=link.encounter_id)
    if own in {link.encounter_id for link in links} or (links and own is None):
        return
    values = {**resource.owned_by(own, patient), "role": _role_without_link(node, own)}
    yield Row("diagnosis", values | said, part=own or "")


def taken_back(node: Node) -> Refused | None:
    """Return why a condition is no diagnosis: its author took it back, or it was found not to be so."""
    certainty = next(iter(Concept(node.node("verificationStatus")).codes), None)
    path = node.at("verificationStatus")
    if certainty == "entered-in-error":
        return Refused("withdrawn", path, certainty, "来源已声明该诊断为误录，不作为诊断", "无需处理")
    if certainty == "refuted":
        return Refused("refuted", path, certainty, "该诊断已被否定，不作为诊断", "无需处理")
    return None


def content(resource: Resource, node: Node) -> dict[str, object]:
    """Return code, times and state of a condition, also of a contained one."""
    onset, onset_end, _ = span(node, "onset")
    abatement, abatement_end, _ = span(node, "abatement")
    clinical = next(iter(Concept(node.node("clinicalStatus")).codes), None)
    certainty = next(iter(Concept(node.node("verificationStatus")).codes), None)
    over = abatement or clinical in ("inactive", "remission", "resolved")
    return resource.coded("diagnosis", Concept(node.node("code"))) | {
        "onset_time": onset,
        "onset_end_time": onset_end,
        "abatement_time": abatement_end or abatement,
        "ongoing": False if over else True if clinical in ("active", "recurrence", "relapse") else None,
        "clinical_status": clinical,
        "certainty": certainty,
        "recorded_time": node.text("recordedDate"),
    }


def role_and_rank(resource: Resource, uses: list[str], rank: float | None) -> tuple[str | None, float | None]:
    """Return what a diagnosis is to its visit. FHIR ranks within one use: only rank 1 at discharge is principal."""
    if uses:
        meaning = resource.mapped("diagnosis.use", uses, resource.feed.diagnosis_use, "diagnosis_use")
    else:  # a source that ranks and names no use has one list only
        meaning = "other" if rank is None else "discharge"
    if meaning == "discharge":
        return ("principal" if rank == 1 else "other"), rank
    return meaning, (rank if meaning == "other" and rank != 1 else None)


def _role_without_link(node: Node, encounter_id: str | None) -> str:
    categories = [code for concept in concepts(node, "category") for code in concept.codes]
    if encounter_id is None or "problem-list-item" in categories:
        return "problem"
    return "other"
