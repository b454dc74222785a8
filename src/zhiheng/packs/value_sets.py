"""Read published value sets: lists of codes that terms refer to by their address and packs do not contain."""

import csv
from collections.abc import Iterable
from pathlib import Path

COLUMNS = ("oid", "system", "code")


class ValueSetError(ValueError):
    """A file of value sets that cannot be read."""


def read(files: Iterable[Path]) -> dict[str, frozenset[tuple[str, str]]]:
    """Return the codes, as system and code, by the address of their value set.

    A file is a CSV with the columns oid, system and code, one row for each code.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise ValueSetError(f"{file}: no column {', '.join(missing)}. A file of value sets has {COLUMNS}.")
            for row in rows:
                if not all(row[name] for name in COLUMNS):
                    raise ValueSetError(f"{file}:{rows.line_num}: a code needs {', '.join(COLUMNS)}. Complete the row.")
                found.setdefault(row["oid"], set()).add((row["system"], row["code"]))
    return {address: frozenset(codes) for address, codes in found.items()}
