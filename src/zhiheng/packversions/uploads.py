"""What somebody brings as a ZIP: the texts of one pack or overlay, laid out as they lie below a folder of packs."""

import re
from pathlib import PurePosixPath
from typing import BinaryIO

from django.utils.translation import gettext as _

from zhiheng.packs.loading import COMMON
from zhiheng.web.archives import Bounds, Refused, members

BOUNDS = Bounds(files=500, bytes=20 << 20, ratio=200)
HEAD, SUFFIX = "pack.yaml", ".yaml"
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,59}")
_NO_FOLDER = re.compile(r"[^A-Za-z0-9@._-]+")
_LONGEST_PATH = 200


def unpacked(name: str, stream: BinaryIO) -> tuple[dict[str, str], list[str]]:
    """Return the texts of a pack by path ("stemi/find.yaml", "common/items.yaml"), and what was left out.

    Raises `Refused` for what is no archive of one pack.
    """
    contents = {path: file.read() for path, file in members(stream, BOUNDS)}
    head = _head(contents)
    places = {path: _place(path, PurePosixPath(head).parent, name) for path in contents}
    texts = {place: _text(place, contents[path]) for path, place in places.items() if place}
    return dict(sorted(texts.items())), sorted(path for path, place in places.items() if not place)


def _head(paths: dict[str, bytes]) -> str:
    heads = [path for path in paths if PurePosixPath(path).name == HEAD]
    if not heads:
        raise Refused(_("There is no pack.yaml in this ZIP. Pack the folder of one disease, or of one overlay."))
    if len(heads) > 1:
        raise Refused(
            _("There are %(count)d packs in this ZIP. Upload them one by one: each is approved by itself.")
            % {"count": len(heads)}
        )
    return heads[0]


def _place(path: str, folder: PurePosixPath, archive: str) -> str:
    """Return where a file of the ZIP belongs below a folder of packs, or nothing."""
    file = PurePosixPath(path)
    if file.suffix != SUFFIX:
        return ""
    if file.is_relative_to(folder):
        place = f"{_folder_name(folder, archive)}/{file.relative_to(folder)}"
    elif file.is_relative_to(folder.parent / COMMON):
        place = f"{COMMON}/{file.relative_to(folder.parent / COMMON)}"
    else:
        return ""
    if len(place) > _LONGEST_PATH:
        raise Refused(_("The name of a file is too long or holds characters that no file system takes."))
    return place


def _folder_name(folder: PurePosixPath, archive: str) -> str:
    """Return the name of the pack's folder; where its files lie open in the ZIP, what the ZIP is called."""
    name = folder.name or _NO_FOLDER.sub("-", PurePosixPath(archive).stem).strip("-._@")[:60] or "pack"
    if not _FOLDER.fullmatch(name) or name.lower() == COMMON:
        raise Refused(
            _("The folder of a pack is called like its disease, in letters, digits, - and @: stemi, stemi@2026.")
        )
    return name


def _text(place: str, content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise Refused(
            _("%(file)s, line %(line)d: not UTF-8 text. Save the file as UTF-8.") % {"file": place, "line": line}
        ) from None
    if "\0" in text:
        raise Refused(_("%(file)s is no text. Pack the YAML files of a pack.") % {"file": place})
    return text
