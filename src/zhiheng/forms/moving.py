"""Move a case that is being filled in to the version that is in force for its discharge: look first, item by item."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from zhiheng.audit.recording import log
from zhiheng.autofill import filling
from zhiheng.casefinding import actions as casefinding
from zhiheng.casefinding import queries as cases
from zhiheng.casefinding.models import Case
from zhiheng.casefinding.states import BEING_FILLED, NotAllowed
from zhiheng.forms import queries
from zhiheng.forms.carrying import ANEW, BACK, KEPT, LEFT, Carried, carry, moved
from zhiheng.forms.editing import CannotChange, NotNow, start
from zhiheng.forms.models import Answers
from zhiheng.forms.queries import FormState, ItemState, Saved
from zhiheng.forms.state import build
from zhiheng.jobs.announcing import announce
from zhiheng.packversions.models import PackVersion

PERMISSION = "forms.move_version"
BROKEN, HIDDEN, NEW = "broken", "hidden", "new"
CHANGING = (ANEW, BROKEN, HIDDEN, LEFT)  # an answer that somebody has given would not stand as it stands
FATES = (*CHANGING, NEW, BACK, KEPT)


@dataclass(frozen=True)
class Line:
    """What would become of one item: `before` is the answer now, `after` the one that would stand there then."""

    fate: str
    code: str
    label: str
    before: str
    after: str = ""
    why: str = ""


@dataclass(frozen=True)
class Preview:
    """What a move would do with a form; nothing has been done. `waiting` new items do not apply as the form stands."""

    case: Case
    version: PackVersion
    revision: int
    lines: tuple[Line, ...]
    waiting: int

    @cached_property
    def by_fate(self) -> dict[str, list[Line]]:
        found = {fate: [line for line in self.lines if line.fate == fate] for fate in FATES}
        return {fate: lines for fate, lines in found.items() if lines}

    @property
    def only_adds(self) -> bool:
        """Whether every answer stays as it is."""
        return not any(fate in self.by_fate for fate in CHANGING)


# Looking -------------------------------------------------------------------------------------------------------------


def preview(case: Case, *, proposals: bool = True) -> Preview | None:
    """Return what a move to the version in force would do; None where the case has it. `proposals` are those that the
    records would make to new and emptied items."""
    version = cases.version_in_force(case)
    if version is None or version.pk == case.pack_version_id:
        return None
    answers = Answers.objects.filter(case_id=case.pk).select_related("pack_version").first()
    document = answers.document if answers else {}
    # Screening may have moved the case already, and nobody has answered since.
    was = queries.sheet((answers and answers.pack_version) or case.pack_version)
    now = queries.sheet(version)
    carried = list(carry(was, now, document))
    revision = answers.revision if answers else 0
    before, after = build(was, revision, document), build(now, revision, moved(was, now, document))
    proposed = _proposals(case, version, after) if proposals else {}
    lines = [*_of_answers(carried, before, after, proposed), *_of_new_items(before, after, proposed)]
    waiting = sum(code not in before.items and not item.shown for code, item in after.items.items())
    return Preview(case, version, revision, tuple(lines), waiting)


def _of_answers(
    carried: list[Carried], before: FormState, after: FormState, proposed: dict[str, str]
) -> Iterator[Line]:
    for each in carried:
        if not each.text:
            continue
        if each.fate == LEFT:
            yield Line(LEFT, each.code, each.label, each.text)
        elif each.fate == ANEW:
            item = after.items[each.code].item
            why = "" if item.label == each.label else _("It is asked now as: %(label)s") % {"label": item.label}
            yield Line(ANEW, each.code, each.label, each.text, proposed.get(each.code, ""), why)
        else:
            yield _kept(each, before.items.get(each.code), after.items[each.code])


def _kept(each: Carried, was: ItemState | None, now: ItemState) -> Line:
    if was is not None and was.shown and not now.shown:
        return Line(HIDDEN, each.code, each.label, each.text)
    known = {finding.rule for finding in was.findings} if was else set()
    broken = [found.message for found in now.findings if found.severity == "error" and found.rule not in known]
    fate = BROKEN if broken else each.fate
    return Line(fate, each.code, each.label, each.text, each.text, _("; ").join(broken))


def _of_new_items(before: FormState, after: FormState, proposed: dict[str, str]) -> Iterator[Line]:
    for code, item in after.items.items():
        if code not in before.items and item.shown and not item.item.is_derived:
            yield Line(NEW, code, item.item.label, "", proposed.get(code, ""))


def _proposals(case: Case, version: PackVersion, after: FormState) -> dict[str, str]:
    """Return what the records would propose in the new version, in words."""
    twin = copy(case)
    twin.pack_version = version
    known = queries.known_to_rules(after.sheet, after.document)
    found = filling.fill([twin], {case.pk: known}).get(case.pk, {"proposals": {}, "refused": []})
    by_code = after.sheet.by_code
    return {code: by_code[code].text(said["value"]) for code, said in found["proposals"].items() if code in by_code}


def movable(version: PackVersion, by: Any) -> Any:
    """Return the cases that this person may move to a version that is in force."""
    rows = cases.of_older_versions(version).visible_to(by).within(by.departments_for(PERMISSION))
    return rows.select_related("pack_version", "department").order_by("due_date", "pk")


# Doing ---------------------------------------------------------------------------------------------------------------


@transaction.atomic
def move_to_version(*, case: Case, version: PackVersion, by: Any, revision: int | None = None) -> Saved:
    """Move a case to the version in force for its discharge, with the answers that both forms ask for alike.

    `revision` is the form's that the preview showed: where somebody has answered since, nobody has seen what would
    happen now. The history keeps every answer; those that the new form does not ask for are set aside.
    """
    if case.department_id not in by.departments_for(PERMISSION):
        raise CannotChange(_("You may not move case %(code)s to another version.") % {"code": case.code})
    locked = start(case, by, editable=BEING_FILLED)  # the answers before the case: everybody locks in this order
    if revision is not None and revision != locked.answers.revision:
        raise CannotChange(_("Somebody has answered in the meantime. Look at the preview again."))
    try:
        casefinding.take_version(case=case, version=version, by=by)
    except NotAllowed as refused:
        raise NotNow(str(refused)) from refused
    edit = start(case, by, editable=BEING_FILLED)
    edit.is_moved = True  # also a form without answers: it asks and counts otherwise
    log("forms.moved", by=by, on=case, version=version.code, revision=edit.revision, items=sorted(edit.changes))
    return edit.finish()


@transaction.atomic
def ask_to_move_all(*, version: PackVersion, by: Any) -> int:
    """Let a job move all cases whose answers all stay as they are; return how many it will look at."""
    count = movable(version, by).count()
    log("forms.moves_asked", by=by, on=version, cases=count)
    announce("forms.moves_asked", (version, by))
    return count


def move_all(*, version: PackVersion, by: Any) -> int:
    """Move the cases whose answers all stay as they are, each in a transaction of its own; return how many."""
    count = 0
    for case in movable(version, by).iterator():
        found = preview(case, proposals=False)
        if found is None or not found.only_adds:
            continue
        try:
            move_to_version(case=case, version=version, by=by, revision=found.revision)
        except CannotChange:  # somebody has just answered or handed it in: it stays as it is, and in the list
            continue
        count += 1
    return count
