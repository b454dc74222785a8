"""Who may open a page: permissions on views, and the way to the login page."""

from functools import wraps

from django.contrib.auth import middleware
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse

__all__ = ["RequireLogin", "login_not_required", "most_upload_bytes", "permission_required", "takes_files"]


def permission_required(permission):
    """Let in who may do `permission` ("forms.fill") somewhere; to all others the page does not exist.

    A view that is about one row must still look for it among the rows `visible_to(request.user)`.
    """

    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return to_login(request)
            if not request.user.may(permission):
                raise Http404
            return view(request, *args, **kwargs)

        guarded.permission = permission  # read by the test that tries every role on every address
        return guarded

    return decorate


def takes_files(most_bytes):
    """Let a view be sent files, of so many bytes in all. No other view is."""

    def decorate(view):
        view.most_upload_bytes = most_bytes
        return view

    return decorate


def most_upload_bytes(request):
    """How much this person may send to this address: files are read before any view can ask who sends them."""
    view = request.resolver_match.func if request.resolver_match else None
    permission = getattr(view, "permission", None)
    may_open = permission and request.user.is_authenticated and request.user.may(permission)
    return getattr(view, "most_upload_bytes", 0) if may_open else 0


class RequireLogin(middleware.LoginRequiredMiddleware):
    """Django's own, but a part of a page that is asked for after the session ended opens the login page whole."""

    def handle_no_permission(self, request, view_func):
        return to_login(request)


def to_login(request):
    if request.headers.get("HX-Request") != "true":
        return redirect_to_login(request.get_full_path())
    page = redirect_to_login(path_of_page(request))
    return HttpResponse(status=401, headers={"HX-Redirect": page.url})


def path_of_page(request):
    """The page that asked, not the part: after logging in, people go on where they were."""
    htmx = getattr(request, "htmx", None)
    return (htmx and htmx.current_url_abs_path) or "/"
