"""The bounds of the policy: what a security administrator may choose, and what the database refuses."""

from django.db import models
from django.db.models import Q

from zhiheng.accounts.roles import ADMINISTRATORS, Role

# The least and the most of each rule. The least still satisfies 等保二级; 0 days is "never expires".
BOUNDS = {
    "password_length": (8, 64),
    "password_classes": (2, 4),
    "password_history": (0, 24),
    "password_days": (0, 365),
    "warning_days": (0, 30),
    "account_failures": (3, 10),
    "address_failures": (5, 200),
    "lock_minutes": (5, 1440),
    "idle_minutes": (5, 120),
    "absolute_hours": (1, 24),
}


def default_totp_roles() -> list[str]:
    return [*map(str, ADMINISTRATORS), str(Role.MAINTENANCE_ENGINEER)]


def constraints() -> list[models.CheckConstraint]:
    return [
        models.CheckConstraint(
            condition=Q(**{f"{name}__gte": low, f"{name}__lte": high}), name=f"policy_{name}_in_bounds"
        )
        for name, (low, high) in BOUNDS.items()
    ]
