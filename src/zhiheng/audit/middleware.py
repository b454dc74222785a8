"""What is remembered of a request while it is answered: its address, and whether it showed patients' data."""

from django.db import transaction

from zhiheng.audit.context import address_of, coming_from, noting_who_is_told_of
from zhiheng.audit.recording import has_it_open, log
from zhiheng.vault.watching import watching

SHOWN = (200, 409, 422)  # answers that carry a page or a part of one


def request_context(get_response):
    def middleware(request):
        with coming_from(address_of(request)):
            return get_response(request)

    return middleware


def nothing_seen_untold(get_response):
    """Let no answer with patients' data go out without an entry that says who was shown it.

    Views say it in their own words. This stands behind them: what they opened and did not tell is told here, by its
    address. Whoever has the case open already is not told of again for each part of its page.
    """

    def middleware(request):
        with watching() as opened, noting_who_is_told_of() as told:
            response = get_response(request)
            if opened and response.status_code in SHOWN and request.user.pk not in told:
                _tell(request)
        return response

    return middleware


def _tell(request):
    place = request.resolver_match
    code = str(place.kwargs.get("code", ""))
    if code and has_it_open(by=request.user, code=code):
        return
    by = request.user if request.user.is_authenticated else None
    with transaction.atomic():
        log("audit.shown", by=by, page=place.view_name, **{name: str(value) for name, value in place.kwargs.items()})
