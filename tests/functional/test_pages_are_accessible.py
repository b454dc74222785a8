"""Every page without a subject of its own, as a person who may open it: for everybody, on a phone, in light and dark.

Pages about one case, batch or account are tested where their data are made; this finds the new page that nobody tested.
"""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from tests.browser import PHONE, assert_accessible, screenshot
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


def is_a_page(client, address):
    response = client.get(address)
    return response.status_code == 200 and response.headers["Content-Type"].startswith("text/html")


def test_every_page_without_a_subject(browse, client):
    cast, seen, problems = make_cast(), [], []
    for address, permission in addresses():
        person = who_may(cast, permission)
        client.force_login(person)
        if is_a_page(client, address):
            seen.append(address)
            problems += look_at(browse, person, address)
    assert len(seen) > 10, seen
    assert not problems, "\n".join(problems)


def look_at(browse, person, address):
    name = address.strip("/").replace("/", "-") or "first"
    for size, suffix in (((1366, 768), ""), (PHONE, "-phone")):
        page = browse(person, size)
        page.goto(address)
        screenshot(page, f"page-{name}{suffix}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            yield f"{address}: wider than a screen of {size[0]} pixels"
        try:
            assert_accessible(page)
        except AssertionError as problem:
            yield str(problem)
        page.context.close()
