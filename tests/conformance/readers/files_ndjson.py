"""NDJSON, for the suite of all readers: the same visits as in `files.py`, one object on each line."""

import json
import runpy
from pathlib import Path

TEXT = runpy.run_path(str(Path(__file__).with_name("files.py")))

PROFILE = TEXT["PROFILE"].replace("visits.csv", "visits.ndjson")
FILE = "visits.ndjson"
TABLES = TEXT["TABLES"]
OTHER = TEXT["OTHER"]


def write(folder: Path) -> None:
    _write(folder, TEXT["VISITS"])


def write_corrected(folder: Path) -> None:
    _write(folder, [line.replace("骨科", "关节外科") for line in TEXT["VISITS"]])


def write_bad_rows(folder: Path) -> dict[str, str]:
    rows = [
        "ZY3,P1,2025-02-30 10:00,2025-03-09,心血管内科",
        "ZY4,P1,2025-03-09 10:00,2025-03-02 09:00,心血管内科",
        ",P1,2025-03-09 10:00,2025-03-12 09:00,心血管内科",
    ]
    _write(folder, TEXT["VISITS"] + rows)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write('{"住院号": "ZY6", "病人ID": "P1", "科室": {"名称": "骨科"}}\n{"住院号": "ZY5",\n')
    return {
        "impossible_date": "2025-02-30",
        "discharge_before_admission": "2025-03-02",
        "missing_value": "",
        "malformed_row": "ZY5",
        "not_text": "骨科",
    }


def write_extra(folder: Path) -> None:
    _write(folder, [f"{line},{'surprise' if at == 0 else at}" for at, line in enumerate(TEXT["VISITS"])])


def _write(folder: Path, lines: list[str]) -> None:
    TEXT["write"](folder)
    (folder / "visits.csv").unlink()
    names, *rows = (line.split(",") for line in lines)
    objects = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows)
    (folder / FILE).write_text("\n".join(objects) + "\n", encoding="utf-8")
