"""Extract, check and compile the translations: `python -m zhiheng.web.translations update|check|compile [APP...]`.

Every Django app keeps its own catalogue, `src/zhiheng/<app>/locale/zh_Hans/LC_MESSAGES/django.po`. A text that `web`
already translates is not repeated by the others. GNU gettext is not needed.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

LOCALE = "zh_Hans"
KEYWORDS = {
    "_": None,
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
# No dates and no tool's name: two people who add a text each must not both change the head of the file.
HEADER = r"""msgid ""
msgstr ""
"Language: zh_Hans\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=1; plural=0;\n"

"""


def apps(root):
    return sorted((file.parent for file in root.glob("*/apps.py")), key=lambda app: (app.name != "web", app.name))


def catalogue_file(app):
    return app / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def read_catalogue(app):
    file = catalogue_file(app)
    if not file.exists():
        return Catalog(locale=LOCALE)
    with file.open("rb") as stream:
        return read_po(stream, locale=LOCALE, ignore_obsolete=True, abort_invalid=True)


def write_catalogue(app, catalogue):
    text = BytesIO()
    write_po(text, catalogue, omit_header=True, sort_output=True, include_lineno=False, ignore_obsolete=True, width=120)
    file = catalogue_file(app)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEADER + text.getvalue().decode().strip() + "\n", encoding="utf-8", newline="\n")


def texts_of(app):
    """The catalogue of the texts that the code and the templates of `app` ask to be translated."""
    found = Catalog(locale=LOCALE)
    for file in sorted([*app.rglob("*.py"), *app.rglob("templates/**/*.html"), *app.rglob("templates/**/*.txt")]):
        for line, function, message, _ in extract_python(source_of(file), list(KEYWORDS), [], {"encoding": "utf-8"}):
            add_text(found, function, message, (file.relative_to(app.parent).as_posix(), line))
    return found


def source_of(file):
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        from django.utils.translation.template import templatize

        # Django turns a template into gettext calls between blanks; in brackets, its indentation means nothing.
        text = f"({templatize(text, origin=str(file))}\n)"
    return BytesIO(text.encode())


def add_text(catalogue, function, message, place):
    parts = message if isinstance(message, tuple) else (message,)
    context, parts = (parts[0], parts[1:]) if "pgettext" in function else (None, parts)
    count = 2 if "ngettext" in function or "npgettext" in function else 1
    if all(isinstance(part, str) and part for part in parts[:count]):
        catalogue.add(parts[0] if count == 1 else tuple(parts[:2]), locations=[place], context=context)


def key(message):
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def messages(catalogue):
    return {key(message): message for message in catalogue if message.id}


def is_translated(message):
    texts = (message.string,) if isinstance(message.string, str) else message.string
    return bool(texts) and all(texts) and not message.fuzzy


def merged(app, web):
    """The texts of `app` with the translations they already have, less those that `web` translates for all."""
    known, result = messages(read_catalogue(app)), Catalog(locale=LOCALE)
    shared = {} if app.name == "web" else messages(web)
    for message in texts_of(app):
        if not message.id or (key(message) in shared and is_translated(shared[key(message)])):
            continue
        old = known.get(key(message))
        string = old.string if old and isinstance(old.id, str) == isinstance(message.id, str) else None
        result.add(message.id, string, locations=message.locations, context=message.context)
        if old and old.fuzzy:
            result.get(message.id, message.context).flags.add("fuzzy")
    return result


def update_catalogues(root, names=()):
    """Write the catalogues of the apps named (or all) again; return what still lacks a translation."""
    web = read_catalogue(root / "web")
    for app in chosen(root, names):
        catalogue = merged(app, web)
        if messages(catalogue) or catalogue_file(app).exists():
            write_catalogue(app, catalogue)
    return check_catalogues(root, names)


def chosen(root, names):
    found = apps(root)
    if unknown := set(names) - {app.name for app in found}:
        raise SystemExit(f"No app {', '.join(sorted(unknown))}. Apps: {', '.join(app.name for app in found)}.")
    return [app for app in found if not names or app.name in names]


def check_catalogues(root, names=()):
    """Return every problem as a line: file, text, what is wrong and what to do."""
    web = read_catalogue(root / "web")
    return [*(problem for app in chosen(root, names) for problem in problems_of(app, web)), *clashes(root)]


def problems_of(app, web):
    here, wanted = messages(read_catalogue(app)), messages(merged(app, web))
    place = shown_path(catalogue_file(app))
    remedy = f"Run: python -m zhiheng.web.translations update {app.name}"
    for text in sorted(wanted.keys() - here.keys(), key=str):
        yield f"{place}: {text[1]!r} is missing. {remedy}"
    for text in sorted(here.keys() - wanted.keys(), key=str):
        yield f"{place}: {text[1]!r} is not used here, or translated by web. {remedy}"
    for text in sorted(here.keys() & wanted.keys(), key=str):
        if not is_translated(here[text]):
            yield f"{place}: {text[1]!r} has no translation, or one marked fuzzy. Write it after its msgid."
        else:
            yield from (f"{place}: {text[1]!r}: {problem}" for problem in here[text].check(web))


def clashes(root):
    """Yield each text that two apps translate differently: Django puts all catalogues into one, and one would win."""
    said = {}
    for app in apps(root):
        for text, message in messages(read_catalogue(app)).items():
            first = said.setdefault(text, (app, message))
            if is_translated(message) and is_translated(first[1]) and message.string != first[1].string:
                place, other = shown_path(catalogue_file(app)), first[0].name
                yield f"{place}: {text[1]!r} means something else in {other}. Give both one translation, or a context."


def shown_path(file):
    return file.relative_to(file.parents[5]).as_posix()


def compile_catalogues(root):
    """Write the compiled catalogue beside each one that is newer than it."""
    for app in apps(root):
        source, target = catalogue_file(app), catalogue_file(app).with_suffix(".mo")
        if source.exists() and (not target.exists() or target.stat().st_mtime <= source.stat().st_mtime):
            part = target.with_suffix(".mo.new")
            with part.open("wb") as stream:
                write_mo(stream, read_catalogue(app))
            part.replace(target)


def main(command, *names):
    root = Path(__file__).parents[1]
    if command == "compile":
        return compile_catalogues(root)
    problems = {"update": update_catalogues, "check": check_catalogues}[command](root, names)
    compile_catalogues(root)
    if problems:
        raise SystemExit("\n".join([*problems, f"{len(problems)} translations to mend."]))
    print("Every text has its translation.")
    return None


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("update", "check", "compile"):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
