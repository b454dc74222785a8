"""The front-end files as they are served: every link between them holds once their names carry their hash."""

import re
from pathlib import Path

from django.core.management import call_command
from django.test import override_settings

MANIFEST = "whitenoise.storage.CompressedManifestStaticFilesStorage"


def test_all_files_pass_the_storage_that_names_them_by_their_hash(tmp_path):
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": MANIFEST},
    }
    with override_settings(STORAGES=storages, STATIC_ROOT=tmp_path, WHITENOISE_KEEP_ONLY_HASHED_FILES=False):
        call_command("collectstatic", interactive=False, verbosity=0)
    collected = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    for name in ("vendor/htmx", "vendor/alpine", "vendor/tabler", "vendor/icons", "web/zhiheng", "web/theme"):
        assert any(re.fullmatch(rf"{name}\.[0-9a-f]{{12}}\.(js|css|svg)", file) for file in collected), name


def test_our_own_files_ask_for_nothing_from_elsewhere():
    own = Path(__file__).parents[3] / "src/zhiheng/web/static/web"
    texts = {file.name: file.read_text(encoding="utf-8") for file in own.iterdir()}
    assert {"zhiheng.css", "zhiheng.js", "theme.js", "print.css"} <= set(texts)
    outside = {name: re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+", text) for name, text in texts.items()}
    assert not any(outside.values()), outside
