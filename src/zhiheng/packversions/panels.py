"""Parts of a version's page that later stages serve, each at its own address.

    panels.register(url_name="forms:open_cases", permission="forms.move_version")     # in AppConfig.ready

The address takes the number of the version and answers with a part of a page.
"""

from django.urls import reverse

_PANELS: dict[str, str] = {}


def register(*, url_name, permission):
    _PANELS[url_name] = permission


def of(request, version):
    """Return the addresses of the panels that this person sees. Nothing follows from a version before its approval."""
    may = [url_name for url_name, permission in _PANELS.items() if request.user.may(permission)]
    return [reverse(url_name, args=[version.pk]) for url_name in may] if version.is_approved else []
