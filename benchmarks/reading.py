"""The main job on the demo hospital: rows a second read, and where the time of a whole run goes."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.measuring import Result, Scale, in_fresh_process, peak_megabytes
from zhiheng import batch
from zhiheng.commands.shared import the_profile
from zhiheng.packs.loading import load_packs
from zhiheng.reports import tables, workbook
from zhiheng.sources.demo import generate

DEMO_SECONDS = 10.0
DEMO = 600
STEPS = {
    "read": ("zhiheng.batch.sources.read",),
    "keep versions": ("zhiheng.batch.Records.merge", "zhiheng.batch.Records.register"),
    "find": ("zhiheng.batch.finding.find", "zhiheng.batch._by_pack"),
    "fill": ("zhiheng.batch._fill", "zhiheng.batch.filling.proposals_by_case"),
    "check": ("zhiheng.batch._checked",),
    "measure": ("zhiheng.batch._measure",),
}


def run(scale: Scale) -> Iterator[Result]:
    for encounters in (60,) if scale.quick else (DEMO, 10_000):
        found = in_fresh_process("benchmarks.reading", encounters)
        hospital = f"demo hospital of {encounters:,} visits"
        yield Result("run", f"write the {hospital}", found["generate"], "s")
        rate = f"{found['rows'] / found['steps']['read']:,.0f} rows a second, {found['pages']:,.0f} visits"
        yield Result("run", f"read the {hospital}, {found['rows']:,} rows", found["steps"]["read"], "s", None, rate)
        steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found["steps"].items())
        limit = DEMO_SECONDS if encounters == DEMO else None
        yield Result("run", f"the whole job on the {hospital}, 55 packs", found["whole"], "s", limit, steps)
        yield Result("run", f"peak memory on the {hospital}", found["peak"], "MB")


def measure(encounters: int) -> dict[str, Any]:
    """Return the numbers of one hospital; called in a process of its own."""
    profile, packs = the_profile("demo-hospital"), load_packs()
    with tempfile.TemporaryDirectory() as folder:
        hospital, out = Path(folder) / "hospital", Path(folder) / "results"
        generating = time.perf_counter()
        generate(hospital, encounters=encounters, seed=1)
        started = time.perf_counter()
        with timed_steps() as steps:
            result = batch.run(profile=profile, folder=hospital, packs=packs, received_at=datetime.now(UTC))
        writing = time.perf_counter()
        tables.write(result, out)
        steps["tables"] = time.perf_counter() - writing
        writing = time.perf_counter()
        workbook.write(result, out)
        steps["workbook"] = time.perf_counter() - writing
        return {
            "generate": started - generating,
            "whole": time.perf_counter() - started,
            "steps": steps,
            "rows": sum(file.rows for file in result.files),
            "pages": result.encounters,
            "peak": peak_megabytes(),
        }


@contextmanager
def timed_steps() -> Iterator[dict[str, float]]:
    """Add up the seconds of each step of the pipeline, while it runs as always."""
    spent = dict.fromkeys(STEPS, 0.0)
    patches = [patch(name, _timed(name, step, spent)) for step, names in STEPS.items() for name in names]
    for each in patches:
        each.start()
    try:
        yield spent
    finally:
        for each in patches:
            each.stop()


def _timed(name: str, step: str, spent: dict[str, float]) -> Callable[..., Any]:
    found: Any = sys.modules["zhiheng.batch"]
    for part in name.removeprefix("zhiheng.batch.").split("."):
        found = getattr(found, part)

    def call(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return found(*arguments, **named)
        finally:
            spent[step] += time.perf_counter() - started

    return call


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
