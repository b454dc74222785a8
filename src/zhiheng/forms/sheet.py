"""A form as its page shows it: what never changes while a pack version stands, worked out once for all its cases."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from pypinyin import Style, lazy_pinyin

from zhiheng.engine.form import Form, Item, ItemType
from zhiheng.engine.language import Type, python
from zhiheng.packs.loading import Pack

UTD = "UTD"
# The platform's option UTD means "无法确定或无记录" in most items, but "没有禁忌证" or "无" in some: there, a key that
# says "nobody could find out" would state a finding.
_UNKNOWN_UTD = re.compile(r"无法确[定认]|无法评估|不确定|不详|无[^，,。；;]*记录")
_UNKNOWN_ELSE = re.compile(
    r"(从医疗记录.*)?无法确定[,，、 ]*或?者?[,，、 ]*(无记录)?|无记录|不详|未知|.*医疗记录.*无法确定.*"
)
_UNIT = re.compile(
    r"[（(]\s*(?:单位[:：])?\s*([^（()）\u4e00-\u9fff]{1,16}|次[/／]分|[分小]?[钟时]|分钟|小时|天数?|月|周|岁|个|次|分|克|月/次)\s*[)）]\s*$"
)
_NO_UNIT = frozenset({"BMI", "QP/QS", "qod", "Ccr", "V", "D2N", "NOAC", "SABA", "ICS", "pH", "VIS", "Door-To-Needle"})
_PERSONAL = re.compile(r"(患[者儿]|透析|其他).*(姓名|病案号|身份证号)$")
_CODE = re.compile(r"[A-Z]?[0-9][0-9A-Za-z.+/*]*")


@dataclass(frozen=True)
class SheetOption:
    """One option with what it is searched by, worked out when somebody first searches."""

    value: str
    label: str

    @cached_property
    def initials(self) -> str:
        return initials(self.label)

    @cached_property
    def name_initials(self) -> str:
        """The initials without those of a code that stands before the name."""
        return initials(_CODE.sub("", self.label.strip(), count=1)) if self.code else self.initials

    @cached_property
    def folded(self) -> str:
        return "".join(self.label.split()).lower()

    @cached_property
    def code(self) -> str:
        """The code that the label begins with: I21.000, in lower case."""
        found = _CODE.match(self.label.strip())
        return found[0].lower() if found else ""


@dataclass(frozen=True)
class Unknown:
    """How "cannot be determined" is answered: `value` goes into the item `code`, the item's own or the one beside it.

    `siblings` are the other items that this answer hides as well.
    """

    code: str
    value: Any
    label: str
    siblings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SheetItem:
    """One item as pages need it. `number` is its place in the form; `unit` stands in the label as well."""

    number: int
    code: str
    id: str
    label: str
    type: str
    section: int
    required: bool
    is_derived: bool  # the form gives the value; nobody can type it
    is_computed: bool
    options: tuple[SheetOption, ...]
    unit: str
    limits: tuple[str, ...]  # what the form wants of the answer, in words
    max_length: int | None
    unknown: Unknown | None
    is_basis: bool  # fill rules of other items use the answer
    is_personal: bool  # the answer says who the patient is

    @cached_property
    def labels(self) -> dict[str, str]:
        return {option.value: option.label for option in self.options}

    def text(self, value: Any) -> str:
        """Return a value in words: the labels of options, anything else as it is written."""
        if value is None:
            return ""
        if isinstance(value, list):
            return "；".join(self.labels.get(str(each), str(each)) for each in value)
        return self.labels.get(str(value), str(value)) if self.options else str(value)


@dataclass(frozen=True)
class SheetSection:
    """Neighbouring items under one title; `path` are the titles from the outermost one."""

    number: int
    path: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.path[-1] if self.path else ""


@dataclass(frozen=True)
class Sheet:
    """A form with everything its pages need; `key` names the pack version it was made from."""

    key: str
    pack: Pack
    items: tuple[SheetItem, ...]
    sections: tuple[SheetSection, ...]

    @property
    def form(self) -> Form:
        return self.pack.form

    @cached_property
    def by_code(self) -> dict[str, SheetItem]:
        return {item.code: item for item in self.items}

    @cached_property
    def beside(self) -> dict[str, tuple[str, ...]]:
        """The items that a box "cannot be determined" beside them hides, by the code of the box."""
        found: dict[str, list[str]] = {}
        for item in self.items:
            if item.unknown is not None and item.unknown.code != item.code:
                found.setdefault(item.unknown.code, []).append(item.code)
        return {code: tuple(hidden) for code, hidden in found.items()}

    @cached_property
    def basis(self) -> tuple[str, ...]:
        """The items whose answers fill rules of other items use."""
        return tuple(item.code for item in self.items if item.is_basis)

    def counts_as_number(self, code: str) -> bool:
        """Whether expressions take the answer as a number, as they do with some text items."""
        return self.form.scope.field(self.by_code[code].id).type is Type.NUMBER


_sheets: dict[str, Sheet] = {}


def sheet_of(pack: Pack) -> Sheet:
    """Return the sheet of a pack, made once for each content."""
    found = _sheets.get(pack.content_hash)
    if found is None:
        found = _sheets[pack.content_hash] = _make(pack)
    return found


def _make(pack: Pack) -> Sheet:
    sections = tuple(_sections(pack.form))
    place = {code: section.number for section in sections for code in section.codes}
    given = {rule.target for item in pack.form.items for rule in item.sets}
    used = _used_by_fills(pack)
    unknowns = _unknowns(pack.form)
    items = tuple(
        SheetItem(
            number=number,
            code=item.code,
            id=item.id,
            label=item.label,
            type=item.type.value,
            section=place[item.code],
            required=item.required,
            is_derived=_is_derived(item, given),
            is_computed=item.computed is not None,
            options=tuple(SheetOption(option.value, option.label) for option in item.options),
            unit=unit_of(item.label) if item.type is ItemType.NUMBER else "",
            limits=tuple(dict.fromkeys(limit.message for limit in item.limits)),
            max_length=item.max_length,
            unknown=unknowns.get(item.code),
            is_basis=item.code in used,
            is_personal=_PERSONAL.search(item.label) is not None,
        )
        for number, item in enumerate(pack.form.items)
    )
    return Sheet(pack.content_hash, pack, items, sections)


def whole_titles(path: Iterable[str]) -> tuple[str, ...]:
    """Return titles that are whole: the national facts part some at a "/" within brackets."""
    titles: list[str] = []
    for part in path:
        if titles and _left_open(titles[-1]) > 0 > _left_open(part):
            titles[-1] += f"/{part}"
        else:
            titles.append(part)
    return tuple(titles)


def _left_open(title: str) -> int:
    return sum(title.count(bracket) for bracket in "（(") - sum(title.count(bracket) for bracket in "）)")


def _sections(form: Form) -> Iterator[SheetSection]:
    path: tuple[str, ...] | None = None
    codes: list[str] = []
    number = 0
    for item in form.items:
        if codes and item.section != path:
            yield SheetSection(number, whole_titles(path or ()), tuple(codes))
            codes, number = [], number + 1
        path = item.section
        codes.append(item.code)
    if codes:
        yield SheetSection(number, whole_titles(path or ()), tuple(codes))


def _is_derived(item: Item, given: set[str]) -> bool:
    """Whether only the form itself gives the value. A read-only item that nothing gives a value can be typed."""
    return item.computed is not None or (item.readonly and (item.id in given or item.default is not None))


def _used_by_fills(pack: Pack) -> set[str]:
    if pack.fills is None:
        return set()
    plan = pack.fills.plan
    return {plan.codes[name] for rule in plan.rules for name in rule.uses}


def unit_of(label: str) -> str:
    """Return the unit that a label ends with: 患者体重（kg） gives kg."""
    found = _UNIT.search(label)
    unit = found[1].strip() if found else ""
    return "" if unit in _NO_UNIT else unit


@lru_cache(maxsize=50_000)
def initials(text: str) -> str:
    """Return the first letters of the pinyin: 急性心肌梗死 gives jxxjgs; other letters and digits stay."""
    said = lazy_pinyin(text, style=Style.FIRST_LETTER, errors=lambda other: [c for c in other if c.isalnum()])
    return "".join(said).lower()


# How "cannot be determined" is answered ------------------------------------------------------------------------------


def _unknowns(form: Form) -> dict[str, Unknown]:
    own = {item.code: found for item in form.items if (found := _own_unknown(item)) is not None}
    return {**_beside(form, own), **own}


def _own_unknown(item: Item) -> Unknown | None:
    option = next((option for option in item.options if _says_unknown(option.value, option.label)), None)
    if option is None:
        return None
    value = [option.value] if item.type is ItemType.CHOICES else option.value
    return Unknown(item.code, value, option.label)


def _says_unknown(value: str, label: str) -> bool:
    if value == UTD:
        return _UNKNOWN_UTD.search(label) is not None
    return _UNKNOWN_ELSE.fullmatch(label.strip()) is not None


def _beside(form: Form, own: dict[str, Unknown]) -> dict[str, Unknown]:
    """Return the items whose "无法确定或无记录" is an item of its own, a single box to tick, which hides them."""
    found = {}
    for flag in form.items:
        if flag.code not in own or len(flag.options) != 1:
            continue
        hidden = tuple(item.code for item in form.items if _is_hidden_by(item, flag))
        for code in hidden:
            siblings = tuple(each for each in hidden if each != code)
            found[code] = Unknown(flag.code, own[flag.code].value, own[flag.code].label, siblings)
    return found


class _Nothing(dict[str, object]):
    """Answers of which all others are missing."""

    def __missing__(self, name: str) -> object:
        return None


def _is_hidden_by(item: Item, flag: Item) -> bool:
    if item.shown is None or flag.id not in item.shown.fields:
        return False
    value = flag.options[0].value
    ticked = (value,) if flag.type is ItemType.CHOICES else value
    return python.closure(item.shown)(_Nothing({flag.id: ticked})) is False
