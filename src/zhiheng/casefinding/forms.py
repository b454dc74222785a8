"""What people send when they decide about a case."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from zhiheng.casefinding import queries
from zhiheng.casefinding.models import Case

OTHER = "other"


class ReasonForm(forms.Form):
    """A reason in one's own words."""

    reason = forms.CharField(
        label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), strip=True, required=True
    )


def question_field(text: str, yes_excludes: bool) -> forms.ChoiceField:
    """Return a field that answers a question of a pack, or leaves it open; each answer says what follows from it."""
    yes, no = (_("Yes: not reported"), _("No")) if yes_excludes else (_("Yes"), _("No: not reported"))
    return forms.ChoiceField(label=text, choices=[("1", yes), ("0", no)], widget=forms.RadioSelect, required=False)


class DecideForm(forms.Form):
    """An answer to each question, and a remark. Which of them are needed depends on the decision."""

    def __init__(self, case: Case, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix="decide", **kwargs)
        self.questions = queries.questions(case)
        for each in self.questions:
            self.fields[each.id] = question_field(each.text, each.yes_excludes)
        self.fields["reason"] = forms.CharField(
            label=_("Remark"),
            help_text=_("Needed where none of the answers is the reason why it need not be reported."),
            max_length=1000,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def asked(self) -> list[Any]:
        return [self[each.id] for each in self.questions]

    def answers(self) -> dict[str, bool]:
        said = {each.id: self.cleaned_data.get(each.id) for each in self.questions}
        return {name: value == "1" for name, value in said.items() if value}


class ExcludeForm(forms.Form):
    """A reason that the packs of all these cases list, or another one in one's own words."""

    ground = forms.ChoiceField(label=_("Why it need not be reported"), required=True)
    remark = forms.CharField(
        label=_("Remark"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, cases: Sequence[Case], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grounds = [(each, each) for each in queries.common_grounds(cases)]
        self.fields["ground"].choices = [("", _("Choose…")), *grounds, (OTHER, _("Another reason (write it below)"))]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("ground") == OTHER and not said.get("remark"):
            self.add_error("remark", _("Write the reason: it stands with the case."))
        return said

    def reason(self) -> str:
        ground, remark = self.cleaned_data["ground"], self.cleaned_data["remark"]
        return "；".join(each for each in ("" if ground == OTHER else ground, remark) if each)


class DiseaseForm(ReasonForm):
    """A disease and why: for a case that is moved, for a visit that is added by hand."""

    abbr = forms.ChoiceField(label=_("Disease"))
    field_order = ("abbr", "reason")

    def __init__(self, *args: Any, without: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["abbr"].choices = [("", _("Choose…")), *queries.disease_choices(without)]


class AssignForm(forms.Form):
    """Who fills in these cases."""

    staff = forms.ChoiceField(label=_("Filler"), required=False)

    def __init__(self, cases: Sequence[Case], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(each.pk): each for each in queries.fillers_of_any(cases)}
        named = [(key, f"{each.name} {each.title}".strip()) for key, each in self.people.items()]
        self.fields["staff"].choices = [("", _("Nobody in particular")), *named]
        if len(cases) == 1:
            self.initial = {"staff": str(cases[0].assigned_to_id or "")}

    def chosen(self) -> Any:
        return self.people.get(self.cleaned_data["staff"])


class SearchForm(forms.Form):
    """A name or number. It is posted: what names a patient stands in no address."""

    q = forms.CharField(label=_("Name or number, in full"), max_length=100, strip=True)


class WhyForm(forms.Form):
    """The disease that a visit is to be explained to."""

    disease = forms.ChoiceField(label=_("Disease"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["disease"].choices = [("", _("Choose…")), *queries.disease_choices()]
