"""Find what a reference points to: within the resource, within its Bundle, or anywhere in the feed.

Resources come in any order and files, so a first pass learns what can be pointed at and a second one maps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zhiheng.sources.fhir.documents import Found
from zhiheng.sources.fhir.elements import Node


@dataclass(frozen=True, slots=True)
class Target:
    """What can be pointed at: a resource's type and id, and what others need to know of it."""

    type: str
    id: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Link:
    """What an encounter says of a condition or procedure."""

    encounter_id: str
    use: str
    rank: float | None


_AMBIGUOUS = Target("", "")


@dataclass
class Index:
    """Everything in a feed that can be pointed at, by every address under which others may point at it."""

    _everywhere: dict[str, Target] = field(default_factory=dict)
    _in_bundle: dict[tuple[str, str], Target] = field(default_factory=dict)
    links: dict[Target, list[Link]] = field(default_factory=dict)
    record_numbers: dict[Target, str] = field(default_factory=dict)
    patients: dict[str, str] = field(default_factory=dict)  # visit -> patient number
    _subjects: list[tuple[str, str, str]] = field(default_factory=list)
    _diagnoses: list[tuple[str, str, Link]] = field(default_factory=list)

    def learn(self, found: Found, scope: str, target: Target, identifiers: list[str]) -> None:
        """Remember a resource. One address for two resources in different Bundles is good only within these."""
        for address in _addresses(found, target, identifiers):
            known = self._everywhere.get(address)
            self._everywhere[address] = target if known in (None, target) else _AMBIGUOUS
            if found.scope:
                self._in_bundle[scope, address] = target

    def diagnosed(self, address: str, scope: str, link: Link) -> None:
        """Remember that an encounter names a condition or procedure, which may come later."""
        self._diagnoses.append((address, scope, link))

    def visited(self, encounter_id: str, address: str, scope: str) -> None:
        """Remember whose visit it is; the patient may come later."""
        self._subjects.append((encounter_id, address, scope))

    def settle(self) -> None:
        """Join what encounters say to what they name, now that all are known."""
        for encounter_id, address, scope in self._subjects:
            target = self.find(address, scope)
            if target is not None and target.type == "Patient" and target.value:
                self.patients[encounter_id] = target.value
        self._subjects.clear()
        for address, scope, link in self._diagnoses:
            target = self.find(address, scope)
            if target is not None:
                self.links.setdefault(target, []).append(link)
        self._diagnoses.clear()

    def find(self, address: str, scope: str) -> Target | None:
        """Return what an address points to."""
        for known in _spellings(address):
            target = self._in_bundle.get((scope, known)) or self._everywhere.get(known)
            if target is not None and target is not _AMBIGUOUS:
                return target
        return None


def _addresses(found: Found, target: Target, identifiers: list[str]) -> Iterator[str]:
    if target.id:
        yield f"{target.type}/{target.id}"
    if found.full_url:
        yield found.full_url
    for identifier in identifiers:
        yield f"{target.type}?identifier={identifier}"


def _spellings(address: str) -> Iterator[str]:
    address = address.split("/_history/")[0]
    yield address
    if "://" in address:
        yield "/".join(address.rsplit("/", 2)[-2:])


def identifier_addresses(node: Node) -> list[str]:
    """Return the identifiers of a resource as they stand in a conditional reference: system|value."""
    pairs = ((part.text("system"), part.text("value")) for part in node.nodes("identifier"))
    return [f"{system or ''}|{value}" for system, value in pairs if value]


def address_of(reference: Node, kind: str) -> str | None:
    """Return the address in a reference; a logical one as a conditional reference."""
    if address := reference.text("reference"):
        return address
    identifier = reference.node("identifier")
    if value := identifier.text("value"):
        return f"{reference.text('type') or kind}?identifier={identifier.text('system') or ''}|{value}"
    return None
