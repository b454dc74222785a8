"""The pages of accounts and audit in a real browser: everybody can use them, and they work as people would."""

import pyotp
import pytest
from playwright.sync_api import expect
from tests.browser import assert_accessible, screenshot
from tests.cast import PASSWORD, make_cast

from zhiheng.accounts import actions
from zhiheng.accounts.models import Staff, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast():
    return make_cast()


PAGES = {
    "system_administrator": (
        "people/",
        "people/add/",
        "people/import/",
        "departments/",
        "departments/add/",
        "organisation/",
    ),
    "security_administrator": ("grants/", "policy/"),
    "filler": ("me/", "me/password/"),
}


@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in PAGES.items() for path in paths])
def test_everybody_can_use_the_page(browse, cast, role, path):
    page = browse(cast.by_role(role))
    page.goto(f"/accounts/{path}")
    assert_accessible(page)
    screenshot(page, f"accounts-{path.strip('/').replace('/', '-')}")


def test_a_person_has_a_page(browse, cast):
    for role in ("system_administrator", "security_administrator"):
        page = browse(cast.by_role(role))
        page.goto(f"/accounts/people/{cast.filler.staff.pk}/")
        assert_accessible(page)
        screenshot(page, f"accounts-person-{role}")


def test_a_department_has_a_page(browse, cast):
    page = browse(cast.system_administrator)
    page.goto(f"/accounts/departments/{cast.cardiology.pk}/")
    assert_accessible(page)
    screenshot(page, "accounts-department")


def test_a_login_with_an_authenticator(browse, cast):
    page = browse()
    page.goto("/accounts/me/")
    assert_accessible(page)
    screenshot(page, "accounts-login")
    page.get_by_label("用户名").fill("filler")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/code/**")
    assert_accessible(page)
    screenshot(page, "accounts-code")
    page.get_by_label("验证码").fill(pyotp.TOTP(cast.filler.totp_secret).now())
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/accounts/me/")


def test_a_first_login_chooses_a_password_and_sets_up_an_authenticator(browse, cast):
    staff = Staff.objects.create(code="S900", name="钱二")
    user, first = actions.make_account(staff=staff, username="qianer", by=None)
    actions.grant(user=user, role="maintenance_engineer", by=None)
    page = browse()
    page.goto("/accounts/login/")
    page.get_by_label("用户名").fill("qianer")
    page.get_by_label("密码").fill(first)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/me/password/")
    assert_accessible(page)
    screenshot(page, "accounts-first-password")
    page.get_by_label("当前密码").fill(first)
    page.get_by_label("新密码", exact=True).fill("Blue-Horse-Battery-7")
    page.get_by_label("再次输入新密码").fill("Blue-Horse-Battery-7")
    page.get_by_role("button", name="修改密码").click()
    page.wait_for_url("**/me/authenticator/")
    assert_accessible(page)
    screenshot(page, "accounts-authenticator")
    secret = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("验证器显示的验证码").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="绑定").click()
    page.get_by_role("heading", name="恢复码").wait_for()
    expect(page.locator("li code")).to_have_count(10)
    assert_accessible(page)
    screenshot(page, "accounts-recovery-codes")
    assert User.objects.get(pk=user.pk).has_totp


def test_the_first_accounts_have_a_page(browse):
    page = browse()
    page.goto("/accounts/setup/")
    assert_accessible(page)
    screenshot(page, "accounts-setup")


def test_the_audit_trail_has_a_page(browse, cast):
    page = browse(cast.audit_administrator)
    page.goto("/audit/")
    page.get_by_role("button", name="核验完整性").click()
    page.get_by_text("审计记录完整").wait_for()
    assert_accessible(page)
    screenshot(page, "audit")
