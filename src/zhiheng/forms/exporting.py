"""A form as a spreadsheet: every item that is shown, in words and as the national form codes it."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.accounts.models import User
from zhiheng.casefinding.models import Case
from zhiheng.casefinding.patients import department_of, name_for, record_number_for
from zhiheng.forms.models import AnswerState
from zhiheng.forms.queries import FormState
from zhiheng.forms.rendering import shown_value
from zhiheng.forms.state import ItemState

OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
WIDTHS = (28, 18, 44, 40, 20, 14, 30, 14, 18)


def to_workbook(case: Case, state: FormState, by: User) -> bytes:
    """Return the form as `state` has it, which is how `by` may see it."""
    target = BytesIO()
    with xlsxwriter.Workbook(target, OPTIONS) as book:
        head = book.add_format({"bold": True, "bg_color": "#E3F0F5", "bottom": 1})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(case.code[:31])
        for place, width in enumerate(WIDTHS):
            sheet.set_column(place, place, width)
        for row, said in enumerate([_titles(), *_lines(state)]):
            for place, text in enumerate(said):
                sheet.write_string(row, place, text, wrapped if row else head)
        sheet.freeze_panes(1, 3)
        about = book.add_worksheet(_("About this file"))
        about.set_column(0, 1, 36)
        for row, (name, text) in enumerate(_about(case, state, by)):
            about.write_string(row, 0, name, head)
            about.write_string(row, 1, text)
    return target.getvalue()


def _titles() -> list[str]:
    return [
        _("Section"),
        _("Code"),
        _("Item"),
        _("Answer"),
        _("Coded"),
        _("State"),
        _("Reason"),
        _("Answered by"),
        _("Time"),
    ]


def _lines(state: FormState) -> Iterator[list[str]]:
    for section in state.sections:
        title = " › ".join(section.section.path)
        yield from (_line(title, item) for item in section.items if section.is_shown and item.shown)


def _line(title: str, item: ItemState) -> list[str]:
    at = f"{timezone.localtime(item.at):%Y-%m-%d %H:%M}" if item.at else ""
    said = (item.code, item.item.label, shown_value(item), _coded(item.value))
    return [title, *said, str(AnswerState(item.state).label), item.reason, item.by, at]


def _coded(value: Any) -> str:
    """As the national platform takes it: the letters of options, not their labels."""
    return ",".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _about(case: Case, state: FormState, by: User) -> Iterator[tuple[str, str]]:
    yield _("Case"), case.code
    yield _("Patient"), name_for(case, by)
    yield _("Record number"), record_number_for(case, by)
    yield _("Department"), department_of(case)
    yield _("Discharged"), f"{case.discharge_time:%Y-%m-%d %H:%M}" if case.discharge_time else ""
    yield _("State"), str(case.get_state_display())
    yield _("Form"), f"{case.pack_version.abbr} {case.pack_version.version}"
    yield _("Answered"), f"{state.counter.done}/{state.counter.total}"
    yield _("Exported at"), f"{timezone.localtime():%Y-%m-%d %H:%M}"
    yield _("Exported by"), by.get_username()
