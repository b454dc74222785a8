"""What can be done with several cases of a list at once: assign them, exclude them, answer their common questions."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from zhiheng.casefinding import actions, queries
from zhiheng.casefinding.forms import AssignForm, ExcludeForm, question_field
from zhiheng.casefinding.models import Case, State
from zhiheng.casefinding.states import DECIDE, NotAllowed
from zhiheng.web.bulk import Act, Bulk


class OfCases(Act):
    """An act that the decision panel of a single case offers as well."""

    permission = DECIDE
    refusals = (NotAllowed,)

    def obstacle(self, row: Case, by: Any) -> str:
        if self.name in queries.open_acts(row, by):
            return ""
        if row.department_id not in by.departments_for(DECIDE):
            return gettext("It is not for you to decide about this case.")
        return gettext("Not possible while it is “%(state)s”.") % {"state": State(row.state).label}


class Assign(OfCases):
    name, label, icon = "assign", _("Assign a filler"), "user-check"

    def form(self, rows: Sequence[Case], data: Any = None) -> forms.Form:
        return AssignForm(rows, data)

    def do(self, row: Case, form: Any, by: Any) -> None:
        actions.assign(case=row, staff=form.chosen(), by=by)


class Exclude(OfCases):
    name, label, icon = "exclude", _("Exclude"), "minus"

    def form(self, rows: Sequence[Case], data: Any = None) -> forms.Form:
        return ExcludeForm(rows, data)

    def do(self, row: Case, form: Any, by: Any) -> None:
        actions.exclude(case=row, reason=form.reason(), by=by)


class AnswerForm(forms.Form):
    """Each question that any of the cases asks, answered once for all that ask it, and what follows for all."""

    include = forms.ChoiceField(
        label=_("What you decide for all of them"),
        choices=[("1", _("They are cases: fill them in")), ("0", _("They need not be reported"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Remark"),
        help_text=_("Needed where none of the answers is the reason why they need not be reported."),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, cases: Sequence[Case], data: Any = None) -> None:
        super().__init__(data)
        self.asked: dict[tuple[str, bool], str] = {}  # question: name of its field
        self.of_case = {case.pk: queries.questions(case) for case in cases}
        counts: dict[tuple[str, bool], int] = {}
        for each in (question for asked in self.of_case.values() for question in asked):
            counts[each.text, each.yes_excludes] = counts.get((each.text, each.yes_excludes), 0) + 1
        for number, ((text, yes_excludes), count) in enumerate(counts.items()):
            of_some = ngettext("%(text)s (%(n)d case)", "%(text)s (%(n)d cases)", count) % {"text": text, "n": count}
            self.fields[f"question_{number}"] = question_field(text if count == len(cases) else of_some, yes_excludes)
            self.asked[text, yes_excludes] = f"question_{number}"
        self.order_fields([*self.asked.values(), "include", "reason"])

    def answers(self, case: Case) -> Mapping[str, bool]:
        said = {
            each.id: self.cleaned_data.get(self.asked[each.text, each.yes_excludes]) for each in self.of_case[case.pk]
        }
        return {name: value == "1" for name, value in said.items() if value}


class Answer(OfCases):
    name, label, icon = "decide", _("Answer their questions"), "help-circle"

    def form(self, rows: Sequence[Case], data: Any = None) -> forms.Form:
        return AnswerForm(rows, data)

    def do(self, row: Case, form: Any, by: Any) -> None:
        include = form.cleaned_data["include"] == "1"
        reason = form.cleaned_data["reason"]
        actions.decide(case=row, include=include, answers=form.answers(row), reason=reason, by=by)


CASES = Bulk("casefinding:several", (Assign(), Answer(), Exclude()), "casefinding/_several.html")
