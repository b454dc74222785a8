"""What holds for every answer: its language, what browsers may keep, and messages that come with parts of pages."""

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import Http404
from django.template.loader import render_to_string
from django.utils import translation

from zhiheng.web.partials import is_partial


def chosen_language(get_response):
    """Speak the language that a person chose, else the default; what the browser was shipped with says nothing."""

    def middleware(request):
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    return middleware


def no_such_address(get_response):
    """Answer 404 for an address with a zero byte, which no text in the database can hold."""

    def middleware(request):
        if "\0" in request.path_info:
            raise Http404
        return get_response(request)

    return middleware


# What pages never use; a script that got in all the same is refused it by the browser.
NOTHING_OF = ("camera", "microphone", "geolocation", "usb", "serial", "payment", "display-capture", "midi")
CLOSED = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in NOTHING_OF),
    "Cross-Origin-Resource-Policy": "same-origin",
}


def closed_to_others(get_response):
    """Let no other site use what is served here, and no page use the computer's devices."""

    def middleware(request):
        response = get_response(request)
        for name, value in CLOSED.items():
            response.headers[name] = value
        return response

    return middleware


def not_stored(get_response):
    """Let no browser keep a page on disk: wards share computers, and Back must show nothing after logging out."""

    def middleware(request):
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def messages_with_parts(get_response):
    """Send waiting messages along with a part of a page; else they would surprise people on a later page."""

    def middleware(request):
        response = get_response(request)
        if is_partial(request) and carries_html(response) and (waiting := get_messages(request)):
            response.write(render_to_string("web/_messages.html", {"messages": waiting, "oob": True}))
        return response

    return middleware


def carries_html(response):
    return (
        response.status_code in (200, 409, 422)
        and not response.streaming
        and response.headers.get("Content-Type", "").startswith("text/html")
        and not {"HX-Redirect", "HX-Refresh", "HX-Location"} & set(response.headers)
    )
