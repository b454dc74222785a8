"""Forms: an upload, an interface, a decision about a reject."""

from django import forms
from django.utils.translation import gettext_lazy as _

from zhiheng.ingestion.actions import inboxes
from zhiheng.ingestion.models import Interface
from zhiheng.packversions.queries import profile_names


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    widget = SeveralFiles

    def clean(self, data, initial=None):
        given = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(each, initial) for each in given]


class UploadForm(forms.Form):
    interface = forms.ModelChoiceField(Interface.objects.none(), label=_("Interface"), empty_label=None)
    files = FilesField(
        label=_("Files"), help_text=_("CSV, TSV, XLSX, NDJSON, FHIR, also as .gz; or one ZIP archive with all of them.")
    )

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.fields["interface"].queryset = Interface.objects.filter(is_enabled=True).order_by("name")


_HELP = {
    "marker": _("Name of an empty file that says that a delivery is complete, such as .done. Empty: see below."),
    "settle_seconds": _("Without a marker: how long nothing may change before files are taken."),
    "move_to": _("Name of a folder within the watched one. Empty: files are left where they are."),
    "keep_days": _("Sealed copies, from which a batch can be read again after a correction."),
}


class InterfaceForm(forms.ModelForm):
    class Meta:
        model = Interface
        fields = ("name", "profile", "folder", "marker", "settle_seconds", "move_to", "keep_days", "is_enabled")

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        names = ", ".join(profile_names())
        self.fields["profile"].help_text = _("One of ours (%(names)s), or the path of a folder with profile.yaml.") % {
            "names": names
        }
        self.fields["folder"].help_text = _(
            "The whole path of a folder within %(inboxes)s, on the machine that runs Zhiheng. "
            "Empty: records come by upload only."
        ) % {"inboxes": inboxes()}
        for name, text in _HELP.items():
            self.fields[name].help_text = text

    def _post_clean(self):
        """The action checks the whole; the form only reads what was typed."""


class CorrectionForm(forms.Form):
    value = forms.CharField(label=_("What it should be"), required=False, max_length=2000)
    everywhere = forms.BooleanField(label=_("Wherever this field of the file has the same value"), required=False)


class DismissalForm(forms.Form):
    note = forms.CharField(label=_("Why it needs nothing"), max_length=500)
    alike = forms.BooleanField(label=_("All open ones of this kind and field in the batch"), required=False)
