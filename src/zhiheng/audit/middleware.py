"""Remember the address of a request while it is answered."""

from zhiheng.audit.context import address_of, coming_from


def request_context(get_response):
    def middleware(request):
        with coming_from(address_of(request)):
            return get_response(request)

    return middleware
