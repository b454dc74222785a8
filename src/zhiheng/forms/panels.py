"""What the templates of a form are given: the whole form, or the parts of it that a change has touched."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from zhiheng.casefinding.models import Case, State
from zhiheng.forms import queries
from zhiheng.forms.carrying import left_behind
from zhiheng.forms.editing import earlier
from zhiheng.forms.models import Answers
from zhiheng.forms.queries import Conflict, Counter, FormState, ItemState, SectionState
from zhiheng.forms.rendering import Desk, Refusal, render_rows
from zhiheng.forms.state import changed

FILTERS = ("all", "left", "proposed", "problem")
FILLABLE = (State.TO_FILL, State.FILLING, State.RETURNED)


@dataclass(frozen=True)
class SectionView:
    """A section with its rows; `above` are the titles that a reader has not just seen."""

    number: int
    title: str
    above: tuple[str, ...]
    is_nested: bool
    is_shown: bool
    is_visible: bool
    counter: Counter
    left: int  # to answer: what the records propose is counted apart
    problems: int
    rows: SafeString | str = ""


@dataclass(frozen=True)
class Group:
    title: str
    sections: tuple[SectionView, ...]


def desk_of(request: HttpRequest, case: Case) -> Desk:
    return Desk(
        code=case.code,
        url=reverse("forms:form", args=[case.code]),
        card_url=reverse("forms:card", args=[case.code, "ITEM"]).removesuffix("ITEM/"),
        csrf=get_token(request),
        may_fill=case.state in FILLABLE and request.user.may("forms.fill", case.department_id),
        may_see_proof=request.user.may("autofill.view_proof", case.department_id),
    )


def form_context(request: HttpRequest, case: Case, state: FormState | None = None) -> dict[str, Any]:
    """What "forms/_form.html" needs. The page that includes it asks for it here."""
    state = queries.form_for(case, request.user) if state is None else state
    desk = desk_of(request, case)
    chosen = request.GET.get("show", "all")
    show = chosen if chosen in FILTERS else "all"
    sections = [
        section_view(section, show, render_rows(state.sheet, list(section.items), desk)) for section in state.sections
    ]
    return {
        **totals(state, show),
        "desk": desk,
        "sections": sections,
        "groups": list(groups(state, sections)),
        **aside_of(state),
        "is_empty": not any(section.is_visible for section in sections),
        "present": (),
        "may_hand_in": desk.may_fill,
    }


def totals(state: FormState, show: str = "all") -> dict[str, Any]:
    return {
        "counter": state.counter,
        "problems": sum(item.needs_look for item in state.items.values()),
        "revision": state.revision,
        "filter": show,
    }


def aside_of(state: FormState) -> dict[str, Any]:
    """The answers that count for nothing now: of hidden items, and of those that only a former form had."""
    hidden = [
        {"item": item.item, "code": item.code, "aside_text": item.item.text(item.aside)} for item in state.set_aside
    ]
    left = left_behind(state.document)
    return {"aside": hidden, "left_behind": left, "aside_count": len(hidden) + len(left)}


def section_view(section: SectionState, show: str = "all", rows: SafeString | str = "") -> SectionView:
    path = section.section.path
    return SectionView(
        number=section.number,
        title=section.section.title,
        above=path[:-1],
        is_nested=len(path) > 1,
        is_shown=section.is_shown,
        is_visible=any(item.shown and is_wanted(item, show) for item in section.items),
        counter=section.counter,
        left=sum(item.is_left and not item.is_proposed for item in section.items),
        problems=sum(item.needs_look for item in section.items),
        rows=rows,
    )


def is_wanted(item: ItemState, show: str) -> bool:
    wanted = {"left": item.is_left, "proposed": item.is_proposed, "problem": item.needs_look}
    return wanted.get(show, True)


def groups(state: FormState, sections: Iterable[SectionView]) -> Iterator[Group]:
    """Sections under their outermost title, for the navigation. One that has this title itself heads its group."""
    outer, found = "", []
    for section, view in zip(state.sections, sections, strict=True):
        title = section.section.path[0] if section.section.path else ""
        if found and title != outer:
            yield Group("" if not found[0].is_nested else outer, tuple(found))
            found = []
        outer = title
        found.append(view)
    if found:
        yield Group("" if not found[0].is_nested else outer, tuple(found))


def changes(
    request: HttpRequest,
    case: Case,
    state: FormState,
    codes: Collection[str],
    *,
    item: str = "",
    typed: list[str] | None = None,
    note: str = "",
    conflict: Conflict | None = None,
    others: Mapping[str, str] | None = None,
    present: Any = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with every part of the page that looks different now; `item` is the one that was worked on.

    `others` says of further items why they were left as they are.
    """
    desk, others = desk_of(request, case), others or {}
    refusals = {code: Refusal(None, why) for code, why in others.items()}
    if item:
        refusals[item] = Refusal(typed, note, conflict)
    context = {
        **totals(state),
        "desk": desk,
        **aside_of(state),
        "present": present,
        "rows": rows_of(state, desk, codes, refusals),
        "sections": [section_view(section) for section in touched_sections(state, {*codes, *refusals})],
    }
    return render(request, "forms/_changes.html", context, status=status)


def rows_of(state: FormState, desk: Desk, codes: Collection[str], refusals: Mapping[str, Refusal]) -> SafeString:
    wanted = {*codes, *refusals}
    return render_rows(state.sheet, [each for code, each in state.items.items() if code in wanted], desk, refusals)


def touched_sections(state: FormState, codes: Collection[str]) -> list[SectionState]:
    numbers = {state.items[code].item.section for code in codes if code in state.items}
    return [section for section in state.sections if section.number in numbers]


def revision_of(case: Case) -> int:
    return Answers.objects.filter(case=case).values_list("revision", flat=True).first() or 0


def changed_since(case: Case, state: FormState, seen: int) -> set[str]:
    """The items that look different than at revision `seen` of the form."""
    names = queries.names_of(queries.authors(state.document))
    return changed(earlier(case, state, seen, names), state)
