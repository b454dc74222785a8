"""Keep, choose and remove a person's views of a list."""

from django.contrib import messages
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from zhiheng.vault.sealing import blind
from zhiheng.web.listing.address import read_address, write_query
from zhiheng.web.models import SavedView

LONGEST_QUERY = 2000


def views_of(listing):
    return SavedView.objects.filter(user=listing.request.user, listing=listing.name)


def by_name(listing):
    return sorted(views_of(listing), key=lambda view: view.name)


def first_view(listing):
    """The query of the view this person wants to see first, as far as it can still be understood."""
    view = views_of(listing).filter(is_first=True).first()
    return write_query(listing, read_address(listing, QueryDict(view.query))) if view else ""


@transaction.atomic
def save_view(listing, name):
    """Keep the filters and columns now shown under `name`; the same name again replaces them."""
    request, name = listing.request, " ".join(name.replace("\0", "").split())[:60]
    query = write_query(listing, listing.asked.but(page=1, token=""))
    if not name or len(query) > LONGEST_QUERY:
        messages.error(request, _("Not saved: give it a name, and fewer filters if there are very many."))
        return
    views_of(listing).update_or_create(
        user=request.user,
        listing=listing.name,
        name_index=blind("view", name),
        defaults={"sealed": {"name": name, "query": query}},
    )
    note = _("The view is saved.")  # without its name, which a cookie would carry in clear
    left_out = _("What you searched for is not saved with it.") if listing.asked.token else ""
    messages.success(request, f"{note} {left_out}".strip())


@transaction.atomic
def remove_view(listing, pk):
    if view := views_of(listing).filter(pk=pk).first():
        view.delete()
        messages.success(listing.request, _("The view is removed."))


@transaction.atomic
def show_first(listing, pk):
    """Open the list with this view from now on; with the one that already is, stop doing so."""
    view = views_of(listing).select_for_update().filter(pk=pk).first()
    if view is None:
        return
    views_of(listing).filter(is_first=True).exclude(pk=view.pk).update(is_first=False)
    view.is_first = not view.is_first
    view.save(update_fields=["is_first"])
