"""Parts of pages: one template for the part, included by the page, so that both ways show the same."""

from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def is_partial(request):
    """Is only a part of the page wanted? Not when htmx restores a page from the history: that wants all of it."""
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request


def render_page(request, page_template, partial_template, context=None, *, status=200):
    """Render the part when htmx asks for it, else the page that includes it."""
    template = partial_template if is_partial(request) else page_template
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response
