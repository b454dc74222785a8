"""Every text of code and templates is found, and what lacks its translation is named with its place and remedy."""

import ast
from pathlib import Path

import pytest

from zhiheng.web import translations

ROOT = Path(__file__).parents[3]
GETTEXT = ("_", "gettext", "gettext_lazy", "ngettext", "pgettext")
CODE = """
from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext
title = gettext_lazy("Cases")
saved = _("Saved %(name)s") % {"name": 1}
rows = ngettext("%(count)s row", "%(count)s rows", 2)
month = pgettext("calendar", "May")
unseen = _(title)
"""
TEMPLATE = """
<div>
    {% load i18n %}
  {% translate "Search" %} {% translate "Close" context "door" %}
    <p title="{% translate 'A "quoted" one' %}">it's {{ name|default:_("Nobody") }}</p>
 {% blocktranslate with who=name trimmed %}
      Opened by
      {{ who }}
    {% endblocktranslate %}
    {% blocktranslate count n=many %}{{ n }} case{% plural %}{{ n }} cases{% endblocktranslate %}
</div>
"""


@pytest.fixture
def root(tmp_path):
    for app in ("web", "desk"):
        (tmp_path / app / "templates").mkdir(parents=True)
        (tmp_path / app / "apps.py").write_text("")
    (tmp_path / "desk/views.py").write_text(CODE)
    (tmp_path / "desk/templates/desk.html").write_text(TEMPLATE)
    (tmp_path / "lib").mkdir()  # no app: its texts are not the catalogues' business
    (tmp_path / "lib/core.py").write_text('_("Core")')
    return tmp_path


def translate(root, app, **texts):
    catalogue = translations.read_catalogue(root / app)
    for message in catalogue:
        if message.id in texts:
            message.string = texts[message.id]
    translations.write_catalogue(root / app, catalogue)


def test_texts_of_code_and_templates_are_found(root):
    found = translations.messages(translations.texts_of(root / "desk"))
    assert set(found) == {
        (None, "Cases"),
        (None, "Saved %(name)s"),
        (None, "%(count)s row"),
        ("calendar", "May"),
        (None, "Search"),
        ("door", "Close"),
        (None, 'A "quoted" one'),
        (None, "Nobody"),
        (None, "Opened by %(who)s"),
        (None, "%(n)s case"),
    }


def test_a_missing_text_is_named_with_its_file_and_the_remedy(root):
    problems = translations.check_catalogues(root, ("desk",))
    assert len(problems) == 10
    assert "desk/locale/zh_Hans/LC_MESSAGES/django.po: 'Cases' is missing." in "\n".join(problems)
    assert all("translations update desk" in problem for problem in problems)


def test_update_writes_the_texts_and_keeps_what_is_translated(root):
    translations.update_catalogues(root)
    translate(root, "desk", Cases="病例")
    problems = translations.update_catalogues(root)
    assert len(problems) == 9
    assert not any("'Cases'" in problem for problem in problems)


def test_a_text_that_is_no_longer_used_is_taken_out(root):
    translations.update_catalogues(root)
    (root / "desk/views.py").write_text("")
    assert any("'Cases' is not used here" in problem for problem in translations.check_catalogues(root))
    translations.update_catalogues(root)
    assert (None, "Cases") not in translations.messages(translations.read_catalogue(root / "desk"))


def test_what_web_translates_is_not_repeated(root):
    (root / "web/views.py").write_text('_("Cases")')
    translations.update_catalogues(root)
    assert any("'Cases'" in problem for problem in translations.check_catalogues(root, ("desk",)))
    translate(root, "web", Cases="病例")
    translations.update_catalogues(root)
    assert (None, "Cases") not in translations.messages(translations.read_catalogue(root / "desk"))


def test_a_placeholder_lost_in_translation_is_a_problem(root):
    translations.update_catalogues(root)
    translate(root, "desk", **{"Saved %(name)s": "已保存 %(nmae)s"})
    assert any("'Saved %(name)s'" in problem for problem in translations.check_catalogues(root, ("desk",)))


def test_a_fuzzy_translation_counts_as_none(root):
    translations.update_catalogues(root)
    translate(root, "desk", Cases="病例")
    file = translations.catalogue_file(root / "desk")
    file.write_text(file.read_text().replace('msgid "Cases"', '#, fuzzy\nmsgid "Cases"'))
    assert any("'Cases' has no translation" in problem for problem in translations.check_catalogues(root, ("desk",)))
    assert any("'Cases' has no translation" in problem for problem in translations.update_catalogues(root, ("desk",)))


def test_catalogues_carry_no_dates_that_two_people_would_both_change(root):
    translations.update_catalogues(root)
    before = translations.catalogue_file(root / "desk").read_text()
    translations.update_catalogues(root)
    assert translations.catalogue_file(root / "desk").read_text() == before
    assert "POT-Creation-Date" not in before


def test_compiled_catalogues_speak(root):
    import gettext

    translations.update_catalogues(root)
    translate(root, "desk", Cases="病例")
    translations.compile_catalogues(root)
    with translations.catalogue_file(root / "desk").with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Cases") == "病例"


def test_an_unknown_app_is_refused_with_those_there_are(root):
    with pytest.raises(SystemExit, match=r"No app dsk. Apps: web, desk\."):
        translations.update_catalogues(root, ("dsk",))


def test_a_text_that_two_apps_translate_differently_is_a_problem(root):
    for app, code in {"desk": '_("Keys")', "vault": '_("Keys"); pgettext("door", "Keys")'}.items():
        (root / app).mkdir(exist_ok=True)
        (root / app / "apps.py").write_text("")
        (root / app / "views.py").write_text(code)
    translations.update_catalogues(root)
    translate(root, "desk", Keys="快捷键")
    translate(root, "vault", Keys="密钥")
    [problem] = translations.clashes(root)
    assert "vault/locale/zh_Hans/LC_MESSAGES/django.po: 'Keys' means something else in desk." in problem
    assert problem in translations.check_catalogues(root)
    translate(root, "vault", Keys="快捷键")
    assert list(translations.clashes(root)) == []


def test_every_text_of_the_product_is_translated_and_in_one_way():
    root = Path(translations.__file__).parents[1]
    assert translations.check_catalogues(root) == []


def test_no_text_hides_in_an_f_string():
    """There the catalogues would not find it, and it would stay English."""
    hidden = [
        f"{file}:{call.lineno}"
        for file in (ROOT / "src").rglob("*.py")
        for string in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") in GETTEXT
        and isinstance(call.args[0], ast.Constant)
    ]
    assert hidden == []
