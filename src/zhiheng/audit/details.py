"""What the details of an entry are called; a name that is not here is shown as it was written."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

MOST_SAID = 5  # of a list; the whole of it is in the exported file
# In the order in which they are told.
NAMES = {
    "listing": gettext_lazy("List"),
    "query": gettext_lazy("Filter"),
    "searched": gettext_lazy("With a search"),
    "count": pgettext_lazy("audit detail", "Count"),
    "page": gettext_lazy("Page"),
    "found_by": gettext_lazy("Found by"),
    "disease": gettext_lazy("Disease"),
    "way": gettext_lazy("Way"),
    "why": gettext_lazy("Why"),
    "role": gettext_lazy("Role"),
    "staff": gettext_lazy("Staff number"),
    "department": gettext_lazy("Department"),
    "accounts": gettext_lazy("Accounts"),
    "sessions_ended": gettext_lazy("Sessions ended"),
    "locked": gettext_lazy("Locked"),
    "was_locked": gettext_lazy("Was locked"),
    "last_day": gettext_lazy("Last day"),
    "before": pgettext_lazy("audit detail", "Before"),
    "after": pgettext_lazy("audit detail", "After"),
    "fields": gettext_lazy("Fields"),
    "changed": gettext_lazy("What changed"),
    "added": gettext_lazy("Added"),
    "same": gettext_lazy("Same as before"),
    "item": gettext_lazy("Item"),
    "items": gettext_lazy("Items"),
    "filling": gettext_lazy("Result of filling"),
    "revision": gettext_lazy("Revision of the form"),
    "left_open": gettext_lazy("Left open"),
    "answered": gettext_lazy("Questions answered"),
    "include": gettext_lazy("Reported"),
    "to": gettext_lazy("To"),
    "task": gettext_lazy("Task"),
    "batch": gettext_lazy("Batch"),
    "kind": gettext_lazy("Kind"),
    "origin": gettext_lazy("Came by"),
    "files": pgettext_lazy("audit detail", "Files"),
    "bytes": gettext_lazy("Bytes"),
    "run": gettext_lazy("Reading no."),
    "rejects": gettext_lazy("Rejects"),
    "preview": gettext_lazy("As a preview"),
    "shown": gettext_lazy("Shown"),
    "problems": pgettext_lazy("audit detail", "Problems"),
}
LISTS = {
    "cases": gettext_lazy("Work list"),
    "people": gettext_lazy("People and accounts"),
    "grants": gettext_lazy("Roles granted"),
    "audit": gettext_lazy("Audit trail"),
    "batches": gettext_lazy("Deliveries"),
    "rejects": gettext_lazy("Rejects"),
    "ledger_visits": gettext_lazy("Ledger of visits"),
    "ledger_cases": gettext_lazy("Ledger of cases"),
}
VALUES = {
    "listing": LISTS,
    "page": {"course": gettext_lazy("Course"), "hand_in": gettext_lazy("Hand in")},
    "found_by": {
        "name": pgettext_lazy("audit detail", "name"),
        "record_number": gettext_lazy("record number"),
        "patient": gettext_lazy("patient number"),
        "id_number": gettext_lazy("identity number"),
        "encounter": gettext_lazy("visit number"),
        "case": gettext_lazy("code of a case"),
    },
    "way": {
        "password": pgettext_lazy("way of logging in", "password"),
        "totp": pgettext_lazy("way of logging in", "password and one-time code"),
        "recovery_code": pgettext_lazy("way of logging in", "password and recovery code"),
    },
    "why": {
        "asked": gettext_lazy("asked to"),
        "idle": gettext_lazy("no activity"),
        "too_long": gettext_lazy("open too long"),
    },
    "origin": {"folder": gettext_lazy("watched folder"), "upload": gettext_lazy("upload")},
}


def in_words(facts: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """Say what an entry holds as pairs of words."""
    places = {name: place for place, name in enumerate(NAMES)}
    for name, value in sorted(facts, key=lambda fact: places.get(fact[0], len(places))):
        yield str(NAMES.get(name, name)), _value(name, value)


def roles() -> dict[str, Any]:
    """The names of roles. They belong to accounts, which stands above."""
    return dict(apps.get_model("accounts", "Grant")._meta.get_field("role").choices)


def _value(name: str, value: Any) -> str:
    if value is True:
        return _("yes")
    words = roles() if name == "role" else VALUES.get(name, {})
    said = [str(words.get(each, each)) for each in str(value).split(", ")]
    if len(said) <= MOST_SAID:
        return "、".join(said)
    return _("%(some)s and %(count)s more") % {"some": "、".join(said[:MOST_SAID]), "count": len(said) - MOST_SAID}
