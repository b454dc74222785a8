"""What every page shares: the way in, language, theme, parts of pages, messages, errors, what browsers may keep."""

import pytest
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.test import Client
from django.urls import include, path
from tests.cast import make_cast

from zhiheng.web.access import permission_required
from zhiheng.web.partials import render_page

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
HTMX = {"HX-Request": "true"}


@permission_required("forms.fill")
def guarded(request):
    return HttpResponse("in")


def either(request):
    messages.success(request, "Done well.")
    return render_page(request, "404.html", "web/_empty.html", {"title": "only the part", "icon": "inbox"})


def moved(request):
    messages.success(request, "Done well.")
    return HttpResponse(headers={"HX-Redirect": "/either/"}) if request.htmx else redirect("/either/")


def broken(request):
    raise RuntimeError("a mistake of ours")


@login_not_required
def opened(request):
    return render(request, "web/plain.html")


urlpatterns = [
    path("guarded/", guarded),
    path("either/", either),
    path("moved/", moved),
    path("broken/", broken),
    path("open/", opened),
    path("accounts/", include("zhiheng.accounts.urls")),
    path("web/", include("zhiheng.web.urls")),
]


@pytest.fixture(autouse=True)
def _menus(monkeypatch):
    """The entries of the product lead to addresses that are not here."""
    monkeypatch.setattr("zhiheng.web.navigation.ENTRIES", [])
    monkeypatch.setattr("zhiheng.web.navigation.SEARCH", {})


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def filler(client, cast):
    client.force_login(cast.filler)
    return client


def test_who_has_the_permission_comes_in(filler):
    assert filler.get("/guarded/").content == b"in"


@pytest.mark.parametrize("who", ["leader", "security_administrator", "nobody"])
def test_for_an_outsider_the_page_does_not_exist(client, cast, who):
    client.force_login(getattr(cast, who))
    assert client.get("/guarded/").status_code == 404


@pytest.mark.parametrize("address", ["/guarded/", "/either/?page=2"])
def test_who_is_not_logged_in_goes_to_log_in_and_comes_back(client, address):
    response = client.get(address)
    assert response.status_code == 302
    assert response.url.startswith("/accounts/")
    assert response.url.endswith("?next=" + address.replace("?", "%3F").replace("=", "%3D"))


def test_a_part_asked_for_after_the_session_ended_opens_the_login_page_whole(client):
    headers = {**HTMX, "HX-Current-URL": "http://testserver/cases/STEMI-26-000001/"}
    response = client.get("/either/", headers=headers)
    assert response.status_code == 401
    assert response.content == b""
    assert response["HX-Redirect"].endswith("?next=/cases/STEMI-26-000001/")


def test_a_permission_is_told_to_the_test_of_all_addresses():
    assert guarded.permission == "forms.fill"


def test_a_page_comes_whole_or_in_part(filler):
    assert "<html" in filler.get("/either/").content.decode()
    part = filler.get("/either/", headers=HTMX)
    assert "only the part" in part.content.decode()
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize("header", ["HX-History-Restore-Request", "HX-Boosted"])
def test_a_page_from_the_history_or_a_boosted_link_comes_whole(filler, header):
    assert "<html" in filler.get("/either/", headers={**HTMX, header: "true"}).content.decode()


def test_caches_tell_whole_pages_from_parts(filler):
    assert "HX-Request" in filler.get("/either/")["Vary"]


def test_messages_come_with_the_part_and_not_again(filler):
    assert "Done well." in filler.get("/either/", headers=HTMX).content.decode()
    assert filler.get("/either/").content.decode().count("Done well.") == 1  # its own


def test_messages_wait_for_the_page_that_a_redirect_leads_to(filler):
    assert filler.get("/moved/", headers=HTMX).content == b""
    assert filler.get("/either/").content.decode().count("Done well.") == 2


@pytest.mark.parametrize(("accepted", "language"), [("en-US,en", "zh-hans"), ("", "zh-hans")])
def test_chinese_is_spoken_whatever_the_browser_was_shipped_with(client, accepted, language):
    response = client.get("/open/", headers={"Accept-Language": accepted})
    assert response["Content-Language"] == language
    assert '<html lang="zh-Hans"' in response.content.decode()
    assert "质衡" in response.content.decode()


def test_a_chosen_language_is_remembered(client):
    response = client.post("/web/language/", {"language": "en", "next": "/open/?a=1"})
    assert response.url == "/open/?a=1"
    assert "Zhiheng" in client.get("/open/").content.decode()
    client.post("/web/language/", {"language": "tlh"})  # not one of ours: nothing changes
    assert "Zhiheng" in client.get("/open/").content.decode()


@pytest.mark.parametrize("place", ["https://elsewhere.example/", "//elsewhere.example", "", "javascript:alert(1)"])
def test_choosing_leads_to_no_other_site(client, place):
    assert client.post("/web/language/", {"language": "en", "next": place}).url == "/"
    assert client.post("/web/theme/", {"theme": "dark", "next": place}).url == "/"


def test_a_chosen_theme_is_in_the_first_byte_of_the_page(client):
    assert "data-bs-theme" not in client.get("/open/").content.decode()
    client.post("/web/theme/", {"theme": "dark"})
    assert '<html lang="zh-Hans" data-bs-theme="dark">' in client.get("/open/").content.decode()
    client.post("/web/theme/", {"theme": "auto"})
    assert "data-bs-theme" not in client.get("/open/").content.decode()


def test_a_theme_in_a_forged_cookie_is_not_written_into_the_page(client):
    client.cookies["theme"] = '"><script>'
    assert "<script>" not in client.get("/open/").content.decode()


@pytest.mark.parametrize("address", ["/web/language/", "/web/theme/"])
def test_choices_are_posted(client, address):
    assert client.get(address).status_code == 405


def test_pages_are_not_kept_by_the_browser(filler):
    assert filler.get("/either/")["Cache-Control"] == "no-store"


def test_a_page_runs_no_script_and_no_style_of_its_own(filler):
    response = filler.get("/either/")
    page, policy = response.content.decode(), response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert " style=" not in page
    assert "<style" not in page
    assert all('src="' in tag for tag in page.split("<script")[1:])
    assert not any(f" on{event}=" in page for event in ("click", "load", "change", "submit", "error"))


@pytest.mark.parametrize("log_in", [True, False])
def test_a_missing_page_says_so_in_the_frame_that_fits(client, cast, log_in):
    if log_in:
        client.force_login(cast.filler)
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert "没有这个页面" in response.content.decode()
    assert ('class="topbar' in response.content.decode()) is log_in


def test_a_mistake_of_ours_is_admitted_without_its_details(cast):
    client = Client(raise_request_exception=False)
    client.force_login(cast.filler)
    response = client.get("/broken/")
    assert response.status_code == 500
    assert "服务器出错了" in response.content.decode()
    assert "a mistake of ours" not in response.content.decode()


def test_an_old_page_is_explained(cast):
    response = Client(enforce_csrf_checks=True).post("/web/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "页面已过期" in response.content.decode()
