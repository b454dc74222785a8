"""What people say when they bring a pack."""

from django import forms
from django.utils.translation import gettext_lazy as _

from zhiheng.accounts.forms import DayField


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("ZIP of a pack"),
        max_length=200,
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
        help_text=_("The folder of one disease (pack.yaml, form.yaml, find.yaml…, examples), or of one overlay."),
    )
    valid_from = DayField(
        label=_("In force for discharges from"), required=False, help_text=_("Empty: as the pack says.")
    )
    valid_until = DayField(
        label=_("In force for discharges until"), required=False, help_text=_("Empty: as the pack says.")
    )
