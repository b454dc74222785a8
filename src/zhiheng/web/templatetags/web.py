"""What templates of every app use.

{% icon "check" %}  {% icon "lock" label=_("Locked") %}       names: src/zhiheng/web/icons.txt
{% state case.state case.get_state_display %}                 a state with its tone and icon (web/looks.py)
{% badge _("Late") tone="bad" icon="clock" %}                 any other short word; tones as in web/looks.py
{% personal name "name" of=case %}                            masked unless the reader may see personal data there;
{% personal number "number" of=visit %}                       of: what has a department
{{ value|when }}  {{ value|day }}                             times and dates as people here write them
{{ bytes|filesizeformat }}                                    Django's own
{% empty_state icon=... title=... text=... url=... label=... %}
{% field form.name %}                                         label, widget, help and errors of a form field
"""

from datetime import date, datetime
from functools import cache

from django import template
from django.forms import CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from zhiheng.web import navigation as menus
from zhiheng.web.looks import Look, look_of
from zhiheng.web.masking import MASKS

register = template.Library()
NOTHING = "–"


@register.simple_tag
def icon(name, label=""):
    """An icon of the sprite. Without a label it is decoration, and screen readers pass over it."""
    return drawing(name, str(label))


@cache
def drawing(name, label):
    named = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    drawn = '<svg class="icon" {} focusable="false"><use href="{}#{}"></use></svg>'
    return format_html(drawn, named, static("vendor/icons.svg"), name)


@register.simple_tag
def badge(label, tone="neutral", icon=""):
    return format_html('<span class="state state-{}">{}{}</span>', tone, drawing(icon, "") if icon else "", label)


@register.simple_tag
def state(code, label=""):
    look: Look = look_of(code)
    return badge(label or code, look.tone, look.icon)


@register.simple_tag(takes_context=True)
def personal(context, value, kind, of):
    """A name or number of a patient, in clear only for those who may see it in the department of `of`."""
    if not value:
        return NOTHING
    if context["request"].user.may("personal.see", of.department_id):
        return value
    return format_html(
        '<span title="{}">{}</span>', _("Masked: your role does not show names and numbers"), MASKS[kind](value)
    )


@register.filter
def when(value):
    """A time as `2026-11-22 14:05`: system times in the hospital's zone, clinical times as they were recorded."""
    if not value:
        return NOTHING
    if not isinstance(value, datetime):
        return day(value)
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), f"{local:%Y-%m-%d %H:%M}")


@register.filter
def day(value):
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else NOTHING


@register.filter
def shown(value):
    """Any value of a cell: times and days as people write them, words for yes and no, a dash for nothing."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, date):
        return when(value)
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or NOTHING
    return NOTHING if value is None or value == "" else value


@register.inclusion_tag("web/_empty.html")
def empty_state(title, text="", icon="inbox", url="", label=""):
    return {"title": title, "text": text, "icon": icon, "url": url, "label": label}


@register.filter
def message_tone(level):
    return {"error": "danger", "debug": "info"}.get(level, level)


@register.filter
def message_icon(level):
    icons = {"error": "alert-circle", "warning": "alert-triangle", "success": "circle-check"}
    return icons.get(level, "info-circle")


@register.simple_tag(takes_context=True)
def navigation(context):
    """The menus and the search box as the person logged in sees them."""
    request = context["request"]
    user, main = request.user, menus.shown(request)
    return {
        "main": menus.grouped(main),
        "current_group": next((entry.group for entry in main if entry.is_current and entry.group), None),
        "account": menus.shown(request, "account"),
        "search_url": menus.search_url(user),
        "user_name": getattr(user, "display_name", None) or user.get_username(),
        "user_about": getattr(user, "role_names", ""),
    }


@register.inclusion_tag("web/_field.html")
def field(bound):
    widget = bound.field.widget
    is_group = isinstance(widget, RadioSelect | CheckboxSelectMultiple)
    classes = [widget.attrs.get("class"), class_of(widget), "is-invalid" if bound.errors else ""]
    # Django gives the class of a group to its box as well as to each of its parts: they are styled by their place.
    attrs = {} if is_group else {"class": " ".join(filter(None, classes))}
    if bound.errors:
        attrs["aria-describedby"] = f"{bound.auto_id}_error"
    return {
        "field": bound,
        "widget": bound.as_widget(attrs=attrs),
        "is_check": isinstance(widget, CheckboxInput),
        "is_group": is_group,
    }


def class_of(widget):
    if isinstance(widget, CheckboxInput):
        return "form-check-input"
    if isinstance(widget, Select):
        return "form-select"
    return "form-control" if not isinstance(widget, FileInput) else "form-control form-file"
