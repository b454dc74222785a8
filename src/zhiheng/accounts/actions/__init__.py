"""What people do with the organisation, its staff and their accounts."""

from zhiheng.accounts.actions.accounts import (
    change_password,
    disable,
    enable,
    make_account,
    rescue,
    reset_password,
    reset_totp,
    unlock,
)
from zhiheng.accounts.actions.grants import grant, revoke
from zhiheng.accounts.actions.login import complete_with_code, end_sessions, log_out, start_login
from zhiheng.accounts.actions.organisation import (
    add_department,
    change_department,
    close_department,
    make_organisation,
    rename_department,
    save_campus,
)
from zhiheng.accounts.actions.policy import change_policy
from zhiheng.accounts.actions.refusals import Refused
from zhiheng.accounts.actions.setup import First, make_setup_token, use_setup_token
from zhiheng.accounts.actions.staff import add_staff, change_staff, import_staff
from zhiheng.accounts.actions.totp import disenrol, enrol, new_recovery_codes

__all__ = [
    "First",
    "Refused",
    "add_department",
    "add_staff",
    "change_department",
    "change_password",
    "change_policy",
    "change_staff",
    "close_department",
    "complete_with_code",
    "disable",
    "disenrol",
    "enable",
    "end_sessions",
    "enrol",
    "grant",
    "import_staff",
    "log_out",
    "make_account",
    "make_organisation",
    "make_setup_token",
    "new_recovery_codes",
    "rename_department",
    "rescue",
    "reset_password",
    "reset_totp",
    "revoke",
    "save_campus",
    "start_login",
    "unlock",
    "use_setup_token",
]
