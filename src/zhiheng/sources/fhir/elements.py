"""The building blocks of resources - concepts, quantities, periods, names - read with care.

A resource comes from outside: what should be a list may be a number. `Node` hands out parts only in the shape asked
for, and reports a part of another shape instead of tripping over it or passing it by in silence.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

from zhiheng.records.problems import Problem, shown

CELL = 1 << 20  # characters in one text; only attachments may be longer
_CHINESE = re.compile(r"[㐀-鿿]")


class Node:
    """A JSON object and the path that leads to it."""

    __slots__ = ("data", "path", "problems")

    def __init__(self, data: dict[str, Any], path: str, problems: list[Problem]) -> None:
        self.data, self.path, self.problems = data, path, problems

    def __bool__(self) -> bool:
        return bool(self.data)

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def at(self, name: str) -> str:
        """Return the path of a part, for messages."""
        return f"{self.path}.{name}"

    def node(self, name: str) -> "Node":
        """Return an object; an empty one where there is none."""
        value = self.data.get(name)
        if value is not None and not isinstance(value, dict):
            self._wrong(name, value, "对象")
            value = None
        return Node(value or {}, self.at(name), self.problems)

    def nodes(self, name: str) -> list["Node"]:
        """Return the objects of a list."""
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong(name, value, "列表")
            return []
        made = []
        for place, part in enumerate(value):
            if isinstance(part, dict):
                made.append(Node(part, f"{self.path}.{name}[{place}]", self.problems))
            else:
                self._wrong(name, part, "对象的列表")
        return made

    def first(self, name: str) -> "Node":
        """Return the first object of a list; an empty one where there is none."""
        return next(iter(self.nodes(name)), Node({}, f"{self.path}.{name}[0]", self.problems))

    def text(self, name: str, most: int = CELL) -> str | None:
        """Return text; an empty one is none."""
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self._wrong(name, value, "文字")
            return None
        if len(value) > most:
            self.report("too_long", name, value, f"超过 {most} 字", "请核对该元素的内容")
            return None
        return value.strip() or None

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            self._wrong(name, value, "文字的列表")
            return []
        return value

    def number(self, name: str) -> float | None:
        """Return a finite number."""
        value = self.data.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
            self._wrong(name, value, "数字")
            return None
        return float(value)

    def flag(self, name: str) -> bool | None:
        """Return true or false."""
        value = self.data.get(name)
        if value is not None and not isinstance(value, bool):
            self._wrong(name, value, "true 或 false")
            return None
        return value

    def report(self, kind: str, name: str, found: object, reason: str, remedy: str) -> None:
        """Report something about a part; the part is left out."""
        self.problems.append(Problem(kind, self.at(name) if name else self.path, shown(found), reason, remedy))

    def _wrong(self, name: str, value: object, wanted: str) -> None:
        self.report("wrong_shape", name, value, f"此处应为{wanted}", "请按 FHIR R4 规范导出该元素")


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


class Watched(dict[str, Any]):
    """An object that remembers which of its parts were asked for, so that the others can be named in the account."""

    def __init__(self, data: dict[str, Any], asked: set[str]) -> None:
        super().__init__(data)
        self._asked = asked

    def get(self, name: str, default: Any = None) -> Any:
        self._asked.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._asked.add(str(name))
        return super().__contains__(name)


class Concept:
    """A CodeableConcept: its codings that have a code, and its words."""

    __slots__ = ("codings", "words")

    def __init__(self, node: Node) -> None:
        self.codings = [coding for coding in node.nodes("coding") if coding.text("code")]
        displays = (coding.text("display") for coding in self.codings or node.nodes("coding"))
        self.words = node.text("text") or next(filter(None, displays), None)

    def __bool__(self) -> bool:
        return bool(self.codings or self.words)

    @property
    def pairs(self) -> list[str]:
        """Return all codes as system|code."""
        return [f"{coding.text('system') or ''}|{coding.text('code')}" for coding in self.codings]

    @property
    def codes(self) -> list[str]:
        return [str(coding.text("code")) for coding in self.codings]

    @property
    def label(self) -> str | None:
        """Return the words, or the first code where there are none."""
        return self.words or next(iter(self.codes), None)

    def preferred(self, systems: list[str]) -> Node | None:
        """Return the coding of the first system that has one, else the one that a person selected, else the first."""
        for system in systems:
            for coding in self.codings:
                if coding.text("system") == system:
                    return coding
        chosen = (coding for coding in self.codings if coding.flag("userSelected"))
        return next(chosen, next(iter(self.codings), None))


def concepts(node: Node, name: str) -> list[Concept]:
    """Return the concepts of a list, or of one that stands alone."""
    if isinstance(node.data.get(name), dict):
        return [Concept(node.node(name))]
    return [Concept(part) for part in node.nodes(name)]


def pairs(found: list[Concept]) -> list[str]:
    """Return all codes of several concepts as system|code, each once."""
    return list(dict.fromkeys(pair for concept in found for pair in concept.pairs))


def labels(found: list[Concept]) -> str | None:
    """Return the words of several concepts as one text."""
    return "；".join(dict.fromkeys(filter(None, (concept.label for concept in found)))) or None


def human_name(node: Node) -> str | None:
    """Return the name of a person: the official one, Chinese names without a space."""
    order = {"official": 0, "usual": 1}
    names = sorted(node.nodes("name"), key=lambda name: order.get(name.text("use") or "", 2))
    for name in names:
        if words := name.text("text"):
            return words
        given, family = " ".join(name.texts("given")), name.text("family") or ""
        if _CHINESE.search(family + given):
            return family + given.replace(" ", "")
        if family or given:
            return f"{given} {family}".strip()
    return None


def extension(node: Node, ending: str) -> Node:
    """Return the first extension whose address ends so."""
    for part in node.nodes("extension"):
        if (part.text("url") or "").endswith(ending):
            return part
    return Node({}, node.at("extension"), node.problems)


def span(node: Node, name: str) -> tuple[str | None, str | None, bool | None]:
    """Return begin, end and whether it still goes on, of `<name>Period`, `<name>DateTime` or `<name>Instant`.

    A period without an end still goes on. A single time has no end of its own: none is made up for it.
    """
    if f"{name}Period" in node:
        return period(node.node(f"{name}Period"))
    moment = node.text(f"{name}DateTime") or node.text(f"{name}Instant")
    for other in ("String", "Age", "Range", "Timing"):
        if f"{name}{other}" in node:
            found = node.data[f"{name}{other}"]
            node.report(
                "inexact_time", f"{name}{other}", found, "不是确切的时间，不采用", "如有确切时间请导出为 dateTime"
            )
    return moment, None, None


def period(node: Node) -> tuple[str | None, str | None, bool | None]:
    """Return begin, end and whether it still goes on."""
    start, end = node.text("start"), node.text("end")
    return start, end, (end is None) if start else None


def each_coding(nodes: list[Node]) -> Iterator[str]:
    """Yield system|code of every coding of several concepts."""
    for node in nodes:
        yield from Concept(node).pairs
