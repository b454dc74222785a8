"""How a claim is measured: the best of a few runs, beside hand-written SQL in the same run, against a stated target."""

import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

MAX_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Scale:
    """How much is measured: a trial of seconds, the normal run, or all that the targets name."""

    quick: bool = False
    full: bool = False
    encounters: int | None = None  # of the demo hospital, where another number is asked for

    def of(self, quick: int, normal: int, full: int | None = None) -> int:
        return quick if self.quick else full if self.full and full is not None else normal


@dataclass(frozen=True)
class Result:
    """One number, what it is, and the target it is held to (none: it is only reported)."""

    group: str
    work: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.limit is None else self.value <= self.limit

    @property
    def shown(self) -> str:
        return f"{shown(self.value)} {self.unit}"

    @property
    def target(self) -> str:
        return "" if self.limit is None else f"≤ {shown(self.limit)} {self.unit}"

    @property
    def verdict(self) -> str:
        return {None: "", True: "met", False: "NOT MET"}[self.met]


def shown(value: float) -> str:
    """Return a number with the digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def seconds(work: Callable[[], Any], times: int = 3) -> float:
    """Return the shortest of a few runs: the others only add what else the machine was doing."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def ratio(ours: Callable[[], Any], theirs: Callable[[], Any], times: int = 5) -> tuple[float, float]:
    """Return the shortest time of each, taken in turns, so that both meet the same machine."""
    pairs = [(seconds(ours, 1), seconds(theirs, 1)) for _ in range(times)]
    return min(each for each, _ in pairs), min(each for _, each in pairs)


def peak_megabytes() -> float:
    """Return the most memory that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAX_RSS_UNIT / 1e6


def in_fresh_process(module: str, *arguments: object) -> Any:
    """Return what a benchmark module prints as JSON when it runs alone: its memory is then its own."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {arguments} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def machine() -> dict[str, str]:
    """Return what a reader must know of the machine to compare the numbers with his own."""
    cores = duckdb.execute("select current_setting('threads')").fetchall()
    return {
        "Machine": f"{cores[0][0]} cores",
        "Memory": _memory(),
        "System": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "DuckDB": duckdb.__version__,
    }


def _memory() -> str:
    file = Path("/proc/meminfo")
    if not file.exists():
        return "unknown"
    kilobytes = int(file.read_text(encoding="ascii").split()[1])
    return f"{kilobytes / 1024**2:.0f} GB"
