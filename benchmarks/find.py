"""Finding: who may be a case of all packs, among ten thousand to a million visits, beside SQL written by hand."""

import json
import sys
from collections.abc import Iterator

import duckdb

from benchmarks import by_hand, data
from benchmarks.measuring import Result, Scale, in_fresh_process, peak_megabytes, ratio, seconds
from zhiheng.engine import find as finding
from zhiheng.packs.loading import load_packs

CANDIDATES_SECONDS = 0.3
SIZES = (10_000, 100_000, 1_000_000)


def run(scale: Scale) -> Iterator[Result]:
    sizes = SIZES[: scale.of(1, 3)]
    found = {size: in_fresh_process("benchmarks.find", size) for size in sizes}
    largest = found[sizes[-1]]
    for size, each in found.items():
        limit = CANDIDATES_SECONDS if size == 1_000_000 else None
        work = f"candidates of {each['packs']} packs, {size:,} visits, {each['codes']:,} codes"
        yield Result("find", work, each["candidates"], "s", limit, f"{each['found']:,} found")
    note = f"{largest['by_hand']:.2f} s by hand, {largest['found_by_hand']:,} found"
    yield Result("find", "... against SQL by hand", largest["candidates"] / largest["by_hand"], "×", 1.2, note)
    for size, each in found.items():
        decided = f"{each['decided']:,} cases in, out or undecided"
        yield Result("find", f"full decisions with reasons, {size:,} visits", each["decisions"], "s", None, decided)
    for size, each in found.items():
        held = f"{each['records_megabytes']:,.0f} MB before the search: the records themselves and their making"
        yield Result("find", f"peak memory, {size:,} visits", each["peak_megabytes"], "MB", None, held)


def measure(size: int) -> dict[str, float]:
    """Return the numbers of one size; called in a process of its own."""
    rules = [pack.find for pack in load_packs() if pack.find]
    con = duckdb.connect()
    codes = data.visits_with_codes(con, size, rules)
    held = peak_megabytes()
    by_hand.list_codes(con, rules)
    candidates, candidates_by_hand = ratio(lambda: finding.find_candidates(rules, con), lambda: by_hand.find(con))
    decisions = seconds(lambda: finding.find(rules, con), 2)
    peak = peak_megabytes()
    return {
        "packs": len(rules),
        "codes": codes,
        "candidates": candidates,
        "by_hand": candidates_by_hand,
        "found": _count(con, "find_candidates where included"),
        "found_by_hand": _count(con, "hand_candidates"),
        "decisions": decisions,
        "decided": finding.find(rules, con).table().num_rows,
        "records_megabytes": held,
        "peak_megabytes": peak,
    }


def _count(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    return int(con.execute(f"select count(*) from {rows}").fetchall()[0][0])


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
