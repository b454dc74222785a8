"""Read YAML files so that every value knows its line, and write single values back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Location = tuple[str | int, ...]

MOST_LEVELS = 100  # of what strangers write; packs have up to 16

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
# Only these become something other than text: `y`, `no`, `on`, `0123` and `2026-11-22` stay what was written.
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class YamlError(ValueError):
    """A file that cannot be read as YAML, with the place."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Document:
    """The values of one file, and where each of them stands."""

    file: str
    data: Any
    root: Any  # the node tree, kept so that lines are looked up only when an error needs one

    def line(self, location: Location = ()) -> int:
        """Return the line of the key or value at `location`, or of the nearest place above it that exists."""
        node, line = self.root, 1
        if isinstance(node, yaml.Node):
            line = _line(node)
        for step in location:
            found = _child(node, step)
            if found is None:
                return line
            line, node = found
        return line

    def where(self, location: Location = ()) -> str:
        """Return "file:line" of `location`."""
        return f"{self.file}:{self.line(location)}"

    def part(self, location: Location) -> "Document":
        """Return what stands at `location` as a document of its own, with the lines of this file."""
        data, node = self.data, self.root
        for step in location:
            found = _child(node, step)
            data, node = data[step], found[1] if found else None
        return Document(self.file, data, node)


def load(path: Path, *, name: str | None = None) -> Document:
    """Read a YAML file; `name` is what errors call it (by default its path)."""
    file = name or str(path)
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise YamlError(file, line, "not UTF-8 text. Save the file as UTF-8.") from None
    return loads(text, name=file)


def loads(text: str, *, name: str = "<text>") -> Document:
    """Read YAML from text."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlError(name, line, f"not valid YAML: {problem.problem or problem.context}.") from None
    except yaml.YAMLError as problem:
        raise YamlError(name, 1, f"not valid YAML: {problem}.") from None
    return Document(name, None if root is None else _value(root, name, set()), root)


def check_depth(text: str, *, name: str) -> None:
    """Raise YamlError where values are nested so deep that reading them would end the process.

    For text of strangers: libyaml's composer calls itself for each level, and nothing stops it before the stack ends.
    """
    events, depth = _Loader(text), 0
    try:
        while events.check_event():
            event = events.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MOST_LEVELS:
                line = event.start_mark.line + 1
                raise YamlError(name, line, f"more than {MOST_LEVELS} levels, one within the other. Write it flatter.")
    except yaml.YAMLError:
        return  # said with its place when it is read
    finally:
        events.dispose()


def resolve(text: str) -> bool | int | float | str | None:
    """Return what a plain (unquoted) scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


def write_scalar(value: str | bool | int | float | None, *, inside_braces: bool = False) -> str:
    """Return YAML for one value on one line, which `loads` reads back as the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value)
    return value if _is_plain(value, inside_braces) else _quoted(value)


# The C parser is ten times faster; the Python one reads the same language where libyaml is absent.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _value(node: yaml.Node, file: str, seen: set[int]) -> Any:
    if id(node) in seen:
        # An alias can also make a small file expand to gigabytes.
        raise YamlError(file, _line(node), "anchors and aliases (& and *) are not used in packs. Repeat the value.")
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else resolve(node.value)  # a style is a kind of quotes
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, file, seen) for child in node.value]
    return dict(_pairs(node, file, seen))


def _pairs(node: yaml.Node, file: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    keys: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError(file, _line(key), "a key must be a plain word.")
        # Keys are always text: option values such as `y` or `1` are names, never booleans or numbers.
        if key.value in keys:
            raise YamlError(file, _line(key), f'"{key.value}" stands here twice. Keep one of them.')
        keys.add(key.value)
        yield key.value, _value(value, file, seen)


def _child(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return _line(key), value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return _line(node.value[step]), node.value[step]
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_plain(text: str, inside_braces: bool) -> bool:
    if resolve(text) != text or text != text.strip() or text[0] in "-?:,[]{}#&*!|>'\"%@`" or not text.isprintable():
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    return not (inside_braces and set(text) & set(",[]{}:"))


def _quoted(text: str) -> str:
    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else _escape(c) for c in escaped) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
