"""Choose the language and the theme; both are remembered by the browser in a cookie."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

A_YEAR = 365 * 24 * 3600
THEMES = ("light", "dark")


@login_not_required
@require_POST
def choose_language(request):
    chosen = request.POST.get("language")
    response = redirect(page_to_return_to(request))
    if chosen in dict(settings.LANGUAGES):
        remember(response, settings.LANGUAGE_COOKIE_NAME, chosen)
    return response


@login_not_required
@require_POST
def choose_theme(request):
    """Remember `light` or `dark`; anything else follows the computer's setting again."""
    chosen = request.POST.get("theme")
    response = redirect(page_to_return_to(request))
    if chosen in THEMES:
        remember(response, "theme", chosen)
    else:
        response.delete_cookie("theme")
    return response


def remember(response, name, value):
    response.set_cookie(name, value, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)


def page_to_return_to(request):
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if is_ours and page.startswith("/") else "/"
