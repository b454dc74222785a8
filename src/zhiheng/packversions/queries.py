"""Which version of a pack is in force when, and what is in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from zhiheng.engine.find import Rules
from zhiheng.engine.find.found import criterion_text
from zhiheng.packs import describing, diff
from zhiheng.packs.loading import Pack
from zhiheng.packversions import wording
from zhiheng.packversions.compiling import compiled
from zhiheng.packversions.models import PackVersion
from zhiheng.sources import profile as profiles
from zhiheng.sources.profile import Profile

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class InForce:
    """The days of discharge for which a version decides. A newer version may leave it several such stretches."""

    version: PackVersion
    valid_from: date
    valid_until: date | None

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


def pack(pack_version: PackVersion) -> Pack:
    """Return the compiled pack of a version."""
    return compiled(pack_version)


def in_force(abbr: str | None = None) -> list[InForce]:
    """Return which approved version decides for which days.

    Where two are valid on a day, the edition that begins later goes before, and of the same beginning the one
    that was approved later: a corrected pack takes the place of the faulty one for the whole of its validity.
    """
    approved = PackVersion.objects.filter(approved_at__isnull=False).order_by("abbr", "id")
    by_abbr: dict[str, list[PackVersion]] = {}
    for version in approved.filter(abbr=abbr) if abbr else approved:
        by_abbr.setdefault(version.abbr, []).append(version)
    return [stretch for versions in by_abbr.values() for stretch in sorted(_stretches(versions), key=_beginning)]


def version_for(abbr: str, discharged: date) -> PackVersion | None:
    """Return the version that a case discharged on this day takes."""
    return next((each.version for each in in_force(abbr) if each.holds(discharged)), None)


def rules_in_force() -> tuple[tuple[Rules, ...], dict[str, PackVersion]]:
    """Return the find rules for all days, and the version that the `version` of each of them stands for.

    Two imports may bear the same version number; the rules of each are called by the hash of its content.
    """
    stretches = in_force()
    rules = tuple(
        replace(found, version=each.version.content_hash, valid_from=each.valid_from, valid_until=each.valid_until)
        for each in stretches
        if (found := compiled(each.version).find) is not None
    )
    return rules, {each.version.content_hash: each.version for each in stretches}


def diseases() -> dict[str, str]:
    """Return the names of the diseases that have a version in force, by abbreviation, in the national order."""
    versions = {each.version.abbr: each.version for each in in_force()}
    ordered = sorted(versions.values(), key=lambda each: (each.number or 10_000, each.abbr))
    return {version.abbr: version.name for version in ordered}


def profile(name: str) -> Profile:
    """Return a hospital's profile: one that is shipped, by its name, or one in a folder, by its path."""
    folder = _shipped_profiles() / name  # an absolute path stands for itself
    file = folder / "profile.yaml" if folder.is_dir() else folder
    return _profile(file, file.stat().st_mtime_ns if file.exists() else 0)


def profile_names() -> list[str]:
    """Return the names of the profiles that are shipped."""
    return sorted(file.parent.name for file in _shipped_profiles().glob("*/profile.yaml"))


@lru_cache(maxsize=16)
def _profile(file: Path, _changed: int) -> Profile:
    return profiles.load(file)


def _shipped_profiles() -> Path:
    package = Path(__file__).resolve().parent.parent
    installed = package / "_data" / "profiles"
    return installed if installed.is_dir() else package.parent.parent / "profiles"


# What a version says --------------------------------------------------------------------------------------------------


def describe(version: PackVersion) -> dict[str, Any]:
    """Return everything a version says, as plain data."""
    return describing.describe(compiled(version))


@dataclass(frozen=True)
class Who:
    """Who is a case of a version, in words."""

    criteria: list[tuple[str, str, str]]  # number, name in the pack, text
    include: str
    considers: list[Any]
    exclusions: list[Any]
    classes: list[str]
    unit: str


