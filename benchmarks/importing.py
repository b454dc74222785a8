"""A delivery on its way into the database: received, read, stored, opened again, mirrored; beside a bare COPY."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measuring import Result, Scale, in_fresh_process, peak_megabytes

GROUP = "import"
VISITS_OPENED = 40
VISIT_SECONDS = 0.015


def run(scale: Scale) -> Iterator[Result]:
    encounters = scale.of(60, 2_000, 10_000)
    found = in_fresh_process("benchmarks.importing", encounters)
    rows, spent = found["rows"], found["seconds"]
    delivery = f"{rows:,} records of {encounters:,} visits"

    def rate(*steps: str) -> str:
        return f"{rows / sum(spent[step] for step in steps):,.0f} records a second"

    yield Result(GROUP, f"seal the files of {delivery}", spent["receive"], "s", None, f"{found['megabytes']:.1f} MB")
    yield Result(GROUP, f"read and store {delivery}", spent["read"] + spent["store"], "s", None, rate("read", "store"))
    yield Result(GROUP, "of this, store: versions, seals, blind indexes", spent["store"], "s", None, rate("store"))
    yield Result(
        GROUP, "the same records by a bare COPY, in clear and without an index", spent["copy"], "s", None, rate("copy")
    )
    yield Result(GROUP, "store : bare COPY", spent["store"] / spent["copy"], "×")
    yield Result(GROUP, "the same delivery again: nothing is stored", spent["again"], "s", None, rate("again"))
    yield Result(
        GROUP, "open the records of one visit", found["visit"], "s", VISIT_SECONDS, f"{found['of_visit']} rows"
    )
    yield Result(GROUP, "open the records of all persons", spent["open"], "s", None, rate("open"))
    yield Result(GROUP, f"mirror all {found['months']} months", spent["mirror"], "s", None, rate("mirror"))
    yield Result(GROUP, "peak memory of an import", found["peak"], "MB")


def measure(encounters: int) -> dict[str, Any]:
    """Return the numbers of one delivery; called in a process of its own, on a server of its own."""
    from zhiheng.site.postgres import OWNER, Server
    from zhiheng.vault import keys

    with tempfile.TemporaryDirectory(prefix="zhiheng-bench-") as folder:
        data = Path(folder)
        data.chmod(0o711)  # the account that runs PostgreSQL for root must get through
        keys.make(data / "keyring.json")
        server = Server(data / "postgres")
        server.start()
        try:
            os.environ |= {
                "ZHIHENG_DATA": str(data / "data"),
                "ZHIHENG_KEY_FILE": str(data / "keyring.json"),
                "DATABASE_URL": server.url(OWNER),
                "DJANGO_SETTINGS_MODULE": "zhiheng.site.settings",
            }
            _set_up()
            return _import(data / "hospital", encounters)
        finally:
            server.stop()


def _set_up() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _import(folder: Path, encounters: int) -> dict[str, Any]:
    from django.db import connection, transaction

    from zhiheng.ingestion import actions, mirror, queries, reading, storing
    from zhiheng.ingestion.models import Batch, Interface
    from zhiheng.packversions.queries import profile
    from zhiheng.sources.base import Quiet
    from zhiheng.sources.demo import generate

    generate(folder, encounters=encounters, seed=1)
    interface = Interface.objects.create(name="bench", profile="demo-hospital")
    spent: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        spent[step] = time.perf_counter() - started
        return result

    def store(batch: Batch) -> None:
        with transaction.atomic():
            storing.store(batch, read.tables, whole_visits=profile("demo-hospital").whole_visits)

    paths = sorted(folder.iterdir())
    batch = timed(
        "receive",
        lambda: actions.receive(files=((path.name, path.open("rb")) for path in paths), interface=interface),
    )
    read = timed("read", lambda: reading.read(batch, Quiet()))
    timed("store", lambda: store(batch))
    again = Batch.objects.create(interface=interface, digest="again", received_at=datetime.now(UTC))
    timed("again", lambda: store(again))
    timed("copy", lambda: _bare_copy(read.tables))
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    persons = queries.persons_of(batch)
    timed("open", lambda: queries.records(patient_ids=persons))
    snapshot = timed("mirror", lambda: mirror.write(batch=batch))
    seconds, sizes = zip(*_open_visits(read.tables), strict=True)
    return {
        "seconds": spent,
        "rows": sum(table.num_rows for table in read.tables.values()),
        "megabytes": sum(path.stat().st_size for path in paths) / 1e6,
        "visit": median(seconds),
        "of_visit": round(median(sizes)),
        "months": len(set(snapshot.files.values_list("month", flat=True))),
        "peak": peak_megabytes(),
    }


def _bare_copy(tables: dict[str, Any]) -> None:
    """Copy the rows as they are, in clear, into tables without any index."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for name, table in tables.items():
            columns = ", ".join(f'"{each}" text' for each in table.column_names)
            cursor.execute(f"create table bare_{name} ({columns})")
            flat = [
                pc.binary_join(column, "|") if pa.types.is_list(column.type) else column for column in table.columns
            ]
            out = pa.BufferOutputStream()
            written = pacsv.WriteOptions(include_header=False)
            pacsv.write_csv(pa.Table.from_arrays(flat, names=table.column_names), out, written)
            with cursor.copy(f"copy bare_{name} from stdin (format csv)") as copy:
                copy.write(memoryview(out.getvalue()))


def _open_visits(tables: dict[str, Any]) -> Iterator[tuple[float, int]]:
    """Open the visits with the most results one by one, as a job does that fills one case."""
    from collections import Counter

    from zhiheng.ingestion import queries
    from zhiheng.vault.sealing import blind

    most = Counter(tables["observation"].column("encounter_id").to_pylist()).most_common(VISITS_OPENED)
    for number, _count in most:
        started = time.perf_counter()
        found = queries.records(encounter_keys=[blind("encounter", number)])
        yield time.perf_counter() - started, sum(table.num_rows for table in found.tables.values())


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
