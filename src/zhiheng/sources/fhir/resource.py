"""One resource while it is being mapped: its parts, what it points to, and what was wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.sources.fhir.documents import Found
from zhiheng.sources.fhir.elements import Concept, Node, Watched, concepts, pairs
from zhiheng.sources.fhir.feed import Feed, Identifier
from zhiheng.sources.fhir.references import Index, Link, Target, address_of


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a canonical table as the resource states it. `part` tells several rows of one table apart."""

    table: str
    values: Mapping[str, object]
    part: str = ""


class Refused(Exception):
    """The resource makes no record; the problem says why."""

    def __init__(self, kind: str, path: str, found: object, reason: str, remedy: str) -> None:
        super().__init__(kind)
        self.problem = Problem(kind, path, shown(found), reason, remedy, Effect.ROW)


@dataclass
class Resource:
    """A resource in the light of its feed."""

    found: Found
    scope: str
    feed: Feed
    index: Index
    organisation: str | None = None
    campus: str | None = None
    problems: list[Problem] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)  # the parts that were looked at

    def __post_init__(self) -> None:
        self.type: str = self.found.resource["resourceType"]
        self.node = Node(Watched(self.found.resource, self.asked), self.type, self.problems)

    @property
    def id(self) -> str:
        """Return the id of the resource, or that of its entry in a transaction; empty where there is none."""
        return self.node.text("id") or self.found.full_url.removeprefix("urn:uuid:")

    def number(self, wanted: Identifier, node: Node | None = None) -> str | None:
        """Return the identifier that the profile wants."""
        identifiers = (self.node if node is None else node).nodes("identifier")
        for system in wanted.systems:
            for identifier in identifiers:
                if identifier.text("system") == system and (value := identifier.text("value")):
                    return value
        for kind in wanted.types:
            for identifier in identifiers:
                if kind in Concept(identifier.node("type")).codes and (value := identifier.text("value")):
                    return value
        return self.id or None if wanted.resource_id else None

    # What it points to

    def target(self, reference: Node, kind: str) -> Target | None:
        """Return what a reference of the feed points to; a dangling one is reported."""
        address = address_of(reference, kind)
        if address is None:
            return None
        target = self.index.find(address, self.scope)
        if target is None:
            reference.report(
                "dangling_reference",
                "",
                address,
                "引用的资源不在本批数据中",
                "请把被引用的资源一并导出，或核对引用地址",
            )
        elif target.type != kind:
            reference.report("wrong_reference", "", address, f"此处应引用 {kind}，实为 {target.type}", "请核对引用地址")
            return None
        return target

    def target_of_any(self, reference: Node, kinds: tuple[str, ...]) -> Target | None:
        """Return what a reference points to, which may be of several types."""
        target = self.quiet_target(reference, *kinds)
        return target or self.target(reference, kinds[0])

    def quiet_target(self, reference: Node, *kinds: str) -> Target | None:
        """Return what a reference points to, where nothing is lost if it points nowhere."""
        address = address_of(reference, kinds[0])
        target = self.index.find(address, self.scope) if address else None
        return target if target and target.type in kinds else None

    def contained(self, reference: Node) -> Node | None:
        """Return the contained resource that a reference within the resource names."""
        address = reference.text("reference") or ""
        if not address.startswith("#"):
            return None
        for part in self.node.nodes("contained"):
            if part.text("id") == address[1:]:
                return part
        reference.report("dangling_reference", "", address, "引用的内含资源不存在", "请核对 contained 与引用")
        return Node({}, reference.path, self.problems)

    def patient_id(self, name: str = "subject") -> str | None:
        """Return the patient number."""
        return self._number_of(self.node.node(name), "Patient")

    def encounter_id(self, name: str = "encounter") -> str | None:
        """Return the number of the visit."""
        return self._number_of(self.node.node(name), "Encounter")

    def _number_of(self, reference: Node, kind: str) -> str | None:
        address = address_of(reference, kind)
        if self.feed.unresolved == "trust" and address and address.startswith(f"{kind}/"):
            known = self.index.find(address, self.scope)
            return known.value if known else address.split("/")[1]
        target = self.target(reference, kind)
        return target.value if target else None

    def belongs_to(self, encounter: str = "encounter", patient: str = "subject") -> dict[str, object]:
        """Return the columns that say whose row it is; refuse a resource that is nobody's."""
        return self.owned_by(self.encounter_id(encounter), self.patient_id(patient))

    def owned_by(self, encounter_id: str | None, patient_id: str | None) -> dict[str, object]:
        """Return the columns that say whose row it is; refuse a resource that is nobody's."""
        if not encounter_id and not patient_id:
            raise Refused(
                "nobody",
                f"{self.type}.subject",
                (self.node.data.get("subject") or self.node.data.get("patient") or {}),
                "无法确定属于哪个患者或哪次就诊",
                "请补齐 subject 或 encounter 引用，并导出被引用的资源",
            )
        visitor = self.index.patients.get(encounter_id or "")
        if visitor and patient_id and visitor != patient_id:
            raise Refused(
                "wrong_patient",
                f"{self.type}.subject",
                (self.node.data.get("encounter") or self.node.data.get("context") or {}),
                "所属就诊是另一位患者的，无法确定属于谁",
                "请在来源中核对该资源的患者与就诊",
            )
        return {"encounter_id": encounter_id, "patient_id": patient_id}

    def links(self) -> list[Link]:
        """Return what encounters say of this condition or procedure."""
        return self.index.links.get(Target(self.type, self.id, self.scope), [])

    # What it says

    def coded(self, table: str, concept: Concept) -> dict[str, object]:
        """Return the columns of a code: the coding that the profile prefers, and all of them."""
        coding = concept.preferred(self.feed.codes.get(table, []))
        said: dict[str, object] = {"name": concept.words, "codings": concept.pairs or None}
        if coding is None:
            return said
        address = coding.text("system")
        system = self.feed.systems.get(address or "")
        said["code"] = coding.text("code")
        said["code_system"] = system.name if system else address
        said["code_edition"] = coding.text("version") or (system.edition if system else None)
        said["name"] = coding.text("display") or concept.words
        return said

    def mapped(self, name: str, codes: list[str], meanings: Mapping[str, str], table: str) -> str | None:
        """Return what the first code with a meaning means. Codes without any are reported, not guessed."""
        for code in codes:
            if code in meanings:
                return meanings[code]
        if codes:
            known = "、".join(list(meanings)[:12]) or "（空）"
            self.node.report(
                "unknown_code", name, "、".join(codes), "接入方案没有说明这一代码的含义",
                f"请在接入方案的 {table} 中补充；现有：{known}",
            )  # fmt: skip
        return None

    def status(self, meanings: Mapping[str, str | None], name: str = "status") -> str | None:
        """Return what the status means; refuse what was entered in error."""
        status = self.node.text(name)
        if status == "entered-in-error":
            raise Refused(
                "withdrawn",
                self.node.at(name),
                status,
                "来源已声明该资源为误录，不作为记录",
                "无需处理；误录前的版本如已接收，请人工核对",
            )
        if status is None or status in meanings:
            return meanings.get(status or "")
        return self.mapped(name, [status], {}, name)

    def not_done(self, *names: str) -> tuple[str | None, list[str] | None]:
        """Return why something was not done, in words and in codes."""
        found = [concept for name in names for concept in concepts(self.node, name)]
        words = [label for concept in found if (label := concept.label)]
        return "；".join(dict.fromkeys(words)) or None, pairs(found) or None


Rows = Iterator[Row]
