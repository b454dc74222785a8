"""Load packs: a folder becomes a `Pack`, from the cache when nothing has changed.

Each rule file of a pack is one registered part. A part is a module with

    def compile_part(documents: Sequence[Document], context: Context) -> object

`documents` are the file of that name from packs/common (if there is one), from the pack and from its overlays, in this
order; the result must be picklable and becomes an attribute of the pack. Mistakes go to `context.problem(...)`.
"""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from zhiheng.engine.form import Form
from zhiheng.engine.language import Expression, ExpressionError, Scope, Type, parse
from zhiheng.lib import models, yaml
from zhiheng.lib.models import Problem
from zhiheng.lib.suggest import did_you_mean
from zhiheng.lib.yaml import Document, Location

from .caching import Cache, content_hash, without_collection
from .checking import inspect_form
from .compiling import Common, Place, Report, compile_form, written_items
from .specs.form import CommonAliasesSpec, CommonItemsSpec, CommonOptionsSpec, FormSpec
from .specs.pack import OverlaySpec, PackSpec

COMMON = "common"
COMMON_FILES = ("items.yaml", "options.yaml", "aliases.yaml")


@dataclass(frozen=True)
class Part:
    """A rule file: `name` is the attribute of the pack, `module` compiles it."""

    name: str
    file: str
    module: str


PARTS = (
    Part("find", "find.yaml", "zhiheng.packs.specs.find"),
    Part("fills", "fill.yaml", "zhiheng.packs.specs.fill"),
    Part("checks", "checks.yaml", "zhiheng.packs.specs.check"),
    Part("indicators", "indicators.yaml", "zhiheng.packs.specs.indicator"),
)


class PackError(ValueError):
    """A pack that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Pack:
    """One version of one disease, ready to use."""

    spec: PackSpec
    form: Form
    folder: str
    content_hash: str
    parts: dict[str, Any] = field(default_factory=dict)
    overlays: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def abbr(self) -> str:
        return self.spec.pack

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def version(self) -> str:
        """The version, with the overlays that were added to it."""
        return "+".join((self.spec.version, *self.overlays))

    @property
    def find(self) -> Any:
        return self.parts.get("find")

    @property
    def fills(self) -> Any:
        return self.parts.get("fills")

    @property
    def checks(self) -> Any:
        return self.parts.get("checks")

    @property
    def indicators(self) -> Any:
        return self.parts.get("indicators")

    def is_valid_on(self, discharged: datetime.date) -> bool:
        """Return whether a case discharged on this day belongs to this version."""
        until = self.spec.valid_until
        return self.spec.valid_from <= discharged and (until is None or discharged <= until)


@dataclass(frozen=True)
class Packs:
    """All versions of all packs, by number and by validity."""

    all: tuple[Pack, ...]

    def __iter__(self) -> Iterator[Pack]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @cached_property
    def abbrs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(pack.abbr for pack in self.all))

    def versions(self, abbr: str) -> tuple[Pack, ...]:
        """Return the versions of a pack, oldest first; the abbreviation may be in any case."""
        found = tuple(pack for pack in self.all if pack.abbr.lower() == abbr.lower())
        if not found:
            raise KeyError(f'No pack "{abbr}".{did_you_mean(abbr, self.abbrs, kind="Packs")}')
        return found

    def for_discharge(self, abbr: str, discharged: datetime.date) -> Pack | None:
        """Return the version that a case discharged on this day takes."""
        return next((pack for pack in reversed(self.versions(abbr)) if pack.is_valid_on(discharged)), None)

    def newest(self, abbr: str) -> Pack:
        """Return the last version of a pack."""
        return self.versions(abbr)[-1]


@dataclass
class Context:
    """What a part may use while it is compiled."""

    spec: PackSpec
    form: Form
    folder: Path
    common: Path
    report: Report

    @property
    def scope(self) -> Scope:
        return self.form.scope

    def problem(self, document: Document, location: Location, message: str) -> None:
        """Report a mistake that makes the pack unusable."""
        self.report.problem(Place(document, location), message)

    def warning(self, document: Document, location: Location, message: str) -> None:
        """Report something strange that does not stop the pack."""
        self.report.warning(Place(document, location), message)

    def read(self, document: Document, model: type[models.SpecType]) -> models.SpecType | None:
        """Return the document as a model, or None after reporting every mistake."""
        found, problems = models.read(document, model)
        self.report.problems.extend(problems)
        return found

    def expression(
        self,
        document: Document,
        location: Location,
        text: str,
        *,
        subject: str,
        expect: Type | None = None,
        scope: Scope | None = None,
    ) -> Expression | None:
        """Return the parsed expression, or None after reporting what is wrong; `subject` is 'check "x"'."""
        try:
            found = parse(text, scope or self.scope, expect)
        except ExpressionError as problem:
            self.problem(document, location, f"{subject}: {problem.problem} In: {text}")
            return None
        for warning in found.warnings:
            self.warning(document, location, f"{subject}: {warning} In: {text}")
        return found


def default_root() -> Path:
    """Return the folder of the packs that come with Zhiheng: the repository's, or the installed wheel's."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_data" / "packs"
    return installed if installed.is_dir() else package.parent.parent / "packs"


