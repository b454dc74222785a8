"""Every role at every address with every method: whoever lacks the permission or the department finds nothing."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from tests.addresses import ABOUT_A_DEPARTMENT, Address, World, addresses
from tests.cast import make_cast

from zhiheng.accounts.models import User
from zhiheng.accounts.roles import EVERY_ACCOUNT, HELD_BY, Role

pytestmark = pytest.mark.django_db
ALL = addresses()
GUARDED = [address for address in ALL if not address.is_public]
PUBLIC = {
    "accounts:login",
    "accounts:code",
    "accounts:setup",
    "web:language",
    "web:theme",
}
METHODS = ("put", "delete", "get", "post")
PEOPLE = (*Role.values, "outsider", "nobody")


def name_of(address):
    return address.name


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once; each request is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World(make_cast())
        transaction.set_rollback(True)


def ask(world, address: Address, methods, user=None):
    """Ask for the address with each method, and take back whatever came of it."""
    answers = {}
    with transaction.atomic():
        client = Client()
        if user is not None:
            user = User.objects.get(pk=user.pk)
            client.force_login(user)
        path = reverse(address.name, kwargs=world.values_for(address, user or world.cast.nobody))
        for method in methods:
            posted = [world.posted_to(address)] if method == "post" else []
            answers[method] = getattr(client, method)(path, *posted)
        transaction.set_rollback(True)
    return answers


def is_allowed(world, address: Address, user) -> bool:
    user = User.objects.get(pk=user.pk)
    if address.takes and address.name.startswith(ABOUT_A_DEPARTMENT):
        return user.may(address.permission, world.case.department)
    return user.may(address.permission)


@pytest.mark.parametrize("address", GUARDED, ids=name_of)
def test_every_address_says_which_permission_it_needs(address):
    assert address.permission in {*HELD_BY, *EVERY_ACCOUNT}


def test_what_is_open_without_login_is_listed_here():
    assert {address.name for address in ALL if address.is_public} == PUBLIC


@pytest.mark.parametrize("address", GUARDED, ids=name_of)
def test_an_address_leads_strangers_to_the_login(world, address):
    for method, answer in ask(world, address, METHODS).items():
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/accounts/login/"), method


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("address", GUARDED, ids=name_of)
def test_an_address_is_open_to_who_holds_its_permission_and_to_nobody_else(world, address, person):
    user = getattr(world.cast, person)
    allowed = is_allowed(world, address, user)
    for method, answer in ask(world, address, METHODS, user).items():
        status = answer.status_code
        if allowed:
            assert status not in (403, 404), f"{method} should be open to {person}, and gives {status}"
            assert status < 500
        else:  # 405: no such method for anybody
            assert status in (404, 405), f"{method} should not exist for {person}, and gives {status}"


SCOPED = [address for address in GUARDED if address.takes and address.name.startswith(ABOUT_A_DEPARTMENT)]


@pytest.mark.parametrize("address", SCOPED, ids=name_of)
def test_what_belongs_to_another_department_does_not_exist(world, address):
    """The outsider holds the role of a filler, in neurology; the case is of cardiology."""
    answers = {answer.status_code for answer in ask(world, address, ("get", "post"), world.cast.outsider).values()}
    assert 404 in answers
    assert answers <= {404, 405}
