"""The files of an export, written in chunks: every sheet has a name, columns and an encoding of its own."""

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

CHUNK = 4000  # rows in memory before they are written


def quoted(text: str) -> str:
    """Return a free text as one CSV field."""
    return '"' + text.replace('"', '""') + '"'


@dataclass
class Sheet:
    """One CSV file. Rows are added as finished lines."""

    name: str
    header: str
    encoding: str = "utf-8"
    lines: list[str] = field(default_factory=list)
    rows: int = 0
    file: BinaryIO | None = None

    def add(self, line: str) -> None:
        """Add one row, its fields already separated, without the end of the line."""
        self.lines.append(line)
        if len(self.lines) >= CHUNK:
            self.flush()

    def add_bytes(self, line: bytes) -> None:
        """Add one row as it is, whatever its bytes are."""
        self.flush()
        if self.file:
            self.file.write(line + b"\n")
            self.rows += 1

    @property
    def next_row(self) -> int:
        """The place of the row that is added next, as an editor counts it: the header is row 1."""
        return self.rows + len(self.lines) + 2

    def flush(self) -> None:
        if self.file and self.lines:
            self.rows += len(self.lines)
            self.lines.append("")
            self.file.write("\n".join(self.lines).encode(self.encoding))
            self.lines.clear()


class Sheets:
    """All files of one export, open together."""

    def __init__(self, folder: Path, sheets: list[Sheet]) -> None:
        self.folder = folder
        self.by_name = {sheet.name: sheet for sheet in sheets}

    def __getitem__(self, name: str) -> Sheet:
        return self.by_name[name]

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for sheet in self.by_name.values():
            sheet.file = (self.folder / f"{sheet.name}.csv").open("wb")
            # A mark at the start is written once by "utf-8-sig"; later chunks are plain UTF-8.
            sheet.file.write((sheet.header + "\n").encode(sheet.encoding))
            if sheet.encoding == "utf-8-sig":
                sheet.encoding = "utf-8"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sheet in self.by_name.values():
            sheet.flush()
            if sheet.file:
                sheet.file.close()
