"""Every page without a subject of its own, as a person who may open it: for everybody, on a phone, in light and dark.

Pages about one case, batch or account are tested where their data are made; this finds the new page that nobody tested.
"""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.browser import DESKTOP, PHONE, assert_accessible, screenshot
from tests.cast import make_cast

from zhiheng.accounts.models import Role

pytestmark = pytest.mark.django_db(transaction=True)


def patterns(resolver, prefix=""):
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from patterns(each, prefix + str(each.pattern))
        elif isinstance(each, URLPattern) and not each.pattern.converters:
            yield f"/{prefix}{each.pattern}", each.callback


def addresses():
    """Address and permission of each view that takes no arguments."""
    found = {address: getattr(view, "permission", None) for address, view in patterns(get_resolver())}
    return sorted(found.items())


def who_may(cast, permission):
    people = [getattr(cast, role.value) for role in Role]
    return next(person for person in people if permission is None or person.may(permission))


def is_a_page(person, address):
    client = Client()
    if person is not None:
        client.force_login(person)
    response = client.get(address)
    return response.status_code == 200 and response.headers["Content-Type"].startswith("text/html")


def test_every_page_without_a_subject(browse):
    cast, seen, problems = make_cast(), [], []
    for address, permission in addresses():
        for person in (who_may(cast, permission), None):
            if is_a_page(person, address):
                seen.append(address)
                problems += look_at(browse, person, address)
                break
    assert {"/", "/accounts/login/"} <= set(seen)
    assert not problems, "\n".join(problems)


def look_at(browse, person, address):
    name = address.strip("/").replace("/", "-") or "first"
    page = browse(person)
    page.goto(address)
    for size, suffix, themes in ((DESKTOP, "", ("light", "dark")), (PHONE, "-phone", ("light",))):
        page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        screenshot(page, f"page-{name}{suffix}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            yield f"{address}: wider than a screen of {size[0]} pixels"
        try:
            assert_accessible(page, themes=themes)
        except AssertionError as problem:
            yield str(problem)
    page.context.close()
