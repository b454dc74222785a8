"""Change the policy."""

from typing import Any

from django.db import transaction

from zhiheng.accounts.models import Policy, User
from zhiheng.accounts.queries import current_policy
from zhiheng.audit.recording import log


@transaction.atomic
def change_policy(*, changes: dict[str, Any], by: User | None) -> Policy:
    """Set the rules named in `changes`; they hold from the next login on."""
    policy = current_policy()
    before = {name: getattr(policy, name) for name in changes}
    for name, value in changes.items():
        setattr(policy, name, value)
    policy.full_clean()
    policy.save()
    log("accounts.policy_changed", by=by, on=policy, before=before, after=changes)
    return policy