def pack_folders(root: Path) -> list[Path]:
    """Return the folders below `root` that are packs."""
    return sorted(path.parent for path in root.glob("*/pack.yaml"))


def load_pack(folder: Path, *, overlays: Sequence[Path] = (), cache: Cache | None = None) -> Pack:
    """Return the pack in `folder`; `overlays` are the folders of a hospital's additions to it."""
    cache = Cache.default() if cache is None else cache
    folders = [folder, *overlays]
    digest = content_hash(folder.parent / COMMON, *folders)
    found = cache.get(folder.name, digest)
    if isinstance(found, Pack):
        return found
    pack, report = compile_pack(folder, overlays=overlays, digest=digest)
    if pack is None:
        raise PackError(report.problems)
    _ = pack.form.program  # generated once and kept with the pack
    cache.put(folder.name, digest, pack)
    return pack


def load_packs(
    root: Path | None = None,
    *,
    only: Iterable[str] | None = None,
    overlays: Sequence[Path] = (),
    cache: Cache | None = None,
) -> Packs:
    """Return the packs below `root` (by default those that come with Zhiheng), or `only` those with these names."""
    root = default_root() if root is None else root
    folders = pack_folders(root)
    if only is not None:
        folders = _chosen(folders, only)
    additions = _overlays_by_pack(overlays, [folder.name for folder in pack_folders(root)])
    packs: list[Pack] = []
    problems: list[Problem] = []
    for folder in folders:
        try:
            packs.append(load_pack(folder, overlays=additions.get(_base_name(folder), ()), cache=cache))
        except PackError as error:
            problems.extend(error.problems)
    problems += _overlapping(packs)
    if problems:
        raise PackError(list(dict.fromkeys(problems)))  # a mistake in packs/common comes up once for each pack
    return Packs(tuple(sorted(packs, key=lambda pack: (pack.spec.number or 10_000, pack.abbr, pack.spec.valid_from))))


def compile_pack(folder: Path, *, overlays: Sequence[Path] = (), digest: str = "") -> tuple[Pack | None, Report]:
    """Compile a pack without the cache, and report everything that is wrong or strange."""
    with without_collection():
        return _compile_pack(folder, overlays, digest)


def _compile_pack(folder: Path, overlays: Sequence[Path], digest: str) -> tuple[Pack | None, Report]:
    report = Report()
    common_folder = folder.parent / COMMON
    documents = [_document(each / "pack.yaml", report) for each in (folder, *overlays)]
    spec = _model(documents[0], PackSpec, report)
    added = [_model(document, OverlaySpec, report) for document in documents[1:]]
    form = _form(folder, overlays, load_common(common_folder, report), report)
    if spec is not None and form is not None and form.abbr != spec.pack:
        report.problem(Place(_required(documents[0]), ("pack",)), f'form.yaml is of "{form.abbr}", not "{spec.pack}".')
    if spec is None or form is None or report.problems:
        return None, report
    context = Context(spec, form, folder, common_folder, report)
    parts = {part.name: compiled for part in PARTS if (compiled := _compile_part(part, folder, overlays, context))}
    names = tuple(f"{path.name}-{each.version}" for path, each in zip(overlays, added, strict=True) if each)
    if report.problems:
        return None, report
    return Pack(spec, form, folder.name, digest, parts, names, tuple(report.warnings)), report


def load_common(folder: Path, report: Report) -> Common:
    """Read what packs/common offers to forms."""
    common, problems = _read_common(folder, tuple(_state(folder / name) for name in COMMON_FILES))
    report.problems.extend(problems)
    return common


