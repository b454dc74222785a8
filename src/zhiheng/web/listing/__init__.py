"""Lists: declare columns and filters once, and get filtering, sorting, paging, chosen columns, saved views and export.

    class Cases(Listing):
        name = "cases"                      # of saved views, of the exported file and of the audit entry
        title = _("Cases")
        columns = [
            Column("code", _("Case"), sort="code", link=lambda case: case.get_absolute_url(), always=True),
            Column("disease", _("Disease"), value="pack_version.abbr", sort="pack_version__abbr"),
            StateColumn("state", _("State"), sort="state"),     # uses row.state and row.get_state_display()
            Column("patient", _("Patient"), template="casefinding/_patient.html", export=lambda case, user: ...),
            Column("discharge", _("Discharged"), value="discharge_time", sort="discharge_time"),
            Column("errors", _("Errors"), value="error_count", sort=F("error_count"), align="end", default=False),
        ]
        filters = [
            Choice("state", _("State"), field="state", choices=State.choices),                 # several at once
            Choice("disease", _("Disease"), field="abbr", choices=diseases, several=False),    # or choices(request)
            Tree("department", _("Department"), field="department", options=departments, within=subtree),
            DateRange("discharged", _("Discharged"), field="discharge_time", local=True),      # clinical, zoneless time
            Boolean("late", _("Late"), condition=Q(due_date__lt=...), more=True),              # behind "More filters"
            Text("code", _("Case code"), field="code"),        # stands in the address: never for patients' values
        ]
        search = Search(_("Name or patient number"), find=lambda rows, text: rows.filter(...))
        order = "-discharge"                # a column's name; "-" for descending
        bulk = CASES                        # what can be done with several rows at once: web/bulk.py
        empty = Empty(_("No cases yet"), _("Cases open by themselves when records arrive."))

    @permission_required("desk.view_cases")
    def work_list(request):                 # let the view take GET and POST
        rows = Case.objects.visible_to(request.user).select_related("pack_version", "department")
        return Cases(request, rows).respond()                       # or respond("site/desk.html", {"more": "context"})

A page template of one's own extends "listing/page.html" (blocks: above, below, and those of web/base.html), or includes
"listing/_list.html" where the list shall stand. The templates of cells see the same context, and `row` and `value`.

Everything a person chose stands in the address, so that it can be shared, except what was searched for: that may be a
patient's name or number. It is posted, and the address carries it encrypted, readable for this person and for a day.

Counting stops at `Listing.count_limit`, and the page says so. Only the keys of a page are sorted and skipped; its rows
are fetched by key, so `select_related` costs the same on the last page as on the first. Give what people sort by an
index.

Each list shown or exported sends the signal `used` (act="listed" or "exported", listing, query, searched, count,
rows, request) before the answer leaves, unless the list has `audited = False`. `query` has no searched text, and of
texts typed into filters nothing but codes; `rows` are those of the page, or the first of the file.
"""

from zhiheng.web.listing.columns import Column, StateColumn
from zhiheng.web.listing.filters import Boolean, Choice, DateRange, Text, Tree
from zhiheng.web.listing.listing import Empty, Listing, used
from zhiheng.web.listing.search import Search

__all__ = [
    "Boolean",
    "Choice",
    "Column",
    "DateRange",
    "Empty",
    "Listing",
    "Search",
    "StateColumn",
    "Text",
    "Tree",
    "used",
]
