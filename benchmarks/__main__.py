"""Measure what is claimed to be fast, print it beside its target, and keep it in benchmarks/results.md."""

import argparse
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Result, Scale, machine

# As the page of results calls them, and the modules that measure them.
BENCHMARKS = {name: name for name in ("demo", "find", "fill", "indicators", "packs", "serving")}
BENCHMARKS |= {"form": "forms", "import": "importing", "run": "reading"}
RESULTS = Path(__file__).parent / "results.md"
HEAD = """# What was measured

Written by `make bench`. A ratio compares our engine with SQL written by hand for the same job, in the same run on the
same machine, taken in turns; seconds depend on the machine. Each number is the shortest of a few runs.

The lines of `demo` are of the records of `zhiheng demo-data`, read as a hospital's export is read and kept in
`.benchmarks`; `python -m benchmarks demo --encounters N` measures another size. Those of `serving` are of the product
as it is installed, asked from outside. The other lines are of synthetic tables, each for one claim.
"""


def main() -> None:
    chosen = _arguments()
    scale = Scale(chosen.quick, chosen.full, chosen.encounters)
    results = list(measure(chosen.only or BENCHMARKS, scale))
    show(results)
    if not (chosen.quick or chosen.only or chosen.encounters):
        RESULTS.write_text(written(results), encoding="utf-8")


def measure(names: Iterable[str], scale: Scale) -> Iterator[Result]:
    """Run the benchmarks of these names, one after the other."""
    console = Console(stderr=True)
    for name in names:
        for result in import_module(f"benchmarks.{BENCHMARKS[name]}").run(scale):
            console.print(f"{result.group}: {result.work}: {result.shown} {result.verdict}", highlight=False)
            yield result


def show(results: Iterable[Result]) -> None:
    table = Table(
        "", "work", "measured", "target", "", "note", title=" · ".join(f"{k} {v}" for k, v in machine().items())
    )
    for each in results:
        style = "red" if each.met is False else ""
        table.add_row(each.group, each.work, each.shown, each.target, each.verdict, each.note, style=style)
    Console().print(table)


def written(results: Iterable[Result]) -> str:
    """Return the results as a page."""
    lines = [HEAD, f"Date: {datetime.now(UTC).date().isoformat()}  "]
    lines += [f"{name}: {value}  " for name, value in machine().items()]
    lines += ["", "| | work | measured | target | | note |", "|---|---|--:|--:|---|---|"]
    lines += [f"| {r.group} | {r.work} | {r.shown} | {r.target} | {r.verdict} | {r.note} |" for r in results]
    return "\n".join(lines) + "\n"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*BENCHMARKS, []], help="only these benchmarks; nothing is kept")
    parser.add_argument("--quick", action="store_true", help="a trial on little data; the numbers mean nothing")
    parser.add_argument("--full", action="store_true", help="ten million cases for the indicators")
    parser.add_argument(
        "--encounters", type=int, metavar="N", help="visits of the demo hospital; one million otherwise"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
