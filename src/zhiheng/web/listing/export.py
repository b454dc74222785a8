"""A list as a spreadsheet: the same rows, in the same order, with the columns shown."""

from datetime import date, datetime
from io import BytesIO
from itertools import islice

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.vault.private import private_folder
from zhiheng.web.listing.columns import plain

MOST_ROWS = 50_000  # some seconds of work, which people wait for
MOST_TOLD = 200  # of the rows that the audit trail names
CHUNK = 2000
# Row by row: held at once, 50,000 cases take 140 MB. XlsxWriter keeps them in clear in files meanwhile.
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def to_workbook(listing):
    """Return the bytes of the workbook, the number of rows in it, and the first of them."""
    target = BytesIO()
    with private_folder() as folder, xlsxwriter.Workbook(target, {**OPTIONS, "tmpdir": str(folder)}) as book:
        formats = {
            "head": book.add_format({"bold": True, "bg_color": "#E3F0F5", "bottom": 1, "text_wrap": True}),
            date: book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
        }
        count, first = write_rows(book.add_worksheet(sheet_name(listing.title)), listing, formats)
        write_about(book.add_worksheet(_("About this file")), listing, count, formats)
    return target.getvalue(), count, first


def sheet_name(title):
    return "".join(" " if letter in "[]:*?/\\'" else letter for letter in str(title))[:31]


def write_rows(sheet, listing, formats):
    columns, user, number, first = listing.shown_columns, listing.request.user, 0, []
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, str(column.label), formats["head"])
    for number, row in enumerate(islice(listing.found.iterator(chunk_size=CHUNK), MOST_ROWS), start=1):
        first += [row] if number <= MOST_TOLD else []
        for place, column in enumerate(columns):
            write_cell(sheet, number, place, plain(column.exported(row, user)), formats)
    if number == MOST_ROWS:
        sheet.write_string(number + 1, 0, ends_early())
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, number, max(len(columns) - 1, 0))
    return number, first


def write_cell(sheet, row, place, value, formats):
    if isinstance(value, datetime | date) and value.year >= 1900:
        sheet.write_datetime(row, place, value, formats[type(value)])
    elif isinstance(value, str | datetime | date):
        sheet.write_string(row, place, str(value))
    elif value is not None:
        sheet.write_number(row, place, value)


def write_about(sheet, listing, count, formats):
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 70)
    for row, (name, value) in enumerate(about(listing, count)):
        sheet.write_string(row, 0, str(name), formats["head"])
        sheet.write_string(row, 1, str(value))


def about(listing, count):
    yield _("List"), listing.title
    yield _("Exported at"), f"{timezone.localtime():%Y-%m-%d %H:%M}"
    yield _("Exported by"), listing.request.user.get_username()
    yield _("Rows"), count
    if count >= MOST_ROWS:
        yield _("Not complete"), ends_early()
    for chip in listing.chips:
        yield chip.label, chip.text


def ends_early():
    return _("The file ends after %(count)s rows. Narrow the filter.") % {"count": MOST_ROWS}
