"""The Django app accounts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "zhiheng.accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        user_logged_in.connect(_begin, dispatch_uid="zhiheng.accounts.begin")
        _register_menus()


def _begin(sender, request, user, **_signal):
    from zhiheng.accounts import sessions

    sessions.begin(request, user)


def _register_menus():
    from zhiheng.web.navigation import register

    group = _("People")
    for order, (name, url_name, permission, icon) in enumerate(
        (
            (_("Staff and accounts"), "accounts:people", "accounts.view", "users"),
            (_("Departments"), "accounts:departments", "accounts.view", "sitemap"),
            (_("Roles granted"), "accounts:grants", "accounts.view", "user-shield"),
            (_("Policy"), "accounts:policy", "accounts.policy", "shield-lock"),
        ),
        80,
    ):
        register(name=name, url_name=url_name, permission=permission, icon=icon, order=order, group=group)
    register(name=_("My account"), url_name="accounts:own", icon="user-circle", order=10, menu="account")
    register(name=_("Change password"), url_name="accounts:password", icon="key", order=20, menu="account")
    register(name=_("Log out"), url_name="accounts:logout", icon="logout", order=90, menu="account", post=True)