def who(version: PackVersion) -> Who | None:
    """Return who is a case, or None for a pack that finds nobody."""
    rules = compiled(version).find
    if rules is None:
        return None
    numbers = wording.numbered(rules)
    return Who(
        [(numbers[each.id], each.id, criterion_text(each)) for each in rules.criteria],
        wording.inclusion(rules, numbers),
        list(rules.considers),
        list(rules.exclusions),
        [str(wording.CLASSES[each]) for each in rules.classes],
        str(wording.UNITS[rules.unit]),
    )


def sections(version: PackVersion) -> dict[str, list[Any]]:
    """Return the items of the form by their outermost section."""
    return describing.sections(compiled(version).form.items)


def replaced_by(version: PackVersion) -> PackVersion | None:
    """Return the version that decided before this one, where its validity begins; None where there was none.

    Of a version that is not approved: the one that is in force now.
    """
    approved = PackVersion.objects.filter(abbr=version.abbr, approved_at__isnull=False).exclude(pk=version.pk)
    if version.approved_at is not None:
        # Those that came with the product were approved in one moment: the number says which was first.
        approved = approved.filter(approved_at__lte=version.approved_at).exclude(
            approved_at=version.approved_at, pk__gt=version.pk
        )
    stretches = sorted(_stretches(approved), key=_beginning)
    fitting = [each for each in stretches if each.holds(version.valid_from)]
    before = [each for each in stretches if each.valid_from <= version.valid_from]
    found = (fitting or before or stretches)[-1:]
    return found[0].version if found else None


@dataclass(frozen=True)
class Changed:
    """One difference between two versions, in words."""

    kind: str  # added, removed, changed
    what: str
    aspect: str
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """What is different between a version and the one whose place it takes, by what people ask about."""

    against: PackVersion
    groups: list[tuple[str, list[Changed]]]

    @property
    def count(self) -> int:
        return sum(len(changes) for _title, changes in self.groups)


def comparison(version: PackVersion) -> Comparison | None:
    """Return what a version changes, or None for the first one of its disease."""
    against = replaced_by(version)
    if against is None:
        return None
    old, new = compiled(against), compiled(version)
    labels = {item.code: item.label for item in (*old.form.items, *new.form.items)}
    groups: dict[str, list[Changed]] = {}
    for change in diff.compare(old, new):
        what, aspect = wording.subject_of_change(change, labels), wording.aspect(change.aspect)
        said = Changed(change.kind, what, aspect, wording.plainly(change.before), wording.plainly(change.after))
        groups.setdefault(wording.kind_of_change(change), []).append(said)
    return Comparison(against, [(str(title), groups[key]) for key, title in wording.CHANGES.items() if key in groups])


# Stretches of days ----------------------------------------------------------------------------------------------------


def _beginning(stretch: InForce) -> date:
    return stretch.valid_from


def _stretches(versions: Iterable[PackVersion]) -> Iterator[InForce]:
    taken: list[InForce] = []
    for version in sorted(versions, key=lambda each: (each.valid_from, each.approved_at, each.pk), reverse=True):
        own = list(_left_over(InForce(version, version.valid_from, version.valid_until), taken))
        taken += own
        yield from own


def _left_over(stretch: InForce, taken: Iterable[InForce]) -> Iterator[InForce]:
    """Yield the parts of a stretch that no other one covers."""
    parts = [stretch]
    for other in taken:
        parts = [left for part in parts for left in _without(part, other)]
    yield from parts


def _without(part: InForce, other: InForce) -> Iterator[InForce]:
    ends, other_ends = part.valid_until or date.max, other.valid_until or date.max
    if other_ends < part.valid_from or ends < other.valid_from:
        yield part
        return
    if part.valid_from < other.valid_from:
        yield replace(part, valid_until=other.valid_from - ONE_DAY)
    if other_ends < ends:
        yield replace(part, valid_from=other_ends + ONE_DAY)
