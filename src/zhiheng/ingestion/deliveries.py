"""The files of a delivery as they were received: kept sealed, opened again only into a private folder."""

import shutil
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext as _

from zhiheng.vault.files import SealedReader, SealedWriter
from zhiheng.vault.sealing import blind
from zhiheng.web.archives import Refused, safe_name

ABOUT = "ingestion.delivery"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Kept:
    """One file of a delivery. `name` is the path that the profile's patterns see."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True)
class Delivery:
    """The sealed files of one delivery, in a folder of their own."""

    folder: str
    files: tuple[Kept, ...]

    @property
    def digest(self) -> str:
        """The same for the same files, whatever their order, and saying nothing about them."""
        return blind("delivery", "\n".join(sorted(f"{file.digest} {file.name}" for file in self.files)))

    def as_json(self) -> dict[str, Any]:
        return {"folder": self.folder, "files": [asdict(file) for file in self.files]}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Delivery":
        return cls(said["folder"], tuple(Kept(**file) for file in said["files"]))

    @property
    def path(self) -> Path:
        return home() / self.folder

    def open_into(self, folder: Path) -> None:
        """Write the files in clear below a private folder."""
        for number, file in enumerate(self.files):
            target = folder / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with SealedReader(self.path / str(number), about=ABOUT) as sealed, target.open("xb") as clear:
                shutil.copyfileobj(sealed, clear, _BLOCK)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def home() -> Path:
    return Path(settings.DATA) / "deliveries"


def keep(files: Iterable[tuple[str, BinaryIO]]) -> Delivery:
    """Seal files as they come and return them as a delivery; Refused leaves nothing behind."""
    folder = uuid4().hex
    path = home() / folder
    path.mkdir(parents=True, mode=0o700)
    try:
        kept = [_keep(path / str(number), name, stream) for number, (name, stream) in enumerate(files)]
        _refuse_the_impossible(kept)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return Delivery(folder, tuple(kept))


def _keep(path: Path, name: str, stream: BinaryIO) -> Kept:
    digest, size = sha256(), 0
    with SealedWriter(path, about=ABOUT) as sealed:
        while block := stream.read(_BLOCK):
            digest.update(block)
            size += len(block)
            sealed.write(block)
    return Kept(safe_name(name), size, digest.hexdigest())


def _refuse_the_impossible(files: list[Kept]) -> None:
    if not files:
        raise Refused(_("There is no file in this delivery."))
    names = [unicodedata.normalize("NFC", file.name).casefold() for file in files]
    if len(set(names)) < len(names):
        raise Refused(_("Two files have the same name. Rename one of them."))
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    if folders & set(names):
        raise Refused(_("A file and a folder have the same name. Rename one of them."))
