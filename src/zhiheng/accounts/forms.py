"""What people type about accounts, staff, departments, roles and the policy."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhiheng.accounts.actions.accounts import valid_username
from zhiheng.accounts.models import Campus, Department, Policy, Role, Staff
from zhiheng.accounts.policies import BOUNDS
from zhiheng.accounts.roles import ADMINISTRATORS
from zhiheng.accounts.trees import department_choices

NONE = pgettext_lazy("department or campus", "none")
# A text field: the browser's own calendar writes dates in the order of the browser's language, not of the page's.
DAY = {"placeholder": _("e.g. 2026-11-22"), "autocomplete": "off", "inputmode": "numeric"}


class DayField(forms.DateField):
    widget = forms.DateInput(attrs=DAY, format="%Y-%m-%d")

    def __init__(self, **kwargs):
        super().__init__(input_formats=["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d"], **kwargs)

    def to_python(self, value):
        day = super().to_python(value)
        if day and not 1900 <= day.year < 2200:
            raise ValidationError(_("Write dates as 2026-11-22."))
        return day


class DepartmentField(forms.ModelChoiceField):
    """Departments as a tree; only those of today, and the one that is chosen already."""

    def __init__(self, *, empty_label=NONE, **kwargs):
        super().__init__(queryset=Department.objects.all(), empty_label=empty_label, **kwargs)

    def offer(self, chosen=None, without=()):
        places = department_choices(timezone.localdate(), also=chosen, without=without)
        self.choices = [("", self.empty_label), *places]


class LoginForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("One-time code"),
        max_length=20,
        help_text=_("Six digits of your authenticator, or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false", "autocapitalize": "none"}
        ),
    )


def new_password_field(label):
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, strip=False, max_length=128, widget=widget)


class PasswordForm(forms.Form):
    old = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = new_password_field(_("New password"))
    again = new_password_field(_("New password again"))

    def clean(self):
        said = super().clean()
        if said.get("new") and said.get("again") and said["new"] != said["again"]:
            self.add_error("again", _("The two are not the same."))
        return said


class ConfirmForm(forms.Form):
    password = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class EnrolForm(forms.Form):
    code = forms.CharField(
        label=_("Code shown by the authenticator"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}),
    )


class StaffForm(forms.ModelForm):
    department = DepartmentField(label=_("Department"), required=False)
    left_on = DayField(label=_("Left on"), required=False, help_text=_("From this day on the account cannot log in."))

    class Meta:
        model = Staff
        fields = ("code", "name", "title", "department", "left_on")
        labels = {"code": _("Staff number"), "name": _("Full name"), "title": _("Professional title")}  # noqa: RUF012

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].offer(self.instance.department)
        if self.instance.pk:
            self.fields["code"].disabled = True


class AccountForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_username(self):
        username = self.cleaned_data["username"].strip().lower()
        valid_username(username)
        return username


class GrantForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"))
    department = DepartmentField(
        label=_("Department"),
        required=False,
        empty_label=_("Whole hospital"),
        help_text=_("Reaches everything below it."),
    )
    valid_from = DayField(label=_("From"), required=False)
    valid_until = DayField(label=_("Until"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        ordinary = [(role.value, role.label) for role in Role if role not in ADMINISTRATORS]
        self.fields["role"].choices = [
            (_("Ordinary roles"), ordinary),
            (_("Administrators (exclude every other role)"), [(role.value, role.label) for role in ADMINISTRATORS]),
        ]
        self.fields["department"].offer()


class DepartmentForm(forms.Form):
    code = forms.CharField(label=_("Code"), max_length=40, help_text=_("As the records carry it."))
    name = forms.CharField(label=_("Name"), max_length=200)
    parent = DepartmentField(label=_("Part of"), required=False)
    campus = forms.ModelChoiceField(
        label=_("Campus"), queryset=Campus.objects.order_by("code"), required=False, empty_label=NONE
    )
    valid_from = DayField(label=_("First day"), required=False)
    valid_until = DayField(label=_("Last day"), required=False)

    def __init__(self, *args, department=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["parent"].offer(department and department.parent, without=[department.pk] if department else ())


class RenameForm(forms.Form):
    name = forms.CharField(label=_("New name"), max_length=200)
    from_day = DayField(label=_("From"))


class StaffFileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("First line: 工号, 姓名, and if you have them 科室编码, 职称, 离职日期. UTF-8 or GB18030."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(_("The file is larger than 5 MB. Divide it."))
        return file.read()


MOST_BYTES = 5_000_000


class PolicyForm(forms.ModelForm):
    totp_roles = forms.MultipleChoiceField(
        label=_("Roles that need an authenticator"),
        choices=Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Policy
        fields = (*BOUNDS, "totp_roles")
        labels = {  # noqa: RUF012
            "password_length": _("Characters at least"),
            "password_classes": _("Kinds of characters at least"),
            "password_history": _("Earlier passwords that may not come back"),
            "password_days": _("Password valid for (days)"),
            "warning_days": _("Warn before it ends (days)"),
            "account_failures": _("Failed logins that lock an account"),
            "address_failures": _("Failed logins that lock an address"),
            "lock_minutes": _("Locked for (minutes)"),
            "idle_minutes": _("Log out without activity after (minutes)"),
            "absolute_hours": _("Log out in any case after (hours)"),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, (low, high) in BOUNDS.items():
            field = self.fields[name]
            field.min_value, field.max_value = low, high
            field.widget.attrs |= {"min": low, "max": high}
            field.help_text = _("%(low)s to %(high)s, by default %(usual)s") % {
                "low": low,
                "high": high,
                "usual": Policy._meta.get_field(name).default,
            }
        self.fields["password_days"].help_text += _("; 0: it never ends")

    def clean(self):
        said = super().clean()
        for name, (low, high) in BOUNDS.items():
            if (value := said.get(name)) is not None and not low <= value <= high:
                self.add_error(name, _("Between %(low)s and %(high)s.") % {"low": low, "high": high})
        return said


class SetupForm(forms.Form):
    token = forms.CharField(
        label=_("Token"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    hospital_code = forms.CharField(label=_("Code of the hospital"), max_length=40)
    hospital_name = forms.CharField(label=_("Name of the hospital"), max_length=200)


class FirstForm(forms.Form):
    """One of the first three administrators; used three times with a prefix."""

    name = forms.CharField(label=_("Full name"), max_length=80)
    staff_code = forms.CharField(label=_("Staff number"), max_length=40)
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    password = new_password_field(_("Password"))
    again = new_password_field(_("Password again"))

    def clean_username(self):
        username = self.cleaned_data["username"].strip().lower()
        valid_username(username)
        return username

    def clean(self):
        said = super().clean()
        if said.get("password") and said.get("again") and said["password"] != said["again"]:
            self.add_error("again", _("The two are not the same."))
        return said


class LastDayForm(forms.Form):
    last_day = DayField(label=_("Last day"))


class CampusForm(forms.Form):
    code = forms.CharField(label=_("Code"), max_length=40)
    name = forms.CharField(label=_("Name"), max_length=200)
