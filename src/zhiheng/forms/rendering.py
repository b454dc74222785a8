"""The rows of a form as HTML. Of a row, what never changes is made once per pack version and language and kept.

A form has up to 614 items. Through a template with an include for each, such a page takes ten times as long.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext

from zhiheng.forms.models import AnswerState
from zhiheng.forms.queries import Conflict
from zhiheng.forms.sheet import Sheet, SheetItem
from zhiheng.forms.state import COMPUTED, RULE, ItemState

MOST_CHIPS = 12
LONG_LABEL = 26  # option labels longer than this stand below each other
KEYS = "1234567890"
LONG_FRACTION = re.compile(r"-?\d+\.\d{5,}")


@dataclass(frozen=True)
class Desk:
    """What the rows of one page have in common: whose case, where to send answers, what this person may do."""

    code: str
    url: str  # of the form: /cases/<code>/form/
    card_url: str  # of the cards: /cases/<code>/proof/
    csrf: str
    may_fill: bool
    may_see_proof: bool


@dataclass(frozen=True)
class Refusal:
    """Why what was entered is not saved. `typed` is what was entered and not accepted, shown again."""

    typed: list[str] | None = None
    note: str = ""
    conflict: Conflict | None = None

    def __bool__(self) -> bool:
        return bool(self.typed is not None or self.note or self.conflict)


NO_REFUSAL = Refusal()


@dataclass(frozen=True)
class Still:
    """The parts of a row that do not change."""

    label: str
    options: tuple[tuple[str, str, str], ...]  # of chips: value, HTML before and after the place of "checked"
    group: str  # the opening tag around the chips
    field: str  # the opening of a text field, up to its value
    after: str  # unit and help


def render_rows(
    sheet: Sheet, items: list[ItemState], desk: Desk, refusals: Mapping[str, Refusal] | None = None
) -> SafeString:
    still, row, refusals = stills(sheet.key, sheet), Rows(desk, sheet), refusals or {}
    said = refusals.get if refusals else lambda _code, other: other
    return mark_safe("".join([row.html(item, still[item.item.number], said(item.code, NO_REFUSAL)) for item in items]))


def stills(key: str, sheet: Sheet) -> tuple[Still, ...]:
    return _stills(_Keyed(key, sheet), get_language() or "")


class _Keyed:
    """A sheet that is compared by its key alone, so that it can be an argument of a cached function."""

    def __init__(self, key: str, sheet: Sheet) -> None:
        self.key, self.sheet = key, sheet

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and other.key == self.key


@lru_cache(maxsize=256)
def _stills(keyed: _Keyed, language: str) -> tuple[Still, ...]:
    return tuple(_still(item) for item in keyed.sheet.items)


def _still(item: SheetItem) -> Still:
    code = escape(item.code)
    return Still(
        label=_label(item, code),
        options=tuple(_chip(item, code, number) for number in range(len(item.options))) if has_chips(item) else (),
        group=_group(item, code),
        field=_field(item, code),
        after=_after(item, code),
    )


def has_chips(item: SheetItem) -> bool:
    return 0 < len(item.options) <= MOST_CHIPS


def is_combobox(item: SheetItem) -> bool:
    return len(item.options) > MOST_CHIPS


def _label(item: SheetItem, code: str) -> str:
    required = escape(gettext("Required"))
    star = f'<span class="cf-required" title="{required}">*</span>' if item.required else ""
    text = f"{escape(item.label)}{star}"
    named = (
        f'<span class="cf-name" id="l-{code}">{text}</span>'
        if has_chips(item) or item.is_derived
        else f'<label class="cf-name" id="l-{code}" for="v-{code}">{text}</label>'
    )
    return f'<div class="cf-label">{named} <span class="cf-code">{code}</span></div>'


def _chip(item: SheetItem, code: str, number: int) -> tuple[str, str, str]:
    option = item.options[number]
    kind = "checkbox" if item.type == "choices" else "radio"
    key = f'<kbd aria-hidden="true">{KEYS[number]}</kbd>' if number < len(KEYS) else ""
    names = f'type="{kind}" name="value" id="v-{code}_{number}" value="{escape(option.value)}"'
    return (
        option.value,
        f'<label class="cf-chip"><input {names}',
        f'><span class="cf-face">{key}{escape(option.label)}</span></label>',
    )


def _group(item: SheetItem, code: str) -> str:
    if not has_chips(item):
        return ""
    role = "group" if item.type == "choices" else "radiogroup"
    long = " is-long" if max(len(option.label) for option in item.options) > LONG_LABEL else ""
    required = ' aria-required="true"' if item.required and role == "radiogroup" else ""
    return f'<div class="cf-chips{long}" role="{role}" aria-labelledby="l-{code}"{required}'


def _field(item: SheetItem, code: str) -> str:
    required = ' aria-required="true"' if item.required else ""
    if is_combobox(item):
        hint = escape(gettext("Code, name or pinyin initials"))
        return (
            f'<input type="text" class="form-control" role="combobox" id="v-{code}" name="value" autocomplete="off" '
            f'spellcheck="false" aria-expanded="false" aria-autocomplete="list" aria-controls="o-{code}"'
            f' data-own-change placeholder="{hint}"{required}'
        )
    mode = ' inputmode="decimal"' if item.type == "number" else ""
    length = f' maxlength="{item.max_length}"' if item.max_length and item.type == "text" else ""
    return (
        f'<input type="text" class="form-control cf-{item.type}" id="v-{code}" name="value" autocomplete="off" '
        f'spellcheck="false"{mode}{length}{required}'
    )


def _after(item: SheetItem, code: str) -> str:
    unit = f'<span class="cf-unit">{escape(item.unit)}</span>' if item.unit else ""
    said = [*_how_to_type(item), *(limit.replace(f"“{item.label}”", "", 1) for limit in item.limits)]
    help_ = f'<span class="cf-help" id="h-{code}">{escape("；".join(said))}</span>' if said else ""
    return unit + help_


def _how_to_type(item: SheetItem) -> list[str]:
    if item.type == "datetime":
        return [gettext("e.g. 11221405, 2026-11-22 14:05 or 昨天 14:05")]
    if item.type == "date":
        return [gettext("e.g. 1122 or 2026-11-22")]
    return []


@lru_cache(maxsize=64)
def icon(name: str) -> str:
    return f'<svg class="icon" aria-hidden="true"><use href="{static("vendor/icons.svg")}#{name}"/></svg>'


class Rows:
    """Makes the rows of one page; holds the texts that every row uses, in the language of the page."""

    def __init__(self, desk: Desk, sheet: Sheet) -> None:
        self.desk, self.sheet = desk, sheet
        self.opening = (
            f'<form class="cf-answer" method="post" action="{escape(desk.url)}answer/" novalidate>'
            f'<input type="hidden" name="csrfmiddlewaretoken" value="{desk.csrf}">'
        )
        save, confirm, optional = gettext("Save"), gettext("Confirm"), gettext("Optional")
        self.save = f'<noscript><button class="btn btn-sm" name="do" value="answer">{save}</button></noscript>'
        inner = icon("check") + confirm
        self.confirm = f'<button class="btn btn-sm cf-confirm" name="do" value="confirm" title="F2">{inner}</button>'
        self.states = {state: self._state(state) for state in AnswerState.values}
        self.optional = f'<span class="cf-mark is-optional">{optional}</span>'
        self.derived = {
            COMPUTED: self._mark("sum", gettext("Computed"), "is-derived"),
            RULE: self._mark("arrow-forward-up", gettext("Set by a rule of the form"), "is-derived"),
        }
        self.unsaved = self._mark("alert-circle", gettext("Not saved"), "is-unsaved")
        self.given = self._mark("lock", gettext("Given by the form"), "is-derived")
        self.proof, self.more = gettext("Proof"), gettext("Details of %s")
        self.cannot = pgettext("answer", "Cannot be determined")

    def _mark(self, name: str, text: str, kind: str) -> str:
        return f'<span class="cf-mark {kind}">{icon(name)}{escape(text)}</span>'

    def _state(self, state: str) -> str:
        icons = {
            AnswerState.UNANSWERED: "circle-dashed",
            AnswerState.PROPOSED: "wand",
            AnswerState.CONFIRMED: "circle-check",
            AnswerState.UNKNOWN: "question-mark",
            AnswerState.OPEN: "flag",
            AnswerState.ASIDE: "archive",
        }
        texts = {
            AnswerState.UNANSWERED: pgettext("answer", "To answer"),
            AnswerState.PROPOSED: pgettext("answer", "From the records"),
            AnswerState.CONFIRMED: pgettext("answer", "Confirmed"),
            AnswerState.UNKNOWN: pgettext("answer", "Cannot be determined"),
            AnswerState.OPEN: pgettext("answer", "Left open"),
            AnswerState.ASIDE: pgettext("answer", "Set aside"),
        }
        return self._mark(icons[AnswerState(state)], texts[AnswerState(state)], f"is-{state}")

    def html(self, state: ItemState, still: Still, refusal: Refusal = NO_REFUSAL) -> str:
        item = state.item
        code = escape(item.code)
        if not state.shown:
            return (
                f'<div class="cf-item" id="i-{code}" data-item="{code}" data-revision="{state.revision}" hidden></div>'
            )
        editable = self.desk.may_fill and not item.is_derived
        parts = [
            f'<div class="cf-item" id="i-{code}" data-item="{code}" data-type="{item.type}" data-state="{state.state}" '
            f'data-revision="{state.revision}"{self._flags(state, editable, refused=bool(refusal))}>'
        ]
        if editable:
            parts.append(
                f'{self.opening}<input type="hidden" name="item" value="{code}">'
                f'<input type="hidden" name="revision" value="{state.revision}">{still.label}<div class="cf-control">'
            )
            parts.append(self._control(state, still, code, refusal.typed))
            actions = self._actions(state, code, refusal)
            parts.append(f'{still.after}{self.save}</div><div class="cf-state">{actions}</div></form>')
        else:
            parts.append(
                f'<div class="cf-answer">{still.label}<div class="cf-control"><span class="cf-value">'
                f"{escape(shown_value(state)) or '—'}</span>{still.after}</div>"
                f'<div class="cf-state">{self._actions(state, code)}</div></div>'
            )
        if refusal or state.findings or state.difference is not None or state.reason:
            parts.append(self._notes(state, refusal))
        parts.append("</div>")
        return "".join(parts)

    def _flags(self, state: ItemState, editable: bool, *, refused: bool) -> str:
        flags = ""
        left, proposed, problem = state.is_left, state.is_proposed, state.needs_look or refused
        if left:
            flags += " data-is-left"
        if proposed:
            flags += " data-is-proposed"
        if problem:
            flags += f' data-is-problem data-severity="{state.severity or "error"}"'
        if editable and (left or proposed or problem):
            flags += " data-is-open"
        if not editable:
            flags += " data-readonly"
        if refused:
            flags += " data-refused"
        return flags

    # ---- the control -------------------------------------------------------------------------------------------------

    def _control(self, state: ItemState, still: Still, code: str, typed: list[str] | None) -> str:
        item = state.item
        described = (
            f' aria-describedby="{self._described(state, still, code)}"' if still.after or state.findings else ""
        )
        if still.options:
            chosen = typed if typed is not None else _as_list(state.value)
            chips = "".join(
                [
                    f"{before} checked{after}" if value in chosen else before + after
                    for value, before, after in still.options
                ]
            )
            return f"{still.group}{described}>{chips}</div>"
        if is_combobox(item):
            return self._combobox(state, still, code, described, typed)
        value = typed[0] if typed else "" if state.value is None else str(state.value)
        wrong = ' aria-invalid="true"' if typed is not None or state.severity == "error" else ""
        return f'{still.field}{described}{wrong} value="{escape(value)}">'

    def _described(self, state: ItemState, still: Still, code: str) -> str:
        names = [f"h-{code}"] if "cf-help" in still.after else []
        return " ".join([*names, f"f-{code}"] if state.findings else names) or f"i-{code}"

    def _combobox(self, state: ItemState, still: Still, code: str, described: str, typed: list[str] | None) -> str:
        many = state.item.type == "choices"
        labels = state.item.labels
        chosen = "".join(
            f'<label class="cf-chosen"><input type="checkbox" name="value" value="{escape(value)}" checked>'
            f"{escape(labels.get(value, value))}</label>"
            for value in (_as_list(state.value) if many else ())
        )
        value = typed[-1] if typed else "" if many else state.text
        return (
            f'<div class="cf-combo" data-options="{escape(self.desk.url)}options/{code}/"{" data-many" * many}>'
            f'<div class="cf-chosen-all">{chosen}</div>{still.field}{described} value="{escape(value)}">'
            f'<div class="cf-options" role="listbox" id="o-{code}" aria-labelledby="l-{code}" hidden></div></div>'
        )

    # ---- state, actions and notes ------------------------------------------------------------------------------------

    def _actions(self, state: ItemState, code: str, refusal: Refusal = NO_REFUSAL) -> str:
        item, parts = state.item, []
        fills = self.desk.may_fill and not item.is_derived
        if refusal.typed is not None:
            parts.append(self.unsaved)
        elif state.is_proposed and fills:
            parts.append(self.confirm)
        else:
            parts.append(self._mark_of(state))
        if fills and item.unknown is not None and state.state != AnswerState.UNKNOWN:
            is_chip = item.unknown.code == item.code
            hidden = " visually-hidden" if is_chip or state.value is not None else ""
            parts.append(
                f'<button class="btn btn-sm cf-unknown{hidden}" name="do" value="unknown" title="F4"'
                f"{' tabindex=-1' if hidden else ''}>{escape(self.cannot)}</button>"
            )
        parts.append('<span class="cf-save"></span>')
        parts.append(self._card_link(state, code))
        return "".join(parts)

    def _mark_of(self, state: ItemState) -> str:
        if state.item.is_derived or state.origin in self.derived:
            return self.derived.get(state.origin, self.given)
        if state.state == AnswerState.UNANSWERED and not state.required:
            return self.optional
        return self.states[state.state]

    def _card_link(self, state: ItemState, code: str) -> str:
        has_proof = state.filling is not None and self.desk.may_see_proof
        said = escape(self.more % state.item.label)
        inner = f"{icon('file-search')}{self.proof}" if has_proof else icon("dots")
        kind = "cf-proof" if has_proof else "cf-more"
        return (
            f'<a class="{kind}" data-card id="p-{code}" href="{escape(self.desk.card_url)}{code}/" title="{said}"'
            f"{'' if has_proof else f' aria-label={chr(34)}{said}{chr(34)}'}>{inner}</a>"
        )

    def _notes(self, state: ItemState, refusal: Refusal) -> str:
        context = {
            "state": state,
            "desk": self.desk,
            "note": refusal.note,
            "conflict": refusal.conflict,
            "mine": _as_list(refusal.conflict.mine) if refusal.conflict else (),
            "proposed": state.item.text(state.proposed),
            "instead": self._instead(state),
            "csrf_token": self.desk.csrf,
        }
        return render_to_string("forms/_notes.html", context)

    def _instead(self, state: ItemState) -> list[tuple[str, str]]:
        """What the records prove of the items beside a box, each with its label."""
        items = [(self.sheet.by_code[code], value) for code, value in (state.instead or {}).items()]
        return [(item.label, item.text(value)) for item, value in items]


def shown_value(state: ItemState) -> str:
    """The value in words; a computed fraction with as many digits as somebody can read."""
    if state.item.is_computed and LONG_FRACTION.fullmatch(str(state.value)):
        return f"{float(state.value):.4f}".rstrip("0").rstrip(".")
    return state.text


def _as_list(value: object) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