@lru_cache(maxsize=2)
def _read_common(folder: Path, _states: tuple[object, ...]) -> tuple[Common, tuple[Problem, ...]]:
    """Read it once for all packs; the states of the files say when to read again."""
    report = Report()
    items: dict[str, tuple[Any, Place]] = {}
    document = _document(folder / "items.yaml", report, optional=True)
    if document and (found := _model(document, CommonItemsSpec, report)):
        for number, item in enumerate(found.items):
            place = Place(document, ("items", number))
            if item.item in items:
                report.problem(place, f'item "{item.item}": stands here twice. Keep one of them.')
            items[item.item] = (item, place)
    options = _model(_document(folder / "options.yaml", report, optional=True), CommonOptionsSpec, report)
    aliases = _model(_document(folder / "aliases.yaml", report, optional=True), CommonAliasesSpec, report)
    common = Common(items, options.options if options else {}, aliases.aliases if aliases else {})
    return common, tuple(report.problems)


def file_name(path: Path) -> str:
    """Return what errors call a file of a pack: packs/stemi/form.yaml."""
    return "/".join(path.parts[-3:])


def _form(folder: Path, overlays: Sequence[Path], common: Common, report: Report) -> Form | None:
    document = _document(folder / "form.yaml", report)
    spec = _model(document, FormSpec, report)
    added = []
    for overlay in overlays:
        source = _document(overlay / "form.yaml", report, optional=True)
        extra = _model(source, FormSpec, report)
        if source is not None and extra is not None:
            added.append((extra, source))
    if spec is None or document is None:
        return None
    form = compile_form(spec, document, common, report, added)
    if form is not None:
        written = written_items(spec, document, common, Report())
        inspect_form(form, written, spec, Place(document, ()), report)
    return form


def _compile_part(part: Part, folder: Path, overlays: Sequence[Path], context: Context) -> Any:
    paths = [each / part.file for each in (context.common, folder, *overlays)]
    documents = [found for path in paths if (found := _document(path, context.report, optional=True)) is not None]
    if not documents or find_spec(part.module) is None:
        return None
    return import_module(part.module).compile_part(documents, context)


def _document(path: Path, report: Report, *, optional: bool = False) -> Document | None:
    if not path.is_file():
        if not optional:
            report.problems.append(Problem(file_name(path), 1, "this file is missing. A pack needs it."))
        return None
    try:
        # The rule files of packs/common belong to every pack: they are read once.
        return _shared(path, _state(path)) if path.parent.name == COMMON else yaml.load(path, name=file_name(path))
    except yaml.YamlError as problem:
        report.problems.append(Problem(problem.file, problem.line, problem.message))
        return None


@lru_cache(maxsize=8)
def _shared(path: Path, _state: object) -> Document:
    return yaml.load(path, name=file_name(path))


def _state(path: Path) -> tuple[int, int] | None:
    """Return what changes when a file is written again."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _model(document: Document | None, model: type[models.SpecType], report: Report) -> models.SpecType | None:
    if document is None:
        return None
    found, problems = models.read(document, model)
    report.problems.extend(problems)
    return found


def _required(document: Document | None) -> Document:
    assert document is not None
    return document


def _chosen(folders: Sequence[Path], names: Iterable[str]) -> list[Path]:
    chosen = []
    for name in names:
        found = [folder for folder in folders if name.lower() in (folder.name.lower(), _base_name(folder))]
        if not found:
            near = did_you_mean(name.lower(), [folder.name for folder in folders], kind="Packs")
            raise PackError([Problem("packs", 1, f'no pack "{name}".{near}')])
        chosen += [folder for folder in found if folder not in chosen]
    return chosen


def _base_name(folder: Path) -> str:
    """Return the pack that a folder is a version of: `stemi@2023` and `stemi` are both `stemi`."""
    return folder.name.lower().partition("@")[0]


def _overlays_by_pack(overlays: Sequence[Path], known: Sequence[str]) -> dict[str, list[Path]]:
    report, found = Report(), dict[str, list[Path]]()
    for folder in overlays:
        document = _document(folder / "pack.yaml", report)
        spec = _model(document, OverlaySpec, report)
        if spec is None or document is None:
            continue
        if spec.overlay.lower() not in [name.partition("@")[0] for name in known]:
            near = did_you_mean(spec.overlay.lower(), known)
            report.problem(Place(document, ("overlay",)), f'overlay of the unknown pack "{spec.overlay}".{near}')
        found.setdefault(spec.overlay.lower(), []).append(folder)
    if report.problems:
        raise PackError(report.problems)
    return found


def _overlapping(packs: Sequence[Pack]) -> Iterator[Problem]:
    for number, one in enumerate(packs):
        for other in packs[number + 1 :]:
            if one.abbr == other.abbr and (
                one.is_valid_on(other.spec.valid_from) or other.is_valid_on(one.spec.valid_from)
            ):
                message = f"is valid at the same time as packs/{one.folder}. End the older version with valid_until."
                yield Problem(f"packs/{other.folder}/pack.yaml", 1, message)
