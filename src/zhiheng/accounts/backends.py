"""Who may log in: active accounts of people who still work here."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.utils import timezone

from zhiheng.accounts.models import User


class Backend(ModelBackend):
    """Django's own, which takes as long for a name that has no account as for a wrong password."""

    def user_can_authenticate(self, user: Any) -> bool:
        left = user.staff.left_on
        return user.is_active and not (left and left <= timezone.localdate())

    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.select_related("staff").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
