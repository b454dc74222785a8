"""What events are called; one that has no name here is shown by its code."""

from django.utils.translation import gettext_lazy as _

ROOMS = {
    "accounts": _("Accounts"),
    "audit": _("Audit"),
    "vault": _("Keys"),
    "web": _("Lists"),
    "desk": _("Cases opened"),
    "casefinding": _("Case finding"),
    "autofill": _("Automatic filling"),
    "forms": _("Forms"),
    "ingestion": _("Data in"),
    "packversions": _("Disease packs"),
    "jobs": _("Jobs"),
}
NAMES = {
    "accounts.logged_in": _("Logged in"),
    "accounts.logged_out": _("Logged out"),
    "accounts.login_failed": _("Login failed"),
    "accounts.account_made": _("Account made"),
    "accounts.account_disabled": _("Account disabled"),
    "accounts.account_enabled": _("Account enabled"),
    "accounts.password_reset": _("Password reset"),
    "accounts.password_changed": _("Password changed"),
    "accounts.unlocked": _("Account unlocked"),
    "accounts.totp_enrolled": _("Authenticator set up"),
    "accounts.totp_removed": _("Authenticator removed"),
    "accounts.totp_reset": _("Authenticator reset"),
    "accounts.recovery_codes_made": _("Recovery codes made"),
    "accounts.granted": _("Role granted"),
    "accounts.revoked": _("Role taken back"),
    "accounts.policy_changed": _("Policy changed"),
    "accounts.staff_added": _("Staff added"),
    "accounts.staff_changed": _("Staff changed"),
    "accounts.staff_imported": _("Staff imported"),
    "accounts.department_added": _("Department added"),
    "accounts.department_changed": _("Department changed"),
    "accounts.department_closed": _("Department closed"),
    "accounts.organisation_made": _("Hospital entered"),
    "accounts.organisation_changed": _("Hospital changed"),
    "accounts.campus_made": _("Campus added"),
    "accounts.campus_changed": _("Campus changed"),
    "accounts.setup_token_made": _("Token for the first accounts made"),
    "accounts.set_up": _("First accounts made"),
    "accounts.sessions_ended": _("Sessions ended"),
    "vault.key_added": _("Key added"),
    "vault.resealed": _("Sealed again with the newest key"),
    "web.listed": _("List shown"),
    "web.exported": _("List exported"),
    "desk.case_opened": _("Case opened"),
    "autofill.proof_opened": _("Proof opened"),
    "casefinding.searched": _("Patients searched"),
    "forms.printed": _("Form printed"),
}


def label_of(event):
    return NAMES.get(event, event)


def rooms():
    return list(ROOMS.items())
