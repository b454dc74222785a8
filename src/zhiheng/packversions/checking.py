"""Check what was uploaded as the command line does: compile it, and run its examples."""

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from zhiheng.engine.find import Rules
from zhiheng.lib import yaml
from zhiheng.lib.models import Problem
from zhiheng.packs.examples import Ran, run_examples
from zhiheng.packs.loading import COMMON, Pack, PackError, default_root, load_pack
from zhiheng.packversions import compiling, queries
from zhiheng.packversions.models import PackVersion
from zhiheng.packversions.uploads import HEAD


@dataclass
class Checked:
    """What came of a check: the pack, and all files that it was compiled from, only where nothing is wrong."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    examples: int = 0
    pack: Pack | None = None
    files: dict[str, bytes] = field(default_factory=dict)


def check(texts: Mapping[str, str], on: date | None = None) -> Checked:
    """Say everything that is wrong with a pack, or with an overlay on the version that is in force on a day."""
    if too_deep := list(_too_deep(texts)):
        return Checked(too_deep)
    name = next(path for path in texts if path.endswith(f"/{HEAD}")).partition("/")[0]
    if (base := _what_it_adds_to(texts[f"{name}/{HEAD}"])) is None:
        return _check(texts, name, [])
    version = _base(base, on)
    if version is None:
        line = 1 + texts[f"{name}/{HEAD}"].partition("overlay:")[0].count("\n")
        message = _("No version of “%(pack)s” is in force. An overlay adds to one that is.") % {"pack": base}
        return Checked([Problem(f"packs/{name}/{HEAD}", line, message)])
    others = compiling.overlays(version) - {name}
    kept = {path: text for path, text in compiling.texts(version) if not path.startswith(f"{name}/")}
    own = {path: text for path, text in texts.items() if path.startswith(f"{name}/")}
    return _check({**kept, **own}, version.folder, sorted({*others, name}), tested=name)


def _too_deep(texts: Mapping[str, str]) -> Iterable[Problem]:
    for path, text in texts.items():
        try:
            yaml.check_depth(text, name=f"packs/{path}")
        except yaml.YamlError as problem:
            yield Problem(problem.file, problem.line, problem.message)


def _what_it_adds_to(head: str) -> str | None:
    try:
        data = yaml.loads(head).data
    except yaml.YamlError:
        return None  # said with its place when the pack is compiled
    found = data.get("overlay") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def _base(abbr: str, on: date | None) -> PackVersion | None:
    stretches = [each for each in queries.in_force() if each.version.abbr.lower() == abbr.lower()]
    fitting = [each for each in stretches if on is None or each.holds(on)]
    return fitting[-1].version if fitting else None


def _check(texts: Mapping[str, str], name: str, overlays: list[str], tested: str = "") -> Checked:
    with _written(texts) as root:
        try:
            pack = load_pack(root / name, overlays=[root / each for each in overlays], cache=compiling.cache())
        except PackError as error:
            return Checked(list(dict.fromkeys(error.problems)))
        found = Checked(warnings=list(pack.warnings))
        ran = run_examples(pack, root / (tested or name), before=_going_before(pack))
        found.examples = len(ran)
        found.problems = [*_of_examples(ran), *([] if ran or tested else [_no_example(name)])]
        if not found.problems:
            found.pack = pack
            found.files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(_files(root))}
        return found


@contextmanager
def _written(texts: Mapping[str, str]) -> Any:
    """Write the files below a folder of packs of their own; what packs share comes from the product, unless given."""
    home = Path(settings.DATA) / "packs"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        root = Path(folder) / "packs"
        if not any(path.startswith(f"{COMMON}/") for path in texts):
            copytree(default_root() / COMMON, root / COMMON)
        compiling.write(texts.items(), root)
        yield root


def _files(root: Path) -> Iterable[Path]:
    return root.rglob("*.yaml")


def _going_before(pack: Pack) -> list[Rules]:
    """Return the rules in force of the packs that this one yields to, and of those that these yield to."""
    in_force = {each.version.abbr.lower(): each.version for each in queries.in_force()}
    found: dict[str, Rules] = {}
    wanted = list(pack.find.yields_to) if pack.find else []
    while wanted:
        abbr = wanted.pop().lower()
        version = in_force.get(abbr)
        if version is None or abbr in found or abbr == pack.abbr.lower():
            continue
        rules = compiling.compiled(version).find
        if rules is not None:
            found[abbr] = rules
            wanted += rules.yields_to
    return list(found.values())


def _of_examples(ran: Iterable[Ran]) -> Iterable[Problem]:
    for each in ran:
        file, _colon, line = each.place.rpartition(":")
        for difference in each.differences:
            said = _("Example “%(name)s”: %(difference)s") % {"name": each.name, "difference": difference}
            yield Problem(f"packs/{file.removeprefix('packs/')}", int(line), said)


def _no_example(name: str) -> Problem:
    message = _("There is no example. Write one for each rule: records in, and what should come of them.")
    return Problem(f"packs/{name}/examples", 0, message)
