"""Import national form templates: form.yaml in pack language, with what is identical shared through packs/common."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zhiheng.lib import models, yaml

from . import writing
from .compiling import Common, Report, identifier
from .loading import PackError, file_name, load_common
from .specs.form import AmendmentSpec, Entry, FormSpec, ItemSpec, SectionSpec, UseSpec
from .specs.template import Template
from .translating import Translation, Translator, Untranslated

SHARED_LISTS = {
    "yes_no": {"y": "是", "n": "否"},
    "yes_no_unknown": {"UTD": "不确定", "y": "是", "n": "否"},
    "not_recorded": {"UTD": "无法确定或无记录"},
    "passed_failed_untested": {"a": "合格", "b": "不合格", "c": "未检测"},
    "sexes": {"M": "男", "F": "女"},
}
ENOUGH = 3  # as many forms must agree before something is called common
FORM_HEADING = (
    "{label}：国家表单 {form}（{snapshot}）。编码、名称、选项和限值是国家平台公布的事实；提示语由质衡编写。\n"
    "由 zhiheng pack import-form 生成；条件用 docs/reference/expressions.md 所列的写法。"
)
COMMON_HEADING = "多个国家表单里完全相同的{what}。由 zhiheng pack import-form 生成，各病种的 form.yaml 按{key}引用。"


@dataclass(frozen=True)
class ImportReport:
    """What became of a template."""

    abbr: str
    path: Path
    items: int
    shared: int
    untranslated: tuple[Untranslated, ...]

    def __str__(self) -> str:
        lines = [f"{self.abbr}: {self.items} items, {self.shared} of them shared -> {self.path}"]
        lines += [f"  not translated: {each}" for each in self.untranslated]
        return "\n".join(lines)


@dataclass(frozen=True)
class Draft:
    """A translated template before anything is shared: the sections as nested groups of items."""

    template: Template
    sections: tuple[SectionSpec, ...]
    untranslated: tuple[Untranslated, ...]


@dataclass
class _Group:
    """A section while it is built; `members` are translations and groups in their order."""

    title: str
    members: list["_Group | Translation"] = field(default_factory=list)

    def leaves(self) -> list[Translation]:
        return [leaf for each in self.members for leaf in (each.leaves() if isinstance(each, _Group) else [each])]


def import_form(template_path: Path, out_dir: Path, common_dir: Path) -> ImportReport:
    """Write `out_dir`/form.yaml for one template, using what packs/common already has."""
    report = Report()
    common = load_common(common_dir, report)
    draft = translate(read_template(template_path))
    if report.problems:
        raise PackError(report.problems)
    return _write(draft, common, out_dir)


def import_forms(template_paths: Iterable[Path], root: Path) -> list[ImportReport]:
    """Write packs/common and one folder a template, so that whatever is identical in two forms is written once."""
    drafts = [translate(read_template(path)) for path in template_paths]
    options = shared_options(drafts)
    items = shared_items(drafts)
    folder = root / "common"
    folder.mkdir(parents=True, exist_ok=True)
    heading = COMMON_HEADING.format(what="选项表", key="名称")
    (folder / "options.yaml").write_text(writing.options_yaml(options, heading), encoding="utf-8")
    heading = COMMON_HEADING.format(what="条目", key="国家编码")
    said = [_with_named_options(item, options) for item in items]
    (folder / "items.yaml").write_text(writing.items_yaml(said, heading), encoding="utf-8")
    report = Report()
    common = load_common(folder, report)
    if report.problems:
        raise PackError(report.problems)
    return [_write(draft, common, root / draft.template.abbr.lower()) for draft in drafts]


def read_template(path: Path) -> Template:
    """Return a template, or raise with every mistake in it."""
    try:
        document = yaml.load(path, name=file_name(path))  # JSON is YAML, and so has lines too
    except yaml.YamlError as problem:
        raise PackError([models.Problem(problem.file, problem.line, problem.message)]) from None
    template, problems = models.read(document, Template)
    if template is None:
        raise PackError(problems)
    return template


def translate(template: Template) -> Draft:
    """Return a template in pack language."""
    translator = Translator(template.items)
    translations = [translator.item(item) for item in template.items]
    groups = _grouped(translations)
    sections = tuple(_section(group, 0) for group in groups)
    return Draft(template, sections, tuple(rule for each in translations for rule in each.untranslated))


def shared_options(drafts: Sequence[Draft]) -> dict[str, dict[str, str]]:
    """Return the option lists that several items have, by name."""
    counted: Counter[tuple[tuple[str, str], ...]] = Counter()
    named = {tuple(listed.items()): name for name, listed in SHARED_LISTS.items()}
    first_user: dict[tuple[tuple[str, str], ...], str] = {}
    for draft in drafts:
        for item in _items_of(draft.sections):
            if isinstance(item.options, dict):
                key = tuple(item.options.items())
                counted[key] += 1
                first_user.setdefault(key, identifier(item.item))
    found: dict[str, dict[str, str]] = {}
    for key, times in sorted(counted.items(), key=lambda pair: first_user[pair[0]]):
        if (times >= ENOUGH and len(key) > 1) or key in named:
            name = named.get(key) or _free(first_user[key], found)
            found[name] = dict(key)
    return dict(sorted(found.items(), key=lambda pair: (pair[0] not in SHARED_LISTS, pair[0])))


def shared_items(drafts: Sequence[Draft]) -> list[ItemSpec]:
    """Return, for each code, the form of the item that most templates have, if enough have it."""
    versions: dict[str, Counter[str]] = defaultdict(Counter)
    by_text: dict[str, ItemSpec] = {}
    for draft in drafts:
        for item in _items_of(draft.sections):
            text = item.model_dump_json()
            versions[item.item][text] += 1
            by_text[text] = item
    found = []
    for counted in versions.values():
        text, times = counted.most_common(1)[0]
        if times >= ENOUGH:
            found.append(by_text[text])
    return sorted(found, key=lambda item: _natural(item.item))


def _write(draft: Draft, common: Common, folder: Path) -> ImportReport:
    template = draft.template
    shared = 0
    known = {code: _inline(spec, common.options) for code, (spec, _) in common.items.items()}

    def share(entries: Iterable[Entry]) -> list[Entry]:
        nonlocal shared
        said: list[Entry] = []
        for entry in entries:
            if isinstance(entry, SectionSpec):
                said.append(entry.model_copy(update={"items": share(entry.items)}))
            elif isinstance(entry, ItemSpec) and known.get(entry.item) == entry:
                shared += 1
                said.append(UseSpec(use=entry.item))
            elif isinstance(entry, ItemSpec):
                said.append(_with_named_options(entry, common.options))
            else:
                said.append(entry)
        return said

    sections = [section.model_copy(update={"items": share(section.items)}) for section in draft.sections]
    path = folder / "form.yaml"
    aliases, amendments = _ours(path)
    form = FormSpec(
        form=template.abbr,
        edition=template.snapshot.split()[0],
        aliases=aliases,
        sections=sections,
        amendments=amendments,
    )
    heading = FORM_HEADING.format(label=template.abbr, form=template.platform_form, snapshot=template.snapshot)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(writing.form_yaml(form, heading), encoding="utf-8")
    return ImportReport(template.abbr, path, len(template.items), shared, draft.untranslated)


def _ours(path: Path) -> tuple[dict[str, str], list[AmendmentSpec]]:
    """Return what people added to a form that is imported again: readable names and sourced amendments."""
    if not path.exists():
        return {}, []
    form, problems = models.read(yaml.load(path, name=file_name(path)), FormSpec)
    if form is None:
        raise PackError(problems)
    named = {item.alias: item.item for item in _items_of(form.sections) if item.alias}
    return {**form.aliases, **named}, form.amendments


def _grouped(translations: Iterable[Translation]) -> list[_Group]:
    """Nest items by their section path. A section that comes back later is written again: the order is kept."""
    root = _Group("")
    open_groups = [root]
    for each in translations:
        depth = 0
        while (
            depth < len(each.section)
            and depth + 1 < len(open_groups)
            and open_groups[depth + 1].title == each.section[depth]
        ):
            depth += 1
        del open_groups[depth + 1 :]
        for title in each.section[depth:]:
            group = _Group(title)
            open_groups[-1].members.append(group)
            open_groups.append(group)
        open_groups[-1].members.append(each)
    return [group for group in root.members if isinstance(group, _Group)]


def _section(group: _Group, taken: int) -> SectionSpec:
    """Return a section; what all its items need in common is said once, at the section."""
    leaves = group.leaves()
    common = _common_levels([leaf.levels[taken:] for leaf in leaves]) if len(leaves) > 1 else ()
    inside = taken + len(common)
    items: list[Entry] = [
        _section(each, inside)
        if isinstance(each, _Group)
        else each.item.model_copy(update={"show": _show(each.levels[inside:])})
        for each in group.members
    ]
    return SectionSpec(section=group.title, show=_show(common), items=items)


def _common_levels(levels: Sequence[Sequence[str]]) -> tuple[str, ...]:
    common = []
    for together in zip(*levels, strict=False):
        if len(set(together)) > 1:
            break
        common.append(together[0])
    return tuple(common)


def _show(levels: Sequence[str]) -> str | list[str] | None:
    if not levels:
        return None
    return levels[0] if len(levels) == 1 else list(levels)


def _items_of(entries: Iterable[Entry]) -> list[ItemSpec]:
    found: list[ItemSpec] = []
    for entry in entries:
        if isinstance(entry, SectionSpec):
            found += _items_of(entry.items)
        elif isinstance(entry, ItemSpec):
            found.append(entry)
    return found


def _inline(item: ItemSpec, options: Mapping[str, Mapping[str, str]]) -> ItemSpec:
    if isinstance(item.options, str):
        return item.model_copy(update={"options": dict(options[item.options])})
    return item


def _with_named_options(item: ItemSpec, options: Mapping[str, Mapping[str, str]]) -> ItemSpec:
    for name, listed in options.items():
        if isinstance(item.options, dict) and list(listed.items()) == list(item.options.items()):
            return item.model_copy(update={"options": name})
    return item


def _free(name: str, taken: Mapping[str, object]) -> str:
    number, free = 2, name
    while free in taken:
        free = f"{name}_{number}"
        number += 1
    return free


def _natural(code: str) -> list[tuple[int, str]]:
    """Sort CM-0-2 before CM-0-10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in code.split("-")]
